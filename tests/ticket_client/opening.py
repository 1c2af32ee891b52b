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
from typing import Any

from bots.ledger.ledger import Ledger
from tests.ticket_client.exactly_once import worker


async def _work(job: dict[str, Any]) -> None:
    module = importlib.import_module(job["module"])
    desk = module.create("desk", module.Settings.model_validate(job["settings"]), {})
    with Ledger(Path(job["ledger"]), transactional_desk=False, desk_name="remote") as ledger:
        await worker(ledger, desk, lambda _: None).run()


if __name__ == "__main__":
    asyncio.run(_work(json.loads(sys.argv[1])))
