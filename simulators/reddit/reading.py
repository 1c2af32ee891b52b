"""The methods that read: accounts, listings, comments, the inbox."""

from collections.abc import Callable, Iterable
from itertools import islice
from urllib.parse import quote

from simulators.reddit.objects import account_json, inbox_json, subreddit_json, thing_json, tree
from simulators.reddit.site import Answer, Ask, Site, route
from simulators.reddit.wire import MAX_ITEMS, ApiError, Json, Moved, listing, page
from simulators.reddit.world import Subreddit, Thing, User

_MAX_INFO = 100


@route("GET", "/api/v1/me")
def me(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Return the account that is logged in."""
    return 200, account_json(ask.user, site.world, is_self=True)


@route("GET", "/user/{name}/about")
def user_about(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Return an account."""
    user = _user(site, ask)
    return 200, {"kind": "t2", "data": account_json(user, site.world, is_self=user is ask.viewer)}


@route("GET", "/user/{name}/comments", "/user/{name}/submitted", "/user/{name}/{where}")
def user_things(site: Site, ask: Ask) -> tuple[int, Answer]:
    """List somebody's comments or submissions."""
    user = _user(site, ask)
    if "where" in ask.parts:
        raise ApiError(404)
    kind = "t1" if ask.call.path.endswith("/comments") else "t3"
    return 200, _things(ask, site.world.things_in(kind, author=user))


@route("GET", "/r/{subreddit}/about")
def subreddit_about(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Return a subreddit."""
    return 200, subreddit_json(_subreddit(site, ask), ask.viewer)


@route("GET", "/r/{subreddit}/about/moderators")
def moderators(site: Site, ask: Ask) -> tuple[int, Answer]:
    """List the moderators with their permissions, all of them or the one who is asked for."""
    subreddit = _subreddit(site, ask)
    wanted = ask.query.get("user", "").lower()
    children = [
        {
            "name": name,
            "id": site.world.user(name).fullname,
            "rel_id": f"rb_{site.world.user(name).id}",
            "date": float(int(subreddit.moderators_since[name])),
            "mod_permissions": sorted(permissions),
            "author_flair_css_class": None,
            "author_flair_text": None,
        }
        for name, permissions in subreddit.moderators.items()
        if wanted in ("", name.lower())
    ]
    return 200, {"kind": "UserList", "data": {"children": children}}


@route("GET", "/r/{subreddit}/about/edited")
def edited(site: Site, ask: Ask) -> tuple[int, Answer]:
    """List what was edited, the latest edit first; for moderators."""
    subreddit = _subreddit(site, ask)
    if not subreddit.is_moderator(ask.viewer):
        raise ApiError(403)
    kinds = {"comments": ["t1"], "links": ["t3"]}.get(ask.query.get("only", ""), ["t1", "t3"])
    things = [thing for kind in kinds for thing in site.world.things_in(kind, subreddit=subreddit) if thing.edited_at]
    return 200, _things(ask, sorted(things, key=lambda thing: thing.edited_at or 0.0, reverse=True))


@route("GET", "/r/{subreddit}/comments", "/r/{subreddit}/new")
def new_things(site: Site, ask: Ask) -> tuple[int, Answer]:
    """List the newest comments or submissions of one subreddit or of several (a+b)."""
    kind = "t1" if ask.call.path.endswith("/comments") else "t3"
    names = ask.parts["subreddit"].split("+")
    if len(names) == 1:
        return 200, _things(ask, site.world.things_in(kind, subreddit=_subreddit(site, ask)))
    wanted = {name.lower() for name in names}
    return 200, _things(ask, (one for one in site.world.things_in(kind) if one.subreddit.name.lower() in wanted))


@route("GET", "/api/info", "/r/{subreddit}/api/info")
def info(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Return things by their fullnames, in whatever state they are, and subreddits by their names."""
    found: list[Json] = []
    for name in ask.query.get("id", "").split(",")[:_MAX_INFO]:
        thing = site.world.things.get(name)
        if thing and thing.subreddit.may_read(ask.viewer):
            found.append(thing_json(thing, ask.viewer, with_link=True))
    for name in ask.query.get("sr_name", "").split(","):
        subreddit = site.world.subreddits.get(name.lower())
        if subreddit and subreddit.may_read(ask.viewer):
            found.append(subreddit_json(subreddit, ask.viewer))
    return 200, listing(found)


@route(
    "GET",
    "/comments/{id}",
    "/comments/{id}/{slug}",
    "/comments/{id}/{slug}/{comment}",
    "/r/{subreddit}/comments/{id}",
    "/r/{subreddit}/comments/{id}/{slug}",
    "/r/{subreddit}/comments/{id}/{slug}/{comment}",
)
def comments(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Return a submission with its comments, or with one comment and what is below it."""
    submission = site.world.things.get(f"t3_{ask.parts['id']}")
    if submission is None:
        raise ApiError(404)
    _check_read(submission.subreddit, ask.viewer)
    below = tree(submission, ask.viewer)
    if name := ask.parts.get("comment"):
        comment = site.world.things.get(f"t1_{name}")
        if comment is None or comment.submission is not submission:
            raise ApiError(404)
        below = [thing_json(comment, ask.viewer, with_replies=True)]
    return 200, [listing([thing_json(submission, ask.viewer)]), listing(below)]


@route("GET", "/subreddits/mine/moderator")
def moderated(site: Site, ask: Ask) -> tuple[int, Answer]:
    """List the subreddits that the account moderates."""
    mine = [subreddit for subreddit in site.world.subreddits.values() if subreddit.is_moderator(ask.user)]
    return 200, listing([subreddit_json(subreddit, ask.user) for subreddit in mine])


@route("GET", "/message/unread", "/message/inbox", "/message/mentions", "/message/comments", "/message/selfreply")
def inbox(site: Site, ask: Ask) -> tuple[int, Answer]:
    """List answers and mentions, newest first. Private messages are gone, so there are none among them."""
    user = ask.user
    where = ask.call.path.rpartition("/")[2]
    wanted = {"mentions": "username_mention", "comments": "comment_reply", "selfreply": "post_reply"}.get(where)
    things = [
        site.world.thing(name)
        for name, reason in reversed(user.inbox.items())
        if wanted in (None, reason) and (where != "unread" or name in user.unread)
    ]
    return 200, _page(ask, things, lambda thing: inbox_json(thing, user))


@route("GET", "/message/messages", "/message/messages/{id}", "/message/sent", "/message/moderator")
def private_messages(_site: Site, _ask: Ask) -> tuple[int, Answer]:
    """Private messages became chat in 2025, which has no API: https://github.com/praw-dev/praw/issues/2077."""
    raise Moved("/login/")


def _user(site: Site, ask: Ask) -> User:
    user = site.world.users.get(ask.parts["name"].lower())
    if user is None or user.is_deleted:
        raise ApiError(404)
    return user


def _subreddit(site: Site, ask: Ask) -> Subreddit:
    name = ask.parts["subreddit"]
    subreddit = site.world.subreddits.get(name.lower())
    if subreddit is None:
        raise Moved(f"/subreddits/search.json?q={quote(name)}")
    _check_read(subreddit, ask.viewer)
    return subreddit


def _check_read(subreddit: Subreddit, viewer: User | None) -> None:
    if not subreddit.may_read(viewer):
        raise ApiError(403, reason="private")


def _things(ask: Ask, things: Iterable[Thing]) -> Json:
    return _page(ask, things, lambda thing: thing_json(thing, ask.viewer, with_link=True))


def _page(ask: Ask, things: Iterable[Thing], shown: Callable[[Thing], Json]) -> Json:
    listed = islice((thing for thing in things if thing.is_listed_for(ask.viewer)), MAX_ITEMS)
    by_name = {thing.fullname: thing for thing in listed}
    names, after, before = page(list(by_name), ask.query)
    return listing([shown(by_name[name]) for name in names], after=after, before=before)
