"""The playground's page in Chromium: hostile words, mistakes, what one types, keyboard, phone, contrast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from playwright.async_api import expect

from tests.bots.playground.page_stage import NETWORKS, WITHIN_MS, opened, theatre
from tests.bots.playground.stage import network, person

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

    from tests.bots.playground.stage import Player

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> javascript:alert(1) '
    "\u202egnp.exe\u202c a\u200bb\ufeffc مرحبا https://t.me/x?start=<b> ${window.hacked=1} {{7+7}}"
)


async def test_hostile_text_is_only_text_on_every_network_and_on_the_side(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared) as stage:
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


async def test_what_cannot_be_done_is_said_calmly_and_keeps_the_words(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared) as stage:
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
        stage.complaints.clear()  # Chromium writes down the request that was refused


async def test_an_old_address_and_a_playground_that_is_gone_are_told(browser: Browser, tmp_path: Path) -> None:
    async with theatre(browser, tmp_path / "play", "telegram") as stage:
        telegram = stage.on("telegram")
        await telegram.say("shorter")
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


async def test_news_leaves_alone_what_one_types_and_reads(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared) as stage:
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
        await expect(net.by("bot", "passes through checks")).to_have_count(0)  # Bram's chat is not Ana's


async def test_everything_works_by_keyboard(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared) as stage:
        net, page = stage.on("discord"), stage.page
        await net.input.focus()
        await page.keyboard.type("/")
        for command in ("ask", "claim", "help", "language", "status", "ticket"):  # as the bot registered them
            await expect(net.node.get_by_role("option", name=f"/{command}")).to_be_visible()
        await page.keyboard.type("hel")
        await expect(net.node.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Tab")
        await expect(net.input).to_have_value("/help ")
        await page.keyboard.press("Enter")
        await net.heard("Here is what I can do")
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


async def test_it_fits_a_phone(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared, width=400, height=780) as stage:
        for name in NETWORKS:
            await stage.on(name).become("Mila")  # as a user, she would be asked what she means by it
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


# A post that is just coming in has another ground for half a second.
_ARRIVED = """() => Promise.all(document.getAnimations().filter(
    one => one.effect.getComputedTiming().iterations !== Infinity).map(one => one.finished.catch(() => null)))"""

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
async def test_text_stands_out_from_its_ground(
    browser: Browser, shared: Player, scheme: Literal["light", "dark"]
) -> None:
    async with opened(browser, shared, scheme=scheme) as stage:
        for name in NETWORKS:
            await stage.on(name).try_out("Complain")
            await expect(stage.on(name).by("user", "disgrace").first).to_be_visible()
            await stage.on(name).try_out("Moderate")
            await stage.on(name).heard("FL-")
        await stage.on("telegram").try_out("Ask")
        await stage.on("telegram").heard("Did this help?")
        await stage.on("discord").become("Mila")
        low = []
        for tab in ("Desk", "Ledger"):
            await stage.look_at(tab)
            await stage.page.evaluate(_ARRIVED)
            found = await stage.page.locator(f":is({_WORDS})").evaluate_all(_CONTRASTS)
            assert len(found) > 150
            low += [where for where in found if where[-1] < 4.5]
        assert low == []
        await stage.picture(f"all-{scheme}")


async def test_the_look_that_one_chose_is_remembered(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared) as stage:
        page, hint = stage.page, stage.page.locator(".hint")
        ground = "getComputedStyle(document.body).backgroundColor"
        light = await page.evaluate(ground)
        await page.get_by_role("button", name="Light or dark").click()
        dark = await page.evaluate(ground)
        assert dark != light
        await page.get_by_role("button", name="Close the hint").click()
        await page.reload()
        await expect(page.locator("#reddit")).to_be_visible()
        await expect(hint).to_be_hidden()
        assert await page.evaluate(ground) == dark
        await page.get_by_role("button", name="Show me how").click()
        await expect(hint).to_be_visible()


async def test_a_moderator_can_tell_the_modmail_of_one_from_that_of_another(browser: Browser, shared: Player) -> None:
    async with opened(browser, shared) as stage:
        net = stage.on("reddit")
        await net.become("Mila")
        titles = net.node.locator(".places .title")
        await expect(titles.nth(2)).to_be_attached()
        assert len(set(await titles.all_inner_texts())) == await titles.count()
        cut = "nodes => nodes.filter(node => node.scrollWidth > node.clientWidth).map(node => node.textContent)"
        assert await titles.evaluate_all(cut) == []
