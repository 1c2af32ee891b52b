"""JSON as exports have it: one document, several one after another, or one a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from faq.importing.drafts import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_AROUND = 8  # a category, its folders
_SPACE = " \t\r\n\ufeff"


def documents(path: Path, text: str) -> list[Any]:
    """Read every document of a file.

    Raises:
        SourceError: It is not JSON, or nested too deeply.
    """
    found: list[Any] = []
    decoder = json.JSONDecoder()
    at = 0
    try:
        while (at := _next(text, at)) < len(text):
            document, at = decoder.raw_decode(text, at)
            found.append(document)
    except json.JSONDecodeError as error:
        raise SourceError(
            path, error.lineno, f"this is not JSON ({error.msg})", "export it again, or check commas and quotes"
        ) from error
    except (RecursionError, ValueError) as error:
        line = text.count("\n", 0, at) + 1
        raise SourceError(
            path, line, "the JSON is nested too deeply or holds an endless number", "export it again"
        ) from error
    return found


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def objects(
    document: Any, lists: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any], tuple[dict[str, Any], ...]]]:
    """Find the objects that stand in lists (or alone) under the given keys, however they are wrapped.

    Args:
        document: What was read.
        lists: The kind of the objects under each key; everything else is passed over.

    Yields:
        Kind (empty for what stands in no list of a known key), object, and the objects around it, outermost first.
    """
    waiting: list[tuple[str, Any, tuple[dict[str, Any], ...]]] = [("", document, ())]
    while waiting:
        kind, found, around = waiting.pop()
        if isinstance(found, list):
            waiting += [(kind, item, around) for item in reversed(found) if isinstance(item, dict | list)]
        elif isinstance(found, dict):
            yield kind, found, around
            inside = [
                (lists[key], value, (*around[-MAX_AROUND:], found))
                for key, value in found.items()
                if key in lists and isinstance(value, dict | list)
            ]
            waiting += reversed(inside)


def text_in(found: Mapping[str, Any], key: str) -> str:
    """A text or number as text; empty for anything else."""
    value = found.get(key)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def texts_in(found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The texts of a list."""
    value = found.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
