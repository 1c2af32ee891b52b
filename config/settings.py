"""The configuration: `firstline.toml` and the environment, typed; see `firstline.example.toml` for every key.

The file is the one given, else the one that ``FIRSTLINE_CONFIG`` names, else ``./firstline.toml`` if there is one, else
none: then the bot runs on the defaults below, with the live chat, the built-in desk and the sample FAQ. A file that
has no ``[channels.*]`` section keeps the live chat; one that has, says itself which channels there are.

Every key can be set by the environment, which goes before the file: ``FIRSTLINE_`` and the key's path joined by two
underscores (``FIRSTLINE_CHANNELS__TELEGRAM__TOKEN``); lists as JSON or separated by commas; an empty variable counts as
not set. A channel can be made by the environment alone; without a file, the live chat stays on beside it.
Every secret ``x`` may stand in a file of its own, named by ``x_file``. Relative paths start at the file that says them,
or at the working directory when the environment does.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    SerializeAsAny,
    field_validator,
    model_validator,
)

from config import sources
from config.problems import ConfigError, Problem
from config.reader import Kinds, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

__all__ = ["ConfigError", "Problem", "Section", "Settings", "load"]

_ROOT = Path(__file__).parents[1]
_DEFAULT_CHANNEL = "webchat"
_DEFAULT_DESK = "local"

TicketReason = Literal[
    "accusation", "complaint", "moderator", "asked_for_human", "asked_for_ticket", "nothing_matches",
    "answer_did_not_help", "suggestions_refused",
]  # fmt: skip
"""Why a ticket was opened: the rule that did, and what `faq.handover.label` sees in its words."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Section(_Part):
    """The base of every channel's and desk's section. A `SecretStr` field ``x`` may also be written as ``x_file``."""

    kind: str = ""
    """Which adapter or desk reads the section; `load` always fills it in."""


class BotSettings(_Part):
    """Who the bot speaks for, and how."""

    organisation: str = ""
    default_language: str = "en"
    languages: tuple[str, ...] = ("en", "nl")

    @model_validator(mode="after")
    def _default_is_offered(self) -> Self:
        if self.default_language not in self.languages:
            raise ValueError(f"default_language `{self.default_language}` is not one of the languages; add it there")
        return self


class FaqSettings(_Part):
    """Which FAQ, what it is matched with, and how sure that has to be (probabilities)."""

    path: Path | None = None
    matcher: Literal["lexical", "default", "strongest"] = "default"
    answer_precision: float = Field(0.95, ge=0, le=1)
    suggest_recall: float = Field(0.9, ge=0, le=1)


class LedgerSettings(_Part):
    """Where messages are kept, and how long their texts."""

    path: Path | None = None
    url: SecretStr | None = None
    """Of a PostgreSQL database, which any number of bots serve together, instead of a file."""
    retention_days: int = Field(90, ge=1)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.path is not None and self.url is not None:
            raise ValueError("`path` and `url` are two places: remove the one where the ledger is not")
        if self.url is not None and not self.url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("`url` is written as postgresql://user:password@host:5432/database")
        return self


class WebSettings(_Part):
    """The web server of the live chat and of webhooks, and one of its own for Prometheus; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    public_url: str | None = Field(None, pattern=r"^https?://[^\s/]")
    metrics: str | None = Field(None, pattern=r"^([^\s:/\[\]]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$")
    """HOST:PORT for ``/metrics``; nobody serves it where there is none."""


class WordingSettings(_Part):
    """The operator's own wording, over ours."""

    folder: Path | None = None


