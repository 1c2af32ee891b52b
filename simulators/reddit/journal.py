"""What programs did: every call with its fate, every comment and modmail reply they sent, every act of moderation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators.journal import AnyCall, AnyJournal


@dataclass(slots=True, kw_only=True)
class Call(AnyCall):
    """One request. It is open until `ended_at`; `applied` says whether it took effect.

    `delivered` is None while open; afterwards it says whether the whole answer was handed to a living connection.
    """

    http_method: str
    path: str
    host: str
    params: Mapping[str, str]
    user: str = ""
    delivered: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One text a program sent, as it was when sent: a comment, or a message to the modmail conversation `parent`."""

    number: int
    call: int
    author: str
    name: str
    parent: str
    subreddit: str
    text: str
    is_modmail: bool
    is_internal: bool
    is_author_hidden: bool
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing a program did to something: remove, approve, distinguish, lock, edit, delete, read and their like."""

    call: int
    user: str
    name: str
    target: str


class Journal(AnyJournal[Call, Sent]):
    """The log of one simulator, in memory, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: list[Act] = []

    def open(self, http_method: str, path: str, params: Mapping[str, str], *, host: str) -> Call:
        """Note that a call has come in; numbers start at 1. Passwords and secrets are not kept."""
        shown = {name: "***" if name in {"password", "refresh_token"} else value for name, value in params.items()}
        number = len(self.calls) + 1
        return self.begun(Call(number=number, http_method=http_method, path=path, host=host, params=shown))

    def close(self, call: Call, *, status: int | None, delivered: bool) -> None:
        """Note how a call ended; `status` is None where the connection was cut."""
        call.ended_at, call.status, call.delivered = datetime.now(UTC), status, delivered

    def add_sent(  # noqa: PLR0913  the fields of what was sent, all by name
        self,
        call: Call,
        *,
        name: str,
        parent: str,
        subreddit: str,
        text: str,
        is_modmail: bool = False,
        is_internal: bool = False,
        is_author_hidden: bool = False,
    ) -> None:
        """Note a text that now exists, whatever becomes of the answer."""
        self.sent.append(
            Sent(
                number=len(self.sent) + 1,
                call=call.number,
                author=call.user,
                name=name,
                parent=parent,
                subreddit=subreddit,
                text=text,
                is_modmail=is_modmail,
                is_internal=is_internal,
                is_author_hidden=is_author_hidden,
                date=datetime.now(UTC),
            )
        )
        self.grow()

    def add_act(self, call: Call, name: str, target: str) -> None:
        """Note what was done to something."""
        self.acts.append(Act(call=call.number, user=call.user, name=name, target=target))
        self.grow()
