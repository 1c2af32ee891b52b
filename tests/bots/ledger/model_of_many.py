"""The model of several bots on one ledger: leases pass from one to another, and not everybody hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hypothesis import strategies as st

from bots.ledger.database import Lease, LeaseLost
from bots.ledger.ledger import share_in, share_name, share_of
from bots.ledger.outbox import Outgoing
from tests.bots.ledger.model import CHANNEL, DESK, PLACES, Bot, LedgerMachine, RemoteMachine
from tests.bots.making import message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bots.ledger.ledger import Accepted, Ledger
    from tests.bots.ledger.model import Draw
    from tests.bots.ledger.sites import PostgresSite

_BOTS = 2
_SHARES = sorted({share_of(message(author=author)) for author, *_ in PLACES.values()})
_LEASES = (CHANNEL, DESK, *map(share_name, _SHARES))


@dataclass
class OneOfMany(Bot):
    """A bot that works on what it holds leases of, as far as it knows."""

    def take(self, accepted: Iterable[Accepted]) -> None:  # noqa: ARG002 - they are in the ledger, too
        """What is to be decided is looked for in the ledger, so that what others took in before comes first."""
        known = {one.id for queue in self.todo.values() for one in queue}
        shares = [share_in(name) for name in self.leases if name.startswith("share:")]
        super().take(self.ledger.undecided_in(shares, known))

    def post(self, outgoing: Iterable[Outgoing]) -> None:  # noqa: ARG002
        """The same with what is to be posted."""
        if CHANNEL in self.leases:
            known = {one.id for lane in self.lanes.values() for one in lane}
            super().post(self.ledger.outbox.waiting("telegram", known, limit=1000))

    def resume(self) -> None:
        """Look for what is to be done: it heard of something, or a few seconds have passed."""
        self.take(())
        self.post(())

    def can(self, what: str) -> bool:
        return (DESK in self.leases or what not in {"call_desk", "note"}) and super().can(what)

    def drop(self, name: str) -> None:
        """A lease is somebody else's: nothing of it is in hand any more."""
        self.leases.pop(name, None)
        if name == CHANNEL:
            self.lanes.clear()
        for queue in self.todo.values():
            if queue and share_name(share_of(queue[0].message)) == name:
                queue.clear()

    def under(self, name: str) -> Lease:
        """What it believes to hold. Raises `LeaseLost` where it knows better."""
        if name not in self.leases:
            raise LeaseLost(name)
        return self.leases[name]


@dataclass(frozen=True, slots=True)
class _Frozen:
    """Who stopped between noting that a reply is being sent and sending it."""

    bot: OneOfMany
    outgoing: Outgoing


