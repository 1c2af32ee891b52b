"""What a decision makes happen: written to the ledger in one transaction, carried out from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapters.base import Attachment, Button, Instead, ReplyTarget, Visibility
from bots.pipeline.state import ConversationState
from ticket_client.base import TicketDraft

NUMBER = "\ue000"
"""Stands for the ticket's number in a text that is written before the desk has given one (a private-use character)."""


SILENCED = "the requester asked the bot to be silent"
"""Why a reply is held for somebody who opted out; they hear it once they opt in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Something to post. `text` is neutral markup of any length; `key` is unique for ever.

    `ending` closes a text that is too long for its target and shortened; `hold` is why a moderator has to release it,
    whatever the target says; `secret` and `instead` as in `adapters.base.Reply`.
    """

    key: str
    target: ReplyTarget
    text: str
    buttons: tuple[Button, ...] = ()
    quiet: bool = False
    speaker: Literal["bot", "agent"] = "bot"
    ticket_key: str = ""
    number: str | None = None
    ending: str = ""
    hold: str = ""
    secret: str = ""
    instead: Instead | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A ticket to open, and what to say once its number is known."""

    draft: TicketDraft
    channel: str
    account: str
    author_id: str
    conversation_key: str
    reply_to: ReplyTarget
    visibility: Visibility
    language: str
    words: str
    announce: tuple[Say, ...]
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskMessage:
    """Something to add to a ticket: the requester's words or a private note. The same key is added once."""

    key: str
    ticket_key: str
    kind: Literal["message", "note"]
    text: str
    channel: str = ""  # where `files` are to be fetched
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What happens to a claim code, by its hash.

    "issue": it was handed out to the message's author; "redeem": it links that author to the one who asked for it;
    "spend": it was shown where others read, and is worth nothing any more; "miss": there is no such code.
    """

    act: Literal["issue", "redeem", "spend", "miss"]
    code_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """All that one message leads to. `outcome` and `rule` are what `firstline ledger` counts."""

    outcome: str
    rule: str
    state: ConversationState
    says: tuple[Say, ...] = ()
    opening: Opening | None = None
    desk: tuple[DeskMessage, ...] = ()
    entry: str | None = None
    score: float | None = None
    ticket_key: str | None = None
    attach: str | None = None  # the ticket that this conversation hangs on from now on
    rating: tuple[str, int] | None = None  # ticket key, 1-5
    erase: str | None = None  # the message whose text is to be erased
    keeps_words: bool = True  # of the message itself
    silence: bool | None = None  # whether the author wants to be left alone from now on
    claim: Claim | None = None
    unlinks: bool = False  # whether the author's accounts are to be strangers to each other again
    confirms: tuple[str, ...] = ()  # numbers that were ambiguous here and that the replies repeat
    reason: str | None = None  # why the message could not be processed
