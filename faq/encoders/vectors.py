"""Vectors of the FAQ's texts on disk, so that a start or an edited entry encodes only what is new."""

from __future__ import annotations

import logging
import os
import re
import time
import zipfile
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from faq.encoders.base import PREPARATION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from faq.encoders.base import Encoder

logger = logging.getLogger(__name__)

KEY_BYTES = 16
SAVE_EVERY = 5_000  # new texts: what a killed build loses at most (E5: under two minutes)
SPARE = (
    10_000  # vectors kept at least although the last FAQ did not use them: edits are undone, and FAQs share a folder
)
LEFTOVER_S = 3600  # a file half written for longer than this belongs to a process that was killed


class _Stored(NamedTuple):
    keys: list[bytes]
    vectors: NDArray[np.float32]  # (len(keys), dimensions)


class VectorCache:
    """One file an encoder in `folder`; without a folder nothing is stored.

    They are stored as float32, as the encoder made them: float16 would halve the space, and an entry's vector would
    differ from that of the same words in a message. A file that is damaged or foreign is made anew; a disk that is full
    or read-only costs a warning. Processes may share the folder: each file is replaced in whole, and the last one wins.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def encode(self, encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts, those seen before from disk: the same vectors as `encoder.encode(texts)`, bit for bit.

        Pass all texts of a FAQ in one call: what is not among them is kept only as far as there is room for spare ones.

        Returns:
            Shape (len(texts), dimensions).
        """
        if self._folder is None:
            return encoder.encode(texts)
        path = self._folder / f"{re.sub(r'[^a-z0-9.]+', '-', encoder.name.lower())}.npz"
        keys = [_key(text) for text in texts]
        wanted = dict(zip(keys, texts, strict=True))
        stored = _read(path, encoder)
        known = set(stored.keys)
        missing = [key for key in wanted if key not in known]
        writable = True
        for start in range(0, len(missing), SAVE_EVERY):
            part = missing[start : start + SAVE_EVERY]
            fresh = encoder.encode([wanted[key] for key in part])
            stored = _arranged([*stored.keys, *part], np.concatenate([stored.vectors, fresh]), wanted)
            writable = writable and _write(path, encoder, stored)
        if keys == stored.keys:
            return stored.vectors  # the usual case on a start: 200 MB need not be copied
        row_of = {key: row for row, key in enumerate(stored.keys)}
        return stored.vectors[[row_of[key] for key in keys]]


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def _arranged(keys: list[bytes], vectors: NDArray[np.float32], wanted: dict[bytes, str]) -> _Stored:
    """Put what is wanted first, in its order, then as many others as there is room for, those used last first."""
    place = {key: number for number, key in enumerate(wanted)}
    rows = sorted(range(len(keys)), key=lambda row: place.get(keys[row], len(place)))
    used = sum(key in wanted for key in keys)
    rows = rows[: used + max(used, SPARE)]
    return _Stored([keys[row] for row in rows], vectors[rows])


def _made_by(encoder: Encoder) -> str:
    return f"{encoder.name} {PREPARATION}"


def _read(path: Path, encoder: Encoder) -> _Stored:
    """Read what is stored; nothing where there is no file, or one that cannot be right."""
    nothing = _Stored([], np.empty((0, encoder.dimensions), dtype=np.float32))
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as parts:
            made_by, keys, vectors = str(parts["made_by"]), parts["keys"], parts["vectors"]
        _require_sound(made_by, keys, vectors, encoder)
    except FileNotFoundError:
        return nothing
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        TypeError,
        AttributeError,
        MemoryError,
        zipfile.BadZipFile,
    ) as error:
        logger.warning(
            "The stored vectors in %s cannot be used and are made anew: %s",
            path,
            error,
            extra={"action": "vector_cache_rebuilt"},
        )
        return nothing
    return _Stored(keys.view(f"V{KEY_BYTES}").ravel().tolist(), vectors)


def _require_sound(made_by: str, keys: NDArray[np.uint8], vectors: NDArray[np.float32], encoder: Encoder) -> None:
    if made_by != _made_by(encoder):
        raise ValueError("another encoder, or another version of this program, made it")
    if keys.dtype != np.uint8 or vectors.dtype != np.float32:
        raise ValueError("it holds other types of numbers")
    if keys.shape != (len(vectors), KEY_BYTES) or vectors.shape != (len(keys), encoder.dimensions):
        raise ValueError("it holds other shapes")
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    if not np.all(np.abs(lengths - 1) < 1e-3):  # noqa: PLR2004 - float32 keeps it to 1e-6
        raise ValueError("it holds vectors that are not of length 1")


def _write(path: Path, encoder: Encoder, stored: _Stored) -> bool:
    """Replace the file in whole and say whether that worked; a failure is only logged."""
    half = path.with_name(f"{path.name}.{os.getpid()}.half")
    keys = np.frombuffer(b"".join(stored.keys), dtype=np.uint8).reshape(-1, KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for other in path.parent.glob("*.half"):
            with suppress(FileNotFoundError):  # the other process has just finished it
                if time.time() - other.stat().st_mtime > LEFTOVER_S:
                    other.unlink()
        with half.open("wb") as file:
            np.savez(file, made_by=np.array(_made_by(encoder)), keys=keys, vectors=stored.vectors)
        half.replace(path)
    except OSError as error:
        logger.warning(
            "The vectors of the FAQ cannot be stored in %s, so the next start makes them again: %s",
            path.parent,
            error,
            extra={"action": "vector_cache_not_written"},
        )
        with suppress(OSError):
            half.unlink()
        return False
    return True
