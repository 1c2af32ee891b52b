"""Discord's messages become `IncomingMessage`s: pure, no network, no clock.

A payload is the object that Discord sends, over the gateway or in answer to a request.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from adapters.base import (
    Addressed,
    Author,
    Idempotency,
    IncomingMessage,
    Kind,
    Parent,
    ReplyTarget,
    Visibility,
)
from adapters.discord.places import Account, Place, Roles, said_at
from adapters.discord.text import MAX_UNITS, QUESTIONS, attachments, clean, mentions, named_ticket, typed_command, words

if TYPE_CHECKING:
    from collections.abc import Mapping

Payload: TypeAlias = "Mapping[str, Any]"
SAID: Final = frozenset({0, 19})  # message types: words, and words in answer to others; the rest reports something
FORWARD: Final = 1  # a reference's type


def needs_roles(payload: Payload, place: Place, account: Account) -> str | None:
    """The user whose roles decide what this message is: a "!ticket" in answer to somebody else."""
    author = author_of(payload, account)
    silent = author.is_bot or author.is_system or author.is_self
    return author.id if not silent and _is_about_somebody_else(payload, place, account) else None


def normalise(payload: Payload, place: Place, account: Account, *, roles: Roles = ((), "")) -> IncomingMessage:
    """A message that was written. Raises `KeyError`, `TypeError` or `ValueError` where it cannot be read.

    `roles` are those of the author, where `needs_roles` asked for them.
    """
    author = replace(author_of(payload, account), roles=roles[0], roles_source=roles[1])
    command = _command(payload, place, account)
    asks = command is not None and command[0] in QUESTIONS
    message_id = str(payload["id"])
    described = IncomingMessage(
        dedupe_key=f"discord:{account.bot_id}:message:{message_id}",
        kind=Kind.CREATED if command is None or asks else Kind.COMMAND,
        channel=account.name,
        account=account.bot_id,
        conversation_key=conversation_key(place, author.id, account),
        thread_key=place.id if place.is_thread else "",
        message_id=message_id,
        parent=parent_of(payload, place, account),
        author=author,
        text=command[1] if command else body(payload, place, account),
        command=command[0] if command and not asks else "",
        visibility=visibility(place),
        addressed=_addressed(payload, author, place, account, has_command=command is not None),
        attachments=attachments(payload),
        sent_at=_time(payload["timestamp"]),
        reply_to=target(place, message_id, account),
        message_ref={"channel_id": place.id, "message_id": message_id},
    )
    return _moderator_act(described, payload, place, account) if needs_roles(payload, place, account) else described


def edited(payload: Payload, place: Place, account: Account) -> IncomingMessage | None:
    """A message that was changed; None where Discord only added something of its own, as a link's preview."""
    changed = payload.get("edited_timestamp")
    if not changed or "content" not in payload or "author" not in payload:
        return None
    described = normalise({"timestamp": changed, **payload}, place, account)
    return replace(
        described,
        kind=Kind.EDITED,
        command="",
        text=body(payload, place, account),
        dedupe_key=f"discord:{account.bot_id}:edit:{described.message_id}:{changed}",
        sent_at=_time(changed),
        staff_reply_to=None,
    )


def deleted(message_id: str, author_id: str, place: Place, account: Account, at: datetime) -> IncomingMessage:
    """A message that is gone. Discord does not say whose it was: `author_id` is what is remembered, or ""."""
    return IncomingMessage(
        dedupe_key=f"discord:{account.bot_id}:delete:{message_id}",
        kind=Kind.DELETED,
        channel=account.name,
        account=account.bot_id,
        conversation_key=conversation_key(place, author_id, account),
        thread_key=place.id if place.is_thread else "",
        message_id=message_id,
        author=Author(id=author_id),
        visibility=visibility(place),
        addressed=Addressed.DIRECT if place.kind == "dm" else Addressed.AMBIENT,
        sent_at=at,
        reply_to=target(place, message_id, account),
    )


