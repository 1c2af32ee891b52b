"""What the Reddit adapter reads, with the real SDK, over a socket to the simulator."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, ChannelSetupError, IncomingMessage, Kind, Visibility
from adapters.reddit import create, wire
from adapters.reddit.memory import Memory
from adapters.reddit.things import Thing
from simulators.reddit import FaultKind, RedditSimulator
from tests.adapters.contract import HOSTILE
from tests.adapters.ground import Ground, ran
from tests.adapters.reddit.stage import BOT, PASSWORD, SUB, Stage, populate, reply_to, running, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

HOUR_S = 3600


async def until(happens: Callable[[], bool], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not happens():
            await asyncio.sleep(0.01)


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with RedditSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: RedditSimulator) -> AsyncIterator[Stage]:
    async with running(sim) as started:
        yield started


def of(stage: Stage, message_id: str) -> list[IncomingMessage]:
    return [message for message in stage.inbox if message.message_id == message_id]


# --- nothing missed, nothing doubled -------------------------------------------------------------------------------


async def test_a_mention_comes_in(stage: Stage) -> None:
    asked = await stage.comments(f"Hey u/{BOT} where is my deposit?")

    ana, bot = stage.sim.look(asked.message_id)["author_fullname"], stage.sim.look(stage.thread, viewer=BOT)
    assert bot["author"] == "bram"
    assert asked.kind is Kind.CREATED
    assert asked.addressed is Addressed.MENTION
    assert asked.visibility is Visibility.PUBLIC
    assert asked.text == "Hey  where is my deposit?"
    assert asked.author.id == ana
    assert asked.author.handle == asked.author.display_name == "ana"
    assert not asked.author.is_bot
    assert asked.account.startswith("t2_")
    assert asked.dedupe_key == f"reddit:{asked.account}:comment:{asked.message_id}"
    assert asked.conversation_key == f"reddit:{asked.account}:{stage.thread}:{asked.message_id}:{ana}"
    assert asked.thread_key == stage.thread
    assert asked.sent_at.tzinfo is UTC
    assert asked.parent is not None
    assert asked.parent.message_id == stage.thread
    assert asked.parent.text == "What I think of Acme\n\nA lot."
    assert asked.parent.author is not None
    assert asked.parent.author.handle == "bram"
    assert asked.reply_to.place == f"r/{SUB}"
    assert asked.reply_to.url.endswith(f"/comments/{stage.thread[3:]}/_/{asked.message_id[3:]}/")


async def test_what_is_in_the_listing_and_in_the_inbox_is_one_message_and_gets_read(stage: Stage) -> None:
    asked = await stage.comments(f"Hey u/{BOT}, hello?")
    await stage.sim.wait_for_acts("read")
    await stage.rounds()
    assert len(of(stage, asked.message_id)) == 1
    assert stage.sim.inbox(BOT, unread_only=True) == []


async def test_nothing_is_marked_as_read_before_it_is_stored(sim: RedditSimulator) -> None:
    populate(sim)
    made = sim.submit(SUB, "bram", f"A question for u/{BOT}")
    mention = sim.comment(made["name"], "ana", f"u/{BOT} one")
    entered, delivered = asyncio.Event(), list[IncomingMessage]()

    async def never(messages: Sequence[IncomingMessage]) -> None:
        delivered.extend(messages)
        entered.set()
        await asyncio.Event().wait()

    ground = Ground()
    killed = create("reddit", settings(sim), ground.surroundings())
    async with ran(killed, never):
        await asyncio.wait_for(entered.wait(), 5)
        await asyncio.sleep(0.1)
        assert [item["name"] for item in sim.inbox(BOT, unread_only=True)] == [mention["name"]]
    await killed.close()
    assert sim.acts("read") == []

    async with running(sim, ground=ground, is_new=False) as again:
        await again.arrives(mention["name"])
        await sim.wait_for_acts("read")
        assert [message.dedupe_key for message in again.inbox] == [message.dedupe_key for message in delivered]


async def test_a_crowd_between_two_looks_is_read_whole_and_in_order(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        await stage.rounds(1)
        made = [sim.comment(stage.thread, "ana", f"comment {number}")["name"] for number in range(250)]
        made += [sim.submit(SUB, "ana", f"submission {number}")["name"] for number in range(120)]
        await stage.arrives(made[0])
        await stage.rounds(2)
        assert sorted(message.message_id for message in stage.inbox) == sorted(made)
        comments = [message.message_id for message in stage.inbox if message.message_id.startswith("t1_")]
        assert comments == made[:250]


async def test_a_page_below_something_deleted_is_read_all_the_same(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        await stage.rounds(1)
        made = [sim.comment(stage.thread, "ana", f"comment {number}")["name"] for number in range(150)]
        sim.arm(FaultKind.HANG_AFTER, path=f"/r/{SUB}/comments", seconds=0.5)
        calls = len(sim.calls(f"/r/{SUB}/comments"))
        await until(lambda: len(sim.calls(f"/r/{SUB}/comments")) > calls)
        await asyncio.sleep(0.1)  # the first page is worked out and on its way
        anchor = made.pop(50)
        sim.delete(anchor)
        await stage.rounds(2)
        delivered = {message.message_id for message in stage.inbox} - {anchor}
        assert delivered == set(made)


async def test_a_restart_repeats_nothing_and_misses_nothing(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        first = await stage.comments("!ticket one")
        letter = await stage.writes("hello")
        await stage.rounds()
    ground, thread = stage.ground, stage.thread
    while_down = sim.comment(thread, "ana", "!ticket two")["name"]
    sim.answer_modmail(letter.thread_key, "ana", "anybody?")
    async with running(sim, ground=ground, is_new=False) as again:
        await again.arrives(while_down)
        await again.rounds()
        assert [message.text for message in again.inbox] == ["two", "anybody?"]
    assert first.message_id not in {message.message_id for message in again.inbox}


async def test_what_was_there_long_before_the_bot_is_left_alone(sim: RedditSimulator) -> None:
    populate(sim)
    thread = sim.submit(SUB, "bram", "Old", flair="Help")["name"]
    mention = sim.comment(thread, "ana", f"u/{BOT} help me, it is 2019")["name"]
    for name in (thread, mention):
        sim.age(name, HOUR_S)
    async with running(sim, is_new=False, help_flairs={SUB: ["help"]}) as stage:
        await sim.wait_for_acts("read")
        await stage.rounds()
        sim.edit(mention, f"u/{BOT} help me")
        await stage.rounds()
        assert stage.inbox == []
        assert sim.inbox(BOT, unread_only=True) == []
        fresh = sim.comment(thread, "ana", f"u/{BOT} help me now")
        assert (await stage.arrives(fresh["name"])).text == "help me now"


async def test_a_subreddit_that_is_added_later_begins_then(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        await stage.comments("!ticket one")
        sim.add_subreddit("other")
        old = sim.submit("other", "ana", "!ticket from long ago")["name"]
        sim.age(old, HOUR_S)
        await stage.rounds()
    async with running(sim, ground=stage.ground, is_new=False, subreddits=[SUB, "other"]) as again:
        fresh = sim.submit("other", "ana", "!ticket now")["name"]
        assert (await again.arrives(fresh)).text == "now"
        await again.rounds()
        assert [message.message_id for message in again.inbox] == [fresh]


async def test_what_was_written_while_it_was_down_is_not_lost_where_a_subreddit_is_added(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        await stage.comments("!ticket one")
        await stage.writes("hello")
        await stage.rounds(1)
    sim.add_subreddit("other")
    sim.add_moderator("other", BOT)
    for number in range(60):
        sim.age(sim.submit("other", "ana", f"from long ago {number}")["name"], HOUR_S)
    made = {sim.comment(stage.thread, "ana", f"comment {number}")["name"] for number in range(150)}
    letters = {f"letter {number}" for number in range(120)}
    for text in letters:
        sim.write_modmail(SUB, "ana", text, subject=text)
    async with running(sim, ground=stage.ground, is_new=False, subreddits=[SUB, "other"]) as again:
        await until(lambda: len(again.inbox) >= len(made) + len(letters))
        public = [message for message in again.inbox if message.visibility is Visibility.PUBLIC]
        assert {message.message_id for message in public} == made
        assert {message.text for message in again.inbox if message not in public} == letters


async def test_a_quiet_look_writes_nothing_down(sim: RedditSimulator) -> None:
    written: list[str] = []

    class Counting(Ground):
        async def save(self, key: str, value: str) -> None:
            written.append(key)
            await super().save(key, value)

    async with running(sim, ground=Counting()) as stage:
        await stage.comments("!ticket one")
        await stage.writes("hello")
        await stage.rounds(2)
        before = len(written)
        await stage.rounds(5)
        assert len(written) == before > 0


async def test_the_ledgers_own_failure_goes_up_and_marks_nothing(sim: RedditSimulator) -> None:
    populate(sim)
    thread = sim.submit(SUB, "ana", f"!ticket u/{BOT}")["name"]
    ground = Ground()

    async def full(messages: Sequence[IncomingMessage]) -> None:
        raise OSError(f"no space left for {len(messages)}")

    adapter = create("reddit", settings(sim), ground.surroundings())
    with pytest.raises(OSError, match="no space left for 1"):
        await adapter.run(full)
    await adapter.close()
    assert [Memory.load(state).seen for state in ground.state.values()] == [{}]
    async with running(sim, ground=ground, is_new=False) as again:
        await again.arrives(thread)


# --- edited and deleted --------------------------------------------------------------------------------------------


async def test_an_edit_is_told_once(stage: Stage) -> None:
    asked = await stage.comments(f"u/{BOT} where is it")
    await stage.rounds(1)
    stage.sim.edit(asked.message_id, f"u/{BOT} where is my money")
    edited = await stage.arrives(asked.message_id, Kind.EDITED)
    assert edited.text == "where is my money"
    assert edited.addressed is Addressed.MENTION
    assert edited.conversation_key == asked.conversation_key
    assert edited.dedupe_key.startswith(f"{asked.dedupe_key}:edited:")
    await stage.rounds()
    assert len(of(stage, asked.message_id)) == 2


async def test_an_edit_can_address_the_bot(stage: Stage) -> None:
    said = await stage.comments("talk among people")
    assert said.addressed is Addressed.AMBIENT
    stage.sim.edit(said.message_id, f"u/{BOT} and now to you")
    edited = await stage.arrives(said.message_id, Kind.EDITED)
    assert edited.addressed is Addressed.MENTION
    assert edited.text == "and now to you"


async def test_a_handled_comment_is_looked_at_long_after_it_left_the_listing(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        asked = await stage.comments("!ticket where is it")
        for number in range(120):
            sim.comment(stage.thread, "bram", f"chatter {number}")
        await stage.rounds()
        sim.edit(asked.message_id, "!ticket where is my money")
        edited = await stage.arrives(asked.message_id, Kind.EDITED)
        assert edited.text == "!ticket where is my money"
        assert edited.command == ""


@pytest.mark.parametrize("how", ["delete", "remove"])
async def test_what_is_deleted_or_removed_is_told_once(stage: Stage, how: str) -> None:
    asked = await stage.comments(f"u/{BOT} my seed phrase is …")
    if how == "delete":
        stage.sim.delete(asked.message_id)
    else:
        stage.sim.remove(asked.message_id, "mila")
    gone = await stage.arrives(asked.message_id, Kind.DELETED)
    assert gone.conversation_key == asked.conversation_key
    assert gone.author.id == asked.author.id
    assert gone.reply_to.place == asked.reply_to.place
    assert gone.text == ""
    await stage.rounds(4)
    assert len([one for one in of(stage, asked.message_id) if one.kind is Kind.DELETED]) == 1


async def test_the_complaint_of_a_moderators_ticket_is_watched_too(stage: Stage) -> None:
    complaint = await stage.comments("Acme took my money")
    act = await stage.comments("!ticket", author="mila", parent=complaint.message_id)
    stage.sim.delete(complaint.message_id)
    gone = await stage.arrives(complaint.message_id, Kind.DELETED)
    assert gone.conversation_key == act.conversation_key
    assert gone.author.id == complaint.author.id


# --- where the bot may speak ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("just talking", (Addressed.AMBIENT, Kind.CREATED, "", "just talking")),
        ("u/firstline_bot hi", (Addressed.MENTION, Kind.CREATED, "", "hi")),
        ("!ticket my card", (Addressed.COMMAND, Kind.COMMAND, "ticket", "my card")),
        ("u/firstline_bot !ticket my card", (Addressed.COMMAND, Kind.COMMAND, "ticket", "my card")),
        ("!status FL-1001", (Addressed.COMMAND, Kind.COMMAND, "status", "FL-1001")),
        ("!help", (Addressed.COMMAND, Kind.COMMAND, "help", "")),
        ("!claim", (Addressed.COMMAND, Kind.COMMAND, "claim", "")),
        ("!language nl", (Addressed.COMMAND, Kind.COMMAND, "language", "nl")),
        ("!stop", (Addressed.COMMAND, Kind.COMMAND, "stop", "")),
        ("!faq how do I reset 2FA?", (Addressed.COMMAND, Kind.CREATED, "", "how do I reset 2FA?")),
        ("!remindme 2 days", (Addressed.AMBIENT, Kind.CREATED, "", "!remindme 2 days")),
        ("/ticket is none in public", (Addressed.AMBIENT, Kind.CREATED, "", "/ticket is none in public")),
        ("please !ticket this", (Addressed.AMBIENT, Kind.CREATED, "", "please !ticket this")),
    ],
)
async def test_how_a_comment_is_addressed(stage: Stage, text: str, expected: tuple[str, ...]) -> None:
    got = await stage.comments(text)
    assert (got.addressed, got.kind, got.command, got.text) == expected


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_words_come_in_whole(stage: Stage, text: str) -> None:
    got = await stage.comments(f"!faq {text}")
    assert got.addressed is Addressed.COMMAND
    assert got.text == text


async def test_an_answer_to_the_bot_is_for_the_bot_in_whatever_way_it_is_found(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    posted = await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    answer = await stage.comments("thanks, that helped", parent=posted)
    assert answer.addressed is Addressed.REPLY_TO_BOT
    assert answer.conversation_key == asked.conversation_key
    assert answer.parent is not None
    assert answer.parent.author is not None
    assert answer.parent.author.is_self
    await stage.rounds()
    assert len(of(stage, answer.message_id)) == 1
    assert of(stage, posted) == [], "its own comments are no news"


@pytest.mark.parametrize(
    ("flair", "titles", "addressed"),
    [("Help Wanted", [], Addressed.HELP_CHANNEL), ("Meme", [], Addressed.AMBIENT), ("Meme", [SUB], Addressed.IF_SURE)],
)
async def test_submissions_by_flair_and_title(
    sim: RedditSimulator, flair: str, titles: list[str], addressed: Addressed
) -> None:
    async with running(sim, help_flairs={SUB.upper(): [" help wanted"]}, answer_titles=titles) as stage:
        got = await stage.submits("How long does a withdrawal take?", "Mine takes long.", flair=flair)
        assert got.addressed is addressed
        whole = "How long does a withdrawal take?\n\nMine takes long."
        assert got.text == ("How long does a withdrawal take?" if addressed is Addressed.IF_SURE else whole)
        assert got.parent is None
        assert got.visibility is Visibility.PUBLIC


async def test_only_the_configured_subreddits_hear_from_the_bot(stage: Stage) -> None:
    stage.sim.add_subreddit("elsewhere")
    thread = stage.sim.submit("elsewhere", "ana", "Hello")["name"]
    got = await stage.arrives(stage.sim.comment(thread, "ana", f"u/{BOT} !ticket come here")["name"])
    assert got.addressed is Addressed.AMBIENT
    assert got.reply_to.private_url == ""
    await stage.sim.wait_for_acts("read")


@pytest.mark.parametrize("name", ["AutoModerator", "statsbot"])
async def test_bots_are_never_answered(sim: RedditSimulator, name: str) -> None:
    async with running(sim, other_bots=["StatsBot"]) as stage:
        sim.add_user(name)
        sim.add_moderator(SUB, name)
        got = await stage.comments(f"!ticket u/{BOT} I am a bot too", author=name)
        assert got.author.is_bot
        assert got.addressed is Addressed.AMBIENT
        assert got.on_behalf_of is None
        assert got.staff_reply_to is None


# --- whose matter it is --------------------------------------------------------------------------------------------


async def test_one_persons_matter_under_one_top_level_comment(stage: Stage) -> None:
    top = await stage.comments("!ticket one")
    below = await stage.comments("!ticket more", parent=top.message_id)
    deep = below
    for _ in range(4):
        deep = await stage.comments("go on", author="bram", parent=deep.message_id)
    deepest = await stage.comments("!ticket again", parent=deep.message_id)
    other = await stage.comments("!ticket me too please", author="bram", parent=top.message_id)
    elsewhere = await stage.comments("!ticket two")
    assert top.conversation_key == below.conversation_key == deepest.conversation_key
    assert len({top.conversation_key, other.conversation_key, elsewhere.conversation_key}) == 3


async def test_a_long_chain_from_before_a_restart_is_climbed(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        top = await stage.comments("!ticket one")
        name = top.message_id
        for number in range(6):
            name = sim.comment(name, "bram", f"chatter {number}")["name"]
        await stage.arrives(name)
        await stage.rounds()
    async with running(sim, ground=stage.ground, is_new=False) as again:
        deep = sim.comment(name, "ana", "!ticket again")["name"]
        assert (await again.arrives(deep)).conversation_key == top.conversation_key


async def test_a_submissions_author_goes_on_below_the_bots_answer(sim: RedditSimulator) -> None:
    async with running(sim, help_flairs={SUB: ["Help"]}) as stage:
        asked = await stage.submits("Where is my deposit?", flair="Help")
        posted = await stage.adapter.send(reply_to(asked.reply_to, "On its way."))
        more = await stage.comments("It is not.", parent=posted)
        stranger = await stage.comments("Mine neither.", parent=posted, author="bram")
        own = await stage.comments("!ticket besides, my card is stuck", parent=asked.message_id)
        beside = sim.comment(asked.message_id, "bram", "Same here")["name"]
        in_anothers = await stage.comments("!ticket and for this one please", parent=beside)
        assert more.conversation_key == own.conversation_key == asked.conversation_key
        assert in_anothers.conversation_key == asked.conversation_key
        assert stranger.addressed is Addressed.REPLY_TO_BOT
        assert stranger.conversation_key != asked.conversation_key


async def _matter(stage: Stage, asked: IncomingMessage, author: str) -> list[IncomingMessage]:
    """What somebody goes on with below the bot's reply to them, and further below."""
    posted = await stage.adapter.send(reply_to(asked.reply_to, "0 or 1?"))
    chosen = await stage.comments("0", parent=posted, author=author)
    chatter = stage.sim.comment(posted, "mila", "Have you tried the app?")["name"]
    further = await stage.comments("!ticket it did not help", parent=chatter, author=author)
    posted = await stage.adapter.send(reply_to(further.reply_to, "Opened."))
    return [chosen, further, await stage.comments("Thanks.", parent=posted, author=author)]


