"""The Reddit simulator, used by the real PRAW over a socket: accounts, listings, the inbox, comments, moderation."""

from __future__ import annotations

import asyncio

import praw
from praw.models import Comment

from simulators.reddit import RedditSimulator


def connected(sim: RedditSimulator) -> praw.Reddit:
    return praw.Reddit(
        client_id="client",
        client_secret="secret",
        username="firstline_bot",
        password="pass",
        user_agent="linux:firstline.test:1 (by u/mila)",
        reddit_url=sim.url,
        oauth_url=sim.url,
        short_url=sim.url,
        check_for_updates=False,
        check_for_async=False,
        ratelimit_seconds=0,
        timeout=2,
    )


async def test_a_mention_is_found_answered_and_read() -> None:
    async with RedditSimulator() as sim:
        sim.add_client("client", "secret")
        for name in ("ana", "mila"):
            sim.add_user(name)
        sim.add_user("firstline_bot", password="pass")
        sim.add_subreddit("acme")
        submission = sim.submit("acme", "ana", "It broke")
        mention = sim.comment(submission["name"], "ana", "Help, u/firstline_bot")

        def answer() -> None:
            with connected(sim) as reddit:
                items = list(reddit.inbox.unread(limit=None))
                assert [item.body for item in items] == ["Help, u/firstline_bot"]
                assert isinstance(items[0], Comment)
                items[0].reply(body="Here I am.")
                reddit.inbox.mark_read(items)
                assert list(reddit.inbox.unread()) == []

        await asyncio.to_thread(answer)
        assert [(one.parent, one.text) for one in sim.sent()] == [(mention["name"], "Here I am.")]
        assert [act.target for act in sim.acts("read")] == [mention["name"]]
