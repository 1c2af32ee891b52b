"""Every message ends in one outcome: in order in its conversation, beside the others, whatever breaks."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import bots.worker
from adapters.base import Addressed, Attachment, Author, IncomingMessage, Kind, Parent
from bots import claims
from bots.ledger.report import report
from bots.wording import Wording
from tests.bots import making
from tests.bots.lanes import Inside, fill, free, inside, until

if TYPE_CHECKING:
    from pathlib import Path

WORDING = Wording()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "firstline.db"


def outcomes(bot: Inside, person: str) -> list[str]:
    """How the messages of one private chat ended, in the order in which they came."""
    rows = bot.rows(
        "SELECT o.outcome FROM inbound i JOIN outcomes o ON o.inbound_id = i.id"
        " WHERE i.conversation_key = ? ORDER BY i.id",
        f"telegram:bot:chat:{person}:ann",
    )
    return [row["outcome"] for row in rows]


async def test_a_conversation_keeps_its_order_while_others_run_beside_it(path: Path) -> None:
    texts = ["how do I get a refund", "they ate my coins", "and my bag too", "how do I get a refund"]
    async with inside(path) as bot:
        await bot.worker.deliver(
            [making.message(f"{text} {who}", place=f"chat:{who}") for text in texts for who in range(20)]
        )
        await bot.settle()
        for who in range(20):
            rows = bot.rows(
                "SELECT inbound_id, decided_at FROM outcomes o JOIN inbound i ON i.id = o.inbound_id"
                " WHERE conversation_key = ? ORDER BY i.id",
                f"telegram:bot:chat:{who}:ann",
            )
            assert [row["decided_at"] for row in rows] == sorted(row["decided_at"] for row in rows)
            posted = [
                key.split(":")[1] for key in (r.key for _, r in bot.channel.posted if r.target.place == f"chat:{who}")
            ]
            assert posted == sorted(posted, key=int), "replies go out in the order of what they answer"
            assert len(outcomes(bot, str(who))) == 4


async def test_a_message_that_is_slow_to_match_holds_up_its_own_conversation_only(path: Path) -> None:
    async with inside(path) as bot:
        gate = bot.matcher.gates["slow"] = threading.Event()
        await bot.worker.deliver([making.message("slow one", place="chat:a"), making.message("next", place="chat:a")])
        await until(lambda: "slow one" in bot.matcher.asked)
        await bot.worker.deliver([making.command("help", place="chat:b")])
        await until(lambda: outcomes(bot, "b") == ["acted"])
        assert outcomes(bot, "a") == []
        gate.set()
        await bot.settle()
        assert len(outcomes(bot, "a")) == 2


async def test_deliver_waits_while_too_much_is_undecided(path: Path) -> None:
    async with inside(path, max_undecided=3) as bot:
        gate = bot.matcher.gates[""] = threading.Event()
        await bot.worker.deliver([making.message(f"m{i}", place=f"chat:{i}") for i in range(3)])
        more = asyncio.create_task(bot.worker.deliver([making.message("one more", place="chat:9")]))
        await asyncio.sleep(0.1)
        assert not more.done()
        assert bot.rows("SELECT count(*) AS n FROM inbound")[0]["n"] == 3, "it is not taken, so it is not confirmed"
        gate.set()
        await more
        await bot.settle()
        assert report(path).messages == 4
        assert report(path).undecided == 0


async def test_the_same_message_is_taken_once(path: Path) -> None:
    async with inside(path) as bot:
        message = making.message("they ate my coins", dedupe_key="telegram:bot:update:the-same")
        await asyncio.gather(*(bot.worker.deliver([message, message]) for _ in range(5)))
        await bot.settle()
        assert report(path).messages == 1
        assert len(bot.channel.posted) == 1


async def test_what_was_accepted_and_not_decided_is_taken_up(path: Path) -> None:
    async with inside(path) as bot:
        people = [Author(id=f"person {i}") for i in range(5)]
        await bot.ledger.accept([making.message("they ate my coins", author=person) for person in people])
    async with inside(path) as bot:
        await bot.settle()
        assert report(path).outcomes == {"ticket_opened": {"nothing_matches": 5}}
        assert len(bot.channel.posted) == 5


async def test_new_messages_are_decided_beside_what_an_earlier_run_left_but_not_before_it_in_a_conversation(
    path: Path,
) -> None:
    async with inside(path) as bot:
        gate = bot.matcher.gates["old"] = threading.Event()
        await bot.ledger.accept([making.message(f"old {i}", place="chat:a") for i in range(300)])
        resuming = asyncio.create_task(bot.worker.resume())
        await until(lambda: "old 0" in bot.matcher.asked)
        await bot.worker.deliver([making.command("help", place="chat:b"), making.command("help", place="chat:a")])
        await until(lambda: outcomes(bot, "b") == ["acted"])
        assert outcomes(bot, "a") == []
        gate.set()
        async with asyncio.timeout(20):
            assert await resuming == 301, "the new one waited behind the old ones"
        await bot.settle(20)
        decided = [row["id"] for row in bot.rows("SELECT inbound_id AS id FROM outcomes ORDER BY decided_at, rowid")]
        in_a = [row["id"] for row in bot.rows("SELECT id FROM inbound WHERE conversation_key LIKE '%chat:a%'")]
        assert [id_ for id_ in decided if id_ in in_a] == sorted(in_a)
        assert outcomes(bot, "a")[-1] == "acted"


async def test_what_was_stored_while_its_channel_was_stopped_is_worked_on_at_once(path: Path) -> None:
    async with inside(path) as bot:
        held = threading.Event()
        blocking = asyncio.create_task(bot.ledger.writer.run(lambda _: held.wait(10)))
        delivering = asyncio.create_task(bot.worker.deliver([making.message("they ate my coins")]))
        await asyncio.sleep(0.05)
        delivering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivering
        held.set()
        await blocking
        await until(lambda: bot.channel.posted)
        assert report(path).outcomes == {"ticket_opened": {"nothing_matches": 1}}


async def test_a_full_disk_is_waited_for_and_nothing_is_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots.worker, "_RETRY_FIRST_S", 0.02)
    monkeypatch.setattr(bots.worker, "_RETRY_MOST_S", 0.05)
    async with inside(path) as bot:
        gate = bot.matcher.gates[""] = threading.Event()
        await bot.worker.deliver([making.message("they ate my coins " * 2000), making.message("refund " * 300)])
        await fill(bot)
        gate.set()
        await asyncio.sleep(0.3)
        assert report(path).undecided == 2
        await free(bot)
        await bot.settle()
        assert report(path).undecided == 0
        assert report(path).adds_up
        assert not report(path).failed


async def test_what_cannot_be_matched_ends_as_failed_is_told_and_can_be_tried_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with inside(path) as bot:
        await bot.worker.deliver(
            [making.message("poison refund", place="chat:1"), making.message("fine", place="chat:2")]
        )
        await bot.settle()
        (failed,) = report(path).failed
        assert failed.reason.startswith("RuntimeError at lanes.py:")
        assert "the matcher is broken" not in failed.reason + caplog.text  # it might quote the message
        assert bot.channel.texts("chat:1") == [WORDING.say("en", "failed")]
        bot.matcher.trouble = None
        accepted = await bot.ledger.retry(failed.id)
        assert accepted is not None
        bot.worker.again(accepted)
        await bot.settle()
        assert report(path).failed == ()
        assert report(path).adds_up
        assert "Ask for it." in bot.channel.texts("chat:1")[1]


async def test_a_failed_message_leaves_its_conversation_as_it_was(path: Path) -> None:
    async with inside(path) as bot:
        await bot.worker.deliver([making.message("they ate my coins")])
        await bot.worker.deliver([making.message("poison")])
        await bot.worker.deliver([making.message("and my bag too")])
        await bot.settle()
        rows = bot.rows("SELECT outcome FROM outcomes ORDER BY inbound_id")
        assert [row["outcome"] for row in rows] == ["ticket_opened", "failed", "appended"]


async def test_fifty_first_messages_of_one_person_are_one_ticket(path: Path) -> None:
    async with inside(path) as bot:
        await asyncio.gather(
            *(
                bot.worker.deliver([making.in_public("they ate my coins", place=f"group:{i}", author=making.ANN)])
                for i in range(50)
            )
        )
        await bot.settle()
        assert len(bot.rows("SELECT 1 FROM tickets")) == 1
        assert report(path).messages == 50


async def test_a_code_that_two_redeem_at_once_takes_the_ticket_to_one_of_them(path: Path) -> None:
    async with inside(path) as bot:
        await bot.worker.deliver([making.message("they ate my coins"), making.command("claim")])
        await bot.settle()
        code = bot.channel.posted[-1][1].secret
        people = [Author(id=f"person {i}") for i in range(5)]
        await bot.worker.deliver([making.command("claim", code, author=person) for person in people])
        await bot.settle()
        told = [text for person in people for text in bot.channel.texts(f"chat:{person.id}")]
        assert sorted("hear about ticket **FL-1001** here" in text for text in told) == [False] * 4 + [True]
        assert sum("opens nothing" in text for text in told) == 4
        assert len(bot.rows("SELECT 1 FROM identity_links")) == 2
        assert not report(path).failed


async def test_a_moderators_command_disappears_once_it_is_carried_out(path: Path) -> None:
    removed: list[str] = []

    def remove(message: IncomingMessage) -> None:
        states = bot.rows("SELECT state FROM inbound WHERE dedupe_key = ?", message.dedupe_key)
        assert [row["state"] for row in states] == ["done"], "not before all that follows from it is on disk"
        removed.append(message.text)

    async with inside(path, remove=remove) as bot:
        acts = [making.moderated("they ate my coins", "first"), making.moderated("they ate my coins", "second")]
        await bot.worker.deliver([replace(act, remove_when_done=True) for act in acts])
        await bot.worker.deliver([making.moderated("a mouse sits on my phone", "stays", author=making.EVE)])
        ambient = making.in_public("not for the bot", addressed=Addressed.AMBIENT)
        await bot.worker.deliver([replace(ambient, remove_when_done=True)])
        failing = making.in_public("poison", kind=Kind.CREATED)
        await bot.worker.deliver([replace(failing, remove_when_done=True)])
        await bot.settle()
        assert removed == ["first", "second"]
        assert bot.rows("SELECT state FROM inbound ORDER BY id DESC")[0]["state"] == "failed"


async def test_a_secret_is_removed_before_anything_is_decided_and_a_command_with_one_once(path: Path) -> None:
    removed: list[IncomingMessage] = []
    phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    async with inside(path, remove=removed.append) as bot:
        await bot.worker.deliver([making.message(f"my seed phrase: {phrase}")])
        await bot.settle()
        assert [message.secrets for message in removed] == [("seed_phrase",)]
        act = replace(making.moderated("they ate my coins", f"their seed phrase: {phrase}"), remove_when_done=True)
        await bot.worker.deliver([act])
        await bot.settle()
        assert len(removed) == 2, "what is gone is not removed once more"


async def test_no_code_reaches_the_disk(path: Path) -> None:
    async with inside(path) as bot:
        code = claims.new_code()
        said = making.message(
            f"please claim {code} for my wallet key",
            attachments=(Attachment(name=f"{code}.png"),),
            parent=Parent(message_id="1", text=f"claim {code}"),
        )
        await bot.worker.deliver([said])
        await bot.settle()
        (row,) = bot.rows("SELECT payload FROM inbound")
        assert claims.code_hash(code) in row["payload"]
        assert code not in row["payload"]
        assert "opens nothing" in bot.channel.texts()[0]
