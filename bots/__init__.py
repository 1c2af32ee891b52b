"""The bot: ledger, pipeline, escalation, delivery, relay, supervisor, web and command line."""
