"""What an operator can set about an account on X."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator
from yarl import URL

from adapters.downloads import Origin
from config.settings import Section

if TYPE_CHECKING:
    from typing import Self


def _ids(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"\d+", value, re.ASCII):
            cure = "write the number; a handle can be given up and taken by somebody else"
            raise ValueError(f"`{value}` is no user id: {cure}")
    return values


def _is_kept_secret(api_base: str) -> str:
    """Plain HTTP only where nothing leaves this computer: the keys of the stream are sent as they are."""
    url = URL(api_base)
    if url.scheme != "http" or _is_this_computer(url.host or ""):
        return api_base
    raise ValueError(f"`{api_base}` would send the keys in the clear: write https://, or a host of this computer")


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Settings(Section):
    """`[channels.NAME]` with ``kind = "twitter"``; ids may be written as numbers."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    kind: Literal["twitter"] = "twitter"
    consumer_key: SecretStr = Field(min_length=1)
    """The app's, from X's developer console; with the three below it makes OAuth 1.0a."""
    consumer_secret: SecretStr = Field(min_length=1)
    access_token: SecretStr = Field(min_length=1)
    """Of the bot's own account."""
    access_token_secret: SecretStr = Field(min_length=1)
    bearer_token: SecretStr | None = None
    """The app's; only the stream needs it."""
    api_base: Annotated[str, AfterValidator(_is_kept_secret)] = Field(
        "https://api.twitter.com", pattern=r"^https?://[^\s/@]+$"
    )
    file_hosts: tuple[Origin, ...] = ("https://pbs.twimg.com", "https://video.twimg.com")
    """Where X keeps photos and videos; they are fetched from nowhere else."""
    mode: Literal["auto", "approve"] = "auto"
    """"auto" answers by itself where X allows it; "approve" leaves every answer to a moderator."""
    automated_label_confirmed: bool = False
    """That the account carries X's label of an automated account, with its operator named."""
    staff: Annotated[tuple[str, ...], AfterValidator(_ids)] = ()
    """Accounts that may open tickets for others."""
    other_bots: Annotated[tuple[str, ...], AfterValidator(_ids)] = ()
    """Accounts of other programs, which are not answered: X does not tell them from people."""
    direct_messages: bool = True
    privacy_policy_url: str = Field("", pattern=r"^(https://[^\s]+)?$", max_length=500)
    """Ends the first automatic direct message to each person, as X demands."""
    stream: bool = False
    """Hear of mentions at once, by a filtered stream, instead of at the next poll."""
    allow_links: bool = False
    """Whether posts may hold links, at 0.20 dollars each."""
    max_posts: int = Field(1, ge=1, le=25)
    """The longest answer in public, as a number of posts."""
    daily_budget_usd: float = Field(5.0, gt=0)
    poll_interval_s: float = Field(60.0, gt=0)
    message_poll_interval_s: float = Field(65.0, gt=0)
    """X allows 15 looks in 15 minutes."""
    deletion_check_h: float = Field(12.0, gt=0, lt=24)
    deletion_watch_days: float = Field(7.0, gt=0)
    deletion_budget_share: float = Field(0.25, gt=0, le=0.75)
    """How much of a day's budget looking for deleted posts may take."""
    posts_per_15_minutes: int = Field(100, ge=1)
    request_timeout_s: float = Field(15.0, gt=0)
    file_timeout_s: float = Field(60.0, gt=0)
    """For one photo or video that somebody posted, to its last byte."""
    max_backoff_s: float = Field(300.0, gt=0)
    credits_wait_s: float = Field(900.0, gt=0)
    """Before asking again after X said that the app is out of credits."""

    @model_validator(mode="after")
    def _stream_has_its_token(self) -> Self:
        if self.stream and self.bearer_token is None:
            raise ValueError("stream needs bearer_token, the app's own token from X's developer console")
        return self
