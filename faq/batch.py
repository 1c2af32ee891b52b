"""Matching a file of messages: what `firstline faq match` does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from faq.entries import FaqError, Problem, load
from faq.matching import FaqMatcher, Matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from faq.entries import Faq

EXAMPLE = 'write one JSON object a line, such as {"id": "1", "text": "where is my money?"}'


class QueriesError(FaqError):
    """The file of queries cannot be read: the sentences say where and what to change."""


def match_file(
    faq_path: Path, queries_path: Path, out_path: Path, build: Callable[[Faq], FaqMatcher] = FaqMatcher
) -> int:
    """Match every line of a JSON Lines file and write one line of results for each, in the same order.

    A query is `{"id", "text"}`, further keys are passed over, and without an id it is the line's number; a result is
    `{"id", "entry", "score", "decision", "candidates": [{"entry", "score"}, ...]}`. Blank lines are passed over.

    Args:
        faq_path: A FAQ's file or folder.
        queries_path: The messages.
        out_path: Where the results go.
        build: Makes the matcher.

    Returns:
        The number of lines written. Nothing is written when a file is at fault.

    Raises:
        FaqError: The FAQ cannot be used.
        QueriesError: The queries cannot be read, and every malformed line is listed; or there is no folder to write to.
        OSError: The results cannot be written.
    """
    if not out_path.parent.is_dir():
        message = f"the results cannot be written, there is no folder {out_path.parent}"
        raise QueriesError([Problem(path=str(out_path), line=0, message=message, cure="make it, or name another")])
    queries = read_queries(queries_path)
    matcher = build(load(faq_path))
    found = matcher.match([query["text"] for query in queries])
    with out_path.open("w", encoding="utf-8", newline="\n") as out:
        for query, matches in zip(queries, found, strict=True):
            out.write(json.dumps(result(query["id"], matches)) + "\n")
    return len(queries)


def result(query_id: object, matches: Matches) -> dict[str, Any]:
    """Give the line that stands for one match; `entry` is null unless the decision is to answer."""
    return {
        "id": query_id,
        "entry": matches.candidates[0].entry if matches.decision == "answer" else None,
        "score": matches.score,
        "decision": matches.decision,
        "candidates": [{"entry": found.entry, "score": found.score} for found in matches.candidates],
    }


def read_queries(path: Path) -> list[dict[str, Any]]:
    """Read a JSON Lines file of `{"id", "text"}`; the line's number stands in for an id that is missing.

    Raises:
        QueriesError: A line is malformed, or the file cannot be read.
    """
    try:
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        problem = Problem(
            path=str(path), line=0, message=f"the file cannot be read ({error.strerror})", cure="check the path"
        )
        raise QueriesError([problem]) from error
    problems: list[Problem] = []
    queries: list[dict[str, Any]] = []
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        query: dict[str, Any] = {}
        try:
            query = json.loads(line)
            if isinstance(query, dict):
                query.setdefault("id", number)
            faults = list(_faults(query))
        except (ValueError, RecursionError) as error:
            faults = [f"this is not JSON ({str(error).splitlines()[0]})"]
        problems += [Problem(path=str(path), line=number, message=fault, cure=EXAMPLE) for fault in faults]
        queries.append(query)
    if problems:
        raise QueriesError(problems)
    return queries


def _faults(query: object) -> Iterator[str]:
    if not isinstance(query, dict):
        yield "the line is not a JSON object"
        return
    if not isinstance(query.get("id"), str | int) or isinstance(query.get("id"), bool):
        yield "'id' is neither a text nor a whole number"
    if not isinstance(query.get("text"), str):
        yield "'text' is missing or not a text"
