"""Setting the scene: accounts, chats, members, topics, blocks and migrations."""

from collections.abc import Sequence

from simulators.driving import SimulatorError
from simulators.files import FileHost
from simulators.telegram.faults import Faults
from simulators.telegram.journal import Journal
from simulators.telegram.methods import Methods
from simulators.telegram.schema import check_from_environment
from simulators.telegram.updates import Mailbox
from simulators.telegram.wire import Json
from simulators.telegram.world import ADMIN_RIGHTS, GROUP_ANONYMOUS_BOT, PRESENT, Bot, Chat, Member, Topic, User, World

_ALL_RIGHTS = (*ADMIN_RIGHTS, "can_pin_messages", "can_manage_topics", "can_post_messages", "can_edit_messages")


class Stage:
    """The half of the control that sets the scene. Ids are Telegram's own numbers. Raises `SimulatorError`."""

    def __init__(self, *, first_update_id: int, polling_penalties: bool, webhook_retry_s: float) -> None:
        self._world = World()
        self._journal = Journal()
        self._faults = Faults()
        self._files = FileHost()
        self._methods = Methods(self._world, self._journal)
        self._first_update_id = first_update_id
        self._polling_penalties = polling_penalties
        self._webhook_retry_s = webhook_retry_s
        self._check = check_from_environment()
        self.schema_errors: list[str] = []

    def add_bot(
        self,
        token: str = "110201543:simulated",  # noqa: S107  a made-up token of a local server
        *,
        username: str = "firstline_bot",
        first_name: str = "Firstline",
        can_read_all_group_messages: bool = False,
    ) -> User:
        """Create a bot account; its user id is the number before the token's colon."""
        number, _, secret = token.partition(":")
        if not number.isdecimal() or not secret or token in self._world.bots:
            raise SimulatorError(f"A token is 'number:secret' and each is used once; this one is not: {token!r}")
        user = User(id=int(number), first_name=first_name, username=username, is_bot=True)
        mailbox = Mailbox(
            first_update_id=self._first_update_id,
            polling_penalties=self._polling_penalties,
            webhook_retry_s=self._webhook_retry_s,
            check=self._check,
        )
        bot = Bot(token=token, user=user, mailbox=mailbox, can_read_all_group_messages=can_read_all_group_messages)
        self._world.bots[token] = bot
        self._world.users[user.id] = user
        return user

    def add_user(
        self,
        first_name: str = "Alice",
        *,
        user_id: int | None = None,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = None,
    ) -> User:
        """Create a person. They have no chat with a bot until they write to it."""
        user = User(
            id=user_id or 5_000_000_000 + next(self._world.numbers),
            first_name=first_name,
            last_name=last_name,
            username=username,
            language_code=language_code,
        )
        self._world.users[user.id] = user
        return user

    def add_chat(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        title: str,
        *,
        kind: str = "supergroup",
        chat_id: int | None = None,
        username: str | None = None,
        is_forum: bool = False,
        linked_channel_id: int | None = None,
        members: Sequence[int] = (),
    ) -> Chat:
        """Create a group, supergroup or channel with members; a group may discuss the posts of a channel."""
        if kind not in {"group", "supergroup", "channel"}:
            raise SimulatorError(f"A chat is a group, supergroup or channel, not {kind!r}.")
        number = next(self._world.numbers)
        chat_id = chat_id or (-4_000_000 - number if kind == "group" else -1_002_000_000_000 - number)
        chat = Chat(id=chat_id, type=kind, title=title, username=username, is_forum=is_forum)
        self._world.groups[chat_id] = chat
        if linked_channel_id is not None:
            channel = self._chat(linked_channel_id)
            channel.linked_chat_id, chat.linked_chat_id = chat_id, linked_channel_id
        for user_id in members:
            chat.members[user_id] = Member(user=self._user(user_id), status="member")
        return chat

    def set_member(  # noqa: PLR0913  a control's arguments are its JSON body, all by name
        self,
        chat_id: int,
        user_id: int,
        status: str = "member",
        *,
        rights: Sequence[str] = _ALL_RIGHTS,
        is_anonymous: bool = False,
        by_user_id: int | None = None,
        quietly: bool = False,
    ) -> None:
        """Add, promote, restrict or remove a user or bot; the bots get the updates and service messages of that."""
        chat, user = self._chat(chat_id), self._user(user_id)
        if user.is_bot and by_user_id is None and not quietly:
            raise SimulatorError("A bot does not come or go by itself: say which person did it with by_user_id.")
        old = chat.member(user)
        new = Member(user=user, status=status, is_anonymous=is_anonymous, rights=frozenset(rights))
        chat.members[user_id] = new
        if quietly:
            return
        actor = self._user(by_user_id) if by_user_id else user
        self._tell_membership(chat, actor, old, new)
        was_here, is_here = old.status in PRESENT, status in PRESENT
        if chat.type != "channel" and was_here != is_here:
            content = {"new_chat_members": [user.wire()]} if is_here else {"left_chat_member": user.wire()}
            self._world.post(chat, {"from": actor.wire()}, content)

    def add_topic(self, chat_id: int, name: str, *, by_user_id: int) -> int:
        """Create a forum topic and return its message_thread_id."""
        chat = self._chat(chat_id)
        if not chat.is_forum:
            raise SimulatorError("Topics exist in forums only: create the chat with is_forum.")
        thread_id = chat.last_message_id + 1
        chat.topics[thread_id] = Topic(name=name)
        content = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        sender = {"from": self._user(by_user_id).wire()}
        message = self._world.post(chat, sender, content, thread_id=thread_id)
        return int(message["message_id"])

    def set_topic_closed(self, chat_id: int, thread_id: int, *, is_closed: bool = True) -> None:
        """Close a topic for everybody but administrators, or open it again."""
        self._chat(chat_id).topics[thread_id].is_closed = is_closed

    def migrate(self, chat_id: int) -> Chat:
        """Turn a group into a supergroup with another id; both get their service message."""
        old = self._chat(chat_id)
        new = self.add_chat(old.title or "", username=old.username)
        new.members = dict(old.members)
        sender = {"from": GROUP_ANONYMOUS_BOT.wire(), "sender_chat": old.wire()}
        self._world.post(old, sender, {"migrate_to_chat_id": new.id})
        old.migrated_to = new.id
        sender = {"from": GROUP_ANONYMOUS_BOT.wire(), "sender_chat": new.wire()}
        self._world.post(new, sender, {"migrate_from_chat_id": chat_id})
        return new

    def set_blocked(self, user_id: int, *, bot_id: int | None = None, is_blocked: bool = True) -> None:
        """Let a user block the bot in their private chat, or unblock it."""
        bot = self._bot(bot_id)
        chat = self._private(bot, self._user(user_id))
        old = chat.member(bot.user)
        new = Member(user=bot.user, status="kicked" if is_blocked else "member")
        chat.members[bot.user.id] = new
        self._tell_membership(chat, self._user(user_id), old, new)

    def deactivate(self, user_id: int) -> None:
        """Delete a user's account: bots get 403."""
        for (_, owner_id), chat in self._world.private.items():
            if owner_id == user_id:
                chat.is_deactivated = True

    def _tell_membership(self, chat: Chat, actor: User, old: Member, new: Member) -> None:
        change = {
            "chat": chat.wire(),
            "from": actor.wire(),
            "date": int(self._world.clock()),
            "old_chat_member": old.wire(chat.type),
            "new_chat_member": new.wire(chat.type),
        }
        for bot in self._world.bots.values():
            if bot.user.id == new.user.id:
                bot.mailbox.push("my_chat_member", change)
            elif chat.member(bot.user).status == "administrator":
                bot.mailbox.push("chat_member", change)

    def _bot(self, bot_id: int | None) -> Bot:
        bots = [bot for bot in self._world.bots.values() if bot_id in (None, bot.user.id)]
        if len(bots) != 1:
            raise SimulatorError(f"{len(bots)} bots fit bot_id {bot_id}: name one that exists.")
        return bots[0]

    def _user(self, user_id: int) -> User:
        if user_id not in self._world.users:
            raise SimulatorError(f"There is no user {user_id}: create one with add_user.")
        return self._world.users[user_id]

    def _chat(self, chat_id: int, bot_id: int | None = None) -> Chat:
        chat = self._world.groups.get(chat_id)
        chat = chat or self._world.private.get((self._bot(bot_id).user.id, chat_id))
        if chat is None:
            raise SimulatorError(f"There is no chat {chat_id}: create one with add_chat, or let the user write first.")
        return chat

    def _private(self, bot: Bot, user: User) -> Chat:
        key = (bot.user.id, user.id)
        if key not in self._world.private:
            chat = Chat(id=user.id, type="private", user=user)
            chat.members = {account.id: Member(user=account, status="member") for account in (user, bot.user)}
            self._world.private[key] = chat
        return self._world.private[key]

    def _message(self, chat_id: int, message_id: int, bot_id: int | None) -> tuple[Chat, Json]:
        chat = self._chat(chat_id, bot_id)
        if message_id not in chat.messages:
            raise SimulatorError(f"Message {message_id} is not in chat {chat_id}.")
        return chat, chat.messages[message_id]
