"""The simulated Request Tracker, driven by somebody else's client and by bare requests."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from rt.exceptions import AuthorizationError, BadRequestError, NotFoundError
from rt.rest2 import Attachment, Rt

from simulators.request_tracker import RequestTrackerSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

_ROOT = Path(__file__).parents[2]


@pytest.fixture
async def sim() -> AsyncIterator[RequestTrackerSimulator]:
    async with RequestTrackerSimulator() as sim:
        yield sim


async def driven(sim: RequestTrackerSimulator, act: Callable[[Any], Any], key: str = "") -> Any:
    """What the library does there, in a thread of its own because it blocks."""

    def run() -> Any:
        client = Rt(f"{sim.url}/REST/2.0/", token=key or sim.key)
        try:
            return act(client)
        finally:
            client.session.close()

    return await asyncio.to_thread(run)


class Answer:
    """An answer to a bare request."""

    def __init__(self, status: int, headers: Any, data: Any) -> None:
        self.status, self.headers, self.data = status, headers, data


async def asked(
    sim: RequestTrackerSimulator, method: str, path: str, body: object = None, headers: Any = None, **options: Any
) -> Answer:
    headers = {"Authorization": f"token {sim.key}", **(headers or {})}
    data = body if isinstance(body, str | None) else json.dumps(body)
    if data is not None:
        headers = {"Content-Type": "application/json", **headers}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"{sim.url}/REST/2.0{path}", data=data, headers=headers, **options) as answer,
    ):
        text = await answer.text()
        return Answer(answer.status, answer.headers, json.loads(text) if text else None)


# --- by the library `rt` ----------------------------------------------------------------------------------------------


async def test_a_tickets_life_by_the_library(sim: RequestTrackerSimulator) -> None:
    def life(client: Any) -> dict[str, Any]:
        number = client.create_ticket(
            "Support", subject="Where is my coin?", content="It was here.", Requestor="ann@home.example", Priority=50,
            CustomFields={"ExternalId": "k-1"},
        )  # fmt: skip
        assert client.comment(number, "between us")
        assert client.reply(number, "<b>Found</b>", content_type="text/html")
        assert client.reply(number, "Look", attachments=[Attachment("пруф.txt", "text/plain", b"here")])
        assert client.edit_ticket(number, Status="resolved", Subject="Coin found")
        assert not list(client.search(queue="Nowhere"))
        return {
            "ticket": client.get_ticket(number),
            "history": client.get_ticket_history(number),
            "found": list(client.search(queue="Support", Subject__like="coin", order="-id")),
            "files": client.get_attachments(number),
            "file": client.get_attachment(client.get_attachments_ids(number)[0]),
            "queue": client.get_queue("Support"),
        }

    seen = await driven(sim, life)
    ticket = seen["ticket"]
    assert (ticket["Subject"], ticket["Status"], ticket["Priority"]) == ("Coin found", "resolved", "50")
    assert ticket["Queue"]["Name"] == "Support"
    assert [one["id"] for one in ticket["Requestor"]] == ["ann@home.example"]
    assert ticket["CustomFields"][0]["values"] == ["k-1"]
    assert [one["Type"] for one in seen["history"]] == [
        "Create", "Comment", "Correspond", "Status", "Correspond", "Status", "Set",
    ]  # fmt: skip
    assert seen["history"][0]["Creator"]["Name"] == "firstline"
    assert [one["id"] for one in seen["found"]] == ["1"]
    assert [(one["Filename"], one["ContentLength"]) for one in seen["files"]] == [("пруф.txt", "4")]
    assert seen["file"]["Content"] == "aGVyZQ==\n"
    assert seen["queue"]["TicketCustomFields"][0]["name"] == "ExternalId"


async def test_users_by_the_library(sim: RequestTrackerSimulator) -> None:
    def people(client: Any) -> None:
        assert client.create_user("telegram:bot:1", "", RealName="Ann") == "telegram:bot:1"
        assert client.get_user("telegram:bot:1")["RealName"] == "Ann"
        assert client.user_exists("mia")
        assert not client.user_exists("telegram:bot:1")
        assert client.user_exists("telegram:bot:1", privileged=False)
        assert not client.user_exists("nobody-here")
        with pytest.raises(BadRequestError, match="Name in use"):
            client.create_user("Telegram:Bot:1", "")

    await driven(sim, people)


async def test_the_library_hears_what_is_refused(sim: RequestTrackerSimulator) -> None:
    with pytest.raises(AuthorizationError):
        await driven(sim, lambda client: client.get_ticket(1), key="1-2-" + "0" * 32)
    with pytest.raises(NotFoundError):
        await driven(sim, lambda client: client.get_ticket(1))
    with pytest.raises(BadRequestError, match="Unable to find queue"):
        await driven(sim, lambda client: client.create_ticket("Nowhere", subject="x", content="y"))
    with pytest.raises(BadRequestError, match="Permission Denied"):
        await driven(sim, lambda client: client.comment(404, "x"))


async def test_long_lists_by_the_library_page_by_page(sim: RequestTrackerSimulator) -> None:
    def many(client: Any) -> tuple[list[Any], list[Any]]:
        for number in range(25):
            client.create_ticket("Support", subject=f"Ticket {number}", content="x")
        for _ in range(30):
            client.comment(1, "again")
        return list(client.search(queue="Support", order="-id")), client.get_ticket_history(1)

    found, history = await driven(sim, many)
    assert [one["id"] for one in found] == [str(number) for number in range(25, 0, -1)]
    assert [one["Type"] for one in history] == ["Create", *["Comment"] * 30]


# --- by bare requests -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        (("GET", "/rt", None, {"Authorization": "token 1-1-x"}), 401, "Unauthorized"),
        (("GET", "/rt", None, {"Authorization": "Basic eDp5"}), 401, "Unauthorized"),
        (("GET", "/nothing"), 404, "Not Found"),
        (("GET", "/ticket/99"), 404, "Not Found"),
        (("GET", "/ticket/none"), 404, "Not Found"),
        (("GET", "/user/none"), 404, "Not Found"),
        (("GET", "/queue/none"), 404, "Not Found"),
        (("GET", "/transaction/1"), 404, "Not Found"),
        (("GET", "/attachment/99"), 404, "Not Found"),
        (("DELETE", "/rt"), 405, "Method Not Allowed"),
        (("POST", "/ticket", "{"), 400, "JSON parse error"),
        (("POST", "/ticket", "[]"), 400, "JSON object must be a HASH"),
        (("POST", "/ticket", "x", {"Content-Type": "text/csv"}), 415, "Unsupported Media Type"),
        (("POST", "/ticket", {"Subject": "x"}), 400, "Could not create ticket. Queue not set"),
        (("POST", "/ticket/1", {"Queue": "Support"}), 409, "Resource already exists"),
        (("PUT", "/ticket/1", {"Subject": "y"}, {"If-Match": '"1"'}), 412, "Precondition Failed"),
        (("POST", "/ticket/1/comment", {"Content": "x"}), 400, "ContentType is a required field"),
        (("POST", "/ticket/1/comment", {"Attachments": [{"FileName": "a", "FileType": "b"}]}), 400, "FileContent is a"),
        (("POST", "/user", {"RealName": "x"}), 400, "Must specify 'Name'"),
    ],
)
async def test_what_rt_refuses_is_refused(
    sim: RequestTrackerSimulator, request_: tuple[Any, ...], status: int, message: str
) -> None:
    await asked(sim, "POST", "/ticket", {"Queue": "Support", "Subject": "x", "Content": "y"})
    answer = await asked(sim, *request_)
    assert answer.status == status
    assert str(answer.data["message"]).startswith(message)
    assert len(sim.of(1)) == 1, "nothing was done"


async def test_opening_answers_with_where_the_ticket_is_and_reading_with_its_last_transaction(
    sim: RequestTrackerSimulator,
) -> None:
    made = await asked(sim, "POST", "/ticket", {"Queue": "1", "Subject": "x", "Content": "y", "Colour": "red"})
    url = f"{sim.url}/REST/2.0/ticket/1"
    assert (made.status, made.headers["Location"]) == (201, url)
    assert made.data == {"type": "ticket", "id": "1", "_url": url}
    assert sim.ignored == {"Colour"}
    etag = (await asked(sim, "GET", "/ticket/1")).headers["ETag"]
    assert (await asked(sim, "GET", "/ticket/1", headers={"If-None-Match": etag})).status == 304
    changed = await asked(sim, "PUT", "/ticket/1", {"Status": "open", "Subject": "x"}, headers={"If-Match": etag})
    assert changed.data == ["Ticket 1: Status changed from 'new' to 'open'"]
    assert (await asked(sim, "PUT", "/ticket/1", {"Subject": "z"}, headers={"If-Match": etag})).status == 412
    unknown = await asked(sim, "PUT", "/ticket/1", {"Status": "done"})
    assert (unknown.status, unknown.data) == (200, ["Ticket 1: Status 'done' isn't a valid status for this ticket."])


async def test_who_may_not_is_told_in_a_good_answer_or_sees_nothing(sim: RequestTrackerSimulator) -> None:
    await asked(sim, "POST", "/ticket", {"Queue": "1", "CustomFields": {"ExternalId": "k"}})
    await asked(sim, "POST", "/ticket/1/comment", {"Content": "x", "ContentType": "text/plain"})
    rights = sim.users["firstline"].rights
    rights -= {"ModifyTicket", "ShowTicketComments", "SeeCustomField"}
    refused = await asked(sim, "PUT", "/ticket/1", {"Status": "open"})
    assert (refused.status, refused.data) == (200, ["Ticket 1: Permission Denied"])
    history = await asked(sim, "GET", "/ticket/1/history", params={"fields": "Type"})
    assert [one["Type"] for one in history.data["items"]] == ["Create"]
    assert (history.data["total"], history.data["pages"]) == (None, None)
    assert (await asked(sim, "GET", f"/transaction/{sim.of(1)[1].id}")).status == 403
    assert (await asked(sim, "GET", "/ticket/1")).data["CustomFields"] == []
    found = await asked(sim, "GET", "/tickets", params={"query": "'CF.{ExternalId}' = 'k'"})
    assert found.data["items"] == []
    rights -= {"ShowTicket"}
    assert (await asked(sim, "GET", "/ticket/1")).status == 403


async def test_small_things_are_as_in_rt(sim: RequestTrackerSimulator) -> None:
    await asked(sim, "POST", "/ticket", {"Queue": "1", "Subject": "x"})
    plain = await asked(sim, "POST", "/ticket/1/correspond", "all of it", {"Content-Type": "text/plain"})
    assert plain.data == ["Correspondence added"]
    await asked(sim, "POST", "/ticket/1/comment", {"Content": "0", "ContentType": "text/plain"})
    told = (await asked(sim, "GET", f"/transaction/{sim.of(1)[1].id}")).data
    assert (told["Type"], told["ObjectType"], told["ObjectId"]) == ("Correspond", "RT::Ticket", "1")
    assert [part.content for one in sim.of(1) for part in one.attachments] == [b"", b"all of it", b""]
    fields = (await asked(sim, "GET", "/customfields", params={"fields": "Name"})).data
    assert [one["Name"] for one in fields["items"]] == ["ExternalId"]
    assert (await asked(sim, "GET", "/user/MIA")).data["Name"] == "mia"
    assert (await asked(sim, "DELETE", "/ticket/1")).status == 403
    sim.users["firstline"].rights.add("DeleteTicket")
    assert (await asked(sim, "DELETE", "/ticket/1")).status == 204
    assert sim.tickets[1].status == "deleted"


async def test_who_has_no_rights_sees_nobody(sim: RequestTrackerSimulator) -> None:
    await asked(sim, "POST", "/ticket", {"Queue": "1", "Content": "x"})
    sim.users["firstline"].rights.clear()
    sim.users["firstline"].privileged = False
    for path in ("/user/mia", "/customfield/1", "/queue/1", "/attachment/1", "/ticket/1"):
        assert (await asked(sim, "GET", path)).status == 403
    assert (await asked(sim, "GET", "/user/firstline")).data["Privileged"] == 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("id > 0", ["1", "2"]),
        ("id = 2 OR Subject = 'FIRST'", ["1", "2"]),
        ("(Queue = 'Support') AND (Subject LIKE \"irs\")", ["1"]),
        ("Subject NOT LIKE 'irs' AND Status != 'open'", ["2"]),
        ("CF.{ExternalId} = 'it\\'s'", ["2"]),
        ("'CF.{ExternalId}' = 'K-1' AND id < 5", ["1"]),
        ("Status = 'deleted'", ["3"]),
        ("", ["1", "2"]),
        ('[{"field": "id", "operator": ">", "value": 1}]', ["2"]),
    ],
)
async def test_searches(sim: RequestTrackerSimulator, query: str, found: list[str]) -> None:
    for subject, key in (("First", "k-1"), ("Second", "it's"), ("Third", "")):
        await asked(sim, "POST", "/ticket", {"Queue": "1", "Subject": subject, "CustomFields": {"ExternalId": key}})
    sim.tickets[3].status = "deleted"
    answer = await asked(sim, "GET", "/tickets", params={"query": query, "orderby": "id"})
    assert [one["id"] for one in answer.data["items"]] == found
    assert answer.data["total"] == len(found)


@pytest.mark.parametrize(
    "query", ["id", "id =", "id = 'x", "Colour = 1", "(id = 1", "id = 1 id = 2", "id ~ 1", "id LIKE"]
)
async def test_a_search_that_is_none_is_refused(sim: RequestTrackerSimulator, query: str) -> None:
    assert (await asked(sim, "GET", "/tickets", params={"query": query})).status == 400


async def test_a_page_says_where_the_next_one_is(sim: RequestTrackerSimulator) -> None:
    params = {"query": "id > 0", "per_page": "3", "orderby": "id", "order": "DESC"}
    first = (await asked(sim, "GET", "/transactions", params=params)).data
    assert (first["count"], first["page"], "prev_page" in first) == (3, 1, False)
    second = (await asked(sim, "GET", first["next_page"].removeprefix(f"{sim.url}/REST/2.0"))).data
    assert second["page"] == 2
    ids = [int(one["id"]) for one in (*first["items"], *second["items"])]
    assert ids == sorted(ids, reverse=True)
    assert "next_page" not in second


async def test_a_gateways_limit_and_a_slow_day() -> None:
    async with RequestTrackerSimulator(limit_per_minute=2, latency_s=0.05) as sim:
        start = asyncio.get_running_loop().time()
        answers = [await asked(sim, "GET", "/rt") for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert answers[-1].headers["Retry-After"] == "60"
        assert asyncio.get_running_loop().time() - start >= 0.15
        assert sim.calls == [("GET", "/REST/2.0/rt")] * 3


async def test_it_runs_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.request_tracker", "--port", "0", cwd=_ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        told = json.loads(await process.stdout.readline())
        headers = {"Authorization": f"token {told['key']}"}
        async with aiohttp.ClientSession() as http, http.get(f"{told['url']}/REST/2.0/rt", headers=headers) as answer:
            assert (await answer.json())["Version"].startswith("5.")
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
