"""What a payload means: no network, no clock. Payloads are cut down to what Discord's documentation promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.base import Addressed, Button, Kind, Visibility
from adapters.discord import interactions, messages
from adapters.discord.interactions import are_registered, definitions, is_moderator, rows
from adapters.discord.places import Account, Memory, Place, said_at, snowflake

BOT, ANA, BRAM = "77", "501", "502"
ACCOUNT = Account(name="discord", bot_id=BOT, help_channels=frozenset({"300"}))
LOUNGE = Place(id="200", kind="channel", bot_role_id="88")
HELP = Place(id="300", kind="channel")
POST = Place(id="400", kind="post", parent_id="300", title="Card\0 stuck", owner_id=ANA)
DIRECT = Place(id="600", kind="dm")
ID = str(snowflake(datetime(2026, 11, 23, 12, 0, tzinfo=UTC)))


def user(user_id: str = ANA, **more: Any) -> dict[str, Any]:
    return {"id": user_id, "username": f"user{user_id}", "global_name": None, **more}


def payload(content: str = "hello", **more: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "type": 0,
        "channel_id": "200",
        "timestamp": "2026-11-23T13:00:00.500000+01:00",
        "author": user(),
        "content": content,
        **more,
    }


def answering(to: dict[str, Any] | None, content: str = "!ticket", **more: Any) -> dict[str, Any]:
    return payload(content, type=19, message_reference={"message_id": "9", "type": 0}, referenced_message=to, **more)


COMPLAINT = payload("it ate my money", id="9", author=user(BRAM))


def test_a_message_as_discord_sends_it() -> None:
    message = messages.normalise(payload(member={"nick": "Ana\0 A."}), LOUNGE, ACCOUNT)
    assert message.dedupe_key == f"discord:77:message:{ID}"
    assert message.sent_at == datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC)
    assert (message.author.id, message.author.handle, message.author.display_name) == (ANA, "user501", "Ana A.")
    assert message.language_hint is None
    assert message.message_ref == {"channel_id": "200", "message_id": ID}
    assert (message.reply_to.max_len, message.reply_to.len_unit) == (2000, "utf16")


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 18, 20, 21, 23, 24, 46, 999])
def test_every_other_type_reports_something_and_asks_nothing(kind: int) -> None:
    message = messages.normalise(payload("<@77> hello", type=kind), HELP, ACCOUNT)
    assert message.author.is_system
    assert message.addressed is Addressed.AMBIENT


@pytest.mark.parametrize(
    "given", [{"author": user(bot=True)}, {"webhook_id": "5"}, {"author": user(system=True)}, {"author": user(BOT)}]
)
def test_nobody_is_answered_who_is_no_person(given: dict[str, Any]) -> None:
    message = messages.normalise(payload("!ticket", **given), DIRECT, ACCOUNT)
    assert message.addressed is Addressed.AMBIENT
    assert message.author.is_bot or message.author.is_system or message.author.is_self
    assert messages.needs_roles(answering(COMPLAINT, **given), LOUNGE, ACCOUNT) is None


def test_a_forwarded_message_is_its_words_and_neither_an_answer_nor_a_command() -> None:
    forwarded = payload(
        "",
        message_reference={"message_id": "9", "type": 1},
        message_snapshots=[{"message": {"content": "!ticket it ate my money"}}],
    )
    message = messages.normalise(forwarded, DIRECT, ACCOUNT)
    assert (message.kind, message.parent, message.text) == (Kind.CREATED, None, "!ticket it ate my money")


def test_a_ping_in_the_list_of_mentions_alone_is_no_mention() -> None:
    pinged = payload("talk", mentions=[user(BOT)])
    assert messages.normalise(pinged, LOUNGE, ACCOUNT).addressed is Addressed.AMBIENT


def test_a_posts_title_is_of_its_first_message_only() -> None:
    first = messages.normalise(payload("in Utrecht", id="400"), POST, ACCOUNT)
    later = messages.normalise(payload("still"), POST, ACCOUNT)
    bare = messages.normalise(payload("", id="400"), POST, ACCOUNT)
    assert (first.text, later.text, bare.text) == ("Card stuck\nin Utrecht", "still", "Card stuck")


def test_in_a_thread_that_is_configured_itself_everybody_may_ask() -> None:
    account = Account(name="discord", bot_id=BOT, help_channels=frozenset({"400"}))
    by_another = payload("me too", author=user(BRAM))
    assert messages.normalise(by_another, POST, account).addressed is Addressed.HELP_CHANNEL
    assert messages.normalise(by_another, POST, ACCOUNT).addressed is Addressed.AMBIENT


def test_an_answer_to_a_message_that_is_gone_says_only_its_id() -> None:
    message = messages.normalise(answering(None, "same"), HELP, ACCOUNT)
    assert message.parent is not None
    assert (message.parent.message_id, message.parent.author, message.parent.text) == ("9", None, None)


def test_a_moderators_word_under_a_gone_or_unread_complaint_opens_nothing() -> None:
    gone = messages.normalise(answering(None), LOUNGE, ACCOUNT, roles=(("moderator",), "payload"))
    assert gone.on_behalf_of is None
    assert gone.staff_reply_to is not None
    unread = payload("", id="9", author=user(BRAM))
    blind = messages.normalise(answering(unread), LOUNGE, ACCOUNT, roles=(("moderator",), "payload"))
    assert blind.parent is not None
    assert blind.parent.text is None  # the core says that it cannot be seen


def test_a_moderators_word_under_a_forwarded_complaint_opens_nothing_in_anybodys_name() -> None:
    forwarded = COMPLAINT | {"message_reference": {"message_id": "1", "type": 1}}
    act = messages.normalise(answering(forwarded), LOUNGE, ACCOUNT, roles=(("moderator",), "payload"))
    assert act.on_behalf_of is None
    assert act.staff_reply_to is not None


@pytest.mark.parametrize(
    ("to", "place", "asked"),
    [
        (COMPLAINT, LOUNGE, ANA),
        (None, LOUNGE, ANA),
        (COMPLAINT, DIRECT, None),
        (payload(id="9"), LOUNGE, None),  # one's own message
        (payload(id="9", author=user(BOT, bot=True)), LOUNGE, None),
    ],
)
def test_whose_rights_matter(to: dict[str, Any] | None, place: Place, asked: str | None) -> None:
    assert messages.needs_roles(answering(to), place, ACCOUNT) == asked


def test_roles_that_nobody_could_read_open_nothing() -> None:
    act = messages.normalise(answering(COMPLAINT), LOUNGE, ACCOUNT, roles=((), ""))
    assert act.on_behalf_of is None
    assert act.staff_reply_to == act.reply_to


def test_an_edit_is_of_a_moment_and_a_preview_is_none() -> None:
    changed = payload("better", edited_timestamp="2026-11-23T12:30:00+00:00")
    edit = messages.edited(changed, LOUNGE, ACCOUNT)
    assert edit is not None
    assert edit.dedupe_key == f"discord:77:edit:{ID}:2026-11-23T12:30:00+00:00"
    assert edit.sent_at == datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    assert messages.edited(payload(edited_timestamp=None), LOUNGE, ACCOUNT) is None
    assert messages.edited({"id": ID, "edited_timestamp": "x", "embeds": []}, LOUNGE, ACCOUNT) is None


def test_an_edited_act_of_a_moderator_is_an_edit_and_no_second_act() -> None:
    changed = answering(COMPLAINT, edited_timestamp="2026-11-23T12:30:00+00:00")
    edit = messages.edited(changed, LOUNGE, ACCOUNT)
    assert edit is not None
    assert (edit.kind, edit.command, edit.staff_reply_to, edit.on_behalf_of) == (Kind.EDITED, "", None, None)


def test_a_deletion_in_private_needs_no_author() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    said = messages.normalise(payload(), DIRECT, ACCOUNT)
    assert messages.deleted(ID, "", DIRECT, ACCOUNT, at).conversation_key == said.conversation_key


# --- interactions -----------------------------------------------------------------------------------------------------


def interaction(**more: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "application_id": "70",
        "type": 2,
        "token": "t",
        "locale": "nl",
        "guild_locale": "en-US",
        "guild_id": "1",
        "member": {"user": user(), "roles": ["11"], "permissions": "0"},
        "data": {"type": 1, "name": "ticket", "options": [{"name": "text", "value": "my\0 card"}]},
        **more,
    }


def test_an_interaction_as_discord_sends_it() -> None:
    message = interactions.normalise(interaction(), LOUNGE, ACCOUNT)
    assert message is not None
    assert (message.command, message.text, message.language_hint) == ("ticket", "my card", "nl")
    assert message.dedupe_key == f"discord:77:interaction:{ID}"
    assert message.sent_at == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert message.visibility is Visibility.PRIVATE
    assert message.reply_to.place == LOUNGE.id


def test_without_a_language_of_its_user_the_servers_is_taken() -> None:
    message = interactions.normalise(interaction(locale=None), LOUNGE, ACCOUNT)
    assert message is not None
    assert message.language_hint == "en-US"


@pytest.mark.parametrize("kind", [1, 4, 5])
def test_other_interactions_are_nothing_of_ours(kind: int) -> None:
    assert interactions.normalise(interaction(type=kind), LOUNGE, ACCOUNT) is None


@pytest.mark.parametrize(
    ("bits", "moderates"),
    [(1 << 13, True), (1 << 40, True), (1 << 3, True), (1 << 11, False), (1 << 5, False), (0, False)],
)
def test_which_rights_make_a_moderator(bits: int, moderates: bool) -> None:  # noqa: FBT001 - a table
    author = messages.person(user(), ACCOUNT)
    roles = is_moderator({"permissions": str(bits)}, author, ACCOUNT)
    assert roles == ((("moderator",), "payload") if moderates else ((), "payload"))


def test_moderators_are_named_by_id_and_role_and_never_by_handle() -> None:
    author = messages.person(user(), ACCOUNT)
    for account in (
        Account(name="d", bot_id=BOT, moderators=frozenset({ANA})),
        Account(name="d", bot_id=BOT, moderator_roles=frozenset({"11"})),
    ):
        assert is_moderator({"roles": ["11"]}, author, account) == (("moderator",), "settings")
    by_handle = Account(name="d", bot_id=BOT, moderators=frozenset({"user501"}))
    assert is_moderator({"roles": ["11"]}, author, by_handle) == ((), "payload")


def test_a_menu_that_does_not_hand_the_message_over_opens_nothing() -> None:
    member = {"user": user(), "permissions": str(1 << 13)}
    blind = interaction(member=member, data={"type": 3, "name": "x", "target_id": "9", "resolved": {}})
    act = interactions.normalise(blind, LOUNGE, ACCOUNT)
    assert act is not None
    assert act.on_behalf_of is None
    assert act.staff_reply_to is not None


def test_a_button_under_an_answer_of_no_question_is_answered_below_it() -> None:
    pressed = interaction(type=3, data={"custom_id": "rate:FL-7:5"}, message={"id": "55", "flags": 0})
    tap = interactions.normalise(pressed, LOUNGE, ACCOUNT)
    assert tap is not None
    assert (tap.kind, tap.action, tap.addressed) == (Kind.ACTION, "rate:FL-7:5", Addressed.REPLY_TO_BOT)
    assert tap.reply_to.address["message_id"] == "55"


@pytest.mark.parametrize(
    ("labels", "shape"),
    [
        (["Yes", "No"], [2]),
        (["A long question about cards", "Another long question", "None of these"], [1, 1, 1]),
        (["1", "2", "3", "4", "5"], [5]),
        (["a very long label"] * 7, [5, 2]),
        (["x" * 200], [1]),
    ],
)
def test_how_buttons_lie(labels: list[str], shape: list[int]) -> None:
    made = rows([Button(label=label, action=f"pick:{i}") for i, label in enumerate(labels)])
    assert [len(row["components"]) for row in made] == shape
    assert all(len(item["label"]) <= 80 for row in made for item in row["components"])


def test_commands_of_another_version_are_told_apart() -> None:
    stored = [{**command, "id": "1", "version": "2", "dm_permission": True} for command in reversed(definitions())]
    assert are_registered(stored)
    assert not are_registered(stored[1:])
    assert not are_registered([*stored, {"type": 1, "name": "old"}])
    changed = [dict(command) for command in stored]
    changed[-1]["description"] = "something else"
    assert not are_registered(changed)


# --- memory -----------------------------------------------------------------------------------------------------------


def test_an_id_tells_its_time() -> None:
    at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert said_at(str(snowflake(at))) == at
    assert said_at("175928847299117063") == datetime(
        2016, 4, 30, 11, 18, 25, 796_000, tzinfo=UTC
    )  # from Discord's docs


def test_memory_is_kept_as_text_and_within_bounds() -> None:
    memory = Memory()
    for i in range(6000):
        memory.wrote(str(i), ANA)
        memory.talked(str(i))
    memory.heard("123")
    memory.heard("7")
    memory.gaps["5"] = 6
    memory.archives["8"] = 9
    memory.lost("10")
    assert len(memory.dump()) < 5000  # it is written down every other second
    again = Memory.load(memory.dump(), memory.dump_authors())
    assert again == memory
    assert (again.mark, len(again.authors), len(again.direct)) == (123, 5000, 100)
    assert Memory.load(None) == Memory()


def test_how_far_back_is_read() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    day = timedelta(hours=24)
    assert Memory().since(day, now) == snowflake(now)
    lately = Memory(mark=snowflake(now - timedelta(hours=1)))
    assert lately.since(day, now) == snowflake(now - timedelta(hours=1, seconds=60))
    long_ago = Memory(mark=snowflake(now - timedelta(days=9)))
    assert long_ago.since(day, now) == snowflake(now - day)
