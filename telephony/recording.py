"""Recording a call: a WAV with the caller on the left and the bot on the right, written off the event loop.

G.711 A-law, as it came over the line: nothing of the caller is lost and the file is half as big as with linear samples.
The file is sealed (`storage/sealed_files.py`), or a plain WAV where that is switched off. Either can be read after
every write, so a process that is killed leaves what was said until less than a second before.
"""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from base.clock import Clock, local
from base.errors import HotlineError
from base.logs import get_logger
from base.threads import name_thread
from base.wav import HEADER_BYTES, alaw_header
from storage.keyring import Keyring
from storage.sealed_files import ALAW_FRAMES, SealedWriter, Writer
from telephony.audio import BYTES_A_SECOND, RATE_HZ, SAMPLE_BYTES, pcm_to_alaw
from telephony.metrics import PhoneMetrics
from telephony.retention import FOLDER_FORMAT, RetentionRules, sweep

log = get_logger("telephony.recording")

_ALAW_SILENCE: Final = 0xD5
_WRITE_EVERY_SECONDS: Final = 0.5
_CHUNK_BYTES: Final = 4_000  # a quarter of a second of both sides
_LOOK_SECONDS: Final = 60.0
_LOOKS_BETWEEN_SWEEPS: Final = 60
_SLACK_SECONDS: Final = 0.2  # how much a channel may lag behind the clock before silence is put in


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
    """Two mono PCM16 pieces as one stereo piece in A-law; the shorter is filled with silence."""
    frames = np.full((max(len(left), len(right)) // SAMPLE_BYTES, 2), _ALAW_SILENCE, dtype=np.uint8)
    for column, pcm in enumerate((left, right)):
        codes = np.frombuffer(pcm_to_alaw(pcm), dtype=np.uint8)
        frames[: len(codes), column] = codes
    return frames.tobytes()


class PlainWav:
    """A WAV that is valid after every write."""

    def __init__(self, path: Path) -> None:
        self._data_bytes = 0
        path.touch(mode=0o600)
        self._file: BinaryIO = path.open("w+b", buffering=0)

    def write(self, data: bytes) -> None:
        self._file.seek(HEADER_BYTES + self._data_bytes)
        self._file.write(data)
        self._data_bytes += len(data)
        self._file.seek(0)
        self._file.write(alaw_header(self._data_bytes))

    def finish(self) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()


class Recording:
    """One call's file. `add` never blocks; `close` waits for the disk. Without a `keyring` it is plain."""

    def __init__(
        self, path: Path, pool: ThreadPoolExecutor, metrics: PhoneMetrics, keyring: Keyring | None = None
    ) -> None:
        self.path = path
        self._pool = pool
        self._metrics = metrics
        self._keyring = keyring
        self._caller, self._bot = Channel(), Channel()
        self._written_seconds = 0.0
        self._file: Writer | None = None  # opened by the first write, in the pool's thread
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
        self._write = asyncio.get_running_loop().run_in_executor(self._pool, self._append, left, right, final)
        self._write.add_done_callback(self._written)

    def _written(self, done: asyncio.Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) and not self.failed:
            self.failed = True
            self._metrics.recordings.labels("failed").inc()
            log.error("the recording cannot be written; the call goes on without", problem=str(error))

    def _append(self, left: bytes, right: bytes, final: bool) -> None:
        if self.failed:
            return
        if self._file is None:
            self._file = self._opened()
        try:
            self._file.write(interleave(left, right))
            if final:
                self._file.finish()
        except BaseException:
            self._file.close()
            raise

    def _opened(self) -> Writer:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._keyring is None:
            return PlainWav(self.path)
        return SealedWriter(self.path, self._keyring, chunk_bytes=_CHUNK_BYTES, flags=ALAW_FRAMES, durable=False)

    async def close(self) -> None:
        """Write the rest; only then is the file known to be whole."""
        if self._write is not None:
            await asyncio.gather(self._write, return_exceptions=True)
        if not self.failed:
            self._start_write(final=True)
            assert self._write is not None
            await asyncio.gather(self._write, return_exceptions=True)


class Recorder:
    """Where recordings go, `<directory>/2026-01-05/<call id>.wav` by the city's calendar, and how long they stay."""

    def __init__(
        self,
        directory: Path,
        metrics: PhoneMetrics,
        rules: RetentionRules | None = None,
        *,
        keyring: Keyring | None = None,
    ) -> None:
        """`keyring` seals them; None: they are plain."""
        self._directory = directory
        self._metrics = metrics
        self._keyring = keyring
        self._rules = rules or RetentionRules()
        self._pool = ThreadPoolExecutor(1, "recording", name_thread, ("recording",))
        self._room = True

    def begin(self, call_id: str, moment: datetime) -> Recording | None:
        """A recording for this call; None while the disk is too full or there is no key: the call goes on without, and
        is told nothing of a recording."""
        self._metrics.recordings.labels("begun" if self._room else "no_room").inc()
        if not self._room:
            return None
        path = self._directory / local(moment).strftime(FOLDER_FORMAT) / f"{call_id}.wav"
        return Recording(path, self._pool, self._metrics, self._keyring)

    async def run(self, clock: Clock) -> None:
        """Delete what is too old or too much, at the start and every hour; look at the disk every minute."""
        looks = 0
        while True:
            if looks % _LOOKS_BETWEEN_SWEEPS == 0:
                await self._sweep(clock)
            await self._look_at_disk()
            looks += 1
            await asyncio.sleep(_LOOK_SECONDS)

    async def _sweep(self, clock: Clock) -> None:
        loop = asyncio.get_running_loop()
        try:
            deleted = await loop.run_in_executor(self._pool, sweep, self._directory, self._rules, clock.now())
        except OSError as error:
            log.error("old recordings cannot be deleted", problem=str(error))
            return
        if deleted.files:
            self._metrics.recordings.labels("deleted").inc(deleted.files)
            log.info("old recordings deleted", files=deleted.files, megabytes=round(deleted.bytes / 1e6, 1))

    async def _look_at_disk(self) -> None:
        try:
            free = await asyncio.to_thread(_free_bytes, self._directory)
        except OSError as error:
            log.error("the disk of the recordings cannot be looked at", problem=str(error))
            return
        problem = await asyncio.to_thread(self._key_problem)
        room = free >= self._rules.keep_free_bytes and not problem
        if room != self._room:
            self._room = room
            if room:
                log.info("calls are recorded again")
            elif problem:
                log.error("recordings cannot be sealed: calls go on without recording", problem=problem)
            else:
                log.error("the disk is full: calls go on without recording", free_megabytes=round(free / 1e6))
        self._metrics.recording_possible.set(room)

    def _key_problem(self) -> str:
        """Why nothing can be sealed; empty where it can."""
        try:
            return "" if self._keyring is None or self._keyring.keys else "no key"
        except HotlineError as error:
            return str(error)

    def close(self) -> None:
        self._pool.shutdown(wait=True)


def _free_bytes(directory: Path) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(directory).free
