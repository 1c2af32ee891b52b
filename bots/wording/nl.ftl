# Elke zin die het publiek leest. Rustig, duidelijk, behulpzaam; elke zin zegt wat er nu komt.

## Gesprek

greeting = Hallo! Stel je vraag in één bericht, dan zoek ik het antwoord. Heb ik het niet, dan open ik een ticket en antwoordt een medewerker je hier.
thanks = Graag gedaan. Is er nog iets, schrijf dan gewoon hier.
help =
    { $named ->
        [no] Ik ben de eerste lijn van de klantenservice.
       *[yes] Ik ben de eerste lijn van de klantenservice van { $organisation }.
    } Dit kan ik:
    - Stel je vraag in je eigen woorden: ik antwoord uit onze veelgestelde vragen.
    - Schrijf **ticket** of { $sign }ticket en wat er mis is: ik open een ticket en geef je het nummer; een medewerker antwoordt je hier.
    - Schrijf { $sign }status om te horen hoe het met je ticket staat.
    - Schrijf { $sign }language en en of nl om van taal te wisselen.
    Stuur nooit iemand je wachtwoord, herstelzin of privésleutel. Wij vragen er nooit om.
language-set = Vanaf nu schrijf ik Nederlands. Stel je vraag wanneer je wilt.
language-name = Nederlands
language-named =
    { $code ->
        [ar] het Arabisch
        [be] het Belarussisch
        [bg] het Bulgaars
        [bn] het Bengaals
        [cs] het Tsjechisch
        [da] het Deens
        [de] het Duits
        [el] het Grieks
        [en] het Engels
        [es] het Spaans
        [et] het Ests
        [fa] het Perzisch
        [fi] het Fins
        [fr] het Frans
        [he] het Hebreeuws
        [hi] het Hindi
        [hr] het Kroatisch
        [hu] het Hongaars
        [id] het Indonesisch
        [it] het Italiaans
        [ja] het Japans
        [kk] het Kazachs
        [ko] het Koreaans
        [lt] het Litouws
        [lv] het Lets
        [ms] het Maleis
        [nl] het Nederlands
        [no] het Noors
        [pl] het Pools
        [pt] het Portugees
        [ro] het Roemeens
        [ru] het Russisch
        [sk] het Slowaaks
        [sl] het Sloveens
        [sr] het Servisch
        [sv] het Zweeds
        [ta] het Tamil
        [th] het Thai
        [tr] het Turks
        [uk] het Oekraïens
        [ur] het Urdu
        [vi] het Vietnamees
        [zh] het Chinees
       *[other] een andere taal
    }
language-unknown = Ik spreek { $languages }. Schrijf bijvoorbeeld { $sign }language { $example }.
ask-matter = Natuurlijk. Vertel me in één bericht wat er mis is, met datums en bedragen maar nooit met wachtwoorden of sleutels. Met je volgende bericht open ik het ticket.
ask-number = Heb je dit al eerder gemeld, stuur me dan het ticketnummer (het ziet eruit als { $example }), dan koppel ik dit gesprek eraan. Heb je er geen, kies dan "{ button-new-ticket }" of schrijf **ticket**.
ask-matter-public = Graag. Vertel me in één bericht wat er mis is, zonder privégegevens: anderen lezen hier mee. Met je volgende bericht open ik het ticket.
button-new-ticket = Nieuw ticket openen
acknowledged = Prima. Is er nog iets, schrijf dan gewoon hier.
never-mind = Prima, dan laat ik het hierbij. Is er nog iets, schrijf dan gewoon hier.
opted-out = Goed, ik antwoord je niet meer. Open tickets blijven bij ons; wil je erover horen en weer antwoord krijgen, schrijf dan **start**.
opted-in = Fijn dat je er weer bent. Stel je vraag wanneer je wilt.
shortened = Stel de vraag in een privébericht voor het hele antwoord.
stale-choice = Die keuze is niet meer open. Stel je vraag opnieuw, dan kijk ik nog eens.

## Antwoorden en suggesties

