"""`firstline ledger copy`, as an operator calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.ledger.ledger import Ledger
from tests.bots.cli.program import bot, configure, firstline
from tests.bots.making import message

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_backup_beside_the_running_bot_then_a_restore(tmp_path: Path) -> None:
    configure(tmp_path)
    async with bot(tmp_path) as running:
        done = await firstline("ledger", "copy", "--to", "sqlite:backups/today.db", cwd=tmp_path)
        assert (done.code, done.err) == (0, "")
        assert done.out.splitlines()[-1].endswith("firstline.db to backups/today.db.")
        assert await running.stops() == 0
    lost = tmp_path / "firstline.db"
    lost.rename(tmp_path / "damaged.db")
    back = await firstline(
        "ledger", "copy", "--from", "sqlite:backups/today.db", "--to", f"sqlite:{lost}", cwd=tmp_path
    )
    assert back.code == 0
    async with bot(tmp_path) as running:
        assert (await firstline("ledger", cwd=tmp_path)).code == 0
        assert await running.stops() == 0


async def test_the_configured_database_is_the_target(tmp_path: Path, postgres_url: str) -> None:
    with Ledger(tmp_path / "old.db") as ledger:
        await ledger.accept([message("hello"), message("are you there?")])
    file = configure(tmp_path)
    secret = tmp_path / "ledger_url"
    secret.write_text(postgres_url, encoding="utf-8")
    secret.chmod(0o600)
    file.write_text(file.read_text(encoding="utf-8").replace('path = "firstline.db"', 'url_file = "ledger_url"'))
    done = await firstline("ledger", "copy", "--from", "sqlite:old.db", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert ["2", "inbound"] in [line.split() for line in done.out.splitlines()]
    again = await firstline("ledger", "copy", "--from", "sqlite:old.db", cwd=tmp_path)
    assert (again.code, again.out) == (1, "")
    assert "holds a ledger already. Nothing was copied" in again.err


async def test_what_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    configure(tmp_path)
    nothing = await firstline("ledger", "copy", cwd=tmp_path)
    assert (nothing.code, nothing.err) == (2, "firstline: Say where to: firstline ledger copy --to sqlite:backup.db\n")
    odd = await firstline("ledger", "copy", "--from", "old.db", "--to", "mysql://ann:hunter22@db/x", cwd=tmp_path)
    assert odd.code == 1
    assert odd.err.startswith("firstline: 'old.db' names no ledger. Write sqlite:PATH")
    there = await firstline("ledger", "copy", "--to", "sqlite:new.db", cwd=tmp_path)
    assert (there.code, there.err.startswith("firstline: There is no ledger at ")) == (1, True)
