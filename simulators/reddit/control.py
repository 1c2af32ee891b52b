"""What people and tests do to the simulated Reddit: create, write, moderate, break; and look at what programs did.

Every public method is also ``POST /control/<name>`` with its arguments as a JSON object. People and subreddits
are named by their names, submissions and comments by their fullnames (t3_…, t1_…), modmail conversations by their ids.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from simulators.journal import open_at
from simulators.reddit.faults import Fault, FaultKind
from simulators.reddit.journal import Act, Call, Sent
from simulators.reddit.modmail import Conversation
from simulators.reddit.objects import inbox_json, thing_json
from simulators.reddit.stage import Stage
from simulators.reddit.wire import Json


class Control(Stage):
    """The hand on the simulator: what people do, what goes wrong, and what programs did about it."""

    # --- failures ---------------------------------------------------------------------------------------------------

    def arm(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        kind: str,
        *,
        path: str | None = None,
        http_method: str | None = None,
        times: int = 1,
        seconds: float = 1.0,
        status: int = 503,
        code: str = "",
        message: str = "",
        form_field: str = "",
    ) -> None:
        """Let the next fitting calls fail; see `FaultKind` and `Fault`. `times` 0 means until `disarm`."""
        fault = Fault(kind=FaultKind(kind), path=path, http_method=http_method, times_left=times, seconds=seconds)
        fault.status, fault.code, fault.message, fault.form_field = status, code, message, form_field
        self._faults.armed.append(fault)

    def disarm(self) -> None:
        """Forget the failures that have not happened."""
        self._faults.armed.clear()

    async def go_away(self, seconds: float = 0.0) -> None:
        """Refuse every connection and cut those there are, for so long or, where it is 0, until `come_back`.

        Over HTTP, give the time: nobody could connect to call it back.
        """
        await self._listen(is_on=False)
        if seconds:
            await asyncio.sleep(seconds)
            await self._listen(is_on=True)

    async def come_back(self) -> None:
        """Take connections again."""
        await self._listen(is_on=True)

    def set_rate_headers(self, *, remaining: float = 996.0, used: int = 4, reset_s: int = 300) -> None:
        """Send these figures of the rate limit with every answer; prawcore sleeps where they do not fit together."""
        self._quota.say(remaining, used, reset_s)

    def set_rate_limit(self, requests: int | None = 1_000, *, window_s: float = 600.0) -> None:
        """Hold programs to so many requests in a window, with true figures in the headers; None stops that."""
        self._quota.limit(requests, window_s)

    # --- what is there and what programs did ------------------------------------------------------------------------

    def look(self, name: str, *, viewer: str | None = None) -> Json:
        """Return a submission or a comment as it is now, to its author or to another viewer."""
        thing = self._world.thing(name)
        who = self._world.user(viewer) if viewer else thing.author
        data: Json = thing_json(thing, who, with_link=True)["data"]
        return data

    def replies_to(self, name: str) -> list[Json]:
        """Return the comments right below something, each as its author sees it."""
        return [self._shown(reply) for reply in self._world.thing(name).replies]

    def inbox(self, name: str, *, unread_only: bool = False) -> list[Json]:
        """Return somebody's inbox, oldest first."""
        user = self._world.user(name)
        names = user.unread if unread_only else user.inbox
        return [inbox_json(self._world.thing(one), user)["data"] for one in names]

    def conversations(self) -> list[Conversation]:
        """Return every modmail conversation, oldest first."""
        return list(self._modmail.conversations.values())

    def sent(self, *, parent: str | None = None, contains: str = "") -> list[Sent]:
        """Return what programs sent, in order: all, or what answers something, or has a text in it."""
        return [one for one in self._journal.sent if parent in (None, one.parent) and contains in one.text]

    def acts(self, name: str | None = None) -> list[Act]:
        """Return what programs did, in order: remove, approve, lock, distinguish, edit, delete, read and so on."""
        return [act for act in self._journal.acts if name in (None, act.name)]

    def calls(self, path: str | None = None) -> list[Call]:
        """Return the calls that came in, in order, faults included; a path has no slash at its end."""
        return [call for call in self._journal.calls if path in (None, call.path)]

    def open_calls(self, at: datetime, path: str | None = "/api/comment", margin_s: float = 0.0) -> list[Call]:
        """Return the calls that a client killed at a moment may not have finished.

        `margin_s` also counts answers handed over that shortly before, which the client may not have stored yet.
        """
        return open_at(self.calls(path), at, margin_s)

    async def wait_for_sent(
        self,
        wanted: int | Callable[[Sent], bool],
        timeout_s: float = 5.0,
        *,
        parent: str | None = None,
        contains: str = "",
    ) -> list[Sent]:
        """Wait until programs have sent so much in all, or one that fits; return it. Raises `TimeoutError`.

        `parent` and `contains` count only what answers that, with that text in it.
        """

        def counts(one: Sent) -> bool:
            return parent in (None, one.parent) and contains in one.text

        missed = "{found} of {count} within {timeout_s} s"
        return await self._journal.wait_for_sent(wanted, counts, timeout_s, missed)

    async def wait_for_acts(self, name: str, wanted: int = 1, timeout_s: float = 5.0) -> list[Act]:
        """Wait until programs have done something so often; return it. Raises `TimeoutError`."""

        def missed() -> str:
            return f"{len(self.acts(name))} of {wanted} within {timeout_s} s"

        await self._journal.until(lambda: len(self.acts(name)) >= wanted, timeout_s, missed)
        return self.acts(name)
