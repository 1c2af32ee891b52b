"""Files that people send on Discord, with the real SDK, over a socket to the simulator."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from adapters.base import Attachment, Busy, NotFetched, Unreachable
from adapters.discord import Settings
from simulators.discord import DiscordSimulator
from tests.adapters.discord.stage import Stage, running
from tests.adapters.files_contract import Bench, FilesContract

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100
MAX_BYTES = 1_000_000
MENU = "Open a support ticket"
DAY_S = 24 * 3600


@pytest.fixture
async def sim() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as simulator:
        yield simulator
        assert simulator.schema_errors == []


@pytest.fixture
async def stage(sim: DiscordSimulator) -> AsyncIterator[Stage]:
    async with running(sim, file_timeout_s=1) as started:
        yield started


async def sent(stage: Stage, content: bytes = PNG, name: str = "shot.png", channel_id: str = "") -> Attachment:
    """A file that Ana sent, as the adapter describes it."""
    files = {name: base64.b64encode(content).decode()}
    message = await stage.says("look", files=files, channel_id=channel_id)
    [attachment] = message.attachments
    return attachment


class TestDiscordFiles(FilesContract):
    @pytest.fixture
    async def bench(self, stage: Stage, sim: DiscordSimulator) -> Bench:
        return Bench(
            adapter=stage.adapter, sim=sim, attachment=await sent(stage), content=PNG, another=DiscordSimulator()
        )


async def test_a_file_is_described_and_fetched(stage: Stage) -> None:
    attachment = await sent(stage)
    here = stage.inbox[-1]
    assert here.reply_to.url == f"https://discord.com/channels/@me/{here.reply_to.place}/{here.message_id}"
    assert (attachment.name, attachment.media_type, attachment.size_bytes) == ("shot.png", "image/png", len(PNG))
    assert await stage.adapter.fetch(attachment, max_bytes=len(PNG)) == PNG


async def test_an_address_that_expired_is_asked_for_again(stage: Stage, sim: DiscordSimulator) -> None:
    attachment = await sent(stage, channel_id=stage.world.help.id)
    sim.advance(DAY_S + 60)
    assert await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES) == PNG
    assert len(sim.file_requests()) == 2
    [call] = [call for call in sim.calls() if call.method == "GET" and "/messages/" in call.path]
    assert call.path.endswith(f"/channels/{stage.world.help.id}/messages/{stage.inbox[-1].message_id}")


async def test_of_several_files_each_is_asked_for_again(stage: Stage, sim: DiscordSimulator) -> None:
    contents = {"a.png": PNG, "b.txt": b"words"}
    files = {name: base64.b64encode(content).decode() for name, content in contents.items()}
    message = await stage.says("look", files=files)
    sim.advance(DAY_S + 60)
    for attachment in message.attachments:
        assert await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES) == contents[attachment.name]


async def test_a_file_of_a_deleted_message_is_gone(stage: Stage, sim: DiscordSimulator) -> None:
    attachment = await sent(stage, channel_id=stage.world.help.id)
    sim.delete(stage.world.help.id, stage.inbox[-1].message_id)
    sim.advance(DAY_S + 60)
    with pytest.raises(NotFetched):
        await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)
    assert len(sim.file_requests()) == 1


@pytest.mark.parametrize(("kind", "error"), [("unavailable", Unreachable), ("error", NotFetched), ("ban_page", Busy)])
async def test_discord_that_does_not_tell_the_fresh_address(
    stage: Stage, sim: DiscordSimulator, kind: str, error: type[Exception]
) -> None:
    attachment = await sent(stage)
    sim.advance(DAY_S + 60)
    sim.arm(kind, method="GET", route="/channels/{channel_id}/messages/{message_id}", times=-1, status=403, code=50001)
    with pytest.raises(error):
        await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)


async def test_without_a_login_there_is_no_fresh_address_yet(sim: DiscordSimulator, stage: Stage) -> None:
    attachment = await sent(stage)
    sim.advance(DAY_S + 60)
    stage.adapter._sender.client = None  # noqa: SLF001 - as between two connections
    with pytest.raises(Unreachable):
        await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES)


async def test_a_sticker_is_no_file(stage: Stage) -> None:
    with pytest.raises(NotFetched, match="sticker"):
        await stage.adapter.fetch(Attachment(name="wave", media_type="sticker"), max_bytes=MAX_BYTES)


async def test_the_complaint_that_a_moderator_points_at_shows_its_files(stage: Stage, sim: DiscordSimulator) -> None:
    world = stage.world
    files = {"proof.pdf": base64.b64encode(b"%PDF-1.7").decode()}
    complaint = await stage.says("lost", user=world.bram, channel_id=world.lounge.id, files=files)
    act = await stage.next_after(lambda: sim.menu(world.mila.id, world.lounge.id, complaint.message_id, MENU))
    assert act.parent is not None
    [attachment] = act.parent.attachments
    assert await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES) == b"%PDF-1.7"
    assert act.reply_to.url.endswith(f"/{world.guild.id}/{world.lounge.id}/{complaint.message_id}")


def test_discords_own_hosts_are_the_default() -> None:
    hosts = Settings.model_fields["file_hosts"].default
    assert hosts == ("https://cdn.discordapp.com", "https://media.discordapp.net")
