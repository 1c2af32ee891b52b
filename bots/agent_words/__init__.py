"""What an agent wrote at the desk, as the user reads it: the desk's markup becomes the neutral one of `adapters`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from adapters.markup import escape
from bots.agent_words import from_html, from_markdown
from bots.agent_words.lines import Line, without_history
from bots.agent_words.links import address, file_name, one_line, public
from bots.wording import Wording

if TYPE_CHECKING:
    from ticket_client.base import AgentReply

_EMPTY_LINES = re.compile(r"\n{3,}")
_MAX_CHARS = 200_000  # a desk allows 65,536; what pictures pasted into a text may add is more


def markup(reply: AgentReply, wording: Wording | None = None, language: str = "en") -> str:
    """An agent's reply in neutral markup: paragraphs, lists, quotes, bold, code, and links that can be seen.

    Images and files are named, with a link where anybody can open it. An earlier e-mail that the reply ends with is
    left out. Nothing of the text acts: names that begin with ``@`` are for the adapters to defuse. Empty where nothing
    is to be read.

    Args:
        reply: of the desk.
        wording: the catalogues, for the words around files; ours by default.
        language: of the user.
    """
    teller = _Teller(reply, wording or Wording(), language)
    text = reply.text[:_MAX_CHARS].replace("\r\n", "\n").replace("\r", "\n")
    if reply.format != "html":
        text = _EMPTY_LINES.sub("\n\n", text)
    match reply.format:
        case "html":
            lines = from_html.lines(text, teller.picture)
        case "markdown":
            lines = from_markdown.lines(text, teller.picture)
        case _:
            lines = [Line(runs=[(line, "plain")]) for line in text.splitlines()]
    said = "\n".join(line.markup for line in without_history(lines)).strip("\n")
    return "\n\n".join(filter(None, (said, teller.files())))


class _Teller:
    """Words for what is no text in a reply."""

    def __init__(self, reply: AgentReply, wording: Wording, language: str) -> None:
        self._reply = reply
        self._wording = wording
        self._language = language

    def picture(self, source: str, words: str) -> str:
        """An image: a link where everybody may open it, a character where it stands for one, else its name."""
        words = one_line(words)
        link = public(source, self._reply.public_hosts)
        if link:
            return f"{words}: {link}" if words else link
        if words and not words.isascii() and not any(map(str.isalnum, words)):
            return words  # an emoji
        name = words or file_name(source)
        if not name:
            return self._wording.say(self._language, "agent-picture")
        return self._wording.say(self._language, "agent-picture-named", name=name)

    def files(self) -> str:
        """A line for every file with a link, and a sentence about those without."""
        names = [(escape(one_line(file.name)), escape(address(file.url))) for file in self._reply.files]
        told = [f"{name}: {url}" if name else url for name, url in names if url]
        if unseen := ", ".join(name or "?" for name, url in names if not url):
            told.append(self._wording.say(self._language, "agent-files", names=unseen))
        return "\n".join(told)
