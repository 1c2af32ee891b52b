"""Reddit's scene in the playground: what people do there, what they see, and the bot in between."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import praw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prawcore.exceptions import RequestException, ServerError, TooManyRequests

from adapters.reddit.settings import Settings
from simulators.reddit.markdown import plain
from simulators.reddit.scene import RedditScene
from simulators.scene import SceneError

from .reddit_stage import hasten, replied

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from simulators.scene import Post

ANA, BRAM, MILA, BOT = "ana_writes", "bram_writes", "mila_moderates", "firstline_bot"
ACME, ANAS_MAIL, BRAMS_MAIL = "acme", f"modmail/{ANA}", f"modmail/{BRAM}"


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
async def scene() -> AsyncIterator[RedditScene]:
    one = RedditScene()
    await one.start()
    yield one
    await one.stop()


async def as_bot(scene: RedditScene, work: Callable[[praw.Reddit], Any]) -> Any:
    """Let the bot do something with PRAW, connected as `RedditScene.connection` says."""
    names = ("reddit_url", "oauth_url", "client_id", "client_secret", "username", "password", "user_agent")
    connection = scene.connection()

    def run() -> Any:
        settings = {name: connection[name] for name in names}
        with praw.Reddit(**settings, check_for_updates=False, check_for_async=False, ratelimit_seconds=0) as reddit:
            return work(reddit)

    return await asyncio.to_thread(run)


def shown(scene: RedditScene, post: str) -> Post:
    return next(one for one in scene.view().posts if one.id == post)


async def test_the_cast_is_in_its_places(scene: RedditScene) -> None:
    view = scene.view()
    assert (view.network, view.title, view.faults) == ("reddit", "Reddit", ())
    assert [(one.id, one.name, one.role) for one in view.people] == [
        (ANA, "Ana", "user"),
        (BRAM, "Bram", "user"),
        (MILA, "Mila", "moderator"),
        (BOT, "firstline", "bot"),
    ]
    assert [(one.id, one.kind, one.private_to) for one in view.places] == [
        (ACME, "subreddit", ""),
        (ANAS_MAIL, "modmail", ANA),
        (BRAMS_MAIL, "modmail", BRAM),
    ]
    assert len(view.posts) == 2
    connection = scene.connection()
    assert (connection["kind"], connection["subreddits"], connection["poll_interval_s"]) == ("reddit", [ACME], 0.5)


async def test_the_moderators_act_from_complaint_to_number(scene: RedditScene) -> None:
    before = scene.view().revision
    complaint = await scene.say(ANA, ACME, "It smokes.", title="My kettle")
    command = await scene.say(MILA, ACME, "!ticket", reply_to=complaint)

    def answer(reddit: praw.Reddit) -> str:
        newest: Any = next(reddit.subreddit(ACME).comments())
        parent = newest.parent()
        made = replied(
            parent, "Your ticket is **FL\\-1001**.\n\n---\n\n^(I am a bot. [Stop](https://example.org/stop))"
        )
        newest.mod.remove()
        return made.fullname

    made = await as_bot(scene, answer)
    assert (shown(scene, complaint).title, shown(scene, complaint).text) == ("My kettle", "It smokes.")
    assert shown(scene, command).state == "removed"
    assert (shown(scene, made).author, shown(scene, made).reply_to) == (BOT, complaint)
    assert shown(scene, made).text == "Your ticket is FL-1001.\n\nI am a bot. Stop (https://example.org/stop)"
    assert scene.view().revision > before
    assert [post.at for post in scene.view().posts] == sorted(post.at for post in scene.view().posts)


async def test_a_playground_connects_the_adapter(scene: RedditScene) -> None:
    settings = Settings.model_validate(dict(scene.connection()))
    assert (settings.subreddits, settings.username) == ((ACME,), BOT)


async def test_a_view_is_the_same_until_something_changes(scene: RedditScene) -> None:
    before = scene.view()
    assert scene.view() is before
    await as_bot(scene, lambda reddit: replied(reddit.submission(before.posts[0].id[3:]), "Hello"))
    assert scene.view().revision > before.revision
    assert len(scene.view().posts) == len(before.posts) + 1


async def test_without_a_title_the_first_line_is_one(scene: RedditScene) -> None:
    post = await scene.say(ANA, ACME, "It broke\nAfter a week.")
    assert (shown(scene, post).title, shown(scene, post).text) == ("It broke", "After a week.")
    post = await scene.say(ANA, ACME, "", title="Only a title")
    assert (shown(scene, post).title, shown(scene, post).text) == ("Only a title", "")


async def test_modmail_is_private_and_its_notes_are_the_moderators(scene: RedditScene) -> None:
    first = await scene.say(ANA, ANAS_MAIL, "My address is …", title="Address")

    def answer(reddit: praw.Reddit) -> None:
        one = next(iter(reddit.subreddit(ACME).modmail.conversations()))
        one.reply(body="Thank you.", author_hidden=True)
        one.reply(body="FL-1001", internal=True)

    await as_bot(scene, answer)
    second = await scene.say(ANA, ANAS_MAIL, "Welcome.", reply_to=first)
    await scene.say(MILA, ANAS_MAIL, "Solved.")
    await scene.say(ANA, ANAS_MAIL, "Now something else", title="Another")
    letters = [post for post in scene.view().posts if post.place == ANAS_MAIL]
    assert [(post.author, post.text, post.title, post.only_for) for post in letters] == [
        (ANA, "My address is …", "Address", ""),
        (BOT, "Thank you.", "", ""),
        (BOT, "FL-1001", "", MILA),
        (ANA, "Welcome.", "", ""),
        (MILA, "Solved.", "", ""),
        (ANA, "Now something else", "Another", ""),
    ]
    assert shown(scene, second).reply_to == first
    assert [post for post in scene.view().posts if post.place == BRAMS_MAIL] == []


async def test_people_edit_delete_and_moderators_remove(scene: RedditScene) -> None:
    post = await scene.say(ANA, ACME, "It smokes.", title="My kettle")
    await scene.edit(ANA, post, "It smokes, still.")
    assert (shown(scene, post).text, shown(scene, post).state) == ("It smokes, still.", "edited")
    answer = await scene.say(BRAM, ACME, "Buy mine", reply_to=post)
    await scene.delete(MILA, answer)
    assert (shown(scene, answer).text, shown(scene, answer).state) == ("[removed]", "removed")
    await scene.delete(ANA, post)
    assert (shown(scene, post).text, shown(scene, post).state) == ("[deleted]", "deleted")
    for act in (
        scene.say(BRAM, ACME, "Hello?", reply_to=post),
        scene.edit(ANA, post, "Hello"),
        scene.delete(ANA, post),
    ):
        with pytest.raises(SceneError, match="deleted"):
            await act


async def test_reddits_own_rules_hold_for_people_too(scene: RedditScene) -> None:
    post = scene.view().posts[0].id
    command = await scene.say(BRAM, ACME, "Buy mine", reply_to=post)
    await scene.delete(MILA, command)
    with pytest.raises(SceneError, match="Reddit says: that comment has been deleted"):
        await scene.say(ANA, ACME, "Hello?", reply_to=command)


async def test_what_cannot_be_done_is_said(scene: RedditScene) -> None:
    post = await scene.say(ANA, ACME, "It smokes.", title="My kettle")
    letter = await scene.say(ANA, ANAS_MAIL, "It smokes.")
    refused = [
        scene.say("carl", ACME, "Hello"),
        scene.say(BOT, ACME, "Hello"),
        scene.say(ANA, "nowhere", "Hello"),
        scene.say(BRAM, ANAS_MAIL, "Hello"),
        scene.say(MILA, BRAMS_MAIL, "Hello"),
        scene.say(BRAM, BRAMS_MAIL, "Hello", reply_to=letter),
        scene.say(ANA, ACME, " "),
        scene.say(ANA, ANAS_MAIL, "", title="Nothing"),
        scene.say(ANA, ACME, "", reply_to=post, title="Nothing"),
        scene.say(ANA, ACME, "x" * 10_001),
        scene.say(ANA, ACME, "Hello", title="x" * 301),
        scene.say(ANA, ACME, "Hello", reply_to="t1_nothing"),
        scene.say(ANA, ACME, "Hello", reply_to=letter),
        scene.delete(ANA, letter),
        scene.edit(BRAM, post, "Hello"),
        scene.edit(ANA, post, ""),
        scene.edit(ANA, letter, "Hello"),
        scene.delete(BRAM, post),
        scene.slash(ANA, ACME, "ticket", ""),
        scene.menu(MILA, post),
        scene.press(ANA, post, "yes"),
        scene.fault("fireworks", on=True),
    ]
    for act in refused:
        with pytest.raises(SceneError):
            await act


async def test_its_control_is_closed(scene: RedditScene) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{scene.connection()['reddit_url']}/control") as response:
        assert response.status == 401


@pytest.mark.parametrize(
    ("fault", "error"),
    [("offline", RequestException), ("rate_limit", TooManyRequests), ("server_error", ServerError)],
)
async def test_faults_are_switched_on_and_off(scene: RedditScene, fault: str, error: type[Exception]) -> None:
    post = await scene.say(ANA, ACME, "It smokes.", title="My kettle")
    before = scene.view().revision

    def write(reddit: praw.Reddit) -> None:
        assert reddit.user.me() is not None
        sticks = reddit.submission(post.removeprefix("t3_"))
        asyncio.run_coroutine_threadsafe(scene.fault(fault, on=True), loop).result()
        if fault == "rate_limit":
            assert sticks.title == "My kettle"
        sticks.reply(body="Hello")

    loop = asyncio.get_running_loop()
    with pytest.raises(error):
        await as_bot(scene, write)
    assert scene.view().faults == (fault,)
    assert scene.view().revision > before
    await scene.fault(fault, on=False)
    assert scene.view().faults == ()
    await as_bot(scene, lambda reddit: replied(reddit.submission(post.removeprefix("t3_")), "Hello"))


async def test_rate_limit_leaves_the_login_alone(scene: RedditScene) -> None:
    await scene.fault("rate_limit", on=True)
    assert await as_bot(scene, lambda reddit: str(reddit.user.me())) == BOT


# --- plain text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        (r"1\. not a list \*\*nor bold\*\* \\o/", r"1. not a list **nor bold** \o/"),
        ("**bold** *italic* ~~gone~~ `code`", "bold italic gone code"),
        ("[words](https://example.org/a?b=c&d=e)", "words (https://example.org/a?b=c&d=e)"),
        ("[https://example.org](https://example.org)", "https://example.org"),
        (r"\[no\](link)", "[no](link)"),
        ("one  \ntwo\n\n---\n\n> quoted", "one\ntwo\n\nquoted"),
        ("^(small print) ^too", "small print too"),
        ("^(a bot; [stop](https://example.org/stop))", "a bot; stop (https://example.org/stop)"),
        ("# Title\n#hash", "Title\n#hash"),
        ("fish &amp; chips&#x21;", "fish & chips!"),
        (r"\&amp; \<b\>", "&amp; <b>"),
        (">!spoiler!<", "spoiler!<"),
    ],
)
def test_a_reader_sees_no_markup(text: str, seen: str) -> None:
    assert plain(text) == seen


@given(st.text(st.characters(exclude_categories=["Cs", "Co"]), max_size=300))
def test_what_is_wholly_escaped_is_seen_as_it_is(text: str) -> None:
    escaped = "".join(f"\\{char}" if "!" <= char <= "~" and not char.isalnum() else char for char in text)
    assert " ".join(plain(escaped).split()) == " ".join(text.split())


@pytest.mark.parametrize(
    "piece", ["[", "](", "[a](", "^(", "^((", "^(()", "*", "> ", "   ", "  \n", "\\", "&", "#", "---\n", "[a][a]("]
)
def test_hostile_markup_takes_no_time(piece: str) -> None:
    text = piece * (10_000 // len(piece))
    started = time.process_time()
    plain(text)
    assert time.process_time() - started < 0.2
