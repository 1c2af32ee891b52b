# Every sentence that the public reads. Calm, clear, helpful; each says what comes next.
# Neutral markup: **bold**, `code`. $number is a ticket's number.

## Talk

greeting = Hello! Ask your question in one message and I will look for the answer. If I do not have it, I open a ticket and a person answers you here.
thanks = You are welcome. If anything else comes up, just write here.
help =
    { $named ->
        [no] I am the first line of support.
       *[yes] I am the first line of support of { $organisation }.
    } Here is what I can do:
    - Ask your question in your own words: I answer from our FAQ.
    - Write **ticket** or { $sign }ticket and what is wrong: I open a ticket and give you its number; a person answers you here.
    - Write { $sign }status to hear how your ticket stands.
    - Write { $sign }language and en or nl to change the language.
    Never send anybody your password, seed phrase or private key. We will never ask for them.
language-set = From now on I write English. Ask your question whenever you like.
language-name = English
language-named =
    { $code ->
        [ar] Arabic
        [be] Belarusian
        [bg] Bulgarian
        [bn] Bengali
        [cs] Czech
        [da] Danish
        [de] German
        [el] Greek
        [en] English
        [es] Spanish
        [et] Estonian
        [fa] Persian
        [fi] Finnish
        [fr] French
        [he] Hebrew
        [hi] Hindi
        [hr] Croatian
        [hu] Hungarian
        [id] Indonesian
        [it] Italian
        [ja] Japanese
        [kk] Kazakh
        [ko] Korean
        [lt] Lithuanian
        [lv] Latvian
        [ms] Malay
        [nl] Dutch
        [no] Norwegian
        [pl] Polish
        [pt] Portuguese
        [ro] Romanian
        [ru] Russian
        [sk] Slovak
        [sl] Slovenian
        [sr] Serbian
        [sv] Swedish
        [ta] Tamil
        [th] Thai
        [tr] Turkish
        [uk] Ukrainian
        [ur] Urdu
        [vi] Vietnamese
        [zh] Chinese
       *[other] another language
    }
language-unknown = I speak { $languages }. Write, for example, { $sign }language { $example }.
ask-matter = Gladly. Tell me in one message what is wrong, with dates and amounts but never passwords or keys. I open the ticket with your next message.
ask-number = If you have reported this before, send me the ticket number (it looks like { $example }) and I connect this conversation to it. If you have none, choose "{ button-new-ticket }" or write **ticket**.
ask-matter-public = Gladly. Tell me in one message what is wrong, without private details: others read along here. I open the ticket with your next message.
button-new-ticket = Open a new ticket
acknowledged = All right. If anything else comes up, just write here.
never-mind = All right, I leave it at that. If anything else comes up, just write here.
opted-out = All right, I will not answer you any more. Tickets that are open stay with us; to hear about them and to be answered again, write **start**.
opted-in = Good to have you back. Ask your question whenever you like.
shortened = Ask this in a private message for the whole answer.
stale-choice = That choice is no longer open. Ask your question again and I will look once more.

## Answers and suggestions

did-this-help = Did this help? If it did not, I open a ticket for you.
button-yes = Yes
button-no = No
helpful = Good to hear. If anything else comes up, just write here.
suggest-buttons = Do you mean one of these? Tap the one that fits, or "{ button-none }" and I open a ticket.
suggest-several-buttons = You asked more than one thing. Here is what I have, in that order: tap one after the other, or "{ button-none }" and I open a ticket.
suggest-several-numbers = You asked more than one thing. Here is what I have, in that order: answer with one number after the other, or with 0 and I open a ticket.
suggest-numbers = Do you mean one of these? Answer with its number, or with 0 and I open a ticket.
button-none = None of these
answer-part = About “{ $words }”:
answer-only-in = This answer is only available in { $name }.
suggest-only-in = What I found is only available in { $name }.

## Tickets

