"""nonebot2: ``handle_event`` with an adapter in memory."""
# mypy: disable-error-code="import-not-found,no-any-return,untyped-decorator,misc"
# (it is installed in the peers' environment alone)

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import nonebot
from nonebot.adapters import Adapter, Bot, Event, Message, MessageSegment
from nonebot.message import handle_event

from bench.peers.driver import Contestant, Work, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


class Segment(MessageSegment["Line"]):  # noqa: D101
    @classmethod
    def get_message_class(cls) -> type[Line]:  # noqa: D102
        return Line

    def __str__(self) -> str:
        return str(self.data["text"])

    def is_text(self) -> bool:  # noqa: D102
        return True


class Line(Message[Segment]):  # noqa: D101
    @classmethod
    def get_segment_class(cls) -> type[Segment]:  # noqa: D102
        return Segment

    @staticmethod
    def _construct(msg: str) -> Iterable[Segment]:
        yield Segment("text", {"text": msg})


class Said(Event):  # noqa: D101
    person: str
    text: str

    def get_type(self) -> str:  # noqa: D102
        return "message"

    def get_event_name(self) -> str:  # noqa: D102
        return "message"

    def get_event_description(self) -> str:  # noqa: D102
        return "message"

    def get_user_id(self) -> str:  # noqa: D102
        return self.person

    def get_session_id(self) -> str:  # noqa: D102
        return self.person

    def get_message(self) -> Line:  # noqa: D102
        return Line(self.text)

    def is_tome(self) -> bool:  # noqa: D102
        return True


class InMemory(Adapter):  # noqa: D101
    @classmethod
    def get_name(cls) -> str:  # noqa: D102
        return "memory"

    async def _call_api(self, bot: Bot, api: str, **data: Any) -> None:
        """Never called: the reply is taken at `Taker.send`."""


class Taker(Bot):  # noqa: D101
    async def send(self, event: Event, message: Any, **_: Any) -> None:
        """Take the reply."""
        self.replies[event.get_user_id()] = str(message)

    def __init__(self, adapter: Adapter) -> None:
        super().__init__(adapter, "1")
        self.replies: dict[str, str] = {}


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """The default rules and one responder for every message."""
    answer = answering(row, work)
    nonebot.init(driver="~none", log_level="ERROR")
    bot = Taker(InMemory(nonebot.get_driver()))
    responder = nonebot.on_message()

    @responder.handle()
    async def handle(event: Said) -> None:
        await responder.finish(answer(event.text))

    async def ask(person: int, text: str) -> str:
        await handle_event(bot, Said(person=str(person), text=text))
        return bot.replies.pop(str(person))

    yield Contestant(ask)
