"""Who may speak to the playground's server, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.bots.playground.stage import network, person, said

if TYPE_CHECKING:
    from tests.bots.playground.stage import Player

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_only_the_page_with_the_runs_token_may_ask(shared: Player) -> None:
    ana = person(await shared.state(), "Ana")
    words = {"person": ana, "place": ana, "text": "words of a stranger"}
    port = shared.url.rpartition(":")[2]

    async def status(method: str, path: str, **given: Any) -> int:
        return (await shared.ask(method, path, **given))[0]

    for method, path in (("GET", "state"), ("POST", "telegram/say"), ("POST", "bot/kill"), ("POST", "desk/reply")):
        body = {"json": words} if method == "POST" else {}
        assert await status(method, path, headers={"Authorization": ""}, **body) == 401
        assert await status(method, path, headers={"Authorization": "Bearer no"}, **body) == 401
        assert await status(method, path, headers={"Host": f"evil.example:{port}"}, **body) == 403
        assert await status(method, path, headers={"Origin": "http://evil.example"}, **body) == 403
        assert await status(method, path, headers={"Origin": "http://127.0.0.1:1"}, **body) == 403
    as_a_form_could = {"data": json.dumps(words), "headers": {"Content-Type": "text/plain"}}
    assert await status("POST", "telegram/say", **as_a_form_could) == 400
    assert await status("GET", "state", headers={"Host": f"localhost:{port}"}) == 200

    state = await shared.state()
    assert "words of a stranger" not in str(state["networks"])
    assert (state["bot"]["state"], state["bot"]["starts"]) == ("running", 1)

    async with shared.http.get(f"{shared.url}/", headers={"Host": f"evil.example:{port}"}) as page:
        assert page.status == 403
    async with shared.http.get(f"{shared.url}/static/..%2fserver.py") as page:
        assert page.status in {403, 404}
    async with shared.http.get(f"{shared.url}/") as page:
        assert page.status == 200
        assert "script-src 'self' http://127.0.0.1:" in page.headers["Content-Security-Policy"]
        assert shared.token not in await page.text()


async def test_what_cannot_be_done_is_answered_with_a_sentence(shared: Player) -> None:
    ana = person(await shared.state(), "Ana")
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("telegram/say", {"person": ana, "place": ana, "text": " "}, "empty"),
        ("telegram/say", {"person": "1", "place": ana, "text": "x"}, "nobody"),
        ("telegram/dance", {}, "no act"),
        ("myspace/say", {}, "no network"),
        ("desk/reply", {"number": "FL-9999", "text": "x"}, "FL-9999"),
        ("desk/reply", {"number": "FL-9999"}, "text is empty"),
        ("desk/reply", {"number": "FL-9999", "text": "x" * 20_001}, "at most 20000"),
        ("desk/close", {"number": "FL-1"}, "no 'close'"),
        ("bot/feed", {}, "killed"),
        ("approvals/send", {"id": "1"}, "id"),
        ("approvals/eat", {"id": 1}, "no 'eat'"),
    ]
    for path, body, words in refused:
        status, answer = await shared.ask("POST", path, json=body)
        assert status == 400, path
        assert words in answer["error"], answer
    status, answer = await shared.ask("GET", "nothing")
    assert status == 404
    assert answer["error"]


async def test_the_cast_speaks_english_and_discord_offers_what_the_bot_registered(shared: Player) -> None:
    state = await shared.state()
    commands = network(state, "discord")["commands"]
    assert {"ask", "claim", "help", "language", "status", "ticket"} <= {command["name"] for command in commands}
    assert all(command["description"] for command in commands)
    bram = person(state, "Bram", of="discord")
    place = next(place["id"] for place in network(state, "discord")["places"] if place["private_to"] == bram)

    def told(state: dict[str, Any]) -> list[str]:
        posts = (post for post in said(state, "", on="discord") if post["place"] == place)
        return [post["text"] for post in posts if "thinking" not in post["text"]]

    await shared.do("discord/slash", person=bram, place=place, command="help", text="")
    state = await shared.until(told)
    assert "Here is what I can do" in told(state)[-1]
