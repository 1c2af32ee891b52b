"""Fetches what people attached, for the desk: from the channel's own hosts, within the operator's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, cast, runtime_checkable

from adapters.base import Busy, HasFiles, NotFetched, Unreachable
from bots import attachments
from bots.within import within
from ticket_client.base import Unavailable, UserFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.base import Attachment, ChannelAdapter
    from bots.ledger.intents import Files
    from bots.wording import Wording
    from config.settings import AttachmentSettings

_FETCH_TIMEOUT_S: Final = 300.0  # a channel has a limit of its own, which is the one to set


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was had, and a line for people about each file that was not."""

    files: tuple[UserFile, ...]
    missing: tuple[str, ...]


@runtime_checkable
class _Fetches(Protocol):
    fetch: object


class FileFetcher:
    """Fetches the files of a message from its channel.

    Args:
        adapters: the channels by name.
        settings: the operator's limits.
        wording: says in the desk's language why a file is not there.
        language: of the desk.
    """

    def __init__(
        self, adapters: Mapping[str, ChannelAdapter], settings: AttachmentSettings, wording: Wording, language: str
    ) -> None:
        self._adapters = adapters
        self._settings = settings
        self._wording = wording
        self._language = language

    async def fetch(self, files: Files, *, is_last_try: bool) -> Fetched:
        """All files of one message. Raises `Unavailable` before the last try where the channel may have them later."""
        had: list[UserFile] = []
        missing: list[str] = []
        adapter = self._adapters.get(files.channel)
        for attachment in files.attachments:
            if len(had) >= self._settings.max_files:
                found: UserFile | str = "too_many"
            elif why := attachments.refusal(attachment, self._settings):
                found = why
            elif not isinstance(adapter, _Fetches):
                found = "gone"
            else:
                found = await self._one(cast("HasFiles", adapter), attachment, is_last_try=is_last_try)
            if isinstance(found, UserFile):
                had.append(found)
            elif found != attachments.Refusal.NO_FILE:  # a place or a contact is no file; the ticket describes it
                missing.append(self._missing(attachment, found))
        return Fetched(files=tuple(had), missing=tuple(missing))

    async def _one(self, adapter: HasFiles, attachment: Attachment, *, is_last_try: bool) -> UserFile | str:
        try:
            content = await within(_FETCH_TIMEOUT_S, adapter.fetch(attachment, max_bytes=self._settings.max_bytes))
        except NotFetched:
            return "gone"
        except (Busy, Unreachable, TimeoutError) as error:
            if is_last_try:
                return "gone"
            wait_s = error.retry_after_s if isinstance(error, Busy) else None
            raise FilesLater(f"A file cannot be fetched now: {error}", retry_after_s=wait_s) from error
        except Exception:
            if is_last_try:  # the adapter's own mistake: the ticket's words are not to wait behind it
                return "gone"
            raise
        taken = attachments.received(attachment, content, self._settings)
        if isinstance(taken, attachments.Refusal):
            return taken
        return UserFile(name=taken.name, media_type=taken.media_type, content=content)

    def _missing(self, attachment: Attachment, why: str) -> str:
        name = attachments.file_name(attachment.name, "application/octet-stream")
        return self._wording.say(self._language, f"desk-file-{why.replace('_', '-')}", name=name)


class FilesLater(Unavailable):
    """The channel, not the desk, cannot be reached now."""
