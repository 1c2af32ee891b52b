"""HTML of a helpdesk's article as neutral markup. Nothing is fetched and nothing is run.

The standard library's `html.parser` needs 0.8 s for 10 kB of `<a "` (Python 3.11.7: time grows with the square), hence
a tokeniser of our own: it looks at each character a bounded number of times, whatever the text.
"""

from __future__ import annotations

import html
import re

from faq.importing.composing import Composer

# Possessive throughout: no character is read twice for one tag. A "<" ends an attempt, except inside of quotes.
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_LOOSE_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*+)([^<>]*+)>")
_HREF = re.compile(r"(?<![\w-])href\s{0,9}=\s{0,9}(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{7,}+);?")  # no character has such a number
_LOOKS_LIKE = re.compile(
    r"</?(?:p|br|div|ul|ol|li|a|b|i|strong|em|span|h[1-6]|table|tr|td|img|code|pre|blockquote)(?:\s++[a-z-]++\s{0,9}=[^<>]*+)?\s{0,9}/?>",
    re.IGNORECASE,
)
SKIPPED = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "select", "textarea"})


def is_html(text: str) -> bool:
    """Whether there is a tag in it that people's plain text has not."""
    return bool(_LOOKS_LIKE.search(text))


def compose(source: str) -> Composer:
    """Read HTML; take `markup()` and `remarks()` of what is returned."""
    composer = Composer()
    lowered = source.lower() if len(source.lower()) == len(source) else source
    tag_of, at = TAG, 0
    while True:
        opened = source.find("<", at)
        if opened < 0:
            composer.text(unescape(source[at:]))
            return composer
        composer.text(unescape(source[at:opened]))
        if source.startswith(("<!", "<?"), opened):
            at = _after_declaration(source, opened)
            continue
        found = tag_of.match(source, opened)
        if found is None and tag_of is TAG and (found := _LOOSE_TAG.match(source, opened)):
            tag_of = _LOOSE_TAG  # a quote is never closed: from here on quotes mean nothing
        if found is None:
            composer.text("<")
            at = opened + 1
            continue
        at = _apply(composer, found, lowered)


def unescape(text: str) -> str:
    """Read character references; those of no character are U+FFFD, however long."""
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text


def href_of(attributes: str) -> str:
    """The address among a tag's attributes."""
    found = _HREF.search(attributes)
    return unescape(next((value for value in found.groups() if value is not None), "")) if found else ""


def _after_declaration(source: str, opened: int) -> int:
    closing = "-->" if source.startswith("<!--", opened) else ">"
    end = source.find(closing, opened + 2)
    return end + len(closing) if end >= 0 else len(source)


def _apply(composer: Composer, found: re.Match[str], lowered: str) -> int:
    """Do what a tag says; where to read on."""
    name = found[2].lower()
    if found[1]:
        composer.end(name)
    elif name in SKIPPED:
        end = lowered.find(f"</{name}", found.end())
        return end if end >= 0 else len(lowered)
    else:
        composer.start(name, href_of(found[3]) if name == "a" else "")
    return found.end()
