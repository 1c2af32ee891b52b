"""What comes over the connection, in its order, and what was said while there was none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from adapters.discord import interactions, messages
from adapters.discord.catching_up import (
    PAGE,
    archived_since,
    complain,
    is_gone,
    note_gaps,
    note_server,
    page_after,
)
from adapters.discord.lookups import Lookups, ServerAway
from adapters.discord.places import Account, Memory, Place, snowflake
from adapters.discord.wire import FAILURES, SERVER_AWAY, SERVER_THERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.base import Deliver, IncomingMessage, Surroundings
    from adapters.discord.sending import Sender
    from adapters.discord.settings import Settings

logger = logging.getLogger(__name__)

_BATCH: Final = 100
_WAITING: Final = 20_000
_SAVE_EVERY_S: Final = 2.0
_GAPS_AGAIN_S: Final = 60.0
_GAPS_SOON_S: Final = 5.0  # where somebody waits behind a gap
_FILLED_WITHIN_S: Final = 60
_AUTHORS_EVERY_S: Final = 30.0  # less than what is read again after a kill
_TURNS: Final = frozenset({"READY", SERVER_AWAY, SERVER_THERE})


class Intake:
    """Hands on what the gateway says; it outlives each client. `load` comes first, `account` with the log-in."""

    def __init__(self, name: str, settings: Settings, surroundings: Surroundings, sender: Sender) -> None:
        self.account: Account | None = None
        self._name = name
        self._settings = settings
        self._surroundings = surroundings
        self._sender = sender
        self._lookups = Lookups(name, settings)
        self._memory = Memory()
        self._saved = self._saved_authors = ""
        self._authors_due = 0.0
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._missed = False
        self._is_awaited = False

    async def load(self) -> None:
        """Read how far was received, and forget what is queued: it is read again."""
        load = self._surroundings.load_state
        self._memory = Memory.load(await load(f"{self._name}:memory"), await load(f"{self._name}:authors"))
        self._saved_authors = self._memory.dump_authors()
        self._queue = asyncio.Queue()

    def heard(self, event: dict[str, Any]) -> None:
        """Queue what the gateway says; an interaction is told to wait at once, however much is queued."""
        payload = event["d"]
        if event["t"] == "INTERACTION_CREATE":
            self._sender.acknowledge(payload)
        elif event["t"] == "MESSAGE_CREATE":
            if self.account and self.account.bot_id == payload.get("author", {}).get("id"):
                self._sender.saw(payload)
            if self._queue.qsize() >= _WAITING:
                self._memory.missed(str(payload.get("channel_id", "")))
                self._missed = True
                return
        self._queue.put_nowait(event)

    async def take(self, deliver: Deliver) -> NoReturn:
        """Hand on what was heard, in its order. What the ledger raises goes up: then nothing counts as received."""
        looked = time.monotonic()
        while True:
            batch: list[dict[str, Any]] = []
            with contextlib.suppress(TimeoutError):  # `wait_for` can swallow a cancellation that comes with an event
                async with asyncio.timeout(_GAPS_SOON_S if self._is_awaited else _GAPS_AGAIN_S):
                    batch.append(await self._queue.get())
            while not self._queue.empty() and len(batch) < _BATCH:
                batch.append(self._queue.get_nowait())
            rest: list[dict[str, Any]] = []
            for event in batch:
                if event["t"] in _TURNS:
                    await self._hand_on(rest, deliver)
                    rest = []
                    if await self._turn(event, deliver):
                        looked = time.monotonic()
                elif not self._behind_a_gap(event):
                    rest.append(event)
            await self._hand_on(rest, deliver)
            if self._missed and self._queue.empty():
                self._missed, looked = False, time.monotonic()
                await self._fill_gaps(deliver)
            elif time.monotonic() - looked > (_GAPS_SOON_S if self._is_awaited else _GAPS_AGAIN_S):
                looked = time.monotonic()
                await self._fill_gaps(deliver)

    def _behind_a_gap(self, event: dict[str, Any]) -> bool:
        """Whether earlier words of its channel are still to be read: it is read with them, after them."""
        is_behind = event["t"] == "MESSAGE_CREATE" and str(event["d"].get("channel_id", "")) in self._memory.gaps
        self._is_awaited = self._is_awaited or is_behind
        return is_behind

    async def _hand_on(self, events: Sequence[dict[str, Any]], deliver: Deliver) -> None:
        found = [message for event in events for message in await self._read(event)]
        if found:
            await deliver(found)
        memory = self._memory
        for event in events:
            if event["t"] == "MESSAGE_CREATE":
                memory.heard(str(event["d"].get("id", "")))

    async def _read(self, event: dict[str, Any]) -> list[IncomingMessage]:
        """What one event says; nothing where it cannot be read."""
        payload = event["d"]
        try:
            place = await self._lookups.place(self._sender.client, payload)
            return await self._said(event["t"], payload, place)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one event, the others are read
            self._left_out(event, error)
            return []

    def _left_out(self, event: dict[str, Any], error: Exception) -> None:
        # Without a traceback, whose last line can quote somebody's words.
        logger.error(
            "Discord sent %s %s, which cannot be read (%s); it is left out.",
            event["t"],
            event["d"].get("id", ""),
            type(error).__name__,
            extra={"action": "update_unreadable", "channel": self._name},
        )

    async def _said(self, name: str, payload: dict[str, Any], place: Place) -> list[IncomingMessage]:
        account, memory, client = self._known_account(), self._memory, self._sender.client
        message: IncomingMessage | None = None
        match name:
            case "MESSAGE_CREATE":
                asked = messages.needs_roles(payload, place, account)
                channel_id = str(payload["channel_id"])
                roles = await self._lookups.roles(client, account, asked, channel_id) if asked else ((), "")
                message = messages.normalise(payload, place, account, roles=roles)
            case "MESSAGE_UPDATE":
                message = messages.edited(payload, place, account)
            case "INTERACTION_CREATE":
                message = interactions.normalise(payload, place, account)
            case "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK":
                ids = payload.get("ids") or [payload["id"]]
                at = datetime.now(UTC)
                return [
                    messages.deleted(str(gone), memory.authors.get(str(gone), ""), place, account, at) for gone in ids
                ]
        if message is None or message.author.is_self:  # what the bot posts comes back to it
            return []
        _remember(memory, message, place)
        return [message]

    def _known_account(self) -> Account:
        if self.account is None:
            raise RuntimeError("events are read after the log-in")
        return self.account

    # --- what was missed --------------------------------------------------------------------------------------------

    async def _turn(self, event: dict[str, Any], deliver: Deliver) -> bool:
        """A session or a server came or went; whether something was read for that."""
        memory, server_id = self._memory, str(event["d"].get("id", ""))
        if event["t"] == "READY":
            await self._catch_up(deliver)
        elif event["t"] == SERVER_AWAY:
            memory.lost(server_id)
            return False
        else:
            guild = self._sender.client.get_guild(int(server_id)) if self._sender.client else None
            if guild is None or guild.unavailable or server_id not in memory.absent:
                return False  # a server that is new to the bot, too: what was said there before is not for it
            note_server(guild, memory, self._known_account().help_channels, memory.absent.pop(server_id))
            await self._fill_gaps(deliver)
        return True

    async def _catch_up(self, deliver: Deliver) -> None:
        """After a new session, before anything of it is handed on, so that every conversation keeps its order."""
        client, memory = self._sender.client, self._memory
        if client is None:
            return
        for _ in range(_FILLED_WITHIN_S):
            if client is not self._sender.client:
                return  # its successor will say so
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await client.filled.wait()
                    break
        furthest = timedelta(hours=self._settings.catch_up_hours)
        note_gaps(client, memory, self._known_account().help_channels, furthest)
        memory.mark = memory.mark or snowflake(datetime.now(UTC))
        await self.try_to_save()
        await self._fill_gaps(deliver)

    async def _fill_gaps(self, deliver: Deliver) -> None:
        """Ends where Discord does not answer: what is said now would wait for each failure. It is tried again soon."""
        gaps = self._memory.gaps
        if not await self._look_through_archives():
            return
        for channel_id in list(gaps):
            error = await self._fill_gap(channel_id, deliver)
            if error is None or is_gone(error):
                gaps.pop(channel_id, None)
            elif not isinstance(error, ServerAway):
                gaps[channel_id] = gaps.pop(channel_id)  # the last one next time, so that it bars no other for ever
                return
        self._is_awaited = self._is_awaited and bool(gaps)

    async def _look_through_archives(self) -> bool:
        """Turn archives into gaps; False where Discord does not answer."""
        memory, client = self._memory, self._sender.client
        for channel_id, since in list(memory.archives.items()):
            try:
                found = await archived_since(client, channel_id, since) if client else []
            except FAILURES as error:
                complain(channel_id, error)
                if not is_gone(error):
                    return False
                found = []
            for thread_id in found:
                memory.gaps.setdefault(thread_id, since)
            if client:
                memory.archives.pop(channel_id, None)
        return True

    async def _fill_gap(self, channel_id: str, deliver: Deliver) -> Exception | None:
        """What kept the rest from being read, or None where there is nothing more to read."""
        gaps = self._memory.gaps
        while (client := self._sender.client) is not None:
            try:
                is_direct = channel_id in self._memory.direct
                # Only what is known to be private counts as private: a thread can be unknown, too.
                place = Place(id=channel_id, kind="dm") if is_direct else await self._lookups.find(client, channel_id)
                page = await page_after(client, place, gaps[channel_id])
            except FAILURES as error:
                complain(channel_id, error)
                return error
            if page:
                await self._hand_on([{"t": "MESSAGE_CREATE", "d": message} for message in page], deliver)
                gaps[channel_id] = int(page[-1]["id"])
            if len(page) < PAGE:
                return None
        return ConnectionError("not logged in")

    # --- memory -----------------------------------------------------------------------------------------------------

    async def keep_saving(self) -> NoReturn:
        """What is written late is read again and known by the ledger: so not with every message."""
        while True:
            await asyncio.sleep(_SAVE_EVERY_S)
            await self.try_to_save()

    async def try_to_save(self, *, is_last: bool = False) -> None:
        """Write down how far was received, if that can be done now."""
        try:
            await self._save(has_authors=is_last or time.monotonic() >= self._authors_due)
        except Exception as error:  # noqa: BLE001 - a ledger that cannot be written; the next second tries again
            logger.warning(
                "Discord: how far was read could not be written down (%s).",
                type(error).__name__,
                extra={"action": "mark_not_stored", "channel": self._name},
            )

    async def _save(self, *, has_authors: bool) -> None:
        dumped = self._memory.dump()
        if dumped != self._saved:
            await self._surroundings.save_state(f"{self._name}:memory", dumped)
            self._saved = dumped
        if has_authors and (authors := self._memory.dump_authors()) != self._saved_authors:
            await self._surroundings.save_state(f"{self._name}:authors", authors)
            self._saved_authors, self._authors_due = authors, time.monotonic() + _AUTHORS_EVERY_S


def _remember(memory: Memory, message: IncomingMessage, place: Place) -> None:
    """What a deletion will not tell: whose words the bot holds."""
    if place.kind == "dm":
        memory.talked(place.id)
    elif message.addressed != "ambient":
        memory.wrote(message.message_id, message.author.id)
    parent = message.parent
    if parent and parent.author and message.on_behalf_of:
        memory.wrote(parent.message_id, parent.author.id)
