"""The gateway: sessions over a WebSocket, with heartbeat, IDENTIFY, RESUME and one zlib stream a connection."""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from simulators.discord.dispatch import HIGHEST, PRIVILEGED, Intent, tailored, wants
from simulators.discord.journal import Journal, Login
from simulators.discord.objects import application_object, guild_create_body, member_object, own_user_object
from simulators.discord.sessions import Close, Connection, Op, Session
from simulators.discord.world import Bot, Event, World

if TYPE_CHECKING:
    from simulators.discord.wire import Json

_MAX_PAYLOAD_BYTES = 4096
_DAY_S = 24 * 3600


class Gateway:
    """All sessions of all bots. `address` gives where to connect, `resume_address` where to resume."""

    def __init__(self, world: World, journal: Journal, *, heartbeat_interval_s: float, identify_limit: int) -> None:
        self._world = world
        self._journal = journal
        self._heartbeat_interval_s = heartbeat_interval_s
        self.identify_limit = identify_limit
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        self.resume_address = ""
        self.is_refusing = False
        self.acknowledges = True
        self.check: Callable[[Event], None] = lambda _event: None
        world.tell = self.tell

    def tell(self, event: Event) -> None:
        """Dispatch an event to the sessions that want it."""
        self.check(event)
        for session in list(self.sessions.values()):
            if wants(session.bot, session.intents, event, self._world):
                session.dispatch(event.name, tailored(session.bot, session.intents, event))

    def identifies_left(self, bot: Bot) -> int:
        """Return how many sessions a bot may still start in these 24 hours."""
        since = self._world.now_s() - _DAY_S
        logins = self._journal.logins
        used = sum(
            1 for login in logins
            if login.kind == "identify" and login.bot_id == bot.user.id and login.date.timestamp() > since
        )  # fmt: skip
        return max(0, self.identify_limit - used)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        if self.is_refusing:
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(autoping=True, max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(request, socket)
        self.connections.add(connection)
        writer = asyncio.create_task(connection.write())
        try:
            if request.query.get("v", "10") not in {"9", "10"}:
                connection.close(Close.INVALID_API_VERSION)
            else:
                connection.send(Op.HELLO, {"heartbeat_interval": int(self._heartbeat_interval_s * 1000)})
            async for message in socket:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    self._receive(connection, message.data)
        finally:
            writer.cancel()
            self._leave(connection)
        return socket

    def _leave(self, connection: Connection) -> None:
        self.connections.discard(connection)
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        if not connection.is_closed_by_us and connection.socket.close_code in {1000, 1001}:
            self.sessions.pop(session.id, None)

    def _receive(self, connection: Connection, raw: str | bytes) -> None:
        try:
            payload = json.loads(raw)
            op, body = payload["op"], payload.get("d")
        except (ValueError, TypeError, KeyError):
            connection.close(Close.DECODE_ERROR)
            return
        if len(raw.encode() if isinstance(raw, str) else raw) > _MAX_PAYLOAD_BYTES:
            connection.close(Close.DECODE_ERROR)
        elif connection.is_hasty():
            connection.close(Close.RATE_LIMITED)
        elif op == Op.HEARTBEAT:
            connection.acknowledge(is_on=self.acknowledges)
        elif op == Op.IDENTIFY:
            self._identify(connection, body)
        elif op == Op.RESUME:
            self._resume(connection, body)
        elif op not in {Op.PRESENCE_UPDATE, Op.VOICE_STATE_UPDATE, Op.REQUEST_GUILD_MEMBERS}:
            connection.close(Close.UNKNOWN_OPCODE)
        elif connection.session is None:
            connection.close(Close.NOT_AUTHENTICATED)
        elif op == Op.REQUEST_GUILD_MEMBERS:
            self._give_members(connection.session, body)

    # --- sessions ---------------------------------------------------------------------------------------------------

    def _identify(self, connection: Connection, body: Mapping[str, Any]) -> None:
        token = str(body.get("token", "")).removeprefix("Bot ")
        bot = self._world.bots.get(token)
        intents = int(body.get("intents", 0))
        problem = self._problem(connection, bot, intents)
        self._note("identify", bot, intents, connection, problem.name.lower() if problem else "ready")
        if problem is not None or bot is None:
            return connection.close(problem or Close.AUTHENTICATION_FAILED)
        session = Session(id=secrets.token_hex(16), bot=bot, intents=intents, connection=connection)
        self.sessions[session.id] = connection.session = session
        guilds = [guild for guild in self._world.guilds.values() if bot.user.id in guild.members]
        ready: Json = {
            "v": 10,
            "user": own_user_object(bot),
            "session_type": "normal",
            "private_channels": [],
            "relationships": [],
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.resume_address,
            "application": {"id": bot.user.id, "flags": application_object(bot)["flags"]},
            "_trace": ["simulated"],
        }
        if "shard" in body:
            ready["shard"] = body["shard"]
        session.dispatch("READY", ready)
        if intents & Intent.GUILDS:
            with_members = bool(intents & Intent.GUILD_MEMBERS)
            for guild in guilds:
                session.dispatch("GUILD_CREATE", guild_create_body(self._world, guild, bot, with_members=with_members))
        return None

    def _problem(self, connection: Connection, bot: Bot | None, intents: int) -> Close | None:
        if connection.session is not None:
            return Close.ALREADY_AUTHENTICATED
        if bot is not None and self.identifies_left(bot) == 0:
            # Discord ends all sessions and resets the token; the owner gets a letter.
            bot.is_token_reset = True
        if bot is None or bot.is_token_reset:
            return Close.AUTHENTICATION_FAILED
        if not 0 <= intents <= HIGHEST:
            return Close.INVALID_INTENTS
        if any(intents & intent and name not in bot.privileged for name, intent in PRIVILEGED.items()):
            return Close.DISALLOWED_INTENTS
        return None

    def _resume(self, connection: Connection, body: Mapping[str, Any]) -> None:
        session = self.sessions.get(str(body.get("session_id")))
        token = str(body.get("token", "")).removeprefix("Bot ")
        seq = body.get("seq") or 0
        if session is None or session.bot.token != token or session.bot.is_token_reset:
            self._note("resume", None, 0, connection, "invalid_session")
            return connection.send(Op.INVALID_SESSION, False)
        if seq > session.seq:
            self._note("resume", session.bot, session.intents, connection, "invalid_seq")
            return connection.close(Close.INVALID_SEQ)
        if session.connection is not None and session.connection is not connection:
            session.connection.close(Close.UNKNOWN_ERROR)
        session.connection = connection
        connection.session = session
        self._note("resume", session.bot, session.intents, connection, "resumed")
        for number, name, event in session.log:
            if number > seq:
                connection.send(Op.DISPATCH, event, name=name, seq=number)
        session.dispatch("RESUMED", {"_trace": ["simulated"]})
        return None

    def _note(self, kind: str, bot: Bot | None, intents: int, connection: Connection, outcome: str) -> None:
        bot_id = bot.user.id if bot is not None else ""
        self._journal.logins.append(
            Login(
                kind=kind,
                bot_id=bot_id,
                intents=intents,
                address=connection.address,
                outcome=outcome,
                date=datetime.fromtimestamp(self._world.now_s(), UTC),
            )
        )
        self._journal.grow()

    def _give_members(self, session: Session, body: Mapping[str, Any]) -> None:
        guild = self._world.guilds.get(str(body.get("guild_id")))
        if guild is None or session.bot.user.id not in guild.members:
            return
        named = body.get("user_ids") or []
        wanted = {str(item) for item in (named if isinstance(named, list) else [named])}
        prefix = str(body.get("query") or "")
        members = [
            member_object(member)
            for member in guild.members.values()
            if (member.user.id in wanted if wanted else member.user.username.startswith(prefix))
        ]
        chunk: Json = {"guild_id": guild.id, "members": members, "chunk_index": 0, "chunk_count": 1, "not_found": []}
        if "nonce" in body:
            chunk["nonce"] = body["nonce"]
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)
