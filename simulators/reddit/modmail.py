"""Modmail: conversations between a person and the moderators of a subreddit, and what the API shows of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

from simulators.reddit.wire import ApiError, Json, base36, iso, markdown_html, now
from simulators.reddit.world import Subreddit, User

NEW, IN_PROGRESS, ARCHIVED = 0, 1, 2
_STATES = {"new": {NEW}, "inprogress": {IN_PROGRESS}, "archived": {ARCHIVED}, "all": {NEW, IN_PROGRESS}}
_MAX_PAGE = 100
_MAIL = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModmailMessage:
    """One message. Internal ones are notes of the moderators; of a hidden author the person sees the subreddit."""

    id: str
    author: User
    text: str
    at: float
    by_moderator: bool
    is_internal: bool = False
    is_author_hidden: bool = False


@dataclass(slots=True, kw_only=True)
class Conversation:
    """A conversation. `participant` is the person, None among moderators; `unread_by` holds moderators' names."""

    id: str
    number: int
    subreddit: Subreddit
    subject: str
    participant: User | None
    state: int = NEW
    messages: list[ModmailMessage] = field(default_factory=list)
    unread_by: dict[str, float] = field(default_factory=dict)

    def last_at(self, *, by_moderator: bool | None = None) -> float | None:
        """Return the time of the last message, of one side or of both."""
        times = [message.at for message in self.messages if by_moderator in (None, message.by_moderator)]
        return times[-1] if times else None

    def order(self, sort: str) -> float:
        """Return what a list of conversations is sorted by, newest first."""
        sides = {"mod": True, "user": False}
        return self.last_at(by_moderator=sides.get(sort)) or 0.0


class Modmail:
    """All conversations of all subreddits."""

    def __init__(self) -> None:
        self.conversations: dict[str, Conversation] = {}
        self._ids = count(int("2k1000", 36))
        self._message_ids = count(int("3c9000", 36))

    def open(self, subreddit: Subreddit, author: User, subject: str, participant: User | None) -> Conversation:
        """Create a conversation without messages."""
        number = next(self._ids)
        conversation = Conversation(
            id=base36(number), number=number, subreddit=subreddit, subject=subject, participant=participant
        )
        if subreddit.is_moderator(author):
            conversation.state = IN_PROGRESS
        self.conversations[conversation.id] = conversation
        return conversation

    def write(
        self,
        conversation: Conversation,
        author: User,
        text: str,
        *,
        is_internal: bool = False,
        is_author_hidden: bool = False,
    ) -> ModmailMessage:
        """Add a message; what a person writes is unread for every moderator who may read it."""
        is_person = author is conversation.participant
        message = ModmailMessage(
            id=base36(next(self._message_ids)),
            author=author,
            text=text,
            at=now(),
            by_moderator=not is_person,
            is_internal=is_internal,
            is_author_hidden=is_author_hidden,
        )
        conversation.messages.append(message)
        if is_person:
            conversation.state = NEW if len(conversation.messages) == 1 else IN_PROGRESS
        elif not is_internal:
            conversation.state = IN_PROGRESS
        conversation.unread_by |= dict.fromkeys(conversation.subreddit.moderators, message.at)
        conversation.unread_by.pop(author.name, None)
        return message

    def readable(self, viewer: User, names: Iterable[str] = ()) -> list[Conversation]:
        """Return what a moderator with the right to modmail may read, in all their subreddits or in those named."""
        wanted = {name.lower() for name in names}
        return [
            conversation
            for conversation in self.conversations.values()
            if conversation.subreddit.is_moderator(viewer, _MAIL)
            and (not wanted or conversation.subreddit.name.lower() in wanted)
        ]

    def one(self, viewer: User, conversation_id: str) -> Conversation:
        """Return a conversation. Raises `ApiError` 404 or 403."""
        conversation = self.conversations.get(conversation_id.lower())
        if conversation is None:
            raise ApiError(404)
        if not conversation.subreddit.is_moderator(viewer, _MAIL):
            raise ApiError(403)
        return conversation

    def listing(self, viewer: User, query: Mapping[str, str]) -> Json:
        """Answer GET /api/mod/conversations: of each conversation only the last message is there, and in `objIds`."""
        names = [name for name in query.get("entity", "").split(",") if name]
        found = self.readable(viewer, names)
        states, sort = _STATES.get(query.get("state", "all"), set()), query.get("sort", "recent")
        found = [conversation for conversation in found if conversation.state in states]
        if sort == "unread":
            found = [conversation for conversation in found if viewer.name in conversation.unread_by]
        found.sort(key=lambda conversation: (conversation.order(sort), conversation.number), reverse=True)
        ids = [conversation.id for conversation in found]
        first = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        limit = int(query["limit"]) if query.get("limit", "").isdecimal() else 25
        chosen = found[first : first + min(max(limit, 1), _MAX_PAGE)]
        return {
            "conversations": {one.id: _conversation(one, viewer) | {"objIds": _ids(one)[-1:]} for one in chosen},
            "messages": {one.messages[-1].id: _message(one, one.messages[-1]) for one in chosen if one.messages},
            "viewerId": viewer.fullname,
            "conversationIds": [one.id for one in chosen],
        }

    def answer(self, conversation: Conversation, viewer: User) -> Json:
        """Return a conversation with its messages."""
        shown: Json = {"conversation": _conversation(conversation, viewer), "participantSubreddit": {}}
        shown["messages"] = {message.id: _message(conversation, message) for message in conversation.messages}
        person = conversation.participant
        return shown | {"user": self._person(conversation, person) if person else {}, "modActions": {}}

    def box(self, subreddit: Subreddit) -> Json:
        """Return what is said of a subreddit as one that has modmail."""
        times = [one.last_at() or 0.0 for one in self.conversations.values() if one.subreddit is subreddit]
        named: Json = {"id": subreddit.fullname, "name": subreddit.name, "display_name": subreddit.name, "icon": ""}
        return named | {"subscribers": len(subreddit.members), "lastUpdated": iso(max(times, default=0.0))}

    def unread_count(self, viewer: User) -> Json:
        """Answer GET /api/mod/conversations/unread/count."""
        unread = [one.state for one in self.readable(viewer) if viewer.name in one.unread_by]
        counts = dict.fromkeys(("highlighted", "notifications", "appeals", "join_requests", "filtered", "mod"), 0)
        counts |= {"new": unread.count(NEW), "inprogress": unread.count(IN_PROGRESS)}
        return counts | {"archived": unread.count(ARCHIVED)}

    def _person(self, conversation: Conversation, person: User) -> Json:
        others = {
            other.id: {
                "date": iso(other.last_at() or 0.0),
                "id": other.id,
                "permalink": f"https://mod.reddit.com/mail/perma/{other.id}",
                "subject": other.subject,
            }
            for other in self.conversations.values()
            if other.participant is person and other is not conversation and other.subreddit is conversation.subreddit
        }
        is_banned = person.name in conversation.subreddit.banned
        return {
            "id": person.fullname,
            "name": person.name,
            "created": iso(person.created_at),
            "recentComments": {},
            "recentPosts": {},
            "recentConvos": others,
            "isSuspended": person.is_suspended,
            "isShadowBanned": False,
            "muteStatus": {"isMuted": False, "muteCount": 0, "endDate": None, "reason": ""},
            "banStatus": {"isBanned": is_banned, "isPermanent": is_banned, "endDate": None, "reason": ""},
            "approveStatus": {"isApproved": person.name in conversation.subreddit.members},
        }


