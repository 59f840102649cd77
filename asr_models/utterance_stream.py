"""An utterance that is recognised while it is being spoken, as the client sees it.

Audio goes to one worker in parts; only one part is under way at a time, what comes in meanwhile waits for the next. The
whole utterance is kept: if the worker dies or loses it, another one gets it as a whole, and nobody notices but for the
time it takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from asr_models.recogniser import RecogniserError, Recognition
from asr_models.server import recognition_of
from asr_models.urgency import Urgency
from base import wire
from base.local_client import ConnectionLost

PART_SECONDS: Final = 0.2
KEPT_SECONDS: Final = 59.0  # a worker takes 60
_SAMPLE_BYTES: Final = 2


class Worker(Protocol):
    """The one worker that this utterance went to."""

    async def __call__(self, header: wire.Header, pcm16: bytes, urgency: Urgency) -> wire.Header:
        """Raises ConnectionLost or RecogniserError."""
        ...


class UtteranceStream:
    """Feed it, then await `finish` or call `cancel`; both end it."""

    def __init__(
        self, name: str, rate_hz: int, worker: Worker, whole: Callable[[bytes], Awaitable[Recognition]]
    ) -> None:
        """`whole` recognises the utterance in one go, on whichever worker is alive."""
        self._header: wire.Header = {"stream": name, "rate_hz": rate_hz}
        self._worker = worker
        self._whole = whole
        self._part_bytes = int(PART_SECONDS * rate_hz) * _SAMPLE_BYTES
        self._kept_bytes = int(KEPT_SECONDS * rate_hz) * _SAMPLE_BYTES
        self._kept = bytearray()
        self._waiting = bytearray()
        self._begun = False
        self._lost = False
        self._urgency = Urgency(urgent=False)
        self._sending: asyncio.Task[None] | None = None
        self.text = ""

    def feed(self, pcm16: bytes) -> None:
        """Some more audio; returns at once."""
        self._kept += pcm16
        del self._kept[: -self._kept_bytes]
        if self._lost:
            return
        self._waiting += pcm16
        if len(self._waiting) >= self._part_bytes and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._send())

    async def so_far(self) -> str:
        """The text of what was fed until now, as well as the engine can tell before the end."""
        if self._sending is not None:
            await asyncio.shield(self._sending)
        return self.text

    async def finish(self) -> Recognition:
        """The end of the utterance.

        Raises:
            RecogniserError: no worker could recognise it in time.
        """
        self._urgency.rise()
        if self._sending is not None:
            await self._sending
        if not self._lost:
            try:
                return recognition_of(await self._part(end="finish"))
            except (ConnectionLost, RecogniserError, KeyError):
                self._lost = True
        return await self._whole(bytes(self._kept))

    async def cancel(self) -> None:
        """Nobody wants it any more."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        if self._begun and not self._lost:
            self._lost = True
            self._waiting.clear()
            try:
                await self._part(end="drop")
            except (ConnectionLost, RecogniserError):
                return  # the worker forgets it by itself after a while

    async def _send(self) -> None:
        while len(self._waiting) >= self._part_bytes and not self._lost:
            try:
                self.text = str((await self._part())["text"])
            except (ConnectionLost, RecogniserError, KeyError):
                self._lost = True  # `finish` sees to it

    async def _part(self, end: str | None = None) -> wire.Header:
        header = dict(self._header)
        if not self._begun:
            header["begin"] = True
        if end is not None:
            header["end"] = end
        pcm16 = bytes(self._waiting)
        self._waiting.clear()
        self._begun = True
        return await self._worker(header, pcm16, self._urgency)
