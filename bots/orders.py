"""Carries out what other processes asked for through the ledger: `tickets reply`, `ledger retry` and their kin."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bots.delivery import Delivery
from bots.escalation import Escalation
from bots.ledger.database import LedgerUnwritable
from bots.ledger.ledger import Ledger
from bots.relay import Relay
from bots.worker import Worker
from ticket_client.base import NotFound

if TYPE_CHECKING:
    from bots.ledger.commands import Command

_LOOK_EVERY_S = 0.25
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What carries an order out."""

    ledger: Ledger
    worker: Worker
    delivery: Delivery
    escalation: Escalation
    relay: Relay


async def run(hands: Hands) -> None:
    """Look and carry out until cancelled."""
    while True:
        for command in hands.ledger.commands.waiting():
            try:
                state, result = "done", await _carry_out(hands, command)
            except (LookupError, NotFound, ValueError) as error:
                state, result = "failed", str(error.args[0]) if error.args else str(error)
            except LedgerUnwritable:
                break  # it stays in the ledger and is tried again
            except Exception as error:
                _log.exception("The command %s failed", command.name, extra={"action": "command_failed"})
                state, result = "failed", f"{type(error).__name__}: {error}"
            await hands.ledger.commands.settled(command, state, result)
        await asyncio.sleep(_LOOK_EVERY_S)


async def _carry_out(hands: Hands, command: Command) -> str:
    """Do it; gives a sentence for the person who asked."""
    arguments = command.arguments
    match command.name:
        case "tickets_reply":
            ticket_id, number = hands.ledger.tickets.by_number(arguments["number"])
            await hands.ledger.tickets.add(
                ticket_id, "reply", arguments["agent"], arguments["text"], key=f"command:{command.id}"
            )
            hands.relay.wake()
            return f"Your reply to {number} is on its way to the user."
        case "tickets_resolve":
            ticket_id, number = hands.ledger.tickets.by_number(arguments["number"])
            await hands.ledger.tickets.resolve(ticket_id, arguments["agent"])
            hands.relay.wake()
            return f"{number} is resolved and the user is told."
        case "ledger_retry":
            accepted = await hands.ledger.retry(int(arguments["id"]))
            if accepted is None:
                hands.escalation.wake()
                return f"The helpdesk is asked again about message {arguments['id']}."
            hands.worker.again(accepted)
            return f"Message {arguments['id']} is being worked on again."
        case "ledger_resend":
            hands.delivery.add([await hands.ledger.outbox.resend(int(arguments["id"]))])
            return f"Reply {arguments['id']} is on its way again."
        case _:
            raise LookupError(
                f"This bot does not know the command {command.name!r}; it may be older than the command line."
            )
