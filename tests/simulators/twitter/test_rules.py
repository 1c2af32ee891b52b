"""X's rules about posts: who may be answered, what may be said, edits, deletions, and what a text becomes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import tweepy  # type: ignore[import-untyped]  # it comes without types
from hypothesis import example, given
from hypothesis import strategies as st
from tweepy.asynchronous import AsyncClient  # type: ignore[import-untyped]  # it comes without types
from twitter_text import parse_tweet  # type: ignore[import-untyped]  # it comes without types

from simulators.twitter import SimulatorError, TwitterSimulator, User
from simulators.twitter.world import World
from simulators.twitter.writing import weight, written
from tests.growth import TOO_STEEP, growth

_NOT_SUMMONED = "You can only reply to or quote posts where you are mentioned or are the author"


async def test_only_those_who_summon_the_bot_are_answered(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    mila = sim.add_user("Mila")
    complaint = sim.post(ana.id, "Your shop is down again!")["id"]
    with pytest.raises(tweepy.Forbidden, match=_NOT_SUMMONED):
        await client.create_tweet(text="Sorry to hear that", in_reply_to_tweet_id=complaint)
    with pytest.raises(tweepy.Forbidden, match=_NOT_SUMMONED):
        await client.create_tweet(text="Look at this", quote_tweet_id=complaint)
    command = sim.post(mila.id, "@firstline_bot ticket", reply_to=complaint)
    assert command["text"] == "@ana @firstline_bot ticket"
    await client.create_tweet(text="Opened", in_reply_to_tweet_id=command["id"])
    with pytest.raises(tweepy.Forbidden, match=_NOT_SUMMONED):
        await client.create_tweet(text="Opened", in_reply_to_tweet_id=complaint)
    own = sim.sent()[0].id
    await client.create_tweet(text="More on this", in_reply_to_tweet_id=own)
    quote = sim.post(ana.id, "what is this?", quotes=own)["id"]
    await client.create_tweet(text="A ticket", in_reply_to_tweet_id=quote)
    below = sim.post(ana.id, "thank you", reply_to=own)
    assert below["text"] == "@firstline_bot @mila @ana thank you".replace("@ana ", "")
    assert [sent.reply_to for sent in sim.sent()] == [command["id"], own, quote]


async def test_a_quote_that_mentions_the_bot_summons_it(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    mila = sim.add_user("Mila")
    complaint = sim.post(ana.id, "Broken!")["id"]
    quote = sim.post(mila.id, "@firstline_bot ticket", quotes=complaint)["id"]
    found = await client.get_users_mentions(
        bot.id, tweet_fields=["referenced_tweets"], expansions=["referenced_tweets.id.author_id"], user_auth=True
    )
    (post,) = found.data
    assert [(str(one.id), one.type) for one in post.referenced_tweets] == [(complaint, "quoted")]
    assert {user.username for user in found.includes["users"]} == {"ana"}
    await client.create_tweet(text="Opened", in_reply_to_tweet_id=quote)


async def test_replies_name_all_they_answer_and_share_the_conversation(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    bram = sim.add_user("Bram")
    root = sim.mention(ana.id, "it is broken")
    reply = sim.post(bram.id, "same here", reply_to=root["id"])
    assert (reply["text"], reply["conversation_id"]) == ("@ana @firstline_bot same here", root["id"])
    assert (reply["in_reply_to_user_id"], reply["display_text_range"]) == (ana.id, [20, 29])
    found = await client.get_users_mentions(bot.id, user_auth=True)
    assert [str(post.id) for post in found.data] == [reply["id"], root["id"]]  # a mention that nobody typed


async def test_280_weighted_characters(sim: TwitterSimulator, client: AsyncClient, ana: User) -> None:
    question = sim.mention(ana.id, "say it")["id"]
    fitting = [
        "x" * 280,
        "語" * 140,
        "👨‍👩‍👧‍👦" * 140,
        "y" * 256 + " https://example.com/" + "z" * 300,
        "@ana @firstline_bot " + "v" * 280,  # mentions in front of a reply weigh nothing
    ]
    for text in fitting:
        await client.create_tweet(text=text, in_reply_to_tweet_id=question)
    for text in [*(f"{text}!" for text in fitting), "@ana " + "w" * 280]:
        with pytest.raises(tweepy.BadRequest, match="Your Tweet text is too long"):
            await client.create_tweet(text=text, in_reply_to_tweet_id=None if "w" in text else question)
    with pytest.raises(tweepy.BadRequest, match="can not be empty"):
        await client.create_tweet(text=" ", in_reply_to_tweet_id=question)
    assert len(sim.sent()) == len(fitting)


async def test_short_addresses_weigh_23_too(sim: TwitterSimulator, client: AsyncClient) -> None:
    await client.create_tweet(text="a.co " * 11 + "x" * 16)
    with pytest.raises(tweepy.BadRequest, match="too long"):
        await client.create_tweet(text="a.co " * 11 + "x" * 17)


async def test_duplicates_and_cashtags_are_refused(sim: TwitterSimulator, client: AsyncClient, ana: User) -> None:
    bram = sim.add_user("Bram")
    questions = [sim.mention(user.id, f"again {number}")["id"] for number, user in enumerate((ana, ana, bram))]
    sent = await client.create_tweet(text="Yes", in_reply_to_tweet_id=questions[0])
    await client.create_tweet(text="Yes", in_reply_to_tweet_id=questions[2])  # to somebody else it is another text
    with pytest.raises(tweepy.Forbidden, match="You are not allowed to create a Tweet with duplicate content"):
        await client.create_tweet(text="Yes", in_reply_to_tweet_id=questions[1])
    await client.delete_tweet(sent.data["id"])
    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        await client.create_tweet(text="Yes", in_reply_to_tweet_id=questions[1])
    sim.advance(24 * 60 * 60 + 1)
    await client.create_tweet(text="Yes", in_reply_to_tweet_id=questions[1])
    await client.create_tweet(text="$AB is not $5", in_reply_to_tweet_id=questions[1])
    with pytest.raises(tweepy.Forbidden, match="at most one cashtag"):
        await client.create_tweet(text="$AB and $CD", in_reply_to_tweet_id=questions[1])


async def test_what_is_gone_cannot_be_answered_or_seen(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    eve, pia = sim.add_user("Eve"), sim.add_user("Pia")
    deleted, blocked, hidden, closed = (
        sim.mention(ana.id, "deleted")["id"],
        sim.mention(eve.id, "suspended")["id"],
        sim.mention(pia.id, "protected")["id"],
        sim.post(ana.id, "@firstline_bot closed", reply_settings="following")["id"],
    )
    sim.delete(deleted)
    sim.suspend(eve.id)
    sim.set_protected(pia.id)
    for post_id in (deleted, blocked, hidden, "1"):
        with pytest.raises(tweepy.Forbidden, match="deleted or not visible to you"):
            await client.create_tweet(text="Hello", in_reply_to_tweet_id=post_id)
    with pytest.raises(tweepy.Forbidden, match="Reply to this conversation is not allowed"):
        await client.create_tweet(text="Hello", in_reply_to_tweet_id=closed)
    found = await client.get_users_mentions(bot.id, user_auth=True)
    assert [str(post.id) for post in found.data] == [closed]
    looked = await client.get_tweets([deleted, blocked, hidden, closed], user_auth=True)
    assert [str(post.id) for post in looked.data] == [closed]
    assert [(error["resource_id"], error["title"]) for error in looked.errors] == [
        (deleted, "Not Found Error"), (blocked, "Authorization Error"), (hidden, "Authorization Error"),
    ]  # fmt: skip
    gone = await client.get_tweet(deleted, user_auth=True)
    assert (gone.data, gone.errors[0]["detail"]) == (None, f"Could not find tweet with id: [{deleted}].")
    users = await client.get_users(ids=[ana.id, eve.id, "5"], user_auth=True)
    assert [user.username for user in users.data] == ["ana"]
    assert [error["detail"] for error in users.errors] == [
        f"User has been suspended: [{eve.id}].", "Could not find user with ids: [5].",
    ]  # fmt: skip
    named = await client.get_user(username="EVE", user_auth=True)
    assert (named.data, named.errors[0]["title"]) == (None, "Forbidden")
    assert str((await client.get_user(username="ANA", user_auth=True)).data.id) == ana.id
    assert (await client.get_user(id=ana.id, user_auth=True)).data.username == "ana"
    both = await client.get_users(usernames=["ana", "nobody"], user_auth=True)
    assert ([user.name for user in both.data], len(both.errors)) == (["Ana"], 1)


async def test_a_parent_that_is_gone_is_an_error_beside_the_data(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    mila = sim.add_user("Mila")
    complaint = sim.post(ana.id, "Broken!")["id"]
    sim.post(mila.id, "@firstline_bot ticket", reply_to=complaint)
    sim.delete(complaint)
    found = await client.get_users_mentions(bot.id, expansions=["referenced_tweets.id"], user_auth=True)
    assert len(found.data) == 1
    assert [(error["parameter"], error["resource_id"]) for error in found.errors] == [
        ("referenced_tweets.id", complaint)
    ]


async def test_an_edit_is_a_new_id_in_the_same_chain(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    first = sim.mention(ana.id, "hlep")
    second = sim.edit(first["id"], "@firstline_bot help")
    assert int(second["id"]) > int(first["id"])
    assert second["edit_history_tweet_ids"] == [first["id"], second["id"]]
    assert (second["conversation_id"], second["edit_controls"]["edits_remaining"]) == (first["conversation_id"], 4)
    found = await client.get_users_mentions(
        bot.id, since_id=first["id"], expansions="edit_history_tweet_ids", user_auth=True
    )
    assert [str(post.id) for post in found.data] == [second["id"]]
    assert [post.text for post in found.includes["tweets"]] == ["@firstline_bot hlep"]
    everything = await client.get_users_mentions(bot.id, user_auth=True)
    assert [str(post.id) for post in everything.data] == [second["id"]]  # only as it is now
    old = await client.get_tweet(first["id"], user_auth=True)
    assert (old.data.text, [str(one) for one in old.data.edit_history_tweet_ids]) == (
        "@firstline_bot hlep", [first["id"], second["id"]],
    )  # fmt: skip
    sim.delete(first["id"])
    assert (await client.get_tweet(second["id"], user_auth=True)).data is None
    with pytest.raises(SimulatorError, match="There is no post"):
        sim.edit(second["id"], "gone")


def test_edits_end_after_five_or_half_an_hour_and_replies_have_none() -> None:
    sim = TwitterSimulator()
    sim.add_bot()
    ana, bram = sim.add_user("Ana"), sim.add_user("Bram")
    post = sim.mention(ana.id, "0")["id"]
    for number in range(5):
        sim.edit(post, f"{number}")
    with pytest.raises(SimulatorError, match="five times"):
        sim.edit(post, "6")
    reply, late = sim.post(bram.id, "me too", reply_to=post)["id"], sim.post(ana.id, "late")["id"]
    with pytest.raises(SimulatorError, match="reply to somebody else"):
        sim.edit(reply, "me three")
    sim.edit(sim.post(ana.id, "and", reply_to=late)["id"], "and more")  # one's own thread
    sim.advance(31 * 60)
    with pytest.raises(SimulatorError, match="30 minutes"):
        sim.edit(late, "too late")


async def test_what_a_text_becomes(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    long = "word " * 80
    sim.post(ana.id, "@Firstline_Bot <b>a & b</b> see https://example.com/x?y=1 or example.org #Help a@firstline_bot")
    sim.mention(ana.id, long)
    fields = ["entities", "note_tweet", "created_at", "edit_controls"]
    client.return_type = dict
    cut, marked = (await client.get_users_mentions(bot.id, tweet_fields=fields, user_auth=True))["data"]
    assert cut["text"].endswith("…")
    assert len(cut["text"]) <= 280
    assert cut["note_tweet"]["text"] == f"@firstline_bot {long}"
    assert "note_tweet" not in marked
    links = marked["entities"]["urls"]
    assert [link["expanded_url"] for link in links] == ["https://example.com/x?y=1", "http://example.org"]
    assert {len(link["url"]) for link in links} == {23}
    for link in links:
        assert marked["text"][link["start"] : link["end"]] == link["url"]
    assert marked["text"].startswith("@Firstline_Bot &lt;b&gt;a &amp; b&lt;/b&gt; see https://t.co/")
    assert [mark["start"] for mark in marked["entities"]["mentions"]] == [0]  # an e-mail address is no mention
    assert [mark["tag"] for mark in marked["entities"]["hashtags"]] == ["Help"]
    datetime.strptime(marked["created_at"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert marked["created_at"].endswith(".000Z")


async def test_fields_are_left_out_unless_asked_for(
    sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User
) -> None:
    sim.mention(ana.id, "hi")
    client.return_type = dict
    plain = await client.get_users_mentions(bot.id, user_auth=True)
    assert [set(post) for post in plain["data"]] == [{"id", "text", "edit_history_tweet_ids"}]
    assert "includes" not in plain
    fields = {"user_fields": ["description", "protected"], "expansions": ["author_id", "entities.mentions.username"]}
    users = (await client.get_users_mentions(bot.id, **fields, user_auth=True))["includes"]["users"]
    assert users == [
        {"id": ana.id, "name": "Ana", "username": "ana", "protected": False},
        {"id": bot.id, "name": "Firstline", "username": "firstline_bot", "protected": False},
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_results": 4}, "is not between 5 and 100"),
        ({"max_results": 101}, "is not between 5 and 100"),
        ({"max_results": "x"}, "is not valid"),
        ({"since_id": "x"}, "is not valid"),
        ({"pagination_token": "made up"}, "is not valid"),
        ({"start_time": "yesterday"}, "is not valid"),
    ],
)
async def test_wrong_parameters_are_refused(
    client: AsyncClient, bot: User, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(tweepy.BadRequest, match=message):
        await client.get_users_mentions(bot.id, user_auth=True, **arguments)


async def test_times_bound_the_mentions(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    for number in range(3):
        sim.mention(ana.id, f"after {number} hours")
        sim.advance(3600)
    start, end = (sim.world.now() - timedelta(hours=hours, minutes=1) for hours in (2, 1))
    found = await client.get_users_mentions(bot.id, start_time=start, end_time=end, user_auth=True)
    assert [post.text for post in found.data] == ["@firstline_bot after 1 hours"]


async def test_search_and_own_timeline(sim: TwitterSimulator, client: AsyncClient, bot: User, ana: User) -> None:
    question = sim.mention(ana.id, "where is my parcel? https://example.com", lang="nl")["id"]
    sim.post(ana.id, "parcels are fun")
    await client.create_tweet(text="On its way", in_reply_to_tweet_id=question)
    await client.create_tweet(text="News for all")

    async def found(query: str) -> list[str]:
        return [post.text.partition(" http")[0] for post in (await client.search_recent_tweets(query)).data or []]

    asked = "@firstline_bot where is my parcel?"
    assert await found("parcel") == [asked]
    assert await found("@firstline_bot -from:firstline_bot") == [asked]
    assert await found('"is my" OR fun') == ["parcels are fun", asked]
    assert await found("to:ana is:reply") == ["@ana On its way"]
    assert await found(f"conversation_id:{question} has:links lang:nl") == [asked]
    assert await found("from:ana has:mentions") == [asked]
    assert await found("is:quote") == []
    with pytest.raises(tweepy.BadRequest, match="can not be empty"):
        await client.search_recent_tweets("")
    own = await client.get_users_tweets(bot.id, user_auth=True)
    assert [post.text for post in own.data] == ["News for all", "@ana On its way"]
    await client.create_tweet(text="I am @firstline_bot")
    mentions = await client.get_users_mentions(bot.id, user_auth=True)
    assert [str(post.id) for post in mentions.data] == [question]  # not its own words
    await client.delete_tweet(sim.sent()[-1].id)
    alone = await client.get_users_tweets(bot.id, exclude="replies", user_auth=True)
    assert [post.text for post in alone.data] == ["News for all"]
    with pytest.raises(tweepy.Forbidden, match="not authorized to delete"):
        await client.delete_tweet(question)
    with pytest.raises(tweepy.BadRequest, match="`id`"):
        await client.get_users_mentions("5", user_auth=True)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_short_links_weigh_what_was_typed(text: str) -> None:
    writing = written(text, 2_124_732_367_082_881_024)
    restored = writing.shown
    for short, typed in writing.links.items():
        restored = restored.replace(short, typed, 1)
    assert (restored, writing.typed) == (text, text)
    assert all(parse_tweet(short).weightedLength == 23 for short in writing.links)


@example([" ", "é", "x.org"])
@given(
    st.lists(
        st.sampled_from(["a", " ", "\n", "語", "👨‍👩‍👧‍👦", "é", "https://a.com/b", "x.org", "@ana", "…", "#"]),
        max_size=40,
    )
)
def test_words_weigh_together_what_the_text_weighs(parts: list[str]) -> None:
    text = "".join(parts)
    assert weight(text) == parse_tweet(text).weightedLength


@pytest.mark.parametrize(
    "part", ["a.", "a.a.a.a. ", "語.com", "@a ", "@a.", "http://", "http://a.b/((", "👨‍👩‍👧‍👦", "$A "]
)
def test_hostile_texts_take_no_time(part: str) -> None:
    assert growth(lambda text: written(text, 1), (part * 4_000)[:4_000]) < TOO_STEEP


@given(st.lists(st.integers(-5, 5), max_size=50))
def test_ids_grow_whatever_the_clock_does(steps_s: list[int]) -> None:
    world, ids = World(), []
    for step in steps_s:
        world.advance(step)
        ids.append(int(world.new_id()))
    assert ids == sorted(set(ids))
