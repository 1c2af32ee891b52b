"""What X's posts and direct messages say, read off payloads written by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Addressed, IncomingMessage, Kind, Release, Visibility
from adapters.twitter.memory import Memory
from adapters.twitter.messages import deletion, needed, normalise, normalise_message
from adapters.twitter.targets import (
    APPROVE_MODE,
    NOT_LABELLED,
    NOT_SUMMONED,
    Account,
    Around,
    id_at,
    written_at,
)

BOT, ANA, BRAM, MILA = "9000", "7001", "7002", "7003"
ACCOUNT = Account(name="twitter", bot_id=BOT, username="firstline_bot", staff=frozenset({MILA}))
USERS = {
    ANA: {"id": ANA, "username": "ana", "name": "Ana A."},
    BRAM: {"id": BRAM, "username": "bram", "name": "Bram"},
    MILA: {"id": MILA, "username": "mila", "name": "Mila"},
}
HANDLES = {"firstline_bot": BOT, "ana": ANA, "bram": BRAM, "mila": MILA}
AROUND = Around(posts={}, users=USERS)


def post(text: str, *, number: str = "500", author: str = ANA, **fields: Any) -> dict[str, Any]:
    """A post with the mentions that X would find in it."""
    mentions = [
        {"start": text.index(f"@{name}"), "end": 0, "username": name, "id": user_id}
        for name, user_id in HANDLES.items()
        if f"@{name}" in text
    ]
    return {
        "id": number,
        "text": text,
        "author_id": author,
        "conversation_id": "500",
        "created_at": "2026-11-22T12:00:00.000Z",
        "edit_history_tweet_ids": [number],
        "lang": "en",
        "entities": {"mentions": mentions},
        **fields,
    }


def answer(text: str, *, to: str, to_author: str, **fields: Any) -> dict[str, Any]:
    return post(text, in_reply_to_user_id=to_author, referenced_tweets=[{"type": "replied_to", "id": to}], **fields)


def read(
    raw: dict[str, Any], *, account: Account = ACCOUNT, around: Around = AROUND, known: bool = False
) -> IncomingMessage:
    message = normalise(raw, account, around, is_known=known)
    assert message is not None
    return message


def test_a_post_that_mentions_the_bot() -> None:
    message = read(post("@firstline_bot Where is my deposit?"))
    assert message.kind is Kind.CREATED
    assert message.text == "Where is my deposit?"
    assert message.visibility is Visibility.PUBLIC
    assert message.addressed is Addressed.MENTION
    assert (message.author.id, message.author.handle, message.author.display_name) == (ANA, "ana", "Ana A.")
    assert message.conversation_key == f"twitter:{BOT}:500:{ANA}"
    assert message.dedupe_key == f"twitter:{BOT}:post:500"
    assert message.sent_at == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert message.reply_to.address == {"post_id": "500"}
    assert message.reply_to.url == "https://x.com/i/status/500"
    assert (message.reply_to.max_len, message.reply_to.len_unit, message.reply_to.max_parts) == (280, "x_weighted", 1)
    assert not message.reply_to.buttons


@pytest.mark.parametrize("word", ["!ask", "/ask", "!FAQ", "/faq:", "!ask\n"])
def test_the_word_in_front_of_a_question_is_no_part_of_it(word: str) -> None:
    message = read(post(f"@firstline_bot {word} where is my deposit?"))
    assert (message.kind, message.command, message.text) == (Kind.CREATED, "", "where is my deposit?")
    written = normalise_message(direct(f"{word} where is my deposit?"), ACCOUNT)
    assert written is not None
    assert (written.kind, written.text) == (Kind.CREATED, "where is my deposit?")
    assert read(post("@firstline_bot !asking for a friend")).text == "!asking for a friend"


def test_other_bots_are_bots() -> None:
    account = replace(ACCOUNT, other_bots=frozenset({BRAM}))
    assert read(post("@firstline_bot help", author=BRAM), account=account).author.is_bot
    assert not read(post("@firstline_bot help"), account=account).author.is_bot


def test_two_people_in_one_thread_are_two_conversations() -> None:
    ana = read(post("@firstline_bot help"))
    bram = read(answer("@ana @firstline_bot me too", to="500", to_author=ANA, number="501", author=BRAM))
    assert ana.thread_key == bram.thread_key
    assert ana.conversation_key != bram.conversation_key


@pytest.mark.parametrize(
    ("account", "release", "why_not"),
    [
        (ACCOUNT, Release.AUTOMATIC, ""),
        (replace(ACCOUNT, is_automatic=False), Release.APPROVED, APPROVE_MODE),
        (replace(ACCOUNT, is_labelled=False), Release.APPROVED, NOT_LABELLED),
    ],
)
def test_who_lets_an_answer_out(account: Account, release: Release, why_not: str) -> None:
    asked = read(post("@firstline_bot help"), account=account).reply_to
    assert (asked.release, asked.why_not, asked.can_reply) == (release, why_not, True)
    unasked = read(post("no mention of anybody"), account=account)
    assert (unasked.reply_to.release, unasked.reply_to.why_not) == (Release.BY_HAND, NOT_SUMMONED)
    assert unasked.addressed is Addressed.AMBIENT
    written = normalise_message(direct("help"), account)
    assert written is not None
    assert (written.reply_to.release, written.reply_to.why_not) == (release, why_not)


@pytest.mark.parametrize(
    "raw",
    [
        post("look at this", referenced_tweets=[{"type": "quoted", "id": "400"}]) | {"text": "look"},
        post(
            "look https://t.co/q",
            referenced_tweets=[{"type": "quoted", "id": "400"}],
            entities={"urls": [{"url": "https://t.co/q", "expanded_url": "https://x.com/Firstline_Bot/status/400"}]},
        ),
        post("hey @FIRSTLINE_BOT", entities={}),
        post("hey", entities={"mentions": [{"username": "renamed", "id": BOT}]}),
    ],
)
def test_who_quotes_or_mentions_the_bot_has_called_it(raw: dict[str, Any]) -> None:
    around = Around(posts={"400": {"id": "400", "author_id": BOT}}, users={})
    assert read(raw, around=around).reply_to.release is Release.AUTOMATIC


def test_a_link_into_private_only_where_posts_may_hold_links() -> None:
    assert read(post("@firstline_bot help")).reply_to.private_url == ""
    linked = read(post("@firstline_bot help"), account=replace(ACCOUNT, allow_links=True)).reply_to.private_url
    assert linked == f"https://x.com/messages/compose?recipient_id={BOT}"
    silent = replace(ACCOUNT, allow_links=True, direct_messages=False)
    assert read(post("@firstline_bot help"), account=silent).reply_to.private_url == ""


def test_an_answer_to_the_bot_needs_no_mention() -> None:
    message = read(answer("@firstline_bot thanks", to="400", to_author=BOT))
    assert message.addressed is Addressed.REPLY_TO_BOT
    assert message.parent is not None
    assert message.parent.author is not None
    assert message.parent.author.is_self


@pytest.mark.parametrize(
    ("shown_from", "text", "addressed"),
    [
        (20, "@ana @firstline_bot I have that too", Addressed.AMBIENT),  # X put both in front
        (5, "@ana @firstline_bot I have that too", Addressed.MENTION),  # the second was typed
        (20, "@ana @firstline_bot I ask @firstline_bot too", Addressed.MENTION),
    ],
)
def test_people_who_talk_below_a_mention_do_not_speak_to_the_bot(
    shown_from: int, text: str, addressed: Addressed
) -> None:
    said = answer(text, to="500", to_author=ANA, number="501", author=BRAM, display_text_range=[shown_from, len(text)])
    assert needed(said, ACCOUNT) is None
    assert read(said).addressed is addressed


def test_without_that_range_the_post_before_tells() -> None:
    said = answer("@ana @firstline_bot me too", to="500", to_author=ANA, number="501", author=BRAM)
    assert needed(said, ACCOUNT) == "500"
    mentioned = Around(posts={"500": post("@firstline_bot help")}, users=USERS)
    assert read(said, around=mentioned).addressed is Addressed.AMBIENT
    unmentioned = Around(posts={"500": post("they lost my money")}, users=USERS)
    assert read(said, around=unmentioned).addressed is Addressed.MENTION


def test_who_goes_on_in_their_own_thread_still_speaks_to_the_bot() -> None:
    more = answer("@firstline_bot it was 5 euro", to="500", to_author=ANA, number="501", display_text_range=[15, 28])
    assert read(more).addressed is Addressed.MENTION
    assert needed(more, ACCOUNT) is None


def test_its_own_posts_and_reposts_are_nobodys_questions() -> None:
    assert normalise(post("@firstline_bot hi", author=BOT), ACCOUNT) is None
    again = post("RT @ana: @firstline_bot hi", referenced_tweets=[{"type": "retweeted", "id": "1"}])
    assert normalise(again, ACCOUNT) is None


def test_an_edited_post_is_an_edit_of_the_first_with_a_key_of_its_own() -> None:
    edited = post("@firstline_bot help, please", number="510", edit_history_tweet_ids=["500", "510"])
    for known in (True, False):  # False: only carried along before, or never seen
        change = read(edited, known=known)
        assert (change.kind, change.message_id) == (Kind.EDITED, "500")
        assert change.dedupe_key == f"twitter:{BOT}:post:500:510"
        assert change.reply_to.address == {"post_id": "500"}


def test_an_order_in_an_edit_counts_where_nothing_was_heard_before() -> None:
    edited = post("@firstline_bot /status", number="510", edit_history_tweet_ids=["500", "510"])
    assert (read(edited).kind, read(edited).command) == (Kind.COMMAND, "status")
    assert (read(edited, known=True).kind, read(edited, known=True).command) == (Kind.EDITED, "")
    turned = read(act(edit_history_tweet_ids=["600", "610"]) | {"id": "610"}, around=COMPLAINED)
    assert (turned.kind, turned.command) == (Kind.COMMAND, "ticket")
    assert turned.dedupe_key == f"twitter:{BOT}:post:600:610"


@pytest.mark.parametrize(
    ("created_at", "sent_at"),
    [
        ("2026-11-22T12:00:00Z", datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
        ("2026-11-22T12:00:00", datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
        ("2026-11-22T13:00:00.123456+01:00", datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)),
        ("Sun Nov 22 12:00:00 2026", datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
        (None, datetime(2026, 11, 22, 12, 0, tzinfo=UTC)),
    ],
)
def test_times_are_read_however_x_writes_them(created_at: str | None, sent_at: datetime) -> None:
    number = id_at(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    assert written_at(number) == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert read(post("@firstline_bot help", number=number, created_at=created_at)).sent_at == sent_at


@pytest.mark.parametrize(
    ("lang", "hint"),
    [("nl", "nl"), ("in", "id"), ("iw", "he"), ("und", None), ("zxx", None), (None, None), ("zh-CN", "zh-CN")],
)
def test_a_language_is_a_hint_where_x_is_sure(lang: str | None, hint: str | None) -> None:
    assert read(post("@firstline_bot help", lang=lang)).language_hint == hint


def test_commands_and_files() -> None:
    message = read(post("@firstline_bot /ticket no money", media=[{"media_key": "3_77"}]))
    assert (message.kind, message.command, message.text) == (Kind.COMMAND, "ticket", "no money")
    assert message.addressed is Addressed.COMMAND
    assert [each.reference for each in message.attachments] == ["3_77"]


# --- the moderator's act -------------------------------------------------------------------------------------------

COMPLAINT = post("they lost my money", number="300", conversation_id="300")
COMPLAINED = Around(posts={"300": COMPLAINT}, users=USERS)


def act(text: str = "@ana @firstline_bot ticket is upset", **fields: Any) -> dict[str, Any]:
    return answer(text, to="300", to_author=ANA, number="600", author=MILA, conversation_id="300", **fields)


def test_a_moderator_opens_a_ticket_for_the_author_of_a_complaint() -> None:
    assert needed(act(), ACCOUNT) == "300"
    message = read(act(), around=COMPLAINED)
    assert (message.kind, message.command, message.text) == (Kind.COMMAND, "ticket", "is upset")
    assert (message.author.id, message.author.roles, message.author.roles_source) == (MILA, ("moderator",), "settings")
    assert message.on_behalf_of is not None
    assert message.on_behalf_of.id == ANA
    assert message.conversation_key == f"twitter:{BOT}:300:{ANA}"
    assert message.parent is not None
    assert (message.parent.message_id, message.parent.text) == ("300", "they lost my money")
    assert message.reply_to.address == {"post_id": "300"}
    assert message.reply_to.release is Release.BY_HAND  # the complaint called nobody
    assert message.staff_reply_to is not None
    assert message.staff_reply_to.address == {"post_id": "600"}
    assert message.staff_reply_to.release is Release.AUTOMATIC


def test_the_number_is_posted_where_the_complaint_itself_called_the_bot() -> None:
    around = Around(posts={"300": post("@firstline_bot they lost it", number="300")}, users=USERS)
    assert read(act(), around=around).reply_to.release is Release.AUTOMATIC


def test_a_moderator_may_quote_the_complaint_instead() -> None:
    quoting = post(
        "@firstline_bot Ticket: angry",
        number="600",
        author=MILA,
        conversation_id="600",
        referenced_tweets=[{"type": "quoted", "id": "300"}],
    )
    assert needed(quoting, ACCOUNT) == "300"
    message = read(quoting, around=COMPLAINED)
    assert message.on_behalf_of is not None
    assert message.on_behalf_of.id == ANA
    assert (message.command, message.text, message.thread_key) == ("ticket", "angry", "300")


def test_a_hidden_complaint_opens_nothing_and_the_moderator_is_told() -> None:
    message = read(act())
    assert message.on_behalf_of is None
    assert message.staff_reply_to is not None
    assert message.staff_reply_to.address == {"post_id": "600"}
    assert message.command == "ticket"


def test_nobody_else_acts_for_others() -> None:
    message = read(
        answer("@ana @firstline_bot ticket", to="300", to_author=ANA, number="600", author=BRAM), around=COMPLAINED
    )
    assert message.on_behalf_of is None
    assert message.staff_reply_to is None
    assert message.kind is Kind.CREATED
    assert message.author.roles == ()


@pytest.mark.parametrize(
    "raw",
    [
        post("@firstline_bot ticket for me", author=MILA),
        answer("@firstline_bot ticket", to="400", to_author=BOT, author=MILA),
        answer("@firstline_bot ticket", to="499", to_author=MILA, author=MILA),
        post("@firstline_bot ticket", author=MILA, referenced_tweets=[{"type": "quoted", "id": "301"}]),
    ],
)
def test_a_moderators_own_ticket_is_their_own(raw: dict[str, Any]) -> None:
    around = Around(posts={"301": post("mine", number="301", author=MILA)}, users=USERS)
    message = read(raw, around=around)
    assert (message.command, message.on_behalf_of, message.staff_reply_to) == ("ticket", None, None)


def test_what_a_moderator_says_without_the_word_is_no_act() -> None:
    said = act("@ana @firstline_bot tickets are slow")
    message = read(said, around=COMPLAINED)
    assert (message.kind, message.on_behalf_of) == (Kind.CREATED, None)


def test_an_edited_act_is_an_edit() -> None:
    edited = act(edit_history_tweet_ids=["600", "610"]) | {"id": "610"}
    message = read(edited, around=COMPLAINED, known=True)
    assert (message.kind, message.on_behalf_of) == (Kind.EDITED, None)


# --- direct messages -----------------------------------------------------------------------------------------------


def direct(text: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "800",
        "event_type": "MessageCreate",
        "text": text,
        "sender_id": ANA,
        "dm_conversation_id": f"{ANA}-{BOT}",
        "created_at": "2026-11-22T12:00:00.000Z",
        **fields,
    }


def test_a_direct_message() -> None:
    message = normalise_message(direct("@everyone where is it &amp; why"), ACCOUNT, AROUND)
    assert message is not None
    assert (message.text, message.addressed, message.visibility) == (
        "@everyone where is it & why",
        Addressed.DIRECT,
        Visibility.PRIVATE,
    )
    assert message.conversation_key == f"twitter:{BOT}:dm:{ANA}"
    assert message.dedupe_key == f"twitter:{BOT}:dm:800"
    assert (message.reply_to.address, message.reply_to.max_len) == ({"user_id": ANA, "event_id": "800"}, 10_000)
    assert (message.reply_to.max_replies, message.reply_to.max_parts) == (None, None)


@pytest.mark.parametrize(
    "event",
    [
        direct("mine", sender_id=BOT),
        direct("", event_type="ParticipantsJoin"),
        direct("group", dm_conversation_id="1234567890"),
    ],
)
def test_own_messages_groups_and_comings_are_left_alone(event: dict[str, Any]) -> None:
    assert normalise_message(event, ACCOUNT) is None


def test_a_deletion_says_which_post() -> None:
    said = read(post("@firstline_bot help"))
    memory = Memory.load(None, now=datetime(2026, 11, 23, tzinfo=UTC))
    memory.watch(said, "510")
    again = Memory.load(memory.dump(), now=datetime(2026, 11, 24, tzinfo=UTC))
    assert again == memory
    gone = deletion("500", again.watched["500"], ACCOUNT, noticed_at=datetime(2026, 11, 23, tzinfo=UTC))
    assert (gone.kind, gone.message_id, gone.text, gone.author.id) == (Kind.DELETED, "500", "", ANA)
    assert (gone.conversation_key, gone.reply_to.place) == (said.conversation_key, said.reply_to.place)
    assert gone.dedupe_key != said.dedupe_key


def test_only_what_is_kept_is_watched_and_a_handed_over_complaint_is() -> None:
    memory = Memory.load(None, now=datetime(2026, 11, 23, tzinfo=UTC))
    memory.watch(read(post("nobody was called")), "500")
    assert not memory.watched
    handed_over = read(act(), around=COMPLAINED)
    memory.watch(handed_over, "600")
    assert set(memory.watched) == {"300", "600"}
    assert {each.conversation_key for each in memory.watched.values()} == {f"twitter:{BOT}:300:{ANA}"}
    assert memory.watched["300"].author_id == ANA
    edited = read(act(edit_history_tweet_ids=["600", "610"]) | {"id": "610"}, around=COMPLAINED, known=True)
    memory.watch(edited, "610")
    assert memory.watched["600"].latest_id == "610"
    assert memory.watched["600"].conversation_key == handed_over.conversation_key


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "text",
    "entities",
    "note_tweet",
    "referenced_tweets",
    "attachments",
    "lang",
    "created_at",
    "display_text_range",
]


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "edit_history_tweet_ids", "conversation_id", "in_reply_to_user_id"]), JSON
    )
)
def test_a_post_of_any_shape_is_read_or_refused_with_a_plain_error(fields: dict[str, Any]) -> None:
    try:
        message = normalise(post("@firstline_bot help") | fields, ACCOUNT, AROUND)
    except (KeyError, TypeError, ValueError):
        return
    assert message is None or message.channel == "twitter"
