"""The desk at Zendesk keeps the contract, on a simulated account."""

from __future__ import annotations

import asyncio
import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bots import desk_calls
from simulators.zendesk import ADMIN, AGENT, BOT, ZendeskSimulator, signed
from tests.ticket_client.contract import ANN, DRAFT, PICTURE, DeskContract, opened, said, same
from tests.ticket_client.exactly_once import ExactlyOnce
from tests.ticket_client.fault_proxy import FaultProxy, slow, writes
from tests.ticket_client.impostor import impostor, refuse
from ticket_client import client, zendesk
from ticket_client.base import (
    Ambiguous,
    AuthFailed,
    Closed,
    DeskError,
    NotFound,
    Priority,
    Rejected,
    Requester,
    Status,
    TicketBusy,
    Unavailable,
    WebhookCall,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ticket_client.contract import Bench
    from tests.ticket_client.exactly_once import WireBench
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

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "email": BOT, "token": self.sim.key, "timeout_s": 1, "settle_s": 0}

    async def call(self, method: str, path: str, *, email: str = AGENT, **body: Any) -> Any:
        """What an agent does at Zendesk's own API."""
        login = {"Authorization": aiohttp.encode_basic_auth(f"{email}/token", self.sim.tokens[email])}
        where = f"{self.sim.url}/api/v2{path}"
        async with self._session.request(method, where, headers=login, json=body or None) as answer:
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
            async with self._session.get(file["content_url"]) as answer:
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


class TestZendeskExactlyOnce(ExactlyOnce):
    @pytest.fixture
    async def bench(self, bench: ZendeskBench) -> WireBench:
        """On an account of its own."""
        return bench


# --- tickets and who asks for them ------------------------------------------------------------------------------------


async def test_a_ticket_costs_one_request_and_a_new_requester_two_more_and_no_email_address_is_made_up(
    bench: ZendeskBench,
) -> None:
    first = await opened(bench.desk)
    await opened(bench.desk, replace(DRAFT, key="complaint-2"))
    assert [path for _, path in bench.sim.calls] == [
        "/api/v2/users/search.json",
        "/api/v2/users/create_or_update.json",
        "/api/v2/tickets.json",
        "/api/v2/tickets.json",
    ]
    requester = bench.sim.users[bench.sim.tickets[int(first.id)]["requester_id"]]
    assert (requester["external_id"], requester["name"], requester["email"]) == (ANN.external_id, ANN.name, None)
    assert requester["role"] == "end-user"


@pytest.mark.parametrize(
    ("requester", "name"),
    [
        (Requester(external_id="x:1", name="  ", handle="@ann"), "@ann"),
        (Requester(external_id="x:1"), "x:1"),
        (Requester(external_id="x:1", name="Ann\n O'Hara " * 50), ("Ann O'Hara " * 50)[:255]),
    ],
    ids=["handle", "nothing", "long"],
)
async def test_a_requester_always_has_a_name(bench: ZendeskBench, requester: Requester, name: str) -> None:
    ref = await opened(bench.desk, replace(DRAFT, requester=requester))
    assert bench.sim.users[bench.sim.tickets[int(ref.id)]["requester_id"]]["name"] == name


async def test_a_restarted_bot_finds_the_requester_again(bench: ZendeskBench) -> None:
    people = len(bench.sim.users)
    request = await bench.desk.prepare(DRAFT)
    other = desk_at(bench.sim)
    assert await other.prepare(DRAFT) == request
    assert len(bench.sim.users) == people + 1
    await other.close()


async def test_a_name_that_an_agent_corrected_stays(bench: ZendeskBench) -> None:
    ref = await opened(bench.desk)
    requester = bench.sim.tickets[int(ref.id)]["requester_id"]
    bench.sim.users[requester]["name"] = "Anna O'Hara-Smith"
    other = desk_at(bench.sim)
    draft = replace(DRAFT, key="complaint-2", requester=replace(ANN, external_id=ANN.external_id.upper()))
    second = await opened(other, draft)
    assert bench.sim.tickets[int(second.id)]["requester_id"] == requester
    assert bench.sim.users[requester]["name"] == "Anna O'Hara-Smith"
    await other.close()


