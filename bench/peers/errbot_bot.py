"""errbot: ``callback_message`` of its test backend, with a plugin that answers every message."""
# mypy: disable-error-code="import-not-found,no-any-return,untyped-decorator"
# (it is installed in the peers' environment alone)

from __future__ import annotations

import importlib
import logging
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from errbot.backends.base import Message
from errbot.bootstrap import setup_bot

from bench.peers.driver import Contestant, Work, answering

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PLUG = "[Core]\nName = Faq\nModule = faq_plugin\n[Python]\nVersion = 3\n"
_PLUGIN = """
from errbot import BotPlugin, re_botcmd

class Faq(BotPlugin):
    @re_botcmd(pattern=r".+", prefixed=False)
    def faq(self, msg, match):
        return self._bot.answer(msg.body)
"""


@asynccontextmanager
async def started(row: str, work: Work) -> AsyncIterator[Contestant]:
    """A bot with one plugin, in one thread, which is its quickest."""
    replies = dict[str, str]()
    with _folder() as folder:
        config = SimpleNamespace(**vars(importlib.import_module("errbot.config-template")))
        config.BOT_DATA_DIR, config.BOT_LOG_FILE, config.BOT_EXTRA_PLUGIN_DIR = folder, None, folder
        config.STORAGE, config.BOT_ASYNC = "Memory", False
        bot: Any = setup_bot("Test", logging.getLogger(), config)
        bot.answer = answering(row, work)
        bot.build_reply = lambda asked, text, **_: Message(text, frm=bot.bot_identifier, to=asked.frm)
        bot.send_message = lambda message: replies.update({message.to.person: message.body})
        bot.connect_callback()
        logging.disable(logging.WARNING)

        async def ask(person: int, text: str) -> str:
            message = Message(text, frm=bot.build_identifier(str(person)), to=bot.bot_identifier)
            bot.callback_message(message)
            return replies.pop(str(person))

        yield Contestant(ask)
        bot.shutdown()


def _folder() -> tempfile.TemporaryDirectory[str]:
    """With the plugin, in the two files that errbot wants."""
    folder = tempfile.TemporaryDirectory()
    Path(folder.name, "faq.plug").write_text(_PLUG, encoding="utf-8")
    Path(folder.name, "faq_plugin.py").write_text(_PLUGIN, encoding="utf-8")
    return folder
