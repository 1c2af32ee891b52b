"""One call as the endpoints see it, and what every endpoint that lists things shares: pages and charges."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from simulators.twitter.auth import Caller
from simulators.twitter.billing import Item, Meter
from simulators.twitter.journal import Call, Journal
from simulators.twitter.render import Included, Renderer, Wanted
from simulators.twitter.stream import Streams
from simulators.twitter.wire import Json, Params, answered, invalid
from simulators.twitter.world import Message, Post, User, World

_TOKEN_PREFIX = "7140dibdnow9c7btw"


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T", bound=_HasId)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A call: who makes it, what it asks for, and what it works on."""

    world: World
    journal: Journal
    meter: Meter
    streams: Streams
    call: Call
    caller: Caller
    params: Params

    @property
    def viewer(self) -> User | None:
        """The account that calls; None for app-only calls."""
        return self.caller.bot.user if self.caller.bot is not None else None

    @property
    def account(self) -> User:
        """The account that calls, where the endpoint demands one."""
        assert self.caller.bot is not None  # noqa: S101  the server lets no other call through
        return self.caller.bot.user

    @property
    def renderer(self) -> Renderer:
        """What makes JSON for this call."""
        return Renderer(self.world, self.viewer, Wanted.of(self.params))

    def charge(self, item: Item, resource_id: str = "") -> None:
        """Charge for a resource read, or for something written where there is no id."""
        self.call.cost += self.meter.read(item, resource_id) if resource_id else self.meter.write(item)

    def posts(self, posts: Sequence[Post], item: Item, errors: Sequence[Json] = ()) -> Json:
        """Return posts with their expansions, charging for each."""
        renderer = self.renderer
        found = renderer.expand(posts)
        for post in posts:
            self.charge(item, post.id)
        return answered([renderer.post(post) for post in posts], *self._rest(renderer, found, errors))

    def messages(self, messages: Sequence[Message]) -> Json:
        """Return direct messages with their expansions, charging for each."""
        renderer = self.renderer
        found = renderer.expand(messages=messages)
        for message in messages:
            self.charge(Item.DM_READ, message.id)
        return answered([renderer.message(message) for message in messages], *self._rest(renderer, found, ()))

    def _rest(self, renderer: Renderer, found: Included, errors: Sequence[Json]) -> tuple[list[Json], Json]:
        for user_id in found.users:
            self.charge(Item.USER_READ, user_id)
        for post_id in found.posts:
            self.charge(Item.POST_READ, post_id)
        return [*errors, *found.errors.values()], renderer.includes(found)

    def page(self, items: Iterable[_T], size: int, show: Callable[[Sequence[_T]], Json]) -> Json:
        """Return one page of a list that is newest first, with the token of the next."""
        before, after = self._bounds()
        newest_first = _between(items, before, after)
        page = list(islice(newest_first, size))
        meta: Json = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
            if next(newest_first, None) is not None:
                meta["next_token"] = f"{_TOKEN_PREFIX}{int(page[-1].id):x}"
        return show(page) | {"meta": meta}

    def _bounds(self) -> tuple[int | None, int]:
        """Return the id below which, and that above which, things are asked for."""
        until, since = self.params.post_id("until_id"), self.params.post_id("since_id")
        befores = [int(until)] if until else []
        name = "pagination_token" if "pagination_token" in self.params.query else "next_token"
        if token := self.params.query.get(name):
            try:
                befores.append(int(token.removeprefix(_TOKEN_PREFIX), 16))
            except ValueError:
                message = f"The `{name}` query parameter value [{token}] is not valid"
                raise invalid(name, token, message) from None
        return min(befores, default=None), int(since or 0)


def _between(items: Iterable[_T], before: int | None, after: int) -> Iterator[_T]:
    for item in items:
        if int(item.id) <= after:
            return
        if before is None or int(item.id) < before:
            yield item
