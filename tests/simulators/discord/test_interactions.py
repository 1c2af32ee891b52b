"""Interactions over bare HTTP: what comes with them, how they are answered, and how long that is possible."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulators.discord import Channel, DiscordSimulator, Guild, SimulatorError, User

from .conftest import Rest
from .gateway_client import Gateway

ASK: dict[str, Any] = {
    "name": "ask",
    "description": "Ask",
    "options": [
        {"type": 3, "name": "question", "description": "What?", "required": True},
        {"type": 3, "name": "topic", "description": "On what?", "choices": [{"name": "Money", "value": "money"}]},
        {"type": 6, "name": "whom", "description": "Whom?"},
    ],
}
TICKET = {"name": "ticket", "description": "Tickets", "options": [
    {"type": 1, "name": "open", "description": "Open one", "options": [ASK["options"][0]]}
]}  # fmt: skip
CLOSE = {"name": "close", "description": "Close it", "default_member_permissions": str(1 << 13)}
HERE = {"name": "here", "description": "Only in a server", "contexts": [0]}
MENU = {"name": "Open a support ticket", "type": 3}
ROW = {"type": 1, "components": [
    {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"},
    {"type": 2, "style": 5, "label": "Site", "url": "https://example.org"},
    {"type": 2, "style": 2, "label": "No", "custom_id": "no", "disabled": True},
]}  # fmt: skip
SELECT = {"type": 1, "components": [
    {"type": 3, "custom_id": "topic", "placeholder": "Which?", "options": [{"label": "Money", "value": "money"}]}
]}  # fmt: skip


class Answering:
    """A bot that answers interactions by hand."""

    def __init__(self, sim: DiscordSimulator, rest: Rest, gateway: Gateway) -> None:
        self.sim = sim
        self.rest = rest
        self.gateway = gateway

    async def came(self) -> dict[str, Any]:
        """The next interaction."""
        return await self.gateway.event("INTERACTION_CREATE")

    async def callback(self, came: dict[str, Any], body: object, query: str = "") -> tuple[int, Any]:
        return await self._post(f"/interactions/{came['id']}/{came['token']}/callback{query}", body)

    async def follow_up(self, came: dict[str, Any], **body: Any) -> tuple[int, Any]:
        return await self._post(f"/webhooks/{came['application_id']}/{came['token']}", body)

    async def original(self, came: dict[str, Any], method: str, body: object = None) -> tuple[int, Any]:
        path = f"/webhooks/{came['application_id']}/{came['token']}/messages/@original"
        return await self._post(path, body, method)

    async def _post(self, path: str, body: object, method: str = "POST") -> tuple[int, Any]:
        """Without the bot's token: the interaction's is enough."""
        async with self.rest.http.request(method, f"{self.sim.api_base}{path}", json=body) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None


@pytest.fixture
async def bot_side(sim: DiscordSimulator, rest: Rest, guild: Guild) -> AsyncIterator[Answering]:
    path = f"/applications/{rest.bot.user.id}/commands"
    assert (await rest("PUT", path, [ASK, TICKET, CLOSE, HERE, MENU]))[0] == 200
    async with Gateway.connected(sim, rest.bot.token) as gateway:
        yield Answering(sim, rest, gateway)


async def test_what_comes_with_a_slash_command(
    bot_side: Answering, place: Channel, guild: Guild, ana: User, mila: User
) -> None:
    bot_side.sim.slash(mila.id, "ask", {"question": "why", "whom": ana.id}, channel_id=place.id)
    came = await bot_side.came()
    assert (came["type"], came["locale"], came["guild_locale"], came["context"]) == (2, "en-US", "de", 0)
    assert came["data"]["options"] == [
        {"name": "question", "type": 3, "value": "why"},
        {"name": "whom", "type": 6, "value": ana.id},
    ]
    assert came["data"]["resolved"]["users"][ana.id]["global_name"] == "Ana"
    assert int(came["member"]["permissions"]) & 1 << 13
    assert int(came["app_permissions"]) & 1 << 11
    assert not int(came["app_permissions"]) & 1 << 13
    assert (came["channel"]["id"], came["guild_id"]) == (place.id, guild.id)
    bot_side.sim.slash(ana.id, "ticket open", {"question": "why"})
    came = await bot_side.came()
    assert (came["user"]["id"], came["locale"], came["context"]) == (ana.id, "nl", 1)
    assert came["data"]["options"][0]["options"] == [{"name": "question", "type": 3, "value": "why"}]


async def test_the_context_menu_brings_the_message_even_without_the_intent(
    sim: DiscordSimulator, place: Channel, ana: User, guild: Guild
) -> None:
    bot = sim.add_bot(privileged=[])
    sim.add_member(guild.id, bot.user.id)
    async with aiohttp.ClientSession() as http, Gateway.connected(sim, bot.token, intents=1 | 1 << 9) as gateway:
        await Rest(http, sim, bot)("PUT", f"/applications/{bot.user.id}/guilds/{guild.id}/commands", [MENU])
        complaint = sim.write(ana.id, "It is broken", channel_id=place.id)
        assert (await gateway.event("MESSAGE_CREATE"))["content"] == ""
        sim.menu(ana.id, place.id, complaint["id"], "Open a support ticket", bot_id=bot.user.id)
        came = await gateway.event("INTERACTION_CREATE")
        assert (came["data"]["type"], came["data"]["target_id"]) == (3, complaint["id"])
        assert came["data"]["resolved"]["messages"][complaint["id"]]["content"] == "It is broken"


async def test_what_a_client_would_not_let_people_do(
    bot_side: Answering, place: Channel, ana: User, mila: User
) -> None:
    sim = bot_side.sim
    for command, options, channel_id in (
        ("nothing", {}, place.id),
        ("ask", {}, place.id),
        ("ask", {"question": 5}, place.id),
        ("ask", {"question": "why", "topic": "weather"}, place.id),
        ("ask", {"question": "why", "extra": "x"}, place.id),
        ("ticket close", {}, place.id),
        ("close", {}, place.id),
        ("here", {}, ""),
    ):
        with pytest.raises(SimulatorError):
            sim.slash(ana.id, command, options, channel_id=channel_id)
    sim.slash(mila.id, "close", channel_id=place.id)
    assert (await bot_side.came())["data"]["name"] == "close"


async def test_an_answer_at_once_and_what_follows(bot_side: Answering, place: Channel, ana: User) -> None:
    sim = bot_side.sim
    sim.slash(ana.id, "ask", {"question": "why"}, channel_id=place.id)
    came = await bot_side.came()
    assert await bot_side.follow_up(came, content="too early") == (404, {"message": "Unknown Webhook", "code": 10015})
    status, answer = await bot_side.callback(came, {"type": 4, "data": {"content": "because"}}, "?with_response=1")
    assert (status, answer["resource"]["message"]["content"]) == (200, "because")
    assert answer["interaction"]["response_message_id"] == answer["resource"]["message"]["id"]
    assert await bot_side.callback(came, {"type": 4, "data": {"content": "again"}}) == (
        400,
        {"message": "Interaction has already been acknowledged.", "code": 40060},
    )
    assert (await bot_side.original(came, "GET"))[1]["content"] == "because"
    assert (await bot_side.original(came, "PATCH", {"content": "because!"}))[1]["content"] == "because!"
    assert (await bot_side.follow_up(came, content="only you", flags=64))[1]["flags"] == 64
    await bot_side.follow_up(came, content="everybody")
    assert [(sent.kind, sent.text, sent.only_for) for sent in sim.sent()] == [
        ("response", "because", ""),
        ("followup", "only you", ana.id),
        ("followup", "everybody", ""),
    ]
    assert [message["content"] for message in sim.history(place.id)] == ["because!", "everybody"]
    assert await bot_side.original(came, "DELETE") == (204, None)
    assert [message["content"] for message in sim.history(place.id)] == ["everybody"]
    only_you = sim.sent()[1].message_id
    status, _ = await bot_side.rest("GET", f"/channels/{place.id}/messages/{only_you}")
    assert status == 404


async def test_the_first_followup_fills_a_deferral_and_keeps_who_sees_it(
    bot_side: Answering, place: Channel, ana: User
) -> None:
    sim = bot_side.sim
    sim.slash(ana.id, "ask", {"question": "why"}, channel_id=place.id)
    came = await bot_side.came()
    assert await bot_side.callback(came, {"type": 5, "data": {"flags": 64}}) == (204, None)
    assert (sim.sent(), [asked.state for asked in sim.asked()]) == ([], ["deferred"])
    assert [message["flags"] for message in sim.history(place.id, seen_by=ana.id)] == [64 | 128]
    await bot_side.follow_up(came, content="because", flags=0)
    (sent,) = sim.sent()
    assert (sent.only_for, sent.kind) == (ana.id, "response")
    assert [message["flags"] for message in sim.history(place.id, seen_by=ana.id)] == [64]
    await bot_side.follow_up(came, content="and to all")
    assert [item["content"] for item in sim.history(place.id)] == ["and to all"]


async def test_three_seconds_and_fifteen_minutes(bot_side: Answering, place: Channel, ana: User) -> None:
    sim = bot_side.sim
    sim.slash(ana.id, "ask", {"question": "one"}, channel_id=place.id)
    sim.slash(ana.id, "ask", {"question": "two"}, channel_id=place.id)
    first, second = await bot_side.came(), await bot_side.came()
    sim.advance(2.9)
    assert (await bot_side.callback(first, {"type": 5}))[0] == 204
    sim.advance(0.2)
    late = (404, {"message": "Unknown interaction", "code": 10062})
    assert await bot_side.callback(second, {"type": 5}) == late
    assert [asked.state for asked in sim.asked()] == ["deferred", "failed"]
    sim.advance(890)
    assert (await bot_side.original(first, "PATCH", {"content": "just in time"}))[0] == 200
    sim.advance(20)
    gone = (401, {"message": "Invalid Webhook Token", "code": 50027})
    assert await bot_side.follow_up(first, content="too late") == gone
    assert await bot_side.original(first, "PATCH", {"content": "too late"}) == gone


async def test_a_press_updates_its_message_or_says_more(bot_side: Answering, place: Channel, ana: User) -> None:
    sim = bot_side.sim
    message = (await bot_side.rest.say(place.id, "Did it help?", components=[ROW, SELECT]))[1]
    for button in ("Site", "No", "Perhaps"):
        with pytest.raises(SimulatorError):
            sim.press(ana.id, place.id, message["id"], button)
    sim.press(ana.id, place.id, message["id"], "Yes")
    came = await bot_side.came()
    assert (came["type"], came["data"]["custom_id"], came["message"]["id"]) == (3, "yes", message["id"])
    status, answer = await bot_side.callback(came, {"type": 7, "data": {"components": []}}, "?with_response=true")
    assert (status, answer["resource"]["message"]["components"]) == (200, [])
    sim.edit(place.id, message["id"], "still there")
    other = (await bot_side.rest.say(place.id, "And this?", components=[SELECT]))[1]
    sim.press(ana.id, place.id, other["id"], "topic", values=["money"])
    came = await bot_side.came()
    assert came["data"]["values"] == ["money"]
    assert (await bot_side.callback(came, {"type": 6}))[0] == 204
    await bot_side.follow_up(came, content="noted", flags=64)
    assert (sim.sent()[-1].text, sim.sent()[-1].only_for) == ("noted", ana.id)
    assert (await bot_side.original(came, "PATCH", {"content": "Thank you", "components": []}))[0] == 200
    assert sim.history(place.id)[-1]["content"] == "Thank you"


async def test_a_button_under_an_ephemeral_answer_is_for_one_person(
    bot_side: Answering, place: Channel, ana: User, mila: User
) -> None:
    sim = bot_side.sim
    sim.slash(ana.id, "ask", {"question": "why"}, channel_id=place.id)
    came = await bot_side.came()
    await bot_side.callback(came, {"type": 4, "data": {"content": "?", "flags": 64, "components": [ROW]}})
    answer = sim.sent()[0].message_id
    with pytest.raises(SimulatorError):
        sim.press(mila.id, place.id, answer, "Yes")
    sim.press(ana.id, place.id, answer, "Yes")
    assert (await bot_side.came())["message"]["flags"] == 64


async def test_a_press_can_be_answered_in_no_other_way(bot_side: Answering, place: Channel, ana: User) -> None:
    bot_side.sim.slash(ana.id, "ask", {"question": "why"}, channel_id=place.id)
    came = await bot_side.came()
    for kind in (1, 6, 7, 8):
        assert (await bot_side.callback(came, {"type": kind}))[1]["code"] == 50035
    assert (await bot_side.callback(came, {"type": 4, "data": {}}))[1]["code"] == 50006
    assert (await bot_side.callback(came, {"type": 4, "data": {"content": "fine"}}))[0] == 204


async def test_commands_are_registered_listed_changed_and_deleted(rest: Rest, guild: Guild) -> None:
    path = f"/applications/{rest.bot.user.id}/commands"
    status, command = await rest("POST", path, ASK)
    assert (status, command["name"], command["type"]) == (201, "ask", 1)
    assert (await rest("POST", path, ASK | {"description": "Other"}))[0] == 200
    ((_, listed),) = [await rest("GET", path)]
    assert [item["description"] for item in listed] == ["Other"]
    one = f"{path}/{listed[0]['id']}"
    assert (await rest("PATCH", one, {"description": "Third"}))[1]["description"] == "Third"
    assert (await rest("GET", one))[1]["description"] == "Third"
    assert await rest("DELETE", one) == (204, "")
    assert (await rest("GET", one))[1]["code"] == 10063
    of_guild = f"/applications/{rest.bot.user.id}/guilds/{guild.id}/commands"
    assert (await rest("PUT", of_guild, [MENU]))[1][0]["guild_id"] == guild.id
    assert (await rest("GET", path))[1] == []
    wrongs: list[Any] = [
        [ASK, ASK],
        [ASK | {"name": "Ask"}],
        [ASK | {"name": "two words"}],
        [ASK | {"description": ""}],
        [MENU | {"description": "x"}],
        [MENU | {"name": ""}],
        {},
    ]
    for wrong in wrongs:
        assert (await rest("PUT", path, wrong))[1]["code"] == 50035
    assert (await rest("PUT", path, [MENU | {"name": f"Menu {number}"} for number in range(6)]))[1]["code"] == 30032
    assert (await rest("PUT", "/applications/1/commands", []))[1]["code"] == 50001


async def test_answers_to_interactions_are_no_part_of_the_global_limit(
    bot_side: Answering, place: Channel, ana: User
) -> None:
    sim = bot_side.sim
    sim.slash(ana.id, "ask", {"question": "why"}, channel_id=place.id)
    came = await bot_side.came()
    sim.set_limits(global_per_s=1)
    await asyncio.gather(*[bot_side.rest("GET", "/users/@me") for _ in range(3)])
    assert (await bot_side.rest("GET", "/users/@me"))[0] == 429
    assert (await bot_side.callback(came, {"type": 5}))[0] == 204
    assert (await bot_side.follow_up(came, content="because"))[0] == 200
