"""What is decided about a message, by every rule of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Addressed, Attachment, Author, IncomingMessage, Kind, Parent, Visibility
from bots.pipeline import phrases
from bots.pipeline.decision import (
    Act,
    Answer,
    AppendToTicket,
    Decision,
    Ignore,
    OpenTicket,
    Policy,
    Suggest,
    TicketStatus,
    decide,
)
from bots.pipeline.plan import plan
from bots.pipeline.state import Context, ConversationState, Phase, Ticket, mark
from faq.matching import Candidate, Matches
from tests.bots.making import (
    ANN,
    EVE,
    NOTHING,
    NOW,
    answers,
    command,
    house,
    in_public,
    message,
    moderated,
    offers,
    tap,
    ticket,
)
from ticket_client.base import Status

POLICY = Policy()
NINE, EIGHT = mark("9"), mark("8")
THUMB = "\N{THUMBS UP SIGN}"
CHOOSING = ConversationState(
    phase=Phase.CHOOSING, question="money?", question_id="9", candidates=("refund", "hours", "fees")
)
ANSWERED = ConversationState(phase=Phase.ANSWERED, question="money?", question_id="9", entry="refund")
DESCRIBING = ConversationState(phase=Phase.DESCRIBING)
NUMBERING = ConversationState(phase=Phase.NUMBERING, question="I already reported the coin", question_id="9")
T = ticket()
SAME = "The machine ate my shiny coin on monday!!"
RESOLVED = ticket(status=Status.RESOLVED, changed_at=NOW - timedelta(days=6))
REOPENED = AppendToTicket(rule="reopened", ticket=RESOLVED)
ASKED = replace(RESOLVED, rating_asked_at=NOW)


def context(state: ConversationState | None = None, **fields: object) -> Context:
    return replace(Context(conversation=state or ConversationState()), **fields)  # type: ignore[arg-type]


def hanging(on: Ticket, state: ConversationState | None = None) -> Context:
    """The conversation of a ticket."""
    return context(replace(state or ConversationState(), ticket_key=on.key), ticket=on, own=(on,))


def naming(named: Ticket | None) -> Context:
    return context(named=named, names_number=True)


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    message: IncomingMessage
    expect: Decision
    context: Context = field(default_factory=Context)
    matches: Matches = NOTHING


def about(rule: str, state: ConversationState = CHOOSING) -> OpenTicket:
    return OpenTicket(rule=rule, words=state.question, message_id=state.question_id)


def opened(rule: str, said: IncomingMessage) -> OpenTicket:
    return OpenTicket(rule=rule, words=said.text, message_id=said.message_id)


NEW = message("the moon fell on my ledger")
DUTCH = message("de maan viel op mijn kasboek")
LONG_PLEA = message("please let me talk to a human because my withdrawal of last week has not arrived anywhere")
TICKET_WITH_WORDS = command("ticket", "the moon fell on my ledger")
WITH_FILE = message("", attachments=(Attachment(name="screen.png"),))


def screenshot(text: str | None) -> IncomingMessage:
    """A moderator's act under Ann's photo with that caption."""
    photo = Parent(message_id="77", author=ANN, text=text, attachments=WITH_FILE.attachments)
    return replace(moderated(), parent=photo)


FOREIGN_LONG = message("my friend has FL-1001 but I also lost all my coins last night, please look into it")
OWN_LONG = in_public("about FL-1001: the machine also ate a second coin this morning, and a third")
FOLLOW_UP = AppendToTicket(rule="follow_up", ticket=T)
NEVER_MIND = Act(name="never_mind")
STALE_TAP = Ignore(rule="stale_choice")
FULL = tuple(ticket(f"FL-{n}", words=f"matter {n} of many others") for n in range(1001, 1006))

CASES = [
    # the FAQ
    Case(name="answer", message=message("refund?"), matches=answers(), expect=Answer(entry="refund", score=0.97)),
    Case(
        name="three of five are offered",
        message=message("money?"),
        matches=offers("refund", "hours", "fees", "x", "y"),
        expect=Suggest(entries=("refund", "hours", "fees"), score=0.5),
    ),
    *(
        Case(
            name=f"of {scores}{' several' * several} {len(offered)} are offered",
            message=message("money?"),
            matches=Matches(
                decision="suggest",
                candidates=tuple(
                    Candidate(entry=one, score=score) for one, score in zip("abcde", scores, strict=False)
                ),
                reason="several" if several else None,
            ),
            expect=Suggest(entries=tuple(offered), score=scores[0], several=several),
        )
        for scores, offered, several in (
            ((0.5, 0.0, 0.0), "a", False),
            ((0.5, 0.03, 0.024), "ab", False),
            ((0.1, 0.0099, 0.0), "a", False),
            ((0.1, 0.01, 0.01, 0.01), "abc", False),
            ((0.0, 0.0), "a", False),
            ((0.5, 0.8, 0.31), "ab", True),
            ((0.33, 0.5, 0.8, 0.6), "abc", True),
        )
    ),
    Case(name="nothing matches", message=NEW, expect=opened("nothing_matches", NEW)),
    Case(name="nothing matches, in Dutch", message=DUTCH, expect=opened("nothing_matches", DUTCH)),
    Case(name="only a file", message=WITH_FILE, expect=opened("nothing_matches", WITH_FILE)),
    # choosing
    *(
        Case(
            name=f"{said!r} chooses",
            message=message(said),
            context=context(CHOOSING),
            matches=answers("fees"),
            expect=Answer(entry="hours", score=None, chosen=True),
        )
        for said in (
            "2",
            " 2. ",
            "2)",
            "２",
            "the second one",
            "Yes, the second!",
            "de tweede",
            "option 2",
            "el segundo",
        )
    ),
    *(
        Case(
            name=f"{said!r} chooses the first",
            message=message(said),
            context=context(CHOOSING),
            expect=Answer(entry="refund", score=None, chosen=True),
        )
        for said in ("the first one", "yes the first", "de eerste", "der erste", "первый", "第一个")
    ),
    *(
        Case(
            name=f"{said.text!r} is no choice",
            message=said,
            context=context(replace(CHOOSING, candidates=("refund", "hours"))),
            expect=opened("nothing_matches", said),
        )
        for said in map(message, ("the first or the second", "my first coin is gone", "one", "3rd"))
    ),
    Case(
        name="a tap chooses",
        message=tap(f"pick:3:{NINE}"),
        context=context(CHOOSING),
        expect=Answer(entry="fees", score=None, chosen=True),
    ),
    *(
        Case(
            name=f"{said!r} refuses",
            message=message(said),
            context=context(CHOOSING),
            expect=about("suggestions_refused"),
        )
        for said in ("0", "none of these", "Geen van deze!", "no", "nee", "nein")
    ),
    Case(
        name="a tap refuses",
        message=tap(f"none:{NINE}"),
        context=context(CHOOSING),
        expect=about("suggestions_refused"),
    ),
    Case(
        name="another question instead of a choice",
        message=message("when are you open?"),
        context=context(CHOOSING),
        matches=answers("hours"),
        expect=Answer(entry="hours", score=0.97),
    ),
    *(
        Case(name=f"stale tap {action[:20]!r}", message=tap(action), context=context(state), expect=STALE_TAP)
        for action, state in (
            (f"pick:4:{NINE}", CHOOSING),
            (f"pick:0:{NINE}", CHOOSING),
            (f"pick:²:{NINE}", CHOOSING),
            ("pick:" + "9" * 5000 + f":{NINE}", CHOOSING),
            (f"pick:1:{NINE}", ANSWERED),
            (f"none:{NINE}", ConversationState(question_id="9")),
            (f"unhelpful:{NINE}", ConversationState(question_id="9")),
            (f"helpful:{NINE}", CHOOSING),
            (f"helpful:{EIGHT}", ANSWERED),
            ("rate:FL-1001:5", ANSWERED),
            ("drop table", ANSWERED),
        )
    ),
    *(
        Case(
            name=f"an older question's button {action!r}",
            message=tap(action),
            context=context(state),
            expect=Act(name="stale_choice"),
        )
        for action, state in (
            (f"pick:1:{EIGHT}", CHOOSING),
            (f"none:{EIGHT}", CHOOSING),
            (f"new:{EIGHT}", NUMBERING),
            (f"unhelpful:{EIGHT}", ANSWERED),
            (f"unhelpful:{NINE}", ConversationState()),
            ("pick:1", CHOOSING),
            ("none", CHOOSING),
            ("pick:1:", ConversationState(phase=Phase.CHOOSING, candidates=("refund",))),
        )
    ),
    *(
        Case(
            name=f"somebody taps {action} under another's question in a group",
            message=replace(tap(action, author=EVE), visibility=Visibility.PUBLIC),
            context=context(replace(CHOOSING, question_id="8")),
            expect=STALE_TAP,
        )
        for action in (f"pick:1:{NINE}", f"none:{NINE}")
    ),
    *(
        Case(
            name=f"words instead of a choice, {after} after the suggestions",
            message=replace(NEW, sent_at=NOW + after),
            context=context(replace(CHOOSING, offered_at=NOW)),
            expect=OpenTicket(rule="nothing_matches", words="money?", message_id="9", then=NEW.text)
            if belongs
            else opened("nothing_matches", NEW),
        )
        for after, belongs in ((timedelta(hours=1), True), (timedelta(hours=1, seconds=1), False))
    ),
    Case(
        name="a choice that is none, of somebody with many tickets, is added alone",
        message=NEW,
        context=context(replace(CHOOSING, offered_at=NOW), own=FULL),
        expect=AppendToTicket(rule="too_many_open", ticket=FULL[0], words=NEW.text),
    ),
    # after an answer
    Case(name="tap yes", message=tap(f"helpful:{NINE}"), context=context(ANSWERED), expect=Act(name="helpful")),
    Case(
        name="tap no",
        message=tap(f"unhelpful:{NINE}"),
        context=context(ANSWERED),
        expect=about("answer_did_not_help", ANSWERED),
    ),
    *(
        Case(
            name=f"{said!r} after an answer",
            message=message(said),
            context=context(ANSWERED),
            expect=about("answer_did_not_help", ANSWERED),
        )
        for said in ("no", "Nee", "that did not help", "didn't help", "dat helpt niet")
    ),
    *(
        Case(name=f"{said!r} helps", message=message(said), context=context(ANSWERED), expect=Act(name="helpful"))
        for said in ("yes", "ja", "Opgelost!", "yes that helped", "Yes, it works now!", "that solved it", "oui")
    ),
    Case(
        name="a new question that says 'does not work'",
        message=message("my card does not work"),
        context=context(ANSWERED),
        matches=answers("card"),
        expect=Answer(entry="card", score=0.97),
    ),
    # follow-ups
    Case(
        name="follow-up",
        message=NEW,
        context=hanging(T),
        expect=AppendToTicket(rule="follow_up", ticket=T),
    ),
    Case(
        name="a near-duplicate is a follow-up even where the FAQ would answer",
        message=message(SAME),
        context=hanging(T),
        matches=answers(),
        expect=AppendToTicket(rule="follow_up", ticket=T),
    ),
    Case(
        name="an FAQ question while a ticket is open is answered",
        message=message("refund?"),
        context=hanging(T),
        matches=answers(),
        expect=Answer(entry="refund", score=0.97),
    ),
    Case(
        name="no candidates are offered while a ticket is open",
        message=message("money?"),
        context=hanging(T),
        matches=offers("refund", "hours"),
        expect=AppendToTicket(rule="follow_up", ticket=T),
    ),
    Case(
        name="answering a resolution opens again",
        message=message("no, it is still broken"),
        context=hanging(RESOLVED),
        expect=AppendToTicket(rule="reopened", ticket=RESOLVED),
    ),
    Case(
        name="long after a resolution it is a new matter",
        message=NEW,
        context=hanging(replace(RESOLVED, changed_at=NOW - timedelta(days=8))),
        expect=opened("nothing_matches", NEW),
    ),
    Case(
        name="a question after a resolution is answered",
        message=message("refund?"),
        context=hanging(RESOLVED),
        matches=answers(),
        expect=Answer(entry="refund", score=0.97),
    ),
    Case(
        name="thanks after a resolution", message=message("thanks"), context=hanging(RESOLVED), expect=Act(name="thank")
    ),
    # rating
    Case(
        name="tap on a rating",
        message=tap("rate:FL-1001:5"),
        context=hanging(ASKED),
        expect=Act(name="rate", ticket=ASKED, value="5"),
    ),
    Case(
        name="typed rating",
        message=message(" 4 "),
        context=hanging(ASKED),
        expect=Act(name="rate", ticket=ASKED, value="4"),
    ),
    *(
        Case(name=f"no rating {action}", message=tap(action), context=hanging(ASKED), expect=STALE_TAP)
        for action in (
            "rate:FL-1001:6",
            "rate:FL-1001:0",
            "rate:FL-1002:5",
            "rate:FL-1001:",
            "rate:",
            "rate:FL-1001:55",
        )
    ),
    Case(
        name="rated once only",
        message=tap("rate:FL-1001:1"),
        context=hanging(replace(ASKED, rating=5)),
        expect=STALE_TAP,
    ),
    Case(
        name="rated by its requester only",
        message=tap("rate:FL-1001:1", author=EVE),
        context=hanging(ASKED),
        expect=STALE_TAP,
    ),
    # status
    *(
        Case(
            name=f"{said!r} asks for the status",
            message=message(said),
            context=hanging(T),
            expect=TicketStatus(tickets=(T,)),
        )
        for said in ("what about my ticket?", "Hoe staat het met mijn ticket?", "status")
    ),
    Case(name="/status", message=command("status"), context=hanging(T), expect=TicketStatus(tickets=(T,))),
    Case(name="/status without tickets", message=command("status"), expect=Act(name="ask_number")),
    Case(
        name="/status with only old tickets tells the newest",
        message=command("status"),
        context=context(own=(RESOLVED, ticket("FL-900", status=Status.CLOSED))),
        expect=TicketStatus(tickets=(RESOLVED,)),
    ),
    Case(
        name="own number in its conversation",
        message=message("any news on FL-1001?"),
        context=naming(T),
        expect=TicketStatus(tickets=(T,)),
    ),
    Case(
        name="foreign number",
        message=message("FL-1001", author=EVE),
        context=naming(T),
        expect=TicketStatus(tickets=()),
    ),
    Case(name="no such number", message=message("FL-1001"), context=naming(None), expect=TicketStatus(tickets=())),
    Case(
        name="/status with a foreign number",
        message=command("status", "FL-1001", author=EVE),
        context=naming(T),
        expect=TicketStatus(tickets=()),
    ),
    Case(
        name="the same person on another account is somebody else",
        message=replace(message("FL-1001"), account="other"),
        context=naming(T),
        expect=TicketStatus(tickets=()),
    ),
    Case(
        name="a long complaint is heard whatever number it names",
        message=replace(FOREIGN_LONG, author=EVE),
        context=naming(T),
        expect=opened("nothing_matches", FOREIGN_LONG),
    ),
    Case(
        name="own number with news, in public",
        message=OWN_LONG,
        context=naming(T),
        expect=AppendToTicket(rule="named_ticket", ticket=T),
    ),
    Case(
        name="own number in another private place attaches",
        message=message("FL-1001", place="elsewhere"),
        context=naming(T),
        expect=Act(name="attach", ticket=T),
    ),
    Case(
        name="own number with news attaches and brings the news",
        message=message("it is FL-1001, and the machine has eaten a second coin this morning", place="elsewhere"),
        context=naming(T),
        expect=Act(name="attach", ticket=T, value="it is  , and the machine has eaten a second coin this morning"),
    ),
    # small talk
    *(
        Case(name=f"greeting {said}", message=message(said), expect=Act(name="greet"))
        for said in ("Hi!", "Goedemorgen", "hallo", "hi bot", "Good morning all", "???")
    ),
    *(
        Case(name=f"{said!r} is answered with a greeting", message=message(said), expect=Act(name="greet"))
        for said in (
            "hola",
            "Bonjour !",
            "buongiorno",
            "Guten Tag",
            "привет",
            "yes",
            "no",
            "ja",
            "Nee",
            "nein",
            "да",
            "oui",
        )
    ),
    *(
        Case(name=f"{said!r} reopens", message=message(said), context=hanging(RESOLVED), expect=REOPENED)
        for said in ("no", "nee")
    ),
    Case(name="yes is no matter", message=message("yes"), context=context(DESCRIBING), expect=Act(name="greet")),
    *(
        Case(name=f"{said!r} in {around.conversation.phase}", message=message(said), context=around, expect=NEVER_MIND)
        for said in (
            "no thanks",
            "No, thank you!",
            "I do not want a ticket",
            "I don't want a ticket.",
            "no ticket needed",
            "nee dank je",
            "Nein, danke",
            "no gracias",
            "geen ticket nodig",
        )
        for around in (
            Context(),
            context(CHOOSING),
            context(ANSWERED),
            context(DESCRIBING),
            hanging(T),
            hanging(RESOLVED),
        )
    ),
    *(
        Case(name=f"{said!r} says good-bye", message=message(said), context=around, expect=Act(name="acknowledge"))
        for said in ("bye", "Goodbye!", "ok bye", "doei", "Tschüss", "tot ziens")
        for around in (Context(), context(ANSWERED), hanging(T))
    ),
    Case(name="that helped, of nothing", message=message("that helped"), expect=Act(name="thank")),
    Case(name="a bare mention", message=in_public(" "), expect=Act(name="greet")),
    *(
        Case(name=f"{said!r} {name}", message=message(said), context=around, matches=matches, expect=expect)
        for said in ("ok", THUMB, "Oké, top!", "great work", "haha lol", "\u2764\ufe0f", "dat is prima", "it works now")
        for name, around, matches, expect in (
            ("opens nothing", Context(), NOTHING, Act(name="acknowledge")),
            ("extends nothing", hanging(T), NOTHING, Act(name="acknowledge")),
            ("reopens nothing", hanging(RESOLVED), offers("refund"), Act(name="acknowledge")),
            ("is no matter", context(DESCRIBING), NOTHING, Ignore(rule="small_talk")),
            ("is no choice", context(CHOOSING), NOTHING, Ignore(rule="small_talk")),
        )
    ),
    *(
        Case(name=f"{said!r} in public", message=in_public(said), context=hanging(T), expect=Ignore(rule="small_talk"))
        for said in ("ok", THUMB)
    ),
    *(
        Case(name=f"/ticket {said}", message=command("ticket", said), expect=Act(name="ask_matter"))
        for said in ("ok", THUMB)
    ),
    *(
        Case(name=f"{said!r} is worth an agent's time", message=message(said), context=hanging(T), expect=FOLLOW_UP)
        for said in (
            "ok, but my money is still gone",
            "not good",
            "yes",
            "no",
            "ja",
            "is dat goed?",
            "top 5 coins missing",
            "no ticket, I want my money",
            "thanks but it is not solved",
            "that helped",
            "bye bye money",
        )
    ),
    Case(
        name="a photo with an emoji",
        message=replace(WITH_FILE, text=THUMB),
        context=hanging(T),
        expect=FOLLOW_UP,
    ),
    *(
        Case(name=f"{said!r} leaves {state.phase}", message=message(said), context=context(state), expect=NEVER_MIND)
        for said in ("never mind", "Cancel", "laat maar", "Toch niet.", "nevermind, found it", "nvm solved it myself")
        for state in (DESCRIBING, CHOOSING, NUMBERING, ConversationState())
    ),
    Case(name="an agent hears that it is settled", message=message("never mind"), context=hanging(T), expect=FOLLOW_UP),
    Case(name="never mind reopens nothing", message=message("laat maar"), context=hanging(RESOLVED), expect=NEVER_MIND),
    *(
        Case(name=f"help in {state.phase}", message=message("help"), context=context(state), expect=Act(name="help"))
        for state in (DESCRIBING, CHOOSING, NUMBERING, ANSWERED)
    ),
    Case(
        name="a thumb down after an answer",
        message=message("\N{THUMBS DOWN SIGN}"),
        context=context(ANSWERED),
        expect=about("answer_did_not_help", ANSWERED),
    ),
    *(
        Case(name=f"thanks {said}", message=message(said), expect=Act(name="thank"))
        for said in (
            "thanks!",
            "Dank je wel".replace(" wel", ""),
            "bedankt",
            "Danke",
            "danke schön",
            "gracias",
            "merci",
            "merci beaucoup",
            "obrigado",
            "grazie",
            "спасибо",
            "teşekkürler",
            "谢谢",
            "ありがとう",
            "धन्यवाद",
            "thank you so much, that solved it",
            "thanks for the quick answer",
        )
    ),
    *(Case(name=f"help {said}", message=message(said), expect=Act(name="help")) for said in ("help", "Wat kun je?")),
    *(Case(name=f"/{name}", message=command(name), expect=Act(name="help")) for name in ("help", "start", "xyz")),
    *(
        Case(name=f"/language {said}", message=command("language", said), expect=Act(name="language", value=value))
        for said, value in (
            ("nl", "nl"),
            ("EN", "en"),
            ("nl-BE", "nl"),
            ("Nederlands", "nl"),
            ("dutch", "nl"),
            ("fr", ""),
            ("", ""),
        )
    ),
    # a ticket, please
    Case(name="/ticket with words", message=TICKET_WITH_WORDS, expect=opened("asked_for_ticket", TICKET_WITH_WORDS)),
    Case(name="/ticket", message=command("ticket"), expect=Act(name="ask_matter")),
    Case(
        name="/ticket after an answer",
        message=command("ticket"),
        context=context(ANSWERED),
        expect=about("asked_for_ticket", ANSWERED),
    ),
    Case(
        name="/ticket with the words of the open ticket",
        message=command("ticket", SAME),
        context=hanging(T),
        expect=AppendToTicket(rule="follow_up", ticket=T),
    ),
    Case(
        name="/ticket with the words of a ticket elsewhere",
        message=command("ticket", SAME, place="elsewhere"),
        context=context(own=(T,)),
        expect=Act(name="existing_ticket", ticket=T),
    ),
    *(
        Case(name=f"bare {said}", message=message(said), expect=Act(name="ask_matter"))
        for said in ("ticket", "Open een ticket", "human please", "medewerker")
    ),
    Case(
        name="a bare 'ticket' beside an open one is a new one",
        message=message("ticket"),
        context=hanging(T),
        expect=Act(name="ask_matter"),
    ),
    Case(
        name="a human, after a question",
        message=message("can I talk to a human"),
        context=context(ANSWERED),
        expect=about("asked_for_human", ANSWERED),
    ),
    Case(
        name="a human, about an open ticket",
        message=message("ik wil een echte medewerker"),
        context=hanging(T),
        expect=AppendToTicket(rule="follow_up", ticket=T),
    ),
    Case(name="a plea with its matter", message=LONG_PLEA, expect=opened("asked_for_human", LONG_PLEA)),
    Case(
        name="a plea with a matter of its own after an answer",
        message=LONG_PLEA,
        context=context(ANSWERED),
        expect=opened("asked_for_human", LONG_PLEA),
    ),
    Case(
        name="the matter that was asked for",
        message=NEW,
        context=context(DESCRIBING),
        matches=answers(),
        expect=opened("asked_for_ticket", NEW),
    ),
    *(
        Case(name=f"no matter: {said}", message=message(said), context=context(DESCRIBING), expect=act)
        for said, act in (
            ("hello", Act(name="greet")),
            ("ticket", Act(name="ask_matter")),
            ("thanks", Act(name="thank")),
        )
    ),
    # already reported
    *(
        Case(name=said, message=message(said), expect=Act(name="ask_number"))
        for said in ("I have already reported this", "Ik heb dit al gemeld en nog steeds geen antwoord")
    ),
    Case(
        name="already reported, with a ticket",
        message=message("I already reported this"),
        context=context(own=(T,)),
        expect=TicketStatus(tickets=(T,)),
    ),
    Case(
        name="tap on a new ticket",
        message=tap(f"new:{NINE}"),
        context=context(NUMBERING),
        expect=about("asked_for_ticket", NUMBERING),
    ),
    *(
        Case(
            name=f"a new ticket after {words!r} needs a matter",
            message=said,
            context=context(replace(NUMBERING, question=words)),
            expect=Act(name="ask_matter"),
        )
        for words in ("", " ", "status", "what about my ticket?")
        for said in (tap(f"new:{NINE}"), message("none"), message("ticket"), command("ticket"))
    ),
    *(
        Case(
            name=f"{said}: no number",
            message=message(said),
            context=context(NUMBERING),
            expect=about("asked_for_ticket", NUMBERING),
        )
        for said in ("none", "geen", "ticket")
    ),
    # the same matter in another place
    Case(
        name="the same matter elsewhere",
        message=in_public(SAME),
        context=context(own=(ticket("FL-1002", words="quite another thing altogether"), T)),
        expect=Act(name="existing_ticket", ticket=T),
    ),
    # moderators
    Case(
        name="moderator",
        message=moderated(note="please help"),
        expect=OpenTicket(rule="moderator", words="they ate my coins", message_id="77", moderated=True),
    ),
    Case(
        name="a moderator is not stopped by the author's many tickets",
        message=moderated(),
        context=context(own=FULL),
        expect=OpenTicket(rule="moderator", words="they ate my coins", message_id="77", moderated=True),
    ),
    Case(
        name="a second moderator",
        message=moderated(),
        context=context(complaint=T),
        expect=Act(name="complaint_exists", ticket=T),
    ),
    Case(
        name="a complaint that its author told in another place",
        message=moderated(SAME),
        context=context(own=(T,)),
        expect=Act(name="complaint_exists", ticket=T),
    ),
    Case(name="hidden text", message=moderated(None), expect=Act(name="complaint_hidden")),
    *(
        Case(
            name=f"a screenshot with the caption {text!r}",
            message=screenshot(text),
            expect=OpenTicket(rule="moderator", words=text or "", message_id="77", moderated=True),
        )
        for text in (None, "", "they ate my coins")
    ),
    Case(name="hidden author", message=replace(moderated(), on_behalf_of=None), expect=Act(name="complaint_hidden")),
    Case(
        name="anonymous author",
        message=moderated(on_behalf_of=Author(id="x", is_anonymous=True)),
        expect=Act(name="complaint_hidden"),
    ),
    Case(
        name="a bot's message",
        message=moderated(on_behalf_of=Author(id="x", is_bot=True)),
        expect=Act(name="complaint_hidden"),
    ),
    Case(name="roles nobody could check", message=moderated(author=EVE), expect=Act(name="moderator_unchecked")),
    Case(
        name="a role that moderates nothing",
        message=moderated(author=replace(EVE, roles=("member",))),
        expect=Act(name="moderator_unchecked"),
    ),
    Case(
        name="no moderator",
        message=replace(command("ticket", author=EVE), parent=Parent(message_id="77", author=ANN, text="coins")),
        expect=Act(name="not_moderator"),
    ),
    # ignored by name
    Case(
        name="own",
        message=message("hi", author=Author(id="b", is_self=True, is_bot=True)),
        expect=Ignore(rule="own_message"),
    ),
    Case(name="bot", message=message("hi", author=Author(id="b", is_bot=True)), expect=Ignore(rule="other_bot")),
    Case(
        name="system",
        message=message("joined", author=Author(id="s", is_system=True)),
        expect=Ignore(rule="system_message"),
    ),
    Case(name="ambient", message=message("help", addressed=Addressed.AMBIENT), expect=Ignore(rule="not_addressed")),
    Case(name="empty", message=message(" \n "), expect=Ignore(rule="empty")),
    *(
        Case(
            name=f"edit of {outcome}",
            message=message("refund?", kind=Kind.EDITED),
            context=context(earlier_outcome=outcome),
            matches=answers(),
            expect=expect,
        )
        for outcome, expect in (
            ("answered", Ignore(rule="edit_of_processed")),
            ("failed", Ignore(rule="edit_of_processed")),
            ("ignored", Answer(entry="refund", score=0.97)),
            (None, Answer(entry="refund", score=0.97)),
        )
    ),
    *(
        Case(
            name=f"edit of {outcome}, in a ticket{' of somebody silent' * silenced}",
            message=message("refund?", kind=Kind.EDITED),
            context=context(earlier_outcome=outcome, complaint=about, is_silenced=silenced),
            matches=answers(),
            expect=Act(name="edit_noted", ticket=about),
        )
        for outcome, about, silenced in (
            ("ticket_opened", T, False),
            ("appended", RESOLVED, False),
            ("suggested", T, False),  # and "none of these" opened it
            ("ignored", T, False),  # and a moderator opened it
            ("ticket_opened", T, True),
        )
    ),
    Case(
        name="an edit that leaves no words",
        message=message(" ", kind=Kind.EDITED),
        context=context(earlier_outcome="appended", complaint=T),
        expect=Act(name="edit_noted", ticket=T),
    ),
    Case(
        name="an edit that does not speak to the bot any more",
        message=message("refund?", kind=Kind.EDITED, addressed=Addressed.AMBIENT),
        context=context(earlier_outcome="ticket_opened", complaint=T),
        expect=Ignore(rule="not_addressed"),
    ),
    Case(
        name="an edit of a message in somebody else's ticket",
        message=message("refund?", kind=Kind.EDITED, author=EVE),
        context=context(earlier_outcome="ticket_opened", complaint=T),
        expect=Ignore(rule="edit_of_processed"),
    ),
    Case(
        name="an edit of a moderator's note",
        message=replace(moderated(note="a better note"), kind=Kind.EDITED),
        context=context(earlier_outcome="ticket_opened", complaint=T),
        expect=Ignore(rule="edit_of_processed"),
    ),
    # deletion
    Case(
        name="a deletion, ambient or not",
        message=message(kind=Kind.DELETED, message_id="5", addressed=Addressed.AMBIENT),
        context=hanging(T),
        expect=Act(name="erase", ticket=T, value="5"),
    ),
    Case(
        name="a deletion of what opened another ticket",
        message=message(kind=Kind.DELETED, message_id="5"),
        context=replace(hanging(T), complaint=RESOLVED),
        expect=Act(name="erase", ticket=RESOLVED, value="5"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_is_decided(case: Case) -> None:
    assert decide(case.message, case.context, case.matches, NOW, POLICY) == case.expect


@pytest.mark.parametrize(("age", "known"), [(timedelta(hours=72), True), (timedelta(hours=72, seconds=1), False)])
def test_the_same_matter_is_known_for_72_hours(age: timedelta, known: bool) -> None:  # noqa: FBT001 - a column of the table
    told = ticket(opened_at=NOW - age)
    decision = decide(in_public(SAME), context(own=(told,)), NOTHING, NOW, POLICY)
    assert isinstance(decision, Act if known else OpenTicket)


ASKING = [
    (NEW, None),
    (TICKET_WITH_WORDS, None),
    (LONG_PLEA, None),
    (NEW, DESCRIBING),
    (tap(f"none:{NINE}"), CHOOSING),
    (message("0"), CHOOSING),
    (tap(f"unhelpful:{NINE}"), ANSWERED),
    (message("no"), ANSWERED),
    (command("ticket"), ANSWERED),
    (tap(f"new:{NINE}"), NUMBERING),
    (message("human"), ANSWERED),
]


@pytest.mark.parametrize(("said", "state"), ASKING)
def test_nobody_opens_more_tickets_than_the_cap(said: IncomingMessage, state: ConversationState | None) -> None:
    words = state.question if state and state.question else said.text
    decision = decide(said, context(state, own=FULL), NOTHING, NOW, POLICY)
    assert decision == AppendToTicket(rule="too_many_open", ticket=FULL[0], words=words)
    below = decide(said, context(state, own=(*FULL[:4], replace(FULL[4], status=Status.CLOSED))), NOTHING, NOW, POLICY)
    assert isinstance(below, OpenTicket)


# --- whatever anybody writes ------------------------------------------------------------------------------------------

TEXTS = (
    st.text(max_size=300)
    | st.sampled_from([case.message.text for case in CASES])
    | st.builds(
        "{} {} {}".format,
        st.text(max_size=20),
        st.sampled_from(["FL-1001", "fl 1001", "#1001", "status", "1001"]),
        st.text(max_size=60),
    )
)
STATES = st.sampled_from([ConversationState(), CHOOSING, ANSWERED, DESCRIBING, NUMBERING])
MATCHES = st.sampled_from([NOTHING, answers(), answers("gone"), offers("refund", "hours"), offers("gone")])
MESSAGES = st.builds(
    lambda text, kind, addressed, action, name, author, visibility: message(
        text,
        kind=kind,
        addressed=addressed,
        action=action,
        command=name,
        author=author,
        visibility=visibility,
        message_id="1",
        dedupe_key="1",
    ),
    TEXTS,
    st.sampled_from(Kind),
    st.sampled_from(Addressed),
    st.text(max_size=70)
    | st.sampled_from([f"pick:1:{NINE}", f"none:{NINE}", "rate:FL-1001:5", f"new:{NINE}", f"unhelpful:{NINE}"]),
    st.sampled_from(["", "ticket", "status", "language", "help", "x"]),
    st.sampled_from([EVE, replace(EVE, roles=("moderator",), roles_source="payload"), Author(id="b", is_bot=True)]),
    st.sampled_from(Visibility),
)


@given(MESSAGES, STATES, MATCHES)
def test_any_message_is_decided_the_same_twice_and_ambient_talk_is_left_alone(
    said: IncomingMessage, state: ConversationState, matches: Matches
) -> None:
    around = context(state, names_number=phrases.number_in(said.text, "FL") is not None)
    decision = decide(said, around, matches, NOW, POLICY)
    assert decision == decide(said, around, matches, NOW, POLICY)
    if said.addressed is Addressed.AMBIENT and said.kind is not Kind.DELETED:
        assert isinstance(decision, Ignore)


@given(MESSAGES, STATES, MATCHES)
def test_a_stranger_never_learns_whether_a_ticket_exists(
    said: IncomingMessage, state: ConversationState, matches: Matches
) -> None:
    named = phrases.number_in(said.text, "FL") is not None
    there = context(state, names_number=named, named=ticket("FL-1001") if named else None)
    not_there = replace(there, named=None)
    real, made_up = (
        plan(1, said, around, decide(said, around, matches, NOW, POLICY), house()) for around in (there, not_there)
    )
    assert real == made_up
