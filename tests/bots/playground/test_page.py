"""The playground's page in Chromium, over the real bot and the real simulated networks."""

from __future__ import annotations

import re
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
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> javascript:alert(1) '
    "\u202egnp.exe\u202c a\u200bb\ufeffc مرحبا https://t.me/x?start=<b> ${window.hacked=1} {{7+7}}"
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
        assert len(numbers) == 4

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


async def test_hostile_text_is_only_text_on_every_network_and_on_the_side(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play") as stage:
        for name in NETWORKS:
            net = stage.on(name)
            await net.say(HOSTILE, title=HOSTILE if name == "reddit" else "")
            shown = net.by("user", "window.hacked=1").last.locator(".text")
            assert await shown.evaluate("node => node.textContent") == HOSTILE
        await stage.on("telegram").go("Firstline")
        await stage.on("telegram").say(f"/ticket {HOSTILE}")
        await expect(stage.desk.entries.first).to_contain_text('onerror="window.hacked=1"', timeout=WITHIN_MS)
        ledger = await stage.look_at("Ledger")
        await expect(ledger.locator(".rows .words", has_text="<img src=x").first).to_be_visible()
        assert await stage.page.locator("main :is(img, script, a[href^=javascript])").count() == 0
        assert await stage.page.evaluate("window.hacked === undefined")


async def test_what_cannot_be_done_is_said_calmly_and_keeps_the_words(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram", "discord") as stage:
        telegram, discord = stage.on("telegram"), stage.on("discord")
        await telegram.input.fill("x" * 4097)
        await telegram.input.press("Enter")
        await expect(telegram.trouble).to_contain_text("at most 4096 characters")
        await expect(telegram.input).to_have_value("x" * 4097)
        await telegram.say("shorter")
        await expect(telegram.trouble).to_be_hidden()
        await discord.input.fill("/dance")
        await discord.input.press("Enter")
        await expect(discord.trouble).to_contain_text("There is no command “/dance” here. Choose one of /ask")

        await stage.page.goto(f"{stage.player.url}/#wrong")
        await stage.page.reload()
        await expect(stage.page.get_by_role("alert").first).to_contain_text("Open the one that the terminal shows now")
        await stage.page.goto(f"{stage.player.url}/#{stage.player.token}")
        await stage.page.reload()
        await expect(telegram.by("user", "shorter")).to_be_visible()
        stage.player.process.terminate()
        await stage.player.ends()
        await expect(stage.page.get_by_role("alert").first).to_contain_text("does not answer", timeout=WITHIN_MS)
        stage.complaints.clear()  # Chromium writes down each request that was refused


async def test_a_network_that_fails_loses_nothing(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram") as stage:
        net = stage.on("telegram")
        await net.go("Firstline")
        for label in ("Network down", "Rate limit", "Server errors"):
            await net.switch(label, on=True)
            await expect(net.node.locator(".weather")).to_contain_text(f"{label}. Nothing is lost")
            before = await net.by("bot", "passes through checks").count()
            await net.say("How long does a withdrawal take?")
            await stage.page.wait_for_timeout(1500)
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


async def test_news_leaves_alone_what_one_types_and_reads(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram") as stage:
        net, page = stage.on("telegram"), stage.page
        for number in range(12):
            await net.say(f"line {number}\nand one more\nand another")
        await expect(net.by("user", "line 11")).to_have_count(1)
        first = net.posts.first
        await first.evaluate("node => { node.mine = true; }")
        await net.node.locator(".posts").evaluate("node => { node.scrollTop = 0; }")
        await net.input.press_sequentially("half a sent")
        state = await stage.player.state()
        group = network(state)["places"][0]["id"]
        await stage.player.do("telegram/say", person=person(state, "Bram"), place=group, text="and now I")
        await expect(net.by("user", "and now I")).to_have_count(1)
        await expect(net.node.get_by_role("button", name="New below")).to_be_visible()
        assert await net.node.locator(".posts").evaluate("node => node.scrollTop") == 0
        assert await first.evaluate("node => node.mine")
        await expect(net.input).to_be_focused()
        await page.keyboard.type("ence")
        await expect(net.input).to_have_value("half a sentence")
        await net.become("Bram")
        await expect(net.input).to_have_value("")
        await net.become("Ana")
        await expect(net.input).to_have_value("half a sentence")

        bram = person(state, "Bram")
        await stage.player.do("telegram/say", person=bram, place=bram, text="How long does a withdrawal take?")
        await expect(net.node.locator(".people label", has_text="Bram").locator(".dot")).to_be_visible(
            timeout=WITHIN_MS
        )
        await expect(net.by("bot")).to_have_count(0)  # Bram's chat is not Ana's


async def test_one_changes_and_deletes_what_one_said(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram", "reddit") as stage:
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


async def test_everything_works_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "discord") as stage:
        net, page = stage.on("discord"), stage.page
        await net.input.focus()
        await page.keyboard.type("/st")
        await expect(net.node.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Tab")
        await expect(net.input).to_have_value("/status ")
        await page.keyboard.press("Enter")
        await net.heard("ticket number")
        await net.say("hello Bram")
        more = net.by("user", "hello Bram").get_by_role("button", name="More")
        await more.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("menuitem", name="Reply")).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("menuitem", name="Open a support ticket")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("menu")).to_have_count(0)
        await expect(more).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await expect(net.input).to_be_focused()
        await expect(net.node.locator(".chip")).to_contain_text("Replying to Ana: hello Bram")
        await page.keyboard.press("Escape")
        await expect(net.node.locator(".chip")).to_be_hidden()
        await page.get_by_role("tab", name="Desk").focus()
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("tab", name="Ledger")).to_be_focused()
        await expect(page.get_by_role("tabpanel", name="Ledger")).to_be_visible()


async def test_the_live_chat_answers_beside_the_networks(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram") as stage:
        await stage.look_at("Live chat")
        chat = stage.page.frame_locator("iframe.chat")
        await expect(chat.locator(".status")).to_have_text("Connected", timeout=WITHIN_MS)
        await chat.get_by_role("textbox").fill("How long does a withdrawal take?")
        await chat.get_by_role("textbox").press("Enter")
        await expect(chat.locator(".line.bot .bubble").first).to_contain_text("passes through", timeout=WITHIN_MS)
        await stage.picture("live-chat")


async def test_it_fits_a_phone(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", width=400, height=780) as stage:
        for name in NETWORKS:
            await stage.on(name).say("W" * 600, title="W" * 200 if name == "reddit" else "")
        assert await stage.page.evaluate("document.documentElement.scrollWidth") == 400
        wide = "nodes => nodes.filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)"
        assert await stage.page.locator(".posts, .composer, .panel").evaluate_all(wide) == []
        for label, place in (("X", "#twitter .composer"), ("Telegram", "#telegram .composer"), ("Desk", "#side .tabs")):
            await stage.page.get_by_role("navigation", name="Go to").get_by_role("button", name=label).click()
            await expect(stage.page.locator(place)).to_be_in_viewport(ratio=0.95)
        await stage.page.get_by_role("navigation", name="Go to").get_by_role("button", name="Reddit").click()
        await expect(stage.page.locator("#reddit")).to_be_in_viewport(ratio=0.95)
        await stage.picture("phone")


_CONTRASTS = """nodes => {
    const pen = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const painted = (colours) => {
        pen.fillStyle = 'white';
        pen.fillRect(0, 0, 1, 1);
        for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
        return light(pen.getImageData(0, 0, 1, 1).data);
    };
    return nodes.filter(node => node.checkVisibility() && node.textContent.trim() && !node.disabled).map(node => {
        const grounds = [];
        for (let up = node; up; up = up.parentElement) grounds.unshift(getComputedStyle(up).backgroundColor);
        const lights = [painted(grounds), painted([...grounds, getComputedStyle(node).color])];
        const where = node.closest('.network, .side, .top, .hint, body').id;
        const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
        return [where, node.className || node.tagName, node.textContent.slice(0, 30), contrast];
    });
}"""


_WORDS = (
    "h2, h3, p, small, b, code, time, button, label, .name, .handle, .badge, .text, .words, .last, .title, "
    ".connection, .only-for, .status, .tag, .health, .detail"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_ground(browser: Browser, tmp_path: Path, scheme: str) -> None:
    async with theatre(browser, tmp_path / "play", scheme=scheme) as stage:
        for name in NETWORKS:
            await stage.on(name).try_out("Complain")
            await expect(stage.on(name).by("user", "disgrace")).to_have_count(1)
            await stage.on(name).try_out("Moderate")
            await stage.on(name).heard("FL-")
        await stage.on("telegram").try_out("Ask")
        await stage.on("telegram").heard("Did this help?")
        await stage.on("discord").become("Mila")
        low = []
        for tab in ("Desk", "Ledger"):
            await stage.look_at(tab)
            found = await stage.page.locator(f":is({_WORDS})").evaluate_all(_CONTRASTS)
            assert len(found) > 150
            low += [where for where in found if where[-1] < 4.5]
        assert low == []
        await stage.picture(f"all-{scheme}")


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
