"""The control over HTTP: a method of a simulator's control by its name, its arguments and its result as JSON."""

import base64
import dataclasses
import hmac
import inspect
import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class SimulatorError(Exception):
    """The control of the simulator was asked for something that cannot be; the message says what."""


_REFUSED: tuple[type[Exception], ...] = (SimulatorError, TypeError, ValueError, KeyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlHttp:
    """Serves the public methods that `offers`, a class of `control`, declares.

    With a `token`, only to those who bring it as ``Authorization: Bearer``, others are answered `refusal`; with
    `is_bare_token_taken` it may also stand alone. `answer` makes the response from a body and a status. `writers` show
    values of exactly these types; `readers` read arguments that are JSON objects, by the argument's name; `errors` are
    answered with 400, as are `SimulatorError` and what wrong arguments raise.
    """

    control: object
    offers: type
    answer: Callable[[Json, int], web.Response]
    token: str = ""
    refusal: str = "The control wants its token."
    is_bare_token_taken: bool = False
    writers: Mapping[type, Callable[[Any], object]] = field(default_factory=dict)
    readers: Mapping[str, Callable[[Json], object]] = field(default_factory=dict)
    errors: tuple[type[Exception], ...] = ()

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/control", self._list)
        app.router.add_post("/control/{name}", self._call)

    async def _list(self, request: web.Request) -> web.Response:
        if not self._is_allowed(request):
            return self.answer({"error": self.refusal}, 401)
        functions = inspect.getmembers(self.offers, inspect.isfunction)
        return self.answer({name: inspect.getdoc(one) for name, one in functions if not name.startswith("_")}, 200)

    async def _call(self, request: web.Request) -> web.Response:
        """Call a method by name; ``batch`` takes ``{"steps": [{"do": name, ...}]}``."""
        if not self._is_allowed(request):
            return self.answer({"error": self.refusal}, 401)
        name = request.match_info["name"]
        try:
            arguments = json.loads(await request.text() or "{}")
            result: object
            if name == "batch":
                result = [await self._do(step.pop("do"), step) for step in arguments["steps"]]
            else:
                result = await self._do(name, arguments)
            return self.answer({"result": result}, 200)
        except TimeoutError as error:
            return self.answer({"error": str(error)}, 408)
        except _REFUSED + self.errors as error:
            return self.answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def _is_allowed(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        if self.is_bare_token_taken:
            given = f"Bearer {given.removeprefix('Bearer ')}"
        return not self.token or hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode())

    async def _do(self, name: str, arguments: Json) -> object:
        if name.startswith("_") or not inspect.isfunction(getattr(self.offers, name, None)):
            raise SimulatorError(f"There is no control {name!r}: GET /control lists them.")
        for argument, read in self.readers.items():
            if isinstance(given := arguments.get(argument), dict):
                arguments[argument] = read(given)
        if isinstance(at := arguments.get("at"), str):
            arguments["at"] = datetime.fromisoformat(at)
        result = getattr(self.control, name)(**arguments)
        return self._plain(await result if inspect.isawaitable(result) else result)

    def _plain(self, value: object) -> object:  # noqa: PLR0911  one line a kind of value
        """Return what JSON can carry: objects by their fields, times in ISO 8601, bytes in base64."""
        if (writer := self.writers.get(type(value))) is not None:
            return writer(value)
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, Mapping):
            return {str(key): self._plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple | AbstractSet):
            return [self._plain(item) for item in value]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {one.name: self._plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
        return value
