"""Which parts of a page are questions, and which lines answer them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.importing.markdown_pages import asks, drafts

HERE = Path("faq.md")


def pairs(text: str) -> list[tuple[str, str]]:
    return [(draft.question, draft.answer) for draft in drafts(HERE, text) if not draft.refusal]


def test_headings_that_ask_and_headings_with_text() -> None:
    text = (
        "---\ntitle: 'Why?'\nlang: pt-BR\n---\n# FAQ\n\nWelcome.\n\n## How do I pay?\nBy *card*.\n\n"
        "### Step one\nOpen it.\n\n### Is it safe?\nYes.\n\n## Fees\nNone.\n\n## Nothing here\n\n## And now?\n"
    )
    found = list(drafts(HERE, text))
    assert [(draft.source, draft.question, draft.answer, draft.refusal[:12]) for draft in found] == [
        ("faq.md:5", "FAQ", "Welcome.", "text that in"),
        ("faq.md:9", "How do I pay?", "By card.\n\n**Step one**\n\nOpen it.", ""),
        ("faq.md:15", "Is it safe?", "Yes.", ""),
        ("faq.md:18", "Fees", "None.", ""),
        ("faq.md:23", "And now?", "", ""),
    ]
    assert {draft.language for draft in found} == {"pt-BR"}


@pytest.mark.parametrize(
    "text",
    [
        "**Q:** Can I?\n\n**A:** Yes.\n",
        "Q: Can I?\nA: Yes.",
        "**Q1: Can I?**\nA1: Yes.",
        "**Q: Can I?** Yes.",
        "### Q. Can I?\n\nA. Yes.",
        "- **Q: Can I?**\n- **A: Yes.**",
        "__Vraag:__ Can I?\n__Antwoord:__ Yes.",
        "**Can I?**\n\nYes.",
        "1. **Can I?**\n\n   Yes.",
        "Can I?\n------\nYes.",
        "Can I?\n===\n\nYes.",
        "<details><summary>Can I?</summary>\n\nYes.\n</details>",
        "<details>\n<summary><b>Can I?</b></summary>Yes.</details>",
        "## Can I? {#can-i}\nYes.",
        "# Can I? #\n<!-- ## Why?\nwell -->\nYes.",
        "+++\nx = 1\n+++\n## Can I?\nYes.",
    ],
)
def test_a_question_in_every_dress(text: str) -> None:
    assert pairs(text) == [("Can I?", "Yes.")]


def test_questions_follow_each_other_in_any_dress() -> None:
    text = "Q: One?\nA: 1\n\nA: 1 again\n\n**Two?**\n2\n\n## Three\n3\n"
    assert pairs(text) == [("One?", "1\n\nA: 1 again"), ("Two?", "2"), ("Three", "3")]


def test_what_stands_in_code_is_code() -> None:
    text = "## How?\n```\n# Why?\nQ: x\n```\n~~~\n---\n~~~\nend"
    assert pairs(text) == [("How?", "`# Why?`\n`Q: x`\n\n`---`\n\nend")]


def test_a_comment_in_code_hides_nothing() -> None:
    assert pairs("## How?\n```\n<!-- x\n```\nend") == [("How?", "`<!-- x`\n\nend")]


def test_links_keep_their_address() -> None:
    text = "# Where is [it](https://e.com)?\nSee [docs][d] and [here](https://e.com/x).\n\n[d]: https://d.com\n"
    assert pairs(text) == [("Where is it?", "See docs (https://d.com) and here (https://e.com/x).")]


def test_an_anchor_is_the_id() -> None:
    (draft,) = drafts(HERE, "## Why? {#the-reason .class}\nBecause.")
    assert draft.key == "the-reason"


def test_a_rule_under_a_paragraph_makes_no_title() -> None:
    assert pairs("## Why?\nFirst\nand second.\n---\nThird.") == [("Why?", "First and second.\n\nThird.")]


def test_front_matter_that_never_ends_is_text() -> None:
    assert pairs("---\n## Why?\nBecause.") == [("Why?", "Because.")]


def test_what_asks() -> None:
    assert all(
        asks(title) for title in ("Why?", "为什么？", "لماذا؟", "**Why?**", "Why?!", "Γιατί;".replace(";", "\u037e"))
    )
    assert not any(asks(title) for title in ("Why", "", "What? No", "..."))


PIECES = (
    "# a\n", "## b?\n", "Q: c\n", "A: d\n", "**e?**\n", "```\n", "---\n", "+++\n", "===\n", "text\n", "\n", "<!--",
    "-->\n", "<summary>f?</summary>", "<summary>", "</details>", "{#g}", "###### h\n", "Q:\n", "| i |\n", "[j]: k\n",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_nothing_raises_and_lines_are_counted(text: str) -> None:
    for draft in drafts(HERE, text):
        assert 1 <= int(draft.source.rpartition(":")[2]) <= len(text.splitlines())


@pytest.mark.parametrize(
    "unit",
    ["Q: a?\nA: b\n", "# a\n## b\n", "<summary", "<summary>a", "**a?**\n", "## a?\n### b\n", "a\n---\n", "**Q: "],
)
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    start = time.process_time()
    list(drafts(HERE, text))
    assert time.process_time() - start < 4  # 0.2 to 0.9 s; the square would take minutes
