"""The desk at Zendesk keeps the contract, on a simulated account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from simulators.zendesk import AGENT, BOT, ZendeskSimulator
from tests.ticket_client.contract import DeskContract
from ticket_client import zendesk
from ticket_client.base import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ticket_client.contract import Bench
    from ticket_client.zendesk import ZendeskDesk

WORDS = {
    Status.OPEN: "open", Status.PENDING: "pending", Status.ON_HOLD: "hold", Status.RESOLVED: "solved",
    Status.CLOSED: "closed",
}  # fmt: skip


class ZendeskBench:
    module = "ticket_client.zendesk"
    creation = ("POST", "/api/v2/tickets.json")

    def __init__(self, sim: ZendeskSimulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.upstream = sim.url
        self.desk = desk_at(sim)
        self._session = session
        self._login = aiohttp.encode_basic_auth(f"{AGENT}/token", sim.tokens[AGENT])

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "email": BOT, "token": self.sim.key, "timeout_s": 1, "settle_s": 0}

    async def call(self, method: str, path: str, **body: Any) -> Any:
        """What an agent does at Zendesk's own API."""
        async with self._session.request(
            method,
            f"{self.sim.url}/api/v2{path}",
            headers={"Authorization": self._login},
            json=body or None,
        ) as answer:
            assert answer.ok, await answer.text()
            return json.loads(await answer.text() or "null")

    async def answer(self, ticket_id: str, text: str) -> None:
        await self.call("PUT", f"/tickets/{ticket_id}.json", ticket={"comment": typed(text, is_public=True)})

    async def note(self, ticket_id: str, text: str) -> None:
        await self.call("PUT", f"/tickets/{ticket_id}.json", ticket={"comment": typed(text, is_public=False)})

    async def turn(self, ticket_id: str, status: Status) -> None:
        await self.call("PUT", f"/tickets/{ticket_id}.json", ticket={"status": WORDS[status]})

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        ticket = (await self.call("GET", f"/tickets/{ticket_id}.json"))["ticket"]
        comments = await self.comments(ticket_id)

        def kind(comment: Any) -> str:
            by_requester = comment["author_id"] == ticket["requester_id"]
            return "user" if by_requester else "reply" if comment["public"] else "note"

        return [(kind(each), each["plain_body"]) for each in comments if not each["attachments"]]

    async def comments(self, ticket_id: str) -> list[Any]:
        return list((await self.call("GET", f"/tickets/{ticket_id}/comments.json"))["comments"])

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        found = []
        for file in (file for comment in await self.comments(ticket_id) for file in comment["attachments"]):
            async with self._session.get(file["content_url"], headers={"Authorization": self._login}) as answer:
                found.append((file["file_name"], await answer.read()))
        return found

    async def count(self, key: str) -> int:
        return sum(ticket["external_id"] == key for ticket in self.sim.tickets.values())


def typed(text: str, *, is_public: bool) -> dict[str, Any]:
    """What Zendesk's own page sends of an agent's words."""
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")
    return {"html_body": f"<p>{shown}</p>", "public": is_public}


def desk_at(sim: ZendeskSimulator, **settings: Any) -> ZendeskDesk:
    given = {"url": sim.url, "email": BOT, "token": sim.key, "settle_s": 0, **settings}
    return zendesk.create("desk", zendesk.Settings.model_validate(given), {})


@pytest.fixture
async def bench() -> AsyncIterator[ZendeskBench]:
    async with ZendeskSimulator(export_lag_s=0) as sim, aiohttp.ClientSession() as session:
        bench = ZendeskBench(sim, session)
        yield bench
        assert sim.warnings == [], "nothing is sent that Zendesk does not know"
        await bench.desk.close()


class TestZendeskDesk(DeskContract):
    @pytest.fixture
    async def bench(self, bench: ZendeskBench) -> Bench:
        """On an account of its own."""
        return bench
