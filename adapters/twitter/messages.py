"""X's posts and direct messages become `IncomingMessage`s: pure, no network, no clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from adapters.base import (
    Addressed,
    Attachment,
    Author,
    Idempotency,
    IncomingMessage,
    Kind,
    Parent,
    Release,
    ReplyTarget,
    Visibility,
)
from adapters.twitter.text import (
    MAX_WEIGHT,
    Json,
    after_leading_names,
    clean,
    command,
    entities,
    names,
    objects,
    whole,
    without_names,
)

MAX_MESSAGE_CHARS: Final = 10_000
NOT_SUMMONED: Final = "X lets a program answer only posts that mention or quote its account; post this by hand."
NOT_LABELLED: Final = (
    "X allows automatic answers only from an account with the label of an automated one: switch the label on, then set "
    "automated_label_confirmed = true."
)
APPROVE_MODE: Final = 'A moderator reads every answer first, because mode = "approve".'
_SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
_LANGUAGES: Final = {"in": "id", "iw": "he"}  # X's old codes
_TICKET: Final = re.compile(r"[/!]?ticket(?!\w)[\s:,.-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The bot as X knows it, and how it is configured."""

    name: str
    bot_id: str
    username: str
    staff: frozenset[str] = frozenset()
    is_automatic: bool = True
    is_labelled: bool = True
    allow_links: bool = False
    direct_messages: bool = True
    max_posts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else X told: posts that were referred to and users, by id."""

    posts: Mapping[str, Json]
    users: Mapping[str, Json]


NOTHING: Final = Around(posts={}, users={})


def needed(post: Json, account: Account) -> str | None:
    """The id of a post without which nobody can say what this one means; each costs half a cent to see."""
    author_id = str(post.get("author_id"))
    if author_id in account.staff and _act(post, account) is not None:
        return _complaint(post, author_id, account)
    is_told = isinstance(post.get("display_text_range"), list)  # which handles X itself put in front
    return None if is_told else _answered_other(post, author_id, account)


def normalise(
    post: Json, account: Account, around: Around = NOTHING, *, is_known: bool = False
) -> IncomingMessage | None:
    """What a post says, or None where it is none of the bot's business: its own posts, and reposts.

    `is_known`: an earlier version of it was delivered, so that this one is an edit. Raises `KeyError`, `TypeError` or
    `ValueError` where it cannot be read.
    """
    author = _author(post, account, around)
    if author.is_self or _referred(post, "retweeted"):
        return None
    first, latest = first_id(post), _id(post)
    words = without_names(whole(post), account.username)
    ordered = command(words)
    is_edit = is_known and first != latest
    described = IncomingMessage(
        dedupe_key=f"twitter:{account.bot_id}:post:{first}" + (f":{latest}" if is_edit else ""),
        kind=Kind.EDITED if is_edit else Kind.COMMAND if ordered else Kind.CREATED,
        channel=account.name,
        account=account.bot_id,
        conversation_key=_conversation(post, author.id, account),
        thread_key=_thread(post),
        message_id=first,
        parent=_parent(post, account, around),
        author=author,
        text=ordered[1] if ordered and not is_edit else words,
        command=ordered[0] if ordered and not is_edit else "",
        visibility=Visibility.PUBLIC,
        addressed=_addressed(post, author, account, around, is_command=ordered is not None),
        language_hint=_language(post),
        attachments=_attachments(post),
        sent_at=_sent_at(post),
        reply_to=post_target(post, account, around),
    )
    note = _act(post, account) if "moderator" in author.roles and not is_edit else None
    return described if note is None else _moderator_act(described, post, account, around, note)


def deletion(
    post_id: str, conversation_id: str, author_id: str, account: Account, *, noticed_at: datetime
) -> IncomingMessage:
    """A post that is gone, hidden, or whose author is."""
    post: Json = {"id": post_id, "conversation_id": conversation_id, "author_id": author_id}
    return IncomingMessage(
        dedupe_key=f"twitter:{account.bot_id}:deleted:{post_id}",
        kind=Kind.DELETED,
        channel=account.name,
        account=account.bot_id,
        conversation_key=_conversation(post, author_id, account),
        thread_key=conversation_id,
        message_id=post_id,
        author=Author(id=author_id),
        visibility=Visibility.PUBLIC,
        addressed=Addressed.AMBIENT,
        sent_at=noticed_at,
        reply_to=post_target(post, account, NOTHING),
    )


def normalise_message(event: Json, account: Account, around: Around = NOTHING) -> IncomingMessage | None:
    """What a direct message says, or None for the bot's own, for groups, and for people who come and go.

    Raises as `normalise` does.
    """
    sender_id, conversation_id = str(event.get("sender_id") or ""), str(event.get("dm_conversation_id") or "")
    pair = conversation_id.split("-")
    if event.get("event_type", "MessageCreate") != "MessageCreate" or sender_id == account.bot_id or len(pair) != 2:  # noqa: PLR2004
        return None
    event_id, words = _id(event), whole(event)
    ordered = command(words)
    user = around.users.get(sender_id, {})
    return IncomingMessage(
        dedupe_key=f"twitter:{account.bot_id}:dm:{event_id}",
        kind=Kind.COMMAND if ordered else Kind.CREATED,
        channel=account.name,
        account=account.bot_id,
        conversation_key=f"{account.name}:{account.bot_id}:dm:{sender_id}",
        message_id=event_id,
        author=_person(sender_id, user, account),
        text=ordered[1] if ordered else words,
        command=ordered[0] if ordered else "",
        visibility=Visibility.PRIVATE,
        addressed=Addressed.COMMAND if ordered else Addressed.DIRECT,
        attachments=_attachments(event),
        sent_at=_sent_at(event),
        reply_to=message_target(sender_id, event_id, account),
    )


# --- where ---------------------------------------------------------------------------------------------------------


def post_target(post: Json, account: Account, around: Around) -> ReplyTarget:
    """An answer under a post, as far as X's rules let a program give it."""
    release, why_not = _release(account)
    if not is_summoned(post, account, around):
        release, why_not = Release.BY_HAND, NOT_SUMMONED
    has_private = account.direct_messages and account.allow_links
    return ReplyTarget(
        channel=account.name,
        place=_thread(post),
        address={"post_id": first_id(post)},  # an edited post is the same interaction, and gets no second answer
        visibility=Visibility.PUBLIC,
        why_not=why_not,
        can_private=account.direct_messages,
        max_replies=1,
        max_len=MAX_WEIGHT,
        len_unit="x_weighted",
        max_parts=account.max_posts,
        release=release,
        private_url=f"https://x.com/messages/compose?recipient_id={account.bot_id}" if has_private else "",
        url=f"https://x.com/i/status/{_id(post)}",
        idempotency=Idempotency.FINDABLE,
    )


