"""Posts, accounts and messages as the API hands them out: by default little, the rest as fields and expansions ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from simulators.twitter import writing
from simulators.twitter.wire import Json, Params, at, not_authorised, not_found
from simulators.twitter.world import Media, Message, Post, User, World

MAX_EDITS = 5
EDIT_WINDOW = timedelta(minutes=30)

# The OpenAPI document says "post" where the pages, the payloads and tweepy say "tweet".
_ALIASES = {
    "referenced_posts": "referenced_tweets.id",
    "edit_history_post_ids": "edit_history_tweet_ids",
    "note_post": "note_tweet",
}
_POST_DEFAULTS = frozenset({"id", "text", "edit_history_tweet_ids"})
_USER_DEFAULTS = frozenset({"id", "name", "username"})
_DM_DEFAULTS = frozenset({"id", "event_type", "text", "participant_ids"})
_MEDIA_DEFAULTS = frozenset({"media_key", "type"})
_NO_METRICS = ("retweet_count", "reply_count", "like_count", "quote_count", "bookmark_count", "impression_count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a call asked to see."""

    post_fields: frozenset[str]
    user_fields: frozenset[str]
    dm_fields: frozenset[str]
    media_fields: frozenset[str]
    expansions: frozenset[str]

    @classmethod
    def of(cls, params: Params) -> "Wanted":
        """Read the parameters of a call, under either of their names."""
        posts = params.names("tweet.fields", "post.fields")
        expansions = params.names("expansions")
        return cls(
            post_fields=_POST_DEFAULTS | {_ALIASES.get(name, name).removesuffix(".id") for name in posts},
            user_fields=_USER_DEFAULTS | params.names("user.fields"),
            dm_fields=_DM_DEFAULTS | params.names("dm_event.fields"),
            media_fields=_MEDIA_DEFAULTS | params.names("media.fields"),
            expansions=frozenset(_ALIASES.get(name, name) for name in expansions),
        )


@dataclass(slots=True)
class Included:
    """What expansions bring along, each once, with what could not be shown."""

    users: dict[str, User] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    errors: dict[str, Json] = field(default_factory=dict)


