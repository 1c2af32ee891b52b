"""The simulated Zendesk answers as Zendesk does: to somebody else's client, and key by key."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from zenpy import Zenpy  # type: ignore[import-untyped]
from zenpy.lib.api_objects import Comment, Ticket, User  # type: ignore[import-untyped]
from zenpy.lib.exception import APIException, RecordNotFoundException  # type: ignore[import-untyped]

from simulators.zendesk import ADMIN, AGENT, BOT, ZendeskSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]
TICKET: dict[str, Any] = {"subject": "Where?", "comment": {"body": "my coin"}}

# Names of fields: in answers that zenpy's authors recorded from 2023 on, and in Zendesk's reference.
KEYS = """ticket: allow_attachments allow_channelback assignee_id brand_id collaborator_ids created_at custom_fields
 custom_status_id description due_at email_cc_ids external_id fields follower_ids followup_ids forum_topic_id
 from_messaging_channel group_id has_incidents id is_public organization_id priority problem_id raw_subject recipient
 requester_id satisfaction_rating sharing_agreement_ids status subject submitter_id tags ticket_form_id type
 updated_at url via
comment: attachments audit_id author_id body created_at html_body id metadata plain_body public type via
audit: author_id created_at events id metadata ticket_id via
upload: attachment attachments expires_at token
attachment: content_type content_url deleted file_name height id inline malware_access_override malware_scan_result
 mapped_content_url size thumbnails url width
user: active alias created_at custom_role_id default_group_id details email external_id iana_time_zone id
 last_login_at locale locale_id moderator name notes only_private_comments organization_id phone photo report_csv
 restricted_agent role role_type shared shared_agent shared_phone_number signature suspended tags ticket_restriction
 time_zone two_factor_auth_enabled updated_at url user_fields verified
page: after_cursor after_url before_cursor before_url end_of_stream tickets
webhook: created_at created_by endpoint http_method id name request_format signing_secret status subscriptions
 updated_at updated_by
