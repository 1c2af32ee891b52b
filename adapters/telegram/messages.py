"""Telegram's updates become `IncomingMessage`s: pure, no network, no clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from telegram import CallbackQuery, Chat, Message, Update

from adapters.base import (
    Addressed,
    Author,
    IncomingMessage,
    Kind,
    Parent,
    ReplyTarget,
    Visibility,
)
from adapters.telegram.text import attachments, clean, leading_command, mentions, text_without, whole_text

if TYPE_CHECKING:
    from telegram import User

    from adapters.telegram.places import Account, Places

MAX_UNITS = 4096
COMMANDS = ("start", "stop", "help", "ticket", "status", "claim", "unlink", "language", "ask", "faq")
_ANONYMOUS_ADMIN = 1087968824  # Telegram's GroupAnonymousBot, which writes in the name of hidden administrators

Roles: TypeAlias = "tuple[tuple[str, ...], str]"
"""Somebody's roles and where they were read from; the source is "" where the look-up failed."""


def needs_roles(update: Update, account: Account) -> tuple[str, str] | None:
    """(chat id, user id) whose roles decide what this update is: a ``/ticket`` in answer to somebody else."""
    message = update.message
    if message is None or message.sender_chat is not None or message.from_user is None:
        return None
    if not _is_about_somebody_else(message, account):
        return None
    return str(message.chat.id), str(message.from_user.id)


def normalise(
    update: Update, account: Account, places: Places, *, roles: Roles = ((), ""), received_at: datetime
) -> IncomingMessage | None:
    """What happened, or None where there is nothing a bot could care about.

    `roles` are those of the sender, where `needs_roles` asked for them. `on_behalf_of` is set only where the sender is
    known to be a moderator, so that no failed look-up can open a ticket in another's name.
    """
    if update.callback_query is not None:
        return _tap(update, update.callback_query, account, places, received_at)
    message = update.message or update.edited_message
    if message is None:
        return None
    described = _described(update, message, account, places, roles)
    if update.message is None:
        edited = message.edit_date or message.date
        return replace(
            described,
            kind=Kind.EDITED,
            command="",
            dedupe_key=f"{described.dedupe_key}:{int(edited.timestamp())}",
            sent_at=edited,
            text=described.text if not described.command else _text(message, account),
        )
    if _is_about_somebody_else(message, account):
        return _moderator_act(described, message, account, places)
    return described


def _described(update: Update, message: Message, account: Account, places: Places, roles: Roles) -> IncomingMessage:
    author = _author(message, account)
    if author.roles == ():
        author = replace(author, roles=roles[0], roles_source=roles[1])
    command = _command(message, account)
    return IncomingMessage(
        dedupe_key=f"telegram:{account.bot_id}:update:{update.update_id}",
        kind=Kind.COMMAND if command else Kind.CREATED,
        channel=account.name,
        account=account.bot_id,
        conversation_key=_conversation(message, author.id, account, places),
        thread_key=_thread(message, places),
        message_id=str(message.message_id),
        parent=_parent(message, account),
        author=author,
        text=command[1] if command else _text(message, account),
        command=command[0] if command else "",
        visibility=_visibility(message.chat),
        addressed=_addressed(message, author, account, places),
        language_hint=message.from_user.language_code if message.from_user else None,
        attachments=attachments(message),
        sent_at=message.date,
        reply_to=_target(message, str(message.message_id), account, places),
        message_ref={"chat_id": str(message.chat.id), "message_id": str(message.message_id)},
    )


def _moderator_act(described: IncomingMessage, message: Message, account: Account, places: Places) -> IncomingMessage:
    """The command turned to the message it answers.

    Somebody who is known to be no moderator just gave a command of their own. Where nobody could find out
    (`roles_source` ""), `staff_reply_to` is set without `on_behalf_of`: there is somebody to tell, and nothing to open.
    """
    command = replace(described, staff_reply_to=described.reply_to)
    if "moderator" not in described.author.roles:
        return described if described.author.roles_source else command
    complaint = _answered(message)
    if complaint is None:
        return command
    author = _author(complaint, account)
    target = _target(message, str(complaint.message_id), account, places)
    if _is_hidden(complaint, author):
        return replace(command, reply_to=target)
    return replace(
        command,
        on_behalf_of=author,
        conversation_key=_conversation(message, author.id, account, places),
        reply_to=target,
    )