class Many(LedgerMachine):
    """Two bots in turn. A lease may pass to the other one at any time; who had it learns of it sooner or later."""

    happenings: ClassVar[tuple[str, ...]] = (*LedgerMachine.happenings, *("pass_on",) * 4, *("wake",) * 2)
    cuts: ClassVar[tuple[str, ...]] = (*LedgerMachine.cuts, "frozen", "frozen")
    site: PostgresSite
    bot: OneOfMany

    def __init__(self, site: PostgresSite) -> None:
        self.bots: list[OneOfMany] = []
        self.holders: dict[str, OneOfMany] = {}
        self.frozen: list[_Frozen] = []
        super().__init__(site)
        self.bots = [self.bot, *(self._start() for _ in range(_BOTS - 1))]
        for name in _LEASES:
            self._give(name, self.bots[0])

    def _bots(self) -> Sequence[Bot]:
        return self.bots

    def _tell(self, draw: Draw) -> None:
        for bot in self.bots:
            if draw(st.sampled_from([True, True, False])):  # or the word is lost
                bot.resume()

    # --- leases -----------------------------------------------------------------------------------------------------

    def pass_on(self, draw: Draw) -> None:
        """A lease passes to another bot, or to the same; who had it may not know yet."""
        name = draw(st.sampled_from(_LEASES))
        old = self.holders.get(name)
        able = [bot for bot in self.bots if bot is not old] * 2 + self.bots
        new = able[draw(st.integers(0, len(able) - 1))]
        told = draw(st.sampled_from([False, False, True]))
        if old is not None and (told or old is new):
            old.drop(name)
        self._give(name, new)
        self._look()
        if old is not None and old.leases.get(name) and old is not new:
            self.bot = old
            self._go_on(name)

    def _go_on(self, name: str) -> None:
        """Who knows nothing does what it would have done next."""
        if name == CHANNEL:
            for lane in [lane for lane in self.bot.lanes.values() if lane][:1]:
                self._send(lane, "posted", "")
        for queue in list(self.bot.todo.values()):
            if queue and share_name(share_of(queue[0].message)) == name:
                self._decide(queue.popleft(), "known")

    def _give(self, name: str, bot: OneOfMany) -> None:
        bot.drop(name)
        bot.leases[name] = Lease(name, self.site.pass_on(name, "a bot"))
        self.holders[name] = bot
        if name == DESK:
            self._await(bot.ledger.intents.begin(bot.leases[name]))
        bot.resume()

    def _holds(self, name: str) -> bool:
        return not name or self.holders.get(name) is self.bot

    def _lose(self) -> None:
        """It was refused: rightly so, and now it knows."""
        stale = [name for name in self.bot.leases if self.holders.get(name) is not self.bot]
        for name in stale:
            self.bot.drop(name)
        assert stale or self.bot.leases.keys() != set(_LEASES), "what it holds was refused to it"

    def _freeze(self, outgoing: Outgoing) -> None:
        """It stops before it sends; another bot posts there from now on."""
        self.frozen.append(_Frozen(self.bot, outgoing))
        self.bot.drop(CHANNEL)
        self._give(CHANNEL, next(bot for bot in self.bots if bot is not self.bot))

    def wake(self, draw: Draw) -> None:
        """Who was frozen sends its reply after all, and notes that it is posted: nobody can keep it from that."""
        if not self.frozen:
            return
        late = self.frozen.pop(draw(st.integers(0, len(self.frozen) - 1)))
        if late.bot not in self.bots:
            return  # it died so
        key, self.bot = late.outgoing.reply.key, late.bot
        self.again[key] += 1
        self.aside.add(late.outgoing.id)
        posted = self.platform.post(late.outgoing)

        async def sent() -> None:
            await late.bot.ledger.outbox.sent(late.outgoing, posted)
            self.expected["reply", late.outgoing.id] = "sent"

        self._do(sent())

    # --- lives ------------------------------------------------------------------------------------------------------

    def _new_bot(self, ledger: Ledger) -> OneOfMany:
        return OneOfMany(ledger)

    def _start(self) -> OneOfMany:
        bot = super()._start()
        assert isinstance(bot, OneOfMany)
        return bot

    def _die(self) -> None:
        """What it held is nobody's, until it is passed on."""
        self.site.leave(self.bot.ledger)
        self.holders = {name: bot for name, bot in self.holders.items() if bot is not self.bot}
        place = next(place for place, bot in enumerate(self.bots) if bot is self.bot)
        self.bot = self.bots[place] = self._start()
        self._adds_up()

    def _forgets_nothing(self) -> None:
        """What one does not know of, it finds when it looks."""

    def _rest(self) -> None:
        for name in _LEASES:
            for bot in self.bots:
                bot.drop(name)
            self._give(name, self.bot)
        super()._forgets_nothing()
        for queue in list(self.bot.todo.values()):
            while queue:
                self._decide(queue.popleft(), "known")
        self._work_off()
        self.bot.resume()
        super()._rest()

    def _close(self) -> None:
        for bot in self.bots or [self.bot]:
            bot.ledger.__exit__(None, None, None)
        self.site.close()


class ManyLocal(Many):
    """With the built-in desk."""


class ManyRemote(Many, RemoteMachine):
    """With a desk that has to be called: by whoever holds its lease."""

    happenings: ClassVar[tuple[str, ...]] = (*Many.happenings, *("call_desk",) * 5, "note")

    def _go_on(self, name: str) -> None:
        super()._go_on(name)
        if name == DESK:
            self._call(0, "done", "")
