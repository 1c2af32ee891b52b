"""A desk over the network and the bot together: who waits is told so, nothing is said twice, closed tickets go on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import bots.escalation
from adapters.base import Attachment, Kind, NotFetched, Release, Unreachable
from bots.escalation import Escalation
from bots.files import FileFetcher
from bots.ledger import codec, intents, pending
from bots.ledger.report import report
from bots.relay import Relay
from bots.wording import Wording
from config.settings import AttachmentSettings
from tests.bots import making
from tests.bots.lanes import Channel, Inside, inside, until
from ticket_client.base import (
    Ambiguous,
    AuthFailed,
    Changes,
    NotFound,
    RateLimited,
    Status,
    TicketDraft,
    TicketRef,
    TicketSnapshot,
    Unavailable,
)
from ticket_client.memory import Fault, Line, MemoryDesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.base import IncomingMessage

WORDING = Wording()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "firstline.db"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look, wait and back off in hundredths of a second."""
    monkeypatch.setattr(bots.escalation, "_BACKOFF_FIRST_S", 0.02)
    monkeypatch.setattr(bots.escalation, "_DOWN_MOST_S", 0.1)
    monkeypatch.setattr(bots.escalation, "_LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(bots.escalation, "_FILES_AGAIN_S", 0.02)
    monkeypatch.setattr(intents, "_NOTED_AFTER_S", 0.2)


class Desk(MemoryDesk):
    """Counts what it is asked; `tells_versions` makes its list of changes say how each ticket stands."""

    def __init__(self) -> None:
        super().__init__("desk")
        self.asked: list[str] = []
        self.tells_versions = True

    async def prepare(self, draft: TicketDraft) -> str:
        self.asked.append("prepare")
        return await super().prepare(draft)

    async def create(self, draft: TicketDraft, request: str) -> TicketRef:
        self.asked.append("create")
        ref = await super().create(draft, request)
        return replace(ref, version=str(self.tickets[ref.id].version)) if self.tells_versions else ref

    async def get(self, ticket_id: str) -> TicketSnapshot:
        self.asked.append("get")
        return await super().get(ticket_id)

    async def changed(self, cursor: str) -> Changes:
        changes = await super().changed(cursor)
        if not self.tells_versions:
            return changes
        return replace(changes, versions={each: str(self.tickets[each].version) for each in changes.ids})


class FilingChannel(Channel):
    """A channel that serves what is in `files`; what is not there is gone, and `troubles["fetch"]` come first."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        if self.troubles["fetch"]:
            raise self.troubles["fetch"].pop(0)
        if attachment.reference not in self.files:
            raise NotFetched("It is gone.")
        return self.files[attachment.reference][: max_bytes + 1]


@dataclass(kw_only=True)
class Remote:
    """A bot, its desk, and what joins them."""

    bot: Inside
    desk: Desk
    relay: Relay
    escalation: Escalation

    async def hear(self, *messages: IncomingMessage) -> None:
        await self.bot.worker.deliver(messages)
        await self.bot.worker.idle()

    async def news(self) -> None:
        while await self.relay.look():
            pass
        await self.bot.settle()

    def texts(self) -> list[str]:
        return self.bot.channel.texts()

    async def done(self) -> None:
        """Wait until the desk knows all."""
        await until(lambda: not self.bot.rows("SELECT 1 FROM ticket_intents WHERE state IN ('new', 'sending')"), 60)
        await self.bot.settle()


@asynccontextmanager
async def remote(path: Path, desk: Desk, channel: Channel | None = None) -> AsyncIterator[Remote]:
    """A bot with a desk over the network; the relay looks when it is told to."""
    async with AsyncExitStack() as stack:
        bot = await stack.enter_async_context(inside(path, transactional=False, channel=channel))
        relay = Relay(bot.ledger, desk, WORDING, bot.delivery.add, poll_s=1)
        files = FileFetcher({"telegram": bot.channel}, AttachmentSettings(max_files=2), WORDING, "en")
        escalation = Escalation(
            bot.ledger.intents,
            desk,
            WORDING,
            number_prefix="FL",
            desk_language="en",
            on_outgoing=bot.delivery.add,
            on_opened=relay.opened,
            files=files,
        )
        running = asyncio.create_task(escalation.run())
        try:
            yield Remote(bot=bot, desk=desk, relay=relay, escalation=escalation)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def matter(number: int) -> IncomingMessage:
    """One of many people's."""
    return making.message(
        f"matter {number} of somebody", place=f"chat:{number}", author=replace(making.ANN, id=f"person {number}")
    )


async def _gone(ticket_id: str, _text: str, *, key: str) -> None:
    raise NotFound(f"There is no ticket {ticket_id} for {key}.")


def said(sentence: str, **arguments: str) -> str:
    return WORDING.say("en", sentence, **arguments)


# --- while the desk is down ---------------------------------------------------------------------------------------


async def test_while_the_desk_is_down_the_request_is_noted_once_and_the_number_follows(path: Path) -> None:
    desk = Desk()
    desk.faults.extend(Fault(error=Unavailable("down")) for _ in range(6))
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        assert on.texts() == [said("request-noted", reference="FL-1001"), said("ticket-opened", number="M-1")]
        assert desk.asked.count("prepare") == 1, "every attempt sends the same bytes"


async def test_a_desk_that_answers_at_once_is_not_excused(path: Path) -> None:
    async with remote(path, Desk()) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        await asyncio.sleep(0.3)
        assert on.texts() == [said("ticket-opened", number="M-1")]


async def test_where_one_reply_is_all_that_may_be_said_it_is_kept_for_the_number(path: Path) -> None:
    desk = Desk()
    desk.faults.extend(Fault(error=Unavailable("down")) for _ in range(6))
    async with remote(path, desk) as on:
        scarce = making.target("chat:ann", max_replies=1)
        await on.hear(making.message("they ate my coins", reply_to=scarce))
        await on.done()
        await on.bot.settle()
        assert on.texts() == [said("ticket-opened", number="M-1")]


async def test_the_noted_request_is_known_by_our_reference_until_it_has_a_number(path: Path) -> None:
    desk = Desk()
    desk.faults.append(Fault(error=RateLimited("slow", retry_after_s=1.0)))
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.hear(making.command("status", "FL-1001"))
        await on.done()
        await on.hear(making.command("status", "FL-1001"))
        await on.bot.settle()
        texts = on.texts()
        assert texts[-1] == said("status-line", number="M-1", status=said("status-new"))


async def test_requests_reach_a_desk_that_is_back_in_their_order_and_not_all_at_once(path: Path) -> None:
    desk = Desk()
    desk.faults.extend(Fault(error=Unavailable("down")) for _ in range(12))
    async with remote(path, desk) as on:
        await on.hear(matter(0))
        await until(lambda: desk.asked.count("create") >= 1)
        await on.hear(*(matter(i) for i in range(1, 20)))
        await on.done()
        assert desk.asked.count("create") == 12 + 20, "no more than the faults, and then each once"
        bodies = [ticket.draft.subject for ticket in desk.tickets.values()]
        assert sorted(bodies) == sorted(f"matter {i} of somebody" for i in range(20))
        assert bodies.index("matter 0 of somebody") <= 1, "the desk may be back just after it was asked with that one"


async def test_a_desk_that_gives_a_number_twice_is_told_of_and_not_asked_for_ever(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(matter(1))
        await on.done()
        desk.tickets.clear()  # somebody set it up anew
        await on.hear(matter(2))
        await on.done()
        (failed,) = report(path).failed
        assert "the ledger knows that number from before" in failed.reason
        assert on.texts() == [said("ticket-opened", number="M-1"), said("failed")]


async def test_a_bot_that_stops_waits_for_what_is_on_its_way_and_begins_nothing_more(path: Path) -> None:
    desk = Desk()
    create, gate = desk.create, asyncio.Event()

    async def slow(draft: TicketDraft, request: str) -> TicketRef:
        await gate.wait()
        return await create(draft, request)

    desk.create = slow  # type: ignore[method-assign]
    async with remote(path, desk) as on:
        await on.hear(matter(1))
        await until(lambda: on.bot.rows("SELECT 1 FROM ticket_intents WHERE state = 'sending'"))
        finishing = asyncio.create_task(on.escalation.finish())
        await on.hear(matter(2))
        gate.set()
        await finishing
        await asyncio.sleep(0.1)
        states = [row["state"] for row in on.bot.rows("SELECT state FROM ticket_intents ORDER BY id")]
        assert states == ["done", "new"]


async def test_one_ticket_with_which_the_desk_is_always_away_stops_no_other(path: Path) -> None:
    desk = Desk()
    create = desk.create

    async def poisoned(draft: TicketDraft, request: str) -> TicketRef:
        if "matter 0" in draft.subject:
            desk.asked.append("poison")
            raise Unavailable("it is me")
        return await create(draft, request)

    desk.create = poisoned  # type: ignore[method-assign]
    async with remote(path, desk) as on:
        await on.hear(matter(0))
        await until(lambda: "poison" in desk.asked)
        await on.hear(*(matter(i) for i in range(1, 12)))
        await until(lambda: len(desk.tickets) == 11, 60)
        assert desk.asked.count("poison") < 20


async def test_a_bot_that_stops_while_the_desk_is_down_gives_nothing_up(path: Path) -> None:
    desk = Desk()
    gate = asyncio.Event()

    async def away(_draft: TicketDraft, _request: str) -> TicketRef:
        await gate.wait()
        raise Unavailable("down")

    desk.create = away  # type: ignore[assignment,method-assign]
    async with remote(path, desk) as on:
        await on.hear(matter(1))
        await until(lambda: on.bot.rows("SELECT 1 FROM ticket_intents WHERE state = 'sending'"))
        finishing = asyncio.create_task(on.escalation.finish())
        await asyncio.sleep(0.05)
        on.escalation.hurry()
        gate.set()
        await finishing
        (row,) = on.bot.rows("SELECT state, not_before FROM ticket_intents")
        assert row["state"] == "new"
        assert row["not_before"] < codec.stamp(datetime.now(UTC) + timedelta(minutes=5))


# --- tickets that take no more words ------------------------------------------------------------------------------


async def test_words_for_a_ticket_closed_for_good_open_one_that_continues_it(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        desk.turn("1", Status.CLOSED)
        await on.hear(making.message("and now my hat as well, it was new"))
        await on.hear(making.message("the hat was green, by the way"))
        await on.done()
        first, second = desk.tickets.values()
        assert [line.kind for line in first.lines] == ["user"]
        assert second.draft.follows == "1"
        assert second.draft.body == "and now my hat as well, it was new"
        assert second.draft.requester == first.draft.requester
        assert [line.text for line in second.lines][1:] == ["the hat was green, by the way"]
        assert said("ticket-continued", old="M-1", number="M-2") in on.texts()
        await on.hear(making.message("and my other hat, the red one"))
        await on.done()
        assert [line.text for line in second.lines][2:] == ["and my other hat, the red one"]


async def test_words_for_a_ticket_that_somebody_deleted_open_one_that_continues_it(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(matter(1))
        await on.done()
        desk.add_user_message = _gone  # type: ignore[assignment,method-assign]
        await on.hear(replace(matter(1), text="and now my hat as well, it was new"))
        await on.done()
        assert [ticket.draft.body for ticket in desk.tickets.values()][1] == "and now my hat as well, it was new"
        assert said("ticket-continued", old="M-1", number="M-2") in on.texts()


async def test_files_for_a_ticket_closed_for_good_go_to_the_one_that_continues_it(path: Path) -> None:
    desk, channel = Desk(), FilingChannel()
    channel.files = {"f1": PNG}
    async with remote(path, desk, channel) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        add = desk.add_user_message

        async def close(ticket_id: str, text: str, *, key: str) -> None:
            await add(ticket_id, text, key=key)
            desk.turn(ticket_id, Status.CLOSED)

        desk.add_user_message = close  # type: ignore[method-assign]
        proof = Attachment(name="proof.png", media_type="image/png", reference="f1")
        await on.hear(making.message("here is the proof of my coins", attachments=(proof,)))
        await on.done()
        first, second = desk.tickets.values()
        assert [line.kind for line in first.lines] == ["user", "user"]
        assert (second.draft.body, second.draft.follows) == ("[proof.png]", "1")
        assert [line.text for line in second.lines if line.kind == "file"] == ["proof.png"]


async def test_a_note_for_a_ticket_closed_for_good_is_added_or_left(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        desk.turn("1", Status.CLOSED)
        await on.news()
        await on.hear(making.tap("rate:M-1:5"))
        await on.done()
        assert [line.kind for line in desk.tickets["1"].lines] == ["user", "note"]


# --- news ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tells_versions", [True, False])
async def test_news_is_told_once_whoever_tells_it(path: Path, tells_versions: bool) -> None:  # noqa: FBT001
    desk = Desk()
    desk.tells_versions = tells_versions
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        desk.answer("1", "Which coins?")
        for _ in range(2):
            on.relay.hint(["1", "404"])
            await on.news()
        desk.turn("1", Status.PENDING)
        await on.news()
        on.relay.hint(["1"])
        await on.news()
        assert on.texts()[1:] == [
            f"{said('agent-reply', number='M-1')}\nWhich coins?",
            said("pending", number="M-1"),
        ]


async def test_a_desk_that_has_not_got_an_answer_yet_does_not_ask_for_it_again(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        desk.turn("1", Status.PENDING)
        await on.news()
        desk.faults.append(Fault(error=RateLimited("slow", retry_after_s=1.0)))
        await on.hear(making.message("two of them"), making.message("status"))
        desk.turn("1", Status.PENDING)  # something else changes there
        await on.news()
        await on.done()
        desk.turn("1", Status.OPEN)  # by the words, as the desks do
        await on.news()
        assert on.texts()[1:] == [
            said("pending", number="M-1"),
            said("ticket-appended", number="M-1"),
            said("status-line", number="M-1", status=said("status-open")),
        ]


async def test_a_desk_that_has_not_got_the_requesters_words_yet_does_not_solve_the_ticket_twice(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        desk.turn("1", Status.RESOLVED)
        await on.news()
        desk.faults.append(Fault(error=RateLimited("slow", retry_after_s=1.0)))
        await on.hear(making.message("no, they ate my hat as well"))
        desk.turn("1", Status.RESOLVED)  # something else changes there
        await on.news()
        await on.done()
        await on.news()
        assert on.texts()[1:] == [
            said("resolved", number="M-1"),
            said("rate", number="M-1"),
            said("ticket-reopened", number="M-1"),
        ]


async def test_a_ticket_as_we_opened_it_is_not_read(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        await on.news()
        assert desk.asked == ["prepare", "create"]
        desk.answer("1", "Which coins?")
        await on.news()
        await on.news()
        assert desk.asked == ["prepare", "create", "get"]


async def test_what_happened_before_we_knew_the_ticket_is_not_missed(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        gate = asyncio.Event()
        create = desk.create

        async def slow(draft: TicketDraft, request: str) -> TicketRef:
            ref = await create(draft, request)
            desk.answer(ref.id, "I am quick")
            await gate.wait()
            return ref

        desk.create = slow  # type: ignore[method-assign]
        await on.hear(making.message("a whole other matter, of my aunt", place="chat:2", author=making.EVE))
        await until(lambda: len(desk.tickets) == 2)
        await on.news()
        gate.set()
        await on.done()
        await on.news()
        assert on.texts()[-1] == f"{said('agent-reply', number='M-2')}\nI am quick"


async def test_a_desks_markup_becomes_the_channels(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        desk.tickets["1"].lines.append(Line(kind="reply", text="<p>It is <b>done</b>*.</p>", format="html"))
        on.relay.hint(["1"])
        await on.news()
        assert on.texts()[-1] == f"{said('agent-reply', number='M-1')}\nIt is **done**\\*."


async def test_a_limit_of_calls_does_not_have_the_same_tickets_read_for_ever(path: Path) -> None:
    desk = Desk()
    desk.tells_versions = False
    async with remote(path, desk) as on:
        await on.hear(*(matter(i) for i in range(6)))
        await on.done()
        await on.news()
        desk.asked.clear()
        for ticket_id in desk.tickets:
            desk.answer(ticket_id, "hello")
        get, allowed = desk.get, 4

        async def limited(ticket_id: str) -> TicketSnapshot:
            nonlocal allowed
            if not allowed:
                allowed = 100
                raise RateLimited("slow", retry_after_s=1)
            allowed -= 1
            return await get(ticket_id)

        desk.get = limited  # type: ignore[method-assign]
        with pytest.raises(RateLimited):
            await on.relay.look()
        desk.answer("1", "hello once more")
        await on.news()
        assert desk.asked.count("get") == 6 + 4, "those of the first round once more, as nothing says how they stand"
        assert sum("hello once more" in text for text in on.texts()) == 1
        assert sum("hello" in text and "once more" not in text for text in on.texts()) == 6


async def test_a_ticket_that_the_desk_cannot_give_silences_no_other(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(*(matter(i) for i in range(3)))
        await on.done()
        await on.news()
        get = desk.get

        async def broken(ticket_id: str) -> TicketSnapshot:
            if ticket_id == "1":
                raise (Unavailable("500"), AuthFailed("403"), KeyError("id"))[desk.asked.count("get") % 3]
            return await get(ticket_id)

        desk.get = broken  # type: ignore[method-assign]
        for ticket_id in desk.tickets:
            desk.answer(ticket_id, f"hello {ticket_id}")
        for _ in range(6):
            await on.relay.look()
        await on.bot.settle()
        assert [sum(f"hello {i}" in text for text in on.texts()) for i in (1, 2, 3)] == [0, 1, 1]
        desk.get = get  # type: ignore[method-assign]
        desk.answer("1", "hello again")
        await on.news()
        assert [sum(words in text for text in on.texts()) for words in ("hello 1", "hello again")] == [1, 1]


async def test_words_that_come_to_the_desk_while_it_is_read_do_not_solve_the_ticket_twice(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        desk.turn("1", Status.RESOLVED)
        await on.news()
        desk.faults.append(Fault(error=RateLimited("slow", retry_after_s=0.3)))
        get = desk.get

        async def late(ticket_id: str) -> TicketSnapshot:
            snapshot = await get(ticket_id)
            await on.done()  # the words arrive while the answer is on its way
            return snapshot

        await on.hear(making.message("no, they ate my hat as well"))
        desk.get = late  # type: ignore[method-assign]
        on.relay.hint(["1"])
        await on.relay.look()
        desk.get = get  # type: ignore[method-assign]
        await on.news()
        assert on.texts()[-1] == said("ticket-reopened", number="M-1")


async def test_a_reply_that_came_while_the_ticket_was_looked_for_is_told_after_a_restart(path: Path) -> None:
    desk = Desk()
    find, gate, looked = desk.find, asyncio.Event(), asyncio.Event()

    async def answered(draft: TicketDraft) -> TicketRef | None:
        ref = await find(draft)
        desk.answer("2", "I was quick")
        looked.set()
        await gate.wait()
        return replace(ref, version=str(desk.tickets["2"].version)) if ref else None

    async with remote(path, desk) as on:
        await on.hear(matter(1))
        await on.done()
        desk.faults.append(Fault(error=Ambiguous("cut"), applied=True))
        desk.find = answered  # type: ignore[method-assign]
        await on.hear(matter(2))
        await until(looked.is_set)
        await on.news()  # in which the ticket is nobody's yet
        gate.set()
        await on.done()
    desk.find = find  # type: ignore[method-assign]
    async with remote(path, desk) as on:
        looking = asyncio.create_task(on.relay.run())
        await until(lambda: any("I was quick" in text for text in on.texts()))
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


# --- files --------------------------------------------------------------------------------------------------------


async def test_files_follow_their_ticket_and_what_cannot_be_had_is_said(path: Path) -> None:
    desk, channel = Desk(), FilingChannel()
    channel.files = {"f1": PNG, "f4": PNG}
    channel.troubles["fetch"] = [Unreachable("down")]
    async with remote(path, desk, channel) as on:
        await on.hear(
            making.message(
                "they ate my coins",
                attachments=(
                    Attachment(name="proof.png", media_type="image/png", reference="f1"),
                    Attachment(name="gone.png", media_type="image/png", reference="f2"),
                    Attachment(name="virus.exe", media_type="application/x-msdownload", reference="f3"),
                    Attachment(name="place"),
                    Attachment(name="../more.png", media_type="image/png", reference="f4"),
                    Attachment(name="too much.png", media_type="image/png", reference="f5"),
                ),
            )
        )
        await on.done()
        lines = desk.tickets["1"].lines
        assert [line.text for line in lines if line.kind == "file"] == ["proof.png", "more.png"]
        (note,) = (line.text for line in lines if line.kind == "note")
        assert [name in note for name in ("gone.png", "virus.exe", "too much.png", "place")] == [
            True,
            True,
            True,
            False,
        ]
        assert on.texts() == [said("ticket-opened", number="M-1")]


# --- deleted by its author ----------------------------------------------------------------------------------------


def deletion(of: IncomingMessage) -> IncomingMessage:
    return making.message(
        kind=Kind.DELETED,
        message_id=of.message_id,
        conversation_key=of.conversation_key,
        reply_to=of.reply_to,
        author=of.author,
    )


def kept(bot: Inside, words: str) -> list[str]:
    """Where the ledger holds these words."""
    tables = [row["name"] for row in bot.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [name for name in tables if any(words in str(tuple(row)) for row in bot.rows(f"SELECT * FROM {name}"))]


@pytest.mark.parametrize("is_had", [True, False])
async def test_a_message_deleted_while_its_file_is_fetched_stops_nothing_and_sends_nothing(
    path: Path,
    is_had: bool,  # noqa: FBT001 - a column of the table
) -> None:
    desk, channel = Desk(), FilingChannel()
    gate = asyncio.Event()

    async def slow(_attachment: Attachment, *, max_bytes: int) -> bytes:
        await gate.wait()
        if not is_had:
            raise Unreachable("down")
        return PNG

    channel.fetch = slow  # type: ignore[assignment,method-assign]
    async with remote(path, desk, channel) as on:
        proof = Attachment(name="passport of NL00.png", media_type="image/png", reference="f1")
        complaint = making.message("they ate my coins NL00", attachments=(proof,))
        await on.hear(complaint)
        await until(lambda: desk.tickets and on.texts())
        await on.hear(deletion(complaint))
        gate.set()
        await on.hear(matter(2))
        await on.done()
        assert len(desk.tickets) == 2
        assert [line.kind for line in desk.tickets["1"].lines] == ["user", "note"], "no file, and the agent is told"
        assert kept(on.bot, "NL00") == []


async def test_words_deleted_while_their_request_is_made_are_not_sent(path: Path) -> None:
    desk = Desk()
    prepare, gate = desk.prepare, asyncio.Event()

    async def slow(draft: TicketDraft) -> str:
        request = await prepare(draft)
        await gate.wait()
        return request

    desk.prepare = slow  # type: ignore[method-assign]
    async with remote(path, desk) as on:
        complaint = making.message("they ate my coins NL00")
        await on.hear(complaint)
        await until(lambda: "prepare" in desk.asked)
        await on.hear(deletion(complaint))
        gate.set()
        await on.done()
        assert "NL00" not in str(desk.tickets)
        assert len(desk.tickets) == 1
        assert kept(on.bot, "NL00") == []


async def test_words_deleted_after_they_opened_a_ticket_that_continues_another_are_kept_nowhere(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        await on.hear(making.message("they ate my coins"))
        await on.done()
        desk.turn("1", Status.CLOSED)
        more = making.message("and my hat as well, it was NL00")
        await on.hear(more)
        await on.done()
        await on.hear(deletion(more))
        await on.done()
        assert [line.kind for line in desk.tickets["2"].lines] == ["user", "note"]
        assert kept(on.bot, "NL00") == []


async def test_an_agent_reads_once_that_their_answer_waits_for_a_moderator(path: Path) -> None:
    desk = Desk()
    async with remote(path, desk) as on:
        held = making.target("chat:ann", release=Release.APPROVED)
        await on.hear(making.message("they ate my coins", reply_to=held))
        await on.done()
        (ticket,) = desk.tickets.values()
        desk.answer("1", "We found them.")
        await on.news()
        await on.done()
        notes = [line.text for line in ticket.lines if line.kind == "note"]
        assert notes == [said("desk-answer-waits", network="telegram")]
        await on.news()
        await on.done()
        assert [line.text for line in ticket.lines if line.kind == "note"] == notes
        assert pending.state(path, "desk", datetime.now(UTC)).held == 1