def message_target(user_id: str, event_id: str, account: Account) -> ReplyTarget:
    """An answer in private, to somebody who wrote in private."""
    release, why_not = _release(account)
    return ReplyTarget(
        channel=account.name,
        place=f"dm:{user_id}",
        address={"user_id": user_id, "event_id": event_id},
        visibility=Visibility.PRIVATE,
        why_not=why_not,
        can_private=True,
        max_len=MAX_MESSAGE_CHARS,
        release=release,
        idempotency=Idempotency.FINDABLE,
    )


def is_summoned(post: Json, account: Account, around: Around) -> bool:
    """Whether the post's author called the bot: mentioned it or quoted a post of its."""
    if any(str(each.get("id")) == account.bot_id for each in entities(post, "mentions")):
        return True
    if names(whole(post), account.username):
        return True
    quoted = _referred(post, "quoted")
    if not quoted:
        return False
    if str(around.posts.get(quoted, {}).get("author_id")) == account.bot_id:
        return True
    address = f"/{account.username}/status/{quoted}".lower()  # X shows what is quoted as a link to it
    return any(str(link.get("expanded_url", "")).lower().endswith(address) for link in entities(post, "urls"))


def _release(account: Account) -> tuple[Release, str]:
    if not account.is_automatic:
        return Release.APPROVED, APPROVE_MODE
    return (Release.AUTOMATIC, "") if account.is_labelled else (Release.APPROVED, NOT_LABELLED)


def _conversation(post: Json, author_id: str, account: Account) -> str:
    return f"{account.name}:{account.bot_id}:{_thread(post)}:{author_id}"


def _thread(post: Json) -> str:
    return str(post.get("conversation_id") or first_id(post))


# --- who -----------------------------------------------------------------------------------------------------------


def _author(post: Json, account: Account, around: Around) -> Author:
    author_id = str(post["author_id"])
    return _person(author_id, around.users.get(author_id, {}), account)


def _person(user_id: str, user: Json, account: Account) -> Author:
    return Author(
        id=user_id,
        handle=str(user["username"]) if user.get("username") else None,
        display_name=clean(str(user.get("name") or "")),
        is_self=user_id == account.bot_id,
        roles=("moderator",) if user_id in account.staff else (),
        roles_source="settings",
    )


def _addressed(post: Json, author: Author, account: Account, around: Around, *, is_command: bool) -> Addressed:
    if str(post.get("in_reply_to_user_id")) == account.bot_id:
        return Addressed.COMMAND if is_command else Addressed.REPLY_TO_BOT
    if not is_summoned(post, account, around) or _is_only_carried_along(post, author, account, around):
        return Addressed.AMBIENT
    return Addressed.COMMAND if is_command else Addressed.MENTION


