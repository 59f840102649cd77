"""What is deployed asks for nothing that the program does not offer: ports, routes, settings, commands, metrics."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from needs import require
from pydantic import TypeAdapter

from base.sections.section import Section
from base.settings import ROOT, Settings
from gateway.app import build_app
from gateway.core import Core
from gateway.metrics import Metrics
from hotline.cli import COMMANDS
from telephony.metrics import PhoneMetrics

KUBERNETES = ROOT / "deploy" / "kubernetes"
SYSTEMD = ROOT / "deploy" / "systemd"
CONTAINER = ROOT / "deploy" / "container"
BY_START_SCRIPT = {"HOTLINE_MADE", "HOTLINE_PROGRAM", "HOTLINE_CONFIG"}


def manifests() -> Iterator[dict[str, Any]]:
    for path in sorted(KUBERNETES.glob("*.yml")):
        yield from (row for row in yaml.safe_load_all(path.read_text("utf-8")) if row and "kind" in row)


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {row["metadata"]["name"]: row for row in manifests() if row["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    return {
        name: row["spec"]["template"] for kind in ("Deployment", "StatefulSet") for name, row in of_kind(kind).items()
    }


def container(name: str) -> dict[str, Any]:
    (only,) = pods()[name]["spec"]["containers"]
    return dict(only)


def check_setting(name: str, value: str | None) -> None:
    """`HOTLINE_SECTION__KEY` names a setting, and the value is one that it takes."""
    section_name, _, key = name.removeprefix("HOTLINE_").lower().partition("__")
    assert section_name in Settings.model_fields, f"{name}: no section {section_name}"
    section = Settings.model_fields[section_name].annotation
    assert isinstance(section, type) and issubclass(section, Section)
    assert key in section.model_fields, f"{name}: {section_name} has no {key}"
    field = section.model_fields[key]
    if value is not None:
        kind: Any = field.annotation
        simple = kind in (str, int, float, bool, Path) or not re.match(r"[\[{]", value)
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        adapter.validate_strings(value) if simple else adapter.validate_json(value)


def environment(name: str) -> dict[str, str | None]:
    """Of a pod: what the program's container gets, None where the value is known only in the cluster."""
    asked: dict[str, str | None] = {}
    for source in container(name)["envFrom"]:
        if "configMapRef" in source:
            asked.update(of_kind("ConfigMap")[source["configMapRef"]["name"]]["data"])
        else:
            asked.update(of_kind("Secret")[source["secretRef"]["name"]]["stringData"])
    for row in container(name)["env"]:
        asked[row["name"]] = row.get("value")
    return asked


@pytest.mark.parametrize("name", ["hotline-web", "hotline-calls"])
def test_settings_of_the_pods_exist_and_take_their_values(name: str) -> None:
    asked = environment(name)
    for setting, value in asked.items():
        check_setting(setting, value)
    assert len(asked) >= 12
    assert (asked.get("HOTLINE_TELEPHONY__ENABLED") == "false") == (name == "hotline-web")


def test_settings_that_do_not_exist_are_noticed() -> None:
    for name, value in (("HOTLINE_WEB__PRT", "1"), ("HOTLINE_NOWHERE__PORT", "1"), ("HOTLINE_WEB__PORT", "many")):
        with pytest.raises((AssertionError, ValueError)):
            check_setting(name, value)


@pytest.mark.parametrize("name", ["hotline-web", "hotline-calls"])
def test_probes_ask_routes_that_exist_at_the_port_that_is_served(name: str, tmp_path: Path) -> None:
    settings = Settings.model_construct()
    known = {"web": settings.web.port, "sip-udp": settings.telephony.sip_port, "sip-tcp": settings.telephony.sip_port,
             "seat-audio": settings.telephony.seat_audio_port}  # fmt: skip
    ports = {row["name"]: row["containerPort"] for row in container(name)["ports"]}
    assert ports.items() <= known.items() and "web" in ports
    own = Settings.model_validate({"data": {"directory": str(tmp_path)}})
    routes = {route.resource.canonical for route in build_app(Core(own)).router.routes() if route.resource is not None}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container(name)[probe]["httpGet"]
        assert asked["path"].partition("?")[0] in routes and asked["port"] in ports, probe
    annotations = pods()[name]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] in routes
    assert annotations["prometheus.io/port"] == str(settings.web.port)


