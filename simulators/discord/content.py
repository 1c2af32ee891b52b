"""What a bot puts into a message: text, components, embeds, files, mentions; checked as Discord checks it."""

import secrets
from dataclasses import dataclass
from typing import Any

from simulators.discord.mentions import Pings, resolve
from simulators.discord.posting import numbered
from simulators.discord.rest import Request
from simulators.discord.wire import ApiError, Json, Upload, invalid_form
from simulators.discord.world import Channel, MessageFlag, World

MAX_TEXT_UNITS = 2000
MAX_NONCE_CHARS = 25
_MAX_EMBEDS_CHARS = 6000
_MAX_FILE_BYTES = 10 * 1024 * 1024
_DAY_S = 24 * 3600
_EMBED_TEXTS = ("title", "description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The checked content of a message."""

    text: str
    components: list[Json]
    embeds: list[Json]
    attachments: list[Json]
    pings: Pings
    flags: int


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units, the stricter reading of Discord's "characters"."""
    return len(text.encode("utf-16-le")) // 2


class Composer:
    """Reads what is to be said. `url`: where files are served."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.url = ""

    def read(self, channel: Channel, request: Request, form: Json, replied_to: str | None = None) -> Content:
        """Read and check a message. `replied_to`: the author of the message that is answered. Raises `ApiError`."""
        text = form.get("content") or ""
        if not isinstance(text, str):
            raise invalid_form("content", "STRING_TYPE_CONVERT", "Only str is accepted.")
        text = text.strip()
        embeds = _embeds(form)
        components = form.get("components") or []
        if not (text or embeds or components or request.files):
            raise ApiError(400, 50006, "Cannot send an empty message")
        _check_lengths(text, embeds)
        _check_components(components)
        return Content(
            text=text,
            components=components,
            embeds=embeds,
            attachments=[self.store(channel, file) for file in request.files],
            pings=resolve(channel, request.bot.user.id, text, form.get("allowed_mentions"), replied_to),
            flags=int(form.get("flags") or 0) & (MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS),
        )

    def read_changes(self, channel: Channel, request: Request, form: Json, message: Json) -> Json:
        """Return the fields of a message that an edit changes. Raises `ApiError`."""
        changes: Json = {}
        if "content" in form:
            changes["content"] = (form["content"] or "").strip()
        if "embeds" in form:
            changes["embeds"] = _embeds(form)
        if "flags" in form:
            chosen = int(form["flags"] or 0) & MessageFlag.SUPPRESS_EMBEDS
            changes["flags"] = message["flags"] & ~MessageFlag.SUPPRESS_EMBEDS | chosen
        if "components" in form:
            _check_components(form["components"] or [])
            changes["components"] = numbered(form["components"] or [])
        if "attachments" in form or request.files:
            kept = {str(item["id"]) for item in form.get("attachments") or []}
            old = [file for file in message["attachments"] if file["id"] in kept or "attachments" not in form]
            changes["attachments"] = old + [self.store(channel, file) for file in request.files]
        after = message | changes
        _check_lengths(after["content"], after["embeds"])
        if not (after["content"] or after["embeds"] or after["components"] or after["attachments"]):
            raise ApiError(400, 50006, "Cannot send an empty message")
        return changes

    def store(self, channel: Channel, file: Upload) -> Json:
        """Keep a file and return the Attachment; its address is signed and expires, as Discord's."""
        if len(file.content) > _MAX_FILE_BYTES:
            raise ApiError(413, 40005, "Request entity too large")
        attachment_id = self._world.new_id()
        path = f"{channel.id}/{attachment_id}/{file.name}"
        self._world.files[path] = file.content
        address = self._signed(f"{self.url}/attachments/{path}")
        return {
            "id": attachment_id,
            "filename": file.name,
            "size": len(file.content),
            "url": address,
            "proxy_url": address,
            "content_type": file.content_type,
        }

    def refreshed(self, message: Json) -> Json:
        """Return the message as it is read again: with addresses of its files that are good for another day."""
        files = [
            file | {name: self._signed(file[name].partition("?")[0]) for name in ("url", "proxy_url")}
            for file in message["attachments"]
        ]
        return message | {"attachments": files}

    def _signed(self, address: str) -> str:
        expiry = int(self._world.now_s()) + _DAY_S
        return f"{address}?ex={expiry:x}&is={expiry - _DAY_S:x}&hm={secrets.token_hex(16)}"


def _embeds(form: Json) -> list[Json]:
    return [{"type": "rich"} | embed for embed in form.get("embeds") or []]


def _check_lengths(text: str, embeds: list[Json]) -> None:
    if units(text) > MAX_TEXT_UNITS:
        message = f"Must be {MAX_TEXT_UNITS} or fewer in length."
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", message)
    if sum(units(embed.get(name) or "") for embed in embeds for name in _EMBED_TEXTS) > _MAX_EMBEDS_CHARS:
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _check_components(rows: list[Any]) -> None:
    seen: set[str] = set()
    if len(rows) > 5:
        raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for row_number, row in enumerate(rows):
        items = row.get("components") or []
        if row.get("type") == 1 and not 1 <= len(items) <= 5:
            field = f"components.{row_number}.components"
            raise invalid_form(field, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
        for number, item in enumerate(items):
            field = f"components.{row_number}.components.{number}"
            if units(item.get("label") or "") > 80:
                raise invalid_form(f"{field}.label", "BASE_TYPE_MAX_LENGTH", "Must be 80 or fewer in length.")
            custom_id = item.get("custom_id")
            if custom_id is None:
                continue
            if not 1 <= units(custom_id) <= 100:
                raise invalid_form(f"{field}.custom_id", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
            if custom_id in seen:
                raise invalid_form(
                    f"{field}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
                )
            seen.add(custom_id)
