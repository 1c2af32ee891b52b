"""The source's files: which of a folder are read, and their text whatever the encoding."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from faq.entries import MAX_FILE_BYTES
from faq.importing.drafts import SourceError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def files(path: Path, suffixes: Collection[str]) -> list[Path]:
    """The file itself, or a folder's files with one of these suffixes, by name; never below the folder.

    Raises:
        SourceError: There is nothing to read.
    """
    if not path.is_dir():
        return [path]
    found = sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in suffixes and not file.name.startswith(".") and file.is_file()
    )
    if not found:
        raise SourceError(path, 0, "this folder holds no file to import", f"put {', '.join(sorted(suffixes))} into it")
    return found


def text_of(path: Path) -> str:
    """Read a file in UTF-8, UTF-16 (with or without a mark) or, where it is neither, Windows-1252.

    Raises:
        SourceError: It cannot be read, is larger than 32 MiB, or no text.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SourceError(path, 0, f"the file is larger than {MAX_FILE_BYTES} bytes", "split it into several files")
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SourceError(path, 0, f"the file cannot be read ({reason})", "check the path") from error
    text = decode(raw)
    if "\0" in text:
        raise SourceError(path, 0, "this is no text", "export it as Markdown, CSV or JSON")
    return text


def decode(raw: bytes) -> str:
    """Decode; what no encoding explains becomes U+FFFD."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    start = raw[:200]
    if start.count(0) > len(start) // 4:  # UTF-16 of Latin text without a mark: every other byte is zero
        return raw.decode("utf-16-le" if start[1:2] == b"\0" else "utf-16-be", errors="replace")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
