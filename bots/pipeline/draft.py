"""What a ticket holds: a subject to scan, who asked where and in which language, and everything that was said.

`bots.ledger.erasing` takes deleted words out of stored drafts again. It finds them quoted under a line of ours, and
after a colon at the end of a line: so no other line of ours ends with ``: `` and words that people choose.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from adapters.base import Visibility
from adapters.markup import render
from bots.pipeline import languages, phrases, rules
from faq.handover import GRIEVANCES, label
from faq.text.languages import base
from ticket_client.base import Requester, TicketDraft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.base import Attachment, IncomingMessage, TranscriptLine
    from bots.pipeline.decision import OpenTicket
    from bots.pipeline.plan import House
    from bots.pipeline.state import Context

WORDS_CHARS = 2000
_SUBJECT_CHARS = 90
_SUBJECT_WORDS, _SUBJECT_LETTERS = 3, 12  # a shorter sentence ("Hi!", "It is urgent.") tells with the next one
_SHORT_ID_CHARS = 6
_REPORT_CHARS = 30_000
_WORDS_IN_REPORT_CHARS = 20_000
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026\u061f])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


def draft(  # noqa: PLR0913, PLR0917 - everything a ticket tells of
    decision: OpenTicket,
    key: str,
    message: IncomingMessage,
    context: Context,
    house: House,
    lines: Sequence[TranscriptLine] = (),
) -> TicketDraft:
    """The ticket that a decision opens, in the desk's language. Pure. `lines` is the exchange so far."""
    return _Draft(decision, message, context, house, lines).made(key)


def files(decision: OpenTicket, message: IncomingMessage) -> tuple[Attachment, ...]:
    """What the requester attached to the complaint."""
    if not decision.moderated:
        return message.attachments
    return message.parent.attachments if message.parent else ()


class _Draft:
    def __init__(
        self,
        decision: OpenTicket,
        message: IncomingMessage,
        context: Context,
        house: House,
        lines: Sequence[TranscriptLine],
    ) -> None:
        self.decision = decision
        self.message = message
        self.context = context
        self.house = house
        self.lines = lines
        self.requester = message.on_behalf_of or message.author
        self.handle = _one_line(self.requester.handle or "")
        known = languages.wishes(message, context)
        self.language = base(known[0]) if known else ""

    def made(self, key: str) -> TicketDraft:
        message, requester, verdict = self.message, self.requester, self.verdict()
        return TicketDraft(
            key=key,
            subject=self.subject(),
            body="\n".join(self.body())[:_REPORT_CHARS],
            requester=Requester(
                external_id=f"{message.channel}:{message.account}:{requester.id}",
                name=_one_line(requester.display_name) or ("" if self.handle else self.visitor()),
                handle=self.handle,
            ),
            priority=verdict.priority,
            tags=verdict.tags,
            attachments=tuple(map(described, files(self.decision, message))),
            language=self.language,
            url=message.reply_to.url,
        )

    def words(self, sentence: str, **arguments: str) -> str:
        return self.house.wording.say(self.house.desk_language, sentence, **arguments)

    def subject(self) -> str:
        subject = headline(self.decision.words) or self.words("desk-no-words")
        return self.words("desk-subject-moderated", words=subject) if self.decision.moderated else subject

    def verdict(self) -> rules.Verdict:
        """The priority, and all tags: ours and the operator's."""
        decision, message = self.decision, self.message
        words = f"{decision.words}\n{decision.then}".strip()
        said = label(words, None if decision.moderated else self.context.written_in)
        reasons = [decision.rule, *([said] if said and decision.rule not in GRIEVANCES else [])]
        facts = rules.Facts(
            channel=message.channel,
            language=self.language,
            reasons=reasons,
            words=words,
            visibility=message.reply_to.visibility,
        )
        judged = rules.judge(self.house.rules, facts)
        ours = ["firstline", message.channel, *(["moderated"] if decision.moderated else [])]
        ours += [reason for reason in reasons if reason in GRIEVANCES]
        return rules.Verdict(priority=judged.priority, tags=tuple(dict.fromkeys((*ours, *judged.tags))))

    # --- the body ---------------------------------------------------------------------------------------------------

    def body(self) -> list[str]:
        said = self.decision.words
        first = [self.words("desk-words"), quoted(said)] if said.strip() else [self.words("desk-no-words")]
        if self.decision.then:
            first += [self.words("desk-then"), quoted(self.decision.then)]
        return [*first, "", *self.place(), *self.moderator(), *self.entries(), *self.exchange()]

    def place(self) -> list[str]:
        message, requester = self.message, self.requester
        is_private = message.reply_to.visibility is Visibility.PRIVATE
        asked = "desk-asked-private" if is_private else "desk-asked-public"
        lines = [self.words(asked, network=self.network())]
        if message.reply_to.url:
            lines.append(self.words("desk-link", url=message.reply_to.url))
        names = ", ".join(filter(None, (self.handle, _quoted_name(requester.display_name)))) or self.visitor()
        lines.append(self.words("desk-requester", id=_one_line(requester.id), names=names))
        if self.language:
            name = self.words("language-named", code=self.language)
            lines.append(self.words("desk-language", name=name, short=self.language))
        return lines

    def network(self) -> str:
        return self.house.networks.get(self.message.channel, self.message.channel)

    def visitor(self) -> str:
        """Somebody without a name, so that people can tell them from others."""
        return self.words("desk-visitor", network=self.network(), short=_one_line(self.requester.id)[:_SHORT_ID_CHARS])

    def moderator(self) -> list[str]:
        if not self.decision.moderated:
            return []
        author = self.message.author
        name = _one_line(author.display_name or author.handle or author.id)
        note = self.message.text.strip()
        return [
            self.words("desk-moderator", moderator=name),
            *([self.words("desk-note", note=indented(note))] if note else []),
        ]

    def entries(self) -> list[str]:
        """What the FAQ had for the requester before."""
        state = self.context.conversation
        answered = [state.entry] if state.entry else []
        offered = [entry for entry in state.candidates if entry not in answered]
        return [*self.questions("desk-answered", answered), *self.questions("desk-offered", offered)]

    def questions(self, heading: str, entries: Sequence[str]) -> list[str]:
        house = self.house
        found = [languages.entry_in(entry, (house.desk_language,), house.faq, house.wording) for entry in entries]
        shown = [f"- {_quoted_name(entry.question)}" for entry in found if entry]
        return ["", self.words(heading), *shown] if shown else []

    def exchange(self) -> list[str]:
        if self.decision.moderated or len(self.lines) < 2:  # noqa: PLR2004 - one line is the complaint itself
            return []
        speakers = {"user": self.words("desk-user"), "bot": self.words("desk-bot")}
        told = [
            f"{line.at:%Y-%m-%d %H:%M} UTC, {speakers.get(line.author, line.author)}: {indented(_as_read(line))}"
            for line in self.lines
        ]
        return ["", self.words("desk-exchange"), *told]