async def test_two_processes_make_one_requester(bench: ZendeskBench) -> None:
    people, other = len(bench.sim.users), desk_at(bench.sim)
    bench.sim.latency_s = 0.05
    await asyncio.gather(bench.desk.prepare(DRAFT), other.prepare(DRAFT))
    assert len(bench.sim.users) == people + 1
    assert [path for _, path in bench.sim.calls].count("/api/v2/users/create_or_update.json") == 2
    await other.close()


async def test_everything_that_is_configured_is_in_the_ticket(bench: ZendeskBench) -> None:
    desk = desk_at(
        bench.sim, group_id=360001, brand_id=360002, form_id=360003, language_field_id=360004,
        priorities={"high": "urgent"},
    )  # fmt: skip
    ref = await opened(desk, replace(DRAFT, tags=("two_words", "x"), subject="Is {{dc.offer}} true?"))
    ticket = bench.sim.tickets[int(ref.id)]
    assert (ticket["group_id"], ticket["brand_id"], ticket["ticket_form_id"]) == (360001, 360002, 360003)
    assert ticket["custom_fields"] == [{"id": 360004, "value": "nl"}]
    assert ticket["subject"] == "Is {\u200b{dc.offer}} true?", "a placeholder would show the account's own texts"
    assert (ticket["priority"], ticket["tags"], ticket["external_id"]) == ("urgent", ["two_words", "x"], DRAFT.key)
    snapshot = await desk.get(ref.id)
    assert (snapshot.priority, snapshot.raw_priority) == (Priority.HIGH, "urgent")
    assert ref.url == f"{bench.sim.url}/agent/tickets/{ref.id}"
    await desk.close()


async def test_a_ticket_without_a_priority_is_normal(bench: ZendeskBench) -> None:
    made = await bench.call("POST", "/tickets.json", ticket={"comment": {"body": "typed by an agent"}})
    snapshot = await bench.desk.get(str(made["ticket"]["id"]))
    assert (snapshot.priority, snapshot.raw_priority) == (Priority.NORMAL, "")


async def test_the_same_bytes_are_one_ticket_for_two_hours_and_looking_finds_it_at_any_age(bench: ZendeskBench) -> None:
    request = await bench.desk.prepare(DRAFT)
    first = await bench.desk.create(DRAFT, request)
    assert same(await bench.desk.create(DRAFT, request), first)
    assert await bench.count(DRAFT.key) == 1
    bench.sim.advance(2 * 3600 + 1)
    assert same(await bench.desk.find(DRAFT), first)
    assert not bench.desk.capabilities.idempotent_create, "so whoever repeats a request looks first"
    await bench.desk.create(DRAFT, request)
    assert await bench.count(DRAFT.key) == 2, "which is why"
    assert same(await bench.desk.find(DRAFT), first), "of several, the oldest"


async def test_another_request_with_the_same_key_gives_the_ticket_that_is_there(bench: ZendeskBench) -> None:
    first = await opened(bench.desk)
    other = await bench.desk.prepare(replace(DRAFT, subject="said differently"))
    assert same(await bench.desk.create(DRAFT, other), first)
    assert await bench.count(DRAFT.key) == 1
    await bench.call("DELETE", f"/tickets/{first.id}.json")
    with pytest.raises(Rejected, match="no ticket"):
        await bench.desk.create(DRAFT, other)


