"""Deleted words go from a ticket, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.base import Attachment, Kind
from tests.bots.making import answers, message, offers

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


GONE, ASKED, NEXT = "(deleted by its author)", "where is my elephant?", "the left one\nof the zebras"


@pytest.mark.parametrize(
    ("deleted", "gone", "stays", "subject", "quotes"),
    [
        (0, "elephant", "zebra", GONE, [f"> {GONE}", "And then:", "> the left one", "> of the zebras"]),
        (1, "zebra", "elephant", ASKED, [f"> {ASKED}", "And then:", f"> {GONE}"]),
    ],
)
async def test_of_two_messages_in_a_ticket_only_the_deleted_one_goes(  # noqa: PLR0913, PLR0917 - columns of the table
    stage: Stage, remote: Stage, deleted: int, gone: str, stays: str, subject: str, quotes: list[str]
) -> None:
    for each in (stage, remote):
        said = (message(ASKED), message(NEXT, attachments=(Attachment(name="photo.png"),)))
        await each.hear(said[0], offers("refund", "hours"))
        await each.hear(said[1])
        assert each.words_on_disk(gone) != []
        await each.hear(message(kind=Kind.DELETED, message_id=said[deleted].message_id))
        assert each.words_on_disk(gone) == []
        assert each.words_on_disk(stays) != []
    assert deleted == 0 or remote.words_on_disk("photo.png") == []
    (ticket,) = stage.tickets()
    assert ticket.entries[0].text.split("\n\n")[0].splitlines() == ["The requester wrote:", *quotes]
    assert ticket.subject == subject


async def test_words_that_another_message_holds_stay(stage: Stage) -> None:
    await stage.hear(said := message("the moon"), answers("hours"))
    await stage.hear(message("> the moon\nthe moon\n> the moon"))
    before = stage.tickets()[0].entries[0].text
    await stage.hear(message(kind=Kind.DELETED, message_id=said.message_id))
    assert stage.tickets()[0].entries[0].text == before.replace("User: the moon\n", "User: (deleted by its author)\n")
