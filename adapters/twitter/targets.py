"""Where X can be answered, by whom, and which posts belong together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.base import Idempotency, Release, ReplyTarget, Visibility
from adapters.twitter.policy import with_policy
from adapters.twitter.text import MAX_WEIGHT, Json, entities, names, objects, whole

MAX_MESSAGE_CHARS: Final = 10_000
NOT_SUMMONED: Final = "X lets a program answer only posts that mention or quote its account."
NOT_LABELLED: Final = (
    "X allows automatic answers only from an account with the label of an automated one: switch the label on, then set "
    "automated_label_confirmed = true."
)
APPROVE_MODE: Final = 'A moderator reads every answer first, because mode = "approve".'
_SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The bot as X knows it, and how it is configured."""

    name: str
    bot_id: str
    username: str
    staff: frozenset[str] = frozenset()
    other_bots: frozenset[str] = frozenset()
    is_automatic: bool = True
    is_labelled: bool = True
    allow_links: bool = False
    direct_messages: bool = True
    max_posts: int = 1
    privacy_policy_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else X told: posts that were referred to and users, by id."""

    posts: Mapping[str, Json]
    users: Mapping[str, Json]


NOTHING: Final = Around(posts={}, users={})


def post_target(post: Json, account: Account, around: Around) -> ReplyTarget:
    """An answer under a post, as far as X's rules let a program give it."""
    release, why_not = _release(account)
    if not is_summoned(post, account, around):
        release, why_not = Release.BY_HAND, NOT_SUMMONED
    has_private = account.direct_messages and account.allow_links
    return ReplyTarget(
        channel=account.name,
        place=thread(post),
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
        url=f"https://x.com/i/status/{own_id(post)}",
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
        max_len=MAX_MESSAGE_CHARS
        - len(with_policy("", account.privacy_policy_url) if account.privacy_policy_url else ""),
        release=release,
        idempotency=Idempotency.FINDABLE,
    )


def is_summoned(post: Json, account: Account, around: Around) -> bool:
    """Whether the post's author called the bot: mentioned it or quoted a post of its."""
    if any(str(each.get("id")) == account.bot_id for each in entities(post, "mentions")):
        return True
    if names(whole(post), account.username):
        return True
    quoted = referred(post, "quoted")
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


def conversation(post: Json, author_id: str, account: Account) -> str:
    """One person's matter in one thread."""
    return f"{account.name}:{account.bot_id}:{thread(post)}:{author_id}"


def thread(post: Json) -> str:
    """The id of the thread's first post."""
    return str(post.get("conversation_id") or first_id(post))


def first_id(post: Json) -> str:
    """The id of the post's first version, which stays the same when it is edited."""
    history = post.get("edit_history_tweet_ids") or post.get("edit_history_post_ids")
    ids = [str(each) for each in history if str(each).isdecimal()] if isinstance(history, list) else []
    return min([*ids, own_id(post)], key=int)


def own_id(post: Json) -> str:
    """The id of this version. Raises `KeyError` or `ValueError` where it has none."""
    post_id = str(post["id"])
    int(post_id)
    return post_id


def referred(post: Json, kind: str) -> str:
    """The id of the post that this one answers ("replied_to"), quotes ("quoted") or repeats ("retweeted"), or ""."""
    for each in objects(post, "referenced_tweets", "referenced_posts"):
        if each.get("type") == kind:
            return str(each.get("id") or "")
    return ""


def written_at(snowflake: str) -> datetime:
    """When X gave out an id."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + _SNOWFLAKE_EPOCH_MS) / 1000, UTC)


def id_at(moment: datetime) -> str:
    """The smallest id that X gives out at that time."""
    return str((int(moment.timestamp() * 1000) - _SNOWFLAKE_EPOCH_MS) << 22)
