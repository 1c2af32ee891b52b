"""Pictures and videos that Reddit itself keeps; what people link to is none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.base import Attachment
from adapters.reddit.text import clean

_PICTURES: Final = frozenset({"Image", "AnimatedImage"})
_TYPES: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
}


def attachments(data: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The pictures of a submission or a comment, described; of the video, the form that any player plays."""
    listed = data.get("media_metadata")
    metadata = listed if isinstance(listed, Mapping) else {}
    addresses = [address for key in _in_order(data, metadata) if (address := _picture(key, metadata[key]))]
    video = _inside(data, "media", "reddit_video", "fallback_url")
    if isinstance(video, str):
        addresses.append(video)
    elif not addresses and data.get("is_reddit_media_domain") is True and isinstance(data.get("url"), str):
        addresses.append(data["url"])
    return tuple(_attachment(address) for address in addresses)


def _in_order(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> list[str]:
    """The keys of the pictures as a reader sees them: a gallery's have an order of their own."""
    items = _inside(data, "gallery_data", "items")
    shown = (
        [str(item.get("media_id")) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    )
    first = [key for key in dict.fromkeys(shown) if key in metadata]
    return [*first, *(key for key in metadata if key not in first)]


def _picture(key: str, media: object) -> str:
    """Its address; "" where Reddit has it not, or not yet, or takes it from elsewhere ("giphy|…")."""
    if (
        not isinstance(media, Mapping)
        or media.get("status") != "valid"
        or media.get("e") not in _PICTURES
        or "|" in key
    ):
        return ""
    source = media.get("s")
    address = (source.get("u") or source.get("gif")) if isinstance(source, Mapping) else ""
    return address if isinstance(address, str) else ""


def _attachment(address: str) -> Attachment:
    address = clean(address)
    name = clean(address.partition("?")[0].rpartition("/")[2]) or "media"
    return Attachment(name=name, media_type=_TYPES.get(name.rpartition(".")[2].lower(), ""), reference=address)


def _inside(data: object, *keys: str) -> object:
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data
