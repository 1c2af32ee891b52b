"""The updates of one bot: the queue, long polling with its conflicts, and the webhook."""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import aiohttp

from simulators.telegram.schema import Check
from simulators.telegram.wire import ApiError, Json

_MAX_LIMIT = 100
_REPEATABLE = 200
_MAX_TIMEOUT_S = 50
# Kinds that come only where allowed_updates names them.
_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
_REPEATED_WAIT_S = 3
_REPEATED_LIMIT_S = 0.5
_WEBHOOK_TIMEOUT_S = 60


def conflict(text: str) -> ApiError:
    """Return a 409 with Telegram's prefix."""
    return ApiError(409, f"Conflict: {text}")


@dataclass(slots=True, kw_only=True)
class Webhook:
    """Where updates go, and the last failure to bring one there."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    last_error_at: int | None = None
    last_error: str = ""


class Mailbox:
    """Updates wait here until they are confirmed; nothing else removes them.

    `polling_penalties` adds what the real server does to hasty pollers: the same offset again within 3 s waits at least
    3 s, and within 0.5 s gets one update.
    """

    def __init__(
        self, *, first_update_id: int, polling_penalties: bool, webhook_retry_s: float, check: Check | None
    ) -> None:
        self.pending: deque[Json] = deque()
        self.allowed: frozenset[str] | None = None
        self.webhook: Webhook | None = None
        self._latest: deque[Json] = deque(maxlen=_REPEATABLE)
        self._next_id = first_update_id
        self._polling_penalties = polling_penalties
        self._webhook_retry_s = webhook_retry_s
        self._check = check
        self._previous_poll = (-1, 0.0)
        self._waiting: asyncio.Future[None] | None = None
        self._grown = asyncio.Event()
        self._posting: asyncio.Task[None] | None = None

    def push(self, kind: str, payload: Json) -> Json | None:
        """Queue an update, unless the bot did not ask for its kind (then None)."""
        wanted = kind not in _ON_REQUEST if not self.allowed else kind in self.allowed
        if not wanted:
            return None
        update = self.push_raw({kind: payload})
        if self._check is not None and (problem := self._check("update", update)):
            raise ValueError(f"The simulator made an update that does not fit the Bot API: {problem}")
        return update

    def push_raw(self, update: Json) -> Json:
        """Queue an update exactly as given; `update_id` is added where it is missing."""
        if "update_id" not in update:
            update = {"update_id": self._next_id, **update}
            self._next_id += 1
            self._latest.append(update)
        self.pending.append(update)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        self._grown.set()
        return update

    def repeat(self, number: int) -> int:
        """Queue the last updates once more, the newest first; gives how many."""
        again = list(self._latest)[-number:][::-1]
        for update in again:
            self.push_raw(update)
        return len(again)

    def allow(self, kinds: Iterable[str] | None) -> None:
        """Remember allowed_updates; None leaves the earlier setting, an empty list restores the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds)

    async def poll(self, *, offset: int, limit: int, timeout_s: int) -> list[Json]:
        """Answer one getUpdates. Raises `ApiError` 409 when another poller or a webhook takes over."""
        if self.webhook is not None:
            raise conflict(_WEBHOOK_ACTIVE)
        self._displace(_OTHER_POLLER)
        self._confirm(offset)
        limit = limit if 0 < limit <= _MAX_LIMIT else _MAX_LIMIT
        if self._polling_penalties:
            limit, timeout_s = self._penalised(offset, limit, timeout_s)
        if not self.pending and timeout_s > 0:
            await self._wait(min(timeout_s, _MAX_TIMEOUT_S))
        return [self.pending[index] for index in range(min(limit, len(self.pending)))]

    def set_webhook(self, webhook: Webhook) -> None:
        """Send updates to a URL from now on; a poller is told so."""
        self._displace("terminated by setWebhook request")
        self.drop_webhook()
        self.webhook = webhook
        self._posting = asyncio.create_task(self._post_all(webhook))

    def drop_webhook(self) -> None:
        """Keep updates for pollers again."""
        self.webhook = None
        if self._posting is not None:
            self._posting.cancel()
            self._posting = None

    def close(self) -> None:
        """Let every waiting request return, for the end of the simulator."""
        self.drop_webhook()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _displace(self, reason: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(conflict(reason))
        self._waiting = None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self.pending) > -offset:
                self.pending.popleft()
        # A raw update may lack a number; it goes with those around it.
        while offset > 0 and self.pending and _number(self.pending[0]) < offset:
            self.pending.popleft()

    def _penalised(self, offset: int, limit: int, timeout_s: int) -> tuple[int, int]:
        now = time.monotonic()
        previous_offset, previous_at = self._previous_poll
        self._previous_poll = (offset, now)
        if offset != previous_offset or now > previous_at + _REPEATED_WAIT_S:
            return limit, timeout_s
        return 1 if now < previous_at + _REPEATED_LIMIT_S else limit, max(timeout_s, _REPEATED_WAIT_S)

    async def _wait(self, timeout_s: float) -> None:
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait({waiting}, timeout=timeout_s)
        if done:
            waiting.result()
        else:
            waiting.cancel()

    async def _post_all(self, webhook: Webhook) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret_token} if webhook.secret_token else {}
        connector = aiohttp.TCPConnector(ssl=False)  # local certificates are self-signed
        timeout = aiohttp.ClientTimeout(total=_WEBHOOK_TIMEOUT_S)
        async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=timeout) as session:
            while True:
                while not self.pending:
                    self._grown.clear()
                    await self._grown.wait()
                update = self.pending[0]
                wait_s = await self._post(session, webhook, update)
                if wait_s is not None:
                    await asyncio.sleep(wait_s)
                elif self.pending and self.pending[0] is update:
                    self.pending.popleft()

    async def _post(self, session: aiohttp.ClientSession, webhook: Webhook, update: Json) -> float | None:
        """Return None when the update was taken, else the seconds until the next attempt."""
        wait_s = self._webhook_retry_s
        try:
            async with session.post(webhook.url, json=update) as response:
                if response.ok:
                    return None
                webhook.last_error = f"Wrong response from the webhook: {response.status} {response.reason}"
                if (retry_after := response.headers.get("Retry-After", "")).isdecimal():
                    wait_s = min(float(retry_after), 3600.0)
        except (aiohttp.ClientError, TimeoutError) as error:
            webhook.last_error = f"Connection failed: {type(error).__name__}"
        webhook.last_error_at = int(time.time())
        return wait_s


def _number(update: Json) -> int:
    number = update["update_id"]
    return number if isinstance(number, int) else 0


def pending_kinds(updates: Collection[Json]) -> list[str]:
    """Return the kind of each update, for a person who looks at a queue."""
    return [next((key for key in update if key != "update_id"), "?") for update in updates]
