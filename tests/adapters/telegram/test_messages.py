"""What Telegram's updates say, read off payloads written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Update

from adapters.base import Addressed, Author, IncomingMessage, Kind, Visibility
from adapters.telegram.messages import Roles, needs_roles, normalise
from adapters.telegram.places import Account, Places
from tests.growth import TOO_STEEP, growth

ME = {"id": 42, "is_bot": True, "first_name": "Firstline", "username": "firstline_bot"}
ALICE = {
    "id": 7,
    "is_bot": False,
    "first_name": "Alice",
    "last_name": "Ames",
    "username": "alice",
    "language_code": "nl",
}
BOB = {"id": 8, "is_bot": False, "first_name": "Bob"}
OTHER_BOT = {"id": 9, "is_bot": True, "first_name": "Other", "username": "other_bot"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Exchange users"}
CHANNEL = {"id": -1009, "type": "channel", "title": "Exchange news", "username": "exchange_news"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
SERVICE = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
DATE = 1_790_000_000
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACCOUNT = Account(name="telegram", bot_id="42", username="firstline_bot")
MODERATOR: Roles = (("moderator",), "getChatMember")
NO_MODERATOR: Roles = ((), "getChatMember")


def message(text: str | None = None, *, number: int = 100, **fields: Any) -> dict[str, Any]:
    """A message of Alice's in the group; `sender` stands for `from`."""
    body = {"message_id": number, "date": DATE, "chat": GROUP, "from": fields.pop("sender", ALICE), **fields}
    return body if text is None else body | {"text": text}


def command(text: str, **fields: Any) -> dict[str, Any]:
    length = len(text.split(maxsplit=1)[0])
    return message(text, entities=[{"type": "bot_command", "offset": 0, "length": length}], **fields)


def private(text: str, **fields: Any) -> dict[str, Any]:
    return message(text, chat={"id": 7, "type": "private", "first_name": "Alice"}, **fields)


def mark(kind: str, text: str, part: str, **fields: Any) -> dict[str, Any]:
    """An entity over `part`, counted in UTF-16 units as Telegram does."""
    before = text[: text.index(part)]
    return {"type": kind, "offset": units(before), "length": units(part), **fields}


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def parsed(kind: str = "message", **payload: Any) -> Update:
    return Update.de_json({"update_id": 5, kind: payload}, None)


def read(
    payload: dict[str, Any],
    kind: str = "message",
    *,
    roles: Roles = ((), ""),
    places: Places | None = None,
    account: Account = ACCOUNT,
) -> IncomingMessage:
    update = parsed(kind, **payload)
    known = (places or Places()).learnt(update)
    result = normalise(update, account, known, roles=roles, received_at=NOW)
    assert result is not None
    return result


def test_everything_about_an_ordinary_message_in_a_group() -> None:
    got = read(message("hello all"))

    assert got.dedupe_key == "telegram:42:update:5"
    assert got.kind is Kind.CREATED
    assert (got.channel, got.account) == ("telegram", "42")
    assert got.conversation_key == "telegram:42:-1001::7"
    assert got.thread_key == ""
    assert got.message_id == "100"
    assert got.author == Author(id="7", handle="alice", display_name="Alice Ames")
    assert got.addressed is Addressed.AMBIENT
    assert got.visibility is Visibility.MEMBERS
    assert got.language_hint == "nl"
    assert got.sent_at == datetime.fromtimestamp(DATE, UTC)
    assert got.message_ref == {"chat_id": "-1001", "message_id": "100"}
    target = got.reply_to
    assert target.address == {"chat_id": "-1001", "message_id": "100"}
    assert target.place == "-1001"
    assert (target.max_len, target.len_unit, target.buttons, target.can_private) == (4096, "utf16", True, False)


