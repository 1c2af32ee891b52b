"""What a drill prints."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from rich.table import Table

from bots.drill.audit import OUTCOMES, PROFILES_S, Figures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bots.drill.audit import Audit

_TITLES = {"telegram": "Telegram", "discord": "Discord", "twitter": "X", "reddit": "Reddit"}
_COUNTS = ("replies", "doubled", "lost", "ambiguous", "out_of_order")


def counts(result: Audit) -> Table:
    """What every network came to."""
    table = Table(title="What was said and what became of it")
    table.add_column("")
    for name in ("messages", *OUTCOMES, *_COUNTS):
        table.add_column(name.replace("_", " "), justify="right")
    for network, figures in result.figures.items():
        table.add_row(_TITLES.get(network, network), *_cells(figures))
    table.add_section()
    table.add_row("all", *_cells(total(result.figures.values())))
    return table


def times(result: Audit) -> Table:
    """How long people waited for the first reply, and the share within each support profile."""
    table = Table(title="Time to the first reply")
    for name in ("", "p50", "p90", "p99", "longest", *(f"within {profile}" for profile in PROFILES_S)):
        table.add_column(name, justify="right" if name else "left")
    for network, figures in [*result.figures.items(), ("all", total(result.figures.values()))]:
        waited = sorted(figures.first_replies_s)
        if waited:
            cuts = statistics.quantiles(waited, n=100, method="inclusive") if len(waited) > 1 else waited * 99
            quantiles = (f"{seconds:.1f} s" for seconds in (cuts[49], cuts[89], cuts[98], waited[-1]))
            shares = (f"{sum(one <= most for one in waited) / len(waited):.1%}" for most in PROFILES_S.values())
            table.add_row(_TITLES.get(network, network), *quantiles, *shares)
    return table


def total(figures: Iterable[Figures]) -> Figures:
    """All networks together."""
    whole = Figures()
    for each in figures:
        whole.outcomes.update(each.outcomes)
        whole.first_replies_s += each.first_replies_s
        for name in ("messages", "held", *_COUNTS):
            setattr(whole, name, getattr(whole, name) + getattr(each, name))
    return whole


def _cells(figures: Figures) -> list[str]:
    return [
        str(figures.messages),
        *(str(figures.outcomes[name]) for name in OUTCOMES),
        *(str(getattr(figures, name)) for name in _COUNTS),
    ]
