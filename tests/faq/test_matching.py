"""Messages find their entry, or none; whatever is sent."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faq.entries import Faq
from faq.heads import STRENGTH, softmax, train
from faq.learned import Learned
from faq.matching import FaqMatcher, Matches, Promises

from .mini_faq import entry, mini_faq

MATCHER = FaqMatcher(mini_faq())
TEXTS = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="abc ?!.@#/é😀\u200b我", max_size=300),
    st.lists(st.sampled_from(["refund", "pasword", "where", "is", "my", "parcel", "😀", "@bot", "."])).map(" ".join),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How do I get a refund?", "refund"),
        ("how do i get a REFUND!!!", "refund"),
        ("@firstline_bot I forgot my password 😭😭 https://example.com/x", "password"),
        ("i forgt my pasword", "password"),
        ("I f\u200borgot m\u200by password", "password"),
        ("when are you open?", "opening-hours"),
        ("where is my parcell???", "delivery"),
        ("Ik ben mijn wachtwoord vergeten", "password"),
        ("hoe krijg ik mijn gèld terug", "refund"),
        ("nooooo i want my money back", "refund"),
    ],
)
def test_what_the_faq_says_in_other_clothes_is_answered(text: str, expected: str) -> None:
    (found,) = MATCHER.match([text])
    assert (found.decision, found.candidates[0].entry) == ("answer", expected)
    assert found.score >= 0.8


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "😀😀😀",
        "@someone",
        "https://example.com",
        "what is the capital of Mongolia",
        "tell me a joke about penguins",
        "lorem ipsum dolor sit amet",
        "zzz qqq xxx",
        "كيف حالك",
    ],
)
def test_what_the_faq_does_not_hold_becomes_a_ticket(text: str) -> None:
    assert MATCHER.match([text])[0].decision == "ticket"


def test_a_question_buried_in_a_rant_is_found() -> None:
    rant = (
        "Honestly this is the third week in a row that my neighbour tells me how wonderful everything is over here "
        "and I just do not see it. My cat agrees. When will my delivery arrive? "
        "Otherwise the weather was lovely and we went to the lake with the whole family on Saturday afternoon."
    )
    assert MATCHER.match([rant])[0].candidates[0].entry == "delivery"


def test_an_aside_does_not_outweigh_what_the_whole_message_is_about() -> None:
    told = (
        "I sent the lamp back and I want my money back because it was broken when it came, I asked for a refund, and "
        "the refund has still not arrived on my account. When are you open? I want a refund of my money for the lamp."
    )
    assert MATCHER.match(["When are you open?"])[0].candidates[0].entry == "opening-hours"
    assert MATCHER.match([told])[0].candidates[0].entry == "refund"


def test_what_was_learnt_bends_the_scores_and_not_what_is_compared_with_the_thresholds() -> None:
    asked = ["i want a refund", "pasword reset please", "where is my parcel now", "is there parking", "my refund"]
    asked += [f"{text}. {'and so on and on ' * 8}. {other}?" for text, other in pairwise(asked)]
    plain, bent = FaqMatcher(mini_faq()), FaqMatcher(mini_faq(), learned=Learned(slope=0.2, bias=-1.0, weight=100))
    before, after = plain.match(asked), bent.match(asked)
    assert [one.decision for one in after] == [one.decision for one in before]
    assert [one.candidates[0].entry for one in after] == [one.candidates[0].entry for one in before]
    assert [one.raw for one in after] == [one.raw for one in before] == [one.score for one in before]
    assert all(one.score < one.raw for one in after if one.raw > 0.5)


def test_a_foreign_message_need_not_share_words_to_be_answered() -> None:
    (found,) = FaqMatcher(mini_faq(), Promises(answer_precision=0.5)).match(["Ich habe mein Passwort vergessen"])
    assert (found.language, found.decision, found.candidates[0].entry) == ("de", "answer", "password")


def test_a_language_that_no_encoder_knows_is_for_people() -> None:
    (found,) = MATCHER.match(["Tôi quên mật khẩu của tôi rồi, làm sao để đặt lại?"])
    assert (found.language, found.decision) == ("vi", "ticket")


@pytest.mark.parametrize("text", ["refund", "my refund"])
def test_a_word_or_two_that_a_hint_speaks_against_prove_no_language(text: str) -> None:
    assert MATCHER.match([text], ["en"])[0].language in {"en", None}


def test_drawn_out_words_of_the_faq_are_no_foreign_language() -> None:
    (found,) = MATCHER.match(["whennnn areeee youuuu openn"], ["en"])
    assert found.language in {"en", None}
    assert (found.decision, found.candidates[0].entry) == ("answer", "opening-hours")


def test_the_words_of_another_order_are_not_the_same_question() -> None:
    swap = entry("swap", "how do i move money from my bank to my card")
    (found,) = FaqMatcher(Faq(entries=(*mini_faq().entries, swap))).match(
        ["how do i move money from my card to my bank"]
    )
    assert found.decision != "answer"


@pytest.mark.parametrize("language", ["de", "zh", "en"])
@pytest.mark.parametrize("matcher", ["lexical", "default"])
def test_one_entry_with_one_wording_works_in_any_language(language: str, matcher: str) -> None:
    only = FaqMatcher(Faq(entries=(entry("wlan", "WLAN", language=language),)), matcher=matcher)
    assert only.match(["WLAN"])[0].decision == "answer"
    assert only.match(["something else entirely"])[0].decision != "answer"


def test_one_candidate_an_entry_whatever_its_translations() -> None:
    (found,) = MATCHER.match(["password wachtwoord"])
    assert sorted(candidate.entry for candidate in found.candidates) == sorted({"refund", *MATCHER.phrasings.ids})


def test_the_language_of_a_message_orders_and_never_excludes() -> None:
    faq = Faq(
        entries=(
            entry("one", "die in de man", "red lamp over there", "green lamp over here"),
            entry("two", "die in de wand", "rode lamp aan de muur", "groene lamp aan de muur", language="nl"),
        )
    )
    dutch, other = FaqMatcher(faq).match(["rode lamp op de wand", "red lamp over there"], ["nl-BE", "nl"])
    assert dutch.candidates[0].entry == "two"
    assert (other.decision, other.candidates[0].entry) == ("answer", "one")


def test_a_phrasing_of_two_entries_is_not_answered_as_exact() -> None:
    faq = Faq(entries=(entry("one", "it does not work", "red lamp"), entry("two", "it does not work", "blue door")))
    (found,) = FaqMatcher(faq).match(["it does not work"])
    assert found.decision != "answer"


def test_an_entry_with_one_phrasing_is_only_suggested_unless_near_exact() -> None:
    entries = [one for one in mini_faq().entries if one.language == "en"]
    lone = entry("lone", "change the delivery address of my order to another street")
    matcher = FaqMatcher(Faq(entries=(*entries, lone)), Promises(answer_precision=0.5))
    exact, similar = matcher.match([lone.question, "the address of my delivery must become another street"])
    assert (exact.decision, exact.candidates[0].entry) == ("answer", "lone")
    assert (similar.decision, similar.candidates[0].entry) == ("suggest", "lone")


def test_a_stricter_promise_answers_less() -> None:
    thresholds = [
        FaqMatcher(mini_faq(), Promises(answer_precision=precision), matcher="lexical").calibration.answer_from
        for precision in (0.5, 0.9, 0.999)
    ]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] < thresholds[-1]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_tiny_faqs_work(count: int) -> None:
    entries = mini_faq().entries[:count]
    (found,) = FaqMatcher(Faq(entries=entries)).match(["How do I get a refund?"])
    assert (found.decision, len(found.candidates)) == (("answer", count) if count else ("ticket", 0))


def test_an_faq_whose_phrasings_have_no_word_offers_nothing() -> None:
    faq = Faq(entries=(entry("smile", "😀"), entry("dots", "...")))
    assert FaqMatcher(faq).match(["😀", "help"]) == [Matches(decision="ticket", candidates=())] * 2


def test_a_large_faq_is_matched_without_the_square_of_its_phrasings() -> None:
    draw = random.Random(1)  # noqa: S311 - made-up words, no secret
    syllables = ["ka", "lo", "mi", "ru", "se", "to", "va", "ne", "pi", "du"]
    vocabulary = ["".join(draw.choices(syllables, k=3)) for _ in range(400)]
    entries = [entry(f"e{at}", *(" ".join(draw.choices(vocabulary, k=6)) for _ in range(3))) for at in range(1000)]
    matcher = FaqMatcher(Faq(entries=tuple(entries)))
    assert not matcher.scorer.trained
    found = matcher.match([entry.question for entry in entries[:50]])
    assert [(one.decision, one.candidates[0].entry) for one in found] == [("answer", f"e{at}") for at in range(50)]
    shuffled = [" ".join(reversed(entry.question.split()[:5])) for entry in entries[:50]]
    firsts = [one.candidates[0].entry for one in matcher.match(shuffled)]
    assert sum(first == f"e{at}" for at, first in enumerate(firsts)) >= 45


@settings(deadline=None)
@given(texts=st.lists(TEXTS, max_size=4), language=st.sampled_from([None, "en", "nl", "nl-BE", "xx", ""]))
def test_any_text_gives_lawful_matches_alone_and_in_a_batch(texts: list[str], language: str | None) -> None:
    found = MATCHER.match(texts, [language] * len(texts))
    assert found == [MATCHER.match([text], [language])[0] for text in texts]
    for matches in found:
        scores = [candidate.score for candidate in matches.candidates]
        ids = [candidate.entry for candidate in matches.candidates]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 and score == round(score, 4) for score in scores)
        assert len(ids) == len(set(ids)) <= 5
        assert matches.score == (scores[0] if scores else 0.0)


def test_the_order_of_the_entries_does_not_matter() -> None:
    asked = ["i want a refund", "pasword reset", "is there parking", "open on monday"]
    turned = FaqMatcher(Faq(entries=tuple(reversed(mini_faq().entries))))
    assert turned.match(asked) == MATCHER.match(asked)


def test_an_unrelated_entry_changes_little() -> None:
    asked = ["i want a refund", "pasword reset please", "when does my parcel arrive", "ik ben mijn wachtwoord kwijt"]
    unrelated = entry("penguins", "how tall is an emperor penguin", "do penguins fly", "what do penguins eat in winter")
    more = FaqMatcher(Faq(entries=(*mini_faq().entries, unrelated)))
    for before, after in zip(MATCHER.match(asked), more.match(asked), strict=True):
        assert before.candidates[0].entry == after.candidates[0].entry
        assert abs(before.score - after.score) < 0.15


def test_threads_agree() -> None:
    texts = ["i forgt my pasword", "where is it", "hello", "wachtwoord kwijt"] * 5
    expected = MATCHER.match(texts)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(lambda _: MATCHER.match(texts), range(8)))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000,
        "ab. " * 2_500,
        "http://" * 1_500,
        "@a" * 5_000,
        "<@" * 5_000,
        "e" + "\u0301" * 10_000,
        "\ufdfa" * 10_000,
        "我的钱" * 3_500,
        " ".join(f"pasword{at:x}".translate(str.maketrans("0123456789", "ghijklmnop")) for at in range(900)),
    ],
    ids=["one-letter", "sentences", "links", "mentions", "open-tags", "accents", "expanding", "cjk", "unknown-words"],
)
def test_hostile_text_costs_a_bounded_multiple_of_an_ordinary_one(text: str) -> None:
    def cost(message: str) -> float:
        taken = []
        for _ in range(5):
            MATCHER.phrasings.repair.forget()
            begun = time.thread_time()
            MATCHER.match([message])
            taken.append(time.thread_time() - begun)
        return min(taken)

    # Twelve parts at most are tried, and each may be longer than a question: measured 1 to 40 questions' worth.
    assert cost(text) < 100 * cost("how long does it take until my refund arrives")


def test_the_head_solves_its_problem() -> None:
    likeness = MATCHER.phrasings
    table = MATCHER.scorer.letters.own
    weights = train(table, likeness.owners, len(likeness.ids))
    target = np.eye(len(likeness.ids), dtype=np.float32)[likeness.owners]
    # At the optimum of multinomial logistic regression the dual weights are the scaled residuals.
    assert np.abs(weights - STRENGTH * (target - softmax(table @ weights))).max() < 1.0
    assert (np.argmax(table @ weights, axis=1) == likeness.owners).all()
