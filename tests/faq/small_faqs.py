"""Small FAQs of several domains, what people may ask in other words, and what only sounds like them."""

from __future__ import annotations

from dataclasses import dataclass

from faq.entries import Faq

from .mini_faq import entry


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallFaq:
    faq: Faq
    paraphrases: tuple[tuple[str, str], ...]
    near_misses: tuple[str, ...]


LIBRARY = SmallFaq(
    faq=Faq(
        entries=(
            entry(
                "renew",
                "How do I renew a book?",
                "renew my loan",
                "extend the loan of a book",
                "can i keep a book longer",
                "how often can i renew a loan",
            ),
            entry(
                "card",
                "I lost my library card",
                "replace a lost library card",
                "my library card was stolen",
                "get a new library card",
                "library card is gone",
            ),
            entry(
                "fine",
                "Why do I have to pay a fine?",
                "what is the fine for a late book",
                "how much is the fine",
                "i brought my books back too late",
                "pay my fine",
            ),
        )
    ),
    paraphrases=(
        ("how can i renew my book", "renew"),
        ("renew the loan of a book please", "renew"),
        ("how do i replace my lost library card", "card"),
        ("my library card is lost", "card"),
        ("how much is the fine for a late book?", "fine"),
        ("how do i pay the fine", "fine"),
        ("can i keep my book longer", "renew"),
    ),
    near_misses=(
        "can i print in the library",
        "is there coffee in the library",
        "renew my passport",
        "book a room for saturday",
        "the weather is fine",
        "which card game do you recommend",
        "i found a wet book in the bus",
        "does the library buy old books",
        "library",
        "renew",
        "my bank card was refused at the desk",
        "do you lend telescopes",
    ),
)

GYM = SmallFaq(
    faq=Faq(
        entries=(
            entry(
                "opzeggen",
                "Hoe zeg ik mijn abonnement op?",
                "abonnement opzeggen",
                "ik wil stoppen met mijn abonnement",
                "mijn abonnement beëindigen",
                "opzegtermijn van het abonnement",
                language="nl",
            ),
            entry(
                "pauze",
                "Kan ik mijn abonnement pauzeren?",
                "abonnement tijdelijk stilzetten",
                "pauze wegens een blessure",
                "lidmaatschap pauzeren tijdens de vakantie",
                language="nl",
            ),
            entry(
                "kluisje",
                "Hoe gebruik ik een kluisje?",
                "mijn kluisje gaat niet open",
                "code van mijn kluisje vergeten",
                "slot van het kluisje werkt niet",
                language="nl",
            ),
            entry(
                "lesrooster",
                "Waar vind ik het lesrooster?",
                "hoe laat begint de les",
                "rooster van de groepslessen",
                "welke lessen zijn er vandaag",
                language="nl",
            ),
        )
    ),
    paraphrases=(
        ("hoe kan ik mijn abonnement opzeggen", "opzeggen"),
        ("ik wil mijn abonnement pauzeren", "pauze"),
        ("kluisje gaat niet meer open", "kluisje"),
        ("ik ben de code van mijn kluisje vergeten", "kluisje"),
        ("waar staat het rooster van de lessen", "lesrooster"),
        ("ik wil stoppen met het abonnement", "opzeggen"),
    ),
    near_misses=(
        "is er een abonnement voor studenten",
        "wat kost een abonnement voor twee personen",
        "mijn fiets staat voor het gebouw",
        "de douche werkt niet",
        "is er vandaag een feest",
        "kan ik een handdoek huren",
        "hoe laat gaat de trein",
        "abonnement",
        "ik zoek een trainer voor mijn knie",
        "mag mijn hond naar binnen",
        "code voor de wifi",
    ),
)

WALLET = SmallFaq(
    faq=Faq(
        entries=(
            entry(
                "restore",
                "How do I restore my wallet?",
                "restore a wallet from the recovery phrase",
                "my phone broke, how do i get my wallet back",
                "import my recovery phrase",
                "wallet on a new phone",
            ),
            entry(
                "gas",
                "Why are gas fees so high?",
                "how is the gas fee calculated",
                "gas fee too expensive",
                "why do i pay gas",
                "lower the gas fee",
            ),
            entry(
                "staking",
                "How do I stake my coins?",
                "start staking",
                "what are the staking rewards",
                "when are staking rewards paid",
                "how do i unstake",
            ),
            entry(
                "pending",
                "My transaction is pending",
                "transaction stuck for hours",
                "why is my transaction not confirmed",
                "unconfirmed transaction",
                "speed up a pending transaction",
            ),
            entry(
                "scam",
                "Somebody asked for my recovery phrase",
                "is this message from you real",
                "fake support wrote to me",
                "i got a phishing mail",
                "report a scammer",
            ),
            entry(
                "hardware",
                "Can I connect a hardware wallet?",
                "connect my ledger",
                "which hardware wallets are supported",
                "hardware wallet is not recognised",
                "pair a hardware wallet by bluetooth",
            ),
            entry(
                "restore",
                "Hoe herstel ik mijn wallet?",
                "wallet herstellen met de herstelzin",
                "telefoon kapot, hoe krijg ik mijn wallet terug",
                "herstelzin importeren",
                language="nl",
            ),
            entry(
                "pending",
                "Mijn transactie is in behandeling",
                "transactie blijft hangen",
                "waarom is mijn transactie niet bevestigd",
                "transactie versnellen",
                language="nl",
            ),
        )
    ),
    paraphrases=(
        ("how can i restore a wallet with my recovery phrase?", "restore"),
        ("why is the gas fee so expensive", "gas"),
        ("how do i start staking my coins", "staking"),
        ("when do i get my staking rewards", "staking"),
        ("my transaction is stuck and not confirmed", "pending"),
        ("how do i report a scammer", "scam"),
        ("can i connect my ledger hardware wallet", "hardware"),
        ("hoe kan ik mijn wallet herstellen", "restore"),
        ("waarom blijft mijn transactie hangen", "pending"),
    ),
    near_misses=(
        "my purple wallet fell in the river",
        "who pays the gas bill of your office",
        "transaction history as a pdf for my accountant",
        "do you have a phone number",
        "can i change my name in the wallet",
        "the price of gas in germany",
        "delete my account",
        "why was my transaction taxed",
        "which coins will rise next year",
        "is the hardware store open",
        "wallet",
        "reward for finding a bug",
        "ik wil mijn wallet verkopen",
        "transactie exporteren naar excel",
        "i broke my leg",
    ),
)

SMALL_FAQS = {"library": LIBRARY, "gym": GYM, "wallet": WALLET}
