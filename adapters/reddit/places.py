"""What is known of the bot's account and of the subreddits it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

from adapters.base import Visibility
from adapters.reddit.text import clean

Roles: TypeAlias = "tuple[tuple[str, ...], str]"
"""Somebody's roles and where they were read from; the source is "" where the look-up failed."""

ALWAYS_BOTS: Final = frozenset({"automoderator", "reddit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The bot as Reddit knows it, and how it is configured; names of subreddits, users and flairs in lower case."""

    name: str
    id: str
    username: str
    subreddits: frozenset[str]
    help_flairs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    answer_titles: frozenset[str] = frozenset()
    bots: frozenset[str] = ALWAYS_BOTS
    has_modmail: bool = True
    is_suspended: bool = False
    site: str = "https://www.reddit.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A subreddit; `is_closed` where the bot is banned.

    `moderators` maps their ids to their rights, None where Reddit would not say.
    """

    name: str
    is_private: bool = False
    is_closed: bool = False
    language: str = ""
    moderators: Mapping[str, frozenset[str]] | None = None

    @property
    def visibility(self) -> Visibility:
        """Who reads it."""
        return Visibility.MEMBERS if self.is_private else Visibility.PUBLIC

    def may(self, user_id: str, right: str) -> bool:
        """Whether somebody moderates here with a right: "posts", "mail"."""
        return bool((self.moderators or {}).get(user_id, frozenset()) & {right, "all"})


def place(name: str, about: Mapping[str, Any], moderators: object) -> Place:
    """The subreddit from ``/about`` and ``/about/moderators``. Raises `KeyError` or `TypeError`."""
    listed = moderators["data"]["children"] if isinstance(moderators, dict) else None
    language = about.get("lang")
    return Place(
        name=name,
        is_private=about.get("subreddit_type") in {"private", "employees_only", "gold_only"},
        is_closed=about.get("user_is_banned") is True,
        # Nearly every subreddit leaves the preset "en", whatever is spoken there.
        language=clean(language)[:2].lower() if isinstance(language, str) and language[:2].lower() != "en" else "",
        moderators=None if listed is None else {one["id"]: frozenset(one["mod_permissions"]) for one in listed},
    )


def has_modmail(account: Account, place: Place) -> bool:
    """Whether what is written to the moderators reaches the bot."""
    return account.has_modmail and place.may(account.id, "mail")


def letter(account: Account, subreddit: str, subject: str, message: str = "") -> str:
    """The address of a page for writing to the subreddit's moderators; ``{number}`` in the subject stays as it is."""
    fields = {"to": f"/r/{subreddit}", "subject": subject} | ({"message": message} if message else {})
    return f"{account.site}/message/compose?{urlencode(fields)}".replace("%7Bnumber%7D", "{number}")
