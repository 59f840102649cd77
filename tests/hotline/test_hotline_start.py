"""What comes before the first process: addresses, the lock, the token, the plan."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from base.errors import ConfigurationError
from base.settings import Settings
from hotline import supervisor
from hotline.supervision import addresses, instance, plan, readiness

ROOT = Path(__file__).resolve().parents[2]


def settings(tmp_path: Path, **sections: dict[str, object]) -> Settings:
    return Settings.model_validate({"data": {"directory": tmp_path}, **sections})


def names(chosen: plan.Plan) -> list[str]:
    return [process.name for process in chosen.processes]


@pytest.mark.parametrize(
    ("section", "key", "kind", "setting"),
    [
        ("web", "port", socket.SOCK_STREAM, "web.port"),
        ("telephony", "sip_port", socket.SOCK_DGRAM, "telephony.sip_port"),
        ("telephony", "sip_port", socket.SOCK_STREAM, "telephony.sip_port"),
        ("rasa", "port", socket.SOCK_STREAM, "rasa.port"),
    ],
)
def test_a_taken_port_names_its_setting_and_its_holder(
    tmp_path: Path, section: str, key: str, kind: socket.SocketKind, setting: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        port = holder.getsockname()[1]
        free = {"web": {"port": 1}, "telephony": {"sip_port": 1}, "rasa": {"port": 1}, section: {key: port}}
        chosen = settings(tmp_path, **free)
        ours = [address for address in addresses.wanted(chosen) if address.port == port]
        with pytest.raises(ConfigurationError) as refused:
            addresses.require_free(ours)
    sentence = str(refused.value)
    assert f"port {port}" in sentence
    assert f"taken by process {os.getpid()}" in sentence
    assert setting in sentence
    assert f"HOTLINE_{section.upper()}__{key.upper()}" in sentence
    addresses.require_free(ours)  # and when it is free again, all is well


def test_an_address_that_this_machine_does_not_have(tmp_path: Path) -> None:
    chosen = settings(tmp_path, web={"host": "192.0.2.1"})
    with pytest.raises(ConfigurationError, match=r"cannot listen on 192\.0\.2\.1:8345 \(this machine has no such"):
        addresses.require_free(addresses.wanted(chosen)[:1])


def test_what_is_switched_off_needs_no_port(tmp_path: Path) -> None:
    chosen = settings(tmp_path, telephony={"enabled": False}, rasa={"enabled": False})
    assert [address.setting for address in addresses.wanted(chosen)] == ["web.port"]


def test_one_supervisor_a_data_directory(tmp_path: Path) -> None:
    lock = instance.take_lock(tmp_path)
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from hotline.supervision import instance
        try:
            instance.take_lock(Path({str(tmp_path)!r}))
        except instance.AlreadyRunning as error:
            print(error)
        """
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"(process {os.getpid()}) already runs" in answer.stdout
    os.close(lock)
    os.close(instance.take_lock(tmp_path))


def test_the_token_is_new_at_each_start_and_readable_by_us_alone(tmp_path: Path) -> None:
    first = instance.write_token(tmp_path).read_text()
    path = instance.write_token(tmp_path)
    assert path == tmp_path / "internal.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first) >= 40
    assert path.read_text() != first


def test_the_plan_follows_the_settings(tmp_path: Path) -> None:
    rasa = tmp_path / "venv-rasa"
    everything = settings(tmp_path, recogniser={"workers": 2})
    without_rasa = plan.make(everything, rasa_environment=rasa)
    assert names(without_rasa) == ["core", "phone", "recogniser-0", "recogniser-1", "renderer"]
    assert len(without_rasa.left_out) == 1
    (rasa / "bin").mkdir(parents=True)
    (rasa / "bin" / "python").touch()
    (everything.models / "rasa").mkdir(parents=True)
    (everything.models / "rasa" / "nlu.tar.gz").touch()
    whole = plan.make(everything, rasa_environment=rasa)
    assert names(whole)[-1] == "rasa"
    assert str(everything.rasa.port) in whole.processes[-1].command
    assert whole.left_out == ()
    silent = settings(tmp_path, recogniser={"engine": "none"}, voice={"engine": "none"}, rasa={"enabled": False})
    assert names(plan.make(silent)) == ["core", "phone"]
    assert len(plan.make(silent).left_out) == 3
    assert names(plan.make(settings(tmp_path, telephony={"enabled": False}, rasa={"enabled": False}))) == ["core"]
    assert [process.name for process in whole.processes if process.essential] == ["core"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "{}", readiness.Readiness(True, "")),
        (
            503,
            '{"ready": false, "parts": {"database": {"ok": true}, "knowledge": {"ok": false, "needed": true},'
            ' "phone": {"ok": false, "needed": false}}}',
            readiness.Readiness(False, "knowledge"),
        ),
        (503, "starting", readiness.Readiness(False, "the core (status 503)")),
        (503, "[1]", readiness.Readiness(False, "the core (status 503)")),
    ],
)
def test_readiness_names_what_is_missing(status: int, body: str, expected: readiness.Readiness) -> None:
    assert readiness.parse(status, body) == expected


def test_the_welcome_has_every_address_and_the_password_once(tmp_path: Path) -> None:
    chosen = settings(tmp_path, web={"port": 18399}, rasa={"enabled": False})
    text = supervisor.welcome(chosen, plan.make(chosen), 12.3, ("seat01", "abcd-efgh"))
    assert "http://127.0.0.1:18399/seat" in text
    assert "sip:12345@127.0.0.1:5060" in text
    assert text.count("abcd-efgh") == 1
    assert re.search("note .*Rasa is switched off", text)
    assert "seat01" not in supervisor.welcome(chosen, plan.make(chosen), 12.3, None)