def _tap(
    update: Update, query: CallbackQuery, account: Account, places: Places, received_at: datetime
) -> IncomingMessage | None:
    carrier = query.message
    if carrier is None or query.data is None:
        return None
    author = _person(query.from_user, account)
    message = carrier if isinstance(carrier, Message) else None
    # The answer belongs under the question; where Telegram does not show it any more, under the buttons.
    question = _answered(message) if message else None
    answered_id = str(question.message_id if question else carrier.message_id)
    private = carrier.chat.type == Chat.PRIVATE
    return IncomingMessage(
        dedupe_key=f"telegram:{account.bot_id}:update:{update.update_id}",
        kind=Kind.ACTION,
        channel=account.name,
        account=account.bot_id,
        conversation_key=_conversation(carrier, author.id, account, places),
        thread_key=_thread(carrier, places),
        message_id=str(carrier.message_id),
        author=author,
        action=clean(query.data),
        visibility=_visibility(carrier.chat),
        addressed=Addressed.DIRECT if private else Addressed.REPLY_TO_BOT,
        language_hint=query.from_user.language_code,
        sent_at=received_at,
        reply_to=_target(carrier, answered_id, account, places),
    )


# --- who -----------------------------------------------------------------------------------------------------------


def _person(user: User, account: Account) -> Author:
    is_self = str(user.id) == account.bot_id
    return Author(
        id=str(user.id),
        handle=user.username,
        display_name=clean(user.full_name),
        is_bot=user.is_bot,
        is_self=is_self,
    )


def _author(message: Message, account: Account) -> Author:
    """A message in the name of a chat has that chat as its author; only the group's own name is its administrators'."""
    user, chat = message.from_user, message.sender_chat
    is_system = bool(message.is_automatic_forward) or _is_service(message)
    if chat is None:
        if user is None:
            return Author(id=str(message.chat.id), is_system=True)
        return replace(_person(user, account), is_system=is_system)
    is_admin = chat.id == message.chat.id and user is not None and user.id == _ANONYMOUS_ADMIN
    return Author(
        id=str(chat.id),
        handle=chat.username,
        display_name=clean(chat.title or ""),
        is_anonymous=is_admin,
        is_system=is_system,
        roles=("moderator",) if is_admin else (),
        roles_source="payload" if is_admin else "",
    )


def _is_service(message: Message) -> bool:
    """Whether Telegram itself reports something: somebody joined, a title changed, a topic was made."""
    return message.text is None and message.caption is None and message.effective_attachment is None


def _is_hidden(complaint: Message, author: Author) -> bool:
    """Whether nobody knows whose complaint this is: a chat's name, a bot, or words forwarded from somebody else."""
    return (
        complaint.sender_chat is not None or author.is_bot or author.is_system or complaint.forward_origin is not None
    )


# --- where ---------------------------------------------------------------------------------------------------------


def _thread(message: object, places: Places) -> str:
    """The topic or the comments the message stands in; a chain of replies has a thread id too but is no place."""
    if not isinstance(message, Message) or not message.message_thread_id:
        return ""
    thread, answered = message.message_thread_id, message.reply_to_message
    is_comment = f"{message.chat.id}:{thread}" in places.comments or bool(answered and answered.is_automatic_forward)
    return str(thread) if message.is_topic_message or is_comment else ""


def _conversation(message: object, requester_id: str, account: Account, places: Places) -> str:
    chat: Chat = message.chat  # type: ignore[attr-defined]
    place = f"{account.name}:{account.bot_id}:{places.original(str(chat.id))}"
    return place if chat.type == Chat.PRIVATE else f"{place}:{_thread(message, places)}:{requester_id}"


def _visibility(chat: Chat) -> Visibility:
    if chat.type == Chat.PRIVATE:
        return Visibility.PRIVATE
    return Visibility.PUBLIC if chat.username else Visibility.MEMBERS


