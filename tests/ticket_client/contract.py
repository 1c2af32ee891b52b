"""What every desk does, whatever it is: a class of tests to inherit, with a fixture that gives the desk.

A desk's test module has one subclass, named after it: ``TestLocalDesk(DeskContract)`` with a fixture `bench`.
What only a desk over a network has to prove is in `exactly_once`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import pytest

from adapters.markup import render
from bots.agent_words import markup
from ticket_client.base import Closed, NotFound, Priority, Requester, Status, TicketDraft, UserFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ticket_client.base import AgentReply, TicketDesk, TicketRef

ANN = Requester(external_id="telegram:bot:ann", name="Ann <b>O'Hara</b>", handle="@ann")
DRAFT = TicketDraft(
    key="complaint-1",
    subject="Where is my coin? ✨",
    body="It was here\nyesterday. <script>alert(1)</script>",
    requester=ANN,
    priority=Priority.HIGH,
    tags=("firstline", "telegram"),
    attachments=("Attachment: a.png (image/png, 7 bytes) [f1]",),
    language="nl",
    url="https://chat.example/c/7",
)
PICTURE = UserFile(name="a.png", media_type="image/png", content=b"\x89PNG\r\n\x1a\n" + bytes(64))
HOSTILE = (
    "Где мои деньги? 我的钱在哪里 أين مالي 😡 a\u200bb\ufeff e\u0301 <b>bold</b> & &amp; {{x}} "
    "[link](https://evil.example) @everyone =1+1\n\n    indented\tthere\n> not ours\n-- \nEnd."
)


class Bench(Protocol):
    """A desk and what its agents do and see there, with the agents' own credentials and not through our client."""

    @property
    def desk(self) -> TicketDesk:
        """The desk itself."""

    async def answer(self, ticket_id: str, text: str) -> None:
        """An agent's public reply, typed as plain text."""

    async def note(self, ticket_id: str, text: str) -> None:
        """An agent's private note."""

    async def turn(self, ticket_id: str, status: Status) -> None:
        """The agent gives the ticket a status; `CLOSED` is the one after which nothing can be added, if there is one.

        Raises `LookupError` where the desk has no such status.
        """

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        """What an agent reads in the ticket, oldest first: kind ("user", "reply", "note") and the plain text.

        Without the marks by which the desk's client knows its own entries again, and without lines for files.
        """

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        """What is attached to the ticket, oldest first; of a desk that keeps names only, each with no bytes."""

    async def count(self, key: str) -> int:
        """How many tickets the desk holds that were opened for this key, counted without our client."""


async def opened(desk: TicketDesk, draft: TicketDraft = DRAFT) -> TicketRef:
    """Open a ticket."""
    return await desk.create(draft, await desk.prepare(draft))


def same(one: TicketRef | None, other: TicketRef) -> bool:
    """Whether two references are to one ticket; a version is of a moment."""
    return one is not None and (one.id, one.number, one.url) == (other.id, other.number, other.url)


def said(replies: Sequence[AgentReply]) -> list[str]:
    """What the user reads of agents' replies, as plain text."""
    return [render(markup(reply)).text for reply in replies]


