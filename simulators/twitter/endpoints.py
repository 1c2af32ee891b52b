"""The endpoints: who may call each, how often, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass

from simulators.twitter import reads, writes
from simulators.twitter.context import Context
from simulators.twitter.limits import Limit
from simulators.twitter.wire import Json

APP = "OAuth 2.0 Application-Only"
USER = "OAuth 1.0a User Context, OAuth 2.0 User Context"
STREAM = "GET /2/tweets/search/stream"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`name` is the HTTP method and the path; `takes` the kinds of callers; the stream has no single answer."""

    name: str
    handle: Callable[[Context], Json] | None
    limit: Limit
    takes: tuple[str, ...] = (APP, USER)
    status: int = 200

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path, with parts that vary in braces."""
        parts = self.name.partition(" ")[2].split("/")
        return "/".join(f"{{{part[1:]}}}" if part.startswith(":") else part for part in parts)


def _rules(context: Context) -> Json:
    return context.streams.rules(context.params)


def _change_rules(context: Context) -> Json:
    return context.streams.change_rules(context.params)


# Per 15 minutes and per 24 hours, from X's page on rate limits. What stands first is matched first.
ENDPOINTS = (
    Endpoint("GET /2/users/me", reads.me, Limit(user=75), (USER,)),
    Endpoint("GET /2/users/by", reads.users_by_names, Limit(app=300, user=900)),
    Endpoint("GET /2/users/by/username/:username", reads.user_by_name, Limit(app=300, user=900)),
    Endpoint("GET /2/users", reads.users, Limit(app=300, user=900)),
    Endpoint("GET /2/users/:id", reads.user_by_id, Limit(app=300, user=900)),
    Endpoint("GET /2/users/:id/mentions", reads.mentions, Limit(app=450, user=300)),
    Endpoint("GET /2/users/:id/tweets", reads.timeline, Limit(app=10_000, user=900)),
    Endpoint("GET /2/tweets/search/recent", reads.search_recent, Limit(app=450, user=300)),
    Endpoint(STREAM, None, Limit(app=50), (APP,)),
    Endpoint(f"{STREAM}/rules", _rules, Limit(app=450), (APP,)),
    Endpoint(f"{STREAM.replace('GET', 'POST')}/rules", _change_rules, Limit(app=100), (APP,), 201),
    Endpoint("GET /2/tweets", reads.posts, Limit(app=3_500, user=5_000)),
    Endpoint("GET /2/tweets/:id", reads.post, Limit(app=450, user=900)),
    Endpoint("POST /2/tweets", writes.create_post, Limit(user=100, app_day=10_000), (USER,), 201),
    Endpoint("DELETE /2/tweets/:id", writes.delete_post, Limit(user=50), (USER,)),
    Endpoint("GET /2/dm_events", writes.dm_events, Limit(user=15), (USER,)),
    Endpoint("GET /2/dm_conversations/with/:participant_id/dm_events", writes.dm_events_with, Limit(user=15), (USER,)),
    Endpoint("GET /2/dm_conversations/:id/dm_events", writes.dm_events_of, Limit(user=15), (USER,)),
    Endpoint(
        "POST /2/dm_conversations/with/:participant_id/messages",
        writes.send_dm_with,
        Limit(user=15, app_day=1_440, user_day=1_440),
        (USER,),
        201,
    ),
    Endpoint(
        "POST /2/dm_conversations/:id/messages",
        writes.send_dm_in,
        Limit(user=15, app_day=1_440, user_day=1_440),
        (USER,),
        201,
    ),
)
