"""Posting replies: under messages with a nonce, or in the one answer that an interaction has."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import discord

from adapters.base import ChannelError, MaybePosted, Rejected, Unreachable
from adapters.discord.interactions import COMMAND, COMPONENT, acknowledgement, rows
from adapters.discord.text import MAX_UNITS, rendered
from adapters.discord.wire import FAILURES, outcome
from adapters.splitting import length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.base import Reply
    from adapters.discord.messages import Payload
    from adapters.discord.wire import Client, InteractionWire

_NO_PREVIEWS, _QUIET = 1 << 2, 1 << 12  # message flags
_NOBODY: Final[Mapping[str, Any]] = {"parse": [], "replied_user": False}
_NO_REFERENCE: Final = frozenset({50035, 160002})  # malformed, as to a system message; no right to read the history
_REMEMBERED: Final = 5000
_ACKNOWLEDGE_WITHIN_S: Final = 3.0
_PAGE: Final = 100
_PAGES_LOOKED_BACK: Final = 10
_FETCHED_WITHIN_S: Final = 20.0


def nonce_of(key: str) -> str:
    """Discord posts nothing twice with the same nonce, of at most 25 characters, within some minutes."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


class Sender:
    """Posts for one account; it outlives each client. Every method raises `ChannelError`."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.wire: InteractionWire | None = None
        self._posted: OrderedDict[str, str] = OrderedDict()  # nonce -> message id
        self._waiting: OrderedDict[str, asyncio.Task[bool]] = (
            OrderedDict()
        )  # interaction -> whether it was told to wait

    def saw(self, message: Payload) -> None:
        """One of the bot's own messages came over the gateway: what a lost answer would have said."""
        if message.get("nonce"):
            self._remember(str(message["nonce"]), str(message["id"]))

    def _remember(self, nonce: str, message_id: str) -> None:
        self._posted[nonce] = message_id
        while len(self._posted) > _REMEMBERED:
            self._posted.popitem(last=False)

    def _logged_in(self) -> Client:
        if self.client is None or self.client.user is None:
            raise Unreachable("Discord: not logged in yet.")
        return self.client

    # --- under a message --------------------------------------------------------------------------------------------

    async def send(self, reply: Reply) -> str:
        """Post one reply; the message's id."""
        if "interaction_id" in reply.target.address:
            return await self._answer(reply)
        channel_id = reply.target.address["channel_id"]
        has_history = may_post(self._logged_in(), channel_id)
        answered = reply.target.address.get("message_id") if has_history else None
        return await self._post(reply, channel_id, answered)

    async def _post(self, reply: Reply, channel_id: str, answered: str | None = None) -> str:
        nonce = nonce_of(reply.key)
        body: dict[str, Any] = {
            "content": rendered(reply.text),
            "nonce": nonce,
            "enforce_nonce": True,
            "allowed_mentions": _NOBODY,
            "flags": _NO_PREVIEWS | (_QUIET if reply.quiet else 0),
        }
        if reply.buttons:
            body["components"] = rows(reply.buttons)
        path = "/channels/{channel_id}/messages"
        try:
            reference = {"message_reference": {"message_id": answered, "fail_if_not_exists": False}} if answered else {}
            posted = await self._call("POST", path, channel_id=channel_id, json=body | reference)
        except Rejected as error:
            # What Discord lets nobody answer (a note of its own) is answered below; nothing was posted.
            if not answered or getattr(error.__cause__, "code", 0) not in _NO_REFERENCE:
                raise
            posted = await self._call("POST", path, channel_id=channel_id, json=body)
        self._remember(nonce, str(posted["id"]))
        return str(posted["id"])

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        client = self._logged_in()
        try:
            return await client.call(method, path, **options)
        except FAILURES as error:
            raise outcome(error) from error

    async def find(self, reply: Reply) -> str | None:
        """The id of a reply that was perhaps posted: by its nonce, or the bot's own message of these words there."""
        known = self._posted.get(nonce_of(reply.key))
        if known:
            return known
        address = reply.target.address
        channel_id, answered = address["channel_id"], address.get("message_id", "")
        permissions = _permissions(channel := await self._channel(channel_id))
        if permissions is None and not isinstance(channel, discord.abc.PrivateChannel):
            raise Unreachable("Discord: the server is not there now.")
        if permissions and not (permissions.view_channel and permissions.read_message_history):
            # Discord would answer that there are no messages.
            raise Rejected("Discord: the bot may not look whether it was posted (right: Read Message History).")
        return await self._found(reply, channel_id, answered, after=answered or address.get("after", ""))

    async def _channel(self, channel_id: str) -> object:
        """A channel, of which the gateway tells only while it is open. Raises `ChannelError`; nothing was posted."""
        client = self._logged_in()
        try:
            async with asyncio.timeout(_FETCHED_WITHIN_S):
                return client.get_channel(int(channel_id)) or await client.fetch_channel(int(channel_id))
        except FAILURES as error:
            meant = outcome(error)
            if isinstance(meant, MaybePosted):
                raise Unreachable(str(meant)) from error
            raise meant from error

    async def _found(self, reply: Reply, channel_id: str, answered: str, *, after: str) -> str | None:
        """The bot's own message of these words, from the newest back to `after`; `Rejected` where that is far."""
        own = str(getattr(self._logged_in().user, "id", ""))
        others = set(self._posted.values())
        wanted = rendered(reply.text).strip()
        before: dict[str, str] = {}
        for _ in range(_PAGES_LOOKED_BACK):
            params = {"limit": _PAGE} | before
            page = await self._call("GET", "/channels/{channel_id}/messages", channel_id=channel_id, params=params)
            for message in sorted(page, key=lambda message: int(message["id"]), reverse=True):
                if int(message["id"]) <= int(after or 0):
                    return None
                reference = str((message.get("message_reference") or {}).get("message_id") or "")
                is_own = str(message["author"]["id"]) == own and str(message["id"]) not in others
                fits = not answered or reference in {answered, ""}
                if is_own and fits and str(message.get("content", "")).strip() == wanted:
                    return str(message["id"])
            if len(page) < _PAGE:
                return None
            before = {"before": str(min(int(message["id"]) for message in page))}
        raise Rejected("Discord: so much was said since that the bot cannot find out whether it was posted.")

    # --- to an interaction ------------------------------------------------------------------------------------------

    def acknowledge(self, payload: Payload) -> None:
        """Tell Discord to wait for the answer; it gives the bot 3 seconds for that."""
        if self.wire is None or payload.get("type") not in {COMMAND, COMPONENT}:
            return
        path = f"/interactions/{payload['id']}/{payload['token']}/callback"
        task = asyncio.create_task(self._acknowledged(self.wire, path, acknowledgement(payload)))
        self._waiting[str(payload["id"])] = task
        while len(self._waiting) > _REMEMBERED:
            self._waiting.popitem(last=False)

    @staticmethod
    async def _acknowledged(wire: InteractionWire, path: str, body: Mapping[str, Any]) -> bool:
        try:
            async with asyncio.timeout(_ACKNOWLEDGE_WITHIN_S):
                await wire.call("POST", path, body)
        except (ChannelError, TimeoutError):
            return False  # too late, or it never arrived: the answer finds another way
        return True

    async def _answer(self, reply: Reply) -> str:
        """Put the reply into the interaction's one answer, where it still can be; else to the person in private."""
        address, expires_at = reply.target.address, reply.target.expires_at
        acknowledged = self._waiting.get(address["interaction_id"])
        late = expires_at is not None and datetime.now(UTC) >= expires_at
        if late or (acknowledged is not None and not await asyncio.shield(acknowledged)):
            return await self._in_private(reply)
        try:
            return await self._add(reply)
        except Rejected:  # the token is not taken any more, or the message was dismissed
            return await self._in_private(reply)

    async def _add(self, reply: Reply) -> str:
        """Add to what the answer says already, unless it says this too: tried again, it says nothing twice."""
        if self.wire is None:
            raise Unreachable("Discord: not connected yet.")
        address = reply.target.address
        path = f"/webhooks/{address['application_id']}/{address['token']}/messages/@original"
        shown = await self.wire.call("GET", path)
        said, text = str(shown.get("content") or ""), rendered(reply.text).strip()
        if text and f"\n\n{said}\n\n".endswith(f"\n\n{text}\n\n"):
            return str(shown["id"])
        content = f"{said}\n\n{text}" if said else text
        body = {"content": content, "components": rows(reply.buttons), "allowed_mentions": _NOBODY}
        if length(content, "utf16") > MAX_UNITS or reply.follows not in {"", str(shown["id"])}:
            # A further answer could not be looked for, and would be posted twice where its fate is not known.
            return await self._in_private(reply)
        await self.wire.call("PATCH", path, {**body, "flags": _NO_PREVIEWS})
        return str(shown["id"])

    async def _in_private(self, reply: Reply) -> str:
        """A direct message: nobody else reads it. Looked for first, as nothing says how often this was tried."""
        address = reply.target.address
        opened = await self._call("POST", "/users/@me/channels", json={"recipient_id": address["user_id"]})
        channel_id = str(opened["id"])
        posted = self._posted.get(nonce_of(reply.key))
        posted = posted or await self._found(reply, channel_id, "", after=address["interaction_id"])
        return posted or await self._post(reply, channel_id)

    # --- removing ---------------------------------------------------------------------------------------------------

    async def delete(self, reference: Mapping[str, str]) -> bool:
        """Remove somebody's message; False where the bot may not."""
        try:
            permissions = _permissions(channel := await self._channel(reference["channel_id"]))
        except Rejected:  # the channel is gone, or closed to the bot
            return False
        if isinstance(channel, discord.abc.PrivateChannel):
            return False
        if permissions is None:
            raise Unreachable("Discord: the server is not there now.")
        if not permissions.manage_messages:
            return False
        try:
            await self._call(
                "DELETE",
                "/channels/{channel_id}/messages/{message_id}",
                channel_id=reference["channel_id"],
                message_id=reference["message_id"],
            )
        except Rejected:
            return False
        return True


def may_post(client: Client, channel_id: str) -> bool:
    """Whether a post here may answer a message; raises `Rejected` where the bot may not post, before Discord is asked.

    10,000 refused requests in 10 minutes, and Discord refuses the address. What is not known is left to Discord.
    """
    channel = client.get_channel(int(channel_id))
    permissions = _permissions(channel)
    if permissions is None:
        return True
    if isinstance(channel, discord.Thread):
        if channel.locked and channel.archived and not permissions.manage_threads:
            raise Rejected("Discord: the thread is locked.")
        speaks, right = permissions.send_messages_in_threads, "Send Messages in Threads"
    else:
        speaks, right = permissions.send_messages, "Send Messages"
    if not permissions.view_channel:
        raise Rejected("Discord: the bot does not see this channel (right: View Channel).")
    if not speaks:
        raise Rejected(f"Discord: the bot may not write in this channel (right: {right}).")
    return permissions.read_message_history


def _permissions(channel: object) -> discord.Permissions | None:
    """What the bot may do there, from what the gateway told; None in private and where that is not known."""
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return None
    try:
        return channel.permissions_for(channel.guild.me)
    except (AttributeError, discord.ClientException):  # a server that is not there now, a parent that is not known
        return None
