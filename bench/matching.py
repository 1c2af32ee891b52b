"""``python -m bench.matching``: firstline's matchers beside what people use, on the same FAQs in the same run.

Each contender runs in a process of its own with one thread, so that its memory is its own: imports, build and messages
count. Wall-clock figures depend on the machine's other work; CPU figures and ratios less so.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from importlib import import_module  # what a contender imports counts as its memory, so nothing of theirs stands here
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

from bench.made_up import faq_and_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.made_up import Message
    from faq.entries import Faq

PHRASINGS = 10  # of an entry
MESSAGES = 1000
JUDGED = 100  # messages that every contender is asked, however slow; top-1 is counted on these
JUDGED_LARGE = 40  # the same where WRatio takes a quarter of a second
PATIENCE_S = 600.0
ENOUGH_S = 5.0  # of asking one contender: a slow one is asked fewer messages
SMALL, LARGE = 1_000, 10_000  # entries
_ROOT = Path(__file__).parents[1]
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one contender did with one FAQ; times of one message in milliseconds."""

    build_s: float
    build_cpu_s: float
    cpu_p50_ms: float
    cpu_p99_ms: float
    wall_p50_ms: float
    wall_p99_ms: float
    top_1: float
    grown_mb: float


class Contender(NamedTuple):
    """A way to find the entry; what it builds gives, for a message, an entry's id or "" for none.

    Attributes:
        most: Entries with which it is measured without --full.
    """

    title: str
    build: Callable[[Faq, Path], Callable[[str], str]]
    most: int


def _phrasings(faq: Faq) -> Iterator[tuple[str, str]]:
    return ((phrasing, entry.id) for entry in faq.entries for phrasing in entry.phrasings)


def _rapidfuzz(scorer: str) -> Callable[[Faq, Path], Callable[[str], str]]:
    def build(faq: Faq, _: Path) -> Callable[[str], str]:
        fuzz, process, utils = (import_module(f"rapidfuzz.{name}") for name in ("fuzz", "process", "utils"))
        texts, owners = zip(*_phrasings(faq), strict=True)
        choices = [utils.default_process(text) for text in texts]

        def find(text: str) -> str:
            asked = utils.default_process(text)
            return str(owners[process.extractOne(asked, choices, scorer=getattr(fuzz, scorer))[2]])

        return find

    return build


def _fts5(tokenizer: str, *, trigrams: bool) -> Callable[[Faq, Path], Callable[[str], str]]:
    def build(faq: Faq, _: Path) -> Callable[[str], str]:
        database = sqlite3.connect(":memory:")
        database.execute(f"CREATE VIRTUAL TABLE said USING fts5(text, entry UNINDEXED, tokenize='{tokenizer}')")
        database.executemany("INSERT INTO said VALUES (?, ?)", _phrasings(faq))

        def find(text: str) -> str:
            plain = "".join(letter if letter.isalnum() else " " for letter in text.lower())
            words = [plain[at : at + 3] for at in range(len(plain) - 2)] if trigrams else plain.split()
            asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
            row = database.execute("SELECT entry FROM said WHERE said MATCH ? ORDER BY rank LIMIT 1", (asked,))
            return str((row.fetchone() or ("",))[0])

        return find

    return build


def _scikit_learn(faq: Faq, _: Path) -> Callable[[str], str]:
    texts, owners = zip(*_phrasings(faq), strict=True)
    vectorizer = import_module("sklearn.feature_extraction.text").TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True
    )
    columns = vectorizer.fit_transform(texts).T.tocsr()

    def find(text: str) -> str:
        return str(owners[int((vectorizer.transform([text]) @ columns).toarray().argmax())])

    return find


def _candidates(faq: Faq, _: Path) -> Callable[[str], str]:
    texts, owners = zip(*_phrasings(faq), strict=True)
    words = import_module("faq.text.cleaning").words
    index = import_module("faq.grams").PhrasingIndex([tuple(words(text)) for text in texts])

    def find(text: str) -> str:
        found, alike = index.candidates(words(text))
        return str(owners[found[alike.argmax()]]) if len(found) else ""

    return find


def _firstline(matcher: str) -> Callable[[Faq, Path], Callable[[str], str]]:
    def build(faq: Faq, folder: Path) -> Callable[[str], str]:
        built = import_module("faq.matching").FaqMatcher(faq, matcher=matcher, cache=folder)

        def find(text: str) -> str:
            candidates = built.match([text])[0].candidates
            return candidates[0].entry if candidates else ""

        return find

    return build


CONTENDERS = {
    "WRatio": Contender("rapidfuzz extractOne, WRatio", _rapidfuzz("WRatio"), LARGE),
    "token_set": Contender("rapidfuzz extractOne, token_set_ratio", _rapidfuzz("token_set_ratio"), LARGE),
    "porter": Contender("SQLite FTS5, porter", _fts5("porter unicode61", trigrams=False), LARGE),
    "trigram": Contender("SQLite FTS5, trigram", _fts5("trigram", trigrams=True), LARGE),
    "sklearn": Contender("scikit-learn TF-IDF, nearest", _scikit_learn, LARGE),
    "candidates": Contender("firstline, candidates only", _candidates, LARGE),
    "lexical": Contender("firstline, lexical", _firstline("lexical"), LARGE),
    "default": Contender("firstline, default", _firstline("default"), SMALL),
    "strongest": Contender("firstline, strongest", _firstline("strongest"), 0),
}
MATCHERS = ("lexical", "default", "strongest")


