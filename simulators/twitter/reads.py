"""Reading: accounts, posts, timelines, search."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from simulators.twitter.billing import Item
from simulators.twitter.context import Context
from simulators.twitter.query import Query
from simulators.twitter.render import missing
from simulators.twitter.wire import Json, answered, invalid, not_found, suspended
from simulators.twitter.world import Post, User

TIMELINE_DEPTH = 800
_MAX_IDS = 100


def me(context: Context) -> Json:
    """GET /2/users/me."""
    return _one_user(context, context.account, "id", context.account.id)


def user_by_id(context: Context) -> Json:
    """GET /2/users/:id."""
    user_id = context.params.path["id"]
    return _one_user(context, context.world.users.get(user_id), "id", user_id)


def user_by_name(context: Context) -> Json:
    """GET /2/users/by/username/:username."""
    name = context.params.path["username"]
    return _one_user(context, context.world.user_named(name), "username", name)


def users(context: Context) -> Json:
    """GET /2/users?ids=."""
    return _users(context, "ids", "ids", context.world.users.get)


def users_by_names(context: Context) -> Json:
    """GET /2/users/by?usernames=."""
    return _users(context, "usernames", "usernames", context.world.user_named)


def post(context: Context) -> Json:
    """GET /2/tweets/:id. What is gone is no 404 but an entry in `errors`."""
    post_id = context.params.path["id"]
    found = context.world.posts.get(post_id)
    if found is None or not context.world.is_visible(found, context.viewer):
        return {"errors": [missing(context.world, post_id, "id")]}
    body = context.posts([found], Item.POST_READ)
    return body | {"data": body["data"][0]}


def posts(context: Context) -> Json:
    """GET /2/tweets?ids=."""
    found, errors = [], []
    for post_id in _listed(context, "ids"):
        one = context.world.posts.get(post_id)
        if one is not None and context.world.is_visible(one, context.viewer):
            found.append(one)
        else:
            errors.append(missing(context.world, post_id, "ids"))
    return context.posts(found, Item.POST_READ, errors)


def mentions(context: Context) -> Json:
    """GET /2/users/:id/mentions: newest first, 800 back."""
    user = _known(context)
    item = Item.OWN_MENTION if user is context.viewer else Item.POST_READ
    found = (one for one in _timeline(context) if user.id in one.mentions and one.author_id != user.id)
    size = context.params.integer("max_results", 10, 5, 100)
    return context.page(islice(found, TIMELINE_DEPTH), size, lambda page: context.posts(page, item))


def timeline(context: Context) -> Json:
    """GET /2/users/:id/tweets: what an account posted, its replies included."""
    user = _known(context)
    found = (one for one in _timeline(context) if one.author_id == user.id)
    if "replies" in context.params.names("exclude"):
        found = (one for one in found if not one.reply_to)
    size = context.params.integer("max_results", 10, 5, 100)
    return context.page(found, size, lambda page: context.posts(page, Item.POST_READ))


def search_recent(context: Context) -> Json:
    """GET /2/tweets/search/recent."""
    text = context.params.query.get("query", "")
    if not text:
        raise invalid("query", "", "The `query` query parameter can not be empty")
    query = Query(text)
    found = (one for one in _timeline(context) if query.fits(one, context.world))
    size = context.params.integer("max_results", 10, 10, 100)
    return context.page(found, size, lambda page: context.posts(page, Item.POST_READ))


def _timeline(context: Context) -> Iterator[Post]:
    start, end = context.params.moment("start_time"), context.params.moment("end_time")
    for one in context.world.timeline(context.viewer):
        if (start is None or one.created_at >= start) and (end is None or one.created_at < end):
            yield one


def _known(context: Context) -> User:
    user_id = context.params.path["id"]
    user = context.world.users.get(user_id)
    if user is None:
        raise invalid("id", user_id, f"The `id` query parameter value [{user_id}] is not valid")
    return user


def _one_user(context: Context, user: User | None, parameter: str, value: str) -> Json:
    if user is None:
        return {"errors": [not_found("user", parameter, value)]}
    if user.is_suspended:
        return {"errors": [suspended(parameter, value)]}
    context.charge(Item.USER_READ, user.id)
    return {"data": context.renderer.user(user)}


def _users(context: Context, listed: str, parameter: str, find: Callable[[str], User | None]) -> Json:
    found, errors = [], []
    for value in _listed(context, listed):
        body = _one_user(context, find(value), parameter, value)
        errors += body.get("errors", [])
        if "data" in body:
            found.append(body["data"])
    return answered(found, errors)


def _listed(context: Context, name: str) -> Iterable[str]:
    values = [value for value in context.params.query.get(name, "").split(",") if value]
    if not 1 <= len(values) <= _MAX_IDS:
        raise invalid(name, ",".join(values), f"The number of values in the `{name}` query parameter list is not valid")
    return values
