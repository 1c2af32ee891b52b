"""What every command needs first: the settings, and which errors are sentences for people."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters import registry as channels
from config import logs, settings
from ticket_client import registry as desks

if TYPE_CHECKING:
    from config.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="The configuration; by default ./firstline.toml if there is one."
    ),
]

_MAY_STEER = re.compile(r"[^\x00-\x7e]")  # some of these; of the others, JSON escapes what is to be


def plain(text: str) -> str:
    """Somebody's words as one line that cannot steer a terminal: no control characters, no changes of direction."""
    return "".join(
        " " if char in "\n\t" else char
        for char in text
        if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf"} or char == "\u200d"
    )


def to_json(value: object, indent: int | None = 2) -> str:
    """JSON that people can read, and in which no words steer a terminal: what would is escaped."""
    return _MAY_STEER.sub(_escape, json.dumps(value, indent=indent, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or char == "\u200d":
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


class Usage(Exception):
    """The call does not fit; the message says what would."""


@dataclass(slots=True)
class _State:
    """Options given before the command hold for it, too."""

    config: Path | None = None
    debug: bool = False

    @staticmethod
    def is_configuration(error: Exception) -> bool:
        """Whether the configuration is to be mended."""
        return isinstance(error, settings.ConfigError)

    def is_known(self, error: Exception) -> bool:
        """Whether the error's text is a sentence for people."""
        from adapters.base import ChannelSetupError
        from bots.ledger.database import LedgerError
        from bots.web import WebError
        from bots.wording import WordingError
        from faq.entries import FaqError
        from ticket_client.base import DeskError

        known = (Usage, ChannelSetupError, LedgerError, WebError, WordingError, FaqError, DeskError, OSError)
        return isinstance(error, known) or self.is_configuration(error)


state = _State()


def load(config: Path | None = None) -> Settings:
    """The settings in force. Raises `ConfigError`."""
    return settings.load(
        config or state.config,
        environ=os.environ,
        channel_section=lambda kind: channels.channel(kind).Settings,
        channel_kinds=channels.kinds(),
        desk_section=lambda kind: desks.desk(kind).Settings,
        desk_kinds=desks.kinds(),
    )


def set_up_logs(loaded: Settings, *, level: str | None = None) -> None:
    """Log as configured (debug with ``--debug``), without any secret."""
    wanted = "debug" if state.debug else level or loaded.log.level
    logs.set_up(wanted, loaded.log.format, logs.secrets_of(loaded))
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
