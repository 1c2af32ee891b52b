"""X's posts and direct messages become `IncomingMessage`s: pure, no network, no clock."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from adapters.base import (
    Addressed,
    Attachment,
    Author,
    IncomingMessage,
    Kind,
    Parent,
    Visibility,
)
from adapters.twitter.targets import (
    NOTHING,
    Account,
    Around,
    conversation,
    first_id,
    is_summoned,
    message_target,
    own_id,
    post_target,
    referred,
    thread,
    written_at,
)
from adapters.twitter.text import (
    Json,
    after_leading_names,
    asked,
    clean,
    command,
    names,
    objects,
    whole,
    without_names,
)

if TYPE_CHECKING:
    from adapters.twitter.memory import Watched

_LANGUAGES: Final = {"in": "id", "iw": "he"}  # X's old codes
_PICTURES: Final = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_TICKET: Final = re.compile(r"[/!]?ticket(?!\w)[\s:,.-]*", re.IGNORECASE)


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

    `is_known`: an earlier version of it was delivered and did address the bot, so that this one orders nothing more.
    Raises `KeyError`, `TypeError` or `ValueError` where it cannot be read.
    """
    author = _author(post, account, around)
    if author.is_self or referred(post, "retweeted"):
        return None
    first, latest = first_id(post), own_id(post)
    words = asked(without_names(whole(post), account.username))
    is_edit = first != latest
    ordered = None if is_known and is_edit else command(words)
    described = IncomingMessage(
        dedupe_key=f"twitter:{account.bot_id}:post:{first}" + (f":{latest}" if is_edit else ""),
        kind=Kind.COMMAND if ordered else Kind.EDITED if is_edit else Kind.CREATED,
        channel=account.name,
        account=account.bot_id,
        conversation_key=conversation(post, author.id, account),
        thread_key=thread(post),
        message_id=first,
        parent=_parent(post, account, around),
        author=author,
        text=ordered[1] if ordered else words,
        command=ordered[0] if ordered else "",
        visibility=Visibility.PUBLIC,
        addressed=_addressed(post, author, account, around, is_command=ordered is not None),
        language_hint=_language(post),
        attachments=_attachments(post),
        sent_at=_sent_at(post),
        reply_to=post_target(post, account, around),
    )
    note = _act(post, account) if "moderator" in author.roles and not (is_known and is_edit) else None
    return described if note is None else _moderator_act(described, post, account, around, note)


def deletion(post_id: str, watched: Watched, account: Account, *, noticed_at: datetime) -> IncomingMessage:
    """A post that is gone, hidden, or whose author is."""
    return IncomingMessage(
        dedupe_key=f"twitter:{account.bot_id}:deleted:{post_id}",
        kind=Kind.DELETED,
        channel=account.name,
        account=account.bot_id,
        conversation_key=watched.conversation_key,
        thread_key=watched.thread,
        message_id=post_id,
        author=Author(id=watched.author_id),
        visibility=Visibility.PUBLIC,
        addressed=Addressed.AMBIENT,
        sent_at=noticed_at,
        reply_to=post_target({"id": post_id, "conversation_id": watched.thread}, account, NOTHING),
    )


def normalise_message(event: Json, account: Account, around: Around = NOTHING) -> IncomingMessage | None:
    """What a direct message says, or None for the bot's own, for groups, and for people who come and go.

    Raises as `normalise` does.
    """
    sender_id, conversation_id = str(event.get("sender_id") or ""), str(event.get("dm_conversation_id") or "")
    pair = conversation_id.split("-")
    if event.get("event_type", "MessageCreate") != "MessageCreate" or sender_id == account.bot_id or len(pair) != 2:  # noqa: PLR2004
        return None
    event_id, words = own_id(event), asked(whole(event))
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


# --- who -----------------------------------------------------------------------------------------------------------


def _author(post: Json, account: Account, around: Around) -> Author:
    author_id = str(post["author_id"])
    return _person(author_id, around.users.get(author_id, {}), account)


def _person(user_id: str, user: Json, account: Account) -> Author:
    return Author(
        id=user_id,
        handle=str(user["username"]) if user.get("username") else None,
        display_name=clean(str(user.get("name") or "")),
        is_bot=user_id in account.other_bots,  # X does not tell
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
    answered = referred(post, "replied_to")
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
        conversation_key=conversation(complaint, author.id, account),
        thread_key=thread(complaint),
        reply_to=post_target(complaint, account, around),
    )


def _complaint(post: Json, staff_id: str, account: Account) -> str | None:
    return _answered_other(post, staff_id, account) or referred(post, "quoted") or None


def _parent(post: Json, account: Account, around: Around) -> Parent | None:
    answered = referred(post, "replied_to")
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


def _sent_at(post: Json) -> datetime:
    """When it was written; X's own spelling of a time has changed before, and the id tells it too."""
    try:
        moment = datetime.fromisoformat(str(post.get("created_at")))
    except ValueError:
        return written_at(own_id(post))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _language(post: Json) -> str | None:
    """X's guess; its codes for "no language" (und, zxx, qme …) have three letters."""
    lang = str(post.get("lang") or "")
    return _LANGUAGES.get(lang, lang) if re.fullmatch(r"[a-z]{2}(-[A-Za-z]+)?", lang) else None


def _attachments(post: Json) -> tuple[Attachment, ...]:
    """Photos and videos; X keeps none of their names. Of some it tells nothing but the key."""
    return tuple(_attachment(media) for media in objects(post, "media"))


def _attachment(media: Json) -> Attachment:
    videos = [each for each in objects(media, "variants") if each.get("content_type") == "video/mp4"]
    best = max(videos, key=_bit_rate, default={})
    address = clean(str(media.get("url") or best.get("url") or ""))
    name = clean(address.partition("?")[0].rpartition("/")[2]) or "media"
    media_type = "video/mp4" if best else _PICTURES.get(name.rpartition(".")[2].lower(), "")
    return Attachment(name=name, media_type=media_type, reference=address or clean(str(media.get("media_key") or "")))


def _bit_rate(variant: Json) -> float:
    rate = variant.get("bit_rate")
    return rate if isinstance(rate, int | float) else 0
