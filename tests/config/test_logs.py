"""No secret reaches a log line, whatever is logged and however it fails; and a line is one line."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretBytes, SecretStr

from config.logs import REDACTED, Redactor, about, secrets_of, set_up, unrelated
from tests.growth import TOO_STEEP, growth

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = 'Cän&ry "8f3a/1c+\\\n7'
BOT_TOKEN = "7654321098:AAF-x_" + "Zz9" * 10
FORMATS: tuple[Literal["text", "json"], ...] = ("text", "json")

log = logging.getLogger("tests.of.logs")


class Log:
    """What a root logger, set up for a test, wrote."""

    def __init__(self, format_: Literal["text", "json"], secrets: list[str], level: str = "debug") -> None:
        self._stream = io.StringIO()
        set_up(level, format_, secrets, stream=self._stream)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    filters = {id(handler): list(handler.filters) for handler in handlers}
    yield
    root.handlers, root.level = handlers, level
    for handler in handlers:
        handler.filters = filters[id(handler)]


def spellings(secret: str) -> list[str]:
    """How a secret is met in real logs; written by hand, apart from the code under test."""
    raw = secret.encode()
    return [
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        re.sub("%..", lambda match: match[0].lower(), quote(secret, safe="")),
        json.dumps({"token": secret}),
        json.dumps([secret], ensure_ascii=False),
        repr(secret),
        repr([raw]),
        str({"token": secret}),
        raw.hex(),
        f"Basic {base64.b64encode(f'user:{secret}'.encode()).decode()}",
        f"Basic {base64.b64encode(f'u:{secret}'.encode()).decode()}",
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(b"me:" + raw + b"..").decode(),
    ]


def survives(secret: str, text: str) -> bool:
    """Whether the secret can be read from the text by somebody who knows where to look."""
    hexadecimal = re.findall(r"(?:[0-9a-f]{2}){4,}", text)
    views = [text, *(bytes.fromhex(each).decode("latin-1") for each in hexadecimal)]
    views += [unquote(text), unquote(text.replace("+", " "))]
    for line in text.splitlines():
        try:
            parsed = json.loads(line)
        except ValueError:
            continue
        views += [str(parsed), *(map(str, parsed.values()) if isinstance(parsed, dict) else ())]
    for word in re.findall(r"[A-Za-z0-9+/_-]{4,}", text):
        padded = word.translate(str.maketrans("-_", "+/")) + "=" * (-len(word) % 4)
        try:
            views.append(base64.b64decode(padded).decode("latin-1"))
        except ValueError:
            continue
    wanted = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], secret.encode().decode("latin-1")}
    return any(form in view for form in wanted for view in views)


class Awkward:
    def __repr__(self) -> str:
        return f"Awkward({CANARY})"


class Failing:
    def __str__(self) -> str:
        raise RuntimeError(CANARY)


def everything(secret: str) -> None:
    """Log the secret in every place a record has."""
    for spelling in spellings(secret):
        log.info("It is %s.", spelling, extra={"action": "thing_done", "token": spelling, "deep": {"a": [spelling]}})
        log.warning("It is " + spelling)  # noqa: G003  the message itself holds it
        log.info("%(a)s", {"a": spelling})
    log.debug("Too few %s %s", secret)  # noqa: PLE1206  a mistake that the log must survive
    log.debug("Not a number %d", secret, stack_info=True)
    log.debug(secret, 1, 2)
    try:
        try:
            raise ValueError(secret)  # noqa: TRY301  a chain of errors
        except ValueError as error:
            error.add_note(secret)
            raise RuntimeError(f"https://api.telegram.org/bot{secret}/getMe") from error
    except RuntimeError:
        log.exception("It broke: %r.", secret, extra={"action": "thing_broken", "url": f"/bot{secret}/getMe"})


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("secret", [CANARY, BOT_TOKEN, "plain-canary-8f3a", "12345678", "pass word"])
def test_a_known_secret_never_survives(format_: Literal["text", "json"], secret: str) -> None:
    written = Log(format_, [secret])
    everything(secret)
    assert len(written.lines) >= 3 * len(spellings(secret)) + 4
    assert not [line for line in written.lines if survives(secret, line)]
    assert not survives(secret, written.text)
    assert written.text.count(REDACTED) > 3 * len(spellings(secret))


@given(
    secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=60), format_=st.sampled_from(FORMATS)
)
@example(secret="--------", format_="text")
@hypothesis_settings(max_examples=60, deadline=None)
def test_no_secret_of_any_letters_survives(secret: str, format_: Literal["text", "json"]) -> None:
    written = Log(format_, [secret])
    if survives(secret, json.dumps({"action": "thing_done", "logger": log.name, "time": REDACTED})):
        return
    for spelling in spellings(secret):
        log.info("It is %s.", spelling, extra={"action": "thing_done", "field": spelling})
    assert not [line for line in written.lines if survives(secret, line)]


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_what_looks_like_a_telegram_token_never_survives(before: str, after: str) -> None:
    for token in (BOT_TOKEN, quote(BOT_TOKEN, safe="")):
        assert token not in Redactor()(f"{before}{token}{after}")


def test_ordinary_text_stays() -> None:
    redact = Redactor(["canary-8f3a", "abc"])
    for text in (
        "Ticket FL-1042 at 12:30:00, abc, message 123456:7.",
        "https://example.com/a?b=c&d=%20",
        "123456789:short",
        "0x" + "ab" * 32,
    ):
        assert redact(text) == text


def test_a_secret_within_another_is_replaced_whole() -> None:
    assert Redactor(["abcd", "abcdefgh", "xxabcdefgh"])("xxabcdefgh abcdefgh abcd") == " ".join([REDACTED] * 3)


@pytest.mark.parametrize("text", ["1" * 10_000, "12345:" * 1700, "1234567:" + "a" * 9_990, "a" * 10_000, "%3A" * 3400])
def test_the_cost_of_redacting_hostile_text_grows_with_its_length_only(text: str) -> None:
    assert growth(Redactor([CANARY, BOT_TOKEN, "aaaaaaaaaaaab", "1111111111112"]), text) < TOO_STEEP


@pytest.mark.parametrize("format_", FORMATS)
def test_objects_are_cleaned_and_those_that_fail_do_no_harm(format_: Literal["text", "json"]) -> None:
    written = Log(format_, [CANARY])
    fields = {"a": Awkward(), "b": b"Awkward " + CANARY.encode(), "c": {CANARY: (Awkward(),)}, "d": Failing()}
    log.info("%r and %s", Awkward(), Failing(), extra=fields)
    log.info("Numbers stay.", extra={"count": 3, "ratio": 0.5, "yes": True, "none": None})
    assert not survives(CANARY, written.text)
    assert "RuntimeError" in written.lines[0]
    if format_ == "json":
        assert {key: json.loads(written.lines[1])[key] for key in ("count", "ratio", "yes", "none")} == {
            "count": 3,
            "ratio": 0.5,
            "yes": True,
            "none": None,
        }


def test_a_line_of_text() -> None:
    written = Log("text", [])
    log.info("Opened %s.", "FL-7", extra={"action": "ticket_opened", "place": "a b", "count": 2, "tags": ["x"]})
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO tests\.of\.logs: Opened FL-7\. "
        r'action=ticket_opened place="a b" count=2 tags="\[\\"x\\"\]"\n',
        written.text,
    )


def test_the_time_is_utc() -> None:
    written = Log("json", [])
    record = logging.makeLogRecord({"name": "x", "msg": "Then.", "created": 1_700_000_000.25, "levelno": 20})
    logging.getLogger().handle(record)
    assert json.loads(written.text)["time"] == "2023-11-14T22:13:20.250Z"


def test_a_line_of_json() -> None:
    written = Log("json", [])
    try:
        raise ValueError("why")  # noqa: TRY301  its traceback is wanted
    except ValueError:
        log.exception("Tëxt.\nMore.", extra={"action": "thing_broken", "level": "forged"})
    assert len(written.lines) == 1
    line = json.loads(written.text)
    assert (line["level"], line["logger"], line["message"], line["action"]) == (
        "error",
        "tests.of.logs",
        "Tëxt.\nMore.",
        "thing_broken",
    )
    assert line["traceback"].startswith("Traceback (most recent call last):")
    assert line["traceback"].endswith("ValueError: why")


@given(text=st.text())
@example(text="x\n2026-01-01T00:00:00.000Z INFO forged: line\r\u2028\u202e\x1b[31m")
def test_nobody_outside_can_forge_a_line(text: str) -> None:
    written = Log("text", [])
    log.info("Got %s", text, extra={"action": "text_got", "field": text})
    assert len(written.lines) == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", written.text)


def test_a_traceback_is_indented() -> None:
    written = Log("text", [])
    try:
        raise ValueError("why\n2026-01-01T00:00:00.000Z INFO forged: line")  # noqa: TRY301  the same
    except ValueError:
        log.exception("Broken.")
    assert [line for line in written.lines[1:] if not line.startswith("    ")] == []


def test_libraries_that_log_addresses_and_words_are_kept_quiet() -> None:
    written = Log("text", [])
    for name in ("httpx", "telegram.ext.Application", "aiosqlite", "aiohttp.access"):
        logging.getLogger(name).info("HTTP Request: POST https://api.telegram.org/ somebody's words")
        logging.getLogger(name).warning("This is heard.")
    assert "somebody" not in written.text
    assert written.text.count("This is heard.") == 4


def test_the_level_is_kept_and_a_second_set_up_replaces_the_first() -> None:
    first = Log("text", [], level="debug")
    second = Log("text", [], level="info")
    log.debug("Not said.")
    log.info("Said once.")
    assert first.text == ""
    assert second.text.count("Said once.") == 1
    assert "Not said." not in second.text


class FreshTraces(logging.Formatter):
    """Formats an exception itself, as others' handlers do."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        return f"{record.name} {line} {self.formatException(record.exc_info)}" if record.exc_info else line