did-this-help = Heeft dit geholpen? Zo niet, dan open ik een ticket voor je.
button-yes = Ja
button-no = Nee
helpful = Fijn om te horen. Is er nog iets, schrijf dan gewoon hier.
suggest-buttons = Bedoel je een van deze? Tik op wat past, of op "{ button-none }", dan open ik een ticket.
suggest-several-buttons = Je vroeg meer dan één ding. Dit heb ik, in die volgorde: tik er een voor een op, of op "{ button-none }", dan open ik een ticket.
suggest-several-numbers = Je vroeg meer dan één ding. Dit heb ik, in die volgorde: antwoord met het ene nummer na het andere, of met 0, dan open ik een ticket.
suggest-numbers = Bedoel je een van deze? Antwoord met het nummer, of met 0, dan open ik een ticket.
button-none = Geen van deze
answer-part = Over “{ $words }”:
answer-only-in = Dit antwoord is er alleen in { $name }.
suggest-only-in = Wat ik vond, is er alleen in { $name }.

## Tickets

ticket-opened = Ik heb ticket **{ $number }** voor je geopend. Een medewerker bekijkt het en antwoordt je hier. Wil je iets toevoegen, schrijf het dan gewoon.
ticket-opened-public = Ik heb ticket **{ $number }** geopend. Een medewerker bekijkt het en antwoordt hier. Zet alsjeblieft geen privégegevens in het openbaar.
ticket-opened-grievance = Dank dat je het ons laat weten. Ik heb ticket **{ $number }** geopend: een medewerker, geen bot, leest alles wat je schreef en antwoordt je hier. Wil je iets toevoegen, schrijf het dan gewoon.
ticket-opened-grievance-public = Dank dat je het ons laat weten. Ik heb ticket **{ $number }** geopend: een medewerker, geen bot, leest alles wat je schreef en antwoordt hier. Zet alsjeblieft geen privégegevens in het openbaar.
ticket-opened-moderated = Een moderator vroeg ons hiernaar te kijken: je ticket is **{ $number }**. Een medewerker antwoordt je hier. Zet alsjeblieft geen privégegevens in het openbaar.
continue-in-private = Privégegevens toevoegen? Schrijf me hier: { $url }
private-closed = Ik heb iets voor je en kon je niet privé bereiken. Sta privéberichten van deze server toe, of schrijf mij eerst.
news-in-private = Er is nieuws over je ticket **{ $number }**, en ik kon je niet privé bereiken. Schrijf me privé met dat nummer.
ticket-exists = Je hebt ons dit al verteld: je ticket is **{ $number }** en een medewerker antwoordt je. Ik heb genoteerd dat je ook hier schreef.
ticket-appended = Toegevoegd aan je ticket **{ $number }**. Een medewerker antwoordt je hier.
ticket-appended-elsewhere = Toegevoegd aan je ticket **{ $number }**. Een medewerker antwoordt je privé, waar je ermee verderging.
ticket-appended-pending = Toegevoegd aan je ticket. Je krijgt het nummer hier zodra ons ticketsysteem antwoordt.
ticket-reopened = Ik heb je ticket **{ $number }** weer geopend en je bericht toegevoegd. Een medewerker antwoordt je hier.
ticket-attached = Vanaf nu hoor je hier over ticket **{ $number }**: { $status }
ticket-attached-added = Ik heb wat je schreef toegevoegd aan ticket **{ $number }**. Vanaf nu hoor je er hier over: { $status }
unconfirmed = Je ticketnummer is **{ $number }**; mijn eerdere bericht heeft je misschien niet bereikt.
failed = Er ging bij ons iets mis terwijl ik met je bericht bezig was. Het is veilig bij ons en een medewerker kijkt ernaar. Je hoeft het niet opnieuw te sturen.

