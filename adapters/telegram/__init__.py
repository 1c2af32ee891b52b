"""Telegram, through python-telegram-bot.

Start with `adapter`, which fetches updates and posts replies, and with `messages`, which says what an update means
(pure: no network, no clock). Around them: `text` reads a message's words, commands and mentions; `places` is what was
learnt of chats and outlives a restart; `wire` keeps the token out of every log and maps errors; `check` speaks to the
operator.
"""

from adapters.telegram.adapter import PROFILE, Settings, TelegramAdapter, create

__all__ = ["PROFILE", "Settings", "TelegramAdapter", "create"]
