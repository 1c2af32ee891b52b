"""What a process of many does: decide, be connected to channels, serve the live chat and webhooks."""

from typing import Literal

Role = Literal["worker", "connector", "web"]
ROLES: tuple[Role, ...] = ("worker", "connector", "web")