ticket-opened = I have opened ticket **{ $number }** for you. A person will look at it and answer you here. To add something, just write it.
ticket-opened-public = I have opened ticket **{ $number }**. A person will look at it and answer here. Please do not post private details in public.
ticket-opened-grievance = Thank you for telling us. I have opened ticket **{ $number }**: a person, not a bot, reads all of what you wrote and answers you here. To add something, just write it.
ticket-opened-grievance-public = Thank you for telling us. I have opened ticket **{ $number }**: a person, not a bot, reads all of what you wrote and answers here. Please do not post private details in public.
ticket-opened-moderated = A moderator asked us to look into this: your ticket is **{ $number }**. A person will answer you here. Please do not post private details in public.
continue-in-private = To add private details, write to me here: { $url }
private-closed = I have something for you and could not reach you in private. Please allow private messages from this server, or write to me first.
news-in-private = There is news on your ticket **{ $number }**, and I could not reach you in private. Please write to me in private with that number.
ticket-exists = You have told us about this already: your ticket is **{ $number }**, and a person will answer you. I noted that you also wrote here.
ticket-appended = Added to your ticket **{ $number }**. A person will answer you here.
ticket-appended-elsewhere = Added to your ticket **{ $number }**. A person will answer you in private, where you went on with it.
ticket-appended-pending = Added to your ticket. You get its number here as soon as our ticket system answers.
ticket-reopened = I have opened your ticket **{ $number }** again and added what you wrote. A person will answer you here.
ticket-attached = From now on you hear about ticket **{ $number }** here: { $status }
ticket-attached-added = I added what you wrote to ticket **{ $number }**. From now on you hear about it here: { $status }
unconfirmed = Your ticket number is **{ $number }**; my earlier message may not have reached you.
failed = Something went wrong on our side while I was working on your message. It is safe with us and a person will look at it. You need not send it again.

status-line = Ticket **{ $number }**: { $status }
status-new = we have it, and a person will look at it.
status-open = a person is working on it.
status-pending = we are waiting for your answer. Just write it here.
status-on_hold = it is waiting for somebody else's work; you hear from us here.
status-resolved = it is resolved. If it is not, answer here and I open it again.
status-closed = it is closed. If you need us again, just write here.
status-public = You have ticket **{ $number }** with us, and you hear about it from us. For how it stands, write to me in private with that number.
status-none = I can only tell you about your own tickets, from the account that they belong to. To open one, write **ticket** and what is wrong.
status-soon = Your ticket is being opened. You get its number here as soon as our ticket system answers.
status-noted = Your request **{ $reference }** is noted and safe. It gets its ticket number as soon as our ticket system answers again, and you hear it here.
request-noted = Your request is noted under **{ $reference }** and is safe with us. Our ticket system takes a little longer than usual; you get the ticket's number here as soon as it answers. You need not send anything again.
ticket-continued = Ticket **{ $old }** is closed for good, so I have opened ticket **{ $number }**, which continues it, with what you wrote. A person will answer you here.

agent-reply = News on your ticket **{ $number }**:
pending = The team waits for your answer on ticket **{ $number }**. Simply answer here and I pass it on.
agent-picture = [picture]
agent-picture-named = [picture: { $name }]
agent-files = With this came { $names }, which I cannot show you here. If you need it, simply ask here.
resolved = Your ticket **{ $number }** is resolved. If it is not, simply answer here and I open it again.
resolved-public = Ticket **{ $number }** is solved. Thank you.
reopened-by-desk = Your ticket **{ $number }** has been opened again. A person will answer you here.
rate = How did we do with ticket **{ $number }**? Tap a button, or answer with a number from 1 (not good) to 5 (very good).
rate-by-number = How did we do with ticket **{ $number }**? Answer with a number from 1 (not good) to 5 (very good).
button-good = 👍 Good
button-bad = 👎 Not good
rate-thanks = Thank you, noted. If anything else comes up, just write here.

## On another network

