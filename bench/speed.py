"""The whole durable path beside seven other frameworks and the limit, in rounds that take turns, and one table."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from bench import table
from bench.load import ENTRIES, PHRASINGS, due, faq_and_distinct, house, matcher
from bench.peers import environment
from bench.peers.driver import Work
from tests.postgres import PostgresServer, made_cluster, server_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.made_up import Message
    from bench.table import Figures
    from faq.matching import Matches

_ROOT = Path(__file__).parents[1]
_PER_S, _PACED_S, _PEER_IDLE_S = 50, 6, 5.0
_PATIENCE_S = 900.0
PEERS = {
    "python-telegram-bot": "telegram_bot",
    "discord.py": "discord_bot",
    "aiogram": "aiogram_bot",
    "nonebot2": "nonebot_bot",
    "opsdroid": "opsdroid_bot",
    "errbot": "errbot_bot",
    "slack-bolt": "slack_bot",
}
OURS = {
    "noop": "(a) durable, no-op matcher",
    "wratio": "(b) durable, WRatio",
    "lexical": "(c) durable, lexical matcher",
    "default": "(d) durable, default matcher",
}


@dataclass(frozen=True, slots=True)
class Contest:
    """One contestant's row: what runs it, and with which matcher."""

    title: str
    module: str
    row: str
    python: Path = Path(sys.executable)
    place: str = ""

    @property
    def is_peer(self) -> bool:
        """Whether it is one of the seven."""
        return self.title in PEERS


class Stage:
    """What a run is measured with: the messages, the replies that are due, a folder on the checkout's own disk."""

    def __init__(self, folder: Path, messages: int, rows: Sequence[str]) -> None:
        self.folder = folder
        paced, alone = _PER_S * _PACED_S, messages // 5
        self.faq, self.asked = faq_and_distinct(100 + paced + alone + messages)
        texts = [message.text for message in self.asked]
        self._parts = (texts[:100], texts[100 : 100 + paced], texts[-messages - alone : -messages], texts[-messages:])
        self.found = {row: self._matches(row) for row in rows}
        words = house(self.faq)
        answers = [entry.answer for entry in self.faq.entries]
        questions = [entry.question for entry in self.faq.entries]
        best = [_best(text, questions) for text in texts]
        self._keep("peer-noop", dict.fromkeys(texts, answers[0]))
        self._keep("peer-wratio", {text: answers[at] for text, at in zip(texts, best, strict=True)})
        for row, found in self.found.items():
            self._keep(f"our-{row}", {text: due(text, one, words) for text, one in zip(texts, found, strict=True)})

    def _matches(self, row: str) -> list[Matches]:
        """One message at a time, without the bot; what is worked out from the FAQ stays on the disk for the rounds."""
        asked_of = matcher(row, self.faq, self.folder)
        return [asked_of.match([message.text], ["en"])[0] for message in self.asked]

    def _keep(self, name: str, replies: dict[str, str]) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(replies), encoding="utf-8")

    def run(self, contest: Contest, *, idle: bool) -> Figures | str:
        """One round of one contestant in a process of its own; why there are no figures where it fails."""
        warm, paced, alone, many = self._parts
        side = "our" if contest.module == "bench.load" else "peer"
        for old in self.folder.glob("*.db*"):
            old.unlink()
        work = Work(
            questions=[entry.question for entry in self.faq.entries],
            answers=[entry.answer for entry in self.faq.entries],
            warm=warm,
            alone=alone,
            many=many,
            paced=paced,
            paced_per_s=0 if contest.is_peer and contest.row == "noop" else _PER_S,
            idle_s=_PEER_IDLE_S if idle else 0,
            folder=str(self.folder),
            place=contest.place,
            replies=str(self.folder / f"{side}-{contest.row}.json"),
        )
        file = self.folder / "work.json"
        file.write_text(json.dumps(asdict(work)), encoding="utf-8")
        return json_of(contest.python, "bench.peers.driver", contest.module, contest.row, file, repr(time.monotonic()))


