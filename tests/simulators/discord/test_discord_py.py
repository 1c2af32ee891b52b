"""The real discord.py in the simulated Discord: messages, commands, buttons, and a gateway that fails."""

import asyncio
import io

import discord
import pytest

from simulators.discord import Bot, Channel, DiscordSimulator, Guild, User

from .conftest import Client, started, until

ALL = discord.Intents(guilds=True, members=True, messages=True, message_content=True)
NO_CONTENT = discord.Intents(guilds=True, messages=True)


def client_with_commands() -> Client:
    client = Client(intents=ALL, allowed_mentions=discord.AllowedMentions.none())

    @client.tree.command(name="ask", description="Ask a question")
    async def ask(interaction: discord.Interaction, question: str, loud: bool = False) -> None:  # noqa: FBT001, FBT002
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send(f"{interaction.locale} {question} {loud}")

    @client.tree.context_menu(name="Open a support ticket")
    async def ticket(interaction: discord.Interaction, message: discord.Message) -> None:
        may = interaction.permissions.manage_messages
        await interaction.response.send_message(f"{message.author.name}: {message.content} {may}")

    return client


async def test_a_message_is_answered_as_a_reply(sim: DiscordSimulator, bot: Bot, place: Channel, ana: User) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        question = sim.write(ana.id, "Where is my money?", channel_id=place.id)
        await until(lambda: bool(client.heard))
        assert (client.heard[0].content, client.heard[0].author.display_name) == ("Where is my money?", "Ana")
        answer = await client.heard[0].reply("On its way")
        assert answer.reference is not None
        assert str(answer.reference.message_id) == question["id"]
        (sent,) = await sim.wait_for_sent(1)
        assert (sent.text, sent.reply_to, sent.pings.users) == ("On its way", question["id"], (ana.id,))
        assert sent.nonce  # discord.py sends one by default
        sim.write(ana.id, "hello", bot_id=bot.user.id)
        await until(lambda: len(client.heard) == 3)
        assert client.heard[2].guild is None
        assert isinstance(client.heard[2].channel, discord.DMChannel)


async def test_files_are_sent_and_fetched(sim: DiscordSimulator, bot: Bot, place: Channel, ana: User) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        sim.write(ana.id, channel_id=place.id, files={"log.txt": "aGVsbG8="})
        await until(lambda: bool(client.heard))
        assert await client.heard[0].attachments[0].read() == b"hello"
        channel = client.get_partial_messageable(int(place.id))
        answer = await channel.send("See", file=discord.File(io.BytesIO(b"bytes"), "answer.bin"))
        assert (sim.sent()[0].text, sim.sent()[0].attachments) == ("See", ("answer.bin",))
        assert await answer.attachments[0].read() == b"bytes"


async def test_edits_and_deletions_are_told(sim: DiscordSimulator, bot: Bot, place: Channel, ana: User) -> None:
    client = Client(intents=ALL, max_messages=None)
    async with started(client, bot.token):
        ids = [sim.write(ana.id, text, channel_id=place.id)["id"] for text in ("one", "two", "three")]
        sim.edit(place.id, ids[0], "uno")
        sim.delete(place.id, ids[0])
        sim.bulk_delete(place.id, ids[1:])
        await until(lambda: len(client.raw) == 3)
        assert client.raw == [f"edit {ids[0]} uno", f"delete {ids[0]}", f"bulk {[int(ids[1]), int(ids[2])]}"]
        assert sim.history(place.id) == []


async def test_a_slash_command_is_deferred_and_answered_for_one_person(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User, mila: User
) -> None:
    async with started(client_with_commands(), bot.token):
        assert [command["name"] for command in sim.commands()] == ["ask", "Open a support ticket"]
        sim.slash(ana.id, "ask", {"question": "why?", "loud": True}, channel_id=place.id)
        (sent,) = await sim.wait_for_sent(1)
        assert (sent.text, sent.only_for, sent.kind) == ("nl why? True", ana.id, "response")
        assert sim.history(place.id) == sim.history(place.id, seen_by=mila.id) == []
        (seen,) = sim.history(place.id, seen_by=ana.id)
        assert (seen["content"], seen["flags"]) == ("nl why? True", 64)
        assert [(asked.what, asked.state) for asked in sim.asked()] == [("ask", "answered")]
        sim.slash(ana.id, "ask", {"question": "and here?"})
        assert (await sim.wait_for_sent(2))[1].text == "nl and here? False"


async def test_the_context_menu_brings_message_and_rights(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User, mila: User
) -> None:
    complaint = sim.write(ana.id, "It is broken", channel_id=place.id)
    async with started(client_with_commands(), bot.token):
        sim.menu(mila.id, place.id, complaint["id"], "Open a support ticket")
        sim.menu(ana.id, place.id, complaint["id"], "Open a support ticket")
        texts = [sent.text for sent in await sim.wait_for_sent(2)]
        assert texts == ["ana: It is broken True", "ana: It is broken False"]


