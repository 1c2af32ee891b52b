"""No character of markup keeps a reply from being posted, whatever it quotes, in whatever it stands, however long."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

from adapters.base import Reply
from adapters.markup import escape
from adapters.splitting import split
from simulators.discord import DiscordSimulator
from simulators.reddit import RedditSimulator
from simulators.telegram import TelegramSimulator
from simulators.twitter import TwitterSimulator
from tests.adapters.discord import stage as discord_stage
from tests.adapters.reddit import stage as reddit_stage
from tests.adapters.telegram import stage as telegram_stage
from tests.adapters.twitter import stage as twitter_stage

if TYPE_CHECKING:
    from adapters.base import ChannelAdapter, IncomingMessage

TEXTS = 25
_PIECES = [*"_*[]()~`>#+-=|{}.!\\<&@/:'\"\n", "**", "||", "```", "[a](b)", "<b>", "&lt;", "http://a.b/", "u/x", "@all"]
_PIECES += [
    "word",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u202e",
    "\u200f",
    "e\u0301",
    "\u200b",
    "\U0001f469\u200d\U0001f467",
    "  ",
    "1. ",
    "\t",
]


def texts(message: IncomingMessage, seed: int) -> list[str]:
    """Replies' markup: somebody's words alone, bold, as code, in a sentence, and as long as a message may be."""
    chance, made = random.Random(seed), []  # noqa: S311 - the same ones every time
    for number in range(TEXTS):
        words = escape("".join(chance.choices(_PIECES, k=chance.choice((3, 12, 60)))))
        markup = chance.choice(("{}", "**{}**", "`{}`", "You wrote: {} (**FL-1**)", "{0}\n{0}")).format(words)
        if number % 8 == 0:
            markup = f"{words} " * 1500
        target = message.reply_to
        made.append(f"{number} {split(f'{number}: {markup}', max_len=target.max_len - 4, unit=target.len_unit)[0]}")
    return made


async def answered(adapter: ChannelAdapter, message: IncomingMessage, seed: int) -> int:
    for number, text in enumerate(texts(message, seed)):
        reply = Reply(key=f"in:{number}:answer", target=message.reply_to, text=text, visibility=message.visibility)
        assert await adapter.send(reply)
    return TEXTS


async def telegram(seed: int) -> None:
    async with TelegramSimulator() as sim, telegram_stage.running(sim) as stage:
        assert await answered(stage.adapter, await stage.user_says("hello"), seed) == len(stage.posted())


async def discord(seed: int) -> None:
    async with DiscordSimulator() as sim, discord_stage.running(sim) as stage:
        assert await answered(stage.adapter, await stage.says("hello"), seed) == len(stage.posted())
        assert sim.schema_errors == []


async def twitter(seed: int) -> None:
    async with TwitterSimulator() as sim, twitter_stage.running(sim, daily_budget_usd=1000) as stage:
        assert await answered(stage.adapter, await stage.user_writes("hello"), seed) == len(stage.posted())


async def reddit(seed: int) -> None:
    async with RedditSimulator() as sim, reddit_stage.running(sim) as stage:
        message = await stage.comments(f"u/{reddit_stage.BOT} hello")
        assert await answered(stage.adapter, message, seed) == len(sim.sent())


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_a_reply_quotes_it_is_posted(seed: int) -> None:
    await asyncio.gather(telegram(seed), discord(seed), twitter(seed), reddit(seed))
