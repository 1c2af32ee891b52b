"""The widget in Chromium: what a visitor does, and what is then shown."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

from adapters.base import Button, Kind
from adapters.markup import escape
from adapters.webchat import Settings
from tests.adapters.webchat.stage import reply_to, stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from playwright.async_api import Browser, Locator, Page

    from adapters.base import IncomingMessage, Reply

pytestmark = [pytest.mark.page, pytest.mark.asyncio(loop_scope="session")]

CHOICES = (Button(label="It is pending", action="faq:pending"), Button(label="Something else", action="faq:none"))
HOSTILE = (
    '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> javascript:alert(1) '
    "[x](javascript:alert(1)) &lt;b&gt; \u202egnp.exe\u202c a\u200bb\ufeffc مرحبا 'x' **bold?** `code?` "
    'https://example.com/"onmouseover="alert(1) https://good.example/path?a=1&b=2).'
)


def bubbles(page: Page, author: str) -> Locator:
    return page.locator(f".line.{author} .bubble")


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox").fill(text)
    await page.keyboard.press("Enter")


async def shown_texts(page: Page, author: str) -> list[str]:
    """What the bubbles say, without the author's name that only a screen reader is given."""
    texts = await bubbles(page, author).all_text_contents()
    return [text.split(": ", 1)[1] for text in texts]


def echo(message: IncomingMessage) -> Sequence[Reply]:
    return [reply_to(message, f"echo {escape(message.text)}")] if message.kind is Kind.CREATED else []


@contextlib.asynccontextmanager
async def site(script_of: str, attributes: str = "") -> AsyncIterator[str]:
    """Somebody's own site on another origin, with the one script tag; gives its address."""

    async def page(_request: web.Request) -> web.Response:
        tag = f'<script src="{script_of}/widget.js" {attributes} async></script>'
        text = f"<!doctype html><html lang=en><head><title>Shop</title>{tag}</head><body><h1>Shop</h1></body></html>"
        policy = f"default-src 'none'; script-src {script_of}; connect-src {script_of.replace('http', 'ws')}"
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    app = web.Application()
    app.router.add_get("/", page)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


