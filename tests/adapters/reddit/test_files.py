"""Pictures and videos on Reddit: what its objects tell of them, and fetching them from its own hosts."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.reddit import Settings
from adapters.reddit.media import attachments
from simulators.reddit import RedditSimulator
from tests.adapters.files_contract import Bench, FilesContract
from tests.adapters.reddit.stage import BOT, Stage, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.base import Attachment

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100
GIF = b"GIF89a" + bytes(100)
MAX_BYTES = 1_000_000


def files(**contents: bytes) -> dict[str, str]:
    """name__ending to content, as the control takes it."""
    return {name.replace("__", "."): base64.b64encode(content).decode() for name, content in contents.items()}


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with RedditSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: RedditSimulator) -> AsyncIterator[Stage]:
    async with running(sim, file_timeout_s=1) as started:
        yield started


async def sent(stage: Stage) -> Attachment:
    """A picture in a comment of Ana's, as the adapter describes it."""
    message = await stage.comments("u/firstline_bot look", files=files(shot__png=PNG))
    [attachment] = message.attachments
    return attachment


# --- what Reddit tells ---------------------------------------------------------------------------------------------

# As Reddit's API shows them, shortened.
PICTURE = {
    "is_self": False,
    "is_reddit_media_domain": True,
    "post_hint": "image",
    "domain": "i.redd.it",
    "url": "https://i.redd.it/8kz0j3dx7b1c1.jpeg",
    "media_metadata": None,
    "media": None,
}
GALLERY = {
    "is_gallery": True,
    "is_reddit_media_domain": False,
    "url": "https://www.reddit.com/gallery/1abc",
    "gallery_data": {"items": [{"media_id": "bbb", "id": 2}, {"media_id": "aaa", "id": 1, "caption": "see"}]},
    "media_metadata": {
        "aaa": {
            "status": "valid",
            "e": "Image",
            "m": "image/jpg",
            "p": [{"y": 81, "x": 108, "u": "https://preview.redd.it/aaa.jpg?width=108&s=1"}],
            "s": {"y": 480, "x": 640, "u": "https://preview.redd.it/aaa.jpg?width=640&s=2"},
            "id": "aaa",
        },
        "bbb": {
            "status": "valid",
            "e": "AnimatedImage",
            "m": "image/gif",
            "s": {"gif": "https://i.redd.it/bbb.gif", "mp4": "https://preview.redd.it/bbb.gif?format=mp4"},
        },
        "ccc": {"status": "unprocessed"},
        "giphy|x1": {"status": "valid", "e": "AnimatedImage", "s": {"gif": "https://media.giphy.com/x1.gif"}},
    },
}
VIDEO = {
    "is_video": True,
    "is_reddit_media_domain": True,
    "url": "https://v.redd.it/9abc",
    "media": {"reddit_video": {"fallback_url": "https://v.redd.it/9abc/DASH_720.mp4?source=fallback"}},
}
LINK = {"is_self": False, "is_reddit_media_domain": False, "url": "https://evil.test/a.png", "post_hint": "image"}
EMBED = {"media": {"type": "youtube.com", "oembed": {"url": "https://youtu.be/1"}}, "url": "https://youtu.be/1"}


@pytest.mark.parametrize(
    ("data", "described"),
    [
        (PICTURE, [("8kz0j3dx7b1c1.jpeg", "image/jpeg", "https://i.redd.it/8kz0j3dx7b1c1.jpeg")]),
        (
            GALLERY,
            [
                ("bbb.gif", "image/gif", "https://i.redd.it/bbb.gif"),
                ("aaa.jpg", "image/jpeg", "https://preview.redd.it/aaa.jpg?width=640&s=2"),
            ],
        ),
        (VIDEO, [("DASH_720.mp4", "video/mp4", "https://v.redd.it/9abc/DASH_720.mp4?source=fallback")]),
        (LINK, []),
        (EMBED, []),
        ({"is_self": True, "url": "https://www.reddit.com/r/acme/comments/1abc/x/"}, []),
        ({}, []),
    ],
)
def test_what_reddit_tells_of_media(data: dict[str, Any], described: list[tuple[str, str, str]]) -> None:
    found = attachments(data)
    assert [(each.name, each.media_type, each.reference) for each in found] == described


