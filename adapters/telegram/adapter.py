"""One bot on Telegram: its settings, receiving by polling or webhook, and sending.

Updates are fetched by a loop of our own: the SDK's `Updater` confirms them as soon as they are in its memory, and its
`Bot.get_updates` fails for a whole batch when one update cannot be read.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from random import SystemRandom
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NoReturn
from urllib.parse import quote

from aiohttp import web
from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
    Update,
)
from telegram import (
    error as errors,
)
from telegram.constants import ChatMemberStatus

from adapters.base import (
    Busy,
    ChannelError,
    ChannelSetupError,
    Moved,
    Profile,
    RateLimits,
    Unreachable,
)
from adapters.telegram.check import group_findings, webhook_finding
from adapters.telegram.files import Files
from adapters.telegram.messages import Roles, needs_roles, normalise
from adapters.telegram.places import Account, Places
from adapters.telegram.wire import NEVER_SENT, OUTCOMES, TOKEN_MARK, connection, rendered, retry_after_s
from config.findings import Finding
from config.settings import Section

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import Self

    from telegram import User
    from telegram.request import HTTPXRequest

    from adapters.base import Attachment, Deliver, IncomingMessage, Reply, ReplyTarget, Surroundings

logger = logging.getLogger(__name__)

_ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "my_chat_member")
_SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
# The last four: an answer that is JSON but not Telegram's, from a proxy or a portal.
_FAILURES: Final = (errors.TelegramError, TimeoutError, KeyError, TypeError, ValueError, AttributeError)
_ROLES_KEPT_S: Final = 60.0
_WEBHOOK_LOOK_S: Final = 60.0
_SPARE_S: Final = 30.0  # of a sign of life: for what a poll brings, and one that fails
_MODERATORS: Final = frozenset({ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR})
_MENU: Final = {
    "": {
        "help": "What this bot can do",
        "ticket": "Open a ticket with our support team",
        "status": "How your ticket is doing",
        "claim": "Go on with your tickets on another network",
        "language": "Choose your language",
    },
    "nl": {
        "help": "Wat deze bot kan",
        "ticket": "Een ticket openen bij onze helpdesk",
        "status": "Hoe het met je ticket staat",
        "claim": "Op een ander netwerk verder met je tickets",
        "language": "Je taal kiezen",
    },
}


def _checked(pattern: str, cure: str) -> AfterValidator:
    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(pattern, value, re.ASCII):
                raise ValueError(f"`{value}` {cure}")
        return values

    return AfterValidator(check)


class Settings(Section):
    """`[channels.NAME]` with ``kind = "telegram"``; ids may be written as numbers."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    kind: Literal["telegram"] = "telegram"
    token: SecretStr = Field(min_length=1)
    """From BotFather."""
    api_base: str = "https://api.telegram.org/bot"
    """The token is put behind it as it stands."""
    file_base: str = "https://api.telegram.org/file/bot"
    mode: Literal["polling", "webhook"] = "polling"
    webhook_path: str = Field("", pattern=r"^(/[\w/.-]+)?$")
    """Below `web.public_url`; ``/webhooks/NAME`` where empty."""
    webhook_secret: SecretStr | None = None
    """1 to 256 of A-Z, a-z, 0-9, _ and -; made from the installation's own secret where empty."""
    help_channels: Annotated[
        tuple[str, ...],
        _checked(r"-?\d+(/\d+)?", "is no place: write the chat's id (-1001234) or chat id/topic id (-1001234/17)"),
    ] = ()
    """Groups, or topics of them, in which every message is a question to the bot."""
    moderators: Annotated[
        tuple[str, ...],
        _checked(r"\d+", "is no user id: write the number; a handle can be given up and taken by somebody else"),
    ] = ()
    """Users who may open tickets for others, besides a group's administrators."""
    poll_timeout_s: int = Field(25, ge=0, le=50)
    request_timeout_s: float = Field(10.0, gt=0)
    file_timeout_s: float = Field(60.0, gt=0)
    """For one file that somebody sent, from asking for it to its last byte."""
    conflict_wait_s: float = Field(30.0, gt=0)
    """Before polling again after another process was found polling."""
    messages_per_second: float = Field(30.0, gt=0)
    """In all chats together; Telegram lets a bot send more only where paid broadcasts are allowed."""
    max_backoff_s: float = Field(60.0, gt=0)

    @model_validator(mode="after")
    def _secret_is_sendable(self) -> Self:
        if self.webhook_secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", self.webhook_secret.get_secret_value()):
            raise ValueError("webhook_secret: Telegram takes 1 to 256 of the characters A-Z, a-z, 0-9, _ and -")
        return self