def test_services_policies_and_budgets_point_at_pods_and_ports_that_exist() -> None:
    labels = {name: template["metadata"]["labels"] for name, template in pods().items()}

    def chosen(selector: dict[str, str]) -> list[str]:
        return [name for name, own in labels.items() if selector.items() <= own.items()]

    for name, service in of_kind("Service").items():
        (target,) = chosen(service["spec"]["selector"])
        named = {row["name"] for row in container(target)["ports"]}
        assert {row["targetPort"] for row in service["spec"]["ports"]} <= named, name
    budgets, scalers = of_kind("PodDisruptionBudget"), of_kind("HorizontalPodAutoscaler")
    assert set(budgets) == set(scalers) == set(labels)
    for name, budget in budgets.items():
        assert chosen(budget["spec"]["selector"]["matchLabels"]) == [name]
    for name, scaler in scalers.items():
        assert scaler["spec"]["scaleTargetRef"]["name"] == name
    rtp = eval_list(environment("hotline-calls")["HOTLINE_TELEPHONY__RTP_PORTS"])
    opened = [
        (row["port"], row.get("endPort", row["port"]))
        for rule in of_kind("NetworkPolicy")["hotline-calls-in"]["spec"]["ingress"]
        for row in rule["ports"]
    ]
    assert tuple(rtp) in opened
    inward = {row["containerPort"] for name in labels for row in container(name)["ports"]}
    for policy in of_kind("NetworkPolicy").values():
        for rule in policy["spec"].get("ingress", ()):
            for row in rule["ports"]:
                assert row["port"] in inward or row["port"] == rtp[0]


def eval_list(text: str | None) -> list[int]:
    return TypeAdapter(list[int]).validate_json(text or "")


def test_autoscaling_asks_for_metrics_that_are_told() -> None:
    told = {
        name for registry in (Metrics().registry, PhoneMetrics().registry) for name in registry._names_to_collectors
    }
    rules = yaml.safe_load((KUBERNETES / "prometheus-adapter.yml").read_text("utf-8"))["rules"]["custom"]
    served = {rule["name"]["as"] for rule in rules}
    for rule in rules:
        assert set(re.findall(r"hotline_\w+", rule["metricsQuery"] + rule["seriesQuery"])) <= told
    for scaler in of_kind("HorizontalPodAutoscaler").values():
        for metric in scaler["spec"]["metrics"]:
            assert metric["type"] == "Resource" or metric["pods"]["metric"]["name"] in served


def test_every_manifest_that_counts_is_applied_and_no_secret_is() -> None:
    applied = yaml.safe_load((KUBERNETES / "kustomization.yml").read_text("utf-8"))["resources"]
    assert {path.name for path in KUBERNETES.glob("*.yml")} - set(applied) == {
        "kustomization.yml", "secret.example.yml", "prometheus-adapter.yml",
    }  # fmt: skip
    for secret in of_kind("Secret").values():
        assert all("CHANGE-ME" in value for value in secret["stringData"].values())
    for name in pods():
        own = container(name)
        assert (
            own["securityContext"]["readOnlyRootFilesystem"] and not own["securityContext"]["allowPrivilegeEscalation"]
        )
        assert own["args"][0] in {path[0] for path in COMMANDS}
        writable = {mount["mountPath"] for mount in own["volumeMounts"] if not mount.get("readOnly")}
        assert environment(name)["HOTLINE_DATA__DIRECTORY"] in writable


def test_calls_may_end_before_a_pod_or_a_unit_is_stopped() -> None:
    longest = Settings.model_construct().telephony.maximum_call_seconds
    assert pods()["hotline-calls"]["spec"]["terminationGracePeriodSeconds"] > longest
    assert unit("hotline.service")["TimeoutStopSec"] == [str(longest + 60)]


def unit(name: str) -> dict[str, list[str]]:
    """Keys of a unit file, each with its values in order."""
    found: dict[str, list[str]] = {}
    for line in (SYSTEMD / name).read_text("utf-8").splitlines():
        key, given, value = line.partition("=")
        if given and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("name", ["hotline.service", "hotline-backup.service"])
