"""Which of Reddit's things were dealt with: what must outlive a restart, and how far back it goes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.reddit.things import Thing

# A listing reaches 1,000 things back.
MAX_SEEN: Final = 2_500
MAX_WATCHED: Final = 500
MAX_CONVERSATIONS: Final = 500
MAX_TOPS: Final = 2_500


@dataclass(slots=True, kw_only=True)
class Memory:
    """Changed only after what it tells of was stored in the ledger; all but `tops`, which tells of nothing.

    * `since` (s since 1970), by subreddit in lower case: what is older was there before the bot.
    * `seen` maps fullnames to when they were last edited.
    * `watched` maps what was handled to (conversation key, author's id, last edited): it is looked at again.
    * `tops` maps comments to the top-level comment they stand under.
    * `letters` maps conversations in modmail to (when they last changed, the last letter dealt with).
    """

    since: dict[str, int] = field(default_factory=dict)
    mail_since: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    watched: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    tops: dict[str, str] = field(default_factory=dict)
    letters: dict[str, tuple[str, str]] = field(default_factory=dict)

    def is_new(self, thing: Thing) -> bool:
        """Whether it was posted since the bot is there, and not seen yet."""
        since = self.since.get(thing.subreddit.lower(), min(self.since.values(), default=0))
        return thing.id not in self.seen and thing.created_at.timestamp() >= since

    def is_edit(self, thing: Thing) -> bool:
        """Whether it was changed since it was seen."""
        return thing.id in self.seen and thing.edited > self.seen[thing.id]

    def see(self, thing: Thing) -> None:
        """Note that it was dealt with, as it is now."""
        self.seen.pop(thing.id, None)
        self.seen[thing.id] = thing.edited
        if thing.id in self.watched:
            key, author_id, _ = self.watched[thing.id]
            self.watched[thing.id] = key, author_id, thing.edited
        _shorten(self.seen, MAX_SEEN)

    def watch(self, thing_id: str, *, conversation_key: str, author_id: str, edited: int) -> None:
        """Note that its words are in the ledger, so that they go where it is deleted."""
        self.watched.pop(thing_id, None)
        self.watched[thing_id] = conversation_key, author_id, edited
        _shorten(self.watched, MAX_WATCHED)

    def top(self, thing: Thing) -> str:
        """The top-level comment that it stands under, "" for a submission; what was never climbed: its parent."""
        return self.tops.get(thing.id, thing.parent_id)

    def note_tops(self, comments: Iterable[str], top: str) -> None:
        """Note under which top-level comment they stand."""
        for comment in comments:
            self.tops.pop(comment, None)
            self.tops[comment] = top
        _shorten(self.tops, MAX_TOPS)

    def note_letter(self, conversation_id: str, last_updated: str, letter_id: str) -> None:
        """Note how far a conversation was dealt with."""
        self.letters.pop(conversation_id, None)
        self.letters[conversation_id] = last_updated, letter_id
        _shorten(self.letters, MAX_CONVERSATIONS)

    def dump(self) -> str:
        """As JSON, for `Surroundings.save_state`."""
        parts = {one.name: getattr(self, one.name) for one in fields(self)}
        return json.dumps(parts, separators=(",", ":"))

    @classmethod
    def load(cls, dumped: str | None) -> Memory:
        """What `dump` gave, or nothing."""
        stored = json.loads(dumped) if dumped else {}
        return cls(
            since=stored.get("since", {}),
            mail_since=stored.get("mail_since", {}),
            seen=stored.get("seen", {}),
            watched={key: tuple(value) for key, value in stored.get("watched", {}).items()},
            tops=stored.get("tops", {}),
            letters={key: tuple(value) for key, value in stored.get("letters", {}).items()},
        )


def _shorten(kept: dict[str, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]
