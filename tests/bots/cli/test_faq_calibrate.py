"""`firstline faq calibrate` from a ledger and from labelled messages."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bots.cli.faq_calibrate import read_labels
from bots.cli.setting_up import Usage
from faq.learned import Learned, Point, load, save
from tests.bots.cli.asking import ask, unmatched
from tests.bots.cli.program import bot, configure, firstline
from tests.bots.making import answers, offers

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = [
    ("i cannot remember my password", "password"),
    ("how much is the fee for a withdrawal", "fees"),
    ("verification is slow", "verification"),
    ("coins went over the wrong network", "network"),
]
FAQ = """\
language: en
entries:
  - {id: refund, question: How do I get a refund?, also: [refund please, i want my money back], answer: Ask.}
  - {id: hours, question: When are you open?, also: [opening hours, on which days are you open], answer: Always.}
"""
SEVERAL = replace(offers("refund", "hours"), reason="several")
NONE = ["do you have a job for me", "what a lovely morning", "my withdrawal disappeared"]


def prepare(folder: Path) -> Path:
    """A configuration whose data lies in the folder; the file that is learnt."""
    configure(folder, matcher="default")
    return folder / "data" / "learned.json"


def labelled(folder: Path, times: int) -> Path:
    """Messages labelled by a person, each of them so many times."""
    rows: list[dict[str, str | None]] = [{"text": text, "entry": entry, "channel": "telegram"} for text, entry in RIGHT]
    rows += [{"text": text, "entry": None, "language": "en"} for text in NONE]
    file = folder / "labels.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows * times) + "\n\n", encoding="utf-8")
    return file


async def test_labelled_messages_are_learnt_and_kept(tmp_path: Path) -> None:
    learned = prepare(tmp_path)
    result = await firstline("faq", "calibrate", "--labels", str(labelled(tmp_path, 10)), cwd=tmp_path, anew=True)
    assert (result.code, result.err) == (0, "")
    assert "70 messages tell" in result.out
    assert "70  labelled messages" in result.out
    assert "by channel: telegram 40" in result.out
    assert "About 41% of the messages have no answer" in result.out
    assert "by the FAQ" in result.out
    assert "can only become fewer" not in result.out
    kept = load(learned)
    assert kept is not None
    assert (kept.rows, kept.may_loosen, len(kept.entries), kept.matcher) == (70, True, 4, "default")


async def test_it_says_whose_scores_it_is_about(tmp_path: Path) -> None:
    learned = prepare(tmp_path)
    labels = str(labelled(tmp_path, 10))
    result = await firstline("faq", "calibrate", "--labels", labels, cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="lexical")
    assert result.code == 0, result.err
    kept = load(learned)
    assert kept is not None
    assert kept.matcher == "lexical"


async def test_few_rows_say_that_nothing_is_loosened_and_a_dry_run_keeps_nothing(tmp_path: Path) -> None:
    learned = prepare(tmp_path)
    result = await firstline("faq", "calibrate", "--labels", str(labelled(tmp_path, 1)), "--dry-run", cwd=tmp_path)
    assert result.code == 0, result.err
    assert "These rows weigh 7; from 50 on more may be answered" in result.out
    assert "Nothing was kept" in result.out
    assert not learned.exists()


async def test_what_people_did_is_learnt(tmp_path: Path) -> None:
    learned = prepare(tmp_path)
    faq = tmp_path / "faq.yaml"
    faq.write_text(FAQ, encoding="utf-8")
    await ask(
        tmp_path,
        ("how can i get a refund please", answers("refund"), ["helpful"]),
        ("on which days are you open", offers("refund", "hours"), ["pick:2"]),
        ("are you open on the moon", offers("hours", "refund"), ["none"]),
        ("how can i get my password", answers("refund"), []),
        ("is there a refund? and on which days are you open?", SEVERAL, ["pick:2"]),
        ("please refund the open hours", offers("refund", "hours"), ["pick:1", "unhelpful"]),
        *unmatched("what a lovely morning"),
    )
    result = await firstline("faq", "calibrate", cwd=tmp_path, FIRSTLINE_FAQ__PATH=str(faq))
    assert result.code == 0, result.err
    assert "None is labelled" in result.out
    kept = load(learned)
    assert kept is not None
    assert kept.rows in {3, 4}, "the last is known only where today's first candidate is the entry that did not help"
    assert kept.sources["choice"] == 2
    assert kept.channels == {"telegram": kept.rows}
    assert kept.outside_share is None


async def test_an_entry_that_is_gone_tells_nothing(tmp_path: Path) -> None:
    learned = prepare(tmp_path)
    await ask(
        tmp_path,
        ("i forgot my password", answers("refund"), ["helpful"]),  # another FAQ answered it then
        ("verification takes too long", offers("refund", "hours"), ["pick:1"]),
    )
    result = await firstline("faq", "calibrate", cwd=tmp_path)
    assert result.code == 1
    assert not learned.exists()


async def test_nothing_known_says_what_to_do(tmp_path: Path) -> None:
    learned = prepare(tmp_path)
    await ask(tmp_path, *unmatched("what a lovely morning"))
    result = await firstline("faq", "calibrate", cwd=tmp_path)
    assert result.code == 1
    assert "Label 50 to 100 real messages" in result.out
    assert not learned.exists()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("{", "labels.jsonl:2: this is not JSON"),
        ("[" * 100_000, "labels.jsonl:2: this is not JSON"),
        ('{"text": "a"}', 'labels.jsonl:2: a line has "text" and "entry"'),
        ('{"text": "a", "entry": "nothing"}', "labels.jsonl:2: the FAQ has no entry 'nothing'"),
        ('{"text": "a", "entry": ["fees"]}', "labels.jsonl:2: the FAQ has no entry"),
        ('{"text": "a", "entry": null, "lang": "en"}', "labels.jsonl:2: a line has no key 'lang'"),
        ('{"text": "a", "entry": null, "language": 1}', "labels.jsonl:2: language and channel are texts"),
    ],
)
def test_a_line_that_is_no_label_is_named(tmp_path: Path, line: str, wanted: str) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text(f'{{"text": "fee?", "entry": "fees"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(Usage) as caught:
        read_labels(labels, {"fees"})
    assert wanted in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe"])
def test_a_file_without_labels_is_refused(tmp_path: Path, content: bytes) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_bytes(content)
    with pytest.raises(Usage, match=r"labels\.jsonl"):
        read_labels(labels, {"fees"})


async def test_a_wrong_file_ends_in_a_sentence(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / "labels.jsonl").write_text("{}", encoding="utf-8")
    for name in ("labels.jsonl", "absent.jsonl"):
        result = await firstline("faq", "calibrate", "--labels", name, cwd=tmp_path)
        assert result.code == 2
        assert name in result.err
        assert "Errno" not in result.err
        assert "a mistake of ours" not in result.err


async def test_what_was_learnt_before_changes_nothing_of_what_is_learnt_now(tmp_path: Path) -> None:
    learned = prepare(tmp_path)
    labels = labelled(tmp_path, 10)
    await firstline("faq", "calibrate", "--labels", str(labels), cwd=tmp_path)
    first = load(learned)
    assert first is not None
    assert first.curve
    await firstline("faq", "calibrate", "--labels", str(labels), cwd=tmp_path)
    again = load(learned)
    assert again is not None
    assert replace(again, at=None) == replace(first, at=None)


async def test_a_running_bot_takes_it_up(tmp_path: Path) -> None:
    prepare(tmp_path)
    async with bot(tmp_path) as running:
        result = await firstline("faq", "calibrate", "--labels", str(labelled(tmp_path, 10)), cwd=tmp_path)
        assert "a running bot takes it up by itself" in result.out
        await running.says("The FAQ was loaded again")


async def test_it_is_heeded_for_the_bots_own_faq_and_matcher_alone(tmp_path: Path) -> None:
    place = prepare(tmp_path)
    save(Learned(curve=(Point(score=0.1, precision=0.1, recall=1),), weight=60, sources={"label": 60}), place)
    other = tmp_path / "other.yaml"
    other.write_text(FAQ, encoding="utf-8")
    never = "Answers begin at no score"
    question = ("faq", "explain", "how much is the fee for a withdrawal")
    assert never in (await firstline(*question, cwd=tmp_path)).out
    assert never in (await firstline(*question, "--matcher", "default", cwd=tmp_path)).out
    assert never not in (await firstline(*question, "--matcher", "lexical", cwd=tmp_path)).out
    assert never not in (await firstline("faq", "explain", "a refund for my shoes", str(other), cwd=tmp_path)).out
