"""What people see of Reddit in the playground: submissions, comments and modmail as posts of a scene."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from simulators.reddit.markdown import plain
from simulators.reddit.modmail import Conversation, ModmailMessage
from simulators.reddit.objects import text_of
from simulators.reddit.world import Thing
from simulators.scene import Post

MODMAIL = "modmail"


def post(thing: Thing) -> Post:
    """Return a submission or a comment as a passer-by sees it."""
    states = {
        "deleted": thing.is_deleted,
        "removed": thing.removed_at is not None,
        "locked": thing.is_locked,
        "edited": thing.edited_at is not None,
    }
    return Post(
        id=thing.fullname,
        place=thing.subreddit.name,
        author=thing.author.name,
        text=plain(text_of(thing, None)),
        at=_time(thing.created_at),
        reply_to=thing.parent.fullname if thing.parent else "",
        title=thing.title,
        state=next((state for state, is_so in states.items() if is_so), ""),
    )


def letters(conversations: Iterable[Conversation], *, note_reader: str) -> Iterator[Post]:
    """Give the messages between people and moderators; `note_reader` is the one who sees internal notes."""
    for one in conversations:
        if one.participant is None:
            continue
        for number, message in enumerate(one.messages):
            yield Post(
                id=letter_id(one, message),
                place=f"{MODMAIL}/{one.participant.name}",
                author=message.author.name,
                text=plain(message.text),
                at=_time(message.at),
                reply_to=letter_id(one, one.messages[0]) if number else "",
                title="" if number else one.subject,
                only_for=note_reader if message.is_internal else "",
            )


def letter_id(one: Conversation, message: ModmailMessage) -> str:
    """Return the id of a message of modmail as a post."""
    return f"{MODMAIL}/{one.id}/{message.id}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
