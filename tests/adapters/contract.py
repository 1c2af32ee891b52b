"""What every channel promises, whatever its platform. Each channel runs these tests unchanged (`test_contract.py`)."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Protocol

import pytest

from adapters.base import (
    Addressed,
    Button,
    ChannelAdapter,
    IncomingMessage,
    Kind,
    Rejected,
    Release,
    Reply,
    ReplyTarget,
    Visibility,
)
from adapters.markup import escape
from adapters.splitting import length, split
from bots.ledger import codec

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTILE = [
    "@everyone @here please",
    "<b>bold</b> & <script>alert(1)</script>",
    "*stars* _underscores_ `ticks` [link](javascript:alert(1)) ~~~ ||spoiler||",
    "\u202edesrever\u202c a\u200bb",
    "Привет, 你好, مرحبا, 🙈👩‍👩‍👧",
    "a.b-c!d(e)f#g+h=i|j{k}l>m\\n",
]


class Actor(Protocol):
    """A person at the other end of a started channel."""

    @property
    def adapter(self) -> ChannelAdapter:
        """The started channel."""

    async def says(self, text: str) -> IncomingMessage:
        """The person writes where the bot is addressed; what the channel delivered."""

    async def taps(self, posted_id: str, button: Button) -> IncomingMessage:
        """The person taps a button under what the bot posted; what the channel delivered."""

    async def reads(self) -> Sequence[str]:
        """The plain texts of what the bot posted to this person, in order."""

    def nowhere(self, target: ReplyTarget) -> ReplyTarget:
        """A target like this one, whose place is not there."""


def reply(target: ReplyTarget, text: str, key: str = "in:1:answer", buttons: tuple[Button, ...] = ()) -> Reply:
    return Reply(key=key, target=target, text=text, buttons=buttons, visibility=target.visibility)


class ChannelContract:
    """Subclasses give the fixture `actor` and nothing else."""

    async def test_a_message_says_who_wrote_what_where_and_when(self, actor: Actor) -> None:
        message = await actor.says("where is my money")
        platform, account, kind, native = message.dedupe_key.split(":", 3)
        assert platform
        assert account == message.account
        assert kind
        assert native
        assert message.text == "where is my money"
        assert message.kind is Kind.CREATED
        assert message.channel == actor.adapter.name
        assert message.addressed is Addressed.DIRECT
        assert message.visibility is Visibility.PRIVATE
        assert message.author.id
        assert not message.author.is_bot
        assert message.conversation_key.startswith(f"{actor.adapter.name}:")
        assert message.sent_at.utcoffset() == timedelta(0)
        assert message.reply_to.can_reply
        assert message.reply_to.channel == actor.adapter.name

    async def test_two_messages_are_two_and_one_conversation(self, actor: Actor) -> None:
        first, second = await actor.says("one"), await actor.says("two")
        assert first.dedupe_key != second.dedupe_key
        assert first.message_id != second.message_id
        assert first.conversation_key == second.conversation_key
        assert first.reply_to.place == second.reply_to.place

    async def test_a_message_can_be_stored_and_read_back(self, actor: Actor) -> None:
        message = await actor.says("keep me 🙈")
        again = codec.load(IncomingMessage, codec.dump(message))
        assert dataclasses.asdict(again) == dataclasses.asdict(message)
        assert again.sent_at.tzinfo is not None
        assert again.sent_at.astimezone(UTC) == message.sent_at

    async def test_a_reply_arrives_where_the_question_came_from(self, actor: Actor) -> None:
        message = await actor.says("hello")
        posted = await actor.adapter.send(reply(message.reply_to, "It is **here**."))
        assert isinstance(posted, str)
        assert posted
        assert list(await actor.reads()) == ["It is here."]

    async def test_a_target_read_back_from_the_ledger_still_works(self, actor: Actor) -> None:
        message = await actor.says("hello")
        target = codec.load(ReplyTarget, codec.dump(message.reply_to))
        await actor.adapter.send(reply(target, "after a restart"))
        assert list(await actor.reads()) == ["after a restart"]

    @pytest.mark.parametrize("text", HOSTILE)
    async def test_somebodys_words_arrive_as_they_are_and_ping_nobody(self, actor: Actor, text: str) -> None:
        message = await actor.says("hello")
        await actor.adapter.send(reply(message.reply_to, escape(text)))
        (shown,) = await actor.reads()
        assert shown.replace("＠", "@") == text

    async def test_hostile_words_come_in_whole(self, actor: Actor) -> None:
        for text in HOSTILE:
            message = await actor.says(text)
            assert message.text.split()[0].strip("\u202e\u202d\u202c") == text.split()[0].strip("\u202e\u202d\u202c")

    async def test_the_longest_part_is_taken(self, actor: Actor) -> None:
        message = await actor.says("tell me everything")
        target = message.reply_to
        parts = split("🙈 word " * 2000, max_len=target.max_len, unit=target.len_unit)
        assert len(parts) > 1
        assert length(parts[0], target.len_unit) <= target.max_len
        await actor.adapter.send(reply(target, parts[0]))
        assert list(await actor.reads()) == [parts[0]]

    async def test_a_tap_comes_back_as_what_the_button_means(self, actor: Actor) -> None:
        message = await actor.says("which one")
        buttons = (Button(label="The first", action="pick:1"), Button(label="None", action="none"))
        posted = await actor.adapter.send(reply(message.reply_to, "Do you mean one of these?", buttons=buttons))
        if not message.reply_to.buttons:  # then the words stand without them, and a number is written instead
            assert list(await actor.reads()) == ["Do you mean one of these?"]
            return
        tap = await actor.taps(posted, buttons[0])
        assert tap.kind is Kind.ACTION
        assert tap.action == "pick:1"
        assert tap.conversation_key == message.conversation_key
        assert tap.author.id == message.author.id
        assert tap.dedupe_key != message.dedupe_key

    async def test_commands_are_told_from_words(self, actor: Actor) -> None:
        message = await actor.says("/ticket my card is stuck")
        assert (message.kind, message.command, message.text) == (Kind.COMMAND, "ticket", "my card is stuck")

    async def test_a_place_that_is_not_there_is_refused_for_good(self, actor: Actor) -> None:
        message = await actor.says("hello")
        with pytest.raises(Rejected):
            await actor.adapter.send(reply(actor.nowhere(message.reply_to), "anybody?"))

    async def test_a_lasting_private_place_is_nobody_elses(self, actor: Actor) -> None:
        target = (await actor.says("hello")).reply_to
        assert target.visibility is Visibility.PRIVATE
        assert target.expires_at is None
        assert target.release is Release.AUTOMATIC

    async def test_check_says_something_and_close_may_be_called_twice(self, actor: Actor) -> None:
        findings = await actor.adapter.check()
        assert findings
        assert all(finding.text for finding in findings)
        await actor.adapter.close()
        await actor.adapter.close()

    async def test_it_stops_receiving_when_told(self, actor: Actor) -> None:
        async def deliver(_messages: Sequence[IncomingMessage]) -> None:
            raise AssertionError("nobody wrote")

        task = asyncio.create_task(actor.adapter.run(deliver))
        await asyncio.sleep(0.05)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done
