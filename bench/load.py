"""Our own row of `bench.peers.driver`: the bot from accepted message to posted reply, on a ledger that is durable.

A message goes into `Worker.deliver`, as every adapter hands it in, and the reply is timed when it reaches the adapter,
which takes it in memory: stored, matched, decided, committed and marked as being sent by then.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
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
from bench.made_up import faq_and_messages
from bench.peers.driver import Contestant
from bots.delivery import Delivery
from bots.ledger.ledger import Ledger
from bots.matching import MatchBatches
from bots.pipeline.decision import Policy, decide
from bots.pipeline.effects import NUMBER
from bots.pipeline.plan import House, plan
from bots.pipeline.state import Context
from bots.wording import Wording
from bots.worker import Worker
from faq.matching import Candidate, FaqMatcher, Matches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from adapters.base import Deliver
    from bench.made_up import Message
    from bench.peers.driver import Work
    from config.findings import Finding
    from faq.entries import Faq

CHANNEL = "bench"
ENTRIES, PHRASINGS = 500, 2
_TICKET_NUMBER = re.compile(rf"FL-\w+|{NUMBER}")


def faq_and_distinct(number: int) -> tuple[Faq, list[Message]]:
    """The FAQ, and so many messages that are all different."""
    faq, asked = faq_and_messages(ENTRIES, PHRASINGS, 3 * number)
    distinct = list({message.text: message for message in asked}.values())[:number]
    assert len(distinct) == number
    return faq, distinct


class Known(FaqMatcher):
    """Answers everything with the first entry: what is measured is the bot without the matcher."""

    def __init__(self, faq: Faq) -> None:  # the calibration of a real one takes seconds
        self.faq = faq
        self._found = [Matches(decision="answer", candidates=(Candidate(entry=e.id, score=0.99),)) for e in faq.entries]

    def match(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Matches]:
        """The first entry for each."""
        assert languages is not None
        return [self._found[0]] * len(texts)


class Plain(Known):
    """Answers with what rapidfuzz's extractOne with WRatio finds among the entries' questions, as the peers do."""

    def __init__(self, faq: Faq) -> None:
        super().__init__(faq)
        self._choices = [entry.question for entry in faq.entries]

    def match(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Matches]:
        """The best entry for each."""
        assert languages is not None
        return [self._found[process.extractOne(text, self._choices, scorer=fuzz.WRatio)[2]] for text in texts]


def matcher(row: str, faq: Faq, cache: Path | None) -> FaqMatcher:
    """The matcher of a row."""
    if row in {"noop", "wratio"}:
        return Known(faq) if row == "noop" else Plain(faq)
    return FaqMatcher(faq, matcher=row, cache=cache)


def house(faq: Faq) -> House:
    """What sentences need."""
    return House(faq=faq, wording=Wording(), organisation="us", number_prefix="FL", desk_language="en")


def message(number: int, text: str, person: int | None = None) -> IncomingMessage:
    """One message in private, of a new person where none is given; without buttons it has one reply, as peers have."""
    whose = str(number if person is None else person)
    place = f"{CHANNEL}:1:{whose}"
    target = ReplyTarget(
        channel=CHANNEL,
        place=place,
        address={"chat_id": whose},
        visibility=Visibility.PRIVATE,
        can_private=True,
        idempotency=Idempotency.NONCE,
    )
    return IncomingMessage(
        dedupe_key=f"{CHANNEL}:1:update:{number}",
        kind=Kind.CREATED,
        channel=CHANNEL,
        account="1",
        conversation_key=place,
        message_id=str(number),
        author=Author(id=whose, display_name="Somebody"),
        text=text,
        visibility=Visibility.PRIVATE,
        addressed=Addressed.DIRECT,
        language_hint="en",
        sent_at=datetime.now(UTC),
        reply_to=target,
    )


def due(text: str, found: Matches, of: House) -> str:
    """The reply that the pure part of the bot gives, without ledger, queue or batch; ticket numbers left out."""
    asked, context = message(1, text), Context(written_in=found.language)
    effects = plan(1, asked, context, decide(asked, context, found, datetime.now(UTC), Policy()), of)
    (said,) = effects.says or (effects.opening.announce if effects.opening else ())
    return _TICKET_NUMBER.sub("FL-", said.text)


class Taking:
    """A channel that takes every reply at once and tells whoever waits for it."""

    name = CHANNEL
    limits = RateLimits()

    def __init__(self) -> None:
        self.waiting: dict[str, asyncio.Future[str]] = {}

    async def run(self, deliver: Deliver) -> None:
        """Receive nothing."""

    async def send(self, reply: Reply) -> str:
        """Take it."""
        waiting = self.waiting.pop(reply.target.place, None)
        if waiting is not None:
            waiting.set_result(_TICKET_NUMBER.sub("FL-", reply.text))
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


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """A bot with the row's matcher on a fresh ledger, without its own channels."""
    faq = faq_and_messages(ENTRIES, PHRASINGS, 0)[0]
    asked_of, words, channel = matcher(row, faq, Path(work.folder)), house(faq), Taking()
    with Ledger(work.place or Path(work.folder) / f"{row}.db") as ledger:
        delivery = Delivery(ledger.outbox, [channel])
        worker = Worker(
            ledger,
            MatchBatches(lambda: asked_of),
            lambda: words,
            policy=Policy(),
            on_commit=lambda committed: delivery.add(committed.outgoing),
        )

        async def ask(person: int, text: str) -> str:
            said = message(person, text)
            reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            channel.waiting[said.reply_to.place] = reply
            await worker.deliver([said])
            return await reply

        async def settle() -> None:
            await worker.idle()
            await delivery.idle()

        yield Contestant(ask, settle)
        await worker.stop()
        await delivery.stop()