@given(text=st.text() | st.text("<>&{}\"' \n\t*_`[]()#", max_size=80))
def test_any_text_is_shown_as_it_is_and_does_nothing(text: str) -> None:
    shown = zendesk._comment(text, is_public=True)["html_body"]  # noqa: SLF001 - its one way out is tested above
    assert not re.search(r"<(?!br>)|[{}]", shown)
    read = html.unescape(shown.replace("<br>", "\n"))
    assert read.split() == re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "", text).split()
    assert json.loads(json.dumps({"x": shown}, ensure_ascii=False).encode())


async def test_what_is_no_text_is_left_out(bench: ZendeskBench) -> None:
    odd = replace(DRAFT, subject="a\ud83d\x00b", body="c\ud83d\x00d", requester=replace(ANN, name="e\ud83df"))
    ref = await opened(bench.desk, odd)
    await bench.desk.add_user_message(ref.id, "g\ud83dh", key="m")
    ticket = bench.sim.tickets[int(ref.id)]
    assert ticket["subject"] == "ab"
    assert bench.sim.users[ticket["requester_id"]]["name"] == "ef"
    assert [text.partition("\n")[0] for _, text in await bench.lines(ref.id)] == ["cd", "gh"]


async def test_json_that_is_not_zendesks_is_no_answer(bench: ZendeskBench) -> None:
    request = await bench.desk.prepare(DRAFT)
    ref = await bench.desk.create(DRAFT, request)
    async with impostor() as url:
        desk = desk_at(bench.sim, url=url)
        for attempt in (desk.create(DRAFT, request), desk.add_note(ref.id, "x", key="n")):
            with pytest.raises(Ambiguous, match="not Zendesk's"):
                await attempt
        reads = desk.prepare(DRAFT), desk.find(DRAFT), desk.get(ref.id), desk.added(ref.id, "m"), desk.check()
        adding = desk.add_user_message(ref.id, "x", key="m"), desk.add_files(ref.id, [PICTURE], key="f")
        for reading in (*reads, *adding, desk.changed("from:1")):
            with pytest.raises(Unavailable, match="not Zendesk's"):
                await reading
        await desk.close()


# --- what users read --------------------------------------------------------------------------------------------------


async def test_only_agents_other_than_the_bot_are_read_to_the_user(bench: ZendeskBench) -> None:
    ref = await opened(bench.desk)
    friend = bench.sim.add_user(name="A friend in copy", email="friend@example.org")
    path = f"/tickets/{ref.id}.json"
    for email, comment in (
        (BOT, {"body": "by the bot's own account"}),
        (AGENT, {"body": "by somebody in copy", "author_id": friend["id"]}),
        (AGENT, {"body": "from Mia"}),
        (ADMIN, {"body": "from Ada"}),
        (ADMIN, {"body": "among us", "public": False}),
    ):
        await bench.call("PUT", path, email=email, ticket={"comment": comment})
    replies = (await bench.desk.get(ref.id)).replies
    assert [(reply.agent, said([reply])) for reply in replies] == [("Mia", ["from Mia"]), ("Ada", ["from Ada"])]
    assert {reply.format for reply in replies} == {"html"}


async def test_an_agent_who_asks_is_not_told_their_own_words(bench: ZendeskBench) -> None:
    mia = next(user for user in bench.sim.users.values() if user["email"] == AGENT)
    mia["external_id"] = ANN.external_id
    ref = await opened(bench.desk)
    await bench.desk.add_user_message(ref.id, "I work here", key="m")
    assert (await bench.desk.get(ref.id)).replies == ()


async def test_more_comments_than_a_page_holds_are_all_read(bench: ZendeskBench) -> None:
    ref = await opened(bench.desk)
    texts = [f"reply {number}" for number in range(120)]
    for number, text in enumerate(texts):
        if number % 25 == 0:
            bench.sim.advance(601)
        await bench.answer(ref.id, text)
    assert said((await bench.desk.get(ref.id)).replies) == texts
    assert not await bench.desk.added(ref.id, "m")
    await bench.desk.add_note(ref.id, "the last one", key="m")
    assert await bench.desk.added(ref.id, "m")


