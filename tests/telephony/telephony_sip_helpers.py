"""A real phone process with a real renderer and recogniser, a scripted core, and callers of flesh and wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import soundfile
from aiohttp import web

from hotline.trial.listening import opened
from telephony.caller import free_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


def echo(turn: dict[str, Any]) -> dict[str, Any]:
    return {"say": [{"text": f"您说{turn['text']}。"}]}


class CoreServer:
    """The core's end of the link in a thread of its own; `reply` makes the answer to a turn."""

    def __init__(self) -> None:
        self.port = free_port(HOST)
        self.greeting = "您好，请讲。"
        self.reply: Callable[[dict[str, Any]], dict[str, Any]] = echo
        self.messages: list[dict[str, Any]] = []
        self.metrics = ""
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._sockets: set[web.WebSocketResponse] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def of(self, kind: str, call_id: str | None = None) -> list[dict[str, Any]]:
        return [m for m in list(self.messages) if m["type"] == kind and call_id in (None, m["call_id"])]

    def start(self) -> None:
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def stop(self) -> None:
        """As if killed: every connection breaks."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def push(self, message: dict[str, Any]) -> None:
        """Something that the core says by itself."""

        async def send() -> None:
            for ws in list(self._sockets):
                await ws.send_json(message)

        asyncio.run_coroutine_threadsafe(send(), self._loop).result(10)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/internal/phone", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self.port).start()

    async def _stop(self) -> None:
        for ws in list(self._sockets):
            await ws.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer test-token"
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        self._sockets.add(ws)
        try:
            async for received in ws:
                await self._answer(ws, json.loads(received.data))
        finally:
            self._sockets.discard(ws)
        return ws

    async def _answer(self, ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["type"] == "metrics":
            self.metrics = message["text"]
            return
        if message["type"] == "alive":
            return
        self.messages.append(message)
        call_id = message["call_id"]
        if message["type"] == "call_started":
            say = [{"text": self.greeting}]
            await ws.send_json({"type": "opened", "call_id": call_id, "conversation_id": f"k-{call_id}", "say": say})
        elif message["type"] == "turn":
            common = {"type": "reply", "call_id": call_id, "turn_id": message["turn_id"], "conversation_id": "k"}
            await ws.send_json({**common, **self.reply(message)})
        elif message["type"] == "heard":
            await ws.send_json({"type": "noted", "call_id": call_id, "heard_id": message["heard_id"]})
        elif message["type"] == "call_ended":
            await ws.send_json({"type": "ended", "call_id": call_id})


def eventually(condition: Callable[[], Any], seconds: float = 10.0, what: str = "it") -> Any:
    """Wait until the condition holds; its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class PhoneProcess:
    """`python -m telephony.phone` with its helpers, in a data directory of its own."""

    def __init__(
        self,
        directory: Path,
        core: CoreServer,
        *,
        helpers: bool,
        maximum_calls: int = 60,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.core = core
        self.sip_port = free_port(HOST)
        (directory / "run").mkdir(parents=True)
        (directory / "run" / "internal.token").write_text("test-token\n")
        (directory / "models").symlink_to(ROOT / "var" / "models")
        self._environment = {
            **os.environ,
            "HOTLINE_DATA__DIRECTORY": str(directory),
            "HOTLINE_WEB__PORT": str(core.port),
            "HOTLINE_TELEPHONY__SIP_PORT": str(self.sip_port),
            "HOTLINE_TELEPHONY__SEAT_AUDIO_PORT": str(free_port(HOST)),
            "HOTLINE_TELEPHONY__RTP_PORTS": "[23000,24999]",
            "HOTLINE_TELEPHONY__MAXIMUM_CALLS": str(maximum_calls),
            "OMP_NUM_THREADS": "1",
            **(environment or {}),
        }
        self._log = (directory / "log.txt").open("w")
        self.helpers = [self._start("telephony.renderer"), self._start("asr_models.server")] if helpers else []
        self.phone = self._start("telephony.phone")
        eventually(lambda: "phone_listening" in self.log or self.phone.poll() is not None, 120, "listening")
        assert self.phone.poll() is None, self.log

    def _start(self, module: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=self._environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            process_group=0,  # in one session, as under the supervisor: see base.priority
        )

    @property
    def log(self) -> str:
        return (self.directory / "log.txt").read_text(encoding="utf-8", errors="replace")

    @property
    def uri(self) -> str:
        return f"sip:12345@{HOST}:{self.sip_port}"

    def logged(self, sign: str) -> bool:
        return sign in self.log

    def ready(self, seconds: float = 60.0) -> None:
        """All models are loaded."""
        for sign in ("prompts are ready", "recogniser_ready"):
            eventually(partial(self.logged, sign), seconds, sign)

    def terminate(self) -> int:
        self.phone.send_signal(signal.SIGTERM)
        return self.phone.wait(15)

    def close(self) -> None:
        for process in (self.phone, *self.helpers):
            if process.poll() is None:
                process.terminate()
        for process in (self.phone, *self.helpers):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        self._log.close()


@contextlib.contextmanager
def running_phone(directory: Path, **options: Any) -> Iterator[PhoneProcess]:
    core = CoreServer()
    core.start()
    try:
        phone = PhoneProcess(directory, core, **options)
        try:
            yield phone
        finally:
            phone.close()
    finally:
        core.close()


class RawCaller:
    """A SIP client of forty lines, for what no proper client would send."""

    def __init__(self, port: int) -> None:
        self._server = (HOST, port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.settimeout(3.0)
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.bind((HOST, 0))
        self._port = self._socket.getsockname()[1]
        self.call_id = os.urandom(8).hex()
        self._tag = os.urandom(4).hex()

    def close(self) -> None:
        self._socket.close()
        self.media.close()

    def send(self, data: bytes) -> None:
        self._socket.sendto(data, self._server)

    def request(self, method: str, sequence: int, to_tag: str = "", body: str = "") -> None:
        branch = f"z9hG4bK{os.urandom(6).hex()}"
        lines = [
            f"{method} sip:12345@{HOST}:{self._server[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self._port};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:13900001234@{HOST}:{self._port}>;tag={self._tag}",
            f"To: <sip:12345@{HOST}:{self._server[1]}>{to_tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:13900001234@{HOST}:{self._port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.send(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def offer(self, formats: str) -> str:
        """An SDP offer with these payload types and their names, e.g. `18 G729/8000`."""
        number, name = formats.split()
        port = self.media.getsockname()[1]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {number}\r\na=rtpmap:{number} {name}\r\n"
        )

    def final_answer(self) -> tuple[int, str]:
        """Status and text of the first answer that is not provisional."""
        while True:
            text = self._socket.recv(65_536).decode("utf-8", "replace")
            match = re.match(r"SIP/2\.0 (\d{3})", text)
            if match and int(match.group(1)) >= 200:
                return int(match.group(1)), text


def duration_of(path: Path) -> tuple[int, float]:
    """Channels and seconds of a recording."""
    information = soundfile.info(opened(path))
    return information.channels, information.duration
