"""Armed failures, rate limits and the log, seen through the real python-telegram-bot."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from telegram import Bot
from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut

from simulators.telegram import TelegramSimulator, User

from .conftest import connected


@pytest.fixture
def chat_id(sim: TelegramSimulator, alice: User) -> int:
    sim.write(alice.id, "hi")
    return alice.id


async def test_429_for_one_chat_and_method_only(sim: TelegramSimulator, bot: Bot, chat_id: int) -> None:
    other = sim.add_user("Bob").id
    sim.write(other, "hi")
    sim.arm("too_many_requests", method="sendMessage", chat_id=chat_id, times=2, seconds=7)
    await bot.send_message(other, "passes")
    await bot.send_chat_action(chat_id, "typing")
    for _ in range(2):
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(chat_id, "held")
        assert refused.value.retry_after == timedelta(seconds=7)
    await bot.send_message(chat_id, "passes")
    assert [message.text for message in sim.sent()] == ["passes", "passes"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("bad_gateway_before", "Bad Gateway"),
        ("bad_gateway_after", "Bad Gateway"),
        ("cut_before", "httpx"),
        ("cut_after", "httpx"),
        ("error", "Internal Server Error"),
    ],
)
async def test_broken_answers_before_and_after_the_effect(
    sim: TelegramSimulator, bot: Bot, alice: User, kind: str, error: str
) -> None:
    chat_id, is_applied = alice.id, kind.endswith("_after")
    sim.write(alice.id, "hi")
    sim.arm(kind, method="sendMessage")
    with pytest.raises(NetworkError, match=error):
        await bot.send_message(chat_id, "perhaps")
    assert [message.text for message in sim.sent()] == (["perhaps"] if is_applied else [])
    (call,) = sim.calls("sendMessage")
    assert call.applied is is_applied
    assert call.delivered is not kind.startswith("cut")
    await bot.send_message(chat_id, "afterwards")


@pytest.mark.parametrize(("kind", "is_applied"), [("hang_before", False), ("hang_after", True)])
async def test_a_client_that_gives_up_while_the_server_hangs(
    sim: TelegramSimulator, chat_id: int, kind: str, *, is_applied: bool
) -> None:
    async with connected(sim, read_timeout_s=0.2) as bot:
        sim.arm(kind, method="sendMessage", seconds=0.6)
        with pytest.raises(TimedOut):
            await bot.send_message(chat_id, "hello?")
    moment = datetime.now(UTC)
    assert [call.method for call in sim.open_calls(moment)] == ["sendMessage"]
    await asyncio.sleep(0.6)
    (call,) = sim.calls("sendMessage")
    assert (call.applied, call.delivered) == (is_applied, False)
    assert len(sim.sent()) == int(is_applied)
    assert sim.open_calls(datetime.now(UTC)) == []
    assert sim.open_calls(datetime.now(UTC), margin_s=5.0) == [call]


async def test_a_patient_client_survives_a_hang_and_a_drip(sim: TelegramSimulator, bot: Bot, chat_id: int) -> None:
    for kind in ("hang_before", "hang_after", "drip"):
        sim.arm(kind, method="sendMessage", seconds=0.3)
        begun = time.monotonic()
        message = await bot.send_message(chat_id, kind)
        assert message.text == kind
        assert time.monotonic() - begun > 0.25
    assert [call.delivered for call in sim.calls("sendMessage")] == [True, True, True]


async def test_disarmed_failures_do_not_happen(sim: TelegramSimulator, bot: Bot, chat_id: int) -> None:
    sim.arm("cut_before", times=100)
    sim.disarm()
    await bot.send_message(chat_id, "safe")


async def test_a_chat_takes_a_burst_and_then_one_a_second(sim: TelegramSimulator, bot: Bot, chat_id: int) -> None:
    sim.set_rate_limits(chat_burst=2)
    for number in range(2):
        await bot.send_message(chat_id, f"{number}")
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(chat_id, "too much")
    assert refused.value.retry_after == timedelta(seconds=2)
    sim.set_rate_limits(is_on=False)
    await bot.send_message(chat_id, "free")


async def test_groups_and_all_chats_together_have_limits(sim: TelegramSimulator, bot: Bot) -> None:
    group = sim.add_chat("Help", members=[bot.id])
    sim.set_rate_limits(group_per_minute=20)
    for number in range(20):
        await bot.send_message(group.id, f"{number}")
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(group.id, "too much")
    assert isinstance(refused.value.retry_after, timedelta)
    assert refused.value.retry_after.total_seconds() > 50
    sim.set_rate_limits(overall_per_s=5)
    people = [sim.add_user(f"User {number}").id for number in range(10)]
    for person in people:
        sim.write(person, "hi")
    results = await asyncio.gather(*(bot.send_message(person, "hi") for person in people), return_exceptions=True)
    assert sum(isinstance(result, TelegramError) for result in results) == 5


async def test_waiting_for_what_the_bot_says(sim: TelegramSimulator, bot: Bot, chat_id: int) -> None:
    waiting = asyncio.create_task(sim.wait_for_sent(2, chat_id=chat_id))
    await bot.send_message(chat_id, "one")
    assert not waiting.done()
    await bot.send_message(chat_id, "two")
    assert [message.text for message in await waiting] == ["one", "two"]
    assert [message.number for message in await sim.wait_for_sent(lambda sent: sent.text == "two")] == [2]
    assert [message.text for message in await sim.wait_for_sent(1, contains="tw")] == ["two"]
    with pytest.raises(TimeoutError, match=r"2 of 3 messages sent within 0\.05 s"):
        await sim.wait_for_sent(3, 0.05)


async def test_the_last_updates_can_be_told_again_the_newest_first(sim: TelegramSimulator, bot: Bot) -> None:
    user = sim.add_user("Ana")
    for text in ("one", "two", "three"):
        sim.write(user.id, text)
    assert sim.repeat(2) == 2
    updates = await bot.get_updates()
    assert [update.message and update.message.text for update in updates] == ["one", "two", "three", "three", "two"]
    assert updates[2].update_id == updates[3].update_id
