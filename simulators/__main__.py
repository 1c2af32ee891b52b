"""``python -m simulators``: every simulated network with its cast, for the playground.

Prints one line of JSON, ``{"url": …, "connections": {NETWORK: section of firstline.toml}}``, and serves on 127.0.0.1

* ``GET /scenes``: every `View`; ``GET /scenes/NETWORK?since=REVISION``: one, at the latest after 20 s;
* ``GET /sent/NETWORK``: everything that the bot posted there, in order;
* ``POST /scenes/NETWORK/ACT`` with the arguments of `Scene`'s method of that name as a JSON object.

Whoever asks must say ``Authorization: Bearer`` and the token that stands in the environment as ``SIMULATORS_TOKEN``. It
ends on SIGINT, SIGTERM and, with ``--leashed``, when its standard input ends: that is, when who started it is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import importlib
import json
import os
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from simulators.scene import Scene, SceneError, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiohttp.typedefs import Handler

SCENES: Final = {
    "telegram": "TelegramScene",
    "discord": "DiscordScene",
    "twitter": "TwitterScene",
    "reddit": "RedditScene",
}
_ACTS: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {  # what each must have and may have
    "say": (frozenset({"person", "place", "text"}), frozenset({"reply_to", "title"})),
    "slash": (frozenset({"person", "place", "command", "text"}), frozenset()),
    "menu": (frozenset({"person", "post"}), frozenset()),
    "press": (frozenset({"person", "post", "button"}), frozenset()),
    "edit": (frozenset({"person", "post", "text"}), frozenset()),
    "delete": (frozenset({"person", "post"}), frozenset()),
    "fault": (frozenset({"name", "on"}), frozenset()),
    "join": (frozenset({"name"}), frozenset()),
    "repeat": (frozenset(), frozenset()),
}
_LONGEST_WAIT_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.1


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m simulators", description="The simulated networks.")
    parser.add_argument("--only", default=",".join(SCENES), help="networks, with commas between")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--leashed", action="store_true", help="end when standard input ends")
    options = parser.parse_args(arguments)
    token = os.environ.get("SIMULATORS_TOKEN", "")
    if not token:
        parser.error("Set SIMULATORS_TOKEN in the environment: whoever plays must show it.")
    names = [name for name in options.only.split(",") if name]
    if unknown := [name for name in names if name not in SCENES]:
        parser.error(f"There is no network {unknown[0]!r}; there are {', '.join(SCENES)}.")
    asyncio.run(_serve(found(names), token, options.port, is_leashed=options.leashed))


def found(names: Iterable[str]) -> list[Scene]:
    """A scene for each network named, without those that nobody has built."""
    scenes: list[Scene] = []
    for name in names:
        module = f"simulators.{name}.scene"
        try:
            scenes.append(getattr(importlib.import_module(module), SCENES[name])())
        except ModuleNotFoundError as error:
            if error.name not in {module, module.rpartition(".")[0]}:
                raise
    return scenes


def application(scenes: Sequence[Scene], token: str) -> web.Application:
    """The scenes over HTTP."""
    by_name = {scene.network: scene for scene in scenes}

    def scene_of(request: web.Request) -> Scene:
        name = request.match_info["network"]
        if name not in by_name:
            raise SceneError(f"There is no network {name!r} here.")
        return by_name[name]

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
            return web.json_response({"error": "The token is missing or wrong."}, status=401)
        try:
            return await handler(request)
        except SceneError as error:
            return web.json_response({"error": str(error)}, status=400)

    async def all_views(_: web.Request) -> web.Response:
        return web.json_response({"scenes": [asdict(scene.view()) for scene in scenes]})

    async def one_view(request: web.Request) -> web.Response:
        view = await _changed(scene_of(request), request.query.get("since", ""))
        return web.Response(status=204) if view is None else web.json_response(asdict(view))

    async def sent(request: web.Request) -> web.Response:
        return web.json_response({"sent": [asdict(one) for one in scene_of(request).sent()]})

    async def act(request: web.Request) -> web.Response:
        post = await _act(scene_of(request), request.match_info["act"], _arguments(await request.text()))
        return web.json_response({"post": post or ""})

    app = web.Application(middlewares=[guard])
    app.router.add_get("/scenes", all_views)
    app.router.add_get("/scenes/{network}", one_view)
    app.router.add_get("/sent/{network}", sent)
    app.router.add_post("/scenes/{network}/{act}", act)
    return app


async def _serve(scenes: Sequence[Scene], token: str, port: int, *, is_leashed: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if is_leashed:
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 1) else stop.set())
    async with AsyncExitStack() as stack:
        for scene in scenes:
            await scene.start()
            stack.push_async_callback(scene.stop)
        runner = web.AppRunner(application(scenes, token), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        said = {
            "url": f"http://127.0.0.1:{runner.addresses[0][1]}",
            "connections": {scene.network: dict(scene.connection()) for scene in scenes},
        }
        sys.stdout.write(f"{json.dumps(said)}\n")
        sys.stdout.flush()
        await stop.wait()
        if is_leashed:
            loop.remove_reader(sys.stdin.fileno())


async def _changed(scene: Scene, since: str) -> View | None:
    """The view once it is another than that of the revision; None where that takes too long."""
    until = asyncio.get_running_loop().time() + _LONGEST_WAIT_S
    while str((view := scene.view()).revision) == since:
        if asyncio.get_running_loop().time() > until:
            return None
        await asyncio.sleep(_LOOK_EVERY_S)
    return view


async def _act(scene: Scene, name: str, arguments: dict[str, Any]) -> str | None:
    if name not in _ACTS:
        raise SceneError(f"There is no act {name!r}; there are {', '.join(_ACTS)}.")
    needed, optional = _ACTS[name]
    if missing := needed - arguments.keys():
        raise SceneError(f"{name} needs {', '.join(sorted(missing))}.")
    if unknown := arguments.keys() - needed - optional:
        raise SceneError(f"{name} does not know {', '.join(sorted(unknown))}.")
    for key, value in arguments.items():
        if not isinstance(value, bool if key == "on" else str):
            raise SceneError(f"{key} is of the wrong kind.")
    result: str | None = await getattr(scene, name)(**arguments)
    return result


def _arguments(body: str) -> dict[str, Any]:
    try:
        arguments = json.loads(body or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise SceneError("The body must be a JSON object.")
    return arguments


if __name__ == "__main__":
    main()
