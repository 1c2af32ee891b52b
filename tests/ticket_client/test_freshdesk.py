"""Freshdesk keeps the contract, and what is Freshdesk's own."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from simulators.freshdesk import FreshdeskSimulator
from tests.ticket_client.contract import DeskContract
from tests.ticket_client.exactly_once import ExactlyOnce
from ticket_client import freshdesk
from ticket_client.base import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ticket_client.contract import Bench
    from tests.ticket_client.exactly_once import WireBench

_MARK = re.compile(r"\n?\[ref [0-9a-f]{10}\]$")
_NUMBERS = {Status.OPEN: 2, Status.PENDING: 3, Status.RESOLVED: 4, Status.ON_HOLD: 7}


class FreshdeskBench:
    """An account; its agent works by the API with a key of their own."""

    module = "ticket_client.freshdesk"
    creation = ("POST", "/api/v2/tickets")

    def __init__(self, sim: FreshdeskSimulator) -> None:
        self.sim = sim
        self.upstream = sim.url
        self.desk = freshdesk.create("desk", freshdesk.Settings.model_validate(self.settings(sim.url)), {})

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "api_key": self.sim.key, "timeout_s": 1, "settle_s": 0}

    async def answer(self, ticket_id: str, text: str) -> None:
        await self.act("POST", f"tickets/{ticket_id}/reply", {"body": _typed(text)})

    async def note(self, ticket_id: str, text: str) -> None:
        await self.act("POST", f"tickets/{ticket_id}/notes", {"body": _typed(text)})

    async def turn(self, ticket_id: str, status: Status) -> None:
        if status is Status.CLOSED:  # what agents close can be opened again; after 120 days it is archived
            self.sim.archive(int(ticket_id))
        else:
            await self.act("PUT", f"tickets/{ticket_id}", {"status": _NUMBERS[status]})

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        entries = await self.act("GET", f"tickets/{ticket_id}/conversations?per_page=100")
        said = [(_kind(entry), _MARK.sub("", entry["body_text"])) for entry in entries]
        ticket = await self.act("GET", f"tickets/{ticket_id}")
        return [("user", ticket["description_text"]), *(line for line in said if line[1])]

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        entries = await self.act("GET", f"tickets/{ticket_id}/conversations?per_page=100")
        found = []
        async with aiohttp.ClientSession() as session:
            for file in (file for entry in entries for file in entry["attachments"]):
                async with session.get(file["attachment_url"]) as response:
                    found.append((file["name"], await response.read()))
        return found

    async def count(self, key: str) -> int:
        return sum(ticket["custom_fields"]["cf_firstline_key"] == key for ticket in self.sim.tickets.values())

    async def act(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Any:
        """A call with the agent's key."""
        headers = {"Authorization": aiohttp.encode_basic_auth(self.sim.agent_key, "X")}
        async with (
            aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
            session.request(method, f"{self.sim.url}/api/v2/{path}", json=fields) as response,
        ):
            return await response.json()


def _typed(text: str) -> str:
    return "<p>" + html.escape(text, quote=False).replace("\n", "<br>") + "</p>"


def _kind(entry: dict[str, Any]) -> str:
    if entry["private"]:
        return "note"
    return "user" if entry["incoming"] else "reply"


@pytest.fixture
async def account() -> AsyncIterator[FreshdeskBench]:
    async with FreshdeskSimulator() as sim:
        bench = FreshdeskBench(sim)
        yield bench
        await bench.desk.close()


class TestFreshdeskDesk(DeskContract):
    @pytest.fixture
    def bench(self, account: FreshdeskBench) -> Bench:
        """An account without tickets."""
        return account


class TestFreshdeskExactlyOnce(ExactlyOnce):
    @pytest.fixture
    def bench(self, account: FreshdeskBench) -> WireBench:
        """An account without tickets."""
        return account
