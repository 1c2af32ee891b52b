"""What `firstline check` found at one channel or helpdesk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `firstline check`, for people: what the bot may (`ok`) or may not do there, and what to change."""

    ok: bool
    text: str
    cure: str = ""