# --- who -----------------------------------------------------------------------------------------------------------


def person(user: Payload, account: Account, *, nick: str | None = None) -> Author:
    """A user, by the name that is shown."""
    return Author(
        id=str(user["id"]),
        handle=user.get("username"),
        display_name=clean(nick or user.get("global_name") or user.get("username") or ""),
        is_bot=bool(user.get("bot")),
        is_self=str(user["id"]) == account.bot_id,
        is_system=bool(user.get("system")),
    )


def author_of(payload: Payload, account: Account) -> Author:
    """Who wrote a message; a webhook is a program."""
    known = person(payload["author"], account, nick=(payload.get("member") or {}).get("nick"))
    return replace(
        known,
        is_bot=known.is_bot or bool(payload.get("webhook_id")),
        is_system=known.is_system or payload.get("type", 0) not in SAID,
    )


def is_hidden(complaint: Payload, author: Author) -> bool:
    """Whether nobody knows whose words these are: a program's, Discord's own, or forwarded from somebody else."""
    return author.is_bot or author.is_system or author.is_self or _is_forward(complaint)


# --- where ---------------------------------------------------------------------------------------------------------


def conversation_key(place: Place, author_id: str, account: Account) -> str:
    """One person's matter in one place."""
    where = f"{account.name}:{account.bot_id}:{place.id}"
    return where if place.kind == "dm" else f"{where}:{author_id}"


def visibility(place: Place) -> Visibility:
    """Who reads a place: the members of its server, whatever is public there."""
    return Visibility.PRIVATE if place.kind == "dm" else Visibility.MEMBERS


def target(place: Place, message_id: str, account: Account) -> ReplyTarget:
    """An answer under a message. Looking whether it was posted is sure for longer than Discord remembers a nonce."""
    return ReplyTarget(
        channel=account.name,
        place=place.id,
        address={"channel_id": place.id, "message_id": message_id},
        visibility=visibility(place),
        can_private=True,
        buttons=True,
        max_len=MAX_UNITS,
        len_unit="utf16",
        url=f"https://discord.com/channels/{place.guild_id or '@me'}/{place.id}/{message_id}",
        private_url="" if place.kind == "dm" else f"https://discord.com/users/{account.bot_id}",
        idempotency=Idempotency.FINDABLE,
    )


# --- what ----------------------------------------------------------------------------------------------------------


def body(payload: Payload, place: Place, account: Account) -> str:
    """Somebody's words; a post's title is the first of them, and a forwarded message's are those forwarded."""
    text = words(_content(payload), payload.get("mentions") or (), bot_id=account.bot_id, role_id=place.bot_role_id)
    is_starter = place.kind == "post" and str(payload["id"]) == place.id
    return f"{clean(place.title)}\n{text}".strip() if is_starter else text


def parent_of(payload: Payload, place: Place, account: Account) -> Parent | None:
    """The message this one answers."""
    reference = payload.get("message_reference") or {}
    if not reference.get("message_id") or _is_forward(payload) or payload.get("type", 0) not in SAID:
        return None
    answered = payload.get("referenced_message")
    if not answered:
        return Parent(message_id=str(reference["message_id"]))
    return shown(answered, place, account)


def shown(answered: Payload, place: Place, account: Account) -> Parent:
    """A message as what another one is about."""
    return Parent(
        message_id=str(answered["id"]),
        author=author_of(answered, account),
        text=body(answered, place, account) or None,
        sent_at=said_at(str(answered["id"])),
        attachments=attachments(answered),
    )


def _content(payload: Payload) -> str:
    forwarded = (payload.get("message_snapshots") or ()) if _is_forward(payload) else ()
    said = [payload.get("content") or "", *((one.get("message") or {}).get("content") or "" for one in forwarded)]
    return "\n".join(text for text in said if text)