def figures(
    build: Callable[[Faq, Path], Callable[[str], str]], faq: Faq, asked: list[Message], folder: Path
) -> Figures:
    """Build, ask and measure, in this process."""
    gc.collect()
    before = psutil.Process().memory_info().rss
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    find = build(faq, folder)
    build_s, build_cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    find(asked[0].text)
    judged = JUDGED if len(faq.entries) <= SMALL else JUDGED_LARGE
    walls: list[float] = []
    cpus: list[float] = []
    right = 0
    for number, message in enumerate(asked):
        if number >= judged and sum(walls) > ENOUGH_S:
            break
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        found = find(message.text)
        cpus.append(time.process_time() - cpu_s)
        walls.append(time.perf_counter() - wall_s)
        right += number < judged and found == message.entry
    wall, cpu = (statistics.quantiles(times, n=100, method="inclusive") for times in (walls, cpus))
    return Figures(
        build_s=build_s,
        build_cpu_s=build_cpu_s,
        cpu_p50_ms=cpu[49] * 1e3,
        cpu_p99_ms=cpu[98] * 1e3,
        wall_p50_ms=wall[49] * 1e3,
        wall_p99_ms=wall[98] * 1e3,
        top_1=right / min(judged, len(asked)),
        grown_mb=(psutil.Process().memory_info().rss - before) / 1e6,
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure all and print a table a size; with --contender one, as JSON, for the process that asked for it."""
    parser = argparse.ArgumentParser(description="firstline's matchers beside what people use, on the same FAQs")
    parser.add_argument("--full", action="store_true", help="every matcher with every size; takes half an hour")
    parser.add_argument("--entries", type=int, nargs="+", default=(SMALL, LARGE), help="sizes of the FAQs")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--edited", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not options.contender:
        for entries in options.entries:
            compare(entries, full=options.full)
        return
    faq, asked = faq_and_messages(options.entries[0], PHRASINGS, MESSAGES)
    if options.edited:
        first = replace(faq.entries[0], question=f"{faq.entries[0].question} today")
        faq = replace(faq, entries=(first, *faq.entries[1:]))
    print(json.dumps(asdict(figures(CONTENDERS[options.contender].build, faq, asked, options.folder))))


def compare(entries: int, *, full: bool = False) -> None:
    """Print the figures of each contender with a FAQ of so many entries."""
    print(f"Matching: {entries} entries with {PHRASINGS} phrasings each, one thread")
    titles = ("build s", "CPU s", "CPU p50", "p99 ms", "wall p50", "p99 ms", "of WRatio", "top-1 %", "RSS +MB")
    print(f"  {'':<38}" + "".join(f"{title:>10}" for title in titles))
    baseline = None
    for contender, (title, _, most) in CONTENDERS.items():
        if entries > most and not full:
            print(f"  {title:<38} only with --full")
            continue
        if contender == "sklearn" and find_spec("sklearn") is None:
            print(f"  {title:<38} not installed")
            continue
        with tempfile.TemporaryDirectory(dir=_ROOT, prefix=".bench-") as folder:
            found = _in_its_own_process(contender, entries, folder)
            baseline = baseline or found
            print(f"  {title:<38}{_row(found, baseline)}")
            if found and contender in MATCHERS:
                again = _in_its_own_process(contender, entries, folder)
                edited = _in_its_own_process(contender, entries, folder, "--edited")
                for what, later in (("again, from the disk", again), ("with one entry edited", edited)):
                    print(f"    {what:<36}{_row(later, baseline)[:20]}")


def _row(found: Figures | None, baseline: Figures | None) -> str:
    if found is None:
        return f" not finished within {PATIENCE_S:.0f} s"
    builds = (found.build_s, found.build_cpu_s)
    times = (*builds, found.cpu_p50_ms, found.cpu_p99_ms, found.wall_p50_ms, found.wall_p99_ms)
    ratio = f"{found.cpu_p50_ms / baseline.cpu_p50_ms:.4f}x" if baseline else ""
    return "".join(f"{value:>10.2f}" for value in times) + f"{ratio:>10}{found.top_1:>10.0%}{found.grown_mb:>10.0f}"


def _in_its_own_process(contender: str, entries: int, folder: str, *options: str) -> Figures | None:
    """Measure in a new process with one thread; none when it takes longer than anybody would wait."""
    command = [sys.executable, "-m", "bench.matching", "--contender", contender, "--entries", str(entries)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [*command, "--folder", folder, *options],
            check=True,
            cwd=_ROOT,
            env=os.environ | _ONE_THREAD,
            stdout=subprocess.PIPE,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return None
    return Figures(**json.loads(done.stdout))


if __name__ == "__main__":
    main()
