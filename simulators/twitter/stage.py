"""Setting the scene: accounts, bots with their keys, suspensions, limits, credits and failures."""

from simulators.driving import SimulatorError
from simulators.files import FileHost
from simulators.twitter.auth import Bot, Gate, new_app, new_bot
from simulators.twitter.billing import Meter, Usage
from simulators.twitter.endpoints import ENDPOINTS
from simulators.twitter.faults import Fault, FaultKind, Faults
from simulators.twitter.journal import Journal
from simulators.twitter.limits import RateLimits
from simulators.twitter.listener import Listener
from simulators.twitter.stream import Streams
from simulators.twitter.world import Post, User, World


class Stage:
    """The half of the control that sets the scene. Ids are X's own, as text. Raises `SimulatorError`."""

    def __init__(self, *, listener: Listener, keep_alive_s: float) -> None:
        self._listener = listener
        self._world = World()
        self._journal = Journal()
        self._faults = Faults()
        self._files = FileHost()
        self._meter = Meter(self._world)
        self._limits = RateLimits(self._world)
        self._gate = Gate(new_app())
        self._streams = Streams(self._world, keep_alive_s)

    def add_user(
        self, name: str = "Ana", *, username: str = "", description: str = "", is_protected: bool = False
    ) -> User:
        """Create an account; without a handle it gets its name's letters."""
        username = username or name.lower()
        if self._world.user_named(username) is not None:
            raise SimulatorError(f"There is an account @{username} already.")
        user = User(
            id=self._world.new_id(),
            name=name,
            username=username,
            created_at=self._world.now(),
            description=description,
            is_protected=is_protected,
        )
        self._world.add_user(user)
        return user

    def add_bot(self, name: str = "Firstline", *, username: str = "firstline_bot") -> User:
        """Create an account that the app may act for; `credentials` gives its keys."""
        user = self.add_user(name, username=username)
        self._gate.bots[user.id] = new_bot(user)
        return user

    def credentials(self, bot_id: str = "") -> dict[str, str]:
        """Return the keys of the app and of a bot, under tweepy's names; `oauth2_token` is the user's bearer token."""
        app, bot = self._gate.app, self._bot(bot_id)
        return {
            "consumer_key": app.consumer_key,
            "consumer_secret": app.consumer_secret,
            "access_token": bot.access_token,
            "access_token_secret": bot.access_token_secret,
            "bearer_token": app.bearer_token,
            "oauth2_token": bot.oauth2_token,
        }

    def revoke(self, bot_id: str = "") -> None:
        """Take the bot's keys away: every call gets 401."""
        del self._gate.bots[self._bot(bot_id).user.id]

    def suspend(self, user_id: str, *, is_suspended: bool = True) -> None:
        """Suspend an account: it and its posts cannot be looked up any more."""
        self._user(user_id).is_suspended = is_suspended

    def set_protected(self, user_id: str, *, is_protected: bool = True) -> None:
        """Let an account show its posts to its followers only; no bot is one."""
        self._user(user_id).is_protected = is_protected

    def set_receives_dms(self, user_id: str, *, receives_dms: bool = True) -> None:
        """Let somebody close their direct messages, or open them to those they wrote to."""
        self._user(user_id).receives_dms = receives_dms

    def advance(self, seconds: float) -> None:
        """Let time pass, for limits, days of billing and all that is dated."""
        self._world.advance(seconds)

    # --- failures, limits, credits ----------------------------------------------------------------------------------

    def arm(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        kind: str,
        *,
        endpoint: str = "",
        http_method: str = "",
        times: int = 1,
        seconds: float = 1.0,
        code: int = 500,
        title: str = "Internal Server Error",
        detail: str = "Something is broken. Please try again.",
    ) -> None:
        """Let the next fitting calls fail, all of them where `times` is 0; see `FaultKind` and `Fault`."""
        if endpoint and endpoint not in {known.name for known in ENDPOINTS}:
            raise SimulatorError(f"There is no endpoint {endpoint!r}: name one as 'GET /2/users/:id/mentions'.")
        fault = Fault(kind=FaultKind(kind), endpoint=endpoint, http_method=http_method, times_left=times)
        fault.seconds, fault.code, fault.title, fault.detail = seconds, code, title, detail
        self._faults.armed.append(fault)

    def break_files(self, kind: str, *, times: int = 1, location: str = "") -> None:
        """Let the next photos and videos fail to come; see `FileFault`. `location` is where one that has moved is."""
        self._files.arm(kind, times, location)

    def disarm(self, kind: str = "") -> None:
        """Forget the failures that have not happened, or those of one kind."""
        self._faults.armed = [fault for fault in self._faults.armed if kind and fault.kind != kind]

    def set_rate_limits(self, *, is_on: bool = True, per_quarter: dict[str, int] | None = None) -> None:
        """Hold the bots to X's limits, or stop to; `per_quarter` replaces those of 15 minutes by endpoint."""
        self._limits.reset()
        self._limits.is_on, self._limits.overrides = is_on, per_quarter or {}

    def set_credits(self, balance: int | None) -> None:
        """Set the credits left, in thousandths of a dollar; None: they never end. Without any, calls get 402."""
        self._meter.balance = balance

    def usage(self) -> Usage:
        """Return what was charged so far."""
        return self._meter.usage()

    async def go_offline(self, seconds: float = 0.0) -> None:
        """Refuse connections and cut those there are; for so long, or until `go_online` where 0."""
        await self._listener.go_offline(seconds)
        self._streams.disconnect(quietly=True)

    async def go_online(self) -> None:
        """Take connections again."""
        await self._listener.go_online()

    # --- inside -----------------------------------------------------------------------------------------------------

    def _bot(self, bot_id: str) -> Bot:
        bots = [bot for bot in self._gate.bots.values() if bot_id in ("", bot.user.id)]
        if len(bots) != 1:
            raise SimulatorError(f"{len(bots)} bots fit bot_id {bot_id!r}: name one that exists.")
        return bots[0]

    def _user(self, user_id: str) -> User:
        if user_id not in self._world.users:
            raise SimulatorError(f"There is no account {user_id}: create one with add_user.")
        return self._world.users[user_id]

    def _post(self, post_id: str) -> Post:
        post = self._world.posts.get(post_id)
        if post is None or self._world.is_deleted(post):
            raise SimulatorError(f"There is no post {post_id}.")
        return post
