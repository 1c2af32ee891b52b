"""From a decision to all that it makes happen: words in the user's language, tickets, the conversation's new state."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from adapters.base import Button, IncomingMessage, Instead, Release, ReplyTarget, TranscriptLine, Visibility
from adapters.markup import escape
from bots import claims
from bots.pipeline import languages
from bots.pipeline.decision import (
    NOT_SURE,
    OPTED_OUT,
    Act,
    Answer,
    AppendToTicket,
    Decision,
    Ignore,
    OpenTicket,
    Suggest,
    TicketStatus,
    is_private,
    may_continue,
)
from bots.pipeline.draft import WORDS_CHARS, described, draft, files, indented
from bots.pipeline.effects import NUMBER, SILENCED, Claim, DeskMessage, Effects, Opening, Say
from bots.pipeline.excerpt import excerpt
from bots.pipeline.state import Context, ConversationState, Phase, Ticket, mark
from bots.wording import Wording
from config.settings import TicketRule, TicketSettings
from faq.entries import Entry, Faq
from faq.handover import GRIEVANCES
from faq.text.languages import base

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


_LABEL_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What sentences and tickets need besides the message: the FAQ, the catalogues, the operator's names."""

    faq: Faq
    wording: Wording
    organisation: str
    number_prefix: str
    desk_language: str
    networks: Mapping[str, str] = field(default_factory=dict)
    """What people call each channel, by its name in the configuration."""
    rules: tuple[TicketRule, ...] = TicketSettings().rules
    """Which tickets are urgent, and what they are tagged with."""


def ticket_key(conversation_key: str, place: str, message_id: str) -> str:
    """What makes a complaint one ticket for ever: the message that said it.

    `place` is that of the complaint's `reply_to`: where a chat becomes another one, message ids start again while the
    conversation goes on.
    """
    return hashlib.sha256(f"{conversation_key}\n{place}\n{message_id}".encode()).hexdigest()[:32]


def plan(  # noqa: PLR0913, PLR0917 - everything a plan looks at
    inbound_id: int,
    message: IncomingMessage,
    context: Context,
    decision: Decision,
    house: House,
    lines: Sequence[TranscriptLine] = (),
) -> Effects:
    """The effects of a decision. Pure. `lines` is the exchange so far, needed for a ticket."""
    return _Planner(inbound_id, message, context, house, lines).plan(decision)


def failure(inbound_id: int, message: IncomingMessage, context: Context, house: House, reason: str) -> Effects:
    """What a message comes to that the bot could not process: the user is told, a person sees it in the ledger."""
    planner = _Planner(inbound_id, message, context, house, ())
    heard = message.addressed != "ambient" and not message.author.is_bot
    says = (*planner.warnings(), planner.say("failed", "failed")) if heard else ()
    return Effects(outcome="failed", rule="error", state=context.conversation, says=says, reason=reason)


