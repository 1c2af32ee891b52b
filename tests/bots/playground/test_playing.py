"""The whole playground over its real processes: the loop, the kill, the end."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.bots.playground.stage import MATTER, launched, network, person, playground, refused, said

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_question_is_answered_and_a_complaint_goes_to_the_desk_and_back(tmp_path: Path) -> None:
    async with playground(tmp_path / "play", "--matcher", "default") as player:
        state = await player.state()
        assert [view["network"] for view in state["networks"]] == ["telegram"]
        assert {known["name"]: known["role"] for known in network(state)["people"]} == {
            "Ana": "user",
            "Bram": "user",
            "Mila": "moderator",
            "Firstline": "bot",
        }
        assert state["bot"]["state"] == "running"
        ana = person(state, "Ana")

        await player.do("telegram/say", person=ana, place=ana, text="How do I reset my password?")
        state = await player.until(lambda state: said(state, "Forgot password?"))
        assert state["ledger"]["rows"][0]["outcome"] == "answered"
        assert state["ledger"]["rows"][0]["entry"] == "password"

        await player.do("telegram/say", person=ana, place=ana, text=MATTER)
        state = await player.until(lambda state: said(state, "FL-1001"))
        row = state["ledger"]["rows"][0]
        assert (row["author"], row["text"], row["outcome"], row["ticket"]) == (
            "Ana",
            MATTER,
            "ticket_opened",
            "FL-1001",
        )
        assert "FL-1001" in row["replies"][0]["text"]
        ticket = state["desk"]["tickets"][0]
        assert (ticket["number"], ticket["requester"], ticket["channel"]) == ("FL-1001", "Ana", "telegram")
        assert MATTER in ticket["entries"][0]["text"]

        told = await player.do("desk/reply", number="FL-1001", text="We caught the moon.")
        assert "on its way" in told["said"]
        state = await player.until(lambda state: said(state, "We caught the moon."))
        entry = state["desk"]["tickets"][0]["entries"][-1]
        assert (entry["kind"], entry["text"]) == ("reply", "We caught the moon.")

        await player.do("desk/resolve", number="FL-1001")
        state = await player.until(lambda state: state["desk"]["tickets"][0]["status"] == "resolved")
        assert state["ledger"]["adds_up"]
        assert state["ledger"]["messages"] == 2
        assert state["approvals"] == []


async def test_a_moderator_makes_a_ticket_of_a_complaint_in_the_group(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        state = await player.state()
        group = next(place["id"] for place in network(state)["places"] if place["kind"] == "group")
        complaint = (await player.do("telegram/say", person=person(state, "Bram"), place=group, text=MATTER))["post"]
        await player.do("telegram/say", person=person(state, "Mila"), place=group, text="/ticket", reply_to=complaint)
        state = await player.until(lambda state: said(state, "FL-1001"))
        assert said(state, "FL-1001")[0]["reply_to"] == complaint
        assert state["desk"]["tickets"][0]["requester"] == "Bram"
        act = state["ledger"]["rows"][0]
        assert (act["author"], act["for"]) == ("Mila", "Bram")


async def test_killed_by_the_button_it_stays_down_and_takes_up_what_waits(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        state = await player.state()
        ana, first = person(state, "Ana"), state["bot"]["pid"]
        await player.do("telegram/say", person=ana, place=ana, text=MATTER)
        await player.until(lambda state: said(state, "FL-1001"))

        await player.do("bot/kill")
        state = await player.until(lambda state: state["bot"]["state"] == "killed")
        assert state["bot"]["pid"] == 0
        assert not psutil.pid_exists(first)
        assert state["bot"]["notice"] == "It was ended by signal 9."
        await player.do("telegram/say", person=ana, place=ana, text="How do I reset my password?")
        told = await player.do("desk/reply", number="FL-1001", text="Still there?")
        assert told["said"] == "Noted. The bot carries it out as soon as it runs."
        await asyncio.sleep(1.5)  # longer than a death of its own keeps it down
        assert (await player.state())["bot"]["state"] == "killed"

        await player.do("bot/start")
        state = await player.until(lambda state: said(state, "Forgot password?") and said(state, "Still there?"))
        assert state["bot"]["starts"] == 2
        await asyncio.sleep(1.0)
        state = await player.state()
        assert [len(said(state, words)) for words in ("FL-1001 for", "Forgot password?", "Still there?")] == [1, 1, 1]
        assert state["ledger"]["messages"] == 2


async def test_killed_while_it_starts_it_stays_down(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        await player.do("bot/kill")
        await player.until(lambda state: state["bot"]["state"] == "killed")
        await player.do("bot/start")
        await player.do("bot/kill")
        await player.until(lambda state: (state["bot"]["state"], state["bot"]["pid"]) == ("killed", 0))
        await asyncio.sleep(1.5)
        assert [child.cmdline()[3] for child in player.children()] == ["simulators"]


async def test_a_bot_that_dies_by_itself_comes_back_and_doubles_nothing(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        state = await player.state()
        ana = person(state, "Ana")
        await player.do("telegram/say", person=ana, place=ana, text=MATTER)
        os.kill(state["bot"]["pid"], signal.SIGKILL)  # somewhere between hearing and answering
        state = await player.until(lambda state: state["bot"]["starts"] == 2 and said(state, "FL-1001"))
        assert state["bot"]["state"] == "running"
        await asyncio.sleep(1.0)
        state = await player.state()
        assert len(said(state, "FL-1001")) == 1
        assert len(state["desk"]["tickets"]) == 1


async def test_a_fault_holds_the_bot_up_and_is_overcome(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        state = await player.state()
        ana = person(state, "Ana")
        await player.do("telegram/fault", name="offline", on=True)
        await player.do("telegram/say", person=ana, place=ana, text="How do I reset my password?")
        await asyncio.sleep(1.5)
        state = await player.state()
        assert network(state)["faults"] == ["offline"]
        assert state["ledger"]["messages"] == 0
        await player.do("telegram/fault", name="offline", on=False)
        await player.do("telegram/fault", name="rate_limit", on=True)
        state = await player.until(lambda state: state["ledger"]["messages"] == 1)
        assert not said(state, "Forgot password?")
        await player.do("telegram/fault", name="rate_limit", on=False)
        await player.until(lambda state: len(said(state, "Forgot password?")) == 1)


async def test_it_ends_with_its_children(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        children = player.children()
        assert len(children) == 2
        player.process.send_signal(signal.SIGINT)
        assert await player.ends() == 0
        assert player.lines[-1] == "Stopped. The next playground begins anew."
        assert not psutil.wait_procs(children, timeout=0)[1]


@pytest.mark.parametrize("children", [1, 2])
async def test_ctrl_c_while_it_starts_ends_it_with_its_children(tmp_path: Path, children: int) -> None:
    async with launched(tmp_path / "play") as player:
        async with asyncio.timeout(30):
            while len(started := player.children()) < children:
                await asyncio.sleep(0.01)
        player.process.send_signal(signal.SIGINT)
        assert await player.ends() == 0
        assert player.lines[-1] == "Stopped. The next playground begins anew."
        assert not psutil.wait_procs(started, timeout=0)[1]


async def test_killed_it_leaves_no_child_behind_and_the_next_one_begins_anew(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        ana = person(await player.state(), "Ana")
        await player.do("telegram/say", person=ana, place=ana, text=MATTER)
        await player.until(lambda state: said(state, "FL-1001"))
        children = player.children()
        player.process.kill()
        await player.ends()
        async with playground(tmp_path / "play") as again:
            assert not psutil.wait_procs(children, timeout=5)[1]
            state = await again.state()
            assert (state["ledger"]["messages"], state["desk"]["tickets"]) == (0, [])


async def test_without_the_networks_it_ends_with_a_sentence(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        simulators = next(child for child in player.children() if "simulators" in child.cmdline())
        simulators.kill()
        assert await player.ends() == 1
        assert "The simulated networks stopped" in player.lines[-1]


async def test_a_second_playground_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with playground(tmp_path / "play") as player:
        assert "Another playground already plays in" in await refused(tmp_path / "play")
        assert (await player.state())["bot"]["state"] == "running"


async def test_a_folder_with_anything_else_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "firstline.db").write_text("a real ledger")
    assert "not a playground's" in await refused(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["firstline.db"]
    assert (tmp_path / "firstline.db").read_text() == "a real ledger"


async def test_a_bot_that_cannot_start_is_told_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "faq.yaml").write_text("entries: [")
    words = await refused(tmp_path / "play", "--faq", str(tmp_path / "faq.yaml"))
    assert "The bot does not start: firstline: " in words
    assert "faq.yaml:" in words
    assert "Traceback" not in words


async def test_no_setting_of_the_environment_reaches_a_real_network(tmp_path: Path) -> None:
    real = {
        "FIRSTLINE_CHANNELS__TELEGRAM__TOKEN": "1:real",
        "FIRSTLINE_CHANNELS__TELEGRAM__API_BASE": "http://127.0.0.1:9/bot",
        "FIRSTLINE_LEDGER__PATH": str(tmp_path / "real.db"),
        "FIRSTLINE_DATA_DIR": str(tmp_path),
    }
    async with playground(None, **real) as player:
        ana = person(await player.state(), "Ana")
        await player.do("telegram/say", person=ana, place=ana, text="How do I reset my password?")
        await player.until(lambda state: said(state, "Forgot password?"))
    assert [folder.name for folder in tmp_path.iterdir()] == ["playground"]
    assert (tmp_path / "playground" / "firstline.db").exists()
