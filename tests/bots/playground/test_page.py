"""The playground's page in Chromium, over the real bot and the real simulated networks."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.bots.playground.page_stage import NETWORKS, WITHIN_MS, Story, number_in, opened, theatre

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

    from tests.bots.playground.stage import Player

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="session")]

MATTER = "You took 40 euros twice from my card and your support ignores me, this is outrageous!"
STORIES = (
    Story(network="telegram", place="Firstline", complaint=MATTER, rated="Good"),
    Story(network="discord", place="help", complaint=MATTER, rated="Good"),
    Story(network="twitter", place="Timeline", complaint=f"@firstline_bot {MATTER}", approved=True),
    Story(network="reddit", place="acme", complaint=f"!ticket {MATTER}", title="Charged twice"),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.network)
async def test_the_whole_story(browser: Browser, tmp_path: Path, story: Story) -> None:
    async with theatre(browser, tmp_path / "play", story.network) as stage:
        net, desk = stage.on(story.network), stage.desk
        await net.try_out("Ask")
        await net.heard("passes through checks")

        await net.become("Ana")
        await net.go(story.place)
        await net.say(story.complaint, title=story.title)
        number = await number_in(await net.heard("FL-"))
        await expect(desk.tickets.first).to_contain_text(number, timeout=WITHIN_MS)
        await expect(desk.entries.first).to_contain_text("40 euros twice")

        await desk.answer("We have sent the 40 euros back today.")
        await expect(desk.node.get_by_label("Answer as the agent")).to_have_value("")
        if story.approved:
            await stage.approve()
        await net.heard("We have sent the 40 euros back today.")
        await desk.resolve()
        if story.approved:
            await stage.approve()
        await net.heard("is resolved")
        if story.rated:
            await net.node.get_by_role("button", name=story.rated, exact=False).first.click()
            await expect(desk.node.locator(".rating")).to_be_visible(timeout=WITHIN_MS)

        ledger = await stage.look_at("Ledger")
        await expect(ledger.locator(".total")).to_contain_text("100 %. It adds up.")
        await expect(ledger.locator(".rows .verdict.ticket_opened")).to_contain_text(number)
        await stage.picture(f"story-{story.network}")


async def test_a_moderator_opens_a_ticket_for_somebody_else_on_every_network(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play") as stage:
        numbers = set()
        for name in NETWORKS:
            net = stage.on(name)
            await net.fill_in("Moderate")
            await expect(net.trouble).to_contain_text("First let Bram complain")
            await net.try_out("Complain")
            complaint = net.by("user", "This is a disgrace!").last
            await expect(complaint).to_be_visible()
            if name == "twitter":  # there the complaint has to mention the bot, which answers it by itself
                await net.heard("FL-")
            await net.try_out("Moderate")
            told = await net.heard("already has ticket" if name == "twitter" else "your ticket is FL-")
            numbers.add(await number_in(told))
            await expect(net.node.get_by_role("radio", name="Mila")).to_be_checked()
            await expect(net.trouble).to_be_hidden()
            await net.become("Bram")
            await expect(net.by("bot", "FL-").last).to_be_visible()
            if len(numbers) == 1:  # who reads a ticket is not torn away by the next one
                await stage.desk.entries.first.click()
        assert len(numbers) == 4
        await expect(stage.desk.tickets).to_have_count(4)
        await expect(stage.desk.node.get_by_role("heading")).to_contain_text(min(numbers))

        discord = stage.on("discord")
        whisper = discord.node.locator(".post.private", has_text="Opened as")
        await expect(whisper).to_have_count(0)  # Bram does not read what Mila alone is told
        await discord.become("Mila")
        await expect(whisper).to_contain_text("Only you can see this")
        await stage.desk.open(await number_in(whisper))
        await stage.desk.answer("It is on its way now, Bram. Sorry for the wait!")
        await discord.heard("It is on its way now, Bram.")
        await expect(stage.desk.entries.last).to_contain_text("It is on its way now, Bram.")
        await stage.on("telegram").try_out("Ask")
        await stage.on("telegram").heard("Did this help?")
        await stage.picture("playground")


async def test_a_network_that_fails_loses_nothing(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram") as stage:
        net = stage.on("telegram")
        await net.go("Firstline")
        for label in ("Network down", "Rate limit", "Server errors"):
            await net.switch(label, on=True)
            await expect(net.node.locator(".weather")).to_contain_text(f"{label}. Nothing is lost")
            broken = "network refuses writes now" if label == "Rate limit" else "network is broken now"
            await expect(net.node.locator(".connection")).to_have_text(broken)
            await expect(net.node).to_have_attribute("data-connection", "broken")
            before = await net.by("bot", "passes through checks").count()
            await net.say("How long does a withdrawal take?")
            await stage.page.wait_for_timeout(1000)
            await expect(net.by("bot", "passes through checks")).to_have_count(before)
            await net.switch(label, on=False)
            await expect(net.by("bot", "passes through checks")).to_have_count(before + 1, timeout=WITHIN_MS)


async def test_a_killed_bot_comes_back_and_answers_once(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram") as stage:
        net, page = stage.on("telegram"), stage.page
        await page.get_by_role("button", name="Kill the bot").click()
        await expect(page.locator(".health")).to_have_text("The bot is killed")
        await expect(net.node).to_have_attribute("data-connection", "down")
        await net.try_out("Ask")
        await expect(net.by("user", "How long does a withdrawal take?")).to_have_count(1)
        await stage.picture("killed")
        await page.get_by_role("button", name="Start it again").click()
        await expect(page.locator(".health")).to_have_text("The bot is running", timeout=WITHIN_MS)
        await net.heard("passes through checks")
        await expect(net.by("bot", "passes through checks")).to_have_count(1)
        await expect(page.locator(".detail")).to_contain_text("started 2 times")


async def test_a_reply_that_needs_a_person_shows_on_the_tab(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram") as stage:
        await stage.on("telegram").try_out("Ask")
        await stage.on("telegram").heard("passes through checks")
        tab = stage.page.get_by_role("tab", name="Ledger")
        await expect(tab).to_have_text("Ledger")
        with contextlib.closing(sqlite3.connect(tmp_path / "play" / "firstline.db")) as ledger, ledger:
            ledger.execute("UPDATE outgoing SET state = 'ambiguous' WHERE id = (SELECT min(id) FROM outgoing)")
        await expect(tab).to_contain_text("1 reply needs a person")
        await expect(tab.locator(".alarm")).to_be_visible()
        panel = await stage.look_at("Ledger")
        await expect(panel.locator(".trouble")).to_contain_text("nobody knows whether it was")
        await expect(panel.locator(".rows .verdict")).to_contain_text("perhaps posted")
        await stage.picture("needs-a-person")


async def test_one_changes_and_deletes_what_one_said(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared) as stage:
        for name in ("telegram", "reddit"):
            net = stage.on(name)
            await net.say("first wording", title="A title" if name == "reddit" else "")
            await net.act(net.by("user", "first wording"), "Edit")
            await expect(net.input).to_have_value("first wording")
            await net.say("second wording")
            edited = net.by("user", "second wording")
            await expect(edited).to_contain_text("edited")
            await net.become("Bram")
            await edited.click(button="right", position={"x": 60, "y": 12})
            await expect(stage.page.get_by_role("menuitem", name="Delete")).to_have_count(0)
            await stage.page.keyboard.press("Escape")
            await net.become("Ana")
            await net.act(edited, "Delete")
            await expect(edited).to_have_count(0)


async def test_the_live_chat_answers_beside_the_networks(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared) as stage:
        await stage.look_at("Live chat")
        chat = stage.page.frame_locator("iframe.chat")
        await expect(chat.locator(".status")).to_have_text("Connected", timeout=WITHIN_MS)
        await chat.get_by_role("textbox").fill("How long does a withdrawal take?")
        await chat.get_by_role("textbox").press("Enter")
        await expect(chat.locator(".line.bot .bubble").first).to_contain_text("passes through", timeout=WITHIN_MS)
        await stage.picture("live-chat")


async def test_a_moderator_changes_dismisses_or_posts_by_hand_what_waits(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "twitter") as stage:
        net = stage.on("twitter")
        await net.become("Bram")
        await net.say(
            "Acme lost my money and says nothing. Three weeks!"
        )  # the bot is not mentioned: it may not answer
        await expect(net.by("user", "Three weeks!")).to_be_visible()
        await net.try_out("Moderate")
        panel = await stage.look_at("Approvals")
        card = panel.locator(".approval", has_text="Post this by hand")
        await expect(card).to_be_visible(timeout=WITHIN_MS)
        await expect(card).to_contain_text("Post this by hand on X")
        await expect(card.locator(".to")).to_have_text("for bram")
        await expect(card.locator("blockquote")).to_contain_text("Acme lost my money")
        words = await card.get_by_role("textbox").input_value()
        assert "FL-1001" in words
        await stage.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await card.get_by_role("button", name="Copy").click()
        await expect(card.get_by_role("button", name="Copied")).to_be_visible()
        assert await stage.page.evaluate("navigator.clipboard.readText()") == words
        await stage.picture("by-hand")
        await card.get_by_role("button", name="I have posted it").click()
        await expect(card).to_have_count(0, timeout=WITHIN_MS)

        await net.become("Ana")
        await net.say(f"@firstline_bot {MATTER}")
        await net.heard("FL-1002")
        await stage.look_at("Desk")
        await stage.desk.open("FL-1002")
        await stage.desk.answer("First wording.")
        await stage.look_at("Approvals")
        card = panel.locator(".approval")
        await expect(card.get_by_role("textbox")).to_have_value(re.compile("First wording"), timeout=WITHIN_MS)
        await card.get_by_role("textbox").fill("Second wording.")
        await card.get_by_role("button", name="Send").click()
        await net.heard("Second wording.")
        await expect(card).to_have_count(0, timeout=WITHIN_MS)

        await stage.look_at("Desk")
        await stage.desk.answer("Never said.")
        await stage.look_at("Approvals")
        await card.get_by_role("button", name="Dismiss").click()
        await expect(card).to_have_count(0, timeout=WITHIN_MS)
        await expect(net.by("bot", "Never said.")).to_have_count(0)
