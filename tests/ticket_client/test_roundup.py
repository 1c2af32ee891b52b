"""A real roundup tracker: the contract, exactly one ticket, and what only a real server says: 409, 412 and 429."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from itertools import count
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.ticket_client.contract import DRAFT, DeskContract, opened
from tests.ticket_client.exactly_once import ExactlyOnce, desk_behind
from tests.ticket_client.fault_proxy import FaultProxy, slow, writes
from tests.ticket_client.roundup_server import Tracker, roundup
from ticket_client.base import RateLimited, Status, TicketBusy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_STATUSES = {Status.PENDING: "need-eg", Status.ON_HOLD: "deferred", Status.RESOLVED: "resolved"}
_queues = count(1)


class RoundupBench:
    """A queue of its own on a tracker, where the agent is mia."""

    module = "tests.ticket_client.roundup_desk"
    creation = ("POST", "/rest/data/issue")

    def __init__(self, tracker: Tracker, agent: aiohttp.ClientSession) -> None:
        self.upstream = tracker.url.rstrip("/")
        self._tracker = tracker
        self._agent = agent
        self._queue = f"queue {next(_queues)}: "
        self.desk = desk_behind(self, self.upstream)

    def settings(self, url: str) -> dict[str, Any]:
        return {
            "kind": "roundup",
            "url": url,
            "origin": self.upstream,
            "queue": self._queue,
            "user": "bot",
            "password": self._tracker.password("bot"),
            "timeout_s": 1,
            "settle_s": 0,
        }

    async def answer(self, ticket_id: str, text: str) -> None:
        await self._say(ticket_id, text, is_private=False)

    async def note(self, ticket_id: str, text: str) -> None:
        await self._say(ticket_id, text, is_private=True)

    async def turn(self, ticket_id: str, status: Status) -> None:
        await self._put(ticket_id, status=_STATUSES[status])

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        lines = []
        for item in (await self._issue(ticket_id))["attributes"]["messages"]:
            message = (await self._call("GET", f"/msg/{item['id']}", params={"@verbose": "3"}))["data"]["attributes"]
            kind = "user" if message["author"]["username"] == "bot" else "reply"
            lines.append(("note" if message["private"] else kind, message["content"]))
        return lines

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        files = []
        for item in (await self._issue(ticket_id))["attributes"]["files"]:
            path = f"/rest/data/file/{item['id']}/binary_content"
            async with self._agent.get(path, headers={"Accept": "*/*"}) as answer:
                files.append((item["name"], await answer.read()))
        return files

    async def count(self, key: str) -> int:
        """A second one with the same key is refused by the tracker itself."""
        found = await self._call("GET", "/issue", params={"external_id:": self._queue + key})
        return int(found["data"]["@total_size"])

    # --- within -----------------------------------------------------------------------------------------------------

    async def _say(self, ticket_id: str, text: str, *, is_private: bool) -> None:
        message = {"content": text, "author": "mia", "date": ".", "private": is_private}
        made = await self._call("POST", "/msg", json=message)
        before = [item["id"] for item in (await self._issue(ticket_id))["attributes"]["messages"]]
        await self._put(ticket_id, messages=[*before, made["data"]["id"]])

    async def _put(self, ticket_id: str, **fields: object) -> None:
        etag = (await self._issue(ticket_id))["@etag"]
        await self._call("PUT", f"/issue/{ticket_id}", json=fields, headers={"If-Match": etag})

    async def _issue(self, ticket_id: str) -> dict[str, Any]:
        issue: dict[str, Any] = (await self._call("GET", f"/issue/{ticket_id}", params={"@verbose": "2"}))["data"]
        return issue

    async def _call(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        async with self._agent.request(method, f"/rest/data{path}", **what) as answer:
            got: dict[str, Any] = await answer.json()
            assert answer.ok, got
            return got


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracker]:
    """One for all tests here."""
    with roundup(tmp_path_factory.mktemp("roundup")) as tracker:
        yield tracker


def agent_at(tracker: Tracker) -> aiohttp.ClientSession:
    """What the agent works with."""
    headers = {
        "Authorization": aiohttp.encode_basic_auth("mia", tracker.password("mia")),
        "Origin": tracker.url.rstrip("/"),
        "X-Requested-With": "rest",
        "Accept": "application/json",
    }
    return aiohttp.ClientSession(tracker.url, headers=headers)


@pytest.fixture
async def bench(tracker: Tracker) -> AsyncIterator[RoundupBench]:
    """A queue of its own."""
    async with agent_at(tracker) as agent:
        bench = RoundupBench(tracker, agent)
        yield bench
        await bench.desk.close()


class TestRoundupDesk(DeskContract):
    """With the module's bench."""


