"""What to do about a message: one pure function from what is known to a decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from adapters.base import Addressed, IncomingMessage, Kind, Release, Visibility
from bots.pipeline import phrases
from bots.pipeline.state import Context, ConversationState, Identity, Phase, Ticket
from faq.handover import GRIEVANCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faq.matching import Matches

NOT_SURE, OPTED_OUT = "not_sure", "opted_out"
"""Rules of `Ignore` for somebody's words that were read and are not kept."""
QUESTIONS = frozenset({"ask", "faq"})
"""Commands that say no more than that a question follows."""
SAME_MATTER_WITHIN = timedelta(hours=72)
GOES_ON_WITHIN = timedelta(hours=1)  # after suggestions
REOPEN_WITHIN = timedelta(days=7)
_MAX_STARS = 5
_OWN_MATTER_WORDS = 3  # fewer words under somebody else's message are about that message
_SHORT = 8  # words: a longer one says something of its own
_CHAT_WORDS = 6  # besides the number: "any news on FL-1001 please?" says nothing that an agent must read
_PLEA_WORDS = 12  # a longer plea for a human carries its matter with it
_LANGUAGE_NAMES = {"english": "en", "engels": "en", "dutch": "nl", "nederlands": "nl"}

ActName = Literal[
    "greet", "thank", "help", "language", "ask_matter", "ask_number", "helpful", "rate", "erase", "edit_noted",
    "existing_ticket", "complaint_exists", "complaint_hidden", "not_moderator", "moderator_unchecked", "attach",
    "stale_choice", "acknowledge", "never_mind", "opt_out", "opt_in",
    "claim_code", "claim_nothing", "claim_in_public", "claim_wrong", "claim_own", "claimed", "unlink",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Say what the FAQ says; `part` is the sentence of a long message that it answers."""

    entry: str
    score: float | None
    chosen: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggest:
    """Offer up to three candidates; `several` where they belong to different questions of one message."""

    entries: tuple[str, ...]
    score: float
    several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """Open a ticket about `words`, said in `message_id`; `moderated` where a moderator asks for it.

    `then` is what the requester said next, where that alone would not tell the matter.
    """

    rule: str
    words: str
    message_id: str
    moderated: bool = False
    then: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendToTicket:
    """Add the message, or `words` said earlier, to a ticket that the requester has already."""

    rule: str
    ticket: Ticket
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketStatus:
    """Say how a ticket stands, or a neutral sentence where there is none to tell of."""

    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that is neither an answer nor a ticket."""

    name: ActName
    ticket: Ticket | None = None
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Say nothing, by a named rule."""

    rule: str


Decision = Answer | Suggest | OpenTicket | AppendToTicket | TicketStatus | Act | Ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the operator decides."""

    number_prefix: str = "FL"
    languages: tuple[str, ...] = ("en", "nl")
    max_open_tickets: int = 5


def decide(message: IncomingMessage, context: Context, matches: Matches, now: datetime, policy: Policy) -> Decision:
    """Decide about one message. Pure: no clock, no database, no network."""
    if (rule := _ignored(message, context)) is not None:
        return Ignore(rule=rule)
    if (changed := _changed(message, context)) is not None:
        return changed
    if context.is_silenced and message.on_behalf_of is None:
        listens = message.command == "start" or phrases.says(message.text, "opt_in")
        return Act(name="opt_in") if listens else Ignore(rule=OPTED_OUT)
    if message.kind in {Kind.ACTION, Kind.RATING}:
        return _tapped(message, context, policy)
    if message.kind is Kind.COMMAND and message.command not in QUESTIONS:
        return _commanded(message, context, now, policy)
    return _said(message, context, matches, now, policy)


def _ignored(message: IncomingMessage, context: Context) -> str | None:  # noqa: PLR0911 - a list of rules
    if message.author.is_self:
        return "own_message"
    if message.author.is_system:
        return "system_message"
    if message.author.is_bot:
        return "other_bot"
    if message.kind is Kind.DELETED:
        return None
    if message.addressed is Addressed.AMBIENT:
        return "not_addressed"
    if message.kind is Kind.EDITED and context.earlier_outcome not in {None, "ignored"}:
        return None if _is_in_ticket(message, context) else "edit_of_processed"
    said = message.text.strip() or message.attachments or message.command or message.action
    return None if said or message.addressed is Addressed.MENTION else "empty"


def _changed(message: IncomingMessage, context: Context) -> Act | None:
    """What somebody took back or changed of what was worked on already."""
    if message.kind is Kind.DELETED:
        return Act(name="erase", ticket=context.complaint or context.ticket, value=message.message_id)
    if message.kind is Kind.EDITED and _is_in_ticket(message, context):
        return Act(name="edit_noted", ticket=context.complaint)
    return None


def _is_in_ticket(message: IncomingMessage, context: Context) -> bool:
    """Whether the message that was edited opened, or was added to, a ticket of its own author."""
    ticket = context.complaint
    return ticket is not None and ticket.requester == _identity(message)


def _tapped(message: IncomingMessage, context: Context, policy: Policy) -> Decision:  # noqa: PLR0911 - one line a button
    """A button: only what was really offered last, in this conversation, counts; anything else is stale."""
    state = context.conversation
    name, _, value = message.action.partition(":")
    if name == "rate":
        number, _, stars = value.rpartition(":")
        rated = _rating(stars, [t for t in _requesters(message, context) if t.number == number])
        return rated or Ignore(rule="stale_choice")
    picked, _, mark = value.rpartition(":")
    current = mark != "" and mark == state.mark
    match name, state.phase:
        case "pick", Phase.CHOOSING | Phase.ANSWERED if current and (choice := _choice(picked, state)) is not None:
            return choice
        case "none", Phase.CHOOSING | Phase.ANSWERED if current and state.candidates:
            return _about_question("suggestions_refused", context, policy)
        case "helpful", Phase.ANSWERED if current:
            return Act(name="helpful")
        case "unhelpful", Phase.ANSWERED if current:
            return _about_question("answer_did_not_help", context, policy)
        case "new", Phase.NUMBERING if current:
            return _about_question("asked_for_ticket", context, policy)
        case "pick" | "none" | "unhelpful" | "new", _ if not current and message.visibility is Visibility.PRIVATE:
            return Act(name="stale_choice")  # whoever taps it waits for something
        case _:
            return Ignore(rule="stale_choice")


def _commanded(  # noqa: C901, PLR0911 - one line a command
    message: IncomingMessage, context: Context, now: datetime, policy: Policy
) -> Decision:
    match message.command:
        case "ticket" if message.staff_reply_to is not None:
            return _moderated(message, context, now)
        case "ticket" if _points_at_another(message) and len(message.text.split()) < _OWN_MATTER_WORDS:
            return Act(name="not_moderator")
        case "ticket" if (status := _only_number(message, context, policy)) is not None:
            return status
        case "ticket" if message.attachments or not phrases.is_small_talk(message.text):
            decision = OpenTicket(rule="asked_for_ticket", words=message.text, message_id=message.message_id)
            return _told_before(message, context, now) or _limited(decision, context, policy)
        case "ticket":
            return _about_question("asked_for_ticket", context, policy)
        case "status":
            return _status(message, context)
        case "claim":
            return _claimed(message, context) or _claiming(message, context)
        case "unlink":
            return Act(name="unlink")
        case "stop":
            return Act(name="opt_out")
        case "start" if context.names_number:
            return _about_number(message, context, policy) or Act(name="help")
        case "language":
            said = phrases.plain(message.text)
            wanted = _LANGUAGE_NAMES.get(said, said[:2])
            return Act(name="language", value=wanted if wanted in policy.languages else "")
        case _:
            return Act(name="help")


def _moderated(message: IncomingMessage, context: Context, now: datetime) -> Decision:
    """A moderator's ``/ticket`` under somebody's complaint."""
    parent = message.parent
    if "moderator" not in message.author.roles:
        return Act(name="moderator_unchecked")
    complainant = message.on_behalf_of
    if parent is None or complainant is None or complainant.is_bot or complainant.is_anonymous:
        return Act(name="complaint_hidden")
    if parent.text is None and not parent.attachments:
        return Act(name="complaint_hidden")
    words = parent.text or ""
    if context.complaint is not None:
        return Act(name="complaint_exists", ticket=context.complaint)
    if (told := _same_matter(words, context.own, now)) is not None:
        return Act(name="complaint_exists", ticket=told)
    return OpenTicket(rule="moderator", words=words, message_id=parent.message_id, moderated=True)


def _points_at_another(message: IncomingMessage) -> bool:
    """Whether somebody who is no moderator gives a command under another person's message."""
    parent = message.parent
    return parent is not None and (
        parent.author is None or not (parent.author.is_self or parent.author.id == message.author.id)
    )


def _said(message: IncomingMessage, context: Context, matches: Matches, now: datetime, policy: Policy) -> Decision:
    """Words, by what is being talked about first, by the FAQ last."""
    if message.addressed is Addressed.IF_SURE:
        return _sure_answer(matches) or Ignore(rule=NOT_SURE)
    if not (message.text.strip() or message.attachments):
        return Act(name="greet")  # nothing but the bot's name
    return (
        _claimed(message, context)
        or _opted_out(message, context)
        or _about_number(message, context, policy)
        or _in_phase(message, context, matches, policy)
        or _rating(phrases.plain(message.text), _requesters(message, context))
        or _phrase(message, context, policy)
        or _about_ticket(message, context, matches, now)
        or _out_of_the_blue(message.text)
        or _matched(message, context, matches, policy)
    )


def _claimed(message: IncomingMessage, context: Context) -> Act | None:
    """A claim code: worth something once, in private, to anybody but its holder; wrong ones tell nothing."""
    tried = context.claim
    if tried is None:
        return None
    if not is_private(message):
        return Act(name="claim_in_public")
    if tried.holder is None:
        return Act(name="claim_wrong", value=tried.code_hash)
    if tried.holder == _identity(message):
        return Act(name="claim_own")
    return Act(name="claimed", ticket=tried.ticket, value=tried.code_hash)


def _claiming(message: IncomingMessage, context: Context) -> Act:
    """Somebody wants a code, which only they may read."""
    if not _is_alone(message):
        return Act(name="claim_in_public")
    return Act(name="claim_code" if context.own else "claim_nothing")


def is_private(message: IncomingMessage) -> bool:
    """Whether nobody reads along where the message was written."""
    return message.reply_to.visibility is Visibility.PRIVATE and message.staff_reply_to is None


def _is_alone(message: IncomingMessage) -> bool:
    """Whether the message's author, and nobody else, reads the reply: no moderator before it is sent, either."""
    target = message.reply_to
    return is_private(message) and target.release is Release.AUTOMATIC and not target.read_along


def _opted_out(message: IncomingMessage, context: Context) -> Act | None:
    """A "stop" is for the bot's question, where it asked one in private; else it is for the bot."""
    asked = context.conversation.phase in {Phase.CHOOSING, Phase.DESCRIBING, Phase.NUMBERING}
    if asked and message.visibility is not Visibility.PUBLIC:
        return None
    return Act(name="opt_out") if phrases.says(message.text, "opt_out") else None


def _about_number(message: IncomingMessage, context: Context, policy: Policy) -> Decision | None:
    """A ticket number in the text: only its own requester learns anything."""
    if not context.names_number or _is_no_number(message, context):
        return None
    named = context.named
    besides = phrases.without_number(message.text, policy.number_prefix, named.number if named else None)
    chat = phrases.says(message.text, "status") or len(besides.split()) <= _CHAT_WORDS
    if named is None or not _is_requester(message, context, named):
        return TicketStatus(tickets=()) if chat else None  # whatever else it says is worth hearing
    if may_continue(message, named):
        return Act(name="attach", ticket=named, value="" if chat else besides)
    return TicketStatus(tickets=(named,)) if chat else AppendToTicket(rule="named_ticket", ticket=named)


def _only_number(message: IncomingMessage, context: Context, policy: Policy) -> Decision | None:
    """What comes of a command that says a ticket's number and nothing else."""
    besides = phrases.without_number(message.text, policy.number_prefix, context.named.number if context.named else "")
    return None if message.attachments or phrases.plain(besides) else _about_number(message, context, policy)


def _is_no_number(message: IncomingMessage, context: Context) -> bool:
    """Whether digits alone ("2") say something else than a ticket's number.

    They are one where the bot asked for one or a command wants one. Else they are one only where they are the number of
    a ticket of the requester's own, and nothing waits for words: no suggestions that they choose from, no rating, no
    matter to be described, and no open ticket on which a person wrote or that is pending ("How many?" - "2").
    """
    state, text = context.conversation, message.text
    if not phrases.is_bare_number(text) or state.phase is Phase.NUMBERING or message.command not in {"", *QUESTIONS}:
        return False
    digit = phrases.plain(text)
    return (
        context.named is None
        or not _is_requester(message, context, context.named)
        or context.is_awaited
        or state.phase in {Phase.CHOOSING, Phase.DESCRIBING}
        or (state.phase is Phase.ANSWERED and _choice(digit, state) is not None)
        or _rating(digit, _requesters(message, context)) is not None
    )


def may_continue(message: IncomingMessage, ticket: Ticket) -> bool:
    """Whether the message is in a lasting private place in which the ticket does not go on yet."""
    target = message.reply_to
    lasts = target.visibility is Visibility.PRIVATE and target.expires_at is None
    return lasts and message.conversation_key not in {ticket.conversation_key, ticket.private_conversation}


def _in_phase(message: IncomingMessage, context: Context, matches: Matches, policy: Policy) -> Decision | None:  # noqa: PLR0911
    state, text = context.conversation, message.text
    picks = state.phase in {Phase.CHOOSING, Phase.ANSWERED}  # once more: several questions have several answers
    if picks and (choice := _choice(phrases.place_in(text) or phrases.plain(text), state)) is not None:
        since = [ticket for ticket in _requesters(message, context) if _asked_since(ticket, state.offered_at)]
        return _rating(phrases.plain(text), since) or choice
    match state.phase:
        case Phase.CHOOSING if phrases.says(text, "none"):
            return _about_question("suggestions_refused", context, policy)
        case Phase.ANSWERED if not _asks_anew(state, matches):
            if _is_unhelpful(text) and not _is_another_matter(text, state, matches):
                return _about_question("answer_did_not_help", context, policy)
            if phrases.says(text, "helpful"):
                return Act(name="helpful")
            if state.candidates and phrases.says(text, "none"):  # of what is left of several questions
                return _about_question("suggestions_refused", context, policy)
        case Phase.DESCRIBING | Phase.CHOOSING | Phase.NUMBERING if phrases.says(text, "never_mind"):
            return Act(name="never_mind")
        case Phase.DESCRIBING if not (_is_small_talk(message) or any(phrases.says(text, n) for n in _NO_MATTER)):
            decision = OpenTicket(rule="asked_for_ticket", words=text, message_id=message.message_id)
            return _limited(decision, context, policy)
        case Phase.NUMBERING if phrases.says(text, "none"):
            return _about_question("asked_for_ticket", context, policy)
        case _:
            pass
    return None


_NO_MATTER = ("greeting", "thanks", "status", "ticket", "help", "decline", "yes_or_no", "helpful")
_THUMB_DOWN = "\N{THUMBS DOWN SIGN}"


def _is_small_talk(message: IncomingMessage) -> bool:
    return not message.attachments and phrases.is_small_talk(message.text)


def _asks_anew(state: ConversationState, matches: Matches) -> bool:
    """Whether what follows an answer is a question of its own ("my card does not work") and no word on that answer."""
    return matches.decision == "answer" and bool(matches.candidates) and matches.candidates[0].entry != state.entry


def _is_unhelpful(text: str) -> bool:
    return len(text.split()) <= _SHORT and (phrases.says(text, "unhelpful") or _THUMB_DOWN in text)


def _is_another_matter(text: str, state: ConversationState, matches: Matches) -> bool:
    """Whether "my login does not work" names what the FAQ has something else for, and is no word on the answer."""
    offers = matches.decision == "suggest" and bool(matches.candidates)
    return offers and matches.candidates[0].entry != state.entry and not phrases.says_only(text, "unhelpful")


def _asked_since(ticket: Ticket, offered_at: datetime | None) -> bool:
    """Whether a rating of the ticket was asked for after candidates were offered: a digit is about what came last."""
    asked_at = ticket.rating_asked_at
    return offered_at is not None and asked_at is not None and asked_at > offered_at


def _rating(stars: str, tickets: Sequence[Ticket]) -> Act | None:
    """One to five stars for the newest of these tickets whose requester was asked."""
    number = _one_digit(stars) or 0
    asked = (ticket for ticket in tickets if ticket.rating_asked_at is not None and ticket.rating is None)
    rated = next(asked, None)
    return Act(name="rate", ticket=rated, value=str(number)) if rated and 1 <= number <= _MAX_STARS else None


def _choice(text: str, state: ConversationState) -> Answer | None:
    """The candidate with this number."""
    number = _one_digit(text) or 0
    if not 0 < number <= len(state.candidates):
        return None
    return Answer(entry=state.candidates[number - 1], score=None, chosen=True)


def _one_digit(text: str) -> int | None:
    return int(text) if len(text) == 1 and text.isdecimal() else None


def _phrase(message: IncomingMessage, context: Context, policy: Policy) -> Decision | None:  # noqa: C901, PLR0911 - one line a phrase
    text = message.text
    if phrases.says(text, "greeting"):
        return Act(name="greet")
    if phrases.says(text, "thanks"):
        return Act(name="thank")
    if _is_small_talk(message):
        return _acknowledged(message, context.conversation)
    if phrases.says(text, "decline"):
        return Act(name="never_mind")
    if phrases.says(text, "never_mind") and not (context.ticket and not context.ticket.status.is_over):
        return Act(name="never_mind")
    if phrases.says(text, "status"):
        return _status(message, context)
    if phrases.says(text, "claim"):
        return _claiming(message, context)
    if phrases.says(text, "unlink"):
        return Act(name="unlink")
    if phrases.says(text, "help"):
        return Act(name="help")
    if phrases.says(text, "ticket"):
        return _about_question("asked_for_ticket", context, policy)
    if phrases.says(text, "human"):
        return _plea(message, context, policy)
    return None


def _out_of_the_blue(text: str) -> Act | None:
    """A "yes", a "no" or a "that helped" to nothing that was asked: there is nothing in it to match or to report."""
    if phrases.says(text, "yes_or_no"):
        return Act(name="greet")
    return Act(name="thank") if phrases.says(text, "helpful") else None


def _acknowledged(message: IncomingMessage, state: ConversationState) -> Decision:
    """A mere "ok" or a thumb: nothing for an agent, and mostly nothing to answer."""
    if "?" in message.text:
        return Act(name="greet")
    awaited = state.phase in {Phase.CHOOSING, Phase.DESCRIBING, Phase.NUMBERING}
    if awaited or message.visibility is not Visibility.PRIVATE:
        return Ignore(rule="small_talk")
    return Act(name="acknowledge")


def _plea(message: IncomingMessage, context: Context, policy: Policy) -> Decision:
    """Somebody wants a human: about what was just asked, about an open ticket, or about what the plea itself says."""
    long = len(message.text.split()) > _PLEA_WORDS
    if context.conversation.question and not long:
        return _about_question("asked_for_human", context, policy)
    if context.ticket and not context.ticket.status.is_over:
        return AppendToTicket(rule="follow_up", ticket=context.ticket)
    if long:
        decision = OpenTicket(rule="asked_for_human", words=message.text, message_id=message.message_id)
        return _limited(decision, context, policy)
    return Act(name="ask_matter")


def _about_ticket(  # noqa: PLR0911 - one line a case
    message: IncomingMessage, context: Context, matches: Matches, now: datetime
) -> Decision | None:
    """Follow-ups to a ticket, a matter told twice, a matter that sounds already reported."""
    ticket, text = context.ticket, message.text
    if ticket and not ticket.status.is_over:
        if matches.decision != "answer" or phrases.same_matter(text, ticket.words):
            return AppendToTicket(rule="follow_up", ticket=ticket)
        return None
    if ticket and now - ticket.changed_at <= REOPEN_WITHIN and matches.decision != "answer":
        return AppendToTicket(rule="reopened", ticket=ticket)
    if (told := _same_matter(text, context.own, now)) is not None:
        return Act(name="existing_ticket", ticket=told)
    if matches.decision != "answer" and (left := _left_in_public(message, context, now)) is not None:
        return AppendToTicket(rule="continued_in_private", ticket=left)
    if phrases.says(text, "reported") and matches.reason != "accusation":
        open_ones = tuple(t for t in context.own if not t.status.is_over)
        return TicketStatus(tickets=open_ones) if open_ones else Act(name="ask_number")
    return None


def _left_in_public(message: IncomingMessage, context: Context, now: datetime) -> Ticket | None:
    """The one fresh ticket of somebody who was asked to go on in private, and does."""
    fresh = [
        ticket
        for ticket in context.own
        if not ticket.status.is_over
        and now - ticket.opened_at <= SAME_MATTER_WITHIN
        and ticket.requester == _identity(message)
        and ticket.reply_to.visibility is not Visibility.PRIVATE
        and ticket.private_to is None
        and may_continue(message, ticket)
    ]
    return fresh[0] if len(fresh) == 1 else None


def _told_before(message: IncomingMessage, context: Context, now: datetime) -> Decision | None:
    """What ``/ticket`` describes may have a ticket already: one complaint, one ticket."""
    ticket = context.ticket
    if ticket and not ticket.status.is_over and phrases.same_matter(message.text, ticket.words):
        return AppendToTicket(rule="follow_up", ticket=ticket)
    told = _same_matter(message.text, context.own, now)
    return Act(name="existing_ticket", ticket=told) if told else None


def _same_matter(text: str, own: Sequence[Ticket], now: datetime) -> Ticket | None:
    """The requester's open ticket of the last 72 hours that says nearly the same."""
    for other in own:
        recent = now - other.opened_at <= SAME_MATTER_WITHIN
        if recent and not other.status.is_over and phrases.same_matter(text, other.words):
            return other
    return None


def _matched(message: IncomingMessage, context: Context, matches: Matches, policy: Policy) -> Decision:
    candidates = matches.candidates
    if (answer := _sure_answer(matches)) is not None:
        return answer
    if matches.decision == "suggest" and candidates:
        entries = tuple(candidate.entry for candidate in matches.offered)
        return Suggest(entries=entries, score=candidates[0].score, several=matches.reason == "several")
    rule = matches.reason if matches.reason in GRIEVANCES else "nothing_matches"
    decision = OpenTicket(rule=rule, words=message.text, message_id=message.message_id)
    if _goes_on(message, state := context.conversation):
        decision = replace(decision, words=state.question, message_id=state.question_id, then=message.text)
    return _limited(decision, context, policy)


def _goes_on(message: IncomingMessage, state: ConversationState) -> bool:
    """Whether words that match nothing, said instead of a choice, still belong to the question before."""
    if state.phase is not Phase.CHOOSING or state.offered_at is None or not state.question.strip():
        return False
    return bool(message.text.strip()) and message.sent_at - state.offered_at <= GOES_ON_WITHIN


def _sure_answer(matches: Matches) -> Answer | None:
    if matches.decision != "answer" or not matches.candidates:
        return None
    best = matches.candidates[0]
    return Answer(entry=best.entry, score=best.score, part=matches.part or "")


def _limited(decision: OpenTicket, context: Context, policy: Policy) -> Decision:
    """Nobody floods the desk: past the limit, words go to the newest open ticket."""
    open_ones = [ticket for ticket in context.own if not ticket.status.is_over]
    if len(open_ones) >= policy.max_open_tickets:
        return AppendToTicket(rule="too_many_open", ticket=open_ones[0], words=decision.then or decision.words)
    return decision


def _about_question(rule: str, context: Context, policy: Policy) -> Decision:
    """A ticket about what was being talked of, once there is something."""
    state = context.conversation
    if not state.question.strip() or phrases.says(state.question, "status"):
        return Act(name="ask_matter")
    decision = OpenTicket(rule=rule, words=state.question, message_id=state.question_id)
    return _limited(decision, context, policy)


def _status(message: IncomingMessage, context: Context) -> Decision:
    if context.names_number:
        named = context.named
        return TicketStatus(tickets=(named,) if named and _is_requester(message, context, named) else ())
    own = _requesters(message, context)
    open_ones = tuple(ticket for ticket in own if not ticket.status.is_over)
    return TicketStatus(tickets=open_ones or own[:1]) if own else Act(name="ask_number")


def _requesters(message: IncomingMessage, context: Context) -> tuple[Ticket, ...]:
    """The tickets of whoever wrote the message, that of this conversation first."""
    known = {ticket.key: ticket for ticket in (context.ticket, *context.own) if ticket is not None}
    return tuple(ticket for ticket in known.values() if _is_requester(message, context, ticket))


def _is_requester(message: IncomingMessage, context: Context, ticket: Ticket) -> bool:
    return ticket.requester == _identity(message) or ticket.requester in context.identities


def _identity(message: IncomingMessage) -> Identity:
    return Identity(message.channel, message.account, message.author.id)
