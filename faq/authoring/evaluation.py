"""How good is the matcher on messages whose right entry is known: what `firstline faq eval` and `make eval` measure.

A query is `{"id", "text", "entry"}`, one a line; `entry` is null where the FAQ holds no answer. It may name its
`language`. `python -m faq.authoring.evaluation FOLDER...` prints a table, one line for each task (a folder with
`faq.yaml` and `queries.jsonl`) at or below the folders.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faq.batch import QueriesError, read_queries
from faq.encoders import MATCHERS
from faq.entries import Problem, load
from faq.matching import FaqMatcher, Matches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from faq.entries import Faq

PRECISIONS = (0.90, 0.95, 0.98)
BINS = 10  # of the reliability table, equally wide
TIMED = 500  # messages matched one by one for the times; what is left goes in one batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A message with what is known about it.

    Attributes:
        entry: The id of the entry that answers it; None where the FAQ holds no answer.
        language: Its language, where known.
    """

    id: str
    text: str
    entry: str | None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What would come of answering every message that scores at least `score`.

    Attributes:
        coverage: Of the answerable messages, the share answered rightly.
        precision: Of all answers given, the share that is right.
    """

    score: float
    coverage: float
    precision: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The messages whose score lies from `low` up to the next bin's, and how often their first candidate was right.

    Attributes:
        mean_score: NaN, as `right` is, where the bin is empty.
    """

    low: float
    count: int
    mean_score: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Shares are 0..1; those that the messages cannot show (no answers given, nothing unanswerable) are NaN.

    Attributes:
        messages: How many there were.
        answerable: How many of them have an entry.
        top_1: First candidate right, of the answerable.
        top_3: One of the first three right, of the answerable.
        coverage: At precision 0.90, 0.95 and 0.98: answerable messages answered rightly at the loosest cut of the score
            where that share of all answers is right, those to unanswerable messages included.
        auroc: Chance that an answerable message scores higher than an unanswerable one.
        false_answers: Of the unanswerable messages, the share with decision *answer*.
        precision: Right answers, of the messages with decision *answer*.
        answered_rightly: Of the answerable messages, those with decision *answer* and the right entry.
        helped: Of the answerable messages, those answered or offered three entries, the right one among them.
        answered: Share of all messages with this decision; likewise `suggested` and `ticket`.
        calibration_error: Mean distance of the score from the share that is right, over `reliability`, by count.
        reliability: Ten bins of the score.
        cuts: From the strictest to the loosest, the most precise for each percent of coverage.
        build_s: Seconds to build and calibrate the matcher.
        p50_ms: Milliseconds a message, matched alone: the median; `p99_ms` the slowest of a hundred.
    """

    messages: int
    answerable: int
    top_1: float
    top_3: float
    coverage: dict[float, float]
    auroc: float
    false_answers: float
    precision: float
    answered_rightly: float
    helped: float
    answered: float
    suggested: float
    ticket: float
    calibration_error: float
    reliability: tuple[Bin, ...]
    cuts: tuple[Cut, ...]
    build_s: float
    p50_ms: float
    p99_ms: float


def read_labelled(path: Path, faq: Faq) -> list[Query]:
    """Read the messages of a file and check their labels against the FAQ.

    Raises:
        QueriesError: A line is malformed, has no label or names an entry that the FAQ lacks; every one is listed.
    """
    read = read_queries(path)
    numbers = (at for at, line in enumerate(path.read_bytes().split(b"\n"), start=1) if line.strip())
    known = {entry.id for entry in faq.entries}
    problems = []
    for number, query in zip(numbers, read, strict=True):
        entry = query.get("entry")
        if "entry" not in query:
            message, cure = "'entry' is missing", 'add "entry": the id of the right entry, or null if there is none'
        elif entry is not None and not (isinstance(entry, str) and entry in known):
            message, cure = f"the FAQ has no entry {str(entry)[:60]!r}", "name one of its ids, or null if none is right"
        elif not isinstance(query.get("language"), str | None):
            message, cure = "'language' is not a text", 'write its code, such as "en", or leave it out'
        else:
            continue
        problems.append(Problem(path=str(path), line=number, message=message, cure=cure))
    if problems:
        raise QueriesError(problems)
    return [
        Query(id=str(query["id"]), text=query["text"], entry=query["entry"], language=query.get("language"))
        for query in read
    ]


def ask(matcher: FaqMatcher, queries: Sequence[Query]) -> tuple[list[Matches], list[float]]:
    """Match all messages; give what was found and the milliseconds of each of the first 500, matched alone."""
    found: list[Matches] = []
    times_ms: list[float] = []
    for query in queries[:TIMED]:
        begun = time.perf_counter()
        found += matcher.match([query.text], [query.language])
        times_ms.append((time.perf_counter() - begun) * 1000)
    rest = queries[TIMED:]
    return found + matcher.match([query.text for query in rest], [query.language for query in rest]), times_ms


def measure(
    expected: Sequence[str | None], found: Sequence[Matches], *, build_s: float = 0.0, times_ms: Sequence[float] = ()
) -> Measures:
    """Compare what was found with what was expected."""
    listed = [[candidate.entry for candidate in matches.candidates] for matches in found]
    scores = np.array([matches.score for matches in found], dtype=np.float64)
    inside = np.array([entry is not None for entry in expected], dtype=bool)
    right = np.array([entry in ids[:1] for entry, ids in zip(expected, listed, strict=True)], dtype=bool)
    near = np.array([entry in ids[:3] for entry, ids in zip(expected, listed, strict=True)], dtype=bool)
    decisions = np.array([matches.decision for matches in found], dtype=object)
    answered = decisions == "answer"
    cuts = list(_cuts(scores, right, int(inside.sum())))
    reliability = tuple(_reliability(scores, right))
    gaps = [abs(part.mean_score - part.right) * part.count for part in reliability if part.count]
    return Measures(
        messages=len(found),
        answerable=int(inside.sum()),
        top_1=_mean(right[inside]),
        top_3=_mean(near[inside]),
        coverage={
            goal: max((cut.coverage for cut in cuts if cut.precision >= goal), default=0.0) for goal in PRECISIONS
        },
        auroc=_auroc(scores[inside], scores[~inside]),
        false_answers=_mean(answered[~inside]),
        precision=_mean(right[answered]),
        answered_rightly=_mean((right & answered)[inside]),
        helped=_mean(((answered & right) | ((decisions == "suggest") & near))[inside]),
        answered=_mean(answered),
        suggested=_mean(decisions == "suggest"),
        ticket=_mean(decisions == "ticket"),
        calibration_error=float(sum(gaps)) / max(len(found), 1),
        reliability=reliability,
        cuts=tuple(_thinned(cuts)),
        build_s=build_s,
        p50_ms=_quantile(times_ms, 0.5),
        p99_ms=_quantile(times_ms, 0.99),
    )


def _mean(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def _quantile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share)) if values else float("nan")


def _cuts(scores: NDArray[np.float64], right: NDArray[np.bool_], answerable: int) -> Iterator[Cut]:
    """Give every place where the score can be cut: messages of one score are answered together or not at all."""
    order = np.argsort(-scores, kind="stable")
    ordered, good = scores[order], np.cumsum(right[order])
    for last in np.flatnonzero(np.diff(ordered, append=-1.0) < 0).tolist():
        yield Cut(
            score=float(ordered[last]),
            coverage=float(good[last]) / max(answerable, 1),
            precision=float(good[last]) / (last + 1),
        )


def _thinned(cuts: Sequence[Cut]) -> Iterator[Cut]:
    """Keep the most precise cut for each percent of coverage."""
    best: dict[float, Cut] = {}
    for cut in cuts:
        kept = best.setdefault(round(cut.coverage, 2), cut)
        if cut.precision > kept.precision:
            best[round(cut.coverage, 2)] = cut
    yield from best.values()


def _reliability(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> Iterator[Bin]:
    places = np.minimum((scores * BINS).astype(np.intp), BINS - 1)
    for at in range(BINS):
        held = places == at
        some = bool(held.any())
        yield Bin(
            low=at / BINS,
            count=int(held.sum()),
            mean_score=float(scores[held].mean()) if some else float("nan"),
            right=_mean(right[held]),
        )


def _auroc(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    if not len(inside) or not len(outside):
        return float("nan")
    ordered = np.sort(outside)
    lower, upper = np.searchsorted(ordered, inside, "left"), np.searchsorted(ordered, inside, "right")
    return float(np.mean(lower + upper) / 2 / len(outside))


def tasks(folders: Sequence[Path]) -> list[Path]:
    """Give the folders that hold a `faq.yaml` and a `queries.jsonl`, at or below these, each once."""
    found = (file.parent for folder in folders for file in sorted(folder.rglob("queries.jsonl")))
    return list(dict.fromkeys(folder for folder in found if (folder / "faq.yaml").is_file()))


def evaluate(folder: Path, matcher: str = "default", cache: Path | None = None) -> Measures:
    """Build this matcher from the task's FAQ and ask it all of the task's queries.

    Raises:
        FaqError: The FAQ or the queries cannot be used.
    """
    faq = load(folder / "faq.yaml")
    queries = read_labelled(folder / "queries.jsonl", faq)
    begun = time.perf_counter()
    built = FaqMatcher(faq, matcher=matcher, cache=cache)
    build_s = time.perf_counter() - begun
    found, times_ms = ask(built, queries)
    return measure([query.entry for query in queries], found, build_s=build_s, times_ms=times_ms)


HEADS = ("top-1", "top-3", "cov90", "cov95", "cov98", "AUROC", "false", "prec", "right", "helped")
DECIDED = ("answ", "sugg", "tick", "ECE")


def row(m: Measures) -> str:
    """Give the line of a table: shares in percent, then seconds and milliseconds; the heads are in their order."""
    decided = (m.false_answers, m.precision, m.answered_rightly, m.helped, m.answered, m.suggested, m.ticket)
    shares = (m.top_1, m.top_3, *m.coverage.values(), m.auroc, *decided, m.calibration_error)
    cells = "".join(f"{share * 100:7.1f}" if share == share else f"{'-':>7}" for share in shares)  # noqa: PLR0124 - NaN
    return f"{cells}{m.build_s:8.2f}{m.p50_ms:7.2f}{m.p99_ms:7.2f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the measures of each task, as soon as they are known."""
    parser = argparse.ArgumentParser(prog="python -m faq.authoring.evaluation", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--matcher", choices=MATCHERS, default="default")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keeps the vectors for the next time")
    wanted = parser.parse_args(arguments)
    found = tasks(wanted.folders)
    if not found:
        parser.error("no folder there holds a faq.yaml and a queries.jsonl")
    heads = "".join(f"{head:>7}" for head in (*HEADS, *DECIDED))
    sys.stdout.write(f"{'task':20}{heads}{'build s':>8}{'p50 ms':>7}{'p99 ms':>7}\n")
    for folder in found:
        sys.stdout.write(f"{folder.name:20}{row(evaluate(folder, wanted.matcher, wanted.cache))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