class Renderer:
    """Makes JSON of what is in the world, for one viewer (None: app-only)."""

    def __init__(self, world: World, viewer: User | None, wanted: Wanted) -> None:
        self._world = world
        self._viewer = viewer
        self._wanted = wanted

    def post(self, post: Post) -> Json:
        """Return a post."""
        text, link = self._with_media(post)
        names = {self._world.users[user_id].username.lower(): user_id for user_id in post.mentions}
        references = {"replied_to": post.reply_to, "quoted": post.quotes}
        history = self._world.versions[post.first_id]
        is_eligible = post.reply_to_user in ("", post.author_id)
        values: Json = {
            "id": post.id,
            "text": text,
            "edit_history_tweet_ids": history,
            "author_id": post.author_id,
            "conversation_id": post.conversation_id,
            "created_at": at(post.created_at),
            "lang": post.lang,
            "reply_settings": post.reply_settings,
            "display_text_range": [len(post.prefix), len(text)],
            "entities": _with_link(writing.entities(text, post.writing, names), link),
            "attachments": _attached(post.media),
            "in_reply_to_user_id": post.reply_to_user,
            "referenced_tweets": [{"type": kind, "id": of} for kind, of in references.items() if of],
            "note_tweet": {"text": post.writing.shown} if post.writing.is_long else {},
            "edit_controls": {
                "edits_remaining": MAX_EDITS + 1 - len(history),
                "is_edit_eligible": is_eligible,
                "editable_until": at(post.created_at + EDIT_WINDOW),
            },
            "public_metrics": dict.fromkeys(_NO_METRICS, 0),
            "possibly_sensitive": False,
        }
        return _shown(values, self._wanted.post_fields)

    def _with_media(self, post: Post) -> tuple[str, Json]:
        """Return the text with the address of what is attached behind it, as X writes it there, and that address."""
        text = writing.wire_text(post.writing)
        if not post.media:
            return text, {}
        short = f"https://t.co/m{int(post.id) % 10**9:09d}"
        address = f"https://x.com/{self._world.users[post.author_id].username}/status/{post.id}/{post.media[0].kind}/1"
        start = len(text) + bool(text)
        link = {"start": start, "end": start + len(short), "url": short, "expanded_url": address}
        return f"{text} {short}".strip(), link | {"display_url": "pic.x.com/m", "media_key": post.media[0].key}

    def media(self, media: Media) -> Json:
        """Return a photo with its address, or a video with those of its variants."""
        address = f"{self._world.media_url}/{media.name}"
        values: Json = {"media_key": media.key, "type": media.kind}
        if media.kind == "photo":
            values["url"] = address
        else:
            small = {"bit_rate": 256_000, "content_type": "video/mp4", "url": f"{address}?tag=small"}
            playlist = {"content_type": "application/x-mpegURL", "url": f"{address}?tag=playlist"}
            large = {"bit_rate": 2_176_000, "content_type": "video/mp4", "url": f"{address}?tag=large"}
            values["variants"] = [small, playlist, large]
        return _shown(values, self._wanted.media_fields)

    def user(self, user: User) -> Json:
        """Return an account."""
        values: Json = {
            "id": user.id,
            "name": user.name,
            "username": user.username,
            "created_at": at(user.created_at),
            "description": user.description,
            "protected": user.is_protected,
            "verified": False,
            "receives_your_dm": self.may_be_written(user),
        }
        return _shown(values, self._wanted.user_fields)

    def message(self, message: Message) -> Json:
        """Return a direct message."""
        values: Json = {
            "id": message.id,
            "event_type": "MessageCreate",
            "text": writing.wire_text(message.writing, cut=False),
            "sender_id": message.sender_id,
            "dm_conversation_id": message.conversation_id,
            "created_at": at(message.created_at),
            "entities": {},
            "attachments": _attached(message.media),
        }
        return _shown(values, self._wanted.dm_fields)

    def may_be_written(self, user: User) -> bool:
        """Return whether the viewer may send somebody a direct message: only once they have written to it."""
        is_open = user.receives_dms and not user.is_suspended
        return self._viewer is not None and is_open and self._viewer.id in user.wrote_to

    def expand(self, posts: Sequence[Post] = (), messages: Sequence[Message] = ()) -> Included:
        """Return what the expansions asked for bring along."""
        found = Included()
        for post in posts:
            self._expand_post(post, found)
        if "attachments.media_keys" in self._wanted.expansions:
            attached = [holder.media for holder in (*posts, *found.posts.values())] + [one.media for one in messages]
            found.media = {each.key: each for media in attached for each in media}
        if "sender_id" in self._wanted.expansions:
            for message in messages:
                found.users[message.sender_id] = self._world.users[message.sender_id]
        return found

    def includes(self, found: Included) -> Json:
        """Return the part ``includes`` of an answer."""
        parts: Json = {"users": [self.user(user) for user in found.users.values()]}
        parts["media"] = [self.media(media) for media in found.media.values()]
        parts["tweets"] = [self.post(post) for post in found.posts.values()]
        return {name: items for name, items in parts.items() if items}

    def _expand_post(self, post: Post, found: Included) -> None:
        wanted = self._wanted.expansions
        users = self._world.users
        referenced = [post_id for post_id in (post.reply_to, post.quotes) if post_id]
        if "author_id" in wanted:
            found.users[post.author_id] = users[post.author_id]
        if "in_reply_to_user_id" in wanted and post.reply_to_user:
            found.users[post.reply_to_user] = users[post.reply_to_user]
        if "entities.mentions.username" in wanted:
            found.users |= {user_id: users[user_id] for user_id in post.mentions}
        if "edit_history_tweet_ids" in wanted:
            found.posts |= {old: self._world.posts[old] for old in self._world.versions[post.first_id][:-1]}
        if not wanted & {"referenced_tweets.id", "referenced_tweets.id.author_id"}:
            return
        for post_id in referenced:
            parent = self._world.posts[post_id]
            if self._world.is_visible(parent, self._viewer):
                found.posts[post_id] = parent
                if "referenced_tweets.id.author_id" in wanted:
                    found.users[parent.author_id] = users[parent.author_id]
            else:
                found.errors[post_id] = missing(self._world, post_id, "referenced_tweets.id")


def _attached(media: tuple[Media, ...]) -> Json:
    return {"media_keys": [each.key for each in media]} if media else {}


def _with_link(entities: Json, link: Json) -> Json:
    return entities | {"urls": [*entities.get("urls", []), link]} if link else entities


def missing(world: World, post_id: str, parameter: str) -> Json:
    """Return the entry of `errors` for a post that cannot be shown."""
    post = world.posts.get(post_id)
    if post is None or world.is_deleted(post):
        return not_found("tweet", parameter, post_id)
    return not_authorised(parameter, post_id)


def _shown(values: Mapping[str, object], fields: frozenset[str]) -> Json:
    """Return the fields asked for; X leaves out what is empty, but not what is false."""
    return {name: value for name, value in values.items() if name in fields and (value or value is False)}
