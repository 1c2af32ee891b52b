"""The playground's page in Chromium, over the real processes: a hand for each network, and one for the desk."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.async_api import expect

from tests.bots.playground.stage import Player, network, playground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Locator, Page

SAMPLE_FAQ = Path(__file__).parents[3] / "config" / "sample_faq"
NETWORKS = ("telegram", "discord", "twitter", "reddit")
WITHIN_MS = 20_000.0
_NUMBER = re.compile(r"FL-\d{4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is said on a network, and where; the rest is the same on all four.

    `place` is part of the title of the place where Ana complains. `approved`: what the agent says waits for a
    moderator's approval. `rated` is how Ana says how it went: the label of a button, or an answer; "" is not at all.
    """

    network: str
    place: str
    complaint: str
    title: str = ""
    approved: bool = False
    rated: str = ""


class Column:
    """One network on the page."""

    def __init__(self, page: Page, network: str) -> None:
        self.node = page.locator(f"section#{network}")
        self.posts = self.node.locator(".posts > .post")
        self.trouble = self.node.locator(".trouble")
        self.input = self.node.locator(".composer textarea")
        self._page = page

    async def become(self, name: str) -> None:
        """Write as somebody else from now on."""
        await self.node.get_by_role("radio", name=name).check()

    async def go(self, title: str) -> None:
        """Open a place by its title."""
        await self.node.locator(".places button", has_text=title).first.click()

    async def say(self, text: str, *, title: str = "") -> None:
        """Write as whoever one is, where one is."""
        if title:
            await self.node.get_by_label("Title").fill(title)
        await self.input.fill(text)
        await self.input.press("Enter")
        await expect(self.input).to_have_value("")

    async def fill_in(self, name: str) -> None:
        """Press one of the numbered buttons."""
        await self.node.locator(".tries").get_by_role("button", name=name).click()

    async def try_out(self, name: str) -> None:
        """Press one of the numbered buttons and send what it fills in."""
        await self.fill_in(name)
        await self._page.keyboard.press("Enter")

    async def switch(self, fault: str, *, on: bool) -> None:
        """Switch on or off what goes wrong."""
        faults = self.node.locator(".faults")
        if not await faults.evaluate("node => node.open"):
            await faults.locator("summary").click()
        await faults.get_by_text(fault).click()
        await expect(faults.get_by_role("switch", name=fault)).to_be_checked(checked=on)
        await expect(self.node.locator(".weather")).to_be_visible(visible=on)

    def by(self, role: str, words: str = "") -> Locator:
        """The posts of the "user", "moderator" or "bot" with these words."""
        return self.node.locator(f".post.by-{role}", has_text=words)

    async def heard(self, words: str) -> Locator:
        """Wait until the bot has said it; gives its latest such post."""
        post = self.by("bot", words).last
        await expect(post).to_be_visible(timeout=WITHIN_MS)
        return post

    async def act(self, post: Locator, name: str) -> None:
        """Choose from the menu on a post, as with the right mouse button."""
        await post.click(button="right", position={"x": 60, "y": 12})
        await self._page.get_by_role("menuitem", name=name).click()


class Desk:
    """The desk on the side."""

    def __init__(self, page: Page) -> None:
        self.node = page.locator("#panel-desk")
        self.tickets = self.node.locator(".tickets button")
        self.entries = self.node.locator(".entries .entry")

    async def open(self, number: str) -> None:
        """Look at a ticket."""
        await self.node.get_by_role("button", name=number).click()

    async def answer(self, text: str) -> None:
        """Answer as the agent."""
        await self.node.get_by_label("Answer as the agent").fill(text)
        await self.node.get_by_role("button", name="Send answer").click()

    async def resolve(self) -> None:
        """Resolve the ticket that is open."""
        await self.node.get_by_role("button", name="Resolve", exact=True).click()
        await expect(self.node.get_by_role("button", name="Resolved", exact=True)).to_be_disabled(timeout=WITHIN_MS)


class Theatre:
    """The page, with all that is on it. `complaints` is what the browser complained about."""

    def __init__(self, page: Page, player: Player) -> None:
        self.page = page
        self.player = player
        self.desk = Desk(page)
        self.complaints: list[str] = []
        page.on("console", lambda entry: self.complaints.append(entry.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def on(self, network: str) -> Column:
        """A network."""
        return Column(self.page, network)

    async def approve(self) -> None:
        """Send all that waits for a moderator, one after the other."""
        panel = await self.look_at("Approvals")
        cards = panel.locator(".approval")
        await expect(cards.first).to_be_visible(timeout=WITHIN_MS)
        while waiting := await cards.count():
            await cards.first.get_by_role("button", name="Send").click()
            await expect(cards).to_have_count(waiting - 1, timeout=WITHIN_MS)
        await self.look_at("Desk")

    async def look_at(self, tab: str) -> Locator:
        """Open a tab of the side; gives its panel."""
        await self.page.get_by_role("tab", name=tab).click()
        return self.page.get_by_role("tabpanel", name=tab)

    async def picture(self, name: str) -> None:
        """Save what is seen to the folder that SCREENSHOTS names; without it nothing is saved."""
        if folder := os.environ.get("SCREENSHOTS"):
            await self.page.evaluate("Promise.all(document.getAnimations().map(each => each.finished))")
            await self.page.screenshot(path=Path(folder) / f"{name}.png")


async def number_in(post: Locator) -> str:
    """The ticket number that a post names."""
    found = _NUMBER.search(await post.inner_text())
    assert found is not None
    return found[0]


async def commands_are_there(player: Player) -> None:
    """Wait until the bot has registered its commands on Discord, which it does once it is connected."""
    await player.until(lambda state: network(state, "discord")["commands"])


@contextlib.asynccontextmanager
async def theatre(browser: Browser, folder: Path, *networks: str) -> AsyncIterator[Theatre]:
    """A playground of one's own with some networks, or all, and its page opened."""
    only = networks or NETWORKS
    async with (
        playground(folder, "--faq", str(SAMPLE_FAQ), only=",".join(only)) as player,
        opened(browser, player, *only) as stage,
    ):
        yield stage


@contextlib.asynccontextmanager
async def opened(
    browser: Browser,
    player: Player,
    *networks: str,
    width: int = 1440,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
) -> AsyncIterator[Theatre]:
    """A running playground's page, in a window of its own. `networks` are those that run; all where empty."""
    if "discord" in (networks or NETWORKS):
        await commands_are_there(player)
    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = await context.new_page()
    stage = Theatre(page, player)
    await page.goto(f"{player.url}/#{player.token}")
    await expect(page.locator(".network")).to_have_count(len(networks or NETWORKS))
    for name in networks or NETWORKS:
        await expect(page.locator(f"#{name}[data-connection=on]")).to_be_visible(timeout=WITHIN_MS)
    try:
        yield stage
    finally:
        assert stage.complaints == []
    await context.close()
