"""One complaint is one ticket at the desk and said once there, whatever the network does: a class of tests to inherit.

Beside ``TestNameDesk(DeskContract)``, the test module of a desk over a network has a second class::

    class TestNameExactlyOnce(ExactlyOnce):
        @pytest.fixture
        async def bench(self) -> AsyncIterator[WireBench]: ...

Its bench is the contract's with four things more (`WireBench`): where the server is (`upstream`), the desk's module,
its settings behind another address (`settings(url)`), and which request opens a ticket (`creation`). That can be one
and the same bench class for both. Every test gets its own; the server may be shared as long as `count` goes by the key.

The desk under test is made from `module` and `settings(proxy.url)`, and driven by the real ledger and the real
`Escalation` through a `FaultProxy`. What is there in the end is read off the server by `count`, `lines` and `files`,
past the proxy and past our client.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import shutil
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

import bots.escalation
import bots.ledger.intents
import ticket_client.client
from adapters.base import Attachment, Author, Kind
from bots.files import FileFetcher
from bots.ledger.sqlite import migrate
from bots.wording import Wording
from config.settings import AttachmentSettings
from tests.bots import making
from tests.bots.lanes import Channel, Inside, inside, until
from tests.ticket_client.contract import DRAFT, PICTURE, Bench, opened
from tests.ticket_client.fault_proxy import (
    AWAY,
    BAD_GATEWAY,
    BAD_GATEWAY_APPLIED,
    CUT,
    DROP,
    HANG,
    LOSE,
    TOO_MANY,
    Call,
    Fault,
    FaultProxy,
    late,
    reads,
    slow,
    writes,
)
from tests.ticket_client.opening import worker
from ticket_client.base import Ambiguous

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ticket_client.base import TicketDesk

_WITHIN_S = 20.0
_OPENING = Path(__file__).with_name("opening.py")


class WireBench(Bench, Protocol):
    """A desk over a network, and how to make another one that reaches the same server by another address."""

    @property
    def upstream(self) -> str:
        """Scheme, host and port of the server, without a path."""

    @property
    def module(self) -> str:
        """Where the desk's `Settings` and `create` are: ``ticket_client.freshdesk``."""

    @property
    def creation(self) -> tuple[str, str]:
        """Method and path (no query, as on the wire) of the request that opens a ticket."""

    def settings(self, url: str) -> dict[str, Any]:
        """The section ``[desk]`` as JSON for a desk that finds the server at `url` instead of at `upstream`.

        With secrets in plain text, ``timeout_s`` of half a second (some tests wait that long) or of twice what the
        server needs for its slowest request, and ``settle_s = 0``.
        """


class FullChannel(Channel):
    """Has one picture, whatever is asked for."""

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        assert attachment.name == PICTURE.name
        assert len(PICTURE.content) <= max_bytes
        return PICTURE.content


@dataclass(kw_only=True)
class Bot:
    """A bot whose desk is behind the proxy; what it posts goes to a channel that keeps it."""

    bench: WireBench
    inside: Inside

    async def complain(self, text: str = "they ate my coins", **fields: Any) -> None:
        """A message that finds nothing in the FAQ; Ann's, unless `fields` say otherwise."""
        await self.inside.worker.deliver([making.message(text, **fields)])
        await self.inside.worker.idle()

    def tickets(self) -> list[sqlite3.Row]:
        """What the ledger knows of its tickets, oldest first."""
        return self.inside.rows("SELECT key, desk_id, number FROM tickets ORDER BY rowid")

    async def done(self) -> None:
        """Wait until nothing is left to do at the desk and everything is posted."""
        to_do = "SELECT 1 FROM ticket_intents WHERE state IN ('new', 'sending')"
        to_post = "SELECT 1 FROM outgoing WHERE state IN ('pending', 'sending')"
        await until(lambda: not self.inside.rows(f"{to_do} UNION {to_post}"), _WITHIN_S)
        assert not self.inside.rows("SELECT error FROM ticket_intents WHERE state <> 'done'")

    def message_of(self, author: Author) -> str:
        """The id of somebody's first message."""
        sql = "SELECT message_id FROM inbound WHERE author_id = ? ORDER BY id LIMIT 1"
        return str(self.inside.rows(sql, author.id)[0]["message_id"])

    def told(self, number: str) -> int:
        """How many posted replies tell this number."""
        return sum(reply.number == number for _, reply in self.inside.channel.posted)

    async def one_ticket(self) -> str:
        """The id of the one ticket of the one complaint; its number was told once."""
        await self.done()
        (row,) = self.tickets()
        assert await self.bench.count(row["key"]) == 1
        assert self.told(row["number"]) == 1
        return str(row["desk_id"])

    async def entries(self, ticket_id: str, text: str) -> list[str]:
        """Kinds of the lines of a ticket, as its agents see it, that hold this text."""
        return [kind for kind, line in await self.bench.lines(ticket_id) if text in line]