def _target(message: object, answered_id: str, account: Account, places: Places) -> ReplyTarget:
    chat: Chat = message.chat  # type: ignore[attr-defined]
    thread = _thread(message, places)
    address = {"chat_id": str(chat.id), "message_id": answered_id}
    return ReplyTarget(
        channel=account.name,
        place=str(chat.id),
        address=address | ({"thread_id": thread} if thread else {}),
        visibility=_visibility(chat),
        can_private=chat.type == Chat.PRIVATE,
        # What stands behind `start=` comes back as "/start FL-1001"; it opens nothing to anybody but the requester.
        url=_link(chat, thread, answered_id, is_topic=getattr(message, "is_topic_message", None) is True),
        private_url="" if chat.type == Chat.PRIVATE else f"https://t.me/{account.username}?start={{number}}",
        buttons=True,
        max_len=MAX_UNITS,
        len_unit="utf16",
    )


def _link(chat: Chat, thread: str, message_id: str, *, is_topic: bool) -> str:
    """Where members find the message; only supergroups have such addresses."""
    number = str(chat.id).removeprefix("-100")
    if chat.type != Chat.SUPERGROUP or not number.isdecimal():
        return ""
    place = f"https://t.me/{chat.username or f'c/{number}'}"
    if is_topic and thread:
        return f"{place}/{thread}/{message_id}"
    return f"{place}/{message_id}" + (f"?thread={thread}" if thread else "")


# --- what ----------------------------------------------------------------------------------------------------------


def _answered(message: Message) -> Message | None:
    """The message this one replies to. In a topic, what is no reply seems to reply to the topic's creation."""
    answered = message.reply_to_message
    if answered is not None and message.is_topic_message and answered.message_id == message.message_thread_id:
        return None
    return answered


def _is_about_somebody_else(message: Message, account: Account) -> bool:
    command = _command(message, account)
    if command is None or command[0] != "ticket" or message.chat.type == Chat.PRIVATE:
        return False
    answered = _answered(message)
    if answered is None:
        return message.external_reply is not None
    return _author(answered, account).id not in {_author(message, account).id, account.bot_id}


def _parent(message: Message, account: Account) -> Parent | None:
    answered = _answered(message)
    if answered is None:
        return None
    return Parent(
        message_id=str(answered.message_id),
        author=_author(answered, account),
        text=whole_text(answered) or None,
        # A message that Telegram does not show any more is dated to the epoch.
        sent_at=answered.date if answered.date > datetime.fromtimestamp(0, UTC) else None,
        attachments=attachments(answered),
    )


def _addressed(message: Message, author: Author, account: Account, places: Places) -> Addressed:  # noqa: PLR0911 - one line a reason reads best
    if author.is_system or author.is_bot or author.is_self or _is_for_another_bot(message, account):
        return Addressed.AMBIENT
    if _command(message, account):
        return Addressed.COMMAND
    if message.chat.type == Chat.PRIVATE:
        return Addressed.DIRECT
    answered = _answered(message)
    answered_author = _author(answered, account) if answered else None
    if answered_author and answered_author.is_self:
        return Addressed.REPLY_TO_BOT
    if mentions(message, account):
        return Addressed.MENTION
    # In a help channel too, a reply to another person is talk between people.
    if answered_author and not answered_author.is_system and answered_author.id != author.id:
        return Addressed.AMBIENT
    chat_id = places.original(str(message.chat.id))
    here = {str(message.chat.id), chat_id}
    here |= {f"{chat}/{message.message_thread_id}" for chat in here}
    return Addressed.HELP_CHANNEL if here & account.help_channels else Addressed.AMBIENT


def _is_for_another_bot(message: Message, account: Account) -> bool:
    slash = leading_command(message)
    return slash is not None and slash[1] not in ("", account.username.lower())


def _command(message: Message, account: Account) -> tuple[str, str] | None:
    """(command, what follows it). In a group an unknown command without our name is meant for somebody else."""
    slash = leading_command(message)
    if slash is None or _is_for_another_bot(message, account) or message.forward_origin is not None:
        return None
    command, bot, used = slash
    if command not in COMMANDS and not bot and message.chat.type != Chat.PRIVATE:
        return None
    return command, text_without(message, [*mentions(message, account)], start=used)


def _text(message: Message, account: Account) -> str:
    return text_without(message, mentions(message, account), start=0)
