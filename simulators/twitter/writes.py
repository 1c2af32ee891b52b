"""Writing: posts with X's rules, and direct messages."""

from collections.abc import Iterator

from simulators.twitter import writing
from simulators.twitter.billing import Item
from simulators.twitter.context import Context
from simulators.twitter.wire import ApiError, Json, forbidden, invalid, problem
from simulators.twitter.world import Message, Post, conversation_of

NOT_SUMMONED = "You can only reply to or quote posts where you are mentioned or are the author."
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
GONE = "You attempted to reply to a Tweet that is deleted or not visible to you."
TOO_LONG = (
    "Your Tweet text is too long. For more information on how Twitter determines text length see "
    "https://github.com/twitter/twitter-text."
)
CLOSED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the "
    "author of the post you are replying to."
)
CASHTAGS = "A post may contain at most one cashtag."
NO_DM = "You do not have permission to DM one or more participants."
_MAX_DM_CHARS = 10_000


def create_post(context: Context) -> Json:
    """POST /2/tweets."""
    body, world, account = context.params.body, context.world, context.account
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise _bad_body("text", "The `text` field can not be empty")
    reply_to = _id((body.get("reply") or {}).get("in_reply_to_tweet_id"), "in_reply_to_tweet_id")
    quotes = _id(body.get("quote_tweet_id"), "quote_tweet_id")
    for other in filter(None, (reply_to, quotes)):
        _check_summons(context, other)
    _check_text(context, text, reply_to)
    post = world.post(account, text, reply_to=reply_to, quotes=quotes, lang="und")
    context.call.applied = True
    context.charge(_price(context, post, text))
    context.journal.add_sent(
        context.call,
        kind="post",
        id=post.id,
        text=text,
        reply_to=reply_to,
        quotes=quotes,
        to=post.reply_to_user,
        conversation_id=post.conversation_id,
    )
    shown = context.renderer.post(post)
    return {"data": {name: shown[name] for name in ("id", "text", "edit_history_tweet_ids")}}


def delete_post(context: Context) -> Json:
    """DELETE /2/tweets/:id; all versions go. Deleting what is gone succeeds, as on X."""
    post = context.world.posts.get(context.params.path["id"])
    if post is not None:
        if post.author_id != context.account.id:
            raise forbidden("You are not authorized to delete this Tweet.")
        context.world.delete(post)
    context.call.applied = True
    return {"data": {"deleted": True}}


def dm_events(context: Context) -> Json:
    """GET /2/dm_events: all of the account's conversations."""
    return _dm_page(context, None)


def dm_events_with(context: Context) -> Json:
    """GET /2/dm_conversations/with/:participant_id/dm_events."""
    return _dm_page(context, conversation_of(context.account.id, _participant(context)))


def dm_events_of(context: Context) -> Json:
    """GET /2/dm_conversations/:id/dm_events."""
    return _dm_page(context, context.params.path["id"])


def send_dm_with(context: Context) -> Json:
    """POST /2/dm_conversations/with/:participant_id/messages."""
    return _send_dm(context, _participant(context))


def send_dm_in(context: Context) -> Json:
    """POST /2/dm_conversations/:id/messages."""
    others = [user_id for user_id in context.params.path["id"].split("-") if user_id != context.account.id]
    return _send_dm(context, others[0] if len(others) == 1 else "")


def _check_summons(context: Context, post_id: str) -> None:
    """Refuse to answer what is not there, or whose author did not call for this account."""
    world, account = context.world, context.account
    post = world.posts.get(post_id)
    if post is None or not world.is_visible(post, account):
        raise forbidden(GONE)
    if not world.is_summoned(post, account):
        raise forbidden(NOT_SUMMONED)
    if post.reply_settings == "following" and post.author_id != account.id:
        raise forbidden(CLOSED)


def _check_text(context: Context, text: str, reply_to: str) -> None:
    counted = writing.without_prefix(text) if reply_to else text
    if writing.is_too_long(counted):
        raise problem(400, "Bad Request", TOO_LONG)
    if writing.cashtags(text) > 1:
        raise forbidden(CASHTAGS)
    if context.world.is_duplicate(context.account, text, reply_to):
        raise forbidden(DUPLICATE)


def _price(context: Context, post: Post, text: str) -> Item:
    if writing.has_link(text):
        return Item.POST_WITH_URL
    parent = context.world.posts.get(post.reply_to)
    is_summoned = parent is not None and parent.author_id != context.account.id
    return Item.SUMMONED_REPLY if is_summoned else Item.POST


def _dm_page(context: Context, conversation_id: str | None) -> Json:
    kinds = context.params.names("event_types")
    size = context.params.integer("max_results", 100, 1, 100)
    found = () if kinds and "MessageCreate" not in kinds else _own_messages(context, conversation_id)
    return context.page(found, size, context.messages)


def _own_messages(context: Context, conversation_id: str | None) -> Iterator[Message]:
    for message in reversed(context.world.messages):
        is_own = context.account.id in (message.sender_id, message.to_id)
        if is_own and conversation_id in (None, message.conversation_id):
            yield message


def _send_dm(context: Context, to_id: str) -> Json:
    text = context.params.body.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > _MAX_DM_CHARS:
        raise _bad_body("text", "The `text` field is empty or too long")
    to = context.world.users.get(to_id)
    if to is None or not context.renderer.may_be_written(to):
        raise forbidden(NO_DM)
    message = context.world.send(context.account, to, text)
    context.call.applied = True
    context.charge(Item.DM)
    context.journal.add_sent(
        context.call, kind="dm", id=message.id, text=text, to=to_id, conversation_id=message.conversation_id
    )
    return {"data": {"dm_conversation_id": message.conversation_id, "dm_event_id": message.id}}


def _participant(context: Context) -> str:
    user_id = context.params.path["participant_id"]
    if not user_id.isdecimal():
        raise invalid("participant_id", user_id, f"The `participant_id` parameter value [{user_id}] is not valid")
    return user_id


def _id(value: object, name: str) -> str:
    """Return an id of a body, "" where there is none. X wants it as a text of digits."""
    if value is None:
        return ""
    if not isinstance(value, str) or not value.isdecimal():
        raise _bad_body(name, f"$.{name}: string found does not match ^[0-9]{{1,19}}$")
    return value


def _bad_body(name: str, message: str) -> ApiError:
    error = invalid(name, "", message)
    error.body["errors"][0]["parameters"] = {}
    return error
