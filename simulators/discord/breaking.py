"""What goes wrong: failures of calls, limits, and a gateway that drops, refuses or forgets."""

from simulators.discord.faults import Fault, FaultKind
from simulators.discord.sessions import Op
from simulators.discord.stage import Stage
from simulators.discord.wire import Json

WRITES = "POST|PUT|PATCH|DELETE"


class Breaking(Stage):
    """The part of the control that breaks things."""

    def arm(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        kind: str,
        *,
        method: str = "",
        route: str = "",
        path: str = "",
        times: int = 1,
        seconds: float = 1.0,
        scope: str = "user",
        status: int = 500,
        code: int = 0,
        message: str = "Internal Server Error",
        name: str = "",
    ) -> None:
        """Let the next fitting calls fail; see `FaultKind` and `Fault`. `times` below 0: until `disarm`."""
        self._faults.armed.append(
            Fault(
                kind=FaultKind(kind),
                method=method,
                route=route,
                path=path,
                times_left=times,
                seconds=seconds,
                scope=scope,
                status=status,
                code=code,
                message=message,
                name=name,
            )
        )

    def disarm(self, name: str = "") -> None:
        """Forget the failures that have not happened; those of one name, or all."""
        self._faults.armed[:] = [fault for fault in self._faults.armed if name and fault.name != name]

    def break_files(self, kind: str, *, times: int = 1, location: str = "") -> None:
        """Let the next files fail to come; see `FileFault`. `location` is where one that has moved is."""
        self._files.arm(kind, times, location)

    def file_requests(self) -> list[str]:
        """Return the paths under which files were asked for, in order."""
        return list(self._files.requests)

    def set_limits(
        self,
        *,
        bucket_size: int = 5,
        bucket_s: float = 5.0,
        global_per_s: int = 50,
        invalid_limit: int = 10_000,
    ) -> None:
        """Hold the bots to limits: Discord's where nothing else is said. Without this they are wide."""
        self._limits.configure(
            bucket_size=bucket_size, bucket_s=bucket_s, global_per_s=global_per_s, invalid_limit=invalid_limit
        )

    def set_identify_limit(self, limit: int) -> None:
        """Set how many sessions a bot may start in 24 hours; at one more, its token is reset."""
        self._gateway.identify_limit = limit

    def set_offline(self, *, is_on: bool = True) -> None:
        """Cut every connection, and every one that is tried, or serve again. The control answers all the same."""
        self._calls.is_offline = is_on
        if is_on:
            self._cut_gateway()

    def refuse_gateway(self, *, is_on: bool = True) -> None:
        """Let the gateway answer every connection with 503, or serve again; those that stand are kept."""
        self._gateway.is_refusing = is_on

    def drop_gateway(self, code: int | None = None) -> None:
        """End the connections of the gateway: with a close code, or without a word. The sessions can be resumed."""
        if code is None:
            self._cut_gateway()
        for connection in list(self._gateway.connections):
            if code is not None:
                connection.close(code)

    def ask_reconnect(self) -> None:
        """Let the gateway ask the clients to reconnect (op 7)."""
        for connection in self._gateway.connections:
            connection.send(Op.RECONNECT)

    def invalidate_session(self, *, resumable: bool = False) -> None:
        """End the sessions (op 9). `resumable` false: what happens until the next login is never replayed."""
        for session in list(self._gateway.sessions.values()):
            if not resumable:
                del self._gateway.sessions[session.id]
            if session.connection is not None:
                session.connection.send(Op.INVALID_SESSION, resumable)

    def forget_sessions(self) -> None:
        """Forget all sessions without a word: the next RESUME gets op 9."""
        self._gateway.sessions.clear()

    def ignore_heartbeats(self, *, is_on: bool = True) -> None:
        """Let heartbeats go unanswered, or answer them again."""
        self._gateway.acknowledges = not is_on

    def push_raw(self, name: str, body: Json, *, bot_id: str = "") -> None:
        """Dispatch an event exactly as given, however malformed."""
        bot = self._bot(bot_id)
        for session in self._gateway.sessions.values():
            if session.bot is bot:
                session.dispatch(name, body)

    def repeat(self, number: int = 20) -> int:
        """Dispatch the last messages of people once more, the newest first; gives how many."""
        bots = {bot.user.id for bot in self._world.bots.values()}
        said = 0
        for session in self._gateway.sessions.values():
            if session.connection is not None:
                events = [body for _, name, body in session.log if name == "MESSAGE_CREATE"]
                people = [body for body in events if body["author"]["id"] not in bots]
                for body in reversed(people[-number:]):
                    session.dispatch("MESSAGE_CREATE", body)
                    said += 1
        return said

    def advance(self, seconds: float) -> None:
        """Turn the clock of this Discord forward: tokens of interactions grow old, ids are later."""
        self._world.skew_s += seconds

    def _cut_gateway(self) -> None:
        for connection in list(self._gateway.connections):
            connection.cut()
