"""A small Reddit with people on it, and the real SDKs connected to it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpraw
import praw
from praw.models import Comment
from prawcore import Requestor
from prawcore.sessions import FiniteRetryStrategy

from simulators.reddit import RedditSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest
    from praw.models import Submission
    from requests import Response

BOT = "firstline_bot"
USER_AGENT = "linux:firstline.test:1 (by u/mila)"
_T = TypeVar("_T")


class Impatient(Requestor):
    """Waits half a second. PRAW 8.0 takes a `timeout` and does nothing with it; prawcore always waits 16 s."""

    def request(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> Response:
        del timeout
        return super().request(*args, timeout=0.5, **kwargs)


def hasten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it asks again prawcore sleeps for up to 4 s, at random; how often it asks stays as it is."""
    monkeypatch.setattr(FiniteRetryStrategy, "sleep", lambda _self: None)


@asynccontextmanager
async def stage(*, token_lifetime_s: int = 86_400) -> AsyncIterator[RedditSimulator]:
    """r/acme, its moderator mila, the users ana and bram, and the bot, who moderates nothing."""
    async with RedditSimulator(token_lifetime_s=token_lifetime_s) as sim:
        sim.add_client("client", "secret")
        for name in ("ana", "bram", "mila"):
            sim.add_user(name)
        sim.add_user(BOT, password="pass")
        sim.add_subreddit("acme")
        sim.add_moderator("acme", "mila")
        yield sim


def options(sim: RedditSimulator) -> dict[str, Any]:
    """What connects either SDK."""
    return {
        "client_id": "client",
        "client_secret": "secret",
        "username": BOT,
        "password": "pass",
        "user_agent": USER_AGENT,
        "reddit_url": sim.url,
        "oauth_url": sim.url,
        "short_url": sim.url,
        "check_for_updates": False,
        "ratelimit_seconds": 0,
    }


def connected(sim: RedditSimulator, **changes: Any) -> praw.Reddit:
    """PRAW, for use in a thread."""
    return praw.Reddit(**options(sim) | {"check_for_async": False} | changes)


def asynchronous(sim: RedditSimulator, **changes: Any) -> asyncpraw.Reddit:
    """Async PRAW."""
    return asyncpraw.Reddit(**options(sim) | changes)


async def praw_does(sim: RedditSimulator, work: Callable[[praw.Reddit], _T], **changes: Any) -> _T:
    """Let PRAW do something in a thread, and return what came of it."""

    def run() -> _T:
        with connected(sim, **changes) as reddit:
            return work(reddit)

    return await asyncio.to_thread(run)


def replied(thing: Submission | Comment, text: str) -> Comment:
    """Answer something with PRAW, and return the comment it made."""
    made = thing.reply(body=text)
    assert isinstance(made, Comment)
    return made
