"""The matcher that a command tries a FAQ with: as the bot's, unless the call says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from config.settings import Settings
    from faq.entries import Faq
    from faq.matching import FaqMatcher, Promises

MatcherOption = Annotated[
    Literal["lexical", "default", "strongest"] | None,
    typer.Option("--matcher", help="What to match with; by default what is configured."),
]


def promises(settings: Settings) -> Promises:
    """What the operator wants to be kept."""
    from faq.matching import Promises

    return Promises(answer_precision=settings.faq.answer_precision, suggest_recall=settings.faq.suggest_recall)


def by_the_faq_alone(settings: Settings, faq: Faq, matcher: str | None = None) -> FaqMatcher:
    """A matcher that knows nothing of what `firstline faq calibrate` learnt."""
    from faq.matching import FaqMatcher

    return FaqMatcher(faq, promises(settings), matcher=matcher or settings.faq.matcher, cache=settings.faq_cache)


def like_the_bots(settings: Settings, faq: Faq, path: Path | None, matcher: str | None = None) -> FaqMatcher:
    """A matcher with what was learnt, where that is about this FAQ and this kind of matcher.

    Args:
        settings: In force.
        faq: What to match against.
        path: Where it came from; None for the configured place.
        matcher: Another than the configured one.
    """
    from faq.learned import FILE, load
    from faq.matching import FaqMatcher

    kind = matcher or settings.faq.matcher
    is_the_bots = path is None or path.resolve() == settings.faq_path.resolve()
    learned = load(settings.data_dir / FILE) if is_the_bots and kind == settings.faq.matcher else None
    return FaqMatcher(faq, promises(settings), matcher=kind, cache=settings.faq_cache, learned=learned)