def headline(text: str) -> str:
    """What somebody wants, on one line of at most 90 characters: the first sentence that says something."""
    said = ""
    for sentence in _SENTENCE_END.split(text[:WORDS_CHARS].strip()):
        shown = _one_line(sentence)
        if not said and phrases.says(shown, "greeting"):
            continue
        said = f"{said} {shown}".strip()
        if len(said.split()) >= _SUBJECT_WORDS or sum(map(str.isalnum, said)) >= _SUBJECT_LETTERS:
            break
    return _cut(said or _one_line(text))


def _cut(line: str) -> str:
    if len(line) <= _SUBJECT_CHARS:
        return line
    kept = line[: _SUBJECT_CHARS - 1]
    whole = kept.rpartition(" ")[0]
    return (whole if len(whole) > _SUBJECT_CHARS // 2 else kept).rstrip(" ,;:-") + "…"


def indented(text: str) -> str:
    """A text of several lines that cannot be taken for several lines of the exchange."""
    return "\n    ".join(text.splitlines())


def quoted(text: str) -> str:
    """Somebody's words of which no line can be taken for one of ours."""
    return "\n".join(f"> {line}" for line in text.strip().splitlines())[:_WORDS_IN_REPORT_CHARS]


def described(attachment: Attachment) -> str:
    """A file, for people."""
    size = f", {attachment.size_bytes} bytes" if attachment.size_bytes is not None else ""
    name = _one_line(attachment.name)
    return f"Attachment: {name} ({_one_line(attachment.media_type) or 'unknown type'}{size})"


def _one_line(text: str) -> str:
    """A text on one line, without control characters and whatever turns or hides letters."""
    seen = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in _UNSEEN)
    return " ".join(seen.split())


def _quoted_name(name: str) -> str:
    """Words that somebody chose, where they cannot pass for ours; nothing for none."""
    shown = _one_line(name.replace("“", '"').replace("”", '"'))
    return f"“{shown}”" if shown else ""


def _as_read(line: TranscriptLine) -> str:
    return line.text if line.author == "user" else render(line.text).text
