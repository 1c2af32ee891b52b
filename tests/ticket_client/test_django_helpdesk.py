"""django-helpdesk keeps the contract: a real server, read by its own pages and its database, past our client."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tomllib
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st
from markdown import Extension, markdown  # type: ignore[import-untyped]
from yarl import URL

import ticket_client.client
from simulators.django_helpdesk import DjangoHelpdesk
from tests.growth import TOO_STEEP, growth
from tests.ticket_client.contract import DRAFT, PICTURE, DeskContract, opened, same
from tests.ticket_client.exactly_once import ExactlyOnce, desk_behind
from tests.ticket_client.fault_proxy import FaultProxy
from ticket_client import django_helpdesk
from ticket_client.base import AgentFile, Ambiguous, AuthFailed, Status, Unavailable, WebhookCall, mark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.ticket_client.contract import Bench
    from tests.ticket_client.exactly_once import WireBench
    from ticket_client.base import UserFile

EXAMPLE = Path(django_helpdesk.__file__).parents[1] / "config" / "firstline.example.toml"
_MARK = re.compile(r"\s*\[ref [0-9a-f]{10}\]$")


class DjangoBench:
    """The desk, and an agent who works with its own pages; ``lines`` is what these show."""

    def __init__(self, server: DjangoHelpdesk, **settings: Any) -> None:
        self.server = server
        self.more = settings
        self.upstream = server.access.url
        self.module = "ticket_client.django_helpdesk"
        self.creation = ("POST", "/api/tickets/")
        self.desk = django_helpdesk.create(
            "desk", django_helpdesk.Settings.model_validate({**self.settings(self.upstream), **settings}), {}
        )
        self._agent: aiohttp.ClientSession | None = None

    def settings(self, url: str) -> dict[str, Any]:
        return {**self.server.access.section, "url": url, "timeout_s": 1, "settle_s": 0, "reconcile_s": 0}

    async def close(self) -> None:
        await self.desk.close()
        if self._agent is not None:
            await self._agent.close()

    # --- what the agent does ----------------------------------------------------------------------------------------

    async def page(self, path: str) -> str:
        """A page as the agent sees it; the first one logs in."""
        if self._agent is None:
            self._agent = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
            await self.page("/login/")
            access = self.server.access
            await self.post("/login/", username=access.agent, password=access.password)
        async with self._agent.get(self.upstream + path) as response:
            assert response.status == 200, path
            return await response.text()

    async def post(self, path: str, **fields: str) -> None:
        """A form that the agent sends."""
        agent = self._agent
        assert agent is not None
        (token,) = [cookie.value for cookie in agent.cookie_jar if cookie.key == "csrftoken"]
        form = {"csrfmiddlewaretoken": token, **fields}
        async with agent.post(self.upstream + path, data=form, allow_redirects=False) as response:
            assert response.status == 302, f"{path}: {response.status}"

    async def update(self, ticket_id: str, **fields: str) -> None:
        """The form under a ticket; what is not said here stays as the page has it."""
        shown = _Form(await self.page(f"/tickets/{ticket_id}/")).values
        shown.pop("public")
        await self.post(f"/tickets/{ticket_id}/update/", **(shown | fields))

    async def answer(self, ticket_id: str, text: str) -> None:
        typed = re.sub(r"([*_`\[<\\])", r"\\\1", text)  # an agent who knows that the page shows Markdown
        await self.update(ticket_id, comment=typed, public="1", new_status=await self.status(ticket_id))

    async def note(self, ticket_id: str, text: str) -> None:
        await self.update(ticket_id, comment=text, new_status=await self.status(ticket_id))

    async def turn(self, ticket_id: str, status: Status) -> None:
        match status:
            case Status.RESOLVED:
                await self.update(ticket_id, new_status="3", public="1")
            case Status.ON_HOLD:
                await self.page("/tickets/")
                await self.post(f"/tickets/{ticket_id}/hold/")
            case _:
                raise LookupError("Open, Reopened, Resolved, Closed and Duplicate: and each of them can be reopened.")

    async def status(self, ticket_id: str) -> str:
        ((status,),) = self.server.query("SELECT status FROM helpdesk_ticket WHERE id = ?", ticket_id)
        return str(status)

    async def attach(self, ticket_id: str, file: UserFile) -> None:
        """A public follow-up of the agent with nothing but a file, by the API."""
        form = aiohttp.FormData({"ticket": ticket_id, "public": "true"})
        form.add_field("attachments", file.content, filename=file.name, content_type=file.media_type)
        await self.as_agent("POST", "/api/followups/", form)

    async def patch(self, ticket_id: str, **fields: object) -> None:
        """What another program does to a ticket: it leaves no follow-up."""
        await self.as_agent("PATCH", f"/api/tickets/{ticket_id}/", aiohttp.JsonPayload(fields))

    async def as_agent(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API with the agent's token."""
        headers = {"Authorization": f"Token {self.server.access.agent_token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.request(method, self.upstream + path, data=body) as response,
        ):
            assert response.status in {200, 201}, await response.text()
            return await response.json()

    def insert(self, ticket_id: str, *comments: str, user: int | None = 2, id_: int | None = None) -> None:
        """Public follow-ups that come about in some other way."""
        self.server.execute(
            "INSERT INTO helpdesk_followup (id, ticket_id, date, title, comment, public, user_id)"
            " VALUES (?, ?, datetime('now'), 'x', ?, 1, ?)",
            *((id_, ticket_id, comment, user) for comment in comments),
        )

    # --- what the agent sees, and what there is -----------------------------------------------------------------------

    async def lines(self, ticket_id: str) -> list[tuple[str, str]]:
        page = await self.page(f"/tickets/{ticket_id}/")
        _, _, followups = page.partition('<ul id="followup-list"')
        said = [_line(item) for item in re.split(r'<li class="list-group-item list-group-item-action">', followups)[1:]]
        return [(kind, text) for kind, text in said if text]

    async def files(self, ticket_id: str) -> list[tuple[str, bytes]]:
        rows = self.server.query(
            "SELECT a.filename, a.file FROM helpdesk_followupattachment a JOIN helpdesk_followup f"
            " ON f.id = a.followup_id WHERE f.ticket_id = ? ORDER BY a.id",
            ticket_id,
        )
        media = self.server.folder / "media"
        return [(str(name), (media / str(file)).read_bytes()) for name, file in rows]

    async def count(self, key: str) -> int:
        return len(self.server.query("SELECT 1 FROM helpdesk_ticketcustomfieldvalue WHERE value = ?", key))


