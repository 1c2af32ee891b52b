"""Names under which other tools keep a question, an answer and the rest, in tables and in JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from faq.importing import html_text, markdown_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faq.importing.composing import Composer

NAMES = {
    "question": "question questions q faqquestion questiontext title titel subject vraag frage pregunta domanda",
    "answer": "answer answers a faqanswer answertext response responses reply body content text "
    "antwoord antwort respuesta réponse reponse risposta",
    "id": "id key slug identifier entryid faqid qnaid articleid",
    "also": "also alternatives alternative alternativequestions alternatequestions altquestions otherquestions "
    "similarquestions synonyms variants variations phrasings utterances examples",
    "tags": "tags tag labels label labelnames category categories topic topics",
    "language": "language lang locale languagecode taal sprache",
    "links": "links link url urls htmlurl",
}
_FIELD_OF = {name: field for field, names in NAMES.items() for name in names.split()}
_SEPARATOR = re.compile(r"[|\n]")
_TAG_SEPARATOR = re.compile(r"[|,;\n]")


def fields_of(names: Iterable[str]) -> dict[str, str]:
    """Give, for each field that is there, the source's name of it; the more usual name wins."""
    found: dict[str, str] = {}
    for name in names:
        folded = fold(name)
        field = _FIELD_OF.get(folded)
        if field and (field not in found or _rank(field, folded) < _rank(field, fold(found[field]))):
            found[field] = name
    return found


def _rank(field: str, folded: str) -> int:
    return NAMES[field].split().index(folded)


def fold(name: str) -> str:
    """A name without case, spaces and punctuation."""
    return "".join(char for char in name.casefold() if char.isalnum())


def several(text: str) -> tuple[str, ...]:
    """Split wordings or links written into one cell."""
    return tuple(part.strip() for part in _SEPARATOR.split(text) if part.strip())


def tags(text: str) -> tuple[str, ...]:
    """Split tags written into one cell."""
    return tuple(part.strip() for part in _TAG_SEPARATOR.split(text) if part.strip())


def answer(text: str) -> Composer:
    """Read an answer that may be HTML, Markdown or neither."""
    return html_text.compose(text) if html_text.is_html(text) else markdown_text.compose(text)
