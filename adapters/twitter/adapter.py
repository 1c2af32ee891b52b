"""One account on X: receiving, answering, and looking for what was perhaps posted."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from random import SystemRandom
from typing import TYPE_CHECKING

from adapters.base import (
    Busy,
    ChannelError,
    ChannelSetupError,
    MaybePosted,
    NotFetched,
    RateLimits,
    Rejected,
    Unreachable,
)
from adapters.downloads import Downloads
from adapters.twitter.check import findings
from adapters.twitter.memory import Memory
from adapters.twitter.meter import Item
from adapters.twitter.policy import Policy, with_policy
from adapters.twitter.purse import Purse
from adapters.twitter.receiving import Receiver
from adapters.twitter.stream import Doorbell
from adapters.twitter.targets import Account
from adapters.twitter.text import for_message, for_post, has_link, marked, objects, whole, without_links
from adapters.twitter.wire import PAGE, Api, ApiFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    import aiohttp

    from adapters.base import Attachment, Deliver, IncomingMessage, Reply, Surroundings
    from adapters.twitter.settings import Settings
    from adapters.twitter.text import Json
    from config.findings import Finding

logger = logging.getLogger(__name__)

_MAX_PAGES = 8


def create(name: str, settings: Settings, surroundings: Surroundings) -> TwitterAdapter:
    """The adapter for the section `name`; opens no connection yet."""
    return TwitterAdapter(name, settings, surroundings)


class TwitterAdapter:
    """One account on X. `connector` makes the connections where the usual ones will not do."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        surroundings: Surroundings,
        connector: Callable[[], aiohttp.BaseConnector] | None = None,
    ) -> None:
        self.name = name
        self.limits = RateLimits(overall=(settings.posts_per_15_minutes, 900))
        self._settings = settings
        self._surroundings = surroundings
        self._connector = connector
        self._api = Api(settings, connector)
        self._downloads = Downloads(settings.file_hosts, timeout_s=settings.file_timeout_s, connect=connector)
        self._purse = Purse(name, settings.daily_budget_usd, surroundings)
        self._policy = Policy(name, settings.privacy_policy_url, surroundings)
        self._account: Account | None = None
        self._memory: Memory | None = None
        self._opening, self._storing = asyncio.Lock(), asyncio.Lock()

    def __repr__(self) -> str:
        return f"TwitterAdapter({self.name!r})"

    # --- receiving --------------------------------------------------------------------------------------------------

    async def run(self, deliver: Deliver) -> None:
        """Receive until cancelled. Raises `ChannelSetupError` where X refuses the keys."""
        account = await self._persist_log_in()
        receiver = Receiver(
            account=account,
            api=self._api,
            purse=self._purse,
            settings=self._settings,
            deliver=deliver,
            log_in=self._log_in,
            remembered=self._remembered,
            store=self._store,
            alive=self._surroundings.alive,
        )
        loops: list[Coroutine[Any, Any, object]] = [receiver.run_mentions(), receiver.run_deletions()]
        if self._settings.direct_messages:
            loops.append(receiver.run_messages())
        if self._settings.stream:
            loops.append(Doorbell(self._settings, account, receiver.rung, self._purse, self._connector).run())
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _persist_log_in(self) -> Account:
        failures = 0
        while True:
            try:
                account = await self._log_in()
            except ApiFailed as failed:
                failures += 1
                wait_s = min(self._settings.max_backoff_s, 0.5 * 2.0 ** min(failures, 16))
                wait_s = max(failed.wait_s() or 0.0, wait_s * SystemRandom().uniform(0.5, 1))
                logger.warning(
                    "X cannot be reached (%s), trying again in %.1f s.",
                    failed.said,
                    wait_s,
                    extra={"action": "channel_unreachable", "channel": self.name},
                )
                await asyncio.sleep(wait_s)
            else:
                logger.info("X: logged in as @%s.", account.username, extra={"action": "channel_connected"})
                return account

    async def _log_in(self) -> Account:
        """The account. Raises `ChannelSetupError` where X refuses the keys, `ApiFailed` where it cannot be asked."""
        try:
            me = await self._api.me()
        except ApiFailed as failed:
            if failed.status == 401:  # noqa: PLR2004 - Unauthorized
                raise ChannelSetupError(
                    f"X refuses the keys of `{self.name}` ({failed.said}). Make all four anew in X's developer "
                    "console, with the right to read, write and send direct messages; and set this computer's clock."
                ) from failed
            raise
        self._account = self._known_as(me)
        await self._purse.read(Item.USER_READ, [self._account.bot_id])
        return self._account

    def _known_as(self, me: Json) -> Account:
        data = me.get("data")
        if not isinstance(data, dict) or not data.get("id") or not data.get("username"):
            raise ApiFailed(KeyError("users/me shows no account"), 200, {})
        settings = self._settings
        return Account(
            name=self.name,
            bot_id=str(data["id"]),
            username=str(data["username"]),
            staff=frozenset(settings.staff),
            other_bots=frozenset(settings.other_bots),
            is_automatic=settings.mode == "auto",
            is_labelled=settings.automated_label_confirmed,
            allow_links=settings.allow_links,
            direct_messages=settings.direct_messages,
            max_posts=settings.max_posts,
            privacy_policy_url=settings.privacy_policy_url,
        )

    async def _remembered(self) -> Memory:
        async with self._opening:
            if self._memory is None:
                stored = await self._surroundings.load_state(f"{self.name}:memory")
                memory = Memory.load(stored, now=datetime.now(UTC))
                if stored is None:  # or a restart before the first mention would skip what was written meanwhile
                    await self._store(memory)
                self._memory = memory
            return self._memory

    async def _store(self, memory: Memory) -> None:
        """Write it down; one after the other, or an older state would lie over a newer one."""
        async with self._storing:
            await self._surroundings.save_state(f"{self.name}:memory", memory.dump())

    async def _newest(self, post_id: str) -> str:
        """The id of the newest version of a post that was delivered."""
        try:
            watched = (await self._remembered()).watched.get(post_id)
        except Exception:  # noqa: BLE001 - a ledger that cannot be read; X takes an answer to the first version too
            return post_id
        return watched.latest_id if watched else post_id

    # --- sending ----------------------------------------------------------------------------------------------------

    async def send(self, reply: Reply) -> str:
        """Post one reply. Raises `ChannelError`."""
        text, item = self._written(reply)
        if not text.strip(" …"):
            raise Rejected(
                "X: without its links nothing is left of this reply; write it otherwise, or set allow_links."
            )
        await self._purse.take(item)
        try:
            return await self._post(reply, text)
        except ApiFailed as failed:
            return await self._after(failed, reply, item)

    async def _post(self, reply: Reply, text: str) -> str:
        address = reply.target.address
        if "user_id" in address:
            return await self._write(address["user_id"], text)
        return await self._api.post(text, reply.follows or await self._newest(address["post_id"]))

    async def _write(self, user_id: str, text: str) -> str:
        if not await self._policy.is_due(user_id):
            return await self._api.message(user_id, text)
        event_id = await self._api.message(user_id, with_policy(text, self._policy.url))
        await self._policy.shown(user_id)
        return event_id

    async def _after(self, failed: ApiFailed, reply: Reply, item: Item) -> str:
        """What a failure says about the reply. X refuses the very text it has already: then perhaps it is there."""
        outcome = await self._settled(failed, item)
        if _is_duplicate(failed) and "post_id" in reply.target.address:
            try:
                found = await self.find(reply)
            except Rejected as unknown:
                raise MaybePosted(str(unknown)) from unknown
            return found if found is not None else await self._post_marked(reply, item)
        raise outcome from failed

    async def _post_marked(self, reply: Reply, item: Item) -> str:
        """Post what X has as the answer to another post, with a mark that makes it another text."""
        text, _ = self._written(reply)
        await self._purse.take(item)
        try:
            return await self._post(reply, marked(text, reply.target.address["post_id"]))
        except ApiFailed as failed:
            raise await self._settled(failed, item) from failed

    async def _settled(self, failed: ApiFailed, item: Item) -> ChannelError:
        """The error for the bot, once the money is given back and who has to know is told."""
        outcome = failed.outcome(credits_wait_s=self._settings.credits_wait_s)
        if not isinstance(outcome, MaybePosted):
            await self._purse.give_back(item)
        if failed.status == 402:  # noqa: PLR2004 - Payment Required
            logger.error(
                "X: the app is out of credits; replies wait. Buy credits in X's developer console.",
                extra={"action": "credits_spent", "channel": self.name},
            )
        return outcome

    def _written(self, reply: Reply) -> tuple[str, Item]:
        """The text as X gets it, and what it will be charged as."""
        if "user_id" in reply.target.address:
            return for_message(reply.text), Item.MESSAGE
        text = for_post(reply.text, allow_links=self._settings.allow_links)
        if has_link(text):
            return text, Item.POST_WITH_LINK
        return text, Item.POST if reply.follows else Item.REPLY

    async def find(self, reply: Reply) -> str | None:
        """Look through what the account posted since the message that the reply answers. Raises `ChannelError`."""
        text, _ = self._written(reply)
        try:
            if "user_id" in reply.target.address:
                return await self._find_message(reply.target.address, text)
            # The mark is that of the post which asked, in every part of a longer answer.
            texts = [text, marked(text, reply.target.address["post_id"])]
            return await self._find_post(reply.follows or reply.target.address["post_id"], texts)
        except ChannelSetupError as refused:
            raise Unreachable(str(refused)) from refused
        except ApiFailed as failed:
            outcome = failed.outcome(credits_wait_s=self._settings.credits_wait_s)
            if isinstance(outcome, Busy):
                raise outcome from failed
            raise Unreachable(f"X does not show whether the reply is there: {failed.said}") from failed

    async def _find_post(self, answered: str, texts: list[str]) -> str | None:
        bot_id = (self._account or await self._log_in()).bot_id
        versions = {answered, await self._newest(answered)}
        token: str | None = None
        for _ in range(_MAX_PAGES):
            page = await self._api.own_posts(bot_id, answered, token)
            posts = objects(page, "data")
            await self._purse.read(Item.POST_READ, [str(post.get("id")) for post in posts])
            for post in posts:
                references = objects(post, "referenced_tweets", "referenced_posts")
                is_answer = any(
                    each.get("type") == "replied_to" and str(each.get("id")) in versions for each in references
                )
                if is_answer and any(_same(whole(post), text) for text in texts):
                    return str(post["id"])
            meta = page.get("meta")
            token = meta.get("next_token") if isinstance(meta, dict) else None
            if not token:
                return None
        raise Rejected(f"X: it is not among the account's last {_MAX_PAGES * PAGE} posts; look there by hand.")

    async def _find_message(self, address: Mapping[str, str], text: str) -> str | None:
        texts = [text, with_policy(text, self._policy.url)] if self._policy.url else [text]
        page = await self._api.messages_with(address["user_id"])
        events = objects(page, "data")
        await self._purse.read(Item.MESSAGE_READ, [str(event.get("id")) for event in events])
        for event in events:
            is_later = int(event["id"]) > int(address["event_id"])
            is_own = str(event.get("sender_id")) != address["user_id"]
            if is_later and is_own and any(_same(whole(event), each) for each in texts):
                return str(event["id"])
        return None

    async def delete(self, message: IncomingMessage) -> bool:  # noqa: ARG002 - the port's
        """Nobody can remove somebody else's post on X."""
        return False

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        """A photo or video that somebody posted. Raises `NotFetched`, `Busy` or `Unreachable`."""
        if "/" not in attachment.reference:
            raise NotFetched("X did not tell where the file is.")
        return await self._downloads.get(attachment.reference, max_bytes=max_bytes)

    async def check(self) -> list[Finding]:
        """Log in and say in plain words what the bot may do here."""
        return await findings(self._api, self._settings, self._purse)

    async def close(self) -> None:
        """Release connections; idempotent."""
        await self._api.close()
        await self._downloads.close()


def _is_duplicate(failed: ApiFailed) -> bool:
    return failed.status == 403 and "duplicate" in failed.said.lower()  # noqa: PLR2004 - Forbidden


def _same(shown: str, text: str) -> bool:
    """Whether X shows this text; it puts handles in front of a reply and its own addresses for links."""
    wanted = "".join(without_links(text).split())
    return "".join(without_links(shown).split()).endswith(wanted) if wanted else False
