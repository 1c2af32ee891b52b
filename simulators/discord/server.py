"""The HTTP side: ``/api/v10/…``, ``/gateway``, ``/attachments/…`` and ``/control/<name>``."""

import ssl
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

from simulators.discord.calls import cut
from simulators.discord.control import Control
from simulators.discord.dispatch import SCHEMAS
from simulators.discord.objects import channel_object, role_object, user_object
from simulators.discord.schema import schema_from_environment
from simulators.discord.wire import ApiError, plain_answer
from simulators.discord.world import Bot, Channel, Event, Guild, Role, User
from simulators.driving import ControlHttp

_BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>cloudflare</body>\r\n</html>\r\n"
_UNAVAILABLE = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
_MAX_BODY_BYTES = 64 * 1024 * 1024
_WRITERS: dict[type, Callable[[Any], object]] = {
    Bot: lambda bot: user_object(bot.user) | {"token": bot.token},
    User: user_object,
    Channel: channel_object,
    Role: role_object,
    Guild: lambda guild: {"id": guild.id, "name": guild.name},
}


class DiscordSimulator(Control):
    """A local Discord. ``async with DiscordSimulator() as sim`` serves on `sim.api_base` and `sim.gateway`.

    `port` 0 takes a free one. `control_token`: /control wants it as a bearer token; "" leaves it open, for tests.
    `ssl_context` serves over TLS; `public_gateway` is then the address that bots are told (the real host's name).
    """

    def __init__(  # noqa: PLR0913  each has a default; a test names the one it is about
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        control_token: str = "",
        heartbeat_interval_s: float = 41.25,
        identify_limit: int = 1000,
        ssl_context: ssl.SSLContext | None = None,
        public_gateway: str = "",
    ) -> None:
        super().__init__(heartbeat_interval_s=heartbeat_interval_s, identify_limit=identify_limit)
        self._host = host
        self.port = port
        self._control_token = control_token
        self._ssl_context = ssl_context
        self._public_gateway = public_gateway
        self._schema = self._calls.schema = schema_from_environment()
        self._runner: web.AppRunner | None = None

    @property
    def schema_errors(self) -> list[str]:
        """What the simulator said that does not fit Discord's schema (see `schema`)."""
        return self._calls.problems

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"{'https' if self._ssl_context else 'http'}://{self._host}:{self.port}"

    @property
    def api_base(self) -> str:
        """The address to give to an SDK as the REST API."""
        return f"{self.url}/api/v10"

    @property
    def gateway(self) -> str:
        """The address to give to an SDK as the gateway."""
        return self._public_gateway or f"{'wss' if self._ssl_context else 'ws'}://{self._host}:{self.port}/gateway"

    @property
    def control_url(self) -> str:
        """The address of the control: the name of a method of `Control` follows it."""
        return f"{self.url}/control/"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        for (method, route), handler in self._routes().items():
            app.router.add_route(method, f"/api/v{{version:\\d+}}{route}", self._calls.served(route, handler))
        app.router.add_route("*", "/api/{tail:.*}", self._calls.served("", None))
        for path in ("/", "/gateway", "/gateway/", "/gateway/resume", "/gateway/resume/"):
            app.router.add_get(path, self._connect)
        app.router.add_get("/attachments/{path:.+}", self._file)
        ControlHttp(
            control=self,
            offers=Control,
            answer=plain_answer,
            token=self._control_token,
            refusal="The control wants its token: Authorization: Bearer …",
            is_bare_token_taken=True,
            writers=_WRITERS,
            errors=(ApiError,),
        ).add_to(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self.port, ssl_context=self._ssl_context)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._composer.url = self.url
        self._guilds.gateway_address = self.gateway
        self._gateway.resume_address = self._public_gateway or f"{self.gateway}/resume"
        self._gateway.check = self._check_event
        return self

    async def __aexit__(self, *_: object) -> None:
        self._calls.closing.set()
        self._files.close()
        self._cut_gateway()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- gateway and files ------------------------------------------------------------------------------------------

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        return cut(request) if self._calls.is_offline else await self._gateway.connect(request)

    def _check_event(self, event: Event) -> None:
        """Hold what is told of messages and channels against the schema of the REST API, too."""
        name = SCHEMAS.get(event.name)
        if self._schema is not None and name is not None and (problem := self._schema.check_object(name, event.body)):
            self._calls.problems.append(f"{event.name}: {problem}")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if self._calls.is_offline:
            return cut(request)
        content = self._world.files.get(request.match_info["path"])
        expiry = request.query.get("ex", "0")
        is_expired = int(expiry, 16) < self._world.now_s()
        return await self._files.answer(request, None if is_expired else content)