WHERE = ("in the submission", "below their own submission", "below a comment in it", "elsewhere", "below a comment")


@pytest.mark.parametrize("where", WHERE)
async def test_a_matter_keeps_its_key_whatever_happens(sim: RedditSimulator, where: str) -> None:
    words = f"u/{BOT} my login does not work"
    async with running(sim) as stage:
        own = stage.thread if "comment" in where or where == "elsewhere" else sim.submit(SUB, "ana", "Acme?")["name"]
        author = "bram" if where == "below a comment in it" else "ana"
        below = sim.comment(own, "mila", "Anybody?")["name"] if "comment" in where else own
        asked = await (
            stage.submits(words) if where == WHERE[0] else stage.comments(words, author=author, parent=below)
        )
        whole = [asked, *await _matter(stage, asked, author)]
        act = await stage.comments("!ticket", author="mila", parent=asked.message_id)
        assert act.on_behalf_of is not None
        await stage.rounds()
    async with running(sim, ground=stage.ground, is_new=False) as again:
        whole += [act, *await _matter(again, whole[1], author)]
        sim.edit(asked.message_id, f"u/{BOT} I am in")
        whole.append(await again.arrives(asked.message_id, Kind.EDITED))
        sim.delete(asked.message_id)
        whole.append(await again.arrives(asked.message_id, Kind.DELETED))
        stranger = await again.comments("!ticket mine neither", author="mila", parent=whole[1].message_id)
    assert {one.conversation_key for one in whole} == {asked.conversation_key}
    assert stranger.on_behalf_of is not None
    assert stranger.conversation_key == asked.conversation_key


