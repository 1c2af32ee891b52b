"""Messages, tickets and a house for the tests of the pipeline and the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from adapters.base import Addressed, Author, IncomingMessage, Kind, Parent, ReplyTarget, Visibility
from bots.pipeline.plan import House
from bots.pipeline.state import Ticket
from bots.wording import Wording
from faq.entries import Entry, Faq
from faq.matching import Candidate, Matches
from ticket_client.base import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANN, EVE = Author(id="ann", handle="ann_a", display_name="Ann"), Author(id="eve", display_name="Eve")
BOSS = Author(id="boss", display_name="Boss", roles=("moderator",), roles_source="getChatMember")
_ids = count(1)


def target(place: str = "chat:1", *, visibility: Visibility = Visibility.PRIVATE, **more: Any) -> ReplyTarget:
    return ReplyTarget(
        channel="telegram", place=place, visibility=visibility, buttons=more.pop("buttons", True), **more
    )


def message(text: str = "", **fields: Any) -> IncomingMessage:
    """A private message of Ann's, unless the fields say otherwise."""
    number = next(_ids)
    visibility = fields.setdefault("visibility", Visibility.PRIVATE)
    author: Author = fields.setdefault("author", ANN)
    place = fields.pop("place", f"chat:{author.id}")
    return IncomingMessage(
        dedupe_key=fields.pop("dedupe_key", f"telegram:bot:update:{number}"),
        kind=fields.pop("kind", Kind.CREATED),
        channel=fields.pop("channel", "telegram"),
        account="bot",
        conversation_key=fields.pop("conversation_key", f"telegram:bot:{place}:{author.id}"),
        message_id=fields.pop("message_id", str(number)),
        addressed=fields.pop("addressed", Addressed.DIRECT),
        text=text,
        sent_at=fields.pop("sent_at", NOW),
        reply_to=fields.pop("reply_to", target(place, visibility=visibility)),
        **fields,
    )


def tap(action: str, **fields: Any) -> IncomingMessage:
    return message(kind=Kind.ACTION, action=action, **fields)


def command(name: str, text: str = "", **fields: Any) -> IncomingMessage:
    return message(text, kind=Kind.COMMAND, command=name, addressed=Addressed.COMMAND, **fields)


def in_public(text: str = "", **fields: Any) -> IncomingMessage:
    fields = {"addressed": Addressed.MENTION, "place": "group:1", **fields}
    return message(text, visibility=Visibility.PUBLIC, **fields)


def moderated(complaint: str | None = "they ate my coins", note: str = "", **fields: Any) -> IncomingMessage:
    """Boss's ``/ticket`` under Ann's public complaint, message 77."""
    fields = {"author": BOSS, "on_behalf_of": ANN, **fields}
    return replace(
        in_public(note, kind=Kind.COMMAND, command="ticket", conversation_key="telegram:bot:group:1:ann", **fields),
        parent=Parent(message_id="77", author=fields["on_behalf_of"], text=complaint),
        staff_reply_to=target("group:1", visibility=Visibility.PUBLIC),
    )


def ticket(number: str | None = "FL-1001", **fields: Any) -> Ticket:
    """Ann's open ticket about an eaten coin, opened yesterday in her private chat."""
    opened = fields.pop("opened_at", NOW - timedelta(days=1))
    return Ticket(
        key=fields.pop("key", f"key of {number}"),
        desk_id=fields.pop("desk_id", "1"),
        number=number,
        status=fields.pop("status", Status.OPEN),
        channel="telegram",
        account="bot",
        author_id=fields.pop("author_id", "ann"),
        conversation_key=fields.pop("conversation_key", "telegram:bot:chat:ann:ann"),
        language=fields.pop("language", "en"),
        visibility=Visibility.PRIVATE,
        reply_to=target(),
        words=fields.pop("words", "the machine ate my shiny coin on Monday"),
        opened_at=opened,
        changed_at=fields.pop("changed_at", opened),
        **fields,
    )


def answers(entry: str = "refund", score: float = 0.97) -> Matches:
    return Matches(decision="answer", candidates=(Candidate(entry=entry, score=score),))


def offers(*entries: str) -> Matches:
    return Matches(decision="suggest", candidates=tuple(Candidate(entry=entry, score=0.5) for entry in entries))


NOTHING = Matches(decision="ticket", candidates=())


def entry(entry_id: str, language: str, question: str, answer: str, links: Sequence[str] = ()) -> Entry:
    return Entry(id=entry_id, language=language, question=question, answer=answer, links=tuple(links))


FAQ = Faq(
    entries=(
        entry("refund", "en", "How do I get a refund?", "Ask for it.\n", ["https://example.org/refund"]),
        entry("refund", "nl", "Hoe krijg ik mijn geld terug?", "Vraag erom.\n"),
        entry("hours", "en", "When are you open? *Always*", "From **nine** to five."),
        entry("hours", "nl", "Wanneer zijn jullie open?", "Van negen tot vijf."),
    )
)


def house(**fields: Any) -> House:
    return House(
        faq=fields.pop("faq", FAQ),
        wording=fields.pop("wording", Wording()),
        organisation=fields.pop("organisation", "Coin & Co"),
        number_prefix="FL",
        desk_language=fields.pop("desk_language", "en"),
    )
