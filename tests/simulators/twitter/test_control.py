"""Who may call, and the simulator as a process of its own, driven over HTTP."""

import asyncio
import json
import os
import sys
import time
from typing import Any

import aiohttp
import oauthlib.oauth1  # type: ignore[import-untyped]  # it comes without types
import pytest
import tweepy  # type: ignore[import-untyped]  # it comes without types
from hypothesis import given
from hypothesis import strategies as st
from tweepy.asynchronous import AsyncClient  # type: ignore[import-untyped]  # it comes without types
from yarl import URL

from simulators.twitter import SimulatorError, TwitterSimulator, User
from simulators.twitter.auth import Gate, new_app, new_bot, sign
from simulators.twitter.wire import ApiError

from .conftest import REAL, connected

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_ANA = User(id="17", name="Ana", username="ana", created_at=TwitterSimulator().world.now())


def test_the_signature_of_rfc_5849() -> None:
    """The example of X's own page on creating a signature."""
    pairs = [
        ("status", "Hello Ladies + Gentlemen, a signed OAuth request!"),
        ("include_entities", "true"),
        ("oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"),
        ("oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "1318622958"),
        ("oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"),
        ("oauth_version", "1.0"),
    ]
    keys = ("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw", "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE")
    url = "https://api.twitter.com/1.1/statuses/update.json"
    assert sign("post", url, pairs, keys) == "hCtSmYh+iHYCEqBWrE7C7hYmtUk="


@given(st.dictionaries(_TEXT.filter(bool), _TEXT, max_size=4), st.sampled_from(["GET", "POST"]))
def test_what_oauthlib_signs_is_accepted(query: dict[str, str], method: str) -> None:
    gate, bot, url, header = _signed(query, method)
    caller = gate.caller(method, url.raw_path_qs, header)
    assert (caller.bot, caller.method) == (bot, "OAuth 1.0a User Context")
    with pytest.raises(ApiError):  # the same once more: a nonce serves once
        gate.caller(method, url.raw_path_qs, header)


@pytest.mark.parametrize(
    "what", ["method", "path", "query", "signature", "scheme", "key", "algorithm", "nothing", "old"]
)
def test_what_was_changed_after_signing_is_not(what: str) -> None:
    old = str(int(time.time()) - 301) if what == "old" else None
    gate, _, url, header = _signed({"a": "1"}, "GET", timestamp=old)
    method, path = "GET", url.raw_path_qs
    if what == "method":
        method = "POST"
    elif what in {"path", "query"}:
        path = path.replace({"path": "/me", "query": "a=1"}[what], {"path": "/5", "query": "a=2"}[what])
    elif what == "key":
        gate.app.consumer_secret = "another"
    else:
        changed = {
            "signature": header.replace('oauth_signature="', 'oauth_signature="x'),
            "scheme": header.replace("OAuth ", "Basic "),
            "algorithm": header.replace("HMAC-SHA1", "PLAINTEXT"),
            "nothing": "",
        }
        header = changed.get(what, header)
    with pytest.raises(ApiError) as caught:
        gate.caller(method, path, header)
    assert caught.value.status == 401


def _signed(query: dict[str, str], method: str, timestamp: str | None = None) -> tuple[Gate, Any, URL, str]:
    gate, bot = Gate(new_app()), new_bot(_ANA)
    gate.bots[_ANA.id] = bot
    signer = oauthlib.oauth1.Client(
        gate.app.consumer_key,
        gate.app.consumer_secret,
        bot.access_token,
        bot.access_token_secret,
        timestamp=timestamp,
    )
    url, headers, _ = signer.sign(str(URL(f"{REAL}/2/users/me").with_query(query)), method)
    return gate, bot, URL(url, encoded=True), headers["Authorization"]


async def test_wrong_keys_are_401(sim: TwitterSimulator, bot: User) -> None:
    for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret", "bearer_token"):
        async with connected(sim) as client:
            setattr(client, name, "wrong")
            with pytest.raises(tweepy.Unauthorized):
                await client.get_user(id=bot.id, user_auth=name != "bearer_token")
    assert sim.calls() == []


async def test_app_only_calls_read_in_public(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    sim.mention(ana.id, "hi")
    assert len((await client.get_users_mentions(bot.id)).data) == 1
    with pytest.raises(tweepy.Forbidden, match="Application-Only is forbidden"):
        await client.create_tweet(text="Hello", user_auth=False)
    with pytest.raises(tweepy.Forbidden, match=r"OAuth 1\.0a User Context"):
        await client.get_direct_message_events(user_auth=False)
    assert sim.calls("GET /2/users/:id/mentions")[0].username == ""


def test_what_cannot_be_is_refused() -> None:
    sim = TwitterSimulator()
    with pytest.raises(SimulatorError, match="0 bots"):
        sim.credentials()
    sim.add_bot()
    with pytest.raises(SimulatorError, match="@Firstline_Bot already"):
        sim.add_user(username="Firstline_Bot")
    with pytest.raises(SimulatorError, match="no account 5"):
        sim.post("5", "hi")
    ana = sim.add_user("Ana")
    with pytest.raises(SimulatorError, match="no post 5"):
        sim.post(ana.id, "hi", reply_to="5")
    sim.add_bot("Another", username="another")
    with pytest.raises(SimulatorError, match="2 bots"):
        sim.mention(ana.id, "hi")
    assert sim.mention(ana.id, "hi", bot_id=sim.credentials(bot_id=_id(sim, "another"))["access_token"].split("-")[0])


def _id(sim: TwitterSimulator, username: str) -> str:
    user = sim.world.user_named(username)
    assert user is not None
    return user.id


async def test_another_process_is_driven_over_http() -> None:
    environment = os.environ | {"TWITTER_CONTROL_TOKEN": "secret"}
    arguments = ("-m", "simulators.twitter", "--bot", "helper", "--rate-limits")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    keys = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer secret"}) as session,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {keys['oauth2_token']}"}) as bot,
    ):

        async def control(name: str, status: int = 200, /, **arguments: Any) -> Any:
            async with session.post(f"{url}/control/{name}", json=arguments) as response:
                body = await response.json()
                assert response.status == status, body
                return body.get("result", body.get("error"))

        ana = await control("add_user", name="Ana")
        steps = [{"do": "mention", "user_id": ana["id"], "text": f"{number}"} for number in range(3)]
        posts = await control("batch", steps=steps)
        assert [post["text"] for post in posts] == [f"@helper {number}" for number in range(3)]
        body = {"text": "Hello", "reply": {"in_reply_to_tweet_id": posts[0]["id"]}}
        async with bot.post(f"{url}/2/tweets", json=body) as response:
            assert (response.status, response.headers["x-rate-limit-remaining"]) == (201, "99")
            assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        (sent,) = await control("wait_for_sent", wanted=1, timeout_s=2, reply_to=posts[0]["id"], kind="post")
        assert (sent["text"], sent["to"]) == ("Hello", ana["id"])
        (call,) = await control("calls", endpoint="POST /2/tweets")
        assert (call["delivered"], call["applied"], call["cost"]) == (True, True, 10)
        assert await control("open_calls", at=call["started_at"]) == [call]
        assert "0 of 1" in await control("wait_for_sent", 408, wanted=1, contains="never", timeout_s=0.05)
        await control("dm", user_id=ana["id"], text="hi")
        assert [message["text"] for message in await control("messages", user_id=ana["id"])] == ["hi"]
        assert len(await control("posts", user_id=ana["id"])) == 3
        assert (await control("usage"))["items"] == {"summoned_reply": 1}
        assert (await control("credentials")) == keys
        assert "no account 1" in await control("post", 400, user_id="1", text="x")
        assert "no control" in await control("__init__", 400)
        assert "no control" in await control("_bot", 400)
        async with session.get(f"{url}/control") as response:
            assert {"post", "dm", "arm", "add_bot", "wait_for_sent"} <= set(await response.json())
        for method, path in (("GET", "control"), ("POST", "control/add_user")):
            async with bot.request(method, f"{url}/{path}") as response:
                assert response.status == 401
        await control("go_offline", seconds=0.2)
        with pytest.raises(aiohttp.ClientError):
            await bot.get(f"{url}/2/users/me")
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_wait_ends_with_the_post_that_fits(sim: TwitterSimulator, client: AsyncClient, ana: User) -> None:
    question = sim.mention(ana.id, "hi")["id"]

    async def answer() -> None:
        for number in range(3):
            await client.create_tweet(text=f"Answer {number}", in_reply_to_tweet_id=question)

    task = asyncio.create_task(answer())
    found = await sim.wait_for_sent(lambda sent: sent.text.endswith("1"), to=ana.id)
    assert [sent.text for sent in found] == ["Answer 1"]
    assert len(await sim.wait_for_sent(3)) == 3
    await task


async def test_a_thousand_mentions_are_read_and_answered(sim: TwitterSimulator, bot: User, ana: User) -> None:
    headers = {"Authorization": f"Bearer {sim.credentials()['oauth2_token']}"}
    since = ""
    async with aiohttp.ClientSession(sim.url, headers=headers) as session:
        for block in range(10):
            for number in range(100):
                sim.mention(ana.id, f"{block * 100 + number}")
            query = {"max_results": "100"} | ({"since_id": since} if since else {})
            async with session.get(f"/2/users/{bot.id}/mentions", params=query) as response:
                page = await response.json()
            since = page["meta"]["newest_id"]
            for post in reversed(page["data"]):
                body = {"text": post["text"].split()[-1], "reply": {"in_reply_to_tweet_id": post["id"]}}
                async with session.post("/2/tweets", json=body) as response:
                    assert response.status == 201
    assert [sent.text for sent in sim.sent()] == [f"{number}" for number in range(1_000)]
