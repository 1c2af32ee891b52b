"""FAQs of any size that read like real ones, and messages that ask the same in other words: the same in every run.

An entry is what one does with a thing of a line of business, in a circumstance, sometimes of a product with a made-up
name. So neighbours share most of their words, as in real FAQs; a message takes a wording that the FAQ need not hold.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from faq.entries import Entry, Faq

if TYPE_CHECKING:
    from collections.abc import Sequence

# Words that mean the same stand between bars.
_THINGS = {
    "bank": (
        "debit card|bank card, credit card|visa card, current account|bank account, standing order|recurring payment, "
        "bank transfer|wire, savings account|savings pot, overdraft|negative balance, pin code|pin, exchange rate|"
        "currency rate, cash withdrawal|atm withdrawal, mortgage|home loan, direct debit|automatic debit, "
        "statement|account overview, top up|card top up, cheque|check, contactless payment|tap to pay, joint account|"
        "shared account, spending limit|card limit, refund|money back, loan repayment|loan instalment"
    ),
    "shop": (
        "order|purchase, parcel|package, invoice|receipt, gift card|voucher, discount code|coupon, return label|"
        "return slip, delivery address|shipping address, size chart|size guide, wish list|favourites, shopping cart|"
        "basket, newsletter|mailing list, warranty|guarantee, pre-order|advance order, subscription box|monthly box, "
        "loyalty points|reward points, damaged item|broken item, missing item|lost article, courier|delivery driver, "
        "pickup point|collection point, exchange|swap"
    ),
    "phone": (
        "sim card|esim, data bundle|data plan, roaming|use abroad, voicemail|answering machine, phone number|mobile "
        "number, contract|plan, router|modem, wifi password|wireless password, network coverage|signal, prepaid credit|"
        "call credit, fibre connection|broadband, landline|fixed line, call forwarding|call diversion, text messages|"
        "sms, monthly bill|phone bill, device instalment|handset loan, parental control|child lock, speed test|"
        "line speed, hotspot|tethering, tv package|channel bundle"
    ),
    "travel": (
        "flight|plane ticket, booking|reservation, boarding pass|check-in card, hand luggage|cabin bag, suitcase|"
        "checked bag, seat|place on board, train ticket|rail ticket, hotel room|room, rental car|hire car, travel "
        "insurance|trip cover, visa|entry permit, passport details|travel document, frequent flyer miles|air miles, "
        "meal choice|special meal, delay compensation|late arrival claim, airport transfer|shuttle, group trip|"
        "group booking, pet|dog or cat, itinerary|travel plan, lounge access|airport lounge"
    ),
    "app": (
        "password|passcode, two factor code|verification code, profile picture|avatar, username|login name, email "
        "address|mail address, notification|push message, dark mode|night theme, backup|saved copy, workspace|team "
        "space, api key|access token, calendar sync|calendar link, export file|csv download, user role|permission, "
        "trial period|free trial, licence key|activation key, webhook|callback url, browser extension|browser add on, "
        "language setting|display language, storage space|disk quota, shared folder|common directory"
    ),
    "health": (
        "appointment|consultation, prescription|repeat medicine, test result|lab report, referral letter|referral, "
        "insurance card|health card, medical record|patient file, vaccination|jab, dentist visit|dental check, "
        "physiotherapy|physio session, sick note|medical certificate, video call|online consultation, blood sample|"
        "blood test, glasses|spectacles, contact lenses|lenses, co-payment|own contribution, reimbursement claim|"
        "expense claim, family cover|dependants cover, emergency number|urgent line, pharmacy|chemist, allergy form|"
        "allergy list"
    ),
}
_ACTS = (
    "cancel|stop, change|update|modify, find|locate|see, activate|enable|switch on, block|freeze|disable, pay "
    "for|settle, renew|extend, transfer|move, track|follow, download|save, share|send, report|complain about, "
    "dispute|contest, replace|get another, add|register, delete|remove|get rid of, verify|confirm, split|divide, "
    "upgrade|improve, reset|start over with"
)
_WHEN = (
    "from abroad|while i am in another country, before the due date|ahead of the deadline, after i moved house|at"
    " my new address, without the app|if i have no smartphone, for my company|for a business, for my child|for my"
    " daughter, on the website|in the browser, after it was stolen|because somebody took it, during the "
    "weekend|on a sunday, for somebody else|on behalf of a friend, a second time|once more, without a fee|for "
    "free, when the screen is frozen|when nothing loads, with a foreign address|with an address overseas, after "
    "the contract ended|when my contract is over, at the last minute|on short notice"
)
_WORDINGS = (
    "how do i {act} {my} {thing} {when}", "how can i {act} {my} {thing} {when}", "{act} {thing} {when}",
    "i want to {act} {my} {thing} {when}", "is it possible to {act} {my} {thing} {when}",
    "can you help me {act} {my} {thing} {when}", "what must i do to {act} {my} {thing} {when}",
    "where do i {act} {my} {thing} {when}", "{when}, how would i {act} {my} {thing}",
    "i need to {act} {my} {thing} {when}", "why can i not {act} {my} {thing} {when}",
    "steps to {act} {thing} {when}", "{my} {thing}: can i {act} it {when}",
)  # fmt: skip
_ASKED = (
    "hey, any idea how to {act} {my} {thing} {when}?", "trying to {act} {my} {thing} {when} but no luck",
    "{thing} {act} {when} how??", "please tell me if i may {act} {my} {thing} {when}",
    "hello, {when} i would like to {act} {my} {thing}, thanks", "so i should {act} the {thing} {when}, where is that",
    "could someone {act} {my} {thing} {when} for me", "what about {thing}, i have to {act} it {when}",
)  # fmt: skip
_SYLLABLES = tuple(a + b for a in "bdfgklmnprstvz" for b in "aeiou")
_NAMED = 0.5  # of the entries, those about a product with a name
_MISSPELT = 0.15  # of a message's words


class Message(NamedTuple):
    """What somebody writes, and the entry that answers it."""

    text: str
    entry: str


class _Subject(NamedTuple):
    act: tuple[str, ...]
    thing: tuple[str, ...]
    when: tuple[str, ...]
    product: str


def faq_and_messages(entries: int, phrasings: int, messages: int, seed: int = 1) -> tuple[Faq, list[Message]]:
    """Make an English FAQ and messages whose answers it holds."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    subjects = _subjects(chance, entries)
    made = []
    for number, subject in enumerate(subjects):
        said: dict[str, None] = {}
        while len(said) < phrasings:
            said[_spoken(chance, subject, _WORDINGS)] = None
        question, *also = said
        made.append(
            Entry(
                id=f"entry-{number}", language="en", question=question, also=tuple(also), answer=f"See page {number}."
            )
        )
    asked = [
        Message(_misspelt(chance, _spoken(chance, subjects[number], _ASKED)), f"entry-{number}")
        for number in chance.choices(range(entries), k=messages)
    ]
    return Faq(entries=tuple(made)), asked


