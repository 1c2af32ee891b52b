"""The REST API of application commands: slash commands and entries of the context menus, for a guild or everywhere."""

import re
from typing import Any

from simulators.discord.permissions import Permission, in_guild
from simulators.discord.rest import NO_CONTENT, Answer, Request, Routes, guild_of
from simulators.discord.wire import ApiError, Json, invalid_form, missing_access, snowflake, unknown
from simulators.discord.world import Bot, Channel, World

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
_SLASH_NAME = re.compile(r"[-_'\w]{1,32}")
_MAX_COMMANDS = {CHAT_INPUT: 100, USER_MENU: 5, MESSAGE_MENU: 5}
_OPTION_DEFAULTS: Json = {"required": False}
_GUILD, _DIRECT = 0, 1  # contexts


class Applications:
    """The commands that a bot registers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Routes:
        """Return what is served here."""
        routes: Routes = {}
        for prefix in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
            routes |= {
                ("GET", f"{prefix}/commands"): self.listed,
                ("POST", f"{prefix}/commands"): self.create,
                ("PUT", f"{prefix}/commands"): self.overwrite,
                ("GET", f"{prefix}/commands/{{command_id}}"): self.get,
                ("PATCH", f"{prefix}/commands/{{command_id}}"): self.change,
                ("DELETE", f"{prefix}/commands/{{command_id}}"): self.delete,
            }
        return routes

    def listed(self, request: Request) -> Answer:
        """Return the registered commands."""
        return 200, self._scope(request)

    def create(self, request: Request) -> Answer:
        """Register a command; one of the same name and type is replaced."""
        commands = self._scope(request)
        command = self._command(request, request.form)
        old = [item for item in commands if _key(item) == _key(command)]
        for item in old:
            commands.remove(item)
        commands.append(command)
        return (200 if old else 201), command

    def overwrite(self, request: Request) -> Answer:
        """Replace all commands."""
        commands = self._scope(request)
        if not isinstance(request.body, list):
            raise ApiError(400, 50035, "Invalid Form Body")
        wanted = [self._command(request, item) for item in request.body]
        for kind, limit in _MAX_COMMANDS.items():
            if sum(item["type"] == kind for item in wanted) > limit:
                raise ApiError(400, 30032, f"Maximum number of application commands reached ({limit}).")
        if len({_key(item) for item in wanted}) < len(wanted):
            raise invalid_form(
                "name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        commands[:] = wanted
        return 200, commands

    def get(self, request: Request) -> Answer:
        """Return one command."""
        return 200, self._one(request)

    def change(self, request: Request) -> Answer:
        """Change a command."""
        command = self._one(request)
        command |= {"version": self._world.new_id()} | {
            name: request.form[name] for name in ("name", "description", "options") if name in request.form
        }
        return 200, command

    def delete(self, request: Request) -> Answer:
        """Delete a command."""
        self._scope(request).remove(self._one(request))
        return NO_CONTENT

    def _scope(self, request: Request) -> list[Json]:
        if snowflake(request.params["application_id"]) != request.bot.user.id:
            raise missing_access()
        guild_id = guild_of(self._world, request).id if "guild_id" in request.params else ""
        return request.bot.commands.setdefault(guild_id, [])

    def _one(self, request: Request) -> Json:
        command_id = snowflake(request.params["command_id"])
        found = [command for command in self._scope(request) if command["id"] == command_id]
        if not found:
            raise unknown("application command")
        return found[0]

    def _command(self, request: Request, form: Json) -> Json:
        kind = form.get("type") or CHAT_INPUT
        name = str(form.get("name") or "")
        description = str(form.get("description") or "")
        _check(kind, name, description)
        permissions = form.get("default_member_permissions")
        command: Json = {
            "id": self._world.new_id(),
            "application_id": request.bot.user.id,
            "version": self._world.new_id(),
            "default_member_permissions": None if permissions is None else str(permissions),
            "type": kind,
            "name": name,
            "name_localizations": form.get("name_localizations"),
            "description": description,
            "description_localizations": form.get("description_localizations"),
            "dm_permission": form.get("dm_permission") is not False,
            "nsfw": bool(form.get("nsfw")),
            "integration_types": form.get("integration_types") or [0],
            "contexts": form.get("contexts"),
        }
        if "guild_id" in request.params:
            command["guild_id"] = request.params["guild_id"]
            del command["dm_permission"]
        if form.get("options"):
            command["options"] = [_OPTION_DEFAULTS | option for option in form["options"]]
        return command


def _check(kind: int, name: str, description: str) -> None:
    if kind == CHAT_INPUT and (not _SLASH_NAME.fullmatch(name) or name != name.lower()):
        raise invalid_form("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not 1 <= len(name) <= 32:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")
    if kind == CHAT_INPUT and not 1 <= len(description) <= 100:
        raise invalid_form("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    if kind != CHAT_INPUT and description:
        text = "Context menu commands cannot have a description."
        raise invalid_form("description", "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION", text)


def _key(command: Json) -> tuple[int, str]:
    return command["type"], command["name"]


def offered(bot: Bot, kind: int, name: str, channel: Channel) -> Json | None:
    """Return the command that a client offers under this name in this place: the guild's own before the general."""
    guild_id = channel.guild.id if channel.guild is not None else ""
    for scope in (guild_id, ""):
        for command in bot.commands.get(scope, ()):
            if _key(command) == (kind, name) and (channel.guild is not None or _serves_direct(command)):
                return command
    return None


def may_use(command: Json, channel: Channel, user_id: str) -> bool:
    """Return whether a client offers a command to this person."""
    needed = command["default_member_permissions"]
    if needed is None or channel.guild is None:
        return True
    granted = in_guild(channel.guild, user_id)
    wanted = Permission(int(needed) & sum(Permission))
    return Permission.ADMINISTRATOR in granted or (int(needed) != 0 and wanted in granted)


def _serves_direct(command: Json) -> bool:
    contexts: Any = command["contexts"]
    return bool(command["dm_permission"]) if contexts is None else _DIRECT in contexts
