"""The desk at Request Tracker keeps the contract, against a simulated RT 5."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import tomllib
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import settings as config_settings
from simulators.request_tracker import RequestTrackerSimulator, parsed
from tests.ticket_client.contract import DRAFT, PICTURE, DeskContract, opened, said, same
from tests.ticket_client.exactly_once import ExactlyOnce
from tests.ticket_client.fault_proxy import FaultProxy
from tests.ticket_client.impostor import MAINTENANCE, impostor, refuse
from ticket_client import client, request_tracker
from ticket_client.base import (
    Ambiguous,
    AuthFailed,
    Closed,
    NotFound,
    Priority,
    Rejected,
    Requester,
    Status,
    TicketBusy,
    Unavailable,
    mark,
)
from ticket_client.request_tracker import quoted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.ticket_client.contract import Bench
    from tests.ticket_client.exactly_once import WireBench
    from ticket_client.base import TicketDesk
    from ticket_client.request_tracker import RequestTrackerDesk

_WORDS = {Status.PENDING: "stalled", Status.RESOLVED: "resolved", Status.CLOSED: "deleted", Status.OPEN: "open"}


class RequestTrackerBench:
    """A desk, and an agent with a token of their own."""

    module = "ticket_client.request_tracker"
    creation = ("POST", "/REST/2.0/ticket")

    def __init__(self, sim: RequestTrackerSimulator, http: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.desks: list[RequestTrackerDesk] = []
        self.desk = self.made(sim.url)
        self._http = http

    @property
    def upstream(self) -> str:
        return self.sim.url

    def settings(self, url: str) -> dict[str, Any]:
        return {"url": url, "token": self.sim.key, "queue": self.sim.queue, "timeout_s": 1, "settle_s": 0}

    def made(self, url: str, **settings: Any) -> RequestTrackerDesk:
        section = request_tracker.Settings.model_validate({**self.settings(url), **settings})
        self.desks.append(request_tracker.create("desk", section, {}))
        return self.desks[-1]

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


@asynccontextmanager
async def _bench(**options: Any) -> AsyncIterator[RequestTrackerBench]:
    async with RequestTrackerSimulator(**options) as sim, aiohttp.ClientSession() as http:
        bench = RequestTrackerBench(sim, http)
        yield bench
        for desk in bench.desks:
            await desk.close()
        assert not sim.ignored, "what was sent is known to RT"


class TestRequestTrackerDesk(DeskContract):
    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        """An RT of its own."""
        async with _bench() as bench:
            yield bench


class TestRequestTrackerExactlyOnce(ExactlyOnce):
    @pytest.fixture
    async def bench(self) -> AsyncIterator[WireBench]:
        """An RT of its own."""
        async with _bench() as bench:
            yield bench


@pytest.fixture
async def rt() -> AsyncIterator[RequestTrackerBench]:
    """An RT of its own, for what is RT's alone."""
    async with _bench() as bench:
        yield bench


# --- opening ----------------------------------------------------------------------------------------------------------


async def test_a_ticket_is_one_call_and_holds_everything(rt: RequestTrackerBench) -> None:
    request = await rt.desk.prepare(replace(DRAFT, subject="Where\nis my  coin?"))
    rt.sim.calls.clear()
    ref = await rt.desk.create(DRAFT, request)
    assert rt.sim.calls == [("POST", "/REST/2.0/ticket")]
    assert (ref.id, ref.number, ref.url) == ("1", "#1", f"{rt.sim.url}/Ticket/Display.html?id=1")
    ticket = rt.sim.tickets[1]
    assert (ticket.subject, ticket.priority, ticket.values) == ("Where is my coin?", "100", ["complaint-1"])
    assert ticket.requestors == ["telegram:bot:ann"]


