"""What a bot writes, checked as the real server checks it: content, buttons, thread, answered message."""

from simulators.telegram import entities, markup
from simulators.telegram.wire import Json, Params, bad_request
from simulators.telegram.world import Bot, Chat

_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e")


def content(params: Params) -> Json:
    """Return text, entities and buttons after every check the real server makes."""
    text = params.text("text").replace("\r", "")
    if not text:
        raise bad_request("message text is empty")
    given = params.array("entities")
    if given is None or params.text("parse_mode"):
        text, given = markup.parse(text, params.text("parse_mode"))
    text, given = entities.trimmed(text, entities.checked(text, given))
    if not text.strip().strip("".join(_INVISIBLE)):
        raise bad_request("text must be non-empty")
    if entities.units(text) > entities.MAX_TEXT_UNITS:
        raise bad_request("message is too long")
    content: Json = {"text": text}
    if found := entities.merged(text, given):
        content["entities"] = found
    return content | keyboard(params)


def keyboard(params: Params) -> Json:
    """Return the inline keyboard; other keyboards are taken and not shown, as they belong to the user's side."""
    reply_markup = params.object("reply_markup")
    if not reply_markup or "inline_keyboard" not in reply_markup:
        return {}
    rows = reply_markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse inline keyboard: an Array of Array of InlineKeyboardButton is expected")
    for button in (button for row in rows for button in row):
        if not isinstance(button, dict):
            raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
        actions = [key for key in button if key not in {"text", "style", "icon_custom_emoji_id"}]
        if not button.get("text") or len(actions) != 1:
            problem = "Text buttons are unallowed in the inline keyboard"
            raise bad_request(f"can't parse inline keyboard button: {problem}")
        if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
            raise bad_request("BUTTON_DATA_INVALID")
    rows = [row for row in rows if row]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def thread(chat: Chat, bot: Bot, thread_id: int) -> int | None:
    """Return the thread a message goes to. The general topic has no number on this wire, as in reality."""
    if thread_id == 0:
        return None
    topic = chat.topics.get(thread_id)
    is_known = topic is not None if chat.is_forum else chat.type == "supergroup" and thread_id in chat.messages
    if not is_known:
        raise bad_request("message thread not found")
    if topic is not None and topic.is_closed and not chat.member(bot.user).may("can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")
    return thread_id


def reply(chat: Chat, params: Params) -> tuple[int | None, Json]:
    """Return the message to answer, and the quote of it."""
    reply = params.object("reply_parameters")
    if reply is None:
        return None, {}
    parent = chat.messages.get(Params(reply).integer("message_id"))
    if parent is None:
        if reply.get("allow_sending_without_reply"):
            return None, {}
        raise bad_request("message to be replied not found")
    quote = reply.get("quote")
    if not quote:
        return parent["message_id"], {}
    if quote not in (text := parent.get("text", "")):
        raise bad_request("QUOTE_TEXT_INVALID")
    position = entities.units(text[: text.index(quote)])
    return parent["message_id"], {"quote": {"text": quote, "position": position, "is_manual": True}}


def scope(params: Params) -> str:
    """Return a key for the scope and language of a bot's commands."""
    scoped = params.object("scope") or {"type": "default"}
    return f"{sorted(scoped.items())}:{params.text('language_code')}"
