"""Limits and failures: buckets, the global limit, the ban, and answers that never come."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from simulators.discord import Channel, DiscordSimulator, Guild, User

from .conftest import Rest

MESSAGES = "/channels/{channel_id}/messages"


async def test_a_bucket_is_told_and_kept(sim: DiscordSimulator, rest: Rest, guild: Guild, place: Channel) -> None:
    sim.set_limits(bucket_size=2, bucket_s=0.3)
    other = sim.add_channel(guild.id, "other")

    async def say(channel_id: str) -> tuple[int, Any, Any]:
        return await rest.answer("POST", f"/channels/{channel_id}/messages", {"content": "x"})

    remaining = [(await say(place.id))[2]["X-RateLimit-Remaining"] for _ in range(2)]
    assert remaining == ["1", "0"]
    status, answer, headers = await say(place.id)
    assert (status, headers["Content-Type"], headers["Via"]) == (429, "application/json", "1.1 google")
    assert headers["X-RateLimit-Scope"] == "user"
    assert (answer["message"], answer["global"]) == ("You are being rate limited.", False)
    assert 0 < answer["retry_after"] <= 0.3
    status, _, elsewhere = await say(other.id)
    assert status == 200
    assert elsewhere["X-RateLimit-Bucket"] == headers["X-RateLimit-Bucket"]
    await asyncio.sleep(answer["retry_after"])
    assert (await say(place.id))[0] == 200
    assert (len(sim.sent()), sim.invalid_requests()) == (4, 1)


async def test_the_global_limit(sim: DiscordSimulator, rest: Rest, place: Channel) -> None:
    sim.set_limits(global_per_s=1)
    assert (await rest("GET", "/users/@me"))[0] == 200
    status, answer, headers = await rest.answer("GET", f"/channels/{place.id}")
    assert (status, answer["global"], headers["X-RateLimit-Scope"]) == (429, True, "global")
    assert headers["X-RateLimit-Global"] == "true"


async def test_a_shared_limit_is_nobodys_fault(sim: DiscordSimulator, rest: Rest) -> None:
    sim.arm("too_many_requests", scope="shared", seconds=7)
    status, answer, headers = await rest.answer("GET", "/users/@me")
    assert (status, answer["retry_after"], headers["X-RateLimit-Scope"]) == (429, 7, "shared")
    assert sim.invalid_requests() == 0


async def test_too_many_invalid_requests_end_in_a_ban(
    sim: DiscordSimulator, rest: Rest, place: Channel, ana: User
) -> None:
    sim.set_limits(bucket_size=100, invalid_limit=3)
    sim.take_permissions(rest.bot.user.id, place.id, ["send_messages"])
    assert (await rest.say(place.id, "x"))[0] == 403
    assert (await rest("GET", "/users/1"))[0] == 404  # does not count
    assert (await rest.say(place.id, "x"))[0] == 403
    assert (await rest("GET", "/users/@me"))[0] == 200
    assert (await rest.say(place.id, "x"))[0] == 403
    status, answer, headers = await rest.answer("GET", "/users/@me")
    assert (status, headers["Content-Type"].split(";")[0]) == (429, "text/html")
    assert "1015" in answer
    assert "Via" not in headers


async def test_failures_before_the_effect(sim: DiscordSimulator, rest: Rest, place: Channel) -> None:
    for kind, status in (("bad_gateway_before", 502), ("unavailable", 503), ("ban_page", 429)):
        sim.arm(kind, method="POST", route=MESSAGES)
        assert (await rest("GET", f"/channels/{place.id}"))[0] == 200
        got, answer, headers = await rest.answer("POST", f"/channels/{place.id}/messages", {"content": "x"})
        assert (got, headers["Content-Type"].split(";")[0]) == (status, "text/html")
        assert answer.startswith("<")
    sim.arm("error", status=403, code=50013, message="Missing Permissions")
    assert await rest.say(place.id, "x") == (403, {"message": "Missing Permissions", "code": 50013})
    sim.arm("cut_before", path=place.id)
    with pytest.raises(aiohttp.ClientError):
        await rest.say(place.id, "x")
    assert sim.sent() == []
    assert [call.status for call in sim.calls("POST", MESSAGES)] == [502, 503, 429, 403, None]
    assert not any(call.applied for call in sim.calls("POST", MESSAGES))


async def test_failures_after_the_effect(sim: DiscordSimulator, rest: Rest, place: Channel) -> None:
    sim.arm("bad_gateway_after", method="POST|PATCH")
    assert (await rest.say(place.id, "one"))[0] == 502
    sim.arm("cut_after", method="POST")
    with pytest.raises(aiohttp.ClientError):
        await rest.say(place.id, "two")
    assert [sent.text for sent in sim.sent()] == ["one", "two"]
    assert [(call.applied, call.status) for call in sim.calls("POST")] == [(True, 502), (True, None)]


async def test_slow_answers(sim: DiscordSimulator, rest: Rest, place: Channel) -> None:
    for kind, sent_at_once in (("slow_before", 0), ("slow_after", 1)):
        sim.arm(kind, method="POST", seconds=0.2)
        began = time.monotonic()
        saying = asyncio.create_task(rest.say(place.id, kind))
        await asyncio.sleep(0.1)
        assert len([sent for sent in sim.sent() if sent.text == kind]) == sent_at_once
        assert (await saying)[0] == 200
        assert time.monotonic() - began >= 0.2


async def test_a_failure_lasts_until_it_is_taken_back(sim: DiscordSimulator, rest: Rest) -> None:
    sim.arm("unavailable", times=-1, name="night")
    sim.arm("error", times=2)
    assert [(await rest("GET", "/users/@me"))[0] for _ in range(3)] == [503] * 3
    sim.disarm("night")
    assert [(await rest("GET", "/users/@me"))[0] for _ in range(3)] == [500, 500, 200]
    sim.arm("error")
    sim.disarm()
    assert (await rest("GET", "/users/@me"))[0] == 200


async def test_a_slow_call_does_not_outlive_the_simulator() -> None:
    async with aiohttp.ClientSession() as http:
        async with DiscordSimulator() as sim:
            rest = Rest(http, sim, sim.add_bot())
            sim.arm("slow_before", seconds=60)
            waiting = asyncio.create_task(rest("GET", "/users/@me"))
            await asyncio.sleep(0.05)
            began = time.monotonic()
        assert time.monotonic() - began < 5
        assert (await waiting)[0] == 200
