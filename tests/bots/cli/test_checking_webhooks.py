"""What `firstline check` says of the address at which a desk calls us, and of a desk that refuses its set-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bots.cli import checking, setting_up
from simulators.freshdesk import FreshdeskSimulator
from tests.bots.cli.program import configure
from ticket_client import django_helpdesk

if TYPE_CHECKING:
    from pathlib import Path

    from config.findings import Finding

SECRET = "s3cret-of-the-webhook"


async def told(folder: Path, *, secret: str = SECRET) -> list[Finding]:
    """What is said of webhooks' addresses."""
    async with FreshdeskSimulator() as sim:
        desk = f'[desk]\nkind = "freshdesk"\nurl = "{sim.url}"\napi_key = "{sim.key}"\n'
        desk += f'webhook_secret = "{secret}"\n' if secret else ""
        answered, findings = await checking.desk_findings(setting_up.load(configure(folder, desk)))
    assert answered
    assert not any(SECRET in finding.text + finding.cure for finding in findings)
    return [finding for finding in findings if "public_url" in finding.text or "/webhooks" in finding.text]


@pytest.mark.parametrize(
    ("public_url", "fault"), [("", "is missing"), ("http://support.example.com", "is not https: http://support")]
)
async def test_a_webhook_needs_an_address_with_https(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public_url: str, fault: str
) -> None:
    if public_url:
        monkeypatch.setenv("FIRSTLINE_WEB__PUBLIC_URL", public_url)
    (finding,) = await told(tmp_path)
    assert (finding.ok, f"public_url {fault}" in finding.text) == (False, True)
    assert '[web] public_url = "https://' in finding.cure


@pytest.mark.parametrize("public_url", ["https://support.example.com/", "http://127.0.0.1:8080"])
async def test_the_address_of_the_webhook_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, public_url: str
) -> None:
    monkeypatch.setenv("FIRSTLINE_WEB__PUBLIC_URL", public_url)
    (finding,) = await told(tmp_path)
    address = f"{public_url.rstrip('/')}/webhooks/desk"
    assert (finding.ok, finding.text) == (True, f"The address to enter for the webhook is {address}.")


async def test_without_a_secret_nothing_is_said_of_addresses(tmp_path: Path) -> None:
    assert await told(tmp_path, secret="") == []


async def test_a_desk_that_signs_nothing_wants_the_secret_in_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLINE_WEB__PUBLIC_URL", "https://support.example.com")
    text = f'kind = "django_helpdesk"\nurl = "http://127.0.0.1:9"\ntoken = "0123456789"\nwebhook_secret = "{SECRET}"'
    section = f'[desk]\n{text}\nqueue = 1\nqueue_slug = "support"\n'
    settings = setting_up.load(configure(tmp_path, section))
    assert isinstance(settings.desk, django_helpdesk.Settings)
    desk = django_helpdesk.create("desk", settings.desk, {})
    (finding,) = checking._webhook(settings, desk)  # noqa: SLF001 - a whole django-helpdesk takes seconds to start
    assert "https://support.example.com/webhooks/desk/SECRET-IN-THE-PATH, with the secret" in finding.text
    assert SECRET not in finding.text
    await desk.close()


def test_a_refused_set_up_has_its_plain_words() -> None:
    text, cure = checking.in_plain_words("SetUpRefused", "Freshdesk refuses group_id.")
    assert text == "it refuses tickets because of its set-up (Freshdesk refuses group_id)."
    assert "by themselves" in cure
