"""A complaint on each network, its ticket at a real django-helpdesk, and an agent who works in its own pages."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bots.ledger.report import reading
from simulators.__main__ import found
from simulators.django_helpdesk import DjangoHelpdesk
from tests.scenarios.networks import MANNERS, NetworkStage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser, Page

    from bots.ledger.database import Place
    from simulators.django_helpdesk import Access
    from simulators.scene import Scene

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="session")]

MATTER = "the moon fell on my ledger and now my cat owns everything"
SECRET = "Between us agents: this cat is known to the police."


class DeskStage(NetworkStage):
    """A bot on one network whose tickets are at a desk."""

    def __init__(self, scene: Scene, folder: Path, access: Access) -> None:
        self._access = access
        super().__init__(scene, folder)

    def _config(self) -> Path:
        file = super()._config()
        section = {**self._access.section, "poll_s": 0.3}
        lines = [f"{key} = {json.dumps(value)}" for key, value in section.items()]
        file.write_text("\n".join([file.read_text(encoding="utf-8"), "[desk]", *lines]) + "\n", encoding="utf-8")
        return file

    async def released(self, part: str) -> None:
        """Where the network wants a person for that, a moderator lets the text out."""
        if not self.manners.posts_for_agents:
            await self.release(part)


class Agent:
    """Somebody with a browser on a ticket's page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    async def log_in(self, access: Access) -> None:
        """By the desk's own page."""
        await self.page.goto(f"{self.url}/login/")
        await self.page.get_by_label("Username").fill(access.agent)
        await self.page.get_by_label("Password", exact=True).fill(access.password)
        await self.page.get_by_role("button", name="Login").click()

    async def open(self, number: str) -> None:
        """From the list of tickets to the ticket of this number."""
        await self.page.goto(f"{self.url}/tickets/")
        row = re.compile(rf"^\s*{number.rpartition('-')[2]}\. ")
        await self.page.get_by_role("link", name=row).click()
        await expect(self.page.locator(".breadcrumb")).to_contain_text(number)

    async def respond(self, text: str, *, is_public: bool = True, status: str = "") -> None:
        """Fill in the form under the ticket and save it."""
        await self.page.get_by_role("tab", name="Respond").click()
        await self.page.get_by_label("Comment / Resolution").fill(text)
        await self.page.get_by_label("Is this update public?").set_checked(is_public)
        if status:
            await self.page.get_by_label(status, exact=True).check()
        await self.page.get_by_role("button", name="Save", exact=True).click()
        await expect(self.page.locator("#followup-list")).to_contain_text(text.replace("**", ""))

    async def reads(self, text: str) -> None:
        """Load the page until it says so."""
        followups = self.page.locator("#followup-list")
        for _ in range(40):
            await self.page.reload()
            if text in (await followups.text_content() or ""):
                return
            await self.page.wait_for_timeout(250)
        await expect(followups).to_contain_text(text)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DjangoHelpdesk]:
    async with DjangoHelpdesk(tmp_path_factory.mktemp("desk")) as running:
        yield running


@asynccontextmanager
async def stage_on(network: str, folder: Path, access: Access) -> AsyncIterator[DeskStage]:
    """A running bot on that network, at that desk; afterwards every message must have exactly one outcome."""
    (scene,) = found([network])
    await scene.start()
    try:
        stage = DeskStage(scene, folder, access)
        async with stage.running():
            yield stage
        counted = stage.report()
        assert counted.adds_up
        assert (counted.undecided, counted.failed, counted.ambiguous) == (0, (), ())
    finally:
        await scene.stop()


def _all_replies(ledger: Place) -> str:
    with reading(ledger) as connection:
        return "\n".join(row["reply"] or "" for row in connection.execute("SELECT reply FROM outgoing"))


@pytest.mark.parametrize("network", MANNERS)
async def test_from_a_complaint_to_a_rating(
    browser: Browser, desk: DjangoHelpdesk, tmp_path: Path, network: str
) -> None:
    access = desk.access
    agent = Agent(await (await browser.new_context(locale="en-GB")).new_page(), access.url)
    await agent.log_in(access)
    async with stage_on(network, tmp_path, access) as stage:
        said = await stage.ask(stage.ana, MATTER)
        told = await stage.reads("support-", reply_to=said)
        number = re.findall(r"support-\d+", told.text)[0]
        await agent.open(number)
        await agent.reads(MATTER)
        await agent.respond(SECRET, is_public=False)
        await agent.respond("We asked **the cat**. Which colour is it?")
        await stage.released("We asked")
        await stage.reads(number, "We asked the cat. Which colour is it?", place=told.place)
        await stage.write(stage.ana, "it is _green_, and so is [its] <b>hat</b>")
        await agent.reads("it is _green_, and so is [its] <b>hat</b>")
        await agent.respond("Your ledger is yours again.", status="Resolved")
        await stage.reads(number, "Your ledger is yours again.", person=stage.ana)
        await stage.reads(f"{number} is resolved", person=stage.ana)
        asked = await stage.reads("How did we do", number, person=stage.ana)
        if asked.buttons:
            await stage.scene.press(stage.ana, asked.id, asked.buttons[0].id)
        else:
            await stage.write(stage.ana, "5")
        await stage.reads("Thank you, noted", person=stage.ana)
        await agent.reads("5 of 5")
        assert [post.text for post in stage.scene.view().posts if "police" in post.text] == []
        assert "police" not in _all_replies(stage.settings.ledger_place), "nor does it wait for a moderator"
        await stage.released(f"Ticket {number} is solved")
        await stage.reads(f"Ticket {number} is solved", place=told.place)
