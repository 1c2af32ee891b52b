"""Holds the ledger against what the simulator saw."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from adapters.telegram.wire import rendered
from bots.ledger import report
from bots.ledger.database import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bots.ledger.database import Place
    from tests.crash.processes import Simulator
    from tests.crash.traffic import Traffic

STOP_S = 10.5  # ten seconds, and a moment for the processes to come and go
_SILENT_AFTER_LAUNCH = timedelta(seconds=0.3)
_STORED_WITHIN_S = 2.0  # on a busy machine, an answer handed over so shortly before a kill may not have been stored


@dataclass(slots=True, kw_only=True)
class Counts:
    """What a run came to, for people.

    An ambiguous reply was *seen* where its call was open at a kill or answered just before it, by chat and text; or it
    was *never called*: killed between the ledger's note, which has to come first, and the wire. Those were not posted.
    """

    messages: int
    kills: int
    outcomes: dict[str, int]
    tickets: int
    replies: int
    open_at_kills: int
    ambiguous_seen: int
    ambiguous_never_called: int
    posted_though_ambiguous: int
    numbers_told_again: int = 0
    resent: int = 0
    stop_s: float = 0.0

    def __str__(self) -> str:
        return "\n".join(f"  {f.name.replace('_', ' '):<26} {getattr(self, f.name)}" for f in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """A reply with a ticket's number of which nobody knows whether it was posted."""

    id: int
    number: str


class Audited(Protocol):
    """A bot, of one process or many, whose ledger is held against what the simulator saw."""

    @property
    def ledger(self) -> Place:
        """Where its ledger is."""

    @property
    def kills(self) -> list[datetime]:
        """When it, or a part of it, was killed."""

    @property
    def launches(self) -> list[datetime]:
        """When it, or a part of it, was started."""

    async def command(self, *arguments: str) -> str:
        """What another ``firstline`` prints beside it."""


