"""Which of the files that people attach are taken, what they really are, and under which name they go to the desk.

Pure: no network, no disk. A file's name and its declared type are what its sender wrote. They may keep a file from
being fetched; what is handed on is told by its first bytes, and gets a name that fits them.
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.base import Attachment
    from config.settings import AttachmentSettings

MAX_NAME_CHARS: Final = 120
_TEXT: Final = "text/plain"
_UNKNOWN: Final = "application/octet-stream"
_SVG: Final = "image/svg+xml"

# (offset, bytes there, type); the first that fits.
_MARKS: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyphe", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypmsf1", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xca\xfe\xba\xbe", "application/x-executable"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (0, b"\xce\xfa\xed\xfe", "application/x-executable"),
)
_CHECKED: Final = frozenset(kind for _, _, kind in _MARKS)
_INSIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "application/zip": ("application/vnd.oasis.", "application/vnd.openxmlformats-", "application/epub+zip"),
    "application/x-ole-storage": ("application/msword", "application/vnd.ms-"),
    "application/ogg": ("audio/ogg", "audio/opus", "video/ogg"),
    "video/mp4": ("audio/mp4", "audio/m4a", "audio/x-m4a", "video/quicktime"),
    "video/webm": ("audio/webm", "video/x-matroska", "audio/x-matroska"),
}
"""Wrappings: what is in them, only the declared type tells, where it begins like one of these."""
_ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    _TEXT: (".txt", ".log", ".text"),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/tiff": (".tif", ".tiff"),
    "image/webp": (".webp",),
    "image/heic": (".heic", ".heif"),
    "image/avif": (".avif",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "application/vnd.rar": (".rar",),
}
_KNOWN_ENDINGS: Final = mimetypes.MimeTypes()  # Python's own table; not the machine's, which differs
_NO_TEXT: Final = bytes(set(range(32)) - set(b"\t\n\f\r\x1b")) + b"\x7f"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_FOLDERS: Final = re.compile(r"[/\\]")
_NOT_IN_NAMES: Final = re.compile(r'[<>:"|?*]')  # no file of Windows may have them; some mean something in headers
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Refusal(StrEnum):
    """Why a file is not taken."""

    NO_FILE = "no_file"  # a place, a contact: there is nothing to fetch
    TOO_LARGE = "too_large"
    TYPE = "type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A file as it goes to the desk."""

    name: str
    media_type: str


def refusal(attachment: Attachment, settings: AttachmentSettings) -> Refusal | None:
    """Why the file is not even fetched, by what its sender and the platform say of it; None where it is."""
    if not attachment.reference:
        return Refusal.NO_FILE
    if attachment.size_bytes is not None and attachment.size_bytes > settings.max_bytes:
        return Refusal.TOO_LARGE
    declared = _bare(attachment.media_type)
    # Without a type it is fetched: then its bytes tell.
    return Refusal.TYPE if declared not in {"", _UNKNOWN} and not _is_listed(declared, settings) else None


def allowed(attachment: Attachment, settings: AttachmentSettings) -> bool:
    """Whether the file is to be fetched."""
    return refusal(attachment, settings) is None


def received(attachment: Attachment, content: bytes, settings: AttachmentSettings) -> Taken | Refusal:
    """What was fetched as it goes to the desk, or why it does not."""
    if len(content) > settings.max_bytes:
        return Refusal.TOO_LARGE
    found = media_type(attachment.media_type, content)
    if not _is_listed(found, settings):
        return Refusal.TYPE
    return Taken(name=file_name(attachment.name, found), media_type=found)


def media_type(declared: str, content: bytes) -> str:
    """What a file is, by its bytes; what it is said to be only where these cannot tell."""
    found, declared = sniffed(content), _bare(declared)
    if found == _TEXT:
        return declared if declared.startswith("text/") or declared == _SVG else _TEXT
    if found:
        return declared if declared.startswith(_INSIDE.get(found, (found,))) else found
    could_be_told = declared in _CHECKED or declared.startswith("text/") or declared == _SVG
    return _UNKNOWN if could_be_told or "/" not in declared else declared


def sniffed(content: bytes) -> str:
    """The type that a file's bytes show, or ""."""
    for offset, mark, kind in _MARKS:
        if content.startswith(mark, offset):
            return kind
    if content.startswith(_UTF_16):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    return _TEXT if len(content.translate(None, _NO_TEXT)) == len(content) else ""


def file_name(name: str, kind: str) -> str:
    """The name without folders and without what cannot be seen, at most 120 characters, with an ending of its type."""
    last = _FOLDERS.split(unicodedata.normalize("NFC", name))[-1]
    seen = "".join(" " if char.isspace() else char for char in last if unicodedata.category(char) not in _UNSEEN)
    seen = unicodedata.normalize("NFC", seen)  # what stood between two that belong together is gone
    stem = " ".join(_NOT_IN_NAMES.sub("_", seen).split()).strip(". ")
    endings = _endings(kind)
    ending = next((each for each in endings if stem.lower().endswith(each)), None)
    if ending is None:
        ending = endings[0] if endings else _own_ending(stem)
        stem += "" if stem.endswith(ending) else ending
    most = MAX_NAME_CHARS - len(ending)
    return (stem[: len(stem) - len(ending)][:most].rstrip(". ") or "file") + stem[len(stem) - len(ending) :]


def _endings(kind: str) -> tuple[str, ...]:
    """How a name of this type may end; () where nobody can say."""
    if kind in _ENDINGS or kind == _UNKNOWN:
        return _ENDINGS.get(kind, ())
    return tuple(_KNOWN_ENDINGS.guess_all_extensions(kind, strict=False)) or _ENDINGS[_TEXT] * kind.startswith("text/")


def _own_ending(stem: str) -> str:
    match = re.search(r"\.[A-Za-z0-9]{1,10}\Z", stem)
    return match[0] if match else ""


def _bare(declared: str) -> str:
    """The type without its parameters."""
    return declared.partition(";")[0].strip().lower()


def _is_listed(kind: str, settings: AttachmentSettings) -> bool:
    family = f"{kind.partition('/')[0]}/*"
    # SVG is a picture that can hold a program: who wants it says so.
    return bool({kind, "*/*"} & {*settings.types}) or (family in settings.types and kind != _SVG)
