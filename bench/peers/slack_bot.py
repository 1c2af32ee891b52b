"""slack-bolt: ``AsyncApp.async_dispatch`` of an event as Socket Mode brings it."""
# mypy: disable-error-code="import-not-found,no-any-return,untyped-decorator"
# (it is installed in the peers' environment alone)

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult

from bench.peers.driver import Contestant, Work, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """An app with one listener for messages, authorised in memory; the reply is taken at the listener."""
    answer, waiting = answering(row, work), dict[str, asyncio.Future[str]]()
    authorised = AuthorizeResult(
        enterprise_id=None,
        team_id="T1",
        bot_id="B1",
        bot_user_id="U0",
        bot_token="xoxb-1",  # noqa: S106 - no secret
    )

    async def authorize(**_: Any) -> AuthorizeResult:
        return authorised

    app = AsyncApp(signing_secret="bench", authorize=authorize)  # noqa: S106 - no secret

    @app.event("message")
    async def handle(event: dict[str, Any]) -> None:
        waiting.pop(event["user"]).set_result(answer(event["text"]))

    async def ask(person: int, text: str) -> str:
        user = f"U{person}"
        reply = waiting[user] = asyncio.get_running_loop().create_future()
        event = {
            "type": "message",
            "channel_type": "im",
            "channel": f"D{person}",
            "user": user,
            "text": text,
            "ts": "1",
        }
        body = {"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": user, "event": event}
        await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        return await reply

    yield Contestant(ask)
