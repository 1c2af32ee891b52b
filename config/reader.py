"""Turns what the sources hold into typed sections, and everything that does not fit into sentences."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, SecretStr, ValidationError

from config import fields
from config.logs import MIN_SECRET_CHARS, Redactor
from config.problems import ENVIRONMENT_PREFIX, Origin, Problem, nearest, variable_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from config.sources import Sources

_CHANNEL_NAME = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*")
_MAX_SECRET_BYTES = 64 * 1024
_OTHER_TABLES = ("channels", "desk")
_TOP_LEVEL = ("data_dir",)
_UNTOLD = frozenset({"memory"})  # a kind for tests, which keeps nothing


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a section may be: the `what` ("channel" or "desk"), the names of all kinds, and the model of one."""

    what: str
    names: Sequence[str]
    model: Callable[[str], type[BaseModel]]


class Reader:
    """Reads sections one after the other; `Sources.problems`, `warnings` and the secrets seen add up."""

    def __init__(self, found: Sources, core: Mapping[str, Sequence[str]]) -> None:
        self._found = found
        self._core = core  # the keys of every section that is always there, to say where a misplaced key belongs
        self._secrets: list[str] = []
        self.warnings: list[str] = []

    def problems(self) -> list[Problem]:
        """Everything that is wrong, in the order of the file, without any secret that was seen."""
        redact = Redactor(self._secrets)
        ordered = sorted(self._found.problems, key=lambda each: (each.variable or "", each.line or 0))
        return [replace(each, message=redact(each.message), cure=redact(each.cure)) for each in ordered]

    def section(self, path: tuple[str, ...], model: type[BaseModel], *, kind: str | None = None) -> BaseModel | None:
        """The table at `path` as the model, or None when something in it is wrong."""
        raw = self._table(path)
        if raw is None:
            return None
        before = len(self._found.problems)
        values = self._prepared(raw, path, model)
        if kind is not None:
            values["kind"] = kind
        told = {problem.key for problem in self._found.problems[before:]}
        try:
            section = model.model_validate(values)
        except ValidationError as error:
            for each in error.errors(include_url=False, include_context=False, include_input=False):
                self._report_invalid(path, model, each, told)
            return None
        return section if len(self._found.problems) == before else None

    def kinded(self, path: tuple[str, ...], kinds: Kinds, *, default: str) -> BaseModel | None:
        """The table at `path` as the section of its `kind`."""
        raw = self._table(path)
        if raw is None:
            return None
        kind = raw.get("kind", default)
        if kind in kinds.names:
            return self.section(path, kinds.model(kind), kind=kind)
        shown = [name for name in kinds.names if name not in _UNTOLD]
        known = ", ".join(shown)
        meant = nearest(str(kind), shown) or _abbreviated(str(kind), shown)
        cure = f"did you mean `{meant}` (of {known})?" if meant else f"the kinds are: {known}"
        if "kind" in raw:
            self._found.report((*path, "kind"), f"there is no kind of {kinds.what} called `{kind}`", cure)
        else:
            message = f"there is no kind of {kinds.what} called `{kind}`, and no `kind` says what it is"
            self._found.report(path, message, cure)
        return None

    def channel_names(self) -> list[str]:
        """The names of the configured channels; a name that cannot be one is reported."""
        names = self._table(("channels",)) or {}
        good = [name for name in names if _CHANNEL_NAME.fullmatch(name)]
        for name in names.keys() - set(good):
            cure = "use letters, digits and single hyphens or underscores"
            self._found.report(("channels", name), "this cannot be the name of a channel", cure)
        return good

    def top_level_path(self, key: str) -> Path | None:
        """A path that stands outside of every section."""
        value = self._found.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self._found.report((key,), "must be a path in quotes", f'for example: {key} = "/var/lib/firstline"')
            return None
        return self._resolved((key,), value)

    def names_in_tables(self, path: tuple[str, str], key: str) -> list[list[str]]:
        """The names that each of several tables has below `key`: what is no name is left out, whoever reports it."""
        section = self._found.values.get(path[0])
        tables = section.get(path[1]) if isinstance(section, dict) else None
        tables = fields.split(tables) if isinstance(tables, str) else tables
        values = [each.get(key) if isinstance(each, dict) else None for each in _listed(tables)]
        return [[name for name in _listed(value) if isinstance(name, str)] for value in values]

    def report_unknown_name(self, path: tuple[str, ...], what: str, name: str, known: Iterable[str]) -> None:
        """Report a name that stands for a section of ours, where there is none of that name."""
        if name not in known:
            meant = nearest(name, known)
            cure = f"did you mean `{meant}`?" if meant else f"there are: {', '.join(known)}"
            self._found.report(path, f"there is no {what} called `{name}`", cure)

    def report_unknown_sections(self, channels: Kinds) -> None:
        """Report whatever stands at the top level and is no section."""
        known = (*self._core, *_OTHER_TABLES, *_TOP_LEVEL)
        for key in self._found.values.keys() - set(known):
            if (variable := self._found.origin((key,)).variable) is not None:
                self._report_unknown_variable(variable, key, channels)
                continue
            is_table = isinstance(self._found.values[key], dict)
            message = "there is no such section" if is_table else "there is no such key"
            self._found.report((key,), message, self._nearest_key((), key, known))

    def _report_unknown_variable(self, variable: str, key: str, channels: Kinds) -> None:
        """Report a variable that begins with no section, for example with one underscore where two belong."""
        paths: list[tuple[str, ...]] = [(key,) for key in _TOP_LEVEL]
        paths += [(section, key) for section, keys in self._core.items() for key in keys]
        for kind in channels.names:
            if variable_name([kind]).removeprefix(ENVIRONMENT_PREFIX) in variable:
                paths += [("channels", kind, key) for key in fields.keys(channels.model(kind))]
        meant = nearest(key, ("__".join(path) for path in paths))
        cure = (
            f"did you mean `{ENVIRONMENT_PREFIX}{meant.upper()}`?"
            if meant
            else f"it begins with one of: {', '.join(self._core)}"
        )
        self._found.report((), "no key belongs to this variable", cure, at=Origin(variable=variable))

    def _table(self, path: tuple[str, ...]) -> dict[str, Any] | None:
        value: Any = self._found.values
        for part in path:
            value = value.get(part, {})
        if isinstance(value, dict):
            return value
        cure = f"write [{'.'.join(path)}] and the keys below it"
        if self._found.origin(path).variable:
            cure = f"name a key of it: {variable_name(path)}__…"
        self._found.report(path, "this is a section, not a value", cure)
        return None

    def _prepared(self, raw: Mapping[str, Any], path: tuple[str, ...], model: type[BaseModel]) -> dict[str, Any]:
        """The values as pydantic reads them: secrets fetched, paths resolved, the environment's lists split."""
        values = dict(raw)
        for name, field in model.model_fields.items():
            here = (*path, name)
            types = list(fields.types(field.annotation))
            if SecretStr in types:
                self._read_secret(values, path, name, field)
                continue
            value = values.get(name)
            if isinstance(value, dict) and (nested := fields.model_in(types)):
                values[name] = self._prepared(value, here, nested)
            elif isinstance(value, str) and Path in types:
                values[name] = self._resolved(here, value)
            elif isinstance(value, str) and self._found.origin(here).variable and fields.is_collection(types):
                values[name] = fields.split(value)
        return values

    def _read_secret(self, values: dict[str, Any], path: tuple[str, ...], name: str, field: FieldInfo) -> None:
        """Leave the secret itself under `name`, wherever it was."""
        here, there = (*path, name), (*path, f"{name}_file")
        if name in values and there[-1] in values:
            ours, theirs = self._found.origin(here), self._found.origin(there)
            if (ours.variable is None) == (theirs.variable is None):
                self._found.report(there, f"both `{name}` and `{name}_file` are given", "remove one of them")
            del values[name if ours.variable is None and theirs.variable is not None else there[-1]]
        if there[-1] in values:
            values[name] = self._secret_from(there, values.pop(there[-1]))
        secret = values.get(name)
        if isinstance(secret, str | int):
            self._secrets.append(str(secret))
        if secret == "":
            del values[name]
            if field.is_required():
                self._found.report(here, "it is empty", "write the secret there, whole")
        elif isinstance(secret, str) and len(secret) < MIN_SECRET_CHARS:
            self._found.report(here, f"a secret needs at least {MIN_SECRET_CHARS} characters", "copy it again, whole")

    def _secret_from(self, path: tuple[str, ...], value: Any) -> str:
        """The content of the file, without the line's end; a stand-in when the file is refused, which is reported."""
        stand_in = "x" * 64
        if not isinstance(value, str):
            self._found.report(path, "must be a path in quotes", f'for example: {path[-1]} = "/run/secrets/name"')
            return stand_in
        before = len(self._found.problems)
        file = self._resolved(path, value)
        if len(self._found.problems) > before:
            return stand_in
        try:
            with file.open("rb") as opened:
                content = opened.read(_MAX_SECRET_BYTES)
                mode = file.stat().st_mode
            secret = content.decode().rstrip("\r\n")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            self._found.report(path, f"{file} cannot be read: {reason}", "give the path of a readable file")
            return stand_in
        if len(secret) < MIN_SECRET_CHARS:
            self._secrets.append(secret)
            fault = f"holds fewer than {MIN_SECRET_CHARS} characters" if secret else "is empty"
            self._found.report(path, f"{file} {fault}", "put the secret into it, and nothing else")
            return stand_in
        if mode & stat.S_IROTH:
            self.warnings.append(f"{file} can be read by every user of this machine; run: chmod 600 {file}")
        return secret

    def _resolved(self, path: tuple[str, ...], value: str) -> Path:
        file = self._found.origin(path).file
        if not value:
            self._found.report(path, "this path is empty", "give a path, or remove the key")
        try:
            expanded = Path(value).expanduser()
        except RuntimeError:
            self._found.report(path, f"the home folder in `{value}` is not known", "write the whole path")
            return Path(value)
        return file.parent / expanded if file is not None else expanded

    def _report_invalid(
        self,
        path: tuple[str, ...],
        model: type[BaseModel],
        error: ErrorDetails,
        told: set[str],
    ) -> None:
        """Report one of pydantic's errors, one a key."""
        loc = error["loc"]
        inner = fields.model_of_items(model, str(loc[0])) if loc else None
        several = ".".join((*path, str(loc[0]))) if inner else ""
        if inner is not None and len(loc) > 1:  # one of several tables, each with lines of its own
            path, model, loc = (*path, str(loc[0]), f"[{loc[1]}]"), inner, loc[2:]
        full = (*path, *(str(part) for part in loc))
        key = full[: len(path) + 1]
        index = "".join(f"[{part}]" for part in loc[1:2] if isinstance(part, int))
        dotted = ".".join(full if error["type"] in {"extra_forbidden", "missing"} else key)
        if dotted in told or f"{dotted}_file" in told:
            return
        told.add(dotted)
        if error["type"] == "extra_forbidden":
            keys = list(fields.keys(model)) if len(full) == len(key) else []
            self._found.report(full, "there is no such key", self._nearest_key(path, full[-1], keys))
        elif inner is not None and len(error["loc"]) <= 2 and error["type"] in {"tuple_type", "model_type"}:  # noqa: PLR2004
            self._found.report(key, "these are several tables", f"write [[{several}]] above each of them")
        elif error["type"] == "missing":
            self._found.report(full, "this key is missing", self._how_to_give(full, model))
        else:
            message = (
                error["msg"]
                .removeprefix("Value error, ")
                .replace("Input should be", "must be")
                .replace("a valid tuple", "a list")
            )
            place = f"{index} " if index else ""
            self._found.report(key, place + message[:1].lower() + message[1:], self._example(key, model, error["type"]))

    def _nearest_key(self, path: tuple[str, ...], wrong: str, known: Sequence[str]) -> str:
        """What to write in place of a key that does not exist."""
        # The environment holds several tables as one value, in which a key has its own name.
        in_list = any(part.startswith("[") for part in path)
        variable = self._found.origin((*path, wrong)).variable is not None and not in_list
        if meant := nearest(wrong, known):
            return f"did you mean `{variable_name((*path, meant)) if variable else meant}`?"
        for section, keys in self._core.items():
            if wrong in keys:
                return f"`{wrong}` belongs in [{section}]"
        return f"the keys here are: {', '.join(known)}" if known else "remove it"

    def _example(self, path: tuple[str, ...], model: type[BaseModel], error_type: str) -> str:
        """What a right value looks like, where there is a default to show."""
        default = fields.default_in_toml(model, path[-1])
        if self._found.origin(path).variable:
            return f"for example: {variable_name(path)}={default}" if default else ""
        if error_type == "string_type":
            return f'write it in quotes: {path[-1]} = "…"'
        return f"for example: {path[-1]} = {default}" if default else ""

    @staticmethod
    def _how_to_give(path: tuple[str, ...], model: type[BaseModel]) -> str:
        name, section = path[-1], ".".join(path[:-1])
        field = model.model_fields.get(name)
        secret = field is not None and SecretStr in fields.types(field.annotation)
        also = f", or `{name}_file` with the path of a file that holds it" if secret else ""
        return f"give `{name}` in [{section}]{also}, or set {variable_name(path)}"


def _listed(value: object) -> list[Any]:
    """The list, or an empty one in place of anything else."""
    return value if isinstance(value, list) else []


def _abbreviated(name: str, known: Sequence[str]) -> str | None:
    """The only known name of which `name` is the initials or the beginning."""
    short = name.lower().replace("-", "_")
    found = [each for each in known if short and (each.startswith(short) or short == _initials(each))]
    return found[0] if len(found) == 1 else None


def _initials(name: str) -> str:
    return "".join(part[:1] for part in name.split("_"))