"""
NAMES = {
    kind: frozenset(names.split())
    for kind, _, names in (line.partition(": ") for line in KEYS.replace("\n ", " ").splitlines())
}


class Person:
    """Calls with their own credentials and keeps the last answer's headers."""

    def __init__(self, sim: ZendeskSimulator, email: str, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.login = {"Authorization": aiohttp.encode_basic_auth(f"{email}/token", sim.tokens[email])}
        self.session = session
        self.headers: dict[str, str] = {}

    async def call(self, method: str, path: str, status: int = 200, **given: Any) -> Any:
        headers = {**self.login, **given.pop("headers", {})}
        async with self.session.request(method, f"{self.sim.url}/api/v2{path}", headers=headers, **given) as answer:
            text = await answer.text()
            assert answer.status == status, text
            self.headers = {name.lower(): value for name, value in answer.headers.items()}
            return json.loads(text) if text else None

    async def get(self, path: str, status: int = 200) -> Any:
        return await self.call("GET", path, status)

    async def opened(self, **more: Any) -> Any:
        return (await self.call("POST", "/tickets.json", 201, json={"ticket": {**TICKET, **more}}))["ticket"]

    async def updated(self, number: int, code: int = 200, **ticket: Any) -> Any:
        return await self.call("PUT", f"/tickets/{number}.json", code, json={"ticket": ticket})


@pytest.fixture
async def sim() -> AsyncIterator[ZendeskSimulator]:
    async with ZendeskSimulator(export_lag_s=0) as sim:
        yield sim


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def bot(sim: ZendeskSimulator, session: aiohttp.ClientSession) -> Person:
    return Person(sim, BOT, session)


@pytest.fixture
def agent(sim: ZendeskSimulator, session: aiohttp.ClientSession) -> Person:
    return Person(sim, AGENT, session)


# --- somebody else's client -------------------------------------------------------------------------------------------


def _zenpy(sim: ZendeskSimulator, monkeypatch: pytest.MonkeyPatch, token: str) -> Zenpy:
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", sim.url.removeprefix("http://"))
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    return Zenpy(subdomain="acme", email=ADMIN, token=token)


async def test_zenpy_does_a_days_work(sim: ZendeskSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        desk = _zenpy(sim, monkeypatch, sim.tokens[ADMIN])
        assert desk.users.me().name == "Ada"
        ann = desk.users.create_or_update(User(name="Ann", external_id="Telegram:1"))
        assert ann.email is None
        assert desk.users.create_or_update(User(name="Ann", external_id="telegram:1")).id == ann.id, "case is nothing"
        assert [one.id for one in desk.users.search(external_id="TELEGRAM:1")] == [ann.id]
        assert [one.id for one in desk.users.search(query="Ann")] == [ann.id]
        assert not list(desk.users.search(external_id="telegram"))
        ticket = desk.tickets.create(Ticket(**TICKET, requester_id=ann.id, external_id="k1")).ticket
        assert (ticket.status, ticket.requester.name) == ("new", "Ann")
        ticket.comment, ticket.status = Comment(body="Found!", public=True), "solved"
        desk.tickets.update(ticket)
        upload = desk.attachments.upload(io.BytesIO(b"seven"), target_name="a.txt")
        ticket.comment = Comment(body="see the file", public=False, uploads=[upload.token])
        desk.tickets.update(ticket)
        comments = list(desk.tickets.comments(ticket.id))
        assert [(each.author.name, each.body, each.public) for each in comments] == [
            ("Ann", "my coin", True),
            ("Ada", "Found!", True),
            ("Ada", "see the file", False),
        ]
        assert [file.file_name for file in comments[2].attachments] == ["a.txt"]
        assert [each.status for each in desk.tickets(external_id="k1")] == ["solved"]
        assert list(desk.tickets(external_id="k")) == []
        assert [audit.author.name for audit in desk.tickets.audits(ticket=ticket.id)] == ["Ada"] * 3
        exported = desk.tickets.incremental(start_time=datetime.now(UTC) - timedelta(hours=1))
        assert [each.id for each in exported] == [ticket.id]
        assert {each.name for each in desk.groups()} == {"Support"}
        with pytest.raises(RecordNotFoundException):
            desk.tickets(id=404)

    await asyncio.to_thread(work)


async def test_zenpy_reads_all_pages_by_cursor_and_by_number(
    sim: ZendeskSimulator, agent: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [(await agent.opened())["id"] for _ in range(7)]

    def work() -> None:
        desk = _zenpy(sim, monkeypatch, sim.tokens[ADMIN])
        assert [each.id for each in desk.tickets(cursor_pagination=3)] == numbers
        assert [each.id for each in desk.tickets(cursor_pagination=False, per_page=3)] == numbers
        with pytest.raises(APIException, match="Couldn't authenticate you"):
            _zenpy(sim, monkeypatch, "wrong").users.me()

    await asyncio.to_thread(work)


# --- key by key -------------------------------------------------------------------------------------------------------


async def test_answers_have_the_fields_that_zendesks_have(sim: ZendeskSimulator, bot: Person) -> None:
    ticket = await bot.opened()
    assert set(ticket) == NAMES["ticket"]
    comments = await bot.get(f"/tickets/{ticket['id']}/comments.json?page[size]=10")
    assert set(comments) == {"comments", "meta", "links"}, "no users where nobody asked for them"
    assert set(comments["comments"][0]) == NAMES["comment"]
    by_number = await bot.get(f"/tickets/{ticket['id']}/comments.json?include=users")
    assert set(by_number) == {"comments", "users", "count", "next_page", "previous_page"}
    assert set(by_number["users"][0]) == NAMES["user"]
    audits = await bot.get(f"/tickets/{ticket['id']}/audits.json")
    assert set(audits["audits"][0]) == NAMES["audit"]
    start = int(sim.now().timestamp()) - 100
    page = await bot.get(f"/incremental/tickets/cursor.json?start_time={start}")
    assert set(page) == NAMES["page"]
    assert set(page["tickets"][0]) == NAMES["ticket"] | {"generated_timestamp"}
    counted = await bot.get(f"/tickets/{ticket['id']}.json?include=comment_count")
    assert set(counted["ticket"]) == NAMES["ticket"] | {"comment_count"}
    upload = (await bot.call("POST", "/uploads.json?filename=a.png", 201, data=b"png"))["upload"]
    assert bot.headers["content-type"].startswith("text/plain"), "as the real one says of its JSON"
    assert set(upload) == NAMES["upload"]
    assert set(upload["attachment"]) == NAMES["attachment"]


# --- what it takes and refuses ----------------------------------------------------------------------------------------


async def test_a_request_with_a_key_is_applied_once_in_two_hours(sim: ZendeskSimulator, bot: Person) -> None:
    async def create(body: bytes, status: int = 201) -> Any:
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        return await bot.call("POST", "/tickets.json", status, data=body, headers=headers)

    body = json.dumps({"ticket": TICKET}).encode()
    first = await create(body)
    assert bot.headers["x-idempotency-lookup"] == "miss"
    assert await create(body) == first
    assert bot.headers["x-idempotency-lookup"] == "hit"
    other = await create(body.replace(b": ", b":"), 400)
    assert other["error"] == "IdempotentRequestError", "other bytes, though the same JSON"
    sim.advance(7201)
    assert (await create(body))["ticket"]["id"] != first["ticket"]["id"]


async def test_words_are_shown_as_zendesk_shows_them(bot: Person) -> None:
    plain = await bot.opened(comment={"body": "1 <b>bold</b>\n2"})
    assert plain["description"] == "1 bold\n2", "tags are taken out of a plain body"
    rich = await bot.opened(comment={"html_body": "1 &lt;b&gt;<br>2"})
    assert rich["description"] == "1 <b>\n2"
    assert (await bot.updated(rich["id"], 422, comment={"body": "  "}))["error"] == "RecordInvalid"


async def test_a_closed_ticket_is_closed_for_good_and_can_be_followed(bot: Person, sim: ZendeskSimulator) -> None:
    source = await bot.opened()
    refused = await bot.call(
        "POST", "/tickets.json", 422, json={"ticket": {**TICKET, "via_followup_source_id": source["id"]}}
    )
    assert refused["error"] == "RecordInvalid"
    await bot.updated(source["id"], status="closed")
    answer = await bot.updated(source["id"], 422, status="open")
    assert answer["error"] == "RecordInvalid"
    assert answer["details"]["status"][0]["description"] == "Status: closed prevents ticket update"
    requester = sim.add_user(name="Ann")["id"]
    later = await bot.opened(
        via_followup_source_id=source["id"], requester_id=requester, submitter_id=requester,
        comment={"body": "it is back", "author_id": requester},
    )  # fmt: skip
    assert (later["requester_id"], later["submitter_id"]) == (requester, 7000000000001)
    comments = (await bot.get(f"/tickets/{later['id']}/comments.json"))["comments"]
    assert comments[0]["author_id"] == 7000000000001, "whoever makes a follow-up is its first author"


async def test_a_safe_update_is_refused_where_the_ticket_is_newer(sim: ZendeskSimulator, bot: Person) -> None:
    ticket = await bot.opened()
    sim.advance(2)
    await bot.updated(ticket["id"], priority="low")
    stale = {"safe_update": True, "updated_stamp": ticket["updated_at"], "priority": "high"}
    assert (await bot.updated(ticket["id"], 409, **stale))["error"] == "UpdateConflict"
    assert (await bot.get(f"/tickets/{ticket['id']}.json"))["ticket"]["priority"] == "low"


@pytest.mark.parametrize(
    ("ticket", "field"),
    [
        ({"status": "marinating"}, "status"),
        ({"priority": "whenever"}, "priority"),
        ({"group_id": 1}, "group"),
        ({"requester_id": 1}, "requester"),
        ({"requester": {"name": "nobody"}}, "requester"),
        ({"comment": {"body": "x", "uploads": ["unknown"]}}, "attachments"),
        ({"comment": {"body": "x", "author_id": 1}}, "author"),
        ({"metadata": {"long": "x" * 1025}}, "metadata"),
        ({"comment": {}}, "base"),
    ],
    ids=lambda case: str(case)[:30],
)
async def test_what_is_invalid_is_refused_by_its_field(
    sim: ZendeskSimulator, bot: Person, ticket: dict[str, Any], field: str
) -> None:
    answer = await bot.call("POST", "/tickets.json", 422, json={"ticket": {**TICKET, **ticket}})
    assert (answer["error"], list(answer["details"])) == ("RecordInvalid", [field])
    assert not sim.tickets


async def test_what_is_unknown_or_unreadable_is_refused_or_dropped(sim: ZendeskSimulator, bot: Person) -> None:
    assert (await bot.get("/nothing.json", 404))["error"] == "InvalidEndpoint"
    assert (await bot.get("/tickets/404.json", 404))["error"] == "RecordNotFound"
    await bot.call("POST", "/tickets.json", 422, data=b"{")
    await bot.call("POST", "/tickets.json", 400, json={"ticket": [1]})
    await bot.opened(colour="blue")
    assert sim.warnings == ["ticket.colour"]


async def test_each_sees_and_does_what_they_may(sim: ZendeskSimulator, session: aiohttp.ClientSession) -> None:
    ann = sim.add_user(name="Ann", email="ann@example.org")
    sim.tokens["ann@example.org"] = "anns-token"
    bot, agent, user = (Person(sim, email, session) for email in (BOT, AGENT, "ann@example.org"))
    mine, other = await bot.opened(requester_id=ann["id"]), await bot.opened()
    await agent.updated(mine["id"], comment={"body": "a secret", "public": False})
    await agent.updated(mine["id"], comment={"body": "an answer"})
    seen = (await user.get(f"/requests/{mine['id']}/comments.json"))["comments"]
    assert [each["body"] for each in seen] == ["my coin", "an answer"]
    assert (await user.get(f"/requests/{mine['id']}.json"))["request"]["status"] == "new"
    await user.get(f"/requests/{other['id']}.json", 404)
    await user.get(f"/tickets/{mine['id']}.json", 403)
    forbidden = await agent.get(f"/incremental/tickets/cursor.json?start_time={int(sim.now().timestamp()) - 99}", 403)
    assert forbidden["error"]["title"] == "Forbidden"
    async with session.get(f"{sim.url}/api/v2/users/me.json") as answer:
        assert (answer.status, (await answer.json())["error"]) == (401, "Couldn't authenticate you")


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_an_account_has_a_limit_and_says_so(session: aiohttp.ClientSession) -> None:
    async with ZendeskSimulator(per_minute=3) as sim:
        bot = Person(sim, BOT, session)
        for left in ("2", "1", "0"):
            await bot.get("/users/me.json")
            assert (bot.headers["x-rate-limit"], bot.headers["x-rate-limit-remaining"]) == ("3", left)
            assert (bot.headers["ratelimit-limit"], bot.headers["ratelimit-remaining"]) == ("3", left)
        await bot.get("/users/me.json", 429)
        assert 0 < int(bot.headers["retry-after"]) <= 60
        sim.advance(61)
        await bot.get("/users/me.json")


async def test_one_ticket_takes_thirty_updates_of_one_user_in_ten_minutes(
    sim: ZendeskSimulator, bot: Person, agent: Person
) -> None:
    number = (await bot.opened())["id"]
    for left in range(29, -1, -1):
        await bot.updated(number, comment={"body": "x"})
        assert f"total=30; remaining={left};" in bot.headers["zendesk-ratelimit-per-ticket-updates"]
    await bot.updated(number, 429, comment={"body": "x"})
    await agent.updated(number, comment={"body": "x"})
    sim.advance(601)
    await bot.updated(number, comment={"body": "x"})


async def test_a_user_is_written_five_times_a_minute(sim: ZendeskSimulator, bot: Person) -> None:
    user = {"name": "Ann", "external_id": "t:1"}
    for status in (201, 200, 200, 200, 200):
        await bot.call("POST", "/users/create_or_update.json", status, json={"user": user})
    await bot.call("POST", "/users/create_or_update.json", 429, json={"user": user})
    await bot.call("POST", "/users/create_or_update.json", 201, json={"user": {"name": "B", "external_id": "t:2"}})
    refused = await bot.call("POST", "/users/create_or_update.json", 422, json={"user": {"external_id": "t:3"}})
    assert list(refused["details"]) == ["name"]
    await bot.call("GET", "/users/search.json", 400)


# --- the export -------------------------------------------------------------------------------------------------------


async def test_the_export_leaves_out_the_last_minute_and_goes_on_from_its_cursor(
    session: aiohttp.ClientSession,
) -> None:
    async with ZendeskSimulator(export_page=2) as sim:
        bot = Person(sim, BOT, session)
        where = "/incremental/tickets/cursor.json"
        now = int(sim.now().timestamp())
        assert (await bot.get(f"{where}?start_time={now}", 422))["error"] == "InvalidValue"
        await bot.get(where, 400)
        await bot.get(f"{where}?cursor=§", 400)
        first, second, third = [(await bot.opened())["id"] for _ in range(3)]
        nothing = await bot.get(f"{where}?start_time={now - 100}")
        assert (nothing["tickets"], nothing["end_of_stream"], nothing["after_cursor"]) == ([], True, None)
        sim.advance(61)
        page = await bot.get(f"{where}?start_time={now - 100}")
        assert ([row["id"] for row in page["tickets"]], page["end_of_stream"]) == ([first, second], False)
        rest = await bot.get(f"{where}?cursor={page['after_cursor']}")
        assert ([row["id"] for row in rest["tickets"]], rest["end_of_stream"]) == ([third], True)
        await bot.updated(first, comment={"body": "again"})
        sim.advance(61)
        news = await bot.get(f"{where}?cursor={rest['after_cursor']}")
        assert [row["id"] for row in news["tickets"]] == [first]
        for _ in range(9):
            await bot.get(f"{where}?cursor={news['after_cursor']}")
        await bot.get(f"{where}?cursor={news['after_cursor']}", 429)


# --- webhooks, and the process ----------------------------------------------------------------------------------------


async def test_a_webhook_is_signed_over_its_time_and_its_raw_body(
    sim: ZendeskSimulator, session: aiohttp.ClientSession
) -> None:
    calls: list[tuple[Any, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        calls.append((request.headers, await request.read()))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    admin, agent = Person(sim, ADMIN, session), Person(sim, AGENT, session)
    where = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    hook: dict[str, Any] = {
        "name": "h",
        "endpoint": where,
        "http_method": "POST",
        "request_format": "json",
        "status": "active",
    }
    hook["subscriptions"] = ["conditional_ticket_events"]
    await agent.call("POST", "/webhooks", 403, json={"webhook": hook})
    made = (await admin.call("POST", "/webhooks", 201, json={"webhook": hook}))["webhook"]
    assert set(made) == NAMES["webhook"]
    assert "signing_secret" not in (await admin.get("/webhooks"))["webhooks"][0]
    secret = (await admin.get(f"/webhooks/{made['id']}/signing_secret"))["signing_secret"]
    ticket = await agent.opened()
    await sim.delivered()
    ((headers, body),) = calls
    assert json.loads(body) == {"ticket_id": str(ticket["id"])}
    stamp = headers["X-Zendesk-Webhook-Signature-Timestamp"]
    digest = hmac.new(secret["secret"].encode(), stamp.encode() + body, hashlib.sha256).digest()
    assert headers["X-Zendesk-Webhook-Signature"] == base64.b64encode(digest).decode()
    assert (headers["X-Zendesk-Webhook-Id"], sim.deliveries) == (made["id"], [202])
    await runner.cleanup()
    await agent.updated(ticket["id"], comment={"body": "nobody listens any more"})
    await sim.delivered()
    assert sim.deliveries == [202, 0]


async def test_it_is_a_process_that_says_where_it_is_and_ends_when_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.zendesk", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    said = json.loads(await process.stdout.readline())
    login = {"Authorization": aiohttp.encode_basic_auth(f"{said['email']}/token", said["token"])}
    async with aiohttp.ClientSession() as session, session.get(f"{said['url']}/api/v2/users/me", headers=login) as me:
        assert (await me.json())["user"]["email"] == BOT
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
