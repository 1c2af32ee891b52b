"""Groups, forums, channels with comments, anonymous administrators, privacy mode; by the real python-telegram-bot."""

import pytest
from telegram import Bot, Message
from telegram.error import BadRequest

from simulators.telegram import Chat, SimulatorError, TelegramSimulator, User

from .conftest import connected

BOT_ID = 110201543


@pytest.fixture
def group(sim: TelegramSimulator, alice: User) -> Chat:
    return sim.add_chat("Help", username="help_group", members=[BOT_ID, alice.id])


async def received(bot: Bot) -> list[Message]:
    """Return the messages of all updates and confirm them."""
    updates = await bot.get_updates()
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1)
    return [update.effective_message for update in updates if update.effective_message]


async def test_privacy_mode_lets_through_only_what_is_meant_for_the_bot(
    sim: TelegramSimulator, bot: Bot, alice: User, group: Chat
) -> None:
    sim.write(alice.id, "just talk", chat_id=group.id)
    sim.write(alice.id, "/help", chat_id=group.id)
    sim.write(alice.id, "/help@firstline_bot me", chat_id=group.id)
    sim.write(alice.id, "/help@other_bot", chat_id=group.id)
    sim.write(alice.id, "ask @Firstline_Bot", chat_id=group.id)
    sim.write(alice.id, "ask @firstline_bots", chat_id=group.id)
    answer = await bot.send_message(group.id, "Yes?")
    sim.write(alice.id, "thanks", chat_id=group.id, reply_to=answer.message_id)
    assert [message.text for message in await received(bot)] == [
        "/help",
        "/help@firstline_bot me",
        "ask @Firstline_Bot",
        "thanks",
    ]
    sim.set_member(group.id, BOT_ID, "administrator", quietly=True)
    sim.write(alice.id, "just talk again", chat_id=group.id)
    assert [message.text for message in await received(bot)] == ["just talk again"]


