"""The Reddit simulator on the wire: the fields of its objects, raw JSON, paths, log-in, the control, the process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yaml

from simulators.reddit import RedditSimulator

from .reddit_stage import BOT, USER_AGENT, stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FIELDS: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(
    Path(__file__).with_name("reddit_fields.yaml").read_text("utf-8")
)
CLIENT = aiohttp.encode_basic_auth("client", "secret")
LOGIN = {"grant_type": "password", "username": BOT, "password": "pass"}


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with stage() as simulator:
        yield simulator


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}) as session:
        yield session


async def logged_in(sim: RedditSimulator, http: aiohttp.ClientSession) -> dict[str, Any]:
    """Log in, let every later call of the session show the token, and return the answer."""
    async with http.post(f"{sim.url}/api/v1/access_token", data=LOGIN, headers={"Authorization": CLIENT}) as response:
        answer: dict[str, Any] = await response.json()
    http.headers["Authorization"] = f"bearer {answer['access_token']}"
    return answer


async def got(sim: RedditSimulator, http: aiohttp.ClientSession, path: str, status: int = 200) -> Any:
    async with http.get(sim.url + path) as response:
        assert response.status == status, await response.text()
        return await response.json()


# --- objects --------------------------------------------------------------------------------------------------------


def check_fields(kind: str, found: dict[str, Any]) -> None:
    """Hold an object to what PRAW's recordings hold: no field is missing, none is invented, each is of a known kind."""
    always, sometimes = FIELDS[kind]["always"], FIELDS[kind]["sometimes"]
    assert always.keys() - found.keys() == set()
    assert found.keys() - always.keys() - sometimes.keys() == set()
    for name, value in found.items():
        assert _kind(value) in (always | sometimes)[name].split(" or "), f"{kind}.{name}: {value!r}"


