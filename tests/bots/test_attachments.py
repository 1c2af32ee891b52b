"""Which attached files are taken, what they are by their bytes, and how they are named."""

from __future__ import annotations

import base64
import io
import time
import unicodedata
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.base import Attachment
from bots.attachments import MAX_NAME_CHARS, Refusal, Taken, allowed, file_name, media_type, received, refusal, sniffed
from config.settings import AttachmentSettings

USUAL = AttachmentSettings()
ALL = AttachmentSettings(types=("*/*",))
PICTURES = AttachmentSettings(types=("image/*",))
# One pixel each, as ordinary programs wrote them.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(200)
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(20)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00"
ELF = b"\x7fELF\x02\x01\x01" + bytes(9)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
LOG = "2026-11-23 withdrawal failed: ünreachable\r\n\tat Wallet.send\n".encode()
NOISE = bytes(range(256))


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return target.getvalue()


def file(name: str = "file", kind: str = "", size: int | None = None, reference: str = "F1") -> Attachment:
    return Attachment(name=name, media_type=kind, size_bytes=size, reference=reference)


# --- before it is fetched ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attachment", "why_not"),
    [
        (file(kind="image/png"), None),
        (file(kind="IMAGE/PNG"), None),
        (file(kind="text/plain; charset=utf-8"), None),
        (file(kind="application/pdf", size=10_000_000), None),
        (file(kind=""), None),
        (file(kind="application/octet-stream"), None),
        (file(kind="application/pdf", size=10_000_001), Refusal.TOO_LARGE),
        (file(kind="", reference=""), Refusal.NO_FILE),
        (file(kind="image/svg+xml"), Refusal.TYPE),
        (file(kind="text/html"), Refusal.TYPE),
        (file(kind="video/mp4"), Refusal.TYPE),
        (file(kind="sticker"), Refusal.TYPE),
        (file(kind="application/x-msdownload", name="photo.png"), Refusal.TYPE),
    ],
)
def test_what_is_fetched(attachment: Attachment, why_not: Refusal | None) -> None:
    assert refusal(attachment, USUAL) is why_not
    assert allowed(attachment, USUAL) is (why_not is None)


@pytest.mark.parametrize(
    ("settings", "kind", "is_taken"),
    [
        (ALL, "application/x-msdownload", True),
        (ALL, "image/svg+xml", True),
        (PICTURES, "image/tiff", True),
        (PICTURES, "image/svg+xml", False),
        (PICTURES, "imagery/png", False),
        (PICTURES, "application/pdf", False),
        (AttachmentSettings(types=("image/svg+xml",)), "image/svg+xml", True),
        (AttachmentSettings(types=()), "image/png", False),
    ],
)
def test_the_operators_types(settings: AttachmentSettings, kind: str, *, is_taken: bool) -> None:
    assert allowed(file(kind=kind), settings) is is_taken


# --- what it is ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (GIF, "image/gif"),
        (JPEG, "image/jpeg"),
        (WEBP, "image/webp"),
        (HEIC, "image/heic"),
        (MP4, "video/mp4"),
        (PDF, "application/pdf"),
        (EXE, "application/vnd.microsoft.portable-executable"),
        (ELF, "application/x-executable"),
        (OLE, "application/x-ole-storage"),
        (LOG, "text/plain"),
        (SVG, "text/plain"),
        (b"", "text/plain"),
        ("日本語のログ".encode("utf-16"), "text/plain"),
        ("Straße".encode("latin-1"), "text/plain"),
        (NOISE, ""),
        (b"text with a NUL\0", ""),
        (b"\xff\xfe\x00\x00", ""),
        (PNG[:7], ""),
        (b"WEBP", "text/plain"),
    ],
)
def test_the_bytes_tell_the_type(content: bytes, kind: str) -> None:
    assert sniffed(content) == kind


def test_an_archive_is_one() -> None:
    assert sniffed(zipped()) == "application/zip"


@pytest.mark.parametrize(
    ("declared", "content", "kind"),
    [
        # Whatever it is said to be, what can be seen goes first.
        ("image/png", JPEG, "image/jpeg"),
        ("text/plain", PNG, "image/png"),
        ("image/png", EXE, "application/vnd.microsoft.portable-executable"),
        ("text/plain", ELF, "application/x-executable"),
        ("image/jpeg", LOG, "text/plain"),
        ("", PDF, "application/pdf"),
        ("", LOG, "text/plain"),
        # What could have been seen, and was not, is not believed.
        ("image/png", NOISE, "application/octet-stream"),
        ("application/pdf", NOISE, "application/octet-stream"),
        ("text/plain", NOISE, "application/octet-stream"),
        ("image/svg+xml", NOISE, "application/octet-stream"),
        ("", NOISE, "application/octet-stream"),
        ("sticker", NOISE, "application/octet-stream"),
        # Text is of whatever kind it is said to be, and wrappings hold what they are said to hold.
        ("text/html", SVG, "text/html"),
        ("text/csv; header=present", LOG, "text/csv"),
        ("image/svg+xml", SVG, "image/svg+xml"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", OLE, "application/x-ole-storage"),
        ("application/msword", OLE, "application/msword"),
        ("video/quicktime", MP4, "video/quicktime"),
        ("image/png", MP4, "video/mp4"),
        # What no table knows, nobody can check.
        ("application/x-ledger", NOISE, "application/x-ledger"),
    ],
)
def test_what_a_file_is(declared: str, content: bytes, kind: str) -> None:
    assert media_type(declared, content) == kind


def test_a_document_in_an_archive_is_what_it_is_said_to_be() -> None:
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert media_type(word, zipped()) == word
    assert media_type("image/png", zipped()) == "application/zip"


# --- what goes to the desk -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "declared", "content", "taken"),
    [
        ("proof.png", "image/png", PNG, Taken(name="proof.png", media_type="image/png")),
        ("photo", "image/jpeg", JPEG, Taken(name="photo.jpg", media_type="image/jpeg")),
        ("proof.exe", "image/png", PNG, Taken(name="proof.exe.png", media_type="image/png")),
        ("evil.html", "text/plain", SVG, Taken(name="evil.html.txt", media_type="text/plain")),
        ("app.LOG", "", LOG, Taken(name="app.LOG", media_type="text/plain")),
        ("photo.png", "image/png", EXE, Refusal.TYPE),
        ("photo.png", "image/png", NOISE, Refusal.TYPE),
        ("invoice.pdf", "application/pdf", b"#!/bin/sh\0", Refusal.TYPE),
        ("notes.txt", "", SVG, Taken(name="notes.txt", media_type="text/plain")),
        ("notes.html", "text/html", SVG, Refusal.TYPE),
        ("picture.svg", "image/svg+xml", SVG, Refusal.TYPE),
    ],
)
def test_what_is_taken(name: str, declared: str, content: bytes, taken: Taken | Refusal) -> None:
    assert received(file(name, declared), content, USUAL) == taken


