"""The Telegram simulator, used by the real python-telegram-bot over a socket: updates, messages, chats."""

import asyncio

import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters, Update
from telegram.error import BadRequest, ChatMigrated, Conflict, EndPointNotFound, Forbidden, InvalidToken

from simulators.telegram import Attachment, SimulatorError, TelegramSimulator, User

from .conftest import connected

BOT_ID = 110201543
YES_NO = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Yes", callback_data="yes"), InlineKeyboardButton("No", callback_data="no")]]
)


async def texts(bot: Bot, offset: int | None = None) -> list[str]:
    return [_text(update) for update in await bot.get_updates(offset=offset)]


def _text(update: Update) -> str:
    message = update.effective_message
    assert message is not None
    return message.text or message.caption or ""


async def test_unknown_token_and_method_are_refused(sim: TelegramSimulator) -> None:
    with pytest.raises(InvalidToken):
        async with connected(sim, "1:wrong"):
            pass
    async with connected(sim) as bot:
        with pytest.raises(EndPointNotFound):
            await bot.do_api_request("fireRockets")


async def test_updates_come_again_until_they_are_confirmed(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    for text in ("one", "two", "three"):
        sim.write(alice.id, text)
    updates = await bot.get_updates()
    assert [_text(update) for update in updates] == ["one", "two", "three"]
    assert [update.update_id for update in updates] == [800_000_001, 800_000_002, 800_000_003]
    assert await texts(bot) == ["one", "two", "three"]
    assert await texts(bot, offset=800_000_002) == ["two", "three"]
    assert await texts(bot) == ["two", "three"]
    assert [_text(update) for update in await bot.get_updates(limit=1)] == ["two"]
    assert await texts(bot, offset=-1) == ["three"]
    assert await texts(bot) == ["three"]
    assert await texts(bot, offset=800_000_004) == []
    assert sim.pending() == []


async def test_a_long_poll_returns_when_something_is_written(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    polling = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.1)
    assert not polling.done()
    sim.write(alice.id, "at last")
    updates = await asyncio.wait_for(polling, 2)
    assert [_text(update) for update in updates] == ["at last"]


async def test_the_older_of_two_pollers_gets_a_conflict(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.1)
    async with connected(sim) as other:
        newer = asyncio.create_task(other.get_updates(timeout=20))
        with pytest.raises(Conflict, match="terminated by other getUpdates request; make sure that only one bot"):
            await older
        sim.write(alice.id, "hello")
        assert len(await newer) == 1


async def test_allowed_updates_are_remembered(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    await bot.get_updates(allowed_updates=["edited_message"])
    message = sim.write(alice.id, "one")
    sim.edit(alice.id, message["message_id"], "two")
    assert sim.pending() == ["edited_message"]
    await bot.get_updates(allowed_updates=[])
    sim.write(alice.id, "three")
    assert sim.pending() == ["edited_message", "message"]


async def test_hasty_pollers_are_slowed_down_as_by_the_real_server() -> None:
    async with TelegramSimulator(polling_penalties=True) as sim:
        sim.add_bot()
        user = sim.add_user()
        for text in ("one", "two"):
            sim.write(user.id, text)
        async with connected(sim) as bot:
            assert len(await bot.get_updates()) == 2
            assert len(await bot.get_updates()) == 1


async def test_a_webhook_gets_each_update_until_it_takes_it(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    taken: asyncio.Queue[tuple[str | None, str]] = asyncio.Queue()
    answers = iter([500, 200, 200])

    async def hook(request: web.Request) -> web.Response:
        update = await request.json()
        await taken.put((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), update["message"]["text"]))
        return web.Response(status=next(answers))

    app = web.Application()
    app.router.add_post("/hook", hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sim.write(alice.id, "one")
    await bot.set_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", secret_token="s-1_x")
    sim.write(alice.id, "two")
    got = [await asyncio.wait_for(taken.get(), 5) for _ in range(3)]
    assert got == [("s-1_x", "one"), ("s-1_x", "one"), ("s-1_x", "two")]
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    info = await bot.get_webhook_info()
    assert info.url.endswith("/hook")
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    await bot.delete_webhook()
    sim.write(alice.id, "three")
    assert await texts(bot) == ["three"]
    await runner.cleanup()


async def test_webhook_settings_are_checked(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="unallowed characters"):
        await bot.set_webhook("https://example.org/hook", secret_token="no spaces")
    with pytest.raises(BadRequest, match="Bad webhook"):
        await bot.set_webhook("gopher://example.org")
    assert (await bot.get_webhook_info()).url == ""


async def test_an_answer_carries_reply_quote_buttons_and_entities(
    sim: TelegramSimulator, bot: Bot, alice: User
) -> None:
    question = sim.write(alice.id, "😀 Where is my money?")["message_id"]
    answer = await bot.send_message(
        alice.id,
        "  On its way 🚀 to @alice ",
        entities=[MessageEntity("bold", 5, 3)],
        reply_parameters=ReplyParameters(question, quote="my money"),
        reply_markup=YES_NO,
    )
    assert answer.text == "On its way 🚀 to @alice"
    assert [(entity.type, entity.offset, entity.length) for entity in answer.entities] == [
        ("bold", 3, 3),
        ("mention", 17, 6),
    ]
    assert answer.reply_to_message is not None
    assert answer.reply_to_message.message_id == question
    assert answer.quote is not None
    assert answer.quote.position == 12
    (sent,) = sim.sent(alice.id)
    assert (sent.number, sent.reply_to, sent.buttons) == (1, question, ((("Yes", "yes"), ("No", "no")),))
    assert sim.sent(chat_id=1) == []


async def test_a_missing_question_fails_the_answer_unless_allowed(
    sim: TelegramSimulator, bot: Bot, alice: User
) -> None:
    question = sim.write(alice.id, "never mind")["message_id"]
    sim.delete(alice.id, question)
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(alice.id, "Well", reply_parameters=ReplyParameters(question))
    sent = await bot.send_message(
        alice.id, "Well", reply_parameters=ReplyParameters(question, allow_sending_without_reply=True)
    )
    assert sent.reply_to_message is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Message text is empty"),
        (" \n ", "Text must be non-empty"),
        ("\u200b\u2060", "Text must be non-empty"),
        ("x" * 4097, "Message is too long"),
        ("😀" * 2049, "Message is too long"),
    ],
)
async def test_impossible_texts(sim: TelegramSimulator, bot: Bot, alice: User, text: str, problem: str) -> None:
    sim.write(alice.id, "hi")
    with pytest.raises(BadRequest, match=problem):
        await bot.send_message(alice.id, text)
    assert sim.sent() == []


async def test_the_longest_text_counts_utf_16_units(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    sim.write(alice.id, "hi")
    assert (await bot.send_message(alice.id, "😀" * 2048)).text == "😀" * 2048


async def test_chats_that_cannot_be_written_to(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    bob = sim.add_user("Bob")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(12345, "hi")
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(bob.id, "hi")
    sim.write(alice.id, "hi")
    sim.set_blocked(alice.id)
    assert sim.pending() == ["message", "my_chat_member"]
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(alice.id, "hi")
    sim.set_blocked(alice.id, is_blocked=False)
    await bot.send_message(alice.id, "welcome back")
    sim.deactivate(alice.id)
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(alice.id, "hi")
    group = sim.add_chat("Help", members=[BOT_ID])
    sim.set_member(group.id, BOT_ID, "kicked", by_user_id=bob.id)
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "hi")
    public = sim.add_chat("Other", username="other")
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message("@Other", "hi")
    sim.set_member(public.id, BOT_ID, "restricted", quietly=True)
    with pytest.raises(BadRequest, match="Not enough rights to send text messages"):
        await bot.send_message(public.id, "hi")


async def test_a_group_that_became_a_supergroup(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    group = sim.add_chat("Help", kind="group", members=[BOT_ID, alice.id])
    new = sim.migrate(group.id)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "hi")
    assert moved.value.new_chat_id == new.id
    messages = [update.message for update in await bot.get_updates()]
    assert [message.migrate_to_chat_id for message in messages if message] == [new.id, None]
    assert [message.migrate_from_chat_id for message in messages if message] == [None, group.id]
    assert (await bot.send_message(new.id, "here we are")).chat.id == new.id


async def test_buttons_call_back_once(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    sim.write(alice.id, "hi")
    question = await bot.send_message(alice.id, "Did this help?", reply_markup=YES_NO)
    with pytest.raises(SimulatorError, match="no button 'Perhaps'"):
        sim.tap(alice.id, question.message_id, "Perhaps")
    sim.tap(alice.id, question.message_id, "No")
    query = (await bot.get_updates(offset=-1))[0].callback_query
    assert query is not None
    assert (query.data, query.from_user.id) == ("no", alice.id)
    assert query.message == question
    await query.answer()
    with pytest.raises(BadRequest, match="Query is too old and response timeout expired"):
        await query.answer()
    sim.tap(alice.id, question.message_id, "yes", is_old=True)
    old = (await bot.get_updates(offset=-1))[0].callback_query
    assert old is not None
    assert old.message is not None
    assert not old.message.is_accessible


async def test_own_messages_can_be_edited_and_deleted(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    hello = sim.write(alice.id, "hi")["message_id"]
    message = await bot.send_message(alice.id, "Old", reply_markup=YES_NO)
    edited = await message.edit_text("*New*", parse_mode="MarkdownV2")
    assert isinstance(edited, type(message))
    assert (edited.text, edited.reply_markup) == ("New", None)
    assert edited.edit_date is not None
    with pytest.raises(BadRequest, match="Message is not modified"):
        await message.edit_text("<b>New</b>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("Mine", alice.id, hello)
    await message.edit_reply_markup(YES_NO)
    assert sim.history(alice.id)[-1]["reply_markup"]["inline_keyboard"][0][1]["text"] == "No"
    await bot.delete_message(alice.id, hello)
    await message.delete()
    assert sim.history(alice.id) == []
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await message.edit_text("Newer")
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await message.delete()


async def test_files_are_described_and_fetched(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    sim.write(alice.id, "my receipt", attachment=Attachment(content=b"%PDF", name="a.pdf", mime_type="application/pdf"))
    sim.write(alice.id, attachment=Attachment(content=b"jpeg", kind="photo"))
    document, photo = [update.message for update in await bot.get_updates()]
    assert document is not None
    assert document.document is not None
    assert (document.caption, document.document.file_name, document.document.file_size) == ("my receipt", "a.pdf", 4)
    assert await (await document.document.get_file()).download_as_bytearray() == b"%PDF"
    assert photo is not None
    assert await (await photo.photo[-1].get_file()).download_as_bytearray() == b"jpeg"
    with pytest.raises(BadRequest, match="Wrong file_id"):
        await bot.get_file("nothing")


async def test_the_small_methods(sim: TelegramSimulator, bot: Bot, alice: User) -> None:
    message = sim.write(alice.id, "hi")["message_id"]
    assert await bot.send_chat_action(alice.id, "typing")
    assert await bot.set_message_reaction(alice.id, message, "👍")
    await bot.set_my_commands([("help", "What I can do")], language_code="nl")
    assert [command.command for command in await bot.get_my_commands(language_code="nl")] == ["help"]
    assert await bot.get_my_commands() == ()
    chat = await bot.get_chat(alice.id)
    assert (chat.type, chat.first_name) == ("private", "Alice")
    assert [call.method for call in sim.calls()][-4:] == ["setMyCommands", "getMyCommands", "getMyCommands", "getChat"]


async def test_a_raw_update_reaches_the_bot_as_it_is(sim: TelegramSimulator, bot: Bot) -> None:
    sim.push_raw({"future_kind": {"a": [1]}})
    sim.push_raw({"update_id": 7, "callback_query": None, "extra": "x"})
    unknown, broken = await bot.get_updates()
    assert (unknown.update_id, dict(unknown.api_kwargs)) == (800_000_001, {"future_kind": {"a": [1]}})
    assert (broken.update_id, dict(broken.api_kwargs)) == (7, {"extra": "x"})
    sim.push_raw({"message": {"nonsense": True}})
    with pytest.raises(KeyError):
        await bot.get_updates()