def _is_forward(payload: Payload) -> bool:
    return (payload.get("message_reference") or {}).get("type") == FORWARD


def _names_bot(payload: Payload, place: Place, account: Account) -> bool:
    return mentions(payload.get("content") or "", bot_id=account.bot_id, role_id=place.bot_role_id)


def _command(payload: Payload, place: Place, account: Account) -> tuple[str, str] | None:
    """(command, what follows it). Where nobody spoke to the bot, "!help" may be meant for another one."""
    if _is_forward(payload):
        return None
    text = words(
        payload.get("content") or "", payload.get("mentions") or (), bot_id=account.bot_id, role_id=place.bot_role_id
    )
    named = _names_bot(payload, place, account)
    parent = parent_of(payload, place, account)
    if named and parent is not None and _is_somebody_else(parent, payload, account):
        note = named_ticket(text)
        if note is not None:
            return "ticket", note
    command = typed_command(text)
    if command is None:
        return None
    spoken_to = named or place.kind == "dm" or _helps(place, account) or (parent and _is_bots(parent))
    return command if spoken_to or command[0] == "ticket" else None


def _is_bots(parent: Parent) -> bool:
    return parent.author is not None and parent.author.is_self


def _is_somebody_else(parent: Parent, payload: Payload, account: Account) -> bool:
    return parent.author is None or parent.author.id not in {str(payload["author"]["id"]), account.bot_id}


def _is_about_somebody_else(payload: Payload, place: Place, account: Account) -> bool:
    command = _command(payload, place, account)
    if command is None or command[0] != "ticket" or place.kind == "dm":
        return False
    parent = parent_of(payload, place, account)
    return parent is not None and _is_somebody_else(parent, payload, account)


def _moderator_act(described: IncomingMessage, payload: Payload, place: Place, account: Account) -> IncomingMessage:
    """The command turned to the message it answers.

    Somebody who is known to be no moderator just gave a command of their own. Where nobody could find out
    (`roles_source` ""), `staff_reply_to` is set without `on_behalf_of`: there is somebody to tell, and nothing to open.
    """
    command = replace(described, staff_reply_to=described.reply_to)
    if "moderator" not in described.author.roles:
        return described if described.author.roles_source else command
    return act(command, payload.get("referenced_message"), place, account)


def act(command: IncomingMessage, complaint: Payload | None, place: Place, account: Account) -> IncomingMessage:
    """A moderator's command about a message; without its author, where nobody knows who that is."""
    if not complaint:
        return command
    author = author_of(complaint, account)
    answered = target(place, str(complaint["id"]), account)
    if is_hidden(complaint, author):
        return replace(command, reply_to=answered)
    return replace(
        command,
        on_behalf_of=author,
        conversation_key=conversation_key(place, author.id, account),
        reply_to=answered,
    )


def _addressed(  # noqa: PLR0911 - one line a reason reads best
    payload: Payload, author: Author, place: Place, account: Account, *, has_command: bool
) -> Addressed:
    if author.is_system or author.is_bot or author.is_self:
        return Addressed.AMBIENT
    if has_command:
        return Addressed.COMMAND
    if place.kind == "dm":
        return Addressed.DIRECT
    parent = parent_of(payload, place, account)
    if parent and _is_bots(parent):
        return Addressed.REPLY_TO_BOT
    if _names_bot(payload, place, account):
        return Addressed.MENTION
    # In a help channel too, a reply to another person is talk between people; so is what others say in somebody's post.
    if parent and parent.author and not parent.author.is_system and parent.author.id != author.id:
        return Addressed.AMBIENT
    if place.kind == "post" and place.id not in account.help_channels and author.id != place.owner_id:
        return Addressed.AMBIENT
    return Addressed.HELP_CHANNEL if _helps(place, account) else Addressed.AMBIENT


def _helps(place: Place, account: Account) -> bool:
    return bool({place.id, place.parent_id} & account.help_channels)


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).astimezone(UTC)
