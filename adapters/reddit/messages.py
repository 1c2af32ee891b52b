"""Reddit's submissions and comments become `IncomingMessage`s: pure, no network, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from adapters.base import Addressed, Author, Idempotency, IncomingMessage, Kind, Parent, ReplyTarget, Visibility
from adapters.reddit.places import Place, has_modmail, letter
from adapters.reddit.text import MAX_PLAIN, SIGN, leading_command, mentions, words
from adapters.reddit.things import Thing

if TYPE_CHECKING:
    from adapters.reddit.places import Account, Roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a thing alone does not say.

    `parent` is None for a submission, and where Reddit has it no more. `root` is the top-level comment it stands
    under, or itself; "" for a submission.
    """

    place: Place
    parent: Thing | None = None
    root: str = ""


def is_for_bot(thing: Thing, account: Account, parent: Thing | None) -> bool:
    """Whether it is addressed to the bot at all."""
    return _addressed(thing, account, parent) is not Addressed.AMBIENT


def needs_roles(thing: Thing, account: Account, parent: Thing | None) -> bool:
    """Whether the author's roles decide what this is: a ``!ticket`` under somebody else's words."""
    return (
        thing.subreddit.lower() in account.subreddits
        and not _author(thing, account).is_bot
        and _is_about_somebody_else(thing, account, parent)
    )


def normalise(
    thing: Thing, account: Account, around: Around, *, roles: Roles = ((), ""), is_edit: bool = False
) -> IncomingMessage:
    """What somebody posted, or changed in what they had posted.

    `roles` are those of the author, where `needs_roles` asked for them. `on_behalf_of` is set only where the author
    is known to be a moderator, so that no failed look-up can open a ticket in another's name.
    """
    described = _described(thing, account, around, roles)
    if is_edit:
        return replace(
            described,
            kind=Kind.EDITED,
            command="",
            dedupe_key=f"{described.dedupe_key}:edited:{thing.edited}",
            text=described.text if not described.command else _said(thing, account),
        )
    if _is_about_somebody_else(thing, account, around.parent) and described.addressed is Addressed.COMMAND:
        return _moderator_act(described, account, around)
    return described


def deletion(thing: Thing, account: Account, place: Place, *, conversation_key: str, author_id: str) -> IncomingMessage:
    """That a thing is gone; whose it was, and which matter, is remembered and not shown any more."""
    return IncomingMessage(
        dedupe_key=f"{_native(thing, account)}:deleted",
        kind=Kind.DELETED,
        channel=account.name,
        account=account.id,
        conversation_key=conversation_key,
        thread_key=thing.submission_id,
        message_id=thing.id,
        author=Author(id=author_id),
        visibility=place.visibility,
        addressed=Addressed.AMBIENT,
        sent_at=thing.created_at,
        reply_to=target(thing, account, place),
    )


def target(thing: Thing, account: Account, place: Place) -> ReplyTarget:
    """The answer below a thing."""
    is_private_too = has_modmail(account, place)
    return ReplyTarget(
        channel=account.name,
        place=f"r/{thing.subreddit.lower()}",
        address={
            "subreddit": thing.subreddit,
            "parent": thing.id,
            "link": thing.submission_id,
            **({"modmail": "yes"} if is_private_too else {}),
            **({"language": place.language} if place.language else {}),
        },
        visibility=place.visibility,
        can_reply=not place.is_closed,
        why_not=f"the bot is banned in r/{thing.subreddit}" if place.is_closed else "",
        max_len=MAX_PLAIN,
        sign=SIGN,
        private_url=letter(account, thing.subreddit, "Ticket {number}") if is_private_too else "",
        url=address(thing, account),
        idempotency=Idempotency.FINDABLE,
    )


def address(thing: Thing, account: Account) -> str:
    """Where a person finds it."""
    path = f"{account.site}/comments/{thing.submission_id[3:]}/"
    return f"{path}_/{thing.id[3:]}/" if thing.is_comment else path


def conversation(thing: Thing, account: Account, around: Around) -> str:
    """One person's matter: what they say under one top-level comment, or anywhere below a submission of their own.

    The submission's author asks in the submission or in a comment, and goes on below either: nothing tells which.
    """
    author = thing.author_id or "nobody"
    own = not thing.is_comment or thing.is_by_submitter
    return f"{account.name}:{account.id}:{thing.submission_id}:{'' if own else around.root}:{author}"


def _described(thing: Thing, account: Account, around: Around, roles: Roles) -> IncomingMessage:
    author = replace(_author(thing, account), roles=roles[0], roles_source=roles[1])
    addressed = _addressed(thing, account, around.parent)
    command = _command(thing, account)
    # A question behind a command is a question.
    is_command = command is not None and command[0] != "faq" and addressed is Addressed.COMMAND
    text = command[1] if command and addressed is Addressed.COMMAND else _said(thing, account)
    return IncomingMessage(
        dedupe_key=_native(thing, account),
        kind=Kind.COMMAND if is_command else Kind.CREATED,
        channel=account.name,
        account=account.id,
        conversation_key=conversation(thing, account, around),
        thread_key=thing.submission_id,
        message_id=thing.id,
        parent=_parent(thing, account, around.parent),
        author=author,
        # Where the FAQ may answer a title, nothing but the title was offered to it.
        text=thing.title if addressed is Addressed.IF_SURE else text,
        command=command[0] if command and is_command else "",
        visibility=around.place.visibility,
        addressed=addressed,
        language_hint=around.place.language or None,
        attachments=thing.attachments,
        sent_at=thing.created_at,
        reply_to=target(thing, account, around.place),
        message_ref={"id": thing.id, "subreddit": thing.subreddit},
    )


