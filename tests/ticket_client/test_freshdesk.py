"""Freshdesk keeps the contract, and what is Freshdesk's own."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
import time
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import ticket_client.client
from simulators.freshdesk import FreshdeskSimulator, Webhook, cleaned
from tests.ticket_client.contract import ANN, DRAFT, PICTURE, DeskContract, opened, said, same
from tests.ticket_client.exactly_once import ExactlyOnce
from tests.ticket_client.fault_proxy import FaultProxy
from tests.ticket_client.impostor import MAINTENANCE, impostor, refuse
from ticket_client import freshdesk
from ticket_client.base import (
    Ambiguous,
    AuthFailed,
    Changes,
    Closed,
    NotFound,
    Priority,
    RateLimited,
    Rejected,
    Requester,
    Status,
    TicketBusy,
    Unavailable,
    UserFile,
    WebhookCall,
    mark,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

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
        self.desks: list[freshdesk.FreshdeskDesk] = []
        self.configure()

    @property
    def desk(self) -> freshdesk.FreshdeskDesk:
        return self.desks[-1]

    def configure(self, **settings: Any) -> None:
        """A desk with these settings takes the place of the one before."""
        section = freshdesk.Settings.model_validate({**self.settings(self.sim.url), **settings})
        self.desks.append(freshdesk.create("desk", section, {}))

    def lists(self) -> int:
        """How often tickets were listed."""
        return self.sim.calls.count(("GET", "/api/v2/tickets"))

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

    async def act(self, method: str, path: str, fields: object = None, *, key: str = "", form: Any = None) -> Any:
        """A call with the agent's key, or another."""
        headers = {"Authorization": aiohttp.encode_basic_auth(key or self.sim.agent_key, "X")}
        async with (
            aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
            session.request(method, f"{self.sim.url}/api/v2/{path}", json=fields, data=form) as response,
        ):
            return await response.json() if await response.read() else None


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
        for desk in bench.desks:
            await desk.close()


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


# --- opening ---------------------------------------------------------------------------------------------------------


async def test_a_ticket_is_one_request_and_holds_what_the_desk_needs(account: FreshdeskBench) -> None:
    account.configure(group_id=account.sim.group_id, type="Problem", language_field="cf_language", link_field="cf_link")
    account.sim.custom_fields |= {"cf_language": "custom_text", "cf_link": "custom_text"}
    ref = await opened(account.desk)
    assert account.sim.calls == [("POST", "/api/v2/tickets")]
    assert (ref.number, ref.url) == (ref.id, f"{account.sim.url}/a/tickets/{ref.id}")
    ticket = account.sim.tickets[int(ref.id)]
    assert (ticket["status"], ticket["priority"], ticket["source"], ticket["type"]) == (2, 3, 7, "Problem")
    assert (ticket["group_id"], ticket["tags"]) == (account.sim.group_id, ["firstline", "telegram"])
    assert ticket["custom_fields"] == {
        "cf_firstline_key": "complaint-1",
        "cf_language": "nl",
        "cf_link": "https://chat.example/c/7",
    }
    contact = account.sim.contacts[ticket["requester_id"]]
    assert (contact["unique_external_id"], contact["name"]) == ("telegram:bot:ann", "Ann <b>O'Hara</b>")
    assert (contact["email"], contact["phone"]) == (None, None), "nothing is invented"


async def test_the_requesters_first_ticket_makes_the_contact_and_the_second_does_not(account: FreshdeskBench) -> None:
    await opened(account.desk)
    await opened(account.desk, replace(DRAFT, key="complaint-2", requester=replace(ANN, name="Ann Other")))
    assert len(account.sim.contacts) == 1


async def test_what_is_too_long_is_cut_and_what_is_empty_is_said(account: FreshdeskBench) -> None:
    draft = replace(
        DRAFT,
        key="k" * 300,
        subject="two\nlines " + "s" * 300,
        tags=("a,b", "t" * 40),
        requester=replace(ANN, name="n" * 300),
    )
    ref = await opened(account.desk, draft)
    assert same(await account.desk.find(draft), ref)
    ticket = account.sim.tickets[int(ref.id)]
    assert ticket["subject"] == ("two lines " + "s" * 300)[:255]
    assert ticket["tags"] == ["a b", "t" * 32]
    empty = replace(DRAFT, key="empty", subject="\n", body="", attachments=(), requester=Requester(external_id="x:y:z"))
    ticket = account.sim.tickets[int((await opened(account.desk, empty)).id)]
    assert (ticket["subject"], ticket["description_text"]) == ("-", "-")
    assert account.sim.contacts[ticket["requester_id"]]["name"] == "x:y:z"


