"""Every network of the playground: one contract for all that there are, Telegram's own ways, and their one process."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from simulators.__main__ import SCENES, found
from simulators.scene import FAULTS, SceneError
from simulators.telegram.scene import TelegramScene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulators.scene import Place, Post, Scene, View

_SECRET = "let me in"
EXISTING = [scene.network for scene in found(SCENES)]


@asynccontextmanager
async def playing(network: str) -> AsyncIterator[Scene]:
    (scene,) = found([network])
    await scene.start()
    try:
        yield scene
    finally:
        await scene.stop()


@pytest.fixture(params=EXISTING)
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with playing(request.param) as started:
        yield started


def who(view: View, name: str) -> str:
    return next(person.id for person in view.people if person.name.startswith(name))


def shared(view: View) -> Place:
    return next(place for place in view.places if not place.private_to)


def post(view: View, identity: str) -> Post:
    return next(post for post in view.posts if post.id == identity)


async def test_the_cast_is_on_the_stage(scene: Scene) -> None:
    view = scene.view()
    assert view.network == scene.network
    assert [person.role for person in view.people if person.name.startswith(("Ana", "Bram"))] == ["user", "user"]
    assert [person.role for person in view.people if person.name.startswith("Mila")] == ["moderator"]
    assert sum(person.role == "bot" for person in view.people) == 1
    ids = [item.id for items in (view.people, view.places, view.posts) for item in items]
    assert all(ids)
    people = {person.id for person in view.people}
    assert all(place.private_to in people for place in view.places if place.private_to)
    assert scene.connection()["kind"] == scene.network
    assert "127.0.0.1:" in json.dumps(dict(scene.connection()))
    assert (scene.view().revision, view.faults) == (view.revision, ())


async def test_words_are_seen_where_they_are_said(scene: Scene) -> None:
    before = scene.view()
    ana, place = who(before, "Ana"), shared(before)
    words = "Is anybody <b>there</b> & well?"
    identity = await scene.say(ana, place.id, words)
    view = scene.view()
    said = post(view, identity)
    assert (said.author, said.place) == (ana, place.id)
    assert words in {said.text, said.title}  # on Reddit, one line is a title
    assert said.at.endswith("+00:00")
    assert view.revision > before.revision
    answer_id = await scene.say(who(view, "Bram"), place.id, "I am & <i>well</i>.", reply_to=identity)
    answer = post(scene.view(), answer_id)
    assert (answer.reply_to, answer.text) == (identity, "I am & <i>well</i>.")
    assert len({item.id for item in scene.view().posts}) == len(scene.view().posts)


async def test_only_its_author_changes_or_deletes_a_post(scene: Scene) -> None:
    view = scene.view()
    ana, bram, place = who(view, "Ana"), who(view, "Bram"), shared(view)
    question = await scene.say(ana, place.id, "anybody there?")
    answer = await scene.say(ana, place.id, "one", reply_to=question)
    for act in (scene.edit(bram, answer, "two"), scene.delete(bram, answer)):
        with pytest.raises(SceneError):
            await act
    await scene.edit(ana, answer, "two")
    (changed,) = [item for item in scene.view().posts if item.text == "two"]  # X gives it a new id
    assert (changed.author, changed.state, changed.reply_to) == (ana, "edited", question)
    assert not [item for item in scene.view().posts if item.text == "one"]
    await scene.delete(ana, changed.id)
    assert all(item.state == "deleted" for item in scene.view().posts if item.id == changed.id)


async def test_whoever_joins_can_write_to_all_and_to_the_bot_alone(scene: Scene) -> None:
    before = scene.view()
    zoe = await scene.join("Zoe")
    view = scene.view()
    assert [person.id for person in view.people if person.name == "Zoe"] == [zoe]
    assert view.revision > before.revision
    (alone,) = [place.id for place in view.places if place.private_to == zoe]
    said = [await scene.say(zoe, place, f"in {place}") for place in (shared(view).id, alone)]
    assert [post(scene.view(), one).author for one in said] == [zoe, zoe]
    assert scene.sent() == []


async def test_what_cannot_be_is_said_in_a_sentence(scene: Scene) -> None:
    view = scene.view()
    ana, bram, place = who(view, "Ana"), who(view, "Bram"), shared(view)
    bot = next(person.id for person in view.people if person.role == "bot")
    private = next((place for place in view.places if place.private_to == ana), None)
    attempts = [
        scene.say("999", place.id, "x"),
        scene.say(bot, place.id, "x"),
        scene.say(ana, "nowhere", "x"),
        scene.say(ana, place.id, "  "),
        scene.say(ana, place.id, "x", reply_to="nothing"),
        scene.press(ana, "nothing", "yes"),
        scene.edit(ana, "nothing", "x"),
        scene.delete(ana, "nothing"),
        scene.menu(ana, "nothing"),
        scene.fault("earthquake", on=True),
        *([scene.say(bram, private.id, "x")] if private else []),
    ]
    for attempt in attempts:
        with pytest.raises(SceneError, match=r"^.{8,}"):
            await attempt
    assert scene.view().posts == view.posts


async def test_faults_are_switched_on_and_off_and_shown(scene: Scene) -> None:
    revision = scene.view().revision
    for fault in FAULTS:
        await scene.fault(fault, on=True)
    view = scene.view()
    assert set(view.faults) == set(FAULTS)
    assert view.revision > revision
    for fault in FAULTS:
        await scene.fault(fault, on=False)
    assert scene.view().faults == ()


async def test_its_control_is_open_to_nobody(scene: Scene) -> None:
    servers = set(re.findall(r"http://127\.0\.0\.1:\d+", json.dumps(dict(scene.connection()))))
    assert servers
    async with aiohttp.ClientSession() as http:
        for server in servers:
            async with http.post(f"{server}/control/add_user", json={}) as answer:
                assert answer.status in {401, 403, 404}


# --- Telegram ---------------------------------------------------------------------------------------------------------


class TelegramBot:
    """A bot of bare HTTP in Telegram's scene."""

    def __init__(self, scene: Scene, http: aiohttp.ClientSession) -> None:
        connection = scene.connection()
        self._base = f"{connection['api_base']}{connection['token']}"
        self._http = http

    async def call(self, method: str, **arguments: Any) -> tuple[int, Any]:
        async with self._http.post(f"{self._base}/{method}", json=arguments) as answer:
            return answer.status, (await answer.json(content_type=None) if answer.status != 502 else None)

    async def updates(self) -> list[dict[str, Any]]:
        _, answer = await self.call("getUpdates")
        result: list[dict[str, Any]] = answer["result"]
        return result


