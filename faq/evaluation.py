"""How good is the matcher on a task: a folder with `faq.yaml` and `queries.jsonl`.

`python -m faq.evaluation FOLDER...` prints one line a folder. A query is `{"id", "text", "entry"}`; `entry` is null
where the FAQ holds no answer.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faq.entries import load
from faq.matching import FaqMatcher, Matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Shares are 0..1; those that a task cannot show (no answers given, nothing unanswerable) are NaN.

    Attributes:
        top_1: First candidate right, of the answerable.
        top_3: One of the first three right, of the answerable.
        coverage_95: Answerable messages answered rightly at the lowest score where 95 % of all answers are right.
        auroc: Chance that an answerable message scores higher than an unanswerable one.
        precision: Right answers, of the messages with decision *answer*, the unanswerable included.
        answered: Rightly answered by decision, of the answerable.
        suggest_recall: Right entry answered or among three offered, of the answerable.
        calibration_error: Mean distance of the score from the share that is right, in ten equal groups.
        build_s: Seconds to build and calibrate the matcher.
        query_ms: Mean milliseconds a message.
    """

    top_1: float
    top_3: float
    coverage_95: float
    auroc: float
    precision: float
    answered: float
    suggest_recall: float
    calibration_error: float
    build_s: float
    query_ms: float


def measure(expected: Sequence[str | None], found: Sequence[Matches], build_s: float, query_ms: float) -> Measures:
    """Compare what was found with what was expected."""
    listed = [[candidate.entry for candidate in matches.candidates] for matches in found]
    scores = np.array([matches.score for matches in found])
    inside = np.array([entry is not None for entry in expected])
    right = np.array([entry is not None and entry in ids[:1] for entry, ids in zip(expected, listed, strict=True)])
    near = np.array([entry is not None and entry in ids[:3] for entry, ids in zip(expected, listed, strict=True)])
    answered = np.array([matches.decision == "answer" for matches in found])
    offered = np.array([matches.decision != "ticket" for matches in found])
    return Measures(
        top_1=_mean(right[inside]),
        top_3=_mean(near[inside]),
        coverage_95=_coverage(scores, right, int(inside.sum()), 0.95),
        auroc=_auroc(scores[inside], scores[~inside]),
        precision=_mean(right[answered]),
        answered=_mean((right & answered)[inside]),
        suggest_recall=_mean((offered & near)[inside]),
        calibration_error=_calibration_error(scores, right),
        build_s=build_s,
        query_ms=query_ms,
    )


def _mean(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def _coverage(scores: NDArray[np.float64], right: NDArray[np.bool_], answerable: int, precision: float) -> float:
    order = np.argsort(-scores, kind="stable")
    good = np.cumsum(right[order])
    kept = np.flatnonzero(good >= precision * np.arange(1, len(good) + 1))
    return float(good[kept[-1]]) / max(answerable, 1) if len(kept) else 0.0


def _auroc(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    if not len(inside) or not len(outside):
        return float("nan")
    ordered = np.sort(outside)
    lower, upper = np.searchsorted(ordered, inside, "left"), np.searchsorted(ordered, inside, "right")
    return float(np.mean(lower + upper) / 2 / len(outside))


def _calibration_error(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    groups = np.array_split(np.argsort(scores, kind="stable"), 10)
    gaps = [abs(scores[group].mean() - right[group].mean()) * len(group) for group in groups if len(group)]
    return float(sum(gaps) / max(len(scores), 1))


def evaluate(folder: Path) -> Measures:
    """Build the matcher from the folder's FAQ and ask it all of the folder's queries."""
    with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
        queries = [json.loads(line) for line in lines if line.strip()]
    begun = time.perf_counter()
    matcher = FaqMatcher(load(folder / "faq.yaml"))
    built = time.perf_counter()
    found = matcher.match([query["text"] for query in queries])
    taken_ms = (time.perf_counter() - built) * 1000 / max(len(queries), 1)
    return measure([query["entry"] for query in queries], found, built - begun, taken_ms)


def main(folders: Sequence[str]) -> None:
    """Print the measures of each folder."""
    heads = ["top-1", "top-3", "cov95", "AUROC", "prec", "answ", "sugg", "ECE", "build_s", "ms"]
    sys.stdout.write(f"{'task':22}" + "".join(f"{head:>8}" for head in heads) + "\n")
    for folder in map(Path, folders):
        m = evaluate(folder)
        shares = (m.top_1, m.top_3, m.coverage_95, m.auroc, m.precision, m.answered, m.suggest_recall)
        line = "".join(f"{share * 100:8.1f}" for share in (*shares, m.calibration_error))
        sys.stdout.write(f"{folder.name:22}{line}{m.build_s:8.2f}{m.query_ms:8.2f}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
