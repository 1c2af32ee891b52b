"""What the bot asks of Reddit, one short request a call; never PRAW's generators, which lose what comes in a crowd."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from praw.endpoints import API_PATH

from adapters.reddit import modmail, places, things
from adapters.reddit.wire import GONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from adapters.reddit.modmail import Conversation
    from adapters.reddit.places import Place
    from adapters.reddit.things import Thing
    from adapters.reddit.wire import Line

logger = logging.getLogger(__name__)

_PAGE: Final = 100
_MAX_PAGES: Final = 10  # Reddit shows no more than 1,000 things of a listing
_MARKED_AT_ONCE: Final = 25


class Reading:
    """Reddit's answers, as the bot's own values; what cannot be read is left out, and said."""

    def __init__(self, line: Line, name: str) -> None:
        self._line = line
        self._name = name

    async def get(self, path: str, **params: str | int) -> Any:
        """The JSON at a path of the API."""
        return await self._line.call(lambda reddit: reddit.request(method="GET", path=path, params=params))

    def now(self) -> float:
        """Reddit's own time, in s since 1970: ours may be wrong."""
        return self._line.now()

    async def me(self) -> tuple[str, str, bool]:
        """The account's fullname, its name, and whether it is suspended."""
        me = await self.get(API_PATH["me"])
        return f"t2_{me['id']}", str(me["name"]), me.get("is_suspended") is True

    async def newest(
        self, kind: str, subreddits: Sequence[str], is_enough: Callable[[Sequence[Thing]], bool]
    ) -> list[Thing]:
        """The newest "comments" or "new" submissions: further pages until one is enough."""
        path = f"r/{'+'.join(subreddits)}/{kind}/"
        found: list[Thing] = []
        anchors = [""]
        for _ in range(_MAX_PAGES):
            answer: Any = {}
            # Below something that was deleted a moment ago there is nothing: then from the one above it.
            for anchor in anchors:
                answer = await self.get(path, limit=_PAGE, **({"after": anchor} if anchor else {}))
                if answer["data"]["children"]:
                    break
            page = self._readable(answer["data"]["children"])
            found += page
            after = answer["data"].get("after")
            if not after or is_enough(page):
                break
            anchors = [after, *(thing.id for thing in found[-2:-4:-1])]
        return found

    async def unread(self) -> list[str]:
        """Fullnames of what waits in the inbox, a page of it: replies, mentions, letters of Reddit's own."""
        answer = await self.get(API_PATH["unread"], limit=_PAGE)
        return [str(child["data"]["name"]) for child in answer["data"]["children"]]

    async def mark_read(self, fullnames: Sequence[str]) -> None:
        """Take them out of the inbox."""
        for start in range(0, len(fullnames), _MARKED_AT_ONCE):
            await self._mark(",".join(fullnames[start : start + _MARKED_AT_ONCE]))

    async def _mark(self, ids: str) -> None:
        path = API_PATH["read_message"]
        await self._line.call(lambda reddit: reddit.request(method="POST", path=path, data={"id": ids}))

    async def look_up(self, fullnames: Iterable[str]) -> dict[str, Thing]:
        """Submissions and comments as they are now; those that Reddit has no more are missing."""
        wanted = sorted(set(fullnames))
        found: dict[str, Thing] = {}
        for start in range(0, len(wanted), _PAGE):
            answer = await self.get(API_PATH["info"], id=",".join(wanted[start : start + _PAGE]))
            found |= {thing.id: thing for thing in self._readable(answer["data"]["children"])}
        return found

    def _readable(self, children: Sequence[object]) -> list[Thing]:
        found = []
        for child in children:
            try:
                found.append(things.read(child))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one thing, the others are read
                self._left_out("A submission or comment", error)
        return found

    def _left_out(self, what: str, error: Exception) -> None:
        # Without a traceback, whose last line can quote the user's words.
        logger.error(
            "Reddit: %s cannot be read (%s); it is left out.",
            what,
            type(error).__name__,
            extra={"action": "update_unreadable", "channel": self._name},
        )

    async def conversations(self, subreddits: Sequence[str], after: str) -> list[dict[str, Any]]:
        """A page of modmail, what changed last first; with its letter where there is but one."""
        query: dict[str, str | int] = {"entity": ",".join(subreddits), "limit": _PAGE, "sort": "recent", "state": "all"}
        answer = await self.get(API_PATH["modmail_conversations"], **(query | ({"after": after} if after else {})))
        return [answer["conversations"][one] | {"messages": answer["messages"]} for one in answer["conversationIds"]]

    async def conversation(self, listed: dict[str, Any]) -> Conversation | None:
        """A conversation of such a page with all its letters, or None where it cannot be read."""
        answer: Any = {"conversation": listed, "messages": listed["messages"]}
        if listed["numMessages"] != 1:
            answer = await self.get(API_PATH["modmail_conversation"].format(id=listed["id"]))
        try:
            return modmail.read(answer)
        except Exception as error:  # noqa: BLE001 - the same
            self._left_out("A conversation in modmail", error)
            return None

    async def place(self, name: str) -> Place:
        """What is known of a subreddit. Raises what PRAW raises where it is closed to the bot."""
        about = await self.get(API_PATH["subreddit_about"].format(subreddit=name))
        moderators = None
        try:
            moderators = await self.get(API_PATH["list_moderator"].format(subreddit=name))
        except GONE as error:
            logger.warning(
                "Reddit does not say who moderates r/%s (%s).",
                name,
                type(error).__name__,
                extra={"action": "roles_unknown", "channel": self._name},
            )
        return places.place(name, about["data"], moderators)