status-line = Ticket **{ $number }**: { $status }
status-new = we hebben het, en een medewerker bekijkt het.
status-open = een medewerker is ermee bezig.
status-pending = we wachten op je antwoord. Schrijf het gewoon hier.
status-on_hold = het wacht op werk van iemand anders; je hoort hier van ons.
status-resolved = het is opgelost. Is dat niet zo, antwoord dan hier, dan open ik het weer.
status-closed = het is gesloten. Heb je ons weer nodig, schrijf dan gewoon hier.
status-public = Je hebt ticket **{ $number }** bij ons en je hoort erover van ons. Wil je weten hoe het ermee staat, schrijf me dan in een privégesprek met dat nummer.
status-none = Ik kan je alleen over je eigen tickets vertellen, met het account waar ze bij horen. Om er een te openen schrijf je **ticket** en wat er mis is.
status-noted = Je verzoek **{ $reference }** is genoteerd en veilig. Het krijgt een ticketnummer zodra ons ticketsysteem weer antwoordt; je hoort het hier.
request-noted = Je verzoek is genoteerd als **{ $reference }** en is veilig bij ons. Ons ticketsysteem heeft iets meer tijd nodig dan anders; je krijgt het ticketnummer hier zodra het antwoordt. Je hoeft niets opnieuw te sturen.
ticket-continued = Ticket **{ $old }** is definitief gesloten. Daarom heb ik ticket **{ $number }** geopend, dat erop verdergaat, met wat je schreef. Een medewerker antwoordt je hier.
status-soon = Je ticket wordt geopend. Je krijgt het nummer hier zodra ons ticketsysteem antwoordt.

agent-reply = Nieuws over je ticket **{ $number }**:
pending = Het team wacht op je antwoord over ticket **{ $number }**. Antwoord gewoon hier, dan geef ik het door.
agent-picture = [afbeelding]
agent-picture-named = [afbeelding: { $name }]
agent-files = Hierbij hoort { $names }; dat kan ik hier niet laten zien. Heb je het nodig, vraag er dan hier om.
resolved = Je ticket **{ $number }** is opgelost. Is dat niet zo, antwoord dan gewoon hier, dan open ik het weer.
resolved-public = Ticket **{ $number }** is opgelost. Dank je wel.
reopened-by-desk = Je ticket **{ $number }** is weer geopend. Een medewerker antwoordt je hier.
rate = Hoe hebben we ticket **{ $number }** gedaan? Tik op een knop, of antwoord met een cijfer van 1 (niet goed) tot 5 (heel goed).
rate-by-number = Hoe hebben we ticket **{ $number }** gedaan? Antwoord met een cijfer van 1 (niet goed) tot 5 (heel goed).
button-good = 👍 Goed
button-bad = 👎 Niet goed
rate-thanks = Dank je, genoteerd. Is er nog iets, schrijf dan gewoon hier.

## Op een ander netwerk

claim-code = Wil je op een ander netwerk verder met je tickets, schrijf me daar dan privé: **claim { $code }**. Het werkt één keer, binnen 24 uur; door het te gebruiken stem je ermee in dat bekend is dat beide accounts van jou zijn. Laat het niemand zien.
claim-nothing = Je hebt hier nog geen ticket. Wil je er een openen, schrijf dan **ticket** en wat er mis is.
claim-in-public = Hier lezen anderen mee, dus dit is geen plek voor zo'n code; heb je er een laten zien, dan is die nu niets meer waard. Schrijf me privé **claim** en ik geef je een nieuwe.
claim-read-along = Moderators kunnen hier meelezen, dus ik geef hier geen code. Je ticket gaat hier gewoon verder; wil je iets toevoegen, schrijf het dan.
claim-wrong = Deze code opent niets: misschien is er een typefout, is hij al gebruikt of ouder dan 24 uur. Schrijf me **claim** waar je je ticket hebt, en ik geef je een nieuwe.
claim-own = Deze code is voor een ander netwerk: schrijf me hem daar, privé. Hier ken ik je al.
claim-linked = Dank je, ik weet nu dat beide accounts van jou zijn. Stel je vraag wanneer je wilt. Wil je dit ongedaan maken, schrijf dan **unlink**.
claim-redeemed = Dank je, ik weet nu dat beide accounts van jou zijn. Wil je dit ongedaan maken, schrijf dan **unlink**. Vanaf nu hoor je hier over ticket **{ $number }**: { $status }
unlinked = Vanaf nu staat dit account los van elk ander: hier hoor je alleen over tickets die je ermee opende. Wil je een ticket weer meenemen, schrijf me dan privé **claim** waar je het opende.

