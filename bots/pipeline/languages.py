"""The language to answer in: what somebody chose, what they wrote, what their client says, in this order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from bots.pipeline import phrases
from bots.pipeline.decision import Answer, Decision, Suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.base import IncomingMessage
    from bots.pipeline.state import Context
    from faq.entries import Faq

_TEXT_CHARS = 400


def wishes(message: IncomingMessage, context: Context, decision: Decision | None, faq: Faq) -> tuple[str | None, ...]:
    """Languages, the best first; whoever has none of them is spoken to in the default language."""
    state = context.conversation
    if message.on_behalf_of is not None:  # the hint is the moderator's, the sentences are the complaint's author's
        return (state.language, context.chosen_language, *(ticket.language for ticket in context.own[:1]))
    written = _written(message, context, decision, faq)
    ticket = context.ticket.language if context.ticket and not context.ticket.status.is_over else None
    return (state.language, context.chosen_language, written, ticket, message.language_hint)


def _written(message: IncomingMessage, context: Context, decision: Decision | None, faq: Faq) -> str | None:
    """The language of the question that the FAQ knows: that of this message, else the one being talked about."""
    state = context.conversation
    match decision:
        case Answer(entry=entry, chosen=chosen):
            return language_of(state.question if chosen else message.text, [entry], faq)
        case Suggest(entries=entries):
            return language_of(message.text, entries, faq)
        case _ if state.question:
            return language_of(state.question, state.candidates or [state.entry], faq)
        case _:
            return None


def language_of(text: str, entry_ids: Sequence[str], faq: Faq) -> str | None:
    """The language whose phrasings of these entries share the most words with the text; None for a tie.

    Where there is only one to compare, half of the words must be its own.
    """
    said = set(phrases.plain(text[:_TEXT_CHARS]).split())
    spoken: defaultdict[str, set[str]] = defaultdict(set)
    for entry in faq.entries:
        if entry.id in entry_ids:
            spoken[entry.language].update(phrases.plain(" ".join(entry.phrasings)).split())
    shared = sorted(((len(said & words), language) for language, words in spoken.items()), reverse=True)
    if not shared:
        return None
    (most, language), *others = shared
    enough = most > others[0][0] if others else 2 * most >= len(said) > 0
    return language if enough else None
