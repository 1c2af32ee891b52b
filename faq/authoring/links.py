"""Links in answers: which are there, and which of them people should not be sent to. Nothing is ever fetched."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

Severity = Literal["error", "warning", "hint"]

SHORTENERS = re.compile(
    r"(?:bit\.ly|buff\.ly|cutt\.ly|goo\.gl|is\.gd|lnkd\.in|ow\.ly|rb\.gy|rebrand\.ly|s\.id|short\.io|shorturl\.at|t\.co|t\.ly"
    r"|tiny\.cc|tinyurl\.com|trib\.al|v\.gd)"
)
OUTSIDE_THE_WEB = ("mailto", "tel")
FORGED_IN = {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}  # alphabets with letters that look like Latin ones

# Each regular expression is linear: a run stops at the character that would begin the next one.
_MARKDOWN = re.compile(r"\[([^\[\]\n]{0,300})\]\(([^()\s]{1,2000})[^()\n]{0,100}\)")
_BARE = re.compile(
    r"(?:\b(?:https?|ftp|file)://|\b(?:java|vb)script:(?=\S)|\bdata:(?=\w{1,20}/))[^\s<>`]*", re.IGNORECASE
)
_NUMBER = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)", re.IGNORECASE)
_SHOWN_HOST = re.compile(r"(?:https?://)?((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})(?:[/?#]\S*)?", re.IGNORECASE)
_TRAILING = ".,;:!?'\")]}*"  # ends the sentence, not the link


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of an answer; `shown` is the text of a Markdown link, empty for a bare one."""

    target: str
    shown: str = ""

    @property
    def host(self) -> str:
        """The host it leads to, in lower case and without `www.`; empty where there is none."""
        try:
            return (urlsplit(self.target).hostname or "").removeprefix("www.")
        except ValueError:
            return ""


def links(text: str) -> list[Link]:
    """Find the Markdown links and the bare links of a text."""
    found = [Link(target=match[2].strip("<>"), shown=match[1]) for match in _MARKDOWN.finditer(text)]
    rest = _MARKDOWN.sub(" ", text)
    return found + [Link(target=match[0].rstrip(_TRAILING)) for match in _BARE.finditer(rest)]


def faults(link: Link) -> Iterator[tuple[Severity, str]]:
    """Say what is wrong with a link that has a scheme, as the rest of a sentence that begins with the link."""
    odd = next((char for char in link.target if char.isspace() or not char.isprintable()), "")
    if odd:
        yield "error", f"holds an invisible or blank character (U+{ord(odd):04X}); type it anew"
        return
    try:
        parts = urlsplit(link.target)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        yield "error", "is no web address"
        return
    if parts.scheme in OUTSIDE_THE_WEB:
        return
    if parts.scheme not in {"http", "https"}:
        yield "error", f"begins with '{parts.scheme}:'; people may only be sent to https:// addresses"
        return
    if not host:
        yield "error", "names no host"
        return
    if parts.scheme == "http":
        yield "warning", "is not encrypted; use https://"
    if "@" in parts.netloc:
        yield "error", f"leads to '{host}', not to what stands before the @; remove that part"
    yield from _host_faults(host)
    shown = _SHOWN_HOST.fullmatch(link.shown.strip())
    if shown and not f".{host}".endswith(f".{shown[1].lower().removeprefix('www.')}"):
        yield "error", f"is shown as '{shown[1]}' but leads to '{host}'"


def _host_faults(host: str) -> Iterator[tuple[Severity, str]]:
    labels = host.split(".")
    if _is_address(host):
        yield "warning", "leads to a number instead of a name; people cannot tell whose it is"
    elif SHORTENERS.fullmatch(host.removeprefix("www.")):
        yield "warning", "is shortened; people cannot see where it leads. Write the address itself"
    for label in labels:
        spoken = label
        if label.startswith("xn--"):
            try:
                spoken = label.encode().decode("idna")
            except UnicodeError:
                yield "error", f"has a host part that cannot be read ('{label}')"
                continue
            yield "warning", f"shows '{spoken}' written as '{label}'; make sure that it is yours"
        scripts = {unicodedata.name(char, "?").partition(" ")[0] for char in spoken if char.isalpha()}
        if len(scripts) > 1 and scripts & {"LATIN"} and scripts & FORGED_IN:
            yield "error", f"mixes alphabets in '{spoken}', as forged addresses do"
        elif scripts & FORGED_IN and labels[-1].isascii() and spoken == label:
            yield "warning", f"has a host in letters that may look like Latin ones ('{spoken}'); make sure it is yours"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return all(_NUMBER.fullmatch(label) for label in host.split("."))
    return True
