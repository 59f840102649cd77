"""What is told to Prometheus: names and labels as they should be; rules and dashboards name nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from gateway_helpers import Client
from prometheus_client.parser import text_string_to_metric_families

from base.clock import ManualClock
from base.settings import ROOT
from gateway import health
from gateway.core import Core
from gateway.internal import ensure_token
from gateway.machine_metrics import MachineCollector, name_of
from gateway.metrics import Metrics
from gateway.phone_link import PhoneLinks
from hotline.supervision import plan
from storage.tables import CallbackTask, Conversation
from telephony.metrics import PhoneMetrics

DEPLOY = ROOT / "deploy"
BY_PROMETHEUS = {"instance", "job", "le"}
METRIC = re.compile(r"\b(hotline_[a-z0-9_]+)(?:\{([^}]*)\})?")
LABELS = {  # everything that may tell series apart: small closed sets, or names out of config.yml
    "arrival", "by", "channel", "departure", "event", "kind", "le", "link", "method", "part", "phone", "process",
    "prompt", "purpose", "rating", "reason", "result", "role", "route", "source", "status", "target", "verdict",
    "version", "what", "why", "outcome",
}  # fmt: skip


def told() -> dict[str, set[str]]:
    """Every sample's name that the program can tell, with its labels."""
    names: dict[str, set[str]] = {}
    for registry, further in ((Metrics().registry, set()), (PhoneMetrics().registry, {"phone"})):
        for collector, sampled in registry._collector_to_names.items():
            for name in sampled:
                names[name] = {*collector._labelnames, *further}  # type: ignore[attr-defined]
    for family in MachineCollector(ROOT, None).collect():
        for name in (family.name, f"{family.name}_total"):
            names[name] = set(family._labelnames)  # type: ignore[attr-defined]
    names["hotline_certificate_not_after_timestamp_seconds"] = set()
    return names


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and the PromQL."""
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
            for text in rule["annotations"].values():
                yield from ((rule["alert"], query) for query in re.findall(r"query `([^`]+)`", text))
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")):
        board = json.loads(path.read_text("utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield f"{path.name}: {panel['title']}", target["expr"]
        for variable in board["templating"]["list"]:
            yield f"{path.name}: {variable['name']}", variable["query"]


def test_every_metric_and_label_in_rules_and_dashboards_exists() -> None:
    names = told()
    looked_at = 0
    for where, expression in expressions():
        used: set[str] = set()
        for name, selector in METRIC.findall(expression):
            assert name in names, f"{where}: nothing tells {name}"
            labels = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector))
            assert labels <= names[name] | BY_PROMETHEUS, f"{where}: {name} has no {labels - names[name]}"
            used |= names[name]
            looked_at += 1
        for grouped in re.findall(r"\b(?:by|without)\s*\(([^)]*)\)", expression):
            wanted = {label.strip() for label in grouped.split(",") if label.strip()}
            assert wanted <= used | BY_PROMETHEUS, f"{where}: no label {wanted - used}"
        assert expression.count("(") == expression.count(")") and expression.count("{") == expression.count("}")
    assert looked_at > 60


def test_every_alert_says_what_to_do() -> None:
    rules = [
        rule
        for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 20
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}, rule["alert"]
        assert all(len(text) > 5 for text in rule["annotations"].values()), rule["alert"]


def test_names_and_labels_follow_the_conventions() -> None:
    """https://prometheus.io/docs/practices/naming: base units, `_total` of counters, labels from small sets."""
    for name, labels in told().items():
        assert re.fullmatch(r"hotline_[a-z][a-z0-9_]*", name), name
        assert not re.search(r"_(ms|milliseconds|minutes|hours|kb|mb|percent|count_total)\b", name), name
        assert labels <= LABELS, f"{name}: {labels - LABELS}"