class _Planner:
    def __init__(
        self,
        inbound_id: int,
        message: IncomingMessage,
        context: Context,
        house: House,
        lines: Sequence[TranscriptLine],
    ) -> None:
        self.inbound_id = inbound_id
        self.message = message
        self.context = context
        self.house = house
        self.lines = lines
        self.state = context.conversation
        self.wishes = languages.wishes(message, context)
        self.language = house.wording.language(*self.wishes)

    # --- sentences --------------------------------------------------------------------------------------------------

    def words(self, sentence: str, **arguments: str | int) -> str:
        return self.house.wording.say(self.language, sentence, sign=self.message.reply_to.sign, **arguments)

    def to_staff(self, sentence: str, **arguments: str | int) -> str:
        """A sentence for a moderator, in the moderator's own language."""
        language = self.house.wording.language(self.message.language_hint)
        sign = (self.message.staff_reply_to or self.message.reply_to).sign
        return self.house.wording.say(language, sentence, sign=sign, **arguments)

    def say(  # noqa: PLR0913
        self,
        step: str,
        sentence: str = "",
        *,
        text: str = "",
        target: ReplyTarget | None = None,
        buttons: tuple[Button, ...] = (),
        ticket: Ticket | None = None,
        quiet: bool = False,
        **arguments: str | int,
    ) -> Say:
        target = target or self.message.reply_to
        # Somebody who asked for silence is told of a moderator's act by a person, or not at all.
        unasked = self.context.is_silenced and self.message.on_behalf_of is not None
        return Say(
            key=f"in:{self.inbound_id}:{step}",
            target=target,
            text=text or self.words(sentence, **arguments),
            buttons=buttons if target.buttons else (),
            quiet=quiet,
            ticket_key=ticket.key if ticket else "",
            number=ticket.number if ticket else None,
            ending=self.words("shortened") if target.max_parts is not None else "",
            hold=SILENCED if unasked and target is self.message.reply_to else "",
            instead=Instead(target=target.fallback, text=self.words("private-closed")) if target.fallback else None,
        )

    def button(self, label: str, action: str) -> Button:
        return Button(label=self.words(label), action=action)

    def entry(self, entry_id: str) -> Entry | None:
        return languages.entry_in(entry_id, self.wishes, self.house.faq, self.house.wording)

    def only_in(self, sentence: str, entries: Sequence[Entry]) -> tuple[str, ...]:
        """A sentence for whoever reads these entries in another language than their own, else nothing."""
        own = base(languages.own(self.message, self.context) or self.language)
        if any(base(entry.language) == own for entry in entries):
            return ()
        name = self.words("language-named", code=base(entries[0].language))
        return (self.words(sentence, name=name),)

    def about(self, part: str) -> tuple[str, ...]:
        """Which sentence of a long message is answered, in the user's own words; nothing for a whole message."""
        words = escape(excerpt(part)) if part else ""
        return (self.words("answer-part", words=words),) if words else ()

    @staticmethod
    def is_told_at_once(say: Say) -> bool:
        """Whether nobody has to release it first."""
        return say.target.release is Release.AUTOMATIC and not say.hold

    @property
    def in_public(self) -> bool:
        return self.message.reply_to.visibility is not Visibility.PRIVATE

    # --- decisions --------------------------------------------------------------------------------------------------

    def plan(self, decision: Decision) -> Effects:
        effects = self._plan(decision)
        changed: dict[str, Any] = {}
        shown = self.context.claim
        if shown is not None and not is_private(self.message):  # others have read it, whatever else was said
            changed["claim"] = Claim(act="spend", code_hash=shown.code_hash)
        heard = effects.outcome != "ignored" or effects.rule == "edit_of_processed"
        if heard and self.context.written_in not in {None, effects.state.written_in}:
            changed["state"] = replace(effects.state, written_in=self.context.written_in)
        before = self.warnings() if heard else ()
        replies = bool(effects.says or effects.opening) and self.message.reply_to.can_reply
        if self.context.unconfirmed and replies:
            before += self.reminders({say.number for say in effects.says if say.target == self.message.reply_to})
            changed["confirms"] = self.context.unconfirmed
        if before:
            changed["says"] = (*before, *effects.says)
        return replace(effects, **changed) if changed else effects

    def reminders(self, told: Collection[str | None]) -> tuple[Say, ...]:
        """The numbers whose reply may never have arrived, but those that are told now."""
        return tuple(
            replace(self.say(f"unconfirmed{i}", "unconfirmed", number=number), number=number)
            for i, number in enumerate(self.context.unconfirmed)
            if number not in told
        )

    def _plan(self, decision: Decision) -> Effects:  # noqa: PLR0911 - one line a decision
        match decision:
            case Answer():
                return self._answer(decision)
            case Suggest():
                return self._suggest(decision)
            case OpenTicket():
                return self._open(decision)
            case AppendToTicket():
                return self._append(decision)
            case TicketStatus():
                return self._status(decision)
            case Act():
                return self._act(decision)
            case Ignore():
                keeps = decision.rule not in {NOT_SURE, OPTED_OUT}
                return Effects(outcome="ignored", rule=decision.rule, state=self.state, keeps_words=keeps)

    def warnings(self) -> tuple[Say, ...]:
        """What each secret means for who said it, in private where there is such a place.

        A parent's secrets are told of in a moderator's act only: there `reply_to` answers the parent's author.
        """
        message, context = self.message, self.context
        own = context.private or message.staff_reply_to or message.reply_to
        warnings = [
            self.say(f"secret:{kind}", f"secret-{kind}", target=own, quiet=own is message.staff_reply_to)
            for kind in message.secrets
        ]
        if message.on_behalf_of is not None and message.parent is not None:
            warnings += [
                self.say(f"parent-secret:{kind}", f"secret-{kind}", target=context.complainant_private)
                for kind in message.parent.secrets
            ]
        return tuple(warnings)

    def _answer(self, decision: Answer) -> Effects:
        entry = self.entry(decision.entry)
        if entry is None:  # the FAQ was edited between the match, or the offer, and now
            return self._act(Act(name="stale_choice")) if decision.chosen else self._unmatched()
        lead = (*self.about(decision.part), *self.only_in("answer-only-in", [entry]))
        text = "\n".join((*lead, entry.answer.strip(), *entry.links))
        chosen = decision.chosen and self.state.question_id
        question_id = self.state.question_id if chosen else self.message.message_id
        question = self.state.question if chosen else self.message.text[:WORDS_CHARS]
        says = [self.say("answer", text=text)]
        if not self.in_public and self.message.reply_to.buttons:
            buttons = (
                self.button("button-yes", f"helpful:{mark(question_id)}"),
                self.button("button-no", f"unhelpful:{mark(question_id)}"),
            )
            says.append(self.say("helped", "did-this-help", buttons=buttons))
        state = replace(
            self.state,
            phase=Phase.ANSWERED,
            question=question,
            question_id=question_id,
            candidates=self.state.candidates if chosen else (),  # who asked several things wants another one, too
            offered_at=self.message.sent_at if chosen else None,
            entry=entry.id,
        )
        rule = "chosen" if decision.chosen else "faq"
        return Effects(
            outcome="answered", rule=rule, state=state, says=tuple(says), entry=entry.id, score=decision.score
        )

    def _unmatched(self) -> Effects:
        message = self.message
        return self._open(OpenTicket(rule="nothing_matches", words=message.text, message_id=message.message_id))

    def _suggest(self, decision: Suggest) -> Effects:
        entries = [e for e in map(self.entry, decision.entries) if e]
        if not entries:
            return self._unmatched()
        numbered = "\n".join(f"{i}. {escape(entry.question)}" for i, entry in enumerate(entries, 1))
        has_buttons = self.message.reply_to.buttons
        if decision.several:
            intro = self.words("suggest-several-buttons" if has_buttons else "suggest-several-numbers")
        else:
            intro = self.words("suggest-buttons" if has_buttons else "suggest-numbers")
        lead = (*self.only_in("suggest-only-in", entries), intro)
        marked = mark(self.message.message_id)
        buttons = (
            *(
                Button(
                    label=shorten(f"{i}. {entry.question}", _LABEL_CHARS, placeholder="…"), action=f"pick:{i}:{marked}"
                )
                for i, entry in enumerate(entries, 1)
            ),
            self.button("button-none", f"none:{marked}"),
        )
        state = replace(
            self.state,
            phase=Phase.CHOOSING,
            question=self.message.text[:WORDS_CHARS],
            question_id=self.message.message_id,
            candidates=tuple(entry.id for entry in entries),
            offered_at=self.message.sent_at,
        )
        return Effects(
            outcome="suggested",
            rule="several" if decision.several else "faq",
            state=state,
            says=(self.say("suggest", text="\n".join((*lead, numbered)), buttons=buttons),),
            entry=entries[0].id,
            score=decision.score,
        )

    def _open(self, decision: OpenTicket) -> Effects:
        message = self.message
        requester = message.on_behalf_of or message.author
        key = ticket_key(message.conversation_key, message.reply_to.place, decision.message_id)
        if decision.rule in GRIEVANCES:
            sentence = "ticket-opened-grievance-public" if self.in_public else "ticket-opened-grievance"
        else:
            sentence = "ticket-opened-public" if self.in_public else "ticket-opened"
        text = self.words("ticket-opened-moderated" if decision.moderated else sentence, number=NUMBER)
        if message.reply_to.private_url:
            url = message.reply_to.private_url.replace("{number}", NUMBER)
            text = f"{text}\n{self.words('continue-in-private', url=url)}"
        announce = [self.say("ticket", text=text)]
        if decision.moderated and message.staff_reply_to is not None:
            done = "moderator-done" if self.is_told_at_once(announce[0]) else "moderator-waits"
            announce.append(
                self.say(
                    "staff",
                    text=self.to_staff(done, number=NUMBER),
                    target=message.staff_reply_to,
                    quiet=True,
                )
            )
        opening = Opening(
            draft=draft(decision, key, message, self.context, self.house, self.lines),
            channel=message.channel,
            account=message.account,
            author_id=requester.id,
            conversation_key=message.conversation_key,
            reply_to=message.reply_to,
            visibility=message.reply_to.visibility,
            language=self.language,
            words=decision.words[:WORDS_CHARS],
            announce=tuple(announce),
            files=files(decision, message),
        )
        # The question's id stays: a second tap on the button that opened the ticket is known as such.
        state = ConversationState(
            language=self.state.language,
            written_in=self.state.written_in,
            ticket_key=key,
            question_id=decision.message_id,
        )
        return Effects(outcome="ticket_opened", rule=decision.rule, state=state, opening=opening)

    def _append(self, decision: AppendToTicket) -> Effects:
        ticket, message = decision.ticket, self.message
        text = "\n\n".join((decision.words or message.text, *map(described, message.attachments))).strip()
        added = DeskMessage(
            key=f"in:{self.inbound_id}:words",
            ticket_key=ticket.key,
            kind="message",
            text=text,
            channel=message.channel,
            files=message.attachments,
        )
        sentence = "ticket-reopened" if ticket.status.is_over else "ticket-appended"
        if ticket.number is None:
            say = self.say("appended", "ticket-appended-pending", ticket=ticket)
        else:
            if self._goes_on_elsewhere(ticket):
                sentence = "ticket-appended-elsewhere"
            say = self.say("appended", sentence, ticket=ticket, number=ticket.number)
        state = replace(self._idle(), ticket_key=ticket.key)
        return Effects(
            outcome="appended",
            rule=decision.rule,
            state=state,
            says=(say,),
            desk=(added, *self._moving(ticket)),
            ticket_key=ticket.key,
            attach=ticket.key if may_continue(message, ticket) else None,
        )

    def _goes_on_elsewhere(self, ticket: Ticket) -> bool:
        """Whether the requester hears about the ticket in private, and did not write there."""
        return (
            bool(ticket.private_conversation)
            and self.message.conversation_key != ticket.private_conversation
            and (not may_continue(self.message, ticket))
        )

    def _moving(self, ticket: Ticket) -> tuple[DeskMessage, ...]:
        """A note for the agent, whose replies go to another place from now on."""
        if not may_continue(self.message, ticket):
            return ()
        note = self.house.wording.say(self.house.desk_language, "desk-moved", channel=self.message.channel)
        return (DeskMessage(key=f"in:{self.inbound_id}:moved", ticket_key=ticket.key, kind="note", text=note),)

    def status_line(self, ticket: Ticket) -> str:
        if ticket.number is None and ticket.reference:
            return self.words("status-noted", reference=ticket.reference)
        if ticket.number is None:
            return self.words("status-soon")
        if self.in_public:  # where others read along, how it stands is nobody's business
            return self.words("status-public", number=ticket.number)
        return self.words("status-line", number=ticket.number, status=self.words(f"status-{ticket.status}"))

    def _idle(self) -> ConversationState:
        """Nothing is being talked about any more."""
        return replace(self.state, phase=Phase.IDLE, question="", question_id="", candidates=(), offered_at=None)

    def _status(self, decision: TicketStatus) -> Effects:
        text = "\n".join(map(self.status_line, decision.tickets)) or self.words("status-none")
        key = decision.tickets[0].key if decision.tickets else None
        ticket = decision.tickets[0] if len(decision.tickets) == 1 else None
        return Effects(
            outcome="acted",
            rule="ticket_status",
            state=self.state,
            says=(self.say("status", text=text, ticket=ticket),),
            ticket_key=key,
        )

    def _act(self, act: Act) -> Effects:  # noqa: PLR0911, PLR0912, C901 - one case an act
        idle = self._idle()
        match act.name:
            case "greet":
                return self._done(act, self.state, self.say("greet", "greeting"))
            case "thank":
                return self._done(act, idle, self.say("thank", "thanks"))
            case "help":
                name = escape(self.house.organisation.strip())
                say = self.say("help", "help", named="yes" if name else "no", organisation=name)
                return self._done(act, self.state, say)
            case "language" if act.value:
                self.language = act.value
                return self._done(act, replace(self.state, language=act.value), self.say("language", "language-set"))
            case "language":
                return self._done(act, self.state, self._offer_languages())
            case "ask_matter":
                return self._done(
                    act,
                    replace(idle, phase=Phase.DESCRIBING),
                    self.say("ask", "ask-matter-public" if self.in_public else "ask-matter"),
                )
            case "ask_number":
                return self._ask_number(act)
            case "helpful":
                return self._done(act, idle, self.say("helpful", "helpful"))
            case "stale_choice":  # what is talked of now goes on
                return self._done(act, self.state, self.say("stale", "stale-choice"))
            case "acknowledge":
                return self._done(act, self.state, self.say("acknowledged", "acknowledged"))
            case "never_mind":
                return self._done(act, idle, self.say("left", "never-mind"))
            case "opt_out":
                return replace(self._done(act, idle, self.say("left", "opted-out")), silence=True)
            case "opt_in":
                return replace(self._done(act, self.state, self.say("back", "opted-in")), silence=False)
            case "claim_code" | "claim_nothing" | "claim_in_public" | "claim_wrong" | "claim_own" | "claimed":
                return self._claim(act)
            case "unlink":
                return replace(self._done(act, idle, self.say("unlinked", "unlinked")), unlinks=True)
            case "rate" if act.ticket:
                return self._rated(act, act.ticket)
            case "erase":
                return self._erased(act)
            case "edit_noted" if act.ticket:
                return self._edited(act, act.ticket)
            case "attach" if act.ticket:
                return self._attached(act, act.ticket)
            case "existing_ticket" if act.ticket:
                return self._told_elsewhere(act, act.ticket)
            case _:
                return self._to_moderator(act)

    def _done(self, act: Act, state: ConversationState, *says: Say) -> Effects:
        return Effects(
            outcome="acted", rule=act.name, state=state, says=says, ticket_key=act.ticket.key if act.ticket else None
        )

    def _offer_languages(self) -> Say:
        wording = self.house.wording
        offered = ", ".join(f"{wording.say(code, 'language-name')} ({code})" for code in wording.languages)
        example = next((code for code in wording.languages if code != self.language), self.language)
        return self.say("language", "language-unknown", languages=offered, example=example)

    def _ask_number(self, act: Act) -> Effects:
        state = replace(
            self.state,
            phase=Phase.NUMBERING,
            question=self.message.text[:WORDS_CHARS],
            question_id=self.message.message_id,
        )
        buttons = (self.button("button-new-ticket", f"new:{state.mark}"),)
        example = f"{self.house.number_prefix}-1042"
        return self._done(act, state, self.say("ask", "ask-number", buttons=buttons, example=example))

    def _rated(self, act: Act, ticket: Ticket) -> Effects:
        note = self.house.wording.say(self.house.desk_language, "desk-rated", stars=act.value)
        effects = self._done(act, self.state, self.say("rated", "rate-thanks"))
        added = DeskMessage(key=f"in:{self.inbound_id}:rating", ticket_key=ticket.key, kind="note", text=note)
        return replace(effects, rating=(ticket.key, int(act.value)), desk=(added,))

    def _erased(self, act: Act) -> Effects:
        desk: tuple[DeskMessage, ...] = ()
        if act.ticket:
            date = f"{self.message.sent_at:%Y-%m-%d %H:%M} UTC"
            note = self.house.wording.say(self.house.desk_language, "desk-deleted", date=date)
            desk = (DeskMessage(key=f"in:{self.inbound_id}:erased", ticket_key=act.ticket.key, kind="note", text=note),)
        state = self._idle() if self.state.question_id == act.value else self.state
        return replace(self._done(act, state), desk=desk, erase=act.value)

    def _edited(self, act: Act, ticket: Ticket) -> Effects:
        """The new words are a note, under the key by which a deletion finds somebody's words at the desk."""
        words = self.message.text[:WORDS_CHARS].strip()
        said = indented(words) or self.house.wording.say(self.house.desk_language, "desk-no-words")
        note = self.house.wording.say(self.house.desk_language, "desk-edited", words=said)
        added = DeskMessage(key=f"in:{self.inbound_id}:words", ticket_key=ticket.key, kind="note", text=note)
        return replace(self._done(act, self.state), desk=(added,))

    def _attached(self, act: Act, ticket: Ticket) -> Effects:
        """The conversation goes on here; what was said on the way belongs in the ticket."""
        earlier = self.state.question if self.state.phase is Phase.NUMBERING else ""
        words = "\n\n".join(text for text in (earlier, act.value) if text.strip())
        status = "open" if words and ticket.status.is_over else ticket.status
        sentence = "ticket-attached-added" if words else "ticket-attached"
        text = self.words(sentence, number=ticket.number or "", status=self.words(f"status-{status}"))
        state = replace(self._idle(), ticket_key=ticket.key)
        effects = self._done(act, state, self.say("attached", text=text, ticket=ticket))
        added = DeskMessage(key=f"in:{self.inbound_id}:words", ticket_key=ticket.key, kind="message", text=words)
        return replace(effects, attach=ticket.key, desk=((added,) if words else ()) + self._moving(ticket))

    def _told_elsewhere(self, act: Act, ticket: Ticket) -> Effects:
        """The same matter told in another place: the existing number, and a note of the place."""
        state = replace(self._idle(), ticket_key=ticket.key)
        note = self.house.wording.say(
            self.house.desk_language, "desk-elsewhere", words=indented(self.message.text[:WORDS_CHARS])
        )
        say = (
            self.say("exists", "ticket-exists", ticket=ticket, number=ticket.number)
            if ticket.number
            else self.say("exists", "status-soon", ticket=ticket)
        )
        added = DeskMessage(key=f"in:{self.inbound_id}:words", ticket_key=ticket.key, kind="note", text=note)
        attach = ticket.key if may_continue(self.message, ticket) else None
        return replace(self._done(act, state, say), desk=(added, *self._moving(ticket)), attach=attach)

    def _claim(self, act: Act) -> Effects:
        """Claim codes: handed out, redeemed, wrong, or seen by others."""
        match act.name:
            case "claim_code":
                code = self.context.new_code
                say = replace(self.say("claim", "claim-code", code=code), secret=code)
                claim = Claim(act="issue", code_hash=claims.code_hash(code))
                return replace(self._done(act, self.state, say), claim=claim)
            case "claim_in_public":
                why = "claim-read-along" if self.message.reply_to.read_along else "claim-in-public"
                return self._done(act, self.state, self.say("claim", why))
            case "claim_own":
                return self._done(act, self.state, self.say("claim", "claim-own"))
            case "claim_wrong":
                effects = self._done(act, self.state, self.say("claim", "claim-wrong"))
                return replace(effects, claim=Claim(act="miss", code_hash=act.value))
            case "claimed":
                return self._claimed(act)
            case _:
                return self._done(act, self.state, self.say("claim", "claim-nothing"))

    def _claimed(self, act: Act) -> Effects:
        """The code fits: the two are one person from now on, and the ticket goes on here."""
        claim, ticket = Claim(act="redeem", code_hash=act.value), act.ticket
        if ticket is None or ticket.number is None:
            return replace(self._done(act, self._idle(), self.say("claim", "claim-linked")), claim=claim)
        status = self.words(f"status-{ticket.status}")
        say = self.say("claim", "claim-redeemed", ticket=ticket, number=ticket.number, status=status)
        attach = ticket.key if may_continue(self.message, ticket) else None
        state = replace(self._idle(), ticket_key=ticket.key)
        return replace(self._done(act, state, say), claim=claim, attach=attach, desk=self._moving(ticket))

    def _to_moderator(self, act: Act) -> Effects:
        """What a moderator (or somebody who is none) hears about ``/ticket`` under a message, quietly."""
        target = self.message.staff_reply_to or self.message.reply_to
        number = (act.ticket.number if act.ticket else None) or "…"
        sentence = {
            "complaint_exists": "moderator-exists",
            "complaint_hidden": "moderator-hidden",
            "not_moderator": "moderator-only",
            "moderator_unchecked": "moderator-unchecked",
        }[act.name]
        text = self.to_staff(sentence, number=number)
        return self._done(act, self.state, self.say("staff", text=text, target=target, quiet=True))
