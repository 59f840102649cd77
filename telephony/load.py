"""How hard the phone process works: how long utterances wait for their words, how often the 20 ms beat is late. Pure.

Both look back over a few seconds only; what is still being waited for counts with the time that it has waited so far,
so a recogniser that stops answering is seen before the first answer is overdue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from asr_models.recogniser import Expected, RecogniserError, Recognition
from asr_models.urgency import Urgency
from telephony.hearing import Recognising, Streaming

LAG_WINDOW_SECONDS: Final = 30.0
BEAT_WINDOW_SECONDS: Final = 10
LATE_SECONDS: Final = 0.02  # a beat later than one frame
_IDLE_WEIGHT: Final = 0.02  # of the newest answer in the mean of those that nobody stood before
_FEWEST_BEATS: Final = 100  # two seconds: fewer say nothing


@dataclass(frozen=True, slots=True)
class Load:
    """`lag_seconds`: 95th percentile from asking the recogniser to its answer; `idle_lag_seconds`: the same where
    nobody else was asking, a mean over a long time. `answers`: how many utterances the lag rests on. `crowded`: some of
    them stood behind others, or got no answer at all. `late_frames`: share of beats that came more than 20 ms late."""

    lag_seconds: float = 0.0
    idle_lag_seconds: float = 0.0
    answers: int = 0
    crowded: bool = False
    late_frames: float = 0.0


class WaitingTimes:
    """The recogniser's lag. `workers`: how many utterances it takes without any of them standing in a queue."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._finished: deque[tuple[float, float]] = deque()  # (when, seconds waited)
        self._pending: dict[int, float] = {}
        self._alone: set[int] = set()  # pending ones before which nobody stood
        self._next = 0
        self.idle_lag_seconds = 0.0
        self._crowded_at = float("-inf")

    def begin(self, now: float) -> int:
        """An utterance is handed over; returns its ticket."""
        self._next += 1
        if len(self._pending) < self._workers:
            self._alone.add(self._next)
        else:
            self._crowded_at = now
        self._pending[self._next] = now
        return self._next

    def end(self, ticket: int, now: float, *, failed: bool = False) -> None:
        seconds = now - self._pending.pop(ticket)
        self._finished.append((now, seconds))
        if failed:
            self._crowded_at = now
        elif ticket in self._alone:
            weight = _IDLE_WEIGHT if self.idle_lag_seconds else 1.0
            self.idle_lag_seconds += weight * (seconds - self.idle_lag_seconds)
        self._alone.discard(ticket)

    def forget(self, ticket: int) -> None:
        """It was withdrawn: the caller had gone on speaking."""
        self._pending.pop(ticket, None)
        self._alone.discard(ticket)

    def lag_seconds(self, now: float) -> float:
        waits = sorted([seconds for _, seconds in self._recent(now)] + [now - at for at in self._pending.values()])
        return waits[min(len(waits) - 1, math.ceil(0.95 * len(waits)) - 1)] if waits else 0.0

    def answers(self, now: float) -> int:
        return len(self._recent(now))

    def crowded(self, now: float) -> bool:
        return now - self._crowded_at <= LAG_WINDOW_SECONDS or len(self._pending) > self._workers

    def _recent(self, now: float) -> deque[tuple[float, float]]:
        while self._finished and now - self._finished[0][0] > LAG_WINDOW_SECONDS:
            self._finished.popleft()
        return self._finished


class Beats:
    """How punctual the ticker is."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int, int]] = deque(maxlen=BEAT_WINDOW_SECONDS)  # (second, beats, late ones)

    def beat(self, now: float, late_seconds: float) -> None:
        second, late = int(now), int(late_seconds > LATE_SECONDS)
        if self._seconds and self._seconds[-1][0] == second:
            _, beats, before = self._seconds[-1]
            self._seconds[-1] = (second, beats + 1, before + late)
        else:
            self._seconds.append((second, 1, late))

    def late_frames(self, now: float) -> float:
        """The share of late beats, 0..1; 0 where there were too few to tell."""
        recent = [entry for entry in self._seconds if now - entry[0] <= BEAT_WINDOW_SECONDS]
        beats = sum(count for _, count, _ in recent)
        return sum(late for _, _, late in recent) / beats if beats >= _FEWEST_BEATS else 0.0


class TimedRecogniser:
    """A recogniser whose waiting times are noted."""

    def __init__(self, recogniser: Recognising, times: WaitingTimes, clock: Callable[[], float]) -> None:
        self._recogniser = recogniser
        self._times = times
        self._clock = clock

    async def recognise(
        self,
        pcm16: bytes,
        rate_hz: int,
        *,
        call_id: str = "",
        deadline_seconds: float | None = None,
        urgency: Urgency | None = None,
        expected: Expected = "anything",
    ) -> Recognition:
        """A guess counts from the moment on when somebody waits for it.

        Raises:
            RecogniserError: as the recogniser behind it.
        """
        haste = urgency or Urgency(urgent=True)
        ticket = _Ticket(self._times, self._clock)
        if haste.urgent:
            ticket.take()
        haste.watch(ticket.take)
        try:
            with ticket:
                return await self._recogniser.recognise(
                    pcm16, rate_hz, call_id=call_id, deadline_seconds=deadline_seconds, urgency=haste, expected=expected
                )
        finally:
            haste.forget(ticket.take)

    def stream(self, rate_hz: int, *, call_id: str = "") -> Streaming | None:
        """The wait for the words of such an utterance begins with its end."""
        stream = self._recogniser.stream(rate_hz, call_id=call_id)
        return None if stream is None else _TimedStream(stream, self._times, self._clock)


class _Ticket:
    """Of one answer, noted only if somebody waited for it (`take`)."""

    def __init__(self, times: WaitingTimes, clock: Callable[[], float]) -> None:
        self._times = times
        self._clock = clock
        self._number: int | None = None

    def take(self) -> None:
        self._number = self._times.begin(self._clock())

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._number is None:
            return
        if error is None or isinstance(error, RecogniserError):
            self._times.end(self._number, self._clock(), failed=error is not None)
        else:
            self._times.forget(self._number)


class _TimedStream:
    def __init__(self, stream: Streaming, times: WaitingTimes, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._ticket = _Ticket(times, clock)
        self.feed = stream.feed
        self.so_far = stream.so_far
        self.cancel = stream.cancel

    async def finish(self) -> Recognition:
        self._ticket.take()
        with self._ticket:
            return await self._stream.finish()
