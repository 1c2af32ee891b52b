"""Reddit's objects as JSON: what a viewer is shown of submissions, comments, inbox items, users and subreddits.

What the simulator knows is laid over `defaults.yaml`, so that every field a client may read is there.
"""

from copy import deepcopy
from pathlib import Path

import yaml

from simulators.reddit.wire import Json, listing, markdown_html
from simulators.reddit.world import Subreddit, Thing, User, World

_DEFAULTS: dict[str, Json] = yaml.safe_load(Path(__file__).with_name("defaults.yaml").read_text("utf-8"))
_SITE = "https://www.reddit.com"
_SUBJECTS = {"comment_reply": "comment reply", "post_reply": "post reply", "username_mention": "username mention"}
_GONE = "[deleted]"


def thing_json(thing: Thing, viewer: User | None, *, with_link: bool = False, with_replies: bool = False) -> Json:
    """Return a submission or a comment; `with_link` adds what a listing of comments says of their submission."""
    data = _shared(thing, viewer) | _state(thing, viewer)
    if thing.kind == "t3":
        return {"kind": "t3", "data": _DEFAULTS["t3"] | data | _submission(thing, viewer)}
    data = _DEFAULTS["t1"] | data | _comment(thing, viewer)
    if with_link:
        data |= _link(thing.submission, viewer)
    if with_replies:
        data["depth"] = _depth(thing)
        if shown := tree(thing, viewer):
            data["replies"] = listing(shown)
    return {"kind": "t1", "data": deepcopy(data)}


def tree(thing: Thing, viewer: User | None) -> list[Json]:
    """Return the comments below a thing, nested. One that is gone stands only where it has answers."""
    return [
        thing_json(reply, viewer, with_replies=True)
        for reply in thing.replies
        if reply.is_listed_for(viewer) or any(below.is_listed_for(viewer) for below in reply.descendants())
    ]


def inbox_json(thing: Thing, user: User) -> Json:
    """Return a comment as it stands in somebody's inbox."""
    text = text_of(thing, user)
    is_shown = _is_author_shown(thing, user)
    submission = thing.submission
    data: Json = _DEFAULTS["t1_inbox"] | {
        "id": thing.id,
        "name": thing.fullname,
        "author": thing.author.name if is_shown else _GONE,
        "body": text,
        "body_html": markdown_html(text),
        "context": f"{thing.permalink}?context=3",
        "created": float(int(thing.created_at)),
        "created_utc": float(int(thing.created_at)),
        "dest": user.name,
        "distinguished": thing.distinguished,
        "link_title": submission.title,
        "new": thing.fullname in user.unread,
        "num_comments": submission.comments,
        "parent_id": thing.parent.fullname if thing.parent else None,
        "subject": _SUBJECTS[user.inbox[thing.fullname]],
        "subreddit": thing.subreddit.name,
        "subreddit_name_prefixed": f"r/{thing.subreddit.name}",
        "type": user.inbox[thing.fullname],
    }
    return {"kind": "t1", "data": data | ({"author_fullname": thing.author.fullname} if is_shown else {})}


def account_json(user: User, world: World, *, is_self: bool) -> Json:
    """Return the data of an account; what only its owner sees where `is_self`."""
    moderates = any(subreddit.is_moderator(user) for subreddit in world.subreddits.values())
    created = float(int(user.created_at))
    shown: Json = {"id": user.id, "name": user.name, "created": created, "created_utc": created, "is_mod": moderates}
    shown |= {"comment_karma": 1, "link_karma": 1, "total_karma": 2, "is_suspended": user.is_suspended}
    profile = {"display_name": f"u_{user.name}", "name": f"t5_{user.id}", "subreddit_type": "user"}
    shown["subreddit"] = profile | {"title": "", "url": f"/user/{user.name}/", "over_18": False}
    if not is_self:
        return shown
    own: Json = {"inbox_count": len(user.unread), "has_mail": bool(user.unread), "has_mod_mail": False}
    return deepcopy(_DEFAULTS["me"]) | shown | own | {"new_modmail_exists": moderates, "oauth_client_id": "simulated"}


def subreddit_json(subreddit: Subreddit, viewer: User | None) -> Json:
    """Return a subreddit."""
    name = viewer.name if viewer else ""
    created = float(int(subreddit.created_at))
    data: Json = _DEFAULTS["t5"] | {
        "id": subreddit.id,
        "name": subreddit.fullname,
        "display_name": subreddit.name,
        "display_name_prefixed": f"r/{subreddit.name}",
        "title": subreddit.title,
        "url": f"/r/{subreddit.name}/",
        "subreddit_type": subreddit.kind,
        "lang": subreddit.language,
        "created": created,
        "created_utc": created,
        "subscribers": _subscribers(subreddit),
        "user_is_moderator": subreddit.is_moderator(viewer),
        "user_is_banned": name in subreddit.banned,
        "user_is_contributor": name in subreddit.members,
        "user_is_subscriber": name in subreddit.members,
    }
    return {"kind": "t5", "data": deepcopy(data)}


