"""A ticket goes from Telegram to the live chat and home again, by a code that never rests on the disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aiohttp

from bots import claims
from bots.ledger.people import linked
from bots.pipeline.state import Identity
from simulators.telegram import TelegramSimulator
from tests.adapters.webchat.stage import Client
from tests.scenarios.stage import TOKEN, Stage, person
from tests.scenarios.test_telegram import command

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MATTER = "the moon fell on my ledger and now my cat owns everything"
_CODE = re.compile(r"claim ([0-9A-Z-]{30})\.")


async def hears(visitor: Client, *parts: str) -> str:
    """The next line that is not the visitor's own."""
    while (line := (await visitor.next("line"))["line"])["author"] == "user":
        pass
    text = "".join(run["text"] for run in line["runs"])
    for part in parts:
        assert part in text, f"{part!r} is not in {text!r}"
    return text


def on_disk(folder: Path, words: str) -> list[str]:
    """Files of the bot in which these words stand, in whatever page."""
    return [file.name for file in folder.rglob("*") if file.is_file() and words.encode() in file.read_bytes()]


async def test_a_code_from_telegram_works_once_in_the_live_chat_and_rests_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with TelegramSimulator() as sim, aiohttp.ClientSession() as session:
        sim.add_bot(TOKEN)
        stage = Stage(sim, tmp_path)
        ann = person(sim, "Ann")
        group = stage.group("Help", ann)
        async with stage.running() as bot:
            sim.write(ann.id, f"@firstline_bot {MATTER}", chat_id=group.id)
            await stage.reads(group.id, "FL-1001")
            sim.write(ann.id, "/claim", chat_id=group.id)
            await stage.reads(group.id, "no place for such a code")
            sim.write(ann.id, "/claim")
            told = await stage.reads(ann.id, "write this to me there, in private")
            found = _CODE.search(told["text"])
            assert found is not None
            code = found[1]
            await stage.settled()

            url, origin = f"{bot.outline.url}/chat/socket", {"Origin": bot.outline.url}
            async with (
                session.ws_connect(url, headers=origin) as theirs,
                session.ws_connect(url, headers=origin) as strangers,
            ):
                visitor, thief = await Client(theirs).hello(), await Client(strangers).hello()
                await visitor.say("FL-1001")
                await hears(visitor, "only tell you about your own tickets")
                await visitor.say(f"my ticket: claim {claims.new_code()}")
                await hears(visitor, "This code opens nothing")
                await visitor.say(f"claim {code.lower().replace('-', ' ')}")
                await hears(visitor, "hear about ticket", "FL-1001", "here: we have it")
                await thief.say(f"claim {code}")
                await hears(thief, "This code opens nothing")
                await command(stage, "tickets_reply", number="FL-1001", text="The cat signed it over.", agent="Mia")
                await hears(visitor, "News on your ticket", "The cat signed it over.")
                await visitor.say("and my sofa?")
                await hears(visitor, "Added to your ticket")
                assert code not in " ".join(entry.text for entry in stage.ticket("FL-1001").entries)

                sim.write(ann.id, "unlink")
                await stage.reads(ann.id, "separate from every other one")
                assert linked(bot.ledger.reader, Identity("telegram", TOKEN.partition(":")[0], str(ann.id))) == set()
                await command(stage, "tickets_resolve", number="FL-1001", agent="Mia")
                await stage.reads(ann.id, "FL-1001 is resolved")
                await stage.reads(ann.id, "How did we do")
                await stage.reads(group.id, "Ticket FL-1001 is solved. Thank you.")
                await visitor.say("status")
                assert "FL-1001" not in await hears(visitor)
        assert stage.report().failed == ()
        for written in (code, code.lower().replace("-", " "), code.replace("-", "")):
            assert on_disk(tmp_path.parent / "data", written) == on_disk(tmp_path, written) == []
            assert written not in caplog.text
        assert on_disk(tmp_path, claims.code_hash(code)) == ["firstline.db"], (
            "where it is looked for, it would be found"
        )