def _is_only_carried_along(post: Json, author: Author, account: Account, around: Around) -> bool:
    """Whether two people talk, and X itself put the bot's handle in front because it stood in the post before."""
    answered = _answered_other(post, author.id, account)
    if answered is None or names(after_leading_names(whole(post)), account.username):
        return False
    shown = post.get("display_text_range")
    if isinstance(shown, list) and shown and isinstance(shown[0], int):
        return not names(str(post.get("text") or "")[shown[0] :], account.username)
    before = around.posts.get(answered)
    return before is not None and is_summoned(before, account, around)


def _answered_other(post: Json, author_id: str, account: Account) -> str | None:
    """The id of the post that this one answers, where that is another person's."""
    answered = _referred(post, "replied_to")
    return answered if answered and str(post.get("in_reply_to_user_id")) not in {author_id, account.bot_id} else None


# --- the moderator's act -------------------------------------------------------------------------------------------


def _act(post: Json, account: Account) -> str | None:
    """The note behind the word `ticket`, where the post begins with that word."""
    words = without_names(whole(post), account.username)
    found = _TICKET.match(words)
    return words[found.end() :] if found else None


def _moderator_act(
    described: IncomingMessage, post: Json, account: Account, around: Around, note: str
) -> IncomingMessage:
    """The command turned to the post it answers or quotes; where X does not show that, there is nobody to act for."""
    command = replace(described, kind=Kind.COMMAND, command="ticket", text=note, addressed=Addressed.COMMAND)
    complaint_id = _complaint(post, described.author.id, account)
    if complaint_id is None:
        return command
    act = replace(command, staff_reply_to=described.reply_to, parent=Parent(message_id=complaint_id))
    complaint = around.posts.get(complaint_id)
    if complaint is None:
        return act
    author = _author(complaint, account, around)
    if author.is_self or author.id == described.author.id:
        return command
    return replace(
        act,
        on_behalf_of=author,
        parent=_described_parent(complaint, account, around),
        conversation_key=_conversation(complaint, author.id, account),
        thread_key=_thread(complaint),
        reply_to=post_target(complaint, account, around),
    )


def _complaint(post: Json, staff_id: str, account: Account) -> str | None:
    return _answered_other(post, staff_id, account) or _referred(post, "quoted") or None


def _parent(post: Json, account: Account, around: Around) -> Parent | None:
    answered = _referred(post, "replied_to")
    if not answered:
        return None
    if answered in around.posts:
        return _described_parent(around.posts[answered], account, around)
    author_id = str(post.get("in_reply_to_user_id") or "")
    return Parent(message_id=answered, author=_person(author_id, {}, account) if author_id else None)


def _described_parent(post: Json, account: Account, around: Around) -> Parent:
    return Parent(
        message_id=first_id(post),
        author=_author(post, account, around),
        text=without_names(whole(post), account.username) or None,
        sent_at=_sent_at(post),
        attachments=_attachments(post),
    )


# --- what ----------------------------------------------------------------------------------------------------------


def first_id(post: Json) -> str:
    """The id of the post's first version, which stays the same when it is edited."""
    history = post.get("edit_history_tweet_ids") or post.get("edit_history_post_ids")
    ids = [str(each) for each in history if str(each).isdecimal()] if isinstance(history, list) else []
    return min([*ids, _id(post)], key=int)


def written_at(snowflake: str) -> datetime:
    """When X gave out an id."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _SNOWFLAKE_EPOCH_MS) / 1000, UTC)


def id_at(moment: datetime) -> str:
    """The smallest id that X gives out at that time."""
    return str((int(moment.timestamp() * 1000) - _SNOWFLAKE_EPOCH_MS) << 22)


def _id(post: Json) -> str:
    post_id = str(post["id"])
    int(post_id)
    return post_id


def _sent_at(post: Json) -> datetime:
    """When it was written; X's own spelling of a time has changed before, and the id tells it too."""
    try:
        moment = datetime.fromisoformat(str(post.get("created_at")))
    except ValueError:
        return written_at(_id(post))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _referred(post: Json, kind: str) -> str:
    """The id of the post that this one answers ("replied_to"), quotes ("quoted") or repeats ("retweeted"), or ""."""
    for each in objects(post, "referenced_tweets", "referenced_posts"):
        if each.get("type") == kind:
            return str(each.get("id") or "")
    return ""


def _language(post: Json) -> str | None:
    """X's guess; its codes for "no language" (und, zxx, qme …) have three letters."""
    lang = str(post.get("lang") or "")
    return _LANGUAGES.get(lang, lang) if re.fullmatch(r"[a-z]{2}(-[A-Za-z]+)?", lang) else None


def _attachments(post: Json) -> tuple[Attachment, ...]:
    attached = post.get("attachments")
    keys = attached.get("media_keys") if isinstance(attached, dict) else None
    return tuple(Attachment(name="media", reference=str(key)) for key in keys) if isinstance(keys, list) else ()
