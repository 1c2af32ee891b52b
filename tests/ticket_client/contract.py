"""What every desk does, whatever it is: a class of tests to inherit, with a fixture that gives the desk.

A desk's test module has one subclass, named after it: ``TestLocalDesk(DeskContract)`` with a fixture `bench`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from ticket_client.base import NotFound, Priority, Requester, Status, TicketDraft

if TYPE_CHECKING:
    from ticket_client.base import TicketDesk

ANN = Requester(external_id="telegram:bot:ann", name="Ann <b>O'Hara</b>", handle="@ann")
DRAFT = TicketDraft(
    key="complaint-1",
    subject="Where is my coin? ✨",
    body="It was here\nyesterday. <script>alert(1)</script>",
    requester=ANN,
    priority=Priority.HIGH,
    tags=("firstline", "telegram"),
    attachments=("Attachment: a.png (image/png, 7 bytes) [f1]",),
)


class Bench(Protocol):
    """A desk and what its agents do and see there."""

    @property
    def desk(self) -> TicketDesk:
        """The desk itself."""

    async def answer(self, ticket_id: str, text: str) -> None:
        """An agent's public reply."""

    async def resolve(self, ticket_id: str) -> None:
        """The matter counts as done."""

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        """What an agent reads in the ticket: kind ("user", "reply", "note") and text, oldest first."""


class DeskContract:
    """The contract of `ticket_client.base.TicketDesk`."""

    async def test_a_ticket_is_opened_with_everything_in_it(self, bench: Bench) -> None:
        ref = await bench.desk.create(DRAFT)
        assert ref.id
        assert ref.number
        snapshot = await bench.desk.get(ref.id)
        assert snapshot.ref == ref
        assert (snapshot.status, snapshot.replies) == (Status.NEW, ())
        ((kind, text),) = await bench.lines(ref.id)
        assert kind == "user"
        assert text == f"{DRAFT.body}\n\n{DRAFT.attachments[0]}"

    async def test_a_ticket_is_found_by_its_key_and_by_no_other(self, bench: Bench) -> None:
        assert await bench.desk.find(DRAFT.key) is None
        ref = await bench.desk.create(DRAFT)
        other = await bench.desk.create(replace(DRAFT, key="complaint-2"))
        assert await bench.desk.find(DRAFT.key) == ref
        assert await bench.desk.find("complaint-2") == other
        assert (await bench.desk.find("complaint"), await bench.desk.find("")) == (None, None)
        assert (ref.id, ref.number) != (other.id, other.number)

    async def test_a_repeated_key_is_one_ticket_where_the_desk_says_so(self, bench: Bench) -> None:
        first = await bench.desk.create(DRAFT)
        if bench.desk.capabilities.idempotent_create:
            assert await bench.desk.create(DRAFT) == first
            assert len(await bench.lines(first.id)) == 1
        else:
            assert await bench.desk.find(DRAFT.key) == first

    async def test_words_and_notes_are_added_once_for_each_key(self, bench: Bench) -> None:
        ref = await bench.desk.create(DRAFT)
        for _ in range(2):
            await bench.desk.add_user_message(ref.id, "and my hat", key="in:1:words")
            await bench.desk.add_note(ref.id, "asked elsewhere", key="in:2:words")
        assert (await bench.lines(ref.id))[1:] == [("user", "and my hat"), ("note", "asked elsewhere")]

    async def test_notes_are_private_and_replies_come_in_order(self, bench: Bench) -> None:
        ref = await bench.desk.create(DRAFT)
        await bench.desk.add_note(ref.id, "a secret among agents", key="n")
        await bench.answer(ref.id, "first *reply*")
        await bench.desk.add_user_message(ref.id, "thanks", key="m")
        await bench.answer(ref.id, "second\nreply")
        replies = (await bench.desk.get(ref.id)).replies
        assert [reply.text for reply in replies] == ["first *reply*", "second\nreply"]
        assert len({reply.id for reply in replies}) == 2
        assert replies[0].at <= replies[1].at
        assert replies[0].at.tzinfo is not None
        assert (await bench.desk.get(ref.id)).replies == replies, "ids do not change"

    async def test_the_requesters_words_open_a_resolved_ticket_and_a_note_does_not(self, bench: Bench) -> None:
        ref = await bench.desk.create(DRAFT)
        await bench.resolve(ref.id)
        await bench.desk.add_note(ref.id, "rated 5 of 5", key="n")
        assert (await bench.desk.get(ref.id)).status is Status.RESOLVED
        await bench.desk.add_user_message(ref.id, "it is back", key="m")
        assert (await bench.desk.get(ref.id)).status is Status.OPEN

    async def test_two_states_of_a_ticket_have_two_versions(self, bench: Bench) -> None:
        ref = await bench.desk.create(DRAFT)
        versions = [(await bench.desk.get(ref.id)).version]
        for key in ("a", "b"):
            await bench.resolve(ref.id)
            versions.append((await bench.desk.get(ref.id)).version)
            await bench.desk.add_user_message(ref.id, "again", key=key)
            versions.append((await bench.desk.get(ref.id)).version)
        assert len(set(versions)) == 5
        await bench.desk.add_user_message(ref.id, "again", key="b")
        assert (await bench.desk.get(ref.id)).version == versions[-1], "nothing changed"

    async def test_changes_are_told_once_and_from_the_cursor_on(self, bench: Bench) -> None:
        beginning = await bench.desk.changed("")
        assert beginning.ids == ()
        one = await bench.desk.create(DRAFT)
        two = await bench.desk.create(replace(DRAFT, key="complaint-2"))
        first = await bench.desk.changed(beginning.cursor)
        assert set(first.ids) == {one.id, two.id}
        assert len(first.ids) == 2
        nothing = await bench.desk.changed(first.cursor)
        assert (nothing.ids, nothing.cursor) == ((), first.cursor)
        await bench.answer(two.id, "hello")
        await bench.answer(two.id, "hello again")
        await bench.resolve(two.id)
        assert (await bench.desk.changed(first.cursor)).ids == (two.id,)
        assert set((await bench.desk.changed("")).ids) == {one.id, two.id}

    async def test_what_is_not_there_is_not_found(self, bench: Bench) -> None:
        desk = bench.desk
        for attempt in (
            desk.get("404"),
            desk.add_user_message("404", "x", key="m"),
            desk.add_note("404", "x", key="n"),
        ):
            with pytest.raises(NotFound, match="404"):
                await attempt

    async def test_it_says_who_it_is_and_closes_twice(self, bench: Bench) -> None:
        assert bench.desk.name == "desk"
        assert (await bench.desk.check()).endswith(".")
        await bench.desk.close()
        await bench.desk.close()
