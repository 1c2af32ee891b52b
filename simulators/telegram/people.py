"""What a person's message holds: a text with the entities Telegram finds, or a file with a caption."""

import base64
import binascii
from dataclasses import dataclass

from simulators.driving import SimulatorError
from simulators.telegram import entities
from simulators.telegram.wire import Json
from simulators.telegram.world import StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that a person sends; `kind` is ``document`` or ``photo``."""

    content: bytes
    kind: str = "document"
    name: str = "file.bin"
    mime_type: str = "application/octet-stream"

    @classmethod
    def from_json(cls, values: Json) -> "Attachment":
        """Read one whose content comes as ``content_base64``. Raises `SimulatorError`."""
        try:
            content = base64.b64decode(values.pop("content_base64"), validate=True)
            return cls(content=content, **values)
        except (KeyError, TypeError, binascii.Error) as error:
            raise SimulatorError(f"An attachment has content_base64, kind, name and mime_type: {error}") from error


def content_of(text: str, file: tuple[Attachment, StoredFile] | None, given: list[Json] | None) -> Json:
    """Return the fields of a message with this text or file. Raises `SimulatorError` where it has neither."""
    if not text and file is None:
        raise SimulatorError("A message has a text or an attachment.")
    content: Json = {}
    if text:
        name, marks = ("text", "entities") if file is None else ("caption", "caption_entities")
        content[name] = text
        if found := entities.merged(text, given or []):
            content[marks] = found
    if file is not None:
        attachment, stored = file
        values: Json = {
            "file_id": stored.file_id,
            "file_unique_id": stored.file_id[-12:],
            "file_size": len(attachment.content),
        }
        if attachment.kind == "photo":
            content["photo"] = [values | {"width": 320, "height": 240}]
        else:
            content["document"] = values | {"file_name": attachment.name, "mime_type": attachment.mime_type}
    return content
