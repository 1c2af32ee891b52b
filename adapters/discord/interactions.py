"""Slash commands, the context menu and buttons: what they look like on Discord, and what a use of them means; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from discord import Permissions

from adapters.base import Addressed, Author, Idempotency, IncomingMessage, Kind, ReplyTarget, Visibility
from adapters.discord.messages import act, author_of, body, conversation_key, is_hidden, person, shown, target
from adapters.discord.places import Account, Place, said_at
from adapters.discord.text import MAX_UNITS, attachments, clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.base import Button
    from adapters.discord.messages import Payload

COMMAND: Final = 2  # interaction types
COMPONENT: Final = 3
EPHEMERAL: Final = 1 << 6  # message flags
_SLASH, _MENU = 1, 3  # command types
_TOKEN_LASTS = timedelta(minutes=14)  # 15, less the time that an answer takes
MENU: Final = "Open a support ticket"
_MANY, _NARROW = 5, 12
_MODERATES = Permissions(manage_messages=True, moderate_members=True, administrator=True)

# name: (description, in Dutch, the option's name, its description, in Dutch, whether it is required)
_SLASHES: Final = {
    "ask": ("Ask our support a question", "Stel onze support een vraag", "question", "Your question", "Je vraag", True),
    "ticket": (
        "Open a ticket with our support team",
        "Een ticket openen bij onze helpdesk",
        "text",
        "What it is about",
        "Waar het over gaat",
        False,
    ),
    "status": (
        "How your ticket is doing",
        "Hoe het met je ticket staat",
        "number",
        "The ticket's number",
        "Het nummer van het ticket",
        False,
    ),
    "language": ("Choose your language", "Je taal kiezen", "code", "en, nl, …", "en, nl, …", True),
    "help": ("What this bot can do", "Wat deze bot kan", "", "", "", False),
    "claim": (
        "Bring a ticket here from another network, or take one elsewhere",
        "Een ticket van een ander netwerk hierheen halen, of meenemen",
        "code",
        "The code you were given there",
        "De code die je daar kreeg",
        False,
    ),
}


def definitions() -> list[dict[str, Any]]:
    """The commands as they are registered: in servers and in direct messages with the bot."""
    slashes = [
        {
            "type": _SLASH,
            "name": name,
            "description": said,
            "description_localizations": {"nl": dutch},
            "options": [
                {
                    "type": 3,
                    "name": option,
                    "description": asks,
                    "description_localizations": {"nl": asks_dutch},
                    "required": required,
                }
            ]
            if option
            else [],
        }
        for name, (said, dutch, option, asks, asks_dutch, required) in _SLASHES.items()
    ]
    menu = {"type": _MENU, "name": MENU, "name_localizations": {"nl": "Supportticket openen"}, "description": ""}
    return [{**command, "contexts": [0, 1], "integration_types": [0]} for command in (*slashes, menu)]


def are_registered(found: Sequence[Payload]) -> bool:
    """Whether these are the commands, all of them and nothing else."""

    def alike(wanted: Any, got: Any) -> bool:
        if isinstance(wanted, dict):
            return isinstance(got, dict) and all(alike(value, got.get(key)) for key, value in wanted.items() if value)
        if isinstance(wanted, list):
            same = isinstance(got, list) and len(wanted) == len(got)
            return same and all(alike(one, other) for one, other in zip(wanted, got, strict=True))
        return bool(wanted == got)

    def by_name(commands: Sequence[Payload]) -> list[Payload]:
        return sorted(commands, key=lambda command: (command.get("type", _SLASH), command["name"]))

    return alike(by_name(definitions()), by_name(found))


def acknowledgement(payload: Payload) -> dict[str, Any]:
    """What Discord wants to hear within 3 seconds: "wait", for one person's eyes in a server; nothing for a button."""
    if payload["type"] == COMPONENT:
        return {"type": 6}
    return {"type": 5, "data": {"flags": EPHEMERAL} if payload.get("guild_id") else {}}


