"""The one HTTP client of the desks, against a server that answers as it is told."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import traceback
from collections import deque
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import FormData, web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import ticket_client.client
from ticket_client.base import Ambiguous, AuthFailed, DeskError, NotFound, RateLimited, Rejected, Unavailable
from ticket_client.client import DeskClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WRITES = ("POST", "PUT", "PATCH", "DELETE")
KEY, WORDS = "s3cr3t-key", "my-own-words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One answer. `stalls_s` passes after the headers, `lost` cuts the connection instead of answering."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    stalls_s: float = 0.0
    is_lost: bool = False


@dataclass(kw_only=True)
class Server:
    """Answers with what is in `says`, then with ``{}``; notes method, path, headers and body of each request."""

    url: str = ""
    says: deque[Say] = field(default_factory=deque)
    calls: list[tuple[str, str]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def next(self, *says: Say | int) -> None:
        self.says.extend(Say(status=say) if isinstance(say, int) else say for say in says)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.calls.append((request.method, request.path_qs))
        self.headers.append(request.headers)
        self.bodies.append(await request.read())
        say = self.says.popleft() if self.says else Say()
        if say.is_lost:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        answer = web.StreamResponse(status=say.status, headers={"Content-Type": "application/json", **say.headers})
        answer.content_length = len(say.body)
        await answer.prepare(request)
        await asyncio.sleep(say.stalls_s)
        await answer.write(say.body)
        return answer


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    runner = web.ServerRunner(web.Server(server.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A new one."""
    async with serving() as server:
        yield server


@asynccontextmanager
async def calling(url: str, **more: Any) -> AsyncIterator[DeskClient]:
    client = DeskClient(
        url, headers={"Authorization": f"Bearer {KEY}"}, name="Deskly", secrets=(KEY,), **{"timeout_s": 2.0, **more}
    )
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[DeskClient]:
    """Of that server."""
    async with calling(server.url) as client:
        yield client


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_client.client, "_READ_AGAIN_S", 0.005)
    monkeypatch.setattr(ticket_client.client, "_REST_FIRST_S", 0.2)


async def ask(client: DeskClient, method: str, path: str = "/tickets") -> Any:
    return await (client.get(path) if method == "GET" else client.send(method, path, json={"a": 1}))


# --- what is sent and what comes back -------------------------------------------------------------------------------


async def test_a_request_carries_the_key_the_bytes_and_the_parameters(server: Server, client: DeskClient) -> None:
    server.next(Say(status=201, body='{"id": 7, "name": "Ж"}'.encode()))
    text = '{"b":1, "a":"Ж 😡"}'
    assert await client.send("POST", "/tickets", text=text, headers={"Idempotency-Key": "k"}) == {"id": 7, "name": "Ж"}
    assert server.bodies == [text.encode()]
    assert server.headers[0]["Content-Type"] == "application/json"
    assert server.headers[0]["Idempotency-Key"] == "k"
    await client.get("/tickets", {"query": "a b&c=d/é"})
    assert server.calls == [("POST", "/api/tickets"), ("GET", "/api/tickets?query=a+b%26c%3Dd/%C3%A9")]
    assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    assert "Content-Type" not in server.headers[1]


async def test_json_forms_and_plain_bytes_are_sent(server: Server, client: DeskClient) -> None:
    await client.send("PUT", "/a", json={"words": "Ж"})
    form = FormData()
    form.add_field("attachments[]", b"\x00\xff", filename="a.png", content_type="image/png")
    await client.send("POST", "/b", form=form)
    await client.send("POST", "/c", content=b"\x00\xff", headers={"Content-Type": "image/png"})
    assert json.loads(server.bodies[0]) == {"words": "Ж"}
    assert b'name="attachments[]"; filename="a.png"' in server.bodies[1]
    assert server.headers[1]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert (server.bodies[2], server.headers[2]["Content-Type"]) == (b"\x00\xff", "image/png")


