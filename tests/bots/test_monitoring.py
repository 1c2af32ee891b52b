"""What a whole bot says of itself over HTTP is so: ready or not and why, and what it has done."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import pytest
from pydantic import ValidationError

import adapters.telegram.adapter
import bots.escalation
import bots.health
import bots.supervisor
from bots import web
from bots.ledger.ledger import SHARES
from bots.watchdog import Watchdog
from config.settings import WebSettings
from tests.bots.monitoring import MATTER, TOKEN, monitored

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose patience in parts of a second."""
    monkeypatch.setattr(adapters.telegram.adapter, "_SPARE_S", 0.5)
    monkeypatch.setattr(bots.health, "PROBE_S", 0.2)
    monkeypatch.setattr(bots.health, "_FORGIVEN_S", 0.5)
    monkeypatch.setattr(bots.health, "_TRIED_AGAIN_WITHIN_S", 0.5)
    monkeypatch.setattr(bots.escalation, "_AUTH_S", 0.3)
    monkeypatch.setattr(bots.supervisor, "Watchdog", partial(Watchdog, every_s=0.05, stalled_s=2))


async def test_ready_once_every_channel_is_connected_and_until_the_bot_stops(tmp_path: Path) -> None:
    async with monitored(tmp_path) as stage:
        await stage.is_ready()
        assert (await stage.asked("/healthz")).json == {
            "status": "ok",
            "undecided": 0,
            "desk": "on",
            "ledger": "on",
            "channels": {"webchat": "on", "telegram": "on"},
        }
        draining = asyncio.create_task(stage.bot._drain())  # noqa: SLF001 - while it lasts, the server still answers
        await asyncio.sleep(0)
        assert (await stage.asked("/readyz")).unready == {"start": "stopping"}
        await draining


async def test_only_the_server_for_metrics_shows_them(tmp_path: Path) -> None:
    async with monitored(tmp_path) as stage, aiohttp.ClientSession() as outside:
        assert (await stage.asked("/metrics")).status == 200
        for path, status in (("/metrics", 404), ("/healthz", 200), ("/readyz", 200)):
            await stage.is_ready()
            async with outside.get(stage.bot.outline.url + path) as answer:
                assert (path, answer.status) == (path, status)


async def test_a_network_that_is_away_is_named_and_the_live_chat_is_ready_all_the_same(tmp_path: Path) -> None:
    async with monitored(tmp_path) as stage:
        await stage.is_ready()
        stage.telegram.arm("cut_before", times=10_000)
        await stage.is_not_ready(channel__telegram="silent")
        health = await stage.asked("/healthz")
        assert (health.status, health.json["status"]) == (200, "degraded")
        assert health.json["channels"] == {"webchat": "on", "telegram": "silent"}
        await stage.is_ready("/readyz?channel=webchat")
        assert (await stage.asked("/readyz?channel=telegram")).status == 503
        assert (await stage.asked("/readyz?channel=telegraph")).status == 404
        assert (await stage.samples())['firstline_part_ready{part="channel:telegram"}'] == 0
        stage.telegram.disarm()
        await stage.is_ready()
        samples = await stage.samples()
        assert samples["firstline_ready"] == 1
        assert samples['firstline_problems_total{action="channel_unreachable",channel="telegram",level="warning"}'] > 0


async def test_a_token_that_is_refused_from_the_start_or_expires_is_named_and_not_shown(tmp_path: Path) -> None:
    async with monitored(tmp_path, is_known=False) as stage:
        await stage.is_not_ready(channel__telegram="refused")
    async with monitored(tmp_path) as stage:
        await stage.is_ready()
        stage.telegram.arm("error", method="getUpdates", code=401, description="Unauthorized", times=10_000)
        await stage.is_not_ready(channel__telegram="refused")
        for path in ("/healthz", "/readyz", "/metrics"):
            text = (await stage.asked(path)).text
            assert TOKEN not in text
            assert TOKEN.partition(":")[2] not in text
            assert stage.desk.key not in text


async def test_a_desk_that_is_away_or_refuses_the_key_is_named_until_it_is_back(tmp_path: Path) -> None:
    async with monitored(tmp_path) as stage:
        await stage.is_ready()
        ann = stage.telegram.add_user("Ann", language_code="en")
        key, stage.desk.key = stage.desk.key, "another"
        stage.telegram.write(ann.id, MATTER)
        await stage.is_not_ready(desk="refused")
        assert (await stage.asked("/healthz")).json["desk"] == "refused"
        stage.desk.key = key
        await stage.telegram.wait_for_sent(1, chat_id=ann.id, contains="I have opened", timeout_s=20)
        await stage.is_ready()
        stage.desk.latency_s = 30
        await stage.is_not_ready(desk="waiting")
        samples = await stage.samples()
        assert samples['firstline_desk_call_seconds_count{call="create"}'] >= 2
        assert samples['firstline_desk_errors_total{call="changed",error="Unavailable"}'] >= 1


