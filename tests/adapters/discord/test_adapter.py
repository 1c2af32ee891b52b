"""The adapter over the socket: what arrives from where, and where it is answered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from adapters.base import Addressed, Button, Kind, Rejected, Visibility
from adapters.markup import escape
from adapters.splitting import split
from simulators.discord import DiscordSimulator
from tests.adapters.discord.stage import TOKEN, reply_to, running, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOSTILE = "@everyone <@{ana}> **b** ||s|| [l](https://evil.example) :smile: # h\n> q\n-# s\u200b"
YES = Button(label="Yes", action="helpful:1")


@pytest.fixture
async def sim() -> AsyncIterator[DiscordSimulator]:
    async with DiscordSimulator() as sim:
        yield sim
        assert sim.schema_errors == []


# --- messages ---------------------------------------------------------------------------------------------------------


async def test_a_direct_message_is_answered_under_it(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("where is my money")
        assert (message.kind, message.addressed) == (Kind.CREATED, Addressed.DIRECT)
        posted = await stage.adapter.send(reply_to(message.reply_to, "It is **here**."))
        (sent,) = stage.posted()
        assert (sent.message_id, sent.text, sent.reply_to) == (posted, "It is **here**.", message.message_id)


async def test_in_a_channel_only_what_is_said_to_the_bot_is_for_it(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there, ana, bot = stage.world.lounge.id, stage.world.ana, stage.world.bot
        talk = await stage.says("nice weather", channel_id=there)
        mention = await stage.says(f"<@{bot.user.id}> my card is stuck", channel_id=there)
        posted = await stage.adapter.send(reply_to(mention.reply_to, "Which card?"))
        answer = await stage.says("the blue one", channel_id=there, reply_to=posted, pings_author=False)
        typed = await stage.says("!ticket my card", channel_id=there)
        others = await stage.says("!help", channel_id=there)
    assert [m.addressed for m in (talk, mention, answer, typed, others)] == [
        Addressed.AMBIENT,
        Addressed.MENTION,
        Addressed.REPLY_TO_BOT,
        Addressed.COMMAND,
        Addressed.AMBIENT,
    ]
    assert mention.text == "my card is stuck"
    assert (typed.command, typed.text) == ("ticket", "my card")
    assert mention.visibility is Visibility.MEMBERS
    assert mention.conversation_key == f"discord:{bot.user.id}:{there}:{ana.id}"
    assert mention.reply_to.url == f"https://discord.com/channels/{stage.world.guild.id}/{there}/{mention.message_id}"
    assert mention.reply_to.private_url == f"https://discord.com/users/{bot.user.id}"


async def test_a_role_that_stands_for_the_bot_is_its_name_too(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        role = next(role for role in stage.world.guild.roles.values() if role.bot_id)
        message = await stage.says(f"<@&{role.id}> hello there", channel_id=stage.world.lounge.id)
        assert (message.addressed, message.text) == (Addressed.MENTION, "hello there")


@pytest.mark.parametrize("word", ["!ask", "!faq", "/FAQ"])
async def test_a_question_asked_by_a_typed_command_is_a_question(sim: DiscordSimulator, word: str) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        for there in ("", stage.world.help.id):
            question = await stage.says(f"{word} where is my card?", channel_id=there)
            assert (question.kind, question.command, question.text) == (Kind.CREATED, "", "where is my card?")
            assert question.addressed is Addressed.COMMAND


async def test_in_a_help_channel_every_message_is_a_question_but_talk_between_people(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there = stage.world.help.id
        question = await stage.says("my card is stuck", channel_id=there)
        reply = await stage.says("same here", user=stage.world.bram, channel_id=there, reply_to=question.message_id)
        helped = await stage.says("!status", channel_id=there)
    assert (question.addressed, reply.addressed) == (Addressed.HELP_CHANNEL, Addressed.AMBIENT)
    assert reply.parent is not None
    assert (reply.parent.text, reply.parent.author and reply.parent.author.handle) == ("my card is stuck", "ana")
    assert (helped.command, helped.addressed) == ("status", Addressed.COMMAND)


async def test_a_thread_of_a_help_channel_is_a_place_of_its_own(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        ana = stage.world.ana
        question = await stage.says("my card is stuck", channel_id=stage.world.help.id)
        thread = sim.begin_thread(ana.id, stage.world.help.id, "card", message_id=question.message_id)
        message = await stage.says("it is blue", channel_id=thread.id)
        await stage.adapter.send(reply_to(message.reply_to, "I see."))
        assert (message.addressed, message.thread_key) == (Addressed.HELP_CHANNEL, thread.id)
        assert message.conversation_key != question.conversation_key
        assert [sent.channel_id for sent in stage.posted()] == [thread.id]


async def test_a_forum_post_is_its_title_and_its_text_and_belongs_to_who_began_it(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["forum"]) as stage:
        ana, bram, forum = stage.world.ana, stage.world.bram, stage.world.forum
        post = await stage.next_after(lambda: sim.begin_thread(ana.id, forum.id, "Card stuck", text="in Utrecht"))
        more = await stage.says("still stuck", channel_id=post.message_id)
        other = await stage.says("try a hammer", user=bram, channel_id=post.message_id)
        await stage.adapter.send(reply_to(post.reply_to, "Which bank?"))
        assert post.text == "Card stuck\nin Utrecht"
        assert [m.addressed for m in (post, more, other)] == [
            Addressed.HELP_CHANNEL,
            Addressed.HELP_CHANNEL,
            Addressed.AMBIENT,
        ]
        assert more.text == "still stuck"
        assert [sent.channel_id for sent in stage.posted()] == [post.message_id]


async def test_programs_and_notes_of_the_system_are_never_for_the_bot(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there, bot = stage.world.help.id, stage.world.bot
        webhook = await stage.next_after(lambda: sim.write_as_webhook(there, "news", f"<@{bot.user.id}> hello"))
        note = await stage.next_after(lambda: sim.system_note(there, stage.world.ana.id, "user_join"))
        mention = await stage.says("hi", channel_id=there)
        await stage.adapter.send(reply_to(mention.reply_to, "Hello."))
        await stage.says("and now?", channel_id=there)
        assert not [message for message in stage.inbox if message.author.is_self]
    assert (webhook.author.is_bot, webhook.addressed) == (True, Addressed.AMBIENT)
    assert (note.author.is_system, note.addressed) == (True, Addressed.AMBIENT)


async def test_files_are_described_and_not_fetched(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.next_after(lambda: sim.write(stage.world.ana.id, "look", files={"shot.png": "aGVsbG8="}))
        (file,) = message.attachments
        assert (file.name, file.size_bytes) == ("shot.png", 5)
        assert "/attachments/" in file.reference
        assert not [call for call in sim.calls() if "attachments" in call.path or "shot.png" in call.path]


async def test_an_edit_and_a_deletion_name_the_message_and_its_conversation(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there = stage.world.help.id
        first = await stage.says("my seed is …", channel_id=there)
        edit = await stage.next_after(lambda: sim.edit(there, first.message_id, "my card is stuck"))
        gone = await stage.next_after(lambda: sim.delete(there, first.message_id))
    assert (edit.kind, edit.message_id, edit.text) == (Kind.EDITED, first.message_id, "my card is stuck")
    assert edit.dedupe_key != first.dedupe_key
    assert (gone.kind, gone.message_id) == (Kind.DELETED, first.message_id)
    assert gone.conversation_key == first.conversation_key
    assert gone.reply_to.place == first.reply_to.place
    assert gone.author.id == stage.world.ana.id


async def test_many_messages_deleted_at_once_are_as_many_deletions(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there = stage.world.help.id
        first, second = [await stage.says(text, channel_id=there) for text in ("one", "two")]
        sim.bulk_delete(there, [first.message_id, second.message_id])
        await stage.arrives(4)
        assert {m.message_id for m in stage.inbox[2:]} == {first.message_id, second.message_id}
        assert all(m.kind is Kind.DELETED for m in stage.inbox[2:])


# --- replies ----------------------------------------------------------------------------------------------------------


async def test_somebodys_words_ping_nobody_and_mark_nothing_up(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        message = await stage.says("hello", channel_id=stage.world.help.id)
        await stage.adapter.send(reply_to(message.reply_to, HOSTILE.format(ana=stage.world.ana.id)))
        (sent,) = stage.posted()
        assert (sent.pings.users, sent.pings.roles, sent.pings.everyone) == ((), (), False)
        assert "\\@everyone \\<\\@" in sent.text
        assert "\\|\\|s\\|\\|" in sent.text
        assert "\\[l](https://evil.example)" in sent.text
        (call,) = sim.calls("POST", "/channels/{channel_id}/messages")
        assert call.body["allowed_mentions"] == {"parse": [], "replied_user": False}
        assert call.body["flags"] == 1 << 2
        assert call.body["enforce_nonce"] is True
        assert call.body["message_reference"]["fail_if_not_exists"] is False
        assert 0 < len(call.body["nonce"]) <= 25


async def test_twenty_thousand_hostile_characters_arrive_in_parts_and_do_nothing(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        message = await stage.says("tell me everything", channel_id=stage.world.help.id)
        words = (HOSTILE.format(ana=stage.world.ana.id) + " 🙈***``` ") * 300
        target = message.reply_to
        parts = split(escape(words[:20_000]), max_len=target.max_len, unit=target.len_unit)
        for number, part in enumerate(parts):
            await stage.adapter.send(reply_to(target, part, key=f"in:1:answer:{number}"))
        assert len(stage.posted()) == len(parts) > 9
        assert {(sent.pings.users, sent.pings.everyone) for sent in stage.posted()} == {((), False)}


async def test_a_reply_to_a_message_that_is_gone_is_posted_all_the_same(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("hello")
        sim.delete(sim.direct_channel_id(stage.world.ana.id), message.message_id)
        assert await stage.adapter.send(reply_to(message.reply_to, "Hello."))


async def test_a_note_of_the_system_which_nobody_can_answer_is_answered_below(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there, ana = stage.world.lounge.id, stage.world.ana.id
        note = await stage.next_after(lambda: sim.system_note(there, ana, "pinned"))
        await stage.adapter.send(reply_to(note.reply_to, "Hello."))
        assert [(sent.text, sent.reply_to) for sent in stage.posted()] == [("Hello.", "")]


async def test_a_quiet_reply_notifies_nobody(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("hello")
        await stage.adapter.send(reply_to(message.reply_to, "Hello.", quiet=True))
        (call,) = sim.calls("POST", "/channels/{channel_id}/messages")
        assert call.body["flags"] & 1 << 12


async def test_where_the_bot_may_not_write_nothing_is_asked_of_discord(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there, bot_id = stage.world.help.id, stage.world.bot.user.id
        message = await stage.says("hello", channel_id=there)
        sim.take_permissions(bot_id, there, ["send_messages"])
        await stage.says("still there?", channel_id=there)
        with pytest.raises(Rejected, match="Send Messages"):
            await stage.adapter.send(reply_to(message.reply_to, "Hello."))
        assert not sim.calls("POST", "/channels/{channel_id}/messages")
        assert sim.invalid_requests() == 0


async def test_a_bot_that_may_not_read_history_answers_without_a_reference(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there, bot_id = stage.world.help.id, stage.world.bot.user.id
        sim.take_permissions(bot_id, there, ["read_message_history"])
        message = await stage.says("hello", channel_id=there)
        await stage.adapter.send(reply_to(message.reply_to, "Hello."))
        (sent,) = stage.posted()
        assert (sent.text, sent.reply_to) == ("Hello.", "")


async def test_an_archived_thread_is_answered_and_a_locked_one_is_not(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        thread = sim.begin_thread(stage.world.ana.id, stage.world.help.id, "card")
        message = await stage.says("stuck", channel_id=thread.id)
        sim.set_thread(thread.id, archived=True)
        await stage.says("no", channel_id=stage.world.help.id)
        assert await stage.adapter.send(reply_to(message.reply_to, "Hello."))
        sim.set_thread(thread.id, archived=True, locked=True)
        await stage.says("no", channel_id=stage.world.help.id)
        with pytest.raises(Rejected):
            await stage.adapter.send(reply_to(message.reply_to, "Hello again.", key="in:2:answer"))


async def test_who_takes_no_direct_messages_is_refused_for_good(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        message = await stage.says("hello")
        sim.close_dms(stage.world.ana.id)
        with pytest.raises(Rejected, match="50007"):
            await stage.adapter.send(reply_to(message.reply_to, "Hello."))


async def test_a_message_is_removed_only_where_the_bot_may(sim: DiscordSimulator) -> None:
    async with running(sim, help_channels=["help"]) as stage:
        there, bot_id = stage.world.help.id, stage.world.bot.user.id
        message = await stage.says("my seed is …", channel_id=there)
        assert await stage.adapter.delete(message) is False
        assert not sim.calls("DELETE", "/channels/{channel_id}/messages/{message_id}")
        sim.allow(there, bot_id, allow=["manage_messages"])
        await stage.says("more", channel_id=there)
        assert await stage.adapter.delete(message) is True
        assert message.message_id not in {item["id"] for item in sim.history(there)}


# --- the moderator's act in words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["!ticket look at this", "<@{bot}> ticket look at this"])
async def test_a_moderator_answers_a_complaint_with_a_word(sim: DiscordSimulator, words: str) -> None:
    async with running(sim) as stage:
        there, ana, bot = stage.world.lounge.id, stage.world.ana, stage.world.bot
        complaint = await stage.says("the app ate my money", channel_id=there)
        act = await stage.says(
            words.format(bot=bot.user.id), user=stage.world.mila, channel_id=there, reply_to=complaint.message_id
        )
    assert (act.kind, act.command, act.text) == (Kind.COMMAND, "ticket", "look at this")
    assert act.author.roles == ("moderator",)
    assert act.on_behalf_of is not None
    assert act.on_behalf_of.id == ana.id
    assert act.conversation_key == complaint.conversation_key
    assert act.reply_to == complaint.reply_to
    assert act.parent is not None
    assert act.parent.text == "the app ate my money"
    assert act.staff_reply_to is not None
    assert act.staff_reply_to.address["message_id"] == act.message_id


async def test_who_is_no_moderator_opens_nothing_for_others(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there = stage.world.lounge.id
        complaint = await stage.says("the app ate my money", channel_id=there)
        act = await stage.says("!ticket", user=stage.world.bram, channel_id=there, reply_to=complaint.message_id)
    assert act.on_behalf_of is None
    assert act.staff_reply_to is None
    assert act.author.roles == ()
    assert act.author.roles_source == "payload"
    assert act.parent is not None


async def test_moderators_may_be_named_by_id_and_by_role(sim: DiscordSimulator) -> None:
    on = world(sim)
    role = sim.add_role(on.guild.id, "agents")
    sim.give_role(on.guild.id, on.bram.id, role.id)
    async with running(sim, on=on, moderators=[on.ana.id], moderator_roles=[role.id]) as stage:
        there, bram = on.lounge.id, on.bram
        complaint = await stage.says("the app ate my money", channel_id=there)
        act = await stage.says("!ticket", user=bram, channel_id=there, reply_to=complaint.message_id)
        back = await stage.says("!ticket", channel_id=there, reply_to=act.message_id)
    for message in (act, back):
        assert (message.author.roles, message.author.roles_source) == (("moderator",), "settings")


async def test_where_discord_does_not_say_who_moderates_nothing_is_opened(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there = stage.world.lounge.id
        complaint = await stage.says("the app ate my money", channel_id=there)
        sim.arm("unavailable", route="/guilds/{guild_id}/members/{user_id}", times=-1)
        act = await stage.says("!ticket", user=stage.world.mila, channel_id=there, reply_to=complaint.message_id)
    assert act.on_behalf_of is None
    assert act.staff_reply_to is not None


async def test_a_complaint_that_is_gone_is_nobodys(sim: DiscordSimulator) -> None:
    async with running(sim) as stage:
        there = stage.world.lounge.id
        webhook = await stage.next_after(lambda: sim.write_as_webhook(there, "proxy", "ate my money"))
        act = await stage.says(
            "!ticket", user=stage.world.mila, channel_id=there, reply_to=webhook.message_id, pings_author=False
        )
    assert act.author.roles == ("moderator",)
    assert act.on_behalf_of is None
    assert act.staff_reply_to is not None


async def test_no_log_line_holds_words_or_the_token(sim: DiscordSimulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("discord.client").setLevel(logging.DEBUG)
    async with running(sim) as stage:
        message = await stage.says("CANARY-WORDS")
        sim.push_raw("MESSAGE_CREATE", {"id": "x", "channel_id": "1", "content": "CANARY-WORDS", "author": {"id": "1"}})
        await stage.adapter.send(reply_to(message.reply_to, "CANARY-WORDS back"))
        await stage.says("more")
    logging.getLogger("discord.client").setLevel(logging.NOTSET)
    assert any(record.name == "adapters.discord.adapter" for record in caplog.records)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("adapters", "discord"))]
    assert not [line for line in ours if "CANARY" in line or TOKEN in line]
