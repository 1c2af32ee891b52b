"""What is new on Reddit: found in the listings, the inbox and modmail, delivered, and only then taken as seen."""

from __future__ import annotations

import logging
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from adapters.base import Addressed
from adapters.reddit import messages, modmail
from adapters.reddit.memory import Memory
from adapters.reddit.messages import Around
from adapters.reddit.places import Place, has_modmail
from adapters.reddit.things import COMMENT, SUBMISSION
from adapters.reddit.threads import climb
from adapters.reddit.wire import FAILURES, GONE, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from adapters.base import Deliver, IncomingMessage, Surroundings
    from adapters.reddit.modmail import Conversation, Letter
    from adapters.reddit.places import Account, Roles
    from adapters.reddit.reading import Reading
    from adapters.reddit.settings import Settings
    from adapters.reddit.things import Thing

logger = logging.getLogger(__name__)

_ROLES_KEPT_S: Final = 60.0
_PLACES_KEPT_S: Final = 600.0
_LOOKED_AT_ONCE: Final = 100
_MAX_MAIL_PAGES: Final = 10
_SHORT_PAGE: Final = 20  # nothing follows it, whatever Reddit's longest is
# What was posted so shortly before the bot's first look at a subreddit is dealt with; what is older is not.
_GRACE_S: Final = 300


