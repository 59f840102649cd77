"""A real Kamailio with the configuration that we ship, on loopback addresses: trunk 127.0.0.9, nodes 127.0.0.1."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from needs import require

from telephony.caller import free_port

ROOT: Final = Path(__file__).resolve().parents[2]
SHIPPED: Final = ROOT / "deploy" / "kamailio"
HOST: Final = "127.0.0.1"
TRUNK: Final = "127.0.0.9"
STRANGER: Final = "127.0.0.8"
_START_SECONDS: Final = 60.0


def program() -> str:
    found = shutil.which("kamailio")
    require(found is not None, "Kamailio is not installed (Debian: apt-get install kamailio kamailio-tls-modules)")
    assert found is not None
    return found


def configuration(folder: Path, *, nodes: list[str], local: str) -> Path:
    """The shipped file in `folder`, with what this host is."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SHIPPED / "kamailio.cfg", folder / "kamailio.cfg")
    (folder / "local.cfg").write_text(f'{local}\n#!define CONFIG_DIR "{folder}"\n#!define WORKERS 2\n')
    (folder / "dispatcher.list").write_text("".join(f"{number} {node} 0 0\n" for number in (1, 2) for node in nodes))
    addresses = f"1 {TRUNK} 32 0 trunk\n2 {HOST} 32 0 node\n3 {HOST} 32 0 rpc\n"
    (folder / "address.list").write_text(addresses)
    return folder / "kamailio.cfg"


def check(path: Path) -> str:
    """What `kamailio -c` says; raises AssertionError where the file is not right."""
    finished = subprocess.run([program(), "-c", "-f", str(path)], capture_output=True, text=True, timeout=60)
    said = finished.stdout + finished.stderr
    assert finished.returncode == 0, said
    return said


class Kamailio:
    def __init__(self, folder: Path, *, nodes: list[str], options: str = "") -> None:
        self._folder = folder
        self.port, self._rpc_port = free_port(HOST), free_port()
        self.rpc_url = f"http://{HOST}:{self._rpc_port}/RPC"
        local = (
            f"listen=udp:{HOST}:{self.port}\nlisten=tcp:{HOST}:{self.port}\nlisten=tcp:{HOST}:{self._rpc_port}\n"
            f"#!define TLS_SWITCH no\n{options}"
        )
        path = configuration(folder, nodes=nodes, local=local)
        command = [program(), "-f", str(path), "-DD", "-E", "-m", "64", "-M", "4", "-w", str(folder), "-Y", str(folder)]
        with (folder / "kamailio.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, process_group=0)
        until = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < until:
            try:
                self.states()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        return (self._folder / "kamailio.log").read_text(errors="replace")[-6_000:]

    def call(self, method: str, params: list[Any]) -> Any:
        """JSON-RPC, as a node would."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.rpc_url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def states(self, number: int = 1) -> dict[str, str]:
        """Of each node in the list of this number, by its address: the flags of `dispatcher.list`, e.g. AP or DX."""
        answer = self.call("dispatcher.list", [])["result"]
        (found,) = [record["SET"] for record in answer["RECORDS"] if record["SET"]["ID"] == number]
        targets = [entry["DEST"] for entry in found["TARGETS"]]
        return {target["URI"]: target["FLAGS"] for target in targets}

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(15)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # workers that did not follow it
