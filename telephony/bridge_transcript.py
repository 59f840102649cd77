"""What is said while people talk to each other, written down side by side: for the order, and so that danger is heard.

Each side has a scribe of its own: the shared voice detector finds its utterances, the recognisers read them when they
have nothing more urgent to do (`Listener.recognise` without urgency), for nobody waits for the answer here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from asr_models.recogniser import RecogniserError, Recognition
from base.logs import get_logger
from telephony.audio import BYTES_A_SECOND, RATE_HZ, SAMPLE_BYTES
from telephony.endpointing import Endpointer, EndpointingRules, SpeechBegan, SpeechEnded
from telephony.hearing import Listener
from telephony.metrics import PhoneMetrics

log = get_logger("telephony.bridge_transcript")

PAUSE_SECONDS: Final = 0.7
_RULES: Final = EndpointingRules(maximum_turn_seconds=15.0)  # long speeches are shown in pieces
_PRE_ROLL_SECONDS: Final = 0.3
_KEPT_SECONDS: Final = 20.0
_WAITING: Final = 8  # utterances of one side; older ones are given up
_TRIES: Final = 2  # what callers say to the bot goes before, so an answer may not come in time


class Scribe:
    """One side of one bridged call; `Ticked`, so the ticker gives it the detector's opinions."""

    def __init__(
        self,
        listener: Listener,
        metrics: PhoneMetrics,
        name: str,
        written: Callable[[Recognition], None],
    ) -> None:
        """`name`: tells this side from others to the recognisers' fairness. `written`: each utterance's words."""
        self._listener = listener
        self._metrics = metrics
        self._name = name
        self._written = written
        self._endpointer = Endpointer(_RULES, PAUSE_SECONDS)
        self._kept = bytearray()
        self._fresh = bytearray()
        self._begin: int | None = None  # bytes before the end of `_kept`
        self._waiting: deque[bytes] = deque(maxlen=_WAITING)
        self._reading: asyncio.Task[None] | None = None
        self.answered = True

    # --- Ticked -----------------------------------------------------------------------------------------------------

    def feed(self, pcm: bytes) -> None:
        """What this side has sent."""
        self._fresh += pcm

    def pump(self) -> bytes:
        fresh, self._fresh = bytes(self._fresh), bytearray()
        self._kept += fresh
        if self._begin is not None:
            self._begin += len(fresh)
        surplus = len(self._kept) - int(_KEPT_SECONDS * BYTES_A_SECOND)
        if surplus > 0:
            del self._kept[:surplus]
        return fresh

    def on_voice(self, probability: float, seconds: float) -> None:
        for event in self._endpointer.feed(probability, seconds):
            if isinstance(event, SpeechBegan):
                self._begin = int((event.ago_seconds + _PRE_ROLL_SECONDS) * RATE_HZ) * SAMPLE_BYTES
            elif isinstance(event, SpeechEnded) and self._begin is not None:
                self._waiting.append(bytes(self._kept[-min(self._begin, len(self._kept)) :]))
                self._begin = None
                self._start_reading()

    def tick(self) -> None:
        """Nothing is due here but what the detector says."""

    def fail(self, error: BaseException) -> None:
        """A defect ends the writing-down of this side, not the conversation."""
        log.error("transcript_failed", exc_info=error)
        self.answered = False

    # --- reading ----------------------------------------------------------------------------------------------------

    def _start_reading(self) -> None:
        if self._waiting and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._stopped_reading)

    def _stopped_reading(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    async def _read(self) -> None:
        while self._waiting:
            recognition = await self._words_of(self._waiting.popleft())
            if recognition is not None and recognition.text.strip():
                self._written(recognition)

    async def _words_of(self, pcm: bytes) -> Recognition | None:
        for _ in range(_TRIES):
            try:
                return await self._listener.recognise(pcm, self._name)
            except RecogniserError as error:
                self._metrics.recognition_failures.inc()
                log.warning("an utterance of a bridged call was not read", problem=str(error))
        return None

    async def close(self) -> None:
        """What has been said until now is still read, but waited for only a little."""
        self.answered = False
        if self._begin is not None and len(self._kept):
            self._waiting.append(bytes(self._kept[-min(self._begin, len(self._kept)) :]))
            self._begin = None
        self._start_reading()
        if self._reading is not None:
            _, late = await asyncio.wait([self._reading], timeout=3.0)
            for task in late:
                task.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
