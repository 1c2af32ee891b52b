"""The control over HTTP: a method of `Control` by its name, its arguments and its result as JSON."""

import dataclasses
import inspect
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from simulators.reddit.control import Control
from simulators.reddit.wire import Json, SimulatorError
from simulators.reddit.world import Subreddit, User


async def drive(control: Control, name: str, body: str) -> tuple[int, Json]:
    """Call a method; ``batch`` takes ``{"steps": [{"do": name, ...}]}``. Gives the HTTP status and the answer."""
    try:
        arguments = json.loads(body or "{}")
        if name == "batch":
            return 200, {"result": [await _do(control, step.pop("do"), step) for step in arguments["steps"]]}
        return 200, {"result": await _do(control, name, arguments)}
    except TimeoutError as error:
        return 408, {"error": str(error)}
    except (SimulatorError, TypeError, ValueError, KeyError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}


async def _do(control: Control, name: str, arguments: dict[str, Any]) -> object:
    if name.startswith("_") or not inspect.isfunction(getattr(Control, name, None)):
        raise SimulatorError(f"There is no control {name!r}: GET /control lists them.")
    if isinstance(at := arguments.get("at"), str):
        arguments["at"] = datetime.fromisoformat(at)
    result = getattr(control, name)(**arguments)
    return _plain(await result if inspect.isawaitable(result) else result)


def _plain(value: object) -> object:
    """Return what JSON can carry: objects by their fields, people and subreddits by their names, times in ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, User | Subreddit):
        return value.name
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | AbstractSet):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value
