"""The methods that write: comments, moderation, what is read."""

from simulators.reddit.objects import thing_json
from simulators.reddit.site import Answer, Ask, Site, route
from simulators.reddit.wire import ApiError, FormError, Json, Moved, now
from simulators.reddit.world import Thing, User

MAX_CHARS = 10_000
_POSTS = "posts"


@route("POST", "/api/comment")
def comment(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Answer a submission or a comment."""
    text = _checked_text(ask)
    parent = site.world.things.get(ask.form.get("thing_id") or ask.form.get("parent") or "")
    if parent is None:
        raise ApiError(403)
    check_may_answer(ask.user, parent)
    made = site.world.comment(parent, ask.user, text)
    site.journal.add_sent(
        ask.call, name=made.fullname, parent=parent.fullname, subreddit=parent.subreddit.name, text=text
    )
    return 200, _things(made, ask.user)


@route("POST", "/api/editusertext")
def edit(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Change one's own text."""
    text = _checked_text(ask)
    thing = _thing(site, ask, "thing_id")
    if thing.author is not ask.user:
        raise FormError("NOT_AUTHOR", "you can't do that", "thing_id")
    thing.text, thing.edited_at = text, now()
    _note(site, ask, "edit", thing)
    return 200, _things(thing, ask.user)


@route("POST", "/api/del")
def delete(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Delete what is one's own; of others' things nothing happens, and nothing is said."""
    thing = _thing(site, ask)
    if thing.author is ask.user:
        site.world.delete(thing)
        _note(site, ask, "delete", thing)
    return 200, {}


@route("POST", "/api/remove")
def remove(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Remove something as a moderator."""
    thing = _moderated(site, ask)
    take_away(thing, ask.user, is_spam=ask.is_set("spam"))
    _note(site, ask, "remove", thing)
    return 200, {}


@route("POST", "/api/approve")
def approve(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Approve something as a moderator, and with that undo its removal."""
    thing = _moderated(site, ask)
    thing.removed_at = thing.removed_by = thing.removed_by_category = None
    thing.is_spam = False
    thing.approved_by, thing.approved_at = ask.user.name, now()
    _note(site, ask, "approve", thing)
    return 200, {}


@route("POST", "/api/lock", "/api/unlock")
def lock(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Let only moderators answer something, or everybody again."""
    thing = _moderated(site, ask)
    thing.is_locked = ask.call.path == "/api/lock"
    _note(site, ask, "lock" if thing.is_locked else "unlock", thing)
    return 200, {}


@route("POST", "/api/distinguish")
def distinguish(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Show one's own comment as a moderator's; `sticky` puts one that answers the submission on top."""
    thing = _moderated(site, ask, permission="")
    if thing.author is not ask.user:
        raise ApiError(403)
    thing.distinguished = "moderator" if ask.form.get("how", "yes") == "yes" else None
    thing.is_stickied = bool(
        thing.distinguished and ask.is_set("sticky") and thing.parent and thing.parent.kind == "t3"
    )
    _note(site, ask, "distinguish" if thing.distinguished else "undistinguish", thing)
    return 200, _things(thing, ask.user)


@route("POST", "/api/read_message", "/api/unread_message")
def mark(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Mark items of the inbox as read or as unread."""
    user = ask.user
    is_read = ask.call.path == "/api/read_message"
    for name in filter(None, ask.form.get("id", "").split(",")):
        if name not in user.inbox:
            continue
        if is_read:
            user.unread.pop(name, None)
        else:
            user.unread[name] = None
        site.journal.add_act(ask.call, "read" if is_read else "unread", name)
    site.world.touch()
    return 200, {}


@route("POST", "/api/read_all_messages")
def mark_all(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Mark the whole inbox as read."""
    for name in ask.user.unread:
        site.journal.add_act(ask.call, "read", name)
    ask.user.unread.clear()
    site.world.touch()
    return 202, {}


@route("POST", "/api/compose")
def compose(_site: Site, _ask: Ask) -> tuple[int, Answer]:
    """Private messages are gone, see `reading.private_messages`."""
    raise Moved("/login/")


def take_away(thing: Thing, moderator: User, *, is_spam: bool = False, category: str = "moderator") -> None:
    """Remove something in a moderator's name."""
    thing.removed_at, thing.removed_by, thing.is_spam = now(), moderator.name, is_spam
    thing.removed_by_category = category
    thing.approved_by = thing.approved_at = None


def check_may_answer(user: User, parent: Thing) -> None:
    """Raise what Reddit answers where a comment is not possible, in the order of its own checks."""
    subreddit, submission = parent.subreddit, parent.submission
    is_moderator = subreddit.is_moderator(user)
    if parent.is_deleted:
        what = ("DELETED_LINK", "the link you are commenting on has been deleted")
        if parent.kind == "t1":
            what = ("DELETED_COMMENT", "that comment has been deleted")
        raise FormError(*what, "parent")
    if parent.kind == "t1" and parent.removed_at and not is_moderator and parent.author is not user:
        raise FormError("DELETED_COMMENT", "that comment has been deleted", "parent")
    if submission.is_archived:
        raise FormError("TOO_OLD", "that's a piece of history now; it's too late to reply to it", "parent")
    if (submission.is_locked or parent.is_locked) and not is_moderator:
        raise FormError("THREAD_LOCKED", "Comments are locked.", "parent")
    if user.is_suspended or user.name in subreddit.banned:
        raise ApiError(403)
    if not subreddit.may_read(user):
        raise ApiError(403, reason="private")
    if subreddit.kind == "restricted" and not is_moderator and user.name not in subreddit.members:
        raise FormError("SUBREDDIT_NOTALLOWED", "you aren't allowed to post there.", "sr")


def _checked_text(ask: Ask) -> str:
    text = ask.form.get("text", "").strip()
    if not text:
        raise FormError("NO_TEXT", "we need something here", "text")
    if len(text) > MAX_CHARS:
        raise FormError("TOO_LONG", f"this is too long (max: {MAX_CHARS})", "text")
    return text


def _thing(site: Site, ask: Ask, field: str = "id") -> Thing:
    thing = site.world.things.get(ask.form.get(field, ""))
    if thing is None or ask.user.is_suspended:
        raise ApiError(403)
    return thing


def _moderated(site: Site, ask: Ask, permission: str = _POSTS) -> Thing:
    thing = _thing(site, ask)
    if not thing.subreddit.is_moderator(ask.user, permission):
        raise ApiError(403)
    return thing


def _note(site: Site, ask: Ask, act: str, thing: Thing) -> None:
    site.journal.add_act(ask.call, act, thing.fullname)
    site.world.touch()


def _things(thing: Thing, viewer: User) -> Json:
    return {"json": {"errors": [], "data": {"things": [thing_json(thing, viewer)]}}}
