"""The Grafana dashboard imports cleanly, and it and the alerts ask for nothing that the bot does not show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bots.ledger.ledger import SHARES
from tests.bots.monitoring import monitored

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana" / "firstline.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
PAGE = ROOT / "docs" / "monitoring.md"
_METRIC: Final = re.compile(r"\b(?:firstline|process)_[a-z_]+")
_LABEL: Final = re.compile(r'(\w+)\s*(?:=~|!=|!~|=)\s*"')
_GROUPING: Final = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")
_OWN_LABELS: Final = {"instance", "job", "le"}  # Prometheus's own
_KINDS: Final = {"stat", "state-timeline", "timeseries", "row"}
_UNITS: Final = {"short", "s", "reqps", "percentunit", "bytes"}


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return read


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboard()["panels"]
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def asked() -> Iterator[str]:
    """Every question in PromQL."""
    for panel in panels():
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (variable["query"]["query"] for variable in dashboard()["templating"]["list"])
    yield from (rule["expr"] for rule in rules())


async def shown(tmp_path: Path) -> tuple[dict[str, str], set[str]]:
    """What a bot that runs shows: its metrics' names, as they are asked for, with their types; and all labels."""
    async with monitored(tmp_path) as stage:
        await stage.is_ready()
        text = (await stage.asked("/metrics")).text
    names: dict[str, str] = {}
    labels: set[str] = set()
    for family in text_string_to_metric_families(text):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        names |= {family.name + suffix: family.type for suffix in suffixes}
        labels |= {label for sample in family.samples for label in sample.labels}
    return names, labels


async def test_nothing_is_asked_for_that_the_bot_does_not_show_and_nothing_it_shows_is_forgotten(
    tmp_path: Path,
) -> None:
    names, labels = await shown(tmp_path)
    used: set[str] = set()
    for question in asked():
        metrics = set(_METRIC.findall(question))
        assert metrics, question
        assert metrics <= names.keys(), question
        used |= metrics
    ours = {name for name in names if name.startswith("firstline_")}
    unused = {re.sub(r"_(bucket|sum|count)$", "", name) for name in ours - used}
    assert unused <= {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    page = PAGE.read_text(encoding="utf-8")
    for name in ours:
        assert re.sub(r"_(bucket|sum|count)$", "", name) in page, f"docs/monitoring.md does not name {name}"
    assert labels >= {"channel", "kind", "part", "state"}


def test_every_label_that_is_asked_for_is_one_of_ours() -> None:
    code = (ROOT / "bots" / "metrics.py").read_text(encoding="utf-8")
    code += (ROOT / "bots" / "readings.py").read_text(encoding="utf-8")
    ours = {name for names in re.findall(r'\((("\w+",? ?)+)\)', code) for name in re.findall(r"\w+", names[0])}
    for question in asked():
        named = set(_LABEL.findall(question))
        named |= {name.strip() for names in _GROUPING.findall(question) for name in names.split(",")}
        assert named <= ours | _OWN_LABELS, question


def test_counters_are_asked_for_their_increase_and_histograms_for_their_buckets() -> None:
    for question in asked():
        for metric in re.findall(r"\bfirstline_\w+(?:_total|_bucket|_sum|_count)\b", question):
            if not question.startswith("label_values"):
                assert re.search(rf"(?:rate|increase)\({metric}(?:{{[^}}]*}})?\[[^]]+\]\)", question), question
        if "histogram_quantile" in question:
            assert re.search(r"by \([^)]*\ble\b", question), question


def test_brackets_are_closed() -> None:
    for question in asked():
        for opens, closes in ("()", "[]", "{}"):
            assert question.count(opens) == question.count(closes), question


# --- the dashboard --------------------------------------------------------------------------------------------------


def test_grafana_asks_for_the_datasource_and_every_panel_takes_it() -> None:
    (wanted,) = dashboard()["__inputs"]
    assert (wanted["name"], wanted["type"], wanted["pluginId"]) == ("DS_PROMETHEUS", "datasource", "prometheus")
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    for panel in panels():
        if panel["type"] != "row":
            assert panel["datasource"] == source
            assert all(target["datasource"] == source for target in panel["targets"])
    assert all(variable["datasource"] == source for variable in dashboard()["templating"]["list"])
    used = {panel["type"] for panel in panels()} - {"row"}
    assert used == {one["id"] for one in dashboard()["__requires"] if one["type"] == "panel"}


def test_it_is_a_dashboard_of_today_without_an_installations_own_marks() -> None:
    read = dashboard()
    assert read["schemaVersion"] >= 39
    assert read["id"] is None
    assert re.fullmatch(r"[a-z0-9-]{1,40}", read["uid"])
    assert read["title"]
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(read))) == {
        "DS_PROMETHEUS", "__rate_interval", "__all", "instance", "channel",
    }  # fmt: skip


def test_panels_have_what_grafana_wants_and_a_place_of_their_own() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        assert panel["type"] in _KINDS
        assert panel["title"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"] in _UNITS
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0


# --- the alerts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_it_means_and_the_page_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Firstline[A-Z][A-Za-z]+", rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description"}
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "0m"))
    page = PAGE.read_text(encoding="utf-8")
    assert re.search(rf"^\| `{rule['alert']}` \| .+ \| .+ \|$", page, re.MULTILINE)


def test_alerts_have_names_of_their_own_and_are_few() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) <= 12
    (lease,) = [rule["expr"] for rule in rules() if rule["alert"] == "FirstlineLeaseUnheld"]
    assert f'kind="share"}}) < {SHARES}' in lease
    assert {"FirstlineNotReady", "FirstlineAmbiguousReplies", "FirstlineLoopLag"} <= set(names)