def json_of(python: Path, *arguments: object) -> Figures | str:
    """What a module prints last, or why it failed."""
    command = [str(python), "-m", *map(str, arguments)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreters
            command, check=False, cwd=_ROOT, env=environ, capture_output=True, text=True, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return f"not finished within {_PATIENCE_S:.0f} s"
    if done.returncode:
        return (done.stderr.splitlines() or ["failed"])[-1]
    if done.stderr and "instead of" in done.stderr:
        print(done.stderr.rstrip(), file=sys.stderr)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def main(folder: Path, messages: int, rounds: int, rows: Sequence[str], peers: Sequence[str]) -> None:
    """Measure and print."""
    trouble = environment.install() if peers else None
    print(
        f"Speed: {messages} distinct messages, {ENTRIES} entries with {PHRASINGS} phrasings each (WRatio looks at the"
        f" questions alone), median of {rounds} rounds that take turns",
        flush=True,
    )
    stage = Stage(folder, messages, rows)
    theirs = [Contest("plain asyncio, nothing stored", "bench.peers.plain", row) for row in ("noop", "wratio")]
    theirs += [
        Contest(name, f"bench.peers.{PEERS[name]}", row, environment.PYTHON)
        for name in peers
        for row in ("noop", "wratio")
    ]
    ours = [Contest(OURS[row], "bench.load", row) for row in rows]
    with ExitStack() as stack:
        server = None
        if "noop" in rows:
            cluster, home = stack.enter_context(made_cluster()), stack.enter_context(server_folder())
            server = stack.enter_context(PostgresServer(cluster, home))
        found = _rounds(stage, _mixed(theirs, ours), rounds, server, trouble)
    contests = [(contest.title, contest.row, rounds) for contest, rounds in found.items()]
    table.show(contests, set(PEERS), {OURS[row]: row for row in rows})
    print(f"Accuracy, of {len(stage.asked)} messages:")
    for row, matches in stage.found.items():
        if row != "noop":
            print(f"  {OURS[row]:<{table.TITLE}}{_accuracy(stage.asked, matches)}")


def _mixed(theirs: list[Contest], ours: list[Contest]) -> list[Contest]:
    """Ours spread among theirs, so that both have the machine's better and worse minutes."""
    step = max(1, len(theirs) // max(1, len(ours)))
    mixed = list(theirs)
    for number, contest in enumerate(ours):
        mixed.insert(min(number * (step + 1) + 1, len(mixed)), contest)
    return mixed


def _rounds(
    stage: Stage, contests: list[Contest], rounds: int, server: PostgresServer | None, trouble: str | None
) -> dict[Contest, list[Figures] | str]:
    found: dict[Contest, list[Figures] | str] = {contest: [] for contest in contests}
    of_server = Contest("(a) on PostgreSQL", "bench.load", "noop")
    engines = [Contest(f"ledger alone, {name}", "bench.engine", "engine") for name in ("SQLite", "PostgreSQL")]
    if server is not None:
        found |= {contest: [] for contest in (of_server, *engines)}
    for number in range(rounds):
        for contest in list(found):
            if sys.stderr.isatty():
                print(f"\r  round {number + 1} of {rounds}: {contest.title:<{table.TITLE}}", end="\r", file=sys.stderr)
            if contest.is_peer and trouble:
                figures: Figures | str = f"its environment cannot be made: {trouble}"
            elif contest in engines or contest is of_server:
                figures = _at(server, stage, contest)
            else:
                figures = stage.run(contest, idle=contest.is_peer and not number)
            so_far = found[contest]
            if isinstance(figures, str) or isinstance(so_far, str):
                found[contest] = so_far if isinstance(so_far, str) else str(figures)
            else:
                so_far.append(figures)
    return found


def _at(server: PostgresServer | None, stage: Stage, contest: Contest) -> Figures | str:
    """A round that is about the ledger."""
    assert server is not None
    with server.database() as url:
        if contest.module == "bench.load":
            return stage.run(Contest(contest.title, contest.module, contest.row, place=url), idle=False)
        for old in stage.folder.glob("*.db*"):
            old.unlink()
        place = url if contest.title.endswith("PostgreSQL") else stage.folder / "engine.db"
        return json_of(contest.python, contest.module, place)


def _accuracy(asked: Sequence[Message], found: Sequence[Matches]) -> str:
    kinds: Counter[str] = Counter()
    for message, matches in zip(asked, found, strict=True):
        right = any(one.entry == message.entry for one in matches.offered)
        shown = {"answer": "answered", "suggest": "suggested", "ticket": "ticket"}[matches.decision]
        kinds[shown if shown == "ticket" else f"{shown} {'rightly' if right else 'wrongly'}"] += 1
    return ", ".join(f"{kind} {number / len(asked):.1%}" for kind, number in sorted(kinds.items()))


def machine() -> str:
    """What the figures were measured on, and how busy it was."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    cpus = (line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "model name" in line)
    name = next(cpus, platform.machine()).rpartition(":")[2].strip()
    python = f"Python {platform.python_version()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({name}), {python}; load {load} at the start"
    )


def _best(text: str, questions: Sequence[str]) -> int:
    return process.extractOne(text, questions, scorer=fuzz.WRatio)[2]
