"""What real messages taught about the matcher's scores: two numbers that bend them, and how far answers can be trusted.

A value that the matcher looks at, and the file that keeps it; `faq.authoring.learning` makes it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from faq.calibration import Promises
    from faq.entries import Faq

logger = logging.getLogger(__name__)

VERSION = 1
FILE = "learned.json"  # in the data directory
MAX_FILE_BYTES = 8 * 1024 * 1024
ENOUGH = 50.0  # weight of rows from which more may be answered than the FAQ alone allows
MIN_CHANCE = 1e-4  # the scores have four decimals

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What to expect if everything from this score on were answered: how much is right, how much of it is reached."""

    score: Share
    precision: Share
    recall: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learnt; as it is made without arguments, nothing was, and nothing changes.

    Attributes:
        slope: Of the logit of a score, never negative; 1 changes nothing.
        bias: Added to it; 0 changes nothing.
        low: The lowest score at which something was seen, and `high` the highest.
        weight: Of all rows together; a label counts 1, a ticket after an answer one half.
        curve: From the highest score to the lowest.
        sources: Rows by source, and `channels` by channel.
        outside_share: Of messages without an answer in the FAQ; None where too few say.
        entries: A hash of each entry of the FAQ it was learnt on.
        matcher: Whose scores it is about; another's mean something else.
    """

    slope: Positive = 1.0
    bias: Number = 0.0
    low: Share = 0.0
    high: Share = 1.0
    weight: Positive = 0.0
    curve: tuple[Point, ...] = ()
    sources: Mapping[str, int] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    outside_share: Share | None = None
    entries: tuple[str, ...] = ()
    matcher: str = "default"
    at: AwareDatetime | None = None

    @property
    def rows(self) -> int:
        """How many messages it was learnt from."""
        return sum(self.sources.values())

    @property
    def may_loosen(self) -> bool:
        """Whether enough was seen to answer more than the FAQ alone allows."""
        return self.weight >= ENOUGH

    def probability(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the recalibrated probabilities of scores in 0..1, of any shape; a higher score never gives a lower one.

        A score is raised only where something was seen, and only if enough was.
        """
        bent = self._bent(raw)
        if not self.may_loosen:
            return np.minimum(bent, raw)
        top = self._bent(np.full_like(raw, self.high))
        allowed = np.where(raw < self.low, raw, np.where(raw > self.high, np.maximum(raw, top), bent))
        return np.asarray(np.minimum(bent, allowed))

    def _bent(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.slope == 1.0 and self.bias == 0.0:
            return raw
        return sigmoid(self.slope * logit(raw) + self.bias)

    def thresholds(self, promises: Promises, answer_from: float, suggest_from: float) -> tuple[float, float]:
        """Give the *raw* scores from which to answer and to suggest, so that the promises hold on what was seen.

        Args:
            promises: To keep.
            answer_from: What the FAQ alone says, in force where nothing was learnt; 1.01 stands for never.
            suggest_from: The same.
        """
        if not self.curve:
            return answer_from, suggest_from
        kept = [point.score for point in self.curve if point.precision >= promises.answer_precision]
        answer = max(min(kept), min(self.low, answer_from)) if kept else 1.01
        reached = [point.score for point in self.curve if point.recall >= promises.suggest_recall]
        suggest = max(max(reached, default=suggest_from), min(self.low, suggest_from))
        if not self.may_loosen:
            answer, suggest = max(answer, answer_from), max(suggest, suggest_from)
        return answer, min(suggest, answer)

    def changed(self, faq: Faq) -> float:
        """Give the share of entries, 0..1, that are new, gone or different since."""
        then, now = set(self.entries), set(fingerprints(faq))
        return len(then ^ now) / max(len(then | now), 1)


def fingerprints(faq: Faq) -> tuple[str, ...]:
    """Give a short hash of each entry's id, language and phrasings, sorted; the answers do not matter to a match."""
    texts = ("\x1f".join((entry.id, entry.language, *entry.phrasings)) for entry in faq.entries)
    return tuple(sorted(hashlib.sha256(text.encode()).hexdigest()[:8] for text in texts))


def logit(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the log-odds of chances, those of 0 and 1 cut to what four decimals can tell."""
    inner = np.clip(chance, MIN_CHANCE, 1 - MIN_CHANCE)
    return np.asarray(np.log(inner / (1 - inner)))


def sigmoid(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the chances of log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(raw, -30, 30))))


_ADAPTER = TypeAdapter(Learned)


def save(learned: Learned, path: Path) -> None:
    """Write what was learnt, whole or not at all. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"version": VERSION, **_ADAPTER.dump_python(learned, mode="json")}
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(path: Path) -> Learned | None:
    """Read what was learnt; None where nothing was, or where the file cannot be used, which is logged."""
    try:
        return _read(path)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        trouble = f"{error.error_count()} of its values are not what they should be"
    except (OSError, ValueError, RecursionError) as error:
        trouble = getattr(error, "strerror", None) or str(error)
    logger.warning(
        "%s is ignored (%s); the matcher goes by the FAQ alone. To make it again: firstline faq calibrate",
        path,
        trouble,
        extra={"action": "learned_ignored"},
    )
    return None


def load_for(matcher: str, path: Path) -> Learned | None:
    """Read what was learnt of this matcher's scores; None where nothing was, as with `load`."""
    learned = load(path)
    return learned if learned is not None and learned.matcher == matcher else None


def _read(path: Path) -> Learned:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError("it is too large")
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict) or content.pop("version", None) != VERSION:
        raise ValueError("another version of firstline wrote it, or something else")
    return _ADAPTER.validate_python(content)