def _subjects(chance: random.Random, number: int) -> list[_Subject]:
    things = [tuple(same.split("|")) for listed in _THINGS.values() for same in listed.split(", ")]
    acts, whens = ([tuple(same.split("|")) for same in listed.split(", ")] for listed in (_ACTS, _WHEN))
    products = ["".join(chance.choices(_SYLLABLES, k=3)) for _ in range(max(number // 4, 2))]
    found: dict[_Subject, None] = {}
    while len(found) < number:
        product = chance.choice(products) if chance.random() < _NAMED else ""
        found[_Subject(chance.choice(acts), chance.choice(things), chance.choice(whens), product)] = None
    return list(found)


def _spoken(chance: random.Random, subject: _Subject, wordings: Sequence[str]) -> str:
    act, thing, when = map(chance.choice, subject[:3])
    named = f"{subject.product} {thing}" if subject.product else thing
    return chance.choice(wordings).format(act=act, thing=named, when=when, my=chance.choice(("my", "the", "our")))


def _misspelt(chance: random.Random, text: str) -> str:
    words = text.split()
    for at, word in enumerate(words):
        if len(word) > 3 and chance.random() < _MISSPELT:
            letter = chance.randrange(len(word) - 1)
            words[at] = chance.choice(
                (
                    word[:letter] + word[letter + 1 :],
                    word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :],
                    word[:letter] + word[letter] * 2 + word[letter + 1 :],
                )
            )
    return " ".join(words)