@pytest.fixture
async def telegram() -> AsyncIterator[Scene]:
    async with playing("telegram") as started:
        yield started


@pytest.fixture
async def bot(telegram: Scene) -> AsyncIterator[TelegramBot]:
    async with aiohttp.ClientSession() as http:
        yield TelegramBot(telegram, http)


async def test_telegrams_bot_hears_in_private_and_where_it_is_named(telegram: Scene, bot: TelegramBot) -> None:
    view = telegram.view()
    ana, group = who(view, "Ana"), shared(view).id
    await telegram.say(ana, group, "just chatting")
    await telegram.say(ana, group, "@firstline_bot help")
    await telegram.slash(ana, group, "ticket", "my coins")
    await telegram.slash(ana, ana, "status", "")
    texts = [update["message"]["text"] for update in await bot.updates()]
    assert texts == ["@firstline_bot help", "/ticket@firstline_bot my coins", "/status"]


async def test_telegrams_buttons_are_pressed_by_their_id(telegram: Scene, bot: TelegramBot) -> None:
    ana = who(telegram.view(), "Ana")
    await telegram.say(ana, ana, "hello")
    link = "https://t.me/firstline_bot?start=FL-1"
    keyboard = [[{"text": "Yes", "callback_data": "helped:1"}, {"text": "In private", "url": link}]]
    await bot.call(
        "sendMessage", chat_id=int(ana), text="<b>Hi</b>", parse_mode="HTML", reply_markup={"inline_keyboard": keyboard}
    )
    shown = telegram.view().posts[-1]
    assert shown.text == "Hi"
    assert [(button.id, button.label) for button in shown.buttons] == [("helped:1", "Yes"), (link, "In private")]
    await telegram.press(ana, shown.id, "helped:1")
    assert (await bot.updates())[-1]["callback_query"]["data"] == "helped:1"
    await telegram.press(ana, shown.id, link)
    assert (await bot.updates())[-1]["message"]["text"] == "/start FL-1"
    with pytest.raises(SceneError):
        await telegram.press(who(telegram.view(), "Bram"), shown.id, "helped:1")
    with pytest.raises(SceneError):
        await telegram.press(ana, shown.id, "another")


async def test_telegram_tells_its_bot_of_edits_and_not_of_deletions(telegram: Scene, bot: TelegramBot) -> None:
    ana = who(telegram.view(), "Ana")
    identity = await telegram.say(ana, ana, "one")
    await telegram.edit(ana, identity, "two")
    await telegram.delete(ana, identity)
    assert [next(key for key in update if key != "update_id") for update in await bot.updates()] == [
        "message",
        "edited_message",
    ]
    assert telegram.view().posts == ()