def test_a_group_with_a_public_name_is_public() -> None:
    assert read(message("hi", chat=GROUP | {"username": "exchange_users"})).visibility is Visibility.PUBLIC


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        ("/ticket my money is gone", "ticket", "my money is gone"),
        ("/TICKET@Firstline_Bot my money", "ticket", "my money"),
        ("/start", "start", ""),
        ("/help", "help", ""),
        ("/status FL-7", "status", "FL-7"),
        ("/language nl", "language", "nl"),
    ],
)
def test_a_command_in_a_group(text: str, name: str, args: str) -> None:
    got = read(command(text))

    assert got.kind is Kind.COMMAND
    assert (got.command, got.text) == (name, args)
    assert got.addressed is Addressed.COMMAND


@pytest.mark.parametrize("text", ["/ticket@other_bot help me", "/ban Bob"])
def test_a_command_that_may_be_meant_for_another_bot(text: str) -> None:
    got = read(command(text))

    assert got.kind is Kind.CREATED
    assert got.command == ""
    assert got.addressed is Addressed.AMBIENT


def test_an_unknown_command_in_private_is_for_us() -> None:
    got = read(private("/frobnicate now", entities=[{"type": "bot_command", "offset": 0, "length": 11}]))

    assert (got.kind, got.command, got.text) == (Kind.COMMAND, "frobnicate", "now")


def test_a_slash_without_an_entity_or_in_the_middle_is_no_command() -> None:
    assert read(private("/ticket help")).kind is Kind.CREATED
    text = "please see /ticket"
    assert read(private(text, entities=[mark("bot_command", text, "/ticket")])).kind is Kind.CREATED


def test_a_mention_is_found_by_its_entity_and_taken_out() -> None:
    text = "🎉🎉 hey @Firstline_bot where is it? 🎉"
    got = read(message(text, entities=[mark("mention", text, "@Firstline_bot")]))

    assert got.addressed is Addressed.MENTION
    assert got.text == "🎉🎉 hey  where is it? 🎉"


def test_a_mention_by_id_of_this_bot_only() -> None:
    text = "Firstline help"
    got = read(message(text, entities=[mark("text_mention", text, "Firstline", user=ME)]))
    assert (got.addressed, got.text) == (Addressed.MENTION, "help")
    got = read(message(text, entities=[mark("text_mention", text, "Firstline", user=BOB)]))
    assert (got.addressed, got.text) == (Addressed.AMBIENT, "Firstline help")


def test_our_name_without_an_entity_or_in_a_longer_name_is_no_mention() -> None:
    assert read(message("@firstline_bot")).addressed is Addressed.AMBIENT
    text = "@firstline_bot2 hi"
    assert read(message(text, entities=[mark("mention", text, "@firstline_bot2")])).addressed is Addressed.AMBIENT


def test_a_reply_to_the_bot() -> None:
    got = read(message("it did not help", reply_to_message=message("Try this.", number=99, sender=ME)))

    assert got.addressed is Addressed.REPLY_TO_BOT
    assert got.parent is not None
    assert (got.parent.message_id, got.parent.text) == ("99", "Try this.")
    assert got.parent.author is not None
    assert got.parent.author.is_self
    assert got.conversation_key == "telegram:42:-1001::7"


def test_an_edit_has_a_revision_and_acts_no_more() -> None:
    got = read(command("/ticket the whole text", edit_date=DATE + 60), "edited_message")

    assert got.kind is Kind.EDITED
    assert got.dedupe_key == f"telegram:42:update:5:{DATE + 60}"
    assert (got.command, got.text) == ("", "/ticket the whole text")
    assert got.sent_at == datetime.fromtimestamp(DATE + 60, UTC)


# --- topics and comments -------------------------------------------------------------------------------------------


def test_in_a_topic_the_thread_is_kept_and_its_creation_is_no_parent() -> None:
    made = message(
        number=50, sender=BOB, message_thread_id=50, forum_topic_created={"name": "Deposits", "icon_color": 1}
    )
    got = read(message("hi", message_thread_id=50, is_topic_message=True, reply_to_message=made))

    assert got.thread_key == "50"
    assert got.parent is None
    assert got.conversation_key == "telegram:42:-1001:50:7"
    assert got.reply_to.address == {"chat_id": "-1001", "message_id": "100", "thread_id": "50"}


