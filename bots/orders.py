"""Carries out what other processes asked for through the ledger: `tickets reply`, `desk sync` and their kin."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bots.delivery import Delivery
from bots.escalation import Escalation
from bots.ledger import commands, replaying
from bots.ledger.database import LedgerUnwritable
from bots.ledger.ledger import Ledger
from bots.relay import Relay
from bots.troubles import trouble
from bots.worker import Worker
from ticket_client.base import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from bots.ledger.commands import Command
    from bots.ledger.connection import Connection

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
                await _settled(hands, command)
            except LedgerUnwritable:
                break  # it stays in the ledger and is tried again
        await asyncio.sleep(_LOOK_EVERY_S)


async def _settled(hands: Hands, command: Command) -> None:
    """Carry the order out and note how it ended."""
    try:
        state, result = "done", await _carry_out(hands, command)
    except LedgerUnwritable:
        raise
    except (LookupError, NotFound, ValueError) as error:
        state, result = "failed", str(error.args[0]) if error.args else str(error)
    except Exception as error:
        _log.error("The command %s failed (%s)", command.name, trouble(error), extra={"action": "command_failed"})
        state, result = "failed", f"{type(error).__name__}: {error}"
    await hands.ledger.commands.settled(command, state, result)


async def _carry_out(hands: Hands, command: Command) -> str:
    """Do it; gives a sentence for the person who asked.

    What must not happen twice is settled in its own transaction; the rest is the same when it is done again.
    """
    arguments = command.arguments

    def settles(result: str) -> Callable[[Connection], None]:
        return lambda connection: commands.settle(connection, command.id, "done", result)

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
            result = f"Message {arguments['id']} is being worked on again."
            accepted = await hands.ledger.retry(int(arguments["id"]), also=settles(result))
            if accepted is None:
                hands.escalation.wake()
            else:
                hands.worker.again(accepted)
            return result
        case "ledger_resend":
            result = f"Reply {arguments['id']} is on its way again."
            hands.delivery.add([await hands.ledger.outbox.resend(int(arguments["id"]), also=settles(result))])
            return result
        case "approvals_send" | "approvals_edit" | "approvals_dismiss":
            return await _decide(hands, command, settles)
        case "desk_sync" | "desk_replay":
            return await _at_desk(hands, command)
        case _:
            raise LookupError(
                f"This bot does not know the command {command.name!r}; it may be older than the command line."
            )


async def _decide(hands: Hands, command: Command, settles: Callable[[str], Callable[[Connection], None]]) -> str:
    """What a moderator wants done with a text that waits."""
    identity, outbox = int(command.arguments["id"]), hands.ledger.outbox
    if command.name == "approvals_send":
        result = f"Text {identity} waits no longer."
        hands.delivery.add(await outbox.release(identity, also=settles(result)))
    elif command.name == "approvals_edit":
        result = f"Text {identity} is worded anew and still waits. Send it with: firstline approvals send {identity}"
        await outbox.edit(identity, command.arguments["text"], also=settles(result))
    else:
        result = f"Text {identity} is not sent."
        await outbox.dismiss(identity, also=settles(result))
    return result


async def _at_desk(hands: Hands, command: Command) -> str:
    """What an operator wants done at the desk now, or again."""
    arguments = command.arguments
    looked_at = hands.relay.look_at_all() if command.name == "desk_sync" else 0

    def operation(connection: Connection) -> str:
        if command.name == "desk_sync":
            result = _synced(looked_at, *replaying.hurry(connection))
        else:
            wanted = replaying.Wanted(
                desk=arguments["desk"],
                ids=tuple(arguments["ids"]),
                tickets=tuple(arguments["tickets"]),
                everything=arguments["everything"],
            )
            result = replaying.replay(connection, wanted)
        commands.settle(connection, command.id, "done", result)
        return result

    result = await hands.ledger.writer.run(operation)
    hands.escalation.hurry()
    return result


def _synced(looked_at: int, tried: int, unclear: int) -> str:
    told = f"Open tickets that are read again: {looked_at}. Waiting, and tried now: {tried}."
    if unclear:
        told += f" Perhaps done already, and looked for as soon as the desk can know of them: {unclear}."
    return told
