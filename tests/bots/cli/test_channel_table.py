"""The table of the channels in the documentation is what the adapters say of themselves."""

from __future__ import annotations

from dataclasses import fields

from adapters import registry
from adapters.base import Profile
from bots.cli.channel_table import PAGE, rewritten, table


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == rewritten(page), "run: python -m bots.cli.channel_table"
    assert table() in page


def test_every_channel_says_everything_in_a_cell() -> None:
    for kind in registry.kinds():
        profile = registry.channel(kind).PROFILE
        for field in fields(Profile):
            cell = getattr(profile, field.name)
            assert cell.strip(), f"{kind}: {field.name}"
            assert not set(cell) & set("|\n"), f"{kind}: {field.name} would break the table"
    assert len(table().splitlines()) == len(fields(Profile)) + 1
