"""The live chat's frames over real sockets: nothing lost, nothing doubled, nobody else's."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiohttp import ClientSession, ClientWSTimeout, WSMsgType, WSServerHandshakeError
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from pydantic import ValidationError

from adapters.base import Addressed, Button, Idempotency, Kind, Rejected, TranscriptLine, Visibility
from adapters.webchat import Settings
from adapters.webchat.frames import Said, Tapped, Visitor, clean, history, normalise, shown
from tests.adapters.webchat.stage import SECRET, Stage, reply_to, stage, target_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
VISITOR = Visitor(session="s1", language="nl", address="192.0.2.1")


def _signer(days_ago: int) -> type[TimestampSigner]:
    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time()) - days_ago * 86_400

    return Earlier


TWO = (Button(label="Yes", action="helped:yes"), Button(label="No", action="helped:no"))


async def test_a_message_is_delivered_before_it_is_acknowledged() -> None:
    async with stage() as chat:
        client = await chat.client(language="nl-BE")
        chat.gate.clear()
        message_id = await client.say("Where is my deposit?")
        assert await client.quiet_for(0.2)
        chat.gate.set()
        assert (await client.next("ack"))["id"] == message_id
        [message] = chat.inbox
        session = message.author.id
        assert message.dedupe_key == f"webchat:web:created:{session}:{message_id}"
        assert message.conversation_key == message.reply_to.place == f"webchat:{session}"
        assert (message.channel, message.account, message.message_id) == ("webchat", "web", message_id)
        assert (message.kind, message.text, message.language_hint) == (Kind.CREATED, "Where is my deposit?", "nl-BE")
        assert (message.visibility, message.addressed) == (Visibility.PRIVATE, Addressed.DIRECT)
        target = message.reply_to
        assert (target.buttons, target.can_private, target.max_len) == (True, True, 4000)
        assert target.idempotency is Idempotency.NONCE
        assert len(session) >= 22  # 128 bits in base 64


async def test_a_reply_reaches_every_tab_of_its_session_and_nobody_else() -> None:
    async with stage() as chat:
        first = await chat.client()
        second = await chat.client(first.welcome["token"])
        stranger = await chat.client()
        message_id = await first.say("hello")
        echo = await second.next("line")
        assert (echo["line"]["id"], echo["line"]["author"]) == (message_id, "user")
        await chat.post(reply_to(chat.inbox[0], "It **works**, see `x`", key="r1"))
        for tab in (first, second):
            line = (await tab.next("line"))["line"]
            assert (line["id"], line["author"]) == ("r1", "bot")
            assert line["runs"] == [
                {"kind": "plain", "text": "It "},
                {"kind": "bold", "text": "works"},
                {"kind": "plain", "text": ", see "},
                {"kind": "code", "text": "x"},
            ]
        assert await stranger.quiet_for(0.2)


async def test_a_reconnect_shows_what_was_said_and_answered() -> None:
    async with stage() as chat:
        client = await chat.client()
        message_id = await client.say("a **literal** question")
        await client.next("ack")
        await chat.post(reply_to(chat.inbox[0], "answer", key="r1"))
        await client.socket.close()
        again = await chat.client(client.welcome["token"])
        assert again.welcome["session"] == "known"
        assert [(line["id"], line["author"]) for line in again.welcome["lines"]] == [
            (message_id, "user"),
            ("r1", "bot"),
        ]
        assert again.welcome["lines"][0]["runs"] == [{"kind": "plain", "text": "a **literal** question"}]


async def test_a_reply_sent_but_not_yet_written_down_survives_a_reconnect_once() -> None:
    async with stage() as chat:
        client = await chat.client()
        await client.say("question")
        await client.next("ack")
        await client.socket.close()
        reply = reply_to(chat.inbox[0], "answer", key="r1", buttons=TWO)
        await chat.post(reply, write_down=False)
        before = await chat.client(client.welcome["token"])
        assert [line["id"] for line in before.welcome["lines"]][1:] == ["r1"]
        await before.tap("r1", "helped:yes")
        await before.next("ack")
        await chat.post(reply)
        after = await chat.client(client.welcome["token"])
        assert [line["id"] for line in after.welcome["lines"]][1:] == ["r1"]


async def test_the_same_message_sent_again_is_one() -> None:
    async with stage() as chat:
        first = await chat.client()
        second = await chat.client(first.welcome["token"])
        message_id = await first.say("once")
        await second.say("once", message_id=message_id)
        await first.next("ack")
        await second.next("ack")
        again = await chat.client(first.welcome["token"])
        await again.say("once", message_id=message_id)
        await again.next("ack")
        assert (chat.deliveries, [message.text for message in chat.inbox]) == (3, ["once"])


async def test_what_could_not_be_stored_is_not_acknowledged(caplog: pytest.LogCaptureFixture) -> None:
    async with stage() as chat:
        client = await chat.client()

        async def broken(_: object) -> None:
            raise RuntimeError("my secret words")

        await chat.stop()
        await asyncio.sleep(0)
        chat.running = asyncio.create_task(chat.adapter.run(broken))
        await asyncio.sleep(0)
        client = await chat.client(client.welcome["token"])
        await client.say("my secret words")
        assert (await client.socket.receive(timeout=5)).type is WSMsgType.CLOSE
        assert client.socket.close_code == 1011
        assert "RuntimeError" in caplog.text
        assert "secret" not in caplog.text


@pytest.mark.parametrize("token", ["", "forged", "InMxIg.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"])
async def test_a_forged_token_starts_a_new_session(token: str) -> None:
    async with stage() as chat:
        owner = await chat.client()
        await owner.say("mine")
        await owner.next("ack")
        client = await chat.client(token)
        assert client.welcome["session"] == ("replaced" if token else "new")
        assert client.welcome["lines"] == []
        await client.say("other")
        await client.next("ack")
        assert chat.inbox[0].author.id != chat.inbox[1].author.id


async def test_a_token_altered_or_old_or_of_another_section_is_not_taken() -> None:
    async with stage() as chat:
        token = (await chat.client()).welcome["token"]
        payload, rest = token.split(".", 1)
        altered = f"{payload[:-2]}{'AB' if payload[-2:] != 'AB' else 'CD'}.{rest}"
        assert (await chat.client(altered)).welcome["session"] == "replaced"
        session = chat.adapter._session(token)  # noqa: SLF001 - what the token says
        foreign = URLSafeTimedSerializer(SECRET, salt="webchat:other", signer_kwargs={"digest_method": hashlib.sha256})
        assert (await chat.client(str(foreign.dumps(session)))).welcome["session"] == "replaced"
        for days, outcome in ((181, "replaced"), (179, "known")):
            dated = URLSafeTimedSerializer(
                SECRET, salt="webchat:webchat", signer_kwargs={"digest_method": hashlib.sha256}, signer=_signer(days)
            )
            assert (await chat.client(str(dated.dumps(session)))).welcome["session"] == outcome
        assert (await chat.client(token)).welcome["session"] == "known"


async def test_tokens_and_words_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with stage() as chat:
        client = await chat.client()
        await client.say("these very private words")
        await client.next("ack")
        await chat.post(reply_to(chat.inbox[0], "equally private answer"))
        await client.next("line")
    assert client.welcome["token"] not in caplog.text
    assert "private" not in caplog.text


async def test_a_button_counts_once_and_only_where_it_was_offered() -> None:
    async with stage() as chat:
        client = await chat.client()
        second = await chat.client(client.welcome["token"])
        await client.say("question")
        await client.next("ack")
        await chat.post(reply_to(chat.inbox[0], "Did this help?", key="r1", buttons=TWO))
        for line, action in (("r1", "helped:maybe"), ("r2", "helped:no"), (chat.inbox[0].message_id, "helped:no")):
            tap_id = await client.tap(line, action)
            refused = await client.next("refused")
            assert (refused["id"], refused["reason"]) == (tap_id, "not_offered")
        await client.tap("r1", "helped:no")
        await client.next("ack")
        assert await second.next("chosen") == {"type": "chosen", "line": "r1", "action": "helped:no"}
        await second.tap("r1", "helped:yes")
        await second.next("ack")
        [_, tap] = chat.inbox
        assert (tap.kind, tap.action, tap.message_id, tap.text) == (Kind.ACTION, "helped:no", "r1", "No")


async def test_somebody_elses_buttons_are_not_offered() -> None:
    async with stage() as chat:
        owner, stranger = await chat.client(), await chat.client()
        await owner.say("question")
        await owner.next("ack")
        await chat.post(reply_to(chat.inbox[0], "Did this help?", key="r1", buttons=TWO))
        await stranger.tap("r1", "helped:no")
        assert (await stranger.next("refused"))["reason"] == "not_offered"


async def test_too_long_and_empty_are_refused_and_the_connection_stays() -> None:
    async with stage(Settings(max_chars=10)) as chat:
        client = await chat.client()
        await client.say("😀" * 11)
        assert (await client.next("refused")) == {
            "type": "refused",
            "reason": "too_long",
            "retry_after_s": 0,
            "id": client.frames[-1]["id"],
            "max_chars": 10,
        }
        await client.say(" \x00\n ")
        assert (await client.next("refused"))["reason"] == "empty"
        await client.say("😀" * 10)
        await client.next("ack")
        assert chat.inbox[0].text == "😀" * 10


async def test_the_longest_message_fits_the_frame_whatever_it_is_made_of() -> None:
    async with stage(Settings(max_chars=4000)) as chat:
        client = await chat.client()
        await client.socket.send_str(
            json.dumps({"type": "message", "id": uuid4().hex, "text": "😀" * 4000}, ensure_ascii=True)
        )
        await client.next("ack")
        assert len(chat.inbox[0].text) == 4000


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", 1008),
        ("[" * 5000, 1008),
        ('{"type": "message", "id": "short", "text": "x"}', 1008),
        ('{"type": "message", "id": "%s", "text": "\\ud800"}' % ("a" * 32), 1008),
        ('{"type": "hello", "token": null}', 1008),
        ("x" * 60_000, 1009),
        (b"{}", 1003),
    ],
)
async def test_what_is_no_frame_ends_the_connection(frame: str | bytes, code: int) -> None:
    async with stage() as chat:
        client = await chat.client()
        if isinstance(frame, bytes):
            await client.socket.send_bytes(frame)
        else:
            await client.socket.send_str(frame)
        while (await client.socket.receive(timeout=5)).type is WSMsgType.TEXT:
            pass
        assert client.socket.close_code == code
        assert chat.inbox == []


async def test_the_first_frame_must_be_hello() -> None:
    async with stage() as chat:
        socket = await chat.socket()
        await socket.send_json({"type": "ping"})
        await socket.receive(timeout=5)
        assert socket.close_code == 1008


async def test_writing_too_fast_is_told_with_the_time_to_wait() -> None:
    async with stage(Settings(messages_per_minute=3)) as chat:
        client = await chat.client()
        for number in range(3):
            await client.say(f"{number}")
            await client.next("ack")
        message_id = await client.say("one too many")
        refused = await client.next("refused")
        assert (refused["id"], refused["reason"]) == (message_id, "too_fast")
        assert 15 < refused["retry_after_s"] <= 20.1
        other = await chat.client()
        await other.say("hello")
        await other.next("ack")
        assert [message.text for message in chat.inbox] == ["0", "1", "2", "hello"]


async def test_an_address_shares_one_allowance() -> None:
    async with stage(Settings(messages_per_minute_per_address=2)) as chat:
        for _ in range(2):
            client = await chat.client()
            await client.say("hello")
            await client.next("ack")
        client = await chat.client()
        await client.say("hello")
        assert (await client.next("refused"))["reason"] == "too_fast"


async def test_new_sessions_of_an_address_are_limited_and_known_ones_are_not() -> None:
    async with stage(Settings(new_sessions_per_minute=1)) as chat:
        client = await chat.client()
        socket = await chat.socket()
        await socket.send_json({"type": "hello"})
        refused = await socket.receive_json(timeout=5)
        assert refused["reason"] == "too_many_sessions"
        assert refused["retry_after_s"] > 30
        await socket.receive(timeout=5)
        assert socket.close_code == 1013
        assert (await chat.client(client.welcome["token"])).welcome["session"] == "known"


async def test_forwarded_addresses_count_only_behind_a_trusted_proxy() -> None:
    for proxies, second_is_heard in (((), False), (("127.0.0.0/8",), True)):
        async with stage(Settings(messages_per_minute_per_address=1, trusted_proxies=proxies)) as chat:
            for address, heard in (("203.0.113.1", True), ("203.0.113.2", second_is_heard)):
                socket = await chat.socket(**{"X-Forwarded-For": f"198.51.100.9, {address}"})
                await socket.send_json({"type": "hello"})
                await socket.receive_json(timeout=5)
                await socket.send_json({"type": "message", "id": uuid4().hex, "text": "hello"})
                kind = (await socket.receive_json(timeout=5))["type"]
                assert kind == ("ack" if heard else "refused"), (proxies, address)


async def test_an_address_has_so_many_connections_and_gets_them_back() -> None:
    async with stage(Settings(max_connections_per_address=2)) as chat:
        first = await chat.client()
        await chat.client()
        with pytest.raises(WSServerHandshakeError) as refused:
            await chat.client()
        assert refused.value.status == 429
        await first.socket.close()
        await asyncio.sleep(0.05)
        await chat.client()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example", True),
        ("https://SHOP.example", True),
        ("https://shop.example.evil.example", False),
        ("http://shop.example", False),
        ("null", False),
        ("", False),
    ],
)
async def test_only_listed_sites_may_embed_it(origin: str, *, allowed: bool) -> None:
    async with stage(Settings(allowed_origins=("https://shop.example",))) as chat:
        if allowed:
            await chat.socket(Origin=origin)
            return
        with pytest.raises(WSServerHandshakeError) as refused:
            await chat.socket(Origin=origin)
        assert refused.value.status == 403


async def test_before_it_runs_clients_are_told_to_come_back() -> None:
    async with stage(started=False) as chat:
        with pytest.raises(WSServerHandshakeError) as refused:
            await chat.socket()
        assert refused.value.status == 503
        await chat.start()
        await chat.client()


async def test_a_stop_closes_the_sockets_and_a_start_takes_them_back() -> None:
    async with stage() as chat:
        client = await chat.client()
        silent = await chat.socket()
        sockets = (client.socket, silent)
        await asyncio.gather(chat.stop(), *(socket.receive(timeout=5) for socket in sockets))
        assert [socket.close_code for socket in sockets] == [1001, 1001]
        await chat.start()
        assert (await chat.client(client.welcome["token"])).welcome["session"] == "known"


async def test_a_client_that_does_not_read_is_cut_off_and_holds_up_nobody() -> None:
    async with stage() as chat, ClientSession(read_bufsize=1024) as slow_http:
        client = await chat.client()
        await client.say("question")
        await client.next("ack")
        deaf = await slow_http.ws_connect(
            f"{chat.url}/chat/socket", headers={"Origin": chat.url}, timeout=ClientWSTimeout(ws_close=0.1)
        )
        chat.sockets.append(deaf)
        await deaf.send_json({"type": "hello", "token": client.welcome["token"]})
        await client.socket.close()
        await asyncio.sleep(0.1)
        other = await chat.client()
        await other.say("I am here too")
        await other.next("ack")
        long_text = "😀" * 4000
        for number in range(2000):
            await asyncio.wait_for(chat.adapter.send(reply_to(chat.inbox[0], long_text, key=f"r{number}")), 1)
            if number % 20 == 0:
                await asyncio.sleep(0)
            if chat.adapter._open.total() == 1:  # noqa: SLF001 - cannot be seen from outside
                break
        await asyncio.wait_for(chat.adapter.send(reply_to(chat.inbox[1], "still served")), 1)
        assert (await other.next("line"))["line"]["runs"][0]["text"] == "still served"
        assert chat.adapter._open.total() == 1  # noqa: SLF001
        lines = (await chat.client(client.welcome["token"])).welcome["lines"]
        assert [line["id"] for line in lines[1:]] == [f"r{sent}" for sent in range(number + 1)]


async def test_a_reply_without_a_session_is_refused_for_good() -> None:
    async with stage() as chat:
        client = await chat.client()
        await client.say("x")
        await client.next("ack")
        [message] = chat.inbox
        reply = reply_to(message, "x")
        assert await chat.adapter.send(reply) == reply.key
        foreign = target_of("")
        with pytest.raises(Rejected):
            await chat.adapter.send(type(reply)(key="k", target=foreign, text="x", visibility=Visibility.PRIVATE))


async def test_what_the_bot_deletes_leaves_the_open_page() -> None:
    async with stage() as chat:
        client = await chat.client()
        message_id = await client.say("my seed phrase")
        await client.next("ack")
        assert await chat.adapter.delete(chat.inbox[0])
        assert (await client.next("removed"))["id"] == message_id


async def test_the_page_and_the_script_say_how_they_may_be_used() -> None:
    async with stage(Settings(title='<b>"Help"</b>')) as chat:
        async with chat.http.get(chat.url) as page:
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            text = await page.text()
            assert "<b>" not in text
            assert "&lt;b&gt;&quot;Help&quot;&lt;/b&gt;" in text
        async with chat.http.get(f"{chat.url}/widget.js") as script:
            assert script.content_type == "text/javascript"
            etag = script.headers["ETag"]
        async with chat.http.get(f"{chat.url}/widget.js", headers={"If-None-Match": etag}) as again:
            assert again.status == 304


async def test_a_plain_request_is_no_socket() -> None:
    async with stage() as chat:
        async with chat.http.get(f"{chat.url}/chat/socket", headers={"Origin": chat.url}) as answer:
            assert answer.status == 400
        assert not chat.adapter._open  # noqa: SLF001 - cannot be seen from outside


async def test_check_says_where_it_is_and_who_may_embed_it() -> None:
    async with stage() as chat:
        texts = [finding.text for finding in await chat.adapter.check()]
        assert texts == ["The live chat is served at http://127.0.0.1/", "It may not be embedded on other sites"]


@pytest.mark.parametrize("origin", ["example.com", "https://example.com/", "https://*.example.com", "*"])
def test_an_origin_with_a_path_or_a_star_is_an_error(origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        Settings(allowed_origins=(origin,))


@pytest.mark.parametrize(
    ("text", "kind", "command", "rest"),
    [
        ("/help", Kind.COMMAND, "help", ""),
        ("/Ticket my money\nis gone", Kind.COMMAND, "ticket", "my money\nis gone"),
        (" /language nl ", Kind.COMMAND, "language", "nl"),
        ("/usr/bin is full", Kind.CREATED, "", "/usr/bin is full"),
        ("see /help", Kind.CREATED, "", "see /help"),
        ("/", Kind.CREATED, "", "/"),
        ("/1", Kind.CREATED, "", "/1"),
    ],
)
def test_commands(text: str, kind: Kind, command: str, rest: str) -> None:
    message = normalise(Said(type="message", id="a" * 32, text=text), VISITOR, name="webchat", now=NOW)
    assert (message.kind, message.command, message.text) == (kind, command, rest)


def test_a_tap_read_back_from_the_ledger_is_shown_as_the_choice() -> None:
    tap = normalise(
        Tapped(type="action", id="b" * 32, line="r1", action="helped:no"), VISITOR, name="webchat", label="No", now=NOW
    )
    assert tap.dedupe_key == "webchat:web:action:s1:r1"
    lines = [
        TranscriptLine(id="r1", author="bot", text="Did this help?", buttons=TWO, at=NOW),
        TranscriptLine(id=tap.message_id, author="user", text=tap.text, at=NOW),
    ]
    for told in (lines, lines[::-1], [*lines, lines[0]]):
        [line] = history(told)
        assert (line["author"], line["chosen"]) == ("bot", "helped:no")


@given(st.text(max_size=300))
def test_a_bots_line_loses_no_text_in_its_runs(text: str) -> None:
    marks = "*`\\"
    plain = "".join(char for char in text if char not in marks)
    runs = shown(TranscriptLine(id="r", author="bot", text=text, at=NOW))["runs"]
    assert "".join(char for run in runs for char in run["text"] if char not in marks) == plain
    assert all(run["text"] for run in runs)


@given(st.text(max_size=300))
def test_clean_text_can_be_stored_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned
    assert [char for char in cleaned if char.isalnum()] == [char for char in text if char.isalnum()]


def test_hostile_text_costs_no_time() -> None:
    for text in ("/" * 20_000, "/a" + " " * 20_000, "/" + "a" * 20_000, "\x00" * 20_000):
        before = datetime.now(tz=UTC)
        normalise(Said(type="message", id="a" * 32, text=text), VISITOR, name="webchat", now=NOW)
        assert (datetime.now(tz=UTC) - before).total_seconds() < 0.01


async def test_one_visitor_as_the_contract_sees_it() -> None:
    async with stage() as chat:
        message_id = await chat.user_says("hello")
        assert [message.message_id for message in chat.inbox] == [message_id]
        assert await chat.posted() == {}
        for _ in range(2):
            assert await chat.adapter.send(reply_to(chat.inbox[0], "**hi** there", key="r1")) == "r1"
        assert await chat.posted() == {"r1": "hi there"}


async def test_many_visitors_at_once() -> None:
    settings = Settings(
        max_connections_per_address=500, new_sessions_per_minute=500, messages_per_minute_per_address=5000
    )
    async with stage(settings) as chat:
        chat.answer = lambda message: [reply_to(message, f"echo {message.text}")]

        async def visit(chat: Stage, number: int) -> None:
            client = await chat.client()
            for turn in range(5):
                await client.say(f"{number}/{turn}")
                line = (await client.next("line"))["line"]
                assert line["runs"][0]["text"] == f"echo {number}/{turn}"

        await asyncio.gather(*(visit(chat, number) for number in range(40)))
        assert len(chat.inbox) == 200
