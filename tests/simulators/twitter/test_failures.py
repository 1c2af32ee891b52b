"""What goes wrong on X, and what the real tweepy makes of it."""

import asyncio
import json
import time

import aiohttp
import pytest
import tweepy  # type: ignore[import-untyped]  # it comes without types
from tweepy.asynchronous import AsyncClient  # type: ignore[import-untyped]  # it comes without types

from simulators.twitter import FaultKind, SimulatorError, TwitterSimulator, User

from .conftest import connected

_MENTIONS = "GET /2/users/:id/mentions"


async def test_429_says_when_to_come_back(sim: TwitterSimulator, client: AsyncClient, bot: User) -> None:
    sim.arm("too_many_requests", endpoint=_MENTIONS, seconds=90)
    with pytest.raises(tweepy.TooManyRequests) as caught:
        await client.get_users_mentions(bot.id, user_auth=True)
    assert 89 <= caught.value.reset_time - time.time() <= 91
    assert caught.value.response.headers["x-rate-limit-remaining"] == "0"
    assert (await client.get_users_mentions(bot.id, user_auth=True)).data is None


async def test_429_without_a_reset_makes_tweepy_hammer(sim: TwitterSimulator, bot: User) -> None:
    sim.arm("too_many_requests_bare")
    async with connected(sim) as client:
        with pytest.raises(tweepy.TooManyRequests) as caught:
            await client.get_users_mentions(bot.id, user_auth=True)
        assert caught.value.reset_time is None
    async with connected(sim, wait_on_rate_limit=True) as client:
        sim.arm("too_many_requests_bare", times=30)
        begun = time.monotonic()
        await client.get_users_mentions(bot.id)  # until the recursion ends in an error, if the 429s did not end before
        assert len(sim.calls(_MENTIONS)) == 1 + 31
        assert time.monotonic() - begun < 15  # half a second a call would be little
        sim.arm("too_many_requests_bare")
        with pytest.raises(AttributeError):  # signed calls: tweepy has lost their parameters at the second try
            await client.get_users_mentions(bot.id, user_auth=True)
    sim.arm("too_many_requests_bare", times=0)
    async with connected(sim) as client:
        for _ in range(3):
            with pytest.raises(tweepy.TooManyRequests):
                await client.get_me()
        sim.disarm()
        await client.get_me()


async def test_503_is_a_page_of_html_that_tweepy_cannot_read(
    sim: TwitterSimulator, client: AsyncClient, ana: User
) -> None:
    question = sim.mention(ana.id, "hi")["id"]
    for kind, posted in (("unavailable_before", 0), ("unavailable_after", 1)):
        sim.arm(kind)
        with pytest.raises(aiohttp.ContentTypeError):
            await client.create_tweet(text="Hello", in_reply_to_tweet_id=question)
        assert len(sim.sent()) == posted


@pytest.mark.parametrize("kind", [FaultKind.HANG_AFTER, FaultKind.CUT_AFTER])
async def test_an_answer_lost_after_the_post_leaves_one_post(
    sim: TwitterSimulator, bot: User, ana: User, kind: FaultKind
) -> None:
    question = sim.mention(ana.id, "hi")["id"]
    sim.arm(kind, http_method="POST", seconds=0.6)
    async with connected(sim, timeout_s=0.3) as client:
        with pytest.raises((TimeoutError, aiohttp.ClientError)):
            await client.create_tweet(text="Hello", in_reply_to_tweet_id=question)
        own = await client.get_users_tweets(bot.id, tweet_fields=["referenced_tweets"], user_auth=True)
    assert [post.text for post in own.data] == ["@ana Hello"]
    while (call := sim.calls("POST /2/tweets")[-1]).ended_at is None:
        await asyncio.sleep(0.01)
    assert len(sim.calls("POST /2/tweets")) == 1  # tweepy does not try again
    assert (call.applied, call.delivered, call.status) == (True, False, None)
    assert sim.open_calls(call.started_at) == [call]


@pytest.mark.parametrize("kind", [FaultKind.HANG_BEFORE, FaultKind.CUT_BEFORE])
async def test_a_call_lost_on_its_way_has_no_effect(sim: TwitterSimulator, ana: User, kind: FaultKind) -> None:
    question = sim.mention(ana.id, "hi")["id"]
    sim.arm(kind, seconds=0.6)
    async with connected(sim, timeout_s=0.3) as client:
        with pytest.raises((TimeoutError, aiohttp.ClientError)):
            await client.create_tweet(text="Hello", in_reply_to_tweet_id=question)
        while (call := sim.calls()[-1]).ended_at is None:
            await asyncio.sleep(0.01)
        assert (call.applied, sim.sent()) == (False, [])
        await client.create_tweet(text="Hello", in_reply_to_tweet_id=question)