PROFILE: Final = Profile(
    title="Telegram",
    hears="private chats, groups, forum topics, comments under a channel's posts; by polling or webhook",
    speaks="private chats; in groups where it is mentioned, answered or given a command, and in help channels",
    private="the private chat; replies in groups carry a link to it",
    moderator="`/ticket [note]` in answer to the complaint, by an administrator or a configured moderator",
    buttons="yes",
    longest="4,096 characters (UTF-16); longer texts in parts",
    certainty="nobody can look: a reply whose answer was lost is marked ambiguous",
    costs="nothing",
    forbidden="write to people first; see deletions; in privacy mode, read what is not addressed to it",
)


def create(name: str, settings: Settings, surroundings: Surroundings) -> TelegramAdapter:
    """The adapter for the section `name`; opens no connection yet."""
    return TelegramAdapter(name, settings, surroundings)


class TelegramAdapter:
    """One bot on Telegram."""

    def __init__(self, name: str, settings: Settings, surroundings: Surroundings) -> None:
        self.name = name
        self.limits = RateLimits(overall=(settings.messages_per_second, 1), per_place=(3, 3), per_shared_place=(20, 60))
        self._settings = settings
        self._surroundings = surroundings
        self._polling, self._calling = self._connection(connections=2), self._connection(connections=32)
        self._bot = Bot(
            TOKEN_MARK,
            base_url=settings.api_base,
            base_file_url=settings.file_base,
            request=self._calling,
            get_updates_request=self._polling,
        )
        self._files = Files(
            self._bot,
            settings.token.get_secret_value(),
            file_base=settings.file_base,
            timeout_s=settings.request_timeout_s,
            file_timeout_s=settings.file_timeout_s,
        )
        self._account: Account | None = None
        self._places: Places | None = None
        self._learning = asyncio.Lock()
        self._roles: dict[tuple[str, str], tuple[float, Roles]] = {}
        self._deliver: Deliver | None = None
        self._background: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"TelegramAdapter({self.name!r})"

    def _connection(self, *, connections: int) -> HTTPXRequest:
        return connection(
            self._settings.token.get_secret_value(),
            self._settings.api_base,
            timeout_s=self._settings.request_timeout_s,
            connections=connections,
        )

    # --- receiving --------------------------------------------------------------------------------------------------

    async def run(self, deliver: Deliver) -> None:
        """Receive until cancelled. Raises `ChannelSetupError` where the token is refused."""
        await self._persist(self._log_in)
        if self._settings.mode == "polling":
            await self._persist(self._delete_webhook)
            self._alive_between_polls()  # it has answered; where nobody writes, the first poll takes its whole time
            await self._poll(deliver)
        self._deliver = deliver
        try:
            await self._persist(self._set_webhook)
            while True:  # nobody calls with a token that is refused, nor where nothing is written
                self._alive(_WEBHOOK_LOOK_S + 2 * self._settings.request_timeout_s)
                await asyncio.sleep(_WEBHOOK_LOOK_S)
                await self._persist(self._bot.get_me)
        finally:
            self._deliver = None  # from here on the hook refuses, and Telegram sends again after the restart

    def _alive_between_polls(self) -> None:
        self._alive(self._settings.poll_timeout_s + 3 * self._settings.request_timeout_s)

    def _alive(self, within_s: float) -> None:
        self._surroundings.alive(self.name, within_s + _SPARE_S)

    async def _persist(self, step: Callable[[], Awaitable[object]]) -> None:
        """Do the step, as often as it takes."""
        failures = 0
        while True:
            try:
                await step()
            except errors.InvalidToken as error:
                self._refused(error)
            except _FAILURES as error:
                failures += 1
                await self._wait_after(error, failures)
            else:
                return

    async def _log_in(self) -> None:
        self._account = self._known_as(await self._bot.get_me())
        logger.info("Telegram: logged in as @%s.", self._account.username, extra={"action": "channel_connected"})
        self._start(self._set_menu())

    def _known_as(self, me: User) -> Account:
        return Account(
            name=self.name,
            bot_id=str(me.id),
            username=me.username or "",
            help_channels=frozenset(self._settings.help_channels),
        )

    async def _set_menu(self) -> None:
        for language, menu in _MENU.items():
            await self._bot.set_my_commands(
                [BotCommand(*item) for item in menu.items()], language_code=language or None
            )

    async def _delete_webhook(self) -> None:
        await self._bot.delete_webhook(drop_pending_updates=False)

    async def _set_webhook(self) -> None:
        await self._bot.set_webhook(
            self._surroundings.public_url.rstrip("/") + self._webhook_path,
            allowed_updates=_ALLOWED_UPDATES,
            secret_token=self._webhook_secret,
        )

    async def _poll(self, deliver: Deliver) -> NoReturn:
        offset: int | None = None
        failures = 0
        while True:
            try:
                updates = await self._updates_from(offset)
            except errors.InvalidToken as error:
                self._refused(error)
            except _FAILURES as error:
                failures += 1
                await self._wait_after(error, failures)
                if isinstance(error, errors.Conflict):
                    await self._persist(self._delete_webhook)
                continue
            self._alive_between_polls()
            await self._take(updates, deliver)
            # Only now: with the next request Telegram forgets everything below the offset.
            numbers = [number for update in updates if isinstance(number := _number(update), int)]
            offset = max(numbers) + 1 if numbers else offset
            failures = 0 if numbers or not updates else failures + 1
            if failures:
                await self._wait_after(errors.TelegramError("Updates without a number"), failures)

    async def _updates_from(self, offset: int | None) -> list[Any]:
        """One long poll, unparsed, so that each update can be read by itself."""
        wait_s = self._settings.poll_timeout_s
        query = f"timeout={wait_s}&limit=100&allowed_updates={quote(json.dumps(_ALLOWED_UPDATES))}"
        query += "" if offset is None else f"&offset={offset}"
        patience_s = wait_s + self._settings.request_timeout_s
        # The SDK's timeouts start again with every byte: an answer that drips would hold the channel for ever.
        async with asyncio.timeout(patience_s + 2 * self._settings.request_timeout_s):
            result: object = await self._polling.post(
                f"{self._bot.base_url}/getUpdates?{query}", read_timeout=patience_s
            )
        return result if isinstance(result, list) else []

    async def _wait_after(self, error: Exception, failures: int) -> None:
        """Say what is wrong and wait, longer each time."""
        cap_s = self._settings.max_backoff_s
        wait_s = min(cap_s, 0.5 * 2 ** min(failures, 16)) * SystemRandom().uniform(0.5, 1)
        if isinstance(error, errors.Conflict):
            wait_s = self._settings.conflict_wait_s
            logger.error(
                "Telegram: another process receives the messages (%s). Stop the other process, or make a new token.",
                self._said(error),
                extra={"action": "channel_conflict", "channel": self.name},
            )
        else:
            wait_s = max(wait_s, retry_after_s(error)) if isinstance(error, errors.RetryAfter) else wait_s
            logger.warning(
                "Telegram cannot be reached (%s), trying again in %.1f s.",
                self._said(error),
                wait_s,
                extra={"action": "channel_unreachable", "channel": self.name},
            )
        await asyncio.sleep(wait_s)

    def _refused(self, error: errors.InvalidToken) -> NoReturn:
        raise ChannelSetupError(
            f"Telegram refuses the token of `{self.name}` ({self._said(error)}). Take it from BotFather (/token)."
        ) from error

    def _said(self, error: Exception) -> str:
        """The error in one short line; a proxy's page of errors may quote the address it was asked for."""
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return text.replace(self._settings.token.get_secret_value(), "…")[:200]

    async def _take(self, updates: Sequence[object], deliver: Deliver) -> None:
        """Read the updates and deliver what they say; then stop the clocks on the tapped buttons.

        Whatever the ledger raises goes up: then nothing is confirmed, and Telegram sends all of it again.
        """
        messages: list[IncomingMessage] = []
        taps: list[str] = []
        for raw in updates:
            message, tap = await self._read(raw)
            messages += [message] if message else []
            taps += [tap] if tap else []
        if messages:
            await deliver(messages)
        for tap in taps:
            self._start(self._bot.answer_callback_query(tap))

    async def _read(self, raw: object) -> tuple[IncomingMessage | None, str | None]:
        """The message, and the id of the tap to answer; neither where the update cannot be read."""
        account = self._account
        if account is None:
            raise RuntimeError("updates are read after the log-in")
        async with self._learning:
            known = await self._known_places()
            try:
                update = self._parsed(raw)
                places, asked = known.learnt(update), needs_roles(update, account)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one update, the others are read
                return self._left_out(raw, error)
            await self._learn(places)
        roles = await self._roles_of(*asked) if asked else ((), "")
        try:
            message = normalise(update, account, places, roles=roles, received_at=datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - the same
            return self._left_out(raw, error)
        return message, update.callback_query.id if update.callback_query else None

    def _parsed(self, raw: object) -> Update:
        if not isinstance(raw, dict):
            raise TypeError("an update is an object")
        update = Update.de_json(raw, self._bot)
        if (change := update.my_chat_member) is not None:
            logger.info(
                "Telegram: the bot is now %s in chat %s.",
                change.new_chat_member.status,
                change.chat.id,
                extra={"action": "membership_changed", "channel": self.name},
            )
        return update

    def _left_out(self, raw: object, error: Exception) -> tuple[None, None]:
        # Without a traceback, whose last line can quote the user's words.
        logger.error(
            "Telegram sent update %s, which cannot be read (%s); it is left out.",
            _number(raw),
            type(error).__name__,
            extra={"action": "update_unreadable", "channel": self.name},
        )
        return None, None

    async def _roles_of(self, chat_id: str, user_id: str) -> Roles:
        """Whether the user moderates the chat; ((), "") where Telegram would not say."""
        if user_id in self._settings.moderators:
            return ("moderator",), "settings"
        now = time.monotonic()
        self._roles = {key: kept for key, kept in self._roles.items() if kept[0] > now}
        if (chat_id, user_id) not in self._roles:
            try:
                member = await self._bot.get_chat_member(chat_id, int(user_id))
            except Exception as error:  # noqa: BLE001 - whatever came of it, the message itself is to be stored
                logger.warning(
                    "Telegram does not say who moderates chat %s (%s).",
                    chat_id,
                    self._said(error),
                    extra={"action": "roles_unknown", "channel": self.name},
                )
                return (), ""
            roles = ("moderator",) if member.status in _MODERATORS else ()
            self._roles[chat_id, user_id] = now + _ROLES_KEPT_S, (roles, "getChatMember")
        return self._roles[chat_id, user_id][1]

    async def _known_places(self) -> Places:
        if self._places is None:
            self._places = Places.load(await self._surroundings.load_state(f"{self.name}:places"))
        return self._places

    async def _learn(self, places: Places) -> None:
        """Write the places down, if they are new. Under `_learning`, or one of two writers forgets the other's."""
        if places != self._places:
            await self._surroundings.save_state(f"{self.name}:places", places.dump())
            self._places = places

    def _start(self, call: Awaitable[object]) -> None:
        """Do something beside the main job; its failure is nobody's business."""

        async def quietly() -> None:
            try:
                await call
            except _FAILURES as error:
                logger.debug("Telegram: %s", self._said(error), extra={"action": "call_failed", "channel": self.name})

        task = asyncio.create_task(quietly())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # --- webhook ----------------------------------------------------------------------------------------------------

    @property
    def _webhook_path(self) -> str:
        return self._settings.webhook_path or f"/webhooks/{self.name}"

    @property
    def _webhook_secret(self) -> str:
        if self._settings.webhook_secret:
            return self._settings.webhook_secret.get_secret_value()
        return hmac.new(self._surroundings.secret, f"telegram webhook {self.name}".encode(), hashlib.sha256).hexdigest()

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The webhook, where one is wanted."""
        return [web.post(self._webhook_path, self._hear)] if self._settings.mode == "webhook" else []

    async def _hear(self, request: web.Request) -> web.Response:
        sent = request.headers.get(_SECRET_HEADER, "")
        if not hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), self._webhook_secret.encode()):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        deliver = (
            self._deliver
        )  # once: what is being read when the channel stops is still stored before it is confirmed
        if deliver is None:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        try:
            update = json.loads(await request.read())
        except ValueError:
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        await self._take([update], deliver)
        return web.Response()

    # --- sending ----------------------------------------------------------------------------------------------------

    async def send(self, reply: Reply) -> str:
        """Post one reply. Raises `ChannelError`."""
        address = await self._address(reply.target)
        try:
            try:
                return await self._post(reply, address)
            except errors.BadRequest as error:
                # The topic was deleted: better in the chat than nowhere. Nothing was posted, so this doubles nothing.
                if "thread not found" not in str(error).lower() or "thread_id" not in address:
                    raise
                return await self._post(reply, {key: address[key] for key in address if key != "thread_id"})
        except Exception as error:
            raise await self._outcome(error, reply.target) from error

    async def _address(self, target: ReplyTarget) -> Mapping[str, str]:
        """Where the place is now; message ids and topics of a group mean nothing in the supergroup it became."""
        chat_id = target.address["chat_id"]
        try:
            current = (await self._known_places()).current(chat_id)
        except Exception:  # noqa: BLE001 - a ledger that cannot be read; Telegram itself says where a chat went
            return target.address
        return target.address if current == chat_id else {"chat_id": current}

    async def _post(self, reply: Reply, address: Mapping[str, str]) -> str:
        text, entities = rendered(reply.text)
        buttons = [InlineKeyboardButton(button.label, callback_data=button.action) for button in reply.buttons]
        rows = [buttons] if len(buttons) == 2 else [[button] for button in buttons]  # noqa: PLR2004 - yes and no
        answered = address.get("message_id")
        message: Message = await self._bot.send_message(
            address["chat_id"],
            text,
            entities=entities or None,
            message_thread_id=int(address["thread_id"]) if "thread_id" in address else None,
            reply_parameters=ReplyParameters(int(answered), allow_sending_without_reply=True) if answered else None,
            reply_markup=InlineKeyboardMarkup(rows) if rows else None,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            disable_notification=reply.quiet or None,
        )
        return str(message.message_id)

    async def _outcome(self, error: Exception, target: ReplyTarget) -> ChannelError:
        """What an error of the SDK says about the reply; an answer that could not be read says nothing."""
        said = self._said(error)
        if isinstance(error, errors.RetryAfter):
            return Busy(f"Telegram asks to wait: {said}", retry_after_s=retry_after_s(error))
        if isinstance(error, errors.ChatMigrated):
            old, new = target.address["chat_id"], str(error.new_chat_id)
            await self._learn_of_move(old, new)
            moved = replace(target, place=new, address={"chat_id": new})
            return Moved(f"Telegram: chat {old} is now {new}", target=moved)
        if isinstance(error.__cause__, NEVER_SENT):
            return Unreachable(f"Telegram cannot be reached: {said}")
        known = next((kind for kind in type(error).__mro__ if kind in OUTCOMES), errors.TelegramError)
        return OUTCOMES[known](f"Telegram: {said}")

    async def _learn_of_move(self, old: str, new: str) -> None:
        """Remember where a chat went; where the ledger cannot, the next reply is told of it again."""
        try:
            async with self._learning:
                await self._learn((await self._known_places()).with_move(old, new))
        except Exception as error:  # noqa: BLE001 - whatever the ledger says, the reply was not posted
            logger.warning(
                "Telegram moved chat %s to %s, which could not be written down (%s).",
                old,
                new,
                type(error).__name__,
                extra={"action": "move_not_stored", "channel": self.name},
            )

    async def find(self, reply: Reply) -> str | None:
        """Telegram has no way to look, and no target says that it has. Raises `ChannelError`."""
        raise ChannelError(f"Telegram cannot look for reply {reply.key}.")

    async def delete(self, message: IncomingMessage) -> bool:
        """Remove somebody's message; False where the bot is no administrator who may. Raises `ChannelError`."""
        reference = message.message_ref
        if not reference:
            return False
        try:
            return await self._bot.delete_message(reference["chat_id"], int(reference["message_id"]))
        except (errors.BadRequest, errors.Forbidden):
            return False
        except errors.TelegramError as error:
            raise await self._outcome(error, message.reply_to) from error

    async def fetch(self, attachment: Attachment, *, max_bytes: int) -> bytes:
        """A file that somebody sent, of at most 20 MB. Raises `NotFetched`, `Busy` or `Unreachable`."""
        return await self._files.fetch(attachment, max_bytes=max_bytes)

    async def check(self) -> list[Finding]:
        """Log in and say in plain words what the bot may do here."""
        try:
            me, webhook = await self._bot.get_me(), await self._bot.get_webhook_info()
        except errors.InvalidToken:
            return [
                Finding(ok=False, text="Telegram refuses the token.", cure="Take the token from BotFather: /token.")
            ]
        except errors.TelegramError as error:
            cure = "Check the network, and `api_base` if you changed it."
            return [Finding(ok=False, text=f"Telegram cannot be reached ({self._said(error)}).", cure=cure)]
        return [
            Finding(ok=True, text=f"Logged in as @{me.username} ({me.full_name}, id {me.id})."),
            *group_findings(me),
            webhook_finding(webhook, self._settings.mode, self._surroundings.public_url),
            Finding(ok=True, text=f"{webhook.pending_update_count} messages are waiting to be received."),
        ]

    async def close(self) -> None:
        """Release connections; idempotent."""
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(self._polling.shutdown(), self._calling.shutdown(), self._files.close())


def _number(update: object) -> object:
    return update.get("update_id") if isinstance(update, dict) else None
