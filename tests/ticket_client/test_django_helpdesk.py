"""django-helpdesk keeps the contract: a real server, read by its own pages and its database, past our client."""

from __future__ import annotations

import html
import re
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio

from simulators.django_helpdesk import DjangoHelpdesk
from tests.ticket_client.contract import DeskContract
from tests.ticket_client.exactly_once import ExactlyOnce
from ticket_client import django_helpdesk
from ticket_client.base import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ticket_client.contract import Bench
    from tests.ticket_client.exactly_once import WireBench

_MARK = re.compile(r"\s*\[ref [0-9a-f]{10}\]$")


class DjangoBench:
    """The desk, and an agent who works with its own pages; ``lines`` is what these show."""

    def __init__(self, server: DjangoHelpdesk, **settings: Any) -> None:
        self.server = server
        self.more = settings
        self.upstream = server.access.url
        self.module = "ticket_client.django_helpdesk"
        self.creation = ("POST", "/api/tickets/")
        self.desk = django_helpdesk.create(
            "desk", django_helpdesk.Settings.model_validate({**self.settings(self.upstream), **settings}), {}
        )
        self._agent: aiohttp.ClientSession | None = None

    def settings(self, url: str) -> dict[str, Any]:
        access = self.server.access
        return {
            "url": url,
            "token": access.bot_token,
            "queue": access.queue_id,
            "queue_slug": access.queue_slug,
            "timeout_s": 1,
            "settle_s": 0,
            "reconcile_s": 0,
        }

    async def close(self) -> None:
        await self.desk.close()
        if self._agent is not None:
            await self._agent.close()

    # --- what the agent does ----------------------------------------------------------------------------------------

    async def page(self, path: str) -> str:
        """A page as the agent sees it; the first one logs in."""
        if self._agent is None:
            self._agent = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
            await self.page("/login/")
            access = self.server.access
            await self.post("/login/", username=access.agent, password=access.password)
        async with self._agent.get(self.upstream + path) as response:
            assert response.status == 200, path
            return await response.text()

    async def post(self, path: str, **fields: str) -> None:
        """A form that the agent sends."""
        agent = self._agent
        assert agent is not None
        (token,) = [cookie.value for cookie in agent.cookie_jar if cookie.key == "csrftoken"]
        form = {"csrfmiddlewaretoken": token, **fields}
        async with agent.post(self.upstream + path, data=form, allow_redirects=False) as response:
            assert response.status == 302, f"{path}: {response.status}"

    async def update(self, ticket_id: str, **fields: str) -> None:
        """The form under a ticket; what it does not say stays as it is."""
        page = await self.page(f"/tickets/{ticket_id}/")
        shown = {"title": _input(page, "title"), "owner": "0", "priority": _selected(page, "priority"), "queue": "1"}
        await self.post(f"/tickets/{ticket_id}/update/", **shown, **fields)

    async def answer(self, ticket_id: str, text: str) -> None:
        typed = re.sub(r"([*_`\[<\\])", r"\\\1", text)  # an agent who knows that the page shows Markdown
        await self.update(ticket_id, comment=typed, public="1", new_status=await self.status(ticket_id))

    async def note(self, ticket_id: str, text: str) -> None:
        await self.update(ticket_id, comment=text, new_status=await self.status(ticket_id))

    async def turn(self, ticket_id: str, status: Status) -> None:
        match status:
            case Status.RESOLVED:
                await self.update(ticket_id, new_status="3", public="1")
            case Status.ON_HOLD:
                await self.page("/tickets/")
                await self.post(f"/tickets/{ticket_id}/hold/")
            case _:
                raise LookupError("Open, Reopened, Resolved, Closed and Duplicate: and each of them can be reopened.")

    async def status(self, ticket_id: str) -> str:
        ((status,),) = self.server.query("SELECT status FROM helpdesk_ticket WHERE id = ?", ticket_id)
        return str(status)

    # --- what the agent sees, and what there is -----------------------------------------------------------------------

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        page = await self.page(f"/tickets/{ticket_id}/")
        _, _, followups = page.partition('<ul id="followup-list"')
        said = [_line(item) for item in re.split(r'<li class="list-group-item list-group-item-action">', followups)[1:]]
        return [(kind, text) for kind, text in said if text]

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        rows = self.server.query(
            "SELECT a.filename, a.file FROM helpdesk_followupattachment a JOIN helpdesk_followup f"
            " ON f.id = a.followup_id WHERE f.ticket_id = ? ORDER BY a.id",
            ticket_id,
        )
        media = self.server.folder / "media"
        return [(str(name), (media / str(file)).read_bytes()) for name, file in rows]

    async def count(self, key: str) -> int:
        return len(self.server.query("SELECT 1 FROM helpdesk_ticketcustomfieldvalue WHERE value = ?", key))


class _Text(HTMLParser):
    """What is read on a page, with its line breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_starttag(self, tag: str, _: Any) -> None:
        self.text += {"br": "\n", "p": "\n\n"}.get(tag, "")

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\n", "")


def seen(fragment: str) -> str:
    """The words of a piece of a page."""
    reader = _Text()
    reader.feed(fragment)
    return reader.text.strip()


def _line(item: str) -> tuple[str, str]:
    author = re.search(r"</time>\s*·\s*(\w+)", item)
    kind = "note" if "fa-lock" in item else "reply" if author is not None and author[1] == "agent" else "user"
    comment = re.search(r'<div class="mt-3">(.*?)</div>', item, re.DOTALL)
    text = _MARK.sub("", seen(comment[1])) if comment else ""
    return kind, text.replace("\u2060", "")


def _input(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def _selected(page: str, name: str) -> str:
    _, _, options = page.partition(f'name="{name}"')
    found = re.search(r'value="(\d+)"\s*selected', options)
    assert found is not None
    return found[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DjangoHelpdesk]:
    async with DjangoHelpdesk(tmp_path_factory.mktemp("desk")) as running:
        yield running


@asynccontextmanager
async def at_work(server: DjangoHelpdesk, **settings: Any) -> AsyncIterator[DjangoBench]:
    server.empty()
    bench = DjangoBench(server, **settings)
    yield bench
    await bench.close()


class TestDjangoHelpdeskDesk(DeskContract):
    @pytest.fixture
    async def bench(self, server: DjangoHelpdesk) -> AsyncIterator[Bench]:
        async with at_work(server) as bench:
            yield bench


class TestDjangoHelpdeskExactlyOnce(ExactlyOnce):
    @pytest.fixture
    async def bench(self, server: DjangoHelpdesk) -> AsyncIterator[WireBench]:
        async with at_work(server) as bench:
            yield bench
