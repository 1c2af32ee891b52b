"""The sample FAQ: both languages say the same, the matcher can tell entries apart, and no answer asks for a secret."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from faq.entries import Entry, load

FOLDER = Path(__file__).parents[2] / "config" / "sample_faq"
HELD_OUT = Path(__file__).parents[1] / "faq_questions.jsonl"
ENTRIES = load(FOLDER).entries
LANGUAGES = ("en", "nl")
MAX_ANSWER_CHARS = 1_000

SECRET = re.compile(
    r"\b(?:passwords?|codes?|pin|cvc|seed phrases?|recovery (?:words|phrase)|private keys?|secrets?|card details|"
    r"wachtwoord(?:en)?|(?:back-up)?codes?|pincode|herstelwoorden|herstelzin|geheim|kaartgegevens)\b",
    re.IGNORECASE,
)
HAND_OVER = re.compile(
    r"\b(?:send|share|give|tell|post|reply|write|asks?|stuur|deel|geef|vertel|plaats|zet|schrijf|antwoord|"
    r"vraagt?|vragen)\b",
    re.IGNORECASE,
)
REFUSAL = re.compile(r"\b(?:never|not|nobody|no|without|nooit|niet|niemand|geen|zonder)\b", re.IGNORECASE)


def of_language(language: str) -> list[Entry]:
    return [entry for entry in ENTRIES if entry.language == language]


def sentences_asking_for_a_secret(answer: str) -> list[str]:
    """Sentences that want a secret written, sent or told, and do not forbid it."""
    return [
        sentence
        for sentence in re.split(r"(?<=[.!?;])\s|\n", answer)
        if SECRET.search(sentence) and HAND_OVER.search(sentence) and not REFUSAL.search(sentence)
    ]


@pytest.fixture(params=ENTRIES, ids=lambda entry: f"{entry.language}-{entry.id}")
def entry(request: pytest.FixtureRequest) -> Entry:
    assert isinstance(request.param, Entry)
    return request.param


def test_both_languages_hold_the_same_entries_in_the_same_order() -> None:
    english, dutch = ([entry.id for entry in of_language(language)] for language in LANGUAGES)

    assert english == dutch
    assert len(english) >= 40
    assert {entry.language for entry in ENTRIES} == set(LANGUAGES)


def test_translations_carry_the_same_links() -> None:
    english, dutch = ([entry.links for entry in of_language(language)] for language in LANGUAGES)

    assert english == dutch


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrasing_stands_in_two_entries_or_twice_in_one(language: str) -> None:
    count = Counter(
        phrasing.casefold() for entry in of_language(language) for phrasing in (entry.question, *entry.also)
    )

    assert [phrasing for phrasing, times in count.items() if times > 1] == []


def test_entry_has_enough_phrasings(entry: Entry) -> None:
    assert len(entry.also) >= 5


def test_answer_is_short_and_says_what_to_do_next(entry: Entry) -> None:
    assert len(entry.answer) <= MAX_ANSWER_CHARS
    assert "ticket" in entry.answer.casefold()


def test_answer_asks_for_no_secret(entry: Entry) -> None:
    assert sentences_asking_for_a_secret(entry.answer) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Send us your password.",
        "Write **ticket** with your recovery words.",
        "Then tell the agent your backup codes and wait.",
        "Stuur ons je wachtwoord.",
        "Schrijf **ticket** met je herstelwoorden.",
        "Geef de medewerker je code.",
    ],
)
def test_a_sentence_that_asks_for_a_secret_is_noticed(sentence: str) -> None:
    assert sentences_asking_for_a_secret(f"All is well. {sentence} Goodbye.") == [sentence]


def test_answer_uses_only_the_house_markup(entry: Entry) -> None:
    assert entry.answer.count("**") % 2 == 0
    assert entry.answer.count("`") % 2 == 0
    assert re.findall(r"@\w|\]\(|^#|<\w|__", entry.answer, re.MULTILINE) == []


def test_links_lead_to_no_real_company(entry: Entry) -> None:
    addresses = (*entry.links, *re.findall(r"https?://\S+", entry.answer))

    assert [address for address in addresses if not address.startswith("https://example.com/")] == []


def test_held_out_questions_fit_the_faq_and_were_not_taken_from_it() -> None:
    questions = [json.loads(line) for line in HELD_OUT.read_text(encoding="utf-8").splitlines()]
    known = {entry.id for entry in ENTRIES}
    phrasings = {phrasing.casefold() for entry in ENTRIES for phrasing in entry.phrasings}

    assert len({question["id"] for question in questions}) == len(questions) == 120
    assert Counter(question["language"] for question in questions) == {"en": 60, "nl": 60}
    assert {question["entry"] for question in questions} - known == {None}
    assert sum(question["entry"] is None for question in questions) == 30
    assert [question["text"] for question in questions if question["text"].casefold() in phrasings] == []
