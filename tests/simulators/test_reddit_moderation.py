"""The Reddit simulator: what moderators may do, and modmail, with the real PRAW over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from praw.exceptions import RedditAPIException
from prawcore.exceptions import BadRequest, Forbidden, NotFound

from simulators.reddit import RedditSimulator, SimulatorError

from .reddit_stage import BOT, praw_does, replied, stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import praw


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with stage() as simulator:
        yield simulator


# --- moderation -----------------------------------------------------------------------------------------------------


async def test_moderators_are_listed_with_their_permissions(sim: RedditSimulator) -> None:
    sim.add_moderator("acme", BOT, ["posts", "mail"])

    def look(reddit: praw.Reddit) -> None:
        moderators = reddit.subreddit("acme").moderator()
        assert [(one.name, one.mod_permissions) for one in moderators] == [
            ("mila", ["all"]),
            (BOT, ["mail", "posts"]),
        ]
        assert [one.name for one in reddit.subreddit("acme").moderator(redditor="mila")] == ["mila"]
        acme = reddit.subreddit("acme")
        assert (acme.user_is_moderator, acme.user_is_banned, acme.subreddit_type) == (True, False, "public")
        assert [one.display_name for one in reddit.user.moderator_subreddits()] == ["acme"]
        mila = reddit.redditor("mila")
        assert (mila.is_mod, mila.fullname[:3]) == (True, "t2_")

    await praw_does(sim, look)


async def test_a_moderator_removes_approves_locks_and_distinguishes(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    comment = sim.comment(submission["name"], "mila", "!ticket")
    sim.add_moderator("acme", BOT, ["posts"])

    def moderate(reddit: praw.Reddit) -> None:
        reddit.comment(comment["id"]).mod.remove()
        answer = replied(reddit.submission(submission["id"]), "Ticket FL-1")
        answer.mod.distinguish(sticky=True)
        shown: Any = next(iter(reddit.info(fullnames=[answer.fullname])))
        assert (shown.distinguished, shown.stickied) == ("moderator", True)
        answer.mod.undistinguish()
        reddit.submission(submission["id"]).mod.lock()
        reddit.submission(submission["id"]).mod.unlock()
        reddit.comment(comment["id"]).mod.approve()
        reddit.comment(comment["id"]).mod.remove(spam=True)

    await praw_does(sim, moderate)
    assert [act.name for act in sim.acts()] == [
        "remove", "distinguish", "undistinguish", "lock", "unlock", "approve", "remove",
    ]  # fmt: skip
    shown = sim.look(comment["name"], viewer="mila")
    assert (shown["spam"], shown["removed"], shown["banned_by"]) == (True, False, BOT)
    assert sim.look(comment["name"], viewer="ana")["body"] == "[removed]"


@pytest.mark.parametrize("permissions", [None, ["mail"]])
async def test_without_the_right_one_moderates_nothing(sim: RedditSimulator, permissions: list[str] | None) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    comment = sim.comment(submission["name"], "mila", "!ticket")
    if permissions is not None:
        sim.add_moderator("acme", BOT, permissions)

    def moderate(reddit: praw.Reddit) -> None:
        for act in (
            reddit.comment(comment["id"]).mod.remove,
            reddit.comment(comment["id"]).mod.approve,
            reddit.comment(comment["id"]).mod.lock,
            reddit.comment(comment["id"]).mod.distinguish,
        ):
            with pytest.raises(Forbidden):
                act()

    await praw_does(sim, moderate)
    assert sim.acts() == []
    assert sim.look(comment["name"], viewer="ana")["body"] == "!ticket"


async def test_only_ones_own_is_edited_deleted_or_distinguished(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke", "After a week.")
    sim.add_moderator("acme", BOT)

    def meddle(reddit: praw.Reddit) -> None:
        thread = reddit.submission(submission["id"])
        with pytest.raises(RedditAPIException, match="NOT_AUTHOR"):
            thread.edit(body="Never mind")
        with pytest.raises(Forbidden):
            thread.mod.distinguish()
        thread.delete()

    await praw_does(sim, meddle)
    assert sim.look(submission["name"])["selftext"] == "After a week."


async def test_a_moderator_without_posts_may_not_see_edits_as_a_user(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    first, second = (sim.comment(submission["name"], "ana", text) for text in ("one", "two"))
    sim.edit(second["name"], "two!")
    sim.edit(first["name"], "one!")

    def edited(reddit: praw.Reddit) -> list[str]:
        return [one.body for one in reddit.subreddit("acme").mod.edited(only="comments")]

    with pytest.raises(Forbidden):
        await praw_does(sim, edited)
    sim.add_moderator("acme", BOT)
    assert await praw_does(sim, edited) == ["one!", "two!"]
    sim.remove_moderator("acme", BOT)
    with pytest.raises(Forbidden):
        await praw_does(sim, edited)


# --- modmail --------------------------------------------------------------------------------------------------------


async def test_a_conversation_is_read_answered_and_read_by_the_person(sim: RedditSimulator) -> None:
    sim.add_moderator("acme", BOT, ["mail"])
    name = sim.write_modmail("acme", "ana", "It broke & smokes", subject="Kettle")

    def answer(reddit: praw.Reddit) -> None:
        modmail = reddit.subreddit("acme").modmail
        assert modmail.unread_count()["new"] == 1
        one = next(iter(modmail.conversations(state="all")))
        assert (one.id, one.subject, one.state, one.is_internal) == (name, "Kettle", 0, False)
        assert [message.author.name for message in one.messages] == ["ana"]
        assert (str(one.owner), str(one.participant), one.num_messages) == ("acme", "ana", 1)
        assert one.last_unread is not None
        sim.answer_modmail(name, "ana", "Really")
        one = next(iter(modmail.conversations(state="all")))
        path = f"/api/mod/conversations/{name}"
        assert (one.num_messages, sim.calls(path)) == (2, [])
        # The list holds only the last message; PRAW fetches the others when they are asked for.
        assert [message.body_markdown for message in one.messages] == ["It broke & smokes", "Really"]
        assert len(sim.calls(path)) == 1
        one = modmail(name, mark_read=True)
        first = one.messages[0]
        assert (first.body_markdown, first.author.name, first.author.is_mod) == ("It broke & smokes", "ana", False)
        assert (first.author.is_op, first.author.is_participant) == (True, True)
        assert modmail.unread_count()["new"] == 0
        note = one.reply(body="Looks like FL-1", internal=True)
        reply = one.reply(body="We look into it.", author_hidden=True)
        assert (note.is_internal, reply.is_internal, reply.author.is_hidden) == (True, False, True)
        assert (reply.author.is_mod, reply.body_markdown) == (True, "We look into it.")
        assert modmail(name).state == 1

    await praw_does(sim, answer)
    assert [(one.text, one.parent, one.is_internal, one.is_author_hidden) for one in sim.sent()] == [
        ("Looks like FL-1", name, True, False),
        ("We look into it.", name, False, True),
    ]
    assert [(act.name, act.target) for act in sim.acts()] == [("read", name)]


async def test_conversations_come_by_state_order_and_page(sim: RedditSimulator) -> None:
    sim.add_moderator("acme", BOT, ["mail"])
    names = [sim.write_modmail("acme", "ana", f"number {number}") for number in range(130)]
    sim.answer_modmail(names[3], "ana", "And another thing")
    sim.answer_modmail(names[4], "mila", "Seen")
    internal = sim.write_modmail("acme", "mila", "Among ourselves")

    def look(reddit: praw.Reddit) -> None:
        modmail = reddit.subreddit("acme").modmail
        everything = [one.id for one in modmail.conversations(limit=None)]
        assert everything[:4] == [internal, names[4], names[3], names[129]]
        assert len(everything) == len(set(everything)) == 131
        assert [one.id for one in modmail.conversations(limit=2, sort="user")] == [names[3], names[129]]
        assert len(list(modmail.conversations(limit=None, state="new"))) == 128
        assert [one.id for one in modmail.conversations(state="inprogress")] == [internal, names[4], names[3]]
        modmail(names[4]).archive()
        assert [one.id for one in modmail.conversations(state="archived")] == [names[4]]
        assert len(list(modmail.conversations(limit=None))) == 130
        modmail(names[4]).unarchive()
        first, second = (modmail(name) for name in names[:2])
        first.read(other_conversations=[second])
        assert modmail.unread_count() | {"new": 0, "inprogress": 0} == dict.fromkeys(modmail.unread_count(), 0)
        unread = {one.id for one in modmail.conversations(limit=None, sort="unread")}
        assert unread == {internal, *names} - set(names[:2])
        first.unread()
        assert names[0] in {one.id for one in modmail.conversations(limit=None, sort="unread")}
        assert modmail(internal).is_internal

    await praw_does(sim, look)
    sim.answer_modmail(names[4], "ana", "Thanks")
    assert next(one for one in sim.conversations() if one.id == names[4]).state == 1


async def test_a_moderator_writes_first(sim: RedditSimulator) -> None:
    sim.add_moderator("acme", BOT, ["mail"])

    def write(reddit: praw.Reddit) -> None:
        acme = reddit.subreddit("acme")
        one = acme.modmail.create(subject="Your ticket", body="Solved.", recipient="ana", author_hidden=True)
        assert (str(one.participant), one.num_messages) == ("ana", 1)
        assert {str(one) for one in acme.modmail.subreddits()} == {"acme"}
        with pytest.raises(RedditAPIException, match="USER_DOESNT_EXIST"):
            acme.modmail.create(subject="Your ticket", body="Solved.", recipient="carl")

    await praw_does(sim, write)
    assert [(one.text, one.is_author_hidden) for one in sim.sent()] == [("Solved.", True)]


async def test_mail_among_moderators_has_no_participant(sim: RedditSimulator) -> None:
    sim.add_moderator("acme", BOT, ["mail"])
    name = sim.write_modmail("acme", "mila", "Among ourselves")

    def look(reddit: praw.Reddit) -> None:
        one = reddit.subreddit("acme").modmail(name)
        assert (one.participant, one.is_internal, one.messages[0].author.is_mod) == ({}, True, True)

    await praw_does(sim, look)


async def test_modmail_is_for_moderators_with_the_right_to_it(sim: RedditSimulator) -> None:
    sim.add_moderator("acme", BOT, ["posts"])
    name = sim.write_modmail("acme", "ana", "Private")

    def pry(reddit: praw.Reddit) -> None:
        modmail = reddit.subreddit("acme").modmail
        with pytest.raises(Forbidden):
            list(modmail.conversations())
        with pytest.raises(Forbidden):
            modmail(name).reply(body="Hello")
        assert list(reddit.subreddit("all").modmail.conversations()) == []
        with pytest.raises(Forbidden):
            modmail.create(subject="Hello", body="there", recipient="ana")

    await praw_does(sim, pry)
    sim.add_moderator("acme", BOT, ["mail"])
    with pytest.raises(NotFound):
        await praw_does(sim, lambda reddit: reddit.subreddit("acme").modmail("zzz").state)
    with pytest.raises(SimulatorError, match="not part of"):
        sim.answer_modmail(name, "bram", "Me too")
    with pytest.raises(SimulatorError, match="no conversation"):
        sim.answer_modmail("zzz", "ana", "Hello")


@pytest.mark.parametrize(("body", "reason"), [(" ", "NO_TEXT"), ("x" * 10_001, "TOO_LONG")])
async def test_modmail_has_its_limits(sim: RedditSimulator, body: str, reason: str) -> None:
    sim.add_moderator("acme", BOT, ["mail"])
    name = sim.write_modmail("acme", "ana", "It broke")
    with pytest.raises((RedditAPIException, BadRequest), match=reason):
        await praw_does(sim, lambda reddit: reddit.subreddit("acme").modmail(name).reply(body=body))
    assert sim.sent() == []