async def test_a_ticket_is_found_on_any_page_however_old_and_without_the_search(account: FreshdeskBench) -> None:
    refs = [await opened(account.desk, replace(DRAFT, key=f"complaint-{number}")) for number in range(103)]
    account.sim.clock_s = timedelta(days=90).total_seconds()
    account.sim.calls.clear()
    assert same(await account.desk.find(replace(DRAFT, key="complaint-0")), refs[0])
    assert account.sim.calls == [("GET", "/api/v2/tickets")] * 2
    account.sim.calls.clear()
    assert same(await account.desk.find(replace(DRAFT, key="complaint-102")), refs[102])
    assert account.sim.calls == [("GET", "/api/v2/tickets")], "the newest are looked through first"
    someone = replace(DRAFT, requester=replace(ANN, external_id="telegram:bot:nobody"))
    assert await account.desk.find(someone) is None


async def test_what_the_set_up_is_at_fault_for_waits_until_it_is_mended(account: FreshdeskBench) -> None:
    account.configure(group_id=77)
    request = await account.desk.prepare(DRAFT)
    with pytest.raises(Unavailable, match="group_id: It should be one of") as refused:
        await account.desk.create(DRAFT, request)
    assert refused.value.retry_after_s == 60
    account.configure(key_field="cf_other")
    with pytest.raises(Unavailable, match=r"custom_fields\.cf_other"):
        await account.desk.create(DRAFT, request)
    account.configure()
    account.sim.required = ("cf_product",)
    with pytest.raises(Unavailable, match="cf_product"):
        await account.desk.create(DRAFT, request)
    account.sim.required = ()
    account.sim.has_external_ids = False
    with pytest.raises(Unavailable, match="unique_external_id"):
        await account.desk.create(DRAFT, request)
    account.sim.has_external_ids = True
    assert (await account.desk.create(DRAFT, request)).id == "1", "the kept request is good as soon as the set-up is"


async def test_what_is_wrong_with_one_ticket_stops_no_other(account: FreshdeskBench) -> None:
    account.configure(language_field="cf_language")
    errors = [{"field": "custom_fields.cf_language", "message": "It should be one of: 'en'", "code": "invalid_value"}]

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"description": "Validation failed", "errors": errors}, status=400)

    app = web.Application()
    app.router.add_post("/api/v2/tickets", refuse)
    async with TestServer(app) as server:
        account.configure(url=str(server.make_url("")).rstrip("/"), language_field="cf_language")
        with pytest.raises(TicketBusy, match="cf_language"):
            await opened(account.desk)
        errors[0]["field"] = "custom_fields.cf_firstline_key"
        with pytest.raises(Unavailable, match="cf_firstline_key"):
            await opened(account.desk)


