"""Entities and parse modes: what is found, what is refused, and that nothing is slow or breaks UTF-16."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.telegram import entities, markup
from simulators.telegram.wire import ApiError, Json
from tests.growth import TOO_STEEP, growth

TEXTS = st.text(alphabet=st.sampled_from("ab1 \n/@#_*~|`[]()<>\\&;.!-😀é\u200bhtps:b"), max_size=60)


def marks(found: list[Json]) -> list[tuple[str, int, int]]:
    return [(entity["type"], entity["offset"], entity["length"]) for entity in found]


def test_entities_of_a_users_text() -> None:
    text = "😀 /ticket@my_bot for @alice see https://example.org/a?b #tag not/a mail@example.org"
    assert marks(entities.found(text)) == [
        ("bot_command", 3, 14),
        ("mention", 22, 6),
        ("url", 33, 23),
        ("hashtag", 57, 4),
    ]


@given(TEXTS)
def test_found_entities_lie_in_the_text(text: str) -> None:
    starts = {"bot_command": "/", "mention": "@", "hashtag": "#", "url": "http"}
    found = entities.found(text)
    assert entities.checked(text, found) == found
    for entity in found:
        assert entities.sliced(text, entity).startswith(starts[entity["type"]])


@pytest.mark.parametrize(
    ("mode", "text", "plain", "expected"),
    [
        ("HTML", "<b>h<i>é</i></b> &lt;&#128512;", "hé <😀", [("bold", 0, 2), ("italic", 1, 1)]),
        ("HTML", '😀<a href="https://a.b/?x&amp;y">l</a>', "😀l", [("text_link", 2, 1)]),
        ("HTML", "a &copy; <code>x</code>", "a &copy; x", [("code", 9, 1)]),
        ("MarkdownV2", "*b* __u__ ||s|| \\*", "b u s *", [("bold", 0, 1), ("underline", 2, 1), ("spoiler", 4, 1)]),
        ("MarkdownV2", "[l](https://a\\.b) `a*b`", "l a*b", [("text_link", 0, 1), ("code", 2, 3)]),
        ("Markdown", "*b* 1.5 _i_!", "b 1.5 i!", [("bold", 0, 1), ("italic", 6, 1)]),
        ("", "<b>*", "<b>*", []),
    ],
)
def test_parse_modes(mode: str, text: str, plain: str, expected: list[tuple[str, int, int]]) -> None:
    parsed, found = markup.parse(text, mode)
    assert (parsed, marks(found)) == (plain, expected)


@pytest.mark.parametrize(
    ("mode", "text", "problem"),
    [
        ("HTML", "é<script>", 'Unsupported start tag "script" at byte offset 2'),
        ("HTML", "<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("HTML", "<b><i>x</b>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("HTML", "x</b>", "Unexpected end tag at byte offset 1"),
        ("HTML", "1 < 2", "Unclosed start tag at byte offset 2"),
        ("MarkdownV2", "Hello.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("MarkdownV2", "é*x", "Can't find end of Bold entity at byte offset 2"),
        ("MarkdownV2", "[x](y", "Can't find end of TextUrl entity at byte offset 0"),
        ("Markdown", "a_b", "Can't find end of the entity starting at byte offset 1"),
    ],
)
def test_broken_markup_is_refused(mode: str, text: str, problem: str) -> None:
    with pytest.raises(ApiError) as refused:
        markup.parse(text, mode)
    assert refused.value.description == f"Bad Request: can't parse entities: {problem}"


@given(TEXTS, st.sampled_from(["HTML", "MarkdownV2", "Markdown"]))
def test_markup_gives_valid_entities_or_the_real_servers_error(text: str, mode: str) -> None:
    problem = ""
    try:
        plain, found = markup.parse(text, mode)
    except ApiError as error:
        problem = error.description
    else:
        assert entities.checked(plain, found) == found
    assert problem == "" or problem.startswith("Bad Request: can't parse entities: ")


@pytest.mark.parametrize(
    ("entity", "problem"),
    [
        ({"type": "bold", "offset": 1, "length": 1}, "begins in a middle of a UTF-16 symbol"),
        ({"type": "bold", "offset": 0, "length": 1}, "ends in a middle of a UTF-16 symbol"),
        ({"type": "bold", "offset": 0, "length": 9}, "ends after the end of the text"),
        ({"type": "bold", "offset": 0, "length": 0}, "offset and length"),
        ({"type": "huge", "offset": 0, "length": 2}, "unsupported type"),
        ("bold", "unsupported type"),
    ],
)
def test_wrong_entities_are_refused(entity: Json | str, problem: str) -> None:
    with pytest.raises(ApiError, match=problem):
        entities.checked("😀 x", [entity])


@given(TEXTS, st.integers(0, 30), st.integers(1, 30))
def test_trimming_keeps_entities_on_their_characters(text: str, offset: int, length: int) -> None:
    entity = {"type": "bold", "offset": offset, "length": length}
    try:
        entities.checked(text, [entity])
    except ApiError:
        return
    plain, kept = entities.trimmed(text, [entity])
    covered = entities.sliced(text, entity).strip()
    assert "".join(entities.sliced(plain, mark) for mark in kept).strip() == covered


@pytest.mark.parametrize("part", ["/", "@", "http://", "#", "<b>", "[", "](", "_", "`", "&#", "<a href='"])
def test_the_cost_of_hostile_text_grows_with_its_length_only(part: str) -> None:
    def work(text: str) -> None:
        entities.found(text)
        for mode in ("HTML", "MarkdownV2", "Markdown"):
            with contextlib.suppress(ApiError):
                markup.parse(text, mode)

    assert growth(work, part * (10_000 // len(part))) < TOO_STEEP
