"""The Reddit simulator, used by the real PRAW and Async PRAW over a socket: accounts, listings, comments, the inbox."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prawcore.exceptions import Forbidden, NotFound, OAuthException, Redirect, ResponseException

from simulators.reddit import RedditSimulator, SimulatorError
from simulators.reddit.wire import base36, page

from .reddit_stage import BOT, asynchronous, hasten, praw_does, replied, stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import praw


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with stage() as simulator:
        yield simulator


# --- logging in -----------------------------------------------------------------------------------------------------


async def test_a_wrong_password_and_a_wrong_client_are_refused(sim: RedditSimulator) -> None:
    with pytest.raises(OAuthException, match="invalid_grant"):
        await praw_does(sim, lambda reddit: reddit.user.me(), password="wrong")
    with pytest.raises(ResponseException, match="401"):
        await praw_does(sim, lambda reddit: reddit.user.me(), client_secret="wrong")
    assert [call.params["password"] for call in sim.calls("/api/v1/access_token")] == ["***"] * len(sim.calls())


async def test_a_token_that_has_expired_is_fetched_anew(sim: RedditSimulator) -> None:
    def look_twice(reddit: praw.Reddit) -> None:
        reddit.user.me(use_cache=False)
        sim.expire_tokens()
        assert str(reddit.user.me(use_cache=False)) == BOT

    await praw_does(sim, look_twice)
    assert [(call.path, call.status) for call in sim.calls()] == [
        ("/api/v1/access_token", 200),
        ("/api/v1/me", 200),
        ("/api/v1/me", 401),
        ("/api/v1/access_token", 200),
        ("/api/v1/me", 200),
    ]


async def test_a_refresh_token_logs_in(sim: RedditSimulator) -> None:
    token = sim.new_refresh_token(BOT)
    login = {"refresh_token": token, "username": None, "password": None}
    assert str(await praw_does(sim, lambda reddit: reddit.user.me(), **login)) == BOT
    with pytest.raises(ResponseException, match="400"):
        await praw_does(sim, lambda reddit: reddit.user.me(), **login | {"refresh_token": "wrong"})


async def test_without_a_user_one_only_reads(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")

    def read_and_write(reddit: praw.Reddit) -> None:
        assert reddit.read_only
        assert [one.title for one in reddit.subreddit("acme").new()] == ["It broke"]
        with pytest.raises(Forbidden):
            list(reddit.inbox.unread())
        with pytest.raises(Forbidden):
            reddit.submission(submission["id"]).reply(body="Me too")

    await praw_does(sim, read_and_write, username=None, password=None)


# --- listings -------------------------------------------------------------------------------------------------------


async def test_listings_are_newest_first_and_end_at_a_thousand(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke", flair="Support")
    made = [sim.comment(submission["name"], "bram", f"number {number}")["id"] for number in range(1_030)]

    def look(reddit: praw.Reddit) -> None:
        acme = reddit.subreddit("acme")
        assert [one.id for one in acme.comments(limit=3)] == made[:-4:-1]
        assert [one.id for one in acme.comments(limit=None)] == made[:29:-1]
        assert [one.id for one in acme.comments(limit=3, params={"before": f"t1_{made[-11]}"})] == made[-8:-11:-1]
        only = next(acme.new(limit=1))
        assert (only.title, only.link_flair_text, only.num_comments) == ("It broke", "Support", 1_030)
        assert (only.author.name, only.edited, only.removed_by_category) == ("ana", False, None)

    await praw_does(sim, look)
    limits = [(call.params["limit"], "after" in call.params) for call in sim.calls("/r/acme/comments")]
    assert limits[1:4] == [("1024", False), ("1024", True), ("1024", True)]


async def test_an_anchor_that_is_gone_gives_an_empty_page(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    names = [sim.comment(submission["name"], "bram", text)["name"] for text in ("one", "two", "three")]

    def newer_than_two(reddit: praw.Reddit) -> list[str]:
        return [one.body for one in reddit.subreddit("acme").comments(params={"before": names[1]})]

    assert await praw_does(sim, newer_than_two) == ["three"]
    sim.delete(names[1])
    assert await praw_does(sim, newer_than_two) == []


async def test_several_subreddits_are_one_listing_and_private_ones_are_left_out(sim: RedditSimulator) -> None:
    sim.add_subreddit("acmehelp", title="Hulp", language="nl")
    sim.add_subreddit("acmestaff", kind="private")
    sim.add_member("acmestaff", "ana")
    for name in ("acme", "acmehelp", "acmestaff"):
        sim.submit(name, "ana", f"in {name}")

    def look(reddit: praw.Reddit) -> None:
        dutch = reddit.subreddit("acmehelp")
        assert (dutch.lang, dutch.title, dutch.display_name) == ("nl", "Hulp", "acmehelp")
        many = reddit.subreddit("acme+acmehelp+acmestaff")
        assert [one.title for one in many.new()] == ["in acmehelp", "in acme"]
        with pytest.raises(Forbidden):
            list(reddit.subreddit("acmestaff").new())
        with pytest.raises(Redirect, match="/subreddits/search"):
            list(reddit.subreddit("acmeless").new())

    await praw_does(sim, look)


@given(st.integers(0, 260), st.integers(1, 120))
def test_paging_by_after_gives_everything_once(count: int, limit: int) -> None:
    names = [base36(number) for number in range(count)]
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        chosen, after, _ = page(names, {"limit": str(limit)} | ({"after": after} if after else {}))
        assert len(chosen) <= min(limit, 100)
        found += chosen
    assert found == names


@given(st.integers(1, 260), st.integers(1, 120), st.data())
def test_paging_by_before_gives_the_next_ones_and_then_all_newer_ones(
    count: int, limit: int, data: st.DataObject
) -> None:
    names = [base36(number) for number in range(count)]
    anchor = data.draw(st.sampled_from(names))
    found: list[str] = []
    before: str | None = anchor
    while before is not None:
        chosen, _, before = page(names, {"limit": str(limit), "before": before})
        found = chosen + found
    assert found == names[: names.index(anchor)]


# --- comments and submissions ---------------------------------------------------------------------------------------


async def test_a_thread_is_a_tree_and_a_comment_knows_its_place(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke", "After a week.")
    first = sim.comment(submission["name"], "bram", "Mine too")
    second = sim.comment(first["name"], "ana", "Oh no")

    def look(reddit: praw.Reddit) -> None:
        thread = reddit.submission(submission["id"])
        comments: list[Any] = list(thread.comments.list())
        assert [(one.body, one.depth) for one in comments] == [("Mine too", 0), ("Oh no", 1)]
        assert [one.id for one in comments[0].replies.list()] == [second["id"]]
        answer = reddit.comment(second["id"]).refresh()
        assert (answer.parent_id, answer.link_id, answer.is_submitter) == (first["name"], submission["name"], True)
        assert answer.permalink == f"/r/acme/comments/{submission['id']}/it_broke/{second['id']}/"
        assert answer.parent().body == "Mine too"

    await praw_does(sim, look)


async def test_what_was_edited_deleted_locked_or_archived_says_so(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke", "After a week.")
    comment = sim.comment(submission["name"], "bram", "Mine too")
    names = [submission["name"], comment["name"]]
    sim.edit(comment["name"], "Mine too!")
    sim.lock(submission["name"])
    sim.archive(submission["name"])

    def look(reddit: praw.Reddit) -> list[Any]:
        return list(reddit.info(fullnames=names))

    thread, answer = await praw_does(sim, look)
    assert (answer.body, type(answer.edited), answer.archived) == ("Mine too!", float, True)
    assert (thread.locked, thread.archived, thread.edited) == (True, True, False)
    sim.delete(submission["name"])
    sim.delete(comment["name"])
    thread, answer = await praw_does(sim, look)
    assert (answer.author, answer.body) == (None, "[deleted]")
    assert (thread.author, thread.selftext, thread.removed_by_category) == (None, "[deleted]", "deleted")
    assert not hasattr(answer, "author_fullname")


async def test_an_account_that_is_gone_leaves_its_words(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke", "After a week.")
    sim.delete_account("ana")

    def look(reddit: praw.Reddit) -> None:
        thread = reddit.submission(submission["id"])
        assert (thread.author, thread.selftext) == (None, "After a week.")
        with pytest.raises(NotFound):
            list(reddit.redditor("ana").comments.new())

    await praw_does(sim, look)


async def test_what_a_moderator_removed_is_hidden_from_all_but_its_author_and_moderators(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke", "After a week.")
    own = await praw_does(sim, lambda reddit: replied(reddit.submission(submission["id"]), "Try this"))
    other = sim.comment(submission["name"], "bram", "Buy my kettles")
    for name in (submission["name"], f"t1_{own.id}", other["name"]):
        sim.remove(name, "mila")

    def as_user(reddit: praw.Reddit) -> None:
        thread, mine, theirs = reddit.info(fullnames=[submission["name"], f"t1_{own.id}", other["name"]])
        assert (theirs.author, theirs.body) == (None, "[removed]")
        assert (mine.author.name, mine.body) == (BOT, "Try this")
        assert (thread.author.name, thread.title, thread.selftext) == ("ana", "It broke", "[removed]")
        assert thread.removed_by_category == "moderator"
        assert [one.body for one in reddit.subreddit("acme").comments()] == ["Try this"]
        assert list(reddit.subreddit("acme").new()) == []

    def as_moderator(reddit: praw.Reddit) -> None:
        theirs = next(iter(reddit.info(fullnames=[other["name"]])))
        assert (theirs.author.name, theirs.body, theirs.banned_by) == ("bram", "Buy my kettles", "mila")
        assert (theirs.removed, theirs.spam, theirs.can_mod_post) == (True, False, True)
        assert len(list(reddit.subreddit("acme").comments())) == 2

    await praw_does(sim, as_user)
    sim.add_moderator("acme", BOT)
    await praw_does(sim, as_moderator)
    sim.approve(other["name"], "mila")
    assert sim.look(other["name"], viewer="ana")["body"] == "Buy my kettles"


async def test_ones_own_comments_are_found_again(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")

    def answer(reddit: praw.Reddit) -> None:
        made = replied(reddit.submission(submission["id"]), "Try this")
        own = list(reddit.redditor(BOT).comments.new(limit=10))
        assert [(one.id, one.parent_id) for one in own] == [(made.id, submission["name"])]
        made.edit(body="Try that")
        assert next(reddit.redditor(BOT).comments.new()).body == "Try that"
        made.delete()
        assert list(reddit.redditor(BOT).comments.new()) == []

    await praw_does(sim, answer)
    assert [act.name for act in sim.acts()] == ["edit", "delete"]


# --- the inbox ------------------------------------------------------------------------------------------------------


async def test_the_inbox_holds_answers_and_mentions_until_they_are_read(sim: RedditSimulator) -> None:
    mine = sim.submit("acme", BOT, "Ask me")
    theirs = sim.submit("acme", "ana", "It broke")
    sim.comment(mine["name"], "ana", "A question")
    own = sim.comment(theirs["name"], BOT, "I am u/firstline_bot")
    sim.comment(own["name"], "bram", f"Thanks u/{BOT}")
    sim.comment(theirs["name"], "bram", f"/U/{BOT.upper()}, please, and thanks".replace("/U/", "/u/"))
    sim.comment(theirs["name"], "bram", f"u/ana u/bram u/mila u/{BOT}")
    sim.comment(theirs["name"], "bram", f"www.example.org/u/{BOT} xu/{BOT} u/{BOT}s")

    def read(reddit: praw.Reddit) -> None:
        items = list(reddit.inbox.unread(limit=None))
        assert [(item.type, item.subject, item.new) for item in items] == [
            ("username_mention", "username mention", True),
            ("comment_reply", "comment reply", True),
            ("post_reply", "post reply", True),
        ]
        assert [(item.was_comment, item.dest, item.author.name) for item in items[1:]] == [
            (True, BOT, "bram"),
            (True, BOT, "ana"),
        ]
        assert items[1].context == f"/r/acme/comments/{theirs['id']}/it_broke/{items[1].id}/?context=3"
        assert items[1].parent_id == own["name"]
        reddit.inbox.mark_read([items[0], items[2]])
        assert [item.id for item in reddit.inbox.unread()] == [items[1].id]
        assert [item.new for item in reddit.inbox.all()] == [False, True, False]
        reddit.inbox.mark_unread([items[0], reddit.comment(own["id"])])  # its own comment is not in there
        assert len(list(reddit.inbox.unread())) == 2
        assert [item.id for item in reddit.inbox.mentions()] == [items[0].id]
        assert [item.id for item in reddit.inbox.comment_replies()] == [items[1].id]
        assert [item.id for item in reddit.inbox.submission_replies()] == [items[2].id]
        reddit.inbox.mark_all_read()
        assert list(reddit.inbox.unread()) == []

    await praw_does(sim, read)
    assert [act.name for act in sim.acts()] == ["read", "read", "unread", "read", "read"]


async def test_what_was_deleted_or_removed_leaves_the_inbox(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", BOT, "Ask me")
    for text in ("one", "two", "three"):
        sim.comment(submission["name"], "ana", text)
    sim.delete(sim.replies_to(submission["name"])[0]["name"])
    sim.remove(sim.replies_to(submission["name"])[1]["name"], "mila")
    assert await praw_does(sim, lambda reddit: [item.body for item in reddit.inbox.unread()]) == ["three"]


async def test_private_messages_are_gone(sim: RedditSimulator) -> None:
    def use(reddit: praw.Reddit) -> None:
        for listing in (reddit.inbox.messages, reddit.inbox.sent):
            with pytest.raises(Redirect, match="/login/"):
                list(listing())
        with pytest.raises(Redirect, match="/login/"):
            reddit.inbox.message("30rhflk")
        with pytest.raises(Redirect, match="/login/"):
            reddit.redditor("ana").message(subject="Hello", message="there")

    await praw_does(sim, use)


# --- a second SDK ---------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # asyncprawcore 4.0 still uses both
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")
async def test_async_praw_does_the_whole_round(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.comment(submission["name"], "ana", f"u/{BOT} help")
    sim.add_moderator("acme", BOT, ["posts", "mail"])
    conversation_id = sim.write_modmail("acme", "ana", "My address is …", subject="Private")
    async with asynchronous(sim) as reddit:
        me = await reddit.user.me()
        assert me is not None
        assert me.name == BOT
        acme = await reddit.subreddit("acme")
        assert [one.title async for one in acme.new(limit=100)] == ["It broke"]
        assert [one.body async for one in acme.comments(limit=100)] == [f"u/{BOT} help"]
        items = [item async for item in reddit.inbox.unread(limit=None)]
        answer = await items[0].reply(body="Here I am.")
        assert answer is not None
        await answer.mod.distinguish(sticky=False)
        await items[0].mod.remove()
        await reddit.inbox.mark_read(items)
        assert [item async for item in reddit.inbox.unread()] == []
        conversations = [one async for one in acme.modmail.conversations()]
        assert [one.id for one in conversations] == [conversation_id]
        await conversations[0].load()
        assert [message.body_markdown for message in conversations[0].messages] == ["My address is …"]
        await conversations[0].reply(body="Thank you.", author_hidden=True)
        await conversations[0].read()
    assert [(one.text, one.is_modmail, one.is_author_hidden) for one in sim.sent()] == [
        ("Here I am.", False, False),
        ("Thank you.", True, True),
    ]
    assert [act.name for act in sim.acts()] == ["distinguish", "remove", "read", "read"]


# --- the hand on the simulator --------------------------------------------------------------------------------------


async def test_what_cannot_be_is_refused(sim: RedditSimulator) -> None:
    with pytest.raises(SimulatorError, match="There is no user 'carl'"):
        sim.submit("acme", "carl", "Hello")
    with pytest.raises(SimulatorError, match="There is no subreddit 'acmes'"):
        sim.submit("acmes", "ana", "Hello")
    with pytest.raises(SimulatorError, match="There is no 't1_x'"):
        sim.comment("t1_x", "ana", "Hello")
    with pytest.raises(SimulatorError, match="already"):
        sim.add_user("ANA")
    with pytest.raises(SimulatorError, match="already"):
        sim.add_subreddit("Acme")
    with pytest.raises(SimulatorError, match="public, restricted, private"):
        sim.add_subreddit("acmepro", kind="secret")


async def test_flair_and_distinction_are_seen(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    comment = sim.comment(submission["name"], "mila", "We look into it.")
    sim.set_flair(submission["name"], "Solved")
    sim.distinguish(comment["name"])
    sim.age(submission["name"], 3_600)

    def look(reddit: praw.Reddit) -> list[Any]:
        return list(reddit.info(fullnames=[submission["name"], comment["name"]]))

    thread, answer = await praw_does(sim, look)
    assert (thread.link_flair_text, answer.distinguished) == ("Solved", "moderator")
    assert 3_590 < answer.created_utc - thread.created_utc < 3_610
    names = await praw_does(sim, lambda reddit: [one.fullname for one in reddit.info(subreddits=["acme", "nowhere"])])
    assert [name[:3] for name in names] == ["t5_"]


async def test_what_programs_did_can_be_waited_for_and_looked_at(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", BOT, "Ask me")
    question = sim.comment(submission["name"], "ana", "A question")
    assert [item["body"] for item in sim.inbox(BOT, unread_only=True)] == ["A question"]

    def answer(reddit: praw.Reddit) -> None:
        replied(reddit.comment(question["id"]), "An answer")
        reddit.inbox.mark_read([reddit.comment(question["id"])])

    working = asyncio.create_task(praw_does(sim, answer))
    assert [one.text for one in await sim.wait_for_sent(lambda one: one.parent == question["name"])] == ["An answer"]
    assert len(await sim.wait_for_sent(1, contains="answer", parent=question["name"])) == 1
    assert [act.target for act in await sim.wait_for_acts("read")] == [question["name"]]
    await working
    assert sim.inbox(BOT, unread_only=True) == []
    assert [item["new"] for item in sim.inbox(BOT)] == [False]
    with pytest.raises(TimeoutError, match="1 of 2"):
        await sim.wait_for_sent(2, timeout_s=0.01)


async def test_a_call_is_open_until_its_answer_is_out(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.arm("hang_after", path="/api/comment", seconds=0.3)
    working = asyncio.create_task(praw_does(sim, lambda reddit: replied(reddit.submission(submission["id"]), "Hello")))
    await sim.wait_for_sent(1)
    during = datetime.now(UTC)
    assert [call.delivered for call in sim.open_calls(during)] == [None]
    await working
    after = datetime.now(UTC)
    assert [call.delivered for call in sim.open_calls(during)] == [True]
    assert sim.open_calls(after) == []
    assert len(sim.open_calls(after, margin_s=5)) == 1
    assert len(sim.open_calls(after, None, margin_s=5)) == 2
