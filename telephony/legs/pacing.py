"""Audio on its way to a PBX, frame by frame at the speed at which it is heard: what `write`, `buffered` and `flush` of
a leg mean when the other end has no queue that we could ask.

A PBX takes what it is given: AudioSocket turns a burst into a burst of RTP, the websockets queue it where a barge-in
has to fetch it back. So a leg keeps its audio and lets it go 20 ms at a time, at most `lead_seconds` before it is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from telephony.audio import BYTES_A_SECOND, FRAME_BYTES, FRAME_SECONDS, SAMPLE_BYTES

QUEUE_BYTES: Final = 2 * BYTES_A_SECOND  # as much as the SIP leg takes
_CATCH_UP_SECONDS: Final = 0.1  # a beat that is this late is made good, a longer gap is a pause
_TOLERANCE_SECONDS: Final = 0.002  # a beat that comes a little early still counts
# Every 10 s of silence one frame is left out, or a queue at the other end, whose clock may be slower than ours, would
# grow all through a call.
_FILLED_FRAMES: Final = 500


class Pacer:
    """Pure: the queue of one leg and the clock of what has been heard of it. `now`: any monotonic clock, in seconds."""

    def __init__(self, lead_seconds: float = FRAME_SECONDS, *, fill: bool = False) -> None:
        """`fill`: with every beat on which nothing is to be said, silence goes out."""
        self._lead_seconds = lead_seconds
        self._fill = fill
        self._queue = bytearray()
        self._heard_until = float("-inf")  # when everything that was let go will have been heard
        self._speech_until = float("-inf")  # the same without the silence that fills the gaps
        self._speaking = False
        self._filled = 0

    def write(self, pcm: bytes) -> int:
        """Returns how many bytes were taken: whole samples, as long as there is room."""
        room = max(0, QUEUE_BYTES - len(self._queue))
        taken = min(len(pcm), room)
        taken -= taken % SAMPLE_BYTES
        self._queue += pcm[:taken]
        return taken

    def due(self, now: float, *, pad: bool) -> bytes:
        """What must go out now, in whole frames. `pad`: a last piece that is shorter is filled up with silence."""
        out = bytearray()
        if not self._speaking or now - self._heard_until > _CATCH_UP_SECONDS:
            self._heard_until = max(self._heard_until, now)
        while self._queue and self._heard_until - now <= self._lead_seconds - FRAME_SECONDS + _TOLERANCE_SECONDS:
            if len(self._queue) < FRAME_BYTES and not pad:
                break
            out += self._queue[:FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
            del self._queue[:FRAME_BYTES]
            self._heard_until += FRAME_SECONDS
            self._speech_until = self._heard_until
        self._speaking = bool(self._queue) or bool(out)
        if self._fill and pad and not self._speaking and self._heard_until - now <= _TOLERANCE_SECONDS:
            self._filled += 1
            out += bytes(FRAME_BYTES if self._filled % _FILLED_FRAMES else 0)
            self._heard_until += FRAME_SECONDS
            self._speaking = True  # the pace goes on
        return bytes(out)

    @property
    def waiting(self) -> bool:
        """There is something to let go with the next beats."""
        return self._fill or bool(self._queue)

    def buffered(self, now: float) -> int:
        """Bytes that were written and have not been heard."""
        ahead = int(max(0.0, self._speech_until - now) * BYTES_A_SECOND)
        return len(self._queue) + ahead - ahead % SAMPLE_BYTES

    def flush(self, *, recalled: bool) -> None:
        """Forget the queue. `recalled`: what was let go will not be heard either."""
        self._queue.clear()
        if recalled:
            self._heard_until = self._speech_until = float("-inf")
            self._speaking = False


class Beat:
    """One timer of 20 ms for all legs that have something to say; it rests while nobody has."""

    def __init__(self) -> None:
        self._members: set[Callable[[], bool]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def join(self, member: Callable[[], bool]) -> None:
        """`member()` is called with every beat until it returns False (nothing left to say)."""
        self._members.add(member)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time() + FRAME_SECONDS
            self._timer = loop.call_at(self._due, self._strike)

    def leave(self, member: Callable[[], bool]) -> None:
        self._members.discard(member)

    def _strike(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            for member in tuple(self._members):
                self._members.discard(member)  # one that fails stays out, the beat goes on for the others
                if member():
                    self._members.add(member)
        finally:
            self._timer = None
            if self._members:
                self._due = max(self._due + FRAME_SECONDS, loop.time())
                self._timer = loop.call_at(self._due, self._strike)
