"""What can be configured of a Reddit account."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from adapters.downloads import Origin
from config.settings import Section

if TYPE_CHECKING:
    from typing import Self

MAX_FOOTER: Final = 400
_SUBREDDIT: Final = r"[A-Za-z0-9][A-Za-z0-9_]{1,20}"
_USERNAME: Final = r"[A-Za-z0-9_-]{3,20}"


def _bare(value: object, prefix: str = "") -> object:
    """The name without the prefix that Reddit shows before it: ``r/``, ``u/``."""
    return re.sub(rf"^/?{prefix}/", "", value.strip()) if prefix and isinstance(value, str) else value


def _checked(pattern: str, cure: str, *, example: str, prefix: str = "") -> BeforeValidator:
    def check(values: object) -> object:
        if not isinstance(values, list | tuple):
            raise ValueError(f'must be a list, also of one, for example ["{example}"]')  # noqa: TRY004 - for pydantic
        bare = [_bare(value, prefix) for value in values]
        for value in bare:
            if not re.fullmatch(pattern, str(value), re.ASCII):
                raise ValueError(f"`{value}` {cure}, for example {example}")
        return bare

    return BeforeValidator(check)


def _flairs(by_subreddit: object) -> object:
    example = '{ examplecoin = ["Support", "Question"] }'
    if not isinstance(by_subreddit, dict) or not all(isinstance(one, list | tuple) for one in by_subreddit.values()):
        raise ValueError(f"must give each subreddit its list of flairs, for example {example}")
    return {_bare(name, "r"): flairs for name, flairs in by_subreddit.items()}


def _username(value: object) -> object:
    bare = _bare(value, "u")
    if not re.fullmatch(_USERNAME, str(bare), re.ASCII):
        raise ValueError(f"`{value}` is no username: write the account's name, for example acme_support_bot")
    return bare


Subreddits = Annotated[
    tuple[str, ...],
    _checked(_SUBREDDIT, "is no subreddit: write its name without r/", example="examplecoin", prefix="r"),
]


class Settings(Section):
    """`[channels.NAME]` with ``kind = "reddit"``."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    kind: Literal["reddit"] = "reddit"
    client_id: str = Field(min_length=1)
    """Of the app that Reddit approved."""
    client_secret: SecretStr | None = None
    """Empty for an installed app, which logs in with a refresh token."""
    username: Annotated[str, BeforeValidator(_username)]
    """The account's."""
    password: SecretStr | None = None
    refresh_token: SecretStr | None = None
    """Instead of the password."""
    user_agent: str = Field("", max_length=200)
    """Made from the username where empty; Reddit wants one that tells who runs the bot."""
    reddit_url: str = Field("https://www.reddit.com", pattern=r"^https?://[^\s/]+$")
    oauth_url: str = Field("https://oauth.reddit.com", pattern=r"^https?://[^\s/]+$")
    file_hosts: tuple[Origin, ...] = ("https://i.redd.it", "https://preview.redd.it", "https://v.redd.it")
    """Where Reddit keeps pictures and videos; they are fetched from nowhere else."""
    subreddits: Subreddits = Field(min_length=1)
    """Where the bot reads and may speak; nowhere else."""
    help_flairs: Annotated[dict[str, tuple[str, ...]], BeforeValidator(_flairs)] = Field({})
    """By subreddit, the flairs of submissions that are questions to the bot."""
    answer_titles: Subreddits = ()
    """Subreddits in which a submission is answered where the FAQ surely answers its title."""
    moderators: Annotated[
        tuple[str, ...],
        _checked(
            r"t2_[0-9a-z]+",
            "is no user id, and a name can become somebody else's: write the id (docs/reddit.md says where it stands)",
            example="t2_1w72abc",
        ),
    ] = ()
    """Accounts that may open tickets for others, besides each subreddit's moderators."""
    other_bots: Annotated[
        tuple[str, ...],
        _checked(_USERNAME, "is no username: write it without u/", example="RemindMeBot", prefix="u"),
    ] = ()
    """Accounts, besides AutoModerator, that are bots: they are never answered."""
    modmail: bool = True
    """Answer what users write to the moderators."""
    author_hidden: bool = False
    """Sign answers in modmail with the subreddit's name instead of the bot's."""
    footer: bool = True
    """Say under every public answer that a bot wrote it, and how to be left alone."""
    footer_text: str = Field("", max_length=MAX_FOOTER)
    """The operator's own words for it, in Reddit's Markdown."""
    messages_per_minute: float = Field(20.0, gt=0)
    poll_interval_s: float = Field(10.0, gt=0)
    lookup_interval_s: float = Field(60.0, gt=0)
    """Between two looks at whether what was answered has been edited, deleted or removed."""
    request_timeout_s: float = Field(8.0, gt=0)
    file_timeout_s: float = Field(60.0, gt=0)
    """For one picture or video that somebody posted, to its last byte."""
    max_backoff_s: float = Field(60.0, gt=0)

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if not (self.password or self.refresh_token):
            raise ValueError("give a `password` (or `password_file`) or a `refresh_token` (or `refresh_token_file`)")
        if self.password and not self.refresh_token and not self.client_secret:
            raise ValueError("an app that logs in with a password has a `client_secret`; give it too")
        return self

    @model_validator(mode="after")
    def _places_are_read(self) -> Self:
        read = {name.lower() for name in self.subreddits}
        for key, names in (("help_flairs", self.help_flairs), ("answer_titles", self.answer_titles)):
            if stranger := next((name for name in names if name.lower() not in read), None):
                raise ValueError(f'{key}: r/{stranger} is not one of the subreddits; add "{stranger}" there')
        return self

    @property
    def agent(self) -> str:
        """What the bot tells Reddit it is."""
        return self.user_agent or f"{sys.platform}:firstline:v1 (support bot, by u/{self.username})"