def test_ticket_in_a_topic_without_a_reply_is_the_sender_s_own() -> None:
    made = message(
        number=50, sender=BOB, message_thread_id=50, forum_topic_created={"name": "Deposits", "icon_color": 1}
    )
    payload = command("/ticket", message_thread_id=50, is_topic_message=True, reply_to_message=made)

    assert needs_roles(parsed(**payload), ACCOUNT) is None
    assert read(payload, roles=MODERATOR).staff_reply_to is None


def test_a_chain_of_replies_is_no_place_of_its_own() -> None:
    got = read(message("more", message_thread_id=90, reply_to_message=message("yes", number=91, sender=ME)))

    assert got.thread_key == ""
    assert got.conversation_key == "telegram:42:-1001::7"
    assert "thread_id" not in got.reply_to.address


def post(number: int = 60) -> dict[str, Any]:
    return message("We list a new coin", number=number, sender=SERVICE, sender_chat=CHANNEL, is_automatic_forward=True)


def test_a_channel_s_post_is_never_answered_even_in_a_help_channel() -> None:
    account = Account(name="telegram", bot_id="42", username="firstline_bot", help_channels=frozenset({"-1001"}))
    got = read(post(), account=account)

    assert got.addressed is Addressed.AMBIENT
    assert got.author.is_system
    assert got.author.id == "-1009"


def test_comments_stay_one_conversation_also_deep_in_the_thread_and_after_a_restart() -> None:
    first = message("where?", message_thread_id=60, reply_to_message=post())
    learnt = Places.load(Places().learnt(parsed(**first)).dump())
    later = message("thanks", message_thread_id=60, reply_to_message=message("Here.", number=61, sender=ME))

    assert read(first).conversation_key == "telegram:42:-1001:60:7"
    assert read(later, places=learnt).conversation_key == "telegram:42:-1001:60:7"
    assert read(later, places=learnt).reply_to.address["thread_id"] == "60"


def test_help_channels_are_whole_groups_or_topics() -> None:
    whole = Account(name="telegram", bot_id="42", username="firstline_bot", help_channels=frozenset({"-1001"}))
    topic = Account(name="telegram", bot_id="42", username="firstline_bot", help_channels=frozenset({"-1001/50"}))
    in_topic = message("how?", message_thread_id=50, is_topic_message=True)

    assert read(message("how?"), account=whole).addressed is Addressed.HELP_CHANNEL
    assert read(in_topic, account=topic).addressed is Addressed.HELP_CHANNEL
    assert read(message("how?"), account=topic).addressed is Addressed.AMBIENT
    between = message("I know!", sender=BOB, reply_to_message=message("how?", number=99))
    assert read(between, account=whole).addressed is Addressed.AMBIENT
    comment = message("how?", message_thread_id=60, reply_to_message=post())
    assert read(comment, account=whole).addressed is Addressed.HELP_CHANNEL


# --- who writes ----------------------------------------------------------------------------------------------------


def test_an_anonymous_administrator_is_a_moderator() -> None:
    got = read(message("hi", sender=ANONYMOUS, sender_chat=GROUP))

    assert got.author.id == "-1001"
    assert got.author.is_anonymous
    assert (got.author.roles, got.author.roles_source) == (("moderator",), "payload")
    assert not got.author.is_bot


@pytest.mark.parametrize(
    ("sender", "chat"),
    [(CHANNEL_BOT, CHANNEL), (ANONYMOUS, CHANNEL), (ALICE, GROUP), (CHANNEL_BOT, GROUP | {"id": -1002})],
)
def test_any_other_chat_as_sender_has_no_roles(sender: dict[str, Any], chat: dict[str, Any]) -> None:
    payload = command(
        "/ticket now", sender=sender, sender_chat=chat, reply_to_message=message("lost!", number=99, sender=BOB)
    )
    got = read(payload)

    assert got.author.id == str(chat["id"])
    assert got.author.roles == ()
    assert not got.author.is_anonymous
    assert got.on_behalf_of is None


