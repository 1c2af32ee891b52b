"""One account on Reddit: logging in, reading until told to stop, sending."""

from __future__ import annotations

import asyncio
import logging
from random import SystemRandom
from typing import TYPE_CHECKING, Final

import requests

from adapters.base import ChannelSetupError, RateLimits, Unreachable
from adapters.downloads import Downloads
from adapters.reddit.check import place_findings, preface
from adapters.reddit.places import ALWAYS_BOTS, Account
from adapters.reddit.polling import Polling
from adapters.reddit.reading import Reading
from adapters.reddit.sending import Sending
from adapters.reddit.wire import FAILURES, GONE, Line, Quota, is_refused, outcome, said
from config.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from adapters.base import Attachment, Deliver, IncomingMessage, Reply, Surroundings
    from adapters.reddit.settings import Settings

logger = logging.getLogger(__name__)

_LEFT_TO_WRITES: Final = 10.0
_ROUND_S: Final = 120.0  # for a round that Reddit's limit of calls makes slow


def create(name: str, settings: Settings, surroundings: Surroundings) -> RedditAdapter:
    """The adapter for the section `name`; opens no connection yet."""
    return RedditAdapter(name, settings, surroundings)


class RedditAdapter:
    """One account on Reddit: a line that reads and a line that writes, each a PRAW in a thread of its own.

    `session` and `connect` make the connections, to the API and to the files, where the usual ones will not do.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        surroundings: Surroundings,
        *,
        session: Callable[[], requests.Session] = requests.Session,
        connect: Callable[[], aiohttp.BaseConnector] | None = None,
    ) -> None:
        self.name = name
        rate = settings.messages_per_minute
        self.limits = RateLimits(overall=(max(rate, 1), 60), per_shared_place=(max(rate / 2, 1), 60))
        self._settings = settings
        self._surroundings = surroundings
        quota = Quota()
        self._lines = (
            Line(settings, quota, use="read", reserve=_LEFT_TO_WRITES, session=session),
            Line(settings, quota, use="write", reserve=0, session=session),
        )
        self._reading = Reading(self._lines[0], name)
        self._sending = Sending(self._lines[1], name, settings, surroundings)
        self._downloads = Downloads(
            settings.file_hosts, timeout_s=settings.file_timeout_s, agent=settings.agent, connect=connect
        )
        self._account: Account | None = None
        self._polling: Polling | None = None

    def __repr__(self) -> str:
        return f"RedditAdapter({self.name!r})"

    # --- receiving --------------------------------------------------------------------------------------------------

    async def run(self, deliver: Deliver) -> None:
        """Receive until cancelled. Raises `ChannelSetupError` where the app or the account is refused."""
        await self._persist(self._log_in)
        polling = self._polling = Polling(self._reading, self._known_account(), self._settings, self._surroundings)
        while True:
            await self._persist(lambda: polling.once(deliver))
            self._surroundings.alive(self.name, self._settings.poll_interval_s + _ROUND_S)
            await asyncio.sleep(self._settings.poll_interval_s)

    async def _persist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do the step, as often as it takes."""
        failures = 0
        while True:
            try:
                await step()
            except FAILURES as error:
                if is_refused(error):
                    raise ChannelSetupError(_REFUSED.format(self.name, said(error))) from error
                failures += 1
                await self._wait_after(error, failures)
            else:
                return

    async def _log_in(self) -> None:
        if self._account is None:
            self._account = await self._me(self._reading)
            logger.info("Reddit: logged in as u/%s.", self._account.username, extra={"action": "channel_connected"})

    async def _me(self, reading: Reading) -> Account:
        user_id, username, is_suspended = await reading.me()
        settings = self._settings
        return Account(
            name=self.name,
            id=user_id,
            username=username,
            subreddits=frozenset(name.lower() for name in settings.subreddits),
            help_flairs={
                name.lower(): frozenset(flair.strip().casefold() for flair in flairs)
                for name, flairs in settings.help_flairs.items()
            },
            answer_titles=frozenset(name.lower() for name in settings.answer_titles),
            has_modmail=settings.modmail,
            is_suspended=is_suspended,
            bots=ALWAYS_BOTS | {name.lower() for name in settings.other_bots},
            site=settings.reddit_url,
        )

    def _known_account(self) -> Account:
        if self._account is None:
            raise RuntimeError("the account is known after the log-in")
        return self._account

    async def _wait_after(self, error: Exception, failures: int) -> None:
        """Say what is wrong and wait, longer each time."""
        cap_s = self._settings.max_backoff_s
        wait_s = min(cap_s, 0.5 * 2 ** min(failures, 16)) * SystemRandom().uniform(0.5, 1)
        asked = outcome(error)
        wait_s = max(wait_s, getattr(asked, "retry_after_s", 0.0))
        logger.warning(
            "Reddit cannot be read (%s), trying again in %.1f s.",
            said(error),
            wait_s,
            extra={"action": "channel_unreachable", "channel": self.name},
        )
        await asyncio.sleep(wait_s)

    # --- sending ----------------------------------------------------------------------------------------------------

    async def send(self, reply: Reply) -> str:
        """Post one reply. Raises `ChannelError`."""
        return await self._sending.post(reply, await self._writer())

    async def find(self, reply: Reply) -> str | None:
        """The id of a reply that was perhaps posted: the account's own newest comments, or the conversation's end."""
        return await self._sending.find(reply, await self._writer())

    async def delete(self, message: IncomingMessage) -> bool:
        """Remove somebody's comment or submission; False where the bot is no moderator who may."""
        await self._writer()
        remember = self._polling.forget(message.message_id) if self._polling is not None else None
        removed = False
        try:
            removed = await self._sending.remove(message)
        finally:
            if not removed and remember is not None:
                remember()
        return removed

    async def _writer(self) -> Account:
        """The account, also where what was left to send goes out before the first look at Reddit."""
        if self._account is None:
            try:
                self._account = await self._me(Reading(self._lines[1], self.name))
            except FAILURES as error:
                raise Unreachable(f"Reddit: {said(error)}") from error
        return self._account

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        """A picture or video that somebody posted. Raises `NotFetched`, `Busy` or `Unreachable`.

        Not by PRAW, which reads no files: its thread would be held by a slow one, and cannot be called back.
        """
        return await self._downloads.get(attachment.reference, max_bytes=max_bytes)

    # --- the operator -----------------------------------------------------------------------------------------------

    async def check(self) -> list[Finding]:
        """Log in and say in plain words what the bot may do here."""
        try:
            account = await self._me(self._reading)
        except FAILURES as error:
            if is_refused(error):
                cure = "Check client_id, client_secret, username and password (no two-factor log-in), or refresh_token."
                return [Finding(ok=False, text=f"Reddit refuses to log the bot in ({said(error)}).", cure=cure)]
            cure = "Check the network, and reddit_url and oauth_url if you changed them."
            return [Finding(ok=False, text=f"Reddit cannot be reached ({said(error)}).", cure=cure)]
        findings = preface(account, self._settings)
        for name in self._settings.subreddits:
            try:
                findings += place_findings(await self._reading.place(name), account, self._settings)
            except GONE as error:
                cure = "Check its name; where it is private or has banned the account, its moderators can let it in."
                text = f"r/{name} cannot be read ({said(error)})."
                findings.append(Finding(ok=False, text=text, cure=cure))
            except FAILURES as error:
                findings.append(Finding(ok=False, text=f"r/{name}: Reddit could not be asked ({said(error)})."))
        return findings

    async def close(self) -> None:
        """End both threads; idempotent. Waits no longer than one request may take."""
        await asyncio.gather(*(line.close() for line in self._lines), self._downloads.close())


_REFUSED: Final = (
    "Reddit refuses to log `{}` in ({}). Check client_id, client_secret, username and password, or refresh_token; "
    "new apps need Reddit's approval first."
)