async def test_a_question_is_answered_without_a_complaint_of_the_browser(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = lambda message: [reply_to(message, "It takes **two** days.")]
        page = await browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda entry: complaints.append(entry.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(chat.url)
        await page.get_by_label("Your message").fill("How long does it take?")
        await page.keyboard.press("Enter")
        await expect(bubbles(page, "bot")).to_have_text("Assistant: It takes two days.")
        await expect(bubbles(page, "user")).to_have_text("You: How long does it take?")
        await expect(bubbles(page, "bot").locator("strong")).to_have_text("two")
        await expect(page.locator(".line.user .state")).to_have_text("Sent")
        assert [message.text for message in chat.inbox] == ["How long does it take?"]
        assert complaints == []


async def test_a_reload_keeps_the_conversation_and_the_choice(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = lambda m: [reply_to(m, "Which?", buttons=CHOICES)] if m.kind is Kind.CREATED else echo(m)
        page = await browser.new_page()
        await page.goto(chat.url)
        await say(page, "my withdrawal")
        await page.get_by_role("button", name="Something else").click()
        await expect(page.get_by_role("button", name="Something else")).to_be_disabled()
        await page.reload()
        await expect(bubbles(page, "user")).to_contain_text("my withdrawal")
        await expect(page.locator(".choices .chosen")).to_have_text("Something else")
        await expect(page.get_by_role("button", name="It is pending")).to_be_disabled()
        assert [(m.kind, m.action) for m in chat.inbox] == [(Kind.CREATED, ""), (Kind.ACTION, "faq:none")]


async def test_what_is_written_offline_arrives_once_and_in_order(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = echo
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(chat.url)
        await say(page, "one")
        await expect(bubbles(page, "bot")).to_have_count(1)
        await context.set_offline(offline=True)
        await expect(page.locator(".status")).to_contain_text("No connection", timeout=10_000)
        await say(page, "two")
        await say(page, "three")
        await expect(page.locator(".line.pending .state")).to_have_text(["Waiting for the connection"] * 2)
        assert len(chat.inbox) == 1
        await context.set_offline(offline=False)
        await expect(bubbles(page, "bot")).to_have_count(3)
        await expect(page.locator(".line.pending")).to_have_count(0)
        assert [message.text for message in chat.inbox] == ["one", "two", "three"]
        assert await shown_texts(page, "user") == ["one", "two", "three"]


async def test_a_stopped_bot_and_a_reload_lose_nothing_in_two_tabs(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = echo
        context = await browser.new_context()
        first, second = await context.new_page(), await context.new_page()
        await first.goto(chat.url)
        await expect(first.locator(".status")).to_have_text("Connected")
        await second.goto(chat.url)
        await chat.stop()
        await say(first, "from the first tab")
        await say(second, "from the second tab")
        await expect(second.locator(".line.pending")).to_have_count(2)
        await first.reload()
        await expect(first.locator(".line.pending")).to_have_count(2)
        await chat.start()
        for page in (first, second):
            await expect(bubbles(page, "bot")).to_have_count(2, timeout=20_000)
            await expect(page.locator(".line.pending")).to_have_count(0)
            assert await shown_texts(page, "user") == ["from the first tab", "from the second tab"]
        assert [message.text for message in chat.inbox] == ["from the first tab", "from the second tab"]


async def test_an_answer_given_while_the_visitor_was_away_is_there_on_return(browser: Browser) -> None:
    async with stage() as chat:
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(chat.url)
        await say(page, "question")
        await expect(page.locator(".state")).to_have_text("Sent")
        await context.set_offline(offline=True)
        await chat.post(reply_to(chat.inbox[0], "answer", key="r1"))
        await chat.post(reply_to(chat.inbox[0], "answer", key="r1"), write_down=False)
        await context.set_offline(offline=False)
        await expect(bubbles(page, "bot")).to_contain_text(["answer"])


async def test_what_waits_is_sent_into_the_new_session_when_the_old_one_is_gone(browser: Browser) -> None:
    async with stage() as chat:
        page = await browser.new_page()
        await page.goto(chat.url)
        await say(page, "before")
        await expect(page.locator(".state")).to_have_text("Sent")
        await chat.stop()
        await say(page, "waiting")
        await page.evaluate("""() => {
            for (const key of Object.keys(localStorage)) if (key.endsWith(':token')) localStorage.setItem(key, 'old');
        }""")
        await page.reload()
        await chat.start()
        await expect(page.locator(".state")).to_have_text("Sent", timeout=10_000)
        assert await shown_texts(page, "user") == ["waiting"]
        first, second = chat.inbox
        assert (second.text, second.author.id == first.author.id) == ("waiting", False)


async def test_a_forged_session_is_told(browser: Browser) -> None:
    async with stage() as chat:
        page = await browser.new_page()
        await page.add_init_script("localStorage.setItem(`firstline:${location.href}:token`, 'forged')")
        await page.goto(chat.url)
        await expect(page.get_by_role("alert")).to_contain_text("could not be continued here; this is a new one")


async def test_without_storage_the_chat_lasts_as_long_as_the_page(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = echo
        page = await browser.new_page()
        await page.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError'); } })"
        )
        await page.goto(chat.url)
        await say(page, "hello")
        await expect(bubbles(page, "bot")).to_contain_text("echo hello")
        await chat.stop()
        await say(page, "again")
        await chat.start()
        await expect(bubbles(page, "bot")).to_have_count(2, timeout=10_000)
        assert len({message.author.id for message in chat.inbox}) == 1


async def test_two_tabs_opened_together_share_one_session(browser: Browser) -> None:
    # The second tab says hello before, and is welcomed after, the first one has written its token down.
    late = """
        const key = `firstline:${location.href}:token`, token = localStorage.getItem(key);
        const send = WebSocket.prototype.send;
        localStorage.removeItem(key);
        WebSocket.prototype.send = function (text) {
            WebSocket.prototype.send = send;
            this.send(text);
            localStorage.setItem(key, token);
        };
    """
    async with stage() as chat:
        chat.answer = echo
        context = await browser.new_context()
        first, second = await context.new_page(), await context.new_page()
        await first.goto(chat.url)
        await expect(first.locator(".status")).to_have_text("Connected")
        await second.add_init_script(late)
        await second.goto(chat.url)
        await say(second, "second")
        await expect(bubbles(second, "bot")).to_contain_text("echo second")
        await expect(bubbles(first, "bot")).to_contain_text("echo second")
        assert len({message.author.id for message in chat.inbox}) == 1


async def test_everything_works_by_keyboard(browser: Browser) -> None:
    async with stage() as chat, site(chat.url, 'data-title="Ask us"') as shop:
        chat.adapter._origins.add(shop)  # noqa: SLF001 - its port is known only now
        chat.answer = lambda m: [reply_to(m, "Which?", buttons=CHOICES)] if m.kind is Kind.CREATED else echo(m)
        page = await browser.new_page()
        await page.goto(shop)
        await expect(page.get_by_role("button", name="Open the chat")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog", name="Ask us")).to_be_visible()
        await expect(page.get_by_role("textbox", name="Your message")).to_be_focused()
        await page.keyboard.type("first")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("second")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("log").get_by_role("button")).to_have_count(2)
        await page.keyboard.press("Shift+Tab")
        await expect(page.get_by_role("button", name="Something else")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Something else")).to_have_attribute("aria-pressed", "true")
        await expect(page.get_by_role("textbox")).to_be_focused()
        await expect(page.locator(".typing")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        await expect(page.get_by_role("button", name="Open the chat")).to_be_focused()
        assert [(m.text, m.action) for m in chat.inbox] == [("first\nsecond", ""), ("Something else", "faq:none")]


async def test_the_widget_leaves_nothing_on_the_page_that_embeds_it(browser: Browser) -> None:
    async with stage() as chat, site(chat.url, 'data-language="nl" data-position="left"') as shop:
        chat.adapter._origins.add(shop)  # noqa: SLF001 - its port is known only now
        chat.answer = echo
        page = await browser.new_page()
        before = "window.before = Object.getOwnPropertyNames(window).length"
        await page.add_init_script(before)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda entry: complaints.append(entry.text))
        await page.goto(shop)
        await page.get_by_role("button", name="Open de chat").click()
        await say(page, "hallo")
        await expect(bubbles(page, "bot")).to_contain_text("echo hallo")
        assert chat.inbox[0].language_hint == "nl"
        assert await page.evaluate("Object.getOwnPropertyNames(window).length - window.before") == 1  # `before` itself
        assert [text for text in complaints if "favicon" not in text and "404" not in text] == []
        box = await page.locator(".panel").bounding_box()
        assert box is not None
        assert box["x"] < 50


async def test_a_site_that_is_not_listed_gets_no_conversation(browser: Browser) -> None:
    async with stage() as chat, site(chat.url) as shop:
        page = await browser.new_page()
        await page.goto(shop)
        await page.get_by_role("button", name="Open the chat").click()
        await say(page, "hello?")
        await expect(page.locator(".status")).to_contain_text("No connection", timeout=10_000)
        await expect(page.locator(".line.pending")).to_contain_text("hello?")
        assert chat.inbox == []


async def test_dutch(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = echo
        context = await browser.new_context(locale="nl-NL")
        page = await context.new_page()
        await page.goto(chat.url)
        await expect(page.locator(".greeting")).to_contain_text("Stel hier uw vraag")
        await page.get_by_label("Uw bericht").fill("waar is mijn geld")
        await page.get_by_role("button", name="Verstuur").click()
        await expect(page.locator(".line.user .state")).to_have_text("Verstuurd")
        await expect(page.locator(".status")).to_have_text("Verbonden")
        await expect(page.locator(".day")).to_have_text("Vandaag")
        assert await page.evaluate("document.documentElement.lang") == "nl"
        assert chat.inbox[0].language_hint == "nl-NL"


async def test_hostile_text_is_only_text(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = echo
        page = await browser.new_page()
        await page.goto(chat.url)
        await say(page, HOSTILE)
        await expect(bubbles(page, "bot")).to_have_count(1)
        assert await shown_texts(page, "user") == [HOSTILE]
        assert await shown_texts(page, "bot") == [f"echo {HOSTILE}"]
        assert await page.evaluate("window.hacked === undefined")
        assert await page.locator(".log img, .log script, .log b, .log strong, .log code").count() == 0
        links = bubbles(page, "bot").get_by_role("link")
        assert await links.evaluate_all("nodes => nodes.map(node => node.getAttribute('href'))") == [
            "https://example.com/",
            "https://good.example/path?a=1&b=2",
        ]
        for attribute, value in (("rel", "noopener noreferrer nofollow"), ("target", "_blank")):
            assert await links.evaluate_all(f"n => n.every(x => x.getAttribute('{attribute}') === '{value}')")


async def test_a_huge_message_stays_in_its_place(browser: Browser) -> None:
    async with stage() as chat:
        chat.answer = lambda message: [reply_to(message, "W" * 20_000)]
        page = await browser.new_page(viewport={"width": 360, "height": 640})
        await page.goto(chat.url)
        await say(page, "x")
        await expect(bubbles(page, "bot")).to_have_count(1)
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        assert await page.locator(".log").evaluate("log => log.scrollWidth <= log.clientWidth")
        await expect(page.get_by_role("textbox")).to_be_in_viewport()


async def test_too_long_is_said_before_sending_and_keeps_the_text(browser: Browser) -> None:
    async with stage(Settings(max_chars=30)) as chat:
        page = await browser.new_page()
        await page.goto(chat.url)
        await expect(page.locator(".status")).to_have_text("Connected")
        await say(page, "😀" * 31)
        await expect(page.get_by_role("alert")).to_contain_text("31 characters; at most 30")
        await expect(page.get_by_role("textbox")).to_have_value("😀" * 31)
        assert chat.deliveries == 0
        await say(page, "😀" * 30)
        await expect(page.get_by_role("alert")).to_be_hidden()
        await expect(page.locator(".state")).to_have_text("Sent")


async def test_a_message_that_only_the_server_finds_too_long_comes_back_to_be_shortened(browser: Browser) -> None:
    async with stage(Settings(max_chars=30), started=False) as chat:
        page = await browser.new_page()
        await page.goto(chat.url)
        await say(page, "x" * 31)
        await chat.start()
        await expect(page.get_by_role("alert")).to_contain_text("31 characters; at most 30", timeout=10_000)
        await expect(page.get_by_role("textbox")).to_have_value("x" * 31)
        await expect(page.locator(".line")).to_have_count(0)


async def test_writing_too_fast_is_answered_calmly_and_loses_nothing(browser: Browser) -> None:
    async with stage(Settings(messages_per_minute=12)) as chat:
        page = await browser.new_page()
        await page.goto(chat.url)
        for number in range(13):
            await say(page, f"{number}")
        await expect(page.get_by_role("alert")).to_contain_text("You are writing faster than we can read")
        await expect(page.locator(".line.pending .bubble")).to_contain_text("12")
        await expect(page.locator(".line.pending")).to_have_count(0, timeout=10_000)
        await expect(page.get_by_role("alert")).to_be_hidden()
        assert [message.text for message in chat.inbox] == [str(number) for number in range(13)]


async def test_the_bot_seems_to_write_until_its_answer_is_there(browser: Browser) -> None:
    async with stage() as chat:
        page = await browser.new_page()
        await page.goto(chat.url)
        await say(page, "question")
        await expect(page.locator(".typing")).to_be_visible()
        await chat.post(reply_to(chat.inbox[0], "answer"))
        await expect(bubbles(page, "bot")).to_contain_text("answer")
        await expect(page.locator(".typing")).to_be_hidden()


async def test_what_the_bot_deletes_is_no_longer_shown(browser: Browser) -> None:
    async with stage() as chat:
        page = await browser.new_page()
        await page.goto(chat.url)
        await say(page, "legal winner thank year")
        await expect(page.locator(".state")).to_have_text("Sent")
        await chat.adapter.delete(chat.inbox[0])
        await expect(bubbles(page, "user")).to_contain_text("Removed for your safety")
        assert "winner" not in await page.locator(".log").inner_text()


async def test_on_a_phone_it_fills_the_screen(browser: Browser) -> None:
    async with stage() as chat, site(chat.url) as shop:
        chat.adapter._origins.add(shop)  # noqa: SLF001 - its port is known only now
        page = await browser.new_page(viewport={"width": 390, "height": 780})
        await page.goto(shop)
        await page.get_by_role("button", name="Open the chat").click()
        await page.locator(".panel").evaluate("panel => Promise.all(panel.getAnimations().map(a => a.finished))")
        assert await page.locator(".panel").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 780}
        await page.get_by_role("button", name="Close the chat").click()
        await expect(page.locator(".panel")).to_be_hidden()


def _luminance(rgb: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", rgb)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_ground(browser: Browser, scheme: str) -> None:
    grounds = """(node) => {
        let ground = node;
        while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
        return [getComputedStyle(node).color, getComputedStyle(ground).backgroundColor];
    }"""
    async with stage(Settings(max_chars=30)) as chat:
        chat.answer = lambda message: [reply_to(message, "See https://a.example `x`", buttons=CHOICES)]
        context = await browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
        page = await context.new_page()
        await page.goto(chat.url)
        await say(page, "question")
        await expect(page.locator(".choices button")).to_have_count(2)
        await say(page, "x" * 31)
        places = ".bubble, .bubble a, code, .meta, .day, .choices button, h1, .status, .notice, textarea, .left"
        pairs = await page.locator(places).evaluate_all(f"nodes => nodes.map({grounds})")
        assert len(pairs) >= 13
        for text, ground in pairs:
            light, dark = sorted((_luminance(text), _luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