def _native(thing: Thing, account: Account) -> str:
    kind = "comment" if thing.is_comment else "submission"
    return f"reddit:{account.id}:{kind}:{thing.id}"


def _moderator_act(described: IncomingMessage, account: Account, around: Around) -> IncomingMessage:
    """The command turned to what it stands under.

    Somebody who is known to be no moderator just gave a command of their own. Where nobody could find out
    (`roles_source` ""), `staff_reply_to` is set without `on_behalf_of`: there is somebody to tell, and nothing to open.
    """
    command = replace(described, staff_reply_to=_staff(described, account, around.place))
    if "moderator" not in described.author.roles:
        return described if described.author.roles_source else command
    complaint = around.parent
    if complaint is None:
        return command
    author = _author(complaint, account)
    reply_to = target(complaint, account, around.place)
    if complaint.gone or not complaint.author_id or author.is_bot or author.is_system:
        return replace(command, reply_to=reply_to)
    return replace(
        command,
        on_behalf_of=author,
        # The complaint is no deeper than the command: both stand under the same top-level comment, or it is that.
        conversation_key=conversation(complaint, account, around),
        reply_to=reply_to,
        remove_when_done=around.place.may(account.id, "posts"),
    )


def _staff(described: IncomingMessage, account: Account, place: Place) -> ReplyTarget:
    """Where a moderator is answered: in modmail where the bot has its right, else below the command.

    The command is taken away once it is carried out; an answer below it would tell everybody of what is gone.
    """
    moderator = described.author
    if not has_modmail(account, place) or not moderator.handle:
        return described.reply_to
    return ReplyTarget(
        channel=account.name,
        place=f"modmail/{place.name.lower()}",
        address={
            "subreddit": described.reply_to.address["subreddit"],
            "recipient": moderator.handle,
            "recipient_id": moderator.id,
        },
        visibility=Visibility.INTERNAL,
        max_len=MAX_PLAIN,
        sign=SIGN,
        idempotency=Idempotency.FINDABLE,
    )


# --- who -----------------------------------------------------------------------------------------------------------


def _author(thing: Thing, account: Account) -> Author:
    is_self = thing.author_id == account.id
    return Author(
        id=thing.author_id or "nobody",
        handle=thing.author_name or None,
        display_name=thing.author_name,
        is_bot=is_self or thing.author_name.lower() in account.bots,
        is_self=is_self,
    )


# --- what ----------------------------------------------------------------------------------------------------------


def _whole(thing: Thing) -> str:
    return "\n\n".join(part for part in (thing.title, thing.text) if part)


def _said(thing: Thing, account: Account) -> str:
    return words(_whole(thing), account.username)


def _command(thing: Thing, account: Account) -> tuple[str, str] | None:
    """(command, what follows it), at the beginning of a comment, of a submission's title or of its text."""
    for text in (thing.title, thing.text):
        if text and (command := leading_command(words(text, account.username), SIGN)) is not None:
            return command
    return None


def _is_about_somebody_else(thing: Thing, account: Account, parent: Thing | None) -> bool:
    command = _command(thing, account)
    if command is None or command[0] != "ticket" or not thing.is_comment:
        return False
    return parent is None or parent.author_id not in {thing.author_id, account.id}


def _parent(thing: Thing, account: Account, parent: Thing | None) -> Parent | None:
    if not thing.is_comment:
        return None
    if parent is None or parent.gone:
        return Parent(message_id=thing.parent_id)
    return Parent(
        message_id=parent.id,
        author=_author(parent, account) if parent.author_id else None,
        text=_said(parent, account) or None,
        sent_at=parent.created_at,
        attachments=parent.attachments,
    )


def _addressed(thing: Thing, account: Account, parent: Thing | None) -> Addressed:  # noqa: PLR0911 - one line a reason reads best
    author, subreddit = _author(thing, account), thing.subreddit.lower()
    if author.is_bot or thing.gone or not thing.author_id or subreddit not in account.subreddits:
        return Addressed.AMBIENT
    if _command(thing, account):
        return Addressed.COMMAND
    if parent is not None and parent.author_id == account.id:
        return Addressed.REPLY_TO_BOT
    if mentions(_whole(thing), account.username):
        return Addressed.MENTION
    if thing.is_comment:
        return Addressed.AMBIENT
    if thing.flair and thing.flair.casefold() in account.help_flairs.get(subreddit, ()):
        return Addressed.HELP_CHANNEL
    return Addressed.IF_SURE if subreddit in account.answer_titles else Addressed.AMBIENT