def test_handlers_of_others_are_filtered_too() -> None:
    others = io.StringIO()
    handler = logging.StreamHandler(others)
    handler.setFormatter(FreshTraces())
    logging.getLogger().addHandler(handler)
    Log("text", ["of no use any more"])
    Log("text", [CANARY])
    everything(CANARY)
    logging.getLogger().handle(logging.makeLogRecord({"name": CANARY, "levelno": 20, "stack_info": f"Stack: {CANARY}"}))
    assert not survives(CANARY, others.getvalue())
    assert "of no use any more" not in repr(handler.filters)
    assert len(handler.filters) == 1


class Inner(BaseModel):
    key: SecretStr
    raw: SecretBytes = SecretBytes(b"bytes-secret")


class Outer(BaseModel):
    title: str = "no secret"
    token: SecretStr | None = None
    inner: dict[str, Inner]
    more: tuple[SecretStr, ...] = ()


def test_secrets_of_finds_them_all_once() -> None:
    settings = Outer(
        token=SecretStr("first-secret"),
        inner={"a": Inner(key=SecretStr("second-secret")), "b": Inner(key=SecretStr("first-secret"))},
        more=(SecretStr("third-secret"),),
    )
    assert secrets_of(settings) == ["first-secret", "second-secret", "bytes-secret", "third-secret"]
    assert secrets_of(Outer(inner={})) == []


