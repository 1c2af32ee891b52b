"""What a drill's ledger had stored is decided once more.

The very worker decides the messages in the order of then, on a ledger of its own, with its clock at the time of each
decision. Every outcome must be the same, and every reply that tells of no ticket: what a ticket's reply says depends on
when the desk answered. `bots.drill.again` is the program.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.base import IncomingMessage
from bots.drill.books import Ledger as Books
from bots.drill.traffic import faq_yaml
from bots.ledger import codec
from bots.ledger.ledger import Ledger
from bots.matching import MatchBatches
from bots.pipeline.decision import Policy
from bots.pipeline.plan import House
from bots.wording import Wording
from bots.worker import Worker
from faq.calibration import Promises
from faq.watching import WatchedFaq

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bots.drill.clock import Clock

_SHOWN = 20
_SAME = ("outcome", "rule", "entry", "replies")


async def replayed(stored: Sequence[Mapping[str, Any]], folder: Path, clock: Clock) -> list[dict[str, Any]]:
    """What the same messages come to, in the form of `bots.drill.books.Ledger.stored`."""
    file = folder / "faq.yaml"
    file.write_text(faq_yaml(), encoding="utf-8")
    faq = WatchedFaq(file, Promises(suggest_recall=0.5), matcher="lexical", cache=None, learned=folder / "learned")
    wording = Wording()
    house = House(
        faq=faq.current[0], wording=wording, organisation="Acme", number_prefix="FL", desk_language=wording.languages[0]
    )
    with Ledger(folder / "firstline.db", transactional_desk=False, desk_name="drill") as ledger:
        worker = Worker(
            ledger,
            MatchBatches(lambda: faq.current[1]),
            lambda: house,
            policy=Policy(languages=wording.languages, max_open_tickets=1000),
            on_commit=lambda _: None,
        )
        for row in stored:
            clock.at = codec.read_stamp(row["decided_at"]).timestamp()
            await worker.deliver([codec.load(IncomingMessage, row["payload"])])
            await worker.idle()
        await worker.stop()
    return Books(folder / "firstline.db").stored()


def differences(then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each message that came to something else."""
    found = {row["dedupe_key"]: row for row in now}
    lines = []
    nothing: dict[str, Any] = {"outcome": "nothing", "rule": "", "entry": None, "replies": {}}
    for row in map(_without_the_desk, then):
        other = _without_the_desk(found.get(row["dedupe_key"], nothing))
        where = f"inbound {row['id']} ({row['dedupe_key']})"
        lines += [f"{where}: {name} {row[name]!r}, now {other[name]!r}" for name in _SAME if row[name] != other[name]]
    return lines


def _without_the_desk(row: Mapping[str, Any]) -> dict[str, Any]:
    """Whether a ticket was closed when words were added to it is known by the desk alone."""
    return {**row, "rule": "follow_up" if row["rule"] == "reopened" else row["rule"]}


def replay(report: Path, clock: Clock) -> int:
    """Replay a report, compare, and print what differs; gives the exit code."""
    try:
        stored = json.loads(report.read_text(encoding="utf-8"))["stored"]
    except (OSError, ValueError, KeyError, TypeError):
        sys.stderr.write(
            f"firstline: {report} is no report of a drill. Write one with: firstline drill --report FILE\n"
        )
        return 2
    kept = [row for row in stored if not row["is_erased"]]
    with tempfile.TemporaryDirectory() as folder:
        lines = differences(kept, asyncio.run(replayed(kept, Path(folder), clock)))
    erased = len(stored) - len(kept)
    sys.stdout.write("".join(f"{line}\n" for line in lines[:_SHOWN]))
    sys.stdout.write(
        f"{len(kept)} messages decided again, {len(lines)} differences; {erased} were erased since and are left out.\n"
    )
    return 1 if lines else 0
