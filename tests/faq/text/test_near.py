"""The index finds exactly the words that comparing with all of them finds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from faq.text.near import MIN_LIKENESS, NearWords

WORD = st.text(alphabet="abcdé\u0436我", min_size=1, max_size=14)


@given(st.lists(WORD, unique=True), WORD)
@example(["abcdabcdab", "a"], "abcdbacdab")
def test_no_near_word_is_missed(vocabulary: list[str], word: str) -> None:
    expected = {}
    for known in vocabulary:
        edits = OSA.distance(word, known)
        if edits <= 1 or edits <= (1 - MIN_LIKENESS) * max(len(word), len(known)):
            expected[known] = edits
    assert dict(NearWords(vocabulary).find(word)) == expected


def test_what_no_word_can_be_near_to_finds_nothing() -> None:
    assert NearWords(["word", "x" * 70]).find("") == []
    assert NearWords(["word", "x" * 70]).find("x" * 70) == []
    assert NearWords([]).find("word") == []
