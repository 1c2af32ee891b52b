"""Messages over bare HTTP: what Discord takes, what it refuses and how, whom a message pings, and looking back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.discord import Channel, DiscordSimulator, Guild, Pings, SimulatorError, User
from simulators.discord.mentions import resolve
from simulators.discord.permissions import Permission, in_channel
from simulators.discord.world import ChannelType

from .conftest import Rest

ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"}]}


async def test_the_answer_is_json_without_a_charset(rest: Rest, place: Channel) -> None:
    status, _, headers = await rest.answer("GET", f"/channels/{place.id}")
    assert (status, headers["Content-Type"]) == (200, "application/json")


async def test_unknown_things_have_discords_codes(rest: Rest, place: Channel) -> None:
    assert await rest("GET", "/users/@me/rockets") == (404, {"message": "404: Not Found", "code": 0})
    assert await rest("GET", "/channels/1") == (404, {"message": "Unknown Channel", "code": 10003})
    assert await rest("GET", f"/channels/{place.id}/messages/1") == (404, {"message": "Unknown Message", "code": 10008})
    assert await rest("GET", "/users/1") == (404, {"message": "Unknown User", "code": 10013})
    assert (await rest("GET", "/guilds/1"))[1]["code"] == 10004
    assert (await rest("GET", "/channels/help"))[1]["code"] == 50035
    assert (await rest("GET", "/users/@me"))[1]["bot"] is True


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, 50006, ""),
        ({"content": " \n "}, 50006, ""),
        ({"content": "x" * 2001}, 50035, "content"),
        ({"content": "😀" * 1001}, 50035, "content"),
        ({"content": 5}, 50035, "content"),
        ({"content": "x", "nonce": "n" * 26}, 50035, "nonce"),
        ({"content": "x", "components": [ROW] * 6}, 50035, "components"),
        ({"content": "x", "components": [ROW, ROW]}, 50035, "components"),
        ({"content": "x", "components": [{"type": 1, "components": []}]}, 50035, "components"),
        ({"content": "x", "embeds": [{"description": "x" * 6001}]}, 50035, "embeds"),
        ({"content": "x", "message_reference": {"message_id": "1"}}, 50035, "message_reference"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, 50035, "allowed_mentions"),
    ],
)
async def test_impossible_messages(rest: Rest, place: Channel, body: object, code: int, field: str) -> None:
    status, answer = await rest("POST", f"/channels/{place.id}/messages", body)
    assert (status, answer["code"]) == (400, code)
    assert set(answer.get("errors", {})) == ({field} if field else set())
    assert await rest("GET", f"/channels/{place.id}/messages") == (200, [])


async def test_the_longest_text_passes(rest: Rest, place: Channel) -> None:
    assert (await rest.say(place.id, "😀" * 1000))[1]["content"] == "😀" * 1000


async def test_a_message_may_be_quiet_and_without_previews(sim: DiscordSimulator, rest: Rest, place: Channel) -> None:
    _, message = await rest.say(place.id, "https://example.org", flags=1 << 2 | 1 << 12 | 1 << 6)
    assert message["flags"] == sim.sent()[0].flags == 1 << 2 | 1 << 12  # ephemeral is for interactions
    path = f"/channels/{place.id}/messages/{message['id']}"
    assert (await rest("PATCH", path, {"flags": 0}))[1]["flags"] == 1 << 12
    assert (await rest("PATCH", path, {"flags": 1 << 2}))[1]["flags"] == 1 << 2 | 1 << 12


async def test_a_body_that_is_no_json(rest: Rest, place: Channel, sim: DiscordSimulator) -> None:
    url = f"{sim.api_base}/channels/{place.id}/messages"
    headers = {"Content-Type": "application/json", "Authorization": rest.headers["Authorization"]}
    async with rest.http.post(url, data="{", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50109)


async def test_an_enforced_nonce_makes_one_message(sim: DiscordSimulator, rest: Rest, place: Channel) -> None:
    first = await rest.say(place.id, "one", nonce="n-1", enforce_nonce=True)
    second = await rest.say(place.id, "two", nonce="n-1", enforce_nonce=True)
    assert first[0] == second[0] == 200
    assert (second[1]["id"], second[1]["content"], second[1]["nonce"]) == (first[1]["id"], "one", "n-1")
    assert len(sim.sent()) == 1
    free = await rest.say(place.id, "three", nonce="n-1")
    assert free[1]["content"] == "three"
    sim.advance(301)
    late = await rest.say(place.id, "four", nonce="n-1", enforce_nonce=True)
    assert late[1]["content"] == "four"


async def test_a_missing_question_fails_the_answer_unless_allowed(
    sim: DiscordSimulator, rest: Rest, place: Channel, ana: User
) -> None:
    question = sim.write(ana.id, "never mind", channel_id=place.id)["id"]
    sim.delete(place.id, question)
    reference = {"message_id": int(question), "channel_id": int(place.id)}  # numbers, as discord.py sends them
    status, answer = await rest.say(place.id, "well", message_reference=reference)
    assert status == 400
    assert answer["errors"]["message_reference"]["_errors"][0]["code"] == "MESSAGE_REFERENCE_UNKNOWN_MESSAGE"
    status, answer = await rest.say(place.id, "well", message_reference=reference | {"fail_if_not_exists": False})
    assert (status, answer["type"]) == (200, 0)


async def test_notes_of_the_system_cannot_be_answered(
    sim: DiscordSimulator, rest: Rest, guild: Guild, place: Channel
) -> None:
    sim.add_member(guild.id, sim.add_user("new").id, is_announced=True)
    (note,) = sim.history(place.id)
    assert note["type"] == 7
    status, answer = await rest.say(place.id, "welcome", message_reference={"message_id": note["id"]})
    assert (status, list(answer["errors"])) == (400, ["message_reference"])


# --- mentions ---------------------------------------------------------------------------------------------------------


async def test_whom_a_message_pings(sim: DiscordSimulator, rest: Rest, guild: Guild, place: Channel, ana: User) -> None:
    role = sim.add_role(guild.id, "helpers", mentionable=True)
    closed = sim.add_role(guild.id, "closed")
    text = f"<@{ana.id}> <@!{ana.id}> <@1> <@&{role.id}> <@&{closed.id}> @everyone `<@{rest.bot.user.id}>`"
    everybody = Pings(users=(ana.id,), roles=(role.id,))
    question = sim.write(ana.id, "hm", channel_id=place.id)["id"]
    reply = {"message_id": question}
    cases: list[tuple[dict[str, object], Pings]] = [
        ({}, everybody),
        ({"allowed_mentions": {"parse": []}}, Pings()),
        ({"allowed_mentions": {"parse": ["roles"]}}, Pings(roles=(role.id,))),
        ({"allowed_mentions": {"users": [ana.id]}}, Pings(users=(ana.id,))),
        ({"allowed_mentions": {"parse": []}, "message_reference": reply}, Pings()),
        ({"allowed_mentions": {"replied_user": True}, "message_reference": reply}, Pings(users=(ana.id,))),
    ]
    for fields, pings in cases:
        _, answer = await rest.say(place.id, text, **fields)
        assert sim.sent()[-1].pings == pings
        assert [user["id"] for user in answer["mentions"]] == list(pings.users)
        assert answer["mention_roles"] == list(pings.roles)
    sim.allow(place.id, rest.bot.user.id, allow=["mention_everyone"])
    await rest.say(place.id, text)
    assert sim.sent()[-1].pings == Pings(users=(ana.id,), roles=(role.id, closed.id), everyone=True)
    await rest.say(place.id, "hm", message_reference=reply)
    assert sim.sent()[-1].pings == Pings(users=(ana.id,))


@given(st.text(alphabet="<@&!>0123456789`e ", max_size=60))
def test_nobody_is_pinged_who_is_not_there(text: str) -> None:
    channel = Channel(id="1", type=ChannelType.DM)
    assert resolve(channel, "2", text, None) == Pings()


def test_reading_mentions_takes_time_in_proportion() -> None:
    channel = Channel(id="1", type=ChannelType.DM)
    for piece in ("`", "```", "<@", "<@&1", "@everyone", "``` `"):
        assert resolve(channel, "2", piece * (100_000 // len(piece)), None) == Pings()


# --- looking back -----------------------------------------------------------------------------------------------------


async def test_history_before_after_around(sim: DiscordSimulator, rest: Rest, place: Channel, ana: User) -> None:
    ids = [sim.write(ana.id, str(number), channel_id=place.id)["id"] for number in range(7)]

    async def look(query: str) -> list[str]:
        status, answer = await rest("GET", f"/channels/{place.id}/messages?{query}")
        assert status == 200
        return [message["content"] for message in answer]

    assert await look("") == ["6", "5", "4", "3", "2", "1", "0"]
    assert await look("limit=2") == ["6", "5"]
    assert await look(f"before={ids[3]}&limit=2") == ["2", "1"]
    assert await look(f"after={ids[3]}&limit=2") == ["5", "4"]
    assert await look(f"after={ids[6]}") == []
    assert await look(f"around={ids[3]}&limit=3") == ["4", "3", "2"]
    status, answer = await rest("GET", f"/channels/{place.id}/messages?limit=101")
    assert (status, answer["code"]) == (400, 50035)


async def test_without_the_right_to_the_history_it_is_empty(
    sim: DiscordSimulator, rest: Rest, place: Channel, ana: User
) -> None:
    question = sim.write(ana.id, "hm", channel_id=place.id)["id"]
    sim.take_permissions(rest.bot.user.id, place.id, ["read_message_history"])
    assert await rest("GET", f"/channels/{place.id}/messages") == (200, [])
    assert (await rest.say(place.id, "x", message_reference={"message_id": question}))[1]["code"] == 160002
    assert (await rest("GET", f"/channels/{place.id}/messages/{question}"))[1]["code"] == 50013


async def test_without_the_portals_grant_rest_gives_no_content_either(
    sim: DiscordSimulator, ana: User, rest: Rest, place: Channel
) -> None:
    other = sim.add_bot(privileged=[])
    sim.add_member(place.guild.id if place.guild else "", other.user.id)
    sim.write(ana.id, "chatting", channel_id=place.id)
    blind = Rest(rest.http, sim, other)
    assert (await rest("GET", f"/channels/{place.id}/messages"))[1][0]["content"] == "chatting"
    assert (await blind("GET", f"/channels/{place.id}/messages"))[1][0]["content"] == ""
    assert (await blind("GET", "/applications/@me"))[1]["flags"] == 0


async def test_edit_and_delete(sim: DiscordSimulator, rest: Rest, place: Channel, ana: User) -> None:
    question = sim.write(ana.id, "hm", channel_id=place.id)["id"]
    _, answer = await rest.say(place.id, "one", components=[ROW])
    path = f"/channels/{place.id}/messages"
    status, edited = await rest("PATCH", f"{path}/{answer['id']}", {"content": "two"})
    assert (status, edited["content"], edited["edited_timestamp"] is None) == (200, "two", False)
    assert edited["components"][0]["components"][0]["custom_id"] == "yes"
    assert [edit.text for edit in sim.edits(answer["id"])] == ["two"]
    assert (await rest("PATCH", f"{path}/{answer['id']}", {"content": "", "components": []}))[1]["code"] == 50006
    assert (await rest("PATCH", f"{path}/{question}", {"content": "x"}))[1]["code"] == 50005
    assert (await rest("DELETE", f"{path}/{question}"))[1]["code"] == 50013
    sim.allow(place.id, rest.bot.user.id, allow=["manage_messages"])
    assert await rest("DELETE", f"{path}/{question}") == (204, "")
    second = (await rest.say(place.id, "three"))[1]["id"]
    assert await rest("POST", f"{path}/bulk-delete", {"messages": [answer["id"], second]}) == (204, "")
    assert sim.history(place.id) == []
    assert (await rest("POST", f"{path}/bulk-delete", {"messages": ["1"]}))[1]["code"] == 50035
    assert (await rest("POST", f"{path}/bulk-delete", {"messages": ["1", "2"]}))[1]["code"] == 50034


async def test_a_file_has_an_address_that_expires(sim: DiscordSimulator, rest: Rest, place: Channel, ana: User) -> None:
    message = sim.write(ana.id, "", channel_id=place.id, files={"log.txt": "aGVsbG8="})
    (file,) = message["attachments"]
    assert (file["filename"], file["size"]) == ("log.txt", 5)
    async with rest.http.get(file["url"]) as response:
        assert (response.status, await response.read()) == (200, b"hello")
    sim.advance(25 * 3600)
    async with rest.http.get(file["url"]) as response:
        assert response.status == 404


# --- direct messages and permissions ----------------------------------------------------------------------------------


async def test_a_direct_message_is_opened_and_may_be_closed(
    sim: DiscordSimulator, rest: Rest, guild: Guild, ana: User
) -> None:
    status, channel = await rest("POST", "/users/@me/channels", {"recipient_id": ana.id})
    assert (status, channel["type"], channel["recipients"][0]["id"]) == (200, 1, ana.id)
    assert (await rest.say(channel["id"], "hello"))[0] == 200
    sim.close_dms(ana.id)
    closed = (403, {"message": "Cannot send messages to this user", "code": 50007})
    assert await rest.say(channel["id"], "hello?") == closed
    stranger = sim.add_user("stranger")
    _, channel = await rest("POST", "/users/@me/channels", {"recipient_id": stranger.id})
    assert await rest.say(channel["id"], "hello?") == closed
    assert (await rest("POST", "/users/@me/channels", {"recipient_id": "1"}))[1]["code"] == 10013


async def test_permissions_add_up_as_in_discord(
    sim: DiscordSimulator, rest: Rest, guild: Guild, place: Channel
) -> None:
    async def may_say() -> object:
        status, answer = await rest.say(place.id, "x")
        return status if status == 200 else answer["code"]

    role = sim.add_role(guild.id, "support")
    sim.give_role(guild.id, rest.bot.user.id, role.id)
    sim.allow(place.id, guild.id, deny=["send_messages"])
    assert await may_say() == 50013
    sim.allow(place.id, role.id, allow=["send_messages"])
    assert await may_say() == 200
    sim.allow(place.id, rest.bot.user.id, deny=["view_channel"])
    assert await may_say() == 50001
    assert in_channel(place, rest.bot.user.id) == Permission(0)  # who does not see a channel can do nothing there
    sim.allow(place.id, rest.bot.user.id)
    assert await may_say() == 200
    sim.give_role(guild.id, rest.bot.user.id, role.id, is_on=False)
    assert await may_say() == 50013
    admin = sim.add_role(guild.id, "admin", permissions=["administrator"])
    sim.give_role(guild.id, rest.bot.user.id, admin.id)
    assert await may_say() == 200


async def test_a_thread_needs_its_own_permission_and_may_be_locked(
    sim: DiscordSimulator, rest: Rest, place: Channel, ana: User, mila: User
) -> None:
    thread = sim.begin_thread(ana.id, place.id, "talk")
    sim.take_permissions(rest.bot.user.id, place.id, ["send_messages"])
    assert (await rest.say(thread.id, "in the thread"))[0] == 200
    sim.set_thread(thread.id, archived=True)
    assert (await rest.say(thread.id, "opens it again"))[0] == 200
    assert (await rest("GET", f"/channels/{thread.id}"))[1]["thread_metadata"]["archived"] is False
    sim.set_thread(thread.id, locked=True)
    assert (await rest.say(thread.id, "x"))[1]["code"] == 160005
    with pytest.raises(SimulatorError):
        sim.write(ana.id, "I too", channel_id=thread.id)
    sim.write(mila.id, "I may", channel_id=thread.id)
    sim.set_thread(thread.id, archived=True)
    assert await rest.say(thread.id, "x") == (403, {"message": "Thread is archived", "code": 50083})
    sim.set_thread(thread.id, locked=False, archived=False)
    sim.take_permissions(rest.bot.user.id, place.id, ["send_messages_in_threads"])
    assert (await rest.say(thread.id, "x"))[1]["code"] == 50013


async def test_threads_are_begun_joined_listed_and_deleted(
    sim: DiscordSimulator, rest: Rest, guild: Guild, place: Channel, ana: User
) -> None:
    question = sim.write(ana.id, "hm", channel_id=place.id)["id"]
    path = f"/channels/{place.id}/messages/{question}"
    status, thread = await rest("POST", f"{path}/threads", {"name": "Ticket"})
    assert (status, thread["id"], thread["owner_id"]) == (201, question, rest.bot.user.id)
    assert (await rest("POST", f"{path}/threads", {"name": "Again"}))[1]["code"] == 160004
    assert (await rest("GET", path))[1]["thread"]["id"] == question
    assert (await rest("POST", f"/channels/{place.id}/threads", {"name": "Loose", "type": 11}))[0] == 201
    assert (await rest("POST", f"/channels/{place.id}/threads", {"name": "", "type": 11}))[1]["code"] == 50035
    _, active = await rest("GET", f"/guilds/{guild.id}/threads/active")
    assert [item["name"] for item in active["threads"]] == ["Ticket", "Loose"]
    theirs = sim.begin_thread(ana.id, place.id, "Theirs")
    assert await rest("PUT", f"/channels/{theirs.id}/thread-members/@me") == (204, "")
    members = [item["user_id"] for item in (await rest("GET", f"/channels/{theirs.id}/thread-members"))[1]]
    assert members == [ana.id, rest.bot.user.id]
    assert await rest("DELETE", f"/channels/{theirs.id}/thread-members/@me") == (204, "")
    assert (await rest("PATCH", f"/channels/{theirs.id}", {"archived": True}))[1]["code"] == 50013
    assert (await rest("PATCH", f"/channels/{question}", {"archived": True}))[0] == 200
    assert (await rest("PATCH", f"/channels/{question}", {"name": "New"}))[1]["code"] == 50083
    _, archived = await rest("GET", f"/channels/{place.id}/threads/archived/public")
    assert [item["name"] for item in archived["threads"]] == ["Ticket"]
    assert (await rest("DELETE", f"/channels/{question}"))[1]["code"] == 50013
    sim.delete_channel(theirs.id)
    assert (await rest("GET", f"/channels/{theirs.id}"))[1]["code"] == 10003


async def test_a_private_thread_is_seen_by_those_in_it(
    sim: DiscordSimulator, rest: Rest, place: Channel, ana: User
) -> None:
    secret = sim.begin_thread(ana.id, place.id, "Secret", is_private=True)
    assert (await rest("GET", f"/channels/{secret.id}"))[1]["code"] == 50001


async def test_a_forum_takes_posts_and_no_messages(sim: DiscordSimulator, rest: Rest, guild: Guild) -> None:
    forum = sim.add_channel(guild.id, "questions", kind="forum")
    assert (await rest.say(forum.id, "x"))[1]["code"] == 50008
    path = f"/channels/{forum.id}/threads"
    status, post = await rest("POST", path, {"name": "Known", "message": {"content": "We are on it"}})
    assert (status, post["message"]["id"], post["message"]["content"]) == (201, post["id"], "We are on it")
    assert (await rest("POST", path, {"name": "Empty", "message": {"content": ""}}))[1]["code"] == 50006
    assert (await rest("POST", path, {"name": "Nothing"}))[1]["code"] == 50035
    _, active = await rest("GET", f"/guilds/{guild.id}/threads/active")
    assert [item["name"] for item in active["threads"]] == ["Known"]


async def test_guild_members_and_roles_are_shown(
    sim: DiscordSimulator, rest: Rest, guild: Guild, place: Channel, ana: User
) -> None:
    assert (await rest("GET", f"/guilds/{guild.id}?with_counts=true"))[1]["approximate_member_count"] == 4
    assert [item["name"] for item in (await rest("GET", "/users/@me/guilds"))[1]] == ["Shop"]
    assert [item["id"] for item in (await rest("GET", f"/guilds/{guild.id}/channels"))[1]] == [place.id]
    roles = [role["name"] for role in (await rest("GET", f"/guilds/{guild.id}/roles"))[1]]
    assert roles == ["@everyone", "firstline", "moderators"]
    assert (await rest("GET", f"/guilds/{guild.id}/members/{ana.id}"))[1]["user"]["global_name"] == "Ana"
    assert (await rest("GET", f"/guilds/{guild.id}/members/1"))[1]["code"] == 10007
    page = (await rest("GET", f"/guilds/{guild.id}/members?limit=1&after={rest.bot.user.id}"))[1]
    assert [member["user"]["username"] for member in page] == ["ana"]
    other = sim.add_bot()
    assert (await Rest(rest.http, sim, other)("GET", f"/guilds/{guild.id}"))[1]["code"] == 50001