class LogSettings(_Part):
    """What is logged, and for whom."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class TicketRule(_Part):
    """What a ticket that fits every condition gets: a priority, tags. An empty condition fits every ticket.

    `reasons` are the rule by which the ticket was opened, and what its words call for (accusation, complaint). `words`
    are whole words or phrases, in any case and with or without accents.
    """

    channels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    reasons: tuple[TicketReason, ...] = ()
    words: tuple[str, ...] = ()
    visibility: tuple[Literal["public", "members", "private", "internal"], ...] = ()
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    tags: tuple[str, ...] = ()

    @field_validator("languages")
    @classmethod
    def _languages_are_codes(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        for language in languages:
            if not re.fullmatch(r"[a-z]{2,3}", language):
                raise ValueError(f"`{language}` is no language's code; write it like `en` or `nl`")
        return languages

    @field_validator("tags")
    @classmethod
    def _tags_suit_every_desk(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        for tag in tags:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", tag):
                raise ValueError(f"`{tag}` cannot be a tag; use letters, digits, hyphens and underscores, at most 32")
        return tags

    @field_validator("words")
    @classmethod
    def _words_say_something(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not any(map(str.isalnum, word)):
                raise ValueError(f"`{word}` has no letter and no digit, so no message could hold it")
        return words

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.priority is None and not self.tags:
            raise ValueError("this rule does nothing; give it a `priority` or `tags`")
        return self


class TicketSettings(_Part):
    """How tickets are numbered (``FL-1042``), and which of them are urgent: the highest priority counts, every tag."""

    number_prefix: str = Field("FL", pattern=r"^[A-Za-z][A-Za-z0-9]{0,7}$")
    rules: tuple[TicketRule, ...] = (TicketRule(reasons=("accusation", "complaint"), priority="high"),)


class LimitSettings(_Part):
    """What one person, a busy hour and a stop may take."""

    open_tickets_per_person: int = Field(5, ge=1)
    undecided_messages: int = Field(2000, ge=1)
    drain_s: float = Field(10, ge=0)


def _media_types(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"\*/\*|[a-z0-9.+-]+/(\*|[a-z0-9.+-]+)", value):
            raise ValueError(f"`{value}` is no media type: write one in small letters, such as image/png or image/*")
    return values


class AttachmentSettings(_Part):
    """Which files that people attach go into their tickets."""

    max_bytes: int = Field(10_000_000, ge=1, le=100_000_000)
    """Of each file; the networks and the desk have limits of their own."""
    max_files: int = Field(5, ge=0)
    """Of each message."""
    types: Annotated[tuple[str, ...], AfterValidator(_media_types)] = (
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/heic",
        "application/pdf",
        "text/plain",
    )
    """Media types, with `*` for any of a kind ("image/*"; SVG is never meant) or for all ("*/*")."""


class Settings(_Part):
    """Everything that can be configured, and what `load` found on the way."""

    bot: BotSettings = BotSettings()
    faq: FaqSettings = FaqSettings()
    ledger: LedgerSettings = LedgerSettings()
    web: WebSettings = WebSettings()
    wording: WordingSettings = WordingSettings()
    log: LogSettings = LogSettings()
    tickets: TicketSettings = TicketSettings()
    limits: LimitSettings = LimitSettings()
    attachments: AttachmentSettings = AttachmentSettings()
    data_dir: Path
    channels: dict[str, SerializeAsAny[Section]]
    desk: SerializeAsAny[Section]
    source: Path | None = None
    """The file that was read, if any."""
    warnings: tuple[str, ...] = ()
    """Sentences for the operator: what works, but should be changed."""

    @property
    def ledger_place(self) -> Path | str:
        """The ledger's database: a file, or the URL of one on a PostgreSQL server."""
        if self.ledger.url is not None:
            return self.ledger.url.get_secret_value()
        return self.ledger.path or self.data_dir / "firstline.db"

    @property
    def faq_path(self) -> Path:
        """The FAQ's file or folder; the sample pack unless configured."""
        return self.faq.path or Path(__file__).parent / "sample_faq"

    @property
    def faq_cache(self) -> Path:
        """The folder for what is made from the FAQ's texts; it may be deleted at any time."""
        return self.data_dir / "faq-cache"

    @property
    def public_url(self) -> str:
        """Where the bot's web server is reached, without a slash at the end."""
        if self.web.public_url:
            return self.web.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.web.host, self.web.host)  # noqa: S104  compared, not bound
        return f"http://[{host}]:{self.web.port}" if ":" in host else f"http://{host}:{self.web.port}"


_CORE: dict[str, type[BaseModel]] = {
    "bot": BotSettings,
    "faq": FaqSettings,
    "ledger": LedgerSettings,
    "web": WebSettings,
    "wording": WordingSettings,
    "log": LogSettings,
    "tickets": TicketSettings,
    "limits": LimitSettings,
    "attachments": AttachmentSettings,
}


def load(  # noqa: PLR0913  config imports no other folder: what channels and desks there are is handed in
    path: Path | None,
    *,
    environ: Mapping[str, str],
    channel_section: Callable[[str], type[Section]],
    channel_kinds: Sequence[str],
    desk_section: Callable[[str], type[Section]],
    desk_kinds: Sequence[str],
) -> Settings:
    """The settings from the file and the environment. Raises `ConfigError` with everything that is wrong."""
    file = _file(path, environ)
    found = sources.read(file, environ)
    if found.problems:
        raise ConfigError(found.problems)  # nothing of the file is known: whatever else we said would mislead
    if "channels" not in found.in_file:
        found.values.setdefault("channels", {}).setdefault(_DEFAULT_CHANNEL, {})
    found.values.setdefault("desk", {})
    reader = Reader(found, {name: tuple(model.model_fields) for name, model in _CORE.items()})
    values: dict[str, Any] = {name: reader.section((name,), model) for name, model in _CORE.items()}
    values["data_dir"] = reader.top_level_path("data_dir") or _default_data_dir(environ)
    values["channels"] = {
        name: reader.kinded(("channels", name), Kinds("channel", channel_kinds, channel_section), default=name)
        for name in reader.channel_names()
    }
    values["desk"] = reader.kinded(("desk",), Kinds("desk", desk_kinds, desk_section), default=_DEFAULT_DESK)
    _report_unknown_channels(reader, values)
    reader.report_unknown_sections(Kinds("channel", channel_kinds, channel_section))
    if found.problems:
        raise ConfigError(reader.problems())
    return Settings(**values, source=file, warnings=tuple(reader.warnings))


def _report_unknown_channels(reader: Reader, values: Mapping[str, Any]) -> None:
    """A rule about a channel that is not there would never fit."""
    for at, channels in enumerate(reader.names_in_tables(("tickets", "rules"), "channels")):
        for name in channels:
            reader.report_unknown_name(("tickets", "rules", f"[{at}]", "channels"), "channel", name, values["channels"])


def _file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is not None:
        return path
    if named := environ.get("FIRSTLINE_CONFIG"):
        return Path(named).expanduser()
    here = Path("firstline.toml")
    return here if here.exists() else None


def _default_data_dir(environ: Mapping[str, str]) -> Path:
    """`var` of a source checkout, else the user's own data folder."""
    if _is_checkout(_ROOT):
        return _ROOT / "var"
    home = environ.get("XDG_DATA_HOME") or ""
    base = Path(home) if Path(home).is_absolute() else Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return base / "firstline"


def _is_checkout(root: Path) -> bool:
    if not (root / ".git").exists():
        return False
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return bool(project.get("name") == "firstline")
