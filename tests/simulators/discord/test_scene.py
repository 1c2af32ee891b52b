"""Discord's scene of the playground, with the real discord.py as the bot that it connects."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import discord
import pytest
from yarl import URL

from simulators.discord.scene import DiscordScene
from simulators.scene import Place, Post, SceneError

from .conftest import Client, started


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordScene]:
    scene = DiscordScene()
    await scene.start()
    monkeypatch.setattr(discord.http.Route, "BASE", scene.connection()["api_base"])
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", URL(scene.connection()["gateway"]))
    yield scene
    await scene.stop()
    assert scene.sim.schema_errors == []


@pytest.fixture
async def client(scene: DiscordScene) -> AsyncIterator[Client]:
    intents = discord.Intents(guilds=True, messages=True, message_content=True)
    client = Client(intents=intents, max_ratelimit_timeout=30)

    @client.tree.command(name="ask", description="Ask a question")
    async def ask(interaction: discord.Interaction, question: str) -> None:
        await interaction.response.send_message(
            f"**Because** {interaction.user.mention} said {question}", ephemeral=True
        )

    @client.tree.context_menu(name="Open a support ticket")
    async def ticket(interaction: discord.Interaction, message: discord.Message) -> None:
        verb = "took" if interaction.permissions.manage_messages else "saw"
        await interaction.response.send_message(f"{interaction.user.display_name} {verb}: {message.content}")

    async with started(client, str(scene.connection()["token"])):
        yield client


def who(scene: DiscordScene, name: str) -> str:
    return next(person.id for person in scene.view().people if person.name == name)


def place(scene: DiscordScene, title: str) -> Place:
    return next(place for place in scene.view().places if place.title == title)


async def shown(scene: DiscordScene, fits: Callable[[Post], bool]) -> Post:
    async with asyncio.timeout(5):
        while not (found := [post for post in scene.view().posts if fits(post)]):
            await asyncio.sleep(0.01)
    return found[-1]


def test_where_the_bot_helps_is_in_its_section(scene: DiscordScene) -> None:
    section = scene.connection()
    assert section["help_channels"] == [place(scene, "#help").id, place(scene, "questions").id]
    kinds = {item.title: item.kind for item in scene.view().places}
    assert kinds == {
        "#help": "channel",
        "#general": "channel",
        "questions": "forum",
        "Ana": "dm",
        "Bram": "dm",
        "Mila": "dm",
    }


async def test_commands_the_menu_and_who_sees_the_answers(scene: DiscordScene, client: Client) -> None:
    ana, mila, channel = who(scene, "Ana"), who(scene, "Mila"), place(scene, "#help")
    await scene.slash(ana, channel.id, "ask", "why?")
    answer = await shown(scene, lambda post: post.text.startswith("Because"))
    assert (answer.text, answer.only_for) == ("Because @Ana said why?", ana)
    complaint = await scene.say(ana, channel.id, "It is broken")
    await scene.menu(mila, complaint)
    taken = await shown(scene, lambda post: post.text == "Mila took: It is broken")
    assert taken.only_for == ""
    await scene.menu(ana, complaint)
    await shown(scene, lambda post: post.text == "Ana saw: It is broken")
    for command, text in (("ask", ""), ("fly", "away")):
        with pytest.raises(SceneError):
            await scene.slash(ana, channel.id, command, text)
    assert client.heard


async def test_a_post_in_the_forum_and_one_in_private(scene: DiscordScene, client: Client) -> None:
    ana = who(scene, "Ana")
    identity = await scene.say(ana, place(scene, "questions").id, "Where is it?", title="No money")
    assert place(scene, "No money").kind == "thread"
    assert next(post for post in scene.view().posts if post.id == identity).text == "Where is it?"
    await scene.say(ana, place(scene, "Ana").id, "in private")
    await shown(scene, lambda post: post.text == "in private")
    async with asyncio.timeout(5):
        while len(client.heard) < 2:
            await asyncio.sleep(0.01)
    assert [message.content for message in client.heard] == ["Where is it?", "in private"]
    assert place(scene, "Ana").private_to == ana


async def test_buttons_replies_edits_and_links(scene: DiscordScene, client: Client) -> None:
    ana = who(scene, "Ana")
    question = await scene.say(ana, place(scene, "#help").id, "help")
    async with asyncio.timeout(5):
        while not client.heard:
            await asyncio.sleep(0.01)
    pressed = asyncio.Event()
    view = discord.ui.View()

    async def press(interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content="# Glad", view=None)
        pressed.set()

    button: discord.ui.Button[discord.ui.View] = discord.ui.Button(label="Yes", custom_id="helped:1")
    button.callback = press  # type: ignore[method-assign]  # the way discord.py documents
    view.add_item(button)
    view.add_item(discord.ui.Button(label="In private", url="https://discord.com/users/1"))
    await client.heard[0].reply("Did \\*this\\* help?", view=view)
    asked = await shown(scene, lambda post: bool(post.buttons))
    assert (asked.text, asked.reply_to) == ("Did *this* help?", question)
    assert [(choice.id, choice.label) for choice in asked.buttons] == [
        ("helped:1", "Yes"),
        ("https://discord.com/users/1", "In private"),
    ]
    with pytest.raises(SceneError, match=r"discord\.com/users/1"):
        await scene.press(ana, asked.id, "https://discord.com/users/1")
    await scene.press(ana, asked.id, "helped:1")
    await asyncio.wait_for(pressed.wait(), 5)
    glad = await shown(scene, lambda post: post.id == asked.id)
    assert (glad.text, glad.state, glad.buttons) == ("Glad", "edited", ())


async def test_faults_are_felt_by_the_bot(scene: DiscordScene, client: Client) -> None:
    channel = client.get_partial_messageable(int(place(scene, "#general").id))
    await scene.fault("server_error", on=True)
    with pytest.raises(discord.DiscordServerError):
        await channel.send("x")
    assert [message async for message in channel.history()] == []
    await scene.fault("server_error", on=False)
    await scene.fault("rate_limit", on=True)
    sending = asyncio.create_task(channel.send("late"))
    await asyncio.sleep(0.2)
    assert not sending.done()
    await scene.fault("rate_limit", on=False)
    await asyncio.wait_for(sending, 10)
    await scene.fault("offline", on=True)
    with pytest.raises(aiohttp.ClientError):
        await channel.send("x")
    await scene.fault("offline", on=False)
    await channel.send("back")
    assert [post.text for post in scene.view().posts] == ["late", "back"]


async def test_the_simulators_own_control_is_closed_in_the_playground(scene: DiscordScene) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{scene.sim.url}/control") as response:
        assert response.status == 401
