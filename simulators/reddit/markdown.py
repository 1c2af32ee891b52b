"""What a reader sees of Reddit's Markdown, as plain text: enough for what people and bots write in a playground."""

import html
import re

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HIDDEN = re.compile("[\ue021-\ue07e]")
_HIDDEN_FROM = 0xE000
_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\(([^()\s]{1,2000})\)")
_SUPERSCRIPT = re.compile(r"\^\(((?:[^()\n]|\([^()\n]{0,2000}\)){1,500})\)")
_LINE_MARKS = re.compile(r"^ {0,3}(?:>!|>|#{1,6} |(?:-{3,}|\*{3,})[ ]*$)[ ]?", re.MULTILINE)
_MARKS = re.compile(r"\*{1,3}|~~|`|\^(?=\S)")
_BLANK_LINES = re.compile(r"\n{3,}")
_HARD_BREAK = re.compile(r" {2,8}$", re.MULTILINE)


def plain(text: str) -> str:
    """Take the markup away; a link keeps its address behind its words, and an escaped character is itself."""
    text = _ESCAPED.sub(lambda found: chr(_HIDDEN_FROM + ord(found[1])), text)
    text = _SUPERSCRIPT.sub(r"\1", text)
    text = _LINK.sub(lambda found: found[1] if found[1] == found[2] else f"{found[1]} ({found[2]})", text)
    text = _BLANK_LINES.sub("\n\n", _LINE_MARKS.sub("", text))
    text = html.unescape(_HARD_BREAK.sub("", _MARKS.sub("", text)))
    return _HIDDEN.sub(lambda found: chr(ord(found[0]) - _HIDDEN_FROM), text).strip()
