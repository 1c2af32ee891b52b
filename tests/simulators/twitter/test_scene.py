"""X as the playground shows it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import tweepy  # type: ignore[import-untyped]  # it comes without types

from adapters.twitter.settings import Settings
from simulators.scene import Scene, SceneError, View
from simulators.twitter.scene import TIMELINE, TwitterScene

from .conftest import connected


@pytest.fixture
async def scene() -> AsyncIterator[TwitterScene]:
    one = TwitterScene()
    await one.start()
    yield one
    await one.stop()


def _cast(scene: Scene) -> dict[str, str]:
    return {person.handle: person.id for person in scene.view().people}


def _private_place(view: View, person: str) -> str:
    return next(place.id for place in view.places if place.private_to == person)


async def test_the_cast_and_its_places(scene: TwitterScene) -> None:
    view = scene.view()
    assert (view.network, view.title, view.posts, view.faults) == ("twitter", "X", (), ())
    assert [(person.name, person.handle, person.role) for person in view.people] == [
        ("Ana", "ana", "user"), ("Bram", "bram", "user"), ("Mila", "mila", "moderator"),
        ("Firstline", "firstline_bot", "bot"),
    ]  # fmt: skip
    assert [place.kind for place in view.places] == ["timeline", "dm", "dm", "dm"]
    assert [place.private_to for place in view.places] == ["", *(person.id for person in view.people[:3])]


async def test_a_complaint_a_moderator_and_a_private_talk(scene: TwitterScene) -> None:
    cast = _cast(scene)
    revision = scene.view().revision
    complaint = await scene.say(cast["ana"], TIMELINE, "my parcel <is> gone")
    assert scene.view().revision > revision
    ticket = await scene.say(cast["mila"], TIMELINE, "@firstline_bot ticket", reply_to=complaint)
    private = _private_place(scene.view(), cast["ana"])
    await scene.say(cast["ana"], private, "this is <me>")
    async with connected(scene.simulator) as client:
        found = await client.get_users_mentions(cast["firstline_bot"], user_auth=True)
        assert [str(post.id) for post in found.data] == [ticket]
        await client.create_tweet(text="Your number is 7.", in_reply_to_tweet_id=ticket)
        await client.create_direct_message(participant_id=cast["ana"], text="Thank you", user_auth=True)
    posts = scene.view().posts
    assert [(post.place, post.author, post.text) for post in posts] == [
        (TIMELINE, cast["ana"], "my parcel <is> gone"),
        (TIMELINE, cast["mila"], "@firstline_bot ticket"),
        (private, cast["ana"], "this is <me>"),
        (TIMELINE, cast["firstline_bot"], "Your number is 7."),
        (private, cast["firstline_bot"], "Thank you"),
    ]
    assert [post.reply_to for post in posts] == ["", complaint, "", ticket, ""]


async def test_edits_and_deletions_show(scene: TwitterScene) -> None:
    cast = _cast(scene)
    first = await scene.say(cast["ana"], TIMELINE, "hlep")
    reply = await scene.say(cast["bram"], TIMELINE, "me too", reply_to=first)
    await scene.edit(cast["ana"], first, "help")
    edited, answer = scene.view().posts[::-1]
    assert (edited.text, edited.state, answer.reply_to) == ("help", "edited", edited.id)
    for refused in (
        scene.edit(cast["bram"], reply, "me three"),
        scene.edit(cast["bram"], first, "not mine"),
        scene.delete(cast["bram"], edited.id),
    ):
        with pytest.raises(SceneError):
            await refused
    await scene.delete(cast["ana"], edited.id)
    assert {post.text: post.state for post in scene.view().posts} == {"help": "deleted", "me too": ""}
    with pytest.raises(SceneError, match="There is no post"):
        await scene.delete(cast["ana"], edited.id)


async def test_what_x_has_not(scene: TwitterScene) -> None:
    cast = _cast(scene)
    ana, bram = cast["ana"], cast["bram"]
    post = await scene.say(ana, TIMELINE, "hi")
    for refused in (
        scene.say(ana, TIMELINE, "hi", title="A title"),
        scene.say(ana, TIMELINE, "  "),
        scene.say(ana, TIMELINE, "hi", reply_to="5"),
        scene.say(ana, _private_place(scene.view(), bram), "hi"),
        scene.say("5", TIMELINE, "hi"),
        scene.say(cast["firstline_bot"], TIMELINE, "hi"),
        scene.slash(ana, TIMELINE, "ticket", "x"),
        scene.menu(ana, post),
        scene.press(ana, post, "yes"),
        scene.fault("flood", on=True),
    ):
        with pytest.raises(SceneError):
            await refused
    assert len(scene.view().posts) == 1


async def test_failures_are_switched_on_and_off(scene: TwitterScene) -> None:
    url = scene.simulator.url
    async with connected(scene.simulator) as client:
        await scene.fault("rate_limit", on=True)
        for _ in range(3):
            with pytest.raises(tweepy.TooManyRequests):
                await client.create_tweet(text="hi")
        await client.get_me()
        await scene.fault("server_error", on=True)
        assert scene.view().faults == ("rate_limit", "server_error")
        await scene.fault("rate_limit", on=False)
        for _ in range(3):
            with pytest.raises(aiohttp.ContentTypeError):
                await client.get_me()
        await scene.fault("server_error", on=False)
        await client.create_tweet(text="hi")
        await scene.fault("offline", on=True)
        await scene.fault("offline", on=True)
    async with connected(scene.simulator) as client:
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get_me()
        await scene.fault("offline", on=False)
        await client.get_me()
    assert (scene.view().faults, scene.simulator.url) == ((), url)


async def test_the_connection_is_a_section_of_the_configuration(scene: TwitterScene) -> None:
    settings = Settings.model_validate(scene.connection())
    keys = scene.simulator.credentials()
    assert settings.api_base == scene.simulator.url
    assert settings.access_token_secret.get_secret_value() == keys["access_token_secret"]
    assert settings.staff == (_cast(scene)["mila"],)
    assert (settings.poll_interval_s, settings.message_poll_interval_s) == (0.5, 0.5)


async def test_the_control_is_closed(scene: TwitterScene) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{scene.simulator.url}/control") as response:
        assert response.status == 401
