"""The caller's audio and what was recognised in it.

Keeps the last minute; knows where the present turn began; starts recognising at a short pause (a guess) so that the
text is often there when the turn is over. Speech that goes on before its recognition was used is one utterance.
Where the recogniser's engine streams, it hears the turn while it is being spoken, and a guess costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final, Protocol, TypeVar

from asr_models.recogniser import Expected, RecogniserError, Recognition
from asr_models.urgency import Urgency
from telephony.audio import BYTES_A_SECOND, RATE_HZ, SAMPLE_BYTES
from telephony.metrics import PhoneMetrics

PRE_ROLL_SECONDS: Final = 0.3  # the detector fires late: take some audio from before
TAIL_SECONDS: Final = 0.25
CONTINUED_SECONDS: Final = 2.0  # speech that begins this soon after the last one ended goes on with it
LONGEST_SECONDS: Final = 59.0
_KEPT_SECONDS: Final = 75.0

T = TypeVar("T")


class Streaming(Protocol):
    """What `asr_models.utterance_stream.UtteranceStream` does: an utterance that is recognised while it is spoken."""

    def feed(self, pcm16: bytes) -> None: ...
    async def so_far(self) -> str: ...
    async def finish(self) -> Recognition: ...
    async def cancel(self) -> None: ...


EXPECTED: Final[Mapping[str, Expected]] = {"number": "digits", "yes_no": "yes_no"}
"""What to listen for, by the patience that the question asks for."""


class Recognising(Protocol):
    """What `asr_models.client.RecogniserClient` does."""

    async def recognise(
        self,
        pcm16: bytes,
        rate_hz: int,
        *,
        call_id: str = "",
        deadline_seconds: float | None = None,
        urgency: Urgency | None = None,
        expected: Expected = "anything",
    ) -> Recognition: ...

    def stream(self, rate_hz: int, *, call_id: str = "") -> Streaming | None: ...


class Listener:
    """The recognisers as all calls share them. While they are `busy`, nobody asks them on a guess."""

    def __init__(self, recogniser: Recognising | None, busy_from: int) -> None:
        """`busy_from`: so many utterances at once are more than the workers can take in passing. `recogniser` None:
        nothing can be recognised."""
        self._recogniser = recogniser
        self._busy_from = busy_from
        self._in_flight = 0

    @property
    def busy(self) -> bool:
        return self._in_flight >= self._busy_from

    async def recognise(
        self, pcm16: bytes, call_id: str, urgency: Urgency | None = None, *, expected: Expected = "anything"
    ) -> Recognition:
        """By default nobody waits for it: it gives way to what is urgent. `expected`: what was asked for.

        Raises:
            RecogniserError: no worker, or none in time.
        """
        if self._recogniser is None:
            raise RecogniserError("there is no recogniser")
        haste = urgency or Urgency(urgent=False)
        return await self._counted(
            self._recogniser.recognise(pcm16, RATE_HZ, call_id=call_id, urgency=haste, expected=expected)
        )

    def stream(self, call_id: str) -> Streaming | None:
        """None where the engine only takes whole utterances."""
        return None if self._recogniser is None else self._recogniser.stream(RATE_HZ, call_id=call_id)

    async def finish(self, stream: Streaming) -> Recognition:
        """
        Raises:
            RecogniserError: no worker, or none in time.
        """
        return await self._counted(stream.finish())

    async def _counted(self, work: Coroutine[Any, Any, Recognition]) -> Recognition:
        self._in_flight += 1
        try:
            return await work
        finally:
            self._in_flight -= 1


class Hearing:
    """One call. Positions count bytes since the start of the call. `expected`: what the caller was asked for."""

    def __init__(self, listener: Listener, metrics: PhoneMetrics, call_id: str = "") -> None:
        self._listener = listener
        self._metrics = metrics
        self._call_id = call_id
        self._kept = bytearray()
        self._dropped = 0
        self._begin: int | None = None
        self.expected: Expected = "anything"
        self._running: set[asyncio.Task[Any]] = set()
        self._spoke_until = 0  # where the last finished turn ended
        self._task: asyncio.Task[Recognition] | None = None
        self._urgency = Urgency(urgent=False)  # of that task
        self._stream: Streaming | None = None  # hears the present turn
        self._leaving: set[asyncio.Task[None]] = set()  # streams that nobody needs any more

    def feed(self, pcm: bytes) -> None:
        self._kept += pcm
        if self._stream is not None:
            self._stream.feed(pcm)
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
        else:
            self._task = None  # still awaited by the turn that it belongs to
            self._begin = max(self._dropped, start - _bytes(PRE_ROLL_SECONDS))
        self._listen()

    def _listen(self) -> None:
        """Where the engine streams, it hears the present turn from its beginning."""
        self._stop_listening()
        self._stream = self._listener.stream(self._call_id)
        if self._stream is not None:
            begin = max(self._begin or 0, self._dropped)
            self._stream.feed(bytes(self._kept[begin - self._dropped :]))

    def _stop_listening(self) -> None:
        if self._stream is not None:
            task = asyncio.create_task(self._stream.cancel())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
            self._stream = None

    def guess(self) -> asyncio.Task[Recognition] | None:
        """Recognise what there is: perhaps the caller has finished. None while others wait for what is certain.

        Asked again in the same pause (`drop_guess` tells that it is over), the first answer holds: only silence came.
        """
        if self._stream is not None:
            return self._own(self._so_far(self._stream))
        if self._task is not None and not _failed(self._task):
            return self._task
        if self._listener.busy:
            return None
        self._start(self._end, urgent=False)
        return self._task

    async def _so_far(self, stream: Streaming) -> Recognition:
        begin = self._begin if self._begin is not None else self._end
        return Recognition(await stream.so_far(), 0.0, (self._end - begin) / BYTES_A_SECOND, 0.0, "")

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
        return self._own(self._listener.recognise(self._between(begin, end), self._call_id, Urgency(urgent=True)))

    def drop_guess(self) -> None:
        """The caller goes on. `dropped`: it was still waiting or at work; `outdated`: the whole work was in vain."""
        if self._task is not None:
            if not self._task.done():
                self._task.cancel()
                self._metrics.guesses.labels("dropped").inc()
            elif not _failed(self._task):
                self._metrics.guesses.labels("outdated").inc()
            self._task = None

    def forget(self) -> None:
        """The present turn counts for nothing."""
        self._stop_listening()
        self.drop_guess()
        self._begin = None

    def _start(self, end: int, *, urgent: bool) -> None:
        self.drop_guess()
        begin = self._begin if self._begin is not None else end
        begin = max(begin, self._dropped, end - _bytes(LONGEST_SECONDS))
        self._urgency = Urgency(urgent=urgent)
        pcm = self._between(begin, end)
        self._task = self._own(self._listener.recognise(pcm, self._call_id, self._urgency, expected=self.expected))

    def _between(self, begin: int, end: int) -> bytes:
        return bytes(self._kept[begin - self._dropped : end - self._dropped])

    def _own(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def finish(self, trailing_seconds: float) -> asyncio.Task[Recognition]:
        """The turn is over, its last `trailing_seconds` are silence. The task raises `RecogniserError` on failure.

        The task is cancelled if the caller goes on speaking before it is done.
        """
        self._spoke_until = self._end - _bytes(trailing_seconds)
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._task = self._own(self._listener.finish(stream))
        elif self._task is not None and not _failed(self._task):
            self._metrics.guesses.labels("used").inc()
            self._urgency.rise()
        else:
            self._start(self._end - _bytes(max(0.0, trailing_seconds - TAIL_SECONDS)), urgent=True)
        assert self._task is not None
        return self._task

    def used(self, task: asyncio.Task[Recognition]) -> None:
        """The text of this turn was given away: what comes next is a turn of its own."""
        if self._task is task:
            self._task = None
            self._begin = None

    def _done(self, task: asyncio.Task[Any]) -> None:
        """A guess that failed and was never used is no news; whoever awaits the task gets the error."""
        self._running.discard(task)
        if not task.cancelled():
            task.exception()

    async def close(self) -> None:
        """No recognition of this call goes on, and its audio is given back."""
        self.forget()
        self._kept.clear()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, *self._leaving, return_exceptions=True)


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _bytes(seconds: float) -> int:
    return int(seconds * RATE_HZ) * SAMPLE_BYTES