async def test_a_button_is_pressed_and_the_message_updated(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    client = Client(intents=ALL)
    pressed: list[str] = []

    async def press(interaction: discord.Interaction) -> None:
        pressed.append(str(interaction.user))
        await interaction.response.edit_message(content="Thank you", view=None)

    async with started(client, bot.token):
        view: discord.ui.View = discord.ui.View()
        button: discord.ui.Button[discord.ui.View] = discord.ui.Button(label="Yes", custom_id="helped:1")
        button.callback = press  # type: ignore[method-assign]  # the way discord.py documents
        view.add_item(button)
        channel = client.get_partial_messageable(int(place.id))
        message = await channel.send("Did this help?", view=view)
        assert sim.sent()[0].buttons == ((("Yes", "helped:1"),),)
        sim.press(ana.id, place.id, str(message.id), "Yes")
        await until(lambda: bool(sim.edits()))
        assert pressed == ["ana"]
        (shown,) = sim.history(place.id)
        assert (shown["content"], shown["components"]) == ("Thank you", [])


async def test_without_the_privileged_intent_content_is_empty(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    client = Client(intents=NO_CONTENT)
    async with started(client, bot.token):
        sim.write(ana.id, "chatting", channel_id=place.id)
        sim.write(ana.id, f"<@{bot.user.id}> help", channel_id=place.id)
        sim.write(ana.id, "in private")
        await until(lambda: len(client.heard) == 3)
        own = await client.heard[0].reply("an answer")
        sim.write(ana.id, "thanks", channel_id=place.id, reply_to=str(own.id))
        sim.write(ana.id, "quietly", channel_id=place.id, reply_to=str(own.id), pings_author=False)
        await until(lambda: len(client.heard) == 6)
        contents = [message.content for message in client.heard]
        assert contents == ["", f"<@{bot.user.id}> help", "in private", "an answer", "thanks", ""]


async def test_an_intent_that_was_not_granted_is_refused(sim: DiscordSimulator) -> None:
    bot = sim.add_bot(privileged=["guild_members"])
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with started(Client(intents=ALL), bot.token):
            pass
    assert [login.outcome for login in sim.logins()] == ["disallowed_intents"]


async def test_a_wrong_token_is_refused(sim: DiscordSimulator) -> None:
    with pytest.raises(discord.LoginFailure):
        async with started(Client(intents=ALL), "wrong"):
            pass
    assert sim.invalid_requests() == 1


async def test_a_dropped_connection_is_resumed_and_nothing_is_lost(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        sim.write(ana.id, "before", channel_id=place.id)
        await until(lambda: len(client.heard) == 1)
        sim.drop_gateway()
        sim.write(ana.id, "while down", channel_id=place.id)
        await until(lambda: len(client.heard) == 2, 10)
        assert client.heard[1].content == "while down"
        assert [(login.kind, login.outcome) for login in sim.logins()] == [("identify", "ready"), ("resume", "resumed")]
        assert sim.logins("resume")[0].address == "/gateway/resume"
        assert client.readies == 1


async def test_a_gateway_that_asks_to_reconnect_is_resumed(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        sim.ask_reconnect()
        await sim.wait_for_logins(1, 10, kind="resume")
        sim.write(ana.id, "after", channel_id=place.id)
        await until(lambda: len(client.heard) == 1)
        assert len(sim.logins("identify")) == 1


async def test_after_an_invalid_session_nothing_is_replayed(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        sim.invalidate_session()
        sim.write(ana.id, "lost", channel_id=place.id)
        await sim.wait_for_logins(2, 20, kind="identify")
        await until(lambda: client.readies == 2)
        assert client.heard == []
        channel = client.get_partial_messageable(int(place.id))
        assert [message.content async for message in channel.history()] == ["lost"]


async def test_a_forgotten_session_ends_in_a_new_login(sim: DiscordSimulator, bot: Bot, guild: Guild) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        sim.forget_sessions()
        sim.drop_gateway()
        await sim.wait_for_logins(3, 20)
        outcomes = [login.outcome for login in sim.logins()]
        assert outcomes == ["ready", "invalid_session", "ready"]


async def test_a_502_after_the_message_was_created_makes_one_message(
    sim: DiscordSimulator, bot: Bot, place: Channel
) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        sim.arm("bad_gateway_after", method="POST", route="/channels/{channel_id}/messages")
        message = await client.get_partial_messageable(int(place.id)).send("once")
        assert len(sim.calls("POST", "/channels/{channel_id}/messages")) == 2
        assert [sent.message_id for sent in sim.sent()] == [str(message.id)]
        assert [item["content"] for item in sim.history(place.id)] == ["once"]


async def test_a_429_is_waited_for_only_with_the_header_via(sim: DiscordSimulator, bot: Bot, place: Channel) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        channel = client.get_partial_messageable(int(place.id))
        sim.arm("too_many_requests", method="POST", seconds=0.05)
        await channel.send("patient")
        sim.arm("ban_page", method="POST")
        with pytest.raises(discord.HTTPException) as failure:
            await channel.send("banned")
        assert failure.value.status == 429
        assert [sent.text for sent in sim.sent()] == ["patient"]
        assert sim.invalid_requests() == 2


async def test_threads_and_forum_posts(
    sim: DiscordSimulator, bot: Bot, guild: Guild, place: Channel, ana: User
) -> None:
    forum = sim.add_channel(guild.id, "questions", kind="forum")
    client = Client(intents=ALL)
    async with started(client, bot.token):
        post = sim.begin_thread(ana.id, forum.id, "No money", text="Where is it?")
        await until(lambda: len(client.heard) == 1)
        asked = client.heard[0]
        assert isinstance(asked.channel, discord.Thread)
        assert (asked.id, asked.channel.id, asked.channel.name) == (int(post.id), int(post.id), "No money")
        assert asked.channel.parent_id == int(forum.id)
        await asked.reply("Here")
        complaint = sim.write(ana.id, "broken", channel_id=place.id)
        await until(lambda: len(client.heard) == 3)
        thread = await client.heard[2].create_thread(name="Ticket 1")
        assert str(thread.id) == complaint["id"]
        await thread.send("Let us talk here")
        await thread.edit(archived=True)
        kinds = [message.type async for message in thread.history(oldest_first=True)]
        assert kinds == [discord.MessageType.thread_starter_message, discord.MessageType.default]
        channel = client.get_channel(int(place.id))
        assert isinstance(channel, discord.TextChannel)
        assert [item.id async for item in channel.archived_threads()] == [thread.id]
        posted = await _forum(client, forum).create_thread(name="Known trouble", content="We are on it")
        assert posted.thread.id == posted.message.id


def _forum(client: Client, forum: Channel) -> discord.ForumChannel:
    channel = client.get_channel(int(forum.id))
    assert isinstance(channel, discord.ForumChannel)
    return channel


async def test_members_are_chunked_and_found(sim: DiscordSimulator, bot: Bot, guild: Guild, ana: User) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        known = client.get_guild(int(guild.id))
        assert known is not None
        assert {member.name for member in await known.query_members(query="an")} == {"ana"}
        assert (await known.fetch_member(int(ana.id))).display_name == "Ana"
        assert {member.name async for member in known.fetch_members()} >= {"ana", "mila", "firstline"}
        bram = sim.add_user("bram")
        sim.add_member(guild.id, bram.id)
        await until(lambda: known.get_member(int(bram.id)) is not None)
        sim.remove_member(guild.id, bot.user.id)
        await until(lambda: client.get_guild(int(guild.id)) is None)


async def test_closed_direct_messages_and_missing_rights_have_discords_codes(
    sim: DiscordSimulator, bot: Bot, place: Channel, ana: User
) -> None:
    client = Client(intents=ALL)
    async with started(client, bot.token):
        user = await client.fetch_user(int(ana.id))
        await user.send("open")
        sim.close_dms(ana.id)
        with pytest.raises(discord.Forbidden) as closed:
            await user.send("closed")
        assert closed.value.code == 50007
        sim.take_permissions(bot.user.id, place.id, ["send_messages"])
        channel = client.get_partial_messageable(int(place.id))
        with pytest.raises(discord.Forbidden) as silent:
            await channel.send("no")
        assert silent.value.code == 50013
        sim.take_permissions(bot.user.id, place.id, ["view_channel"])
        with pytest.raises(discord.Forbidden) as blind:
            await channel.send("no")
        assert blind.value.code == 50001
        assert sim.invalid_requests() == 3


async def test_a_late_answer_finds_no_interaction(sim: DiscordSimulator, bot: Bot, place: Channel, ana: User) -> None:
    client = Client(intents=ALL)
    failures: list[discord.NotFound] = []
    release = asyncio.Event()

    @client.tree.command(name="slow", description="Too slow")
    async def slow(interaction: discord.Interaction) -> None:
        await release.wait()
        try:
            await interaction.response.defer()
        except discord.NotFound as error:
            failures.append(error)

    async with started(client, bot.token):
        sim.slash(ana.id, "slow", channel_id=place.id)
        sim.advance(3.1)
        release.set()
        await until(lambda: bool(failures))
        assert failures[0].code == 10062
        assert [asked.state for asked in sim.asked()] == ["failed"]
