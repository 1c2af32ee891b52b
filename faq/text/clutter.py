"""What stands in a message and says nothing about the question: quotes, signatures, names, links, emoji."""

from __future__ import annotations

import re
from itertools import takewhile

MAX_LAST_TAGS = 10
MAX_SIGNATURE_LINES = 6
MAX_SIGNATURE_LINE_CHARS = 60
MAX_INTRODUCTION_CHARS = 240

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]+"
)
_LINKED = re.compile(r"\[([^\[\]\n]{1,200})\]\(\s?https?://[^\s()]{1,500}\)")  # Markdown
_ADDRESSES = re.compile(
    # Neither the mark that ends the sentence nor Chinese or Japanese that follows without a space.
    r"(?:https?://|www\.)[^\s<>\u2e80-\u9fff]*[^\s<>\u2e80-\u9fff.,!?;:'\")\]}]"
    r"|(?<![\w.@-])[A-Za-z0-9-]{1,63}\.[A-Za-z]{2,6}/[^\s]+"  # bit.ly/xyz
    r"|<(?:[@#:]|a:)[^<>\s]{1,80}>"  # Discord's mentions and emoji
    r"|(?<![\w.])@\w{1,64}(?:@[\w.-]{1,100})?"  # @names, not e-mail addresses
    r"|(?<![\w/])/?[ur]/[\w-]{2,32}"  # Reddit's names
)
_PICTURES = re.compile(
    "[\u20d0-\u20ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\ufffd\ue000-\uf8ff"
    "\U0001f000-\U0001faff]+"
    r"|(?<![\w:]):[A-Za-z][\w+-]{1,31}:(?![\w:])"  # :smile:
    r"|(?<!\S)(?:[:;=]['\u2019]?-?[()DPpOo3/\\|*]+|[xX]-?[)D]+|<3+|\^_*\^)(?![^\s.,!?])"
)
# Without one of these nothing of the above is in a text: one look instead of a substitution each.
_ADDRESSING = re.compile(r"[@/<\[]|www\.")
_PICTURING = re.compile(r"[^A-Za-z0-9\s,.?!'\"(\-\u00c0-\u024f]")
_LAUGHING = re.compile("[xX]-?D")
_HASHTAG = re.compile(r"(?<![\w&/])#(?=\w*[^\W\d_])")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_EMPHASIS = re.compile(r"[*_~|]{2,3}|`+")

_QUOTED = re.compile(r"[ \t]{0,20}(?:>[ \t]?)+(?!\d)")
_INTRODUCED = re.compile(
    r"(?:on|op|am|le|el|il|em)\b.{4,150}\b(?:wrote|schreef|schrieb|écrit|escribió|scritto|escreveu)\b.{0,80}:\s{0,5}",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"[-_\s]{0,20}(?:original message|forwarded message|oorspronkelijk bericht|doorgestuurd bericht"
    r"|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message transféré|mensaje original"
    r"|messaggio originale|mensagem original)[-_:\s]{0,20}",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"(?:--|—|__+)\s{0,5}"
    r"|(?:sent (?:from|via)|get outlook for|verzonden (?:vanaf|vanuit|met|via)|verstuurd vanaf|gesendet (?:von|mit|aus)"
    r"|von meinem .{1,30} gesendet|envoyé (?:de|depuis|à partir)|enviado (?:desde|do|de|a partir)|inviato da"
    r"|wysłane z|skickat från|sendt fra|lähetetty|отправлено (?:\u0441|из)|надіслано з|发自我的|أرسلت من|נשלח מ).{0,60}"
    r"|.{1,30}(?:gönderildi|から送信)[.]?"
    r"|(?:(?:kind|best|warm|many) )?(?:regards|wishes)|(?:many )?thanks(?: in advance)?|thx|cheers|sincerely"
    r"|yours.{0,12}|(?:met )?vriendelijke groet(?:en|jes)?|mvg|groet(?:en|jes)"
    r"|(?:mit )?(?:freundlichen?|besten?|vielen?|liebe) grü(?:ß|ss)en?|mfg|lg|vg"
    r"|(?:bien )?cordialement|bien à vous|(?:un )?(?:cordial )?saludos?|atentamente|(?:cordiali|distinti) saluti"
    r"|atenciosamente|sayg\u0131lar\w{0,6}|\u0441 уважением|pozdrawiam|med vänlig hälsning|(?:med )?venlig hilsen",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """Give what the author wrote: without quoted lines, earlier mails and the signature; all if nothing is left."""
    lines = text.splitlines()
    if len(lines) < 2:  # noqa: PLR2004 - one line has no second part
        return _QUOTED.sub("", text, count=1) if _QUOTED.match(text) else text
    kept: list[str] = []
    for line in lines:
        bare = line.strip()
        if len(bare) <= MAX_INTRODUCTION_CHARS and kept and _EARLIER.fullmatch(bare):
            break
        if not _QUOTED.match(line) and not (len(bare) <= MAX_INTRODUCTION_CHARS and _INTRODUCED.fullmatch(bare)):
            kept.append(line)
    kept = _unsigned(kept)
    own = "\n".join(kept).strip()
    return own if any(map(str.isalnum, own)) else "\n".join(_QUOTED.sub("", line, count=1) for line in lines)


def _unsigned(lines: list[str]) -> list[str]:
    """Cut the signature: a closing line near the end and the short lines below it."""
    while lines and not lines[-1].strip():
        lines.pop()
    for at in range(max(1, len(lines) - MAX_SIGNATURE_LINES), len(lines)):
        below = [line.strip() for line in lines[at:]]
        if max(map(len, below)) > MAX_SIGNATURE_LINE_CHARS or any("?" in line for line in below):
            continue
        if _SIGNED.fullmatch(below[0].rstrip(",.! ")) or _SIGNED.fullmatch(below[0]):
            return lines[:at]
    return lines


def visible(text: str) -> str:
    """Drop marks that nobody sees and control characters."""
    return text if text.isascii() and text.isprintable() else _INVISIBLE.sub("", text)


def without_names_and_links(text: str) -> str:
    """Put a space in place of each mention and link; the words of a Markdown link stay."""
    return text if _ADDRESSING.search(text) is None else _ADDRESSES.sub(" ", _LINKED.sub(r"\1", text))


def without_pictures(text: str) -> str:
    """Put a space in place of emoji, their short codes, smileys and marks of emphasis."""
    if _PICTURING.search(text) is None and _LAUGHING.search(text) is None:
        return text
    return _EMPHASIS.sub("", _PICTURES.sub(" ", text))


def without_tags(text: str) -> tuple[str, str]:
    """Give the text with hashtags inside it as plain words, and the words of the tags that end it."""
    if "#" not in text:
        return text, ""
    _, *last = text.rsplit(maxsplit=MAX_LAST_TAGS)
    tags = list(takewhile(lambda word: word.startswith("#"), reversed(last)))
    body = text.rsplit(maxsplit=len(tags))[0] if tags else text
    return _untagged(body), _untagged(" ".join(reversed(tags)))


def _untagged(text: str) -> str:
    words = [_CAMEL.sub(" ", word) if "#" in word else word for word in re.split(r"(\s+)", text)]
    return _HASHTAG.sub("", "".join(words))
