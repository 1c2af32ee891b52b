"""The helpdesk as `bots.escalation` and `bots.relay` use it, with every call timed and its outcome told to `Health`."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any, cast

from bots import metrics
from bots.health import State
from ticket_client.base import Ambiguous, AuthFailed, DeskError, RateLimited, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bots.health import Health
    from ticket_client.base import TicketDesk

_AWAY = (Unavailable, Ambiguous, TimeoutError)


def watched(desk: TicketDesk, health: Health) -> TicketDesk:
    """The same desk, watched. A refusal of one ticket is no trouble of the desk; no answer, and a refused key, are."""
    return cast("TicketDesk", _Watched(desk, health))


class _Watched:
    def __init__(self, desk: TicketDesk, health: Health) -> None:
        self._desk = desk
        self._health = health

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._desk, name)
        return self._timed(name, member) if inspect.iscoroutinefunction(member) else member

    def _timed(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def timed(*args: Any, **named: Any) -> Any:
            began = time.monotonic()
            try:
                result = await call(*args, **named)
            except (DeskError, TimeoutError) as error:
                metrics.DESK_ERRORS.add(name, type(error).__name__)
                self._failed(error)
                raise
            except asyncio.CancelledError:  # whoever waits for it has a limit, which it passed
                metrics.DESK_ERRORS.add(name, "TimeoutError")
                self._failed(TimeoutError())
                raise
            else:
                self._health.part("desk", State.ON)
                return result
            finally:
                metrics.DESK_CALLS.observe(time.monotonic() - began, name)

        return timed

    def _failed(self, error: DeskError | TimeoutError) -> None:
        if isinstance(error, AuthFailed):
            self._health.part("desk", State.REFUSED, "it does not accept our key")
        elif isinstance(error, _AWAY):
            self._health.part("desk", State.WAITING, f"it does not answer ({type(error).__name__})")
        elif not isinstance(error, RateLimited):
            self._health.part("desk", State.ON)  # it answered: this ticket is the trouble