class DeskContract:
    """The contract of `ticket_client.base.TicketDesk`."""

    async def test_a_ticket_is_opened_with_everything_in_it(self, bench: Bench) -> None:
        ref = await opened(bench.desk)
        assert ref.id
        assert ref.number
        snapshot = await bench.desk.get(ref.id)
        assert same(snapshot.ref, ref)
        assert snapshot.status in {Status.NEW, Status.OPEN}
        assert (snapshot.replies, snapshot.priority) == ((), Priority.HIGH)
        ((kind, text),) = await bench.lines(ref.id)
        assert kind == "user"
        assert text == f"{DRAFT.body}\n\n{DRAFT.attachments[0]}"

    async def test_a_ticket_is_found_by_its_key_and_by_no_other(self, bench: Bench) -> None:
        assert await bench.desk.find(DRAFT) is None
        ref = await opened(bench.desk)
        second = replace(DRAFT, key="complaint-2")
        assert await bench.desk.find(second) is None
        other = await opened(bench.desk, second)
        assert same(await bench.desk.find(DRAFT), ref)
        assert same(await bench.desk.find(second), other)
        assert await bench.desk.find(replace(DRAFT, key="complaint")) is None
        assert (ref.id, ref.number) != (other.id, other.number)
        assert (await bench.count(DRAFT.key), await bench.count("complaint-2")) == (1, 1)

    async def test_a_repeated_request_is_one_ticket_where_the_desk_says_so(self, bench: Bench) -> None:
        request = await bench.desk.prepare(DRAFT)
        first = await bench.desk.create(DRAFT, request)
        if bench.desk.capabilities.idempotent_create:
            assert same(await bench.desk.create(DRAFT, request), first)
            assert await bench.count(DRAFT.key) == 1
        else:
            assert same(await bench.desk.find(DRAFT), first)

    async def test_a_request_is_the_same_each_time(self, bench: Bench) -> None:
        request = await bench.desk.prepare(DRAFT)
        await bench.desk.create(DRAFT, request)
        assert await bench.desk.prepare(DRAFT) == request

    async def test_words_and_notes_are_added_and_known_again(self, bench: Bench) -> None:
        ref = await opened(bench.desk)
        assert not await bench.desk.added(ref.id, "in:1:words")
        await bench.desk.add_user_message(ref.id, "and my hat", key="in:1:words")
        await bench.desk.add_note(ref.id, "asked elsewhere", key="in:2:words")
        assert [await bench.desk.added(ref.id, key) for key in ("in:1:words", "in:2:words")] == [True, True]
        assert [await bench.desk.added(ref.id, key) for key in ("in:1", "in:12:words", "")] == [False, False, False]
        assert (await bench.lines(ref.id))[1:] == [("user", "and my hat"), ("note", "asked elsewhere")]

    async def test_files_are_added_and_known_again(self, bench: Bench) -> None:
        ref = await opened(bench.desk)
        second = replace(PICTURE, name="письмо.txt", media_type="text/plain", content=b"hello")
        assert not await bench.desk.added(ref.id, "in:1:files")
        await bench.desk.add_files(ref.id, [PICTURE, second], key="in:1:files")
        assert await bench.desk.added(ref.id, "in:1:files")
        files = await bench.files(ref.id)
        assert len(files) == 2
        for (name, content), file in zip(files, (PICTURE, second), strict=True):
            assert name.endswith(file.name)
            assert content in {file.content, b""}

    async def test_hostile_words_arrive_as_they_are(self, bench: Bench) -> None:
        long = (HOSTILE + " ") * 100
        ref = await opened(bench.desk, replace(DRAFT, subject=HOSTILE.replace("\n", " ")[:90], body=long[:20_000]))
        await bench.desk.add_user_message(ref.id, HOSTILE, key="m")
        await bench.desk.add_note(ref.id, HOSTILE, key="n")
        first, *others = await bench.lines(ref.id)
        assert first[1].split() == f"{long[:20_000]}\n\n{DRAFT.attachments[0]}".split()
        assert [(kind, text.split()) for kind, text in others] == [("user", HOSTILE.split()), ("note", HOSTILE.split())]

    async def test_notes_are_private_and_replies_come_in_order(self, bench: Bench) -> None:
        ref = await opened(bench.desk)
        await bench.desk.add_note(ref.id, "a secret among agents", key="n")
        await bench.answer(ref.id, "first *reply* & <more>")
        await bench.note(ref.id, "another secret, this time the agent's")
        await bench.desk.add_user_message(ref.id, "thanks", key="m")
        await bench.answer(ref.id, "second\nreply")
        replies = (await bench.desk.get(ref.id)).replies
        assert said(replies) == ["first *reply* & <more>", "second\nreply"]
        assert len({reply.id for reply in replies}) == 2
        assert replies[0].at <= replies[1].at
        assert abs(datetime.now(UTC) - replies[0].at) < timedelta(minutes=5)
        assert (await bench.desk.get(ref.id)).replies == replies, "ids do not change"

    async def test_the_requesters_words_open_a_resolved_ticket_and_a_note_does_not(self, bench: Bench) -> None:
        ref = await opened(bench.desk)
        await bench.turn(ref.id, Status.RESOLVED)
        await bench.desk.add_note(ref.id, "rated 5 of 5", key="n")
        assert (await bench.desk.get(ref.id)).status is Status.RESOLVED
        await bench.desk.add_user_message(ref.id, "it is back", key="m")
        assert (await bench.desk.get(ref.id)).status is Status.OPEN

    async def test_statuses_are_read(self, bench: Bench) -> None:
        ref = await opened(bench.desk)
        for status in (Status.PENDING, Status.ON_HOLD, Status.RESOLVED):
            try:
                await bench.turn(ref.id, status)
            except LookupError:
                continue
            snapshot = await bench.desk.get(ref.id)
            assert snapshot.status is status
            assert snapshot.raw_status

    async def test_a_ticket_that_is_closed_for_good_takes_no_words_and_is_continued(self, bench: Bench) -> None:
        ref = await opened(bench.desk)
        try:
            await bench.turn(ref.id, Status.CLOSED)
        except LookupError:
            return  # whatever is over can be opened again there, which another test proves
        with pytest.raises(Closed):
            await bench.desk.add_user_message(ref.id, "it is back", key="m")
        assert (await bench.desk.get(ref.id)).status is Status.CLOSED
        following = await opened(bench.desk, replace(DRAFT, key="complaint-2", follows=ref.id))
        assert following.id != ref.id
        assert same((await bench.desk.get(following.id)).ref, following)

    async def test_two_states_of_a_ticket_have_two_versions(self, bench: Bench) -> None:
        ref = await opened(bench.desk)
        versions = [(await bench.desk.get(ref.id)).version]
        for key in ("a", "b"):
            await bench.turn(ref.id, Status.RESOLVED)
            versions.append((await bench.desk.get(ref.id)).version)
            await bench.desk.add_user_message(ref.id, "again", key=key)
            versions.append((await bench.desk.get(ref.id)).version)
        assert len(set(versions)) == 5
        assert (await bench.desk.get(ref.id)).version == versions[-1], "nothing changed"

    async def test_changes_are_told_from_the_cursor_on(self, bench: Bench) -> None:
        beginning = await bench.desk.changed("")
        assert beginning.ids == ()
        one = await opened(bench.desk)
        two = await opened(bench.desk, replace(DRAFT, key="complaint-2"))
        first = await bench.desk.changed(beginning.cursor)
        assert {one.id, two.id} >= set(first.ids), "a desk may stay silent about what we did ourselves"
        for ref in (one, two):
            assert first.versions.get(ref.id, ref.version) == ref.version or not ref.version
        again = await bench.desk.changed(first.cursor)
        assert not again.ids or set(again.versions) == set(again.ids), "told twice only where its version says so"
        await bench.answer(two.id, "hello")
        await bench.answer(two.id, "hello again")
        await bench.turn(two.id, Status.RESOLVED)
        news = await bench.desk.changed(again.cursor)
        assert two.id in news.ids
        assert len(news.ids) == len(set(news.ids))
        if two.id in news.versions:
            assert news.versions[two.id] != two.version
        assert one.id not in news.ids or news.versions[one.id] == one.version

    async def test_what_is_not_there_is_not_found(self, bench: Bench) -> None:
        desk = bench.desk
        for attempt in (
            desk.get("404404"),
            desk.add_user_message("404404", "x", key="m"),
            desk.add_note("404404", "x", key="n"),
            desk.add_files("404404", [PICTURE], key="f"),
            desk.added("404404", "m"),
        ):
            with pytest.raises(NotFound, match="404404"):
                await attempt

    async def test_it_says_who_it_is_and_closes_twice(self, bench: Bench) -> None:
        assert bench.desk.name == "desk"
        findings = await bench.desk.check()
        assert findings
        assert all(finding.ok and finding.text.endswith(".") for finding in findings)
        await bench.desk.close()
        await bench.desk.close()
