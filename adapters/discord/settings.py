"""`[channels.NAME]` with ``kind = "discord"``."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from adapters.downloads import Origin
from config.settings import Section

_ID = re.compile(r"[0-9]{1,20}")


def _ids(what: str) -> AfterValidator:
    def check(values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not _ID.fullmatch(value):
                raise ValueError(
                    f"`{value}` is no {what} id: write the number (developer mode on, right click, Copy ID); "
                    "a name can be given up and taken by somebody else"
                )
        return values

    return AfterValidator(check)


class Settings(Section):
    """`[channels.NAME]` with ``kind = "discord"``; ids may be written as numbers."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    kind: Literal["discord"] = "discord"
    token: SecretStr = Field(min_length=1)
    """Of the application's bot, from Discord's developer portal."""
    api_base: str = Field("https://discord.com/api/v10", pattern=r"^https?://\S+$")
    gateway: str = Field("wss://gateway.discord.gg/", pattern=r"^wss?://\S+$")
    file_hosts: tuple[Origin, ...] = ("https://cdn.discordapp.com", "https://media.discordapp.net")
    """Where Discord keeps files; they are fetched from nowhere else."""
    intents: Literal["auto", "full", "mentions"] = "auto"
    """Whether the bot may read messages that do not name it: asked for, demanded, or done without."""
    help_channels: Annotated[tuple[str, ...], _ids("channel")] = ()
    """Channels, forums or threads in which every message is a question to the bot."""
    moderators: Annotated[tuple[str, ...], _ids("user")] = ()
    """Users who may open tickets for others, besides those whom the server's own rights make moderators."""
    moderator_roles: Annotated[tuple[str, ...], _ids("role")] = ()
    """Roles whose members may."""
    messages_per_second: float = Field(40.0, gt=0, le=50)
    """In all channels together; Discord takes 50 requests a second of any kind."""
    request_timeout_s: float = Field(45.0, gt=0)
    """For a request with the waiting that Discord's limits ask for and its repetitions after a 5xx."""
    file_timeout_s: float = Field(60.0, gt=0)
    """For one file that somebody sent, to its last byte."""
    catch_up_hours: float = Field(24.0, ge=0)
    """What was said while the bot was away is read this far back."""
    ready_wait_s: float = Field(2.0, ge=0)
    """How long after the last server's description all are taken to be known."""
    starts_per_day: int = Field(500, ge=1, le=900)
    """New sessions; at 1,000 in 24 hours Discord takes the token away."""
    start_pause_s: float = Field(5.0, ge=0)
    """Before every new session but the first of a connection, as Discord asks for."""
    max_backoff_s: float = Field(60.0, gt=0)
