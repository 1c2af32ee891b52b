"""Asking X for what is new: mentions, direct messages, and which posts are gone."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import TYPE_CHECKING, Final, NoReturn

from adapters.twitter.messages import deletion, needed, normalise, normalise_message
from adapters.twitter.meter import Item
from adapters.twitter.pages import next_token, readable
from adapters.twitter.pages import users as users_of
from adapters.twitter.targets import Around, first_id
from adapters.twitter.text import objects
from adapters.twitter.unread import Unread
from adapters.twitter.wire import PAGE, ApiFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from adapters.base import Deliver, IncomingMessage, SignsOfLife
    from adapters.twitter.memory import Memory
    from adapters.twitter.purse import Purse
    from adapters.twitter.settings import Settings
    from adapters.twitter.targets import Account
    from adapters.twitter.text import Json
    from adapters.twitter.wire import Api

logger = logging.getLogger(__name__)

DEPTH: Final = 800
"""How far back X shows mentions."""
_REFUSED: Final = frozenset({400, 403, 404})
_MAX_PAGES: Final = 40
_MAX_PAUSE_S: Final = 3600.0
_ROUND_S: Final = 120.0  # for a round of several pages, and one that fails


class Receiver:
    """The loops of one channel. Each `run_…` ends by cancellation, or with what the ledger or `log_in` raised."""

    def __init__(  # noqa: PLR0913 - what a channel consists of
        self,
        *,
        account: Account,
        api: Api,
        purse: Purse,
        settings: Settings,
        deliver: Deliver,
        log_in: Callable[[], Awaitable[object]],
        remembered: Callable[[], Awaitable[Memory]],
        store: Callable[[Memory], Awaitable[None]],
        alive: SignsOfLife,
    ) -> None:
        self._account = account
        self._api = api
        self._purse = purse
        self._settings = settings
        self._deliver = deliver
        self._log_in = log_in
        self._remembered = remembered
        self._store = store
        self._alive = alive
        self._unread = self._nothing_unread()
        self._overspent = 0  # polls in a row whose reading alone was over the budget
        self.rung = asyncio.Event()
        """Set by the stream: somebody mentioned the account, or the stream was away."""

    # --- the loops --------------------------------------------------------------------------------------------------

    async def run_mentions(self) -> NoReturn:
        """Deliver posts that mention the account."""
        failures = 0
        self._alive(self._account.name, _ROUND_S, "mentions")
        while True:
            self.rung.clear()
            try:
                await self._take_mentions()
            except ApiFailed as failed:
                failures += 1
                await self._wait_after(failed, failures, "mentions")
                continue
            failures = 0
            await self._pause()

    async def run_messages(self) -> NoReturn:
        """Deliver direct messages."""
        failures = 0
        self._alive(self._account.name, _ROUND_S, "direct messages")
        while True:
            try:
                await self._take_messages()
            except ApiFailed as failed:
                failures += 1
                await self._wait_after(failed, failures, "direct messages")
                continue
            failures = 0
            pause_s = self._settings.message_poll_interval_s
            self._alive(self._account.name, pause_s + _ROUND_S, "direct messages")
            await asyncio.sleep(pause_s)

    async def run_deletions(self) -> NoReturn:
        """Deliver that posts are gone: X tells nobody, and wants them forgotten within a day."""
        failures = 0
        period = timedelta(hours=self._settings.deletion_check_h)
        while True:
            memory = await self._remembered()
            due = memory.looked_at + period
            await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
            try:
                await self._take_deletions(memory)
            except ApiFailed as failed:
                failures += 1
                await self._wait_after(failed, failures, "deleted posts")
                continue
            failures = 0

    async def _pause(self) -> None:
        """Wait for the next poll, or for the stream's bell; ever longer where reading alone is over the budget."""
        spent = await self._purse.spent_usd(reads_only=True)
        self._overspent = self._overspent + 1 if spent >= self._purse.budget_usd else 0
        pause_s = self._settings.poll_interval_s
        if self._overspent:
            pause_s = max(pause_s, min(_MAX_PAUSE_S, pause_s * 2.0 ** min(self._overspent, 16)))
        self._alive(self._account.name, pause_s + _ROUND_S, "mentions")
        if self._overspent:
            await asyncio.sleep(pause_s)
            return
        try:
            async with asyncio.timeout(pause_s):
                await self.rung.wait()
        except TimeoutError:
            return

    async def _wait_after(self, failed: ApiFailed, failures: int, what: str) -> None:
        """Say what is wrong and wait, longer each time. Raises `ChannelSetupError` where the account is refused."""
        if failed.status == 401:  # noqa: PLR2004 - Unauthorized
            try:
                await self._log_in()
            except ApiFailed as unanswered:  # whether the keys are refused, the next 401 may tell
                failed = unanswered
        cap_s = self._settings.max_backoff_s
        wait_s = min(cap_s, 0.5 * 2.0 ** min(failures, 16)) * SystemRandom().uniform(0.5, 1)
        if failed.status == 402:  # noqa: PLR2004 - Payment Required
            wait_s = max(wait_s, self._settings.credits_wait_s)
            logger.error(
                "X: the app is out of credits, nothing is read or posted. Buy credits in X's developer console; trying "
                "again in %.0f s.",
                wait_s,
                extra={"action": "credits_spent", "channel": self._account.name},
            )
        else:
            reset_s = failed.wait_s()
            wait_s = wait_s if reset_s is None else max(wait_s, reset_s + SystemRandom().uniform(0, 1))
            logger.warning(
                "X: %s could not be read (%s), trying again in %.1f s.",
                what,
                failed.said,
                wait_s,
                extra={"action": "channel_unreachable", "channel": self._account.name},
            )
        await asyncio.sleep(wait_s)

    # --- mentions ---------------------------------------------------------------------------------------------------

    async def _take_mentions(self) -> None:
        """Everything above the last id, page by page, all under the old one: it moves only when all is delivered."""
        memory = await self._remembered()
        posts, users = await self._mentions_since(memory.mentions)
        if not posts:
            return
        around = await self._around(posts, users)
        messages: list[tuple[IncomingMessage, str]] = []
        for post in posts:
            message = self._read(
                post, lambda post: normalise(post, self._account, around, is_known=first_id(post) in memory.watched)
            )
            if message is not None:
                messages.append((message, str(post["id"])))
        if messages:
            await self._deliver([message for message, _ in messages])
        for message, latest_id in messages:
            memory.watch(message, latest_id)
        memory.forget(datetime.now(UTC) - timedelta(days=self._settings.deletion_watch_days))
        memory.mentions = max(memory.mentions, *(str(post["id"]) for post in posts), key=int)
        await self._store(memory)

    async def _mentions_since(self, since_id: str) -> tuple[list[Json], dict[str, Json]]:
        """The posts above the id, oldest first, and their authors."""
        posts: dict[int, Json] = {}
        users: dict[str, Json] = {}
        token: str | None = None
        for _ in range(_MAX_PAGES):
            page = await self._api.mentions(self._account.bot_id, since_id, token)
            found = readable(page)
            posts |= {int(post["id"]): post for post in found}
            users |= await users_of(page, self._purse)
            await self._purse.read(Item.MENTION, [post["id"] for post in found])
            token = next_token(page)
            if token is None:
                break
        if len(posts) >= DEPTH:
            logger.error(
                "X shows the last %d mentions only, and that many came at once: older ones are lost.",
                DEPTH,
                extra={"action": "mentions_lost", "channel": self._account.name},
            )
        return [posts[number] for number in sorted(posts)], users

    async def _around(self, posts: Sequence[Json], users: dict[str, Json]) -> Around:
        """The posts without which these cannot be understood. What X will not show is not among them."""
        wanted = list(dict.fromkeys(post_id for post in posts if (post_id := self._needed(post))))
        known: dict[str, Json] = {}
        for start in range(0, len(wanted), PAGE):
            try:
                page = await self._api.posts(wanted[start : start + PAGE])
            except ApiFailed as failed:
                if failed.status not in _REFUSED:
                    raise
                logger.warning(
                    "X does not show the posts that others answer (%s); mentions are read without them.",
                    failed.said,
                    extra={"action": "posts_refused", "channel": self._account.name},
                )
                break
            found = readable(page)
            known |= {str(post["id"]): post for post in found}
            users |= await users_of(page, self._purse)
            await self._purse.read(Item.POST_READ, known)
        return Around(posts=known, users=users)

    def _needed(self, post: Json) -> str | None:
        post_id = needed(post, self._account)
        return post_id if post_id and post_id.isdecimal() else None

    # --- direct messages --------------------------------------------------------------------------------------------

    def _nothing_unread(self) -> Unread:
        return Unread(self._account.name, self._api, self._purse)

    async def _take_messages(self) -> None:
        memory = await self._remembered()
        unread = self._unread
        await unread.read(int(memory.messages))
        self._unread = self._nothing_unread()
        if not unread.events:
            return
        around = Around(posts={}, users=unread.users)
        ordered = [unread.events[number] for number in sorted(unread.events)]
        read = [self._read(event, lambda event: normalise_message(event, self._account, around)) for event in ordered]
        if messages := [message for message in read if message is not None]:
            await self._deliver(messages)
        memory.messages = str(max(unread.events))
        await self._store(memory)

    # --- deletions --------------------------------------------------------------------------------------------------

    async def _take_deletions(self, memory: Memory) -> None:
        now = datetime.now(UTC)
        memory.forget(now - timedelta(days=self._settings.deletion_watch_days))
        latest = {post.latest_id: first for first, post in memory.watched.items()}
        room = await self._purse.room(Item.POST_LOOK, self._settings.deletion_budget_share)
        if room < len(latest):
            logger.warning(
                "X: of %d posts, the budget lets %d be looked for now; those wait that were looked for last. To change "
                "that: daily_budget_usd or deletion_budget_share.",
                len(latest),
                room,
                extra={"action": "deletions_late", "channel": self._account.name},
            )
        affordable = list(latest)[:room]
        for start in range(0, len(affordable), PAGE):
            ids = affordable[start : start + PAGE]
            page = await self._api.are_there(ids)
            await self._purse.read(Item.POST_LOOK, [post["id"] for post in readable(page)])
            refused = {str(error.get("resource_id") or error.get("value")) for error in objects(page, "errors")}
            gone = [latest[post_id] for post_id in ids if post_id in refused and latest[post_id] in memory.watched]
            if gone:
                await self._deliver(
                    [deletion(first, memory.watched[first], self._account, noticed_at=now) for first in gone]
                )
            for first in gone:
                memory.watched.pop(first, None)
            for post_id in ids:
                memory.looked(latest[post_id])
        memory.looked_at = now
        await self._store(memory)

    # --- reading ----------------------------------------------------------------------------------------------------

    def _read(self, raw: Json, read: Callable[[Json], IncomingMessage | None]) -> IncomingMessage | None:
        try:
            return read(raw)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are read
            logger.error(  # noqa: TRY400 - a traceback's last line can quote the user's words
                "X sent %s, which cannot be read (%s); it is left out.",
                raw.get("id"),
                type(error).__name__,
                extra={"action": "post_unreadable", "channel": self._account.name},
            )
            return None