BRANDS = {"inline": True, "content_url": "https://brand.acme.example/attachments/token/abc/?name=in.png"}


@pytest.mark.parametrize("is_private", [False, True], ids=["public", "private"])
async def test_agents_files_have_links_where_anybody_can_open_them(bench: ZendeskBench, *, is_private: bool) -> None:
    desk = desk_at(bench.sim, private_attachments=is_private)
    ref = await opened(desk)
    upload = await bench.call("POST", "/uploads.json?filename=form.pdf")
    picture = f'<p>Look: <img src="{bench.sim.url}/attachments/token/abc/?name=in.png" alt="in.png"></p>'
    comment: dict[str, Any] = {"html_body": picture, "uploads": [upload["upload"]["token"]]}
    for name, mark in (("in.png", BRANDS), ("virus.exe", {"malware_scan_result": "malware_found"})):
        other = await bench.call("POST", f"/uploads.json?filename={name}")
        bench.sim.uploads[other["upload"]["token"]][0].update(mark)
        comment["uploads"].append(other["upload"]["token"])
    await bench.call("PUT", f"/tickets/{ref.id}.json", ticket={"comment": comment})
    (reply,) = (await desk.get(ref.id)).replies
    (file,) = reply.files
    assert file.name == "form.pdf"
    assert file.url.startswith(f"{bench.sim.url}/attachments/") is not is_private
    assert reply.public_hosts == (() if is_private else ("127.0.0.1", "brand.acme.example"))
    await desk.close()


async def test_a_custom_status_is_shown_by_its_name_and_can_mean_what_the_operator_says() -> None:
    async with ZendeskSimulator(custom_statuses=True) as sim, aiohttp.ClientSession() as session:
        bench = ZendeskBench(sim, session)
        ref = await opened(bench.desk)
        assert (await bench.desk.get(ref.id)).raw_status == "new"
        at_the_bank = max(sim.custom_statuses)
        await bench.call("PUT", f"/tickets/{ref.id}.json", ticket={"custom_status_id": at_the_bank})
        snapshot = await bench.desk.get(ref.id)
        assert (snapshot.status, snapshot.raw_status) == (Status.PENDING, "At the bank")
        other = desk_at(sim, statuses={"At the bank": "on_hold"})
        assert (await other.get(ref.id)).status is Status.ON_HOLD
        await bench.desk.add_user_message(ref.id, "here is my number", key="m")
        assert (await bench.desk.get(ref.id)).raw_status == "open"
        await other.close()
        await bench.desk.close()


async def test_an_unknown_status_counts_as_open_and_is_kept(
    bench: ZendeskBench, caplog: pytest.LogCaptureFixture
) -> None:
    ref = await opened(bench.desk)
    bench.sim.tickets[int(ref.id)]["status"] = "marinating"
    snapshot = await bench.desk.get(ref.id)
    assert (snapshot.status, snapshot.raw_status) == (Status.OPEN, "marinating")
    ours = [record for record in caplog.records if record.name == zendesk.__name__]
    assert [getattr(record, "action", "") for record in ours] == ["status_new"]


# --- what users add ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [("new", "new"), ("open", "open"), ("pending", "open"), ("hold", "open")])
async def test_words_open_a_ticket_that_waits_and_leave_a_new_one_new(
    bench: ZendeskBench, before: str, after: str
) -> None:
    ref = await opened(bench.desk)
    bench.sim.tickets[int(ref.id)]["status"] = before
    await bench.desk.add_user_message(ref.id, "hello?", key="m")
    assert bench.sim.tickets[int(ref.id)]["status"] == after


