"""What the ledger knows of people beyond one conversation: who wants silence, who holds a claim code, who is who."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from bots.ledger import codec
from bots.ledger.database import Overtaken
from bots.pipeline.state import Identity

if TYPE_CHECKING:
    from bots.ledger.connection import Connection
    from bots.pipeline.effects import Claim

_CODE_HOLDS = timedelta(hours=24)
_WRONG_CODES = 5
_WRONG_WITHIN = timedelta(hours=1)
# A number told in answer to somebody that may never have arrived. What an agent wrote is not said again by its number.
UNCONFIRMED = "state = 'ambiguous' AND number IS NOT NULL AND inbound_id IS NOT NULL AND speaker = 'bot'"
_THIS = "channel = ? AND account = ? AND author_id = ?"


def is_silenced(connection: Connection, person: Identity) -> bool:
    """Whether somebody asked the bot to leave them alone."""
    return connection.execute(f"SELECT 1 FROM silences WHERE {_THIS}", person).fetchone() is not None


class Glance(NamedTuple):
    """What there is of a person, seen in one look: what most people have nothing of needs no look of its own."""

    has_links: bool
    has_tickets: bool
    is_silenced: bool
    has_unconfirmed: bool
    language: str | None  # chosen with /language, last and wherever it was


def glance(connection: Connection, person: Identity, conversation_key: str) -> Glance:
    """Look at a person, and for numbers that may never have arrived in this conversation."""
    row = connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM identity_links WHERE {_THIS}) AS links,"
        f" EXISTS (SELECT 1 FROM tickets WHERE {_THIS}) AS tickets,"
        f" EXISTS (SELECT 1 FROM silences WHERE {_THIS}) AS silenced,"
        f" EXISTS (SELECT 1 FROM outgoing WHERE conversation_key = ? AND {UNCONFIRMED}) AS unconfirmed,"
        f" (SELECT json_extract(state, '$.language') FROM conversations WHERE {_THIS}"
        " AND json_extract(state, '$.language') IS NOT NULL ORDER BY changed_at DESC LIMIT 1) AS language",
        (*person, *person, *person, conversation_key, *person),
    ).fetchone()
    return Glance(*row)


def account_in(connection: Connection, conversation_key: str) -> Identity | None:
    """Whose conversation it is, as far as it is known."""
    row = connection.execute(
        "SELECT channel, account, author_id FROM conversations WHERE key = ?", (conversation_key,)
    ).fetchone()
    return Identity(*row) if row else None


def silence(connection: Connection, person: Identity, *, wanted: bool) -> None:
    """Remember, or forget, that somebody wants to be left alone."""
    if wanted:
        connection.execute(
            "INSERT INTO silences (channel, account, author_id, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*person, codec.stamp()),
        )
    else:
        connection.execute(f"DELETE FROM silences WHERE {_THIS}", person)


def linked(connection: Connection, person: Identity) -> frozenset[Identity]:
    """The other identities of a person, as far as they agreed to that being known."""
    rows = connection.execute(
        f"SELECT other_channel, other_account, other_author_id FROM identity_links WHERE {_THIS}", person
    )
    return frozenset(Identity(*row) for row in rows)


def holder(connection: Connection, person: Identity, code_hash: str) -> Identity | None:
    """Whose code it is; nobody's where it is unknown, spent, expired, or the person tried too many wrong ones."""
    since = codec.stamp(datetime.now(UTC) - _WRONG_WITHIN)
    (wrong,) = connection.execute(
        f"SELECT count(*) FROM claim_tries WHERE {_THIS} AND at > ?", (*person, since)
    ).fetchone()
    row = connection.execute(
        "SELECT channel, account, author_id FROM claims WHERE code_hash = ? AND spent_at IS NULL AND expires_at > ?",
        (code_hash, codec.stamp()),
    ).fetchone()
    return Identity(*row) if row and wrong < _WRONG_CODES else None


def carry_out(connection: Connection, person: Identity, claim: Claim) -> None:
    """What a decision does to a claim code, inside its transaction."""
    now = codec.stamp()
    match claim.act:
        case "issue":
            connection.execute(f"DELETE FROM claims WHERE {_THIS} AND spent_at IS NULL", person)  # one at a time
            connection.execute(
                "INSERT INTO claims (channel, account, author_id, code_hash, expires_at) VALUES (?, ?, ?, ?, ?)",
                (*person, claim.code_hash, codec.stamp(datetime.now(UTC) + _CODE_HOLDS)),
            )
        case "spend":
            connection.execute("UPDATE claims SET spent_at = ? WHERE code_hash = ?", (now, claim.code_hash))
        case "miss":
            connection.execute(
                "INSERT INTO claim_tries (channel, account, author_id, at) VALUES (?, ?, ?, ?)", (*person, now)
            )
        case "redeem":
            row = connection.execute(
                "UPDATE claims SET spent_at = ? WHERE code_hash = ? AND spent_at IS NULL"
                " RETURNING channel, account, author_id",
                (now, claim.code_hash),
            ).fetchone()
            if row is None:
                raise Overtaken("Somebody else redeemed the claim code in the same moment.")
            _link(connection, Identity(*row), person, now)


def _link(connection: Connection, one: Identity, other: Identity, now: str) -> None:
    for a, b in ((one, other), (other, one)):
        connection.execute(
            "INSERT INTO identity_links (channel, account, author_id, other_channel, other_account, other_author_id,"
            " consented_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*a, *b, now),
        )


def unlink(connection: Connection, person: Identity) -> None:
    """Make all of somebody's accounts strangers to this one again, in both directions."""
    for other in linked(connection, person):
        for one, another in ((person, other), (other, person)):
            connection.execute(
                f"DELETE FROM identity_links WHERE {_THIS}"
                " AND other_channel = ? AND other_account = ? AND other_author_id = ?",
                (*one, *another),
            )
            _bring_home(connection, one, another)


def _bring_home(connection: Connection, owner: Identity, other: Identity) -> None:
    """What went on with the owner's tickets at the other account goes on in the owner's own private place, if any."""
    home = private_place(connection, owner)
    connection.execute(
        f"UPDATE tickets SET private_to = ?, private_conversation = ? WHERE {_THIS}"
        f" AND private_conversation IN (SELECT key FROM conversations WHERE {_THIS})",
        (*(home or (None, None)), *owner, *other),
    )
    connection.execute(
        f"UPDATE conversations SET state = json_set(state, '$.ticket_key', '') WHERE {_THIS}"
        f" AND json_extract(state, '$.ticket_key') IN (SELECT key FROM tickets WHERE {_THIS})",
        (*other, *owner),
    )


def private_place(connection: Connection, person: Identity) -> tuple[str, str] | None:
    """Where somebody can be told something in private, if they ever wrote there: a target, and its conversation."""
    row = connection.execute(
        f"SELECT reply_to, key FROM conversations WHERE {_THIS} AND visibility = 'private'"
        " AND json_extract(reply_to, '$.expires_at') IS NULL ORDER BY changed_at DESC LIMIT 1",
        person,
    ).fetchone()
    return tuple(row) if row else None


def forget(connection: Connection, before: str) -> None:
    """Remove codes and tries that mean nothing any more."""
    connection.execute("DELETE FROM claims WHERE expires_at < ?", (before,))
    connection.execute("DELETE FROM claim_tries WHERE at < ?", (before,))
