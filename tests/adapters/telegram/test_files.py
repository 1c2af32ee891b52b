"""Files that people send on Telegram, with the real SDK, over a socket to the simulator."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters.base import Attachment, Busy, NotFetched, Unreachable
from simulators.telegram import Attachment as Sent
from simulators.telegram import TelegramSimulator
from tests.adapters.files_contract import Bench, FilesContract
from tests.adapters.telegram.stage import TOKEN, Stage, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PDF = b"%PDF-1.7 " + bytes(range(256)) * 100
MAX_BYTES = 1_000_000


@pytest.fixture
async def sim() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as simulator:
        yield simulator
        assert simulator.schema_errors == []


@pytest.fixture
async def stage(sim: TelegramSimulator) -> AsyncIterator[Stage]:
    async with running(sim, file_timeout_s=1) as started:
        yield started


async def sent(stage: Stage, file: Sent | None = None) -> Attachment:
    """A file that Alice sent, as the adapter describes it."""
    file = file or Sent(content=PDF, name="proof of payment.pdf", mime_type="application/pdf")
    message = await stage.user_says("my proof", attachment=file)
    [attachment] = message.attachments
    return attachment


class TestTelegramFiles(FilesContract):
    @pytest.fixture
    async def bench(self, stage: Stage, sim: TelegramSimulator) -> Bench:
        return Bench(
            adapter=stage.adapter, sim=sim, attachment=await sent(stage), content=PDF, another=TelegramSimulator()
        )


async def test_a_document_is_described_and_fetched(stage: Stage) -> None:
    attachment = await sent(stage)
    assert (attachment.name, attachment.media_type) == ("proof of payment.pdf", "application/pdf")
    assert attachment.size_bytes == len(PDF)
    assert await stage.adapter.fetch(attachment, max_bytes=len(PDF)) == PDF


async def test_a_photo_is_fetched(stage: Stage) -> None:
    attachment = await sent(stage, Sent(content=b"\xff\xd8\xff\xe0 a photo", kind="photo"))
    assert attachment.media_type == "image/jpeg"
    assert await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES) == b"\xff\xd8\xff\xe0 a photo"


async def test_a_place_is_no_file(stage: Stage, sim: TelegramSimulator) -> None:
    with pytest.raises(NotFetched, match="no file"):
        await stage.adapter.fetch(Attachment(name="location"), max_bytes=MAX_BYTES)
    assert sim.calls("getFile") == []


async def test_a_file_that_is_said_to_be_too_large_is_not_asked_for(stage: Stage, sim: TelegramSimulator) -> None:
    attachment = await sent(stage)
    with pytest.raises(NotFetched, match="larger"):
        await stage.adapter.fetch(attachment, max_bytes=len(PDF) - 1)
    with pytest.raises(NotFetched, match="larger than 20000000"):
        await stage.adapter.fetch(replace(attachment, size_bytes=20_000_001), max_bytes=10**9)
    assert sim.calls("getFile") == []


async def test_telegram_hands_over_20_megabytes(stage: Stage) -> None:
    attachment = replace(await sent(stage, Sent(content=bytes(20 * 1024 * 1024 + 1))), size_bytes=None)
    with pytest.raises(NotFetched, match=r"[Ff]ile is too big"):
        await stage.adapter.fetch(attachment, max_bytes=10**9)


@pytest.mark.parametrize(
    ("kind", "code", "error"),
    [
        ("error", 400, NotFetched),
        ("error", 403, NotFetched),
        ("error", 500, Unreachable),
        ("error", 401, Unreachable),
        ("error", 409, Unreachable),
        ("too_many_requests", 429, Busy),
        ("bad_gateway_before", 502, Unreachable),
        ("cut_before", 0, Unreachable),
        ("hang_before", 0, Unreachable),
    ],
)
async def test_what_goes_wrong_in_asking_where_it_is(
    stage: Stage, sim: TelegramSimulator, kind: str, code: int, error: type[Exception]
) -> None:
    attachment = await sent(stage)
    sim.arm(kind, method="getFile", seconds=3, code=code)
    with pytest.raises(error) as raised:
        await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)
    if isinstance(raised.value, Busy):
        assert raised.value.retry_after_s == 3
    assert sim.file_requests() == []


async def test_a_server_that_keeps_its_files_is_read_no_file_of(stage: Stage, sim: TelegramSimulator) -> None:
    attachment = await sent(stage)
    sim.move_file(attachment.reference, "/etc/hostname")
    with pytest.raises(NotFetched, match="--local"):
        await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)


@pytest.mark.parametrize("path", ["documents/a\0b", "../../control/calls", "documents/?x#y"])
async def test_a_path_that_is_none_leads_nowhere(stage: Stage, sim: TelegramSimulator, path: str) -> None:
    attachment = await sent(stage)
    sim.move_file(attachment.reference, path)
    with pytest.raises((NotFetched, Unreachable)):
        await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)


async def test_a_closed_channel_fetches_nothing(stage: Stage, sim: TelegramSimulator) -> None:
    attachment = await sent(stage)
    await stage.adapter.close()
    with pytest.raises(Unreachable):
        await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)
    assert sim.file_requests() == []


async def test_the_token_is_in_no_log_and_no_error(
    stage: Stage, sim: TelegramSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "httpx", "httpcore"):  # which are quiet where the program's logging was set up
        caplog.set_level(logging.DEBUG, logger=name)
    attachment = await sent(stage)
    await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)
    sim.break_files("cut")
    with pytest.raises(Unreachable) as raised:
        await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)
    assert TOKEN not in caplog.text
    assert TOKEN not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert "file" in caplog.text
