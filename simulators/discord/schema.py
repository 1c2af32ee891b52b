"""Discord's own OpenAPI document (discord/discord-api-spec) as a judge of what the simulator says.

It is no part of this repository: the environment variable PLATFORM_SPECS names the folder that holds it. Without it,
nothing is checked.
"""

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulators.discord.wire import Json

SPECS_VARIABLE = "PLATFORM_SPECS"
SPECS_FILE = "discord-openapi.json"
_FIELD_ERROR: Json = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
    "additionalProperties": False,
}


class Schema:
    """Checks answers by address and status, and single objects by the name of their schema."""

    def __init__(self, document: Json) -> None:
        self._document = document
        # The document says that the codes inside a form's errors are numbers; Discord's reference shows texts.
        document["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]["items"] = _FIELD_ERROR
        self._paths = {_nameless(path): operations for path, operations in document["paths"].items()}
        self._validator = lru_cache(maxsize=None)(self._compiled)

    def check_answer(self, method: str, route: str, status: int, body: object) -> str:
        """Return the problem with an answer, empty where there is none."""
        responses: Json = self._paths.get(_nameless(route), {}).get(method.lower(), {}).get("responses", {})
        if not responses:
            return f"{method} {route}: Discord has no such address"
        response = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        if response is None:
            return f"{method} {route}: Discord never answers {status} here"
        if "$ref" in response:
            response = self._document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        content: Json = response.get("content", {}).get("application/json", {})
        if "schema" not in content:
            return "" if body is None else f"{method} {route}: an answer {status} has no body"
        return self._problem(f"{method} {route} {status}", json.dumps(content["schema"]), body)

    def check_object(self, name: str, body: object) -> str:
        """Return the problem with an object that is to fit the schema of this name."""
        return self._problem(name, json.dumps({"$ref": f"#/components/schemas/{name}"}), body)

    def _problem(self, what: str, schema: str, body: object) -> str:
        errors = sorted(self._validator(schema).iter_errors(body), key=lambda error: len(error.path))
        return f"{what}: {errors[0].json_path}: {errors[0].message[:300]}" if errors else ""

    def _compiled(self, schema: str) -> Any:
        from jsonschema import Draft202012Validator  # noqa: PLC0415  a development dependency, needed only here

        return Draft202012Validator({**json.loads(schema), "components": self._document["components"]})


def schema_from_environment() -> Schema | None:
    """Return the judge, or None where not configured."""
    folder = os.environ.get(SPECS_VARIABLE)
    return _load(Path(folder) / SPECS_FILE) if folder else None


@lru_cache(maxsize=1)
def _load(path: Path) -> Schema:
    return Schema(json.loads(path.read_text(encoding="utf-8")))


def _nameless(path: str) -> str:
    """Return an address without the names of its parameters, which differ."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
