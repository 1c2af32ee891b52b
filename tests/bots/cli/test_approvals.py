"""`firstline approvals`: what waits is listed, sent, worded anew or dismissed, beside a running bot and without one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from adapters.base import Release, ReplyTarget, Visibility
from adapters.markup import escape
from bots.ledger.ledger import Ledger
from bots.ledger.outbox import insert
from bots.pipeline.effects import Say
from simulators.telegram import TelegramSimulator
from tests.bots.cli.program import bot, configure, firstline
from tests.bots.cli.test_running import TOKEN, telegram

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bots.cli.program import Result

HOSTILE = "wipe\x1b[2J \u202ella\u202c \x07**not bold** \u2066x\u2069\n\x9b31mred\x0b@everyone"


def say(text: str, key: str, chat: str = "1", **where: Any) -> Say:
    where = {"release": Release.APPROVED, "why_not": "every text is read first", **where}
    address = {"chat_id": chat}
    target = ReplyTarget(channel="telegram", place=chat, address=address, visibility=Visibility.PUBLIC, **where)
    return Say(key=key, target=target, text=text)


async def waits(folder: Path, *says: Say) -> None:
    """A ledger in which these texts wait; no bot runs."""
    with Ledger(folder / "firstline.db") as ledger:
        await ledger.writer.run(lambda connection: insert(connection, says, conversation_key="c"))


def group(sim: TelegramSimulator) -> int:
    """A group with the bot in it."""
    sim.add_bot(TOKEN)
    chat = sim.add_chat("Help", members=[sim.add_user("Ann").id])
    sim.set_member(chat.id, int(TOKEN.partition(":")[0]), status="member", quietly=True)
    return chat.id


async def approvals(folder: Path, *arguments: str, stdin: str = "") -> Result:
    return await firstline("approvals", *arguments, cwd=folder, stdin=stdin)


async def test_without_a_ledger_it_says_so(tmp_path: Path) -> None:
    configure(tmp_path)
    for arguments in (["list"], ["list", "--json"], ["send", "1"], ["edit", "1", "x"], ["dismiss", "1"]):
        result = await approvals(tmp_path, *arguments)
        assert result.code == 1
        assert "There is no ledger at" in result.err
        assert "Traceback" not in result.err


async def test_what_waits_is_listed_with_the_reason(tmp_path: Path) -> None:
    configure(tmp_path)
    await waits(tmp_path)
    listed = await firstline("approvals", "list", cwd=tmp_path, anew=True)
    assert listed.out == "Nothing is waiting for approval.\n"
    assert json.loads((await approvals(tmp_path, "list", "--json")).out) == []
    by_hand = say("two\nlines", "b", release=Release.BY_HAND, why_not="not mentioned", url="https://x.com/i/status/7")
    await waits(tmp_path, say("**one**", "a"), by_hand)
    lines = (await approvals(tmp_path, "list")).out.splitlines()
    assert lines[0].startswith("1  20")
    assert lines[0].endswith("Z  telegram, for somebody, to send: every text is read first")
    assert lines[1:3] == ["    > one", ""]
    assert lines[3].endswith("for somebody, to post by hand: not mentioned")
    assert lines[4:7] == ["    https://x.com/i/status/7", "    > two", "    > lines"]
    one, two = json.loads((await approvals(tmp_path, "list", "--json")).out)
    assert (one["id"], one["text"], one["by_hand"], two["by_hand"]) == (1, "one", False, True)
    assert (two["url"], two["why"], two["number"]) == ("https://x.com/i/status/7", "not mentioned", None)


async def test_hostile_words_steer_no_terminal(tmp_path: Path) -> None:
    configure(tmp_path)
    await waits(
        tmp_path,
        say(escape(HOSTILE), "a", release=Release.BY_HAND, why_not="why\x1b[2J", url="https://x.com/\x1b[2J\u202e"),
    )
    listed, as_json = await approvals(tmp_path, "list"), await approvals(tmp_path, "list", "--json")
    sent = await approvals(tmp_path, "send", "1")
    for shown in (listed, as_json, sent):
        assert shown.code == 0, shown.err
        assert not set(shown.out) & set("\x1b\x07\x0b\x9b\u202e\u202c\u2066\u2069")
        assert "**not bold**" in shown.out
    assert json.loads(as_json.out)[0]["text"] == HOSTILE
    assert "Post it yourself under https://x.com/" in sent.out


async def test_a_text_is_worded_anew_sent_and_dismissed_beside_a_running_bot(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        chat = group(sim)
        configure(tmp_path, telegram(sim))
        await waits(tmp_path, *(say(text, text, chat=str(chat)) for text in ("one", "two", "three")))
        async with bot(tmp_path):
            edited = await approvals(tmp_path, "edit", "1", "-", stdin="  **better** <b>\n")
            assert edited.out == (
                "Text 1 is worded anew and still waits. Send it with: firstline approvals send 1\n"
            ), edited.err
            assert "    > **better** <b>" in (await approvals(tmp_path, "list")).out
            assert (await approvals(tmp_path, "dismiss", "2")).out == "Text 2 is not sent.\n"
            assert sim.sent(chat) == []
            assert (await approvals(tmp_path, "send", "1")).out == "Text 1 waits no longer.\n"
            await sim.wait_for_sent(1, chat_id=chat, contains="**better** <b>", timeout_s=5)
            for arguments in (["send", "1"], ["send", "2"], ["edit", "1", "x"], ["dismiss", "7"]):
                gone = await approvals(tmp_path, *arguments)
                assert gone.code == 1
                assert "is waiting. See: firstline approvals list" in gone.err
            assert [line for line in (await approvals(tmp_path, "list")).out.splitlines() if ">" in line] == [
                "    > three"
            ]
            assert len(sim.sent(chat)) == 1
            assert json.loads((await firstline("ledger", "--json", cwd=tmp_path, anew=True)).out)["replies"] == {
                "cancelled": 1, "held": 1, "sent": 1,
            }  # fmt: skip


async def test_what_the_network_refuses_from_the_bot_is_printed_once_for_a_person_to_post(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        chat = group(sim)
        configure(tmp_path, telegram(sim))
        target = {"release": Release.BY_HAND, "why_not": "not mentioned", "url": "https://x.com/i/status/7"}
        await waits(tmp_path, say("We **hear** you.", "a", chat=str(chat), **target))
        async with bot(tmp_path):
            first, second = await approvals(tmp_path, "send", "1"), await approvals(tmp_path, "send", "1")
            assert first.code == 0, first.err
            assert "Post it yourself under https://x.com/i/status/7:\n\nWe hear you.\n" in first.out
            assert (second.code, second.out) == (1, "")
            assert sim.sent(chat) == []


async def test_what_is_decided_while_no_bot_runs_waits_for_the_next_start(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        chat = group(sim)
        configure(tmp_path, telegram(sim))
        await waits(tmp_path, say("one", "a", chat=str(chat)))
        assert "No bot is running" in (await approvals(tmp_path, "send", "1")).out
        assert "No bot is running" in (await approvals(tmp_path, "send", "1")).out, "it still waits"
        async with bot(tmp_path):
            await sim.wait_for_sent(1, chat_id=chat, contains="one", timeout_s=20)
            assert (await approvals(tmp_path, "send", "1")).code == 1
            assert len(sim.sent(chat)) == 1


@pytest.mark.parametrize("text", ["", "  \n", "x" * 20_001])
async def test_a_text_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    configure(tmp_path)
    result = await approvals(tmp_path, "edit", "1", "-", stdin=text)
    assert result.code == 2
    assert "it needs 1 to 20000" in result.err