async def test_telegrams_faults_are_felt_by_the_bot(telegram: Scene, bot: TelegramBot) -> None:
    ana = who(telegram.view(), "Ana")
    await telegram.say(ana, ana, "hello")
    words = {"chat_id": int(ana), "text": "hi"}
    await telegram.fault("rate_limit", on=True)
    status, answer = await bot.call("sendMessage", **words)
    assert (status, answer["parameters"]) == (429, {"retry_after": 3})
    assert (await bot.call("getMe"))[0] == 200
    await telegram.fault("server_error", on=True)
    await telegram.fault("rate_limit", on=False)
    assert (await bot.call("getMe"))[0] == 502
    await telegram.fault("server_error", on=False)
    waiting = asyncio.create_task(bot.call("getUpdates", offset=900_000_000, timeout=50))
    await asyncio.sleep(0.1)
    await telegram.fault("offline", on=True)
    assert (await asyncio.wait_for(waiting, 2))[0] == 200
    for _ in range(3):
        with pytest.raises(aiohttp.ClientError):
            await bot.call("sendMessage", **words)
    await telegram.fault("offline", on=False)
    assert (await bot.call("sendMessage", **words))[0] == 200


# --- the process ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def process(*arguments: str, secret: str = _SECRET) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "SIMULATORS_TOKEN": secret},
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def test_the_process_serves_who_knows_its_token_until_its_input_ends() -> None:
    async with process("--only", "telegram", "--leashed") as started, aiohttp.ClientSession() as http:
        assert started.stdout is not None
        assert started.stdin is not None
        said = json.loads(await started.stdout.readline())
        assert said["url"].startswith("http://127.0.0.1:")
        assert said["connections"]["telegram"]["kind"] == "telegram"

        async def ask(path: str, body: object = None, shown: str = _SECRET) -> tuple[int, Any]:
            method, headers = ("GET" if body is None else "POST"), {"Authorization": f"Bearer {shown}"}
            async with http.request(method, f"{said['url']}/scenes{path}", json=body, headers=headers) as answer:
                return answer.status, await answer.json()

        assert (await ask("", shown="guess"))[0] == 401
        assert (await ask("/telegram/say", {}, shown="guess"))[0] == 401
        (view,) = (await ask(""))[1]["scenes"]
        ana = view["people"][0]["id"]
        waiting = asyncio.create_task(ask(f"/telegram?since={view['revision']}"))
        status, answer = await ask("/telegram/say", {"person": ana, "place": ana, "text": "hello"})
        assert (status, answer) == (200, {"post": f"{ana}/1"})
        status, newer = await asyncio.wait_for(waiting, 5)
        assert newer["posts"][0]["text"] == "hello"
        for path, body, words in (
            ("/telegram/say", {"person": ana}, "say needs place, text."),
            ("/telegram/say", {"person": ana, "place": ana, "text": "x", "loud": "y"}, "say does not know loud."),
            ("/telegram/say", {"person": ana, "place": ana, "text": 1}, "text is of the wrong kind."),
            ("/telegram/fault", {"name": "offline", "on": "yes"}, "on is of the wrong kind."),
            (
                "/telegram/stop",
                {},
                "There is no act 'stop'; there are say, slash, menu, press, edit, delete, fault, join, repeat.",
            ),
            ("/telegram/say", [], "The body must be a JSON object."),
            ("/myspace/say", {}, "There is no network 'myspace' here."),
        ):
            assert await ask(path, body) == (400, {"error": words})
        headers = {"Authorization": f"Bearer {_SECRET}"}
        async with http.get(f"{said['url']}/sent/telegram", headers=headers) as answer:
            assert await answer.json() == {"sent": []}
        started.stdin.close()
        assert await asyncio.wait_for(started.wait(), 5) == 0


@pytest.mark.parametrize(
    ("arguments", "secret", "words"),
    [([], "", "SIMULATORS_TOKEN"), (["--only", "myspace"], "x", "no network 'myspace'")],
)
async def test_the_process_refuses_what_it_cannot_serve(arguments: list[str], secret: str, words: str) -> None:
    async with process(*arguments, secret=secret) as started:
        _, err = await started.communicate()
        assert started.returncode == 2
        assert words in err.decode()


def test_a_network_that_nobody_has_built_is_missing() -> None:
    assert isinstance(found(["telegram"])[0], TelegramScene)
