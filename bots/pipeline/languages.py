"""The language to answer in: what somebody chose, what they wrote, what was spoken so far, what their client says.

Sentences come in the first of these that has a catalogue, answers in the first that has the entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faq.text.languages import base

if TYPE_CHECKING:
    from adapters.base import IncomingMessage
    from bots.pipeline.state import Context
    from bots.wording import Wording
    from faq.entries import Entry, Faq


def wishes(message: IncomingMessage, context: Context) -> tuple[str, ...]:
    """Languages, the best first; whoever has none of them is spoken to in the default language."""
    return (*_sure(message, context), *((message.language_hint,) if _is_own(message) and message.language_hint else ()))


def own(message: IncomingMessage, context: Context) -> str | None:
    """The language that somebody surely speaks; None where only their client says something."""
    return next(iter(_sure(message, context)), None)


def _sure(message: IncomingMessage, context: Context) -> tuple[str, ...]:
    state = context.conversation
    known: tuple[str | None, ...] = (state.language, context.chosen_language)
    if _is_own(message):
        ticket = context.ticket.language if context.ticket and not context.ticket.status.is_over else None
        known = (*known, context.written_in, state.written_in, ticket)
    else:
        known = (*known, *(ticket.language for ticket in context.own[:1]))
    return tuple(language for language in known if language)


def _is_own(message: IncomingMessage) -> bool:
    """Whether the sentences are for the message's author: those of a moderator's act are for the complaint's."""
    return message.on_behalf_of is None


def entry_in(entry_id: str, languages: tuple[str, ...], faq: Faq, wording: Wording) -> Entry | None:
    """The entry in the first of the languages that has it, else in the default one, else as the FAQ has it.

    A language with a catalogue that is not offered is left out: the operator does not want it spoken.
    """
    for wish in (*languages, wording.default):
        if base(wish) in wording.withheld:
            continue
        entry = faq.entry(entry_id, wish)
        if entry is not None and entry.language == wish:
            return entry
        for language in faq.languages:
            if base(language) == base(wish):
                entry = faq.entry(entry_id, language)
                if entry is not None and entry.language == language:
                    return entry
    return faq.entry(entry_id, wording.default)
