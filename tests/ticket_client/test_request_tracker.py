"""The desk at Request Tracker keeps the contract, against a simulated RT 5."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from simulators.request_tracker import RequestTrackerSimulator
from tests.ticket_client.contract import DeskContract
from tests.ticket_client.exactly_once import ExactlyOnce
from ticket_client import request_tracker
from ticket_client.base import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ticket_client.contract import Bench
    from tests.ticket_client.exactly_once import WireBench
    from ticket_client.request_tracker import RequestTrackerDesk

_WORDS = {Status.PENDING: "stalled", Status.RESOLVED: "resolved", Status.CLOSED: "deleted", Status.OPEN: "open"}


class RequestTrackerBench:
    """A desk, and an agent with a token of their own."""

    module = "ticket_client.request_tracker"
    creation = ("POST", "/REST/2.0/ticket")

    def __init__(self, sim: RequestTrackerSimulator, http: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.desk = self.made(sim.url)
        self._http = http

    @property
    def upstream(self) -> str:
        return self.sim.url

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "token": self.sim.key, "queue": self.sim.queue, "timeout_s": 1, "settle_s": 0}

    def made(self, url: str, **settings: Any) -> RequestTrackerDesk:
        section = request_tracker.Settings.model_validate({**self.settings(url), **settings})
        return request_tracker.create("desk", section, {})

    async def answer(self, ticket_id: str, text: str) -> None:
        await self.act("POST", f"/ticket/{ticket_id}/correspond", {"Content": text, "ContentType": "text/plain"})

    async def note(self, ticket_id: str, text: str) -> None:
        await self.act("POST", f"/ticket/{ticket_id}/comment", {"Content": text, "ContentType": "text/plain"})

    async def turn(self, ticket_id: str, status: Status) -> None:
        (said,) = await self.act("PUT", f"/ticket/{ticket_id}", {"Status": _WORDS[status]})
        assert "changed" in said

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        kinds = {"Create": "user", "Comment": "note"}
        found = []
        for one in await self._listed(f"/ticket/{ticket_id}/history", "Type,Creator"):
            if one["Type"] in {"Create", "Correspond", "Comment"}:
                said = "user" if one["Creator"]["id"] == "firstline" else "reply"
                found += [
                    (kinds.get(one["Type"], said), part["Content"].decode())
                    for part in await self._parts(f"/transaction/{one['id']}")
                    if part["Content"] and not part["Filename"] and part["ContentType"] == "text/plain"
                ]
        return found

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        parts = await self._parts(f"/ticket/{ticket_id}")
        return [(part["Filename"], part["Content"]) for part in parts if part["Filename"]]

    async def count(self, key: str) -> int:
        return sum(key in ticket.values for ticket in self.sim.tickets.values())

    async def act(self, method: str, path: str, body: object = None, **params: str) -> Any:
        """What an agent does, with their own token."""
        headers = {"Authorization": f"token {self.sim.agent_key}"}
        url = f"{self.sim.url}/REST/2.0{path}"
        async with self._http.request(method, url, json=body, headers=headers, params=params) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def _listed(self, path: str, fields: str) -> list[dict[str, Any]]:
        answer = await self.act("GET", path, fields=fields, per_page="100", orderby="id")
        assert "next_page" not in answer
        return list(answer["items"])

    async def _parts(self, path: str) -> list[dict[str, Any]]:
        found = []
        for part in await self._listed(f"{path}/attachments", "Filename,ContentType"):
            whole = await self.act("GET", f"/attachment/{part['id']}")
            found.append({**part, "Content": base64.b64decode(whole["Content"])})
        return found


async def _bench(**options: Any) -> AsyncIterator[RequestTrackerBench]:
    async with RequestTrackerSimulator(**options) as sim, aiohttp.ClientSession() as http:
        bench = RequestTrackerBench(sim, http)
        yield bench
        await bench.desk.close()
        assert not sim.ignored, "what was sent is known to RT"


class TestRequestTrackerDesk(DeskContract):
    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        """An RT of its own."""
        async for bench in _bench():
            yield bench


class TestRequestTrackerExactlyOnce(ExactlyOnce):
    @pytest.fixture
    async def bench(self) -> AsyncIterator[WireBench]:
        """An RT of its own."""
        async for bench in _bench():
            yield bench
