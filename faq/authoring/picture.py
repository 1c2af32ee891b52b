"""The picture of an evaluation: how many messages can be answered rightly, against how many of the answers are right.

One SVG without scripts or fonts of its own; it brings its background, to be read on a light and on a dark page.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from faq.authoring.evaluation import Measures

WIDTH, HEIGHT = 760, 500
LEFT, RIGHT, TOP, BOTTOM = 76, 730, 124, 424  # of the plot, in pixels
FLOOR = 0.5  # precision drawn lowest, unless the bot itself does worse
ACROSS = "Messages answered rightly, of those that the FAQ can answer"
MIDDLE = 0.5  # coverage up to which a mark has its words on the right
STYLE = """
    text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #24292f }
    .title { font-size: 17px; font-weight: 600 } .quiet { fill: #57606a; font-size: 13px }
    .page { fill: #ffffff; stroke: #d0d7de } .grid { stroke: #e6e9ed } .goal { stroke: #9aa4af; stroke-dasharray: 3 4 }
    .curve { fill: none; stroke: #0969da; stroke-width: 2.5; stroke-linejoin: round } .mark { fill: #0969da }
    .now { fill: #bc4c00; stroke: #ffffff; stroke-width: 2 } .said { fill: #bc4c00; font-weight: 600 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .quiet { fill: #9da7b3 } .page { fill: #0d1117; stroke: #30363d } .grid { stroke: #21262d }
      .goal { stroke: #6e7681 } .curve { stroke: #58a6ff } .mark { fill: #58a6ff }
      .now { fill: #f0883e; stroke: #0d1117 } .said { fill: #f0883e }
    }"""


def picture(measures: Measures, title: str) -> str:
    """Draw the evaluation as SVG.

    Args:
        measures: Of at least one message.
        title: What was measured, such as the name of the FAQ.
    """
    answering = not math.isnan(measures.precision + measures.answered_rightly)
    drawn = [cut for cut in measures.cuts if cut.precision >= FLOOR]
    floor = FLOOR if drawn and not measures.precision < FLOOR else 0.0
    parts = [*_frame(measures, title, floor), *_curve(measures, floor), *_goals(measures, floor)]
    if answering:
        parts += _now(measures, floor)
    body = "\n  ".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{_said(title)}">\n  <style>{STYLE}\n  </style>\n  {body}\n</svg>\n'
    )


def _said(text: str) -> str:
    """Make a text safe to stand in XML, between tags or quotes: control characters go too."""
    printable = "".join(char for char in text if char.isprintable())
    return escape(printable[:80], {'"': "&quot;"})


def _x(coverage: float) -> float:
    return round(LEFT + coverage * (RIGHT - LEFT), 1)


def _y(precision: float, floor: float) -> float:
    return round(BOTTOM - (max(precision, floor) - floor) / (1 - floor) * (BOTTOM - TOP), 1)


def _frame(m: Measures, title: str, floor: float) -> list[str]:
    outside = m.messages - m.answerable
    told = f"{m.messages:,} messages, {outside:,} of them without an answer in the FAQ"
    parts = [
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>',
        f'<text class="title" x="24" y="34">{_said(title)}</text>',
        f'<text class="quiet" x="24" y="56">{told}</text>',
        f'<text x="24" y="{TOP - 12}" class="quiet">Answers that are right</text>',
        f'<text x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 48}" text-anchor="middle" class="quiet">{ACROSS}</text>',
    ]
    steps = 5
    for step in range(steps + 1):
        share = step / steps
        precision = floor + share * (1 - floor)
        x, y = _x(share), _y(precision, floor)
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y}" y2="{y}"/>',
            f'<text class="quiet" x="{LEFT - 10}" y="{y + 5}" text-anchor="end">{precision:.0%}</text>',
            f'<text class="quiet" x="{x}" y="{BOTTOM + 22}" text-anchor="middle">{share:.0%}</text>',
        ]
    return parts


def _curve(m: Measures, floor: float) -> list[str]:
    drawn = [cut for cut in m.cuts if cut.precision >= floor]
    points = " ".join(f"{_x(cut.coverage)},{_y(cut.precision, floor)}" for cut in drawn)
    return [f'<polyline class="curve" points="{points}"/>']


def _goals(m: Measures, floor: float) -> list[str]:
    """Mark what can be answered at each precision; the curve falls, so right of a mark and below it left is room."""
    parts = []
    for goal, coverage in m.coverage.items():
        if coverage:
            x, y = _x(coverage), _y(goal, floor)
            place = f'x="{x + 11}" y="{y - 2}"' if coverage < MIDDLE else f'x="{x - 9}" y="{y + 16}" text-anchor="end"'
            parts += [
                f'<circle class="mark" cx="{x}" cy="{y}" r="4.5"/>',
                f"<text {place}>{coverage:.0%} answered at {goal:.0%} right</text>",
            ]
    return parts


def _now(m: Measures, floor: float) -> list[str]:
    x, y = _x(m.answered_rightly), _y(m.precision, floor)
    told = f"What the bot does now: {m.answered_rightly:.0%} answered, {m.precision:.0%} of its answers right"
    return [
        '<circle class="now" cx="31" cy="76" r="6"/>',
        f'<text class="said" x="44" y="81">{told}</text>',
        f'<circle class="now" cx="{x}" cy="{y}" r="7"/>',
    ]
