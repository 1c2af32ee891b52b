"""The filtered stream: its rules, and the lines that every connection gets."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from simulators.twitter.query import Query
from simulators.twitter.render import Renderer, Wanted
from simulators.twitter.wire import ApiError, Json, Params, answered, at, invalid, problem
from simulators.twitter.world import Post, World

MAX_CONNECTIONS = 1
MAX_RULES = 1_000
_MAX_RULE_CHARS = 1_024
_DISCONNECT: Json = {
    "title": "operational-disconnect",
    "disconnect_type": "OperationalDisconnect",
    "detail": "This stream has been disconnected for operational reasons.",
    "type": "https://api.twitter.com/2/problems/operational-disconnect",
}


@dataclass(frozen=True, slots=True)
class _Rule:
    id: str
    value: str
    tag: str

    def wire(self) -> Json:
        values = {"id": self.id, "value": self.value, "tag": self.tag}
        return {name: value for name, value in values.items() if value}


class Streams:
    """The open connections and the rules; a post goes to each connection if a rule fits, and is lost otherwise."""

    def __init__(self, world: World, keep_alive_s: float) -> None:
        self._world = world
        self._keep_alive_s = keep_alive_s
        self._rules: dict[str, _Rule] = {}
        self._queues: list[asyncio.Queue[Post | Json | None]] = []

    @property
    def count(self) -> int:
        """How many connections are open."""
        return len(self._queues)

    def publish(self, post: Post) -> None:
        """Hand a new post, or a new version of one, to the connections."""
        for queue in self._queues:
            queue.put_nowait(post)

    def disconnect(self, *, quietly: bool) -> None:
        """End all connections, with an error in their midst unless quietly; what comes now is for the next one."""
        ended, self._queues = self._queues, []
        for queue in ended:
            if not quietly:
                queue.put_nowait({"errors": [_DISCONNECT]})
            queue.put_nowait(None)

    def connect(self) -> asyncio.Queue[Post | Json | None]:
        """Open a connection. Raises `ApiError` where there is one already, or no rule."""
        if len(self._queues) >= MAX_CONNECTIONS:
            detail = "This stream is currently at the maximum allowed connection limit."
            raise problem(
                429, "ConnectionException", detail, "streaming-connection", connection_issue="TooManyConnections"
            )
        if not self._rules:
            detail = "You must define at least one rule before connecting to the stream."
            raise problem(409, "RuleConfigurationIssue", detail, "rule-configuration-issue")
        queue: asyncio.Queue[Post | Json | None] = asyncio.Queue()
        self._queues.append(queue)
        return queue

    async def lines(
        self, queue: asyncio.Queue[Post | Json | None], params: Params
    ) -> AsyncGenerator[tuple[bytes, Post | None]]:
        """Return the lines of a connection until it ends, each with its post; empty lines keep it alive."""
        renderer = Renderer(self._world, None, Wanted.of(params))
        try:
            while True:
                try:
                    async with asyncio.timeout(self._keep_alive_s):
                        item = await queue.get()
                except TimeoutError:
                    yield b"\r\n", None
                    continue
                if item is None:
                    return
                if isinstance(item, dict):
                    yield json.dumps(item).encode() + b"\r\n", None
                elif rules := self._matching(item):
                    found = renderer.expand([item])
                    body: Json = {"data": renderer.post(item), "includes": renderer.includes(found)}
                    body["matching_rules"] = [{"id": rule.id, "tag": rule.tag} for rule in rules]
                    yield json.dumps({key: value for key, value in body.items() if value}).encode() + b"\r\n", item
        finally:
            if queue in self._queues:
                self._queues.remove(queue)

    def rules(self, params: Params) -> Json:
        """GET /2/tweets/search/stream/rules."""
        ids = params.names("ids")
        found = [rule.wire() for rule in self._rules.values() if not ids or rule.id in ids]
        return answered(found) | {"meta": {"sent": at(self._world.now()), "result_count": len(found)}}

    def change_rules(self, params: Params) -> Json:
        """POST /2/tweets/search/stream/rules: add or delete."""
        is_rehearsal = params.query.get("dry_run", "").lower() == "true"
        if isinstance(params.body.get("add"), list):
            return self._add(params.body["add"], is_rehearsal=is_rehearsal)
        if isinstance(params.body.get("delete"), dict):
            return self._delete(params.body["delete"], is_rehearsal=is_rehearsal)
        raise invalid("add", "", "Either `add` or `delete` must be given")

    def _add(self, wanted: list[Json], *, is_rehearsal: bool) -> Json:
        added: list[_Rule] = []
        errors: list[Json] = []
        for one in wanted:
            value = str(one.get("value", ""))
            twin = next((rule for rule in (*self._rules.values(), *added) if rule.value == value), None)
            if twin is not None:
                errors.append({"value": value, "id": twin.id} | _rule_problem("DuplicateRule", "duplicate-rules"))
            elif not value or len(value) > _MAX_RULE_CHARS:
                errors.append({"value": value} | _rule_problem("InvalidRule", "invalid-rules"))
            else:
                added.append(_Rule(self._world.new_id(), value, str(one.get("tag", ""))))
        if len(self._rules) + len(added) > MAX_RULES:
            raise _too_many_rules()
        if not is_rehearsal:
            self._rules |= {rule.id: rule for rule in added}
        summary = {"created": len(added), "not_created": len(errors), "valid": len(added), "invalid": len(errors)}
        return self._changed(summary, answered([rule.wire() for rule in added], errors))

    def _delete(self, wanted: Json, *, is_rehearsal: bool) -> Json:
        ids, values = wanted.get("ids", []), wanted.get("values", [])
        gone = [rule.id for rule in self._rules.values() if rule.id in ids or rule.value in values]
        for rule_id in [] if is_rehearsal else gone:
            del self._rules[rule_id]
        return self._changed({"deleted": len(gone), "not_deleted": len(ids) + len(values) - len(gone)}, {})

    def _changed(self, summary: dict[str, int], body: Json) -> Json:
        return body | {"meta": {"sent": at(self._world.now()), "summary": summary}}

    def _matching(self, post: Post) -> list[_Rule]:
        if not self._world.is_visible(post, None):
            return []
        return [rule for rule in self._rules.values() if Query(rule.value).fits(post, self._world)]


def _rule_problem(title: str, kind: str) -> Json:
    return {"title": title, "type": f"https://api.twitter.com/2/problems/{kind}"}


def _too_many_rules() -> ApiError:
    detail = f"Rule count limit has been reached. Max {MAX_RULES} rules."
    return problem(422, "RulesCapExceeded", detail, "rule-cap")
