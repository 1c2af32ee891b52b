"""Letters to a subreddit's moderators become `IncomingMessage`s: pure, no network, no clock.

This is Reddit's one private place that a program can read: private messages became a chat without an interface.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from adapters.base import Addressed, Author, Idempotency, IncomingMessage, Kind, Parent, ReplyTarget, Visibility
from adapters.reddit.text import MAX_PLAIN, SIGN, clean, leading_command, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.reddit.places import Account

_MARKS: Final = f"{SIGN}/"
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message of a conversation in modmail; `author_id` is the same "t2_…" as under comments."""

    id: str
    author_id: str
    author_name: str
    is_by_moderator: bool
    is_internal: bool
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation with its letters, oldest first; `participant_id` "" where moderators are among themselves."""

    id: str
    subreddit: str
    subject: str
    participant_id: str
    letters: tuple[Letter, ...]


def read(answer: Mapping[str, Any]) -> Conversation:
    """The conversation in Reddit's answer. Raises `ValueError`, `KeyError`, `TypeError` or `AttributeError`."""
    data = answer["conversation"]
    ids = [one["id"] for one in data["objIds"] if one["key"] == "messages"]
    letters = [_letter(answer["messages"][one]) for one in ids if one in answer["messages"]]
    participant = data.get("participant") or {}
    return Conversation(
        id=str(data["id"]),
        subreddit=str(data["owner"]["displayName"]),
        subject=clean(str(data.get("subject") or "")),
        participant_id="" if data.get("isInternal") else user_id(participant.get("id")),
        letters=tuple(sorted(letters, key=lambda letter: letter.sent_at)),
    )


def user_id(number: object) -> str:
    """The user's fullname; modmail alone writes the number that it holds. "" for no number."""
    if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
        return ""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return f"t2_{digits}"


def _letter(data: Mapping[str, Any]) -> Letter:
    author = data["author"]
    return Letter(
        id=str(data["id"]),
        author_id="" if author.get("isDeleted") else user_id(author.get("id")),
        author_name=clean(str(author.get("name") or "")),
        is_by_moderator=author.get("isMod") is True or author.get("isAdmin") is True,
        is_internal=data.get("isInternal") is True,
        text=str(data["bodyMarkdown"]),
        sent_at=datetime.fromisoformat(data["date"]).astimezone(UTC),
    )


def normalise(letter: Letter, conversation: Conversation, account: Account) -> IncomingMessage:
    """What somebody wrote there.

    A moderator's own words to the user are not for the bot; their ``!ticket`` is: it opens a ticket for the user.
    """
    author = _author(letter, account)
    said = words(letter.text, account.username)
    command = leading_command(said, _MARKS)
    is_users = letter.author_id != "" and letter.author_id == conversation.participant_id
    if letter is conversation.letters[0] and command is None:
        said = _with_subject(said, conversation.subject)
    described = IncomingMessage(
        dedupe_key=f"reddit:{account.id}:modmail:{_native(conversation, letter)}",
        kind=Kind.COMMAND if command and command[0] != "faq" else Kind.CREATED,
        channel=account.name,
        account=account.id,
        conversation_key=f"{account.name}:{account.id}:modmail:{conversation.id}",
        thread_key=conversation.id,
        message_id=_native(conversation, letter),
        author=author,
        text=command[1] if command else said,
        command=command[0] if command and command[0] != "faq" else "",
        visibility=Visibility.INTERNAL if letter.is_internal or not conversation.participant_id else Visibility.PRIVATE,
        addressed=Addressed.AMBIENT,
        sent_at=letter.sent_at,
        reply_to=target(conversation, account),
    )
    if author.is_bot or not letter.author_id:
        return described
    if is_users and not letter.is_internal:
        return replace(described, addressed=Addressed.COMMAND if command else Addressed.DIRECT)
    if letter.is_by_moderator and described.command == "ticket" and conversation.participant_id:
        return _moderator_act(described, letter, conversation, account)
    return described


def _moderator_act(
    described: IncomingMessage, letter: Letter, conversation: Conversation, account: Account
) -> IncomingMessage:
    """A moderator's ``!ticket`` beside what the user wrote, whose last letter is the complaint."""
    theirs = [one for one in conversation.letters if one.author_id == conversation.participant_id]
    complaint = next((one for one in reversed(theirs) if one.sent_at <= letter.sent_at), None)
    command = replace(
        described,
        author=replace(described.author, roles=("moderator",), roles_source="payload"),
        addressed=Addressed.COMMAND,
        staff_reply_to=_note_to(conversation, account),
    )
    if complaint is None:
        return command
    author = _author(complaint, account)
    parent = Parent(
        message_id=_native(conversation, complaint),
        author=author,
        text=words(complaint.text, account.username) or None,
        sent_at=complaint.sent_at,
    )
    return replace(command, on_behalf_of=None if author.is_bot else author, parent=parent)


def target(conversation: Conversation, account: Account) -> ReplyTarget:
    """The answer in the conversation."""
    return ReplyTarget(
        channel=account.name,
        place=f"modmail/{conversation.subreddit.lower()}",
        address={"subreddit": conversation.subreddit, "conversation": conversation.id},
        visibility=Visibility.PRIVATE,
        can_private=True,
        read_along=True,
        max_len=MAX_PLAIN,
        sign=SIGN,
        url=f"https://mod.reddit.com/mail/all/{conversation.id}",  # which only moderators can open
        idempotency=Idempotency.FINDABLE,
    )


def _note_to(conversation: Conversation, account: Account) -> ReplyTarget:
    """A note beside the conversation, which the user does not see."""
    there = target(conversation, account)
    return replace(there, address={**there.address, "internal": "yes"}, visibility=Visibility.INTERNAL)


def _native(conversation: Conversation, letter: Letter) -> str:
    return f"{conversation.id}/{letter.id}"


def _author(letter: Letter, account: Account) -> Author:
    is_self = letter.author_id == account.id
    return Author(
        id=letter.author_id or "nobody",
        handle=letter.author_name or None,
        display_name=letter.author_name,
        is_bot=is_self or letter.author_name.lower() in account.bots,
        is_self=is_self,
    )


def _with_subject(said: str, subject: str) -> str:
    """The first letter with its subject, unless it says the same."""
    subject = clean(subject)
    if not subject or said.casefold().startswith(subject.casefold()):
        return said
    return f"{subject}\n\n{said}" if said else subject