class _Text(HTMLParser):
    """What is read on a page, with its line breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_starttag(self, tag: str, _: Any) -> None:
        self.text += {"br": "\n", "p": "\n\n"}.get(tag, "")

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\n", "")


def seen(fragment: str) -> str:
    """The words of a piece of a page."""
    reader = _Text()
    reader.feed(fragment)
    return reader.text.strip()


def _line(item: str) -> tuple[str, str]:
    author = re.search(r"</time>\s*·\s*(\w+)", item)
    kind = "note" if "fa-lock" in item else "reply" if author is not None and author[1] == "agent" else "user"
    comment = re.search(r'<div class="mt-3">(.*?)</div>', item, re.DOTALL)
    text = _MARK.sub("", seen(comment[1])) if comment else ""
    return kind, text.replace("\u2060", "")


class _Form(HTMLParser):
    """The form for an answer, as a browser would send it; `values` by name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""
        self.feed(page.partition('id="ticket-respond-form"')[2].partition("</form>")[0])

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        said = dict(attrs)
        match tag:
            case "select":
                self._select = said["name"]
            case "option" if "selected" in said or self._select not in self.values:
                self.values[self._select] = said["value"]
            case "input" if said.get("type") not in {"file", "time", "radio"} and said["name"] != "csrfmiddlewaretoken":
                self.values[said["name"]] = said.get("value") or ""
            case _:
                pass


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DjangoHelpdesk]:
    async with DjangoHelpdesk(tmp_path_factory.mktemp("desk")) as running:
        yield running


@asynccontextmanager
async def at_work(server: DjangoHelpdesk, **settings: Any) -> AsyncIterator[DjangoBench]:
    server.empty()
    bench = DjangoBench(server, **settings)
    try:
        yield bench
    finally:
        await bench.close()


class TestDjangoHelpdeskDesk(DeskContract):
    @pytest.fixture
    async def bench(self, server: DjangoHelpdesk) -> AsyncIterator[Bench]:
        async with at_work(server) as bench:
            yield bench


class TestDjangoHelpdeskExactlyOnce(ExactlyOnce):
    @pytest.fixture
    async def bench(self, server: DjangoHelpdesk) -> AsyncIterator[WireBench]:
        async with at_work(server) as bench:
            yield bench


