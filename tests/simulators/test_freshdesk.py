"""The simulated Freshdesk answers as Freshdesk does: to somebody else's client, and key by key."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from freshdesk.v2.api import API  # type: ignore[import-untyped]
from freshdesk.v2.errors import (  # type: ignore[import-untyped]
    FreshdeskBadRequest,
    FreshdeskNotFound,
    FreshdeskRateLimited,
    FreshdeskUnauthorized,
)

from simulators.freshdesk import FreshdeskSimulator, Webhook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOT = Path(__file__).parents[2]
TICKET = {"subject": "Where?", "description": "My <b>coin</b>", "status": 2, "priority": 1, "unique_external_id": "t:1"}

# Names of fields: of every ticket in the sample data of python-freshdesk 1.3.9 and in the schemas of Airbyte's
# connector 3.1.3, without what is only there on demand (`include=`) and what the libraries make themselves.
KEYS = """ticket: cc_emails fwd_emails reply_cc_emails ticket_cc_emails fr_escalated spam email_config_id group_id
 priority requester_id responder_id source company_id status subject association_type to_emails product_id id type
 due_by fr_due_by is_escalated custom_fields created_at updated_at associated_tickets_count tags nr_due_by nr_escalated
long: description description_text attachments
entry: body body_text id incoming private user_id support_email source category to_emails from_email cc_emails
 bcc_emails created_at updated_at attachments ticket_id source_additional_info
contact: active address company_id description email id job_title language mobile name phone time_zone twitter_id
 custom_fields facebook_id created_at updated_at csat_rating preferred_source unique_external_id
agent: available occasional id signature ticket_scope created_at updated_at last_active_at available_since type
 contact
group: id name description escalate_to unassigned_for business_hour_id group_type created_at updated_at
 auto_ticket_assign
field: id default description label name position required_for_closure type required_for_agents required_for_customers
 label_for_customers customers_can_edit displayed_to_customers created_at updated_at