class Polling:
    """One account's reading side."""

    def __init__(self, reading: Reading, account: Account, settings: Settings, surroundings: Surroundings) -> None:
        self._reading, self._account, self._settings, self._surroundings = reading, account, settings, surroundings
        self._memory: Memory | None = None
        self._places: dict[str, tuple[float, Place | None]] = {}
        self._looked_at = 0.0
        self._turn = 0

    async def once(self, deliver: Deliver) -> None:
        """One round. Raises what a request raises; what was delivered before that is not delivered again."""
        memory = await self._remembered()
        await self._know_places()
        await self._posts(memory, deliver)
        await self._mail(memory, deliver)
        if time.monotonic() - self._looked_at >= self._settings.lookup_interval_s:
            await self._look_again(memory, deliver)
            self._looked_at = time.monotonic()

    async def _remembered(self) -> Memory:
        if self._memory is None:
            self._memory = Memory.load(await self._surroundings.load_state(self._key))
        return self._memory

    async def _save(self, memory: Memory) -> None:
        await self._surroundings.save_state(self._key, memory.dump())

    @property
    def _key(self) -> str:
        return f"{self._account.name}:{self._account.id}:seen"

    # --- places -----------------------------------------------------------------------------------------------------

    async def _know_places(self) -> None:
        for name in self._settings.subreddits:
            await self._place(name, kept_s=_PLACES_KEPT_S)

    async def _place(self, name: str, *, kept_s: float) -> Place | None:
        """The subreddit as it was at most `kept_s` ago; None where it is closed to the bot."""
        until, known = self._places.get(name.lower(), (0.0, None))
        if time.monotonic() - until < kept_s and name.lower() in self._places:
            return known
        try:
            known = await self._reading.place(name)
        except GONE as error:
            known = None
            logger.error(  # noqa: TRY400 - nobody needs the traceback of an answer
                "Reddit: r/%s is closed to the bot (%s); it is left out for now.",
                name,
                type(error).__name__,
                extra={"action": "place_closed", "channel": self._account.name},
            )
        self._places[name.lower()] = time.monotonic(), known
        return known

    def _known(self, subreddit: str) -> Place:
        return self._places.get(subreddit.lower(), (0.0, None))[1] or Place(name=subreddit)

    def _first_moment(self) -> int:
        return int(self._reading.now()) - _GRACE_S

    def _open(self) -> list[str]:
        return [name for name in self._settings.subreddits if self._places[name.lower()][1] is not None]

    # --- submissions and comments -----------------------------------------------------------------------------------

    async def _posts(self, memory: Memory, deliver: Deliver) -> None:
        open_ = self._open()
        strange = [name.lower() for name in open_ if name.lower() not in memory.since]
        found: dict[str, Thing] = {}
        waiting = await self._reading.unread()  # Reddit's clock is known from here on
        if strange:
            memory.since |= dict.fromkeys(strange, self._first_moment())
            await self._save(memory)
        for kind in ("comments", "new") if open_ else ():

            def is_enough(page: Sequence[Thing]) -> bool:
                known = any(one.id in memory.seen for one in page)
                return known or not any(memory.is_new(one) for one in page)

            try:
                things = await self._reading.newest(kind, open_, is_enough)
            except GONE:
                self._places.clear()  # one of them was closed meanwhile: which one, the next round finds out
                raise
            found |= {thing.id: thing for thing in things}
        pointed = {name for name in waiting if name.startswith((COMMENT, SUBMISSION)) and name not in found}
        looked_up = await self._reading.look_up(pointed - memory.seen.keys())
        found |= looked_up
        fresh = [thing for thing in found.values() if memory.is_new(thing)]
        edited = [thing for thing in found.values() if memory.is_edit(thing)]
        told = await self._told(fresh, edited, memory)
        if told:
            await deliver([message for message, _ in told])
        self._note(memory, told, [*fresh, *edited])
        for thing in looked_up.values():
            memory.see(thing)
        if fresh or edited or looked_up:
            await self._save(memory)
        if waiting:
            await self._reading.mark_read(waiting)
        if strange_letters := [name for name in waiting if not name.startswith((COMMENT, SUBMISSION))]:
            logger.info(
                "Reddit: %d private messages or notices of Reddit's own were marked as read, and not answered.",
                len(strange_letters),
                extra={"action": "notices_left", "channel": self._account.name},
            )

    async def _told(
        self, fresh: Sequence[Thing], edited: Sequence[Thing], memory: Memory
    ) -> list[tuple[IncomingMessage, Thing]]:
        """The messages that the things are, oldest first; the bot's own are none."""
        others = [thing for thing in (*fresh, *edited) if thing.author_id != self._account.id]
        here = [thing for thing in others if thing.subreddit.lower() in self._account.subreddits]
        pool = {thing.id: thing for thing in (*fresh, *edited)}
        wanted = {thing.parent_id for thing in here if thing.is_comment}
        pool |= await self._reading.look_up(wanted - pool.keys())
        spoken = [thing for thing in here if messages.is_for_bot(thing, self._account, pool.get(thing.parent_id))]
        await climb([thing for thing in spoken if thing.is_comment], pool, memory, self._reading)
        told = []
        for thing in sorted(others, key=lambda one: (one.created_at, len(one.id), one.id)):
            parent = pool.get(thing.parent_id)
            asked = messages.needs_roles(thing, self._account, parent)
            roles = await self._roles_of(thing) if asked else ((), "")
            around = Around(place=self._known(thing.subreddit), parent=parent, root=memory.top(thing))
            is_edit = memory.is_edit(thing)
            message = messages.normalise(thing, self._account, around, roles=roles, is_edit=is_edit)
            told.append((message, thing))
        return told

    def _note(self, memory: Memory, told: Iterable[tuple[IncomingMessage, Thing]], things: Iterable[Thing]) -> None:
        for thing in things:
            memory.see(thing)
        for message, thing in told:
            if message.addressed is Addressed.AMBIENT:
                continue
            memory.watch(
                thing.id,
                conversation_key=message.conversation_key,
                author_id=message.author.id,
                edited=thing.edited,
            )
            if message.on_behalf_of is not None and message.parent is not None:
                memory.watch(
                    message.parent.message_id,
                    conversation_key=message.conversation_key,
                    author_id=message.on_behalf_of.id,
                    edited=0,
                )

    async def _roles_of(self, thing: Thing) -> Roles:
        """Whether the author moderates the subreddit; ((), "") where Reddit would not say."""
        if thing.author_id in self._settings.moderators:
            return ("moderator",), "settings"
        if thing.is_distinguished:
            return ("moderator",), "payload"
        try:
            place = await self._place(thing.subreddit, kept_s=_ROLES_KEPT_S)
        except FAILURES as error:
            logger.warning(
                "Reddit does not say who moderates r/%s (%s).",
                thing.subreddit,
                said(error),
                extra={"action": "roles_unknown", "channel": self._account.name},
            )
            return (), ""
        if place is None or place.moderators is None:
            return (), ""
        return ("moderator",) if thing.author_id in place.moderators else (), "subreddit.moderator()"

    # --- modmail ----------------------------------------------------------------------------------------------------

    async def _mail(self, memory: Memory, deliver: Deliver) -> None:
        served = [name for name in self._open() if has_modmail(self._account, self._known(name))]
        if not served:
            return
        strange = {name.lower() for name in served if name.lower() not in memory.mail_since}
        if strange:
            memory.mail_since |= dict.fromkeys(strange, self._first_moment())
            await self._save(memory)

        def is_since(one: dict[str, Any]) -> bool:
            return _seconds(one["lastUpdated"]) >= memory.mail_since[one["owner"]["displayName"].lower()]

        changed: list[dict[str, Any]] = []
        after = ""
        for _ in range(_MAX_MAIL_PAGES):
            page = await self._reading.conversations(served, after)
            news = [one for one in page if memory.letters.get(one["id"], ("", ""))[0] != one["lastUpdated"]]
            changed += news
            if len(news) < len(page) or len(page) < _SHORT_PAGE or not any(map(is_since, news)):
                break
            after = page[-1]["id"]
        for one in reversed(changed):
            if is_since(one):
                await self._letters(one, memory, deliver)
            else:
                memory.note_letter(one["id"], one["lastUpdated"], "")
        if changed:
            await self._save(memory)

    async def _letters(self, listed: dict[str, Any], memory: Memory, deliver: Deliver) -> None:
        conversation = await self._reading.conversation(listed)
        new = self._new_letters(conversation, memory) if conversation else []
        if conversation and new:
            await deliver([modmail.normalise(one, conversation, self._account) for one in new])
        last = conversation.letters[-1].id if conversation and conversation.letters else ""
        memory.note_letter(listed["id"], listed["lastUpdated"], last)

    def _new_letters(self, conversation: Conversation, memory: Memory) -> list[Letter]:
        """Those after the last one dealt with, and of an unknown conversation those since the bot is there."""
        since = memory.mail_since.get(conversation.subreddit.lower(), 0)
        dealt_with = memory.letters.get(conversation.id, ("", ""))
        ids = [letter.id for letter in conversation.letters]
        start = ids.index(dealt_with[1]) + 1 if dealt_with[1] in ids else 0
        fresh = [letter for letter in conversation.letters[start:] if letter.sent_at.timestamp() >= since]
        return [letter for letter in fresh if letter.author_id != self._account.id]

    # --- a second look ----------------------------------------------------------------------------------------------

    async def _look_again(self, memory: Memory, deliver: Deliver) -> None:
        """Look at a hundred of the things that were handled: what became of them since."""
        watched = list(memory.watched)[::-1]
        if not watched:
            return
        start = self._turn * _LOOKED_AT_ONCE
        self._turn = self._turn + 1 if start + _LOOKED_AT_ONCE < len(watched) else 0
        found = await self._reading.look_up(watched[start : start + _LOOKED_AT_ONCE])
        looked_at = [thing for thing in found.values() if thing.id in memory.watched]  # some were forgotten meanwhile
        gone = [thing for thing in looked_at if thing.gone]
        edited = [thing for thing in looked_at if not thing.gone and thing.edited > memory.watched[thing.id][2]]
        deletions = []
        for thing in gone:
            key, author_id, _ = memory.watched[thing.id]
            place = self._known(thing.subreddit)
            deletions.append(messages.deletion(thing, self._account, place, conversation_key=key, author_id=author_id))
        told = await self._told((), edited, memory)
        if deletions or told:
            await deliver([*deletions, *(message for message, _ in told)])
        self._note(memory, told, edited)
        for thing in gone:
            memory.watched.pop(thing.id, None)
            memory.see(thing)
        if gone or edited:
            await self._save(memory)

    def forget(self, thing_id: str) -> Callable[[], None]:
        """The bot itself removes it: nobody's words are to be erased for that. Gives what watches it again."""
        watched = self._memory.watched if self._memory is not None else {}
        known = watched.pop(thing_id, None)

        def remember() -> None:
            if known is not None:
                watched[thing_id] = known

        return remember


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