async def test_all_of_it_parses_and_stays_small(client: Client, core: Core) -> None:
    token = {"Authorization": f"Bearer {ensure_token(core.settings)}"}
    phone = await client.ws_connect("/internal/phone", headers=token)
    phone_metrics = PhoneMetrics()
    for arrival in ("served", "waiting", "refused"):
        phone_metrics.arrivals.labels(arrival).inc()
    phone_metrics.voice_to_voice_seconds.observe(0.7)
    await phone.send_json({"type": "metrics", "call_id": "", "text": phone_metrics.text()})
    await phone.send_json({"type": "explode", "call_id": "x"})  # answered when the metrics have been taken
    assert (await phone.receive_json(timeout=60))["code"] == "unknown_type"
    for number in range(30):
        await client.get(f"/api/v1/orders/{number:010d}")
    for method in ("PROPFIND", "MKCOL", "REPORT"):
        await client.request(method, "/nowhere")
    shown = await (await client.get("/metrics")).text()
    families = {family.name: family for family in text_string_to_metric_families(shown)}
    assert families["hotline_phone_arrivals"].samples[0].labels == {"arrival": "served", "phone": "1"}
    assert families["hotline_part_ok"].samples and families["hotline_disk_free_bytes"].samples[0].value > 0
    await phone.close()
    methods = {sample.labels["method"] for sample in families["hotline_http_requests"].samples}
    assert methods == {"GET", "other"}
    assert not any(
        "nowhere" in route for family in families.values() for s in family.samples for route in s.labels.values()
    )
    assert max(len(family.samples) for family in families.values()) < 500
    for family in families.values():
        if family.type == "counter" and family.name.startswith("hotline_"):
            assert all(sample.name.endswith(("_total", "_created")) for sample in family.samples), family.name


def test_a_phone_that_comes_back_is_the_same_series() -> None:
    links = PhoneLinks()
    first, second = links.connect(None), links.connect(None)  # type: ignore[arg-type]
    links.disconnect(first)
    assert (first, second, links.connect(None)) == (1, 2, 1)  # type: ignore[arg-type]


async def test_danger_and_call_backs_that_wait_are_told(client: Client, core: Core, clock: ManualClock) -> None:
    now = clock.now()
    async with core.database.write() as session:
        for number, status in enumerate(("waiting", "with_seat", "waiting")):
            session.add(
                Conversation(
                    id=f"c{number}", channel="phone", trace_id="t", status=status, outcome="emergency", created_at=now,
                    updated_at=now, waiting_since=now - timedelta(seconds=40 + number),
                )
            )  # fmt: skip
        await session.flush()
        for number, due in enumerate((now - timedelta(hours=1), now + timedelta(hours=1))):
            session.add(
                CallbackTask(id=f"t{number}", conversation_id=f"c{number}", reason="x", due_at=due, created_at=now)
            )
    shown = await (await client.get("/metrics")).text()
    assert "hotline_emergencies_waiting 2.0" in shown and "hotline_emergency_oldest_seconds 42.0" in shown
    assert "hotline_callbacks_open 2.0" in shown and "hotline_callbacks_overdue 1.0" in shown


async def test_metrics_are_told_while_the_database_is_away(
    client: Client, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_core: Core) -> None:
        raise ConnectionRefusedError("no database")

    monkeypatch.setattr(health, "_query", away)
    answer = await client.get("/metrics")
    assert answer.status == 200 and 'hotline_part_ok{part="database"} 0.0' in await answer.text()


def test_the_end_of_the_certificate_is_told(tmp_path: Path) -> None:
    key, end = ec.generate_private_key(ec.SECP256R1()), datetime(2031, 5, 1, tzinfo=UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hotline")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(end - timedelta(days=90)).not_valid_after(end).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def told_end(file: Path | None) -> list[float]:
        wanted = "hotline_certificate_not_after_timestamp_seconds"
        return [s.value for f in MachineCollector(tmp_path, file).collect() if f.name == wanted for s in f.samples]

    assert told_end(path) == [end.timestamp()]
    assert told_end(tmp_path / "nothing.pem") == [0.0] and told_end(None) == []


def test_every_process_of_a_start_has_a_name_in_the_metrics(tmp_path: Path, core: Core) -> None:
    settings: Any = core.settings
    for process in plan.make(settings).processes:
        wanted = re.sub(r"-\d+$", "", process.name)
        assert name_of(list(process.command)) == wanted
    assert name_of(["python", "-m", "pytest"]) is None


async def test_a_node_is_ready_for_calls_while_none_would_be_refused(client: Client, core: Core) -> None:
    async def ready(query: str = "?for=calls") -> int:
        return (await client.get(f"/readyz{query}")).status

    assert (await ready(""), await ready()) == (200, 503), "no phone"
    phone = await client.ws_connect(
        "/internal/phone", headers={"Authorization": f"Bearer {ensure_token(core.settings)}"}
    )
    told = PhoneMetrics()
    for level, status in ((0, 200), (1, 200), (2, 503)):
        told.level.set(level)
        await phone.send_json({"type": "metrics", "call_id": "", "text": told.text()})
        await phone.send_json({"type": "explode", "call_id": "x"})  # answered when the metrics have been taken
        assert (await phone.receive_json(timeout=60))["code"] == "unknown_type"
        assert (await ready(), await ready("")) == (status, 200), level
    await phone.close()