def test_other_bots_and_service_messages_are_ambient() -> None:
    text = "@firstline_bot hi"
    bot = read(message(text, sender=OTHER_BOT, entities=[mark("mention", text, "@firstline_bot")]))
    assert bot.author.is_bot
    assert bot.addressed is Addressed.AMBIENT
    joined = read(message(new_chat_members=[BOB]))
    assert joined.author.is_system
    assert joined.addressed is Addressed.AMBIENT


def test_a_forwarded_message_is_its_forwarder_s_and_no_command() -> None:
    origin = {"type": "user", "date": DATE, "sender_user": BOB}
    got = read(command("/ticket lost", forward_origin=origin))

    assert got.author.id == "7"
    assert got.kind is Kind.CREATED


# --- a moderator's act ---------------------------------------------------------------------------------------------


def act(complaint: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    complaint = complaint or message("my money is gone", number=99, sender=BOB)
    return command("/ticket please look", reply_to_message=complaint, **fields)


def test_a_moderator_opens_for_the_author_of_the_complaint() -> None:
    assert needs_roles(parsed(**act()), ACCOUNT) == ("-1001", "7")
    got = read(act(), roles=MODERATOR)

    assert (got.kind, got.command, got.text) == (Kind.COMMAND, "ticket", "please look")
    assert (got.author.id, got.author.roles, got.author.roles_source) == ("7", ("moderator",), "getChatMember")
    assert got.on_behalf_of == Author(id="8", display_name="Bob")
    assert got.conversation_key == "telegram:42:-1001::8"
    assert got.parent is not None
    assert (got.parent.message_id, got.parent.text) == ("99", "my money is gone")
    assert got.reply_to.address["message_id"] == "99"
    assert got.staff_reply_to is not None
    assert got.staff_reply_to.address["message_id"] == "100"


def test_an_anonymous_administrator_opens_too() -> None:
    got = read(act(sender=ANONYMOUS, sender_chat=GROUP))

    assert got.on_behalf_of is not None
    assert got.on_behalf_of.id == "8"


def test_nobody_else_opens_in_another_s_name() -> None:
    stranger = read(act(), roles=NO_MODERATOR)
    assert stranger.on_behalf_of is None
    assert stranger.staff_reply_to is None
    assert stranger.conversation_key == "telegram:42:-1001::7"
    assert stranger.reply_to.address["message_id"] == "100"

    unknown = read(act(), roles=((), ""))
    assert unknown.on_behalf_of is None
    assert unknown.conversation_key == "telegram:42:-1001::7"
    assert unknown.staff_reply_to is not None
    assert (unknown.author.roles, unknown.author.roles_source) == ((), "")


@pytest.mark.parametrize(
    "complaint",
    [
        message(
            "x", number=99, sender=BOB, forward_origin={"type": "hidden_user", "date": DATE, "sender_user_name": "?"}
        ),
        message("x", number=99, sender=BOB, forward_origin={"type": "user", "date": DATE, "sender_user": OTHER_BOT}),
        message("x", number=99, sender=CHANNEL_BOT, sender_chat=CHANNEL),
        message("x", number=99, sender=ANONYMOUS, sender_chat=GROUP),
        message("x", number=99, sender=OTHER_BOT),
        message(number=99, sender=BOB, new_chat_members=[BOB]),
        post(99),
    ],
)
def test_a_moderator_cannot_open_for_somebody_hidden(complaint: dict[str, Any]) -> None:
    sender = {"sender": ALICE}
    got = read(act(complaint, **sender), roles=MODERATOR)

    assert got.on_behalf_of is None
    assert got.staff_reply_to is not None
    assert got.conversation_key.endswith(":7")


def test_a_moderator_cannot_open_for_a_message_of_another_chat() -> None:
    external = {"origin": {"type": "hidden_user", "date": DATE, "sender_user_name": "Mallory"}}
    got = read(command("/ticket", external_reply=external), roles=MODERATOR)

    assert got.on_behalf_of is None
    assert got.staff_reply_to is not None


@pytest.mark.parametrize("author", [ME, ALICE])
def test_ticket_in_answer_to_the_bot_or_oneself_is_one_s_own(author: dict[str, Any]) -> None:
    payload = act(message("my money is gone", number=99, sender=author))

    assert needs_roles(parsed(**payload), ACCOUNT) is None
    got = read(payload)
    assert got.on_behalf_of is None
    assert got.staff_reply_to is None
    assert got.addressed is Addressed.COMMAND


# --- taps ----------------------------------------------------------------------------------------------------------


def tap(carrier: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "900", "from": ALICE, "chat_instance": "1", "message": carrier, "data": "answer:no", **fields}


def test_a_tap_is_an_action_of_its_tapper_under_the_question() -> None:
    carrier = message("Did this help?", number=101, sender=ME, reply_to_message=message("how?", number=99, sender=BOB))
    got = read(tap(carrier), "callback_query")

    assert got.kind is Kind.ACTION
    assert (got.action, got.message_id) == ("answer:no", "101")
    assert got.author.id == "7"
    assert got.conversation_key == "telegram:42:-1001::7"
    assert got.addressed is Addressed.REPLY_TO_BOT
    assert got.reply_to.address["message_id"] == "99"
    assert got.sent_at == NOW


def test_a_tap_in_private_and_on_a_message_too_old_to_be_shown() -> None:
    chat = {"id": 7, "type": "private", "first_name": "Alice"}
    got = read(tap({"chat": chat, "message_id": 33, "date": 0}), "callback_query")

    assert got.addressed is Addressed.DIRECT
    assert got.message_id == "33"
    assert got.conversation_key == "telegram:42:7"


def test_a_tap_without_a_message_or_data_is_nothing() -> None:
    for query in (tap(message("x", sender=ME), data=None), {**tap({}), "message": None, "inline_message_id": "1"}):
        update = parsed("callback_query", **{key: value for key, value in query.items() if value is not None})
        assert normalise(update, ACCOUNT, Places(), received_at=NOW) is None


# --- attachments, moves, hostile text ------------------------------------------------------------------------------


def test_files_are_described_and_their_caption_is_the_text() -> None:
    file = {"file_id": "F1", "file_unique_id": "u1", "file_size": 5}
    pdf = file | {"file_name": "proof\0.pdf", "mime_type": "application/pdf"}
    got = read(message(caption="my proof", document=pdf))
    assert got.text == "my proof"
    [attachment] = got.attachments
    assert (attachment.name, attachment.media_type) == ("proof.pdf", "application/pdf")
    assert (attachment.size_bytes, attachment.reference) == (5, "F1")

    sizes = [file | {"file_id": str(width), "width": width, "height": width} for width in (90, 320, 800)]
    [photo] = read(message(photo=sizes)).attachments
    assert (photo.name, photo.media_type, photo.reference) == ("photo", "image/jpeg", "800")
    [voice] = read(message(voice=file | {"duration": 3, "mime_type": "audio/ogg"})).attachments
    assert (voice.name, voice.media_type) == ("voice", "audio/ogg")
    [place] = read(message(location={"longitude": 1.0, "latitude": 2.0})).attachments
    assert (place.name, place.reference) == ("location", "")


def test_what_a_complaint_carries_is_seen_in_the_answer_to_it() -> None:
    photo = [{"file_id": "F1", "file_unique_id": "u1", "file_size": 5, "width": 9, "height": 9}]
    complaint = message(photo=photo, number=99, sender=BOB)
    got = read(command("/ticket", reply_to_message=complaint), roles=MODERATOR)
    assert got.on_behalf_of is not None
    assert got.parent is not None
    assert [(file.name, file.reference) for file in got.parent.attachments] == [("photo", "F1")]
    assert got.attachments == ()


# --- where a message is found --------------------------------------------------------------------------------------

NAMED = {"id": -1001234567, "type": "supergroup", "title": "Exchange users", "username": "exchange_users"}
UNNAMED = {"id": -1001234567, "type": "supergroup", "title": "Exchange users"}
TOPIC = {"message_thread_id": 17, "is_topic_message": True}


@pytest.mark.parametrize(
    ("chat", "fields", "url"),
    [
        (NAMED, {}, "https://t.me/exchange_users/100"),
        (UNNAMED, {}, "https://t.me/c/1234567/100"),
        (NAMED, TOPIC, "https://t.me/exchange_users/17/100"),
        (UNNAMED, TOPIC, "https://t.me/c/1234567/17/100"),
        # A thread of replies is no place of its own.
        (NAMED, {"message_thread_id": 17}, "https://t.me/exchange_users/100"),
        ({"id": -1234567, "type": "group", "title": "Exchange users"}, {}, ""),
        ({"id": 7, "type": "private", "first_name": "Alice"}, {}, ""),
    ],
)
def test_the_address_of_a_message(chat: dict[str, Any], fields: dict[str, Any], url: str) -> None:
    assert read(message("hi", chat=chat, **fields)).reply_to.url == url


def test_the_address_of_a_comment_and_of_the_complaint_that_an_act_is_about() -> None:
    post = message("news", number=50, sender=SERVICE, chat=NAMED, sender_chat=CHANNEL, is_automatic_forward=True)
    comment = message("hi", chat=NAMED, message_thread_id=50, reply_to_message=post)
    assert read(comment).reply_to.url == "https://t.me/exchange_users/100?thread=50"

    complaint = message("broken", number=99, sender=BOB, chat=NAMED)
    act = read(command("/ticket", chat=NAMED, reply_to_message=complaint), roles=MODERATOR)
    assert act.reply_to.url == "https://t.me/exchange_users/99"
    assert act.staff_reply_to is not None
    assert act.staff_reply_to.url == "https://t.me/exchange_users/100"


def test_a_group_that_moved_keeps_its_conversations() -> None:
    old = {"id": -55, "type": "group", "title": "Exchange users"}
    places = Places().learnt(parsed(**message(chat=old, migrate_to_chat_id=-1001)))
    assert places == Places().learnt(parsed(**message(migrate_from_chat_id=-55)))
    assert places.current("-55") == "-1001"

    got = read(message("still here"), places=Places.load(places.dump()))
    assert got.conversation_key == "telegram:42:-55::7"
    assert got.reply_to.address["chat_id"] == "-1001"
    assert read(message("hi", chat=old), places=places).conversation_key == "telegram:42:-55::7"


def test_only_so_many_threads_are_remembered() -> None:
    places = Places()
    for number in range(1, 2011):
        places = places.learnt(parsed(**post(number)))

    assert len(places.comments) == 2000
    assert places.comments[-1] == "-1001:2010"


_entity = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["mention", "bot_command", "bold", "text_link", "brand_new_kind"]),
        "offset": st.integers(-5, 5000),
        "length": st.integers(-5, 5000),
    }
)


@given(st.text(st.characters(), max_size=300), st.lists(_entity, max_size=5))
def test_no_text_and_no_entities_break_it(text: str, entities: list[dict[str, Any]]) -> None:
    got = read(message(text, entities=entities))

    got.text.encode()  # no half of a surrogate pair is left
    assert "\0" not in got.text
    assert len(got.text) <= len(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100), st.text(max_size=100))
def test_what_surrounds_a_mention_stays(before: str, after: str) -> None:
    name = "@firstline_bot"
    entities = [{"type": "mention", "offset": units(before), "length": len(name)}]
    got = read(message(before + name + after, entities=entities))

    assert got.addressed is Addressed.MENTION
    assert got.text == (before + after).replace("\0", "").strip()


def test_the_cost_of_many_entities_grows_with_their_number_only() -> None:
    def work(text: str) -> None:
        entities = [{"type": "mention", "offset": 15 * n, "length": 14} for n in range(len(text) // 15)]
        normalise(parsed(**message(text, entities=entities)), ACCOUNT, Places(), received_at=NOW)

    assert growth(work, "@firstline_bot " * 400) < TOO_STEEP