_INNER = ("status", "e", "s", "u", "gif", "items", "media_id", "reddit_video", "fallback_url", "a")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["valid", "Image", "a", "http://[", "/", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_INNER), inner, max_size=6),
    max_leaves=12,
)
_KEYS = ("media_metadata", "gallery_data", "media", "url", "is_reddit_media_domain")


@given(st.dictionaries(st.sampled_from(_KEYS), _JSON))
def test_whatever_reddit_sends_nothing_breaks(data: dict[str, Any]) -> None:
    for each in attachments(data):
        assert each.name
        each.reference.encode()


# --- over the socket -----------------------------------------------------------------------------------------------


class TestRedditFiles(FilesContract):
    @pytest.fixture
    async def bench(self, stage: Stage, sim: RedditSimulator) -> Bench:
        return Bench(
            adapter=stage.adapter, sim=sim, attachment=await sent(stage), content=PNG, another=RedditSimulator()
        )


async def test_a_picture_in_a_comment_is_described_and_fetched(stage: Stage, sim: RedditSimulator) -> None:
    message = await stage.comments("u/firstline_bot look", files=files(shot__png=PNG))
    [attachment] = message.attachments
    assert attachment.name.endswith(".png")
    assert attachment.media_type == "image/png"
    assert attachment.reference.startswith(f"{sim.url}/media/")
    assert await stage.adapter.fetch(attachment, max_bytes=len(PNG)) == PNG
    assert message.reply_to.url.endswith(f"/comments/{stage.thread[3:]}/_/{message.message_id[3:]}/")


async def test_a_gallery_keeps_its_order(stage: Stage) -> None:
    pictures = files(one__gif=GIF, two__png=PNG)
    message = await stage.submits("u/firstline_bot what is this?", files=pictures)
    assert [each.media_type for each in message.attachments] == ["image/gif", "image/png"]
    contents = [await stage.adapter.fetch(each, max_bytes=MAX_BYTES) for each in message.attachments]
    assert contents == [GIF, PNG]


async def test_a_submission_of_one_picture_or_video(stage: Stage) -> None:
    [picture] = (await stage.submits("u/firstline_bot help", files=files(a__jpg=b"\xff\xd8\xff"))).attachments
    [video] = (await stage.submits("u/firstline_bot see", files=files(a__mp4=b"....ftypisom"))).attachments
    assert (picture.media_type, video.media_type) == ("image/jpeg", "video/mp4")
    assert await stage.adapter.fetch(video, max_bytes=MAX_BYTES) == b"....ftypisom"


async def test_the_complaint_that_a_moderator_answers_shows_its_pictures(stage: Stage, sim: RedditSimulator) -> None:
    complaint = sim.comment(stage.thread, "bram", "they lost it", files=files(shot__png=PNG))
    act = await stage.comments("!ticket", author="mila", parent=complaint["name"])
    assert act.on_behalf_of is not None
    assert act.parent is not None
    [attachment] = act.parent.attachments
    assert await stage.adapter.fetch(attachment, max_bytes=MAX_BYTES) == PNG


async def test_what_a_moderator_removed_shows_no_pictures(stage: Stage, sim: RedditSimulator) -> None:
    """Though Reddit goes on showing them to moderators, one of whom the bot is."""
    complaint = sim.comment(stage.thread, "bram", "they lost it", files=files(shot__png=PNG))
    sim.remove(complaint["name"], "mila")
    assert "media_metadata" in sim.look(complaint["name"], viewer=BOT)
    act = await stage.comments("!ticket", author="mila", parent=complaint["name"])
    assert act.parent is not None
    assert act.parent.attachments == ()


def test_reddits_own_hosts_are_the_default() -> None:
    hosts = Settings.model_fields["file_hosts"].default
    assert hosts == ("https://i.redd.it", "https://preview.redd.it", "https://v.redd.it")
