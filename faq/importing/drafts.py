"""What the readers of the formats hand over, and what they say when they cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from faq.entries import Entry, FaqError, Problem

if TYPE_CHECKING:
    from pathlib import Path


class SourceError(FaqError):
    """The file to import cannot be read at all: the sentence says why and what to do."""

    def __init__(self, path: Path, line: int, message: str, cure: str) -> None:
        super().__init__([Problem(path=str(path), line=line, message=message, cure=cure)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A question and its answer as the source has them, before it is decided whether they are taken.

    Attributes:
        source: Where it stands, for people: `faq.md:12`, `articles.json, article 360001`.
        answer: Neutral markup, as `docs/faq.md` describes it.
        key: The source's own id, which translations share; empty where it has none.
        language: As the source says it (`en-us`); empty where it does not.
        refusal: Why it is not to be taken, without a full stop; empty if nothing speaks against it.
        remarks: What was lost or is doubtful, without a full stop.
    """

    source: str
    question: str
    answer: str
    also: tuple[str, ...] = ()
    key: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    refusal: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a person should know about one entry of the source.

    Attributes:
        kind: `left_out` or `warning`.
        source: As in `Draft`.
        title: The question, shortened; may be empty.
        reason: The same words for the same trouble, without a full stop.
    """

    kind: Literal["left_out", "warning"]
    source: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came out: entries that `faq.entries.load` accepts once written, and the notes."""

    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]
