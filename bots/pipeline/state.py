"""What is known when a message is decided: values only, read from the ledger, stored back as JSON."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from adapters.base import ReplyTarget, Visibility
from ticket_client.base import Status


class Phase(StrEnum):
    """What the bot expects next in a conversation."""

    IDLE = "idle"
    CHOOSING = "choosing"  # candidates were offered
    ANSWERED = "answered"  # an answer was given; it may turn out not to help
    DESCRIBING = "describing"  # the next words are the matter of a ticket
    NUMBERING = "numbering"  # asked for the number of an earlier ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationState:
    """One person's matter in one place, between two messages."""

    phase: Phase = Phase.IDLE
    language: str | None = None  # chosen with /language
    written_in: str | None = None  # the language last surely written
    question: str = ""  # what is being talked about, and the message that said it
    question_id: str = ""
    candidates: tuple[str, ...] = ()
    offered_at: datetime | None = None  # when they were asked for, or one of them was chosen
    entry: str = ""  # answered last
    ticket_key: str = ""  # the ticket this conversation hangs on

    @property
    def mark(self) -> str:
        """What the buttons under the question carry, so that those under an older one, or another's, are known."""
        return mark(self.question_id) if self.question_id else ""


def mark(message_id: str) -> str:
    """Eight characters for a message's id, which may be too long for a button's action."""
    return hashlib.sha256(message_id.encode()).hexdigest()[:8]


class Identity(NamedTuple):
    """Somebody on one account of one channel."""

    channel: str
    account: str
    author_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as the ledger knows it; `number` is None while the desk has not answered yet."""

    key: str
    desk_id: str | None
    number: str | None
    status: Status
    channel: str
    account: str
    author_id: str
    conversation_key: str
    language: str
    visibility: Visibility
    reply_to: ReplyTarget
    words: str
    opened_at: datetime
    changed_at: datetime
    rating: int | None = None
    rating_asked_at: datetime | None = None
    reference: str = ""  # ours, where the desk's number comes later
    raw_status: str = ""  # the desk's own word
    version: str = ""  # of what was last read of it, as the desk's list tells it
    private_to: ReplyTarget | None = None  # where the requester goes on with it in private
    private_conversation: str = ""

    @property
    def requester(self) -> Identity:
        """Who asked."""
        return Identity(self.channel, self.account, self.author_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTry:
    """What is known of a claim code that a message holds; `holder` is None where the code opens nothing."""

    code_hash: str
    holder: Identity | None = None
    ticket: Ticket | None = None  # the holder's newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything besides the message, the matches and the time that a decision may look at."""

    conversation: ConversationState = ConversationState()
    ticket: Ticket | None = None  # the one this conversation hangs on
    named: Ticket | None = None  # the one whose number the message names, whoever it belongs to
    names_number: bool = False  # whether the message names a number at all
    is_awaited: bool = False  # whether a person at the desk may wait for the requester's words
    own: tuple[Ticket, ...] = ()  # the requester's tickets of the last days, newest first
    identities: frozenset[Identity] = frozenset()  # the requester's other ones, linked with their consent
    complaint: Ticket | None = None  # that of what a moderator's act, a deletion or an edit is about
    earlier_outcome: str | None = None  # of the message that an edit changes
    unconfirmed: tuple[str, ...] = ()  # numbers whose reply here may never have arrived
    chosen_language: str | None = None  # with /language, by the requester in another conversation of this account
    written_in: str | None = None  # the language that the message is surely written in
    is_silenced: bool = False  # the author asked the bot to leave them alone
    claim: ClaimTry | None = None  # the code in the message
    new_code: str = ""  # to hand out, where one is asked for
    private: ReplyTarget | None = None  # of the author, where a secret was said in a shared place
    complainant_private: ReplyTarget | None = None  # the same for the complaint under a moderator's act