def test_what_is_larger_than_it_was_said_to_be_is_not_taken() -> None:
    settings = AttachmentSettings(max_bytes=len(PNG) - 1)
    assert received(file(kind="image/png", size=3), PNG, settings) is Refusal.TOO_LARGE


def test_who_wants_everything_gets_everything_as_it_is() -> None:
    assert received(file("setup.exe", "image/png"), EXE, ALL) == Taken(
        name="setup.exe", media_type="application/vnd.microsoft.portable-executable"
    )
    assert received(file("data.foo"), NOISE, ALL) == Taken(name="data.foo", media_type="application/octet-stream")


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "safe"),
    [
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\ana\\proof.pdf", "application/pdf", "proof.pdf"),
        ("/", "image/png", "file.png"),
        ("", "application/octet-stream", "file"),
        ("..", "text/plain", "file.txt"),
        (".htaccess", "text/plain", "htaccess.txt"),
        ("a\r\nContent-Type: text\n\n.png", "image/png", "aContent-Type_ text.png"),
        ('a"; filename="b.exe', "image/png", "a_; filename=_b.exe.png"),
        # A right-to-left override shows "photo_gpj.exe" as "photo_exe.jpg".
        ("photo_\u202egpj.exe", "image/jpeg", "photo_gpj.exe.jpg"),
        ("pro\u200bof\u2066.pdf\ufeff", "application/pdf", "proof.pdf"),
        ("  proof   of\u00a0payment .pdf ", "application/pdf", "proof of payment.pdf"),
        ("proof.pdf. . ", "application/pdf", "proof.pdf"),
        ("Überweisung Ω 証明.jpeg", "image/jpeg", "Überweisung Ω 証明.jpeg"),
        ("data.csv", "text/csv", "data.csv"),
        ("a" * 300 + ".png", "image/png", "a" * 116 + ".png"),
        ("\ud83d.png", "image/png", "png.png"),
        ("voice", "audio/ogg", "voice.ogg"),
        ("x.exe", "text/x-nobody-knows", "x.exe.txt"),
    ],
)
def test_a_safe_name(name: str, kind: str, safe: str) -> None:
    assert file_name(name, kind) == safe


@given(
    st.one_of(st.text(), st.text(alphabet='./\\ \0\u202e"<>:a\u0301\ud800é')),
    st.sampled_from(["image/png", "text/plain", "application/octet-stream", "video/mp4", "application/zip", "x/y"]),
)
@example("." * 200 + "png", "image/png")
@example("a" * 118 + ". .png", "image/png")
@example("A\x1f\u0300", "image/png")
def test_whatever_the_name_a_safe_one_comes_of_it(name: str, kind: str) -> None:
    safe = file_name(name, kind)
    assert 0 < len(safe) <= MAX_NAME_CHARS
    assert not set(safe) & set('/\\<>:"|?*\r\n\0')
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in safe)
    assert safe == safe.strip(". ")
    assert file_name(safe, kind) == safe
    if kind == "image/png":
        assert safe.lower().endswith(".png")
    safe.encode()


@pytest.mark.parametrize("name", ["/" * 10_000, "\u202e" * 10_000, "." * 10_000, "a." * 5_000, " " * 10_000 + "x"])
def test_a_monstrous_name_costs_little(name: str) -> None:
    began = time.perf_counter()
    file_name(name, "image/png")
    assert time.perf_counter() - began < 0.1


@given(st.binary(max_size=300), st.text(max_size=20))
def test_whatever_the_bytes_only_listed_types_are_taken(content: bytes, declared: str) -> None:
    outcome = received(file(kind=declared), content, USUAL)
    assert isinstance(outcome, Refusal) or outcome.media_type in USUAL.types


@given(st.binary(max_size=100))
def test_nothing_that_runs_is_taken_for_a_picture(content: bytes) -> None:
    for mark in (EXE, ELF):
        assert received(file("a.png", "image/png"), mark + content, USUAL) is Refusal.TYPE