def test_units_use_settings_and_commands_that_exist(name: str) -> None:
    for row in unit(name)["Environment"]:
        variable, _, value = row.partition("=")
        if variable not in BY_START_SCRIPT:
            check_setting(variable, value)
    (start,) = unit(name)["ExecStart"]
    command = re.search(r"/opt/hotline/\.venv/bin/hotline (\S+)", start)
    assert command is not None and (command.group(1),) in COMMANDS


def test_systemd_accepts_the_units_and_finds_them_closed_enough(tmp_path: Path) -> None:
    analyse = shutil.which("systemd-analyze")
    require(analyse is not None, "no systemd-analyze on this machine")
    for path in SYSTEMD.glob("hotline*.*"):
        (tmp_path / path.name).write_text(
            path.read_text("utf-8").replace("/opt/hotline/.venv/bin/hotline", "/bin/true")
        )
    units = sorted(str(path) for path in tmp_path.iterdir())
    found = subprocess.run(
        [str(analyse), "verify", "--man=no", *units], capture_output=True, text=True, timeout=120, check=False
    )
    ours = [line for line in found.stderr.splitlines() if "hotline" in line]
    assert found.returncode == 0 and not ours, found.stderr
    told = subprocess.run(
        [str(analyse), "security", "--offline=true", "--no-pager", str(tmp_path / "hotline.service")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    exposure = re.search(r"exposure level for hotline\.service: ([0-9.]+)", told.stdout)
    assert exposure is not None, told.stdout + told.stderr
    assert float(exposure.group(1)) <= 2.5


def test_the_image_offers_what_the_pods_ask_for() -> None:
    text = (CONTAINER / "Containerfile").read_text("utf-8")
    exposed = set(re.findall(r"(\d+)/(?:tcp|udp)", text))
    assert {str(row["containerPort"]) for name in pods() for row in container(name)["ports"]} == exposed
    user = re.search(r"--uid (\d+)", text)
    assert user is not None
    for template in pods().values():
        assert str(template["spec"]["securityContext"]["runAsUser"]) == user.group(1)
    for variable, value in re.findall(r"(HOTLINE_[A-Z_]+)=(\S+)", text):
        check_setting(variable, value)
    first = re.search(r'CMD \["(\w+)"', text[text.index("ENTRYPOINT") :])
    assert first is not None and (first.group(1),) in COMMANDS


def test_what_the_image_takes_from_its_build_can_be_reached_by_its_user_at_the_same_place() -> None:
    text = (CONTAINER / "Containerfile").read_text("utf-8")
    copies = re.findall(r"^COPY --from=build (\S+) (\S+)$", text, re.MULTILINE)
    assert all(source == target for source, target in copies)
    store = re.search(r"UV_PYTHON_INSTALL_DIR=(\S+)", text)
    assert store is not None and {store.group(1), "/opt/hotline"} == {source for source, _ in copies}
    steps = (store.group(), "uv python install", "make setup", "chmod -R a+rX", "COPY --from=build", "USER ")
    assert sorted(steps, key=text.index) == list(steps)  # set-up leaves files that only who made them may read
    assert not re.search(r"/root\b", text)


def test_the_start_script_fills_an_empty_folder_and_keeps_what_is_newer(tmp_path: Path) -> None:
    made, data, told = tmp_path / "made", tmp_path / "data", tmp_path / "told"
    for folder in ("models", "setup", "index"):
        (made / folder).mkdir(parents=True)
    (made / "setup" / "voice.json").write_text("made")
    program = tmp_path / "hotline"
    program.write_text(f'#!/bin/sh\necho "$@" > {told}\n')
    program.chmod(0o755)

    def start() -> None:
        subprocess.run(
            ["/bin/sh", str(CONTAINER / "start.sh"), "run", "--no-setup"], check=True, timeout=60,
            env={**os.environ, "HOTLINE_MADE": str(made), "HOTLINE_DATA__DIRECTORY": str(data),
                 "HOTLINE_PROGRAM": str(program)},
        )  # fmt: skip

    start()
    assert told.read_text().strip() == "run --no-setup"
    assert (data / "models").resolve() == made / "models" and (data / "setup" / "voice.json").read_text() == "made"
    newer = made.stat().st_mtime + 1_000
    (data / "setup" / "voice.json").write_text("ours")
    os.utime(data / "setup" / "voice.json", (newer, newer))
    start()
    assert (data / "setup" / "voice.json").read_text() == "ours"
