"""What `firstline check` says about a bot on Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.findings import Finding

if TYPE_CHECKING:
    from telegram import User, WebhookInfo


def group_findings(me: User) -> list[Finding]:
    """What the bot sees in groups."""
    if not me.can_join_groups:
        cure = "To use it in groups: BotFather, /setjoingroups, Enable."
        return [Finding(ok=True, text="The bot can be used in private only; nobody can add it to a group.", cure=cure)]
    if me.can_read_all_group_messages:
        return [Finding(ok=True, text="In groups the bot sees every message (privacy mode is off).")]
    return [
        Finding(
            ok=True,
            text="In groups the bot sees only commands, replies to it and messages that name it (privacy mode is on).",
            cure="For help channels: BotFather, /setprivacy, Disable, then add the bot to the group again; "
            "or make it an administrator there.",
        )
    ]


def webhook_finding(webhook: WebhookInfo, mode: str, public_url: str) -> Finding:
    """How messages arrive, and what stands in the way."""
    if mode == "polling" and webhook.url:
        host = urlsplit(webhook.url).hostname
        text = f"Telegram sends this bot's messages to a webhook at {host}; it is removed when the bot starts."
        return Finding(ok=False, text=text, cure="If another program uses this token, make a new bot for one of them.")
    if mode == "webhook" and not public_url.startswith("https://"):
        return Finding(ok=False, text="Telegram calls webhooks over https only.", cure="Set `public_url` to https://…")
    if webhook.last_error_message:
        cure = "Make sure that `public_url` can be reached from outside."
        return Finding(ok=False, text=f"The webhook failed last time: {webhook.last_error_message}", cure=cure)
    return Finding(ok=True, text=f"Messages arrive by {mode}.")
