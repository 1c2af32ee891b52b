"""The methods of modmail."""

from simulators.reddit.modmail import ARCHIVED, IN_PROGRESS, Conversation
from simulators.reddit.site import Answer, Ask, Site, route
from simulators.reddit.wire import ApiError
from simulators.reddit.writing import MAX_CHARS

_BASE = "/api/mod/conversations"


@route("GET", f"{_BASE}/unread/count")
def unread_count(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Count the unread conversations by their state."""
    return 200, site.modmail.unread_count(ask.user)


@route("GET", f"{_BASE}/subreddits")
def subreddits(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Return the subreddits whose modmail the account may read."""
    found = [one for one in site.world.subreddits.values() if one.is_moderator(ask.user, "mail")]
    return 200, {"subreddits": {one.fullname: site.modmail.box(one) for one in found}}


@route("GET", _BASE)
def conversations(site: Site, ask: Ask) -> tuple[int, Answer]:
    """List conversations."""
    names = [name for name in ask.query.get("entity", "").split(",") if name]
    for name in names:
        subreddit = site.world.subreddits.get(name.lower())
        if subreddit is None or not subreddit.is_moderator(ask.user, "mail"):
            raise ApiError(403)
    return 200, site.modmail.listing(ask.user, ask.query)


@route("POST", _BASE)
def create(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Write to somebody in the name of a subreddit."""
    subreddit = site.world.subreddits.get(ask.form.get("srName", "").lower())
    if subreddit is None or not subreddit.is_moderator(ask.user, "mail"):
        raise ApiError(403)
    person = site.world.users.get(ask.form.get("to", "").lower())
    if person is None:
        raise ApiError(400, reason="USER_DOESNT_EXIST", field="to", explanation="that user doesn't exist")
    body = _checked_body(ask)
    conversation = site.modmail.open(subreddit, ask.user, ask.form.get("subject", ""), person)
    return _write(site, ask, conversation, body)


@route("POST", f"{_BASE}/read", f"{_BASE}/unread")
def mark(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Mark conversations as read or as unread."""
    is_read = ask.call.path.endswith("/read")
    for name in filter(None, ask.form.get("conversationIds", "").split(",")):
        conversation = site.modmail.one(ask.user, name)
        if is_read:
            conversation.unread_by.pop(ask.user.name, None)
        else:
            conversation.unread_by[ask.user.name] = conversation.last_at() or 0.0
        site.journal.add_act(ask.call, "read" if is_read else "unread", conversation.id)
    site.world.touch()
    return (204 if is_read else 200), None


@route("GET", f"{_BASE}/{{id}}")
def conversation(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Return a conversation with its messages."""
    one = site.modmail.one(ask.user, ask.parts["id"])
    if ask.is_set("markRead"):
        one.unread_by.pop(ask.user.name, None)
        site.journal.add_act(ask.call, "read", one.id)
        site.world.touch()
    return 200, site.modmail.answer(one, ask.user)


@route("POST", f"{_BASE}/{{id}}")
def reply(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Write into a conversation, to the person or as a note among moderators."""
    return _write(site, ask, site.modmail.one(ask.user, ask.parts["id"]), _checked_body(ask))


@route("POST", f"{_BASE}/{{id}}/archive", f"{_BASE}/{{id}}/unarchive")
def archive(site: Site, ask: Ask) -> tuple[int, Answer]:
    """Put a conversation away, or bring it back."""
    one = site.modmail.one(ask.user, ask.parts["id"])
    is_archived = ask.call.path.endswith("/archive")
    one.state = ARCHIVED if is_archived else IN_PROGRESS
    site.journal.add_act(ask.call, "archive" if is_archived else "unarchive", one.id)
    site.world.touch()
    return 200, site.modmail.answer(one, ask.user)


def _write(site: Site, ask: Ask, one: Conversation, body: str) -> tuple[int, Answer]:
    is_internal, is_hidden = ask.is_set("isInternal"), ask.is_set("isAuthorHidden")
    message = site.modmail.write(one, ask.user, body, is_internal=is_internal, is_author_hidden=is_hidden)
    site.journal.add_sent(
        ask.call,
        name=message.id,
        parent=one.id,
        subreddit=one.subreddit.name,
        text=body,
        is_modmail=True,
        is_internal=is_internal,
        is_author_hidden=is_hidden,
    )
    site.world.touch()
    return 201, site.modmail.answer(one, ask.user)


def _checked_body(ask: Ask) -> str:
    body = ask.form.get("body", "").strip()
    if not body:
        raise ApiError(400, reason="NO_TEXT", field="body", explanation="we need something here")
    if len(body) > MAX_CHARS:
        raise ApiError(400, reason="TOO_LONG", field="body", explanation=f"this is too long (max: {MAX_CHARS})")
    return body
