"""What is measured with: a FAQ of 500 entries, messages, a bot without its channels, and the plain loop."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from adapters.base import (
    Addressed,
    Author,
    Idempotency,
    IncomingMessage,
    Kind,
    RateLimits,
    Reply,
    ReplyTarget,
    Visibility,
)
from bots.delivery import Delivery
from bots.ledger.ledger import Ledger
from bots.matching import MatchBatches
from bots.pipeline.decision import Policy
from bots.pipeline.plan import House
from bots.wording import Wording
from bots.worker import Worker
from faq.entries import Entry, Faq

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from adapters.base import Deliver
    from bots.ledger.ledger import Accepted, Committed
    from bots.pipeline.effects import Effects
    from config.findings import Finding
    from faq.matching import FaqMatcher

CHANNEL = "bench"
_SYLLABLES = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
_COMMON = (
    "how",
    "do",
    "i",
    "why",
    "is",
    "my",
    "where",
    "can",
    "what",
    "when",
    "the",
    "a",
    "to",
    "with",
    "for",
    "not",
    "still",
)


def faq_of(entries: int, seed: int = 1) -> Faq:
    """A FAQ in a made-up language whose words are spread as in support questions: few common, many rare."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    words = ["".join(chance.choices(_SYLLABLES, k=3)) for _ in range(2 * entries)]

    def sentence() -> str:
        own = chance.choices(words, k=chance.randint(2, 4))
        return " ".join(sum(((w, *chance.choices(_COMMON, k=2)) for w in own), ()))

    return Faq(
        entries=tuple(
            Entry(
                id=f"entry-{number}",
                language="en",
                question=sentence() + "?",
                also=(sentence(),),
                answer="Choose **Settings**, then `Account`; there you find it. It takes at most a day.",
            )
            for number in range(entries)
        )
    )


def questions(faq: Faq, number: int, seed: int = 2) -> list[str]:
    """What users ask: an entry's question with one word left out and two swapped."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    asked = []
    for entry in chance.choices(faq.entries, k=number):
        words = entry.question.rstrip("?").split()
        words.pop(chance.randrange(len(words)))
        at = chance.randrange(len(words) - 1)
        words[at], words[at + 1] = words[at + 1], words[at]
        asked.append(" ".join(words))
    return asked


def message(number: int, person: int, text: str) -> IncomingMessage:
    """One message of one person in private."""
    place = f"{CHANNEL}:1:{person}"
    return IncomingMessage(
        dedupe_key=f"{CHANNEL}:1:update:{number}",
        kind=Kind.CREATED,
        channel=CHANNEL,
        account="1",
        conversation_key=place,
        message_id=str(number),
        author=Author(id=str(person), display_name="Somebody"),
        text=text,
        visibility=Visibility.PRIVATE,
        addressed=Addressed.DIRECT,
        language_hint="en",
        sent_at=datetime.now(UTC),
        reply_to=ReplyTarget(
            channel=CHANNEL,
            place=place,
            address={"chat_id": str(person)},
            visibility=Visibility.PRIVATE,
            can_private=True,
            buttons=True,
            idempotency=Idempotency.NONCE,
        ),
    )


class Silent:
    """A channel that takes every reply at once."""

    name = CHANNEL
    limits = RateLimits()

    async def run(self, deliver: Deliver) -> None:
        """Receive nothing."""

    async def send(self, reply: Reply) -> str:
        """Take it."""
        return reply.key

    async def find(self, reply: Reply) -> str | None:
        """Know it."""
        return reply.key

    async def delete(self, message: IncomingMessage) -> bool:
        """Remove nothing."""
        return bool(message.text) and False

    async def check(self) -> list[Finding]:
        """Find nothing."""
        return []

    async def close(self) -> None:
        """Nothing is open."""


class TimedLedger(Ledger):
    """Tells when a message's decision is on disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.waiting: dict[str, asyncio.Future[None]] = {}

    async def commit(self, accepted: Accepted, effects: Effects) -> Committed:
        """Commit, then tell."""
        committed = await super().commit(accepted, effects)
        waiting = self.waiting.pop(accepted.message.dedupe_key, None)
        if waiting is not None:
            waiting.set_result(None)
        return committed


@dataclass
class Bench:
    """A bot on a ledger, without channels; `ask` measures one message from accept to committed decision."""

    ledger: TimedLedger
    worker: Worker
    delivery: Delivery
    latencies_s: list[float] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    async def ask(self, person: int, text: str) -> None:
        """One message; returns when its decision is on disk."""
        asked = message(next(self.numbers), person, text)
        done = asyncio.get_running_loop().create_future()
        self.ledger.waiting[asked.dedupe_key] = done
        started = time.perf_counter()
        await self.worker.deliver([asked])
        await done
        self.latencies_s.append(time.perf_counter() - started)

    async def idle(self) -> None:
        """Wait until all is decided and posted."""
        await self.worker.idle()
        await self.delivery.idle()


@asynccontextmanager
async def bench(folder: Path, matcher: FaqMatcher, *, post: bool = False) -> AsyncIterator[Bench]:
    """A started bot with this matcher; replies are written to the outbox, and posted where `post`."""
    wording = Wording()
    house = House(faq=matcher.faq, wording=wording, organisation="us", number_prefix="FL", desk_language="en")
    with TimedLedger(folder / "bench.db") as ledger:
        delivery = Delivery(ledger.outbox, [Silent()])

        def on_commit(committed: Committed) -> None:
            if post:
                delivery.add(committed.outgoing)

        worker = Worker(ledger, MatchBatches(lambda: matcher), lambda: house, policy=Policy(), on_commit=on_commit)
        yield Bench(ledger=ledger, worker=worker, delivery=delivery)
        await worker.stop()
        await delivery.stop()


async def run_bot(bot: Bench, asked: Sequence[str], in_flight: int) -> float:
    """All questions, so many at a time, each from somebody else; messages per second."""
    waiting = iter(enumerate(asked))

    async def one_after_another() -> None:
        for number, text in waiting:
            await bot.ask(number, text)

    started = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(in_flight)))
    return len(asked) / (time.perf_counter() - started)


async def run_plain(faq: Faq, asked: Sequence[str]) -> float:
    """The plain loop: a queue, rapidfuzz's extractOne with WRatio, no durability; messages per second."""
    choices = [entry.question for entry in faq.entries]
    queue: asyncio.Queue[str] = asyncio.Queue()
    answers: asyncio.Queue[str] = asyncio.Queue()

    async def answer() -> None:
        while True:
            text = await queue.get()
            _, _, at = process.extractOne(text, choices, scorer=fuzz.WRatio)
            answers.put_nowait(faq.entries[at].answer)

    task = asyncio.create_task(answer())
    started = time.perf_counter()
    for text in asked:
        queue.put_nowait(text)
        await answers.get()
    elapsed_s = time.perf_counter() - started
    task.cancel()
    return len(asked) / elapsed_s
