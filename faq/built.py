"""What a matcher worked out from its FAQ, kept on disk, so that a start need not work it out again."""

from __future__ import annotations

import json
import logging
import os
import zipfile
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from faq.encoders.base import Encoder
    from faq.entries import Faq

logger = logging.getLogger(__name__)

Arrays = dict[str, "NDArray[Any]"]
KEPT = 4  # files: the FAQ before the last edit comes back when the edit is undone
NAME = "built-*.npz"


def key(faq: Faq, encoders: Sequence[Encoder]) -> str:
    """Name what follows from the FAQ's phrasings, these encoders and the code of this package, whatever it is."""
    found = blake2b(_code(), digest_size=16)
    found.update(json.dumps([[encoder.name for encoder in encoders], faq.languages]).encode())
    for entry in faq.entries:
        found.update(json.dumps([entry.id, entry.language, entry.phrasings]).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


@cache
def _code() -> bytes:
    """Hash the package's own files: no number has to be raised by hand when a calculation changes."""
    folder = Path(__file__).parent
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".py", ".txt", ".yaml"})
    found = blake2b(f"{np.__version__} {version('pyspellchecker')}".encode())
    for file in files:
        found.update(file.read_bytes())
    return found.digest()


def load(folder: Path | None, name: str) -> Arrays | None:
    """Give what was kept under this name; None where nothing is, or nothing that can be read."""
    if folder is None:
        return None
    path = _path(folder, name)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            found = {part: file[part] for part in file.files}
        path.touch()
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, KeyError, MemoryError, zipfile.BadZipFile) as error:
        logger.warning("%s cannot be read and is made anew: %s", path, error, extra={"action": "built_faq_rebuilt"})
        return None
    return found


def save(folder: Path | None, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays, whole or not at all; a disk that is full or read-only costs a warning and a slow next start."""
    if folder is None:
        return
    path = _path(folder, name)
    half = path.with_suffix(f".{os.getpid()}.half")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with half.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        half.replace(path)
        for old in sorted(folder.glob(NAME), key=lambda kept: -kept.stat().st_mtime)[KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        logger.warning(
            "What was worked out from the FAQ cannot be kept in %s, so the next start takes as long: %s",
            folder,
            error,
            extra={"action": "built_faq_not_kept"},
        )
        with suppress(OSError):
            half.unlink()


def _path(folder: Path, name: str) -> Path:
    return folder / NAME.replace("*", name)


def lines(texts: Iterable[str]) -> NDArray[np.uint8]:
    """Pack texts without line breaks into one array."""
    return np.frombuffer("\n".join(texts).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def unpacked(array: NDArray[np.uint8]) -> list[str]:
    """Unpack what `lines` packed."""
    return array.tobytes().decode("utf-8", "surrogatepass").split("\n")


def under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Give the arrays names that start with a prefix."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def within(prefix: str, arrays: Mapping[str, NDArray[Any]] | None) -> Arrays | None:
    """Give the arrays whose names start with a prefix, without it."""
    if arrays is None:
        return None
    start = f"{prefix}."
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
