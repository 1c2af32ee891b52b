"""The real django-helpdesk as a process: it starts, comes back with its keys, ends, and says what it lacks."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp

from simulators.django_helpdesk import DjangoHelpdesk

ROOT = Path(__file__).parents[2]


async def test_a_desk_that_is_started_again_has_its_tickets_and_its_keys(tmp_path: Path) -> None:
    async with DjangoHelpdesk(tmp_path / "desk") as desk:
        first = desk.access
        await _open(desk)
        assert await _attachment(desk) == 302, "what users sent is shown to agents alone"
    async with DjangoHelpdesk(tmp_path / "desk") as desk:
        again = desk.access
        assert (again.section["token"], again.password) == (first.section["token"], first.password)
        assert desk.query("SELECT title FROM helpdesk_ticket") == [("x",)]
        assert (tmp_path / "desk" / "password").stat().st_mode & 0o077 == 0
        desk.empty()
        assert desk.query("SELECT 1 FROM helpdesk_followup") == []


async def test_it_ends_when_who_started_it_is_gone(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.django_helpdesk", str(tmp_path), "--leashed",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.close()
    await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0


async def test_without_django_it_says_what_to_run(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-m", "simulators.django_helpdesk", str(tmp_path),
        cwd=ROOT, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert said.decode().strip() == (
        "firstline: django-helpdesk is not installed (django is missing). Run: make setup-dev"
    )


async def _open(desk: DjangoHelpdesk) -> None:
    ticket = {"queue": desk.access.section["queue"], "title": "x", "description": "y", "priority": 3}
    headers = {"Authorization": f"Token {desk.access.section['token']}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{desk.access.url}/api/tickets/", json=ticket) as answer,
    ):
        assert answer.status == 201


async def _attachment(desk: DjangoHelpdesk) -> int:
    """The status for somebody who is not logged in and asks for a file."""
    (desk.folder / "media").mkdir()
    (desk.folder / "media" / "a.txt").write_text("private", encoding="utf-8")
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{desk.access.url}/media/a.txt", allow_redirects=False) as answer,
    ):
        return answer.status
