"""A desk that calls the running bot: an agent's words are told at once, though the bot would only ask in an hour."""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

import aiohttp
import pytest

from simulators.freshdesk import FreshdeskSimulator, Webhook
from simulators.telegram import TelegramSimulator
from simulators.zendesk import ADMIN, BOT, ZendeskSimulator
from tests.scenarios.stage import TOKEN, Stage, person
from tests.ticket_client.test_freshdesk import FreshdeskBench
from tests.ticket_client.test_zendesk import ZendeskBench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

SECRET = "s3cret-of-the-webhook"


class Account(Protocol):
    """A desk, whose agents have credentials of their own."""

    async def answer(self, ticket_id: str, text: str) -> None:
        """A public reply."""

    async def note(self, ticket_id: str, text: str) -> None:
        """A private one."""


@asynccontextmanager
async def freshdesk_calling(hook: str) -> AsyncIterator[tuple[Account, dict[str, str]]]:
    """A Freshdesk whose automation calls `hook`, and the section of a bot there."""
    async with FreshdeskSimulator() as sim:
        sim.webhook = Webhook(url=hook, headers={"X-Firstline-Secret": SECRET})
        bench = FreshdeskBench(sim)
        yield bench, {"kind": "freshdesk", "url": sim.url, "api_key": sim.key, "webhook_secret": SECRET}
        await bench.desk.close()


@asynccontextmanager
async def zendesk_calling(hook: str) -> AsyncIterator[tuple[Account, dict[str, str]]]:
    """A Zendesk whose trigger calls `hook`, and the section of a bot there."""
    async with ZendeskSimulator() as sim, aiohttp.ClientSession() as session:
        bench = ZendeskBench(sim, session)
        given = {"name": "firstline", "endpoint": hook, "http_method": "POST", "request_format": "json"}
        webhook = {**given, "status": "active", "subscriptions": ["conditional_ticket_events"]}
        made = await bench.call("POST", "/webhooks", email=ADMIN, webhook=webhook)
        secret = made["webhook"]["signing_secret"]["secret"]
        section = {"kind": "zendesk", "url": sim.url, "email": BOT, "token": sim.key, "webhook_secret": secret}
        yield bench, section
        await bench.desk.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.mark.parametrize("calling", [freshdesk_calling, zendesk_calling])
async def test_what_the_agent_answers_is_told_at_once_and_nothing_twice(
    calling: Callable[[str], AbstractAsyncContextManager[tuple[Account, dict[str, str]]]], tmp_path: Path
) -> None:
    port = _free_port()
    async with calling(f"http://127.0.0.1:{port}/webhooks/desk") as (account, section), TelegramSimulator() as sim:
        sim.add_bot(TOKEN)
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in section.items())
        stage = Stage(sim, tmp_path, f"[desk]\npoll_s = 3600\n{lines}", port=port)
        async with stage.running() as bot:
            ana = person(sim, "Ana")
            sim.write(ana.id, "the moon fell on my ledger and now my cat owns everything")
            told = await stage.reads(ana.id, "ticket")
            (ticket,) = bot.ledger.reader.execute("SELECT desk_id, number FROM tickets").fetchall()
            assert ticket["number"] in told["text"]
            await account.note(ticket["desk_id"], "Between us agents: this cat is known to the police.")
            await account.answer(ticket["desk_id"], "Which colour is the cat?")
            await stage.reads(ana.id, "Which colour is the cat?")
            await stage.hears_nothing(ana.id)
