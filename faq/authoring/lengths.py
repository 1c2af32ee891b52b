"""How long an answer is for a channel, and how many posts it takes there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

# Twitter's rules (twitter-text 3): these characters count 1, all others 2, a link 23, an emoji with all its parts 2.
_LIGHT = re.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_LINK_WEIGHT = 23
_EMOJI_WEIGHT = 2
_LINK = re.compile(
    r"https?://[^\s<>]+|\b(?:[\w-]{1,63}\.){1,8}(?:com|net|org|io|app|dev|info|co|ai|eu)\b(?:/[^\s<>]*)?"
)
_PICTURE = (
    "[\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_JOINED = "[\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    f"|{_PICTURE}{_JOINED}{{0,8}}(?:\u200d{_PICTURE}{_JOINED}{{0,8}}){{0,8}}"
)
_MARKS = re.compile(r"\*\*|`|\\(?=[\\*`])")


def x_weight(text: str) -> int:
    """Give the length that X counts, of 280 a post."""
    text = unicodedata.normalize("NFC", text)
    rest, links = _LINK.subn("", text)
    rest, emoji = _EMOJI.subn("", rest)
    heavy = len(_LIGHT.sub("", rest))
    return links * _LINK_WEIGHT + emoji * _EMOJI_WEIGHT + len(rest) + heavy


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """How much one post of a channel holds, as the channel counts."""

    name: str
    limit: int
    unit: str
    weigh: Callable[[str], int]


X = Channel(name="X", limit=280, unit="weighted characters", weigh=x_weight)
DISCORD = Channel(name="Discord", limit=2000, unit="characters", weigh=len)
TELEGRAM = Channel(name="Telegram", limit=4096, unit="UTF-16 units", weigh=_utf16)


def posts(markup: str, channel: Channel) -> int:
    """Give how many posts a text takes at least, cut between words; bold and code marks are not shown.

    A word that fits no post takes as many as its length needs.
    """
    text = _MARKS.sub("", markup).strip()
    if channel.weigh(text) <= channel.limit:
        return 1
    count, used = 1, 0
    for word in re.findall(r"\s*\S+", text):
        weight = channel.weigh(word.strip())
        blank = len(word) - len(word.lstrip())
        if used and used + blank + weight > channel.limit:
            count, used, blank = count + 1, 0, 0
        count += (used + blank + weight - 1) // channel.limit
        used = (used + blank + weight - 1) % channel.limit + 1
    return count
