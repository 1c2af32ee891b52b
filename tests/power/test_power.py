"""The power is cut under the ledger: what was confirmed is there, and of nothing is there a half.

``FIRSTLINE_POWER=20`` tells so many stories and cuts each at every event, instead of one at some.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from adapters.base import Author
from bots.ledger.database import LedgerError
from bots.ledger.sqlite import connect, migrate
from tests.bots.ledger.desk_stage import Stage
from tests.bots.making import NOTHING, answers, message, offers
from tests.power.disk import LOSSES, Loss, Sync
from tests.power.recorded import Found, RecordedLedger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from adapters.base import IncomingMessage
    from bots.ledger.ledger import Accepted
    from bots.ledger.outbox import Outgoing
    from faq.matching import Matches
    from tests.power.recorded import Step

_STORIES = int(os.environ.get("FIRSTLINE_POWER", "0"))
_CUTS = 1500
_MEMORY = "/dev/shm"  # noqa: S108 - only the parent of a private folder
_TURNS, _AT_ONCE = 12, 5
_SAID: Mapping[str, Matches] = {
    "the moon fell": NOTHING,
    "my hat is gone": NOTHING,
    "hello": NOTHING,
    "refund": answers(),
    "perhaps": offers("refund", "hours"),
}


@dataclass(frozen=True, slots=True)
class _Finding:
    """What was wrong after a cut."""

    cut: int
    loss: Loss
    what: str


async def _story(folder: Path, chance: Random, **settings: Any) -> RecordedLedger:
    """People write, are answered and get tickets; each write's moment is noted."""
    path = folder / "firstline.db"
    migrate(path)
    # So few pages bring it to what is rare: the log goes over into the file, and begins anew.
    ledger = RecordedLedger(path, **{"wal_autocheckpoint": 60, **settings})
    with ledger:
        stage = Stage(path, ledger)
        for turn in range(_TURNS):
            people = [Author(id=f"p{who}", display_name="P") for who in chance.sample(range(9), _AT_ONCE)]
            said = [message(chance.choice(list(_SAID)), author=one, dedupe_key=f"{turn}:{one.id}") for one in people]
            half = chance.randrange(1, len(said))
            batches = await asyncio.gather(*(_accept(ledger, batch) for batch in (said[:half], said[half:])))
            committed = await asyncio.gather(
                *(stage.decide(one, _SAID[one.message.text]) for batch in batches for one in batch)
            )
            await asyncio.gather(*(_post(ledger, reply) for one in committed for reply in one.outgoing))
    return ledger


async def _accept(ledger: RecordedLedger, batch: Sequence[IncomingMessage]) -> list[Accepted]:
    return await ledger.step(lambda found: found.has_messages(batch), ledger.accept(batch))


async def _post(ledger: RecordedLedger, reply: Outgoing) -> None:
    key = reply.reply.key
    assert await ledger.step(lambda found: found.has_come_to(key, "sending", "sent"), ledger.outbox.sending(reply))
    await ledger.step(lambda found: found.has_come_to(key, "sent"), ledger.outbox.sent(reply, "1"))


def _cuts(ledger: RecordedLedger, chance: Random, how_many: int) -> list[tuple[int, Loss]]:
    """Right before and after each sync, the rest anywhere; in the long form everywhere, with every loss."""
    events = ledger.disk.events
    if _STORIES:
        return [(cut, loss) for cut in range(len(events) + 1) for loss in LOSSES]
    syncs = [cut for place, event in enumerate(events) if isinstance(event, Sync) for cut in (place, place + 1)]
    chance.shuffle(syncs)
    anywhere = chance.choices(range(len(events) + 1), k=how_many)
    return sorted((cut, chance.choice(LOSSES)) for cut in (syncs[: how_many // 2] + anywhere)[:how_many])


def _findings(ledger: RecordedLedger, folder: Path, chance: Random, how_many: int) -> Iterator[_Finding]:
    """Cut the power again and again, and look at what is found."""
    cuts = _cuts(ledger, chance, how_many)
    for number, ((_, loss), (cut, files)) in enumerate(zip(cuts, ledger.disk.found(cuts, chance), strict=True)):
        there = folder / str(number)
        there.mkdir()
        for name, content in files.items():
            (there / name).write_bytes(content)
        try:
            _look(there / "firstline.db", ledger.steps, cut)
        except (AssertionError, LookupError, LedgerError, sqlite3.Error) as error:
            yield _Finding(cut, loss, f"{type(error).__name__}: {error}")
        shutil.rmtree(there)


def _look(path: Path, steps: Sequence[Step], cut: int) -> None:
    with contextlib.closing(connect(path)) as connection:
        assert [*map(tuple, connection.execute("PRAGMA integrity_check"))] == [("ok",)]
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
        found = Found.at(connection)
    done = [step.done(found) for step in steps]
    assert done == sorted(done, reverse=True), "something is there, and not what was before it"
    confirmed = sum(step.confirmed_at is not None and step.confirmed_at <= cut for step in steps)
    assert sum(done) >= confirmed, f"{confirmed - sum(done)} of {confirmed} that were confirmed are lost"


@pytest.fixture
def disk() -> Iterator[Path]:
    """In memory where that can be had: what is lost is our choice here."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as name:
        (Path(name) / "story").mkdir()
        yield Path(name)


@pytest.mark.parametrize("seed", range(_STORIES or 1))
@pytest.mark.timeout(3600 if _STORIES else 120)
async def test_a_power_cut_takes_nothing_that_was_confirmed_and_leaves_no_half(disk: Path, seed: int) -> None:
    chance = Random(seed if _STORIES else None)  # noqa: S311 - which cuts
    ledger = await _story(disk / "story", chance)
    kinds = [type(event).__name__ + event.file.removeprefix("firstline.db") for event in ledger.disk.events]
    assert len(ledger.steps) > _TURNS * 10
    assert Counter(kinds)["Sync"] > 3, "the log went over into the file"
    assert list(_findings(ledger, disk, chance, _CUTS)) == []


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
async def test_a_cut_would_tell(disk: Path, synchronous: str) -> None:
    """Where the disk is not waited for, what was confirmed is lost; so the other test can fail."""
    chance = Random()  # noqa: S311 - which cuts
    ledger = await _story(disk / "story", chance, synchronous=synchronous)
    found = list(_findings(ledger, disk, chance, 60))
    lost = [one for one in found if "that were confirmed are lost" in one.what]
    assert {one.loss for one in lost} - {"kept"}
    if synchronous == "NORMAL":
        assert lost == found, "the file itself is well, and what is there is whole"
