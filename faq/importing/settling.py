"""From drafts to entries: which are taken, in which language, under which id, and what a person should know."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from faq.entries import LANGUAGE, Entry
from faq.importing.drafts import Imported, Note
from faq.importing.slugs import mark, slug
from faq.text.cleaning import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from faq.entries import Faq
    from faq.importing.drafts import Draft

MAX_QUESTION_CHARS = 300
MAX_ANSWER_CHARS = 10_000  # an article of its own: nobody reads it in a chat
LONG_ANSWER_CHARS = 1000
TITLE_CHARS = 60
ONE_WORDING = "only one wording: it will only be suggested until you add others under 'also'"
_DROPPED = {code: None for code in (*range(32), *range(127, 160), *range(0xD800, 0xE000)) if code not in (9, 10)}
_DROPPED |= dict.fromkeys((0x200B, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_CLEANED = str.maketrans({**_DROPPED, 9: " ", 0xA0: " ", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"})
_BLANK_LINES = re.compile(r"\n{3,}")


def settle(drafts: Iterable[Draft], *, language: str = "en", known: Faq | None = None) -> Imported:
    """Decide about every draft, in order.

    Args:
        drafts: What the source holds.
        language: Of the drafts that name none.
        known: An FAQ that the entries are to join: what it has is left out.
    """
    read = list(drafts)
    codes = languages(read, language)
    settled = _Settled()
    for entry in known.entries if known else ():
        settled.by_id[entry.id, entry.language] = settled.by_question[entry.language, _asked(entry.question)] = entry
    for draft in read:
        settled.add(draft, codes.get(draft.language, language))
    return Imported(entries=tuple(settled.finished()), notes=tuple(settled.notes))


def languages(drafts: Sequence[Draft], default: str) -> dict[str, str]:
    """Give, for each language code of the source, the FAQ's.

    A region is dropped (`en-us` is `en`) unless several of one language are there: then the one with most entries
    stands for the language and the others keep their regions.
    """
    counts = Counter(draft.language for draft in drafts)
    families: defaultdict[str, list[str]] = defaultdict(list)
    for code in sorted(counts, key=lambda code: (-counts[code], code)):
        families[_tidy(code).partition("-")[0]].append(code)
    found: dict[str, str] = {}
    for family, codes in families.items():
        if not LANGUAGE.fullmatch(family):
            found |= dict.fromkeys(codes, default)
            continue
        seen: dict[str, str] = {}
        for code in codes:
            found[code] = seen.setdefault(_tidy(code), family if not seen else _tidy(code))
    return found


def _tidy(code: str) -> str:
    """`EN_us` as `en-US`, `zh-hant` as `zh-Hant`."""
    first, *others = code.strip().replace("_", "-").split("-")
    tidied = "-".join([first.lower(), *(_tidy_part(part) for part in others)])
    return tidied if LANGUAGE.fullmatch(tidied) else first.lower()


def _tidy_part(part: str) -> str:
    region, script = 2, 4
    return part.upper() if len(part) == region else part.title() if len(part) == script else part.lower()


def clean(text: str) -> str:
    """Text that YAML keeps: no control characters, no spaces at a line's end, never two blank lines together."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CLEANED).split("\n")
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _asked(question: str) -> str:
    """A question without what makes no difference; its own text where it has no word."""
    return " ".join(words(question)) or question


@dataclass(slots=True)
class _Settled:
    """What is decided so far."""

    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    by_id: dict[tuple[str, str], Entry] = field(default_factory=dict)
    by_question: dict[tuple[str, str], Entry] = field(default_factory=dict)
    more: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    titles: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def add(self, draft: Draft, language: str) -> None:
        question, answer = _line(draft.question), clean(draft.answer)
        if fault := draft.refusal or _fault(question, answer):
            self.note("left_out", draft, fault)
            return
        key = slug(draft.key) if draft.key else ""
        entry_id = key or self.free_id(slug(question), question, language)
        entry = Entry(
            id=entry_id,
            language=language,
            question=question,
            also=_also(draft, question),
            answer=answer,
            tags=tuple(dict.fromkeys(filter(None, map(_line, draft.tags)))),
            links=tuple(dict.fromkeys(link for link in draft.links if _is_link(link))),
            source=draft.source,
        )
        asked = (language, _asked(question))
        earlier = self.by_id.get((entry_id, language)) or self.by_question.get(asked)
        if earlier is None:
            self.take(draft, entry, asked)
        elif earlier.answer == answer and (earlier.id, language) in self.entries:
            # The same article on two pages of an export, or one row for each wording: its wordings join.
            self.more[earlier.id, language] += [question, *entry.also]
        elif earlier.id == entry_id:
            self.note("left_out", draft, f"its id '{entry_id}' ({language}) is already used at {earlier.source}")
        else:
            self.note("left_out", draft, f"the same question is asked at {earlier.source}")

    def take(self, draft: Draft, entry: Entry, asked: tuple[str, str]) -> None:
        self.entries[entry.id, entry.language] = self.by_id[entry.id, entry.language] = entry
        self.by_question[asked] = entry
        for remark in draft.remarks:
            self.note("warning", draft, remark)
        if len(entry.answer) > LONG_ANSWER_CHARS:
            self.note("warning", draft, f"the answer has more than {LONG_ANSWER_CHARS} characters: shorten it")
        if "\ufffd" in entry.question + entry.answer:
            self.note("warning", draft, "some characters could not be read: look at its accents")
        lost = [link for link in draft.links if not _is_link(link)]
        if lost:
            self.note("warning", draft, "a link that is no web address was dropped")

    def free_id(self, wanted: str, question: str, language: str) -> str:
        """The id, with a mark of its question where another question of this source has it."""
        taken = self.entries.get((wanted, language))
        return wanted if taken is None or taken.question == question else f"{wanted}-{mark(question)}"

    def note(self, kind: str, draft: Draft, reason: str) -> None:
        title = _line(draft.question)
        shown = title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1] + "…"
        self.notes.append(
            Note(kind="left_out" if kind == "left_out" else "warning", source=draft.source, title=shown, reason=reason)
        )

    def finished(self) -> Iterable[Entry]:
        """The entries with all of their wordings."""
        for key, entry in self.entries.items():
            wordings: dict[str, str] = {_asked(entry.question): ""}
            for one in (*entry.also, *self.more[key]):
                wordings.setdefault(_asked(one), one)
            also = tuple(filter(None, wordings.values()))
            if not also:
                self.notes.append(
                    Note(kind="warning", source=entry.source, title=entry.question[:TITLE_CHARS], reason=ONE_WORDING)
                )
            yield replace(entry, also=also)


def _fault(question: str, answer: str) -> str:
    if not question:
        return "no title"
    if len(question) > MAX_QUESTION_CHARS:
        return f"the question is too long: {len(question)} of at most {MAX_QUESTION_CHARS} characters"
    if not answer:
        return "an empty answer"
    if len(answer) > MAX_ANSWER_CHARS:
        return f"the answer is too long: {len(answer)} of at most {MAX_ANSWER_CHARS} characters"
    return ""


def _also(draft: Draft, question: str) -> tuple[str, ...]:
    wordings = (_line(text) for text in draft.also)
    return tuple(
        dict.fromkeys(text for text in wordings if text and text != question and len(text) <= MAX_QUESTION_CHARS)
    )


def _is_link(link: str) -> bool:
    return link.startswith(("https://", "http://")) and link.isprintable() and " " not in link
