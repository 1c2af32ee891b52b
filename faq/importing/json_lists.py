"""JSON lists of questions and answers, of our own keys or of those other bots use.

Botpress keeps `{"qnas": [{"id", "data": {"enabled", "questions": {"en": […]}, "answers": {"en": […]}}}]}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faq.importing import columns, json_text, markdown_text
from faq.importing.drafts import Draft, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LISTS = dict.fromkeys(("faqs", "faq", "entries", "items", "qnas", "qna", "questions", "data", "results"), "item")
MAX_KEYS_NAMED = 20


def drafts(path: Path, document: Any) -> Iterator[Draft]:
    """Read every object that has a question and an answer.

    Raises:
        SourceError: There is none.
    """
    number, keys = 0, dict[str, None]()
    for _, found, around in json_text.objects(document, LISTS):
        fields = columns.fields_of(found)
        if {"question", "answer"} <= fields.keys():
            number += 1
            outer = around[-1] if around else {}
            yield from _drafts(f"{path.name}, object {number}", found, fields, outer)
        else:
            keys.update(dict.fromkeys(found))
    if not number:
        shown = ", ".join(repr(key[:40]) for key in list(keys)[:MAX_KEYS_NAMED]) or "none"
        raise SourceError(
            path,
            0,
            f"no object has a question and an answer; the keys are {shown}",
            'write [{"question": "…", "answer": "…"}]',
        )


def _drafts(
    source: str, found: Mapping[str, Any], fields: Mapping[str, str], outer: Mapping[str, Any]
) -> Iterator[Draft]:
    values = {field: found[name] for field, name in fields.items()}
    language = json_text.text_in(values, "language") or json_text.text_in(outer, "language")
    spoken: dict[str, tuple[Any, Any]] = {language: (values["question"], values["answer"])}
    if isinstance(values["question"], dict) and isinstance(values["answer"], dict):  # by language
        spoken = {code: (asked, values["answer"].get(code)) for code, asked in values["question"].items()}
    for code, (asked, answered) in spoken.items():
        questions, answers = _texts(asked), _texts(answered)
        answer = columns.answer(answers[0] if answers else "")
        others = len(answers) - 1
        yield Draft(
            source=source,
            question=markdown_text.plain(questions[0]) if questions else "",
            answer=answer.markup(),
            also=(*questions[1:], *_texts(values.get("also"), split=True)),
            key=json_text.text_in(values, "id") or json_text.text_in(outer, "id"),
            language=code,
            tags=_texts(values.get("tags"), split=True),
            links=_texts(values.get("links"), split=True),
            refusal="switched off" if found.get("enabled") is False else "",
            remarks=(*answer.remarks(), *(["only the first of several answers was taken"] if others > 0 else [])),
        )


def _texts(value: object, *, split: bool = False) -> tuple[str, ...]:
    """A text, or a list of texts, as texts."""
    if isinstance(value, str):
        return columns.several(value) if split else (value,) if value.strip() else ()
    return tuple(item for item in value if isinstance(item, str) and item.strip()) if isinstance(value, list) else ()
