"""The matcher that a command tries a FAQ with: as the bot's, unless the call says otherwise."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from threading import Timer
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bots.cli.setting_up import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from config.findings import Finding
    from config.settings import Settings
    from faq.entries import Faq
    from faq.matching import FaqMatcher, Promises

_LONG_S = 8.0  # without a word
_MUCH_CHANGED = 0.5  # of the FAQ, since it was calibrated
_SOURCES = {"label": "labels", "choice": "choices", "thumb": "thumbs", "ticket": "tickets"}

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

    kind = matcher or settings.faq.matcher
    with _patience(kind):
        return FaqMatcher(faq, promises(settings), matcher=kind, cache=settings.faq_cache)


def like_the_bots(settings: Settings, faq: Faq, path: Path | None, matcher: str | None = None) -> FaqMatcher:
    """A matcher with what was learnt, where that is about this FAQ and this matcher.

    Args:
        settings: In force.
        faq: What to match against.
        path: Where it came from; None for the configured place.
        matcher: Another than the configured one.
    """
    from faq.learned import FILE, load_for
    from faq.matching import FaqMatcher

    kind = matcher or settings.faq.matcher
    is_the_bots = path is None or path.resolve() == settings.faq_path.resolve()
    learned = load_for(kind, settings.data_dir / FILE) if is_the_bots else None
    with _patience(kind):
        return FaqMatcher(faq, promises(settings), matcher=kind, cache=settings.faq_cache, learned=learned)


@contextmanager
def _patience(matcher: str) -> Iterator[None]:
    """Say what takes so long, if it does: what is worked out is kept, so the next call is quick."""
    said = f"Working out the FAQ for the {matcher} matcher (once)…"
    timer = Timer(_LONG_S, partial(typer.echo, said, err=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def in_use(settings: Settings) -> list[Finding]:
    """Which encoders the configured matcher really has here, and what is to be installed for the others."""
    from config.findings import Finding
    from faq.encoders import MATCHERS, load

    wanted, encoders = MATCHERS[settings.faq.matcher], load(settings.faq.matcher)
    by = ", ".join(encoder.name.replace("/", " ") for encoder in encoders)
    text = f"{settings.faq.matcher}, by letters" + (f" and by meaning ({by})" if by else "")
    working = {type(encoder).__module__ for encoder in encoders}
    missing = [
        Finding(ok=False, text=f"the encoder {name.removesuffix('Encoder')} is not there or broken", cure=install)
        for module, name, install in wanted
        if module not in working
    ]
    return [Finding(ok=True, text=text), *missing]


def calibrated(settings: Settings, faq: Faq) -> list[Finding]:
    """What the matcher's probabilities come from, in all and of each channel."""
    from config.findings import Finding
    from faq.learned import ENOUGH, FILE, load

    file = settings.data_dir / FILE
    learned = load(file)
    if learned is None or not learned.rows:
        text = "by the FAQ alone"
        if file.exists() and learned is None:
            return [Finding(ok=False, text=f"{text}: {file} cannot be used", cure="firstline faq calibrate")]
        return [Finding(ok=True, text=f"{text}; real messages make it better: firstline faq calibrate")]
    if learned.matcher != settings.faq.matcher:
        text = f"by the FAQ alone: {file} is about the scores of the matcher {plain(learned.matcher)}"
        return [Finding(ok=False, text=text, cure="firstline faq calibrate")]
    channels = {**dict.fromkeys(settings.channels, 0), **learned.channels}
    sources = {_SOURCES.get(name, name): count for name, count in learned.sources.items()}
    when = f" {learned.at:%Y-%m-%d}" if learned.at else ""
    text = f"recalibrated{when} from {learned.rows} messages ({_counted(sources)}; {_counted(channels)})"
    changed = learned.changed(faq)
    text += f", {changed * 100:.0f} % of the FAQ changed since"
    if not learned.may_loosen:
        text += f"; they weigh {learned.weight:g}, and below {ENOUGH:g} answers only become fewer"
    cure = "firstline faq calibrate" if changed > _MUCH_CHANGED else ""
    return [Finding(ok=not cure, text=text, cure=cure)]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