def rows(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """Buttons as components: short ones side by side, long ones below each other while there is room."""
    side_by_side = len(buttons) == 2 or len(buttons) > _MANY or all(len(b.label) <= _NARROW for b in buttons)  # noqa: PLR2004 - yes and no
    width = _MANY if side_by_side else 1
    made = [{"type": 2, "style": 2, "label": button.label[:80], "custom_id": button.action} for button in buttons]
    return [{"type": 1, "components": made[i : i + width]} for i in range(0, len(made), width)]


def normalise(payload: Payload, place: Place, account: Account) -> IncomingMessage | None:
    """A command given or a button pressed; None where it is nothing of ours. Raises as `messages.normalise`."""
    member = payload.get("member") or {}
    author = person(member.get("user") or payload["user"], account, nick=member.get("nick"))
    chosen = payload.get("data") or {}
    described = IncomingMessage(
        dedupe_key=f"discord:{account.bot_id}:interaction:{payload['id']}",
        kind=Kind.COMMAND,
        channel=account.name,
        account=account.bot_id,
        conversation_key=conversation_key(place, author.id, account),
        thread_key=place.id if place.is_thread else "",
        message_id=str(payload["id"]),
        author=author,
        visibility=Visibility.PRIVATE,
        addressed=Addressed.COMMAND,
        language_hint=payload.get("locale") or payload.get("guild_locale"),
        sent_at=said_at(str(payload["id"])),
        reply_to=_quietly(payload, place, author, account),
    )
    if payload["type"] == COMPONENT:
        return _pressed(described, payload, place, account)
    if payload["type"] != COMMAND:
        return None
    if chosen.get("type") == _MENU:
        return _chosen_from_menu(described, payload, place, account)
    said = " ".join(str(option.get("value", "")) for option in chosen.get("options") or ())
    name = str(chosen.get("name", ""))
    if name == "ask":
        return replace(described, kind=Kind.CREATED, text=clean(said))
    return replace(described, command=name, text=clean(said))


def is_moderator(member: Payload, author: Author, account: Account) -> tuple[tuple[str, ...], str]:
    """Roles by a member's rights in the channel (Discord works them out itself), roles and id."""
    if author.id in account.moderators or account.moderator_roles & {str(role) for role in member.get("roles") or ()}:
        return ("moderator",), "settings"
    return (("moderator",) if moderates(int(member.get("permissions") or 0)) else ()), "payload"


def moderates(permissions: int) -> bool:
    """Whether any of these rights makes a moderator."""
    return bool(permissions & _MODERATES.value)


def _chosen_from_menu(
    described: IncomingMessage, payload: Payload, place: Place, account: Account
) -> IncomingMessage | None:
    """The context menu on a message: a moderator's act, or one's own complaint. Discord hands it over whole."""
    chosen = payload["data"]
    found: Mapping[str, Any] = (chosen.get("resolved") or {}).get("messages") or {}
    complaint = found.get(str(chosen.get("target_id")))
    roles = is_moderator(payload.get("member") or {}, described.author, account)
    author = replace(described.author, roles=roles[0], roles_source=roles[1])
    command = replace(described, author=author, command="ticket")
    if complaint is None:
        return replace(command, staff_reply_to=command.reply_to)
    parent = shown(complaint, place, account)
    whose = author_of(complaint, account)
    if whose.id == author.id and not is_hidden(complaint, whose):
        text = body(complaint, place, account)
        return replace(command, message_id=parent.message_id, text=text, attachments=attachments(complaint))
    about = replace(command, parent=parent)
    if "moderator" not in author.roles:
        return about
    return act(replace(about, staff_reply_to=command.reply_to), complaint, place, account)


def _pressed(described: IncomingMessage, payload: Payload, place: Place, account: Account) -> IncomingMessage:
    """A button: under an answer that all read, the next answer stands there too; else it is for one person's eyes."""
    carrier = payload["message"]
    message_id = str(carrier["id"])
    pressed = replace(
        described,
        kind=Kind.ACTION,
        message_id=message_id,
        action=clean(str(payload["data"]["custom_id"])),
        addressed=Addressed.DIRECT if place.kind == "dm" else Addressed.REPLY_TO_BOT,
    )
    if int(carrier.get("flags") or 0) & EPHEMERAL:
        return pressed
    answered = str((carrier.get("message_reference") or {}).get("message_id") or message_id)
    below = target(place, answered, account)
    return replace(pressed, visibility=below.visibility, reply_to=below)


def _quietly(payload: Payload, place: Place, author: Author, account: Account) -> ReplyTarget:
    """The answer to an interaction, which only its user sees; it lies in the lane of the channel where it was used.

    All that is said in answer goes into one message, which is changed and not added to, so that nothing doubles.
    """
    return ReplyTarget(
        channel=account.name,
        place=place.id,
        address={
            "interaction_id": str(payload["id"]),
            "application_id": str(payload["application_id"]),
            "token": str(payload["token"]),
            "channel_id": place.id,
            "user_id": author.id,
        },
        visibility=Visibility.PRIVATE,
        can_private=True,
        buttons=True,
        max_len=MAX_UNITS,
        len_unit="utf16",
        url=target(place, "", account).url.removesuffix("/"),  # the channel's: there is no message
        expires_at=said_at(str(payload["id"])) + _TOKEN_LASTS,
        idempotency=Idempotency.NONCE,
        fallback=None if place.kind == "dm" else _without_message(target(place, "", account), str(payload["id"])),
    )


def _without_message(place: ReplyTarget, after: str) -> ReplyTarget:
    return replace(place, address={"channel_id": place.place, "after": after}, url=place.url.removesuffix("/"))