# --- what a line is about -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_every_line_says_what_it_is_about_whoever_writes_it(format_: Literal["text", "json"]) -> None:
    written = Log(format_, [])
    with about(inbound=7, message_id="tg-1"):
        logging.getLogger("a.library").warning("It is slow.")
        with about(outgoing=3, message_id=None):
            log.info("It is posted.", extra={"action": "reply_posted"})
        log.info("Its own field goes first.", extra={"inbound": 8})
    log.info("That was it.")
    lines: list[dict[str, Any]] = [
        json.loads(line) if format_ == "json" else dict(re.findall(r"(\w+)=(\S+)", line)) for line in written.lines
    ]
    fields = [
        {name: str(line[name]) for name in ("inbound", "message_id", "outgoing") if name in line} for line in lines
    ]
    assert fields == [
        {"inbound": "7", "message_id": "tg-1"},
        {"inbound": "7", "outgoing": "3"},
        {"inbound": "8", "message_id": "tg-1"},
        {},
    ]


def test_what_a_line_is_about_is_redacted_and_stays_in_its_line() -> None:
    written = Log("text", [CANARY])
    with about(message_id=f"1\nFORGED {CANARY}"):
        log.info("x")
    assert CANARY not in written.text
    assert len(written.lines) == 1


async def test_a_task_is_about_what_its_maker_was_about_unless_it_is_unrelated() -> None:
    written = Log("json", [])

    async def write() -> None:
        log.info("x")

    with about(inbound=7):
        tasks = [asyncio.create_task(write()), asyncio.create_task(write(), context=unrelated())]
        await asyncio.to_thread(log.info, "x")
    await asyncio.gather(*tasks)
    about_seven = ["inbound" in json.loads(line) for line in written.lines if json.loads(line)["message"] == "x"]
    assert sorted(about_seven) == [False, True, True]
