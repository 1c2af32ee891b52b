"""compose.yaml: by the compose specification's own schema, by a linter of its dangers, and as our program reads it."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from config.settings import LimitSettings
from tests.deploy.linting import ROOT, linted, loaded, program
from tests.deploy.test_image import ENVIRON, of

if TYPE_CHECKING:
    from pathlib import Path

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BOTS = {name: service for name, service in SERVICES.items() if name != "postgres"}
_ACCEPTED = {
    "CL-0019",  # no digest: building and pulling again is to bring the base's security fixes
    "CL-0026",  # no limit of CPUs: one above what the machine has is refused at the start
}

every_service = pytest.mark.parametrize("name", SERVICES)


def seconds(duration: str) -> int:
    assert duration.endswith("s")
    return int(duration[:-1])


def test_it_is_a_compose_file() -> None:
    linted(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")


def test_the_linter_of_dangers_finds_only_what_we_accept() -> None:
    findings = json.loads(linted(program("compose-lint"), "--format", "json", "compose.yaml"))["findings"]
    assert {finding["rule_id"] for finding in findings} == _ACCEPTED


@every_service
def test_nothing_may_do_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])  # noqa: S108 - in a container of its own
    assert service["restart"] == "unless-stopped"
    assert not str(service.get("user", "10001")).startswith(("0", "root"))
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), "a proxy is what is public"


def test_two_bots_differ_in_nothing_but_their_port() -> None:
    first, second = BOTS.values()
    assert {**first, "ports": None} == {**second, "ports": None}
    assert first["ports"] != second["ports"]
    assert {port.rpartition(":")[2] for bot in BOTS.values() for port in bot["ports"]} == set(of("EXPOSE"))


def test_a_bot_has_the_time_it_needs_to_stop() -> None:
    for bot in BOTS.values():
        assert seconds(bot["stop_grace_period"]) >= 2 * LimitSettings().drain_s


def test_a_bot_is_configured_by_what_is_mounted(tmp_path: Path) -> None:
    (tmp_path / "firstline.toml").write_text('[bot]\norganisation = "Acme"\n', encoding="utf-8")
    (tmp_path / "ledger_url").write_text("postgresql://firstline:pw@postgres/firstline\n", encoding="utf-8")
    (tmp_path / "ledger_url").chmod(0o600)
    for bot in BOTS.values():
        (site,) = [mount for mount in bot["volumes"] if isinstance(mount, dict)]
        (data,) = [mount for mount in bot["volumes"] if isinstance(mount, str)]
        assert site["read_only"] is True
        assert data.partition(":")[2] == ENVIRON["FIRSTLINE_DATA_DIR"]
        environ = {
            name: value.replace(site["target"], str(tmp_path)).replace("/run/secrets", str(tmp_path))
            for name, value in bot["environment"].items()
        }
        assert environ != bot["environment"]
        found = loaded({**ENVIRON, **environ, "HOME": str(tmp_path)})
        assert found.bot.organisation == "Acme"
        assert str(found.ledger_place) == "postgresql://firstline:pw@postgres/firstline"
        assert bot["environment"]["FIRSTLINE_LEDGER__URL_FILE"].removeprefix("/run/secrets/") in bot["secrets"]


def test_no_password_stands_in_it() -> None:
    assert SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/postgres_password"
    assert {secret for service in SERVICES.values() for secret in service["secrets"]} == set(COMPOSE["secrets"])
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert {"/secrets/", "/site/"} <= set(ignored), "what the operator keeps beside it is never committed"


def test_a_bot_waits_for_the_database_and_only_bots_reach_it() -> None:
    postgres = SERVICES["postgres"]
    assert "ports" not in postgres
    assert postgres["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert postgres["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert postgres["image"].startswith("postgres:18")
    assert postgres["volumes"] == ["postgres:/var/lib/postgresql"], "the image of 18 keeps its data one folder higher"
    for bot in BOTS.values():
        assert bot["depends_on"] == {"postgres": {"condition": "service_healthy"}}
        assert set(bot["networks"]) == set(COMPOSE["networks"])


def test_what_the_documentation_adds_to_it_fits(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "compose.override.yaml").write_text(block, encoding="utf-8")
    schema = ("--builtin-schema", "vendor.compose-spec", tmp_path / "compose.override.yaml")
    linted(sys.executable, "-m", "check_jsonschema", *schema)
    added = yaml.safe_load(block)
    assert set(added["services"]) == set(BOTS)
    for service in added["services"].values():
        assert set(service["secrets"]) == set(added["secrets"])
        (tmp_path / "telegram_token").write_text("123456:a-token-of-nobody", encoding="utf-8")
        (tmp_path / "telegram_token").chmod(0o600)
        environ = {name: value.replace("/run/secrets", str(tmp_path)) for name, value in service["environment"].items()}
        assert "telegram" in loaded({**environ, "HOME": str(tmp_path)}).channels