async def test_whatever_is_added_says_whose_it_is(bench: ZendeskBench) -> None:
    ref = await opened(bench.desk)
    await bench.desk.add_user_message(ref.id, "mine", key="m")
    await bench.desk.add_files(ref.id, [PICTURE], key="f")
    await bench.desk.add_note(ref.id, "the bot's", key="n")
    comments = await bench.comments(ref.id)
    requester = bench.sim.tickets[int(ref.id)]["requester_id"]
    assert [(each["author_id"] == requester, each["public"]) for each in comments] == [(True, True)] * 3 + [
        (False, False)
    ]


async def test_a_closed_ticket_takes_nothing_and_is_followed_by_another(bench: ZendeskBench) -> None:
    ref = await opened(bench.desk)
    await bench.turn(ref.id, Status.CLOSED)
    desk = bench.desk
    adding = desk.add_user_message(ref.id, "x", key="m"), desk.add_files(ref.id, [PICTURE], key="f")
    for attempt in (*adding, desk.add_note(ref.id, "x", key="n")):
        with pytest.raises(Closed, match=ref.id):
            await attempt
    assert not bench.sim.files
    following = await opened(desk, replace(DRAFT, key="complaint-2", follows=ref.id, body="{{ticket.requester.email}}"))
    ticket = bench.sim.tickets[int(following.id)]
    assert ticket["via"]["source"]["rel"] == "follow_up"
    assert bench.sim.tickets[int(ref.id)]["followup_ids"] == [int(following.id)]
    assert (await desk.get(following.id)).replies == (), "its first words are the bot's account's own"
    html_body = ticket["_comments"][0]["html_body"]
    assert "{{" not in html_body, "Zendesk fills in placeholders that an agent's account writes"
    assert ticket["_comments"][0]["plain_body"].startswith("{{ticket.requester.email}}")


@pytest.mark.parametrize(
    ("meanwhile", "error"), [(Status.RESOLVED, TicketBusy), (Status.CLOSED, Closed)], ids=["solved", "closed"]
)
async def test_an_agent_who_is_done_at_this_very_moment(
    bench: ZendeskBench, meanwhile: Status, error: type[DeskError]
) -> None:
    bench.sim.advance(-5)
    ref = await opened(bench.desk)
    bench.sim.advance(5)
    async with FaultProxy(bench.upstream) as proxy:
        desk = desk_at(bench.sim, url=proxy.url)
        proxy.fail(slow(0.2), when=writes)
        adding = asyncio.create_task(desk.add_user_message(ref.id, "it is back", key="m"))
        while not proxy.count(writes):
            await asyncio.sleep(0.01)
        await bench.turn(ref.id, meanwhile)
        with pytest.raises(error):
            await adding
        assert len(await bench.lines(ref.id)) == 1
        if error is TicketBusy:
            await desk.add_user_message(ref.id, "it is back", key="m")
            assert (await bench.desk.get(ref.id)).status is Status.OPEN
        await desk.close()


async def test_one_who_writes_too_fast_waits_and_nobody_else_does(bench: ZendeskBench) -> None:
    ref, other = await opened(bench.desk), await opened(bench.desk, replace(DRAFT, key="complaint-2"))
    for number in range(28):
        await bench.desk.add_note(ref.id, "again", key=str(number))
    with pytest.raises(TicketBusy, match="has to wait"):
        await bench.desk.add_note(ref.id, "again", key="28")
    await bench.desk.add_note(other.id, "hello", key="x")


