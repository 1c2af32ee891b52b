"""What people and tests do to the simulated Telegram: create, write, tap, block, break; and look at what the bots did.

Every public method is also ``POST /control/<name>`` with its arguments as a JSON object. Messages are returned as
the Bot API's JSON.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from simulators.driving import SimulatorError
from simulators.journal import open_at
from simulators.telegram import entities as text_entities
from simulators.telegram.faults import Fault, FaultKind, RateLimits
from simulators.telegram.journal import Call, SentMessage
from simulators.telegram.people import Attachment, content_of
from simulators.telegram.stage import Stage
from simulators.telegram.updates import pending_kinds
from simulators.telegram.wire import Json
from simulators.telegram.world import CHANNEL_BOT, GROUP_ANONYMOUS_BOT, PRESENT, SERVICE_USER, Chat, Member, StoredFile


class Control(Stage):
    """The hand on the simulator: what people do, what goes wrong, and what the bots did about it."""

    # --- what people do ---------------------------------------------------------------------------------------------

    def write(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        user_id: int,
        text: str = "",
        *,
        chat_id: int | None = None,
        bot_id: int | None = None,
        reply_to: int | None = None,
        thread_id: int | None = None,
        attachment: Attachment | None = None,
        entities: list[Json] | None = None,
    ) -> Json:
        """Let a user write: to the bot in private where no chat is named. A file takes the text as its caption."""
        user = self._user(user_id)
        chat = self._private(self._bot(bot_id), user) if chat_id is None else self._chat(chat_id)
        if chat.type != "private" and chat.member(user).status not in PRESENT:
            chat.members[user_id] = Member(user=user, status="member")
        return self._say(
            chat,
            {"from": user.wire()},
            text,
            reply_to=reply_to,
            thread_id=thread_id,
            attachment=attachment,
            entities=entities,
        )

    def write_anonymously(
        self, chat_id: int, text: str, *, reply_to: int | None = None, thread_id: int | None = None
    ) -> Json:
        """Let an anonymous administrator write in the name of the group."""
        chat = self._chat(chat_id)
        sender = {"from": GROUP_ANONYMOUS_BOT.wire(), "sender_chat": chat.wire()}
        return self._say(chat, sender, text, reply_to=reply_to, thread_id=thread_id)

    def write_as_channel(
        self, channel_id: int, chat_id: int, text: str, *, reply_to: int | None = None, thread_id: int | None = None
    ) -> Json:
        """Let somebody write in a group in the name of a channel of theirs."""
        sender = {"from": CHANNEL_BOT.wire(), "sender_chat": self._chat(channel_id).wire()}
        return self._say(self._chat(chat_id), sender, text, reply_to=reply_to, thread_id=thread_id)

    def post(self, channel_id: int, text: str, *, attachment: Attachment | None = None) -> list[Json]:
        """Publish in a channel. Returns the post and, where a group discusses it, its automatic forward there.

        A comment is a message in that group that answers the forward.
        """
        channel = self._chat(channel_id)
        post = self._say(channel, {"sender_chat": channel.wire()}, text, attachment=attachment)
        if channel.linked_chat_id is None:
            return [post]
        origin = {"type": "channel", "date": post["date"], "chat": channel.wire(), "message_id": post["message_id"]}
        sender = {"from": SERVICE_USER.wire(), "sender_chat": channel.wire()}
        forward = {"is_automatic_forward": True, "forward_origin": origin}
        group = self._chat(channel.linked_chat_id)
        content = forward | content_of(text, self._stored(attachment), None)
        return [post, self._world.post(group, sender, content)]

    def edit(self, chat_id: int, message_id: int, text: str, *, bot_id: int | None = None) -> Json:
        """Let the author change the text, or the caption, of a message."""
        chat, message = self._message(chat_id, message_id, bot_id)
        name, found = ("text", "entities") if "text" in message else ("caption", "caption_entities")
        edited = {key: value for key, value in message.items() if key != found}
        edited |= {name: text, "edit_date": int(self._world.clock())}
        if marks := text_entities.found(text):
            edited[found] = marks
        chat.messages[message_id] = edited
        self._world.announce(chat, edited, edited=True)
        return edited

    def delete(self, chat_id: int, message_id: int, *, bot_id: int | None = None) -> None:
        """Let a person delete a message; Telegram tells no bot."""
        chat, _ = self._message(chat_id, message_id, bot_id)
        del chat.messages[message_id]

    def tap(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        user_id: int,
        message_id: int,
        button: str,
        *,
        chat_id: int | None = None,
        bot_id: int | None = None,
        is_old: bool = False,
    ) -> str:
        """Tap a button, named by its text or data, and return the callback query's id.

        The button must be there. `is_old`: the message is over 48 hours old, so that the bot sees only where it was.
        """
        user = self._user(user_id)
        chat, message = self._message(user_id if chat_id is None else chat_id, message_id, bot_id)
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = [item for row in rows for item in row if button in (item["text"], item.get("callback_data"))]
        if not buttons or "callback_data" not in buttons[0]:
            raise SimulatorError(f"Message {message_id} has no button {button!r} that calls back.")
        query_id = str(secrets.randbits(62))
        self._world.callbacks.add(query_id)
        seen = {"message_id": message_id, "chat": chat.wire(), "date": 0} if is_old else message
        query: Json = {"id": query_id, "from": user.wire(), "chat_instance": str(abs(chat.id) * 31)}
        query |= {"message": seen, "data": buttons[0]["callback_data"]}
        author_id = message.get("from", {}).get("id")
        bots = [bot for bot in self._world.bots.values() if bot.user.id == author_id]
        for bot in bots or [self._bot(bot_id)]:
            bot.mailbox.push("callback_query", query)
        return query_id

    def expire_callback(self, query_id: str) -> None:
        """Let a callback query grow too old to be answered."""
        self._world.callbacks.discard(query_id)

    def push_raw(self, update: Json, *, bot_id: int | None = None) -> Json:
        """Queue an update exactly as given, however malformed; `update_id` is added where it is missing."""
        return self._bot(bot_id).mailbox.push_raw(update)

    def repeat(self, number: int = 20, *, bot_id: int | None = None) -> int:
        """Hand out the last updates once more, the newest first, each with its number; gives how many."""
        return self._bot(bot_id).mailbox.repeat(number)

    # --- failures ---------------------------------------------------------------------------------------------------

    def arm(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        kind: str,
        *,
        method: str | None = None,
        chat_id: int | None = None,
        times: int = 1,
        seconds: float = 1.0,
        code: int = 500,
        description: str = "Internal Server Error",
    ) -> None:
        """Let the next fitting calls fail; see `FaultKind` and `Fault`."""
        fault = Fault(kind=FaultKind(kind), method=method, chat_id=chat_id, times_left=times, seconds=seconds)
        fault.code, fault.description = code, description
        self._faults.armed.append(fault)

    def break_files(self, kind: str, *, times: int = 1, location: str = "") -> None:
        """Let the next files fail to come; see `FileFault`. `location` is where one that has moved is."""
        self._files.arm(kind, times, location)

    def move_file(self, file_id: str, path: str) -> None:
        """Let a file be elsewhere; an absolute path is what a server that runs with --local tells."""
        self._world.files[file_id] = replace(self._world.files[file_id], path=path)

    def file_requests(self) -> list[str]:
        """Return the paths under which the bots asked for files, in order; the token is none of them."""
        return [path.partition("/file/bot")[2].partition("/")[2] for path in self._files.requests]

    def file_bytes_sent(self) -> int:
        """Return how much of files went out."""
        return self._files.sent_bytes

    def disarm(self) -> None:
        """Forget the failures that have not happened."""
        self._faults.armed.clear()

    def set_rate_limits(
        self, *, is_on: bool = True, overall_per_s: int = 30, chat_burst: int = 3, group_per_minute: int = 20
    ) -> None:
        """Hold the bots to Telegram's limits, or stop to."""
        limits = RateLimits(overall_per_s=overall_per_s, chat_burst=chat_burst, group_per_minute=group_per_minute)
        self._methods.rate_limits = limits if is_on else None

    # --- what the bots did ------------------------------------------------------------------------------------------

    def sent(self, chat_id: int | None = None) -> list[SentMessage]:
        """Return the messages the bots sent, in order."""
        return [message for message in self._journal.sent if chat_id in (None, message.chat_id)]

    def calls(self, method: str | None = None) -> list[Call]:
        """Return the calls the bots made, in order; faults and long polls included."""
        return [call for call in self._journal.calls if method in (None, call.method)]

    def open_calls(self, at: datetime, method: str | None = "sendMessage", margin_s: float = 0.0) -> list[Call]:
        """Return the calls that a client killed at a moment may not have finished.

        `margin_s` also counts answers handed over that shortly before, which the client may not have stored yet.
        """
        return open_at(self.calls(method), at, margin_s)

    async def wait_for_sent(
        self,
        wanted: int | Callable[[SentMessage], bool],
        timeout_s: float = 5.0,
        *,
        chat_id: int | None = None,
        contains: str = "",
    ) -> list[SentMessage]:
        """Wait until so many messages have been sent in all, or one that fits; return them. Raises `TimeoutError`.

        `chat_id` and `contains` count only the messages of that chat, with that text in them.
        """

        def counts(message: SentMessage) -> bool:
            return chat_id in (None, message.chat_id) and contains in message.text

        missed = "{found} of {count} messages sent within {timeout_s} s"
        return await self._journal.wait_for_sent(wanted, counts, timeout_s, missed)

    def history(self, chat_id: int, *, bot_id: int | None = None) -> list[Json]:
        """Return the messages of a chat as they are now."""
        return list(self._chat(chat_id, bot_id).messages.values())

    def pending(self, bot_id: int | None = None) -> list[str]:
        """Return the kinds of the updates that a bot has not confirmed, oldest first."""
        return pending_kinds(self._bot(bot_id).mailbox.pending)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _say(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        chat: Chat,
        sender: Json,
        text: str,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        attachment: Attachment | None = None,
        entities: list[Json] | None = None,
    ) -> Json:
        if reply_to is not None and reply_to not in chat.messages:
            raise SimulatorError(f"Message {reply_to} is not in chat {chat.id}.")
        if thread_id is not None and thread_id not in chat.messages:
            raise SimulatorError(f"Thread {thread_id} is not in chat {chat.id}.")
        content = content_of(text, self._stored(attachment), entities)
        return self._world.post(chat, sender, content, reply_to=reply_to, thread_id=thread_id)

    def _stored(self, attachment: Attachment | None) -> tuple[Attachment, StoredFile] | None:
        if attachment is None:
            return None
        number = next(self._world.numbers)
        suffix = "jpg" if attachment.kind == "photo" else attachment.name.rpartition(".")[2]
        path = f"{attachment.kind}s/file_{number}.{suffix}"
        file = StoredFile(file_id=f"AgAC{number:020d}", path=path, content=attachment.content)
        self._world.files[file.file_id] = file
        return attachment, file
