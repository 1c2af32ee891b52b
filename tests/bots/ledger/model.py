"""What can happen to a ledger in any order, crashes included, and what must hold then; Hypothesis tells the stories."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from adapters.base import Idempotency, IncomingMessage, Kind, Parent, Visibility
from bots.ledger import report
from bots.ledger.database import Lease, LeaseLost, Place, Superseded
from bots.ledger.intents import Continuation, Intent
from bots.ledger.ledger import Accepted, Ledger, share_name, share_of
from bots.ledger.outbox import Outgoing
from bots.pipeline.decision import OpenTicket, Policy, decide
from bots.pipeline.effects import NUMBER, Effects
from bots.pipeline.plan import failure, plan, ticket_key
from tests.bots.ledger.promises import Change, Helpdesk, Picture, Platform, Thing, picture
from tests.bots.making import ANN, BOSS, EVE, NOTHING, answers, command, house, in_public, message, offers, target

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    Draw = Callable[[st.SearchStrategy[Any]], Any]

T = TypeVar("T")
# Who speaks where, and what that network can tell of a reply that was perhaps posted.
PLACES = {
    "ann": (ANN, "chat:ann", Idempotency.NONE),
    "eve": (EVE, "chat:eve", Idempotency.FINDABLE),
    "group": (ANN, "group:1", Idempotency.NONCE),
    "eve in group": (EVE, "group:1", Idempotency.NONCE),
}
_SAID = (
    "hello",
    "the moon fell",
    "my hat is gone",
    "refund",
    "perhaps",
    "no",
    "/ticket",
    "/stop",
    "/start",
    "edit",
    "delete",
    "moderate",
)
_MATCHES = {"refund": answers(), "perhaps": offers("refund", "hours")}
# What a commit may do besides what it says: to what is on its way to somebody who deletes words or wants silence, and
# to a number that is told again.
_BY_COMMITS = frozenset({
    ("reply", "pending", "cancelled"),
    ("reply", "pending", "held"),
    ("reply", "held", "cancelled"),
    ("reply", "held", "pending"),
    ("reply", "ambiguous", "cancelled"),
})  # fmt: skip
_NEW_REPLIES = frozenset({("reply", None, "pending"), ("reply", None, "held"), ("reply", None, "failed")})
_NUMBER = st.integers(0, 99)
_FATE = st.sampled_from(["known"] * 5 + ["lost"])
_ANSWER = st.sampled_from(["posted"] * 4 + ["lost", "unheard", "refused", "busy"])
_CUTS = ("",) * 6 + ("marked", "called", "noted")
_HEARD = st.tuples(st.sampled_from(sorted(PLACES)), st.sampled_from(_SAID))


CHANNEL, DESK = "channel:telegram", "desk"


class Crash(Exception):
    """The bot is gone before it does the next thing."""


@cache
def _house() -> Any:
    return house()


class Site(Protocol):
    """Where a ledger lies, and how a bot dies on it."""

    @property
    def place(self) -> Place:
        """Where."""
        ...

    def open(self) -> Ledger:
        """Serve it (inside a loop)."""

    def leave(self, ledger: Ledger) -> None:
        """Nothing is wound down."""


@dataclass
class Bot:
    """What one process holds in memory: what it has to decide by conversation, and to post by place; and its leases."""

    ledger: Ledger
    leases: dict[str, Lease] = field(default_factory=dict)
    todo: dict[str, deque[Accepted]] = field(default_factory=lambda: defaultdict(deque))
    lanes: dict[str, deque[Outgoing]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, accepted: Iterable[Accepted]) -> None:
        """These are to be decided."""
        for one in accepted:
            self.todo[one.message.conversation_key].append(one)

    def post(self, outgoing: Iterable[Outgoing]) -> None:
        """These are to be posted."""
        for one in outgoing:
            self.lanes[one.reply.target.place].append(one)

    def resume(self) -> None:
        """Take up what an earlier one left."""
        self.take(self.ledger.undecided())
        self.post(self.ledger.outbox.unfinished("telegram"))

    def can(self, what: str) -> bool:
        """Whether it has anything to do that with."""
        match what:
            case "decide":
                return any(self.todo.values())
            case "send":
                return any(self.lanes.values())
            case "call_desk":
                return bool(self.ledger.intents.due(datetime.now(UTC), 1))
        return True

    def under(self, name: str) -> Lease | None:
        """The lease that it believes to hold; none where it is alone."""
        return self.leases.get(name)


class LedgerMachine(RuleBasedStateMachine):
    """One bot after another on one ledger, and what happens to them, each with what may come of it.

    All is one rule: given many, Hypothesis leaves most of them out of most stories, and nothing comes of those.
    """

    happenings: ClassVar[tuple[str, ...]] = ("accept",) * 3 + ("decide",) * 6 + ("send",) * 6 + (
        "decide_again", "retry", "resend", "crash", "forget"
    )  # fmt: skip

    cuts: ClassVar[tuple[str, ...]] = _CUTS

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site
        self.runner = asyncio.Runner(debug=False)
        self.platform, self.desk = Platform(), Helpdesk()
        self.heard: list[IncomingMessage] = []  # stored, each once
        self.decided: list[tuple[Accepted, Effects]] = []
        self.again: Counter[str] = Counter()  # replies that a person had posted again
        self.retried: set[int] = set()
        self.aside: set[int] = set()  # replies that left the order by a person's or their reader's wish
        self.expected: dict[Thing, str | None] = {}
        self.now = Picture({})
        self.bot = self._start()

    @rule(data=st.data())
    def happen(self, data: st.DataObject) -> None:
        """Something happens, to a bot that has something to do with it."""
        bots = self._bots()
        able = {what: [bot for bot in bots if bot.can(what)] for what in set(self.happenings)}
        what = data.draw(st.sampled_from([what for what in self.happenings if able[what]]))
        self.bot = able[what][data.draw(_NUMBER) % len(able[what])]
        getattr(self, what)(data.draw)
        self._tell(data.draw)

    def _tell(self, draw: Draw) -> None:
        """Others hear that there is something to do."""

    def _bots(self) -> Sequence[Bot]:
        return [self.bot]

    # --- the frame --------------------------------------------------------------------------------------------------

    def _await(self, what: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(what)

    def _start(self) -> Bot:
        async def started() -> Bot:
            return self._new_bot(self.site.open())

        bot = self._await(started())
        bot.resume()
        return bot

    def _new_bot(self, ledger: Ledger) -> Bot:
        return Bot(ledger)

    def _do(self, what: Coroutine[Any, Any, None], may: Iterable[Change] = (), *, under: str = "") -> bool:
        """One step, at the end of which the bot may be dead; then what changed is what should, or may have.

        False where it was not this bot's to do any more: then nothing has changed.
        """
        is_ours = self._holds(under)
        try:
            self._await(what)
        except Crash:
            self._look(may)
            self._die()
        except LeaseLost:
            assert not under or not is_ours, f"{under} is this bot's, and was refused to it"
            self.expected.clear()
            self._look()
            self._lose()
            return False
        else:
            self._look(may)
        assert is_ours, f"{under} is another bot's, and was done by this one"
        self._forgets_nothing()
        return True

    def _holds(self, _: str) -> bool:
        """Whether the bot may do what is done under a lease."""
        return True

    def _lose(self) -> None:
        raise AssertionError("a bot that is alone holds everything")

    def _die(self) -> None:
        self.site.leave(self.bot.ledger)
        self.bot = self._start()
        left = self.bot.ledger.outbox.unfinished("telegram")
        assert [one.id for one in left] == self.now.of("reply", "pending", "sending")
        assert [one.id for one in left if one.resumed] == self.now.of("reply", "sending")
        assert [one.id for one in self.bot.ledger.undecided()] == self.now.of("message", "new")
        self._adds_up()

    def _adds_up(self) -> None:
        shown = report.report(self.site.place)
        assert (shown.adds_up, shown.messages) == (True, len(self.heard))

    def _look(self, may: Iterable[Change] = ()) -> None:
        before, self.now = self.now, picture(self.bot.ledger.reader)
        changes = before.changes_to(self.now)
        for thing, state in self.expected.items():
            assert self.now.states.get(thing) == state, f"{thing} is {self.now.states.get(thing)}, not {state}"
        odd = {thing: change for thing, change in changes.items() if thing not in self.expected and change not in may}
        assert not odd, f"nobody asked for {odd}"
        self.expected.clear()
        for kind in ("message", "reply", "intent"):
            old = [int(key) for what, key in before.states if what == kind]
            new = [int(key) for what, key in self.now.states.keys() - before.states.keys() if what == kind]
            assert min(new, default=sys.maxsize) > max(old, default=0), f"a new {kind} came before an old one"
        self.aside |= {int(key) for (what, key), state in self.now.states.items() if (what, state) == ("reply", "held")}
        self._promises()

    def _promises(self) -> None:
        now = self.now.states
        messages = {key for what, key in now if what == "message"}
        assert len(messages) == len(self.heard), "each message is there once"
        for message_id in messages:
            is_open = now["message", message_id] == "new"
            assert (("outcome", message_id) in now) != is_open, f"message {message_id}: one outcome, or it waits for it"
        for key, times in self.platform.posts.items():
            assert times <= 1 + self.again[key], f"reply {key} was posted {times} times"
        for place in {place for place, _ in self.platform.log}:
            order = [one for where, one in self.platform.log if where == place and one not in self.aside]
            assert all(a < b for a, b in pairwise(order)), f"in {place} the replies came as {order}"
        assert len(set(self.desk.made)) == len(self.desk.made), "one complaint has two tickets"
        for desk_id in {desk_id for desk_id, _, _ in self.desk.added}:
            order = [intent_id for where, intent_id, _ in self.desk.added if where == desk_id]
            assert all(a < b for a, b in pairwise(order)), f"words came to {desk_id} as {order}"

    def _forgets_nothing(self) -> None:
        waiting = {one.id for lane in self.bot.lanes.values() for one in lane}
        assert set(self.now.of("reply", "pending", "sending")) <= waiting, "a reply is forgotten"
        waiting = {one.id for queue in self.bot.todo.values() for one in queue}
        assert set(self.now.of("message", "new")) <= waiting, "a message is forgotten"

    # --- in ---------------------------------------------------------------------------------------------------------

    def _message(self, who: str, said: str) -> IncomingMessage:
        author, place, kind = PLACES[who]
        number = str(len(self.heard) + 1)
        public = place.startswith("group")
        where = target(
            place,
            visibility=Visibility.PUBLIC if public else Visibility.PRIVATE,
            idempotency=kind,
            max_len=70 if public else 4096,
        )
        make = in_public if public else message
        fields: dict[str, Any] = {
            "author": author,
            "place": place,
            "reply_to": where,
            "message_id": number,
            "dedupe_key": f"update:{number}",
        }
        mine = [old for old in self.heard if old.reply_to.place == place and old.author == author and old.text]
        if said in {"edit", "delete"} and mine:
            kind_of = Kind.EDITED if said == "edit" else Kind.DELETED
            return make("the moon fell twice" if said == "edit" else "", **{
                **fields, "message_id": mine[-1].message_id, "kind": kind_of
            })  # fmt: skip
        if said == "moderate" and public and mine:
            fields |= {"author": BOSS, "on_behalf_of": author, "conversation_key": mine[-1].conversation_key}
            act = in_public("", kind=Kind.COMMAND, command="ticket", **fields)
            return replace(
                act,
                parent=Parent(message_id=mine[-1].message_id, author=author, text=mine[-1].text),
                staff_reply_to=where,
            )
        if said.startswith("/"):
            return replace(command(said[1:], **fields), visibility=where.visibility)
        return make(said, **fields)

    def accept(self, draw: Draw) -> None:
        """A batch with new messages and some that were delivered before, perhaps with it."""
        new = []
        for who, words in draw(st.lists(_HEARD, min_size=1, max_size=3)):
            new.append(self._message(who, words))
            self.heard.append(new[-1])
        again = [self.heard[i % len(self.heard)] for i in draw(st.lists(_NUMBER, max_size=2))]
        fate = draw(_FATE)

        async def accepted() -> None:
            taken = await self.bot.ledger.accept([*new, *again])
            assert [one.message for one in taken] == new
            assert all(a.id < b.id for a, b in pairwise(taken))
            self.expected |= {("message", one.id): "new" for one in taken}
            if fate == "lost":
                raise Crash
            self.bot.take(taken)

        self._do(accepted())

    # --- decided ----------------------------------------------------------------------------------------------------

    def _effects(self, accepted: Accepted, fate: str) -> Effects:
        said, ledger = accepted.message, self.bot.ledger
        complaint = None
        if said.on_behalf_of is not None and said.parent is not None:
            complaint = ticket_key(said.conversation_key, said.reply_to.place, said.parent.message_id)
        context = ledger.context(said, ledger.conversation(said.conversation_key), number=None, complaint_key=complaint)
        if fate == "mistake":
            return failure(accepted.id, said, context, _house(), "our mistake")
        decision = decide(said, context, _MATCHES.get(said.text, NOTHING), datetime.now(UTC), Policy())
        opens = isinstance(decision, OpenTicket) and not decision.moderated
        lines = self._await(ledger.lines(said.conversation_key, limit=20)) if opens else ()
        return plan(accepted.id, said, context, decision, _house(), lines)

    def decide(self, draw: Draw) -> None:
        """The oldest message of a conversation has its outcome; once, though two should come to it at a time."""
        if queues := [queue for queue in self.bot.todo.values() if queue]:
            fate = draw(st.sampled_from(["known"] * 5 + ["lost", "twice", "mistake"]))
            self._decide(queues[draw(_NUMBER) % len(queues)].popleft(), fate)

    def _decide(self, accepted: Accepted, fate: str) -> None:
        before = "SELECT id FROM inbound WHERE conversation_key = ? AND state = 'new' AND id < ?"
        rows = self.bot.ledger.reader.execute(before, (accepted.message.conversation_key, accepted.id))
        early = {row["id"] for row in rows} - self.retried
        effects = self._effects(accepted, fate)

        async def committed() -> None:
            under = self.bot.under(share_name(share_of(accepted.message)))
            tries = [self.bot.ledger.commit(accepted, effects, under=under) for _ in range(1 + (fate == "twice"))]
            done, *refused = await asyncio.gather(*tries, return_exceptions=True)
            if isinstance(done, BaseException):
                raise done
            assert not early, f"message {accepted.id} was decided before {early}"
            assert [type(one) for one in refused] == [Superseded] * (len(tries) - 1)
            self._expect_outcome(accepted, effects)
            if fate == "lost":
                raise Crash
            self.bot.post(done.outgoing)

        if self._do(committed(), self._by(effects), under=share_name(share_of(accepted.message))):
            self.decided.append((accepted, effects))
            self._is_whole(effects)

    def _expect_outcome(self, accepted: Accepted, effects: Effects) -> None:
        self.expected["message", accepted.id] = "failed" if effects.outcome == "failed" else "done"
        self.expected["outcome", accepted.id] = effects.outcome

    def _by(self, effects: Effects) -> set[Change]:
        may: set[Change] = set(_NEW_REPLIES) if effects.says or effects.opening else set()
        if effects.erase or effects.silence is not None or effects.confirms:
            may |= _BY_COMMITS
        if effects.erase:
            may |= {("intent", state, "done") for state in ("new", "sending")}
        if effects.opening or effects.desk:
            may |= {("intent", None, "new"), ("desk entry", None, "there"), ("desk ticket", None, "there")}
            may |= {("ticket", None, "numbered"), ("ticket", None, "unnumbered")}
        return may

    def _is_whole(self, effects: Effects) -> None:
        """All that an outcome says is there with it: what is told, and the ticket or the wish for it."""
        rows = self.bot.ledger.reader.execute("SELECT key FROM outgoing").fetchall()
        told = {row["key"] for row in rows}
        assert {say.key for say in effects.says} <= told
        if effects.opening is None:
            return
        key = effects.opening.draft.key
        intents = "SELECT announce FROM ticket_intents WHERE key = ?"
        waiting = "".join(row["announce"] for row in self.bot.ledger.reader.execute(intents, (f"create:{key}",)))
        assert ("ticket", key) in self.now.states
        assert all(say.key in told or say.key in waiting for say in effects.opening.announce)
        assert waiting or ("desk ticket", key) in self.now.states

    def decide_again(self, draw: Draw) -> None:
        """Somebody who slept comes back with an outcome for a message that has one."""
        decided = [one for one in self.decided if self.now.states["message", one[0].id] != "new"]
        if not decided:
            return
        accepted, effects = decided[draw(_NUMBER) % len(decided)]

        async def late() -> None:
            with pytest.raises(Superseded):
                await self.bot.ledger.commit(accepted, effects)

        self._do(late())

    def retry(self, draw: Draw) -> None:
        """A person has a message tried again: only one that failed."""
        failed = self.now.of("message", "failed")
        one, fate = draw(_NUMBER), draw(_FATE)
        one = failed[one % len(failed)] if failed else one

        async def retried() -> None:
            try:
                accepted = await self.bot.ledger.retry(one)
            except LookupError:
                erased = "SELECT 1 FROM inbound WHERE id = ? AND erased_at IS NOT NULL"
                assert not failed or self.bot.ledger.reader.execute(erased, (one,)).fetchone()
                return
            assert failed
            if accepted is not None:
                self.retried.add(one)
                self.expected |= {("message", one): "new", ("outcome", one): None}
            if fate == "lost":
                raise Crash
            if accepted is not None:
                self.bot.take([accepted])

        mended: set[Change] = {("intent", "failed", "new"), ("message", "failed", "done")}
        mended |= {("outcome", "failed", state) for state in ("ticket_opened", "appended", "acted")}
        self._do(retried(), mended if failed else ())

    # --- posted -----------------------------------------------------------------------------------------------------

    def send(self, draw: Draw) -> None:
        """The oldest reply of a place is posted, as `bots.delivery` does it; the bot may die between any two steps."""
        if lanes := [lane for lane in self.bot.lanes.values() if lane]:
            self._send(lanes[draw(_NUMBER) % len(lanes)], draw(_ANSWER), draw(st.sampled_from(self.cuts)))

    def _send(self, lane: deque[Outgoing], answer: str, cut: str) -> None:
        self._do(self._sent(lane, answer, cut), _NEW_REPLIES if lane[0].reply.instead else ())

    async def _sent(self, lane: deque[Outgoing], answer: str, cut: str) -> None:
        outgoing, outbox = lane[0], self.bot.ledger.outbox
        if outgoing.resumed and await self._settled_unclear(outgoing):
            lane.popleft()
            return
        is_open = self.now.states["reply", outgoing.id] in {"pending", "sending"}
        assert await outbox.sending(outgoing, under=self.bot.under(CHANNEL)) == is_open
        assert self._holds(CHANNEL), "another bot posts there"
        if not is_open:
            lane.popleft()
            return
        self.expected["reply", outgoing.id] = "sending"
        if cut == "marked":
            raise Crash
        if outgoing.reply.follows and outbox.posted(outgoing.reply.follows)[0] in {"failed", "cancelled"}:
            answer = "refused"
        if cut == "frozen":
            self._freeze(outgoing)
            return
        posted = self.platform.post(outgoing) if answer in {"posted", "lost"} else ""
        if cut == "called":
            raise Crash
        lane.popleft()
        await self._answered(outgoing, answer, posted)
        if cut == "noted":
            raise Crash

    async def _answered(self, outgoing: Outgoing, answer: str, posted: str) -> None:
        outbox, under = self.bot.ledger.outbox, self.bot.under(CHANNEL)
        match answer:
            case "posted":
                await outbox.sent(outgoing, posted)
                self.expected["reply", outgoing.id] = "sent"
            case "refused":
                self.expected["reply", outgoing.id] = "failed"
                if outgoing.reply.instead:
                    self.bot.post(await outbox.replaced(outgoing, "no", under=under))
                else:
                    await outbox.failed(outgoing, "no", under=under)
            case "busy":
                await self._later(outgoing)
            case _:
                if not await self._settled_unclear(outgoing):
                    await self._later(outgoing)

    def _freeze(self, outgoing: Outgoing) -> None:
        raise AssertionError(f"who is alone may be frozen before {outgoing.id} as long as it likes")

    async def _later(self, outgoing: Outgoing) -> None:
        await self.bot.ledger.outbox.later(outgoing, datetime.now(UTC), "later", under=self.bot.under(CHANNEL))
        self.expected["reply", outgoing.id] = "pending"
        later = replace(outgoing, attempts=outgoing.attempts + 1, resumed=False)
        self.bot.lanes[outgoing.reply.target.place].appendleft(later)

    async def _settled_unclear(self, outgoing: Outgoing) -> bool:
        """What becomes of a reply that was perhaps posted; False where it is posted (again)."""
        match outgoing.reply.target.idempotency:
            case Idempotency.NONCE:
                return False
            case Idempotency.FINDABLE:
                if (posted := self.platform.find(outgoing.reply)) is None:
                    return False
                await self.bot.ledger.outbox.sent(outgoing, posted)
                self.expected["reply", outgoing.id] = "sent"
            case Idempotency.NONE:
                await self.bot.ledger.outbox.ambiguous(outgoing, "nobody knows", under=self.bot.under(CHANNEL))
                self.expected["reply", outgoing.id] = "ambiguous"
        return True

    def resend(self, draw: Draw) -> None:
        """A person has a reply posted again: only one that failed, or of which nobody knows."""
        states = ["ambiguous", "failed"]
        if draw(_NUMBER) < 20:  # a wrong one
            states = ["pending", "held", "sending", "sent", "cancelled"]
        replies = self.now.of("reply", *states)
        one, fate = draw(_NUMBER), draw(_FATE)
        one = replies[one % len(replies)] if replies else one + len(self.now.states)

        async def resent() -> None:
            is_settled = self.now.states.get(("reply", one)) in {"ambiguous", "failed"}
            try:
                outgoing = await self.bot.ledger.outbox.resend(one)
            except LookupError:
                erased = "SELECT 1 FROM outgoing WHERE id = ? AND erased_at IS NOT NULL"
                assert not is_settled or self.bot.ledger.reader.execute(erased, (one,)).fetchone()
                return
            assert is_settled
            self.expected["reply", one] = "pending"
            self.again[outgoing.reply.key] += 1
            self.aside.add(one)
            if fate == "lost":
                raise Crash
            self.bot.post([outgoing])

        self._do(resent())

    # --- time -------------------------------------------------------------------------------------------------------

    def crash(self, _: Draw) -> None:
        """The bot dies with nothing on its way."""
        self._die()
        self._look()

    def forget(self, _: Draw) -> None:
        """All words that are settled are erased, as if they were old."""

        async def forgotten() -> None:
            await self.bot.ledger.forget_older_than(timedelta(0))

        self._do(forgotten(), {("reply", "held", "cancelled")})

    def teardown(self) -> None:
        """In the end everything is decided, posted and done."""
        try:
            if sys.exc_info()[0] is None:
                self._finish()
        finally:
            self._close()
            self.runner.close()

    def _close(self) -> None:
        self.bot.ledger.__exit__(None, None, None)

    def _finish(self) -> None:
        self._die()
        self._rest()

    def _rest(self) -> None:
        """Do all that is left to do."""
        for queue in self.bot.todo.values():
            while queue:
                self._decide(queue.popleft(), "known")
        self._work_off()
        for lane in self.bot.lanes.values():
            while lane:
                self._send(lane, "posted", "")
        assert not self.now.of("message", "new")
        assert not self.now.of("reply", "pending", "sending")
        assert not self.now.of("intent", "new", "sending")
        for row in self.bot.ledger.reader.execute("SELECT id, key FROM outgoing WHERE state = 'sent'"):
            assert self.platform.posts[row["key"]], f"reply {row['id']} was never posted"
        for row in self.bot.ledger.reader.execute("SELECT ticket_key FROM outcomes WHERE outcome = 'ticket_opened'"):
            assert self._has_ticket(row["ticket_key"]), "a complaint has no ticket"

    def _work_off(self) -> None:
        """The built-in desk has nothing to be called for."""

    def _has_ticket(self, key: str) -> bool:
        return self.now.states.get(("desk ticket", key)) == "there"


class RemoteMachine(LedgerMachine):
    """The same with a desk that has to be called."""

    happenings: ClassVar[tuple[str, ...]] = (*LedgerMachine.happenings, *("call_desk",) * 5, "note")

    def call_desk(self, draw: Draw) -> None:
        """The oldest intent of a ticket is carried out, as `bots.escalation` does it."""
        answer = draw(st.sampled_from(["done"] * 4 + ["lost", "unheard", "refused", "away", "closed"]))
        self._call(draw(_NUMBER), answer, draw(st.sampled_from([""] * 6 + ["taken", "marked", "called", "noted"])))

    def _call(self, which: int, answer: str, cut: str) -> None:
        intents = self.bot.ledger.intents.due(datetime.now(UTC), 100)
        rows = self.bot.ledger.reader.execute(
            "SELECT min(id) AS id FROM ticket_intents WHERE state IN ('new', 'sending') GROUP BY ticket_key"
        )
        if self._holds(DESK):
            assert [intent.id for intent in intents] == sorted(row["id"] for row in rows), "each ticket's oldest is due"
        if intents:
            may = _NEW_REPLIES | {("ticket", None, "unnumbered"), ("ticket", "unnumbered", "numbered")}
            may |= {("message", "done", "failed"), ("intent", None, "new")}
            may |= {("outcome", state, "failed") for state in ("ticket_opened", "appended", "acted", "answered")}
            self._do(self._called(intents[which % len(intents)], answer, cut), may, under=DESK)

    async def _called(self, intent: Intent, answer: str, cut: str) -> None:
        intents, now = self.bot.ledger.intents, datetime.now(UTC)
        assert await intents.take(intent, 300)
        assert not await intents.take(intent, 300), "one at a time"
        if cut == "taken":
            raise Crash
        if answer == "refused" or (intent.draft is None and intent.desk_id is None):
            self.expected["intent", intent.id] = "failed"
            if intent.draft:  # and what waits for that ticket fails with it
                behind = "SELECT id FROM ticket_intents WHERE ticket_key = ? AND state = 'new' AND id > ?"
                rows = self.bot.ledger.reader.execute(behind, (intent.ticket_key, intent.id))
                self.expected |= {("intent", row["id"]): "failed" for row in rows}
            self.bot.post(await intents.failed(intent, "no", lambda _: "It failed."))
        elif (intent.resumed or intent.attempts) and self.desk.has(intent):
            await self._settled(intent)
        elif answer == "away":
            self.expected["intent", intent.id] = "new"
            await intents.later(intent, now, "away")
        else:
            assert await intents.sending(intent, now)
            self.expected["intent", intent.id] = "sending"
            if cut == "marked":
                raise Crash
            await self._applied(intent, answer, cut)
        if cut == "noted":
            raise Crash

    async def _applied(self, intent: Intent, answer: str, cut: str) -> None:
        if answer == "closed" and intent.draft is None:
            await self._went_on(intent)
            return
        if answer != "unheard":
            self.desk.carry_out(intent)
        if cut == "called":
            raise Crash
        if answer in {"lost", "unheard"}:
            await self.bot.ledger.intents.unclear(intent, datetime.now(UTC), "perhaps")
        else:
            await self._settled(intent)

    async def _settled(self, intent: Intent) -> None:
        self.expected["intent", intent.id] = "done"
        if intent.draft is None:
            await self.bot.ledger.intents.done(intent)
            return
        ref = self.desk.find(intent.ticket_key)
        assert ref is not None
        self.bot.post(await self.bot.ledger.intents.opened(intent, ref))

    async def _went_on(self, intent: Intent) -> None:
        if intent.action == "note":
            self.expected["intent", intent.id] = "done"
            await self.bot.ledger.intents.done(intent)
            return
        self.expected["intent", intent.id] = "new"
        opening = Continuation(subject="more", announce=f"It goes on as {NUMBER}.", prefix="FL")
        await self.bot.ledger.intents.continued(intent, opening)

    def note(self, draw: Draw) -> None:
        """Who waits for a number hears that it takes longer, once."""
        fate = draw(_FATE)

        async def noted() -> None:
            told = await self.bot.ledger.intents.noted(datetime.now(UTC) + timedelta(hours=1), "{}{}".format)
            if fate == "lost":
                raise Crash
            self.bot.post(told)

        self._do(noted(), _NEW_REPLIES)

    def _work_off(self) -> None:
        while self.bot.ledger.intents.due(datetime.now(UTC), 1):
            self._call(0, "done", "")

    def _has_ticket(self, key: str) -> bool:
        return key in self.desk.made
