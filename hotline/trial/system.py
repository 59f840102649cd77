"""The whole product as an outsider sees it: `hotline run` on free ports and a data directory of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from base.settings import ROOT
from telephony.caller import free_port

START_SECONDS = 180.0
SET_UP_SECONDS = 900.0
STOP_SECONDS = 40.0
SHARED_FOLDERS = ("index", "orders/catalogue-models")
MODEL_STAMPS = ("embedding", "voice", "rasa-model", "fallback", "danger", "catalogue")


def lend(made: Path, directory: Path) -> None:
    """Give a new data directory what set-up has computed in `made`; a start without it takes minutes."""
    if not (directory / "models").exists():
        (directory / "models").symlink_to(made / "models")
    for folder in SHARED_FOLDERS:
        if (made / folder).exists():
            shutil.copytree(made / folder, directory / folder, dirs_exist_ok=True)


@dataclass
class System:
    """Start it with `start()`; `environment` overrides settings."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)
    web_port: int = field(default_factory=free_port)
    sip_port: int = field(default_factory=free_port)
    rasa_port: int = field(default_factory=free_port)
    seat_audio_port: int = field(default_factory=free_port)
    seat_login: str = ""
    seat_password: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sip_uri(self) -> str:
        return f"sip:12345@127.0.0.1:{self.sip_port}"

    @property
    def log(self) -> Path:
        return self.directory / "system.log"

    def variables(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOTLINE_DATA__DIRECTORY": str(self.directory),
            "HOTLINE_WEB__PORT": str(self.web_port),
            "HOTLINE_WEB__PUBLIC_URL": self.base_url,
            "HOTLINE_TELEPHONY__SIP_PORT": str(self.sip_port),
            "HOTLINE_RASA__PORT": str(self.rasa_port),
            "HOTLINE_TELEPHONY__SEAT_AUDIO_PORT": str(self.seat_audio_port),
            **self.environment,
        }

    def command(self, *arguments: str, timeout_seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run `hotline …` against this data directory."""
        return subprocess.run(
            [sys.executable, "-m", "hotline.cli", *arguments],
            cwd=ROOT,
            env=self.variables(),
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

    def prepare(self) -> None:
        """A new data directory, set up, with a seat."""
        self.furnish()
        added = self.command("seat", "add", "test01", "--name", "测试坐席")
        assert added.returncode == 0, added.stderr
        found = re.search(r"the password is (\S+)", added.stdout)
        assert found is not None, added.stdout
        self.seat_login, self.seat_password = "test01", found.group(1)

    def furnish(self) -> None:
        """A new data directory, set up, that shares the models and what else set-up computed."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lend(ROOT / "var", self.directory)
        (self.directory / "setup").mkdir(exist_ok=True)
        for part in MODEL_STAMPS:
            if (ROOT / "var" / "setup" / f"{part}.json").exists():
                shutil.copy(ROOT / "var" / "setup" / f"{part}.json", self.directory / "setup")
        until = time.monotonic() + SET_UP_SECONDS
        while "another set-up" in (done := self.command("setup", timeout_seconds=SET_UP_SECONDS)).stderr:
            assert time.monotonic() < until, done.stderr  # the models are shared, and so is the lock
            time.sleep(1.0)
        assert done.returncode == 0, f"hotline setup: {done.stdout}{done.stderr}"

    def start(self, *, wait: bool = True, set_up: bool = True) -> None:
        """`wait`: until it is ready. `set_up`: it looks for what is missing first."""
        assert self.process is None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hotline.cli", "run", *([] if set_up else ["--no-setup"])],
                cwd=ROOT,
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            try:
                self.wait_ready()
            except BaseException:
                self.stop()  # whoever starts it has nothing to stop yet
                raise

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process is not None and self.process.poll() is None, self.tail()
            status, body = self.get("/readyz")
            if status == 200:
                return
            time.sleep(0.25)
        raise AssertionError(f"not ready after {seconds:.0f} s: {body}\n{self.tail()}")

    def stop(self) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None

    def kill(self) -> None:
        """As if the machine had lost its power: nothing of it is left."""
        assert self.process is not None
        living = self.processes() if self.process.poll() is None else []
        for process in living:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        self.process = None

    def end(self) -> None:
        """SIGTERM, as systemd sends it; await with `wait_ended`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def wait_ended(self, seconds: float) -> int:
        """The exit status after `end`: with `cluster.drain_seconds` its calls may go on for so long."""
        assert self.process is not None
        status = self.process.wait(seconds)
        self.process = None
        return status

    def children(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything that it started."""
        assert self.process is not None
        return [psutil.Process(self.process.pid), *self.children()]

    def child(self, module: str) -> psutil.Process:
        """The process that runs one of our modules or scripts, for example `gateway.main`."""
        for process in self.children():
            if any(word.endswith(module) for word in process.cmdline()):
                return process
        raise AssertionError(f"no process runs {module}: {[process.cmdline() for process in self.children()]}")

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        return self._request("GET", path, None, headers)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._request("POST", path, data, headers)

    def _request(self, method: str, path: str, data: bytes | None, headers: dict[str, str] | None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.base_url + path,
            data=data,
            method=method,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, _parsed(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _parsed(error.read())
        except OSError as error:
            return 0, str(error)

    def internal_token(self) -> str:
        return (self.directory / "run" / "internal.token").read_text(encoding="ascii").strip()

    def call_record(self, call_id: str) -> dict[str, Any]:
        """What the core knows of a call: conversation, transcript, outcome, orders."""
        status, body = self.get(f"/internal/calls/{call_id}", {"Authorization": f"Bearer {self.internal_token()}"})
        assert status == 200, (status, body)
        return dict(body)

    def chat(self, text: str, conversation_id: str | None = None, message_id: str | None = None) -> dict[str, Any]:
        status, body = self.post(
            "/api/v1/chat",
            {
                "conversation_id": conversation_id,
                "text": text,
                "channel": "api",
                "client_message_id": message_id or os.urandom(8).hex(),
            },
        )
        assert status == 200, (status, body)
        return dict(body)

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def screenshot(self, page: Any, name: str) -> None:
        """Kept under `var/screenshots`, for a person to look at."""
        folder = ROOT / "var" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(folder / f"{name}.png"))


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
