"""What an automation rule calls."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from simulators.freshdesk.wire import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What an automation rule calls when an agent or a requester (not the API's own user) changed a ticket.

    `body` is a template: ``{{ticket.id}}`` and its like are replaced. A call that is not answered with 2xx is made
    again after each of `again_s`.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"ticket_id": "{{ticket.id}}"}'
    again_s: tuple[float, ...] = (300.0, 1800.0, 3600.0)

    async def call(self, ticket: Json, account: str) -> None:
        """Call, again and again until it is heard; `account` is the address of the tickets' pages."""
        said = {f"ticket.{name}": str(ticket[name]) for name in ("id", "subject", "status", "priority")}
        said["ticket.url"] = f"{account}/a/tickets/{ticket['id']}"
        body = re.sub(r"\{\{([a-z.]+)\}\}", lambda found: said.get(found[1], ""), self.body)
        headers = {"Content-Type": "application/json", **self.headers}
        async with aiohttp.ClientSession() as session:
            for wait_s in (0.0, *self.again_s):
                await asyncio.sleep(wait_s)
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.post(self.url, data=body.encode(), headers=headers) as response:
                        if response.ok:
                            return