attachment: id content_type name attachment_url created_at updated_at
"""
NAMES = {
    kind: frozenset(names.split())
    for kind, _, names in (line.partition(": ") for line in KEYS.replace("\n ", " ").splitlines())
    if names
}


class Browser:
    """Calls with a key, and keeps what came back."""

    def __init__(self, sim: FreshdeskSimulator, key: str) -> None:
        self.sim = sim
        self.headers: dict[str, str] = {}
        self._authorization = {"Authorization": aiohttp.encode_basic_auth(key, "X")}

    async def __call__(self, method: str, path: str, fields: Any = None, **others: Any) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(headers=self._authorization) as session,
            session.request(method, f"{self.sim.url}/api/v2/{path}", json=fields, **others) as response,
        ):
            self.headers = dict(response.headers)
            text = await response.text()
            return response.status, json.loads(text) if text else None


@pytest.fixture
async def sim() -> AsyncIterator[FreshdeskSimulator]:
    async with FreshdeskSimulator() as running:
        yield running


@pytest.fixture
def call(sim: FreshdeskSimulator) -> Browser:
    return Browser(sim, sim.key)


@asynccontextmanager
async def library(sim: FreshdeskSimulator, key: str | None = None) -> AsyncIterator[Any]:
    """python-freshdesk, which knows addresses at Freshdesk only."""
    api = API("acme.freshdesk.com", sim.key if key is None else key)
    api._api_prefix = f"{sim.url}/api/v2/"  # noqa: SLF001 - it has no other way
    try:
        yield api
    finally:
        api._session.close()  # noqa: SLF001 - the same


def refused(answer: tuple[int, Any]) -> list[tuple[str, str]]:
    """Fields and codes of a refusal."""
    status, body = answer
    assert (status, body["description"]) == (400, "Validation failed")
    assert all(set(error) == {"field", "message", "code"} for error in body["errors"])
    return [(error["field"], error["code"]) for error in body["errors"]]


# --- somebody else's client ------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Exception ignored in.*FileIO")  # it does not close what it attaches
async def test_python_freshdesk_opens_answers_and_solves(sim: FreshdeskSimulator, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("hello", encoding="utf-8")

    def work(api: Any) -> None:
        ticket = api.tickets.create_ticket(
            "Lost coin",
            email="ann@example.com",
            description="Where is it?",
            tags=["a"],
            custom_fields={"cf_firstline_key": "k"},
        )
        assert (ticket.status, ticket.priority, ticket.tags) == ("open", "low", ["a"])
        with_file = api.tickets.create_ticket(
            "With a file", email="ann@example.com", description="here", tags=["b"], attachments=(str(file),)
        )
        assert [one["name"] for one in with_file.attachments] == ["a.txt"]
        assert with_file.requester_id == ticket.requester_id
        assert api.comments.create_reply(ticket.id, "<b>We look</b>").source == "reply"
        note = api.comments.create_note(ticket.id, "secret")
        assert (note.source, note.private, note.incoming) == ("note", True, False)
        said = api.comments.create_note(
            ticket.id, "and my hat", private=False, incoming=True, user_id=ticket.requester_id
        )
        assert (said.private, said.incoming, said.user_id) == (False, True, ticket.requester_id)
        assert [str(one) for one in api.comments.list_comments(ticket.id)] == ["We look", "secret", "and my hat"]
        assert api.tickets.update_ticket(ticket.id, status=4).status == "resolved"
        shown = api.tickets.get_ticket(ticket.id, "conversations", "requester", "stats")
        assert shown.conversations[0]["body_text"] == "We look"
        assert shown.requester["email"] == "ann@example.com"
        assert [one.id for one in api.tickets.list_tickets(filter_name=None)] == [with_file.id, ticket.id]
        api.tickets.delete_ticket(with_file.id)
        assert [one.id for one in api.tickets.list_tickets(filter_name=None)] == [ticket.id]
        assert [one.id for one in api.tickets.list_deleted_tickets()] == [with_file.id]

    async with library(sim) as api:
        await asyncio.to_thread(work, api)


async def test_python_freshdesk_manages_contacts_and_sees_who_is_there(sim: FreshdeskSimulator) -> None:
    def work(api: Any) -> None:
        ann = api.contacts.create_contact(name="Ann", email="ann@example.com", unique_external_id="t:1")
        assert api.contacts.get_contact(ann.id).unique_external_id == "t:1"
        assert api.contacts.update_contact(ann.id, name="Anna").name == "Anna"
        assert [one.id for one in api.contacts.list_contacts(email="ann@example.com")] == [ann.id]
        assert api.contacts.list_contacts(unique_external_id="t:2") == []
        assert str(api.agents.currently_authenticated_agent()) == "Firstline"
        assert str(api.agents.get_agent(sim.agent_id)) == "Mia Agent"
        (group,) = api.groups.list_groups()
        assert api.groups.get_group(group.id).name == "Support"
        assert "cf_firstline_key" in {str(one) for one in api.ticket_fields.list_ticket_fields()}

    async with library(sim) as api:
        await asyncio.to_thread(work, api)


async def test_python_freshdesk_knows_the_refusals(sim: FreshdeskSimulator) -> None:
    def work(api: Any) -> None:
        with pytest.raises(FreshdeskBadRequest, match="Validation failed"):
            api.tickets.create_ticket("No requester", description="x")
        with pytest.raises(FreshdeskNotFound):
            api.tickets.get_ticket(404)

    def work_without_key(api: Any) -> None:
        with pytest.raises(FreshdeskUnauthorized, match="logged in"):
            api.tickets.get_ticket(1)

    def hurry(api: Any) -> None:
        with pytest.raises(FreshdeskRateLimited):
            api.groups.get_group(sim.group_id)

    async with library(sim) as api, library(sim, "wrong") as stranger:
        await asyncio.to_thread(work, api)
        await asyncio.to_thread(work_without_key, stranger)
        sim.limit_per_minute = 1
        await asyncio.to_thread(hurry, api)


# --- key by key ------------------------------------------------------------------------------------------------------


async def test_every_object_has_the_fields_of_freshdesk(sim: FreshdeskSimulator, call: Browser) -> None:
    form = aiohttp.FormData({"body": "b"}, quote_fields=False)
    form.add_field("attachments[]", b"hello", filename="письмо.txt", content_type="text/plain")
    status, ticket = await call("POST", "tickets", TICKET)
    assert (status, call.headers["Location"]) == (201, f"{sim.url}/api/v2/tickets/1")
    assert set(ticket) >= NAMES["ticket"] | NAMES["long"]
    _, (listed,) = await call("GET", "tickets")
    assert set(listed) >= NAMES["ticket"]
    assert not set(listed) & NAMES["long"], "a list is short"
    _, note = await call("POST", "tickets/1/notes", data=form)
    assert set(note) >= NAMES["entry"]
    (file,) = note["attachments"]
    assert (file["name"], set(file) >= NAMES["attachment"]) == ("письмо.txt", True)
    _, contact = await call("GET", f"contacts/{ticket['requester_id']}")
    assert set(contact) >= NAMES["contact"]
    assert set((await call("GET", "agents/me"))[1]) >= NAMES["agent"]
    assert set((await call("GET", f"groups/{sim.group_id}"))[1]) >= NAMES["group"]
    _, fields = await call("GET", "ticket_fields")
    assert all(set(one) >= NAMES["field"] for one in fields)
    (choices,) = [one["choices"] for one in fields if one["type"] == "default_status"]
    assert choices["2"][0] == "Open"
    assert choices["6"][0] == "Waiting on Customer"


async def test_contacts_are_made_by_external_id_once(call: Browser) -> None:
    _, first = await call("POST", "tickets", TICKET | {"name": "Ann"})
    _, second = await call("POST", "tickets", TICKET | {"name": "Somebody else"})
    assert first["requester_id"] == second["requester_id"]
    _, contact = await call("GET", f"contacts/{first['requester_id']}")
    assert (contact["name"], contact["unique_external_id"], contact["email"]) == ("Ann", "t:1", None)
    status, body = await call("POST", "contacts", {"name": "Ann", "unique_external_id": "t:1"})
    assert (status, body["errors"][0]["code"]) == (409, "duplicate_value")


async def test_html_is_cleaned_and_read_as_text(call: Browser) -> None:
    text = "a<br>b<!-- hidden --><script>alert(1)</script><b onclick='x()'>c</b> &lt;d&gt;"
    _, ticket = await call("POST", "tickets", TICKET | {"description": text})
    assert ticket["description"] == "<div>a<br>b<b>c</b> &lt;d&gt;</div>"
    assert ticket["description_text"] == "a\nbc <d>"


# --- what it refuses -------------------------------------------------------------------------------------------------


async def test_what_is_not_there_has_no_body(call: Browser) -> None:
    for path in ("tickets/404", "tickets/404/conversations", "nothing", "agents/1", "groups/1"):
        assert await call("GET", path) == (404, None)
    assert await call("POST", "tickets/404/notes", {"body": "x"}) == (404, None)
    assert (await call("PATCH", "tickets/1", {}))[0] == 405
    assert call.headers["Allow"] == "GET, PUT, DELETE"


async def test_a_wrong_key_is_refused(sim: FreshdeskSimulator) -> None:
    status, body = await Browser(sim, "wrong")("GET", "tickets")
    assert (status, body["code"]) == (401, "invalid_credentials")
    async with aiohttp.ClientSession() as session, session.get(f"{sim.url}/api/v2/tickets") as response:
        assert response.status == 401


async def test_malformed_bodies_are_refused(call: Browser) -> None:
    for data in ("{", "[1]", "3", '"x"'):
        status, body = await call("POST", "tickets", data=data, headers={"Content-Type": "application/json"})
        assert (status, body["code"]) == (400, "invalid_json")
    assert (await call("POST", "tickets", data="x=1", headers={"Content-Type": "text/plain"}))[0] == 415


async def test_fields_are_checked(call: Browser) -> None:
    assert refused(await call("POST", "tickets", {})) == [
        (name, "missing_field") for name in ("subject", "description", "status", "priority")
    ]
    strange = TICKET | {"nonsense": 1, "tags": "a", "priority": "high"}
    assert refused(await call("POST", "tickets", strange)) == [
        ("priority", "datatype_mismatch"),
        ("nonsense", "invalid_field"),
        ("tags", "datatype_mismatch"),
    ]
    out_of_range = TICKET | {"status": 99, "priority": 5, "source": 8, "group_id": 1, "tags": ["x" * 33]}
    assert [field for field, _ in refused(await call("POST", "tickets", out_of_range))] == [
        "status",
        "priority",
        "source",
        "group_id",
        "tags",
    ]
    own = TICKET | {"custom_fields": {"cf_other": "x", "cf_firstline_key": "x" * 256}}
    assert refused(await call("POST", "tickets", own)) == [
        ("custom_fields.cf_other", "invalid_field"),
        ("custom_fields.cf_firstline_key", "invalid_value"),
    ]
    assert refused(await call("POST", "tickets", TICKET | {"subject": "x" * 256})) == [("subject", "invalid_value")]
    assert refused(await call("POST", "tickets", TICKET | {"attachments": []})) == [
        ("attachments", "datatype_mismatch")
    ]
    await call("POST", "tickets", TICKET)
    assert refused(await call("POST", "tickets/1/notes", {"body": "x", "user_id": 1})) == [("user_id", "invalid_value")]
    assert refused(await call("GET", "tickets?unique_external_id=nobody")) == [("unique_external_id", "invalid_value")]
    assert refused(await call("GET", "tickets?requester=1")) == [("requester", "invalid_field")]


async def test_an_account_may_want_more_and_know_less(sim: FreshdeskSimulator, call: Browser) -> None:
    sim.required = ("cf_firstline_key",)
    assert refused(await call("POST", "tickets", TICKET)) == [("cf_firstline_key", "missing_field")]
    sim.has_external_ids = False
    assert refused(await call("POST", "tickets", TICKET)) == [("unique_external_id", "invalid_field")]
    sim.admin_keys.clear()
    assert (await call("GET", "ticket_fields"))[0] == 403


async def test_no_more_than_20_megabytes_are_attached(call: Browser) -> None:
    await call("POST", "tickets", TICKET)
    answers = []
    for _ in range(2):
        form = aiohttp.FormData({"body": "b"})
        form.add_field("attachments[]", io.BytesIO(bytes(11 << 20)), filename="big.bin")
        answers.append(await call("POST", "tickets/1/notes", data=form))
    assert answers[0][0] == 201
    assert refused(answers[1]) == [("attachments", "invalid_size")]


# --- lists, search, limits -------------------------------------------------------------------------------------------


async def test_lists_have_pages_an_order_and_an_end(sim: FreshdeskSimulator, call: Browser) -> None:
    for number in range(5):
        await call("POST", "tickets", TICKET | {"unique_external_id": f"t:{number % 2}"})
    ids = [one["id"] for one in (await call("GET", "tickets?per_page=2"))[1]]
    assert ids == [5, 4], "the newest first"
    assert 'page=2>; rel="next"' in call.headers["Link"]
    assert [one["id"] for one in (await call("GET", "tickets?per_page=2&page=3&order_type=asc"))[1]] == [5]
    assert "Link" not in call.headers
    assert [one["id"] for one in (await call("GET", "tickets?unique_external_id=t:1"))[1]] == [4, 2]
    for query, field in (
        ("page=301", "page"),
        ("page=0", "page"),
        ("per_page=101", "per_page"),
        ("order_by=x", "order_by"),
    ):
        assert refused(await call("GET", f"tickets?{query}"))[0][0] == field


async def test_only_a_month_is_listed_unless_one_asks_for_more(sim: FreshdeskSimulator, call: Browser) -> None:
    await call("POST", "tickets", TICKET)
    sim.clock_s = timedelta(days=31).total_seconds()
    await call("POST", "tickets", TICKET)
    assert [one["id"] for one in (await call("GET", "tickets"))[1]] == [2]
    asked = "tickets?updated_since=2000-01-01T00:00:00Z&order_by=updated_at&order_type=asc"
    assert [one["id"] for one in (await call("GET", asked))[1]] == [1, 2]
    await call("PUT", "tickets/1", {"status": 3})
    since = sim.tickets[2]["updated_at"]
    listed = (await call("GET", f"tickets?updated_since={since}&order_by=updated_at"))[1]
    assert {one["id"] for one in listed} == {1, 2}, "the second itself counts"
    assert refused(await call("GET", "tickets?updated_since=yesterday")) == [("updated_since", "invalid_date")]


async def test_the_search_lags_behind(sim: FreshdeskSimulator, call: Browser) -> None:
    await call("POST", "tickets", TICKET | {"custom_fields": {"cf_firstline_key": "k"}})
    query = "search/tickets?query=%22cf_firstline_key:'k'%22"
    assert (await call("GET", query))[1] == {"total": 0, "results": []}
    sim.index_lag_s = 0
    await call("POST", "tickets", TICKET | {"custom_fields": {"cf_firstline_key": "k"}})
    assert [one["id"] for one in (await call("GET", query))[1]["results"]] == [2]
    assert refused(await call("GET", "search/tickets?query=status:2"))[0][0] == "query"


async def test_calls_are_counted_wrong_ones_included(sim: FreshdeskSimulator, call: Browser) -> None:
    sim.limit_per_minute = 6
    await call("POST", "tickets", {})
    assert (call.headers["X-RateLimit-Total"], call.headers["X-RateLimit-Remaining"]) == ("6", "5")
    await call("GET", "tickets?include=description")
    assert (call.headers["X-RateLimit-Used-CurrentRequest"], call.headers["X-RateLimit-Remaining"]) == ("3", "2")
    await call("GET", "tickets")
    await call("GET", "tickets")
    status, body = await call("GET", "tickets")
    assert (status, set(body)) == (429, {"message"})
    assert 1 <= int(call.headers["Retry-After"]) <= 60
    assert sim.calls[-1] == ("GET", "/api/v2/tickets")
    sim.window_s = 0.0
    assert (await call("GET", "tickets"))[0] == 200


async def test_what_is_closed_for_long_is_archived(sim: FreshdeskSimulator, call: Browser) -> None:
    await call("POST", "tickets", TICKET)
    sim.archive(1)
    assert await call("GET", "tickets/1") == (404, None)
    assert (await call("POST", "tickets/1/notes", {"body": "x"}))[0] == 404
    assert (await call("GET", "tickets/archived/1"))[1]["status"] == 5
    assert await call("GET", "tickets/archived/1/conversations") == (200, [])
    sim.redirects_to_archive = True
    assert (await call("GET", "tickets/1", allow_redirects=False))[0] == 301
    assert (await call("POST", "tickets", TICKET))[1]["id"] == 2


# --- webhooks and the process ----------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(*statuses: int) -> AsyncIterator[tuple[str, list[tuple[str | None, str]]]]:
    """An address that answers in turn with these, then 200, and what was called there: a header and the body."""
    heard: list[tuple[str | None, str]] = []
    answers: Iterator[int] = iter(statuses)

    async def hear(request: web.Request) -> web.Response:
        heard.append((request.headers.get("X-Firstline-Secret"), await request.text()))
        return web.Response(status=next(answers, 200))

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", heard
    await runner.cleanup()


async def test_a_rule_calls_when_somebody_else_changes_a_ticket(sim: FreshdeskSimulator, call: Browser) -> None:
    agent = Browser(sim, sim.agent_key)
    async with listening(500, 503) as (url, heard):
        sim.webhook = Webhook(url=url, headers={"X-Firstline-Secret": "s"}, again_s=(0.01, 0.01, 0.01))
        await call("POST", "tickets", TICKET)
        assert heard == [], "the rule leaves the bot's own changes out"
        await agent("POST", "tickets/1/reply", {"body": "hello"})
        async with asyncio.timeout(5):
            while len(heard) < 3:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
    assert heard == [("s", '{"ticket_id": "1"}')] * 3, "again until it is answered well"


async def test_it_runs_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators.freshdesk",
        "--port",
        "0",
        "--limit",
        "50",
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        said = json.loads(await process.stdout.readline())
    headers = {"Authorization": aiohttp.encode_basic_auth(said["key"], "X")}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{said['url']}/api/v2/agents/me") as response,
    ):
        assert (response.status, response.headers["X-RateLimit-Total"]) == (200, "50")
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await process.wait() == 0