def _kind(value: object) -> str:
    kinds = ((bool, "bool"), (int | float, "number"), (str, "text"), (list, "list"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


@pytest.mark.parametrize("is_moderator", [False, True])
async def test_every_object_has_the_fields_that_were_recorded(
    sim: RedditSimulator, http: aiohttp.ClientSession, *, is_moderator: bool
) -> None:
    if is_moderator:
        sim.add_moderator("acme", BOT)
    submission = sim.submit("acme", BOT, "Ask me", "Anything", flair="Support")
    bare = sim.submit("acme", "ana", "It broke")
    comment = sim.comment(submission["name"], "ana", "A question")
    edited = sim.comment(comment["name"], "bram", "Mine too")
    sim.edit(edited["name"], "Mine too!")
    sim.remove(bare["name"], "mila")
    check_fields("token", await logged_in(sim, http))
    check_fields("me", await got(sim, http, "/api/v1/me"))
    check_fields("t5", (await got(sim, http, "/r/acme/about"))["data"])
    ids = ",".join(one["name"] for one in (submission, bare, comment, edited))
    for path in ("/r/acme/new", "/r/acme/comments", f"/api/info?id={ids}", f"/user/{BOT}/submitted"):
        listing = await got(sim, http, path)
        check_fields("Listing", listing["data"])
        assert len(listing["data"]["children"]) >= 1
        for child in listing["data"]["children"]:
            check_fields(child["kind"], child["data"])
    thread, comments = await got(sim, http, f"/comments/{submission['id']}")
    check_fields("t3", thread["data"]["children"][0]["data"])
    top = comments["data"]["children"][0]["data"]
    check_fields("t1", top)
    check_fields("t1", top["replies"]["data"]["children"][0]["data"])
    inbox = await got(sim, http, "/message/unread")
    check_fields("t1_inbox", inbox["data"]["children"][0]["data"])
    assert inbox["data"]["dist"] == 1


async def test_modmail_has_the_fields_that_were_recorded(sim: RedditSimulator, http: aiohttp.ClientSession) -> None:
    sim.add_moderator("acme", BOT, ["mail"])
    first = sim.write_modmail("acme", "ana", "It broke")
    sim.write_modmail("acme", "ana", "Still broken")
    sim.answer_modmail(first, "mila", "Oh", is_internal=True)
    sim.write_modmail("acme", "mila", "Among ourselves")
    await logged_in(sim, http)
    listing = await got(sim, http, "/api/mod/conversations")
    check_fields("modmail_listing", listing)
    assert listing["conversationIds"] == list(listing["conversations"])
    for one in listing["conversations"].values():
        check_fields("conversation", one)
        assert len(one["objIds"]) == 1
    answer = await got(sim, http, f"/api/mod/conversations/{first}")
    check_fields("modmail_answer", answer)
    check_fields("modmail_user", answer["user"])
    check_fields("participant", answer["conversation"]["participant"])
    assert len(answer["messages"]) == 2
    for message in answer["messages"].values():
        check_fields("modmail_message", message)
        check_fields("participant", message["author"])


# --- the protocol ---------------------------------------------------------------------------------------------------


async def test_without_raw_json_texts_are_escaped(sim: RedditSimulator, http: aiohttp.ClientSession) -> None:
    sim.submit("acme", "ana", "Fish & <chips>")
    await logged_in(sim, http)
    titles = [
        (await got(sim, http, f"/r/acme/new{query}"))["data"]["children"][0]["data"]["title"]
        for query in ("", "?raw_json=1", "?raw_json=0")
    ]
    assert titles == ["Fish &amp; &lt;chips&gt;", "Fish & <chips>", "Fish &amp; &lt;chips&gt;"]


async def test_paths_may_end_with_a_slash_and_unknown_ones_are_not_found(
    sim: RedditSimulator, http: aiohttp.ClientSession
) -> None:
    await logged_in(sim, http)
    for path in (
        "/r/acme/comments",
        "/r/acme/comments/",
        "/message/unread/",
        "/api/v1/me",
        "/r/ACME/about/moderators/",
    ):
        await got(sim, http, path)
    for path in ("/", "/r/acme/fireworks", "/user/nobody/about", "/comments/zzzzz", "/user/ana/fireworks"):
        assert await got(sim, http, path, 404) == {"message": "Not Found", "error": 404}
    one, other = (sim.submit("acme", "ana", title) for title in ("It broke", "It works"))
    comment = sim.comment(one["name"], "bram", "Mine too")
    await got(sim, http, f"/comments/{one['id']}/_/{comment['id']}")
    await got(sim, http, f"/comments/{other['id']}/_/{comment['id']}", 404)
    assert {call.path for call in sim.calls("/r/acme/comments")} == {"/r/acme/comments"}


async def test_a_token_is_wanted_and_lives_as_long_as_it_says(http: aiohttp.ClientSession) -> None:
    async with stage(token_lifetime_s=0) as sim:
        async with http.get(f"{sim.url}/api/v1/me") as response:
            assert (response.status, await response.json()) == (401, {"message": "Unauthorized", "error": 401})
            assert response.headers["www-authenticate"] == 'Bearer realm="reddit", error="invalid_token"'
        assert (await logged_in(sim, http))["expires_in"] == 0
        await got(sim, http, "/api/v1/me", 401)


@pytest.mark.parametrize(
    ("login", "authorization", "answer"),
    [
        (LOGIN | {"password": "wrong"}, CLIENT, {"error": "invalid_grant"}),
        ({"grant_type": "magic"}, CLIENT, {"error": "unsupported_grant_type"}),
        (LOGIN, aiohttp.encode_basic_auth("client", "wrong"), {"message": "Unauthorized", "error": 401}),
        (LOGIN, "Basic %%%", {"message": "Unauthorized", "error": 401}),
        (LOGIN, "", {"message": "Unauthorized", "error": 401}),
        ({"grant_type": "refresh_token"}, CLIENT, {"message": "Bad Request", "error": 400}),
    ],
)
async def test_a_login_that_fails_says_so(
    sim: RedditSimulator, http: aiohttp.ClientSession, login: dict[str, str], authorization: str, answer: dict[str, Any]
) -> None:
    headers = {"Authorization": authorization}
    async with http.post(f"{sim.url}/api/v1/access_token", data=login, headers=headers) as response:
        assert await response.json() == answer
        assert response.status == (answer["error"] if "message" in answer else 200)


@pytest.mark.parametrize("agent", ["", "python-requests/2.32", "Python/3.11 aiohttp/3.14", "curl/8"])
async def test_a_program_must_say_its_own_name(sim: RedditSimulator, http: aiohttp.ClientSession, agent: str) -> None:
    skip = ["User-Agent"] if not agent else []
    headers = {"User-Agent": agent} if agent else {}
    async with (
        aiohttp.ClientSession(skip_auto_headers=skip, headers=headers) as stranger,
        stranger.get(f"{sim.url}/api/v1/me") as response,
    ):
        assert (response.status, response.content_type) == (429, "text/html")
        assert "pardner" in await response.text()


async def test_headers_of_the_rate_limit_are_as_reddits(sim: RedditSimulator, http: aiohttp.ClientSession) -> None:
    await logged_in(sim, http)
    async with http.get(f"{sim.url}/api/v1/me") as response:
        headers = {name: response.headers[f"x-ratelimit-{name}"] for name in ("remaining", "used", "reset")}
    assert headers == {"remaining": "996.0", "used": "4", "reset": "300"}


# --- the control ----------------------------------------------------------------------------------------------------


async def driven(http: aiohttp.ClientSession, sim_url: str, control: str, **arguments: Any) -> tuple[int, Any]:
    async with http.post(f"{sim_url}/control/{control}", json=arguments) as response:
        return response.status, await response.json()


async def test_the_control_speaks_http(sim: RedditSimulator, http: aiohttp.ClientSession) -> None:
    status, answer = await driven(http, sim.url, "submit", subreddit="acme", author="ana", title="It broke")
    assert (status, answer["result"]["title"]) == (200, "It broke")
    steps = [
        {"do": "comment", "parent": answer["result"]["name"], "author": "bram", "text": "Mine too"},
        {"do": "write_modmail", "subreddit": "acme", "author": "ana", "text": "It broke"},
    ]
    status, answer = await driven(http, sim.url, "batch", steps=steps)
    assert (status, answer["result"][0]["body"]) == (200, "Mine too")
    conversations = (await driven(http, sim.url, "conversations"))[1]["result"]
    assert [(one["participant"], one["subreddit"], one["unread_by"].keys()) for one in conversations] == [
        ("ana", "acme", {"mila"})
    ]
    assert await driven(http, sim.url, "wait_for_sent", wanted=1, timeout_s=0.01) == (
        408,
        {"error": "0 of 1 within 0.01 s"},
    )
    at = "2026-01-01T10:00:00+00:00"
    assert await driven(http, sim.url, "open_calls", at=at, path=None) == (200, {"result": []})
    calls = (await driven(http, sim.url, "calls"))[1]["result"]
    assert calls == []
    await got(sim, http, "/api/v1/me", 401)
    calls = (await driven(http, sim.url, "calls"))[1]["result"]
    assert [(call["path"], call["status"], call["ended_at"][-6:]) for call in calls] == [("/api/v1/me", 401, "+00:00")]
    for name, arguments in (
        ("fireworks", {}),
        ("_shown", {}),
        ("submit", {"subreddit": "acme"}),
        ("submit", {"subreddit": "nowhere", "author": "ana", "title": "x"}),
        ("arm", {"kind": "magic"}),
    ):
        assert (await driven(http, sim.url, name, **arguments))[0] == 400
    async with http.get(f"{sim.url}/control") as response:
        controls = await response.json()
    assert controls["lock"] == "Lock a submission or a comment, or unlock it."
    assert all(controls.values())


async def test_the_control_may_want_a_token(http: aiohttp.ClientSession) -> None:
    async with RedditSimulator(control_token="sesame") as sim:
        for said in ({}, {"Authorization": "Bearer sesam"}, {"Authorization": "sesame"}):
            async with http.post(f"{sim.url}/control/add_user", json={"name": "ana"}, headers=said) as response:
                assert response.status == 401
            async with http.get(f"{sim.url}/control", headers=said) as response:
                assert response.status == 401
        said = {"Authorization": "Bearer sesame"}
        async with http.post(f"{sim.url}/control/add_user", json={"name": "ana"}, headers=said) as response:
            assert (response.status, await response.json()) == (200, {"result": "ana"})


async def test_the_simulator_runs_as_a_process(http: aiohttp.ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.reddit", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    assert (await driven(http, url, "add_user", name="ana")) == (200, {"result": "ana"})
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0