def rows(bot: Audited, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
    """Rows of the ledger, read beside the bot. Raises `LedgerError`."""
    with report.reading(bot.ledger) as connection:
        return connection.execute(sql, values).fetchall()


def ambiguous_ids(bot: Audited) -> set[int]:
    """The replies that are ambiguous now."""
    return {row["id"] for row in rows(bot, "SELECT id FROM outgoing WHERE state = 'ambiguous'")}


async def ambiguous_number(bot: Audited, chat_id: int) -> Ambiguous:
    """The one ambiguous reply in a chat, which tells of a ticket."""
    sql = "SELECT id, number FROM outgoing WHERE state = 'ambiguous' AND place = ?"
    found: list[Any] = []
    for _ in range(400):
        if found := rows(bot, sql, (str(chat_id),)):
            break
        await asyncio.sleep(0.05)
    assert len(found) == 1, found
    assert found[0]["number"], "the reply tells of no ticket"
    return Ambiguous(id=found[0]["id"], number=found[0]["number"])


_noted: defaultdict[int, dict[int, tuple[int, str]]] = defaultdict(dict)


def note_cut_sends(bot: Audited) -> None:
    """After a kill: which replies the ledger holds as being sent, by chat and text."""
    with contextlib.suppress(LedgerError):  # killed before the first tables were made
        for row in rows(bot, "SELECT id, place, reply FROM outgoing WHERE state = 'sending'"):
            _noted[id(bot)][row["id"]] = int(row["place"]), _text(row)


async def _open_at_kills(telegram: Simulator, bot: Audited) -> tuple[Counter[tuple[int, str]], int]:
    """The sends that were not answered at some kill, or so shortly before that the answer may not have been stored.

    By chat and text; and how many of them were not answered.
    """
    seen: dict[int, tuple[int, str]] = {}
    unanswered: set[int] = set()
    for kill in bot.kills:
        # What was on its way then is read later; the next process sends nothing so shortly after its launch.
        until = min(launch for launch in bot.launches if launch > kill) + _SILENT_AFTER_LAUNCH
        margin_s = (until - kill).total_seconds() + _STORED_WITHIN_S
        for call in await telegram.do("open_calls", at=until.isoformat(), margin_s=margin_s):
            seen[call["number"]] = int(call["params"]["chat_id"]), call["params"]["text"]
            if call["ended_at"] is None or datetime.fromisoformat(call["ended_at"]) >= kill:
                unanswered.add(call["number"])
    return Counter(seen.values()), len(unanswered)


def cut_ids(bot: Audited) -> set[int]:
    """The replies that the ledger held as being sent at some kill."""
    return set(_noted[id(bot)])


async def wait_until_drained(bot: Audited, within_s: float) -> None:
    """Wait until nothing is undecided and nothing is to be posted."""
    sql = (
        "SELECT (SELECT count(*) FROM inbound WHERE state = 'new')"
        " + (SELECT count(*) FROM outgoing WHERE state IN ('pending', 'sending')) AS n"
    )
    quiet = 0
    async with asyncio.timeout(within_s):
        while quiet < 3:  # also what the simulator has still to hand over
            await asyncio.sleep(0.5)
            quiet = 0 if rows(bot, sql)[0]["n"] else quiet + 1


async def compare(telegram: Simulator, bot: Audited, traffic: Traffic) -> Counts:
    """Everything that must hold. Raises `AssertionError`."""
    assert not await telegram.do("pending"), "updates that the bot did not take"
    failed = rows(bot, "SELECT inbound_id, reason FROM outcomes WHERE outcome = 'failed'")
    assert not failed, [tuple(row) for row in failed]
    outcomes = _check_messages(bot, traffic)
    tickets = _check_tickets(bot, traffic)
    unrecorded = _check_replies(bot, await telegram.do("sent"))
    told = json.loads(await bot.command("ledger", "--json"))
    assert told["adds_up"], told
    assert told["undecided"] == 0, told
    assert told["messages"] == sum(outcomes.values()), told
    seen, unanswered = await _open_at_kills(telegram, bot)
    open_names = seen.copy()
    ambiguous = rows(bot, "SELECT id, place, reply FROM outgoing WHERE state IN ('ambiguous', 'cancelled')")
    open_at_kill, never_called = 0, 0
    for row in ambiguous:
        name = int(row["place"]), _text(row)
        assert _noted[id(bot)].get(row["id"]) == name, f"reply {row['id']} {name} became ambiguous without a kill"
        if seen[name]:
            seen[name] -= 1
            open_at_kill += 1
        else:
            never_called += 1
    assert unrecorded <= open_names, f"posted by calls that were not open at a kill: {unrecorded - open_names}"
    return Counts(
        messages=sum(outcomes.values()),
        kills=len(bot.kills),
        outcomes=dict(outcomes),
        tickets=tickets,
        replies=rows(bot, "SELECT count(*) AS n FROM outgoing WHERE state = 'sent'")[0]["n"],
        open_at_kills=unanswered,
        ambiguous_seen=open_at_kill,
        ambiguous_never_called=never_called,
        posted_though_ambiguous=sum(unrecorded.values()),
    )


def _check_messages(bot: Audited, traffic: Traffic) -> Counter[str]:
    """Each message has one row and one outcome, the one that it must have, in the order in which it was written."""
    found = rows(
        bot,
        "SELECT i.id, i.message_id, i.author_id, json_extract(i.payload, '$.message_ref.chat_id') AS chat_id, i.state,"
        " o.outcome, o.rule FROM inbound i LEFT JOIN outcomes o ON o.inbound_id = i.id ORDER BY i.id",
    )
    by_conversation: defaultdict[tuple[int, int], list[Any]] = defaultdict(list)
    for row in found:
        by_conversation[int(row["chat_id"]), int(row["author_id"])].append(row)
    for conversation in traffic.conversations:
        stored = by_conversation.pop(conversation.key)
        written = [str(line.message_id) for line in conversation.written]
        assert [row["message_id"] for row in stored] == written, f"lost, doubled or out of order: {conversation}"
        outcomes = [(row["outcome"], row["rule"]) for row in stored]
        assert outcomes == [line.expected for line in conversation.written], (outcomes, conversation)
        assert all(row["state"] == "done" for row in stored)
    assert not by_conversation, f"messages that nobody wrote: {by_conversation}"
    return Counter(row["outcome"] for row in found)


def _check_tickets(bot: Audited, traffic: Traffic) -> int:
    found = rows(bot, "SELECT t.number, t.conversation_key, d.key FROM tickets t JOIN desk_tickets d ON d.key = t.key")
    for table in ("tickets", "desk_tickets"):
        assert rows(bot, f"SELECT count(*) AS n FROM {table}")[0]["n"] == len(found), f"{table} has more"
    numbers = Counter(row["number"] for row in found)
    assert all(count == 1 for count in numbers.values()), numbers.most_common(3)
    assert None not in numbers
    owned = Counter(row["conversation_key"] for row in found)
    expected = Counter(
        {
            f"telegram:110201543:{c.chat_id}" + ("" if c.chat_id > 0 else f"::{c.user_id}"): c.opens
            for c in traffic.conversations
            if c.opens
        }
    )
    assert owned == expected, f"one complaint, one ticket: {owned - expected} {expected - owned}"
    said = rows(bot, "SELECT number, count(*) AS n FROM outgoing WHERE key LIKE 'in:%:ticket' GROUP BY number")
    assert {row["number"]: row["n"] for row in said} == dict(numbers), "each number is told once"
    return len(found)


def _check_replies(bot: Audited, sent: Iterable[dict[str, Any]]) -> Counter[tuple[int, str]]:
    """Each sent row is one message there, in order; gives those there that the ledger does not know as sent."""
    there = {(message["chat_id"], str(message["message_id"])): message["text"] for message in sent}
    allowed: Counter[tuple[int, str]] = Counter()
    newest: dict[tuple[int, str], int] = {}
    for row in rows(bot, "SELECT * FROM outgoing ORDER BY id"):
        chat_id, text = int(row["place"]), _text(row)
        if row["state"] == "sent":
            assert there.pop((chat_id, row["posted_id"])) == text, f"reply {row['id']} is not what was posted"
            conversation = chat_id, row["conversation_key"]
            assert newest.get(conversation, 0) < int(row["posted_id"]), f"reply {row['id']} overtook an earlier one"
            newest[conversation] = int(row["posted_id"])
        else:
            assert row["state"] in {"ambiguous", "cancelled"}, dict(row)
            allowed[chat_id, text] += 1
    unrecorded = Counter((chat_id, text) for (chat_id, _), text in there.items())
    assert unrecorded <= allowed, f"posted twice: {unrecorded - allowed}"
    return unrecorded


def _text(row: Any) -> str:
    return rendered(json.loads(row["reply"])["text"])[0]
