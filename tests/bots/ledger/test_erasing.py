"""Deleted words go from a ticket, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.base import Kind
from tests.bots.making import answers, message

if TYPE_CHECKING:
    from .desk_stage import Stage


@pytest.mark.parametrize(
    "words",
    [
        "telegram",
        "(telegram).",
        "ann",
        "Ann",
        "“Ann”).",
        "ann (ann_a, “Ann”).",
        "are you open? *Always*",
        "How do I get a refund?",
    ],
)
async def test_a_deleted_message_takes_no_line_of_ours_with_it(stage: Stage, words: str) -> None:
    await stage.hear(said := message(words), answers("hours"))
    await stage.hear(message("the moon fell on my ledger"))
    before = stage.tickets()[0].entries[0].text
    assert f"User: {words}\n" in before
    assert "“When are you open? *Always*”" in before
    await stage.hear(message(kind=Kind.DELETED, message_id=said.message_id))
    after = stage.tickets()[0].entries[0].text
    assert after == before.replace(f"User: {words}\n", "User: (deleted by its author)\n")
