"""Telephones with a tone, a browser with a tone, and ears for both: who is heard where, and when."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from telephony_sip_helpers import HOST, PhoneProcess, eventually
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hotline.trial.listening import opened
from telephony.audio import RATE_HZ, resample, to_samples, tone
from telephony.caller import free_port

CALLER_HZ, SEAT_HZ, THIRD_HZ, BROWSER_HZ, LEADER_HZ = 500.0, 900.0, 1_300.0, 1_700.0, 2_100.0
_RTP = itertools.cycle(range(25_000, 29_000, 40))

Samples = npt.NDArray[np.float32]


class TonePhone:
    """One telephone; `plan` as in `tone_phone.py`."""

    def __init__(self, directory: Path, name: str, **plan: Any) -> None:
        self.port = free_port(HOST)
        self.recorded = directory / f"{name}.wav"
        low = next(_RTP)
        plan = {"port": self.port, "record": str(self.recorded), "rtp_ports": [low, low + 38], "seconds": 60, **plan}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("tone_phone.py")), json.dumps(plan)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parents[2],
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout
        assert self.next() == "ready"

    @property
    def uri(self) -> str:
        return f"sip:7000@{HOST}:{self.port}"

    def next(self) -> str:
        """What happens next to this telephone."""
        line = self._out.readline()
        return str(json.loads(line)["what"]) if line else "gone"

    def until(self, what: str) -> None:
        for happened in iter(self.next, "gone"):
            if happened == what:
                return
        raise AssertionError(f"{what} never happened")

    def hang_up(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def heard(self) -> Samples:
        """Everything it heard, once its call is over."""
        self.wait()
        data, rate = soundfile.read(self.recorded, dtype="float32")
        assert rate == RATE_HZ
        return np.asarray(data, np.float32)

    def wait(self, seconds: float = 30.0) -> None:
        self._process.wait(seconds)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(5)
        self._out.close()


def strength(sound: Samples, frequency_hz: float) -> Samples:
    """How strong a tone is in each 100 ms, 1.0 for a full-scale sine."""
    step = RATE_HZ // 10
    frames = sound[: len(sound) // step * step].reshape(-1, step)
    turn = np.exp(-2j * np.pi * frequency_hz * np.arange(step) / RATE_HZ)
    return np.asarray(np.abs((frames * turn).mean(axis=1)) * 2, np.float32)


def seconds_heard(sound: Samples, frequency_hz: float, above: float = 0.05) -> float:
    return float((strength(sound, frequency_hz) > above).sum()) / 10


class TonePage:
    """What the seat's page does with its ticket: 16 kHz PCM both ways."""

    def __init__(self, expected: dict[str, Any], frequency_hz: float = BROWSER_HZ, rate_hz: int = 16_000) -> None:
        self._rate_hz = rate_hz
        self.address = f"ws://{HOST}:{expected['port']}/seat-audio?ticket={expected['ticket']}&rate={rate_hz}"
        wave = resample(to_samples(tone(frequency_hz, 2.2, 0.1)), RATE_HZ, rate_hz)
        second = rate_hz
        self._second = (wave[second // 20 : second // 20 + second] * 32767).astype("<i2").tobytes()
        self._heard = bytearray()
        self.socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> TonePage:
        self.socket = await connect(self.address, compression=None)
        self._tasks = [asyncio.create_task(self._talk(self.socket)), asyncio.create_task(self._listen(self.socket))]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self.socket is not None
        await self.socket.close()

    async def _talk(self, line: ClientConnection) -> None:
        frame = self._rate_hz // 50 * 2
        due = time.monotonic()
        for number in itertools.count():
            start = number * frame % len(self._second)
            try:
                await line.send(self._second[start : start + frame])
            except ConnectionClosed:
                return
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _listen(self, line: ClientConnection) -> None:
        async for message in line:
            assert isinstance(message, bytes)
            self._heard += message

    def heard(self) -> Samples:
        return resample(to_samples(self._heard), self._rate_hz, RATE_HZ)

    @property
    def closed(self) -> bool:
        return self._tasks[1].done()


def leg_news(phone: PhoneProcess, leg_id: str, state: str, seconds: float = 8.0) -> dict[str, Any]:
    """The phone's report that a leg has come into this state."""

    def found() -> dict[str, Any] | None:
        reports = [m for m in phone.core.of("leg") if m["leg_id"] == leg_id and m["state"] == state]
        return reports[-1] if reports else None

    return dict(eventually(found, seconds, f"leg {state}"))


def channels(path: Path) -> tuple[Samples, Samples]:
    """The caller's and the heard side of a recording."""
    data, rate = soundfile.read(opened(path), dtype="float32")
    assert rate == RATE_HZ
    return np.ascontiguousarray(data[:, 0]), np.ascontiguousarray(data[:, 1])
