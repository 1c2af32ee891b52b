"""Joins folder, children and page into one playground, and winds them down: first the bot, then what it talks to."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from bots.ledger import commands
from bots.playground import picture
from bots.playground.folder import Folder, PlaygroundError, free_port
from bots.playground.networks import Networks
from bots.playground.processes import BotProcess, Helpdesk, Simulators
from bots.playground.server import Server

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

_LATER = "Noted. The bot carries it out as soon as it runs."


class Playground:
    """``async with Playground(folder, port=8090) as playground`` runs it; `failed` tells when it cannot go on.

    `only` names networks with commas between; all there are where empty. A port that is taken, or 0, gives way to
    a free one; `faq` is the sample unless named; `matcher` as in the bot's settings; `desk` names a helpdesk to run
    beside, the built-in one where empty. Raises `PlaygroundError`.
    """

    def __init__(  # noqa: PLR0913 - a command's options
        self,
        folder: Path,
        *,
        port: int,
        chat_port: int,
        only: str = "",
        faq: Path | None = None,
        matcher: str = "default",
        desk: str = "",
    ) -> None:
        self._folder = Folder(folder)
        self._wanted_ports = (port, chat_port)
        self._only = only
        self._faq = faq
        self._matcher = matcher
        self._wanted_desk = desk
        self.desk: Helpdesk | None = None
        self._stack = AsyncExitStack()
        self.url = ""
        self.chat_url = ""
        self.networks: tuple[str, ...] = ()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._build(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _build(self, stack: AsyncExitStack) -> None:
        stack.callback(self._folder.release)
        await asyncio.to_thread(self._folder.take)
        control = secrets.token_urlsafe(24)
        simulators = await Simulators.launch(control, self._only, self._folder.simulators_log)
        stack.push_async_callback(simulators.end)
        if self._wanted_desk:
            desk = self.desk = await Helpdesk.launch(self._wanted_desk, self._folder.desk, self._folder.desk_log)
            stack.push_async_callback(desk.end)
        self.networks = tuple(simulators.connections)
        port, chat_port = map(free_port, self._wanted_ports)
        chat = f"http://127.0.0.1:{chat_port}"
        self.chat_url = f"{chat}/"
        page = f"http://127.0.0.1:{port}"
        self._folder.configure(
            simulators.connections, chat_port=chat_port, page=page, faq=self._faq, matcher=self._matcher,
            desk=self.desk.section if self.desk else None,
        )  # fmt: skip
        self._simulated = Networks(simulators.url, control)
        stack.push_async_callback(self._simulated.close)
        self._bot = BotProcess(self._folder.config, self._folder.bot_log)
        self._keep(stack, self._bot.run())
        await self._bot.first
        token = secrets.token_urlsafe(24)
        server = Server(self, token=token, port=port, chat=chat)
        stack.push_async_callback(server.close)
        await server.open()
        self.url = f"{page}/#{token}"
        self._keep(stack, self._watch(simulators.process, "The simulated networks", self._folder.simulators_log))
        if self.desk:
            self._keep(stack, self._watch(self.desk.process, self.desk.title, self._folder.desk_log))

    @staticmethod
    def _keep(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside us, and end it when the stack unwinds."""
        task = asyncio.create_task(work)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        stack.push_async_callback(end)

    async def _watch(self, process: asyncio.subprocess.Process, what: str, log: Path) -> None:
        """The networks keep everything in memory, and a desk has new keys: without them there is nothing to play on."""
        await process.wait()
        if not self.failed.done():
            self.failed.set_exception(PlaygroundError(f"{what} stopped; see {log}. Start it again."))

    # --- what the page shows and does (`server.Board`) ----------------------------------------------------------------

    async def state(self) -> dict[str, Any]:
        """Everything the page shows."""
        trouble = ""
        try:
            views = await self._simulated.views()
        except PlaygroundError as error:
            views, trouble = [], str(error)
        is_running = self._bot.state == "running"
        return {
            "networks": views,
            "simulators": trouble,
            "bot": {
                "state": self._bot.state,
                "chat_url": self.chat_url,
                "starts": self._bot.starts,
                "pid": self._bot.pid,
                "channels": await self._simulated.channels(self.chat_url) if is_running else {},
                "notice": self._bot.notice,
            },
            **await asyncio.to_thread(picture.read, self._folder.ledger),
            "pages": {"title": self.desk.title, **self.desk.pages} if self.desk else None,
        }

    async def act(self, network: str, act: str, arguments: dict[str, Any]) -> str:
        """Do something on a network."""
        return await self._simulated.act(network, act, arguments)

    async def order(self, name: str, arguments: dict[str, Any]) -> str:
        """Leave a command in the ledger, as the command line does; gives the bot's sentence."""
        wait_s = 3.0 if self._bot.state == "running" else 0.0
        state, said = await asyncio.to_thread(commands.submit, self._folder.ledger, name, arguments, wait_s=wait_s)
        if state == "failed":
            raise PlaygroundError(said)
        return said if state == "done" else _LATER

    def kill(self) -> None:
        """SIGKILL the bot; it stays down until `start`."""
        self._bot.kill()

    def start(self) -> None:
        """Start the bot again."""
        self._bot.start()
