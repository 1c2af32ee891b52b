"""The adapter in a Discord that we did not write (simcord): servers and rights, but no gateway and no wire."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import simcord
from discord import Permissions
from discord.http import Route

from adapters.base import Visibility
from adapters.discord import Settings, create
from adapters.discord.check import register
from adapters.discord.interactions import MENU
from adapters.discord.wire import EVENTS, SERVER_THERE, InteractionWire
from tests.adapters.discord.stage import reply_to
from tests.adapters.ground import Ground

if TYPE_CHECKING:
    from adapters.base import IncomingMessage
    from adapters.discord.intake import Intake


def _hear(intake: Intake, event: str, data: dict[str, Any]) -> None:
    intake.heard({"t": event, "d": data})


async def test_a_question_a_command_and_a_moderators_act() -> None:
    adapter = create("discord", Settings.model_validate({"token": "t"}), Ground().surroundings())
    client, intake, sender = adapter._client(), adapter._intake, adapter._sender  # noqa: SLF001 - simcord takes the client

    class Wire(InteractionWire):
        def __init__(self) -> None:
            pass

        async def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
            return await client.http.request(Route(method, path), json=body) or {}

    for event in EVENTS[1:]:  # simcord gives events to the SDK's parsers, of which ours are taken out
        client._connection.parsers[event] = partial(_hear, intake, event)  # noqa: SLF001
    async with simcord.run(client) as env:
        assert client.user is not None
        intake.account, sender.client, sender.wire = adapter._known_as(str(client.user.id)), client, Wire()  # noqa: SLF001
        await register(client)
        guild = env.create_guild()
        channel = guild.create_text_channel("lounge")
        ana = guild.add_member(env.create_user("ana"))
        mila = guild.add_member(
            env.create_user("mila"), roles=[guild.create_role("mods", permissions=Permissions(manage_messages=True))]
        )

        def queued() -> dict[str, Any]:
            while (found := intake._queue.get_nowait())["t"] == SERVER_THERE:  # noqa: SLF001
                pass
            return found

        async def heard() -> IncomingMessage:
            (message,) = await intake._read(queued())  # noqa: SLF001
            return message

        complaint = await ana.send(channel, f"<@{client.user.id}> the app ate my money")
        question = await heard()
        await adapter.send(reply_to(question.reply_to, "@everyone: **which** app?"))
        posted = channel.last_message
        assert posted is not None
        assert posted.reference is not None
        assert (posted.content, posted.reference.message_id) == ("\\@everyone: **which** app?", complaint.id)
        queued()  # the bot's own
        answer = await ana.slash(channel, "status")
        status = await heard()
        target = replace(status.reply_to, expires_at=None)  # simcord's clock stands at New Year
        await adapter.send(reply_to(target, "FL-7 is open.", key="in:2:status"))
        assert answer.response is not None
        assert (answer.response.ephemeral, answer.response.content) == (True, "FL-7 is open.")
        await mila.context_menu(channel, MENU, complaint)
        act = await heard()
        assert act.on_behalf_of is not None
        assert (act.on_behalf_of.handle, act.author.roles) == ("ana", ("moderator",))
        assert act.conversation_key == status.conversation_key
        assert act.reply_to.visibility is Visibility.MEMBERS
