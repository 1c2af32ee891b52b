"""The methods of the Bot API."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from simulators.telegram import composing
from simulators.telegram.journal import Call, Journal
from simulators.telegram.updates import Webhook
from simulators.telegram.wire import ApiError, Json, Params, bad_request, too_many_requests
from simulators.telegram.world import PRESENT, Bot, Chat, World

if TYPE_CHECKING:
    from simulators.telegram.faults import RateLimits

_MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
_ACTIONS = frozenset(
    {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document"}
    | {"choose_sticker", "find_location", "record_video_note", "upload_video_note"}
)
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)

Method = Callable[["Methods", Call, Bot, Params], Awaitable[Any]]


class Methods:
    """Answers calls: the result, or an `ApiError` with the real server's words."""

    def __init__(self, world: World, journal: Journal) -> None:
        self._world = world
        self._journal = journal
        self.rate_limits: RateLimits | None = None

    async def get_me(self, _call: Call, bot: Bot, _params: Params) -> Json:
        """Return the bot's user."""
        return bot.user.wire() | {
            "can_join_groups": True,
            "can_read_all_group_messages": bot.can_read_all_group_messages,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    async def get_updates(self, _call: Call, bot: Bot, params: Params) -> list[Json]:
        """Return updates that are not yet confirmed."""
        bot.mailbox.allow(params.array("allowed_updates"))
        return await bot.mailbox.poll(
            offset=params.integer("offset"), limit=params.integer("limit", 100), timeout_s=params.integer("timeout")
        )

    async def set_webhook(self, _call: Call, bot: Bot, params: Params) -> bool:
        """Start to post updates; an empty address stops it. Plain http is taken too: the simulator is local."""
        url, secret = params.text("url"), params.text("secret_token")
        if params.flag("drop_pending_updates"):
            bot.mailbox.pending.clear()
        if not url:
            bot.mailbox.drop_webhook()
            return True
        if not re.match(r"https?://[^/\s]", url):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        bot.mailbox.allow(params.array("allowed_updates"))
        connections = params.integer("max_connections", 40)
        bot.mailbox.set_webhook(Webhook(url=url, secret_token=secret, max_connections=connections))
        return True

    async def delete_webhook(self, _call: Call, bot: Bot, params: Params) -> bool:
        """Go back to polling."""
        if params.flag("drop_pending_updates"):
            bot.mailbox.pending.clear()
        bot.mailbox.drop_webhook()
        return True

    async def get_webhook_info(self, _call: Call, bot: Bot, _params: Params) -> Json:
        """Return where updates go and how that fares."""
        webhook = bot.mailbox.webhook
        values: Json = {
            "url": webhook.url if webhook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(bot.mailbox.pending),
        }
        if webhook is not None:
            values["max_connections"] = webhook.max_connections
            if webhook.last_error_at is not None:
                values |= {"last_error_date": webhook.last_error_at, "last_error_message": webhook.last_error}
        if bot.mailbox.allowed:
            values["allowed_updates"] = sorted(bot.mailbox.allowed)
        return values

    async def send_message(self, call: Call, bot: Bot, params: Params) -> Json:
        """Put a text into a chat."""
        content = composing.content(params)
        chat = self._writable(bot, params)
        thread_id = composing.thread(chat, bot, params.integer("message_thread_id"))
        reply_to, quote = composing.reply(chat, params)
        self._limit(bot, chat)
        sender: Json = {"from": bot.user.wire()}
        if chat.type == "channel":
            sender = {"sender_chat": chat.wire()}
        content |= quote
        message = self._world.post(chat, sender, content, reply_to=reply_to, thread_id=thread_id, author=bot)
        chat.last_bot_id = bot.user.id
        self._journal.add_sent(call, message)
        return message

    async def edit_message_text(self, _call: Call, bot: Bot, params: Params) -> Json:
        """Replace text and buttons of a message of the bot's own."""
        chat, message = self._own_message(bot, params)
        return self._edited(bot, chat, message, composing.content(params))

    async def edit_message_reply_markup(self, _call: Call, bot: Bot, params: Params) -> Json:
        """Replace the buttons of a message of the bot's own."""
        chat, message = self._own_message(bot, params)
        content = {key: message[key] for key in ("text", "entities") if key in message}
        return self._edited(bot, chat, message, content | composing.keyboard(params))

    async def delete_message(self, _call: Call, bot: Bot, params: Params) -> bool:
        """Delete a message: the bot's own, any in a private chat, others' with the right to."""
        chat = self._present(bot, params)
        message = chat.messages.get(params.integer("message_id"))
        if message is None:
            raise bad_request("message to delete not found")
        is_own = message.get("from", {}).get("id") == bot.user.id
        may_delete = chat.type == "private" or is_own or chat.member(bot.user).may("can_delete_messages")
        if not may_delete or message["message_id"] in chat.topics:
            raise bad_request("message can't be deleted")
        del chat.messages[message["message_id"]]
        return True

    async def answer_callback_query(self, _call: Call, _bot: Bot, params: Params) -> bool:
        """Stop the waiting sign on a button; possible once."""
        query_id = params.text("callback_query_id")
        if query_id not in self._world.callbacks:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        self._world.callbacks.remove(query_id)
        return True

    async def send_chat_action(self, _call: Call, bot: Bot, params: Params) -> bool:
        """Show that the bot is typing."""
        chat = self._writable(bot, params)
        if params.text("action") not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        composing.thread(chat, bot, params.integer("message_thread_id"))
        return True

    async def set_message_reaction(self, _call: Call, bot: Bot, params: Params) -> bool:
        """Check a reaction; it is seen in the log of calls."""
        chat = self._writable(bot, params)
        if params.integer("message_id") not in chat.messages:
            raise bad_request("message to react not found")
        reactions = params.array("reaction") or []
        if len(reactions) > 1 or any(_field(item, "type") != "emoji" for item in reactions):
            raise bad_request("REACTION_INVALID")
        return True

    async def get_chat(self, _call: Call, bot: Bot, params: Params) -> Json:
        """Return the full description of a chat."""
        chat = self._world.chat_for(bot, params.values.get("chat_id"))
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        values = chat.wire() | {
            "accent_color_id": chat.id % 7,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, chat.type == "private"),
        }
        if chat.username:
            values["active_usernames"] = [chat.username]
        return values | ({"linked_chat_id": chat.linked_chat_id} if chat.linked_chat_id else {})

    async def get_chat_member(self, _call: Call, bot: Bot, params: Params) -> Json:
        """Return what a user is in a chat."""
        chat = self._present(bot, params)
        user_id = params.integer("user_id")
        member = chat.members.get(user_id)
        if member is not None:
            return member.wire(chat.type)
        user = self._world.users.get(user_id)
        if user is None:
            raise bad_request("invalid user_id specified" if user_id <= 0 else "PARTICIPANT_ID_INVALID")
        return chat.member(user).wire(chat.type)

    async def get_chat_administrators(self, _call: Call, bot: Bot, params: Params) -> list[Json]:
        """Return the creator and the administrators, without other bots unless asked for."""
        chat = self._present(bot, params)
        if chat.type == "private":
            raise bad_request("there are no administrators in the private chat")
        members = [member for member in chat.members.values() if member.status in {"creator", "administrator"}]
        with_bots = params.flag("return_bots")
        seen = [member for member in members if with_bots or not member.user.is_bot or member.user.id == bot.user.id]
        return [member.wire(chat.type) for member in sorted(seen, key=lambda member: member.status != "creator")]

    async def get_file(self, _call: Call, _bot: Bot, params: Params) -> Json:
        """Return where a file can be fetched; up to 20 MB, as there."""
        file = self._world.files.get(params.text("file_id"))
        if file is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if len(file.content) > _MAX_DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        return {
            "file_id": file.file_id,
            "file_unique_id": file.file_id[-12:],
            "file_size": len(file.content),
            "file_path": file.path,
        }

    async def set_my_commands(self, _call: Call, bot: Bot, params: Params) -> bool:
        """Keep the bot's commands, by scope and language."""
        commands = params.array("commands") or []
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", _field(command, "command")):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(_field(command, "description")) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        bot.commands[composing.scope(params)] = commands
        return True

    async def get_my_commands(self, _call: Call, bot: Bot, params: Params) -> list[Json]:
        """Return the bot's commands."""
        return bot.commands.get(composing.scope(params), [])

    def _limit(self, bot: Bot, chat: Chat) -> None:
        wait_s = self.rate_limits.wait_s(bot.user.id, chat.id) if self.rate_limits else 0
        if wait_s:
            raise too_many_requests(wait_s)

    def _present(self, bot: Bot, params: Params) -> Chat:
        """Return the chat named by chat_id in which the bot must be."""
        chat = self._world.chat_for(bot, params.values.get("chat_id"))
        if chat.migrated_to is not None:
            raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
        if chat.is_deactivated:
            raise ApiError(403, "Forbidden: user is deactivated")
        status = chat.member(bot.user).status
        if chat.type == "private" and status == "kicked":
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if status == "kicked":
            raise ApiError(403, f"Forbidden: bot was kicked from the {chat.type} chat")
        if status not in PRESENT:
            raise ApiError(403, f"Forbidden: bot is not a member of the {chat.type} chat")
        return chat

    def _writable(self, bot: Bot, params: Params) -> Chat:
        chat = self._present(bot, params)
        member = chat.member(bot.user)
        if chat.type == "channel" and not member.may("can_post_messages"):
            raise bad_request("need administrator rights in the channel chat")
        if member.status == "restricted":
            raise bad_request("not enough rights to send text messages to the chat")
        return chat

    def _own_message(self, bot: Bot, params: Params) -> tuple[Chat, Json]:
        chat = self._writable(bot, params)
        message = chat.messages.get(params.integer("message_id"))
        if message is None:
            raise bad_request("message to edit not found")
        may_edit = chat.type == "channel" and chat.member(bot.user).may("can_edit_messages")
        if message.get("from", {}).get("id") != bot.user.id and not may_edit:
            raise bad_request("message can't be edited")
        return chat, message

    def _edited(self, bot: Bot, chat: Chat, message: Json, content: Json) -> Json:
        names = ("text", "entities", "reply_markup")
        if {name: message[name] for name in names if name in message} == content:
            raise bad_request(_NOT_MODIFIED)
        self._limit(bot, chat)
        kept = {name: value for name, value in message.items() if name not in names}
        edited = kept | content | {"edit_date": int(self._world.clock())}
        chat.messages[message["message_id"]] = edited
        return edited


METHODS: dict[str, Method] = {
    "getme": Methods.get_me,
    "getupdates": Methods.get_updates,
    "setwebhook": Methods.set_webhook,
    "deletewebhook": Methods.delete_webhook,
    "getwebhookinfo": Methods.get_webhook_info,
    "sendmessage": Methods.send_message,
    "editmessagetext": Methods.edit_message_text,
    "editmessagereplymarkup": Methods.edit_message_reply_markup,
    "deletemessage": Methods.delete_message,
    "answercallbackquery": Methods.answer_callback_query,
    "sendchataction": Methods.send_chat_action,
    "setmessagereaction": Methods.set_message_reaction,
    "getchat": Methods.get_chat,
    "getchatmember": Methods.get_chat_member,
    "getchatadministrators": Methods.get_chat_administrators,
    "getfile": Methods.get_file,
    "setmycommands": Methods.set_my_commands,
    "getmycommands": Methods.get_my_commands,
}


def _field(item: object, name: str) -> str:
    """Return a text of a nested object, empty where it is missing or the object is none."""
    return str(item.get(name, "")) if isinstance(item, dict) else ""
