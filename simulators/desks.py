"""``python -m simulators.desks freshdesk``: a simulated helpdesk with an agent who can be told what to do.

Prints one line of JSON, ``{"url": …, "section": the section [desk] of firstline.toml}``, and serves on 127.0.0.1

* ``GET /tickets``: every `Seen`, oldest first;
* ``POST /answer`` and ``POST /solve`` with ``{"id": …, "text": …}``: what the agent does, by the desk's own API.

Whoever asks must say ``Authorization: Bearer`` and the token that stands in the environment as ``SIMULATORS_TOKEN``. It
ends on SIGINT, SIGTERM and, with ``--leashed``, when its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiohttp import BasicAuth, ClientSession, web

from simulators.freshdesk import FreshdeskSimulator
from simulators.zendesk import AGENT, BOT, ZendeskSimulator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp.typedefs import Handler

_CALLS_A_MINUTE: Final = 100_000
_LAG_S: Final = 2.0  # of Zendesk's export; the real one says 60, which only makes a drill longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What is written in a ticket; `by` is "agent", "bot" or "user"."""

    by: str
    text: str
    is_public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A ticket as the agent sees it. `key` is the bot's own."""

    id: str
    key: str
    status: str
    subject: str
    words: tuple[Word, ...]


class Desk(Protocol):
    """A helpdesk that runs. `section` connects a bot to it."""

    url: str

    def section(self) -> Mapping[str, Any]:
        """The section ``[desk]``."""

    def seen(self) -> list[Seen]:
        """Every ticket."""

    async def answer(self, number: str, text: str) -> None:
        """Let the agent say something to the user. Raises `RuntimeError` where the desk refuses."""

    async def solve(self, number: str) -> None:
        """Let the agent solve a ticket. Raises `RuntimeError` where the desk refuses."""


class Freshdesk(FreshdeskSimulator):
    """The agent uses the API with their own key."""

    def __init__(self) -> None:
        super().__init__(limit_per_minute=_CALLS_A_MINUTE)

    def section(self) -> Mapping[str, Any]:
        """The section ``[desk]``."""
        return {"kind": "freshdesk", "url": self.url, "api_key": self.key}

    def seen(self) -> list[Seen]:
        """Every ticket."""
        who = {self.agent_id: "agent", self.bot_id: "bot"}
        return [
            Seen(
                id=str(number),
                key=str(ticket["custom_fields"].get("cf_firstline_key") or ""),
                status=self.statuses[ticket["status"]].lower(),
                subject=ticket["subject"],
                words=(
                    Word(by="user", text=ticket["description_text"], is_public=True),
                    *(
                        Word(by=who.get(one["user_id"], "user"), text=one["body_text"], is_public=not one["private"])
                        for one in self.conversations[number]
                    ),
                ),
            )
            for number, ticket in self.tickets.items()
        ]

    async def answer(self, number: str, text: str) -> None:
        """Let the agent answer."""
        await self._act("POST", f"tickets/{number}/reply", {"body": text})

    async def solve(self, number: str) -> None:
        """Let the agent solve a ticket."""
        await self._act("PUT", f"tickets/{number}", {"status": 4})

    async def _act(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        await _call(method, f"{self.url}/api/v2/{path}", BasicAuth(self.agent_key, "X"), body)


class Zendesk(ZendeskSimulator):
    """The agent uses the API with their own token."""

    def __init__(self) -> None:
        super().__init__(per_minute=_CALLS_A_MINUTE, export_lag_s=_LAG_S)

    def section(self) -> Mapping[str, Any]:
        """The section ``[desk]``."""
        return {"kind": "zendesk", "url": self.url, "email": BOT, "token": self.key}

    def seen(self) -> list[Seen]:
        """Every ticket."""
        who = {user["id"]: {BOT: "bot", AGENT: "agent"}.get(user["email"], "user") for user in self.users.values()}
        return [
            Seen(
                id=str(number),
                key=str(ticket["external_id"] or ""),
                status=ticket["status"],
                subject=ticket["subject"] or "",
                words=tuple(
                    Word(by=who[one["author_id"]], text=one["plain_body"], is_public=one["public"])
                    for one in ticket["_comments"]
                ),
            )
            for number, ticket in self.tickets.items()
        ]

    async def answer(self, number: str, text: str) -> None:
        """Let the agent answer."""
        await self._act(number, {"comment": {"body": text, "public": True}})

    async def solve(self, number: str) -> None:
        """Let the agent solve a ticket."""
        await self._act(number, {"status": "solved"})

    async def _act(self, number: str, ticket: Mapping[str, Any]) -> None:
        login = BasicAuth(f"{AGENT}/token", self.tokens[AGENT])
        await _call("PUT", f"{self.url}/api/v2/tickets/{number}.json", login, {"ticket": ticket})


DESKS: Final[dict[str, type[Freshdesk | Zendesk]]] = {"freshdesk": Freshdesk, "zendesk": Zendesk}


async def _call(method: str, url: str, login: BasicAuth, body: Mapping[str, Any]) -> None:
    async with ClientSession(auth=login) as http, http.request(method, url, json=dict(body)) as answer:
        if not answer.ok:
            raise RuntimeError(f"{answer.status}: {await answer.text()}")


def application(desk: Desk, token: str) -> web.Application:
    """The agent's side over HTTP."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
            return web.json_response({"error": "The token is missing or wrong."}, status=401)
        try:
            return await handler(request)
        except (RuntimeError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)

    async def tickets(_: web.Request) -> web.Response:
        return web.json_response({"tickets": [asdict(ticket) for ticket in desk.seen()]})

    async def answer(request: web.Request) -> web.Response:
        said = await request.json()
        await desk.answer(said["id"], said["text"])
        return web.json_response({})

    async def solve(request: web.Request) -> web.Response:
        await desk.solve((await request.json())["id"])
        return web.json_response({})

    app = web.Application(middlewares=[guard])
    app.router.add_get("/tickets", tickets)
    app.router.add_post("/answer", answer)
    app.router.add_post("/solve", solve)
    return app


async def _serve(kind: str, token: str, *, is_leashed: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if is_leashed:
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 1) else stop.set())
    async with DESKS[kind]() as desk:
        runner = web.AppRunner(application(desk, token), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        said = {"url": f"http://127.0.0.1:{runner.addresses[0][1]}", "section": dict(desk.section())}
        sys.stdout.write(f"{json.dumps(said)}\n")
        sys.stdout.flush()
        await stop.wait()
        await runner.cleanup()
        if is_leashed:
            loop.remove_reader(sys.stdin.fileno())


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m simulators.desks", description="A simulated helpdesk.")
    parser.add_argument("kind", choices=DESKS)
    parser.add_argument("--leashed", action="store_true", help="end when standard input ends")
    options = parser.parse_args(arguments)
    token = os.environ.get("SIMULATORS_TOKEN", "")
    if not token:
        parser.error("Set SIMULATORS_TOKEN in the environment: whoever acts as the agent must show it.")
    asyncio.run(_serve(options.kind, token, is_leashed=options.leashed))


if __name__ == "__main__":
    main()
