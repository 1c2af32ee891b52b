"""Files on the simulated networks: people attach them by the control, hosts serve them, and that goes wrong."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import pytest

from simulators.discord import DiscordSimulator
from simulators.reddit import RedditSimulator
from simulators.telegram import TelegramSimulator
from simulators.twitter import TwitterSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Simulator: TypeAlias = DiscordSimulator | RedditSimulator | TelegramSimulator | TwitterSimulator
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300
FILES = {"shot.png": base64.b64encode(PNG).decode()}
AGENT = {"User-Agent": "linux:firstline.tests:1 (by u/mila)"}  # Reddit serves no library
TOKEN = "110201543:simulated"


@pytest.fixture(params=[DiscordSimulator, RedditSimulator, TelegramSimulator, TwitterSimulator])
async def sim(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    async with request.param() as simulator:
        yield simulator


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=AGENT) as session:
        yield session


async def control(http: aiohttp.ClientSession, sim: Simulator, name: str, **arguments: Any) -> Any:
    async with http.post(sim.control_url + name, json=arguments) as response:
        body = await response.json()
        assert response.status == 200, body
        return body["result"]


async def uploaded(http: aiohttp.ClientSession, sim: Simulator) -> str:
    """Somebody attaches a picture; the address under which the bot is told that it is."""
    if isinstance(sim, TelegramSimulator):
        sim.add_bot(TOKEN)
        attachment = {"content_base64": FILES["shot.png"], "name": "shot.png", "mime_type": "image/png"}
        document = (await control(http, sim, "write", user_id=sim.add_user().id, attachment=attachment))["document"]
        async with http.get(f"{sim.base_url}{TOKEN}/getFile", params={"file_id": document["file_id"]}) as response:
            return f"{sim.base_file_url}{TOKEN}/{(await response.json())['result']['file_path']}"
    if isinstance(sim, DiscordSimulator):
        sim.add_bot()
        message = await control(http, sim, "write", user_id=sim.add_user("ana").id, files=FILES)
        assert message["attachments"][0]["content_type"] == "image/png"
        return str(message["attachments"][0]["url"])
    if isinstance(sim, TwitterSimulator):
        post = await control(http, sim, "post", user_id=sim.add_user().id, text="see", files=FILES)
        return f"{sim.url}/media/{sim.world.posts[post['id']].media[0].name}"
    sim.add_user("ana")
    sim.add_subreddit("acme")
    made = await control(http, sim, "submit", subreddit="acme", author="ana", title="see", files=FILES)
    return str(made["url"])


async def test_what_is_attached_is_served_as_it_is(sim: Simulator, http: aiohttp.ClientSession) -> None:
    address = await uploaded(http, sim)
    async with http.get(address) as response:
        assert await response.read() == PNG
    (path,) = await control(http, sim, "file_requests")
    assert path.endswith(".png")


@pytest.mark.parametrize(("fault", "status"), [("gone", 404), ("busy", 429), ("broken", 503), ("moved", 302)])
async def test_a_host_that_refuses(sim: Simulator, http: aiohttp.ClientSession, fault: str, status: int) -> None:
    address = await uploaded(http, sim)
    await control(http, sim, "break_files", kind=fault, times=2, location="http://127.0.0.1:9/elsewhere")
    for expected in (status, status, 200):
        async with http.get(address, allow_redirects=False) as response:
            assert response.status == expected
            assert (response.headers.get("Location") == "http://127.0.0.1:9/elsewhere") is (expected == 302)


async def test_a_file_that_ends_too_early(sim: Simulator, http: aiohttp.ClientSession) -> None:
    address = await uploaded(http, sim)
    await control(http, sim, "break_files", kind="cut")
    async with http.get(address) as response:
        assert response.content_length == len(PNG)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_file_that_does_not_end(sim: Simulator, http: aiohttp.ClientSession) -> None:
    address = await uploaded(http, sim)
    await control(http, sim, "break_files", kind="endless")
    async with http.get(address) as response:
        assert response.content_length is None
        assert len(await response.content.readexactly(20 * len(PNG))) == 20 * len(PNG)


async def test_a_file_that_comes_packed_or_slowly(sim: Simulator, http: aiohttp.ClientSession) -> None:
    address = await uploaded(http, sim)
    await control(http, sim, "break_files", kind="packed")
    async with http.get(address, headers={"Accept-Encoding": "identity"}, auto_decompress=False) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert (await response.read()).startswith(b"\x1f\x8b")
    await control(http, sim, "break_files", kind="slow")
    async with http.get(address) as response:
        assert await response.content.readexactly(2) == PNG[:2]


async def test_a_fault_that_there_is_not(sim: Simulator, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{sim.control_url}break_files", json={"kind": "rot"}) as response:
        assert response.status == 400
