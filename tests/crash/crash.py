"""The crash test: ``python -m tests.crash.crash --messages 2000 --kills 10 [--seed N]``.

The simulated Telegram and the real bot run as processes. While messages flow in, the bot is killed with kill -9 at
random moments and started again; then it is ended by SIGTERM, started once more, and drains. Then what the simulator
saw is held against the ledger. The same is done with the live chat.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash import audit, chat
from tests.crash.processes import BOT_ID, TOKEN, Firstline, Simulator
from tests.crash.traffic import Conversation, Line, Traffic, faq_yaml

if TYPE_CHECKING:
    from tests.crash.audit import Counts

_PUSH_EVERY_S = 0.04
_LIFE_S = (0.2, 1.6)
_STILLBORN = 5  # every fifth life ends before the bot says that it is running
_DRAIN_S = 180.0
_HANG_S = 30.0


async def crash(messages: int, kills: int, seed: int, folder: Path) -> Counts:
    """One whole run in an empty folder. Raises `AssertionError` with what is wrong."""
    traffic = Traffic(messages, seed)
    async with Simulator(folder / "telegram.log") as telegram, Firstline(folder) as bot:
        await set_the_scene(telegram, traffic)
        configure(bot, telegram, traffic)
        feeding = asyncio.create_task(feed(telegram, traffic, kills * 2.0 + 1))
        for number in range(kills):
            if number % _STILLBORN == _STILLBORN - 1:
                await bot.launch()
                await asyncio.sleep(traffic.random.uniform(0.1, 0.9))
            else:
                await bot.start()
                await asyncio.sleep(traffic.random.uniform(*_LIFE_S))
            await bot.kill()
            audit.note_cut_sends(bot)
        await bot.start()
        await _terminate_in_the_flow(bot, feeding)
        await feeding
        await bot.start()
        await audit.wait_until_drained(bot, _DRAIN_S)
        counts = await audit.compare(telegram, bot, traffic)
        await _ambiguous_numbers(telegram, bot, traffic, counts)
        counts.stop_s = max(counts.stop_s, await bot.stop())
    return counts


def configure(bot: Firstline, telegram: Simulator, traffic: Traffic) -> None:
    """Write what it reads when it starts."""
    where = f'path = "{bot.ledger}"' if isinstance(bot.ledger, Path) else f'url = "{bot.ledger}"'
    (bot.config.parent / "faq.yaml").write_text(faq_yaml(), encoding="utf-8")
    bot.config.write_text(
        f"""
data_dir = "data"
[faq]
path = "faq.yaml"
matcher = "lexical"
suggest_recall = 0.5
[ledger]
{where}
[web]
port = 0
[log]
level = "warning"
[channels.telegram]
token = "{TOKEN}"
api_base = "{telegram.url}/bot"
poll_timeout_s = 1
conflict_wait_s = 0.2
messages_per_second = 200
help_channels = [{", ".join(f'"{chat_id}"' for chat_id in traffic.groups)}]
""",
        encoding="utf-8",
    )


async def set_the_scene(telegram: Simulator, traffic: Traffic) -> None:
    """Make the bot's account, the people and the groups."""
    await telegram.do("add_bot", token=TOKEN, can_read_all_group_messages=True)
    await telegram.do_all([{"do": "add_user", "user_id": user, "language_code": "en"} for user in traffic.users])
    for chat_id, members in traffic.groups.items():
        await telegram.do("add_chat", title=f"Group {chat_id}", chat_id=chat_id, members=members)
        await telegram.do("set_member", chat_id=chat_id, user_id=BOT_ID, status="member", quietly=True)


async def feed(telegram: Simulator, traffic: Traffic, seconds: float) -> None:
    """Push all messages, spread over so many seconds."""
    order = list(traffic.in_random_order())
    ticks = max(1, int(seconds / _PUSH_EVERY_S))
    size = -(-len(order) // ticks)
    while order:
        now, order = order[:size], order[size:]
        for conversation, message in zip(now, await telegram.do_all([c.step() for c in now]), strict=True):
            next(line for line in conversation.written if not line.message_id).message_id = message["message_id"]
        await asyncio.sleep(_PUSH_EVERY_S)


async def _terminate_in_the_flow(bot: Firstline, feeding: asyncio.Task[None]) -> None:
    """SIGTERM while messages come in, or at least while replies go out: at most 10 s, and nothing is ambiguous."""
    if not feeding.done():
        await asyncio.sleep(0.3)
    seconds = await bot.stop()
    assert seconds <= audit.STOP_S, f"winding down took {seconds:.1f} s"
    cut = [row["id"] for row in audit.rows(bot, "SELECT id FROM outgoing WHERE state = 'sending'")]
    assert not cut, f"SIGTERM cut the sending of replies {cut}"
    assert audit.ambiguous_ids(bot) <= audit.cut_ids(bot), "SIGTERM made replies ambiguous"


async def _ambiguous_numbers(telegram: Simulator, bot: Firstline, traffic: Traffic, counts: Counts) -> None:
    """Two people whose ticket number was cut on its way: one writes again and hears it, one is helped by a person."""
    people = [Conversation(user_id=user, chat_id=user) for user in (7_000_000_001, 7_000_000_002)]
    for person in people:
        person.lines.append(Line(text=traffic.complaint(), expected=("ticket_opened", "nothing_matches")))
        await telegram.do("add_user", user_id=person.user_id, language_code="en")
        await telegram.do("arm", kind="hang_after", method="sendMessage", chat_id=person.chat_id, seconds=_HANG_S)
    await telegram.do_all([person.step() for person in people])
    for person in people:
        await telegram.do("wait_for_sent", wanted=1, chat_id=person.chat_id)
    await bot.kill()
    audit.note_cut_sends(bot)
    await bot.start()
    hears, is_helped = [await audit.ambiguous_number(bot, person.chat_id) for person in people]
    thanks = await telegram.do("write", user_id=people[0].user_id, text="thank you")
    assert thanks["message_id"]
    await telegram.do("wait_for_sent", wanted=3, chat_id=people[0].chat_id, timeout_s=20)
    said = [message["text"] for message in await telegram.do("sent", chat_id=people[0].chat_id)]
    assert hears.number in said[1], f"the next message was not answered with {hears.number}: {said}"
    await bot.command("ledger", "resend", str(is_helped.id))
    twice = await telegram.do("wait_for_sent", wanted=2, chat_id=people[1].chat_id, timeout_s=20)
    assert twice[0]["text"] == twice[1]["text"], "resend posts the same text"
    await audit.wait_until_drained(bot, 20)
    counts.numbers_told_again, counts.resent = 1, 1


def main() -> None:
    """Run and print the counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.crash", description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--chat-messages", type=int, default=200, help="the same over the live chat (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="an empty folder for the ledger and the log, kept afterwards")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        counts = asyncio.run(crash(options.messages, options.kills, options.seed, folder))
        sys.stdout.write(f"Telegram: nothing lost, nothing doubled.\n{counts}\n")
        if options.chat_messages:
            (folder / "chat").mkdir()
            seen = asyncio.run(chat.crash(options.chat_messages, options.kills, options.seed, folder / "chat"))
            sys.stdout.write(f"Live chat: nothing lost, nothing doubled, nothing ambiguous.\n{seen}\n")


if __name__ == "__main__":
    main()
