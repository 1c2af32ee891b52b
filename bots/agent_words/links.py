"""Which links of an agent's text may be shown, and how."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote, urlsplit

_TORN = re.compile(r"[\t\r\n\0]")  # what browsers take out of an address
_SPECIAL = frozenset('"<>()\\^`{}|*')  # what ends an address in a text, or is markup there
_MAX_NAME = 100


def address(href: str) -> str:
    """A link as it can stand in a text: http or https, or the address of a mailto; else nothing."""
    href = _TORN.sub("", href).strip()
    scheme, _, rest = href.partition(":")
    if scheme.casefold() == "mailto":
        mail = "".join(unquote(rest.partition("?")[0]).split())
        return mail if "@" in mail and mail.isprintable() else ""
    if _parts(href) is None:
        return ""
    return "".join(quote(char) if char in _SPECIAL or unicodedata.category(char)[0] in "CZ" else char for char in href)


def public(href: str, hosts: tuple[str, ...]) -> str:
    """The address of an image that stands, over https, at one of these hosts exactly; else nothing."""
    link = address(href)
    parts = _parts(link)
    if parts is None or parts[0] != "https" or parts[1] not in {host.casefold() for host in hosts}:
        return ""
    return link


def _parts(href: str) -> tuple[str, str] | None:
    """Scheme and host with its port, in lower case; None for what is no address of the web."""
    try:
        split = urlsplit(href)
        host = split.netloc.casefold() if split.hostname and split.port != 0 else ""
    except ValueError:  # "http://[", a port of letters
        return None
    return (split.scheme, host) if split.scheme in {"http", "https"} and host else None


def is_same(words: str, link: str) -> bool:
    """Whether the words of a link are the link already, perhaps without ``https://``."""
    return _bare(words) == _bare(link)


def _bare(link: str) -> str:
    return re.sub(r"^(?:https?://|mailto:)", "", link.strip().casefold()).removesuffix("/")


def file_name(href: str) -> str:
    """The name of what an address leads to, as far as it tells one."""
    try:
        path = urlsplit(href).path if urlsplit(href).scheme in {"http", "https", ""} else ""
    except ValueError:
        return ""
    return one_line(unquote(path.rpartition("/")[2]))


def one_line(name: str) -> str:
    """A name on one line, without what nobody sees, at most 100 characters."""
    shown = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in name)
    return " ".join(shown.split())[:_MAX_NAME]
