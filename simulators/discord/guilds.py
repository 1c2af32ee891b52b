"""The REST API of the bot itself, of guilds, members and roles, and of where the gateway is."""

from simulators.discord.gateway import Gateway
from simulators.discord.objects import (
    application_object,
    guild_object,
    member_object,
    own_user_object,
    role_object,
    user_object,
)
from simulators.discord.permissions import in_guild
from simulators.discord.rest import Answer, Request, Routes, guild_of
from simulators.discord.wire import invalid_form, snowflake, unknown
from simulators.discord.world import World

_DAY_MS = 24 * 3600 * 1000


class Guilds:
    """Who the bot is and where it is."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway
        self.gateway_address = ""

    def routes(self) -> Routes:
        """Return what is served here."""
        return {
            ("GET", "/gateway"): self.gateway,
            ("GET", "/gateway/bot"): self.gateway_bot,
            ("GET", "/users/@me"): self.me,
            ("GET", "/users/@me/guilds"): self.my_guilds,
            ("GET", "/users/{user_id}"): self.user,
            ("GET", "/applications/@me"): self.application,
            ("GET", "/oauth2/applications/@me"): self.application,
            ("GET", "/guilds/{guild_id}"): self.guild,
            ("GET", "/guilds/{guild_id}/roles"): self.roles,
            ("GET", "/guilds/{guild_id}/members"): self.members,
            ("GET", "/guilds/{guild_id}/members/{user_id}"): self.member,
        }

    def gateway(self, _request: Request) -> Answer:
        """Tell where the gateway is."""
        return 200, {"url": self.gateway_address}

    def gateway_bot(self, request: Request) -> Answer:
        """Tell where the gateway is, and how many sessions may still be started."""
        limit = {
            "total": self._gateway.identify_limit,
            "remaining": self._gateway.identifies_left(request.bot),
            "reset_after": _DAY_MS,
            "max_concurrency": 1,
        }
        return 200, {"url": self.gateway_address, "shards": 1, "session_start_limit": limit}

    def me(self, request: Request) -> Answer:
        """Return the bot's own user."""
        return 200, own_user_object(request.bot)

    def my_guilds(self, request: Request) -> Answer:
        """Return the guilds that the bot is in."""
        mine = request.bot.user.id
        return 200, [
            {
                "id": guild.id,
                "name": guild.name,
                "icon": None,
                "banner": None,
                "owner": guild.owner_id == mine,
                "permissions": str(int(in_guild(guild, mine))),
                "features": [],
            }
            for guild in self._world.guilds.values()
            if mine in guild.members
        ]

    def user(self, request: Request) -> Answer:
        """Return any user."""
        user = self._world.users.get(snowflake(request.params["user_id"]))
        if user is None:
            raise unknown("User")
        return 200, user_object(user)

    def application(self, request: Request) -> Answer:
        """Return the bot's application."""
        return 200, application_object(request.bot)

    def guild(self, request: Request) -> Answer:
        """Return a guild."""
        guild = guild_of(self._world, request)
        counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": len(guild.members)}
        return 200, guild_object(guild) | (counts if request.query.get("with_counts") in {"1", "true", "True"} else {})

    def roles(self, request: Request) -> Answer:
        """Return the roles of a guild."""
        return 200, [role_object(role) for role in guild_of(self._world, request).roles.values()]

    def members(self, request: Request) -> Answer:
        """Return the members of a guild, page by page, by their ids."""
        guild = guild_of(self._world, request)
        limit = request.query.get("limit", "1")
        if not limit.isdecimal() or not 1 <= int(limit) <= 1000:
            raise invalid_form("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 1000.")
        after = int(snowflake(request.query.get("after", "0")))
        ordered = sorted(guild.members.values(), key=lambda member: int(member.user.id))
        page = [member for member in ordered if int(member.user.id) > after][: int(limit)]
        return 200, [member_object(member) for member in page]

    def member(self, request: Request) -> Answer:
        """Return one member."""
        member = guild_of(self._world, request).members.get(snowflake(request.params["user_id"]))
        if member is None:
            raise unknown("Member")
        return 200, member_object(member)