def _conversation(one: Conversation, viewer: User) -> Json:
    user_at, moderator_at = one.last_at(by_moderator=False), one.last_at(by_moderator=True)
    unread_at = one.unread_by.get(viewer.name)
    authors = list({message.author.name: message for message in one.messages}.values())
    return {
        "id": one.id,
        "subject": one.subject,
        "state": one.state,
        "owner": {"displayName": one.subreddit.name, "type": "subreddit", "id": one.subreddit.fullname},
        "participant": _author(one, one.participant) if one.participant else {},
        "participantSubreddit": {},
        "authors": [_author(one, message.author, is_hidden=message.is_author_hidden) for message in authors],
        "conversationType": "sr_user" if one.participant else "internal",
        "isInternal": one.participant is None,
        "isAuto": False,
        "isHighlighted": False,
        "isRepliable": True,
        "legacyFirstMessageId": one.id,
        "numMessages": len(one.messages),
        "objIds": _ids(one),
        "lastUpdated": iso(one.last_at() or 0.0),
        "lastUserUpdate": iso(user_at) if user_at else None,
        "lastModUpdate": iso(moderator_at) if moderator_at else None,
        "lastUnread": iso(unread_at) if unread_at else None,
    }


def _ids(one: Conversation) -> list[Json]:
    return [{"id": message.id, "key": "messages"} for message in one.messages]


def _message(one: Conversation, message: ModmailMessage) -> Json:
    return {
        "id": message.id,
        "author": _author(one, message.author, is_hidden=message.is_author_hidden),
        "body": markdown_html(message.text),
        "bodyMarkdown": message.text,
        "date": iso(message.at),
        "isInternal": message.is_internal,
        "participatingAs": "moderator" if message.by_moderator else "participant_user",
    }


def _author(one: Conversation, user: User, *, is_hidden: bool = False) -> Json:
    return {
        "id": int(user.id, 36),
        "name": "[deleted]" if user.is_deleted else user.name,
        "isMod": one.subreddit.is_moderator(user),
        "isAdmin": False,
        "isOp": bool(one.messages) and one.messages[0].author is user,
        "isParticipant": user is one.participant,
        "isApproved": user.name in one.subreddit.members,
        "isHidden": is_hidden,
        "isDeleted": user.is_deleted,
    }
