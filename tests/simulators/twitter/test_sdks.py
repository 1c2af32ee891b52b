"""The SDKs, unmodified: tweepy with and without asyncio, and xdk, which is X's own."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import requests
import trustme
import tweepy  # type: ignore[import-untyped]  # it comes without types
import xdk  # type: ignore[import-untyped]  # it comes without types
from aiohttp.abc import AbstractResolver, ResolveResult
from requests.adapters import HTTPAdapter
from tweepy.asynchronous import AsyncClient, AsyncPaginator  # type: ignore[import-untyped]

from simulators.twitter import TwitterSimulator, User

from .conftest import REAL

_FIELDS = ["conversation_id", "created_at", "author_id", "in_reply_to_user_id", "referenced_tweets", "lang", "entities"]


async def test_tweepy_logs_in_receives_and_replies(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    question = sim.mention(ana.id, "how do I reset my password?", lang="en")
    assert (await client.get_me()).data.username == "firstline_bot"
    found = await client.get_users_mentions(bot.id, user_auth=True, tweet_fields=_FIELDS, expansions=["author_id"])
    (post,) = found.data
    assert (str(post.id), post.text) == (question["id"], "@firstline_bot how do I reset my password?")
    assert (str(post.author_id), str(post.conversation_id), post.lang) == (ana.id, question["id"], "en")
    assert post.entities["mentions"] == [{"start": 0, "end": 14, "username": "firstline_bot", "id": bot.id}]
    assert found.includes["users"][0].username == "ana"
    assert found.meta == {"result_count": 1, "newest_id": question["id"], "oldest_id": question["id"]}
    answer = (await client.create_tweet(text="Use the link on the login page.", in_reply_to_tweet_id=post.id)).data
    assert answer["text"] == "@ana Use the link on the login page."
    (sent,) = sim.sent()
    assert (sent.kind, sent.text, sent.to) == ("post", "Use the link on the login page.", ana.id)
    assert (sent.id, sent.reply_to, sent.conversation_id) == (answer["id"], question["id"], question["id"])
    own = await client.get_users_tweets(bot.id, user_auth=True, tweet_fields=_FIELDS)
    (reply,) = own.data
    assert (str(reply.in_reply_to_user_id), str(reply.conversation_id)) == (ana.id, question["id"])
    assert [(str(one.id), one.type) for one in reply.referenced_tweets] == [(question["id"], "replied_to")]
    assert (await client.delete_tweet(answer["id"])).data == {"deleted": True}
    assert [post["id"] for post in sim.posts()] == [question["id"]]


async def test_tweepy_finds_photos_and_videos(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    sim.post(ana.id, "@firstline_bot see", files={"a.jpg": "/9j/", "b.mp4": "AAAA"})
    options = {"tweet_fields": ["attachments", "entities"], "expansions": ["attachments.media_keys"]}
    found = await client.get_users_mentions(bot.id, user_auth=True, media_fields=["url", "variants"], **options)
    (post,) = found.data
    photo, video = found.includes["media"]
    assert post.attachments == {"media_keys": [photo.media_key, video.media_key]}
    assert (photo.type, video.type, video.url) == ("photo", "video", None)
    assert [variant["content_type"] for variant in video.variants] == [
        "video/mp4",
        "application/x-mpegURL",
        "video/mp4",
    ]
    (link,) = post.entities["urls"]
    assert post.text == f"@firstline_bot see {link['url']}"
    assert link["media_key"] == photo.media_key
    async with aiohttp.ClientSession() as session, session.get(photo.url) as response:
        assert await response.read() == b"\xff\xd8\xff"
    # Who asks for less is told less.
    (bare,) = (await client.get_users_mentions(bot.id, user_auth=True)).data
    assert bare.attachments is None
    (keyed,) = (await client.get_users_mentions(bot.id, user_auth=True, **options)).includes["media"][:1]
    assert keyed.url is None


async def test_an_empty_page_has_no_data(sim: TwitterSimulator, bot: User, client: AsyncClient) -> None:
    client.return_type = dict
    assert await client.get_users_mentions(bot.id, user_auth=True) == {"meta": {"result_count": 0}}


async def test_mentions_over_several_pages(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    before = sim.mention(ana.id, "seen before")["id"]
    wanted = [sim.mention(ana.id, f"question {number}")["id"] for number in range(250)]
    first = await client.get_users_mentions(bot.id, since_id=before, max_results=100, user_auth=True)
    assert [str(post.id) for post in first.data] == wanted[:-101:-1]  # newest first: a page alone misses the rest
    pages = AsyncPaginator(client.get_users_mentions, bot.id, since_id=before, max_results=100, user_auth=True)
    found = [str(post.id) async for page in pages for post in page.data]
    assert found == wanted[::-1]
    newer = await client.get_users_mentions(bot.id, since_id=wanted[-1], user_auth=True)
    assert newer.data is None
    between = await client.get_users_mentions(bot.id, since_id=wanted[0], until_id=wanted[6], user_auth=True)
    assert [str(post.id) for post in between.data] == wanted[5:0:-1]


async def test_mentions_go_800_back(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    wanted = [sim.mention(ana.id, f"question {number}")["id"] for number in range(810)]
    pages = AsyncPaginator(client.get_users_mentions, bot.id, max_results=100, user_auth=True)
    assert [str(post.id) async for page in pages for post in page.data] == wanted[:-801:-1]


async def test_direct_messages(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    with pytest.raises(tweepy.Forbidden, match="You do not have permission to DM one or more participants"):
        await client.create_direct_message(participant_id=ana.id, text="Hello", user_auth=True)
    first = sim.dm(ana.id, "here is my <number>")
    second = sim.dm(ana.id, "and my name")
    fields = ["created_at", "dm_conversation_id", "sender_id"]
    events = await client.get_direct_message_events(dm_event_fields=fields, expansions=["sender_id"], user_auth=True)
    assert [str(event.id) for event in events.data] == [second["id"], first["id"]]
    oldest = events.data[-1]
    assert (oldest.event_type, oldest.text, str(oldest.sender_id)) == (
        "MessageCreate", "here is my &lt;number&gt;", ana.id,
    )  # fmt: skip
    assert oldest.dm_conversation_id == "-".join(sorted((ana.id, bot.id), key=int))
    assert events.includes["users"][0].username == "ana"
    answer = await client.create_direct_message(participant_id=ana.id, text="Thank you", user_auth=True)
    assert answer.data["dm_conversation_id"] == oldest.dm_conversation_id
    (sent,) = sim.sent("dm")
    assert (sent.id, sent.to, sent.text) == (answer.data["dm_event_id"], ana.id, "Thank you")
    page = await client.get_direct_message_events(participant_id=ana.id, max_results=2, user_auth=True)
    assert [event.text for event in page.data] == ["Thank you", "and my name"]
    rest = await client.get_direct_message_events(
        dm_conversation_id=oldest.dm_conversation_id,
        max_results=2,
        pagination_token=page.meta["next_token"],
        user_auth=True,
    )
    assert ([event.text for event in rest.data], "next_token" in rest.meta) == (["here is my &lt;number&gt;"], False)
    joined = await client.get_direct_message_events(event_types="ParticipantsJoin", user_auth=True)
    assert joined.data is None
    sim.set_receives_dms(ana.id, receives_dms=False)
    with pytest.raises(tweepy.Forbidden):
        await client.create_direct_message(dm_conversation_id=sent.conversation_id, text="Still there?", user_auth=True)


async def test_nobody_sees_the_messages_of_others(sim: TwitterSimulator, client: AsyncClient, ana: User) -> None:
    bram, keys = sim.add_user("Bram"), sim.credentials()
    other = sim.add_bot("Another", username="another")
    sim.dm(ana.id, "a secret", bot_id=other.id)
    assert keys["access_token"] == client.access_token
    assert (await client.get_direct_message_events(user_auth=True)).data is None
    conversation = sim.messages(ana.id, bot_id=other.id)[0]["dm_conversation_id"]
    for place in ({"dm_conversation_id": conversation}, {"participant_id": ana.id}, {"participant_id": bram.id}):
        assert (await client.get_direct_message_events(**place, user_auth=True)).data is None
    for person in (ana, bram):  # she wrote to the other bot only
        with pytest.raises(tweepy.Forbidden):
            await client.create_direct_message(participant_id=person.id, text="Hello", user_auth=True)
    with pytest.raises(tweepy.Forbidden):
        await client.create_direct_message(dm_conversation_id=conversation, text="Hello", user_auth=True)


class _Elsewhere(HTTPAdapter):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *arguments: Any, **named: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace(REAL, self._url, 1)
        return super().send(request, *arguments, **named)


async def test_tweepy_without_asyncio(sim: TwitterSimulator, bot: User, ana: User) -> None:
    question = sim.mention(ana.id, "ça & là?")["id"]
    keys = sim.credentials()
    del keys["oauth2_token"]

    def work() -> None:
        client = tweepy.Client(**keys)
        with client.session:
            client.session.mount(REAL, _Elsewhere(sim.url))
            assert client.get_me().data.username == "firstline_bot"
            found = client.get_users_mentions(bot.id, start_time="2020-01-01T00:00:00Z", user_auth=True)
            assert [post.text for post in found.data] == ["@firstline_bot ça &amp; là?"]
            assert str(client.get_tweet(question).data.id) == question  # app only, with the bearer token
            client.create_tweet(text="Voilà", in_reply_to_tweet_id=question)

    await asyncio.to_thread(work)
    assert [sent.text for sent in sim.sent()] == ["Voilà"]


async def test_xdk_works_too(sim: TwitterSimulator, bot: User, ana: User) -> None:
    wanted = [sim.mention(ana.id, f"question {number}")["id"] for number in range(12)]
    token = sim.credentials()["oauth2_token"]

    def work() -> list[Any]:
        client = xdk.Client(base_url=sim.url, access_token=token)
        with client.session:
            assert client.users.get_me().data.username == "firstline_bot"
            pages = client.users.get_mentions(
                bot.id,
                max_results=5,
                post_fields=["author_id", "conversation_id", "created_at", "lang", "entities"],
                expansions=["author_id", "referenced_posts"],
            )
            posts = [post for page in pages for post in page.data or []]
            body = {"text": "Hello", "reply": {"in_reply_to_tweet_id": wanted[-1]}}
            answer = client.posts.create(body).data
            sim_dm = {"text": "In private"}
            client.direct_messages.create_by_participant_id(ana.id, sim_dm)
            events = [event for page in client.direct_messages.get_events() for event in page.data or []]
            with pytest.raises(requests.HTTPError, match="403"):
                client.posts.create(body)
            return [posts, answer, events]

    sim.dm(ana.id, "hi")
    posts, answer, events = await asyncio.to_thread(work)
    assert [_value(post, "id") for post in posts] == wanted[::-1]
    assert {_value(post, "author_id") for post in posts} == {ana.id}
    assert _value(posts[0], "conversation_id") == wanted[-1]
    assert [sent.text for sent in sim.sent()] == ["Hello", "In private"]
    assert _value(answer, "id") == sim.sent()[0].id
    assert [_value(event, "text") for event in events] == ["In private", "hi"]


def _value(item: Any, name: str) -> Any:
    return item[name] if isinstance(item, dict) else getattr(item, name)


class _Loopback(AbstractResolver):
    """Leads every host to the simulator."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, *_: Any, **__: Any) -> list[ResolveResult]:
        address = {"hostname": host, "host": "127.0.0.1", "port": self._port, "family": socket.AF_INET}
        return [ResolveResult(**address, proto=0, flags=socket.AI_NUMERICHOST)]  # type: ignore[typeddict-item]

    async def close(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def secure_sim(authority: trustme.CA) -> AsyncIterator[TwitterSimulator]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.twitter.com").configure_cert(tls)
    async with TwitterSimulator(tls=tls) as sim:
        sim.add_bot()
        yield sim


async def test_tweepy_with_the_real_host_over_tls(secure_sim: TwitterSimulator, authority: trustme.CA) -> None:
    ana = secure_sim.add_user("Ana")
    question = secure_sim.mention(ana.id, "is this the real X?")["id"]
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    keys = secure_sim.credentials()
    del keys["oauth2_token"]
    connector = aiohttp.TCPConnector(resolver=_Loopback(secure_sim.port), ssl=trusted)
    async with aiohttp.ClientSession(connector=connector) as session:
        client = AsyncClient(**keys)
        client.session = session
        found = await client.get_users_mentions(keys["access_token"].partition("-")[0], user_auth=True)
        assert [str(post.id) for post in found.data] == [question]
        await client.create_tweet(text="No.", in_reply_to_tweet_id=question)
    assert [sent.reply_to for sent in secure_sim.sent()] == [question]
