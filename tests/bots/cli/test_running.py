"""`firstline run`, and other commands beside a running bot."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import aiohttp
import pytest

from simulators.telegram import TelegramSimulator
from tests.bots.cli.program import bot, configure, firstline

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "110201543:simulated"
MATTER = "the moon fell on my ledger and now my cat owns everything"


def telegram(sim: TelegramSimulator) -> str:
    return (
        f'[channels.webchat]\n[channels.telegram]\ntoken = "{TOKEN}"\n'
        f'api_base = "{sim.base_url}"\nfile_base = "{sim.base_file_url}"\n'
    )


async def test_it_says_where_everything_is_and_stops_on_sigterm(tmp_path: Path) -> None:
    configure(tmp_path)
    async with bot(tmp_path) as running:
        assert running.url.startswith("http://127.0.0.1:")
        async with aiohttp.ClientSession() as session, session.get(f"{running.url}/healthz") as answer:
            assert (await answer.json())["status"] == "ok"
        assert await running.stops(signal.SIGTERM) == 0
        assert "Nothing accepted is lost" in running.lines[-1]


async def test_ctrl_c_ends_it_too(tmp_path: Path) -> None:
    configure(tmp_path)
    async with bot(tmp_path) as running:
        assert await running.stops(signal.SIGINT) == 0


async def test_a_second_bot_on_the_same_ledger_is_refused(tmp_path: Path) -> None:
    configure(tmp_path)
    async with bot(tmp_path) as running:
        second = await firstline("run", cwd=tmp_path)
        assert second.code == 1
        assert f"process {running.process.pid}" in second.err
        assert "Traceback" not in second.err


async def test_agents_work_beside_the_running_bot_and_the_user_hears_it(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        ann = sim.add_user("Ann", language_code="en")
        configure(tmp_path, telegram(sim))
        async with bot(tmp_path) as running:
            sim.write(ann.id, MATTER)
            await sim.wait_for_sent(1, chat_id=ann.id, contains="FL-1001", timeout_s=20)
            listed = await firstline("tickets", "list", cwd=tmp_path, anew=True)
            assert "FL-1001" in listed.out
            assert "the moon fell" in listed.out
            replied = await firstline(
                "tickets", "reply", "FL-1001", "-", "--agent", "Mia", cwd=tmp_path, stdin="We called the moon.\n"
            )
            assert (replied.code, replied.out) == (0, "Your reply to FL-1001 is on its way to the user.\n")
            await sim.wait_for_sent(1, chat_id=ann.id, contains="We called the moon.", timeout_s=5)
            resolved = await firstline("tickets", "resolve", "FL-1001", cwd=tmp_path)
            assert resolved.code == 0
            await sim.wait_for_sent(1, chat_id=ann.id, contains="is resolved", timeout_s=5)
            wrong = await firstline("tickets", "reply", "FL-7", "hello", cwd=tmp_path)
            assert wrong.code == 1
            assert "There is no ticket FL-7" in wrong.err
            counted = json.loads((await firstline("ledger", "--json", cwd=tmp_path)).out)
            assert counted["adds_up"] is True
            assert counted["outcomes"]["ticket_opened"] == {"nothing_matches": 1}
            assert await running.stops() == 0
        shown = await firstline("tickets", "show", "FL-1001", cwd=tmp_path)
        assert "Reply by Mia" in shown.out
        assert "resolved" in shown.out.splitlines()[0]


async def test_what_is_asked_while_no_bot_runs_waits_for_the_next_start(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        ann = sim.add_user("Ann", language_code="en")
        configure(tmp_path, telegram(sim))
        async with bot(tmp_path) as running:
            sim.write(ann.id, MATTER)
            await sim.wait_for_sent(1, chat_id=ann.id, contains="FL-1001", timeout_s=20)
            await running.stops()
        noted = await firstline("tickets", "reply", "FL-1001", "Later is better.", cwd=tmp_path)
        assert "No bot is running" in noted.out
        async with bot(tmp_path):
            await sim.wait_for_sent(1, chat_id=ann.id, contains="Later is better.", timeout_s=20)
            await asyncio.sleep(0.5)
        assert sum("Later is better." in message.text for message in sim.sent(ann.id)) == 1


async def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    file = configure(tmp_path)
    file.write_text(file.read_text().replace("port = 0", f"port = {port}"))
    async with server:
        result = await firstline("run", cwd=tmp_path)
    assert result.code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in result.err
    assert len(result.err.splitlines()) == 1


async def test_a_wrong_token_is_said_and_the_live_chat_goes_on(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        configure(tmp_path, telegram(sim))
        async with bot(tmp_path) as running:
            await running.says("Telegram refuses the token")
            async with aiohttp.ClientSession() as session, session.get(running.url) as answer:
                assert answer.status == 200
            assert TOKEN not in "\n".join(running.lines)


@pytest.mark.parametrize("broken", ["entries: [", "language: en\nentries:\n  - id: a\n    questoin: b\n"])
async def test_a_broken_faq_is_told_with_its_line(tmp_path: Path, broken: str) -> None:
    (tmp_path / "faq.yaml").write_text(broken)
    file = configure(tmp_path)
    file.write_text('[faq]\npath = "faq.yaml"\n' + file.read_text().partition("[ledger]")[2].join(["[ledger]", ""]))
    result = await firstline("run", cwd=tmp_path)
    assert result.code == 1
    assert "faq.yaml:" in result.err
    assert "Traceback" not in result.err


async def test_a_users_words_do_not_steer_the_agents_terminal(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        eve = sim.add_user("Eve \x1b[31m", language_code="en")
        configure(tmp_path, telegram(sim))
        async with bot(tmp_path) as running:
            sim.write(eve.id, "\x1b]0;owned\x07\x1b[2J the moon \u202e fell on my ledger and my cat owns it all")
            await sim.wait_for_sent(1, chat_id=eve.id, contains="FL-1001", timeout_s=20)
            await running.stops()
        for arguments in (["list"], ["show", "FL-1001"]):
            shown = (await firstline("tickets", *arguments, cwd=tmp_path)).out
            assert "the moon" in shown
            assert not {"\x1b", "\x07", "\u202e"} & set(shown)


async def test_an_answer_that_did_not_reach_the_user_is_shown_with_the_ticket(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        ann = sim.add_user("Ann", language_code="en")
        configure(tmp_path, telegram(sim))
        async with bot(tmp_path):
            sim.write(ann.id, MATTER)
            await sim.wait_for_sent(1, chat_id=ann.id, contains="FL-1001", timeout_s=20)
            sim.set_blocked(ann.id)
            await firstline("tickets", "reply", "FL-1001", "Can you hear me?", cwd=tmp_path)
            await asyncio.sleep(1.5)
            shown = (await firstline("tickets", "show", "FL-1001", cwd=tmp_path)).out
            assert "NOT DELIVERED" in shown
            assert "blocked" in shown
            again = await firstline("ledger", "resend", shown.rstrip().split()[-1], cwd=tmp_path)
            assert "on its way again" in again.out
