"""Lets a helpdesk call us: ``POST /webhooks/desk`` or, with a secret in the path, ``/webhooks/desk/SECRET``.

A call is a hint of which tickets to read, and no more: whoever replays one, or makes one up with a stolen secret, has
the bot look at tickets of its own. So nothing of it is kept; polling finds what a lost call would have told.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, Protocol, cast, runtime_checkable

from aiohttp import web

from ticket_client.base import HasWebhook, WebhookCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ticket_client.base import TicketDesk

PATH: Final = "/webhooks/desk"
_SAID_EVERY_S: Final = 60.0
_log = logging.getLogger(__name__)


@runtime_checkable
class _Callable(Protocol):
    verify_webhook: object
    parse_webhook: object


class _Refused:
    """Says at most once a minute that somebody calls in the desk's name: anybody can."""

    def __init__(self) -> None:
        self._calls, self._said_at = 0, -_SAID_EVERY_S

    def count(self) -> None:
        self._calls += 1
        if time.monotonic() - self._said_at >= _SAID_EVERY_S:
            _log.warning(
                "%d calls in the desk's name were not the desk's", self._calls, extra={"action": "webhook_refused"}
            )
            self._calls, self._said_at = 0, time.monotonic()


def routes(desk: TicketDesk, hint: Callable[[Iterable[str]], None]) -> Sequence[web.AbstractRouteDef]:
    """The routes of a desk that can call us; none for the others.

    Args:
        desk: who calls.
        hint: told the ids of tickets to read.
    """
    if not isinstance(desk, _Callable):
        return ()
    caller = cast("HasWebhook", desk)
    refused = _Refused()

    async def called(request: web.Request) -> web.Response:
        call = WebhookCall(
            headers={name.lower(): value for name, value in request.headers.items()},
            secret=request.match_info.get("secret", ""),
            body=await request.read(),
        )
        if not caller.verify_webhook(call):
            refused.count()
            raise web.HTTPNotFound
        try:
            ticket_ids = caller.parse_webhook(call)
        except ValueError as error:
            _log.warning("The desk's call cannot be read: %s", error, extra={"action": "webhook_unreadable"})
            raise web.HTTPBadRequest(text="The payload is not the one that the set-up page shows.") from error
        hint(ticket_ids)
        return web.Response(status=204)

    return [web.post(PATH, called), web.post(PATH + "/{secret}", called)]
