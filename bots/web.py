"""The bot's one web server: the live chat, webhooks, and whether the bot is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_MAX_BODY_BYTES = 1 << 20
_SHUTDOWN_S = 2.0


class WebError(Exception):
    """The web server cannot start; the message says what to change."""


async def start(
    host: str, port: int, routes: Iterable[web.AbstractRouteDef], health: Callable[[], Mapping[str, object]]
) -> tuple[web.AppRunner, int]:
    """Serve until the runner is cleaned up; gives the port (the one taken, where `port` is 0). Raises `WebError`."""
    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app.router.add_routes(routes)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response(health())

    app.router.add_get("/healthz", healthz)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise WebError(
            f"The live chat cannot listen on {host}:{port} ({error.strerror or error}). "
            "Stop what uses that port, or choose another: [web] port = 8081."
        ) from error
    taken: int = runner.addresses[0][1]
    return runner, taken
