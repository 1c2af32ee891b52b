"""A bot without platforms: its ledger on disk, a channel and a desk that do as they are told."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adapters.base import IncomingMessage, RateLimits, Reply
from bots.delivery import Delivery
from bots.ledger.database import LedgerUnwritable
from bots.ledger.ledger import Committed, Ledger
from bots.matching import MatchBatches
from bots.pipeline.decision import Policy
from bots.worker import Worker
from faq.matching import FaqMatcher, Matches
from faq.text.languages import Detector
from tests.bots import making

if TYPE_CHECKING:
    import sqlite3
    import threading
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from adapters.base import Deliver
    from config.findings import Finding


class Channel:
    """Posts at once, unless `troubles` holds what is to go wrong with a place's next sends."""

    name = "telegram"

    def __init__(self, limits: RateLimits | None = None) -> None:
        self.limits = limits or RateLimits()
        self.troubles: defaultdict[str, list[Exception]] = defaultdict(list)
        self.posted: list[tuple[float, Reply]] = []
        self.calls: list[tuple[float, str]] = []
        self.known: dict[str, str] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.came = asyncio.Event()

    async def run(self, deliver: Deliver) -> None:
        """Nothing comes in here."""

    async def send(self, reply: Reply) -> str:
        now, place = asyncio.get_running_loop().time(), reply.target.place
        self.calls.append((now, place))
        self.came.set()
        if place in self.gates:
            await self.gates[place].wait()
        if self.troubles[place]:
            raise self.troubles[place].pop(0)
        self.posted.append((now, reply))
        return f"{reply.key} at {place}"

    async def find(self, reply: Reply) -> str | None:
        if self.troubles["find"]:
            raise self.troubles["find"].pop(0)
        return self.known.get(reply.key)

    async def delete(self, message: IncomingMessage) -> bool:
        return message.reply_to.place == self.name

    async def check(self) -> list[Finding]:
        return []

    async def close(self) -> None:
        """Nothing is open."""

    def texts(self, place: str | None = None) -> list[str]:
        return [reply.text for _, reply in self.posted if place in {None, reply.target.place}]


class Matcher(FaqMatcher):
    """Answers what contains "refund" from the FAQ.

    `trouble` is raised for what contains "poison"; a text that contains a key of `gates` waits for it.
    """

    def __init__(self) -> None:
        self.faq = making.FAQ
        self.detector = Detector(self.faq)
        self.trouble: Exception | None = RuntimeError("the matcher is broken")
        self.gates: dict[str, threading.Event] = {}
        self.asked: list[str] = []
        self.languages: list[str | None] = []  # that of each text asked

    def match(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Matches]:
        assert languages is not None
        self.asked += texts
        self.languages += languages
        for words, gate in self.gates.items():
            if any(words in text for text in texts):
                assert gate.wait(10)
        if self.trouble and any("poison" in text for text in texts):
            raise self.trouble
        return [
            replace(
                making.answers() if "refund" in text else making.NOTHING,
                language=self.detector.detect(text, hint).language,
            )
            for text, hint in zip(texts, languages, strict=True)
        ]


@dataclass(kw_only=True)
class Inside:
    """The parts of a started bot."""

    ledger: Ledger
    channel: Channel
    delivery: Delivery
    worker: Worker
    matcher: Matcher
    commits: list[Committed] = field(default_factory=list)

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self.ledger.reader.execute(sql, values).fetchall()

    def states(self) -> Counter[str]:
        """How many replies are in which state."""
        return Counter(row["state"] for row in self.rows("SELECT state FROM outgoing"))

    async def settle(self, within_s: float = 10) -> None:
        """Wait until all is decided and posted."""
        async with asyncio.timeout(within_s):
            await self.worker.idle()
            await self.delivery.idle()


@asynccontextmanager
async def inside(  # noqa: PLR0913 - what a bot is made of
    path: Path,
    *,
    channel: Channel | None = None,
    transactional: bool = True,
    max_undecided: int = 2000,
    on_commit: Callable[[Committed], None] | None = None,
    remove: Callable[[IncomingMessage], object] | None = None,
) -> AsyncIterator[Inside]:
    """A started bot on the ledger at `path`; what an earlier one left there is taken up."""
    channel, matcher = channel or Channel(), Matcher()
    with Ledger(path, transactional_desk=transactional, desk_name="local" if transactional else "remote") as ledger:
        delivery = Delivery(ledger.outbox, [channel])

        def committed(what: Committed) -> None:
            bot.commits.append(what)
            delivery.add(what.outgoing)
            if on_commit is not None:
                on_commit(what)

        worker = Worker(
            ledger,
            MatchBatches(lambda: matcher),
            making.house,
            policy=Policy(),
            on_commit=committed,
            remove=remove,
            max_undecided=max_undecided,
        )
        bot = Inside(ledger=ledger, channel=channel, delivery=delivery, worker=worker, matcher=matcher)
        delivery.resume()
        await worker.resume()
        try:
            yield bot
        finally:
            await worker.stop()
            await delivery.stop()


async def until(true: Callable[[], object], within_s: float = 10) -> None:
    """Wait until it is true."""
    for _ in range(int(within_s / 0.01)):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become true")


async def fill(bot: Inside) -> None:
    """Leave no room on the disk."""
    pages = await bot.ledger.writer.run(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await bot.ledger.writer.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())


async def free(bot: Inside) -> None:
    """Make room again; a commit that still finds the disk full takes along what is in it."""
    async with asyncio.timeout(10):
        while True:
            with suppress(LedgerUnwritable):
                await bot.ledger.writer.run(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchone())
                return
