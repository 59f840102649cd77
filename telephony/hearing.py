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
CONTINUED_SECONDS: Final = 2.0  # speech that begins this soon after the last one ended goes on with it
LONGEST_SECONDS: Final = 59.0
_KEPT_SECONDS: Final = 75.0


class Recognising(Protocol):
    """What `asr_models.client.RecogniserClient` does."""

    async def recognise(
        self, pcm16: bytes, rate_hz: int, *, call_id: str = "", deadline_seconds: float | None = None
    ) -> Recognition: ...


class Listener:
    """The recognisers as all calls share them. While they are `busy`, nobody asks them on a guess."""

    def __init__(self, recogniser: Recognising, busy_from: int) -> None:
        """`busy_from`: so many utterances at once are more than the workers can take in passing."""
        self._recogniser = recogniser
        self._busy_from = busy_from
        self._in_flight = 0

    @property
    def busy(self) -> bool:
        return self._in_flight >= self._busy_from

    async def recognise(self, pcm16: bytes, call_id: str) -> Recognition:
        """
        Raises:
            RecogniserError: no worker, or none in time.
        """
        self._in_flight += 1
        try:
            return await self._recogniser.recognise(pcm16, RATE_HZ, call_id=call_id)
        finally:
            self._in_flight -= 1


class Hearing:
    """One call. Positions count bytes since the start of the call."""

    def __init__(self, listener: Listener, metrics: PhoneMetrics, call_id: str = "") -> None:
        self._listener = listener
        self._metrics = metrics
        self._call_id = call_id
        self._kept = bytearray()
        self._dropped = 0
        self._begin: int | None = None
        self._running: set[asyncio.Task[Recognition]] = set()
        self._spoke_until = 0  # where the last finished turn ended
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
        """A turn began. An earlier one whose recognition is still running becomes its first part, if the pause between
        them was short; else each stays a turn of its own."""
        start = self._end - _bytes(ago_seconds)
        unfinished = self._task is not None and not self._task.done() and self._begin is not None
        if unfinished and start - self._spoke_until <= _bytes(CONTINUED_SECONDS):
            self.drop_guess()
            return
        self._task = None  # still awaited by the turn that it belongs to
        self._begin = max(self._dropped, start - _bytes(PRE_ROLL_SECONDS))

    def guess(self) -> asyncio.Task[Recognition] | None:
        """Recognise what there is: perhaps the caller has finished. None while others wait for what is certain."""
        if self._listener.busy:
            return None
        self._start(self._end)
        return self._task

    def turn_so_far(self, longest_seconds: float) -> bytes:
        """The audio of the present turn, its last `longest_seconds`."""
        begin = max(self._begin or 0, self._dropped, self._end - _bytes(longest_seconds))
        return bytes(self._kept[begin - self._dropped :])

    def sound(self, ago_seconds: float, trailing_seconds: float) -> asyncio.Task[Recognition] | None:
        """Recognise a sound that is no turn (yet): it began so long ago and ended so long ago. None while busy."""
        if self._listener.busy:
            return None
        begin = max(self._dropped, self._end - _bytes(ago_seconds + PRE_ROLL_SECONDS))
        end = self._end - _bytes(max(0.0, trailing_seconds - TAIL_SECONDS))
        return self._run(begin, end)

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
        self._task = self._run(begin, end)

    def _run(self, begin: int, end: int) -> asyncio.Task[Recognition]:
        pcm = bytes(self._kept[begin - self._dropped : end - self._dropped])
        task = asyncio.create_task(self._listener.recognise(pcm, self._call_id))
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def finish(self, trailing_seconds: float) -> asyncio.Task[Recognition]:
        """The turn is over, its last `trailing_seconds` are silence. The task raises `RecogniserError` on failure.

        The task is cancelled if the caller goes on speaking before it is done.
        """
        self._spoke_until = self._end - _bytes(trailing_seconds)
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

    def _done(self, task: asyncio.Task[Recognition]) -> None:
        """A guess that failed and was never used is no news; whoever awaits the task gets the error."""
        self._running.discard(task)
        if not task.cancelled():
            task.exception()

    async def close(self) -> None:
        """No recognition of this call goes on."""
        self.forget()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _bytes(seconds: float) -> int:
    return int(seconds * RATE_HZ) * SAMPLE_BYTES
