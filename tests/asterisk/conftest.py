"""One real Asterisk for all tests here. The leg tests' telephone and the SIP tests' phone process serve here too."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "telephony"))

from asterisk_calls import Ports, Speech
from asterisk_server import Asterisk, SetupError, prepare

from telephony.audio import read_wav
from telephony.caller import free_port


@pytest.fixture(scope="session")
def speech(shared: Path) -> Speech:
    """Between four and six seconds."""
    rows = [json.loads(line) for line in (shared / "eval/speech/manifest.jsonl").read_text().splitlines()]
    chosen = [row for row in rows if row["group"] == "news" and 4 < row["seconds"] < 6][:3]
    paths = [shared / "eval/speech" / row["wav_phone"] for row in chosen]
    clips = [read_wav(path) for path in paths]
    return Speech(chosen[0]["text"], paths[0], clips[0], b"".join(clips))


@pytest.fixture(scope="session")
def ports() -> Ports:
    return Ports(free_port(), free_port())


@pytest.fixture(scope="session")
def asterisk(ports: Ports) -> Iterator[Asterisk]:
    try:
        print(f"\n{prepare()}")
        server = Asterisk(ports.websocket, ports.audiosocket)
    except SetupError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield server
        assert "0 active channels" in server.ask("core show channels"), "a call was left behind"
        errors = [line for line in server.log.splitlines() if "ERROR" in line]
        assert not errors, "Asterisk complains:\n" + "\n".join(errors[-10:])
    finally:
        server.close()
