"""The picture of an evaluation is well-formed, whatever was measured and whatever the FAQ is called."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from faq.authoring.evaluation import measure
from faq.authoring.picture import HEIGHT, WIDTH, picture
from faq.matching import Candidate, Matches

_SVG = "{http://www.w3.org/2000/svg}"


def _found(score: float, decision: str = "answer") -> Matches:
    return Matches(
        decision="answer" if decision == "answer" else "ticket", candidates=(Candidate(entry="a", score=score),)
    )


def test_it_says_what_can_be_answered_and_what_the_bot_does() -> None:
    measured = measure(["a", "a", "a", None], [_found(0.9), _found(0.8), _found(0.4, "ticket"), _found(0.5, "ticket")])
    drawn = ET.fromstring(picture(measured, 'Shop <FAQ> & "more"\x07'))  # noqa: S314 - our own
    texts = [text.text for text in drawn.iter(f"{_SVG}text")]
    assert 'Shop <FAQ> & "more"' in texts
    assert "4 messages, 1 of them without an answer in the FAQ" in texts
    assert "67% answered at 95% right" in texts
    assert "What the bot does now: 67% answered, 100% of its answers right" in texts


def test_the_curve_ends_where_most_answers_would_be_wrong() -> None:
    scores = (0.9, 0.8, 0.7, 0.6, 0.5)
    measured = measure(["a", "a", None, None, "b"], [_found(score, "ticket") for score in scores])
    assert [cut.precision for cut in measured.cuts] == [1, 1]
    measured = measure(["a", None, None, None, "a"], [_found(score, "ticket") for score in scores])
    assert [round(cut.precision, 2) for cut in measured.cuts] == [1, 0.4]
    (line,) = ET.fromstring(picture(measured, "x")).iter(f"{_SVG}polyline")  # noqa: S314 - our own
    assert len(line.attrib["points"].split()) == 1


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.floats(0, 1), st.sampled_from(["answer", "ticket"]))),
    st.text(),
)
def test_everything_drawn_lies_on_the_page(rows: list[tuple[str | None, float, str]], title: str) -> None:
    measured = measure([entry for entry, _, _ in rows], [_found(score, decision) for _, score, decision in rows])
    drawn = ET.fromstring(picture(measured, title))  # noqa: S314 - our own
    points = [(float(circle.attrib["cx"]), float(circle.attrib["cy"])) for circle in drawn.iter(f"{_SVG}circle")]
    for line in drawn.iter(f"{_SVG}polyline"):
        points += [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]  # type: ignore[misc]
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in points)
