"""The bot's web servers: one for the live chat, webhooks and probes, one of its own for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from bots.health import Part

_MAX_BODY_BYTES = 1 << 20
_SHUTDOWN_S = 2.0
_NOT_READY = 503


class WebError(Exception):
    """The web server cannot start; the message says what to change."""


class Probed(Protocol):
    """A bot that can be asked how it is."""

    def how_it_is(self) -> Mapping[str, object]:
        """What ``/healthz`` says."""

    def why_not_ready(self, channels: Collection[str] | None) -> Iterable[Part]:
        """What keeps the bot from its work; of these channels only, where they are given. Raises `LookupError`."""


def probes(bot: Probed) -> list[web.RouteDef]:
    """``/healthz``: the process is alive (always 200), and how it is; ``/readyz``: 200, or 503 and why not."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response(bot.how_it_is())

    async def readyz(request: web.Request) -> web.Response:
        try:
            reasons = bot.why_not_ready(request.query.getall("channel", None))
        except LookupError as error:
            raise web.HTTPNotFound(text=str(error)) from error
        shown = [{"part": part.name, "state": part.state, "reason": part.reason} for part in reasons]
        return web.json_response(
            {"status": "not ready" if shown else "ready", "reasons": shown}, status=_NOT_READY if shown else 200
        )

    return [web.get("/healthz", healthz), web.get("/readyz", readyz)]


def metrics(exposition: Callable[[], tuple[bytes, str]]) -> web.RouteDef:
    """``/metrics``: what Prometheus reads."""

    async def scraped(_: web.Request) -> web.Response:
        body, content_type = exposition()
        return web.Response(body=body, headers={"Content-Type": content_type})

    return web.get("/metrics", scraped)


async def start(
    host: str, port: int, routes: Iterable[web.AbstractRouteDef], *, what: str = "live chat", key: str = "port = 8081"
) -> tuple[web.AppRunner, int]:
    """Serve until the runner is cleaned up; gives the port (the one taken, where `port` is 0). Raises `WebError`.

    Args:
        host: to listen on.
        port: to listen on.
        routes: what is served.
        what: it is, for people.
        key: of ``[web]`` that chooses another port.
    """
    app = web.Application(client_max_size=_MAX_BODY_BYTES)
    app.router.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except (OSError, OverflowError) as error:  # the latter: there is no such port
        await runner.cleanup()
        raise WebError(
            f"The {what} cannot listen on {host}:{port} ({getattr(error, 'strerror', None) or error}). "
            f"Stop what uses that port, or choose another: [web] {key}."
        ) from error
    taken: int = runner.addresses[0][1]
    return runner, taken
