"""What calls in the desk's name: the desk is heard, nobody else is, and a call is no more than a hint."""

from __future__ import annotations

import hmac
import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from bots import desk_calls, web
from ticket_client.memory import MemoryDesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ticket_client.base import WebhookCall


class CallingDesk(MemoryDesk):
    """A desk that shows a secret, in a header or in the path, and sends ids separated by spaces."""

    def verify_webhook(self, call: WebhookCall) -> bool:
        return hmac.compare_digest(call.headers.get("x-secret", call.secret).encode(), b"s3cret")

    def parse_webhook(self, call: WebhookCall) -> tuple[str, ...]:
        if not call.body.strip():
            raise ValueError("There is no id.")
        return tuple(call.body.decode().split())


@asynccontextmanager
async def serving(desk: MemoryDesk) -> AsyncIterator[tuple[str, list[str]]]:
    """The bot's web server with the desk's routes: its address, and the ids that were hinted at."""
    hinted: list[str] = []
    runner, port = await web.start("127.0.0.1", 0, desk_calls.routes(desk, hinted.extend))
    try:
        yield f"http://127.0.0.1:{port}/webhooks/desk", hinted
    finally:
        await runner.cleanup()


async def posted(url: str, body: bytes, **headers: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers=headers) as response,
    ):
        return response.status


async def test_the_desks_calls_are_hints_however_often_they_come() -> None:
    async with serving(CallingDesk("desk")) as (url, hinted):
        assert await posted(url, b"7 8", **{"X-Secret": "s3cret"}) == 204
        assert await posted(url, b"7 8", **{"X-Secret": "s3cret"}) == 204
        assert await posted(f"{url}/s3cret", b"9") == 204
        assert hinted == ["7", "8", "7", "8", "9"]


async def test_anybody_elses_calls_find_nothing_and_hint_at_nothing() -> None:
    async with serving(CallingDesk("desk")) as (url, hinted):
        assert await posted(url, b"7") == 404
        assert await posted(url, b"7", **{"X-Secret": "wrong"}) == 404
        assert await posted(f"{url}/wr%C3%B6ng", b"7") == 404
        assert await posted(f"{url}/s3cret/more", b"7") == 404
        assert hinted == []


async def test_a_call_that_cannot_be_read_is_refused_and_a_huge_one_as_well() -> None:
    async with serving(CallingDesk("desk")) as (url, hinted):
        assert await posted(f"{url}/s3cret", b"  ") == 400
        assert await posted(f"{url}/s3cret", b"x" * (2 << 20)) == 413
        assert hinted == []


async def test_a_desk_that_never_calls_has_no_door() -> None:
    async with serving(MemoryDesk("desk")) as (url, hinted):
        assert await posted(f"{url}/s3cret", b"7") == 404
        assert hinted == []
