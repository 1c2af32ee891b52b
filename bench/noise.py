"""``python -m bench.noise FOLDER...``: how much of top-1 is lost when people type as people type.

The noise shares nothing with the matcher's own cleaning, and is the same in every run: it is drawn from the message and
the seed. The FAQ stays clean.
"""

from __future__ import annotations

import argparse
import random
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from faq.authoring.evaluation import measure, read_labelled, tasks
from faq.encoders import MATCHERS
from faq.entries import load
from faq.matching import FaqMatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faq.authoring.evaluation import Query

    Noise = Callable[[str, random.Random], str]

MESSAGES = 500
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    key: row[max(at - 1, 0) : at] + row[at + 1 : at + 2] for row in _ROWS for at, key in enumerate(row)
}  # the keys left and right of each
_SHORT = {
    "you": "u", "your": "ur", "are": "r", "to": "2", "for": "4", "please": "pls", "thanks": "thx", "because": "cuz",
    "why": "y", "and": "n", "be": "b", "see": "c", "okay": "k", "before": "b4", "tomorrow": "tmrw", "today": "2day",
    "people": "ppl", "with": "w/", "without": "w/o", "what": "wat", "have": "hv", "message": "msg", "account": "acct",
    "about": "abt", "someone": "sum1", "great": "gr8", "going": "goin", "don't": "dont", "want": "wanna", "know": "kno",
}  # fmt: skip
_ALIKE = dict(
    zip(
        "aceopxyijsHKMTBvn",
        "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0458\u0455\u041d\u041a\u041c\u0422\u0412\u03bd\u043f",
        strict=True,
    )
)
_NO_DECOMPOSITION = str.maketrans({"\u0131": "i", "ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe"})
_CLUTTER = (
    "@support", "@the_team", "#help", "#fail", "https://t.example/abc123", "😡", "🙏🙏", "👀", "!!!", "<@1234567890>",
)  # fmt: skip
_BEFORE = (
    "Hi there, hope you are all having a lovely week over there.",
    "I have been with you guys for years and never complained about anything.",
    "My cousin told me to write here, he is usually right about such things.",
    "Sorry for the long text, I am on the train and my battery is nearly empty.",
)
_AFTER = (
    "It has been raining all day so I finally had time to sit down with this.",
    "Anyway, I hope somebody reads this before the weekend starts.",
    "Have a nice day and greetings from my dog.",
)


def _typo(word: str, draw: random.Random) -> str:
    at = draw.randrange(len(word) - 1)
    kind = draw.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[: at + 1] + word[at:]
    return word[:at] + draw.choice(_BESIDE.get(word[at].lower(), word[at])) + word[at + 1 :]


def typos(share: float) -> Noise:
    """Give noise that puts one slip of the fingers into this share of the words of four letters and more."""

    def noise(text: str, draw: random.Random) -> str:
        return " ".join(_typo(word, draw) if len(word) > 3 and draw.random() < share else word for word in text.split())

    return noise


def dropped_vowels(text: str, draw: random.Random) -> str:
    """Drop the vowels inside half of the words of four letters and more: "rfnd" for "refund"."""
    return " ".join(
        word[0] + "".join(char for char in word[1:-1] if char.lower() not in "aeiou") + word[-1]
        if len(word) > 3 and draw.random() < 0.5
        else word
        for word in text.split()
    )


def sms(text: str, _: random.Random) -> str:
    """Shorten English words as in text messages."""
    return " ".join(_SHORT.get(word.lower(), word) for word in text.split())


def clutter(text: str, draw: random.Random) -> str:
    """Strew @names, #tags, links and emoji before, into and after the message."""
    words = [draw.choice(_CLUTTER), *text.split(), draw.choice(_CLUTTER)]
    words.insert(draw.randrange(1, len(words)), draw.choice(_CLUTTER))
    return " ".join(words)


def mixed_case(text: str, draw: random.Random) -> str:
    """Write each letter small or large as it comes."""
    return "".join(char.upper() if draw.random() < 0.5 else char.lower() for char in text)


def missing_diacritics(text: str, _: random.Random) -> str:
    """Take accents away, as people without the right keyboard do."""
    parts = unicodedata.normalize("NFD", text.translate(_NO_DECOMPOSITION))
    return unicodedata.normalize("NFC", "".join(char for char in parts if unicodedata.category(char) != "Mn"))


def look_alikes(text: str, draw: random.Random) -> str:
    """Put Cyrillic and Greek letters that look the same in place of a third of those that have one."""
    return "".join(_ALIKE.get(char, char) if draw.random() < 1 / 3 else char for char in text)


def rambling(text: str, draw: random.Random) -> str:
    """Bury the message between sentences that have nothing to do with it."""
    return " ".join([*draw.sample(_BEFORE, 2), text.rstrip(".") + ".", *draw.sample(_AFTER, 2)])


def everything(text: str, draw: random.Random) -> str:
    """Do all of it at once, slips in a quarter of the words."""
    for noise in (missing_diacritics, sms, dropped_vowels, typos(0.25), look_alikes, mixed_case, rambling, clutter):
        text = noise(text, draw)
    return text


KINDS: dict[str, Noise] = {
    "typos in 1/4": typos(0.25),
    "typos in 1/2": typos(0.5),
    "vowels": dropped_vowels,
    "sms": sms,
    "clutter": clutter,
    "case": mixed_case,
    "accents": missing_diacritics,
    "look-alikes": look_alikes,
    "rambling": rambling,
    "all": everything,
}


def noisy(text: str, kind: str, seed: int = 0) -> str:
    """Give the message with this kind of noise; the same for the same seed, everywhere."""
    return KINDS[kind](text, random.Random(f"{seed}:{kind}:{text}"))  # noqa: S311 - noise, no secret


def points_lost(matcher: FaqMatcher, queries: Sequence[Query], seed: int = 0) -> tuple[float, dict[str, float]]:
    """Give top-1 without noise, and the points of it that each kind of noise costs; only answerable messages count."""
    asked = [query for query in queries if query.entry is not None]
    languages = [query.language for query in asked]

    def top_1(texts: list[str]) -> float:
        return 100 * measure([query.entry for query in asked], matcher.match(texts, languages)).top_1

    clean = top_1([query.text for query in asked])
    return clean, {kind: clean - top_1([noisy(query.text, kind, seed) for query in asked]) for kind in KINDS}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the points lost on each task."""
    parser = argparse.ArgumentParser(prog="python -m bench.noise", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--messages", type=int, default=MESSAGES, help="of each task, spread over it")
    parser.add_argument("--matcher", choices=MATCHERS, default="default")
    wanted = parser.parse_args(arguments)
    found = tasks(wanted.folders)
    if not found:
        parser.error("no folder there holds a faq.yaml and a queries.jsonl")
    sys.stdout.write(f"{'task':20}{'top-1':>7}" + "".join(f"{kind:>13}" for kind in KINDS) + "   points lost\n")
    for folder in found:
        faq = load(folder / "faq.yaml")
        queries = read_labelled(folder / "queries.jsonl", faq)
        step = max(1, -(-len(queries) // max(wanted.messages, 1)))
        clean, lost = points_lost(FaqMatcher(faq, matcher=wanted.matcher), queries[::step], wanted.seed)
        sys.stdout.write(
            f"{folder.name:20}{clean:7.1f}" + "".join(f"{points:13.1f}" for points in lost.values()) + "\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
