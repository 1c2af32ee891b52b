"""The Reddit simulator: what Reddit refuses, what goes wrong on the way, and what the SDKs make of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from praw.exceptions import RedditAPIException
from prawcore import Requestor, ScriptAuthorizer, Session, TrustedAuthenticator
from prawcore.exceptions import Forbidden, RequestException, ServerError, TooManyRequests

from .reddit_stage import BOT, USER_AGENT, Impatient, asynchronous, hasten, praw_does, replied, stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import praw

    from simulators.reddit import RedditSimulator


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
async def sim() -> AsyncIterator[RedditSimulator]:
    async with stage() as simulator:
        yield simulator


# --- what Reddit refuses --------------------------------------------------------------------------------------------


def _nothing(_sim: RedditSimulator, _submission: str, _comment: str) -> None:
    """Leave all as it is."""


REFUSALS: list[tuple[str, Callable[[RedditSimulator, str, str], None], str, str]] = [
    ("NO_TEXT", _nothing, " \n ", "text"),
    ("TOO_LONG", _nothing, "x" * 10_001, "text"),
    ("THREAD_LOCKED", lambda sim, submission, _: sim.lock(submission), "Hello", "parent"),
    ("THREAD_LOCKED", lambda sim, _, comment: sim.lock(comment), "Hello", "parent"),
    ("DELETED_COMMENT", lambda sim, _, comment: sim.delete(comment), "Hello", "parent"),
    ("DELETED_COMMENT", lambda sim, _, comment: sim.remove(comment, "mila"), "Hello", "parent"),
    ("TOO_OLD", lambda sim, submission, _: sim.archive(submission), "Hello", "parent"),
]


@pytest.mark.parametrize(("code", "prepare", "text", "field"), REFUSALS)
async def test_a_comment_that_cannot_be_is_refused_in_the_form_of_forms(
    sim: RedditSimulator, code: str, prepare: Callable[[RedditSimulator, str, str], None], text: str, field: str
) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    comment = sim.comment(submission["name"], "bram", "Mine too")
    prepare(sim, submission["name"], comment["name"])
    with pytest.raises(RedditAPIException) as caught:
        await praw_does(sim, lambda reddit: reddit.comment(comment["id"]).reply(body=text))
    assert [(item.error_type, item.field) for item in caught.value.items] == [(code, field)]
    assert sim.sent() == []
    assert sim.calls("/api/comment")[0].applied is False


async def test_the_longest_comment_is_taken(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    await praw_does(sim, lambda reddit: replied(reddit.submission(submission["id"]), "x" * 10_000))
    assert len(sim.sent()[0].text) == 10_000


async def test_a_submission_that_is_gone_takes_no_comment(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.delete(submission["name"])
    with pytest.raises(RedditAPIException, match="DELETED_LINK"):
        await praw_does(sim, lambda reddit: reddit.submission(submission["id"]).reply(body="Hello"))


async def test_a_moderator_may_answer_where_it_is_locked(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.lock(submission["name"])
    sim.add_moderator("acme", BOT, ["posts"])
    await praw_does(sim, lambda reddit: replied(reddit.submission(submission["id"]), "Hello"))
    assert len(sim.sent()) == 1


async def test_the_banned_the_suspended_and_strangers_are_forbidden(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.add_subreddit("acmestaff", kind="private")
    sim.add_member("acmestaff", "ana")
    hidden = sim.submit("acmestaff", "ana", "It broke")

    def write(reddit: praw.Reddit) -> None:
        sim.ban("acme", BOT)
        with pytest.raises(Forbidden):
            reddit.submission(submission["id"]).reply(body="Hello")
        assert reddit.subreddit("acme").user_is_banned
        sim.ban("acme", BOT, is_banned=False)
        sim.suspend(BOT)
        with pytest.raises(Forbidden):
            reddit.submission(submission["id"]).reply(body="Hello")
        me = reddit.user.me(use_cache=False)
        assert me is not None
        assert me.is_suspended
        sim.suspend(BOT, is_suspended=False)
        with pytest.raises(Forbidden):
            reddit.submission(hidden["id"]).reply(body="Hello")
        with pytest.raises(Forbidden):
            reddit.comment("zzzzz").reply(body="Hello")
        assert list(reddit.info(fullnames=[hidden["name"], "t1_zzzzz"])) == []
        replied(reddit.submission(submission["id"]), "Hello")

    await praw_does(sim, write)
    assert len(sim.sent()) == 1


async def test_in_a_restricted_subreddit_only_members_write(sim: RedditSimulator) -> None:
    sim.add_subreddit("acmenews", kind="restricted")
    submission = sim.submit("acmenews", "mila", "News")
    with pytest.raises(RedditAPIException, match="SUBREDDIT_NOTALLOWED"):
        await praw_does(sim, lambda reddit: reddit.submission(submission["id"]).reply(body="Hello"))
    sim.add_member("acmenews", BOT)
    await praw_does(sim, lambda reddit: replied(reddit.submission(submission["id"]), "Hello"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (45, "45 seconds"), (60, "1 minute"), (540, "9 minutes"), (599, "9 minutes")],
)
async def test_an_account_that_writes_too_fast_is_told_how_long_to_wait(
    sim: RedditSimulator, seconds: float, words: str
) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.arm("ratelimit", path="/api/comment", seconds=seconds)
    with pytest.raises(RedditAPIException) as caught:
        await praw_does(sim, lambda reddit: reddit.submission(submission["id"]).reply(body="Hello"))
    item = caught.value.items[0]
    assert (item.error_type, item.field) == ("RATELIMIT", "ratelimit")
    assert item.message == f"Looks like you've been doing that a lot. Take a break for {words} before trying again."
    assert sim.sent() == []


async def test_praw_itself_waits_where_the_ratelimit_is_short(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.arm("ratelimit", path="/api/comment", seconds=1)
    started = time.monotonic()
    await praw_does(sim, lambda reddit: replied(reddit.submission(submission["id"]), "Hello"), ratelimit_seconds=5)
    assert time.monotonic() - started >= 2
    assert len(sim.sent()) == 1


async def test_any_other_error_of_a_form_can_be_armed(sim: RedditSimulator) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.arm(
        "form_error", path="/api/comment", code="SOMETHING_IS_BROKEN", message="Something is broken.", form_field="x"
    )
    with pytest.raises(RedditAPIException, match="SOMETHING_IS_BROKEN"):
        await praw_does(sim, lambda reddit: reddit.submission(submission["id"]).reply(body="Hello"))


# --- what goes wrong on the way -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["html_after", "hang_after", "cut_after"])
async def test_prawcore_posts_again_what_was_posted(sim: RedditSimulator, kind: str) -> None:
    """The trap: the comment was made, its answer was lost, and PRAW makes a second one without a word."""
    submission = sim.submit("acme", "ana", "It broke")
    sim.arm(kind, path="/api/comment", status=503, seconds=5)
    patience = {"requestor_class": Impatient} if kind.startswith("hang") else {}
    await praw_does(sim, lambda reddit: replied(reddit.submission(submission["id"]), "Hello"), **patience)
    assert [one.text for one in sim.sent()] == ["Hello", "Hello"]
    lost, answered = sim.calls("/api/comment")
    assert (lost.applied, lost.status) == (True, 503 if kind == "html_after" else None)
    assert (answered.applied, answered.status, answered.delivered) == (True, 200, True)


@pytest.mark.parametrize("kind", ["html_before", "error", "hang_before", "cut_before"])
async def test_what_fails_before_has_no_effect(sim: RedditSimulator, kind: str) -> None:
    submission = sim.submit("acme", "ana", "It broke")
    sim.arm(kind, path="/api/comment", status=500, seconds=5)
    patience = {"requestor_class": Impatient} if kind.startswith("hang") else {}
    await praw_does(sim, lambda reddit: replied(reddit.submission(submission["id"]), "Hello"), **patience)
    assert len(sim.sent()) == 1
    assert [call.applied for call in sim.calls("/api/comment")] == [False, True]


async def test_a_page_of_html_for_every_call_is_a_server_error(sim: RedditSimulator) -> None:
    sim.arm("html_before", path="/r/*/comments", status=502, times=0)
    with pytest.raises(ServerError):
        await praw_does(sim, lambda reddit: list(reddit.subreddit("acme").comments()))
    assert [call.status for call in sim.calls("/r/acme/comments")] == [502, 502, 502]
    sim.disarm()
    assert await praw_does(sim, lambda reddit: list(reddit.subreddit("acme").comments())) == []


async def test_a_network_that_is_down_is_a_request_that_failed(sim: RedditSimulator) -> None:
    sim.arm("cut_before", times=0)
    with pytest.raises(RequestException):
        await praw_does(sim, lambda reddit: list(reddit.subreddit("acme").comments()))
    assert {call.status for call in sim.calls()} == {None}
    assert not any(call.delivered for call in sim.calls())


async def test_a_server_that_is_gone_refuses_connections_and_comes_back(sim: RedditSimulator) -> None:
    def look(reddit: praw.Reddit) -> list[str]:
        return [one.title for one in reddit.subreddit("acme").new()]

    def look_while_it_goes(reddit: praw.Reddit) -> None:
        look(reddit)
        asyncio.run_coroutine_threadsafe(sim.go_away(), loop).result()
        look(reddit)

    loop = asyncio.get_running_loop()
    with pytest.raises(RequestException):
        await praw_does(sim, look_while_it_goes)
    calls = len(sim.calls())
    with pytest.raises(RequestException, match="Connection refused"):
        await praw_does(sim, look)
    assert len(sim.calls()) == calls
    await sim.come_back()
    assert await praw_does(sim, look) == []
    await asyncio.gather(sim.go_away(0.1), asyncio.sleep(0.2))
    assert await praw_does(sim, look) == []


@pytest.mark.parametrize(("seconds", "retry_after"), [(3, "3"), (-1, None)])
async def test_too_many_requests_may_say_when_to_try_again(
    sim: RedditSimulator, seconds: float, retry_after: str | None
) -> None:
    sim.arm("too_many_requests", http_method="POST", path="/api/comment", seconds=seconds)
    submission = sim.submit("acme", "ana", "It broke")
    with pytest.raises(TooManyRequests) as caught:
        await praw_does(sim, lambda reddit: reddit.submission(submission["id"]).reply(body="Hello"))
    assert caught.value.response.headers.get("retry-after") == retry_after
    assert sim.sent() == []


# --- the rate limit and its headers ---------------------------------------------------------------------------------


def _pause_s(sim: RedditSimulator) -> float:
    """How long prawcore would now sleep before its second call."""
    requestor = Requestor(user_agent=USER_AGENT, oauth_url=sim.url, reddit_url=sim.url)
    authenticator = TrustedAuthenticator(requestor=requestor, client_id="client", client_secret="secret")
    authorizer = ScriptAuthorizer(authenticator=authenticator, username=BOT, password="pass")
    with Session(authorizer=authorizer) as session:
        session.request(method="GET", path="/api/v1/me")
        until_ns = session.rate_limiter.next_request_timestamp_ns
        assert until_ns is not None
        return max(0.0, (until_ns - time.monotonic_ns()) / 1e9)


async def test_prawcore_sleeps_by_the_headers_and_not_by_ours(sim: RedditSimulator) -> None:
    assert await asyncio.to_thread(_pause_s, sim) == 0.0
    sim.set_rate_headers(remaining=590, used=10, reset_s=600)
    assert await asyncio.to_thread(_pause_s, sim) == pytest.approx(10, abs=0.5)
    sim.set_rate_headers(remaining=0, used=1000, reset_s=3)
    assert await asyncio.to_thread(_pause_s, sim) == pytest.approx(3, abs=0.5)


async def test_the_limit_can_be_real(sim: RedditSimulator) -> None:
    def look_twice(reddit: praw.Reddit) -> None:
        for _ in range(2):
            list(reddit.subreddit("acme").comments())

    sim.set_rate_limit(0, window_s=600)
    with pytest.raises(TooManyRequests) as caught:
        await praw_does(sim, look_twice)
    assert caught.value.response.headers["retry-after"] == "600"
    sim.set_rate_limit(1, window_s=1)
    started = time.monotonic()
    await praw_does(sim, look_twice)  # prawcore reads that nothing remains, and waits for the next window
    assert time.monotonic() - started >= 1
    sim.set_rate_limit(None)
    await praw_does(sim, look_twice)
    assert {call.status for call in sim.calls("/r/acme/comments")} == {200, 429}


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")  # asyncprawcore 4.0 still uses both
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")
async def test_async_praw_asks_for_a_token_with_every_first_call_at_once(sim: RedditSimulator) -> None:
    async with asynchronous(sim) as reddit:
        await asyncio.gather(*(reddit.user.me(use_cache=False) for _ in range(10)))
    assert len(sim.calls("/api/v1/access_token")) == 10


async def test_praws_own_timeout_does_nothing(sim: RedditSimulator) -> None:
    """The trap: with ``timeout=1`` a call still waits 16 s. Only a requestor of one's own gives up earlier."""
    sim.arm("hang_before", path="/r/acme/comments", seconds=1.1)
    await praw_does(sim, lambda reddit: list(reddit.subreddit("acme").comments()), timeout=1)
    assert [call.status for call in sim.calls("/r/acme/comments")] == [200]
