"""What people and tests do to the simulated Discord: write, command, press, break; and look at what the bots did.

Every public method is also ``POST /control/<name>`` with its arguments as a JSON object. Messages are returned as
Discord's JSON.
"""

import base64
import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any

from simulators.discord import threads
from simulators.discord.content import units
from simulators.discord.interactions import Interaction
from simulators.discord.looking import Looking
from simulators.discord.mentions import resolve
from simulators.discord.objects import user_object
from simulators.discord.permissions import is_locked_out, may_speak
from simulators.discord.posting import Draft, system_draft
from simulators.discord.wire import Json, Upload
from simulators.discord.world import Channel, MessageType, User
from simulators.driving import SimulatorError

_MAX_UNITS = 4000  # of those who pay; others have 2000


class Control(Looking):
    """The hand on the simulator: what people do, what goes wrong, and what the bots did about it."""

    # --- what people do ---------------------------------------------------------------------------------------------

    def write(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        user_id: str,
        text: str = "",
        *,
        channel_id: str = "",
        bot_id: str = "",
        reply_to: str = "",
        pings_author: bool = True,
        files: Mapping[str, str] | None = None,
    ) -> Json:
        """Let a person (or another bot) write: to the bot in private where no channel is named.

        `pings_author`: a reply notifies whom it answers. `files`: name to content in base64; the name's ending tells
        the type, as Discord's apps do.
        """
        user = self._user(user_id)
        channel = self._channel(channel_id) if channel_id else self._world.direct_channel(self._bot(bot_id), user)
        may_write = may_speak(channel, user_id) and not is_locked_out(channel, user_id)
        if not (channel.holds_messages and self._world.sees(user_id, channel) and may_write):
            raise SimulatorError(f"{user.username} cannot write in channel {channel.id}.")
        if not (text.strip() or files) or units(text) > _MAX_UNITS:
            raise SimulatorError(f"A message has a text or a file, and at most {_MAX_UNITS} characters.")
        parent = self._message(channel, reply_to) if reply_to else None
        replied_to = parent["author"]["id"] if parent is not None and pings_author else None
        uploads = [
            Upload(name, base64.b64decode(content), mimetypes.guess_type(name)[0] or "application/octet-stream")
            for name, content in (files or {}).items()
        ]
        return self._posting.post(
            channel,
            Draft(
                author=user_object(user),
                text=text,
                type=MessageType.DEFAULT if parent is None else MessageType.REPLY,
                pings=resolve(channel, user_id, text, None, replied_to),
                reply_to=parent,
                attachments=[self._composer.store(channel, file) for file in uploads],
            ),
        )

    def write_as_webhook(self, channel_id: str, name: str, text: str) -> Json:
        """Let a webhook write, under any name it likes."""
        webhook = User(id=self._world.new_id(), username=name, is_bot=True)
        draft = Draft(author=user_object(webhook), text=text, extra=(("webhook_id", webhook.id),))
        return self._posting.post(self._channel(channel_id), draft)

    def system_note(self, channel_id: str, user_id: str, kind: str) -> Json:
        """Post a note of the system about somebody: "pinned", "user_join", "thread_created"."""
        draft = system_draft(MessageType[kind.upper()], self._user(user_id))
        return self._posting.post(self._channel(channel_id), draft)

    def begin_thread(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        user_id: str,
        channel_id: str,
        name: str,
        *,
        message_id: str = "",
        text: str = "",
        is_private: bool = False,
    ) -> Channel:
        """Let a person begin a thread under a message or without one; in a forum, a post with this text."""
        parent, user = self._channel(channel_id), self._user(user_id)
        starter = self._message(parent, message_id) if message_id else None
        thread = threads.begin(self._world, self._posting, parent, user, name, starter=starter, is_private=is_private)
        if text:
            pings = resolve(thread, user_id, text, None)
            message_id = "" if parent.holds_messages else thread.id
            self._posting.post(thread, Draft(author=user_object(user), text=text, pings=pings, message_id=message_id))
        return thread

    def set_thread(self, thread_id: str, *, archived: bool | None = None, locked: bool | None = None) -> None:
        """Archive or lock a thread, or undo it."""
        threads.update(self._world, self._channel(thread_id), archived=archived, locked=locked)

    def edit(self, channel_id: str, message_id: str, text: str) -> Json:
        """Let the author change the text of a message."""
        channel = self._channel(channel_id)
        message = self._message(channel, message_id)
        pings = resolve(channel, message["author"]["id"], text, None)
        mentions = [user_object(self._world.users[user_id]) for user_id in pings.users]
        return self._posting.change(channel, message, {"content": text, "mentions": mentions})

    def delete(self, channel_id: str, message_id: str) -> None:
        """Delete a message."""
        channel = self._channel(channel_id)
        self._message(channel, message_id)
        self._posting.remove(channel, [message_id])

    def bulk_delete(self, channel_id: str, message_ids: Sequence[str]) -> None:
        """Let a moderator delete several messages at once."""
        self._posting.remove(self._channel(channel_id), message_ids, at_once=True)

    def slash(
        self,
        user_id: str,
        command: str,
        options: Mapping[str, Any] | None = None,
        *,
        channel_id: str = "",
        bot_id: str = "",
    ) -> str:
        """Use a slash command ("ticket", or "ticket open" for a subcommand); return the interaction's id."""
        bot, user = self._bot(bot_id), self._user(user_id)
        channel = self._channel(channel_id) if channel_id else self._world.direct_channel(bot, user)
        return self._begun(self._acting.slash(bot, user, channel, command, options or {}))

    def menu(self, user_id: str, channel_id: str, message_id: str, command: str, *, bot_id: str = "") -> str:
        """Use an entry of a message's context menu; return the interaction's id."""
        channel = self._channel(channel_id)
        message = self._message(channel, message_id)
        return self._begun(self._acting.menu(self._bot(bot_id), self._user(user_id), channel, message, command))

    def press(self, user_id: str, channel_id: str, message_id: str, button: str, *, values: Sequence[str] = ()) -> str:
        """Press a button, named by its label or custom id; return the interaction's id. `values`: of a menu."""
        channel = self._channel(channel_id)
        message = self._message(channel, message_id)
        only_for, _ = self._world.ephemeral.get(message_id, (user_id, None))
        if only_for != user_id:
            raise SimulatorError(f"User {user_id} does not see message {message_id}.")
        bot = self._bot(message["author"]["id"])
        return self._begun(self._acting.press(bot, self._user(user_id), channel, message, button=button, values=values))

    def _begun(self, interaction: Interaction) -> str:
        self._interactions.open[interaction.token] = interaction
        return interaction.id
