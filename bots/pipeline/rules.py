"""Which tickets are urgent and which tags they carry, by the operator's rules (``[[tickets.rules]]``)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.base import Visibility
from bots.pipeline import phrases
from faq.text.languages import base
from ticket_client.base import Priority

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import TicketRule

_MAX_CHARS = 20_000  # of a message: what nobody reads in the ticket decides nothing about it
# Scripts that are written without spaces: there a word is looked for anywhere.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a rule may ask of a ticket. `reasons` are why it was opened; `language` is "" where nobody knows it."""

    channel: str
    language: str
    reasons: Collection[str]
    words: str
    visibility: Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules give a ticket; each tag once, in the order of the rules."""

    priority: Priority
    tags: tuple[str, ...]


def judge(rules: Sequence[TicketRule], facts: Facts) -> Verdict:
    """The highest priority and all tags of the rules that fit; normal where none of them says a priority."""
    said = phrases.plain(facts.words[:_MAX_CHARS])
    fitting = [rule for rule in rules if _fits(rule, facts, said)]
    order = list(Priority)
    given = [Priority(rule.priority) for rule in fitting if rule.priority is not None]
    return Verdict(
        priority=max(given, key=order.index, default=Priority.NORMAL),
        tags=tuple(dict.fromkeys(tag for rule in fitting for tag in rule.tags)),
    )


def _fits(rule: TicketRule, facts: Facts, said: str) -> bool:
    return (
        (not rule.channels or facts.channel in rule.channels)
        and (not rule.languages or (facts.language != "" and base(facts.language) in rule.languages))
        and (not rule.reasons or not set(rule.reasons).isdisjoint(facts.reasons))
        and (not rule.visibility or facts.visibility in rule.visibility)
        and (not rule.words or any(_holds(said, phrases.plain(word)) for word in rule.words))
    )


def _holds(said: str, phrase: str) -> bool:
    if not phrase:
        return False
    return phrase in said if _UNSPACED.search(phrase) else f" {phrase} " in f" {said} "
