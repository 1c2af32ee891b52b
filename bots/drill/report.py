"""A drill's report as JSON: its schedule, with which it can be repeated, and what it came to."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bots.drill.audit import Figures
    from bots.drill.run import Result


def as_json(result: Result) -> dict[str, Any]:
    """Everything; texts are those that the drill made up."""
    return {
        "schedule": result.schedule.to_json(),
        "seconds": round(result.seconds, 1),
        "starts": result.starts,
        "figures": {network: _figures(figures) for network, figures in result.audit.figures.items()},
        "tickets": result.seen.tickets,
        "sent": result.seen.sent,
        "stored": result.stored,
        "agents_answers": result.audit.agents_answers,
        "ambiguous": result.audit.ambiguous,
        "refused": result.refused,
        "wrong": [asdict(wrong) for wrong in result.audit.wrong],
        "happened": [
            {
                **asdict(window.fault),
                "began": window.began.isoformat(),
                "ended": window.ended.isoformat(),
                "cut": sorted(window.cut),
            }
            for window in result.happened.windows
        ],
    }


def _figures(figures: Figures) -> dict[str, Any]:
    named = {field.name: getattr(figures, field.name) for field in fields(figures)}
    return {**named, "outcomes": dict(figures.outcomes)}
