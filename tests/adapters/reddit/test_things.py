"""Reddit's objects, whole and broken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.base import Addressed
from adapters.reddit import Settings, messages, modmail, things
from adapters.reddit.messages import Around
from adapters.reddit.places import Account, Place
from adapters.reddit.sending import closed

# As recorded of the real Reddit by PRAW's authors (praw 8.0.3, TestComment.test_reply and TestInbox.test_unread).
COMMENT: dict[str, Any] = {
    "kind": "t1",
    "data": {
        "author": "ana",
        "author_fullname": "t2_3ebyblla",
        "body": "!ticket help",
        "created_utc": 1750351619.0,
        "distinguished": None,
        "edited": False,
        "link_id": "t3_1j7g9uj",
        "name": "t1_mynqwvd",
        "parent_id": "t1_myngt77",
        "subreddit": "Acme",
    },
}
ACCOUNT = Account(name="reddit", id="t2_b0t", username="firstline_bot", subreddits=frozenset({"acme"}))


def comment(**changed: Any) -> dict[str, Any]:
    return {"kind": "t1", "data": {**COMMENT["data"], **changed}}


def test_a_comment_with_the_fewest_fields() -> None:
    got = things.read(COMMENT)
    assert got.id == "t1_mynqwvd"
    assert got.submission_id == "t3_1j7g9uj"
    assert got.author_id == "t2_3ebyblla"
    assert got.created_at == datetime(2025, 6, 19, 16, 46, 59, tzinfo=UTC)
    assert (got.edited, got.gone, got.is_locked, got.is_archived, got.is_distinguished) == (0, "", False, False, False)


@pytest.mark.parametrize(
    ("changed", "gone"),
    [
        ({}, ""),
        ({"author": "[deleted]", "author_fullname": None, "body": "[deleted]"}, "deleted"),
        ({"author": None, "body": "[deleted]"}, "deleted"),
        ({"author": "[deleted]", "body": "[removed]"}, "removed"),
        ({"body": "[ Removed by Reddit ]"}, "removed"),
        ({"removed": True}, "removed"),
        ({"spam": True}, "removed"),
        ({"banned_by": "AutoModerator"}, "removed"),
        ({"removed_by_category": "automod_filtered"}, "removed"),
        ({"removed_by_category": "deleted"}, "deleted"),
        ({"author": "[deleted]", "body": "words of an account that is gone"}, ""),
        ({"author_fullname": None}, ""),
    ],
)
def test_what_is_gone(changed: dict[str, Any], gone: str) -> None:
    got = things.read(comment(**changed))
    assert got.gone == gone
    assert bool(closed(got)) == bool(changed)


@pytest.mark.parametrize(("edited", "when"), [(False, 0), (True, 1), (1750351700.0, 1750351700), (None, 0), ("x", 0)])
def test_when_it_was_edited(edited: object, when: int) -> None:
    assert things.read(comment(edited=edited)).edited == when


@pytest.mark.parametrize(
    "broken",
    [
        None,
        7,
        {},
        {"kind": "t4", "data": {"name": "t4_x", "body": "a letter"}},
        {"kind": "t1"},
        {"kind": "t1", "data": {}},
        comment(created_utc="yesterday"),
        comment(name="t3_x"),
        comment(link_id=None),
        {"kind": "more", "data": {"children": []}},
    ],
)
def test_what_cannot_be_read_is_an_error_of_three_kinds(broken: object) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        things.read(broken)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["t1_a", "t2_a", "t3_a", "[deleted]"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(COMMENT["data"])), inner, max_size=5)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(COMMENT["data"])), JSON, max_size=4))
def test_whatever_comes_is_read_or_refused(changed: dict[str, Any]) -> None:
    try:
        got = things.read(comment(**changed))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
        return
    message = messages.normalise(got, ACCOUNT, Around(place=Place(name="acme")))
    assert message.dedupe_key.startswith("reddit:t2_b0t:comment:t1_")
    assert message.on_behalf_of is None


def test_a_conversation_that_cannot_be_read_is_an_error() -> None:
    answers: list[dict[str, Any]] = [{}, {"conversation": {}}, {"conversation": {"objIds": [{}]}, "messages": {}}]
    for broken in answers:
        with pytest.raises((KeyError, TypeError)):
            modmail.read(broken)


def test_roles_that_nobody_could_read_open_nothing() -> None:
    complaint = things.read(comment(name="t1_myngt77", author="bram", author_fullname="t2_bram", body="They robbed me"))
    command = things.read(COMMENT)
    around = Around(place=Place(name="acme"), parent=complaint, root="t1_myngt77")
    assert messages.needs_roles(command, ACCOUNT, complaint)
    unknown = messages.normalise(command, ACCOUNT, around)
    assert unknown.staff_reply_to is not None
    assert unknown.on_behalf_of is None
    member = messages.normalise(command, ACCOUNT, around, roles=((), "subreddit.moderator()"))
    assert member.staff_reply_to is None
    assert member.on_behalf_of is None
    moderator = messages.normalise(command, ACCOUNT, around, roles=(("moderator",), "payload"))
    assert moderator.on_behalf_of is not None
    assert moderator.on_behalf_of.id == "t2_bram"
    gone = messages.normalise(command, ACCOUNT, Around(place=Place(name="acme")), roles=(("moderator",), "payload"))
    assert gone.on_behalf_of is None
    assert gone.staff_reply_to is not None


def test_a_comment_that_is_gone_addresses_nobody() -> None:
    got = things.read(comment(removed=True))
    message = messages.normalise(got, ACCOUNT, Around(place=Place(name="acme")))
    assert message.addressed is Addressed.AMBIENT


LOGIN = {"client_id": "id", "client_secret": "secret-1", "username": "firstline_bot", "password": "password"}


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"subreddits": ["acme", "r/a b"]}, "`a b` is no subreddit: .* without r/, for example examplecoin"),
        ({"subreddits": "r/acme"}, r'must be a list, also of one, for example \["examplecoin"\]'),
        ({"subreddits": ["acme"], "username": "u/acme bot"}, "`u/acme bot` is no username: .* acme_support_bot"),
        ({"subreddits": ["acme"], "username": 7}, "`7` is no username"),
        ({"subreddits": ["acme"], "help_flairs": "x"}, r"each subreddit its list .* \{ examplecoin = \["),
        ({"subreddits": ["acme"], "help_flairs": {"acme": "Help"}}, "each subreddit its list of flairs"),
        ({"subreddits": ["acme"], "moderators": "t2_1"}, "must be a list, also of one"),
        ({"subreddits": ["acme"], "answer_titles": "acme"}, "must be a list, also of one"),
        ({"subreddits": []}, "at least 1"),
        ({"subreddits": ["acme"], "moderators": ["mila"]}, "is no user id"),
        ({"subreddits": ["acme"], "other_bots": ["u/x"]}, "without u/"),
        (
            {"subreddits": ["acme"], "help_flairs": {"other": ["Help"]}},
            "help_flairs: r/other is not one of the subreddits",
        ),
        ({"subreddits": ["acme"], "answer_titles": ["other"]}, "answer_titles: r/other is not one of the subreddits"),
        ({"subreddits": ["acme"], "password": None}, "give a `password`"),
        ({"subreddits": ["acme"], "client_secret": None}, "client_secret"),
        ({"subreddits": ["acme"], "reddit_url": "https://www.reddit.com/"}, "reddit_url"),
        ({"subreddits": ["acme"], "footer_text": "x" * 401}, "400"),
    ],
)
def test_settings_that_cannot_work_are_refused(given_: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Settings.model_validate(LOGIN | given_)


def test_names_as_reddit_shows_them_are_taken() -> None:
    given_ = {"username": "/u/firstline_bot", "subreddits": ["r/acme", "/r/other", "rabbits"], "other_bots": ["u/abot"]}
    settings = Settings.model_validate(
        LOGIN | given_ | {"help_flairs": {"r/acme": ["r/Help"]}, "answer_titles": ["r/other"]}
    )
    assert settings.username == "firstline_bot"
    assert settings.subreddits == ("acme", "other", "rabbits")
    assert settings.help_flairs == {"acme": ("r/Help",)}
    assert (settings.answer_titles, settings.other_bots) == (("other",), ("abot",))


def test_the_user_agent_tells_who_runs_the_bot() -> None:
    settings = Settings.model_validate(LOGIN | {"subreddits": ["acme"], "help_flairs": {"ACME": ["Help"]}})
    assert settings.agent.endswith("(support bot, by u/firstline_bot)")
    assert not settings.agent.lower().startswith("python")
    assert (
        Settings.model_validate(LOGIN | {"subreddits": ["acme"], "user_agent": "mine by u/me"}).agent == "mine by u/me"
    )