async def test_a_requester_is_made_once_by_network_identity_and_without_an_address(rt: RequestTrackerBench) -> None:
    await asyncio.gather(rt.desk.prepare(DRAFT), rt.made(rt.sim.url).prepare(DRAFT))
    await rt.desk.prepare(replace(DRAFT, key="complaint-2"))
    made = rt.sim.users["telegram:bot:ann"]
    assert (made.real_name, made.email, made.privileged) == ("Ann <b>O'Hara</b>", "", False)
    assert sum(name.startswith("telegram") for name in rt.sim.users) == 1
    rt.sim.calls.clear()
    await rt.desk.prepare(replace(DRAFT, key="complaint-3"))
    assert rt.sim.calls == []


@pytest.mark.parametrize("identity", ["webchat:main:a/b?c#d", "chat:bot:Zoë", "x:y:../../user/root", "a:b:50%2F"])
async def test_any_identity_is_a_user_of_its_own(rt: RequestTrackerBench, identity: str) -> None:
    draft = replace(DRAFT, requester=Requester(external_id=identity, handle="@h"))
    await opened(rt.desk, draft)
    await opened(rt.made(rt.sim.url), replace(draft, key="complaint-2"))
    (name,) = {name for ticket in rt.sim.tickets.values() for name in ticket.requestors}
    assert name not in {"root", "firstline", "mia"}
    assert re.fullmatch(r"[\w:@.%-]+", name, re.ASCII)
    assert rt.sim.users[name].real_name == "@h"


async def test_tags_go_into_their_field_and_a_continued_ticket_refers_to_the_first(rt: RequestTrackerBench) -> None:
    desk = rt.made(rt.sim.url, tags_field="Tags")
    request = json.loads(await desk.prepare(replace(DRAFT, follows="7")))
    assert request["CustomFields"] == {"ExternalId": "complaint-1", "Tags": ["firstline", "telegram"]}
    await desk.create(DRAFT, json.dumps(request))
    assert rt.sim.tickets[1].links == ["7"]


# --- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "it's",
        "' OR id > 0 OR Subject = '",
        "back\\slash\\",
        "\\' OR id > 0 --",
        'say "so"',
        "Ключ ✨",
        "a} = 'b' OR id > 0",
    ],
)
async def test_a_key_never_becomes_part_of_the_search(rt: RequestTrackerBench, key: str) -> None:
    await opened(rt.desk)
    draft = replace(DRAFT, key=key)
    assert await rt.desk.find(draft) is None
    ref = await opened(rt.desk, draft)
    assert same(await rt.desk.find(draft), ref)


@given(st.text())
def test_a_quoted_text_is_read_as_it_was(text: str) -> None:
    matches = parsed(f"id = {quoted(text)} AND type = 'x'", {"id", "type"})
    assert matches(lambda name: [text if name == "id" else "x"])


async def test_a_key_in_another_case_is_another_key_and_a_long_one_is_found(rt: RequestTrackerBench) -> None:
    await opened(rt.desk, replace(DRAFT, key="Complaint-1"))
    assert await rt.desk.find(DRAFT) is None
    long = replace(DRAFT, key="k" * 500)
    ref = await opened(rt.desk, long)
    assert same(await rt.desk.find(long), ref)
    assert await rt.desk.find(replace(long, key="k" * 501)) is None
    assert all(len(value) < 255 for ticket in rt.sim.tickets.values() for value in ticket.values)


async def test_a_field_of_unique_values_hides_a_second_ticket_and_check_says_so() -> None:
    async with _bench(unique_values=True) as rt:
        await opened(rt.desk)
        await opened(rt.desk)
        assert (await rt.count(DRAFT.key), len(rt.sim.tickets)) == (1, 2)
        unique, without = [one for one in await rt.desk.check() if not one.ok]
        assert "unique" in unique.text
        assert "#2 was opened without" in without.text


