"""The simulator beyond one SDK: aiogram, JSON and multipart bodies, another process, the Bot API schema, its speed."""

import asyncio
import os
import sys
from typing import Any

import aiogram
import aiohttp
import pytest
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters

from simulators.telegram import TelegramSimulator, User
from simulators.telegram.schema import SPECS_VARIABLE, check_from_environment

from .conftest import TOKEN


async def test_aiogram_works_too(sim: TelegramSimulator, alice: User) -> None:
    api = TelegramAPIServer.from_base(sim.url)
    async with aiogram.Bot(TOKEN, session=AiohttpSession(api=api)) as bot:
        assert (await bot.get_me()).username == "firstline_bot"
        question = sim.write(alice.id, "/start 😀")["message_id"]
        (update,) = await bot.get_updates(timeout=1)
        assert update.message is not None
        assert update.message.entities is not None
        assert update.message.entities[0].type == "bot_command"
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]])
        answer = await bot.send_message(
            alice.id, "<b>Hello</b>", parse_mode="HTML", reply_markup=keyboard,
            reply_parameters=ReplyParameters(message_id=question),
        )  # fmt: skip
        assert answer.html_text == "<b>Hello</b>"
        sim.tap(alice.id, answer.message_id, "Yes")
        (tapped,) = await bot.get_updates(offset=update.update_id + 1)
        assert tapped.callback_query is not None
        await bot.answer_callback_query(tapped.callback_query.id)
        await bot.edit_message_text("Bye", chat_id=alice.id, message_id=answer.message_id)
        assert [message["text"] for message in sim.history(alice.id)] == ["/start 😀", "Bye"]
        with pytest.raises(aiogram.exceptions.TelegramBadRequest, match="chat not found"):
            await bot.send_message(1, "hi")
        sim.arm("too_many_requests", seconds=3)
        with pytest.raises(aiogram.exceptions.TelegramRetryAfter):
            await bot.send_message(alice.id, "hi")


async def test_json_multipart_and_query_are_understood(sim: TelegramSimulator, alice: User) -> None:
    sim.write(alice.id, "hi")
    url = f"{sim.base_url}{TOKEN}/SENDMESSAGE"
    values = {"chat_id": str(alice.id), "text": "x"}
    with aiohttp.MultipartWriter("form-data") as form:
        for name, value in values.items():
            form.append(value).set_content_disposition("form-data", name=name)
    async with aiohttp.ClientSession() as session:
        for arguments in ({"json": values}, {"data": form}, {"params": values}):
            async with session.post(url, **arguments) as response:
                assert (await response.json())["result"]["text"] == "x"
        async with session.post(url, data=b"{", headers={"Content-Type": "application/json"}) as response:
            assert response.status == 400
        broken = values | {"reply_markup": "{", "reply_parameters": "[]"}
        async with session.post(url, data=broken) as response:
            body = await response.json()
            assert body["description"] == "Bad Request: can't parse reply_markup JSON object"
    assert len(sim.sent()) == 3


@pytest.mark.parametrize(
    "keyboard",
    ['[["x"]]', '["x"]', '[[{"text": "Yes"}]]', f'[[{{"text": "Yes", "callback_data": "{"x" * 65}"}}]]'],
)
async def test_impossible_keyboards_are_refused(sim: TelegramSimulator, alice: User, keyboard: str) -> None:
    sim.write(alice.id, "hi")
    values = {"chat_id": str(alice.id), "text": "x", "reply_markup": f'{{"inline_keyboard": {keyboard}}}'}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sim.base_url}{TOKEN}/sendMessage", data=values) as response,
    ):
        assert response.status == 400


async def test_another_process_is_driven_over_http() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.telegram", "--port", "0", "--token", TOKEN, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    async with aiohttp.ClientSession() as session:

        async def control(name: str, status: int = 200, **arguments: Any) -> Any:
            async with session.post(f"{url}/control/{name}", json=arguments) as response:
                body = await response.json()
                assert response.status == status, body
                return body.get("result", body.get("error"))

        user = await control("add_user", first_name="Alice")
        steps = [{"do": "write", "user_id": user["id"], "text": f"{number}"} for number in range(3)]
        messages = await control("batch", steps=steps)
        assert [message["text"] for message in messages] == ["0", "1", "2"]
        attachment = {"content_base64": "YWJj", "name": "a.txt", "mime_type": "text/plain"}
        document = (await control("write", user_id=user["id"], attachment=attachment))["document"]
        assert (document["file_name"], document["file_size"]) == ("a.txt", 3)
        async with session.post(
            f"{url}/bot{TOKEN}/sendMessage", data={"chat_id": user["id"], "text": "hi"}
        ) as response:
            assert response.status == 200
        (sent,) = await control("wait_for_sent", wanted=1, timeout_s=2)
        assert (sent["text"], sent["chat_id"]) == ("hi", user["id"])
        (call,) = await control("calls", method="sendMessage")
        assert (call["delivered"], call["applied"]) == (True, True)
        assert await control("open_calls", at=call["started_at"]) == [call]
        assert "0 of 1" in await control("wait_for_sent", 408, wanted=1, contains="never", timeout_s=0.05)
        assert "no user 1" in await control("write", 400, user_id=1, text="x")
        assert "no control" in await control("__init__", 400)
        assert "no control" in await control("_bot", 400)
        async with session.get(f"{url}/control") as response:
            assert {"write", "tap", "arm", "add_bot"} <= set(await response.json())
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_thousand_updates_and_messages(sim: TelegramSimulator, alice: User) -> None:
    count = 1_000
    for number in range(count):
        sim.write(alice.id, f"{number}")
    offset = received = 0
    async with aiohttp.ClientSession(base_url=f"{sim.base_url}{TOKEN}/") as session:
        while received < count:
            async with session.post("getUpdates", data={"offset": offset}) as response:
                updates = (await response.json())["result"]
            offset, received = updates[-1]["update_id"] + 1, received + len(updates)
            for update in updates:
                reply = {"chat_id": alice.id, "text": update["message"]["text"]}
                async with session.post("sendMessage", data=reply) as response:
                    assert response.status == 200
    assert [message.text for message in sim.sent()] == [f"{number}" for number in range(count)]


async def test_the_schema_notices_what_the_bot_api_does_not_know() -> None:
    if SPECS_VARIABLE not in os.environ:
        pytest.skip(f"{SPECS_VARIABLE} does not name the folder of the Bot API schema; answers are not checked")
    check = check_from_environment()
    assert check is not None
    user = {"id": 1, "is_bot": True, "first_name": "x"}
    chat = {"id": 1, "type": "private"}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": user, "text": "x"}
    assert check("getMe", user) == ""
    assert check("sendMessage", message) == ""
    assert "'is_bot' is a required property" in check("getMe", {"id": 1, "first_name": "x"})
    assert "'nickname' was unexpected" in check("getMe", user | {"nickname": "x"})
    assert "is not of type 'integer'" in check("sendMessage", message | {"date": "now"})
    assert check("getUpdates", [{"update_id": 1, "message": message | {"from": chat}}]) != ""