def _shared(thing: Thing, viewer: User | None) -> Json:
    subreddit, created = thing.subreddit, float(int(thing.created_at))
    data: Json = {
        "id": thing.id,
        "name": thing.fullname,
        "subreddit": subreddit.name,
        "subreddit_id": subreddit.fullname,
        "subreddit_name_prefixed": f"r/{subreddit.name}",
        "subreddit_type": subreddit.kind,
        "created": created,
        "created_utc": created,
        "edited": float(int(thing.edited_at)) if thing.edited_at else False,
        "permalink": thing.permalink,
        "distinguished": thing.distinguished,
        "stickied": thing.is_stickied,
        "locked": thing.is_locked,
        "archived": thing.submission.is_archived,
    }
    if _is_author_shown(thing, viewer):
        return data | {"author": thing.author.name, "author_fullname": thing.author.fullname}
    return data | {"author": _GONE}  # and no author_fullname, as recorded; PRAW makes None of this name


def _state(thing: Thing, viewer: User | None) -> Json:
    """Return what moderators see of their decisions; others see none of it."""
    if not thing.subreddit.is_moderator(viewer):
        return {"can_mod_post": False}
    return {
        "can_mod_post": True,
        "approved": thing.approved_by is not None,
        "approved_by": thing.approved_by,
        "approved_at_utc": float(int(thing.approved_at)) if thing.approved_at else None,
        "removed": thing.removed_at is not None and not thing.is_spam,
        "spam": thing.is_spam,
        "banned_by": thing.removed_by,
        "banned_at_utc": float(int(thing.removed_at)) if thing.removed_at else None,
        "ignore_reports": False,
        "num_reports": 0,
        "report_reasons": [],
    }


def _submission(thing: Thing, viewer: User | None) -> Json:
    text = text_of(thing, viewer)
    return {
        "title": thing.title,
        "selftext": text,
        "selftext_html": markdown_html(text) if text else None,
        "is_self": True,
        "domain": f"self.{thing.subreddit.name}",
        "url": _SITE + thing.permalink,
        "num_comments": thing.comments,
        "link_flair_text": thing.flair,
        "removed_by": thing.removed_by if thing.subreddit.is_moderator(viewer) else None,
        "removed_by_category": "deleted" if thing.is_deleted else thing.removed_by_category,
        "subreddit_subscribers": _subscribers(thing.subreddit),
        **_media(thing, viewer),
    }


def _media(thing: Thing, viewer: User | None) -> Json:
    """Return what a submission of pictures or of a video has besides: one is its address, several are a gallery."""
    if not thing.media or thing.is_deleted or not _sees_through(thing, viewer):
        return {}
    first = thing.media[0]
    shared: Json = {"is_self": False, "domain": "i.redd.it", "url": first.url, "is_reddit_media_domain": True}
    if first.ending == "mp4":
        video = {"reddit_video": {"fallback_url": f"{first.url}?source=fallback", "is_gif": False}}
        return shared | {"domain": "v.redd.it", "is_video": True, "post_hint": "hosted:video", "media": video}
    if len(thing.media) == 1:
        return shared | {"post_hint": "image"}
    items = [{"media_id": each.id, "id": number} for number, each in enumerate(thing.media)]
    gallery = {"is_gallery": True, "gallery_data": {"items": items}, "media_metadata": _metadata(thing)}
    return shared | gallery | {"url": f"{_SITE}/gallery/{thing.id}", "is_reddit_media_domain": False}


def _metadata(thing: Thing) -> Json:
    """Return what is told of each picture; Reddit lists them in no order."""
    return {
        each.id: {
            "status": "valid",
            "e": "AnimatedImage" if each.ending == "gif" else "Image",
            "m": f"image/{each.ending}",
            "id": each.id,
            "p": [],
            "s": {"x": 640, "y": 480, ("gif" if each.ending == "gif" else "u"): f"{each.url}?width=640&s=0c5e"},
        }
        for each in reversed(thing.media)
    }


def _comment(thing: Thing, viewer: User | None) -> Json:
    text = text_of(thing, viewer)
    return {
        "body": text,
        "body_html": markdown_html(text, marked=False),
        "link_id": thing.submission.fullname,
        "parent_id": thing.parent.fullname if thing.parent else None,
        "is_submitter": thing.author is thing.submission.author,
        "replies": "",
        **({"media_metadata": _metadata(thing)} if thing.media and text == thing.text else {}),
    }


def _link(submission: Thing, viewer: User | None) -> Json:
    return {
        "link_author": submission.author.name if _is_author_shown(submission, viewer) else _GONE,
        "link_permalink": _SITE + submission.permalink,
        "link_title": submission.title,
        "link_url": _SITE + submission.permalink,
        "num_comments": submission.comments,
        "over_18": False,
        "quarantine": False,
    }


def _sees_through(thing: Thing, viewer: User | None) -> bool:
    """Say whether a removal hides nothing from somebody: the author knows of none, the moderators made it."""
    return thing.removed_at is None or thing.author is viewer or thing.subreddit.is_moderator(viewer)


def _is_author_shown(thing: Thing, viewer: User | None) -> bool:
    # Of a removed submission everybody still sees the author, of a removed comment not.
    return not (thing.is_deleted or thing.author.is_deleted) and (thing.kind == "t3" or _sees_through(thing, viewer))


def text_of(thing: Thing, viewer: User | None) -> str:
    """Return what somebody is shown of a text."""
    if thing.is_deleted:
        return _GONE
    return thing.text if _sees_through(thing, viewer) else "[removed]"


def _depth(thing: Thing) -> int:
    return 0 if thing.parent is None or thing.parent.kind == "t3" else 1 + _depth(thing.parent)


def _subscribers(subreddit: Subreddit) -> int:
    return len(subreddit.members) + len(subreddit.moderators)