async def test_an_answer_has_status_headers_and_the_servers_clock(server: Server, client: DeskClient) -> None:
    server.next(Say(status=201, headers={"Location": "/t/1", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, body=b""))
    answer = await client.answer("POST", "/tickets", json={})
    assert (answer.status, answer.headers["location"], answer.data) == (201, "/t/1", None)
    assert answer.at == datetime(2026, 11, 22, 12, tzinfo=UTC)
    server.next(Say(headers={"Date": "yesterday"}))
    assert (await client.answer("GET", "/")).at is None


async def test_no_cookie_is_kept(server: Server) -> None:
    server.next(Say(headers={"Set-Cookie": "session=1; Path=/"}))
    async with calling(server.url.replace("127.0.0.1", "localhost")) as client:  # of a number no cookie is kept anyway
        await client.get("/a")
        await client.get("/a")
    assert "Cookie" not in server.headers[1]


async def test_it_closes_twice_and_opens_again(server: Server, client: DeskClient) -> None:
    await client.get("/a")
    await client.close()
    await client.close()
    await client.get("/a")
    assert len(server.calls) == 2


# --- what a status says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", *WRITES])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, AuthFailed),
        (403, AuthFailed),
        (404, NotFound),
        (405, Rejected),
        (409, Rejected),
        (410, NotFound),
        (413, Rejected),
        (422, Rejected),
        (429, RateLimited),
    ],
)
async def test_a_refusal_is_not_applied_and_never_repeated(
    server: Server, client: DeskClient, method: str, status: int, error: type[DeskError]
) -> None:
    server.next(Say(status=status, body=f'{{"message": "{WORDS}"}}'.encode()))
    with pytest.raises(error) as raised:
        await ask(client, method)
    assert type(raised.value) is error
    assert f"{method} /tickets" in str(raised.value)
    assert WORDS not in str(raised.value)
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [500, 502, 504, 520])
async def test_a_broken_server_may_have_applied_a_write(server: Server, client: DeskClient, status: int) -> None:
    for method in WRITES[:2]:
        server.next(status)
        with pytest.raises(Ambiguous, match=str(status)):
            await ask(client, method)
    assert [call[0] for call in server.calls] == ["POST", "PUT"]


async def test_503_has_applied_nothing_and_says_when_to_come_back(server: Server, client: DeskClient) -> None:
    server.next(Say(status=503, headers={"Retry-After": "7"}, body=b"<html>"), 503)
    with pytest.raises(Unavailable) as raised:
        await ask(client, "POST")
    assert raised.value.retry_after_s == 7
    with pytest.raises(Unavailable) as raised:
        await ask(client, "POST")
    assert raised.value.retry_after_s is None
    assert len(server.calls) == 2


@pytest.mark.parametrize("say", [Say(status=502), Say(status=503), Say(is_lost=True), Say(body=b"<html>hello")])
async def test_a_read_is_tried_three_times(server: Server, client: DeskClient, say: Say) -> None:
    server.next(say, say)
    assert await client.get("/tickets") == {}
    assert len(server.calls) == 3
    server.next(say, say, say)
    with pytest.raises(Unavailable):
        await client.get("/tickets")
    assert len(server.calls) == 6


@pytest.mark.parametrize("method", WRITES)
async def test_a_write_whose_answer_is_lost_is_sent_once(server: Server, client: DeskClient, method: str) -> None:
    await client.get("/")  # the connection is an old one
    server.next(Say(is_lost=True))
    with pytest.raises(Ambiguous, match=f"broke during {method} /tickets"):
        await ask(client, method)
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    "body", [b"<html>welcome", b'{"id": ', b"\xff\xfe", b"[" * 100_000], ids=["html", "half", "bytes", "deep"]
)
async def test_an_answer_that_is_no_json_leaves_a_write_unclear(
    server: Server, client: DeskClient, body: bytes
) -> None:
    server.next(Say(status=201, body=body))
    with pytest.raises(Ambiguous, match="Is the address right"):
        await ask(client, "POST")
    assert len(server.calls) == 1


@pytest.mark.parametrize("body", [b"", b" \r\n"])
async def test_no_content_is_none(server: Server, client: DeskClient, body: bytes) -> None:
    server.next(Say(status=200, body=body))
    assert await ask(client, "PUT") is None


async def test_an_answer_too_large_is_not_read_to_its_end(
    server: Server, client: DeskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_client.client, "_MAX_ANSWER_BYTES", 1000)
    server.next(Say(body=b'"' + b"x" * 998 + b'"'))
    assert len(await client.get("/a")) == 998
    server.next(*(Say(body=b'"' + b"x" * 999 + b'"') for _ in range(3)))
    with pytest.raises(Unavailable):
        await client.get("/a")
    server.next(Say(body=b'"' + b"x" * 5_000_000 + b'"'))
    with pytest.raises(Ambiguous):
        await ask(client, "POST")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(server: Server, client: DeskClient, method: str, status: int) -> None:
    async with serving() as elsewhere:
        server.next(Say(status=status, headers={"Location": f"{elsewhere.url}/x?token={KEY}&q={WORDS}"}))
        with pytest.raises(Unavailable, match="right address") as raised:
            await ask(client, method)
        assert elsewhere.url in str(raised.value)
        assert KEY not in str(raised.value)
        assert WORDS not in str(raised.value)
        assert elsewhere.calls == []
    assert len(server.calls) == 1