def desk_behind(bench: WireBench, url: str, **settings: Any) -> TicketDesk:
    """The desk, reached through `url`."""
    module = importlib.import_module(bench.module)
    section = module.Settings.model_validate({**bench.settings(url), **settings})
    desk: TicketDesk = module.create("desk", section, {})
    return desk


@asynccontextmanager
async def serving(
    bench: WireBench, proxy: FaultProxy, path: Path, *, workers: int = 1, **settings: Any
) -> AsyncIterator[Bot]:
    """A bot on the ledger at `path`, with so many workers at the desk."""
    async with AsyncExitStack() as stack:
        bot = await stack.enter_async_context(inside(path, channel=FullChannel(), transactional=False))
        files = FileFetcher({"telegram": bot.channel}, AttachmentSettings(), Wording(), "en")
        for _ in range(workers):
            desk = desk_behind(bench, proxy.url, **settings)
            stack.push_async_callback(desk.close)
            running = asyncio.create_task(worker(bot.ledger, desk, bot.delivery.add, files).run())
            stack.push_async_callback(_ended, running)
        yield Bot(bench=bench, inside=bot)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def killed(
    bench: WireBench, proxy: FaultProxy, path: Path, fault: Fault, when: Callable[[Call], bool] = writes
) -> None:
    """Have a process of its own do what the ledger's intents say, and kill it before it has the answer."""
    rule = proxy.fail(fault, when=when)
    job = {"ledger": str(path), "module": bench.module, "settings": bench.settings(proxy.url) | {"timeout_s": 30}}
    process = await asyncio.create_subprocess_exec(
        sys.executable, _OPENING, json.dumps(job), env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            await rule.met.wait()
    finally:
        process.kill()
        await process.wait()
    proxy.release()


async def insist(desk: TicketDesk, ticket_id: str, key: str, add: Callable[[str], Awaitable[None]]) -> None:
    """Add something as the bot does: after an answer that was lost, look whether it is there, and repeat."""
    for _ in range(3):
        try:
            await add(key)
        except Ambiguous:
            if await desk.added(ticket_id, key):
                return
        else:
            return
    raise AssertionError("three answers were lost, and one fault was set")


def _is(request: tuple[str, str], call: Call) -> bool:
    return (call.method, call.path) == request


class ExactlyOnce:
    """What is asked of every desk over a network."""

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Look, back off and rest in hundredths of a second."""
        monkeypatch.setattr(bots.escalation, "_BACKOFF_FIRST_S", 0.02)
        monkeypatch.setattr(bots.escalation, "_LOOK_EVERY_S", 0.02)
        monkeypatch.setattr(ticket_client.client, "_READ_AGAIN_S", 0.01)
        monkeypatch.setattr(ticket_client.client, "_REST_FIRST_S", 0.2)
        monkeypatch.setattr(ticket_client.client, "_REST_MOST_S", 0.4)

    @pytest.fixture
    async def proxy(self, bench: WireBench) -> AsyncIterator[FaultProxy]:
        """Before the desk's server."""
        async with FaultProxy(bench.upstream) as proxy:
            yield proxy

    @pytest.fixture(scope="class")
    @classmethod
    def empty(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A ledger with nothing in it: making one costs more than most tests here."""
        path = tmp_path_factory.mktemp("ledger") / "firstline.db"
        migrate(path)
        return path

    @pytest.fixture
    def path(self, empty: Path, tmp_path: Path) -> Path:
        """Of a ledger of the test's own."""
        return Path(shutil.copy(empty, tmp_path))

    # --- a ticket ---------------------------------------------------------------------------------------------------

    async def test_where_nothing_fails_a_ticket_is_one_request_that_creates(
        self, bench: WireBench, proxy: FaultProxy, path: Path
    ) -> None:
        async with serving(bench, proxy, path) as bot:
            await bot.complain("they ate my coins")
            ticket_id = await bot.one_ticket()
            assert await bot.entries(ticket_id, "they ate my coins") == ["user"]
        assert proxy.count(partial(_is, bench.creation)) == 1

    @pytest.mark.parametrize(
        "fault",
        [LOSE, DROP, HANG, CUT, BAD_GATEWAY, BAD_GATEWAY_APPLIED, AWAY],
        ids=["lose", "drop", "hang", "cut", "502", "502-applied", "503"],
    )
    async def test_whatever_happens_to_the_request_there_is_one_ticket(
        self, bench: WireBench, proxy: FaultProxy, path: Path, fault: Fault
    ) -> None:
        rule = proxy.fail(fault, when=partial(_is, bench.creation))
        async with serving(bench, proxy, path) as bot:
            await bot.complain()
            await bot.one_ticket()
        assert rule.hits == 1
        sent = [call.body for call in proxy.calls if _is(bench.creation, call)]
        assert len(set(sent)) == 1, "each attempt sends the same bytes"

    async def test_a_desk_that_wants_to_be_left_alone_is(self, bench: WireBench, proxy: FaultProxy, path: Path) -> None:
        proxy.fail(TOO_MANY, when=partial(_is, bench.creation))
        async with serving(bench, proxy, path) as bot:
            await bot.complain()
            await bot.one_ticket()
        (first, *later) = [call.at for call in proxy.calls if _is(bench.creation, call)]
        assert len(later) == 1
        assert min(call.at for call in proxy.calls if call.at > first) - first >= 1, "the Retry-After of one second"

    async def test_the_answer_to_the_first_write_is_lost_whatever_it_is(
        self, bench: WireBench, proxy: FaultProxy, path: Path
    ) -> None:
        proxy.fail(LOSE, when=writes)
        async with serving(bench, proxy, path) as bot:
            await bot.complain()
            await bot.one_ticket()

    async def test_lost_twice_and_every_question_fails_for_a_while(
        self, bench: WireBench, proxy: FaultProxy, path: Path
    ) -> None:
        creates = partial(_is, bench.creation)
        proxy.fail(DROP, when=creates)
        applied = proxy.fail(LOSE, when=creates)
        async with serving(bench, proxy, path) as bot:
            await bot.complain()
            async with asyncio.timeout(_WITHIN_S):
                await applied.met.wait()
            proxy.fail(BAD_GATEWAY, when=reads, times=4)
            await bot.one_ticket()
        assert proxy.count(creates) == 2

    async def test_a_request_that_arrives_after_we_stopped_waiting_is_waited_for(
        self, bench: WireBench, proxy: FaultProxy, path: Path
    ) -> None:
        timeout_s = float(bench.settings(proxy.url)["timeout_s"])
        arrival = proxy.fail(late(timeout_s + 0.2), when=partial(_is, bench.creation))
        async with serving(bench, proxy, path, settle_s=timeout_s + 0.5) as bot:
            await bot.complain()
            async with asyncio.timeout(_WITHIN_S):
                await arrival.met.wait()
            await bot.one_ticket()

    async def test_five_workers_with_one_key_open_one_ticket(
        self, bench: WireBench, proxy: FaultProxy, path: Path
    ) -> None:
        proxy.fail(slow(0.2), times=99)
        async with serving(bench, proxy, path, workers=5) as bot:
            await bot.complain()
            await bot.one_ticket()
        assert proxy.count(partial(_is, bench.creation)) == 1

    async def test_a_second_complaint_with_the_same_key_is_the_same_ticket(
        self, bench: WireBench, proxy: FaultProxy, path: Path
    ) -> None:
        rule = proxy.fail(slow(0.2), when=writes)
        async with serving(bench, proxy, path) as bot:
            await bot.inside.worker.deliver([making.moderated()])
            await rule.met.wait()
            other = Author(id="chief", display_name="Chief", roles=("moderator",), roles_source="getChatMember")
            await bot.inside.worker.deliver([replace(making.moderated(), author=other)])
            await bot.done()
            (row,) = bot.tickets()
            assert await bench.count(row["key"]) == 1
            assert bot.told(row["number"]) >= 1
        assert proxy.count(partial(_is, bench.creation)) == 1

    @pytest.mark.parametrize("applies", [True, False], ids=["applied", "not applied"])
    async def test_killed_between_the_request_and_its_answer(
        self,
        bench: WireBench,
        proxy: FaultProxy,
        path: Path,
        applies: bool,  # noqa: FBT001 - a case
    ) -> None:
        async with inside(path, transactional=False) as bot:
            await bot.worker.deliver([making.message("they ate my coins")])
            await bot.worker.idle()
        await killed(bench, proxy, path, Fault(applies=applies, answer="never"), partial(_is, bench.creation))
        async with serving(bench, proxy, path) as restarted:
            await restarted.one_ticket()
        assert proxy.count(partial(_is, bench.creation)) == (1 if applies else 2)

    # --- words, notes and files -------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("fault", "after"),
        [(LOSE, 0), (LOSE, 1), (DROP, 0), (HANG, 0), (BAD_GATEWAY_APPLIED, 0), (AWAY, 0)],
        ids=["lose", "lose-second-write", "drop", "hang", "502-applied", "503"],
    )
    async def test_words_are_there_once_and_in_order(
        self, bench: WireBench, proxy: FaultProxy, path: Path, fault: Fault, after: int
    ) -> None:
        async with serving(bench, proxy, path) as bot:
            await bot.complain("they ate my coins")
            ticket_id = await bot.one_ticket()
            rule = proxy.fail(fault, when=writes, after=after)
            await bot.complain("and the change as well")
            await bot.complain("and my hat")
            await bot.done()
            said = [line for _, line in await bench.lines(ticket_id)]
            assert [text for text in said[1:] if text in {"and the change as well", "and my hat"}] == [
                "and the change as well",
                "and my hat",
            ]
            assert len(said) == 3
        assert rule.hits == 1

    async def test_killed_while_words_are_added(self, bench: WireBench, proxy: FaultProxy, path: Path) -> None:
        async with serving(bench, proxy, path) as bot:
            await bot.complain("they ate my coins")
            ticket_id = await bot.one_ticket()
        async with inside(path, transactional=False) as idle:
            await idle.worker.deliver([making.message("and my hat")])
            await idle.worker.idle()
        await killed(bench, proxy, path, HANG)
        async with serving(bench, proxy, path) as restarted:
            await restarted.done()
            assert await restarted.entries(ticket_id, "and my hat") == ["user"]

    @pytest.mark.parametrize(
        ("fault", "after"), [(LOSE, 0), (LOSE, 1), (DROP, 0)], ids=["lose", "lose-second-write", "drop"]
    )
    async def test_a_note_and_files_are_there_once(
        self, bench: WireBench, proxy: FaultProxy, fault: Fault, after: int
    ) -> None:
        async with AsyncExitStack() as stack:
            desk = desk_behind(bench, proxy.url)
            stack.push_async_callback(desk.close)
            ref = await opened(desk, replace(DRAFT, key=f"notes and files {proxy.url}"))
            proxy.fail(fault, when=writes, after=after)
            await insist(desk, ref.id, "in:7:note", lambda key: desk.add_note(ref.id, "they deleted it", key=key))
            assert [line for line in await bench.lines(ref.id) if line[0] == "note"] == [("note", "they deleted it")]
            proxy.mend()
            proxy.fail(fault, when=writes, after=after)
            await insist(desk, ref.id, "in:8:files", lambda key: desk.add_files(ref.id, [PICTURE], key=key))
            assert [content for _, content in await bench.files(ref.id)] == [PICTURE.content]

    async def test_on_a_bad_day_with_restarts_everything_is_there_once_and_in_order(
        self, bench: WireBench, proxy: FaultProxy, path: Path
    ) -> None:
        """A seed of its own for each desk; twenty days each were tried when this was written."""
        dice = random.Random(bench.module)  # noqa: S311 - the same day each time
        for fault in (LOSE, DROP, CUT, BAD_GATEWAY, BAD_GATEWAY_APPLIED, AWAY):
            proxy.fail(fault, when=lambda _: dice.random() < 0.06, times=10_000)
        people = [Author(id=f"user{number}") for number in range(4)]
        picture = Attachment(name=PICTURE.name, media_type=PICTURE.media_type, reference="f1")
        said = ["they ate my coins", "all of them", "and the change", "and my hat"]
        for part in said:
            async with serving(bench, proxy, path, settle_s=0.05) as bot:
                for person in people:
                    await bot.complain(part, author=person, attachments=(picture,) if part == "all of them" else ())
                await asyncio.sleep(dice.uniform(0, 0.15))
        proxy.mend()
        async with serving(bench, proxy, path) as bot:
            await bot.done()  # what is deleted before the desk has it is not sent at all
            for person in people:
                await bot.complain(author=person, kind=Kind.DELETED, message_id=bot.message_of(person))
            await bot.done()
            rows = bot.tickets()
            assert len(rows) == len(people)
            for row in rows:
                assert await bench.count(row["key"]) == 1
                lines = await bench.lines(row["desk_id"])
                words = [line for kind, line in lines if kind == "user"]
                assert [part for line in words for part in said if part in line] == said
                assert [content for _, content in await bench.files(row["desk_id"])] == [PICTURE.content]
                assert [kind for kind, _ in lines].count("note") == 1

    # --- a desk that is away ----------------------------------------------------------------------------------------

    async def test_while_the_desk_is_away_nothing_is_lost_and_afterwards_it_is_not_overrun(
        self, bench: WireBench, proxy: FaultProxy, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bots.ledger.intents, "_NOTED_AFTER_S", 0.2)
        people = 6
        await proxy.refuse()
        async with serving(bench, proxy, path) as bot:
            for number in range(people):
                await bot.complain(f"matter {number} went wrong", author=Author(id=f"user{number}"))
            await bot.complain("matter 0, still waiting", author=Author(id="user0"))
            await bot.complain("matter 0, again", author=Author(id="user0"))
            await asyncio.sleep(0.3)
            away = proxy.fail(AWAY, times=10_000)
            await proxy.accept()
            await until(lambda: away.hits)
            await asyncio.sleep(0.4)
            assert away.hits <= 12, "the desk is given a rest, not asked for each ticket again and again"
            told = bot.inside.channel.texts
            await until(lambda: sum("noted under" in text for text in told()) >= people)
            assert all(sum("noted under" in text for text in told(f"chat:user{n}")) == 1 for n in range(people))
            proxy.mend()
            await bot.done()
            rows = bot.tickets()
            assert len(rows) == people
            for row in rows:
                assert (await bench.count(row["key"]), bot.told(row["number"])) == (1, 1)
            said = [line for _, line in await bench.lines(rows[0]["desk_id"])]
            assert [line for line in said[1:] if "matter 0" in line] == ["matter 0, still waiting", "matter 0, again"]
        assert proxy.peak <= 10

    async def test_what_was_not_told_before_a_restart_is_told_after_it(
        self, bench: WireBench, proxy: FaultProxy, path: Path
    ) -> None:
        proxy.fail(AWAY, times=10_000)
        async with serving(bench, proxy, path) as bot:
            await bot.complain()
            await until(lambda: proxy.calls)
        proxy.mend()
        async with serving(bench, proxy, path) as bot:
            await bot.one_ticket()