async def test_a_slow_answer_still_comes(sim: TwitterSimulator, client: AsyncClient) -> None:
    sim.arm("hang_before", seconds=0.2)
    begun = time.monotonic()
    assert (await client.get_me()).data.username == "firstline_bot"
    assert time.monotonic() - begun >= 0.2


async def test_connections_are_refused_and_taken_again(sim: TwitterSimulator, client: AsyncClient) -> None:
    await client.get_me()
    await sim.go_offline()
    with pytest.raises(aiohttp.ClientError):  # on the connection that was open: cut
        await client.get_me()
    async with connected(sim) as another:
        with pytest.raises(aiohttp.ClientConnectorError):
            await another.get_me()
        await sim.go_online()
        await sim.go_online()
        assert (await another.get_me()).data.username == "firstline_bot"
        await sim.go_offline(0.1)
        await asyncio.sleep(0.3)
        assert (await another.get_me()).data.username == "firstline_bot"
        await sim.go_offline(60)  # and the end of the simulator ends that too


async def test_an_odd_date_spoils_the_whole_page_for_tweepy(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    sim.mention(ana.id, "hi")
    sim.arm("odd_dates", times=2)
    with pytest.raises(ValueError, match="does not match format"):
        await client.get_users_mentions(bot.id, tweet_fields=["created_at"], user_auth=True)
    client.return_type = dict
    (post,) = (await client.get_users_mentions(bot.id, tweet_fields=["created_at"], user_auth=True))["data"]
    assert len(post["created_at"]) == len("2026-11-01T12:00:00Z")


async def test_errors_as_wished(sim: TwitterSimulator, client: AsyncClient) -> None:
    sim.arm("error", endpoint="GET /2/users/me", code=403, title="Client Forbidden", detail="Not enrolled.")
    with pytest.raises(tweepy.Forbidden, match="Not enrolled"):
        await client.get_me()
    sim.arm("error")
    with pytest.raises(tweepy.TwitterServerError):
        await client.get_me()
    with pytest.raises(SimulatorError, match="no endpoint 'GET /me'"):
        sim.arm("error", endpoint="GET /me")
    with pytest.raises(ValueError, match="explode"):
        sim.arm("explode")
    sim.arm("odd_dates")
    sim.arm("error", times=0)
    sim.disarm("error")
    await client.get_me()
    assert [call.status for call in sim.calls()] == [403, 500, 200]


async def test_x_counts_calls_by_user_and_app(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    answer = await _headers(client, bot)
    assert (answer["x-rate-limit-limit"], answer["x-rate-limit-remaining"]) == ("300", "299")
    sim.set_rate_limits(per_quarter={_MENTIONS: 2})
    assert [(await _headers(client, bot))["x-rate-limit-remaining"] for _ in range(2)] == ["1", "0"]
    with pytest.raises(tweepy.TooManyRequests) as caught:
        await client.get_users_mentions(bot.id, user_auth=True)
    assert 890 <= caught.value.reset_time - time.time() <= 901
    await client.get_users_mentions(bot.id)  # the app has a window of its own
    await client.get_me()  # as has every endpoint
    sim.advance(15 * 60 + 1)
    await client.get_users_mentions(bot.id, user_auth=True)
    sim.set_rate_limits(is_on=False)
    for _ in range(3):
        await client.get_users_mentions(bot.id, user_auth=True)
    sim.dm(ana.id, "hi")
    sim.set_rate_limits()
    for _ in range(15):
        await client.get_direct_message_events(user_auth=True)
    with pytest.raises(tweepy.TooManyRequests):
        await client.get_direct_message_events(user_auth=True)


async def test_x_counts_posts_by_the_day_too(sim: TwitterSimulator, client: AsyncClient) -> None:
    sim.set_rate_limits()
    for number in range(100):
        await client.create_tweet(text=f"Post {number}")
    with pytest.raises(tweepy.TooManyRequests) as caught:
        await client.create_tweet(text="One too many")
    headers = caught.value.response.headers
    assert (headers["x-rate-limit-limit"], headers["x-app-limit-24hour-limit"]) == ("100", "10000")
    assert headers["x-app-limit-24hour-remaining"] == "9899"
    assert len(sim.sent()) == 100


async def _headers(client: AsyncClient, bot: User) -> dict[str, str]:
    client.return_type = aiohttp.ClientResponse
    response = await client.get_users_mentions(bot.id, user_auth=True)
    client.return_type = tweepy.Response
    return dict(response.headers)


async def test_what_x_charges(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    question = sim.mention(ana.id, "hi")["id"]
    costs = []

    async def cost(awaitable: object) -> None:
        before = sim.usage().spent
        await awaitable  # type: ignore[misc]  # tweepy's coroutines are untyped
        costs.append(sim.usage().spent - before)
        assert sim.calls()[-1].cost == costs[-1]

    def mentions() -> object:
        return client.get_users_mentions(bot.id, expansions=["author_id"], user_auth=True)

    await cost(mentions())  # 1 for the mention, 10 for its author
    await cost(mentions())  # both were read today
    await cost(client.get_tweet(question))  # as a mention
    await cost(client.get_user(id=ana.id))
    await cost(client.create_tweet(text="Hello", in_reply_to_tweet_id=question))  # summoned
    await cost(client.create_tweet(text="News"))
    await cost(client.create_tweet(text="See example.com", in_reply_to_tweet_id=question))
    await cost(client.create_tweet(text="More", in_reply_to_tweet_id=sim.sent()[0].id))  # by nobody but itself
    sim.dm(ana.id, "hi")
    await cost(client.get_direct_message_events(user_auth=True))
    await cost(client.get_direct_message_events(user_auth=True))
    await cost(client.create_direct_message(participant_id=ana.id, text="Hi", user_auth=True))
    await cost(client.search_recent_tweets("News"))
    sim.advance(24 * 60 * 60)
    await cost(mentions())  # another UTC day
    assert costs == [11, 0, 0, 0, 10, 15, 200, 15, 10, 0, 10, 5, 11]
    usage = sim.usage()
    assert (usage.spent, usage.balance) == (sum(costs), None)
    assert usage.items["own_mention"] == 2


async def test_402_when_the_credits_are_gone(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    question = sim.mention(ana.id, "hi")["id"]
    sim.set_credits(12)
    await client.create_tweet(text="Hello", in_reply_to_tweet_id=question)
    await client.create_tweet(text="News")  # the last call may go below zero
    assert sim.usage().balance == 12 - 10 - 15
    for call in (client.create_tweet(text="More"), client.get_users_mentions(bot.id, user_auth=True)):
        with pytest.raises(tweepy.HTTPException, match="does not have any credits") as caught:
            await call
        assert type(caught.value) is tweepy.HTTPException  # no class of its own
        assert caught.value.response.status == 402
    sim.set_credits(None)
    await client.create_tweet(text="More")
    sim.arm("payment_required")
    with pytest.raises(tweepy.HTTPException, match="does not have any credits"):
        await client.create_tweet(text="Even more")


async def test_keys_and_accounts_are_taken_away(sim: TwitterSimulator, client: AsyncClient, bot: User) -> None:
    await client.get_me()
    sim.suspend(bot.id)
    with pytest.raises(tweepy.Forbidden, match="Your account is suspended"):
        await client.get_me()
    sim.suspend(bot.id, is_suspended=False)
    sim.revoke()
    with pytest.raises(tweepy.Unauthorized):
        await client.get_me()
    with pytest.raises(SimulatorError, match="0 bots"):
        sim.credentials()


async def test_bodies_that_are_wrong(sim: TwitterSimulator) -> None:
    headers = {"Authorization": f"Bearer {sim.credentials()['oauth2_token']}"}
    bodies = ["[]", "{", json.dumps({"text": 5}), json.dumps({"text": "x", "reply": {"in_reply_to_tweet_id": 5}})]
    async with aiohttp.ClientSession(headers=headers) as session:
        for body in bodies:
            async with session.post(f"{sim.url}/2/tweets", data=body) as response:
                assert response.status == 400
        async with session.get(f"{sim.url}/2/nothing") as response:
            assert response.status == 404
        async with session.get(f"{sim.url}/2/tweets") as response:
            assert response.status == 400
        async with session.get(f"{sim.url}/2/dm_conversations/with/x/dm_events") as response:
            assert response.status == 400
    assert sim.sent() == []
