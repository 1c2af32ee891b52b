"""Views compare and learn; what is left out has no say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from faq import views
from faq.encoders import load
from faq.entries import Faq
from faq.evidence import LETTERS_BESIDE_MEANING, Scorer
from faq.phrasings import Phrasings
from faq.text.cleaning import message_parts

from .mini_faq import entry, mini_faq

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from faq.text.cleaning import Part

MINI = Phrasings(mini_faq())


def part(text: str) -> Part:
    return message_parts(text)[0]


def scorer(phrasings: Phrasings, matcher: str = "default") -> Scorer:
    encoders = load(matcher)
    texts = [one.text for one in phrasings.parts]
    return Scorer(phrasings, encoders, [encoder.encode(texts) for encoder in encoders])


def test_a_fold_trains_on_other_groups_of_the_same_language_only() -> None:
    groups = np.array([0, 1, 2, 0, 1, 2, 0])
    languages = np.array([0, 0, 0, 1, 1, 1, 2])
    folds = views.folds(groups, languages)
    assert len(folds) == 6  # the one phrasing of the third language has nothing to be trained on
    for out, rest in folds:
        assert len(set(languages[[*out, *rest]])) == 1
        assert not set(groups[out]) & set(groups[rest])
    assert sorted(at for out, _ in folds for at in out) == [0, 1, 2, 3, 4, 5]


def test_a_phrasing_that_is_left_out_is_scored_as_if_it_were_not_there() -> None:
    """Its own word is nowhere else: with it in the training the entry is certain, without it it is not."""
    faq = Faq(
        entries=(
            entry("fruit", "my banana is brown", "the apple has a worm", "these pears are hard"),
            entry("tools", "my hammer is brown", "the saw has a crack", "these nails are hard"),
        )
    )
    phrasings = Phrasings(faq)
    view = views.LetterView(phrasings)
    at = phrasings.texts.index(("my", "banana", "is", "brown"))
    groups = np.arange(len(phrasings.texts))
    held, seen = view.held_out(groups)[at], view.logits(view.own[at])
    assert seen[0] - seen[1] > 1
    assert held[0] - held[1] < 0  # all it shares with anything is the other entry's


def test_directions_in_which_an_entry_varies_count_less_once_whitened() -> None:
    draw = np.random.default_rng(1)
    owners = np.repeat(np.arange(4), 30)
    told_apart_by_first = np.zeros((120, 3), dtype=np.float32)
    told_apart_by_first[:, 0] = owners
    noise = draw.normal(size=(120, 3)) * [0.05, 3.0, 0.05]
    matrix = views.whitening((told_apart_by_first + noise).astype(np.float32), owners, 4)
    spread = noise @ matrix
    assert spread[:, 1].std() / spread[:, 0].std() < 0.65 * noise[:, 1].std() / noise[:, 0].std()


def test_one_phrasing_an_entry_leaves_the_space_as_it_is() -> None:
    vectors = np.eye(3, dtype=np.float32)
    assert (views.whitening(vectors, np.arange(3), 3) == np.eye(3)).all()


def test_in_a_large_faq_a_phrasing_left_out_does_not_count_in_its_entrys_mean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(views, "MAX_TRAINED", 0)
    (encoder,) = load("default")
    view = views.MeaningView(MINI, encoder, encoder.encode([one.text for one in MINI.parts]))
    at = 0
    owner = MINI.owners[at]
    with_it, without = view.logits(view.vectors[at]), view.logits(view.vectors[at], without=at)
    assert without[owner] < with_it[owner]
    assert (np.delete(without, owner) == np.delete(with_it, owner)).all()


def test_a_message_in_a_foreign_language_is_weighed_by_its_meaning_alone() -> None:
    weighing = scorer(MINI)
    heard = weighing.hear(part("ich habe mein Passwort vergessen"), "de")
    assert heard.letters == 0
    evidence = weighing.weigh(heard)
    assert MINI.ids[evidence.best] == "password"
    assert not evidence.nearest.any()
    assert not evidence.alike.any()
    for language in ("en", "nl", None):
        assert weighing.hear(part("ich habe mein Passwort vergessen"), language).letters == LETTERS_BESIDE_MEANING


@pytest.mark.parametrize(
    ("language", "asked"),
    [("en", {"all-minilm", "use"}), (None, {"all-minilm", "use"}), ("nl", {"e5", "use"}), ("da", {"e5", "use"})],
)
def test_the_strongest_asks_two_encoders_by_the_language(language: str | None, asked: set[str]) -> None:
    weighing = scorer(MINI, "strongest")
    heard = weighing.hear(part("where is my parcel"), language)
    named = list(zip(weighing.meanings, heard.shares, strict=True))
    assert {
        name
        for name in ("all-minilm", "use", "e5")
        for view, share in named
        if share and view.encoder.name.startswith(name)
    } == asked
    assert sum(heard.shares) == pytest.approx(1)


def test_minilm_has_no_say_about_an_faq_that_speaks_no_english() -> None:
    dutch = Faq(entries=tuple(one for one in mini_faq().entries if one.language == "nl"))
    weighing = scorer(Phrasings(dutch), "strongest")
    for language in ("en", "nl", None):
        heard = weighing.hear(part("where is my parcel"), language)
        shares = dict(zip((view.encoder.name for view in weighing.meanings), heard.shares, strict=True))
        assert not any(share for name, share in shares.items() if "minilm" in name)


def _asked(weighing: Scorer, texts: Sequence[str]) -> NDArray[np.float32]:
    return np.stack([weighing.weigh(weighing.hear(part(text), "en")).logits for text in texts])


def test_without_encoders_letters_count_in_full() -> None:
    weighing = scorer(MINI, "lexical")
    assert weighing.hear(part("wo ist mein Paket"), "de").letters == 1
    assert MINI.ids[int(_asked(weighing, ["where is my parcel"])[0].argmax())] == "delivery"
