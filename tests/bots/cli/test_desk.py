"""`firstline desk`: what is pending and why, looking now, trying again; and where tickets of another desk are."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bots.cli import desk, tickets
from bots.cli.setting_up import Usage
from bots.ledger import report
from bots.ledger.database import LedgerError
from bots.ledger.ledger import Ledger
from bots.ledger.pending import DeskState, OpenTickets, Pending
from config.findings import Finding
from tests.bots.cli.program import bot, configure, firstline
from tests.bots.lanes import until
from tests.bots.ledger.desk_stage import Stage
from tests.bots.making import EVE, message
from ticket_client.base import TicketRef

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CREATE = Pending(
    id=12, action="create", ticket="FL-1012", desk="memory", channel="telegram", state="new", attempts=0,
    created_at=NOW - timedelta(seconds=5), next_try=NOW, at_work=False, waits_for=None, error="",
)  # fmt: skip
WELL = desk.Examination(
    kind="memory", at=NOW, is_running=True, answered=True, findings=[Finding(ok=True, text="Logged in as firstline.")],
    state=DeskState(pending=(), tickets=(), elsewhere={}, cursor_at=NOW - timedelta(minutes=3)),
)  # fmt: skip
HOSTILE = "wipe\x1b[2J \u202ella\x07\x9b31m\u2066"


def seen(*pending: Pending, **more: object) -> desk.Examination:
    return replace(WELL, state=replace(WELL.state, pending=pending), **more)  # type: ignore[arg-type]


def line(each: Pending, **more: object) -> str:
    """How it is told, from its age on."""
    first, *_ = desk.described(each, seen(each, **more))
    return first.partition(" old, ")[2]


def test_all_is_well_where_nothing_waits_and_the_desk_lets_us_in() -> None:
    assert WELL.is_well
    assert desk.lines(WELL) == [
        "Bot       running",
        "News      last asked for 3 min ago",
        "Tickets   none open",
        "",
        "ok      desk memory: Logged in as firstline.",
        "All is well.",
    ]


@pytest.mark.parametrize(
    "pending",
    [
        replace(CREATE, state="failed", error="Rejected: no"),
        replace(CREATE, error="Unavailable: 503"),
        replace(CREATE, created_at=NOW - timedelta(minutes=2)),
    ],
)
def test_not_all_is_well_where_something_failed_or_waits_too_long(pending: Pending) -> None:
    assert not seen(pending).is_well
    assert desk.lines(seen(pending))[-1] == "Not all is well. Waiting or failed at the desk: 1."


def test_what_came_in_a_moment_ago_is_no_illness() -> None:
    assert seen(CREATE).is_well


@pytest.mark.parametrize(("answered", "mark"), [(True, "CHANGE"), (False, "WRONG ")])
def test_not_all_is_well_where_the_desk_says_so(answered: bool, mark: str) -> None:  # noqa: FBT001
    ill = seen(answered=answered, findings=[Finding(ok=False, text="No group.", cure="Make one.")])
    assert not ill.is_well
    assert desk.lines(ill)[4:] == [
        f"{mark}  desk memory: No group.",
        "          -> Make one.",
        "Mend what is marked WRONG or CHANGE; what waits is then tried by itself.",
        "Not all is well."
        + ("" if answered else " The desk memory does not let us in: No group.")
        + " Waiting or failed at the desk: 0.",
    ]


@pytest.mark.parametrize(
    ("age_s", "told"),
    [
        (5, "asked for within the last minute"),
        (83, "asked for within the last 2 min"),
        (1800, "last asked for 30 min ago"),
    ],
)
def test_news_is_no_more_exact_than_what_is_noted_once_a_minute(age_s: float, told: str) -> None:
    asked = replace(WELL.state, cursor_at=NOW - timedelta(seconds=age_s))
    assert desk.lines(replace(WELL, state=asked))[1] == f"News      {told}"


def test_answers_that_wait_for_a_moderator_are_told_though_all_is_well() -> None:
    waiting = replace(WELL, state=replace(WELL.state, held=2))
    assert waiting.is_well
    assert desk.lines(waiting)[-2:] == ["Waiting for a moderator: 2 (firstline approvals list)", "All is well."]


def test_each_thing_says_when_it_is_tried_next_or_why_not() -> None:
    later = replace(CREATE, attempts=3, next_try=NOW + timedelta(seconds=40))
    assert line(CREATE) == "not tried yet, next try now"
    assert line(replace(CREATE, at_work=True, next_try=None)) == "nothing sent yet, being done now"
    assert line(replace(CREATE, error="Unavailable: 503")) == "nothing sent yet, next try now"
    assert line(later) == "tried 3 times, next try in 40 s"
    assert line(replace(later, state="sending")) == "tried 3 times, looked for in 40 s"
    assert line(replace(later, state="sending", next_try=None, at_work=True)) == "tried 3 times, being done now"
    assert line(replace(CREATE, next_try=None, waits_for=7)) == "not tried yet, waits for 7"
    assert line(replace(CREATE, state="failed", attempts=1, next_try=None)) == "tried once"
    assert line(later, is_running=False) == "tried 3 times, at the next start"


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=3), "3 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=6), "6 days"),
        (timedelta(seconds=-1), "0 s"),
    ],
)
def test_ages_are_short(age: timedelta, told: str) -> None:
    (first,) = desk.described(replace(CREATE, created_at=NOW - age), seen())
    assert first == f"      12  create   FL-1012     telegram  {told} old, not tried yet, next try now"


def test_errors_are_told_in_plain_words_and_failures_with_what_to_do() -> None:
    told = desk.described(replace(CREATE, error="RateLimited: Zendesk answered with 429."), seen())
    assert told[1:] == ["          it asks us to wait (Zendesk answered with 429)."]
    told = desk.described(replace(CREATE, state="failed", error="Rejected: The subject is too long."), seen())
    assert told[1].strip() == "it refuses what was sent (The subject is too long)."
    assert told[2].startswith("          -> Compare [desk] with what is set up there.")


def test_what_is_a_sentence_already_stays_one() -> None:
    sentence = "The desk opened ticket 7, which is known. Give the bot a new ledger: [ledger] path."
    told = desk.described(replace(CREATE, state="failed", error=sentence), seen())
    assert told[1:] == [f"          {sentence}"]


def test_of_very_many_the_oldest_are_shown_and_all_are_counted() -> None:
    told = desk.lines(seen(*(replace(CREATE, id=number, error="Unavailable: 503") for number in range(1, 62))))
    assert sum("  create  " in line for line in told) == 50
    assert told[5].startswith("       1  create")
    assert "          and 11 more; --json has them all" in told
    assert told[-1] == "Not all is well. Waiting or failed at the desk: 61."


def test_tickets_are_counted_by_status_with_the_desk_s_words() -> None:
    groups = (
        OpenTickets(status="open", raw_status="open", count=9, at_desk=True),
        OpenTickets(status="pending", raw_status=f"{HOSTILE}Waiting", count=3, at_desk=True),
        OpenTickets(status="new", raw_status="", count=1, at_desk=False),
    )
    state = replace(WELL.state, tickets=groups, elsewhere={"local": 2}, cursor_at=None)
    told = desk.lines(replace(WELL, state=state, is_running=False))
    assert told[:2] == ["Bot       not running: nothing is done until it is started", "News      never asked for yet"]
    assert told[2].startswith("Tickets   13 open: 9 open, 3 pending (")
    assert told[2].endswith('Waiting" there), 1 not opened at the desk yet')
    assert told[3].endswith("2 open at the desk local, which is not the one in use: nobody hears of them")


def test_what_the_desk_wrote_steers_no_terminal() -> None:
    ill = seen(
        replace(CREATE, ticket=HOSTILE, error=f"Rejected: {HOSTILE}"),
        findings=[Finding(ok=False, text=HOSTILE, cure=HOSTILE)],
    )
    assert not set("\n".join(desk.lines(ill))) & set("\x1b\x07\x9b\u202e\u2066")


# --- on a ledger ----------------------------------------------------------------------------------------------------


def troubled(folder: Path) -> Path:
    """A ledger without a bot: a ticket at the desk with words that it refused, and one that it has not opened."""
    asyncio.run(_troubled(folder))
    return folder / "firstline.toml"


async def _troubled(folder: Path) -> None:
    configure(folder, '[desk]\nkind = "memory"\n')
    with Ledger(folder / "firstline.db", transactional_desk=False, desk_name="memory") as ledger:
        stage = Stage(folder / "firstline.db", ledger)
        await stage.hear(message("the moon fell"))
        (create,) = ledger.intents.due(datetime.now(UTC), 10)
        await ledger.intents.opened(create, TicketRef(id="700", number="77", url="https://desk.example/77"))
        await stage.hear(message("and on my hat"))
        (words,) = ledger.intents.due(datetime.now(UTC) + timedelta(seconds=1), 10)
        await ledger.intents.failed(words, "Rejected: too long", lambda _: "regret")
        await stage.change("UPDATE tickets SET status = 'pending', raw_status = 'At the \x1b[2J bank'")
        await stage.hear(message("the sun fell", author=EVE))


def replay(file: Path, *what: str, tickets: Sequence[str] = (), everything: bool = False) -> None:
    desk.replay([*what], [*tickets], everything, file)


@pytest.mark.parametrize(
    ("what", "everything", "error", "told"),
    [
        ([], False, Usage, "Say what to try again"),
        (["2"], True, Usage, "Say what to try again"),
        (["9"], False, LedgerError, "Nothing with the ID 9"),
        (["1" * 30], False, LedgerError, "There is no ticket 1111"),
        (["FL-9"], False, LedgerError, "There is no ticket FL-9"),
    ],
)
def test_a_call_that_names_nothing_is_refused_at_once(
    tmp_path: Path, what: list[str], everything: bool, error: type[Exception], told: str,  # noqa: FBT001
) -> None:  # fmt: skip
    with pytest.raises(error, match=told):
        replay(troubled(tmp_path), *what, everything=everything)


@pytest.mark.parametrize(("what", "tickets"), [(["3"], ()), (["FL-1003"], ()), ((), ["fl-1003"])])
def test_what_has_not_failed_is_not_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: list[str], tickets: list[str]
) -> None:
    replay(troubled(tmp_path), *what, tickets=tickets)
    assert capsys.readouterr().out == "Nothing of that has failed; nothing is to be tried again.\n"
    assert orders(tmp_path) == []


def orders(folder: Path) -> list[tuple[str, str]]:
    with report.reading(folder / "firstline.db") as connection:
        return [tuple(row) for row in connection.execute("SELECT name, arguments FROM commands")]


def test_a_ticket_s_number_of_digits_is_not_taken_for_an_id(tmp_path: Path) -> None:
    file = troubled(tmp_path)
    with pytest.raises(LedgerError, match="Nothing with the ID 77"):
        replay(file, "77")


def test_of_another_desk_it_is_said_where_tickets_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = troubled(tmp_path)
    tickets.list_tickets(file, all_of_them=False, as_json=False)
    unopened, opened = capsys.readouterr().out.splitlines()
    assert unopened.startswith("(FL-1003)  not opened at the desk yet")
    assert unopened.endswith("telegram:bot:eve")
    assert opened.startswith('77         pending ("At the [2J bank" there)  ')
    assert opened.index("Z  telegram") == unopened.index("Z  telegram"), "columns"
    assert opened.endswith("telegram:bot:ann  https://desk.example/77")
    tickets.list_tickets(file, all_of_them=True, as_json=True)
    assert [(each["number"], each["reference"], each["url"]) for each in json.loads(capsys.readouterr().out)] == [
        ("", "FL-1003", ""), ("77", "FL-1001", "https://desk.example/77"),
    ]  # fmt: skip
    tickets.list_tickets(file, all_of_them=True, as_json=True)
    assert all("T" in each["opened_at"] and "T" in each["changed_at"] for each in json.loads(capsys.readouterr().out))
    tickets.show("fl-1001", file, as_json=False)
    shown = capsys.readouterr().out
    assert "Open it:    https://desk.example/77\nRequester:  telegram:bot:ann (on telegram)\n" in shown
    assert "NOT DONE at the desk: 2 (message)" in shown
    assert "the moon fell" not in shown
    tickets.show("77", file, as_json=True)
    there = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in there["pending"]] == [2]
    assert "T" in there["opened_at"]


def test_agents_answer_at_that_desk_itself(tmp_path: Path) -> None:
    file = troubled(tmp_path)
    told = r"at the desk itself \(memory\).*https://desk.example/77"
    with pytest.raises(Usage, match=told):
        tickets.reply("77", "hello", "sam", file)
    with pytest.raises(Usage, match=told):
        tickets.resolve("77", "sam", file)
    with pytest.raises(LedgerError, match="No ticket 78 was opened at the desk memory"):
        tickets.resolve("78", "sam", file)
    assert orders(tmp_path) == []


# --- the program ----------------------------------------------------------------------------------------------------


async def test_the_doctor_says_what_is_pending_and_ends_with_1(tmp_path: Path) -> None:
    await _troubled(tmp_path)
    result = await firstline("desk", "doctor", "--json", cwd=tmp_path, anew=True)
    assert result.code == 1, result.err
    assert "\x1b" not in result.out
    found = json.loads(result.out)
    assert (found["well"], found["running"], found["answered"], found["news_at"]) == (False, False, True, None)
    assert [(each["id"], each["state"], each["error"]) for each in found["pending"]] == [
        (2, "failed", "Rejected: too long"), (3, "new", ""),
    ]  # fmt: skip
    assert datetime.fromisoformat(found["pending"][1]["next_try"]) < datetime.now(UTC)
    assert [(each["status"], each["count"]) for each in found["tickets"]] == [("pending", 1), ("new", 1)]


async def test_a_new_desk_is_well_also_the_built_in_one(tmp_path: Path) -> None:
    configure(tmp_path)
    assert "There is no ledger" in (await firstline("desk", "doctor", cwd=tmp_path)).err
    with Ledger(tmp_path / "firstline.db"):
        result = await firstline("desk", "doctor", cwd=tmp_path)
    assert (result.code, result.out.splitlines()[-1]) == (0, "All is well.")


async def test_beside_a_running_bot_what_failed_is_tried_again_and_what_waits_now(tmp_path: Path) -> None:
    await _troubled(tmp_path)
    noted = await firstline("desk", "replay", "--ticket", "77", cwd=tmp_path)
    assert "No bot is running on this ledger now" in noted.out
    async with bot(tmp_path):
        await until(lambda: report.report(tmp_path / "firstline.db").intents == {"done": 3}, 30)
        again = await firstline("desk", "replay", "--ticket", "77", cwd=tmp_path)
        assert (again.code, again.out) == (0, "Nothing of that has failed; nothing is to be tried again.\n"), again.err
        synced = await firstline("desk", "sync", cwd=tmp_path)
        assert synced.out.startswith("Open tickets that are read again: 2."), synced.err
        examined = await firstline("desk", "doctor", cwd=tmp_path)
        listed = await firstline("tickets", "list", cwd=tmp_path)
    assert "Bot       running" in examined.out
    # That desk has forgotten ticket 700: the words went into a new one.
    assert [line.split()[0] for line in listed.out.splitlines()] == ["M-2", "M-1"]
