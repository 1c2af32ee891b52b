"""Words are mended where they are no words, and nowhere else."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.text.cleaning import MAX_PARTS, message_parts, spoken, words
from faq.text.dictionary import dictionary
from faq.text.repair import Repair
from tests.faq.mini_faq import DUTCH, ENGLISH

LINES = [spoken(line) for lines in (*ENGLISH.values(), *DUTCH.values()) for line in lines]
LINES += [
    spoken(line) for line in ("Where's my café voucher?", "I don't have a card", "top-up my account", "hava sıcak mı")
]
REPAIR = Repair(LINES, ["en", "nl"])


def mended(text: str, language: str | None = None, repair: Repair = REPAIR) -> str:
    (part,) = repair.mended(message_parts(text), language)
    return part.text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("I frogot my pasword", "i forgot my password"),
        ("wher is my parcle?", "where is my parcel?"),
        ("teh inovice, plesae!", "the invoice, please!"),
        ("hwo do I get a refudn", "how do i get a refund"),
        ("pls snd me ur invoice 2day", "please send me your invoice today"),
        ("whr s my rfnd", "where s my refund"),
        ("p4ssw0rd r3set", "password reset"),
        ("my pass word", "my password"),
        ("topup my card", "top up my card"),
        ("resetmy password", "reset my password"),
        ("paaaasswoooord", "password"),
        ("my cafe vouchr", "my café voucher"),  # the FAQ's accents
        ("dont have a card", "don't have a card"),
        ("yestreday I paid", "yesterday i paid"),  # a common word that the FAQ does not use
        ("wachtwoort vergetn", "wachtwoord vergeten"),
        ("ff geld terug aub", "even geld terug alstublieft"),
        ("HAVA SICAK", "hava sıcak"),
    ],
)
def test_slips_are_mended_in_place(typed: str, meant: str) -> None:
    assert mended(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "he invoiced and is refunding, the deliverer parceled it",  # words, though like those of the FAQ
        "tq my iq",  # two letters say too little
        "order 4711 for 3.50 on 12-05, 2fa at 5pm",
        "xqzzt vvvk",
        "我的密码忘了",
        "ฉันลืมรหัสผ่าน",
        "हिन्दी में मदद",
        "мой заказ не пришёл",
    ],
)
def test_what_is_no_slip_stays(typed: str) -> None:
    assert mended(typed) == spoken(typed)


def test_both_forms_are_mended_and_the_original_stays() -> None:
    (part,) = REPAIR.mended(message_parts("I DON'T find my pasword, plz #Refund"), "en")
    assert part.text == "i don't find my password, please"
    assert part.words == ("i", "dont", "find", "my", "password", "please", "refund")
    assert part.original == "I DON'T find my pasword, plz"


def test_the_language_of_the_message_decides_what_is_a_word() -> None:
    assert mended("mijn gled terug", "nl") == "mijn geld terug"
    assert mended("lege invoice", "nl-BE") == "lege invoice"  # Dutch
    assert mended("lege invoice", "xx") == "lege invoice"  # unknown: of all the FAQ's languages
    assert mended("u are open", "en") == "you are open"
    assert mended("u are open") == "u are open"  # a Dutch word


def test_a_language_without_a_dictionary_is_mended_with_more_care() -> None:
    turkish = Repair(["şifremi unuttum", "kargom nerede kaldı"], ["tr"])
    assert mended("sifremi untutum", repair=turkish) == "şifremi unuttum"
    assert mended("karton kutu", repair=turkish) == "karton kutu"


def test_an_empty_faq_mends_nothing() -> None:
    assert mended("my pasword", repair=Repair([])) == "my pasword"
    assert REPAIR.mended([]) == []


def test_only_so_many_unknown_words_of_a_message_are_looked_up() -> None:
    names = [
        "".join(pair) + "word" for pair in zip("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba", strict=True)
    ]
    (part, *_) = REPAIR.mended(message_parts(" ".join([*names, "pasword"])))
    assert part.text.endswith("pasword")
    assert mended("pasword") == "password"


@given(st.lists(st.sampled_from([*LINES, "pasword", "pls", "#tag", "p4rcel", "re fund", "@$", "ผ่", "'"]) | st.text()))
def test_any_text_is_mended_to_bounded_parts_whose_forms_agree(pieces: list[str]) -> None:
    parts = message_parts(" ".join(pieces))
    found = REPAIR.mended(parts)
    assert len(found) == len(parts) <= MAX_PARTS
    for before, after in zip(parts, found, strict=True):
        assert after.original == before.original
        assert after == before or list(after.words[: len(words(after.text))]) == words(after.text)
        assert len(after.text) <= 10 * len(before.text) + 100


@given(st.sampled_from(LINES))
def test_what_the_faq_says_is_right(line: str) -> None:
    assert mended(line) == line


def test_fifty_thousand_words_cost_a_fraction_of_comparing_them_all() -> None:
    draw = random.Random(4)  # noqa: S311 - no secret
    vocabulary = ["".join(draw.choices("etaoinshrdlucmfwypvbgk", k=draw.randint(4, 11))) for _ in range(50_000)]
    repair = Repair([" ".join(vocabulary)], ["en"])
    messages = [
        message_parts(" ".join(word[:2] + word[3:] for word in draw.choices(vocabulary, k=8))) for _ in range(40)
    ]

    def seconds() -> float:
        begun = time.thread_time()
        for parts in messages:
            repair.forget()
            repair.mended(parts, "en")
        return (time.thread_time() - begun) / len(messages)

    assert min(seconds() for _ in range(3)) < 0.006  # measured 1 ms for eight unknown words, 18 ms without the index


def test_dictionaries_know_words_and_no_rows_of_letters() -> None:
    english = dictionary("en")
    assert all(word in english for word in ("the", "refund", "haven't", "wednesday", "is"))
    assert not any(word in english for word in ("teh", "recieve", "pasword", "th", "fr", "crd", "", "wachtwoord"))
    assert len(english) > 100_000
    assert next(iter(english.common)) == "the"
    assert dictionary("de").common["fur"] == "für"
    assert len(dictionary("tlh")) == 0