claim-code = To go on with your tickets on another network, write this to me there, in private: **claim { $code }**. It works once, within 24 hours; by using it you agree that both accounts are known to be yours. Show it to nobody.
claim-nothing = You have no ticket here yet. To open one, write **ticket** and what is wrong.
claim-in-public = Others can read along here, so this is no place for such a code; if you showed one, it is worth nothing now. Write **claim** to me in private and I give you a new one.
claim-read-along = Moderators can read along here, so I hand out no code here. Your ticket goes on here as before; to add something, just write it.
claim-wrong = This code opens nothing: it may be mistyped, used already or older than 24 hours. Write **claim** to me where you have your ticket, and I give you a new one.
claim-own = This code is for another network: write it to me there, in private. Here I know you already.
claim-linked = Thank you, I know now that both accounts are yours. Ask your question whenever you like. To undo this, write **unlink**.
claim-redeemed = Thank you, I know now that both accounts are yours. To undo this, write **unlink**. From now on you hear about ticket **{ $number }** here: { $status }
unlinked = From now on this account is separate from every other one: here you hear only about tickets that you opened from it. To take a ticket along again, write **claim** to me in private where you opened it.

## Moderators

moderator-done = Opened as { $number } for its author; I told them in my reply.
moderator-waits = Opened as { $number } for its author. The message to them is ready and waits for a person to send it.
moderator-exists = This message already has ticket { $number }.
moderator-hidden = I cannot see who wrote that message or what it says (it is hidden, deleted or forwarded), so I opened nothing in anybody's name. Ask the author to write to me, and I open a ticket for them.
moderator-only = Only moderators can open a ticket for somebody else. For a ticket of your own, write { $sign }ticket and what is wrong.
moderator-unchecked = I could not check whether you are a moderator here. Please send { $sign }ticket again in a minute.

## Safety

secret-seed_phrase = Your message held a seed phrase. I have not kept it. Whoever has seen it can take everything in that wallet: **treat the wallet as lost**, make a new one now and move your funds there. We will never ask for it.
secret-private_key = Your message held a private key. I have not kept it. Whoever has seen it can take the funds: **treat that wallet as lost**, make a new one now and move your funds there. We will never ask for it.
secret-card_number = Your message held a card number. I have not kept it. Please delete your message where you can, and ask your bank to watch or replace the card. We never need the full number.

## For agents (in the helpdesk)

desk-subject-moderated = Reported by a moderator: { $words }
desk-words = The requester wrote:
desk-then = And then:
desk-asked-public = Asked in a place that others can read ({ $network }). Your public reply is posted there.
desk-asked-private = Asked in private ({ $network }).
desk-link = The message is at { $url }
desk-requester = The requester is { $id } ({ $names }).
desk-visitor = { $network } visitor { $short }
desk-language = The requester’s language is { $name } ({ $short }).
desk-moderator = Opened by the moderator { $moderator }.
desk-note = Note of the moderator: { $note }
desk-answered = Answered from the FAQ before:
desk-offered = Offered from the FAQ before:
desk-exchange = The exchange so far:
desk-moved = The requester goes on with this ticket in private ({ $channel }). Your replies go there from now on.
desk-elsewhere = The requester wrote about the same matter in another place: { $words }
desk-edited = The requester edited a message of this ticket. It now says: { $words }
desk-deleted = The requester deleted the message of { $date }. Its text was erased here; please do not quote it.
desk-no-words = (no words)
desk-user = User
desk-bot = Bot
desk-file-too-many = { $name }: there are more files than are taken at once
desk-file-too-large = { $name }: it is too large
desk-file-type = { $name }: files of its type are not taken
desk-file-gone = { $name }: the network does not have it any more
desk-files-missing = These files of the requester could not be brought here:
    { $files }
desk-subject-continued = Continues ticket { $number }
desk-rated = The requester rated this ticket { $stars } of 5.
desk-answer-waits = Your answer has not reached the requester yet: on { $network } it waits until a moderator releases it. See: firstline approvals list
