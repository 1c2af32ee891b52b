"""Draft entries for the gaps of an FAQ: YAML that loads, and that says what a person has to write."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from faq.authoring.gaps import Gap

SLUG_WORDS, SLUG_CHARS = 6, 60
_FILLING = frozenset(
    {"a", "an", "the", "is", "are", "am", "do", "does", "can", "i", "my", "me", "you", "to", "of", "for"}
)
TO_DO = "WRITE THE ANSWER"
_NUMBER = re.compile(r"\d[\d .()/-]{4,40}\d")
_WORD = re.compile(r"[a-z0-9]+")

HEADER = """\
# Drafted from questions that were not answered. To finish it:
#   1. write each answer; drop the entries that need none;
#   2. take out names, numbers and whatever else is nobody's business: these are people's own words;
#   3. move the file into the FAQ's folder and run: firstline faq lint
"""


def masked(text: str) -> str:
    """Somebody's words on one line, of printable characters, without e-mail addresses and long numbers."""
    seen = "".join(char if char.isprintable() else " " * char.isspace() for char in text)
    return _NUMBER.sub("…", " ".join("…" if "@" in word[1:] else word for word in seen.split()))


def slug(question: str, taken: Collection[str]) -> str:
    """Make an id of the question's first words that is not taken; of letters of other scripts none can be made."""
    folded = unicodedata.normalize("NFKD", question).encode("ascii", "ignore").decode().lower()
    found = _WORD.findall(folded.replace("'", ""))
    telling = [word for word in found if word not in _FILLING] or found
    base = "-".join(telling[:SLUG_WORDS])[:SLUG_CHARS].strip("-") or "new-entry"
    number = 2
    name = base
    while name in taken:
        name = f"{base}-{number}"
        number += 1
    return name


def draft(gaps: Sequence[Gap], *, language: str, taken: Collection[str]) -> str | None:
    """Write the gaps that no entry covers as entries of one file; None where there is none.

    Wordings that existing entries lack, and those in other languages, follow as comments, ready to be copied.

    Args:
        gaps: With words that passed `masked`.
        language: Of the file.
        taken: The FAQ's ids.
    """
    names = set(taken)
    entries = []
    others = ""
    for gap in gaps:
        if gap.covered:
            wordings = [one.text for one in gap.examples]
            others += _to_copy(f"wordings that the entry {gap.nearest} lacks (asked {gap.count} times)", wordings)
            continue
        texts = [one.text for one in gap.examples]
        said = [one.text for one in gap.examples if one.language in {language, ""}] or texts
        name = slug(said[0], names)
        names.add(name)
        entries.append(
            {
                "id": name,
                "question": said[0],
                "also": said[1:],
                "answer": _to_do(gap),
            }
        )
        others += _to_copy(
            f"asked in another language: for the entry {name} there", [text for text in texts if text not in said]
        )
    if not entries:
        return None
    body = yaml.safe_dump({"language": language, "entries": entries}, allow_unicode=True, sort_keys=False, width=1000)
    return HEADER + body + others


def _to_do(gap: Gap) -> str:
    nearest = f"; if {gap.nearest} answers it, move these wordings there" if gap.nearest else ""
    return f"{TO_DO}: what to do, in under 1,000 characters (asked {gap.count} times{nearest})."


def _to_copy(what: str, wordings: list[str]) -> str:
    if not wordings:
        return ""
    lines = yaml.safe_dump(wordings, allow_unicode=True, width=1000).splitlines()
    return f"\n# To copy into `also`, {what}:\n" + "".join(f"#     {line}\n" for line in lines)
