"""A ledger and the pipeline on it, without channels: what the worker does with a message, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bots.ledger import codec, report
from bots.ledger.schema import metadata
from bots.pipeline import phrases
from bots.pipeline.decision import OpenTicket, Policy, decide
from bots.pipeline.plan import plan, ticket_key
from tests.bots.making import NOTHING, house

if TYPE_CHECKING:
    from adapters.base import IncomingMessage
    from bots.ledger.database import Place
    from bots.ledger.ledger import Accepted, Committed, Ledger
    from bots.ledger.report import DeskTicket
    from faq.matching import Matches


class Stage:
    """One open ledger and what a bot does with it."""

    def __init__(self, path: Place, ledger: Ledger) -> None:
        self.path = path
        self.ledger = ledger

    async def accept(self, said: IncomingMessage) -> Accepted:
        (accepted,) = await self.ledger.accept([said])
        return accepted

    async def decide(self, accepted: Accepted, matches: Matches = NOTHING) -> Committed:
        """Decide and commit, as the worker does."""
        message = accepted.message
        complaint = None
        if message.on_behalf_of is not None and message.parent is not None:
            complaint = ticket_key(message.conversation_key, message.reply_to.place, message.parent.message_id)
        state = self.ledger.conversation(message.conversation_key)
        number = phrases.number_in(message.text, "FL")
        context = self.ledger.context(message, state, number=number, complaint_key=complaint)
        decision = decide(message, context, matches, datetime.now(UTC), Policy())
        opens = isinstance(decision, OpenTicket) and not decision.moderated
        lines = await self.ledger.lines(message.conversation_key, limit=20) if opens else ()
        return await self.ledger.commit(accepted, plan(accepted.id, message, context, decision, house(), lines))

    async def hear(self, said: IncomingMessage, matches: Matches = NOTHING) -> Committed:
        """Accept and decide, then post every reply."""
        committed = await self.decide(await self.accept(said), matches)
        for outgoing in committed.outgoing:
            assert await self.ledger.outbox.sending(outgoing)
            await self.ledger.outbox.sent(outgoing, f"posted:{outgoing.id}")
        return committed

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with report.reading(self.path) as connection:
            return [dict(row) for row in connection.execute(sql, values)]

    def replies(self) -> list[str]:
        return [codec.load(dict, row["reply"])["text"] for row in self.rows("SELECT reply FROM outgoing ORDER BY id")]

    def outcomes(self) -> list[tuple[str, str]]:
        rows = self.rows("SELECT outcome, rule FROM outcomes ORDER BY inbound_id")
        return [(row["outcome"], row["rule"]) for row in rows]

    def tickets(self) -> list[DeskTicket]:
        return [report.ticket(self.path, t.number) for t in reversed(report.tickets(self.path, all_of_them=True))]

    async def change(self, sql: str, *values: object) -> None:
        """What time or another part of the bot would have done."""
        await self.ledger.writer.run(lambda connection: connection.execute(sql, values))

    async def age(self, days: int) -> None:
        """Everything written so far is that old."""
        for table, columns in (
            ("inbound", ("received_at",)),
            ("outgoing", ("created_at", "changed_at")),
            ("tickets", ("opened_at", "changed_at")),
            ("ticket_intents", ("created_at",)),
            ("conversations", ("changed_at",)),
        ):
            for column in columns:
                await self.change(
                    f"UPDATE {table} SET {column} = ?", codec.stamp(datetime.now(UTC) - timedelta(days=days))
                )

    def words_on_disk(self, words: str) -> list[str]:
        """Tables that hold these words."""
        return sorted(t for t in metadata.tables if any(words in str(row) for row in self.rows(f"SELECT * FROM {t}")))