## Moderators

moderator-done = Geopend als { $number } voor de schrijver; ik heb het in mijn antwoord verteld.
moderator-waits = Geopend als { $number } voor de schrijver. Het bericht aan hen is klaar en wacht tot iemand het verstuurt.
moderator-exists = Dit bericht heeft al ticket { $number }.
moderator-hidden = Ik kan niet zien wie dat bericht schreef of wat erin staat (het is verborgen, verwijderd of doorgestuurd), dus ik heb niets op iemands naam geopend. Vraag de schrijver mij te schrijven, dan open ik een ticket.
moderator-only = Alleen moderators kunnen voor iemand anders een ticket openen. Voor een eigen ticket schrijf je { $sign }ticket en wat er mis is.
moderator-unchecked = Ik kon niet nagaan of je hier moderator bent. Stuur { $sign }ticket over een minuut nog eens.

## Veiligheid

secret-seed_phrase = Je bericht bevatte een herstelzin. Ik heb hem niet bewaard. Wie hem gezien heeft kan alles uit die wallet halen: **beschouw de wallet als verloren**, maak nu een nieuwe en verplaats je tegoed daarheen. Wij vragen er nooit om.
secret-private_key = Je bericht bevatte een privésleutel. Ik heb hem niet bewaard. Wie hem gezien heeft kan het tegoed weghalen: **beschouw die wallet als verloren**, maak nu een nieuwe en verplaats je tegoed daarheen. Wij vragen er nooit om.
secret-card_number = Je bericht bevatte een kaartnummer. Ik heb het niet bewaard. Verwijder je bericht waar dat kan en vraag je bank de kaart in de gaten te houden of te vervangen. Wij hebben het volledige nummer nooit nodig.

## Voor medewerkers (in de helpdesk)

desk-subject-moderated = Gemeld door een moderator: { $words }
desk-words = De aanvrager schreef:
desk-then = En daarna:
desk-asked-public = Gevraagd op een plek die anderen kunnen lezen ({ $network }). Je openbare antwoord wordt daar geplaatst.
desk-asked-private = Gevraagd in een privégesprek ({ $network }).
desk-link = Het bericht staat op { $url }
desk-requester = De aanvrager is { $id } ({ $names }).
desk-visitor = { $network }-bezoeker { $short }
desk-language = De taal van de aanvrager is { $name } ({ $short }).
desk-moderator = Geopend door de moderator { $moderator }.
desk-note = Notitie van de moderator: { $note }
desk-answered = Eerder beantwoord uit de FAQ:
desk-offered = Eerder voorgesteld uit de FAQ:
desk-exchange = Het gesprek tot nu toe:
desk-moved = De melder gaat privé verder met dit ticket ({ $channel }). Je antwoorden gaan vanaf nu daarheen.
desk-elsewhere = De aanvrager schreef over dezelfde zaak op een andere plek: { $words }
desk-edited = De aanvrager heeft een bericht van dit ticket bewerkt. Er staat nu: { $words }
desk-deleted = De aanvrager heeft het bericht van { $date } verwijderd. De tekst is hier gewist; citeer hem alsjeblieft niet.
desk-no-words = (geen woorden)
desk-user = Gebruiker
desk-bot = Bot
desk-file-too-many = { $name }: er zijn meer bestanden dan er tegelijk worden aangenomen
desk-file-too-large = { $name }: het is te groot
desk-file-type = { $name }: bestanden van dit type worden niet aangenomen
desk-file-gone = { $name }: het netwerk heeft het niet meer
desk-files-missing = Deze bestanden van de vrager konden niet hierheen worden gebracht:
    { $files }
desk-subject-continued = Vervolg van ticket { $number }
desk-rated = De aanvrager gaf dit ticket { $stars } van 5.
desk-answer-waits = Je antwoord heeft de aanvrager nog niet bereikt: op { $network } wacht het tot een moderator het vrijgeeft. Zie: firstline approvals list
