"""What an agent wrote at the desk, as the user reads it: the desk's markup becomes the neutral one of `adapters`."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from adapters.markup import escape

if TYPE_CHECKING:
    from ticket_client.base import AgentReply


def markup(reply: AgentReply) -> str:
    """An agent's reply in neutral markup."""
    if reply.format != "html":
        return escape(reply.text.strip())
    reader = _Reader()
    reader.feed(reply.text)
    reader.close()
    return escape("".join(reader.pieces).strip())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the library's form
        if tag in {"br", "p", "div", "li"}:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