async def test_a_complaint_keeps_its_key_when_it_is_edited_or_goes_on(stage: Stage) -> None:
    top = stage.sim.comment(stage.thread, "mila", "Anybody?")["name"]
    middle = stage.sim.comment(top, "bram", "What is it?")["name"]
    complaint = await stage.comments("Acme took my money", parent=middle)
    act = await stage.comments("!ticket", author="mila", parent=complaint.message_id)
    stage.sim.edit(complaint.message_id, "Acme took all my money")
    edited = await stage.arrives(complaint.message_id, Kind.EDITED)
    posted = await stage.adapter.send(reply_to(act.reply_to, "Opened."))
    thanks = await stage.comments("Thanks.", parent=posted)
    stage.sim.remove(complaint.message_id, "mila")
    gone = await stage.arrives(complaint.message_id, Kind.DELETED)
    assert {one.conversation_key for one in (act, edited, thanks, gone)} == {act.conversation_key}


async def test_a_matter_too_deep_to_be_climbed_keeps_its_key(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        name = stage.thread
        for number in range(20):
            name = sim.comment(name, "bram", f"chatter {number}")["name"]
        await stage.arrives(name)
        await stage.rounds()
    async with running(sim, ground=stage.ground, is_new=False) as again:
        asked = await again.comments(f"u/{BOT} my login does not work", parent=name)
        posted = await again.adapter.send(reply_to(asked.reply_to, "0 or 1?"))
        await again.rounds()
    async with running(sim, ground=stage.ground, is_new=False) as third:
        chosen = await third.comments("0", parent=posted)
        assert chosen.conversation_key == asked.conversation_key


# --- the moderator's act -------------------------------------------------------------------------------------------


async def test_a_moderators_ticket_is_the_complainers(stage: Stage) -> None:
    complaint = await stage.comments("Acme took my money")
    own = await stage.comments("!ticket my own words", parent=complaint.message_id)
    act = await stage.comments("!ticket please look", author="mila", parent=complaint.message_id)

    assert act.kind is Kind.COMMAND
    assert (act.command, act.text) == ("ticket", "please look")
    assert act.author.handle == "mila"
    assert act.author.roles == ("moderator",)
    assert act.author.roles_source == "subreddit.moderator()"
    assert act.on_behalf_of is not None
    assert act.on_behalf_of.id == complaint.author.id
    assert act.parent is not None
    assert act.parent.message_id == complaint.message_id
    assert act.parent.text == "Acme took my money"
    assert act.conversation_key == own.conversation_key
    assert act.reply_to.address["parent"] == complaint.message_id
    assert act.remove_when_done
    assert act.staff_reply_to is not None
    assert act.staff_reply_to.visibility is Visibility.INTERNAL
    assert act.staff_reply_to.sign == "!"

    await stage.adapter.send(reply_to(act.staff_reply_to, "Ticket **FL-1** is open."))
    await stage.adapter.send(reply_to(act.staff_reply_to, "And again."))
    [conversation] = stage.sim.conversations()
    assert conversation.participant is not None
    assert conversation.participant.name == "mila"
    assert [letter.text for letter in conversation.messages] == ["Ticket **FL-1** is open.", "And again."]

    assert await stage.adapter.delete(act)
    assert [(done.name, done.target) for done in stage.sim.acts("remove")] == [("remove", act.message_id)]
    await stage.rounds(4)
    assert [one.kind for one in of(stage, act.message_id)] == [Kind.COMMAND], "the bot's own removal erases nothing"


async def test_a_moderators_ticket_under_a_submission(stage: Stage) -> None:
    act = await stage.comments("!ticket", author="mila")
    assert act.on_behalf_of is not None
    assert act.on_behalf_of.handle == "bram"
    assert act.parent is not None
    assert act.parent.message_id == stage.thread
    assert act.reply_to.address["parent"] == stage.thread


@pytest.mark.parametrize("rights", [(), ("mail",), ("posts",)])
async def test_what_the_bot_may_not_do_it_does_not_promise(sim: RedditSimulator, rights: Sequence[str]) -> None:
    async with running(sim, rights=rights, modmail="mail" in rights) as stage:
        complaint = stage.sim.comment(stage.thread, "ana", "Acme took my money")["name"]
        act = await stage.comments("!ticket", author="mila", parent=complaint)
        assert act.on_behalf_of is not None
        assert act.remove_when_done is ("posts" in rights)
        assert act.staff_reply_to is not None
        in_public = act.staff_reply_to.visibility is Visibility.PUBLIC
        assert in_public is ("mail" not in rights)
        if in_public:
            assert act.staff_reply_to.address["parent"] == act.message_id
        assert bool(act.reply_to.private_url) is ("mail" in rights)
        assert await stage.adapter.delete(act) is ("posts" in rights)


async def test_an_ordinary_users_ticket_under_anothers_words_opens_nothing_for_them(stage: Stage) -> None:
    complaint = await stage.comments("Acme took my money")
    got = await stage.comments("!ticket", author="bram", parent=complaint.message_id)
    assert got.on_behalf_of is None
    assert got.staff_reply_to is None
    assert got.author.roles == ()
    assert got.author.roles_source == "subreddit.moderator()"
    assert got.parent is not None
    assert got.parent.author is not None
    assert got.parent.author.id == complaint.author.id
    assert got.reply_to.address["parent"] == got.message_id


async def test_a_moderators_own_ticket_is_their_own(stage: Stage) -> None:
    own = await stage.comments("my wallet is broken", author="mila")
    got = await stage.comments("!ticket", author="mila", parent=own.message_id)
    assert got.on_behalf_of is None
    assert got.staff_reply_to is None


async def test_a_moderator_who_answers_the_bot_asks_for_themselves(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    posted = await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    got = await stage.comments("!ticket my own matter", author="mila", parent=posted)
    assert got.on_behalf_of is None
    assert got.staff_reply_to is None


async def test_who_signs_as_a_moderator_or_is_configured_needs_no_list(sim: RedditSimulator) -> None:
    populate(sim)
    eve = sim.add_user("eve").fullname
    sim.add_user("dan")
    async with running(sim, is_new=False, moderators=[eve]) as stage:
        thread = sim.submit(SUB, "ana", "Acme took my money")["name"]
        await stage.arrives(thread)
        by_eve = await stage.comments("!ticket", author="eve", parent=thread)
        assert (by_eve.author.roles, by_eve.author.roles_source) == (("moderator",), "settings")
        sim.arm(FaultKind.HTML_BEFORE, path=f"/r/{SUB}/comments", times=0)
        await until(lambda: not stage.sim.open_calls(by_eve.sent_at, f"/r/{SUB}/comments"))
        signed = sim.comment(thread, "dan", "!ticket")["name"]
        sim.distinguish(signed)
        sim.disarm()
        by_dan = await stage.arrives(signed)
        assert (by_dan.author.roles, by_dan.author.roles_source) == (("moderator",), "payload")
        assert by_dan.on_behalf_of is not None


async def test_where_nobody_can_say_who_moderates_nothing_is_opened(sim: RedditSimulator) -> None:
    populate(sim)
    sim.arm(FaultKind.ERROR, path=f"/r/{SUB}/about/moderators", status=403, times=0)
    async with running(sim, is_new=False) as stage:
        thread = sim.submit(SUB, "ana", "Acme took my money")["name"]
        act = await stage.comments("!ticket", author="mila", parent=thread)
        assert act.on_behalf_of is None
        assert act.author.roles == ()
        assert act.author.roles_source == ""
        assert act.staff_reply_to is not None


@pytest.mark.parametrize("how", ["delete", "remove", "delete_account"])
async def test_a_hidden_complaint_opens_nothing(stage: Stage, how: str) -> None:
    complaint = stage.sim.comment(stage.thread, "ana", "Acme took my money")["name"]
    if how == "delete":
        stage.sim.delete(complaint)
    elif how == "remove":
        stage.sim.remove(complaint, "mila")
    else:
        stage.sim.delete_account("ana")
    act = await stage.comments("!ticket", author="mila", parent=complaint)
    assert act.on_behalf_of is None
    assert act.staff_reply_to is not None
    assert not act.remove_when_done
    if how != "delete_account":
        assert act.parent is not None
        assert act.parent.text is None


async def test_below_a_bots_words_nothing_is_opened(stage: Stage) -> None:
    stage.sim.add_user("AutoModerator")
    rules = stage.sim.comment(stage.thread, "AutoModerator", "Be kind.")["name"]
    act = await stage.comments("!ticket", author="mila", parent=rules)
    assert act.on_behalf_of is None
    assert act.staff_reply_to is not None


async def test_moderators_are_asked_for_once_a_minute(stage: Stage) -> None:
    complaint = await stage.comments("Acme took my money")
    for _ in range(3):
        await stage.comments("!ticket", author="mila", parent=complaint.message_id)
    assert len(stage.sim.calls(f"/r/{SUB}/about/moderators")) == 1


# --- the network ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [kind for kind in FaultKind if not kind.name.startswith(("FORM", "RATELIMIT", "HANG"))]
)
async def test_a_failing_reddit_is_outlived(stage: Stage, kind: FaultKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LEAST_WAIT_S", 0.05)
    stage.sim.arm(kind, http_method="GET", times=4, seconds=0.05, status=502)
    asked = await stage.comments("!ticket still there?")
    assert asked.text == "still there?"
    await stage.rounds()
    assert len(of(stage, asked.message_id)) == 1


async def test_each_thread_logs_in_once(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    await asyncio.gather(*(stage.adapter.send(reply_to(asked.reply_to, f"Hello {number}.")) for number in range(5)))
    await stage.rounds()
    assert len(stage.sim.calls("/api/v1/access_token")) == 2


async def test_a_token_that_ends_is_renewed(stage: Stage) -> None:
    stage.sim.expire_tokens()
    asked = await stage.comments("!ticket still there?")
    stage.sim.expire_tokens()
    assert await stage.adapter.send(reply_to(asked.reply_to, "Yes."))
    assert len(stage.sim.sent()) == 1


async def test_a_refresh_token_logs_in(sim: RedditSimulator) -> None:
    populate(sim)
    token = sim.new_refresh_token(BOT)
    async with running(sim, is_new=False, password=None, refresh_token=token) as stage:
        made = sim.submit(SUB, "ana", "!ticket hello there you")
        assert (await stage.arrives(made["name"])).text == "hello there you"


async def test_a_refused_account_cannot_start(sim: RedditSimulator, caplog: pytest.LogCaptureFixture) -> None:
    populate(sim)

    async def nowhere(messages: Sequence[IncomingMessage]) -> None:
        raise AssertionError(f"{len(messages)} messages came from nowhere")

    wrongs: list[dict[str, str | None]] = [
        {"password": "CANARY-wrong-password"},
        {"client_secret": "CANARY-wrong-secret"},
        {"password": None, "refresh_token": "CANARY-wrong-token"},
    ]
    for wrong in wrongs:
        adapter = create("reddit", settings(sim, **wrong), Ground().surroundings())
        with pytest.raises(ChannelSetupError, match="refuses to log `reddit` in") as raised:
            await adapter.run(nowhere)
        assert "CANARY" not in str(raised.value)
        [finding] = await adapter.check()
        assert not finding.ok
        assert "CANARY" not in finding.text + finding.cure + caplog.text
        await adapter.close()


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_page_of_the_firewalls_at_the_log_in_switches_nothing_off(sim: RedditSimulator, status: int) -> None:
    populate(sim)
    sim.arm(FaultKind.HTML_BEFORE, path="/api/v1/access_token", status=status)
    async with running(sim, is_new=False) as stage:
        made = sim.submit(SUB, "ana", "!ticket hello there you")
        assert (await stage.arrives(made["name"])).text == "hello there you"
    sim.arm(FaultKind.HTML_BEFORE, path="/api/v1/access_token", status=status)
    adapter = create("reddit", settings(sim), Ground().surroundings())
    [finding] = await adapter.check()
    assert "cannot be reached" in finding.text
    await adapter.close()


async def test_a_closed_subreddit_stops_no_other(sim: RedditSimulator, caplog: pytest.LogCaptureFixture) -> None:
    populate(sim)
    sim.add_subreddit("closed", kind="private")
    async with running(sim, is_new=False, subreddits=[SUB, "closed", "nosuchplace"]) as stage:
        made = sim.submit(SUB, "ana", "!ticket hello there you")
        assert (await stage.arrives(made["name"])).text == "hello there you"
        findings = await stage.adapter.check()
        assert [one.text.partition(" ")[0] for one in findings if not one.ok] == ["r/closed", "r/nosuchplace"]
    assert "r/closed is closed to the bot" in caplog.text


async def test_a_private_subreddit_is_among_its_members(sim: RedditSimulator) -> None:
    populate(sim)
    sim.add_subreddit("club", kind="private")
    sim.add_member("club", BOT)
    async with running(sim, is_new=False, subreddits=["club"], modmail=False) as stage:
        made = sim.submit("club", "ana", "!ticket hello there you")
        got = await stage.arrives(made["name"])
        assert got.visibility is got.reply_to.visibility is Visibility.MEMBERS


async def test_one_look_costs_four_requests_and_one_more_with_news(sim: RedditSimulator) -> None:
    async with running(sim, lookup_interval_s=60) as stage:
        await stage.rounds(3)
        looks = _looks(sim)
        assert looks[-1] == ["/message/unread", f"/r/{SUB}/comments", f"/r/{SUB}/new", "/api/mod/conversations"]
        await stage.comments("!ticket hello there you")
        await stage.rounds(2)
        assert [sorted({*look} - {*looks[-1]}) for look in _looks(sim) if len(look) > 4][-1] == ["/api/info"]
        assert max(len(look) for look in _looks(sim)[3:]) == 5


def _looks(sim: RedditSimulator) -> list[list[str]]:
    """What was asked for in each whole look."""
    paths = [call.path for call in sim.calls()]
    begins = [number for number, path in enumerate(paths) if path == "/message/unread"]
    return [paths[start:end] for start, end in pairwise(begins)]


async def test_used_up_requests_are_waited_for_outside_of_the_threads(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        asked = await stage.comments("!ticket hello there you")
        sim.set_rate_headers(remaining=5, used=995, reset_s=300)
        await asyncio.sleep(0.3)
        reads = len([call for call in sim.calls() if call.http_method == "GET"])
        began = time.monotonic()
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
        assert time.monotonic() - began < 1, "what is left is for the replies"
        await asyncio.sleep(0.3)
        more = len([call for call in sim.calls() if call.http_method == "GET" and call.path != "/api/info"])
        assert more <= reads


async def test_no_secret_and_nobodys_words_are_logged(sim: RedditSimulator, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with running(sim) as stage:
            asked = await stage.comments("!ticket CANARY-words of ana")
            await stage.adapter.send(reply_to(asked.reply_to, "CANARY-words of the agent"))
            sim.arm(FaultKind.HTML_BEFORE, times=6)
            sim.expire_tokens()
            await stage.comments("!ticket more CANARY-words")
            assert PASSWORD not in repr(stage.adapter)
    assert "CANARY" not in caplog.text


async def test_closing_waits_no_longer_than_a_request(sim: RedditSimulator) -> None:
    async with running(sim, request_timeout_s=1) as stage:
        sim.arm(FaultKind.HANG_BEFORE, http_method="GET", seconds=30, times=0)
        await asyncio.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 2.5
    assert stage.inbox == []


async def test_a_hanging_look_holds_up_no_reply(sim: RedditSimulator) -> None:
    async with running(sim, request_timeout_s=5) as stage:
        asked = await stage.comments("!ticket hello there you")
        sim.arm(FaultKind.HANG_BEFORE, http_method="GET", path="/message/unread", seconds=2.0, times=0)
        await asyncio.sleep(0.2)
        began = time.monotonic()
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
        assert time.monotonic() - began < 1.2
        sim.disarm()


async def test_a_passing_401_is_outlived(stage: Stage) -> None:
    stage.sim.arm(FaultKind.ERROR, http_method="GET", status=401)
    asked = await stage.comments("!ticket still there?")
    assert asked.text == "still there?"


async def test_check_says_what_the_bot_may_do(sim: RedditSimulator) -> None:
    populate(sim, rights=("posts",))
    adapter = create("reddit", settings(sim, footer=False), Ground().surroundings())
    texts = [finding.text for finding in await adapter.check()]
    assert any(f"Logged in as u/{BOT}" in text for text in texts)
    assert any("Responsible Builder Policy" in text for text in texts)
    assert any("No footer" in text for text in texts)
    assert any("no private place" in text for text in texts)
    assert any("removed once carried out" in text for text in texts)
    await adapter.close()


async def test_a_ban_and_a_suspension_are_findings(sim: RedditSimulator) -> None:
    populate(sim)
    sim.ban(SUB, BOT)
    sim.suspend(BOT)
    async with running(
        sim, is_new=False, username="somebody_else", password=None, refresh_token=sim.new_refresh_token(BOT)
    ) as stage:
        made = sim.submit(SUB, "ana", "!ticket hello there you")
        got = await stage.arrives(made["name"])
        assert not got.reply_to.can_reply
        assert "banned" in got.reply_to.why_not
        wrong = [finding.text for finding in await stage.adapter.check() if not finding.ok]
    assert wrong == [
        "That is not u/somebody_else, as configured.",
        "Reddit has suspended the account.",
        f"r/{SUB} has banned the bot.",
    ]


async def test_an_unreachable_reddit_is_a_finding(sim: RedditSimulator) -> None:
    populate(sim)
    adapter = create(
        "reddit",
        settings(sim, reddit_url="http://127.0.0.1:9", oauth_url="http://127.0.0.1:9"),
        Ground().surroundings(),
    )
    [finding] = await adapter.check()
    assert not finding.ok
    assert "cannot be reached" in finding.text
    await adapter.close()


def test_what_is_remembered_is_bounded_and_read_back() -> None:
    memory = Memory(since={"acme": 1})
    for number in range(6000):
        thing = Thing(
            id=f"t1_{number}",
            author_id="t2_a",
            author_name="ana",
            text="hello",
            subreddit="Acme",
            created_at=datetime(2026, 11, 23, tzinfo=UTC),
        )
        assert memory.is_new(thing)
        memory.see(thing)
        assert not memory.is_new(thing)
        memory.watch(thing.id, conversation_key="k", author_id="t2_a", edited=0)
        memory.note_letter(f"c{number}", "now", "m")
    assert (len(memory.seen), len(memory.watched), len(memory.letters)) == (2500, 500, 500)
    assert "t1_5999" in memory.seen
    assert Memory.load(memory.dump()) == memory
    assert Memory.load(None) == Memory()
