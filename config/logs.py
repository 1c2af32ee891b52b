"""Logging: a sentence for people, `action=noun_verb` for machines, and no secret in either.

``set_up`` configures the root logger once; everybody else writes
``logger.info("Opened ticket FL-7.", extra={"action": "ticket_opened", "ticket": "FL-7"})``.

Secrets are taken out by a filter on the root logger's *handlers*, so that what a library logs passes it too.

Within ``with about(inbound=7):`` every line, whoever writes it, carries ``inbound=7``: so one message can be followed
from its acceptance to the posted reply. Tasks inherit it; those that serve several messages start `unrelated`.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from contextvars import Context, ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TextIO
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretBytes, SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MIN_SECRET_CHARS = 4
"""Anything shorter is not replaced, or ordinary words would be torn apart; `config.settings` refuses such a secret."""

REDACTED = "[redacted]"

_QUIET = (
    "aiohttp.access",
    "aiosqlite",
    "alembic",
    "discord",
    "httpcore",
    "httpx",
    "oauthlib",
    "praw",
    "prawcore",
    "procrastinate",
    "psycopg",
    "requests_oauthlib",
    "sqlalchemy",
    "telegram",
    "tweepy",
    "urllib3",
    "watchfiles",
)
"""Libraries kept at WARNING at any level: at DEBUG they log request addresses (with tokens) and users' words."""

_TELEGRAM_TOKEN = re.compile(r"(?<!\d)\d{6,}+(?::|%3[Aa])[A-Za-z0-9_-]{30,}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_MAX_DEPTH = 6
_matter: ContextVar[Mapping[str, object]] = ContextVar("matter", default={})  # noqa: B039 - never changed in place


@contextlib.contextmanager
def about(**fields: object) -> Iterator[None]:
    """What the lines within are about: ids, never words. Adds to what is around it; None takes a field away."""
    token = _matter.set({**_matter.get(), **fields})
    try:
        yield
    finally:
        _matter.reset(token)


def unrelated() -> Context:
    """The context of a task that is about no one message: ``create_task(…, context=unrelated())``."""
    return Context()


def _base64_forms(secret: bytes) -> Iterator[str]:
    """How the secret looks inside of base64, at each of the three places where it can begin within a group."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + secret).decode()
        certain = encoded[-(-shift * 8 // 6) : (shift + len(secret)) * 8 // 6]
        yield certain
        yield certain.replace("+", "-").replace("/", "_")


def _forms(secret: str) -> Iterator[str]:
    """The secret as it is, and as it looks in an address, a header, JSON, HTML, hex or a repr."""
    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    for form in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield form
        yield _PERCENT.sub(lambda match: match[0].lower(), form)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield html.escape(secret)
    for form in (repr(secret), repr(raw)):
        yield form.removeprefix("b")[1:-1]
    yield raw.hex()
    yield from _base64_forms(raw)


class Redactor:
    """Replaces every known secret, in any of its usual spellings, and whatever looks like a Telegram bot token."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= MIN_SECRET_CHARS for form in _forms(secret)}
        longest_first = sorted(
            (form for form in forms if len(form) >= MIN_SECRET_CHARS), key=lambda form: (-len(form), form)
        )
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        return _TELEGRAM_TOKEN.sub(REDACTED, text)

    def clean(self, value: Any, depth: int = 0) -> Any:
        """A value for a log line without secrets: containers are walked, anything but numbers becomes text."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            text = str(value)
            return value if self(text) == text else REDACTED
        if isinstance(value, Mapping) and depth < _MAX_DEPTH:
            return {self(str(key)): self.clean(each, depth + 1) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and depth < _MAX_DEPTH:
            return [self.clean(each, depth + 1) for each in value]
        return self(str(value))


class RedactingFilter(logging.Filter):
    """Rewrites a record before its handler sees it: message, arguments, extra fields, traceback and stack."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place and let it pass, with what it is about; never raises."""
        redact = self._redact
        for key, value in _matter.get().items():
            if value is not None:
                record.__dict__.setdefault(key, value)
        try:
            message = record.getMessage()
        except Exception as error:  # noqa: BLE001  a log line with wrong arguments must not stop the bot, nor print them
            message = f"{record.msg} (this line's arguments do not fit it: {type(error).__name__})"
        record.msg, record.args = redact(message), None
        record.name = redact(record.name)
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        record.exc_info = None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        for key, value in _extras(record).items():
            try:
                record.__dict__[key] = redact.clean(value)
            except Exception as error:  # noqa: BLE001  the same: a value whose __str__ fails
                record.__dict__[key] = f"(cannot be shown: {type(error).__name__})"
        return True


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD}


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _one_line(text: str) -> str:
    """The text with control and direction characters escaped, so that nobody outside can forge a line."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _trace(record: logging.LogRecord) -> str:
    return "\n".join(filter(None, (record.exc_text, record.stack_info)))


class TextFormatter(logging.Formatter):
    """One line for people, then ``key=value``; a traceback follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line: time, level, logger, sentence, `action`, other fields."""
        extras = _extras(record)
        fields = ({"action": extras.pop("action")} if "action" in extras else {}) | extras
        parts = [_time(record), record.levelname, f"{record.name}:", _one_line(record.getMessage())]
        parts += [f"{_one_line(key)}={self._shown(value)}" for key, value in fields.items()]
        line = " ".join(parts)
        for trace_line in _trace(record).split("\n") if _trace(record) else ():
            line += f"\n    {_one_line(trace_line)}"
        return line

    @staticmethod
    def _shown(value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        return _one_line(json.dumps(text, ensure_ascii=False) if re.search(r'[\s"=]|^$', text) else text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the extra fields, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON in ASCII."""
        fields = {
            **_extras(record),
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if trace := _trace(record):
            fields["traceback"] = trace
        return json.dumps(fields, default=str)


class _Handler(logging.StreamHandler[TextIO]):
    """The handler that `set_up` installs, and replaces when called again."""


def set_up(
    level: str,
    format: Literal["text", "json"],  # noqa: A002  the key's name in [log]
    secrets: Iterable[str],
    *,
    stream: TextIO | None = None,
) -> None:
    """Log to `stream` (standard error), without the secrets. Calling it again replaces what the last call set up.

    Handlers that others put on the root logger get the filter too. `level` is a name such as ``info``.
    """
    root = logging.getLogger()
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    root.handlers = [*(each for each in root.handlers if not isinstance(each, _Handler)), handler]
    redacting = RedactingFilter(Redactor(secrets))
    for each in root.handlers:
        each.filters = [*(old for old in each.filters if not isinstance(old, RedactingFilter)), redacting]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def secrets_of(settings: BaseModel) -> list[str]:
    """Every secret in the settings, however deep, each once."""
    return list(dict.fromkeys(_secrets_in(settings)))


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode(errors="replace")
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _secrets_in(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _secrets_in(each)
