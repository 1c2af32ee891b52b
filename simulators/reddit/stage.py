"""What people do on the simulated Reddit: join, write, change, moderate. `Control` adds to it; see there."""

import base64
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from simulators.driving import SimulatorError
from simulators.files import FileHost
from simulators.reddit.faults import Faults, Quota
from simulators.reddit.journal import Journal
from simulators.reddit.modmail import Conversation, Modmail
from simulators.reddit.oauth import Tokens
from simulators.reddit.objects import thing_json
from simulators.reddit.site import Site
from simulators.reddit.wire import Json, now
from simulators.reddit.world import Media, Subreddit, Thing, User, World
from simulators.reddit.writing import take_away

_KINDS = ("public", "restricted", "private")


class Stage(ABC):
    """Who and what there is, and what people do with it."""

    def __init__(self, *, token_lifetime_s: int = 86_400) -> None:
        self._world = World()
        self._modmail = Modmail()
        self._journal = Journal()
        self._tokens = Tokens(self._world, lifetime_s=token_lifetime_s)
        self._site = Site(world=self._world, modmail=self._modmail, journal=self._journal)
        self._faults = Faults()
        self._files = FileHost()
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

    def add_subreddit(self, name: str, *, title: str = "", kind: str = "public", language: str = "en") -> Subreddit:
        """Create a subreddit, which is public, restricted or private; `language` as its settings name it."""
        if kind not in _KINDS:
            raise SimulatorError(f"A subreddit is one of {', '.join(_KINDS)}.")
        if name.lower() in self._world.subreddits:
            raise SimulatorError(f"There is a subreddit {name!r} already.")
        id_ = self._world.new_id("t5")
        subreddit = Subreddit(id=id_, name=name, title=title or name, kind=kind, language=language, created_at=now())
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

    def submit(  # noqa: PLR0913  a control's arguments are its JSON body
        self,
        subreddit: str,
        author: str,
        title: str,
        text: str = "",
        *,
        flair: str | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Json:
        """Let somebody submit a text, a picture, a video (.mp4) or a gallery. `files`: name to content in base64."""
        place = self._world.subreddit(subreddit)
        user, media = self._world.user(author), self._uploaded(files)
        return self._shown(self._world.submit(place, user, title, text, flair, media))

    def comment(self, parent: str, author: str, text: str, *, files: Mapping[str, str] | None = None) -> Json:
        """Let somebody answer a submission or a comment; `files` as in `submit`."""
        user, media = self._world.user(author), self._uploaded(files)
        text += "".join(f"\n\n![img]({each.id})" for each in media)
        return self._shown(self._world.comment(self._world.thing(parent), user, text, media))

    def break_files(self, kind: str, *, times: int = 1, location: str = "") -> None:
        """Let the next pictures and videos fail to come; see `FileFault`. `location`: where one that has moved is."""
        self._files.arm(kind, times, location)

    def file_requests(self) -> list[str]:
        """Return the paths under which pictures and videos were asked for, in order."""
        return list(self._files.requests)

    def _uploaded(self, files: Mapping[str, str] | None) -> tuple[Media, ...]:
        return tuple(self._world.upload(name, base64.b64decode(content)) for name, content in (files or {}).items())

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

    # --- inside -----------------------------------------------------------------------------------------------------

    @abstractmethod
    async def _listen(self, *, is_on: bool) -> None:
        """Take connections, or refuse them."""

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
