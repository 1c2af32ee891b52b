"""The playground's page in Chromium, over the real bot and the real simulated networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.bots.playground.page_stage import NETWORKS, WITHIN_MS, Story, number_in, theatre
from tests.bots.playground.stage import network, person

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="session")]

MATTER = "You took 40 euros twice from my card and your support ignores me, this is outrageous!"
STORIES = (
    Story(network="telegram", place="Firstline", complaint=MATTER, rated="Good"),
    Story(network="discord", place="help", complaint=MATTER, rated="Good"),
    Story(network="twitter", place="Timeline", complaint=f"@firstline_bot {MATTER}", approved=True),
    Story(network="reddit", place="acme", complaint=f"!ticket {MATTER}", title="Charged twice"),
)
HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> javascript:alert(1) &lt;b&gt; '
    "\u202egnp.exe\u202c a\u200bb\ufeffc مرحبا **bold?** https://t.me/x?start=<b> ${window.hacked=1} {{7*7}}"
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
            await net.try_out("Moderate")
            told = await net.heard("already has ticket" if name == "twitter" else "your ticket is FL-")
            numbers.add(await number_in(told))
            await expect(net.node.get_by_role("radio", name="Mila")).to_be_checked()
            await expect(net.trouble).to_be_hidden()
            await net.become("Bram")
            await expect(net.by("bot", "FL-").last).to_be_visible()
        assert len(numbers) == 4
        await stage.picture("moderated")

        discord = stage.on("discord")
        whisper = discord.node.locator(".post.private", has_text="Opened as")
        await expect(whisper).to_have_count(0)  # Bram does not read what Mila alone is told
        await discord.become("Mila")
        await expect(whisper).to_contain_text("Only you can see this")
