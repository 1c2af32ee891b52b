"""A small FAQ written by hand, whose right answers a person can read off."""

from __future__ import annotations

from faq.entries import Entry, Faq

ENGLISH = {
    "refund": (
        "How do I get a refund?",
        "I want my money back",
        "refund please",
        "can I return my order for a refund",
        "how long does a refund take",
    ),
    "opening-hours": (
        "What are your opening hours?",
        "when are you open",
        "are you open on sunday",
        "what time does the shop close",
        "at what time do you open in the morning",
    ),
    "password": (
        "I forgot my password",
        "how do I reset my password",
        "password reset does not work",
        "cannot log in because I lost my password",
        "I need a new password",
    ),
    "delivery": (
        "Where is my parcel?",
        "my order has not arrived",
        "when will my delivery arrive",
        "track my parcel",
        "the courier did not deliver my order",
    ),
    "invoice": (
        "Can I have an invoice?",
        "I need a receipt for my order",
        "send me the invoice by email",
        "where do I find my invoices",
        "there is no invoice in my parcel",
    ),
}
DUTCH = {
    "refund": ("Hoe krijg ik mijn geld terug?", "ik wil een terugbetaling", "wanneer wordt mijn geld teruggestort"),
    "password": ("Ik ben mijn wachtwoord vergeten", "hoe stel ik een nieuw wachtwoord in", "wachtwoord kwijt"),
}


def entry(entry_id: str, *phrasings: str, language: str = "en") -> Entry:
    return Entry(
        id=entry_id,
        language=language,
        question=phrasings[0],
        also=phrasings[1:],
        answer=f"The answer to {entry_id} ({language}).",
        source=f"{language}.yaml:1",
    )


def mini_faq() -> Faq:
    english = [entry(key, *phrasings) for key, phrasings in ENGLISH.items()]
    dutch = [entry(key, *phrasings, language="nl") for key, phrasings in DUTCH.items()]
    return Faq(entries=(*english, *dutch))


MINI_YAML = """\
language: en
entries:
  - id: refund
    question: How do I get a refund?
    also: [I want my money back, refund please]
    answer: Ask for it.
  - id: hours
    question: What are your opening hours?
    also: [when are you open, are you open on sunday]
    answer: From nine to five.
"""
