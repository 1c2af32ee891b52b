"""What people and tests do to the simulated Reddit: create, write, moderate, break; and look at what programs did.

Every public method is also ``POST /control/<name>`` with its arguments as a JSON object. People and subreddits
are named by their names, submissions and comments by their fullnames (t3_…, t1_…), modmail conversations by their ids.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from simulators.reddit.faults import Fault, FaultKind, Faults, Quota
from simulators.reddit.journal import Act, Call, Journal, Sent
from simulators.reddit.modmail import Conversation, Modmail
from simulators.reddit.oauth import Tokens
from simulators.reddit.objects import inbox_json, thing_json
from simulators.reddit.site import Site
from simulators.reddit.wire import Json, SimulatorError, now
from simulators.reddit.world import Subreddit, Thing, User, World
from simulators.reddit.writing import take_away

_KINDS = ("public", "restricted", "private")


class Control:
    """The hand on the simulator: what people do, what goes wrong, and what programs did about it."""

    def __init__(self, *, token_lifetime_s: int = 86_400) -> None:
        self._world = World()
        self._modmail = Modmail()
        self._journal = Journal()
        self._tokens = Tokens(self._world, lifetime_s=token_lifetime_s)
        self._site = Site(world=self._world, modmail=self._modmail, journal=self._journal)
        self._faults = Faults()
        self._quota = Quota()

    # --- who and where ----------------------------------------------------------------------------------------------

    def add_client(self, client_id: str, client_secret: str) -> None:
        """Register an OAuth application of the kind "script"."""
        self._tokens.add_client(client_id, client_secret)

    def add_user(self, name: str, *, password: str = "") -> User:
        """Create an account; with a password a program can log in as it."""
        if name.lower() in self._world.users:
            raise SimulatorError(f"There is a user {name!r} already.")
        user = User(id=self._world.new_id("t2"), name=name, created_at=now())
        self._world.users[name.lower()] = user
        if password:
            self._tokens.set_password(user, password)
        self._world.touch()
        return user

    def new_refresh_token(self, name: str) -> str:
        """Return a refresh token with which a program can log in as somebody."""
        return self._tokens.new_refresh_token(self._world.user(name))

    def expire_tokens(self) -> None:
        """Let every access token be refused with 401 from now on."""
        self._tokens.expire_all()

    def add_subreddit(self, name: str, *, title: str = "", kind: str = "public") -> Subreddit:
        """Create a subreddit, which is public, restricted or private."""
        if kind not in _KINDS:
            raise SimulatorError(f"A subreddit is one of {', '.join(_KINDS)}.")
        if name.lower() in self._world.subreddits:
            raise SimulatorError(f"There is a subreddit {name!r} already.")
        id_ = self._world.new_id("t5")
        subreddit = Subreddit(id=id_, name=name, title=title or name, kind=kind, created_at=now())
        self._world.subreddits[name.lower()] = subreddit
        self._world.touch()
        return subreddit

    def add_moderator(self, subreddit: str, name: str, permissions: Iterable[str] = ("all",)) -> None:
        """Make somebody a moderator, with "all" or some of posts, mail, access, flair, config, wiki and chat_config."""
        place, user = self._world.subreddit(subreddit), self._world.user(name)
        place.moderators[user.name] = frozenset(permissions)
        place.moderators_since[user.name] = now()
        self._world.touch()

    def remove_moderator(self, subreddit: str, name: str) -> None:
        """Take somebody's rights."""
        self._world.subreddit(subreddit).moderators.pop(self._world.user(name).name, None)
        self._world.touch()

    def add_member(self, subreddit: str, name: str) -> None:
        """Let somebody into a private subreddit, or write in a restricted one."""
        self._world.subreddit(subreddit).members.add(self._world.user(name).name)

    def ban(self, subreddit: str, name: str, *, is_banned: bool = True) -> None:
        """Ban somebody from writing in a subreddit, or lift that."""
        place, user = self._world.subreddit(subreddit), self._world.user(name)
        (place.banned.add if is_banned else place.banned.discard)(user.name)

    def suspend(self, name: str, *, is_suspended: bool = True) -> None:
        """Suspend an account: it can write nowhere."""
        self._world.user(name).is_suspended = is_suspended

    def delete_account(self, name: str) -> None:
        """Let somebody leave Reddit; what they wrote stays, without their name."""
        self._world.user(name).is_deleted = True
        self._world.touch()

    # --- what people write ------------------------------------------------------------------------------------------

    def submit(self, subreddit: str, author: str, title: str, text: str = "", *, flair: str | None = None) -> Json:
        """Let somebody submit a text."""
        place = self._world.subreddit(subreddit)
        return self._shown(self._world.submit(place, self._world.user(author), title, text, flair))

    def comment(self, parent: str, author: str, text: str) -> Json:
        """Let somebody answer a submission or a comment."""
        return self._shown(self._world.comment(self._world.thing(parent), self._world.user(author), text))

    def edit(self, name: str, text: str) -> Json:
        """Let the author change a text."""
        thing = self._world.thing(name)
        thing.text, thing.edited_at = text, now()
        return self._changed(thing)

    def set_flair(self, name: str, flair: str | None) -> Json:
        """Change the flair of a submission."""
        thing = self._world.thing(name)
        thing.flair = flair
        return self._changed(thing)

    def delete(self, name: str) -> None:
        """Let the author delete something."""
        self._world.delete(self._world.thing(name))

    def remove(self, name: str, moderator: str, *, category: str = "moderator") -> None:
        """Let a moderator remove something; `category` as in `removed_by_category` (automod_filtered, reddit, …)."""
        thing = self._world.thing(name)
        take_away(thing, self._world.user(moderator), category=category)
        self._changed(thing)

    def approve(self, name: str, moderator: str) -> None:
        """Let a moderator approve something, and with that undo its removal."""
        thing = self._world.thing(name)
        thing.removed_at = thing.removed_by = thing.removed_by_category = None
        thing.approved_by, thing.approved_at = self._world.user(moderator).name, now()
        self._changed(thing)

    def distinguish(self, name: str) -> None:
        """Let a moderator mark their own comment as one of a moderator."""
        thing = self._world.thing(name)
        thing.distinguished = "moderator"
        self._changed(thing)

    def lock(self, name: str, *, is_locked: bool = True) -> None:
        """Lock a submission or a comment, or unlock it."""
        thing = self._world.thing(name)
        thing.is_locked = is_locked
        self._changed(thing)

    def archive(self, name: str, *, is_archived: bool = True) -> None:
        """Archive a submission, as Reddit does with old ones."""
        thing = self._world.thing(name).submission
        thing.is_archived = is_archived
        self._changed(thing)

    def age(self, name: str, seconds: float) -> None:
        """Let something have been written so much earlier."""
        thing = self._world.thing(name)
        thing.created_at -= seconds
        self._changed(thing)

    def write_modmail(self, subreddit: str, author: str, text: str, *, subject: str = "") -> str:
        """Let somebody write to the moderators of a subreddit; returns the conversation's id."""
        place, user = self._world.subreddit(subreddit), self._world.user(author)
        participant = None if place.is_moderator(user) else user
        conversation = self._modmail.open(place, user, subject or text[:80], participant)
        self._modmail.write(conversation, user, text)
        self._world.touch()
        return conversation.id

    def answer_modmail(
        self, conversation: str, author: str, text: str, *, is_internal: bool = False, is_author_hidden: bool = False
    ) -> str:
        """Let the person or a moderator write into a conversation; returns the message's id."""
        one = self._conversation(conversation)
        user = self._world.user(author)
        if user is not one.participant and not one.subreddit.is_moderator(user):
            raise SimulatorError(f"{author} is not part of conversation {conversation}.")
        message = self._modmail.write(one, user, text, is_internal=is_internal, is_author_hidden=is_author_hidden)
        self._world.touch()
        return message.id

    # --- failures ---------------------------------------------------------------------------------------------------

    def arm(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        kind: str,
        *,
        path: str | None = None,
        http_method: str | None = None,
        times: int = 1,
        seconds: float = 1.0,
        status: int = 503,
        code: str = "",
        message: str = "",
        form_field: str = "",
    ) -> None:
        """Let the next fitting calls fail; see `FaultKind` and `Fault`. `times` 0 means until `disarm`."""
        fault = Fault(kind=FaultKind(kind), path=path, http_method=http_method, times_left=times, seconds=seconds)
        fault.status, fault.code, fault.message, fault.form_field = status, code, message, form_field
        self._faults.armed.append(fault)

    def disarm(self) -> None:
        """Forget the failures that have not happened."""
        self._faults.armed.clear()

    def set_rate_headers(self, *, remaining: float = 996.0, used: int = 4, reset_s: int = 300) -> None:
        """Send these figures of the rate limit with every answer; prawcore sleeps where they do not fit together."""
        self._quota.say(remaining, used, reset_s)

    def set_rate_limit(self, requests: int | None = 1_000, *, window_s: float = 600.0) -> None:
        """Hold programs to so many requests in a window, with true figures in the headers; None stops that."""
        self._quota.limit(requests, window_s)

    # --- what is there and what programs did ------------------------------------------------------------------------

    def look(self, name: str, *, viewer: str | None = None) -> Json:
        """Return a submission or a comment as it is now, to its author or to another viewer."""
        thing = self._world.thing(name)
        who = self._world.user(viewer) if viewer else thing.author
        data: Json = thing_json(thing, who, with_link=True)["data"]
        return data

    def replies_to(self, name: str) -> list[Json]:
        """Return the comments right below something, each as its author sees it."""
        return [self._shown(reply) for reply in self._world.thing(name).replies]

    def inbox(self, name: str, *, unread_only: bool = False) -> list[Json]:
        """Return somebody's inbox, oldest first."""
        user = self._world.user(name)
        names = user.unread if unread_only else user.inbox
        return [inbox_json(self._world.thing(one), user)["data"] for one in names]

    def conversations(self) -> list[Conversation]:
        """Return every modmail conversation, oldest first."""
        return list(self._modmail.conversations.values())

    def sent(self, *, parent: str | None = None, contains: str = "") -> list[Sent]:
        """Return what programs sent, in order: all, or what answers something, or has a text in it."""
        return [one for one in self._journal.sent if parent in (None, one.parent) and contains in one.text]

    def acts(self, name: str | None = None) -> list[Act]:
        """Return what programs did, in order: remove, approve, lock, distinguish, edit, delete, read and so on."""
        return [act for act in self._journal.acts if name in (None, act.name)]

    def calls(self, path: str | None = None) -> list[Call]:
        """Return the calls that came in, in order, faults included; a path has no slash at its end."""
        return [call for call in self._journal.calls if path in (None, call.path)]

    def open_calls(self, at: datetime, path: str | None = "/api/comment", margin_s: float = 0.0) -> list[Call]:
        """Return the calls that a client killed at a moment may not have finished.

        `margin_s` also counts answers handed over that shortly before, which the client may not have stored yet.
        """
        return self._journal.open_calls(path, at, margin_s)

    async def wait_for_sent(
        self,
        wanted: int | Callable[[Sent], bool],
        timeout_s: float = 5.0,
        *,
        parent: str | None = None,
        contains: str = "",
    ) -> list[Sent]:
        """Wait until programs have sent so much in all, or one that fits; return it. Raises `TimeoutError`.

        `parent` and `contains` count only what answers that, with that text in it.
        """

        def found() -> list[Sent]:
            sent = self.sent(parent=parent, contains=contains)
            return sent if isinstance(wanted, int) else [one for one in sent if wanted(one)]

        return await self._journal.wait_until(found, wanted if isinstance(wanted, int) else 1, timeout_s)

    async def wait_for_acts(self, name: str, wanted: int = 1, timeout_s: float = 5.0) -> list[Act]:
        """Wait until programs have done something so often; return it. Raises `TimeoutError`."""
        return await self._journal.wait_until(lambda: self.acts(name), wanted, timeout_s)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _conversation(self, conversation_id: str) -> Conversation:
        if one := self._modmail.conversations.get(conversation_id):
            return one
        raise SimulatorError(f"There is no conversation {conversation_id!r}.")

    def _shown(self, thing: Thing) -> Json:
        data: Json = thing_json(thing, thing.author, with_link=True)["data"]
        return data

    def _changed(self, thing: Thing) -> Json:
        self._world.touch()
        return self._shown(thing)