async def test_a_bare_command_goes_to_the_bot_that_spoke_last(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    other = sim.add_bot("2:other", username="other_bot")
    group = sim.add_chat("Help", members=[BOT_ID, other.id, alice.id])
    async with connected(sim, "2:other") as other_bot:
        await other_bot.send_message(group.id, "I am here")
        sim.write(alice.id, "/help", chat_id=group.id)
        assert await received(bot) == []
        assert [message.text for message in await received(other_bot)] == ["/help"]


async def test_bots_do_not_hear_bots_and_private_chats_are_their_own(
    sim: TelegramSimulator, bot: Bot, alice: User
) -> None:
    other = sim.add_bot("2:other", username="other_bot", can_read_all_group_messages=True)
    group = sim.add_chat("Help", members=[BOT_ID, other.id, alice.id])
    await bot.send_message(group.id, "@other_bot hello")
    sim.write(alice.id, "secret", bot_id=BOT_ID)
    async with connected(sim, "2:other") as other_bot:
        assert (await other_bot.get_me()).can_read_all_group_messages
        assert await received(other_bot) == []
        sim.write(alice.id, "anything", chat_id=group.id)
        assert [message.text for message in await received(other_bot)] == ["anything"]
    assert [message.text for message in await received(bot)] == ["secret"]


async def test_forum_topics(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    forum = sim.add_chat("Forum", is_forum=True, members=[BOT_ID, alice.id])
    topic = sim.add_topic(forum.id, "Withdrawals", by_user_id=alice.id)
    sim.write(alice.id, "/help", chat_id=forum.id, thread_id=topic)
    created, question = await received(bot)
    assert created.forum_topic_created is not None
    assert (question.message_thread_id, question.is_topic_message) == (topic, True)
    # Whatever is written in a topic "answers" the message that created it: a trap for who looks for replies.
    assert question.reply_to_message is not None
    assert question.reply_to_message.message_id == topic
    answer = await question.reply_text("Here", do_quote=True)
    assert (answer.message_thread_id, answer.is_topic_message) == (topic, True)
    assert sim.sent()[0].thread_id == topic
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(forum.id, "Lost", message_thread_id=4711)
    sim.set_topic_closed(forum.id, topic)
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(forum.id, "Late", message_thread_id=topic)
    sim.set_member(forum.id, BOT_ID, "administrator", quietly=True)
    await bot.send_message(forum.id, "Late", message_thread_id=topic)


async def test_a_reply_in_a_supergroup_belongs_to_the_thread_of_its_root(
    sim: TelegramSimulator, bot: Bot, alice: User, group: Chat
) -> None:
    root = sim.write(alice.id, "/ticket", chat_id=group.id)["message_id"]
    answer = await bot.send_message(group.id, "Done", reply_to_message_id=root)
    again = sim.write(alice.id, "thanks", chat_id=group.id, reply_to=answer.message_id)
    assert (answer.message_thread_id, again["message_thread_id"]) == (root, root)
    assert answer.is_topic_message is None
    assert "reply_to_message" not in again["reply_to_message"]


async def test_channel_post_forward_and_comment(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    channel = sim.add_chat("News", kind="channel", username="news")
    group = sim.add_chat("Talk", linked_channel_id=channel.id, members=[alice.id])
    for chat in (channel, group):
        sim.set_member(chat.id, BOT_ID, "administrator", quietly=True)
    _, forward = sim.post(channel.id, "Maintenance tonight")
    sim.write(alice.id, "When exactly?", chat_id=group.id, reply_to=forward["message_id"])
    updates = await bot.get_updates()
    assert updates[0].channel_post is not None
    assert updates[0].channel_post.sender_chat == updates[0].channel_post.chat
    copy, comment = updates[1].message, updates[2].message
    assert copy is not None
    assert copy.from_user is not None
    assert copy.sender_chat is not None
    assert (copy.is_automatic_forward, copy.from_user.id, copy.sender_chat.id) == (True, 777000, channel.id)
    assert comment is not None
    assert comment.message_thread_id == copy.message_id
    assert (await bot.get_chat(group.id)).linked_chat_id == channel.id
    post = await bot.send_message("@news", "All done")
    assert (post.from_user, post.sender_chat) == (None, post.chat)
    assert sim.pending() == ["channel_post", "message", "message"]


async def test_anonymous_senders(sim: TelegramSimulator, bot: Bot, group: Chat) -> None:
    channel = sim.add_chat("News", kind="channel")
    sim.write_anonymously(group.id, "/ticket")
    sim.write_as_channel(channel.id, group.id, "/help")
    anonymous, as_channel = await received(bot)
    assert anonymous.from_user is not None
    assert (anonymous.from_user.id, anonymous.sender_chat) == (1087968824, anonymous.chat)
    assert as_channel.from_user is not None
    assert as_channel.sender_chat is not None
    assert (as_channel.from_user.id, as_channel.sender_chat.id) == (136817688, channel.id)


async def test_members_and_administrators(sim: TelegramSimulator, bot: Bot, alice: User, group: Chat) -> None:
    owner, admin, stranger = sim.add_user("Olga"), sim.add_user("Adam"), sim.add_user("Sam")
    sim.set_member(group.id, admin.id, "administrator", quietly=True)
    sim.set_member(group.id, owner.id, "creator", quietly=True)
    members = [await bot.get_chat_member("@help_group", user.id) for user in (owner, admin, alice, stranger)]
    assert [member.status for member in members] == ["creator", "administrator", "member", "left"]
    administrators = await bot.get_chat_administrators(group.id)
    assert [member.user.id for member in administrators] == [owner.id, admin.id]
    with pytest.raises(BadRequest, match="Participant_id_invalid"):
        await bot.get_chat_member(group.id, 99)


async def test_coming_and_going_is_told(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    group = sim.add_chat("Help", members=[alice.id])
    with pytest.raises(SimulatorError, match="by_user_id"):
        sim.set_member(group.id, BOT_ID)
    sim.set_member(group.id, BOT_ID, by_user_id=alice.id)
    sim.set_member(group.id, sim.add_user("Bob").id)
    assert sim.pending() == ["my_chat_member", "message", "message"]
    joined, welcomed, bob = await bot.get_updates()
    assert joined.my_chat_member is not None
    assert joined.my_chat_member.new_chat_member.status == "member"
    assert welcomed.message is not None
    assert [user.id for user in welcomed.message.new_chat_members] == [BOT_ID]
    assert bob.message is not None
    assert bob.message.new_chat_members[0].first_name == "Bob"
    await bot.get_updates(offset=-1, allowed_updates=["chat_member", "my_chat_member"])
    sim.set_member(group.id, BOT_ID, "administrator", by_user_id=alice.id)
    sim.set_member(group.id, alice.id, "left")
    assert sim.pending()[1:] == ["my_chat_member", "chat_member"]


async def test_deleting_others_messages_takes_the_right_to(
    sim: TelegramSimulator, bot: Bot, alice: User, group: Chat
) -> None:
    message = sim.write(alice.id, "my seed phrase is", chat_id=group.id)["message_id"]
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(group.id, message)
    sim.set_member(group.id, BOT_ID, "administrator", rights=["can_pin_messages"], quietly=True)
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(group.id, message)
    sim.set_member(group.id, BOT_ID, "administrator", rights=["can_delete_messages"], quietly=True)
    assert await bot.delete_message(group.id, message)
    assert sim.history(group.id) == []
