"""What the port's own values promise."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.base import (
    Addressed,
    Attachment,
    Author,
    IncomingMessage,
    Kind,
    Parent,
    ReplyTarget,
    Visibility,
)


def test_without_words_keeps_what_decides_and_nobody_s_words_or_names() -> None:
    joined = IncomingMessage(
        dedupe_key="telegram:42:update:1",
        kind=Kind.CREATED,
        channel="telegram",
        account="42",
        conversation_key="telegram:42:-1001:7",
        message_id="1",
        parent=Parent(message_id="0", author=Author(id="8", display_name="Bob"), text="words"),
        author=Author(
            id="7",
            handle="alice",
            display_name="Alice",
            is_bot=True,
            is_self=True,
            is_system=True,
            roles=("moderator",),
        ),
        text="words",
        visibility=Visibility.MEMBERS,
        addressed=Addressed.AMBIENT,
        attachments=(Attachment(name="words.txt"),),
        sent_at=datetime(2026, 11, 22, tzinfo=UTC),
        reply_to=ReplyTarget(channel="telegram", place="-1001", visibility=Visibility.MEMBERS),
    )

    bare = joined.without_words()

    assert bare.author == Author(id="7", is_bot=True, is_self=True, is_system=True)
    assert (bare.text, bare.parent, bare.attachments) == ("", None, ())
    assert (bare.dedupe_key, bare.message_id, bare.sent_at) == (joined.dedupe_key, "1", joined.sent_at)
