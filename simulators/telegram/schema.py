"""The Bot API schema (PaulSonOfLars/telegram-bot-api-spec) as a judge of what the simulator says.

It is no part of this repository: the environment variable PLATFORM_SPECS names the folder that holds it. Without it,
nothing is checked.
"""

import json
import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulators.telegram.wire import Json

SPECS_VARIABLE = "PLATFORM_SPECS"
SPECS_FILE = "telegram-bot-api-10.1.json"
_SIMPLE: dict[str, Json] = {
    "Integer": {"type": "integer"},
    "Float": {"type": "number"},
    "String": {"type": "string"},
    "Boolean": {"type": "boolean"},
    "InputFile": {},
}

Check = Callable[[str, Any], str]


def check_from_environment() -> Check | None:
    """Return a function from method name and result to the problem (empty where none), or None where not configured."""
    folder = os.environ.get(SPECS_VARIABLE)
    return _load(Path(folder) / SPECS_FILE) if folder else None


def to_json_schema(specs: Json) -> Json:
    """Turn the list of types into JSON Schema definitions; a field that the Bot API does not know is an error."""
    return {name: _definition(described) for name, described in specs["types"].items()}


def _definition(described: Json) -> Json:
    if "subtypes" in described:
        return {"anyOf": [_reference(name) for name in described["subtypes"]]}
    fields = described.get("fields", [])
    return {
        "type": "object",
        "properties": {field["name"]: _any_of(field["types"]) for field in fields},
        "required": [field["name"] for field in fields if field["required"]],
        "additionalProperties": False,
    }


def _any_of(names: Iterable[str]) -> Json:
    kinds = [_reference(name) for name in names]
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _reference(name: str) -> Json:
    if name.startswith("Array of "):
        return {"type": "array", "items": _reference(name.removeprefix("Array of "))}
    return _SIMPLE.get(name) or {"$ref": f"#/$defs/{name}"}


@lru_cache(maxsize=1)
def _load(path: Path) -> Check:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  a development dependency, needed only here

    specs = json.loads(path.read_text(encoding="utf-8"))
    definitions = to_json_schema(specs)
    results = {name.lower(): _any_of(method["returns"]) for name, method in specs["methods"].items()}
    results["update"] = _reference("Update")
    validators = {name: Draft202012Validator({**kind, "$defs": definitions}) for name, kind in results.items()}

    def check(method: str, result: Any) -> str:
        errors = sorted(validators[method.lower()].iter_errors(result), key=lambda error: len(error.path))
        return f"{method}: {errors[0].json_path}: {errors[0].message[:300]}" if errors else ""

    return check
