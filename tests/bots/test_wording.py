"""The catalogues: the same sentences in every language, an operator's own, and mistakes that are told."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import bots.wording
from adapters.markup import render
from bots.wording import Wording, WordingError, messages, variables

FOLDER = Path(bots.wording.__file__).parent
ENGLISH = {message.id.name: message for message in messages(FOLDER / "en.ftl")}
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.ftl"))


def test_english_and_dutch_are_there() -> None:
    assert LANGUAGES == ["en", "nl"]
    assert Wording().languages == ("en", "nl")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalogue_has_every_sentence_with_the_same_variables(language: str) -> None:
    theirs = {message.id.name: variables(message) for message in messages(FOLDER / f"{language}.ftl")}
    assert theirs == {name: variables(message) for name, message in ENGLISH.items()}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(ENGLISH))
def test_every_sentence_is_complete(language: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    names = variables(ENGLISH[name])
    text = Wording().say(language, name, **{variable: f"<{variable}>" for variable in names})
    assert not caplog.records
    assert all(f"<{variable}>" in text for variable in names - {"named", "code"})
    assert "{" not in text
    assert "\u2068" not in text  # an isolation mark would be copied along with a number
    assert "**" not in render(text).text, "a mark is not closed"


SAME_IN_BOTH = {"desk-bot", "status-line"}


@pytest.mark.parametrize("name", sorted(set(ENGLISH) - SAME_IN_BOTH))
def test_dutch_is_no_english(name: str) -> None:
    names = dict.fromkeys(variables(ENGLISH[name]), "x")
    assert Wording().say("nl", name, **names) != Wording().say("en", name, **names)


def test_every_sentence_is_said_somewhere() -> None:
    code = "".join(path.read_text() for path in FOLDER.parent.rglob("*.py"))
    made_of = ("desk-file-", "status-", "secret-")  # followed by why it is missing, a ticket's status, a secret's kind
    said = {name for name in ENGLISH if f'"{name}"' in code or f"'{name}'" in code}
    unsaid = [name for name in ENGLISH if name not in said and not name.startswith(made_of)]
    assert unsaid == []


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        (("nl",), "nl"),
        (("nl-BE",), "nl"),
        (("NL_nl",), "nl"),
        ((None, "nl"), "nl"),
        (("fr", "nl"), "nl"),
        (("fr",), "en"),
        ((), "en"),
        (("",), "en"),
        (("x" * 10_000,), "en"),
    ],
)
def test_the_first_wish_that_can_be_met(wishes: tuple[str | None, ...], language: str) -> None:
    assert Wording().language(*wishes) == language


def test_only_the_languages_offered_are_spoken() -> None:
    wording = Wording("en", offered=["en"])
    assert (wording.languages, wording.language("nl", "nl-BE")) == (("en",), "en")
    dutch = Wording("nl", offered=["en", "fr"])
    assert (dutch.languages, dutch.language("fr", "de")) == (("en", "nl"), "nl"), "the default is always offered"
    assert wording.say("nl", "greeting").startswith("Hallo"), "the desk may read another one"


def test_an_operators_sentence_goes_before_ours_and_ours_fills_in(tmp_path: Path) -> None:
    (tmp_path / "nl.ftl").write_text("greeting = Hoi hoi!\n", encoding="utf-8")
    wording = Wording(folder=tmp_path)
    assert wording.say("nl", "greeting") == "Hoi hoi!"
    assert wording.say("nl", "thanks").startswith("Graag gedaan")
    assert wording.say("en", "greeting").startswith("Hello!")


def test_an_operators_language_may_be_incomplete(tmp_path: Path) -> None:
    (tmp_path / "fr.ftl").write_text("greeting = Bonjour !\n", encoding="utf-8")
    wording = Wording("nl", tmp_path)
    assert wording.language("fr-CA") == "fr"
    assert wording.say("fr", "greeting") == "Bonjour !"
    assert wording.say("fr", "thanks").startswith("Graag gedaan"), "the default language fills in"


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"greeting = ok\n\nthis is no message\n", r"en.ftl:3: this is not a message: 'this is no message'"),
        (b"greting = Hi\n", "the bot never says 'greting'. Did you mean greeting?"),
        (b"zzzz = Hi\n", "the bot never says 'zzzz'.$"),
        (b"ticket-opened = { $nummer }\n", r"ticket-opened has no \$nummer. Its variables: \$number."),
        (b"greeting = { $name }\n", r"greeting has no \$name. Its variables: none."),
        (b"greeting = \xff\n", "Save it as UTF-8"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_cure(tmp_path: Path, content: bytes, trouble: str) -> None:
    (tmp_path / "en.ftl").write_bytes(content)
    with pytest.raises(WordingError, match=trouble):
        Wording(folder=tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WordingError, match="There is no folder"):
        Wording(folder=tmp_path / "nowhere")


def test_a_default_language_without_a_catalogue_is_told() -> None:
    with pytest.raises(WordingError, match=r"'fr'. There is: en, nl\."):
        Wording("fr")


def test_a_sentence_that_nobody_wrote_is_a_mistake_of_ours() -> None:
    with pytest.raises(WordingError, match="nonsense"):
        Wording().say("en", "nonsense")


def test_a_missing_variable_is_logged_and_something_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert "ticket" in Wording().say("en", "ticket-opened")
    assert "ticket-opened" in caplog.text


def test_somebodys_words_are_no_pattern() -> None:
    assert (
        Wording().say("en", "desk-note", note="{ $number } { greeting }")
        == "Note of the moderator: { $number } { greeting }"
    )
