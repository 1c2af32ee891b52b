"""What the page shows of a ledger that is no ordinary one."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from bots.ledger.sqlite import connect, migrate
from bots.playground import picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CODE = "MANGO-7HQ2-XZKP"


def _ledger(folder: Path) -> Path:
    path = folder / "firstline.db"
    migrate(path)
    return path


def _reply(text: str, *, release: str, secret: str = "") -> str:
    return json.dumps({"text": text, "secret": secret, "target": {"release": release, "why_not": "of the target"}})


def _write(path: Path, asked: dict[str, Any], replies: Sequence[tuple[str, str, str | None]]) -> None:
    """A message and its replies, each with its state and reason."""
    with contextlib.closing(connect(path)) as connection:
        connection.execute(
            "INSERT INTO inbound (id, dedupe_key, channel, account, kind, conversation_key, partition, message_id,"
            " author_id, payload, sent_at, received_at, state)"
            " VALUES (1, 'k', 'twitter', 'a', 'created', 'c', 0, '7', '5', ?, 't', 't', 'new')",
            (json.dumps(asked) if asked else "",),
        )
        for number, (reply, state, why) in enumerate(replies):
            connection.execute(
                "INSERT INTO outgoing (key, channel, place, conversation_key, inbound_id, speaker, reply, number,"
                " state, error, not_before, created_at, changed_at)"
                " VALUES (?, 'twitter', 'p', 'c', 1, 'bot', ?, 'FL-1', ?, ?, 't', '2026-01-01T00:00:00.000Z', 't')",
                (str(number), reply, state, why),
            )


def test_before_there_is_a_ledger_all_is_empty(tmp_path: Path) -> None:
    empty = picture.read(tmp_path / "firstline.db")
    (tmp_path / "firstline.db").touch()  # made, and still without its tables
    assert picture.read(tmp_path / "firstline.db") == empty
    (tmp_path / "firstline.db").unlink()
    assert picture.read(_ledger(tmp_path)) == empty
    assert empty["ledger"]["adds_up"]


def test_a_claim_code_is_shown_to_nobody_but_its_author(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    replies = [
        (_reply(f"Your code: {_CODE}.", release="approved", secret=_CODE), state, None) for state in ("pending", "sent")
    ]
    _write(ledger, {"text": "/claim", "author": {"id": "5"}}, replies)
    shown = picture.read(ledger)
    assert _CODE not in json.dumps(shown)
    assert [reply["text"] for reply in shown["ledger"]["rows"][0]["replies"]] == ["Your code: …."] * 2


def test_what_failed_needs_a_person_unless_something_was_said_instead(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    states = ("failed", "sent", "ambiguous", "failed")
    _write(ledger, {}, [(_reply("x", release="automatic"), state, None) for state in states])
    assert picture.read(ledger)["ledger"]["needs_person"] == 3
    with contextlib.closing(connect(ledger)) as connection:
        connection.execute("UPDATE outgoing SET key = '0:instead' WHERE key = '1'")
    assert picture.read(ledger)["ledger"]["needs_person"] == 2


def test_what_waits_says_whether_it_is_for_one_person_alone(tmp_path: Path) -> None:
    target = {"channel": "twitter", "place": "p", "release": "approved"}
    ledger = _ledger(tmp_path)
    held = [
        (
            json.dumps(
                {"key": "k", "text": "x", "visibility": visibility, "target": {**target, "visibility": visibility}}
            ),
            "held",
            "not allowed",
        )
        for visibility in ("public", "private")
    ]
    _write(ledger, {}, held)
    assert [waiting["private"] for waiting in picture.read(ledger)["approvals"]] == [False, True]


def test_an_erased_message_keeps_its_row(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path)
    _write(ledger, {"author": {"id": "5"}}, [])
    (row,) = picture.read(ledger)["ledger"]["rows"]
    assert (row["author"], row["text"], row["outcome"], row["message"]) == ("", "", "", "7")