@pytest.fixture
async def bench(server: DjangoHelpdesk) -> AsyncIterator[DjangoBench]:
    async with at_work(server) as bench:
        yield bench


def anew(bench: DjangoBench, **settings: Any) -> DjangoBench:
    """The same desk and server, seen by a bot that was just started."""
    return DjangoBench(bench.server, **settings)


# --- what it does that nobody expects -------------------------------------------------------------------------------


async def test_no_address_is_made_up_and_no_mail_goes_out(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    await bench.desk.add_user_message(ref.id, "and my hat", key="in:1:words")
    await bench.answer(ref.id, "hello")
    assert bench.server.query("SELECT coalesce(submitter_email, '') FROM helpdesk_ticket") == [("",)]
    assert not (bench.server.folder / "mail").exists()


async def test_a_tickets_title_stays_what_it_is_and_leaves_room_for_what_the_desk_adds(bench: DjangoBench) -> None:
    ref = await opened(bench.desk, replace(DRAFT, subject="Ä\u202e🪙" * 200))
    title = bench.server.query("SELECT title FROM helpdesk_ticket")
    assert len(str(title[0][0])) == 150
    await bench.turn(ref.id, Status.RESOLVED)
    await bench.desk.add_note(ref.id, "note", key="n")
    await bench.desk.add_user_message(ref.id, "words", key="m")
    await bench.desk.add_files(ref.id, [PICTURE], key="f")
    assert bench.server.query("SELECT title FROM helpdesk_ticket") == title
    assert bench.server.query("SELECT 1 FROM helpdesk_followup WHERE length(title) > 200") == []


@pytest.mark.parametrize("resolution", ["You have it back.", None])
async def test_a_note_does_not_become_the_resolution(bench: DjangoBench, resolution: str | None) -> None:
    ref = await opened(bench.desk)
    await bench.update(ref.id, new_status="3", comment=resolution or "", public="1")
    await bench.desk.add_note(ref.id, "rated 1 of 5, and rude", key="n")
    assert bench.server.query("SELECT resolution, status FROM helpdesk_ticket") == [(resolution or "", 3)]


async def test_a_status_that_another_program_sets_is_told_though_it_leaves_no_follow_up(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    beginning = await bench.desk.changed("")
    told = await bench.desk.changed(beginning.cursor)
    assert (await bench.desk.changed(told.cursor)).ids == ()
    await bench.patch(ref.id, status=3)
    assert (await bench.desk.changed(told.cursor)).ids == (ref.id,)
    restarted = anew(bench)
    news = await restarted.desk.changed(told.cursor)
    assert news.ids == (ref.id,)
    assert (await restarted.desk.changed(news.cursor)).ids == ()
    await restarted.close()


async def test_a_note_that_an_agent_makes_public_is_told_as_a_reply(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    await bench.note(ref.id, "They may know this after all.")
    before = await bench.desk.changed((await bench.desk.changed("")).cursor)
    ((followup,),) = bench.server.query("SELECT id FROM helpdesk_followup WHERE public = 0")
    page = f"/tickets/{ref.id}/followup_edit/{followup}/"
    await bench.page(page)
    comment = "They may know this after all."
    await bench.post(page, title=DRAFT.subject, ticket=ref.id, comment=comment, public="on", new_status="")
    news = await bench.desk.changed(before.cursor)
    assert news.ids == (ref.id,)
    assert [reply.text for reply in (await bench.desk.get(ref.id)).replies] == [comment]


async def test_our_own_words_are_nobodys_reply_after_a_restart_either(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    await bench.desk.add_user_message(ref.id, "and my hat", key="m")
    await bench.answer(ref.id, "hello")
    restarted = anew(bench)
    assert [reply.text for reply in (await restarted.desk.get(ref.id)).replies] == ["hello"]
    assert await restarted.desk.added(ref.id, "m")
    await restarted.close()


async def test_what_an_earlier_user_of_the_bot_wrote_is_nobodys_reply(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    await bench.desk.add_user_message(ref.id, "and my hat", key="m")
    bench.server.execute("UPDATE helpdesk_followup SET user_id = (SELECT id FROM auth_user WHERE username = 'agent')")
    assert (await bench.desk.get(ref.id)).replies == ()


async def test_what_comes_by_mail_is_no_agents_reply(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    bench.insert(ref.id, "I write by e-mail now.", user=None)
    assert (await bench.desk.get(ref.id)).replies == ()


async def test_a_mark_that_an_agent_quotes_is_not_ours(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    await bench.note(ref.id, f"see {mark('in:9:words')}")
    assert not await bench.desk.added(ref.id, "in:9:words")


async def test_statuses_and_priorities_beyond_ours_are_kept(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    seen: list[tuple[str, str, str, str]] = []
    asked = anew(bench, statuses={7: "pending"})
    for status, priority in ((5, 5), (6, 1), (7, 4)):
        bench.server.execute("UPDATE helpdesk_ticket SET status = ?, priority = ?", (status, priority))
        now = await asked.desk.get(ref.id)
        seen.append((now.status, now.raw_status, now.priority, now.raw_priority))
    assert seen == [("closed", "Duplicate", "low", "5"), ("open", "6", "urgent", "1"), ("pending", "7", "low", "4")]
    await asked.close()


async def test_the_requesters_words_open_whatever_is_over(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    for number, status in enumerate(("3", "4", "5")):
        await bench.patch(ref.id, status=int(status))
        await bench.desk.add_user_message(ref.id, "it is back", key=str(number))
        assert await bench.status(ref.id) == "2"


async def test_a_number_that_a_user_writes_leaves_no_trace_in_that_ticket(bench: DjangoBench) -> None:
    other = await opened(bench.desk)
    draft = replace(DRAFT, key="complaint-2", body=f"like #{other.id} and (#{other.id})")
    ref = await opened(bench.desk, draft)
    await bench.desk.add_user_message(ref.id, f"#{other.id} again", key="m")
    assert len(await bench.lines(other.id)) == 1
    assert (await bench.lines(ref.id))[1] == ("user", f"#{other.id} again")
    assert f"/tickets/{other.id}/" not in (await bench.page(f"/tickets/{ref.id}/")).partition("followup-list")[2]


async def test_files_that_the_desk_refuses_are_named_and_the_others_come(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    film = replace(PICTURE, name="cat.mp4", media_type="video/mp4")
    await bench.desk.add_files(ref.id, [film, replace(PICTURE, name="cat.JPEG"), film], key="f")
    assert [name for name, _ in await bench.files(ref.id)] == ["cat.jpg"]
    assert "cat.mp4 (video/mp4, 72 bytes)" in (await bench.lines(ref.id))[-1][1]
    await bench.desk.add_files(ref.id, [film], key="g")
    assert await bench.desk.added(ref.id, "g")


async def test_files_of_agents_are_named_without_a_link(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    agent = replace(PICTURE, name="form.pdf", media_type="application/pdf")
    await bench.attach(ref.id, agent)
    (reply,) = (await bench.desk.get(ref.id)).replies
    assert (reply.text, reply.files) == ("", (AgentFile(name="form.pdf", url=""),))


# --- words that would be more than words ----------------------------------------------------------------------------

PIECES = [
    *("{{", "}}", "{%", "%}", "{#", "#}", "{", "}", "%", "#", "\\", "`", "```", "~~~", "*", "**", "_", "[a](b:c)", "!"),
    *("<b>", "<http://a.b>", "&amp;", "&#39;", "&", "===", "---", "- ", "+ ", "1. ", "1) ", "> ", "    ", "\t", "\n"),
    *("\n\n", "\r\n", " ", "a", "x.y", "http://a.b/_c_", "[r]: http://a.b", "| a | b |", "verbatim", "endverbatim"),
    *("X-HELPDESK-COMMENT-VERBATIM", "X-HELPDESK-COMMENT-ENDVERBATIM", "ticket.secret_key", "|", ":", '"', "'", "é"),
    *("#1", "\u200b", "\x00", "\x02", "\x03"),
]
_DROPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2060]")


class _EscapeHtml(Extension):  # type: ignore[misc]
    """As `helpdesk.models` has it; that module cannot be imported without a site."""

    def extendMarkdown(self, md: Any) -> None:  # noqa: N802 - Markdown's name
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")


def shown(comment: str) -> str:
    """What the desk's pages show of a comment."""
    return seen(
        markdown(comment, extensions=[_EscapeHtml(), "markdown.extensions.nl2br", "markdown.extensions.fenced_code"])
    )


def words(text: str) -> list[str]:
    """What must be read, whatever the blanks."""
    return _DROPPED.sub("", text).split()


@given(text=st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(max_size=40))
@example(text="{{ ticket.submitter_email }} {% now %} %} {%endverbatim%}")
@example(text="X-HELPDESK-COMMENT-VERBATIM {X-HELPDESK-COMMENT-VERBATIM {{{%{%}")
@example(text="a\n===\n\n    code\n\n~~~\n<b>\n~~~\n2. x\n---\n[a]: http://b.c\n\n[a]")
def test_whatever_a_user_writes_is_read_as_it_was_written(text: str) -> None:
    assert words(shown(django_helpdesk.literal(text))) == words(text)


async def test_django_renders_nothing_of_what_a_user_writes() -> None:
    """In one process that has the desk's template engine: thousands of calls over HTTP would take long."""
    braces = ("{", "}", "%", "#", "X", "-HELPDESK-COMMENT-VERBATIM", "{{ ticket.secret_key }}")
    texts = ["".join(pieces) for pieces in (*product(PIECES, repeat=2), *product(braces, repeat=4))]
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("rendering.py")),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate(json.dumps([django_helpdesk.template(text) for text in texts]).encode())
    assert [pair for pair in zip(json.loads(said), texts, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.parametrize(
    "piece", ["{", "%}", "&a", "&#", "<", "~", "=", " ", "\\", "[", "1", "#1", "X-HELPDESK-COMMENT"]
)
def test_a_long_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    text = piece * (40_000 // len(piece))
    assert growth(lambda text: django_helpdesk.template(django_helpdesk.literal(text)), text) < TOO_STEEP


# --- more than a page -----------------------------------------------------------------------------------------------


async def test_news_of_many_pages_are_told_once(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    other = await opened(bench.desk, replace(DRAFT, key="complaint-2"))
    beginning = await bench.desk.changed("")
    quiet = anew(bench, reconcile_s=999)
    first = await quiet.desk.changed(beginning.cursor)
    bench.insert(other.id, "the first of them")
    bench.insert(ref.id, *map(str, range(229)))
    news = await quiet.desk.changed(first.cursor)
    assert set(news.ids) == {ref.id, other.id}
    assert (await quiet.desk.changed(news.cursor)).ids == ()
    assert len((await quiet.desk.get(ref.id)).replies) == 229
    await quiet.close()


async def test_a_follow_up_whose_transaction_was_slower_is_told(bench: DjangoBench) -> None:
    one, two = await opened(bench.desk), await opened(bench.desk, replace(DRAFT, key="complaint-2"))
    quiet = anew(bench, reconcile_s=999)
    first = await quiet.desk.changed((await quiet.desk.changed("")).cursor)
    top = json.loads(first.cursor)["top"]
    bench.insert(one.id, "later", id_=top + 5)
    news = await quiet.desk.changed(first.cursor)
    assert news.ids == (one.id,)
    bench.insert(two.id, "earlier", id_=top + 3)
    late = await quiet.desk.changed(news.cursor)
    assert late.ids == (two.id,)
    assert (await quiet.desk.changed(late.cursor)).ids == ()
    await quiet.close()


async def test_it_looks_no_further_back_than_the_first_attempt(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    bench.insert(ref.id, *map(str, range(250)))
    bench.server.execute(
        "UPDATE helpdesk_followup SET date = datetime('now', CASE user_id WHEN 2 THEN '-1 day' ELSE '-31 days' END)"
    )
    async with FaultProxy(bench.upstream) as proxy:
        desk = desk_behind(bench, proxy.url)
        draft = replace(DRAFT, key="complaint-2")
        await desk.prepare(draft)
        proxy.calls.clear()
        assert await desk.find(draft) is None
        assert len(proxy.calls) == 1
        assert await desk.find(DRAFT) is None, "it is older than a month, and nobody here tried to open it"
        assert len(proxy.calls) == 4
        assert await desk.find(DRAFT) is None
        assert len(proxy.calls) == 5, "what was there then was looked through"
        await desk.close()


async def test_a_ticket_is_found_whatever_became_of_its_words_meanwhile(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    erased = replace(DRAFT, subject="(deleted)", body="(deleted)", attachments=())
    restarted = desk_behind(bench, bench.upstream)
    for desk in (bench.desk, restarted):
        assert same(await desk.find(erased), ref)
    await restarted.close()


async def test_a_mark_counts_only_where_the_bot_writes_it_and_the_field_decides(bench: DjangoBench) -> None:
    forged, of_another = mark("in:1:words"), mark("complaint-2")
    ref = await opened(bench.desk, replace(DRAFT, subject=forged, body=forged, attachments=()))
    await bench.desk.add_user_message(ref.id, f"mine\n\n{forged}", key="in:0:words")
    await bench.answer(ref.id, forged)
    assert not await bench.desk.added(ref.id, "in:1:words")
    bench.insert(ref.id, f"x\n\n{of_another}")
    assert await bench.desk.find(replace(DRAFT, key="complaint-2")) is None


async def test_a_follow_up_that_something_else_answers_is_ambiguous(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    ticket = await bench.as_agent("GET", f"/api/tickets/{ref.id}/")
    async with answering({("GET", f"/api/tickets/{ref.id}/"): ticket}) as url:
        desk = desk_behind(bench, url)
        with pytest.raises(Ambiguous):
            await desk.add_note(ref.id, "x", key="m")
        await desk.close()


async def test_a_ticket_is_looked_for_where_the_desk_has_least_to_read(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    async with FaultProxy(bench.upstream) as proxy:
        desk = desk_behind(bench, proxy.url)
        for status, asked in ((2, ["1,2"]), (3, ["1,2", "3"]), (4, ["1,2", "3", None])):
            await bench.patch(ref.id, status=status)
            proxy.calls.clear()
            await desk.get(ref.id)
            assert [URL(f"/?{call.query}").query.get("status") for call in proxy.calls] == asked
        await desk.close()


@asynccontextmanager
async def answering(answers: dict[tuple[str, str], Any], ahead_s: float = 0) -> AsyncIterator[str]:
    """A server that gives these answers by method and path, `{}` to all else, by a clock that is so far ahead."""

    async def answer(request: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead_s), usegmt=True)
        return web.json_response(answers.get((request.method, request.path), {}), headers={"Date": date})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_desk_whose_clock_is_hours_late_is_searched_by_its_own(bench: DjangoBench) -> None:
    ref = await opened(bench.desk)
    described = await bench.as_agent("OPTIONS", "/api/tickets/")
    ticket = await bench.as_agent("GET", f"/api/tickets/{ref.id}/")
    (entry,) = ticket["followup_set"]
    entry["date"] = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    answers = {
        ("OPTIONS", "/api/tickets/"): described,
        ("GET", "/api/followups/"): {"count": 1, "previous": None, "results": [entry]},
        ("GET", f"/api/tickets/{ref.id}/"): ticket,
    }
    for ahead_h, is_found in ((-5, True), (0, False)):
        async with answering(answers, ahead_h * 3600) as url:
            desk = desk_behind(bench, url)
            await desk.prepare(DRAFT)
            assert (await desk.find(DRAFT) is not None) is is_found
            await desk.close()


async def test_a_wrong_address_is_no_missing_ticket(bench: DjangoBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_client.client, "_READ_AGAIN_S", 0.01)
    ref = await opened(bench.desk)
    desk = desk_behind(bench, f"{bench.upstream}/nothing")
    for attempt in (
        desk.prepare(DRAFT),
        desk.create(DRAFT, "{}"),
        desk.get(ref.id),
        desk.add_note(ref.id, "x", key="n"),
    ):
        with pytest.raises(Unavailable, match="not where `url` says"):
            await attempt
    await desk.close()


async def test_what_is_not_the_api_is_said_and_asked_again_later(bench: DjangoBench) -> None:
    async with answering({}) as url:
        desk = desk_behind(bench, url)
        for attempt in (desk.prepare(DRAFT), desk.find(DRAFT), desk.get("1"), desk.changed(""), desk.check()):
            with pytest.raises(Unavailable, match="not django-helpdesk's API"):
                await attempt
        with pytest.raises(Ambiguous):
            await desk.create(DRAFT, "{}")
        await desk.close()


# --- webhooks -------------------------------------------------------------------------------------------------------


async def test_the_desk_calls_and_a_bot_that_is_away_costs_no_ticket(server: DjangoHelpdesk, tmp_path: Path) -> None:
    calls: list[WebhookCall] = []

    async def called(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        calls.append(WebhookCall(headers=headers, secret=request.match_info["secret"], body=await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/webhooks/desk/{secret}", called)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/desk/a-secret-in-the-path"
    server.copy_to(tmp_path / "desk")
    async with (
        DjangoHelpdesk(tmp_path / "desk", hook_url=hook) as calling,
        at_work(calling, webhook_secret="a-secret-in-the-path") as bench,
    ):
        ref = await opened(bench.desk)
        await bench.answer(ref.id, "hello")
        assert [(bench.desk.verify_webhook(call), bench.desk.parse_webhook(call)) for call in calls] == [
            (True, (ref.id,)),
            (True, (ref.id,)),
        ]
        assert not bench.desk.verify_webhook(replace(calls[0], secret="another-secret-in-the-path"))
        assert not DjangoBench(calling).desk.verify_webhook(replace(calls[0], secret=""))
        await runner.cleanup()
        second = replace(DRAFT, key="complaint-2")
        with pytest.raises(Ambiguous):  # the desk answers 500, and the ticket is there
            await opened(bench.desk, second)
        assert await bench.desk.find(second) is not None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"ticket": 7}', b'{"ticket": {"id": "../1"}}', b"[" * 100_000])
async def test_a_call_that_makes_no_sense_is_refused(bench: DjangoBench, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        bench.desk.parse_webhook(WebhookCall(headers={}, secret="x", body=body))


# --- check ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "mended", "part"),
    [
        (
            "UPDATE helpdesk_customfield SET name = 'other' WHERE name = 'external_id'",
            "UPDATE helpdesk_customfield SET name = 'external_id' WHERE name = 'other'",
            "custom field `external_id` is missing",
        ),
        (
            "UPDATE helpdesk_customfield SET max_length = 20 WHERE name = 'external_id'",
            "UPDATE helpdesk_customfield SET max_length = 255",
            "takes 20 characters only",
        ),
        (
            "UPDATE helpdesk_customfield SET name = 'colour', required = 1 WHERE name = 'requester'",
            "UPDATE helpdesk_customfield SET name = 'requester', required = 0 WHERE name = 'colour'",
            "the desk asks for colour",
        ),
        (
            "UPDATE auth_user SET is_staff = 0 WHERE username = 'customer-via-firstline'",
            "UPDATE auth_user SET is_staff = 1 WHERE username = 'customer-via-firstline'",
            "must be of the staff",
        ),
    ],
    ids=["no field", "short field", "another field", "no staff"],
)
async def test_check_says_what_is_missing(bench: DjangoBench, broken: str, mended: str, part: str) -> None:
    bench.server.execute(broken)
    try:
        findings = await bench.desk.check()
    finally:
        bench.server.execute(mended)
    (finding,) = [finding for finding in findings if not finding.ok]
    assert part in finding.text
    assert finding.cure


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"token": "0" * 40}, "does not accept the token"),
        ({"queue": 99}, "does not know the queue"),
        ({"statuses": {3: "closed", 6: "pending"}}, "There is no status 6 (statuses); there are: 1 (Open), 2"),
    ],
    ids=["token", "queue", "statuses"],
)
async def test_check_says_what_is_wrong(bench: DjangoBench, settings: dict[str, Any], part: str) -> None:
    wrong = anew(bench, **settings)
    findings = await wrong.desk.check()
    (finding,) = [finding for finding in findings if not finding.ok]
    assert part in finding.text
    assert finding.cure
    assert bench.server.query("SELECT 1 FROM helpdesk_ticket") == []
    await wrong.close()


def test_the_example_has_every_key_of_the_section() -> None:
    _, _, after = EXAMPLE.read_text(encoding="utf-8").partition('#    kind = "django_helpdesk"\n')
    block = re.match(r"(#    .*\n)*", after)
    assert block is not None
    section = tomllib.loads("\n".join(line[5:] for line in block[0].splitlines()))
    fields = django_helpdesk.Settings.model_fields
    assert {"kind", *section} == set(fields)
    made = django_helpdesk.Settings.model_validate(section)
    examples = {"webhook_secret", "statuses", "priorities"}
    assert [name for name, field in fields.items() if not field.is_required() and name not in examples
            and getattr(made, name) != field.get_default(call_default_factory=True)] == []  # fmt: skip


async def test_where_the_field_is_missing_or_the_queue_wrong_tickets_wait(bench: DjangoBench) -> None:
    wrong = anew(bench, queue=99)
    with pytest.raises(AuthFailed, match="queue"):
        await opened(wrong.desk)
    fieldless = anew(bench, key_field="nothing")
    with pytest.raises(Unavailable, match="custom field `nothing`"):
        await opened(fieldless.desk)
    await wrong.close()
    await fieldless.close()
