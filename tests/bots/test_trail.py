"""One message can be followed in the log from its platform to the posted reply by one id, and the log has no words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

import pytest

from simulators.desks import Freshdesk
from simulators.telegram import TelegramSimulator
from tests.bots.cli.program import bot, configure
from tests.bots.monitoring import MATTER, TOKEN

if TYPE_CHECKING:
    from pathlib import Path

Line = dict[str, Any]


def read(lines: list[str], form: Literal["text", "json"]) -> list[Line]:
    """The log among what the program said, as fields."""
    if form == "json":
        return [json.loads(line) for line in lines if line.startswith("{")]
    return [
        {**dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line)), "message": line}
        for line in lines
        if re.match(r"\d{4}-\d\d-\d\dT\S+Z [A-Z]+ ", line)
    ]


def trail(log: list[Line], inbound: object) -> list[str]:
    return [line["action"] for line in log if str(line.get("inbound")) == str(inbound)]


@pytest.mark.parametrize("form", ["text", "json"])
async def test_one_id_from_the_platforms_message_to_the_posted_reply(
    tmp_path: Path, form: Literal["text", "json"]
) -> None:
    async with TelegramSimulator() as sim, Freshdesk() as desk:
        sim.add_bot(TOKEN)
        ann = sim.add_user("Ann", username="ann_of_green_gables", language_code="en")
        bob = sim.add_user("Bob", language_code="en")
        section = "\n".join(f"{key} = {json.dumps(value)}" for key, value in desk.section().items())
        configure(
            tmp_path,
            f'[log]\nformat = "{form}"\nlevel = "info"\n[desk]\n{section}\n[channels.webchat]\n[channels.telegram]\n'
            f'token = "{TOKEN}"\napi_base = "{sim.base_url}"\nfile_base = "{sim.base_file_url}"\n',
        )
        async with bot(tmp_path) as running:
            asked = sim.write(ann.id, "how do i reset my password?")
            await sim.wait_for_sent(1, chat_id=ann.id, contains="Forgot password", timeout_s=20)
            complained = sim.write(bob.id, MATTER)
            await sim.wait_for_sent(1, chat_id=bob.id, contains="I have opened", timeout_s=20)
            told = len(sim.sent(ann.id))
            again = sim.write(ann.id, "/help")
            await sim.wait_for_sent(told + 1, chat_id=ann.id, timeout_s=20)
            assert await running.stops() == 0
    log = read(running.lines, form)

    accepted = [line for line in log if line.get("action") == "message_accepted"]
    assert [str(line["message_id"]) for line in accepted] == [
        str(message["message_id"]) for message in (asked, complained, again)
    ]
    first, second, third = (line["inbound"] for line in accepted)
    for inbound in (first, third):
        assert trail(log, inbound)[:3] == ["message_accepted", "message_decided", "reply_posted"]
        assert set(trail(log, inbound)[3:]) <= {"reply_posted"}
    assert trail(log, second) == ["message_accepted", "message_decided", "ticket_opened", "reply_posted"]
    said = "\n".join(running.lines)
    for secret in (TOKEN, TOKEN.partition(":")[2], desk.key):
        assert secret not in said
    for words in ("password", "moon", "cat owns", "Ann", "ann_of", "I have opened", str(ann.id), str(bob.id)):
        assert words not in said
