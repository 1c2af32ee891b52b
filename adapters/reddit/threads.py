"""Which top-level comment a comment stands under: Reddit names a comment's parent only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.reddit.things import COMMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.reddit.memory import Memory
    from adapters.reddit.reading import Reading
    from adapters.reddit.things import Thing

_MAX_CLIMB: Final = 12


async def climb(comments: Sequence[Thing], pool: dict[str, Thing], memory: Memory, reading: Reading) -> None:
    """Learn of each comment, following the chains `_MAX_CLIMB` steps up together; `pool` grows by what is found.

    What was learnt once stays, whatever is found above it later: whose matter it is must not change.
    """
    lost: set[str] = set()  # what Reddit has no more ends a chain
    for _ in range(_MAX_CLIMB):
        ends = (_highest(comment, pool, memory) for comment in comments)
        open_ends = {end.parent_id for end in ends if end.parent_id.startswith(COMMENT) and end.id not in memory.tops}
        missing = open_ends - lost
        if not missing:
            break
        pool |= await reading.look_up(missing)
        lost |= missing - pool.keys()
    for comment in comments:
        highest = _highest(comment, pool, memory)
        # The parent too: it is the complaint, where this is a moderator's act, and may be edited without any of this.
        above = {comment.parent_id} if comment.parent_id.startswith(COMMENT) else set()
        memory.note_tops({highest.id, comment.id} | above, memory.tops.get(highest.id, highest.id))


def _highest(comment: Thing, pool: dict[str, Thing], memory: Memory) -> Thing:
    """The end of the chain of comments that is known, or the first of which the top is."""
    while comment.id not in memory.tops and (above := pool.get(comment.parent_id)) is not None and above.is_comment:
        comment = above
    return comment
