"""The port between a channel and the bot: the message that comes in, the reply that goes out, and the adapter between.

Every value here is frozen, holds strings and aware UTC times only (never an SDK's object), can be stored as JSON
and compared.

Errors, all raised by `ChannelAdapter.send` and `delete`; each says whether the reply was posted::

    ChannelError
    ├── NotPosted                the platform does not have the reply
    │   ├── Rejected             and never will: blocked, kicked, deleted, malformed; `.reason` for people
    │   ├── Busy                 wait `.retry_after_s`, then send again (429)
    │   ├── Unreachable          no connection, 5xx before it was applied: try again with back-off
    │   └── Moved                the place has another address now: send again to `.target`
    └── MaybePosted              the answer was lost: look (`find`) or mark as ambiguous, never send again blindly

    ChannelSetupError            the channel cannot start: wrong token, missing right; the message says what to change
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.findings import Finding


class Kind(StrEnum):
    """What happened on the channel."""

    CREATED = "created"
    EDITED = "edited"
    DELETED = "deleted"
    COMMAND = "command"
    ACTION = "action"
    RATING = "rating"


class Visibility(StrEnum):
    """Who can read the place."""

    PUBLIC = "public"
    MEMBERS = "members"
    PRIVATE = "private"
    INTERNAL = "internal"


class Addressed(StrEnum):
    """Why the bot may speak; `AMBIENT` means that it may not."""

    DIRECT = "direct"
    MENTION = "mention"
    REPLY_TO_BOT = "reply_to_bot"
    COMMAND = "command"
    HELP_CHANNEL = "help_channel"
    IF_SURE = "if_sure"  # the FAQ's sure answer is welcome here, and nothing else
    AMBIENT = "ambient"


class Idempotency(StrEnum):
    """What a platform offers to find out whether a reply was posted."""

    NONCE = "nonce"  # sending again with the same key posts nothing twice
    FINDABLE = "findable"  # `ChannelAdapter.find` can look
    NONE = "none"


class Release(StrEnum):
    """Who lets a reply out to the public."""

    AUTOMATIC = "automatic"  # nobody needs to
    APPROVED = "approved"  # a moderator reads it first; then the adapter posts it
    BY_HAND = "by_hand"  # the platform refuses it from the bot: a moderator posts the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Somebody on a channel; `id` is the platform's own, never a handle."""

    id: str
    handle: str | None = None
    display_name: str = ""
    is_bot: bool = False
    is_self: bool = False
    is_system: bool = False
    is_anonymous: bool = False
    roles: tuple[str, ...] = ()  # "moderator", "staff", …
    roles_source: str = (
        ""  # where the roles were read from: "getChatMember", "settings", "payload", or "" where nobody looked
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTarget:
    """Where to answer and what is possible there; made by the adapter, opaque to the bot.

    `place` names the stream in which replies keep their order and share a rate limit (a chat, a session).
    `address` holds what only the adapter reads (chat id, thread id, message id). `max_len` counts `len_unit`s.
    """

    channel: str
    place: str
    address: Mapping[str, str] = field(default_factory=dict)
    visibility: Visibility
    can_reply: bool = True
    why_not: str = ""
    can_private: bool = False
    read_along: bool = False
    buttons: bool = False
    max_replies: int | None = None
    max_len: int = 4096
    len_unit: str = "codepoint"  # codepoint | utf16 | x_weighted
    max_parts: int | None = None
    sign: str = "/"
    release: Release = Release.AUTOMATIC
    private_url: str = ""
    url: str = ""
    expires_at: datetime | None = None
    idempotency: Idempotency = Idempotency.NONE
    fallback: ReplyTarget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file somebody sent; only its description travels, `reference` is what the adapter needs to fetch it."""

    name: str
    media_type: str = ""
    size_bytes: int | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The message that this one replies to, as far as the platform shows it (`author` or `text` None: hidden).

    `secrets` names what `shield` took out of its text.
    """

    message_id: str
    author: Author | None = None
    text: str | None = None
    sent_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """One thing that happened on a channel.

    * `dedupe_key` is ``platform:account:kind:native id[:revision]``; the ledger stores it once.
    * `conversation_key` names one person's matter in one place (not the thread), unique across channels.
    * A command has `command` without its slash ("ticket") and `text` holds what follows it.
    * A tap on a button has kind `ACTION`, `action` = the button's `action` and the `message_id` of what carries it.
    * A moderator's act has `on_behalf_of` = the complaint's author; `conversation_key`, `parent` and `reply_to` are
      those of the complaint, and `staff_reply_to` is where the moderator is answered, quietly where the channel can.
      Where the complaint's author is hidden, or nobody could find out whether the author of the act is a moderator
      (then the roles are empty), `staff_reply_to` is set and `on_behalf_of` is not: there is somebody to tell, and
      nothing to open.
    * A deletion or an edit has `message_id` of the message it concerns.
    * `remove_when_done`: a moderator's command that is to disappear once it is carried out, where the bot may.
    * `secrets` names what `shield` took out of the message's own words and attachments, not of its parent.
    """

    dedupe_key: str
    kind: Kind
    channel: str
    account: str
    conversation_key: str
    thread_key: str = ""
    message_id: str
    parent: Parent | None = None
    author: Author
    on_behalf_of: Author | None = None
    text: str = ""
    command: str = ""
    action: str = ""
    visibility: Visibility
    addressed: Addressed
    language_hint: str | None = None
    attachments: tuple[Attachment, ...] = ()
    secrets: tuple[str, ...] = ()
    sent_at: datetime
    reply_to: ReplyTarget
    staff_reply_to: ReplyTarget | None = None
    message_ref: Mapping[str, str] = field(default_factory=dict)  # what `delete` needs to remove this message
    remove_when_done: bool = False

    def without_words(self) -> IncomingMessage:
        """The same row without anybody's words or names: what is kept of a message that was not meant for the bot."""
        return replace(
            self,
            text="",
            parent=None,
            attachments=(),
            author=Author(
                id=self.author.id,
                is_bot=self.author.is_bot,
                is_self=self.author.is_self,
                is_system=self.author.is_system,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A choice under a reply; `action` (at most 64 ASCII characters) comes back as `IncomingMessage.action`."""

    label: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """What is posted where the reply itself is refused for good."""

    target: ReplyTarget
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message to post. `text` is in the neutral markup of `adapters.markup` and fits `target.max_len`.

    `key` is unique for ever: the same key is never posted twice. `number` is the ticket that the reply tells of.
    `quiet` asks the platform not to notify. `speaker` is whose words they are. `follows` is, for the later parts of a
    text that needs several, the platform's id of the part before (in the ledger: its key). `secret` is a piece of the
    text that the ledger forgets once the reply is posted.
    """

    key: str
    target: ReplyTarget
    text: str
    buttons: tuple[Button, ...] = ()
    visibility: Visibility
    number: str | None = None
    quiet: bool = False
    speaker: Literal["bot", "agent"] = "bot"
    follows: str = ""
    secret: str = ""
    instead: Instead | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """A platform's sending limits, as (count, seconds); None where it has none."""

    overall: tuple[float, float] | None = None
    per_place: tuple[float, float] | None = None
    per_shared_place: tuple[float, float] | None = None  # additionally, where the target is not private


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A channel in the table of `docs/channels.md`: what it offers, costs and forbids; cells of plain words."""

    title: str  # as people call the network
    hears: str
    speaks: str  # where, and what addressed it
    private: str
    moderator: str  # the moderator's act
    buttons: str
    longest: str
    certainty: str  # how a reply is kept from being posted twice
    costs: str
    forbidden: str


class ChannelError(Exception):
    """The reply could not be sent, or nobody knows whether it was."""


class NotPosted(ChannelError):
    """The platform does not have the reply."""


class Rejected(NotPosted):
    """The platform refuses this reply for good."""


class Busy(NotPosted):
    """Too many requests: send again after `retry_after_s`."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unreachable(NotPosted):
    """The platform could not be reached; nothing was posted."""


class Moved(NotPosted):
    """The place has a new address."""

    def __init__(self, message: str, *, target: ReplyTarget) -> None:
        super().__init__(message)
        self.target = target


class MaybePosted(ChannelError):
    """The request was sent and its answer lost."""


class ChannelSetupError(Exception):
    """The channel cannot start; the message says what to change."""


class NotFetched(Exception):
    """A file cannot be had: gone, too large, or nowhere that the platform itself serves; the message says which."""


Deliver: TypeAlias = "Callable[[Sequence[IncomingMessage]], Awaitable[None]]"
"""Hands messages to the bot. Returns once every one of them is durably stored (or was already): only then may the
adapter confirm them to its platform. Waits while the bot is too busy to take more."""


class ChannelAdapter(Protocol):
    """One account on one channel. Implementations: a module or a package each, beside this one.

    A channel with web pages or webhooks has ``routes() -> Sequence[web.AbstractRouteDef]`` in addition; every handler
    verifies what it is sent before it parses it.
    """

    name: str
    """The section's name in the configuration, also `IncomingMessage.channel`."""

    limits: RateLimits

    async def run(self, deliver: Deliver) -> None:
        """Receive until cancelled. Survives every failure of the network; raises `ChannelSetupError` only."""

    async def send(self, reply: Reply) -> str:
        """Post one reply, one attempt, and give the platform's id of it. Raises `ChannelError`."""

    async def find(self, reply: Reply) -> str | None:
        """The id of a reply that was perhaps posted, or None if it was not. Only where the target is `FINDABLE`."""

    async def delete(self, message: IncomingMessage) -> bool:
        """Remove somebody's message where the bot has the right to; False where it may not."""

    async def check(self) -> list[Finding]:
        """Log in and say in plain words what the bot may do here."""

    async def close(self) -> None:
        """Release connections; idempotent."""


class HasFiles(Protocol):
    """A channel that can hand over what people attached: `ChannelAdapter`s may have this in addition."""

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        """The file, from the platform's own hosts only, never from a link that somebody wrote.

        Raises `NotFetched` where it will never be had, `Busy` or `Unreachable` where it may be later.
        """


class HearsOthers(Protocol):
    """A channel that is open on several processes at once: `ChannelAdapter`s may have this in addition."""

    def heard(self, about: str | None) -> None:
        """Another instance said this (`Surroundings.tell_others`); None: anything may have been said. Never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptLine:
    """One line of a conversation as both sides saw it."""

    id: str
    author: str  # "user" | "bot" | "agent"
    text: str
    buttons: tuple[Button, ...] = ()
    at: datetime


class Transcript(Protocol):
    """What a channel without a history of its own (the live chat) reads back from the ledger."""

    async def lines(self, conversation_key: str, *, limit: int) -> list[TranscriptLine]:
        """The last `limit` lines, oldest first: what was accepted and what was sent."""


class SignsOfLife(Protocol):
    """Where a channel says that it was in touch with its platform: a poll was answered, a heartbeat came back."""

    def __call__(self, channel: str, within_s: float, stream: str = "") -> None:
        """Take one sign.

        Args:
            channel: `ChannelAdapter.name`.
            within_s: how long the next sign may take; after that the channel counts as silent. `math.inf` where
                there is nothing to lose touch with.
            stream: which of the channel's streams it was, where it has several: each is watched by itself.
        """


def unheard(channel: str, within_s: float, stream: str = "") -> None:
    """Signs of life where nobody watches."""


def alone(channel: str, about: str) -> None:
    """Tells others where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the composition root gives to every adapter.

    `secret` (32 bytes, made once for an installation) signs sessions; `public_url` is where its web server is reached.
    `alive` is told of every sign of life. `tell_others` (the channel's name, about what: ids, never texts) lets the
    channel's instances on other processes hear of something; it never waits, and may be heard late, or as None.
    """

    transcript: Transcript
    secret: bytes
    public_url: str
    load_state: Callable[[str], Awaitable[str | None]]
    save_state: Callable[[str, str], Awaitable[None]]
    alive: SignsOfLife = unheard
    tell_others: Callable[[str, str], None] = alone
