"""Holds the ledger against what the simulated networks and the desk saw."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from bots.drill.faults import Window
from bots.drill.stage import Posted

PROFILES_S: Final = {"2 min": 120.0, "15 min": 900.0, "2.5 h": 9_000.0, "8 h": 28_800.0}
OUTCOMES: Final = ("answered", "suggested", "ticket_opened", "appended", "acted", "ignored")
_CUTTING: Final = frozenset({"kill", "freeze", "full", "cut", "silent", "broken", "clock"})
_CUT_FELT_FOR: Final = timedelta(seconds=75)  # the longest time that a send may wait for its answer, and a little
_MENU_WAITS, _COMES_BACK = timedelta(seconds=3), timedelta(seconds=10)
_LETTERS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Something that does not add up: what, whose id, and where to look."""

    what: str
    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.where}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an agent said at the desk."""

    ticket: str
    number: int
    text: str
    words: str


@dataclass(slots=True, kw_only=True)
class Figures:
    """What one network came to."""

    messages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    replies: int = 0
    held: int = 0
    lost: int = 0
    doubled: int = 0
    ambiguous: int = 0
    out_of_order: int = 0
    first_replies_s: list[float] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Audit:
    """The result. It adds up where nothing is wrong; `ambiguous` are named with their cause."""

    figures: dict[str, Figures]
    wrong: list[Wrong] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    tickets: int = 0
    agents_answers: int = 0

    def say(self, what: str, where: str, why: str) -> None:
        """Note something that does not add up."""
        self.wrong.append(Wrong(what=what, where=where, why=why))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the simulators saw, and what was done to the bot meanwhile.

    `sent`: by network, `simulators.scene.Sent` as JSON; `tickets`: `simulators.desks.Seen` as JSON; `ours`: posts that
    are no line of the schedule, by network and id; `people`: everybody there is, likewise; `bots`: by network.
    """

    posted: Mapping[int, Posted]
    sent: Mapping[str, Sequence[Mapping[str, Any]]]
    tickets: Sequence[Mapping[str, Any]]
    answers: Sequence[Answer]
    windows: Sequence[Window]
    ours: frozenset[tuple[str, str]]
    people: frozenset[tuple[str, str]]
    bots: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The ledger's rows, by name of column: `inbound` with its outcome, `outgoing`, `tickets`."""

    inbound: Sequence[Mapping[str, Any]]
    outgoing: Sequence[Mapping[str, Any]]
    tickets: Sequence[Mapping[str, Any]]


def audit(seen: Seen, books: Books) -> Audit:
    """Everything that must hold."""
    result = Audit(figures={network: Figures() for network in seen.sent})
    matched = _messages(result, seen, books)
    _desk(result, seen, books)
    _replies(result, seen, books, matched)
    _agents(result, seen, books)
    return result


# --- messages -----------------------------------------------------------------------------------------------------


def _messages(result: Audit, seen: Seen, books: Books) -> dict[int, Posted]:
    """Each line's row; gives the line of each row."""
    by_message: defaultdict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in books.inbound:
        kind = row["kind"] if row["kind"] in {"edited", "deleted"} else ""
        by_message[row["channel"], kind, _last(row["message_id"])].append(row)
    disturbed = {p.line.about for p in seen.posted.values() if p.line.act in {"edit", "delete"}}
    matched: dict[int, Posted] = {}
    for posted in seen.posted.values():
        line = posted.line
        figures = result.figures[line.network]
        figures.messages += 1
        if line.act == "redirect" and not posted.post:
            continue  # a menu's use has no post; its ticket is looked for at the desk
        kind = {"edit": "edited", "delete": "deleted"}.get(line.act, "")
        post = seen.posted[line.about].post if kind else posted.post
        rows = [
            row
            for row in by_message.get((line.network, kind, _last(post)), ())
            if post.endswith(row["message_id"])
            # Telegram's messages count anew in each chat; Reddit's people have names on the stage and ids elsewhere.
            and (row["author_id"] == posted.person or (line.network, row["author_id"]) not in seen.people)
        ]
        where = f"{line.network} {post} (line {line.id})"
        must = bool(line.outcomes) and line.id not in disturbed
        if must and not rows:
            figures.lost += 1
            result.say("lost message", where, f"no row in inbound: {line.text[:60]!r}")
        if len(rows) > 1 and not kind:
            figures.doubled += 1
            result.say("doubled message", where, f"rows {[row['id'] for row in rows]} in inbound")
        for row in rows:
            matched[row["id"]] = posted
            _outcome(result, figures, posted, row, must=must)
    for row in books.inbound:
        is_ours = any((row["channel"], post) in seen.ours for post in (row["message_id"], _post_like(seen, row)))
        if row["id"] not in matched and row["author_id"] != seen.bots.get(row["channel"]) and not is_ours:
            _stranger(result, seen, row)
    return matched


def _post_like(seen: Seen, row: Mapping[str, Any]) -> str:
    ends = f"/{row['message_id']}"
    return next((post for network, post in seen.ours if network == row["channel"] and post.endswith(ends)), "")


