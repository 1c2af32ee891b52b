"""The simulated helpdesks from the agent's side: the same for all that there are, and their process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from simulators.desks import DESKS
from ticket_client.base import Requester, Status, TicketDraft
from ticket_client.registry import desk as desk_module

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

_ROOT = Path(__file__).parents[2]
_SECRET = "let me in"


@asynccontextmanager
async def process(*arguments: str, secret: str = _SECRET) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.desks", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "SIMULATORS_TOKEN": secret, "PYTHONPATH": str(_ROOT)},
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


def caller(http: aiohttp.ClientSession, url: str) -> Callable[..., Coroutine[Any, Any, tuple[int, Any]]]:
    async def ask(path: str, body: object = None, shown: str = _SECRET) -> tuple[int, Any]:
        method, headers = ("GET" if body is None else "POST"), {"Authorization": f"Bearer {shown}"}
        async with http.request(method, f"{url}/{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    return ask


@pytest.mark.parametrize("kind", DESKS)
async def test_an_agent_sees_what_the_bot_wrote_and_the_bot_what_the_agent_did(kind: str) -> None:
    async with process(kind, "--leashed") as started, aiohttp.ClientSession() as http:
        assert started.stdout is not None
        assert started.stdin is not None
        said = json.loads(await started.stdout.readline())
        ask = caller(http, said["url"])
        module = desk_module(kind)
        settings = module.Settings.model_validate({**said["section"], "settle_s": 0})
        desk = module.create("desk", settings, {})
        try:
            draft = TicketDraft(key="k1", subject="Cat", body="My cat.", requester=Requester(external_id="a:b:1"))
            ref = await desk.create(draft, await desk.prepare(draft))
            await desk.add_user_message(ref.id, "It is green.", key="m1")
            (ticket,) = (await ask("tickets"))[1]["tickets"]
            assert (ticket["id"], ticket["key"], ticket["subject"]) == (ref.id, "k1", "Cat")
            assert [word["by"] for word in ticket["words"]] == ["user", "user"]
            assert ["cat" in ticket["words"][0]["text"], "green" in ticket["words"][1]["text"]] == [True, True]
            assert (await ask("answer", {"id": ref.id, "text": "Which colour?"}))[0] == 200
            assert (await ask("solve", {"id": ref.id}))[0] == 200
            (ticket,) = (await ask("tickets"))[1]["tickets"]
            assert [word["by"] for word in ticket["words"]] == ["user", "user", "agent"]
            snapshot = await desk.get(ref.id)
            assert ["Which colour?" in reply.text for reply in snapshot.replies] == [True]
            assert snapshot.status is Status.RESOLVED
            assert (await ask("solve", {"id": "99"}))[0] == 400
            assert (await ask("tickets", shown="guess"))[0] == 401
        finally:
            await desk.close()
        started.stdin.close()
        assert await asyncio.wait_for(started.wait(), 5) == 0


async def test_without_a_token_it_does_not_start() -> None:
    async with process("freshdesk", secret="") as started:
        _, err = await started.communicate()
        assert started.returncode == 2
        assert "SIMULATORS_TOKEN" in err.decode()
