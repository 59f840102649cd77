"""The caller's audio and what was recognised in it.

Keeps the last minute; knows where the present turn began; starts recognising at a short pause (a guess) so that the
text is often there when the turn is over. Speech that goes on before its recognition was used is one utterance.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from asr_models.recogniser import Recognition
from telephony.audio import BYTES_A_SECOND, RATE_HZ, SAMPLE_BYTES
from telephony.metrics import PhoneMetrics

PRE_ROLL_SECONDS: Final = 0.3  # the detector fires late: take some audio from before
TAIL_SECONDS: Final = 0.25
LONGEST_SECONDS: Final = 59.0
_KEPT_SECONDS: Final = 75.0


class Listener(Protocol):
    """The recogniser as the phone sees it; the real one is `asr_models.client.RecogniserClient`."""

    async def recognise(
        self, pcm16: bytes, rate_hz: int, *, call_id: str = "", deadline_seconds: float | None = None
    ) -> Recognition: ...


class Hearing:
    """One call. Positions count bytes since the start of the call."""

    def __init__(self, listener: Listener, metrics: PhoneMetrics, call_id: str = "") -> None:
        self._listener = listener
        self._metrics = metrics
        self._call_id = call_id
        self._kept = bytearray()
        self._dropped = 0
        self._begin: int | None = None
        self._task: asyncio.Task[Recognition] | None = None

    def feed(self, pcm: bytes) -> None:
        self._kept += pcm
        surplus = len(self._kept) - int(_KEPT_SECONDS * BYTES_A_SECOND)
        if surplus > BYTES_A_SECOND:
            del self._kept[:surplus]
            self._dropped += surplus

    @property
    def _end(self) -> int:
        return self._dropped + len(self._kept)

    def begin(self, ago_seconds: float) -> None:
        """A turn began. An earlier one whose recognition is still running becomes its first part."""
        unfinished = self._task is not None and not self._task.done() and self._begin is not None
        self.drop_guess()
        if not unfinished:
            start = self._end - _bytes(ago_seconds + PRE_ROLL_SECONDS)
            self._begin = max(self._dropped, start)

    def guess(self) -> None:
        """Recognise what there is: perhaps the caller has finished."""
        self._start(self._end)

    def drop_guess(self) -> None:
        if self._task is not None:
            if not self._task.done():
                self._task.cancel()
                self._metrics.guesses.labels("dropped").inc()
            self._task = None

    def forget(self) -> None:
        """The present turn counts for nothing."""
        self.drop_guess()
        self._begin = None

    def _start(self, end: int) -> None:
        self.drop_guess()
        begin = self._begin if self._begin is not None else end
        begin = max(begin, self._dropped, end - _bytes(LONGEST_SECONDS))
        pcm = bytes(self._kept[begin - self._dropped : end - self._dropped])
        self._task = asyncio.create_task(self._listener.recognise(pcm, RATE_HZ, call_id=self._call_id))
        self._task.add_done_callback(_look_at)

    def finish(self, trailing_seconds: float) -> asyncio.Task[Recognition]:
        """The turn is over, its last `trailing_seconds` are silence. The task raises `RecogniserError` on failure.

        The task is cancelled if the caller goes on speaking before it is done.
        """
        if self._task is not None and not (self._task.done() and (self._task.cancelled() or self._task.exception())):
            self._metrics.guesses.labels("used").inc()
        else:
            self._start(self._end - _bytes(max(0.0, trailing_seconds - TAIL_SECONDS)))
        assert self._task is not None
        return self._task

    def used(self, task: asyncio.Task[Recognition]) -> None:
        """The text of this turn was given away: what comes next is a turn of its own."""
        if self._task is task:
            self._task = None
            self._begin = None

    @property
    def turn_seconds(self) -> float:
        return 0.0 if self._begin is None else (self._end - self._begin) / BYTES_A_SECOND

    async def close(self) -> None:
        task = self._task
        self.forget()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)


def _bytes(seconds: float) -> int:
    return int(seconds * RATE_HZ) * SAMPLE_BYTES


def _look_at(task: asyncio.Task[Recognition]) -> None:
    """A guess that failed and was never used is no news; whoever awaits the task gets the error."""
    if not task.cancelled():
        task.exception()
