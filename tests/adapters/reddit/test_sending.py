"""What the Reddit adapter posts, with the real SDK, over a socket to the simulator."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.base import Busy, ChannelError, Idempotency, MaybePosted, Rejected, ReplyTarget, Unreachable, Visibility
from adapters.markup import escape
from adapters.reddit import create
from adapters.reddit.text import MAX_BODY, MAX_PLAIN
from adapters.reddit.wire import asked_to_wait_s
from simulators.reddit import FaultKind, RedditSimulator
from tests.adapters.contract import HOSTILE
from tests.adapters.ground import Ground
from tests.adapters.reddit.stage import BOT, SUB, Stage, populate, reply_to, running, seen, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

COMMENT = "/api/comment"


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with RedditSimulator() as simulator:
        yield simulator


@pytest.fixture
async def stage(sim: RedditSimulator) -> AsyncIterator[Stage]:
    async with running(sim, request_timeout_s=0.5) as started:
        yield started


# --- the text ------------------------------------------------------------------------------------------------------


async def test_a_reply_stands_below_the_question(stage: Stage) -> None:
    asked = await stage.comments("!ticket where is my deposit")
    posted_id = await stage.adapter.send(reply_to(asked.reply_to, "It is on its **way**."))
    [posted] = stage.sim.sent()
    assert posted.name == posted_id
    assert posted.parent == asked.message_id
    assert posted.author == BOT
    assert seen(posted.text) == "It is on its way."
    assert asked.reply_to.idempotency is Idempotency.FINDABLE
    assert not asked.reply_to.buttons
    assert asked.reply_to.sign == "!"


async def test_replies_that_wait_for_each_other_all_go_out(sim: RedditSimulator) -> None:
    populate(sim)
    thread = sim.submit(SUB, "ana", "!ticket where is my deposit")["name"]
    async with running(sim, is_new=False, request_timeout_s=0.3, poll_interval_s=60) as stage:
        asked = await stage.arrives(thread)
        sim.arm(FaultKind.HANG_BEFORE, seconds=0.1, times=0)
        replies = [reply_to(asked.reply_to, f"Answer {number}.") for number in range(8)]
        posted = await asyncio.gather(*map(stage.adapter.send, replies))
        assert len(set(posted)) == len(sim.sent()) == 8
        sim.disarm()


async def test_a_submission_is_answered_by_a_top_level_comment(stage: Stage) -> None:
    asked = await stage.submits("!ticket where is my deposit")
    await stage.adapter.send(reply_to(asked.reply_to, "Here."))
    assert [posted.parent for posted in stage.sim.sent()] == [asked.message_id]


async def test_later_parts_follow_each_other(stage: Stage) -> None:
    asked = await stage.comments("!ticket tell me everything")
    first = await stage.adapter.send(reply_to(asked.reply_to, "One."))
    second = await stage.adapter.send(replace(reply_to(asked.reply_to, "Two."), follows=first))
    third = await stage.adapter.send(replace(reply_to(asked.reply_to, "Three."), follows=second))
    assert [posted.parent for posted in stage.sim.sent()] == [asked.message_id, first, second]
    assert third


@pytest.mark.parametrize("text", [*HOSTILE, "u/ana and /u/bram, see r/help", "# a\n\n- b\n1. c\n\n    d"])
async def test_in_public_too_hostile_words_stay_words_and_name_nobody(stage: Stage, text: str) -> None:
    asked = await stage.comments("!ticket hello there you", author="bram")
    await stage.adapter.send(reply_to(asked.reply_to, escape(text)))
    [posted] = stage.sim.sent()
    assert seen(posted.text).split() == text.split()
    assert stage.sim.inbox("ana") == []


async def test_the_longest_text_with_the_longest_footer_is_taken(sim: RedditSimulator) -> None:
    async with running(sim, footer_text="f" * 400) as stage:
        asked = await stage.comments("!ticket tell me everything")
        assert asked.reply_to.max_len == MAX_PLAIN
        for text in ("*" * MAX_PLAIN, "a\n" * (MAX_PLAIN // 2), "word " * (MAX_PLAIN // 5)):
            await stage.adapter.send(reply_to(asked.reply_to, escape(text)))
        await stage.adapter.send(reply_to(asked.reply_to, "**a** \n" * 1500))
        assert max(len(posted.text) for posted in sim.sent()) <= MAX_BODY
        assert len(sim.sent()) == 4


async def test_the_footer_says_that_it_is_a_bot_and_how_to_be_left_alone(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    [posted] = stage.sim.sent()
    _, _, footer = posted.text.partition("\n\n---\n\n")
    assert footer.startswith("*I am a bot.*")
    private, stop = (urlsplit(part.partition(")")[0]) for part in footer.split("](")[1:])
    assert parse_qs(private.query) == {"to": [f"/r/{SUB}"], "subject": ["Support"]}
    assert parse_qs(stop.query) == {"to": [f"/r/{SUB}"], "subject": ["Stop"], "message": ["!stop"]}
    got = await stage.writes("!stop", subject="Stop")
    assert (got.kind, got.command, got.text) == ("command", "stop", "")


@pytest.mark.parametrize(
    ("given", "rights", "footer"),
    [
        ({"footer": False}, ("mail",), ""),
        ({"footer_text": "*Beep.*"}, ("mail",), "\n\n---\n\n*Beep.*"),
        ({}, (), "\n\n---\n\n*I am a bot.* Reply `!stop` and I leave you alone."),
    ],
)
async def test_other_footers(sim: RedditSimulator, given: dict[str, Any], rights: tuple[str, ...], footer: str) -> None:
    async with running(sim, rights=rights, modmail=False, **given) as stage:
        asked = await stage.comments("!ticket hello there you")
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
        assert [posted.text for posted in sim.sent()] == [f"Hello.{footer}"]


@pytest.mark.parametrize("says", [True, False])
async def test_the_link_to_the_private_place_stands_there_once(stage: Stage, *, says: bool) -> None:
    asked = await stage.comments("!ticket hello there you")
    url = asked.reply_to.private_url.replace("{number}", "FL-1001")
    text = escape(f"Ticket FL-1001 is open. More: {url}" if says else "Hello.")
    reply = reply_to(asked.reply_to, text)
    posted_id = await stage.adapter.send(reply)
    [posted] = stage.sim.sent()
    assert posted.text.count("/message/compose?") == 2
    assert ("Write to us in private" in posted.text) is not says
    assert "[Do not answer me again](" in posted.text
    assert await stage.adapter.find(reply) == posted_id


async def test_a_footer_in_the_subreddits_language(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    target = replace(asked.reply_to, address={**asked.reply_to.address, "language": "nl"})
    await stage.adapter.send(reply_to(target, "Hallo."))
    [posted] = stage.sim.sent()
    assert "*Ik ben een bot.*" in posted.text


async def test_the_link_to_the_private_place_carries_the_number(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    url = urlsplit(asked.reply_to.private_url.replace("{number}", "FL-1001"))
    assert url.path == "/message/compose"
    assert parse_qs(url.query) == {"to": [f"/r/{SUB}"], "subject": ["Ticket FL-1001"]}
    got = await stage.writes("and my card too", subject="Ticket FL-1001")
    assert got.text == "Ticket FL-1001\n\nand my card too"
    assert got.author.id == asked.author.id, "the proof that it is the same person"


# --- the look just before ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happens", "to", "why"),
    [
        ("lock", "comment", "the comment is locked"),
        ("lock", "submission", "the submission is locked"),
        ("archive", "submission", "is archived"),
        ("remove", "comment", "the comment was removed"),
        ("remove", "submission", "the submission was removed"),
        ("delete", "comment", "the comment was deleted"),
        ("delete", "submission", "the submission was deleted"),
        ("delete_account", "ana", "the author of the comment has gone"),
    ],
)
@pytest.mark.parametrize("rights", [("posts", "mail"), ()])
async def test_what_is_closed_meanwhile_is_not_answered(
    sim: RedditSimulator, happens: str, to: str, why: str, rights: tuple[str, ...]
) -> None:
    async with running(sim, rights=rights, modmail=bool(rights), lookup_interval_s=60) as stage:
        asked = await stage.comments("!ticket hello there you")
        name = {"comment": asked.message_id, "submission": stage.thread}.get(to, to)
        getattr(sim, happens)(name, *(["mila"] if happens == "remove" else []))
        with pytest.raises(Rejected, match=why):
            await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
        assert sim.calls(COMMENT) == []


async def test_what_is_not_there_is_not_answered(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    target = replace(asked.reply_to, address={**asked.reply_to.address, "parent": "t1_zzzzz"})
    with pytest.raises(Rejected, match="not there any more"):
        await stage.adapter.send(reply_to(target, "Hello."))


async def test_a_failed_look_posts_nothing(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    await stage.adapter.send(reply_to(asked.reply_to, "One."))
    for kind, status in ((FaultKind.HTML_BEFORE, 503), (FaultKind.HTML_BEFORE, 200), (FaultKind.CUT_AFTER, 0)):
        stage.sim.arm(kind, path="/api/info", times=0, status=status)
        with pytest.raises(Unreachable):
            await stage.adapter.send(reply_to(asked.reply_to, "Two."))
        stage.sim.disarm()
    assert len(stage.sim.calls(COMMENT)) == 1


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "at_least_s", "at_most_s"),
    [
        ("Take a break for 9 minutes before trying again.", 9 * 60, 10 * 60),
        ("Take a break for 1 minute before trying again.", 60, 120),
        ("Take a break for 1 second before trying again.", 1, 2),
        ("Take a break for 59 seconds before trying again.", 59, 60),
        ("Take a break for 800 milliseconds before trying again.", 0.8, 1),
        ("you are doing that too much. try again in 2 hours.", 3600, 3 * 3600),
        ("You have been doing that a lot.", 60, 60),
    ],
)
def test_how_long_reddit_asks_to_wait(message: str, at_least_s: float, at_most_s: float) -> None:
    assert at_least_s <= asked_to_wait_s(message) <= at_most_s


@pytest.mark.parametrize("seconds", [0.2, 2, 9 * 60])
async def test_a_ratelimit_is_scheduled_and_not_slept(stage: Stage, seconds: float) -> None:
    asked = await stage.comments("!ticket hello there you")
    await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    stage.sim.arm(FaultKind.RATELIMIT, path=COMMENT, seconds=seconds)
    began = time.monotonic()
    with pytest.raises(Busy) as raised:
        await stage.adapter.send(reply_to(asked.reply_to, "Hello again."))
    assert time.monotonic() - began < 0.9
    assert seconds <= raised.value.retry_after_s <= 2 * seconds + 60
    assert len(stage.sim.calls(COMMENT)) == 2


@pytest.mark.parametrize(
    "code", ["THREAD_LOCKED", "DELETED_COMMENT", "TOO_LONG", "NO_TEXT", "SUBREDDIT_NOTALLOWED", "TOO_OLD", "NEW_ONE"]
)
async def test_an_error_of_reddits_form_is_for_good(stage: Stage, code: str) -> None:
    asked = await stage.comments("!ticket hello there you")
    stage.sim.arm(FaultKind.FORM_ERROR, path=COMMENT, code=code, message="no.", form_field="parent")
    with pytest.raises(Rejected, match=code):
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    assert len(stage.sim.calls(COMMENT)) == 1


async def test_a_ban_is_for_good(sim: RedditSimulator) -> None:
    async with running(sim, rights=(), modmail=False) as stage:
        asked = await stage.comments("!ticket hello there you")
        sim.ban(SUB, BOT)
        with pytest.raises(Rejected, match="403"):
            await stage.adapter.send(reply_to(asked.reply_to, "Hello."))


@pytest.mark.parametrize(("retry_after_s", "expected_s"), [(7, 7), (-1, 60)])
async def test_too_many_requests_wait(stage: Stage, retry_after_s: float, expected_s: float) -> None:
    asked = await stage.comments("!ticket hello there you")
    stage.sim.arm(FaultKind.TOO_MANY_REQUESTS, path=COMMENT, seconds=retry_after_s)
    with pytest.raises(Busy) as raised:
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    assert raised.value.retry_after_s == expected_s


async def test_used_up_requests_wait_for_the_window_without_sleeping(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    stage.sim.set_rate_headers(remaining=0, used=1000, reset_s=200)
    with contextlib.suppress(Busy):
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    began = time.monotonic()
    with pytest.raises(Busy) as raised:
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    assert time.monotonic() - began < 0.9
    assert 190 < raised.value.retry_after_s <= 200


async def test_nothing_is_posted_where_nobody_listens() -> None:
    async with RedditSimulator() as sim, running(sim, max_backoff_s=0.05) as stage:
        asked = await stage.comments("!ticket hello there you")
        letter = await stage.writes("hello")
        for target in (asked.reply_to, letter.reply_to):
            await stage.adapter.send(reply_to(target, "Hello."))
        await sim.go_away()
        for target in (asked.reply_to, letter.reply_to):
            with pytest.raises(Unreachable):
                await stage.adapter.send(reply_to(target, "Hello?"))
        await sim.come_back()
        assert len(sim.sent()) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": FaultKind.HTML_BEFORE}, Unreachable),
        ({"kind": FaultKind.CUT_BEFORE}, Unreachable),
        ({"kind": FaultKind.TOO_MANY_REQUESTS, "seconds": 3}, Busy),
        ({"kind": FaultKind.ERROR, "status": 401}, Unreachable),
    ],
)
async def test_without_a_token_nothing_was_posted(
    stage: Stage, fault: dict[str, Any], error: type[ChannelError]
) -> None:
    asked = await stage.comments("!ticket hello there you")
    await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    # Between its look and its post the token ends, and no other is to be had.
    stage.sim.arm(FaultKind.ERROR, path=COMMENT, status=401)
    stage.sim.arm(path="/api/v1/access_token", times=0, **fault)
    with pytest.raises(error) as raised:
        await stage.adapter.send(reply_to(asked.reply_to, "Hello again."))
    assert type(raised.value) is error
    assert len(stage.sim.sent()) == 1


# --- lost answers --------------------------------------------------------------------------------------------------

LOST = [
    {"kind": FaultKind.HTML_AFTER, "status": 503},
    {"kind": FaultKind.HTML_AFTER, "status": 500},
    {"kind": FaultKind.HTML_AFTER, "status": 520},
    {"kind": FaultKind.HTML_AFTER, "status": 408},
    {"kind": FaultKind.HTML_AFTER, "status": 200},
    {"kind": FaultKind.CUT_AFTER},
    {"kind": FaultKind.HANG_AFTER, "seconds": 1.0},
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}")
async def test_a_lost_answer_is_looked_for_and_never_posted_again(stage: Stage, fault: dict[str, Any]) -> None:
    asked = await stage.comments("!ticket hello there you")
    reply = reply_to(asked.reply_to, "It is **here**:\n- u/ana's_wallet")
    stage.sim.arm(path=COMMENT, **fault)
    with pytest.raises(MaybePosted):
        await stage.adapter.send(reply)
    [posted] = stage.sim.sent()
    assert len(stage.sim.calls(COMMENT)) == 1
    assert await stage.adapter.find(reply) == posted.name


@pytest.mark.parametrize("kind", [FaultKind.HTML_BEFORE, FaultKind.CUT_BEFORE])
async def test_what_was_not_posted_is_not_found(stage: Stage, kind: FaultKind) -> None:
    asked = await stage.comments("!ticket hello there you")
    other = await stage.comments("!ticket hello there too")
    await stage.adapter.send(reply_to(other.reply_to, "Hello."))
    stage.sim.arm(kind, path=COMMENT)
    with pytest.raises(MaybePosted):
        await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    assert await stage.adapter.find(reply_to(asked.reply_to, "Hello.")) is None
    assert await stage.adapter.find(reply_to(other.reply_to, "Something else.")) is None


async def test_a_look_that_fails_says_nothing(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    stage.sim.arm(FaultKind.HTML_BEFORE, path=f"/user/{BOT}/comments")
    with pytest.raises(ChannelError):
        await stage.adapter.find(reply_to(asked.reply_to, "Hello."))


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_page_of_the_firewalls_is_no_word_of_reddits(stage: Stage, status: int) -> None:
    asked, letter = await stage.comments("!ticket hello there you"), await stage.writes("hello")
    for target in (asked.reply_to, letter.reply_to):
        await stage.adapter.send(reply_to(target, "Hello."))
        stage.sim.arm(FaultKind.HTML_BEFORE, status=status, times=0)
        for call in (stage.adapter.send, stage.adapter.find):
            with pytest.raises(Unreachable):
                await call(reply_to(target, "Hello."))
        stage.sim.disarm()
    stage.sim.arm(FaultKind.HTML_BEFORE, path=COMMENT, status=status)
    with pytest.raises(Unreachable):
        await stage.adapter.send(reply_to(asked.reply_to, "Hello again."))
    assert len(stage.sim.sent()) == 2


async def test_a_look_that_reddit_refuses_is_not_taken_for_nothing_posted(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    for status in (403, 404):
        stage.sim.arm(FaultKind.ERROR, path=f"/user/{BOT}/comments", status=status)
        with pytest.raises(Rejected):
            await stage.adapter.find(reply_to(asked.reply_to, "Hello."))


async def test_what_an_earlier_run_left_is_found_and_sent_before_the_first_look(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        asked = await stage.comments("!ticket hello there you")
        posted = await stage.adapter.send(reply_to(asked.reply_to, "Hello."))
    adapter = create("reddit", settings(sim), Ground().surroundings())
    assert await adapter.find(reply_to(asked.reply_to, "Hello.")) == posted
    assert await adapter.send(reply_to(asked.reply_to, "Hello again."))
    await adapter.close()


@pytest.mark.parametrize("text", ["Hello.\n\n---\n\n**So.**", "**a** \n" * 1400])
@pytest.mark.parametrize("later", [{"footer_text": "f" * 400}, {"footer": False}, {}])
async def test_what_was_posted_with_another_footer_is_found(
    sim: RedditSimulator, later: dict[str, Any], text: str
) -> None:
    async with running(sim, footer_text="*Beep.*\n\n---\n\n*I am a bot.*") as stage:
        asked = await stage.comments("!ticket hello there you")
        posted = await stage.adapter.send(reply_to(asked.reply_to, text))
    adapter = create("reddit", settings(sim, **later), Ground().surroundings())
    assert await adapter.find(reply_to(asked.reply_to, text)) == posted
    assert await adapter.find(reply_to(asked.reply_to, text[1:])) is None
    await adapter.close()


async def test_it_looks_as_far_back_as_the_question(sim: RedditSimulator) -> None:
    async with running(sim, poll_interval_s=60) as stage:
        earlier = [sim.comment(stage.thread, BOT, f"earlier {number}")["name"] for number in range(230)]
        for name in earlier:
            sim.age(name, 60)
        asked = sim.comment(stage.thread, "ana", "!ticket hello there you")["name"]
        target = _below(stage, asked)
        assert await stage.adapter.find(reply_to(target, "Hello.")) is None
        assert len(sim.calls(f"/user/{BOT}/comments")) == 1, "what is older than the question cannot answer it"
        posted = await stage.adapter.send(reply_to(target, "Hello."))
        for number in range(120):
            sim.comment(stage.thread, BOT, f"later {number}")
        assert await stage.adapter.find(reply_to(target, "Hello.")) == posted
        assert await stage.adapter.find(reply_to(target, "Another.")) is None


async def test_where_reddit_shows_no_more_nobody_says_that_it_was_not_posted(sim: RedditSimulator) -> None:
    async with running(sim, poll_interval_s=60) as stage:
        asked = sim.comment(stage.thread, "ana", "!ticket hello there you")["name"]
        reply = reply_to(_below(stage, asked), "Hello.")
        posted = await stage.adapter.send(reply)
        for number in range(880):
            sim.comment(stage.thread, BOT, f"later {number}")
        assert await stage.adapter.find(reply) == posted
        for number in range(150):
            sim.comment(stage.thread, BOT, f"still later {number}")
        with pytest.raises(Rejected, match="further back"):
            await stage.adapter.find(reply)


def _below(stage: Stage, comment: str) -> ReplyTarget:
    return ReplyTarget(
        channel="reddit",
        place=f"r/{SUB}",
        address={"parent": comment, "link": stage.thread, "subreddit": SUB},
        visibility=Visibility.PUBLIC,
        idempotency=Idempotency.FINDABLE,
    )


async def test_before_the_log_in_a_reply_waits(sim: RedditSimulator) -> None:
    async with running(sim) as stage:
        asked = await stage.comments("!ticket hello there you")
    sim.arm(FaultKind.CUT_BEFORE, times=0)
    adapter = create("reddit", settings(sim), Ground().surroundings())
    for call in (adapter.send, adapter.find):
        with pytest.raises(Unreachable):
            await call(reply_to(asked.reply_to, "Hello."))
    await adapter.close()


# --- modmail -------------------------------------------------------------------------------------------------------


async def test_a_letter_is_answered_in_its_conversation(sim: RedditSimulator) -> None:
    async with running(sim, author_hidden=True) as stage:
        asked = await stage.writes("where is my deposit")
        posted = await stage.adapter.send(reply_to(asked.reply_to, "It is **here**."))
        [sent] = sim.sent()
        assert posted == f"{asked.thread_key}/{sent.name}"
        assert sent.text == "It is **here**."
        assert sent.is_author_hidden
        assert not sent.is_internal
        await stage.rounds()
        assert len(stage.inbox) == 1, "its own letters are no news"


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}")
async def test_a_lost_letter_is_looked_for(stage: Stage, fault: dict[str, Any]) -> None:
    asked = await stage.writes("where is my deposit")
    reply = reply_to(asked.reply_to, "It is **here**.")
    path = f"/api/mod/conversations/{asked.thread_key}"
    assert await stage.adapter.find(reply) is None
    stage.sim.arm(path=path, http_method="POST", **fault)
    with pytest.raises(MaybePosted):
        await stage.adapter.send(reply)
    [sent] = stage.sim.sent()
    assert await stage.adapter.find(reply) == f"{asked.thread_key}/{sent.name}"


async def test_a_lost_first_letter_to_a_moderator_is_looked_for(stage: Stage) -> None:
    complaint = await stage.comments("Acme took my money")
    act = await stage.comments("!ticket", author="mila", parent=complaint.message_id)
    assert act.staff_reply_to is not None
    reply = reply_to(act.staff_reply_to, "Ticket FL-1 is open.")
    assert await stage.adapter.find(reply) is None
    stage.sim.arm(FaultKind.CUT_AFTER, path="/api/mod/conversations", http_method="POST")
    with pytest.raises(MaybePosted):
        await stage.adapter.send(reply)
    [conversation] = stage.sim.conversations()
    assert await stage.adapter.find(reply) == f"{conversation.id}/{conversation.messages[0].id}"
    await stage.adapter.send(reply_to(act.staff_reply_to, "It has FL-1 already."))
    assert [one.id for one in stage.sim.conversations()] == [conversation.id]


async def test_a_conversation_that_is_closed_to_the_bot_is_refused(stage: Stage) -> None:
    asked = await stage.writes("where is my deposit")
    stage.sim.remove_moderator(SUB, BOT)
    with pytest.raises(Rejected):
        await stage.adapter.send(reply_to(asked.reply_to, "Here."))
    assert await stage.adapter.find(reply_to(asked.reply_to, "Here.")) is None


async def test_letters_are_not_removed(stage: Stage) -> None:
    asked = await stage.writes("my seed phrase is …")
    assert asked.message_ref == {}
    assert not await stage.adapter.delete(asked)
    assert stage.sim.acts("remove") == []


async def test_a_removal_that_fails_is_told(stage: Stage) -> None:
    asked = await stage.comments("!ticket hello there you")
    stage.sim.arm(FaultKind.CUT_BEFORE, path="/api/remove")
    with pytest.raises(ChannelError):
        await stage.adapter.delete(asked)


async def test_the_lanes_are_the_subreddits(stage: Stage) -> None:
    one, two = await stage.comments("!ticket one"), await stage.submits("!ticket two", author="bram")
    letter = await stage.writes("three")
    assert one.reply_to.place == two.reply_to.place == f"r/{SUB}"
    assert letter.reply_to.place == f"modmail/{SUB}"
    assert letter.reply_to.visibility is Visibility.PRIVATE
    limits = stage.adapter.limits
    assert (limits.overall, limits.per_shared_place) == ((20, 60), (10, 60))


async def test_a_refusal_of_the_account_is_the_operators(sim: RedditSimulator) -> None:
    populate(sim)
    made = sim.submit(SUB, "ana", "!ticket hello there you")
    async with running(sim, is_new=False) as stage:
        asked = await stage.arrives(made["name"])
    adapter = create("reddit", settings(sim, password="wrong-password"), Ground().surroundings())
    with pytest.raises(Unreachable):
        await adapter.send(reply_to(asked.reply_to, "Hello."))
    await adapter.close()