def _stranger(result: Audit, seen: Seen, row: Mapping[str, Any]) -> None:
    is_said = any(p.line.network == row["channel"] and p.post.endswith(row["message_id"]) for p in seen.posted.values())
    if row["kind"] == "deleted" and is_said:
        return  # the bot takes a moderator's command away
    if row["kind"] not in {"action", "command", "rating"}:
        result.say("message that nobody wrote", f"inbound {row['id']} of {row['channel']}", row["message_id"])
    elif row["channel"] in seen.sent:
        result.figures[row["channel"]].outcomes[row["outcome"] or "undecided"] += 1


def _outcome(result: Audit, figures: Figures, posted: Posted, row: Mapping[str, Any], *, must: bool) -> None:
    line, where = posted.line, f"inbound {row['id']} ({posted.line.network}, line {posted.line.id})"
    figures.outcomes[row["outcome"] or "undecided"] += 1
    if row["outcome"] is None or row["state"] == "new":
        result.say("undecided", where, "no outcome")
    elif row["outcome"] == "failed" or row["state"] == "failed":
        result.say("failed", where, row["reason"] or "no reason")
    elif must and row["outcome"] not in line.outcomes:
        result.say("another outcome", where, f"{row['outcome']}/{row['rule']}, not {line.outcomes}: {line.text!r}")


# --- the desk -----------------------------------------------------------------------------------------------------


def _desk(result: Audit, seen: Seen, books: Books) -> None:
    """A complaint begins one ticket; what follows is written once in one.

    What a ticket begins with also tells what was said since.
    """
    result.tickets = len(seen.tickets)
    matters = {_plain(posted.line.matter): posted for posted in seen.posted.values() if posted.line.matter}
    known_by = {matter.split()[0]: matter for matter in matters}
    holding: defaultdict[str, list[str]] = defaultdict(list)
    for ticket in seen.tickets:
        for place, word in enumerate(ticket["words"]):
            text = _plain(word["text"])
            for matter in {known_by[one] for one in text.split() if one in known_by}:
                begins = "appended" not in matters[matter].line.outcomes
                if matter in text and begins == (place == 0):
                    holding[matter].append(ticket["id"])
    for matter, posted in matters.items():
        line, found = posted.line, holding[matter]
        if len(found) == 1 or (not found and not posted.post and _was_away(seen, posted)):
            continue  # a menu of a bot that is away says so at once, and whoever used it tries again
        figures = result.figures[line.network]
        figures.lost += not found
        figures.doubled += len(found) > 1
        what = "doubled at the desk" if found else "not at the desk"
        result.say(what, f"{line.network} {posted.post} (line {line.id})", f"tickets {found}: {line.matter!r}")
    at_desk, in_ledger = Counter(t["id"] for t in seen.tickets), Counter(str(t["desk_id"]) for t in books.tickets)
    for number in at_desk - in_ledger:
        result.say("ticket that the ledger does not know", f"ticket {number}", "doubled, or its answer was lost")
    for number in in_ledger - at_desk:
        result.say("ticket that the desk does not have", f"ticket {number}", "the ledger says that it is there")


def _was_away(seen: Seen, posted: Posted) -> bool:
    near = (window for window in seen.windows if window.fault.target.startswith(("bot", "ledger", posted.line.network)))
    return any(window.began - _MENU_WAITS <= posted.at <= window.ended + _COMES_BACK for window in near)


def _plain(text: str) -> str:
    """Letters and digits in lower case, each run of other signs one space."""
    return _LETTERS.sub(" ", text).strip().lower()


# --- replies ------------------------------------------------------------------------------------------------------


def _replies(result: Audit, seen: Seen, books: Books, matched: Mapping[int, Posted]) -> None:
    by_id: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for network, sent in seen.sent.items():
        for one in sent:
            by_id[network, _last(one["id"])].append(one)
    known: set[tuple[str, str]] = set()
    open_rows: list[Mapping[str, Any]] = []
    order = _Order(result)
    for row in books.outgoing:
        network = row["channel"]
        if network not in result.figures:
            continue
        if row["state"] != "sent":
            _unsent(result, seen, row, open_rows)
            continue
        figures = result.figures[network]
        figures.replies += 1
        found = _post_of(by_id[network, _last(row["posted_id"] or "")], row)
        where = f"outgoing {row['id']} ({network}, posted {row['posted_id']})"
        if found is None:
            figures.lost += 1
            result.say("reply that was not posted", where, "the ledger says that it was")
            continue
        if not _says(found, row):
            result.say("another text was posted", where, f"{found['text'][:80]!r}")
        if (network, found["id"]) not in known:  # more can be added to the one answer of an interaction
            known.add((network, found["id"]))
            order.check(row, found, where)
            order.time(row, found, matched)
    _unknown(result, seen, known, open_rows)


