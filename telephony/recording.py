"""Recording a call: a WAV with the caller on the left and the bot on the right, written off the event loop.

The file is a valid WAV after every write, so a process that is killed leaves what was said until then.
"""

from __future__ import annotations

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from base.clock import local
from base.logs import get_logger
from base.threads import name_thread
from telephony.audio import BYTES_A_SECOND, RATE_HZ, SAMPLE_BYTES

log = get_logger("telephony.recording")

_HEADER_BYTES: Final = 44
_WRITE_EVERY_SECONDS: Final = 2.0
_SLACK_SECONDS: Final = 0.2  # how much a channel may lag behind the clock before silence is put in


def wav_header(data_bytes: int, channels: int = 2) -> bytes:
    block = channels * SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + data_bytes, b"WAVE",
        b"fmt ", 16, 1, channels, RATE_HZ, RATE_HZ * block, block, 8 * SAMPLE_BYTES,
        b"data", data_bytes,
    )  # fmt: skip


class Channel:
    """One side of the call, kept on the call's time line: silence is put in where nothing came."""

    def __init__(self) -> None:
        self.pending = bytearray()
        self._length = 0  # bytes since the start of the call
        self._last_sound_seconds = float("-inf")

    def add(self, pcm: bytes, elapsed_seconds: float) -> None:
        """`pcm` ended at `elapsed_seconds` after the start of the call."""
        due = int(elapsed_seconds * RATE_HZ) * SAMPLE_BYTES
        missing = due - len(pcm) - self._length
        flowing = elapsed_seconds - self._last_sound_seconds < _SLACK_SECONDS
        allowed = _SLACK_SECONDS * BYTES_A_SECOND if flowing or not pcm else 0
        if pcm:
            self._last_sound_seconds = elapsed_seconds
        if missing > allowed:
            self.pending += bytes(missing)
            self._length += missing
        self.pending += pcm
        self._length += len(pcm)


def interleave(left: bytes, right: bytes) -> bytes:
    """Two mono PCM16 pieces as one stereo piece; the shorter is filled with silence."""
    samples = max(len(left), len(right)) // SAMPLE_BYTES
    frames = np.zeros((samples, 2), dtype="<i2")
    for column, pcm in enumerate((left, right)):
        values = np.frombuffer(pcm[: len(pcm) // SAMPLE_BYTES * SAMPLE_BYTES], dtype="<i2")
        frames[: len(values), column] = values
    return frames.tobytes()


class Recording:
    """One call's file. `add` never blocks; `close` waits for the disk."""

    def __init__(self, path: Path, pool: ThreadPoolExecutor) -> None:
        self.path = path
        self._pool = pool
        self._caller, self._bot = Channel(), Channel()
        self._written_seconds = 0.0
        self._data_bytes = 0
        self._write: asyncio.Future[None] | None = None
        self.failed = False

    def add(self, caller: bytes, bot: bytes, elapsed_seconds: float) -> None:
        """What was heard and said in the last tick, which ended `elapsed_seconds` after the start of the call."""
        if self.failed:
            return
        self._caller.add(caller, elapsed_seconds)
        self._bot.add(bot, elapsed_seconds)
        busy = self._write is not None and not self._write.done()
        if not busy and elapsed_seconds - self._written_seconds >= _WRITE_EVERY_SECONDS:
            self._written_seconds = elapsed_seconds
            self._start_write(final=False)

    def _start_write(self, *, final: bool) -> None:
        shared = max if final else min
        count = shared(len(self._caller.pending), len(self._bot.pending))
        left, right = bytes(self._caller.pending[:count]), bytes(self._bot.pending[:count])
        del self._caller.pending[:count], self._bot.pending[:count]
        self._write = asyncio.get_running_loop().run_in_executor(self._pool, self._append, interleave(left, right))
        self._write.add_done_callback(self._written)

    def _written(self, done: asyncio.Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) and not self.failed:
            self.failed = True
            log.error("the recording cannot be written; the call goes on without", problem=str(error))

    def _append(self, frames: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("r+b" if self._data_bytes else "w+b") as file:
            file.seek(_HEADER_BYTES + self._data_bytes)
            file.write(frames)
            self._data_bytes += len(frames)
            file.seek(0)
            file.write(wav_header(self._data_bytes))

    async def close(self) -> None:
        """Write the rest."""
        if self._write is not None:
            await asyncio.gather(self._write, return_exceptions=True)
        if not self.failed and (self._caller.pending or self._bot.pending or not self._data_bytes):
            self._start_write(final=True)
            assert self._write is not None
            await asyncio.gather(self._write, return_exceptions=True)


class Recorder:
    """Where recordings go: `<data>/recordings/2026-01-05/<call id>.wav`, by the city's calendar."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._pool = ThreadPoolExecutor(1, "recording", name_thread, ("recording",))

    def begin(self, call_id: str, moment: datetime) -> Recording:
        return Recording(self._directory / local(moment).strftime("%Y-%m-%d") / f"{call_id}.wav", self._pool)

    def close(self) -> None:
        self._pool.shutdown(wait=True)