async def test_a_ticket_that_zendesk_keeps_from_us_or_fails_at_is_no_trouble_of_the_desk(
    bench: ZendeskBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_READ_AGAIN_S", 0.01)
    ref, _ = await opened(bench.desk), await opened(bench.desk, replace(DRAFT, key="complaint-2"))
    for status, is_write, reading, writing in (
        (403, False, NotFound, Closed),
        (500, False, TicketBusy, TicketBusy),
        (403, True, None, TicketBusy),
    ):
        async with FaultProxy(bench.upstream) as proxy:
            desk = desk_at(bench.sim, url=proxy.url)
            refuse(proxy, status, part=f"/tickets/{ref.id}", writes=is_write)
            adding = desk.add_user_message(ref.id, "x", key="m"), desk.add_files(ref.id, [PICTURE], key="f")
            for attempt in adding:
                with pytest.raises(writing):
                    await attempt
            if reading is None:
                with pytest.raises(writing, match="may not write"):
                    await desk.add_note(ref.id, "x", key="n")
            else:
                with pytest.raises(reading):
                    await desk.get(ref.id)
                with pytest.raises(writing):
                    await desk.added(ref.id, "m")
            refuse(proxy, status, part="/tickets", writes=False)
            with pytest.raises((AuthFailed, Unavailable)):
                await desk.add_user_message(ref.id, "x", key="m")
            await desk.close()


async def test_names_of_files_and_types_do_no_harm(bench: ZendeskBench) -> None:
    ref = await opened(bench.desk)
    odd = replace(PICTURE, name="a&token=x?/../é.png", media_type="text/html\r\nX-Evil: 1")
    await bench.desk.add_files(ref.id, [odd], key="f")
    ((file, content),) = bench.sim.files.values()
    assert (file["file_name"], file["content_type"]) == (odd.name, "application/octet-stream")
    assert content == PICTURE.content


@pytest.mark.parametrize("ticket_id", ["", "1/../2", "1.json?x=", "-1", "१", "9" * 20])
async def test_what_is_no_number_is_no_ticket(bench: ZendeskBench, ticket_id: str) -> None:
    for attempt in (bench.desk.get(ticket_id), bench.desk.added(ticket_id, "m")):
        with pytest.raises(NotFound):
            await attempt
    assert {path for _, path in bench.sim.calls} <= {"/api/v2/users/me.json"}


# --- changes ----------------------------------------------------------------------------------------------------------


async def test_a_change_is_told_once_it_is_a_minute_old_and_one_of_our_own_needs_no_reading() -> None:
    async with ZendeskSimulator() as sim:
        desk = desk_at(sim)
        beginning = await desk.changed("")
        ref = await opened(desk)
        early = await desk.changed(beginning.cursor)
        assert (early.ids, early.cursor) == ((), beginning.cursor)
        sim.advance(61)
        late = await desk.changed(early.cursor)
        assert late.ids == (ref.id,)
        assert late.versions == {ref.id: ref.version}
        await desk.close()


async def test_rows_that_come_again_and_pages_are_one_list() -> None:
    async with ZendeskSimulator(export_lag_s=0, export_page=2, repeats_rows=True) as sim, aiohttp.ClientSession() as s:
        bench = ZendeskBench(sim, s)
        refs = [await opened(bench.desk, replace(DRAFT, key=str(number))) for number in range(5)]
        news = await bench.desk.changed("")
        assert news.ids == tuple(ref.id for ref in refs)
        await bench.answer(refs[0].id, "hello")
        again = await bench.desk.changed(news.cursor)
        assert again.ids == (refs[4].id, refs[0].id)
        assert again.versions[refs[4].id] == refs[4].version
        assert again.versions[refs[0].id] != refs[0].version
        await bench.desk.close()


async def test_where_to_begin_goes_by_zendesks_clock(bench: ZendeskBench) -> None:
    bench.sim.advance(-600)
    assert (await bench.desk.changed("")).ids == ()


async def test_zendesk_is_never_asked_for_changes_more_often_than_it_allows(bench: ZendeskBench) -> None:
    cursor = (await bench.desk.changed("")).cursor
    for _ in range(30):
        changes = await bench.desk.changed(cursor)
        assert (changes.ids, changes.cursor) == ((), cursor)
    assert len([path for _, path in bench.sim.calls if "incremental" in path]) == 9


# --- webhooks ---------------------------------------------------------------------------------------------------------


class Hook:
    """Where Zendesk calls."""

    def __init__(self) -> None:
        self.calls: list[WebhookCall] = []

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(WebhookCall(headers=headers, secret="", body=await request.read()))
        return web.Response()


@pytest.mark.parametrize("subscription", ["conditional_ticket_events", "zen:event-type:ticket.comment_added"])
async def test_zendesk_calls_and_only_what_it_signed_just_now_is_believed(
    bench: ZendeskBench, subscription: str
) -> None:
    hook, app = Hook(), web.Application()
    app.router.add_post("/webhooks/desk", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    where = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/desk"
    given = {"name": "firstline", "endpoint": where, "http_method": "POST", "request_format": "json"}
    made = await bench.call(
        "POST", "/webhooks", email=ADMIN, webhook=given | {"status": "active", "subscriptions": [subscription]}
    )
    desk = desk_at(bench.sim, webhook_secret=made["webhook"]["signing_secret"]["secret"])
    ref = await opened(desk)
    await bench.sim.delivered()
    (call,) = hook.calls
    assert bench.sim.deliveries == [200]
    assert desk.verify_webhook(call)
    assert desk.parse_webhook(call) == (ref.id,)
    assert not bench.desk.verify_webhook(call), "no secret is configured"
    assert not desk_at(bench.sim, webhook_secret="another one").verify_webhook(call)
    assert not desk.verify_webhook(replace(call, body=call.body + b" "))
    for name in ("x-zendesk-webhook-signature", "x-zendesk-webhook-signature-timestamp"):
        for wrong in ("", "é", "2026-11-23T08:00:00", "now"):
            assert not desk.verify_webhook(replace(call, headers={**call.headers, name: wrong}))
    await runner.cleanup()
    await desk.close()


async def test_the_bots_web_server_takes_what_zendesk_signed_and_nothing_else(bench: ZendeskBench) -> None:
    desk, hints = desk_at(bench.sim, webhook_secret="the secret"), list[str]()
    app = web.Application()
    app.add_routes(desk_calls.routes(desk, hints.extend))
    body = b'{"ticket_id": "17"}'
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        for secret, status in (("another secret", 404), ("the secret", 204)):
            headers = signed(secret, body, datetime.now(UTC))
            async with session.post(server.make_url("/webhooks/desk"), data=body, headers=headers) as answer:
                assert answer.status == status
    assert hints == ["17"]


@pytest.mark.parametrize(("age_s", "is_fresh"), [(0, True), (290, True), (310, False), (-290, True), (-310, False)])
def test_an_old_call_is_not_believed_again(age_s: float, *, is_fresh: bool) -> None:
    body = b'{"ticket_id": "7"}'
    sent = signed("the secret", body, datetime.now(UTC) - timedelta(seconds=age_s))
    call = WebhookCall(headers={name.lower(): value for name, value in sent.items()}, secret="", body=body)
    assert _offline(webhook_secret="the secret").verify_webhook(call) is is_fresh


@given(body=st.binary() | st.from_regex(rb'\{"(ticket_id|detail)": .{0,20}\}'), header=st.text(), stamp=st.text())
def test_whatever_is_sent_is_refused_and_breaks_nothing(body: bytes, header: str, stamp: str) -> None:
    desk = _offline(webhook_secret="the secret")
    headers = {"x-zendesk-webhook-signature": header, "x-zendesk-webhook-signature-timestamp": stamp}
    call = WebhookCall(headers=headers, secret="", body=body)
    assert not desk.verify_webhook(call)
    try:
        (ticket_id,) = desk.parse_webhook(call)
    except ValueError:
        return
    assert ticket_id.isdecimal()


# --- settings and check -----------------------------------------------------------------------------------------------


def _offline(**settings: Any) -> ZendeskDesk:
    given = {"url": "https://acme.zendesk.com", "email": BOT, "token": "0123456789", **settings}
    return zendesk.create("desk", zendesk.Settings.model_validate(given), {})


@pytest.mark.parametrize(
    "url",
    ["http://acme.zendesk.com", "acme.zendesk.com", "https://acme.zendesk.com/api/v2", "https://a:b@acme.zendesk.com"],
)
def test_an_address_is_that_of_an_account_and_nothing_goes_out_unencrypted(url: str) -> None:
    with pytest.raises(ValidationError, match="the account's address"):
        _offline(url=url)


async def test_check_says_what_is_there(bench: ZendeskBench) -> None:
    desk = desk_at(
        bench.sim, group_id=360001, brand_id=360002, form_id=360003, language_field_id=360004, webhook_secret="x" * 20
    )
    findings = await desk.check()
    assert all(finding.ok for finding in findings)
    assert [finding.text for finding in findings] == [
        "Logged in as firstline (admin).",
        "The bot hears which tickets changed.",
        "New tickets: group Support (group_id).",
        "New tickets: brand Acme (brand_id).",
        "New tickets: ticket form Default (form_id).",
        "New tickets: ticket field Language (language_field_id).",
        "Webhooks are verified: changes are heard of at once.",
    ]
    await desk.close()


async def test_check_says_what_is_missing_and_where_to_click(bench: ZendeskBench) -> None:
    bench.sim.advance(-300)
    bench.sim.users[7000000000001]["role"] = "agent"
    desk = desk_at(bench.sim, group_id=1, link_field_id=2)
    wrong = [finding for finding in await desk.check() if not finding.ok]
    assert all("Admin Center" in finding.cure or "NTP" in finding.cure for finding in wrong)
    clock, export, group, field = (finding.text for finding in wrong)
    assert re.search(r"differ by (299|300|301) seconds", clock)
    assert "may not ask which tickets changed" in export
    assert group == "There is no group 1 (group_id)."
    assert field == "There is no ticket field 2 (link_field_id)."
    await desk.close()


async def test_check_compares_the_names_of_statuses_with_those_that_there_are() -> None:
    async with ZendeskSimulator(custom_statuses=True) as sim:
        desk = desk_at(sim, statuses={"At the bank": "on_hold", "At the Bank": "on_hold", "hold": "pending"})
        (wrong,) = [finding for finding in await desk.check() if not finding.ok]
        assert wrong.text.startswith("There is no status named At the Bank (statuses); there are: new, open,")
        assert wrong.text.endswith("closed, At the bank.")
        assert "Ticket statuses" in wrong.cure
        await desk.close()
        desk = desk_at(sim, statuses={"At the bank": "on_hold"})
        assert "The account has every status that statuses names." in [one.text for one in await desk.check()]
        await desk.close()


async def test_check_says_where_the_page_tells_of_webhooks(bench: ZendeskBench) -> None:
    *_, webhook = await bench.desk.check()
    assert (webhook.ok, "a minute late" in webhook.text) == (True, True)
    assert "step 4 of docs/desks/zendesk.md" in webhook.cure


async def test_check_says_that_an_end_user_is_no_agent(bench: ZendeskBench) -> None:
    bench.sim.users[7000000000001]["role"] = "end-user"
    login, *_ = await bench.desk.check()
    assert (login.ok, login.text) == (False, "firstline is an end user and cannot work on tickets.")


async def test_a_wrong_token_is_told_without_showing_it(bench: ZendeskBench) -> None:
    desk = desk_at(bench.sim, token="a-wrong-token-0123456789")
    with pytest.raises(AuthFailed, match="API tokens") as refused:
        await desk.check()
    assert "0123456789" not in str(refused.value)
    await desk.close()


async def test_a_refusal_names_the_fields_and_quotes_nobody(bench: ZendeskBench) -> None:
    desk = desk_at(bench.sim, group_id=1)
    with pytest.raises(Rejected, match=r"RecordInvalid\): group\.") as refused:
        await opened(desk, replace(DRAFT, body="my secret words"))
    assert "secret" not in str(refused.value)
    await desk.close()
