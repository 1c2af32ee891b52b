"""A process that does at a desk what a ledger's intents say, until somebody kills it.

::

    python opening.py '{"ledger": PATH, "module": "ticket_client.freshdesk", "settings": {"url": …}}'
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bots.escalation import Escalation
from bots.ledger.ledger import Ledger
from bots.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bots.files import FileFetcher
    from bots.ledger.outbox import Outgoing
    from ticket_client.base import TicketDesk


def worker(
    ledger: Ledger,
    desk: TicketDesk,
    on_outgoing: Callable[[Iterable[Outgoing]], None],
    files: FileFetcher | None = None,
) -> Escalation:
    """What the bot has at its desk."""
    return Escalation(
        ledger.intents,
        desk,
        Wording(),
        number_prefix="FL",
        desk_language="en",
        on_outgoing=on_outgoing,
        files=files,
    )


async def _work(job: dict[str, Any]) -> None:
    module = importlib.import_module(job["module"])
    desk = module.create("desk", module.Settings.model_validate(job["settings"]), {})
    with Ledger(Path(job["ledger"]), transactional_desk=False, desk_name="remote") as ledger:
        await worker(ledger, desk, lambda _: None).run()


if __name__ == "__main__":
    asyncio.run(_work(json.loads(sys.argv[1])))
