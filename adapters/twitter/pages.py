"""What a page of X's answers holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.twitter.meter import Item
from adapters.twitter.text import objects

if TYPE_CHECKING:
    from adapters.twitter.purse import Purse
    from adapters.twitter.text import Json


def readable(page: Json) -> list[Json]:
    """What a page holds; an object without a number is nothing that could ever be answered, or passed.

    The photos and videos that the page tells of are put into what they belong to, as its `media`.
    """
    includes = page.get("includes")
    told = objects(includes, "media") if isinstance(includes, dict) else []
    media = {str(each.get("media_key")): each for each in told}
    found = (each for each in objects(page, "data") if str(each.get("id") or "").isdecimal())
    return [{**each, "media": [media.get(key, {"media_key": key}) for key in _media_keys(each)]} for each in found]


def _media_keys(post: Json) -> list[str]:
    attached = post.get("attachments")
    keys = attached.get("media_keys") if isinstance(attached, dict) else None
    return [str(key) for key in keys] if isinstance(keys, list) else []


def next_token(page: Json) -> str | None:
    """What the following page is asked for with, or None on the last one."""
    meta: Any = page.get("meta")
    token = meta.get("next_token") if isinstance(meta, dict) else None
    return str(token) if token else None


async def users(page: Json, purse: Purse) -> dict[str, Json]:
    """The accounts that a page tells of, by id; they are paid for."""
    includes = page.get("includes")
    found = {str(user.get("id")): user for user in (objects(includes, "users") if isinstance(includes, dict) else [])}
    await purse.read(Item.USER_READ, found)
    return found