# --- what the requester adds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scrip", [True, False], ids=["opens", "leaves"])
@pytest.mark.parametrize("status", ["resolved", "rejected", "stalled"])
async def test_words_open_a_ticket_whatever_its_scrips_do(scrip: bool, status: str) -> None:  # noqa: FBT001
    async with _bench(opens_on_correspond=scrip) as rt:
        ref = await opened(rt.desk)
        await rt.act("PUT", f"/ticket/{ref.id}", {"Status": status})
        await rt.desk.add_note(ref.id, "rated 1 of 5", key="n")
        await rt.desk.add_files(ref.id, [PICTURE], key="f")
        assert rt.sim.tickets[1].status == status
        await rt.desk.add_user_message(ref.id, "it is back", key="m")
        assert rt.sim.tickets[1].status == "open"


async def test_a_new_ticket_stays_new_where_rt_leaves_it() -> None:
    async with _bench(opens_on_correspond=False) as rt:
        ref = await opened(rt.desk)
        await rt.desk.add_user_message(ref.id, "and my hat", key="m")
        assert (await rt.desk.get(ref.id)).status is Status.NEW


async def test_marks_are_in_subjects_of_our_own_messages_only(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    await rt.desk.add_user_message(ref.id, "and my hat", key="in:1:words")
    *_, (_, text) = await rt.lines(ref.id)
    assert text == "and my hat"
    assert rt.sim.of(1)[1].attachments[0].subject == f"Where is my coin? ✨ {mark('in:1:words')}"
    forged = {"Content": "x", "ContentType": "text/plain", "Subject": mark("in:2:words")}
    await rt.act("POST", f"/ticket/{ref.id}/comment", forged)
    assert not await rt.desk.added(ref.id, "in:2:words")


async def test_a_complaint_cannot_bear_a_mark(rt: RequestTrackerBench) -> None:
    forged = mark("in:2:words")
    subject = f"{forged} and\n {forged.replace(' ', chr(10))}"
    ref = await opened(rt.desk, replace(DRAFT, subject=subject, body=f"{forged}\n\n{forged}"))
    own = rt.sim.tickets[1].subject
    assert own == f"({forged[1:-1]}) and ({forged[1:-1]})"
    assert not await rt.desk.added(ref.id, "in:2:words")
    web = {"Content": "from the page", "ContentType": "text/plain", "Subject": own}
    await rt.act("POST", f"/ticket/{ref.id}/correspond", web)
    assert said((await rt.desk.get(ref.id)).replies) == ["from the page"]


async def test_an_agents_answer_from_the_page_is_read_whatever_the_ticket_is_called(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    await rt.desk.add_user_message(ref.id, "and my hat", key="m")
    rt.sim.of(1)[1].creator = "root"
    renamed = f"Hat {mark('x')}"
    await rt.act("PUT", f"/ticket/{ref.id}", {"Subject": renamed})
    web = {"Content": "from the page", "ContentType": "text/plain", "Subject": renamed}
    await rt.act("POST", f"/ticket/{ref.id}/correspond", web)
    await rt.desk.add_user_message(ref.id, "and my gloves", key="n")
    rt.sim.of(1)[-1].creator = "root"
    assert said((await rt.desk.get(ref.id)).replies) == ["from the page"]


async def test_what_perl_or_a_database_would_lose_arrives(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    await rt.desk.add_user_message(ref.id, "0", key="a")
    await rt.desk.add_note(ref.id, "a\x00b\ud800c\r\nd", key="b")
    assert [text.rstrip("\n") for _, text in (await rt.lines(ref.id))[1:]] == ["0", "abc\nd"]
    empty = replace(PICTURE, name="", content=b"", media_type="")
    await rt.desk.add_files(ref.id, [empty], key="c")
    assert await rt.files(ref.id) == [("file", b"\n")]


async def test_a_deleted_ticket_takes_no_words_and_says_why(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    await rt.turn(ref.id, Status.CLOSED)
    with pytest.raises(Closed, match="deleted"):
        await rt.desk.add_user_message(ref.id, "it is back", key="m")
    assert len(await rt.lines(ref.id)) == 1


# --- what agents answer -----------------------------------------------------------------------------------------------


async def test_replies_by_mail_and_from_the_page_are_read_with_their_files(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    rt.sim.mail(1, "mia", ("text/plain", "We *found* it.\n"), ("text/html", "<p>We <b>found</b> it.</p>"))
    rich = {"Content": "<p>It is <b>back</b>.</p>", "ContentType": "text/html"}
    file = {"FileName": "proof.pdf", "FileType": "application/pdf", "FileContent": base64.b64encode(b"%PDF").decode()}
    await rt.act("POST", f"/ticket/{ref.id}/correspond", {**rich, "Attachments": [file]})
    await rt.act("POST", f"/ticket/{ref.id}/correspond", {"Attachments": [{**file, "FileType": "text/plain"}]})
    first, second, third = (await rt.desk.get(ref.id)).replies
    assert (first.text, first.format, first.agent, first.files) == ("We *found* it.\n", "plain", "Mia Agent", ())
    assert (second.text, second.format) == ("<p>It is <b>back</b>.</p>", "html")
    assert [file.name for file in (*second.files, *third.files)] == ["proof.pdf", "proof.pdf"]
    assert third.text == ""
    assert second.files[0].url == "", "only those who log in to RT can open it"


async def test_after_a_merge_nobody_reads_what_was_written_to_somebody_else(rt: RequestTrackerBench) -> None:
    ann = await opened(rt.desk)
    bob = await opened(rt.desk, replace(DRAFT, key="bob's", requester=Requester(external_id="telegram:bot:bob")))
    await rt.answer(bob.id, "Bob, your balance is 17")
    await rt.answer(ann.id, "Ann, we look into it")
    assert await rt.act("PUT", f"/ticket/{ann.id}", {"MergeInto": bob.id}) == ["Merge Successful"]
    await rt.answer(bob.id, "Solved for both")
    await rt.turn(bob.id, Status.RESOLVED)
    snapshot = await rt.desk.get(ann.id)
    assert said(snapshot.replies) == ["Ann, we look into it"]
    assert (snapshot.status, snapshot.ref.id) == (Status.RESOLVED, ann.id)
    assert said((await rt.desk.get(bob.id)).replies) == ["Bob, your balance is 17", "Solved for both"]
    await rt.desk.add_user_message(ann.id, "thanks", key="m")
    assert await rt.desk.added(ann.id, "m")


async def test_only_privileged_people_answer(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    rt.sim.add_user("ann@home.example", email="ann@home.example")
    for sender in ("ann@home.example", "RT_System", "telegram:bot:ann", "firstline", "somebody deleted"):
        rt.sim.mail(1, sender, ("text/plain", "not an agent's"))
    rt.sim.mail(1, "mia", ("text/plain", ""))
    assert (await rt.desk.get(ref.id)).replies == ()
    rt.sim.users["ann@home.example"].privileged = True
    assert said((await rt.desk.get(ref.id)).replies) == ["not an agent's"]


async def test_what_was_read_is_not_read_again(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    for number in range(3):
        await rt.answer(ref.id, f"reply {number}")
    await rt.desk.get(ref.id)
    rt.sim.calls.clear()
    assert len((await rt.desk.get(ref.id)).replies) == 3
    assert [path for _, path in rt.sim.calls] == ["/REST/2.0/ticket/1", "/REST/2.0/ticket/1/history"]
    await rt.answer(ref.id, "reply 3")
    rt.sim.calls.clear()
    assert len((await rt.desk.get(ref.id)).replies) == 4
    assert sum("/attachment/" in path for _, path in rt.sim.calls) == 1


async def test_what_is_remembered_is_forgotten_before_it_is_too_much(
    rt: RequestTrackerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_tracker, "_REMEMBERED", 2)
    for number in range(4):
        requester = Requester(external_id=f"telegram:bot:{number}")
        await opened(rt.desk, replace(DRAFT, key=str(number), requester=requester))
    for number in range(5):
        await rt.answer("1", f"reply {number}")
    for _ in range(2):
        assert said((await rt.desk.get("1")).replies) == [f"reply {number}" for number in range(5)]
    assert [ticket.requestors[0][-1] for ticket in rt.sim.tickets.values()] == ["0", "1", "2", "3"]


async def test_a_long_history_is_read_to_its_end(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    for number in range(130):
        rt.sim.mail(1, "mia", ("text/plain", str(number)))
    assert said((await rt.desk.get(ref.id)).replies) == [str(number) for number in range(130)]
    await rt.desk.add_note(ref.id, "x", key="n")
    assert await rt.desk.added(ref.id, "n")
    assert not await rt.desk.added(ref.id, "m")


@pytest.mark.parametrize(
    ("number", "priority"),
    [("-5", "low"), ("0", "low"), ("49", "low"), ("50", "normal"), ("100", "high"), ("109", "high"), ("500", "urgent")],
)
async def test_a_number_is_the_highest_priority_that_it_reaches(
    rt: RequestTrackerBench, number: str, priority: str
) -> None:
    ref = await opened(rt.desk)
    await rt.act("PUT", f"/ticket/{ref.id}", {"Priority": number})
    snapshot = await rt.desk.get(ref.id)
    assert (snapshot.priority, snapshot.raw_priority) == (priority, number)


@pytest.mark.parametrize("priority", list(Priority))
async def test_every_priority_comes_back(rt: RequestTrackerBench, priority: Priority) -> None:
    ref = await opened(rt.desk, replace(DRAFT, priority=priority))
    assert (await rt.desk.get(ref.id)).priority is priority


async def test_statuses_of_ones_own_are_mapped_and_unknown_ones_kept(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    rt.sim.tickets[1].status = "with the bank"
    snapshot = await rt.desk.get(ref.id)
    assert (snapshot.status, snapshot.raw_status) == (Status.OPEN, "with the bank")
    desk = rt.made(rt.sim.url, statuses={"with the bank": "on_hold", "open": "new"})
    assert (await desk.get(ref.id)).status is Status.ON_HOLD


async def test_a_priority_that_is_no_number_is_shown(rt: RequestTrackerBench) -> None:
    ref = await opened(rt.desk)
    rt.sim.tickets[1].priority = "Very high"
    snapshot = await rt.desk.get(ref.id)
    assert (snapshot.priority, snapshot.raw_priority) == (Priority.NORMAL, "Very high")


async def test_what_an_earlier_user_of_the_bot_wrote_is_no_reply_and_an_agents_answer_to_it_is(
    rt: RequestTrackerBench,
) -> None:
    ref = await opened(rt.desk)
    await rt.desk.add_user_message(ref.id, "and my hat", key="m")
    earlier = rt.sim.of(1)[1]
    earlier.creator = "root"
    subject = f"Re: [rt.example #1] {earlier.attachments[0].subject}"
    rt.sim.mail(1, "mia", ("text/plain", "found, too"), subject=subject)
    assert said((await rt.desk.get(ref.id)).replies) == ["found, too"]


# --- news -------------------------------------------------------------------------------------------------------------


async def test_our_own_doings_are_no_news_and_agents_are_told_with_the_version_that_is_read(
    rt: RequestTrackerBench,
) -> None:
    start = (await rt.desk.changed("")).cursor
    ref = await opened(rt.desk)
    await rt.desk.add_user_message(ref.id, "and my hat", key="m")
    await rt.desk.add_note(ref.id, "edited", key="n")
    await rt.note(ref.id, "private")
    await rt.act("PUT", f"/ticket/{ref.id}", {"Subject": "Renamed"})
    rt.sim.transactions = [one for one in rt.sim.transactions if one.creator != "RT_System"]
    rt.sim.tickets[1].status = "resolved"
    rt.sim.opens_on_correspond = False
    await rt.desk.add_user_message(ref.id, "it is back", key="m2")
    assert rt.sim.of(1)[-1].new == "open"
    assert (await rt.desk.changed(start)).ids == ()
    await rt.answer(ref.id, "hello")
    news = await rt.desk.changed(start)
    assert news.versions == {ref.id: (await rt.desk.get(ref.id)).version}
    assert (await rt.desk.changed(news.cursor)).versions == news.versions


async def test_a_change_that_appears_late_is_told(rt: RequestTrackerBench) -> None:
    one, two = await opened(rt.desk), await opened(rt.desk, replace(DRAFT, key="complaint-2"))
    await rt.answer(one.id, "slow")
    late = next(entry for entry in rt.sim.transactions if entry.type == "Correspond")
    await rt.answer(two.id, "quick")
    place = rt.sim.transactions.index(late)
    rt.sim.transactions.remove(late)
    cursor = (await rt.desk.changed("")).cursor
    rt.sim.transactions.insert(place, late)
    assert one.id in (await rt.desk.changed(cursor)).ids


async def test_many_changes_are_told_in_several_looks(rt: RequestTrackerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_tracker, "_PAGES_AT_ONCE", 2)
    ref, last = await opened(rt.desk), await opened(rt.desk, replace(DRAFT, key="complaint-2"))
    cursor = (await rt.desk.changed("")).cursor
    for _ in range(450):
        rt.sim.mail(1, "mia", ("text/plain", "again"))
    await rt.answer(last.id, "at the end")
    told: list[str] = []
    rt.sim.calls.clear()
    changes = await rt.desk.changed(cursor)
    assert rt.sim.calls.count(("GET", "/REST/2.0/transactions")) == 2
    while changes.cursor != cursor:
        told += changes.ids
        cursor = changes.cursor
        changes = await rt.desk.changed(cursor)
    assert (told[0], told[-1]) == (ref.id, last.id)
    assert changes.versions[last.id] == (await rt.desk.get(last.id)).version


@pytest.mark.parametrize("ticket_id", ["../queue/1", "1/history", "", "١"])
async def test_what_is_no_number_is_no_ticket(rt: RequestTrackerBench, ticket_id: str) -> None:
    await opened(rt.desk)
    rt.sim.calls.clear()
    with pytest.raises(NotFound):
        await rt.desk.get(ticket_id)
    assert rt.sim.calls == []


async def test_a_cursor_of_another_desk_is_the_beginning(rt: RequestTrackerBench) -> None:
    assert (await rt.desk.changed("2026-01-01T00:00:00Z")).ids == ()
    rt.sim.transactions.clear()
    assert (await rt.desk.changed("")).cursor == "0"


# --- refusals and check -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "act"),
    [
        ("CreateTicket", opened),
        ("AdminUsers", opened),
        ("ReplyToTicket", lambda desk: desk.add_user_message("1", "x", key="m")),
        ("CommentOnTicket", lambda desk: desk.add_note("1", "x", key="m")),
        ("ShowTicket", lambda desk: desk.get("1")),
    ],
)
async def test_a_missing_right_is_said_and_nothing_is_given_up(
    rt: RequestTrackerBench, right: str, act: Callable[[TicketDesk], Awaitable[object]]
) -> None:
    await opened(rt.desk, replace(DRAFT, key="first", requester=Requester(external_id="a:b:c")))
    rt.sim.users["firstline"].rights -= {right, "ModifyTicket"}
    with pytest.raises(AuthFailed):
        await act(rt.desk)


async def test_a_ticket_that_was_moved_out_of_sight_is_continued_and_holds_up_nobody(rt: RequestTrackerBench) -> None:
    ref, _ = await opened(rt.desk), await opened(rt.desk, replace(DRAFT, key="complaint-2"))
    await rt.act("PUT", f"/ticket/{ref.id}", {"Queue": "Fraud"})
    with pytest.raises(Closed, match="not see"):
        await rt.desk.add_user_message(ref.id, "it is back", key="m")
    with pytest.raises(NotFound, match="not see"):
        await rt.desk.get(ref.id)
    rt.sim.users["firstline"].elsewhere = {"ShowTicket", "SeeCustomField"}
    assert (await rt.desk.get(ref.id)).status is Status.NEW
    with pytest.raises(Closed, match="not write"):
        await rt.desk.add_user_message(ref.id, "it is back", key="m")
    assert same(await rt.desk.find(DRAFT), ref)


async def test_a_ticket_that_rt_fails_at_is_no_trouble_of_the_desk(
    rt: RequestTrackerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_READ_AGAIN_S", 0.01)
    ref, _ = await opened(rt.desk), await opened(rt.desk, replace(DRAFT, key="complaint-2"))
    async with FaultProxy(rt.sim.url) as proxy:
        desk = rt.made(proxy.url)
        refuse(proxy, 500, part=f"/ticket/{ref.id}", writes=False)
        adding = desk.add_user_message(ref.id, "x", key="m"), desk.add_note(ref.id, "x", key="n")
        for attempt in (*adding, desk.get(ref.id), desk.added(ref.id, "m")):
            with pytest.raises(TicketBusy, match="others can"):
                await attempt
        refuse(proxy, 500, part="/tickets", writes=False)
        with pytest.raises(Unavailable):
            await desk.add_note(ref.id, "x", key="n")


async def test_a_queue_that_was_renamed_is_mended_and_not_given_up(rt: RequestTrackerBench) -> None:
    request = await rt.desk.prepare(DRAFT)
    rt.sim.queue = "Help"
    with pytest.raises(AuthFailed, match="firstline check"):
        await rt.desk.create(DRAFT, request)
    (wrong,) = [one for one in await rt.desk.check() if not one.ok]
    assert "no queue Support" in wrong.text


async def test_a_requester_whom_rt_refuses_is_refused(rt: RequestTrackerBench) -> None:
    with pytest.raises(Rejected):
        await rt.desk.prepare(replace(DRAFT, requester=Requester(external_id="")))


async def test_other_refusals_are_for_good_and_repeat_no_words(rt: RequestTrackerBench) -> None:
    with pytest.raises(Rejected) as refused:
        await rt.desk.create(DRAFT, '{"Queue": "Support", "Content": "a secret"')
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("said", [MAINTENANCE, {}, []], ids=["maintenance", "empty", "list"])
async def test_json_that_is_not_rts_is_no_answer(rt: RequestTrackerBench, said: object) -> None:
    ref, request = await opened(rt.desk), await rt.desk.prepare(DRAFT)
    async with impostor(said) as url:
        desk = rt.made(url)
        with pytest.raises(Ambiguous, match="not Request Tracker's"):
            await desk.create(DRAFT, request)
        reads = desk.find(DRAFT), desk.get(ref.id), desk.added(ref.id, "m"), desk.changed(""), desk.changed("1")
        adding = desk.add_user_message(ref.id, "x", key="m"), desk.add_files(ref.id, [PICTURE], key="f")
        for attempt in (*reads, *adding, desk.add_note(ref.id, "x", key="n"), desk.prepare(DRAFT), desk.check()):
            with pytest.raises(Unavailable, match="not Request Tracker's"):
                await attempt
    async with impostor({"Status": "new", "Queue": {"id": "1"}}) as url:
        desk = rt.made(url)
        for attempt in (desk.add_user_message(ref.id, "x", key="m"), desk.add_note(ref.id, "x", key="n")):
            with pytest.raises(Ambiguous, match="not Request Tracker's"):
                await attempt


@pytest.mark.parametrize("token", ["1-2-wrong", "abc"])
async def test_a_wrong_token_is_said_and_not_shown(rt: RequestTrackerBench, token: str) -> None:
    desk = rt.made(rt.sim.url, token=token)
    with pytest.raises(AuthFailed, match=r"does not know the token") as refused:
        await desk.check()
    assert token not in str(refused.value)


async def test_a_token_that_rt_did_not_make_is_said(rt: RequestTrackerBench) -> None:
    with pytest.raises(AuthFailed, match="begins with 1-"):
        await rt.made(rt.sim.url, token="abc").changed("1")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("AdminUsers", "AdminUsers"),
        ("CreateTicket", "CreateTicket"),
        ("ReplyToTicket", "ReplyToTicket"),
        ("CommentOnTicket", "CommentOnTicket"),
        ("ModifyTicket", "ModifyTicket"),
        ("SeeQueue", "no queue Support"),
        ("SeeCustomField", "no custom field ExternalId"),
    ],
)
async def test_check_names_what_is_missing_and_where_to_click(rt: RequestTrackerBench, missing: str, said: str) -> None:
    await opened(rt.desk)
    assert all(one.ok for one in await rt.desk.check())
    rt.sim.users["firstline"].rights.remove(missing)
    (wrong,) = [one for one in await rt.desk.check() if not one.ok]
    assert said in wrong.text
    assert "Admin, " in wrong.cure
    assert "User Rights" in wrong.cure


async def test_check_sees_a_ticket_that_got_no_key_and_a_user_without_privileges(rt: RequestTrackerBench) -> None:
    rt.sim.users["firstline"].rights.remove("ModifyCustomField")
    await opened(rt.desk)
    (wrong,) = [one for one in await rt.desk.check() if not one.ok]
    assert "#1 was opened without its ExternalId" in wrong.text
    rt.sim.users["firstline"].privileged = False
    *_, wrong = await rt.desk.check()
    assert (wrong.ok, wrong.cure) == (False, "Admin, Users, firstline: check `Let this user be granted rights`.")


async def test_check_finds_a_queue_that_is_disabled_and_a_field_that_is_not_applied() -> None:
    async with _bench(queue_disabled=True) as rt:
        (wrong,) = [one for one in await rt.desk.check() if not one.ok]
        assert wrong.text == "The queue Support is disabled."
    async with _bench(field_applies=False) as rt:
        (wrong,) = [one for one in await rt.desk.check() if not one.ok]
        assert "apply it to the queue" in wrong.cure
    async with _bench() as rt:
        desk = rt.made(rt.sim.url, tags_field="Tags")
        (wrong,) = [one for one in await desk.check() if not one.ok]
        assert "no custom field Tags" in wrong.text


@pytest.mark.parametrize("url", ["https://rt.example/", "https://rt.example/REST/2.0/", " https://rt.example "])
def test_the_address_is_that_of_the_browser(url: str) -> None:
    settings = request_tracker.Settings.model_validate({"url": url, "token": "1-2-x"})
    assert settings.url == "https://rt.example"


@pytest.mark.parametrize(
    "wrong", [{"url": "rt.example"}, {"key_field": "it's"}, {"key_field": "a}b"}, {"statuses": {"a": "b"}}]
)
def test_a_section_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        request_tracker.Settings.model_validate({"url": "https://rt.example", "token": "1-2-x", **wrong})


def test_the_example_names_every_key_and_shows_its_default() -> None:
    path = Path(config_settings.__file__).parent / "firstline.example.toml"
    _, _, block = path.read_text(encoding="utf-8").partition("# A Request Tracker 5 of yours instead")
    lines = [line[5:] for line in block.splitlines()[1:]]
    shown = tomllib.loads("\n".join(itertools.takewhile(bool, lines)))["desk"]
    settings = request_tracker.Settings.model_validate(shown)
    assert set(shown) == set(request_tracker.Settings.model_fields)
    for name, field in request_tracker.Settings.model_fields.items():
        assert field.is_required() or getattr(settings, name) == field.default, name
