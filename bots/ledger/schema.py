"""The ledger's tables. Migrations in `migrations/versions` make them; a test holds the two together.

Times are ISO 8601 in UTC with microseconds, so that they sort as text on every engine; values with structure are JSON.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text, text

metadata = MetaData()

inbound = Table(
    "inbound",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("dedupe_key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("conversation_key", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("sent_at", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("state", Text, nullable=False),  # new | done | failed
    Column("erased_at", Text),
    Index("inbound_new", "id", sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'")),
    Index(
        "inbound_unerased",
        "received_at",
        sqlite_where=text("erased_at IS NULL"),
        postgresql_where=text("erased_at IS NULL"),
    ),
    Index("inbound_conversation", "conversation_key", "id"),
    Index("inbound_message", "channel", "account", "message_id"),
    sqlite_autoincrement=True,
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("inbound_id", Integer, ForeignKey("inbound.id"), primary_key=True),
    Column(
        "outcome", Text, nullable=False
    ),  # answered | suggested | ticket_opened | appended | acted | ignored | failed
    Column("rule", Text, nullable=False),
    Column("entry", Text),
    Column("score", Float),
    Column("ticket_key", Text),
    Column("reason", Text),
    Column("decided_at", Text, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("key", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reply_to", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Index("conversations_author", "channel", "account", "author_id"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("key", Text, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("desk_id", Text),  # NULL until the desk has answered
    Column("number", Text),
    Column("reference", Text),  # ours, told while the desk has given no number
    Column("url", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False),
    Column("raw_status", Text, nullable=False, server_default=""),  # the desk's own word
    Column("version", Text, nullable=False, server_default=""),  # of what was last read, as the desk's list tells it
    Column("follows", Text),  # the key of the ticket that took no more words
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("author_id", Text, nullable=False),  # the requester
    Column("conversation_key", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("reply_to", Text, nullable=False),
    Column("private_to", Text),  # where the requester goes on with it in private: a reply target, and its conversation
    Column("private_conversation", Text),
    Column("words", Text, nullable=False),  # what the complaint said, to know it again; erased with the messages
    Column("opened_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("rating", Integer),
    Column("rating_asked_at", Text),
    Index("tickets_desk", "desk", "desk_id", unique=True),
    Index("tickets_number", "number"),
    Index("tickets_reference", "reference"),
    Index("tickets_author", "channel", "account", "author_id", "opened_at"),
    Index("tickets_conversation", "conversation_key", "opened_at"),
)

ticket_intents = Table(
    "ticket_intents",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("ticket_key", Text, nullable=False),
    Column("action", Text, nullable=False),  # create | message | note | files
    Column("payload", Text, nullable=False),
    Column("request", Text),  # what is sent to create, the same bytes each time
    Column("announce", Text, nullable=False),  # replies to send once the number is known
    Column("state", Text, nullable=False),  # new | sending | done | failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Text, nullable=False),
    Column("lease_until", Text),  # somebody is at it
    Column("note_at", Text),  # when those who wait are told that it takes longer; NULL once they are
    Column("error", Text),
    Column("created_at", Text, nullable=False),
    Index(
        "ticket_intents_unnoted",
        "note_at",
        sqlite_where=text("note_at IS NOT NULL"),
        postgresql_where=text("note_at IS NOT NULL"),
    ),
    Index(
        "ticket_intents_open",
        "ticket_key",
        "id",
        sqlite_where=text("state IN ('new', 'sending')"),
        postgresql_where=text("state IN ('new', 'sending')"),
    ),
    sqlite_autoincrement=True,
)

outgoing = Table(
    "outgoing",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("conversation_key", Text, nullable=False),
    Column("inbound_id", Integer),
    Column("ticket_key", Text),
    Column("speaker", Text, nullable=False),  # bot | agent
    Column("reply", Text, nullable=False),
    Column("number", Text),
    Column("state", Text, nullable=False),  # pending | held | sending | sent | ambiguous | failed | cancelled
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Text, nullable=False),
    Column("posted_id", Text),
    Column("error", Text),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("erased_at", Text),
    Index("outgoing_open", "state", "id"),
    Index("outgoing_place", "channel", "place", "id"),
    Index(
        "outgoing_unerased",
        "changed_at",
        sqlite_where=text("erased_at IS NULL"),
        postgresql_where=text("erased_at IS NULL"),
    ),
    Index("outgoing_conversation", "conversation_key", "id"),
    sqlite_autoincrement=True,
)

silences = Table(
    "silences",  # who asked the bot to leave them alone
    metadata,
    Column("channel", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("author_id", Text, primary_key=True),
    Column("since", Text, nullable=False),
)

claims = Table(
    "claims",  # codes that take an identity's tickets to another network; only their hashes are kept
    metadata,
    Column("code_hash", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("spent_at", Text),
)

claim_tries = Table(
    "claim_tries",  # wrong codes, to slow down whoever guesses
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("claim_tries_author", "channel", "account", "author_id", "at"),
    sqlite_autoincrement=True,
)

identity_links = Table(
    "identity_links",  # each with its person's consent: the redeeming of a code, noted in both directions
    metadata,
    Column("channel", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("author_id", Text, primary_key=True),
    Column("other_channel", Text, primary_key=True),
    Column("other_account", Text, primary_key=True),
    Column("other_author_id", Text, primary_key=True),
    Column("consented_at", Text, nullable=False),
)

leases = Table(
    "leases",  # what only one process may do at a time; held through Procrastinate, where there are many
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("holder", Text, nullable=False),
    Column("since", Text, nullable=False),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)

commands = Table(
    "commands",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("state", Text, nullable=False),  # new | done | failed
    Column("result", Text),
    Column("created_at", Text, nullable=False),
    Column("done_at", Text),
    Index("commands_new", "id", sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'")),
    sqlite_autoincrement=True,
)

desk_tickets = Table(
    "desk_tickets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("number", Text, nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    sqlite_autoincrement=True,
)

desk_entries = Table(
    "desk_entries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ticket_id", Integer, ForeignKey("desk_tickets.id"), nullable=False),
    Column("kind", Text, nullable=False),  # user | reply | note | status
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("key", Text, unique=True),
    Column("at", Text, nullable=False),
    Index("desk_entries_ticket", "ticket_id", "id"),
    sqlite_autoincrement=True,
)
