"""``POST /control/<name>``: the methods of `Control` for other processes."""

import dataclasses
import hmac
import inspect
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from simulators.twitter.control import Control
from simulators.twitter.wire import json_response
from simulators.twitter.world import SimulatorError


class ControlHttp:
    """Serves a control; with a token, only to those who bring it as ``Authorization: Bearer``."""

    def __init__(self, control: Control, token: str) -> None:
        self._control = control
        self._token = token

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/control", self._list)
        app.router.add_post("/control/{name}", self._call)

    async def _list(self, request: web.Request) -> web.Response:
        if not self._is_allowed(request):
            return json_response({"error": "Unauthorized"}, 401)
        functions = inspect.getmembers(Control, inspect.isfunction)
        return json_response({name: inspect.getdoc(one) for name, one in functions if not name.startswith("_")})

    async def _call(self, request: web.Request) -> web.Response:
        """Call a method by name; ``batch`` takes ``{"steps": [{"do": name, ...}]}``."""
        if not self._is_allowed(request):
            return json_response({"error": "Unauthorized"}, 401)
        name = request.match_info["name"]
        try:
            arguments = await request.json() if request.can_read_body else {}
            if name == "batch":
                return json_response({"result": [await self._do(step.pop("do"), step) for step in arguments["steps"]]})
            return json_response({"result": await self._do(name, arguments)})
        except TimeoutError as error:
            return json_response({"error": str(error)}, 408)
        except (SimulatorError, TypeError, ValueError, KeyError) as error:
            return json_response({"error": f"{type(error).__name__}: {error}"}, 400)

    def _is_allowed(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        return not self._token or hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode())

    async def _do(self, name: str, arguments: dict[str, Any]) -> object:
        if name.startswith("_") or not inspect.isfunction(getattr(Control, name, None)):
            raise SimulatorError(f"There is no control {name!r}: GET /control lists them.")
        if isinstance(at := arguments.get("at"), str):
            arguments["at"] = datetime.fromisoformat(at)
        result = getattr(self._control, name)(**arguments)
        return _plain(await result if inspect.isawaitable(result) else result)


def _plain(value: object) -> object:
    """Return what JSON can carry: objects by their fields, times in ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value
