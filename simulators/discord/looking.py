"""Looking at what the bots did, and at what people see."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from simulators.discord.breaking import Breaking
from simulators.discord.journal import Call, Edit, Login, SentMessage
from simulators.discord.wire import Json
from simulators.discord.world import Channel, ChannelType
from simulators.journal import open_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An interaction as the person sees it; `state` is "failed" where the application did not respond in time."""

    id: str
    what: str
    user_id: str
    channel_id: str
    state: str
    answer: str  # the id of the message that answers it, or ""


class Looking(Breaking):
    """The part of the control that looks and waits."""

    def sent(self, channel_id: str = "", *, only_for: str = "") -> list[SentMessage]:
        """Return the messages the bots sent, ephemeral ones included, in order."""
        return [
            message
            for message in self._journal.sent
            if channel_id in {"", message.channel_id} and only_for in {"", message.only_for}
        ]

    def edits(self, message_id: str = "") -> list[Edit]:
        """Return the changes the bots made to messages that people had seen, in order."""
        return [edit for edit in self._journal.edits if message_id in {"", edit.message_id}]

    def calls(self, method: str = "", route: str = "") -> list[Call]:
        """Return the calls the bots made, in order, refused ones included; `route` as Discord writes it in its docs."""
        return [call for call in self._journal.calls if method in {"", call.method} and route in {"", call.route}]

    def open_calls(
        self, at: datetime, route: str = "/channels/{channel_id}/messages", margin_s: float = 0.0
    ) -> list[Call]:
        """Return the calls that a client killed at a moment may not have finished.

        `margin_s` also counts answers handed over that shortly before, which the client may not have stored yet.
        """
        return open_at(self.calls(route=route), at, margin_s)

    def logins(self, kind: str = "") -> list[Login]:
        """Return what reached the gateway, "identify" and "resume", in order."""
        return [login for login in self._journal.logins if kind in {"", login.kind}]

    def invalid_requests(self) -> int:
        """Return the answers with 401, 403 and 429 of the last ten minutes; 10,000 are a ban."""
        return self._limits.invalid_requests()

    def asked(self) -> list[Asked]:
        """Return the interactions, in order, with what became of them."""
        return [
            Asked(
                id=interaction.id,
                what=interaction.what,
                user_id=interaction.user.id,
                channel_id=interaction.channel.id,
                state="failed" if self._interactions.is_late(interaction) else interaction.state,
                answer=interaction.original,
            )
            for interaction in self._interactions.open.values()
        ]

    def history(self, channel_id: str, *, seen_by: str = "") -> list[Json]:
        """Return the messages of a channel as they are now, oldest first; with a person's ephemeral ones."""
        channel = self._channel(channel_id)
        private = [
            message
            for only_for, message in self._world.ephemeral.values()
            if only_for == seen_by and message["channel_id"] == channel_id
        ]
        messages = [*channel.messages.values(), *private]
        return [self._posting.shown(message) for message in sorted(messages, key=lambda item: int(item["id"]))]

    def direct_channel_id(self, user_id: str, *, bot_id: str = "") -> str:
        """Return the id of the direct message between a person and the bot."""
        return self._world.direct_channel(self._bot(bot_id), self._user(user_id)).id

    def commands(self, *, guild_id: str = "", bot_id: str = "") -> list[Json]:
        """Return the commands that a bot registered everywhere, or for one guild."""
        return list(self._bot(bot_id).commands.get(guild_id, ()))

    def channels(self) -> list[Channel]:
        """Return all channels, threads and direct messages."""
        return list(self._world.channels())

    def kind(self, channel_id: str) -> ChannelType:
        """Return what a channel is."""
        return self._channel(channel_id).type

    def revision(self) -> int:
        """Return a number that grows with every change."""
        return self._world.revision

    def connected(self) -> int:
        """Return how many sessions have a connection."""
        return sum(session.connection is not None for session in self._gateway.sessions.values())

    async def wait_for_sent(
        self,
        wanted: int | Callable[[SentMessage], bool] = 1,
        timeout_s: float = 5.0,
        *,
        channel_id: str = "",
        contains: str = "",
    ) -> list[SentMessage]:
        """Wait until so many messages have been sent in all, or one that fits; return them. Raises `TimeoutError`.

        `channel_id` and `contains` count only the messages of that channel, with that text in them.
        """

        def counts(message: SentMessage) -> bool:
            return channel_id in {"", message.channel_id} and contains in message.text

        missed = "Not within {timeout_s} s: {count} messages sent"
        return await self._journal.wait_for_sent(wanted, counts, timeout_s, missed)

    async def wait_for_logins(self, count: int = 1, timeout_s: float = 5.0, *, kind: str = "") -> list[Login]:
        """Wait until so many logins have reached the gateway; return them. Raises `TimeoutError`."""
        missed = f"Not within {timeout_s} s: {count} logins"
        await self._journal.until(lambda: len(self.logins(kind)) >= count, timeout_s, lambda: missed)
        return self.logins(kind)

    async def wait_for_commands(self, name: str, timeout_s: float = 5.0, *, guild_id: str = "") -> None:
        """Wait until a bot has registered a command. Raises `TimeoutError`."""

        def is_there() -> bool:
            found = (command for bot in self._world.bots.values() for command in bot.commands.get(guild_id, ()))
            return any(command["name"] == name for command in found)

        missed = f"Not within {timeout_s} s: the command {name!r}"
        await self._journal.until(is_there, timeout_s, lambda: missed)
