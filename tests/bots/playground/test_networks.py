"""The story of each network, played through the playground: asked, answered, redirected by a moderator, replied to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.bots.playground.stage import MATTER, network, person, playground, said

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bots.playground.stage import Player


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How people address the bot in public, and how a moderator redirects a post."""

    network: str
    call: str
    redirect: str  # a reply with these words; empty: the message's menu
    place: str = ""  # in its title; the first that others read where empty


NETWORKS = [
    Ways(network="telegram", call="@firstline_bot", redirect="/ticket"),
    Ways(network="discord", call="<@{bot}>", redirect="", place="general"),
    Ways(network="twitter", call="@firstline_bot", redirect="@firstline_bot ticket"),
    Ways(network="reddit", call="u/firstline_bot", redirect="!ticket"),
]


@pytest.mark.parametrize("ways", NETWORKS, ids=lambda ways: ways.network)
async def test_a_question_is_answered_and_a_complaint_redirected_on(ways: Ways, tmp_path: Path) -> None:
    name = ways.network
    async with playground(tmp_path / "play", only=name) as player:
        await _logged_in(tmp_path / "play" / "bot.log")  # what is said before is, on Discord, nobody's to hear
        state = await player.until(lambda state: network(state, name).get("commands", True))
        bot = person(state, "bot", of=name)
        shared = [place for place in network(state, name)["places"] if not place["private_to"]]
        place = next(place["id"] for place in shared if ways.place in place["title"])
        call = ways.call.format(bot=bot)
        await _asks(player, name, place, call)
        complaint = await player.do(f"{name}/say", person=person(state, "Bram", of=name), place=place, text=MATTER)
        await _redirects(player, ways, place, complaint["post"])
        state = await player.until(lambda state: state["desk"]["tickets"])
        ticket = state["desk"]["tickets"][0]
        assert ticket["channel"] == name
        assert ticket["requester"].startswith(("Bram", "bram"))
        assert MATTER in ticket["entries"][0]["text"]
        act = next(row for row in state["ledger"]["rows"] if row["ticket"])
        assert act["author"].startswith(("Mila", "mila"))
        assert act["for"] == ticket["requester"]
        await player.until(lambda state: _told(state, name, ticket["number"]))
        await player.do("desk/reply", number=ticket["number"], text="We caught the moon.")
        await player.until(lambda state: _told(state, name, "We caught the moon."))
        await player.do("desk/resolve", number=ticket["number"])
        state = await player.until(lambda state: state["desk"]["tickets"][0]["status"] == "resolved")
        assert state["ledger"]["adds_up"]
        assert not state["desk"]["tickets"][0]["undelivered"]


async def test_what_is_said_while_the_bot_is_dead_is_answered_once_on_each_network(tmp_path: Path) -> None:
    names = [ways.network for ways in NETWORKS]
    async with playground(tmp_path / "play", only=",".join(names)) as player:
        await _logged_in(tmp_path / "play" / "bot.log", times=len(names))
        state = await player.state()

        async def ask(words: str) -> None:
            for ways in NETWORKS:
                bot, ana = (person(state, name, of=ways.network) for name in ("bot", "Ana"))
                place = next(place for place in network(state, ways.network)["places"] if ways.place in place["title"])
                text = f"{ways.call.format(bot=bot)} {words}"
                await player.do(f"{ways.network}/say", person=ana, place=place["id"], text=text)

        def answers(state: dict[str, Any], words: str) -> list[int]:
            return [len(said(state, words, on=name)) for name in names]

        await ask("How do I reset my password?")
        await player.until(lambda state: all(answers(state, "Forgot password?")))
        await player.do("bot/kill")
        await player.until(lambda state: state["bot"]["state"] == "killed")
        await ask("What are the withdrawal fees?")
        await player.do("bot/start")
        await player.until(lambda state: all(answers(state, "The fee is shown")))
        await asyncio.sleep(2.0)
        state = await player.state()
        assert answers(state, "Forgot password?") == [1, 1, 1, 1]
        assert answers(state, "The fee is shown") == [1, 1, 1, 1]
        assert state["ledger"]["adds_up"]


async def _logged_in(log: Path, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while log.read_text(encoding="utf-8").count("logged in as") < times:
            await asyncio.sleep(0.05)


async def _asks(player: Player, name: str, place: str, call: str) -> None:
    ana = person(await player.state(), "Ana", of=name)
    question = await player.do(f"{name}/say", person=ana, place=place, text=f"{call} How do I reset my password?")
    state = await player.until(lambda state: said(state, "Forgot password?", on=name))
    (answer,) = said(state, "Forgot password?", on=name)
    assert (answer["place"], answer["reply_to"]) == (place, question["post"])


async def _redirects(player: Player, ways: Ways, place: str, post: str) -> None:
    mila = person(await player.state(), "Mila", of=ways.network)
    if ways.redirect:
        body = {"place": place, "text": ways.redirect, "reply_to": post}
        await player.do(f"{ways.network}/say", person=mila, **body)
    else:
        await player.do(f"{ways.network}/menu", person=mila, post=post)


def _told(state: dict[str, Any], name: str, words: str) -> bool:
    """Whether the bot said it, or has it ready for a moderator where the network would refuse it from the bot."""
    return bool(said(state, words, on=name)) or any(words in held["text"] for held in state["approvals"])


async def test_what_a_moderator_has_to_release_waits_is_reworded_sent_or_dismissed(tmp_path: Path) -> None:
    async with playground(tmp_path / "play", only="twitter") as player:
        await _logged_in(tmp_path / "play" / "bot.log")
        ana = person(await player.state(), "Ana", of="twitter")
        await player.do("twitter/say", person=ana, place="timeline", text=f"@firstline_bot {MATTER}")
        await player.until(lambda state: said(state, "FL-1001", on="twitter"))
        for words in ("We caught the moon.", "Sorry for the wait."):  # one automated reply is all that X allows
            await player.do("desk/reply", number="FL-1001", text=words)
        state = await player.until(lambda state: len(state["approvals"]) == 2)
        first, second = state["approvals"]
        assert (first["channel"], first["release"], first["number"]) == ("twitter", "approved", "FL-1001")
        assert first["why_not"]
        assert (first["private"], first["to"].lstrip("@")) == (False, "ana")
        assert MATTER in first["about"]
        assert "We caught the moon." in first["text"]
        assert "Sorry for the wait." in second["text"]

        await player.do("approvals/edit", id=first["id"], text="FL-1001: we caught your moon, @ana.")
        await player.until(lambda state: state["approvals"][0]["text"] == "FL-1001: we caught your moon, @ana.")
        assert not said(await player.state(), "moon", on="twitter")
        await player.do("approvals/send", id=first["id"])
        await player.until(lambda state: said(state, "we caught your moon", on="twitter"))
        await player.do("approvals/dismiss", id=second["id"])
        state = await player.until(lambda state: not state["approvals"])
        assert not said(state, "Sorry", on="twitter")
        status, answer = await player.ask("POST", "approvals/send", json={"id": second["id"]})
        assert (status, answer["error"]) == (400, f"No text {second['id']} is waiting. See: firstline approvals list")
