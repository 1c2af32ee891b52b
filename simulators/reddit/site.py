"""The API's methods by path, and what each of them is asked with."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulators.reddit.journal import Call, Journal
from simulators.reddit.modmail import Modmail
from simulators.reddit.wire import ApiError, Json
from simulators.reddit.world import User, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All that a method works on."""

    world: World
    modmail: Modmail
    journal: Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call of a method: who, with what. `parts` are the variable parts of the path."""

    call: Call
    viewer: User | None
    query: Mapping[str, str]
    form: Mapping[str, str]
    parts: Mapping[str, str]

    @property
    def user(self) -> User:
        """Who is logged in. Raises `ApiError` 403 where nobody is."""
        if self.viewer is None:
            raise ApiError(403)
        return self.viewer

    def is_set(self, name: str) -> bool:
        """Say whether a field of the form, or of the query, is true."""
        return (self.form.get(name) or self.query.get(name) or "").lower() in {"true", "1", "on", "yes"}


Answer = Json | list[Json] | None
Method = Callable[[Site, Ask], tuple[int, Answer]]
ROUTES: list[tuple[str, re.Pattern[str], Method]] = []


def route(http_method: str, *templates: str) -> Callable[[Method], Method]:
    """Register a method for paths, with `{name}` for a variable part."""

    def register(method: Method) -> Method:
        for template in templates:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
            ROUTES.append((http_method, re.compile(pattern), method))
        return method

    return register


def find(http_method: str, path: str) -> tuple[Method, Mapping[str, str]]:
    """Return the method of a path without a slash at its end. Raises `ApiError` 404."""
    for known, pattern, method in ROUTES:
        if known == http_method and (match := pattern.fullmatch(path)):
            return method, match.groupdict()
    raise ApiError(404)