async def test_words_of_somebody_whom_an_agent_deleted_are_refused_alone(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    account.sim.contacts.clear()
    adding = account.desk.add_user_message(ref.id, "x", key="m"), account.desk.add_files(ref.id, [PICTURE], key="f")
    for attempt in adding:
        with pytest.raises(Rejected, match="deleted the contact"):
            await attempt
    await account.desk.add_note(ref.id, "x", key="n")


async def test_an_open_that_the_tickets_form_forbids_is_tried_again(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    await account.turn(ref.id, Status.RESOLVED)
    del account.sim.statuses[2]
    with pytest.raises(TicketBusy, match="status"):
        await account.desk.add_user_message(ref.id, "x", key="m")


async def test_a_ticket_that_freshdesk_keeps_from_us_or_fails_at_is_no_trouble_of_the_desk(
    account: FreshdeskBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_client.client, "_READ_AGAIN_S", 0.01)
    ref, _ = await opened(account.desk), await opened(account.desk, replace(DRAFT, key="complaint-2"))
    for status, is_write, reading, writing in (
        (403, False, NotFound, Closed),
        (500, False, TicketBusy, TicketBusy),
        (403, True, None, TicketBusy),
    ):
        async with FaultProxy(account.sim.url) as proxy:
            account.configure(url=proxy.url)
            desk = account.desk
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


async def test_what_the_words_are_at_fault_for_is_refused_for_good(account: FreshdeskBench) -> None:
    draft = replace(DRAFT, requester=replace(ANN, external_id="telegram:bot:" + "secret" * 50))
    with pytest.raises(Rejected, match="unique_external_id: Has 313 characters") as refused:
        await opened(account.desk, draft)
    assert "secret" not in str(refused.value)


async def test_a_refusal_quotes_nobody(account: FreshdeskBench) -> None:
    async def refuse(_: web.Request) -> web.Response:
        error = {"field": "subject", "message": "'my secret' is no subject", "code": "invalid_value"}
        return web.json_response({"description": "Validation failed", "errors": [error]}, status=400)

    app = web.Application()
    app.router.add_post("/api/v2/tickets", refuse)
    async with TestServer(app) as server:
        account.configure(url=str(server.make_url("")).rstrip("/"))
        with pytest.raises(Rejected, match=r"^Freshdesk refuses subject: … is no subject\.$"):
            await opened(account.desk)


@pytest.mark.parametrize("said", [MAINTENANCE, {}, "down"], ids=["maintenance", "empty", "text"])
async def test_json_that_is_not_freshdesks_is_no_answer(account: FreshdeskBench, said: object) -> None:
    ref = await opened(account.desk)
    request, cursor = await account.desk.prepare(DRAFT), (await account.desk.changed("")).cursor
    async with impostor(said) as url:
        account.configure(url=url)
        desk = account.desk
        with pytest.raises(Ambiguous, match="not Freshdesk's"):
            await desk.create(DRAFT, request)
        with pytest.raises(Ambiguous, match="not Freshdesk's"):
            await desk.add_note(ref.id, "x", key="m")
        reads = desk.find(DRAFT), desk.get(ref.id), desk.added(ref.id, "m"), desk.check()
        adding = desk.add_user_message(ref.id, "x", key="m"), desk.add_files(ref.id, [PICTURE], key="f")
        for attempt in (*reads, *adding, desk.changed(""), desk.changed(cursor)):
            with pytest.raises(Unavailable, match="not Freshdesk's"):
                await attempt


async def test_a_wrong_key_is_told_and_not_shown(account: FreshdeskBench) -> None:
    account.configure(api_key="a-wrong-key")
    with pytest.raises(AuthFailed, match="Profile settings > View API key") as refused:
        await opened(account.desk)
    assert "a-wrong-key" not in str(refused.value)
    with pytest.raises(AuthFailed):
        await account.desk.check()


@given(text=st.text())
def test_words_arrive_as_they_are_written(text: str) -> None:
    desk = freshdesk.create("desk", freshdesk.Settings.model_validate({"url": "https://x", "api_key": "key"}), {})
    request = json.loads(asyncio.run(desk.prepare(replace(DRAFT, body=text, attachments=()))))
    body, read = cleaned(request["description"])
    assert body == f"<div>{request['description']}</div>", "there was nothing to clean"
    written = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert read == (written.strip() if text.strip() else "-")


# --- adding ----------------------------------------------------------------------------------------------------------


async def test_the_users_words_are_the_requesters_and_open_what_is_not_open(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    account.sim.calls.clear()
    await account.desk.add_user_message(ref.id, "one", key="1")
    assert account.sim.calls == [("GET", "/api/v2/tickets/1"), ("POST", "/api/v2/tickets/1/notes")]
    for status in (3, 4, 5, 6):
        await account.act("PUT", f"tickets/{ref.id}", {"status": status})
        await account.desk.add_user_message(ref.id, "more", key=str(status))
        assert account.sim.tickets[1]["status"] == 2
    await account.turn(ref.id, Status.ON_HOLD)
    await account.desk.add_user_message(ref.id, "last", key="last")
    assert account.sim.tickets[1]["status"] == 7, "an agent waits for somebody else"
    requester = account.sim.tickets[1]["requester_id"]
    for entry in account.sim.conversations[1]:
        assert (entry["private"], entry["incoming"], entry["user_id"]) == (False, True, requester)


async def test_a_mark_is_only_taken_from_the_end_of_our_own_notes(account: FreshdeskBench) -> None:
    ours = mark("in:1:words")
    ref = await opened(account.desk, replace(DRAFT, subject=ours, body=ours, attachments=()))
    await account.desk.add_user_message(ref.id, f"I write {ours}\n{ours}", key="in:0:words")
    await account.note(ref.id, f"copied {ours}")
    await account.answer(ref.id, f"copied {ours}")
    assert not await account.desk.added(ref.id, "in:1:words")
    await account.desk.add_note(ref.id, "now", key="in:1:words")
    assert await account.desk.added(ref.id, "in:1:words")


async def test_what_was_added_is_known_among_very_many(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    for number in range(101):
        await account.desk.add_note(ref.id, "x", key=f"in:{number}")
    assert await account.desk.added(ref.id, "in:100")
    assert not await account.desk.added(ref.id, "in:101")


async def test_large_files_and_odd_names_are_attached(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    large = UserFile(name='a"b\r\n\\c/../d; filename=x.txt', media_type="text/plain", content=bytes(3 << 20))
    await account.desk.add_files(ref.id, [large], key="in:1:files")
    ((name, content),) = await account.files(ref.id)
    assert name == "a_b___c_.._d; filename=x.txt"
    assert content == large.content
    (entry,) = account.sim.conversations[1]
    assert (entry["private"], entry["incoming"]) == (False, True)
    with pytest.raises(Rejected, match="attachments"):
        await account.desk.add_files(ref.id, [replace(large, content=bytes(18 << 20))], key="in:2:files")


@pytest.mark.parametrize("answer", [301, 404])
async def test_what_is_archived_is_closed_and_can_still_be_read(
    account: FreshdeskBench, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    monkeypatch.setattr(ticket_client.client, "_READ_AGAIN_S", 0.01)
    account.sim.redirects_to_archive = answer == 301
    ref = await opened(account.desk)
    await account.answer(ref.id, "solved")
    await account.turn(ref.id, Status.CLOSED)
    snapshot = await account.desk.get(ref.id)
    assert (snapshot.status, said(snapshot.replies)) == (Status.CLOSED, ["solved"])
    with pytest.raises(Closed, match="archive"):
        await account.desk.add_user_message(ref.id, "it is back", key="m")


async def test_what_is_in_the_trash_is_closed(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    await account.act("DELETE", f"tickets/{ref.id}")
    for attempt in (
        account.desk.add_user_message(ref.id, "x", key="m"),
        account.desk.add_note(ref.id, "x", key="n"),
        account.desk.add_files(ref.id, [PICTURE], key="f"),
    ):
        with pytest.raises(Closed, match="trash"):
            await attempt
    assert account.sim.conversations[1] == []


async def test_an_id_that_is_none_is_not_sent(account: FreshdeskBench) -> None:
    for ticket_id in ("../agents/me", "1?include=stats", "", "1/notes", "٣"):
        with pytest.raises(NotFound):
            await account.desk.get(ticket_id)
    assert account.sim.calls == []


# --- what agents say -------------------------------------------------------------------------------------------------


async def test_only_what_an_agent_says_to_the_requester_is_a_reply(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    await account.act("POST", f"tickets/{ref.id}/notes", {"body": "said in a public note", "private": False})
    await account.answer(ref.id, "said in a reply")
    await account.note(ref.id, "a secret")
    await account.desk.add_user_message(ref.id, "the user's", key="m")
    await account.act("POST", f"tickets/{ref.id}/reply", {"body": "the bot's own"}, key=account.sim.key)
    await account.answer(ref.id, "forwarded to the bank")
    account.sim.conversations[1][-1]["source"] = 8
    assert len(account.sim.conversations[1]) == 6
    snapshot = await account.desk.get(ref.id)
    assert said(snapshot.replies) == ["said in a public note", "said in a reply"]


async def test_html_keeps_its_form_its_public_images_and_its_files(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    picture = "https://attachment.freshdesk.com/inline/attachment?token=abc"
    images = f'<img src="{picture}" alt="shown"><img src="https://other.example/x" alt="not">'
    form = aiohttp.FormData({"body": f"<p>Do <b>this</b>:</p>{images}"})
    form.add_field("attachments[]", b"%PDF", filename="guide.pdf", content_type="application/pdf")
    await account.act("POST", f"tickets/{ref.id}/reply", form=form)
    (reply,) = (await account.desk.get(ref.id)).replies
    assert reply.format == "html"
    assert [file.name for file in reply.files] == ["guide.pdf"]
    (text,) = said([reply])
    assert f"shown: {picture}" in text
    assert "other.example" not in text
    assert f"guide.pdf: {account.sim.url}/attachments/" in text


async def test_reading_a_ticket_is_two_requests_and_once_one_more(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    account.sim.calls.clear()
    for _ in range(2):
        await account.desk.get(ref.id)
    reading = [("GET", "/api/v2/tickets/1"), ("GET", "/api/v2/tickets/1/conversations")]
    assert sorted(account.sim.calls) == sorted([*reading, ("GET", "/api/v2/agents/me"), *reading])


async def test_replies_on_a_second_page_are_read(account: FreshdeskBench) -> None:
    ref = await opened(account.desk)
    for number in range(100):
        await account.desk.add_note(ref.id, "x", key=str(number))
    await account.answer(ref.id, "at last")
    assert said((await account.desk.get(ref.id)).replies) == ["at last"]


async def test_statuses_of_the_account_are_read_as_configured_and_else_count_as_open(account: FreshdeskBench) -> None:
    account.sim.statuses |= {8: "With the bank", 9: "Refunded"}
    account.configure(statuses={"9": "resolved", "5": "resolved"})
    ref = await opened(account.desk)
    expected = [(8, Status.OPEN), (9, Status.RESOLVED), (5, Status.RESOLVED), (3, Status.PENDING), (6, Status.OPEN)]
    for number, status in expected:
        await account.act("PUT", f"tickets/{ref.id}", {"status": number})
        snapshot = await account.desk.get(ref.id)
        assert (snapshot.status, snapshot.raw_status) == (status, account.sim.statuses[number])
    await account.act("PUT", f"tickets/{ref.id}", {"priority": 4})
    snapshot = await account.desk.get(ref.id)
    assert (snapshot.priority, snapshot.raw_priority) == (Priority.URGENT, "4")


# --- what changed ----------------------------------------------------------------------------------------------------


async def test_nothing_that_happens_in_one_second_is_lost(account: FreshdeskBench) -> None:
    cursor = (await account.desk.changed("")).cursor
    ref = await opened(account.desk)

    async def look() -> tuple[Changes, list[str]]:
        news = await account.desk.changed(cursor)
        return news, said((await account.desk.get(ref.id)).replies)

    account.sim.stopped_at = datetime.now(UTC)
    await account.answer(ref.id, "one")
    looking = asyncio.create_task(look())
    while account.lists() < 2:
        await asyncio.sleep(0.01)
    await account.answer(ref.id, "two")
    news, read = await looking
    assert (news.ids, read) == ((ref.id,), ["one", "two"]), "the time of change does not tell them apart"
    account.sim.stopped_at = None
    await account.answer(ref.id, "three")
    later = await account.desk.changed(news.cursor)
    assert later.ids == (ref.id,)
    assert (await account.desk.changed(later.cursor)) == replace(later, ids=(), versions={})


async def test_what_is_written_late_is_told_and_what_was_told_is_not_told_again(account: FreshdeskBench) -> None:
    cursor = (await account.desk.changed("")).cursor
    late, other = await opened(account.desk), await opened(account.desk, replace(DRAFT, key="2"))
    withheld = account.sim.tickets.pop(int(late.id))
    withheld["updated_at"] = _before(account, 20)
    news = await account.desk.changed(cursor)
    assert news.ids == (other.id,)
    account.sim.tickets[int(late.id)] = withheld
    news = await account.desk.changed(news.cursor)
    assert news.ids == (late.id,)
    assert (await account.desk.changed(news.cursor)).ids == ()


async def test_what_is_said_in_the_second_in_which_a_ticket_is_opened_is_news(account: FreshdeskBench) -> None:
    cursor = (await account.desk.changed("")).cursor
    account.sim.stopped_at = datetime.now(UTC)
    ref = await opened(account.desk)
    found = await account.desk.find(DRAFT)
    await account.answer(ref.id, "from a machine")
    account.sim.stopped_at = None
    await asyncio.sleep(1)
    news = await account.desk.changed(cursor)
    assert found is not None
    assert news.versions[ref.id] not in {ref.version, found.version}


async def test_the_servers_clock_counts_and_not_ours(account: FreshdeskBench) -> None:
    account.sim.clock_s = -7200
    cursor = (await account.desk.changed("")).cursor
    ref = await opened(account.desk)
    assert (await account.desk.changed(cursor)).ids == (ref.id,)


async def test_a_ticket_that_changes_while_pages_are_read_hides_no_other(account: FreshdeskBench) -> None:
    cursor = (await account.desk.changed("")).cursor
    await _many(account, 205)
    account.sim.latency_s = 0.1
    looking = asyncio.create_task(account.desk.changed(cursor))
    while account.lists() < 3:  # the beginning's one, and two pages of now, the second of which is being made
        await asyncio.sleep(0.01)
    account.sim.tickets[1]["updated_at"] = account.sim.tickets[205]["updated_at"]
    news = await looking
    assert {int(ticket_id) for ticket_id in news.ids} == set(range(1, 206))
    assert len(news.ids) == 205


async def test_tickets_of_one_second_fill_more_than_a_page(account: FreshdeskBench) -> None:
    cursor = (await account.desk.changed("")).cursor
    await _many(account, 205)
    for ticket in account.sim.tickets.values():
        ticket["updated_at"] = _before(account, -5)
    assert len((await account.desk.changed(cursor)).ids) == 205


async def test_where_the_limit_ends_it_what_was_read_is_told_and_the_rest_later(account: FreshdeskBench) -> None:
    cursor = (await account.desk.changed("")).cursor
    await _many(account, 205)
    account.sim.limit_per_minute = len(account.sim.calls) + 1
    with_some = await account.desk.changed(cursor)
    assert len(with_some.ids) == 100
    account.configure()  # one that was not asked to wait
    account.sim.limit_per_minute = len(account.sim.calls) + 1
    with_more = await account.desk.changed(with_some.cursor)
    assert with_more.ids
    assert not set(with_more.ids) & set(with_some.ids)
    account.configure()
    with pytest.raises(RateLimited):
        await account.desk.changed(with_more.cursor)


def _before(account: FreshdeskBench, seconds: float) -> str:
    return (account.sim.now() - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _many(account: FreshdeskBench, count: int) -> None:
    """So many tickets, the last two minutes' in which each changed in a second of its own, beginning now."""
    for number in range(1, count + 1):
        await opened(account.desk, replace(DRAFT, key=str(number)))
        account.sim.tickets[number]["updated_at"] = _before(account, -number)


# --- webhooks --------------------------------------------------------------------------------------------------------


def _call(body: bytes = b'{"ticket_id": "12"}', *, secret: str = "", header: str | None = None) -> WebhookCall:
    headers = {} if header is None else {"x-firstline-secret": header}
    return WebhookCall(headers=headers, secret=secret, body=body)


async def test_a_webhook_is_known_by_its_secret_in_a_header_or_in_the_path(account: FreshdeskBench) -> None:
    account.configure(webhook_secret="s3cret-of-the-webhook")
    good = "s3cret-of-the-webhook"
    assert account.desk.verify_webhook(_call(header=good))
    assert account.desk.verify_webhook(_call(secret=good))
    for wrong in (
        _call(),
        _call(secret=good[:-1]),
        _call(secret=good + "x"),
        _call(secret=good, header="wrong"),
        _call(header="ключ"),
        _call(secret="\udcff"),
        _call(header=""),
    ):
        assert not account.desk.verify_webhook(wrong)
    account.configure()
    assert not account.desk.verify_webhook(_call()), "without a secret nothing is believed"


async def test_a_webhook_is_read_for_its_number_only(account: FreshdeskBench) -> None:
    for body in (
        b'{"ticket_id": "12"}',
        b'{"ticket_id": 12, "text": "x"}',
        b'{"freshdesk_webhook": {"ticket_id": 12}}',
    ):
        assert account.desk.parse_webhook(_call(body)) == ("12",)
    for body in (b"", b"{", b"[]", b"{}", b'{"ticket_id": "1/../2"}', b'{"ticket_id": null}', b"\xff", b"[" * 9000):
        with pytest.raises(ValueError):  # noqa: PT011 - json's own and ours
            account.desk.parse_webhook(_call(body))


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(["ticket_id", "freshdesk_webhook", "x"])
    return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


@given(body=st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), _nested).map(_json))
def test_whatever_a_webhook_says_it_is_a_number_or_an_error(body: bytes) -> None:
    desk = freshdesk.create("desk", freshdesk.Settings.model_validate({"url": "https://x", "api_key": "key"}), {})
    with contextlib.suppress(ValueError):
        assert all(ticket_id.isdecimal() for ticket_id in desk.parse_webhook(_call(body)))


async def test_the_call_of_the_documented_rule_is_understood(account: FreshdeskBench) -> None:
    account.configure(webhook_secret="s3cret-of-the-webhook")
    heard: list[WebhookCall] = []

    async def hear(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        heard.append(WebhookCall(headers=headers, secret="", body=await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/desk", hear)
    ref = await opened(account.desk)
    page = (Path(__file__).parents[2] / "docs" / "desks" / "freshdesk.md").read_text(encoding="utf-8")
    (template,) = re.findall(r'\{"ticket_id".*\}', page)
    async with TestServer(app) as server:
        account.sim.webhook = Webhook(
            url=str(server.make_url("/webhooks/desk")),
            headers={"X-Firstline-Secret": "s3cret-of-the-webhook"},
            body=template,
        )
        await account.answer(ref.id, "hello")
        async with asyncio.timeout(5):
            while not heard:
                await asyncio.sleep(0.01)
    (call,) = heard
    assert account.desk.verify_webhook(call)
    assert account.desk.parse_webhook(call) == (ref.id,)


# --- check -----------------------------------------------------------------------------------------------------------


def _no_field(sim: FreshdeskSimulator) -> None:
    sim.custom_fields.clear()


def _a_list(sim: FreshdeskSimulator) -> None:
    sim.custom_fields["cf_firstline_key"] = "custom_dropdown"


def _wants_more(sim: FreshdeskSimulator) -> None:
    sim.custom_fields["cf_product"] = "custom_text"
    sim.required = ("cf_product", "subject", "cf_firstline_key")


def _sees_its_group_only(sim: FreshdeskSimulator) -> None:
    sim.ticket_scope = 2


def _no_external_ids(sim: FreshdeskSimulator) -> None:
    sim.has_external_ids = False


def _no_admin(sim: FreshdeskSimulator) -> None:
    sim.admin_keys.clear()


def _few_calls(sim: FreshdeskSimulator) -> None:
    sim.limit_per_minute = 50
    sim._window = (time.monotonic(), 45.0)  # noqa: SLF001 - as if others had used them up


def _wrong_clock(sim: FreshdeskSimulator) -> None:
    sim.clock_s = -120


@pytest.mark.parametrize(
    ("spoil", "told", "cure"),
    [
        (_no_field, "There is no ticket field cf_firstline_key", "Admin > Workflows > Ticket Fields"),
        (_a_list, "of the kind custom_dropdown", "single-line text"),
        (_wants_more, "wants the field cf_product (Product)", "Required when submitting"),
        (_sees_its_group_only, "does not see every ticket", "Global Access"),
        (_no_external_ids, "does not know contacts by their external id", "support"),
        (_no_admin, "may not see whether there is a ticket field", "Admin > Team > Roles"),
        (_few_calls, "allows 50 calls a minute, and 4 are left", "larger plan"),
        (_wrong_clock, "clock and Freshdesk's are 12", "NTP"),
    ],
)
async def test_check_says_what_is_missing_and_where_to_click(
    account: FreshdeskBench, spoil: Callable[[FreshdeskSimulator], None], told: str, cure: str
) -> None:
    spoil(account.sim)
    (wrong,) = [finding for finding in await account.desk.check() if not finding.ok]
    assert told in wrong.text
    assert wrong.text.endswith(".")
    assert cure in wrong.cure
    assert wrong.cure.endswith(".")


async def test_check_looks_for_the_group_and_names_unknown_statuses(account: FreshdeskBench) -> None:
    account.configure(group_id=77, webhook_secret="s3cret-of-the-webhook")
    account.sim.statuses[8] = "With the bank"
    findings = await account.desk.check()
    (wrong,) = [finding for finding in findings if not finding.ok]
    assert "no group 77" in wrong.text
    texts = " ".join(finding.text for finding in findings)
    assert "Logged in as the agent Firstline" in texts
    assert "open, unless statuses says otherwise: 8 (With the bank)" in texts
    assert "Webhooks with the secret are taken" in texts
    account.configure(group_id=account.sim.group_id)
    texts = " ".join(finding.text for finding in await account.desk.check())
    assert "New tickets go to the group Support" in texts
    assert "no webhook is set up" in texts


async def test_check_looks_for_every_field_type_and_status_that_is_named(account: FreshdeskBench) -> None:
    named = {"language_field": "cf_language", "link_field": "cf_link", "type": "Complaint"}
    account.configure(**named, statuses={"7": "on_hold", "9": "resolved"})
    account.sim.custom_fields["cf_link"] = "custom_number"
    language, link, kind, status = [one for one in await account.desk.check() if not one.ok]
    assert language.text.startswith("The ticket field cf_language (language_field) is not there")
    assert link.text.startswith("The ticket field cf_link (link_field) is of the kind custom_number")
    assert kind.text == "There is no type of tickets named Complaint; there are: Question, Incident, Problem."
    assert status.text.startswith("There is no status 9; there are: 2 (Open)")
    assert all("Admin > Workflows > Ticket Fields" in one.cure for one in (language, link, kind, status))
    account.sim.custom_fields |= {"cf_language": "custom_text", "cf_link": "custom_text"}
    account.sim.types.append("Complaint")
    account.sim.statuses[9] = "Paid"
    findings = await account.desk.check()
    assert all(one.ok for one in findings)
    assert "New tickets are of the type Complaint." in {one.text for one in findings}


async def test_statuses_that_nobody_wrote_are_not_missed(account: FreshdeskBench) -> None:
    del account.sim.statuses[7]
    assert all(one.ok for one in await account.desk.check())


async def test_a_set_up_that_is_refused_is_in_the_log_with_its_field(
    account: FreshdeskBench, caplog: pytest.LogCaptureFixture
) -> None:
    account.configure(link_field="cf_link")
    for _ in range(2):
        with pytest.raises(freshdesk.SetUpRefused):
            await opened(account.desk, replace(DRAFT, url="https://t.me/c/1/2"))
    told = [record for record in caplog.records if getattr(record, "action", "") == "desk_set_up_refused"]
    assert [record.levelname for record in told] == ["WARNING", "WARNING"]
    assert "cf_link" in told[0].getMessage()
    assert "t.me" not in caplog.text
    assert DRAFT.body not in caplog.text


@pytest.mark.parametrize(
    "url", ["https://acme.freshdesk.com/a/tickets", "http://acme.freshdesk.com", "acme.freshdesk.com", "https://a@b.c"]
)
def test_an_address_is_that_of_an_account(url: str) -> None:
    with pytest.raises(ValidationError, match=r"no more: https://NAME\.freshdesk\.com"):
        freshdesk.Settings.model_validate({"url": url, "api_key": "0123456789"})


def test_the_example_shows_every_key_and_its_default() -> None:
    example = (Path(__file__).parents[2] / "config" / "firstline.example.toml").read_text(encoding="utf-8")
    (block,) = re.findall(r'^#    kind = "freshdesk"\n(?:#    .*\n)*', example, re.MULTILINE)
    shown = tomllib.loads(re.sub(r"(?m)^#    ", "", block))
    assert set(shown) == set(freshdesk.Settings.model_fields)
    for key, field in freshdesk.Settings.model_fields.items():
        if not field.is_required() and field.default is not None:
            assert getattr(freshdesk.Settings.model_validate(shown), key) == field.default, key
