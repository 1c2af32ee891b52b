"""What a page of X's answers holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.twitter.meter import Item
from adapters.twitter.text import objects

if TYPE_CHECKING:
    from adapters.twitter.purse import Purse
    from adapters.twitter.text import Json


def readable(page: Json) -> list[Json]:
    """What a page holds; an object without a number is nothing that could ever be answered, or passed."""
    return [each for each in objects(page, "data") if str(each.get("id") or "").isdecimal()]


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