async def test_a_desk_words_its_own_refusals(server: Server) -> None:
    seen = []

    def refusal(status: int, answer: Any) -> DeskError | None:
        seen.append((status, answer))
        return Rejected(f"The field {answer['field']} is missing.") if status in {308, 422} else None

    async with calling(server.url, refusal=refusal) as client:
        said = b'{"field": "cf_key"}'
        server.next(Say(status=422, body=said), Say(status=308, body=said), Say(status=400, body=b"<html>"), 503, 502)
        for _ in range(2):
            with pytest.raises(Rejected, match="cf_key"):
                await ask(client, "POST")
        with pytest.raises(Rejected, match="refused POST"):
            await ask(client, "POST")
        with pytest.raises(Unavailable):
            await ask(client, "POST")
        with pytest.raises(Ambiguous):
            await ask(client, "POST")
    assert seen == [(422, {"field": "cf_key"}), (308, {"field": "cf_key"}), (400, None), (503, {})]


# --- time -----------------------------------------------------------------------------------------------------------


async def test_the_time_limit_holds_to_the_last_byte(server: Server) -> None:
    async with calling(server.url, timeout_s=0.1) as client:
        server.next(Say(stalls_s=1), Say(stalls_s=1), Say(stalls_s=1), Say(stalls_s=1))
        with pytest.raises(Ambiguous, match=r"within 0\.1 s"):
            await ask(client, "POST")
        with pytest.raises(Unavailable, match=r"within 0\.1 s"):
            await ask(client, "GET")
    assert [call[0] for call in server.calls] == ["POST", "GET", "GET", "GET"]


async def test_a_port_that_nobody_listens_on_has_applied_nothing() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with calling(f"http://127.0.0.1:{nobody.getsockname()[1]}") as client:
            for method in ("POST", "PUT", "GET"):
                with pytest.raises(Unavailable, match="cannot be reached"):
                    await ask(client, method)


async def test_an_old_connection_that_the_server_closed_is_not_taken_for_a_lost_answer(
    server: Server, client: DeskClient
) -> None:
    server.next(Say(headers={"Connection": "close"}))
    await client.get("/a")
    await ask(client, "POST")
    assert [call[0] for call in server.calls] == ["GET", "POST"]


# --- rest -----------------------------------------------------------------------------------------------------------


async def fail_five_times(server: Server, client: DeskClient, method: str = "POST") -> None:
    server.next(*[502] * 5)
    for _ in range(5):
        with pytest.raises(Ambiguous):
            await ask(client, method)


async def test_after_five_failures_nothing_is_sent_until_a_read_has_found_the_desk_back(
    server: Server, client: DeskClient
) -> None:
    await fail_five_times(server, client)
    for method in ("GET", "POST"):
        with pytest.raises(Unavailable, match="asked again later") as raised:
            await ask(client, method)
        assert raised.value.retry_after_s is not None
        assert 0 < raised.value.retry_after_s <= 0.26
    assert len(server.calls) == 5
    await asyncio.sleep(0.27)
    server.next(Say(status=404, body=b"<html>"))  # whatever it says, it speaks
    assert await asyncio.gather(*(ask(client, "POST") for _ in range(4))) == [{}] * 4
    assert server.calls[5:] == [("GET", "/api"), *[("POST", "/api/tickets")] * 4]
    await ask(client, "POST")
    assert server.calls[10:] == [("POST", "/api/tickets")]


async def test_a_desk_that_is_still_away_after_a_rest_is_given_a_longer_one_and_no_write(
    server: Server, client: DeskClient
) -> None:
    await fail_five_times(server, client)
    await asyncio.sleep(0.27)
    server.next(503)
    with pytest.raises(Unavailable):
        await ask(client, "POST")
    with pytest.raises(Unavailable) as raised:
        await ask(client, "POST")
    assert raised.value.retry_after_s is not None
    assert 0.27 < raised.value.retry_after_s <= 0.52
    assert server.calls[5:] == [("GET", "/api")]


async def test_a_desk_that_refuses_is_well(server: Server, client: DeskClient) -> None:
    server.next(*[502, 502, 502, 502, 422] * 3)
    for _ in range(3):
        for error in (*[Ambiguous] * 4, Rejected):
            with pytest.raises(error):
                await ask(client, "POST")
    assert len(server.calls) == 15


