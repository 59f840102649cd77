"""One beat of 20 ms for all calls: audio in and out, the voice detector in one batch, the calls' own timers.

The detector computes in a thread of its own while the ticker goes on: what comes in meanwhile is in the next batch, so
a slow moment delays decisions but never the callers' audio.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from base.clock import Clock
from base.logs import get_logger
from base.threads import name_thread
from telephony.audio import FRAME_SECONDS
from telephony.load import Beats
from telephony.metrics import PhoneMetrics
from telephony.voice_activity import WINDOW_SECONDS, VoiceStream

log = get_logger("telephony.ticker")

TIMER_BEATS: Final = 5  # the calls' timers run every 100 ms
_CATCH_UP_SECONDS: Final = 0.5  # after a longer pause the beat starts afresh instead of catching up


class Ticked(Protocol):
    """A call as the ticker sees it."""

    @property
    def answered(self) -> bool: ...
    def pump(self) -> bytes: ...
    def on_voice(self, probability: float, seconds: float) -> None: ...
    def tick(self) -> None: ...
    def fail(self, error: BaseException) -> None: ...


class Detector(Protocol):
    def probabilities_of_many(self, batch: Sequence[tuple[VoiceStream, Sequence[bytes]]]) -> list[list[float]]: ...


@dataclass(slots=True)
class _Member:
    call: Ticked
    stream: VoiceStream = field(default_factory=VoiceStream)
    windows: list[bytes] = field(default_factory=list)


def _hear(probability: float, member: _Member) -> None:
    member.call.on_voice(probability, WINDOW_SECONDS)


class Ticker:
    """Await `run`; `add` and `remove` calls at any time."""

    def __init__(self, detector: Detector, clock: Clock, metrics: PhoneMetrics, *, threads: bool = True) -> None:
        """`threads` False: the detector runs inline (for tests in virtual time)."""
        self._detector = detector
        self._clock = clock
        self._metrics = metrics
        self.beats = Beats()
        self._members: dict[int, _Member] = {}
        self._pool = ThreadPoolExecutor(1, "voice", name_thread, ("voice",)) if threads else None
        self._detecting: asyncio.Future[list[list[float]]] | None = None
        self._detected: list[_Member] = []

    def add(self, call: Ticked) -> None:
        self._members[id(call)] = _Member(call)

    def remove(self, call: Ticked) -> None:
        self._members.pop(id(call), None)

    async def run(self) -> None:
        """Beat until cancelled."""
        due = self._clock.monotonic()
        beat = 0
        try:
            while True:
                due += FRAME_SECONDS
                now = self._clock.monotonic()
                if now - due > _CATCH_UP_SECONDS:
                    due = now
                await asyncio.sleep(max(0.0, due - now))
                late = max(0.0, self._clock.monotonic() - due)
                self._metrics.ticker_lag_seconds.observe(late)
                self.beats.beat(now, late)
                beat += 1
                self._beat(timers=beat % TIMER_BEATS == 0)
        finally:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)

    def _beat(self, *, timers: bool) -> None:
        members = [member for member in self._members.values() if member.call.answered]
        for member in members:
            self._guarded(member, self._pump)
        self._take_results()
        if self._detecting is None:
            self._detect([member for member in members if member.windows])
        if timers:
            for member in members:
                self._guarded(member, lambda each: each.call.tick())

    @staticmethod
    def _pump(member: _Member) -> None:
        if heard := member.call.pump():  # who waits, or is among people, is listened to seldom or not at all
            member.windows += member.stream.windows(heard)

    @staticmethod
    def _guarded(member: _Member, work: Callable[[_Member], None]) -> None:
        """A defect in one call ends that call; the beat goes on for all others."""
        try:
            work(member)
        except Exception as error:  # noqa: BLE001 - handed to the call, which logs it and ends
            member.call.fail(error)

    def _detect(self, members: list[_Member]) -> None:
        if not members:
            return
        batch = [(member.stream, member.windows) for member in members]
        for member in members:
            member.windows = []
        self._detected = members
        if self._pool is None:
            self._give(self._detector.probabilities_of_many(batch))
        else:
            self._detecting = asyncio.get_running_loop().run_in_executor(self._pool, self._timed, batch)
            self._detecting.add_done_callback(lambda _: self._take_results())

    def _timed(self, batch: list[tuple[VoiceStream, list[bytes]]]) -> list[list[float]]:
        began = time.perf_counter()
        values = self._detector.probabilities_of_many(batch)
        self._metrics.voice_activity_seconds.observe(time.perf_counter() - began)
        return values

    def _take_results(self) -> None:
        if self._detecting is None or not self._detecting.done():
            return
        done, self._detecting = self._detecting, None
        if done.cancelled():
            return
        if (error := done.exception()) is not None:
            log.error("voice_activity_failed", exc_info=error)
            return
        self._give(done.result())

    def _give(self, results: list[list[float]]) -> None:
        for member, values in zip(self._detected, results, strict=True):
            for value in values:
                if member.call.answered:
                    self._guarded(member, partial(_hear, value))
        self._detected = []
