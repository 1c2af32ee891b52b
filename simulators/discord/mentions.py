"""Whom a message pings: the mentions in its text, held against `allowed_mentions` and the author's permissions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulators.discord.permissions import Permission, in_channel
from simulators.discord.wire import Json, invalid_form, snowflake

if TYPE_CHECKING:
    from simulators.discord.world import Channel

_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pings:
    """Who is really notified; `users` holds the author of the message that is replied to, too."""

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False


NOBODY = Pings()


def resolve(channel: Channel, author_id: str, text: str, allowed: Json | None, replied_to: str | None = None) -> Pings:
    """Return whom a text pings. Raises `ApiError` where `allowed` contradicts itself."""
    rules = _rules(allowed)
    spoken = _CODE.sub("", text)
    wanted_users = dict.fromkeys(_USER.findall(spoken))
    wanted_roles = dict.fromkeys(_ROLE.findall(spoken))
    users = [user_id for user_id in wanted_users if _is_here(channel, user_id) and rules.allows("users", user_id)]
    if replied_to is not None and rules.replied_user and replied_to not in users:
        users.append(replied_to)
    if channel.guild is None:
        return Pings(users=tuple(users))
    may_all = Permission.MENTION_EVERYONE in in_channel(channel, author_id)
    known = [channel.guild.roles[role_id] for role_id in wanted_roles if role_id in channel.guild.roles]
    roles = [role.id for role in known if (role.mentionable or may_all) and rules.allows("roles", role.id)]
    everyone = may_all and rules.allows("everyone", "") and _EVERYONE.search(spoken) is not None
    return Pings(users=tuple(users), roles=tuple(roles), everyone=everyone)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    kinds: frozenset[str]
    ids: dict[str, frozenset[str]]
    replied_user: bool

    def allows(self, kind: str, wanted: str) -> bool:
        return kind in self.kinds or wanted in self.ids.get(kind, ())


def _rules(allowed: Json | None) -> _Rules:
    if allowed is None:
        return _Rules(kinds=frozenset({"users", "roles", "everyone"}), ids={}, replied_user=True)
    kinds = frozenset(allowed.get("parse") or ())
    ids = {kind: frozenset(snowflake(item) for item in allowed.get(kind) or ()) for kind in ("users", "roles")}
    for kind in ("users", "roles"):
        if kind in kinds and ids[kind]:
            field = f"allowed_mentions.{kind}"
            raise invalid_form(field, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", f'parse:["{kind}"] and {kind}: […]')
    return _Rules(kinds=kinds, ids=ids, replied_user=bool(allowed.get("replied_user", False)))


def _is_here(channel: Channel, user_id: str) -> bool:
    if channel.guild is not None:
        return user_id in channel.guild.members
    return any(user.id == user_id for user in channel.recipients)