class _Order:
    """Whether replies of a conversation came in their order, and how long the first to each message took."""

    def __init__(self, result: Audit) -> None:
        self._result = result
        self._newest: dict[tuple[str, str, str], tuple[str, int]] = {}
        self._answered: set[int] = set()

    def check(self, row: Mapping[str, Any], found: Mapping[str, Any], where: str) -> None:
        lane = (row["channel"], row["conversation_key"], found["place"])
        at, before = self._newest.get(lane, ("", 0))
        if found["at"] < at:
            self._result.figures[row["channel"]].out_of_order += 1
            self._result.say("out of order", where, f"posted before reply {before}")
        else:
            self._newest[lane] = found["at"], row["id"]

    def time(self, row: Mapping[str, Any], found: Mapping[str, Any], matched: Mapping[int, Posted]) -> None:
        inbound = row["inbound_id"] or 0
        if inbound in matched and inbound not in self._answered:
            self._answered.add(inbound)
            waited = datetime.fromisoformat(found["at"]) - matched[inbound].at
            self._result.figures[row["channel"]].first_replies_s.append(waited.total_seconds())


def _says(post: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a post has the words of its reply; markup and long links may differ, and a short network cuts."""
    wanted = _plain(json.loads(row["reply"])["text"]).split() if row["reply"] else []
    there = set(_plain(post["text"]).split())
    return sum(word in there for word in wanted) >= len(wanted) / 2


def _last(post: str) -> str:
    return post.rpartition("/")[2]


def _post_of(found: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Where messages count anew in each place, that of the reply's place."""
    if len(found) > 1:
        return next((one for one in found if one["place"] in {row["place"], *row["place"].split(":")}), None)
    return found[0] if found else None


def _unsent(result: Audit, seen: Seen, row: Mapping[str, Any], open_rows: list[Mapping[str, Any]]) -> None:
    figures = result.figures[row["channel"]]
    where = f"outgoing {row['id']} ({row['channel']}, {row['conversation_key']})"
    if row["state"] == "ambiguous":
        figures.ambiguous += 1
        open_rows.append(row)
        cause = _cause(seen, row)
        if cause is None:
            result.say("ambiguous without a cause", where, row["error"] or "")
        else:
            result.ambiguous.append(f"{where}: {cause}")
    elif row["state"] == "held":
        figures.held += 1
    elif row["state"] == "cancelled":
        open_rows.append(row)
    elif row["state"] == "failed":
        figures.lost += 1
        result.say("reply that the network refused", where, row["error"] or "")
    else:
        result.say("reply that was not posted", where, f"it is still {row['state']}")


def _cause(seen: Seen, row: Mapping[str, Any]) -> str | None:
    """Which fault may have cut the send of an ambiguous reply."""
    changed = datetime.fromisoformat(row["changed_at"])
    for window in seen.windows:
        if row["id"] in window.cut:
            return window.fault.name_and_place
    for window in sorted(seen.windows, key=lambda one: one.began, reverse=True):
        fault = window.fault
        is_there = fault.target == row["channel"] or fault.target.startswith(("bot", "ledger"))
        if fault.name in _CUTTING - {"kill"} and is_there and window.began <= changed <= window.ended + _CUT_FELT_FOR:
            return fault.name_and_place
    return None


def _unknown(result: Audit, seen: Seen, known: set[tuple[str, str]], open_rows: list[Mapping[str, Any]]) -> None:
    """What was posted and no row says so must be an ambiguous reply, each once."""
    left = [(row["channel"], _plain(json.loads(row["reply"])["text"]), row) for row in open_rows if row["reply"]]
    for network, sent in seen.sent.items():
        for one in sent:
            if (network, one["id"]) in known:
                continue
            text = _plain(one["text"])
            fitting = next((item for item in left if item[0] == network and _alike(item[1], text)), None)
            if fitting is None:
                result.figures[network].doubled += 1
                why = f"no reply of the ledger is it: {one['text'][:80]!r}"
                result.say("posted and not in the ledger", f"{network} {one['id']}", why)
            else:
                left.remove(fitting)


def _alike(one: str, other: str) -> bool:
    return one == other or set(one.split()) <= set(other.split()) or set(other.split()) <= set(one.split())


# --- agents -------------------------------------------------------------------------------------------------------


def _agents(result: Audit, seen: Seen, books: Books) -> None:
    """What agents said reached the user once and in order, unless it is an ambiguous reply, which is named."""
    unsure = " ".join(row["reply"] or "" for row in books.outgoing if row["state"] == "ambiguous")
    posts = [(network, one["at"], _plain(one["text"])) for network, sent in seen.sent.items() for one in sent]
    latest: dict[str, str] = {}
    for answer in seen.answers:
        found = [(network, at) for network, at, text in posts if _plain(answer.words) in text]
        where = f"ticket {answer.ticket}, answer {answer.number}"
        result.agents_answers += len(found)
        if not found and answer.words in unsure:
            continue
        if len(found) != 1:
            result.say("agent's answer lost" if not found else "agent's answer doubled", where, f"{found}")
        elif latest.get(answer.ticket, "") > found[0][1]:
            result.figures[found[0][0]].out_of_order += 1
            result.say("agent's answers out of order", where, found[0][1])
        else:
            latest[answer.ticket] = found[0][1]