async def test_a_ledger_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    async with monitored(tmp_path) as stage:
        await stage.is_ready()
        await stage.bot.ledger.writer.run(lambda c: c.execute("PRAGMA query_only = ON").fetchall())
        await stage.is_not_ready(ledger="unwritable")
        assert (await stage.asked("/readyz?channel=webchat")).status == 503
        stage.bot.ledger.writer._connection.execute("PRAGMA query_only = OFF")  # noqa: SLF001 - no batch can do that
        await stage.is_ready()


async def test_a_loop_that_stood_still_is_named_afterwards(tmp_path: Path) -> None:
    async with monitored(tmp_path) as stage:
        await stage.is_ready()
        time.sleep(2.5)  # noqa: ASYNC251 - that is the fault
        said = await stage.asked("/readyz")
        assert said.unready["loop"] == "stalled"
        assert (await stage.samples())["firstline_loop_stalls_total"] >= 1


async def test_what_happened_is_counted_and_nobody_is_named(tmp_path: Path) -> None:
    async with monitored(tmp_path) as stage:
        await stage.is_ready()
        before = await stage.samples()
        ann = stage.telegram.add_user("Ann", username="ann_of_green_gables", language_code="en")
        stage.telegram.write(ann.id, "how do i reset my password?")
        await stage.telegram.wait_for_sent(1, chat_id=ann.id, contains="Forgot password", timeout_s=20)
        stage.telegram.write(ann.id, MATTER)
        await stage.telegram.wait_for_sent(1, chat_id=ann.id, contains="I have opened", timeout_s=20)
        await stage.bot.delivery.idle()
        await stage.bot.worker.idle()
        after = await stage.samples()
        text = (await stage.asked("/metrics")).text

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more('firstline_messages_total{channel="telegram",kind="created"}') == 2
    assert more('firstline_outcomes_total{channel="telegram",outcome="answered"}') == 1
    assert more('firstline_outcomes_total{channel="telegram",outcome="ticket_opened"}') == 1
    assert more('firstline_first_response_seconds_count{channel="telegram"}') == 2
    assert more('firstline_first_response_seconds_bucket{channel="telegram",le="30.0"}') == 2
    assert more('firstline_replies_total{channel="telegram",state="sent"}') >= 2
    assert more("firstline_ledger_commit_seconds_count") > 0
    assert more('firstline_desk_call_seconds_count{call="create"}') == 1
    assert more("firstline_loop_lag_seconds_count") > 0
    assert after["firstline_undecided"] == after["firstline_intents_waiting"] == 0
    assert "Ann" not in text
    assert str(ann.id) not in text
    assert "ann_of" not in text
    assert "moon" not in text


async def test_one_process_of_many_says_what_it_does_and_counts_what_waits_for_all(
    tmp_path: Path, postgres_url: str
) -> None:
    async with monitored(tmp_path, ledger=f'url = "{postgres_url}"') as stage:
        await stage.is_ready()
        async with asyncio.timeout(30):
            while (await stage.samples())['firstline_leases_held{kind="share"}'] < SHARES:
                await asyncio.sleep(0.1)
        ann = stage.telegram.add_user("Ann", language_code="en")
        stage.telegram.write(ann.id, MATTER)
        await stage.telegram.wait_for_sent(1, chat_id=ann.id, contains="I have opened", timeout_s=30)
        samples = await stage.samples()
        assert [samples[f'firstline_leases_held{{kind="{kind}"}}'] for kind in ("channel", "desk", "sweep")] == [
            2,
            1,
            1,
        ]
        assert samples["firstline_undecided"] == samples["firstline_intents_waiting"] == 0
        assert samples["firstline_ledger_commit_seconds_count"] > 0
        assert samples['firstline_part_ready{part="lease:share:31"}'] == 1
        for path in ("/healthz", "/readyz", "/metrics"):
            assert postgres_url not in (await stage.asked(path)).text


@pytest.mark.parametrize("port", ["taken", "99999"])
async def test_an_address_that_nobody_can_listen_on_is_one_clear_sentence(port: str) -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    async with server:
        number = server.sockets[0].getsockname()[1] if port == "taken" else int(port)
        with pytest.raises(web.WebError, match=rf"^The server for metrics cannot listen on 127.0.0.1:{number} .*9465"):
            await web.start("127.0.0.1", number, [], what="server for metrics", key='metrics = "127.0.0.1:9465"')


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("127.0.0.1:9464", True),
        ("[::1]:9464", True),
        ("0.0.0.0:0", True),
        ("9464", False),
        ("::1:9464", False),
        ("", False),
    ],
)
def test_the_address_of_the_metrics_is_a_host_and_a_port(address: str, is_good: bool) -> None:  # noqa: FBT001 - a case
    if is_good:
        assert WebSettings(metrics=address).metrics == address
    else:
        with pytest.raises(ValidationError):
            WebSettings(metrics=address)
