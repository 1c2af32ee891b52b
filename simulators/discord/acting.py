"""What a person's slash command, context menu or press becomes: INTERACTION_CREATE with everything Discord puts in."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from simulators.discord.applications import CHAT_INPUT, MESSAGE_MENU, may_use, offered
from simulators.discord.interactions import COMMAND, COMPONENT, Interaction
from simulators.discord.objects import channel_object, member_object, permissions_text, user_object
from simulators.discord.posting import Posting
from simulators.discord.wire import Json
from simulators.discord.world import Bot, Channel, Event, MessageType, User, World
from simulators.driving import SimulatorError

_OPTION_TYPES: dict[int, type | tuple[type, ...]] = {3: str, 4: int, 5: bool, 10: (int, float)}
_SUBCOMMAND, _SUBCOMMAND_GROUP = 1, 2
_USER_OPTION, _CHANNEL_OPTION, _ROLE_OPTION, _MENTIONABLE_OPTION = 6, 7, 8, 9


class Acting:
    """Makes interactions. Raises `SimulatorError` for what a client would not let a person do."""

    def __init__(self, world: World, posting: Posting) -> None:
        self._world = world
        self._posting = posting

    def slash(self, bot: Bot, user: User, channel: Channel, name: str, options: Mapping[str, Any]) -> Interaction:
        """Use a slash command; a subcommand follows the name after a space."""
        name, *path = name.split()
        command = self._offered(bot, user, channel, CHAT_INPUT, name)
        data = self._command_data(command)
        if given := _options(command.get("options", ()), path, options):
            data["options"] = given
        resolved = self._resolved(channel, given)
        interaction = self._new(bot, user, channel, kind=COMMAND, what=name, answered_as=MessageType.CHAT_INPUT_COMMAND)
        self._tell(interaction, data | ({"resolved": resolved} if resolved else {}))
        return interaction

    def menu(self, bot: Bot, user: User, channel: Channel, message: Json, name: str) -> Interaction:
        """Use an entry of the context menu on a message; its content comes along whatever the intents."""
        command = self._offered(bot, user, channel, MESSAGE_MENU, name)
        shown = self._posting.shown(message)
        shown.pop("nonce", None)
        data = self._command_data(command) | {
            "target_id": message["id"],
            "resolved": {"messages": {message["id"]: shown}},
        }
        interaction = self._new(
            bot, user, channel, kind=COMMAND, what=name, answered_as=MessageType.CONTEXT_MENU_COMMAND
        )
        self._tell(interaction, data)
        return interaction

    def press(  # noqa: PLR0913  a press is who, where, on what, which
        self, bot: Bot, user: User, channel: Channel, message: Json, *, button: str, values: Sequence[str]
    ) -> Interaction:
        """Press a button, or choose from a menu, named by its label or custom id."""
        items = [item for row in message["components"] for item in row.get("components", ())]
        fitting = [item for item in items if button in {item.get("label"), item.get("custom_id")}]
        if not fitting or "custom_id" not in fitting[0] or fitting[0].get("disabled"):
            raise SimulatorError(f"Message {message['id']} has no button {button!r} that can be pressed.")
        item = fitting[0]
        data: Json = {"custom_id": item["custom_id"], "component_type": item["type"], "id": item["id"]}
        if item["type"] != 2:
            data["values"] = list(values)
        interaction = self._new(bot, user, channel, kind=COMPONENT, what=button, message=message)
        self._tell(interaction, data)
        return interaction

    def _offered(self, bot: Bot, user: User, channel: Channel, kind: int, name: str) -> Json:
        command = offered(bot, kind, name, channel)
        if command is None or not may_use(command, channel, user.id):
            raise SimulatorError(f"The bot offers {user.username} no command {name!r} in channel {channel.id}.")
        return command

    def _command_data(self, command: Json) -> Json:
        data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
        return data | {"guild_id": command["guild_id"]} if "guild_id" in command else data

    def _resolved(self, channel: Channel, given: list[Json]) -> Json:
        resolved: dict[str, Json] = {}
        flat = [item for option in given for item in option.get("options", [option])]
        for option in flat:
            value = str(option.get("value"))
            if option["type"] in {_USER_OPTION, _MENTIONABLE_OPTION} and value in self._world.users:
                resolved.setdefault("users", {})[value] = user_object(self._world.users[value])
                if channel.guild is not None and value in channel.guild.members:
                    member = member_object(channel.guild.members[value], with_user=False)
                    resolved.setdefault("members", {})[value] = member | {
                        "permissions": permissions_text(channel, value)
                    }
        return resolved

    def _new(  # noqa: PLR0913  an interaction is who, where, what
        self,
        bot: Bot,
        user: User,
        channel: Channel,
        *,
        kind: int,
        what: str,
        answered_as: MessageType = MessageType.DEFAULT,
        message: Json | None = None,
    ) -> Interaction:
        if not self._world.sees(user.id, channel):
            raise SimulatorError(f"{user.username} does not see channel {channel.id}.")
        interaction_id = self._world.new_id()
        secret = f"interaction:{interaction_id}:{secrets.token_urlsafe(60)}"
        return Interaction(
            id=interaction_id,
            token=base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
            type=kind,
            what=what,
            bot=bot,
            user=user,
            channel=channel,
            message=message,
            kind=answered_as,
            began_at_s=self._world.now_s(),
        )

    def _tell(self, interaction: Interaction, data: Json) -> None:
        channel, user, bot = interaction.channel, interaction.user, interaction.bot
        body: Json = {
            "id": interaction.id,
            "application_id": bot.user.id,
            "type": interaction.type,
            "data": data,
            "token": interaction.token,
            "version": 1,
            "locale": user.locale,
            "channel_id": channel.id,
            "channel": channel_object(channel) | {"permissions": permissions_text(channel, user.id)},
            "app_permissions": permissions_text(channel, bot.user.id),
            "entitlements": [],
            "attachment_size_limit": 10 * 1024 * 1024,
            "context": 1 if channel.guild is None else 0,
            "authorizing_integration_owners": {"0": "0" if channel.guild is None else channel.guild.id},
        }
        if channel.guild is None:
            body["user"] = user_object(user)
        else:
            guild = channel.guild
            member = member_object(guild.members[user.id]) | {"permissions": permissions_text(channel, user.id)}
            body |= {"guild_id": guild.id, "guild_locale": guild.locale, "member": member}
            body["guild"] = {"id": guild.id, "locale": guild.locale, "features": []}
        if interaction.message is not None:
            body["message"] = self._posting.shown(interaction.message)
        self._world.announce(Event(name="INTERACTION_CREATE", body=body, only=bot.user.id))


def _options(known: Any, path: list[str], given: Mapping[str, Any]) -> list[Json]:
    """Return the options as Discord sends them; a client would not send wrong ones. Raises `SimulatorError`."""
    if path:
        inner = next((item for item in known if item["name"] == path[0]), None)
        if inner is None or inner["type"] not in {_SUBCOMMAND, _SUBCOMMAND_GROUP}:
            raise SimulatorError(f"There is no subcommand {path[0]!r}.")
        options = _options(inner.get("options", ()), path[1:], given)
        return [{"name": inner["name"], "type": inner["type"], "options": options}]
    by_name = {item["name"]: item for item in known}
    missing = [name for name, item in by_name.items() if item.get("required") and name not in given]
    if missing or given.keys() - by_name.keys():
        raise SimulatorError(f"The command takes {sorted(by_name)} and needs {missing}; it was given {sorted(given)}.")
    options = []
    for name, value in given.items():
        kind = by_name[name]["type"]
        if not isinstance(value, _OPTION_TYPES.get(kind, str)):
            raise SimulatorError(f"Option {name!r} does not take {value!r}.")
        allowed = [choice["value"] for choice in by_name[name].get("choices") or ()]
        if allowed and value not in allowed:
            raise SimulatorError(f"Option {name!r} is one of {allowed}.")
        options.append({"name": name, "type": kind, "value": value})
    return options
