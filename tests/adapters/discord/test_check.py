"""What `firstline check` tells the operator, and which settings are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from adapters.discord import PROFILE, Settings, create
from simulators.discord import DiscordSimulator
from tests.adapters.discord.stage import RIGHTS, running, settings, world
from tests.adapters.ground import Ground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from config.findings import Finding


@pytest.fixture
async def sim() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as sim:
        yield sim
        assert sim.schema_errors == []


async def check(sim: DiscordSimulator, **given: Any) -> list[Finding]:
    adapter = create("discord", settings(sim, **given), Ground().surroundings())
    found = await adapter.check()
    await adapter.close()
    return found


def said(findings: list[Finding], *, ok: bool) -> str:
    return "\n".join(f"{finding.text} {finding.cure}" for finding in findings if finding.ok is ok)


async def test_all_is_well(sim: DiscordSimulator) -> None:
    on = world(sim)
    found = await check(sim, help_channels=[on.help.id, on.forum.id])
    assert said(found, ok=False) == ""
    text = said(found, ok=True)
    for words in (f"Logged in as firstline (id {on.bot.user.id})", "Wallet users", "message content intent"):
        assert words in text
    assert "#help the bot has all the rights" in text
    assert "#questions the bot has all the rights" in text
    assert "are registered when the bot starts" in text
    assert "1000 more sessions of 1000" in text
    assert sim.logins() == []  # a check costs no session


async def test_after_a_start_the_commands_are_there(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        assert "context menu are registered." in said(await stage.adapter.check(), ok=True)


async def test_missing_rights_and_channels_are_named(sim: DiscordSimulator) -> None:
    on = world(sim)
    thread = sim.begin_thread(on.ana.id, on.help.id, "card")
    sim.take_permissions(on.bot.user.id, on.help.id, RIGHTS[1:])
    found = await check(sim, help_channels=[on.help.id, thread.id, "999"])
    bad = said(found, ok=False)
    assert "#help the bot lacks rights: Send Messages, Send Messages in Threads, Read Message History" in bad
    assert "#card the bot lacks rights" in bad
    assert "Help channel 999 cannot be seen (404, code 10003)" in bad


async def test_without_the_content_intent_help_channels_do_not_work(sim: DiscordSimulator) -> None:
    on = world(sim, privileged=[])
    assert "Message Content Intent" in said(await check(sim, help_channels=[on.help.id]), ok=False)
    assert "Message Content Intent" in said(await check(sim, intents="full"), ok=False)
    assert "only mentions, replies" in said(await check(sim), ok=True)
    assert "as configured" in said(await check(sim, intents="mentions"), ok=True)


async def test_a_bot_in_no_server_is_told_how_to_be_invited(sim: DiscordSimulator) -> None:
    bot = sim.add_bot("MTA0MjU.CANARY.7hQ2xZkP0vJ9sLwE4rT8yU")
    assert f"client_id={bot.user.id}&scope=bot+applications.commands" in said(await check(sim), ok=False)


async def test_a_refused_token_and_a_dead_network_are_told_apart(sim: DiscordSimulator) -> None:
    assert "refuses the token" in said(await check(sim), ok=False)
    sim.set_offline()
    found = await check(sim)
    assert "cannot be reached" in said(found, ok=False)
    assert "CANARY" not in str(found)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"help_channels": ["#help"]}, "no channel id"),
        ({"moderators": ["mila#1"]}, "no user id"),
        ({"moderator_roles": ["mods"]}, "no role id"),
        ({"intents": "all"}, "auto"),
        ({"token": ""}, "at least 1"),
        ({"starts_per_day": 1000}, "900"),
        ({"messages_per_second": 51}, "50"),
        ({"gateway": "https://gateway.discord.gg"}, "pattern"),
        ({"api_base": "discord.com"}, "pattern"),
        ({"shards": 2}, "not permitted"),
    ],
)
def test_settings_that_cannot_be_meant(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate({"token": "t", **given})


def test_ids_may_be_numbers_and_the_real_addresses_are_the_default() -> None:
    made = Settings.model_validate({"token": "t", "help_channels": [1234567890123456789]})
    assert made.help_channels == ("1234567890123456789",)
    assert (made.api_base, made.gateway) == ("https://discord.com/api/v10", "wss://gateway.discord.gg/")


def test_the_profile_is_of_plain_words() -> None:
    cells = [getattr(PROFILE, name) for name in PROFILE.__slots__]
    assert all(cell and "|" not in cell and "\n" not in cell for cell in cells)
