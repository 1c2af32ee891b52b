"""The filtered stream, with tweepy's client and by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import tweepy  # type: ignore[import-untyped]  # it comes without types
from tweepy.asynchronous import AsyncStreamingClient  # type: ignore[import-untyped]  # it comes without types

from simulators.twitter import TwitterSimulator, User

from .conftest import Swapped, connected


class _Listener(AsyncStreamingClient):  # type: ignore[misc]  # tweepy comes without types
    def __init__(self, token: str) -> None:
        super().__init__(token, max_retries=0)
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def on_connect(self) -> None:
        self.heard.put_nowait(("connected", None))

    async def on_response(self, response: Any) -> None:
        self.heard.put_nowait(("post", response))

    async def on_errors(self, errors: Any) -> None:
        self.heard.put_nowait(("errors", errors))

    async def on_keep_alive(self) -> None:
        self.heard.put_nowait(("alive", None))

    async def on_closed(self, *_: Any) -> None:
        self.heard.put_nowait(("closed", None))

    async def on_request_error(self, status_code: int) -> None:
        self.heard.put_nowait(("refused", status_code))

    async def next(self, kind: str) -> Any:
        async with asyncio.timeout(5):
            while True:
                found, item = await self.heard.get()
                if found == kind:
                    return item


@asynccontextmanager
async def _listener(sim: TwitterSimulator) -> AsyncIterator[_Listener]:
    listener = _Listener(sim.credentials()["bearer_token"])
    async with aiohttp.ClientSession() as session:
        listener.session = Swapped(session, sim.url)
        yield listener
        if listener.task is not None:
            listener.disconnect()
            await asyncio.wait([listener.task])


async def test_posts_arrive_with_the_rule_that_fits(sim: TwitterSimulator, ana: User) -> None:
    sim.mention(ana.id, "before")  # nothing is filled in later
    async with _listener(sim) as listener:
        added = await listener.add_rules([tweepy.StreamRule("@firstline_bot", "mentions"), tweepy.StreamRule("cats")])
        assert added.meta["summary"] == {"created": 2, "not_created": 0, "valid": 2, "invalid": 0}
        again = await listener.add_rules(tweepy.StreamRule("cats"))
        assert (again.data, again.errors[0]["title"]) == (None, "DuplicateRule")
        wrong = await listener.add_rules([tweepy.StreamRule("x" * 1025)])
        assert wrong.errors[0]["title"] == "InvalidRule"
        assert (await listener.add_rules(tweepy.StreamRule("dogs"), dry_run="true")).meta["summary"]["created"] == 1
        listener.filter(tweet_fields=["author_id"], expansions=["author_id"])
        await listener.next("connected")
        assert sim.stream_count() == 1
        sim.post(ana.id, "nobody asked")
        question = sim.mention(ana.id, "hear me")["id"]
        heard = await listener.next("post")
        assert (str(heard.data.id), str(heard.data.author_id)) == (question, ana.id)
        assert [user.username for user in heard.includes["users"]] == ["ana"]
        assert [rule.tag for rule in heard.matching_rules] == ["mentions"]
        edited = sim.edit(question, "@firstline_bot hear me now")["id"]
        assert str((await listener.next("post")).data.id) == edited
        rules = (await listener.get_rules()).data
        assert [rule.value for rule in rules] == ["@firstline_bot", "cats"]
        gone = await listener.delete_rules([rules[0].id])
        assert gone.meta["summary"] == {"deleted": 1, "not_deleted": 0}
        sim.mention(ana.id, "unheard")
        fitting = sim.post(ana.id, "I like cats")["id"]
        assert str((await listener.next("post")).data.id) == fitting
    while sim.stream_count():
        sim.post(ana.id, "cats again")  # a dead connection shows when something is written to it
        await asyncio.sleep(0.01)
    assert sim.usage().items["post_read"] >= 3


async def test_disconnects_come_in_the_stream(sim: TwitterSimulator) -> None:
    async with _listener(sim) as listener:
        await listener.add_rules(tweepy.StreamRule("@firstline_bot"))
        listener.filter()
        await listener.next("connected")
        sim.disconnect_stream()
        assert sim.stream_count() == 0
        (error,) = await listener.next("errors")
        assert (error["title"], error["disconnect_type"]) == ("operational-disconnect", "OperationalDisconnect")
        await listener.next("closed")
        await listener.next("connected")  # tweepy comes back at once
        sim.disconnect_stream(quietly=True)
        await listener.next("closed")


async def test_no_rule_no_stream_and_one_connection_only(sim: TwitterSimulator) -> None:
    async with _listener(sim) as listener, _listener(sim) as second:
        listener.filter()
        assert await listener.next("refused") == 409
        listener.disconnect()
        await second.add_rules(tweepy.StreamRule("@firstline_bot"))
        second.filter()
        await second.next("connected")
        async with connected(sim) as client:
            url, keys = f"{sim.url}/2/tweets/search/stream", sim.credentials()
            for token, status in (("bearer_token", 429), ("oauth2_token", 403)):
                headers = {"Authorization": f"Bearer {keys[token]}"}
                async with client.session.request("GET", url, headers=headers) as response:
                    body = await response.json()
                    assert (response.status, body["title"]) == (
                        status, "ConnectionException" if status == 429 else "Unsupported Authentication",
                    )  # fmt: skip


async def test_empty_lines_keep_it_alive_and_it_ends_with_the_network() -> None:
    async with TwitterSimulator(keep_alive_s=0.05) as sim:
        sim.add_bot()
        async with _listener(sim) as listener:
            await listener.add_rules(tweepy.StreamRule("@firstline_bot"))
            listener.filter()
            await listener.next("connected")
            await listener.next("alive")
            await listener.next("alive")
            await sim.go_offline()
            await listener.next("closed")


async def test_rules_are_limited(sim: TwitterSimulator) -> None:
    headers = {"Authorization": f"Bearer {sim.credentials()['bearer_token']}"}
    url = f"{sim.url}/2/tweets/search/stream/rules"
    rules = [{"value": f"word{number}"} for number in range(1_001)]
    async with aiohttp.ClientSession(headers=headers) as session:
        for body, status in (({"add": rules}, 422), ({"add": rules[:1000]}, 201), ({"add": rules}, 422), ({}, 400)):
            async with session.post(url, data=json.dumps(body)) as response:
                assert response.status == status
        async with session.post(url, json={"delete": {"values": ["word5", "word6", "none"]}}) as response:
            assert (await response.json())["meta"]["summary"] == {"deleted": 2, "not_deleted": 1}
        async with session.get(url) as response:
            assert (await response.json())["meta"]["result_count"] == 998


@pytest.mark.parametrize("kind", ["too_many_requests", "unavailable_before"])
async def test_a_stream_may_be_refused(sim: TwitterSimulator, kind: str) -> None:
    async with _listener(sim) as listener:
        await listener.add_rules(tweepy.StreamRule("@firstline_bot"))
        sim.arm(kind)
        listener.filter()
        assert await listener.next("refused") in {429, 503}
