"""Photos and videos on X, through tweepy and from its own hosts, over a socket to the simulator."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from adapters.base import Attachment, NotFetched
from adapters.twitter import Settings
from adapters.twitter.pages import readable
from simulators.twitter import TwitterSimulator
from tests.adapters.files_contract import Bench, FilesContract
from tests.adapters.twitter.stage import Stage, running
from tests.adapters.twitter.test_messages import post, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 100
PHOTOS = {"screenshot.jpg": base64.b64encode(PHOTO).decode()}
VIDEO = {"screen.mp4": base64.b64encode(b"\0\0\0\x20ftypisom").decode()}
MP4 = {"content_type": "video/mp4", "bit_rate": "x"}
MAX_BYTES = 1_000_000


@pytest.fixture
async def sim() -> AsyncIterator[TwitterSimulator]:
    async with TwitterSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: TwitterSimulator) -> AsyncIterator[Stage]:
    async with running(sim, file_timeout_s=1) as started:
        yield started


async def sent(stage: Stage) -> Attachment:
    """A photo that Ana posted, as the adapter describes it."""
    [attachment] = (await stage.user_posts("look at this", files=PHOTOS)).attachments
    return attachment


class TestTwitterFiles(FilesContract):
    @pytest.fixture
    async def bench(self, stage: Stage, sim: TwitterSimulator) -> Bench:
        return Bench(
            adapter=stage.adapter, sim=sim, attachment=await sent(stage), content=PHOTO, another=TwitterSimulator()
        )


async def test_a_photo_in_a_post_is_described_and_fetched(stage: Stage, sim: TwitterSimulator) -> None:
    message = await stage.user_posts("look at this", files=PHOTOS)
    [attachment] = message.attachments
    assert message.text == "look at this"  # without the address that X puts behind it
    assert attachment.name.endswith(".jpg")
    assert attachment.media_type == "image/jpeg"
    assert attachment.reference == f"{sim.url}/media/{attachment.name}"
    assert await stage.adapter.fetch(attachment, max_bytes=len(PHOTO)) == PHOTO


async def test_looking_at_media_costs_nothing_more(stage: Stage, sim: TwitterSimulator) -> None:
    await stage.user_posts("without")
    before = sim.usage().spent
    await stage.user_posts("with", files=PHOTOS)
    assert sim.usage().spent - before == 1  # thousandths of a dollar: the mention


async def test_photos_in_direct_messages_and_several_of_them(stage: Stage) -> None:
    photos = {"a.png": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode(), **PHOTOS}
    message = await stage.user_writes("my receipts", files=photos)
    assert [each.media_type for each in message.attachments] == ["image/png", "image/jpeg"]
    assert await stage.adapter.fetch(message.attachments[1], max_bytes=MAX_BYTES) == PHOTO
    assert message.reply_to.url == ""  # nobody but the account itself could open it


async def test_a_video_is_fetched_in_its_best_form(stage: Stage, sim: TwitterSimulator) -> None:
    [attachment] = (await stage.user_posts("see", files=VIDEO)).attachments
    assert attachment.media_type == "video/mp4"
    assert attachment.reference.endswith(".mp4?tag=large")
    assert await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES) == b"\0\0\0\x20ftypisom"
    assert sim.file_requests() == [f"/media/{attachment.name}"]


async def test_the_complaint_that_staff_answer_shows_its_photos(stage: Stage, sim: TwitterSimulator) -> None:
    complaint = sim.post(stage.bram.id, "they lost my money", files=PHOTOS)
    before = len(stage.inbox)
    sim.post(stage.mila.id, "@firstline_bot ticket", reply_to=complaint["id"])
    act = await stage.arrives(before + 1)
    assert act.on_behalf_of is not None
    assert act.parent is not None
    [attachment] = act.parent.attachments
    assert await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES) == PHOTO
    assert act.reply_to.url == f"https://x.com/i/status/{complaint['id']}"


@pytest.mark.parametrize(
    ("media", "name", "kind", "reference"),
    [
        ([], "media", "", "3_1"),
        ([{"media_key": "3_2", "url": "https://pbs.twimg.com/media/A.jpg"}], "media", "", "3_1"),
        ([{"media_key": "3_1", "type": "photo"}], "media", "", "3_1"),
        ([{"media_key": "3_1", "url": "https://pbs.twimg.com/media/A.PNG?name=x"}], "A.PNG", "image/png", ""),
        ([{"media_key": "3_1", "url": "https://pbs.twimg.com/media/A"}], "A", "", ""),
        ([{"media_key": "3_1", "url": "http://["}], "[", "", ""),
        ([{"media_key": "3_1", "variants": "none"}], "media", "", "3_1"),
        (
            [{"media_key": "3_1", "variants": [{"content_type": "video/mp4", "bit_rate": "x"}]}],
            "media",
            "video/mp4",
            "",
        ),
        ("none", "media", "", "3_1"),
    ],
)
def test_what_x_tells_of_media(media: Any, name: str, kind: str, reference: str) -> None:
    page = {"data": [post("@firstline_bot hi", attachments={"media_keys": ["3_1"]})], "includes": {"media": media}}
    [raw] = readable(page)
    [attachment] = read(dict(raw)).attachments
    assert (attachment.name, attachment.media_type) == (name, kind)
    if reference:
        assert attachment.reference == reference


@pytest.mark.parametrize("attached", [None, "x", [], {}, {"media_keys": None}, {"media_keys": "3_1"}])
def test_what_is_no_list_of_media(attached: Any) -> None:
    [raw] = readable({"data": [post("@firstline_bot hi", attachments=attached)]})
    assert read(dict(raw)).attachments == ()


async def test_of_a_key_alone_nothing_can_be_had(stage: Stage, sim: TwitterSimulator) -> None:
    with pytest.raises(NotFetched, match="did not tell"):
        await stage.adapter.fetch(Attachment(name="media", reference="3_1"), max_bytes=MAX_BYTES)
    assert sim.file_requests() == []


def test_xs_own_hosts_are_the_default() -> None:
    hosts = Settings.model_fields["file_hosts"].default
    assert hosts == ("https://pbs.twimg.com", "https://video.twimg.com")