# --- the desk's own limits ------------------------------------------------------------------------------------------


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("say", "least_s", "most_s"),
    [
        (Say(status=429, headers={"Retry-After": "2"}), 1.9, 2),
        (Say(status=429, headers={"retry-after": "0.5"}), 0.4, 0.5),
        (Say(status=429, headers={"Retry-After": "999999"}), 3590, 3600),
        (Say(status=429), 29, 30),
        (Say(status=429, headers={"Retry-After": "soon"}), 29, 30),
        (Say(status=429, headers={"Retry-After": "-3"}), 29, 30),
        (Say(headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3"}), 2.9, 3),
        (Say(headers={"ratelimit-remaining": "0", "ratelimit-reset": "40"}), 39, 40),
        (Say(headers={"X-Rate-Limit-Remaining": "0", "ratelimit-reset": "40"}), 39, 40),
    ],
)
async def test_nothing_is_sent_before_the_time_that_the_desk_says(
    server: Server, client: DeskClient, say: Say, least_s: float, most_s: float
) -> None:
    server.next(say)
    if say.status == 429:
        with pytest.raises(RateLimited, match="429"):
            await ask(client, "POST")
    else:
        await ask(client, "POST")
    for method in ("GET", "POST"):
        with pytest.raises(RateLimited) as raised:
            await ask(client, method)
        assert least_s <= raised.value.retry_after_s <= most_s
    assert len(server.calls) == 1


@pytest.mark.parametrize("form", ["date", "unix time"])
async def test_a_time_of_day_is_understood(server: Server, client: DeskClient, form: str) -> None:
    at = in_seconds(10)
    value = format_datetime(at, usegmt=True) if form == "date" else str(at.timestamp())
    server.next(Say(status=429, headers={"Retry-After": value}))
    with pytest.raises(RateLimited) as raised:
        await ask(client, "GET")
    assert 8 <= raised.value.retry_after_s <= 10


async def test_calls_go_on_after_the_time_and_while_some_are_left(server: Server, client: DeskClient) -> None:
    server.next(Say(headers={"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "60"}))
    await ask(client, "POST")
    server.next(Say(status=429, headers={"Retry-After": "0.1"}))
    with pytest.raises(RateLimited) as raised:
        await ask(client, "POST")
    await asyncio.sleep(raised.value.retry_after_s + 0.01)
    assert await ask(client, "POST") == {}
    assert len(server.calls) == 3


async def test_a_limit_is_no_failure(server: Server, client: DeskClient) -> None:
    for _ in range(7):
        server.next(Say(status=429, headers={"Retry-After": "0.01"}))
        with pytest.raises(RateLimited):
            await ask(client, "POST")
        await asyncio.sleep(0.02)
    assert await ask(client, "POST") == {}


@example("nan")
@example("inf")
@example("-inf")
@example("1e400")
@example("Mon, 99 Nov 2026 99:00:00 GMT")
@example("Mon, 23 Nov 2026 08:00:00")
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_limit_says_the_wait_is_a_time(server: Server, value: str) -> None:
    async with calling(server.url) as client:
        server.next(Say(status=429, headers={"Retry-After": value, "X-RateLimit-Reset": value}))
        with pytest.raises(RateLimited) as raised:
            await ask(client, "POST")
        assert 0 < raised.value.retry_after_s <= 3600
        calls = len(server.calls)
        with pytest.raises(RateLimited):
            await ask(client, "POST")
        assert len(server.calls) == calls
    async with calling(server.url) as client:
        server.next(Say(headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": value}))
        assert await ask(client, "POST") == {}


# --- secrets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "say",
    [
        Say(status=400, body=json.dumps({"description": f"{KEY} {WORDS}"}).encode()),
        Say(status=401, body=KEY.encode()),
        Say(status=302, headers={"Location": f"https://{KEY}.example/{KEY}?{WORDS}#{KEY}"}),
        Say(status=302, headers={"Location": f"https://u:{KEY}@[bad"}),
        Say(status=429),
        Say(status=502, body=KEY.encode()),
        Say(status=503),
        Say(body=f"<html>{KEY} {WORDS}".encode()),
        Say(is_lost=True),
        Say(stalls_s=1),
    ],
    ids=lambda say: f"{say.status}{' lost' * say.is_lost}{' stalls' * bool(say.stalls_s)}",
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_error_and_no_log_line_shows_the_key_or_anybodys_words(
    server: Server, caplog: pytest.LogCaptureFixture, say: Say, method: str
) -> None:
    caplog.set_level(logging.DEBUG)
    async with calling(server.url, timeout_s=0.2) as client:
        server.next(say, say, say)
        with pytest.raises(DeskError) as raised:
            await client.answer(
                method,
                f"/tickets/{KEY}",
                params={"query": WORDS},
                json=None if method == "GET" else {"body": WORDS},
            )
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert KEY not in shown.replace(f"/tickets/{KEY}", "")
    assert WORDS not in shown
    assert KEY not in str(raised.value)
