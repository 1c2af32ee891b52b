"""Reads from a ledger what people asked and what came of it: what the FAQ lacks, and whether its answers were right.

Only words that are still there are read: what its author deleted or retention erased is left out, and so is every
message from which a secret was taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from adapters.base import IncomingMessage, Kind
from bots.ledger import codec
from bots.ledger.report import reading
from bots.pipeline.plan import ticket_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bots.ledger.connection import Row
    from bots.ledger.database import Place

MAX_QUESTIONS = 20_000  # the newest ones; keeps time and memory bounded
SOON = timedelta(minutes=10)  # a ticket so soon after an answer says that it did not help


class Verdict(StrEnum):
    """What the person who asked made of the reply."""

    NONE = "none"  # nothing is known
    HELPED = "helped"  # the answer, says a thumb
    CHOSEN = "chosen"  # an entry among those offered
    REFUSED = "refused"  # "None of these", or a ticket instead of a choice
    UNHELPFUL = "unhelpful"  # the answer, says a thumb
    TICKET_AFTER = "ticket_after"  # a ticket soon after the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question and what came of it.

    Attributes:
        outcome: "answered", "suggested" or "ticket_opened", what the bot did at first.
        rule: Of that outcome.
        entry: The id answered, chosen, or offered first; None where nothing was.
        verdict: On `entry`, or on all entries offered.
        chosen: Whether `entry` was chosen by the person.
    """

    text: str
    language: str | None
    channel: str
    at: datetime
    outcome: str
    rule: str
    entry: str | None
    verdict: Verdict = Verdict.NONE
    chosen: bool = False

    @property
    def unanswered(self) -> bool:
        """Whether the person went without an answer, as far as is known."""
        if self.outcome == "answered" or self.chosen:
            return self.verdict in {Verdict.UNHELPFUL, Verdict.TICKET_AFTER}
        return True

    @property
    def tells_of_the_score(self) -> bool:
        """Whether a verdict says how good the message's score was: several questions have several right entries."""
        return self.rule != "several"

    @property
    def why(self) -> str:
        """Why it counts as not answered, in a few words."""
        if self.verdict is Verdict.REFUSED:
            return "none of these"
        if self.verdict in {Verdict.UNHELPFUL, Verdict.TICKET_AFTER}:
            return "answer did not help"
        return {"suggested": "nothing chosen"}.get(self.outcome, self.rule.replace("_", " "))


def asked(place: Place, since: datetime) -> list[Asked]:
    """Every question since a time, oldest first, at most the newest 20,000.

    Raises:
        LedgerError: There is no ledger, or it is none.
    """
    with reading(place) as connection:
        rows = connection.execute(
            "SELECT i.id, i.channel, i.conversation_key, i.received_at, i.payload, i.erased_at,"
            " o.outcome, o.rule, o.entry, o.ticket_key"
            " FROM inbound i JOIN outcomes o ON o.inbound_id = i.id WHERE i.received_at >= ?"
            " AND (o.outcome IN ('answered', 'suggested', 'ticket_opened') OR o.rule IN ('helpful', 'too_many_open'))"
            " ORDER BY i.id DESC LIMIT ?",
            (codec.stamp(since), 4 * MAX_QUESTIONS),
        ).fetchall()
    return _replay(reversed(rows))[-MAX_QUESTIONS:]


def _replay(rows: Iterable[Row]) -> list[Asked]:
    """Go through what happened in order; the last question of a conversation is what taps and tickets are about."""
    found: dict[str, Asked] = {}  # by the key that a ticket about the question would have
    last: dict[str, str] = {}
    for row in rows:
        message = codec.load(IncomingMessage, row["payload"])
        conversation = row["conversation_key"]
        own = ticket_key(conversation, message.reply_to.place, _subject_id(message))
        about = last.get(conversation, "")
        if row["outcome"] == "acted":
            _judge(found, about, Verdict.HELPED)
        elif row["outcome"] == "answered" and row["rule"] == "chosen":
            if about in found:
                found[about] = replace(found[about], verdict=Verdict.CHOSEN, entry=row["entry"], chosen=True)
        elif row["outcome"] == "appended":  # whoever has too many tickets gets no other
            if message.kind is Kind.ACTION:
                _judge(found, about, Verdict.UNHELPFUL)
        elif row["outcome"] == "ticket_opened" and row["ticket_key"] != own:
            _judge(found, row["ticket_key"], Verdict.UNHELPFUL)
        else:
            at = codec.read_stamp(row["received_at"])
            if row["outcome"] == "ticket_opened":
                _ticket_after(found, about, at)
            last[conversation] = own
            if words := _words(message, erased=row["erased_at"] is not None):
                found[own] = Asked(
                    text=words,
                    language=message.language_hint,
                    channel=row["channel"],
                    at=at,
                    outcome=row["outcome"],
                    rule=row["rule"],
                    entry=row["entry"],
                )
    return sorted(found.values(), key=lambda one: one.at)


def _judge(found: dict[str, Asked], key: str, verdict: Verdict) -> None:
    """Note what somebody said of the reply to a question; whoever first chose and then thanks, chose."""
    question = found.get(key)
    if question is None:
        return
    answered = question.outcome == "answered" or question.chosen
    if verdict is Verdict.HELPED and question.verdict is Verdict.NONE and answered:
        found[key] = replace(question, verdict=verdict)
    if verdict is Verdict.UNHELPFUL and question.outcome != "ticket_opened":
        found[key] = replace(question, verdict=verdict if answered else Verdict.REFUSED)


def _ticket_after(found: dict[str, Asked], about: str, at: datetime) -> None:
    question = found.get(about)
    if question is None or question.outcome != "answered" or question.verdict is not Verdict.NONE:
        return
    if at - question.at <= SOON:
        found[about] = replace(question, verdict=Verdict.TICKET_AFTER)


def _subject_id(message: IncomingMessage) -> str:
    """The message that a ticket would be about: a moderator's act is about the complaint."""
    return message.parent.message_id if message.on_behalf_of and message.parent else message.message_id


def _words(message: IncomingMessage, *, erased: bool) -> str:
    """What was asked; empty where it is gone, held a secret, or was a tap."""
    if message.on_behalf_of is not None:
        parent = message.parent
        return (parent.text or "").strip() if parent and not parent.secrets and not erased else ""
    if erased or message.secrets or message.kind not in {Kind.CREATED, Kind.EDITED, Kind.COMMAND}:
        return ""
    return message.text.strip()