class TestRoundupExactlyOnce(ExactlyOnce):
    """With the module's bench."""


async def test_a_key_that_exists_is_a_conflict_and_the_ticket_is_the_one_that_has_it(bench: RoundupBench) -> None:
    request = await bench.desk.prepare(DRAFT)
    first = await bench.desk.create(DRAFT, request)
    async with FaultProxy(bench.upstream) as proxy:
        desk = desk_behind(bench, proxy.url)
        try:
            again = await desk.create(DRAFT, request)
        finally:
            await desk.close()
        assert [(call.method, call.path) for call in proxy.calls] == [bench.creation, ("GET", "/rest/data/issue")]
    assert (again.id, again.number) == (first.id, first.number)
    assert await bench.count(DRAFT.key) == 1


async def test_a_ticket_that_an_agent_changes_meanwhile_is_not_overwritten(bench: RoundupBench) -> None:
    ref = await opened(bench.desk)
    async with FaultProxy(bench.upstream) as proxy:
        rule = proxy.fail(slow(0.3), when=writes, after=1)  # the message is made; it is put into the issue too late
        desk = desk_behind(bench, proxy.url)
        adding = asyncio.create_task(desk.add_user_message(ref.id, "and my hat", key="m"))
        try:
            while not rule.hits:
                await asyncio.sleep(0.01)
            await bench.answer(ref.id, "we are looking into it")
            with pytest.raises(TicketBusy, match="changed the issue"):
                await adding
            assert not await desk.added(ref.id, "m")
            await desk.add_user_message(ref.id, "and my hat", key="m")
        finally:
            await desk.close()
    assert (await bench.lines(ref.id))[1:] == [("reply", "we are looking into it"), ("user", "and my hat")]


async def test_a_limit_of_calls_is_kept_to_the_second(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        tracker = stack.enter_context(roundup(tmp_path, calls=4, interval_s=6))
        bench = RoundupBench(tracker, await stack.enter_async_context(agent_at(tracker)))
        stack.push_async_callback(bench.desk.close)
        proxy = await stack.enter_async_context(FaultProxy(tracker.url))
        desk = desk_behind(bench, proxy.url)
        stack.push_async_callback(desk.close)

        assert await desk.find(DRAFT) is None
        with suppress(RateLimited):  # another process with our key leaves nothing to us
            while True:
                await bench.desk.find(DRAFT)
        with pytest.raises(RateLimited, match="429") as limited:
            await desk.find(DRAFT)
        wait_s = limited.value.retry_after_s
        assert (len(proxy.calls), 0 < wait_s <= 2) == (2, True)
        with pytest.raises(RateLimited):
            await desk.add_note("1", "too early", key="n")
        assert len(proxy.calls) == 2, "nothing is sent before the time"
        await asyncio.sleep(wait_s + 0.05)
        try:
            assert await desk.find(DRAFT) is None
        except RateLimited as error:  # roundup cuts the time to whole seconds: it may have been too early
            await asyncio.sleep(error.retry_after_s + 0.05)
            assert await desk.find(DRAFT) is None
        assert len(proxy.calls) <= 4
