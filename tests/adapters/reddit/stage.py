"""A started Reddit adapter before the simulator: what its tests, and the contract of all channels, stand on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from adapters.base import IncomingMessage, Reply
from adapters.reddit import RedditAdapter, Settings, create
from simulators.reddit import RedditSimulator
from tests.adapters.ground import Ground, ran

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from markdown_it.token import Token

    from adapters.base import Button, ReplyTarget

BOT = "firstline_bot"
PASSWORD = "CANARY-pass-8Zq4"
SUB = "acme"


def settings(sim: RedditSimulator, **given: Any) -> Settings:
    quick = {"poll_interval_s": 0.02, "lookup_interval_s": 0.05, "request_timeout_s": 2, "max_backoff_s": 0.2}
    login = {"client_id": "client-id", "client_secret": "CANARY-secret-7", "username": BOT, "password": PASSWORD}
    place = {"reddit_url": sim.url, "oauth_url": sim.url, "file_hosts": [sim.url], "subreddits": [SUB]}
    return Settings.model_validate({**quick, **login, **place, **given})


def populate(sim: RedditSimulator, *, rights: Sequence[str] = ("posts", "mail")) -> None:
    """The bot, Ana and Bram who ask, Mila who moderates, and r/acme with a first submission of Bram's."""
    sim.add_client("client-id", "CANARY-secret-7")
    sim.add_user(BOT, password=PASSWORD)
    for name in ("ana", "bram", "mila"):
        sim.add_user(name)
    sim.add_subreddit(SUB)
    sim.add_moderator(SUB, "mila")
    if rights:
        sim.add_moderator(SUB, BOT, rights)


@dataclass
class Stage:
    sim: RedditSimulator
    adapter: RedditAdapter
    ground: Ground
    thread: str = ""  # a submission of Bram's, which was there before the bot
    inbox: list[IncomingMessage] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, messages: Sequence[IncomingMessage]) -> None:
        self.inbox.extend(messages)
        self.came.set()

    async def arrives(self, message_id: str, kind: str = "") -> IncomingMessage:
        """What the adapter delivered of a thing."""

        def found() -> list[IncomingMessage]:
            return [one for one in self.inbox if one.message_id == message_id and kind in ("", one.kind)]

        async with asyncio.timeout(10):
            while not found():
                self.came.clear()
                await self.came.wait()
        return found()[-1]

    async def comments(self, text: str, *, author: str = "ana", parent: str = "", **what: Any) -> IncomingMessage:
        """Somebody comments, by default under Bram's submission; what the adapter makes of it."""
        made = self.sim.comment(parent or self.thread, author, text, **what)
        return await self.arrives(made["name"])

    async def submits(
        self, title: str, text: str = "", *, author: str = "ana", flair: str = "", **what: Any
    ) -> IncomingMessage:
        made = self.sim.submit(SUB, author, title, text, flair=flair or None, **what)
        return await self.arrives(made["name"])

    async def writes(
        self, text: str, *, author: str = "ana", subject: str = "", conversation: str = ""
    ) -> IncomingMessage:
        """Somebody writes to the moderators."""
        if conversation:
            letter = self.sim.answer_modmail(conversation, author, text)
        else:
            conversation = self.sim.write_modmail(SUB, author, text, subject=subject)
            letter = next(one for one in self.sim.conversations() if one.id == conversation).messages[0].id
        return await self.arrives(f"{conversation}/{letter}")

    async def rounds(self, number: int = 2) -> None:
        """Wait until the adapter has looked at everything so often again, from the inbox on."""
        path = "/message/unread"
        enough = len(self.sim.calls(path)) + number + 1
        async with asyncio.timeout(10):
            while len(self.sim.calls(path)) < enough:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    sim: RedditSimulator,
    *,
    ground: Ground | None = None,
    rights: Sequence[str] = ("posts", "mail"),
    is_new: bool = True,
    **given: Any,
) -> AsyncIterator[Stage]:
    """A started adapter that has had its first look; `is_new`: in a world made for it."""
    if is_new:
        populate(sim, rights=rights)
    ground = ground or Ground()
    adapter = create("reddit", settings(sim, **given), ground.surroundings())
    stage = Stage(sim=sim, adapter=adapter, ground=ground)
    if is_new:
        stage.thread = sim.submit(SUB, "bram", "What I think of Acme", "A lot.")["name"]
        sim.age(stage.thread, 3600)
    try:
        async with ran(adapter, stage.deliver):
            async with asyncio.timeout(10):
                while not any('"since":{"' in value for value in ground.state.values()):
                    await asyncio.sleep(0.01)
            yield stage
    finally:
        await adapter.close()


def reply_to(target: ReplyTarget, text: str, *, key: str = "reply-1", buttons: tuple[Button, ...] = ()) -> Reply:
    return Reply(key=key, target=target, text=text, buttons=buttons, visibility=target.visibility)


_READER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")


def seen(markdown: str) -> str:
    """What a reader sees of a text, footer taken away, by somebody else's reader of Markdown.

    Whatever is more than a paragraph, a line break, bold, code or a bare link is shown as <its name>.
    """
    tokens = _READER.parse(markdown.partition("\n\n---\n\n")[0])
    paragraphs = [_inline(token.children or []) for token in tokens if token.type == "inline"]
    strange = {token.type for token in tokens} - {"paragraph_open", "paragraph_close", "inline"}
    return "\n\n".join(paragraphs).replace("\N{NO-BREAK SPACE}", " ") + "".join(f"<{one}>" for one in sorted(strange))


_PLAIN = {"strong_open": "", "strong_close": "", "hardbreak": "\n", "softbreak": " "}


def _inline(tokens: Sequence[Token]) -> str:
    return "".join(
        token.content
        if token.type in {"text", "code_inline", "text_special"}
        else _PLAIN.get(token.type, "" if token.markup == "autolink" else f"<{token.type}>")
        for token in tokens
    )
