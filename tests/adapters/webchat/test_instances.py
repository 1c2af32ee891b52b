"""Two instances of one live chat on one ledger: whichever sends, every open tab is shown it, once and in order."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.base import Button, TranscriptLine
from tests.adapters.webchat.stage import Client, MemoryTranscript, Stage, reply_to, stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from adapters.base import Reply

TWO = (Button(label="Yes", action="helped:yes"), Button(label="No", action="helped:no"))


class Ledger(MemoryTranscript):
    """A transcript that may be out of reach, counts its `reads`, and gives the next only once `hold` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.is_broken = False
        self.hold: asyncio.Event | None = None

    async def lines(self, conversation_key: str, *, limit: int) -> list[TranscriptLine]:
        if self.is_broken:
            raise OSError("my secret words")
        found = list(await super().lines(conversation_key, limit=limit))
        self.reads += 1
        hold, self.hold = self.hold, None
        if hold is not None:
            await hold.wait()
        return found

    async def has_been_read(self, times: int) -> None:
        async with asyncio.timeout(5):
            while self.reads < times:
                await asyncio.sleep(0.01)


class Line:
    """Between the instances; where it `is_cut`, nothing is heard. What one tells comes back to itself, too."""

    def __init__(self) -> None:
        self.instances: list[Stage] = []
        self.is_cut = False

    def tell(self, channel: str, about: str) -> None:
        for one in self.instances:
            assert channel == one.adapter.name
            if not self.is_cut:
                one.adapter.heard(about)


@asynccontextmanager
async def two() -> AsyncIterator[tuple[Stage, Stage, Line, Ledger]]:
    """The first is the one that sends."""
    ledger, line = Ledger(), Line()
    async with (
        stage(transcript=ledger, tell_others=line.tell) as first,
        stage(transcript=ledger, tell_others=line.tell) as second,
    ):
        line.instances = [first, second]
        yield first, second, line, ledger


async def send(sender: Stage, reply: Reply) -> None:
    """As the bot does: the ledger has it when it is sent."""
    line = TranscriptLine(id=reply.key, author="bot", text=reply.text, buttons=reply.buttons, at=datetime.now(UTC))
    sender.transcript.add(reply.target.place, line)
    await sender.post(reply, write_down=False)


async def asked(chat: Stage, client: Client, text: str = "question") -> str:
    message_id = await client.say(text)
    await client.next("ack")
    return message_id


async def shown(client: Client) -> list[str]:
    """The ids of the lines after the welcome, in order."""
    await asyncio.sleep(0.05)
    await client.socket.send_json({"type": "ping"})
    await client.next("pong")
    return [frame["line"]["id"] for frame in client.frames if frame["type"] == "line"]


async def test_a_reply_sent_by_one_is_shown_by_the_other_once_and_in_order() -> None:
    async with two() as (first, second, _, _):
        client = await second.client()
        stranger = await second.client()
        await asked(second, client)
        for number in range(5):
            await send(first, reply_to(second.inbox[0], f"answer {number}", key=f"r{number}"))
        assert (await client.next("line"))["line"]["id"] == "r0"
        assert await shown(client) == ["r0", "r1", "r2", "r3", "r4"]
        assert await shown(stranger) == []


async def test_tabs_on_both_are_shown_the_same() -> None:
    async with two() as (first, second, _, ledger):
        here = await first.client()
        there = await second.client(here.welcome["token"])
        message_id = await asked(first, here)
        assert (await there.next("line"))["line"]["id"] == message_id, "what is said on one is not shown by the other"
        reads = ledger.reads
        await send(first, reply_to(first.inbox[0], "answer", key="r1", buttons=TWO))
        await there.next("line")
        assert await shown(there) == [message_id, "r1"]
        assert await shown(here) == ["r1"]
        assert ledger.reads == reads + 1, "what one told itself was looked up"
        await there.tap("r1", "helped:yes")
        await there.next("ack")
        tap = second.inbox[0]
        line = TranscriptLine(id="r1", author="user", text="Yes", at=tap.sent_at)
        ledger.add(tap.conversation_key, line)
        await send(second, reply_to(tap, "good", key="r2"))
        assert (await here.next("chosen"))["action"] == "helped:yes"
        assert await shown(here) == ["r1", "r2"]
        assert await shown(there) == [message_id, "r1", "r2"]


async def test_what_was_missed_is_shown_when_the_line_is_mended() -> None:
    async with two() as (first, second, line, ledger):
        client = await second.client()
        await asked(second, client)
        line.is_cut = True
        await send(first, reply_to(second.inbox[0], "answer", key="r1"))
        assert await client.quiet_for(0.1)
        second.adapter.heard(None)
        assert (await client.next("line"))["line"]["id"] == "r1"
        reads = ledger.reads
        first.adapter.heard(None)
        assert await shown(client) == ["r1"]
        assert ledger.reads == reads, "a session that is not open there was looked up"


async def test_what_is_sent_while_a_connection_is_welcomed_is_not_missed() -> None:
    async with two() as (first, second, _, ledger):
        client = await second.client()
        await asked(second, client)
        await client.socket.close()
        ledger.reads, ledger.hold = 0, asyncio.Event()
        hold = ledger.hold
        coming = asyncio.create_task(second.client(client.welcome["token"]))
        await ledger.has_been_read(1)
        await send(first, reply_to(second.inbox[0], "answer", key="r1"))
        await ledger.has_been_read(2)
        await asyncio.sleep(0.05)
        hold.set()
        again = await coming
        assert "r1" not in [line["id"] for line in again.welcome["lines"]]
        assert (await again.next("line"))["line"]["id"] == "r1"


async def test_a_removed_message_leaves_the_tabs_of_the_other() -> None:
    async with two() as (first, second, _, _):
        client = await second.client()
        message_id = await asked(second, client, "my seed phrase")
        await first.adapter.delete(second.inbox[0])
        assert (await client.next("removed"))["id"] == message_id


async def test_a_ledger_out_of_reach_is_read_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.webchat.adapter._LOOK_AGAIN_S", 0.05)
    async with two() as (first, second, _, ledger):
        client = await second.client()
        await asked(second, client)
        ledger.is_broken = True
        await send(first, reply_to(second.inbox[0], "answer", key="r1"))
        assert await client.quiet_for(0.1)
        ledger.is_broken = False
        assert (await client.next("line"))["line"]["id"] == "r1"
    assert "OSError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_connection_remembers_what_the_transcript_can_hold_and_no_more() -> None:
    async with two() as (first, second, _, _):
        client = await second.client()
        await asked(second, client)
        [connection] = second.adapter._connections[second.inbox[0].author.id]  # noqa: SLF001 - its memory is bounded
        for number in range(3000):
            connection.note(f"line {number}")
        assert connection.got is not None
        assert 1000 < len(connection.got) <= 2000
        await send(first, reply_to(second.inbox[0], "answer", key="r1"))
        await client.next("line")
