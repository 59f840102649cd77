"""What the legs of all PBXs have in common: callbacks, the audio that came in, the pace of the audio that goes out.

A subclass knows one wire protocol: it calls `_heard`, `_pressed` and `_close`, and implements `_send`, `_recall` and
`_drop`.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from telephony.audio import BYTES_A_SECOND, FRAME_SECONDS
from telephony.errors import LegClosed, TransferError
from telephony.legs.leg import CallerId
from telephony.legs.pacing import Beat, Pacer

UNREAD_BYTES: Final = 2 * BYTES_A_SECOND  # older audio is forgotten where nobody reads
GOODBYE_SECONDS: Final = 1.0  # for the other end to close after our hang-up


class PacedLeg(ABC):
    """A `Leg`; see `leg.py` for what each method promises."""

    kind: str = ""

    def __init__(
        self, caller: CallerId, beat: Beat, *, lead_seconds: float = FRAME_SECONDS, fill: bool = False
    ) -> None:
        """`lead_seconds` and `fill`: see `Pacer`; a leg that fills begins with `_keep_pace`, when it is answered."""
        self.caller = caller
        self.media_at = time.monotonic()  # when audio came in last
        self._beat = beat
        self._pacer = Pacer(lead_seconds, fill=fill)
        self._unread = bytearray()
        self._may_send = True  # False while the other end asks us to wait
        self._hanging_up = False
        self._closed_reason: str | None = None
        self._gone = asyncio.Event()
        self._key_callbacks: list[Callable[[str], None]] = []
        self._closed_callbacks: list[Callable[[str], None]] = []

    # --- for the wire protocol --------------------------------------------------------------------------------------

    @abstractmethod
    def _send(self, pcm: bytes) -> None:
        """Put whole frames of 20 ms (PCM16, 8 kHz) on the wire."""

    @abstractmethod
    def _recall(self) -> bool:
        """Ask the other end to forget what it has not played; False where it cannot."""

    @abstractmethod
    def _say_goodbye(self) -> None:
        """Tell the other end to hang up, and close the connection."""

    @abstractmethod
    def _drop(self) -> None:
        """Cut the connection at once; nothing is waited for."""

    def _heard(self, pcm: bytes) -> None:
        """Audio of the caller, PCM16 8 kHz."""
        self.media_at = time.monotonic()
        self._unread += pcm
        if len(self._unread) > UNREAD_BYTES:
            del self._unread[: len(self._unread) - UNREAD_BYTES]

    def _pressed(self, key: str) -> None:
        for callback in list(self._key_callbacks):
            callback(key)

    def _close(self, reason: str) -> None:
        """The connection is gone. Only the first call counts; our own hang-up is the reason wherever there was one."""
        if self._closed_reason is not None:
            return
        self._closed_reason = "bot_hung_up" if self._hanging_up else reason
        self._beat.leave(self._on_beat)
        self._pacer.flush(recalled=True)
        self._unread.clear()
        self._gone.set()
        self._key_callbacks.clear()
        callbacks, self._closed_callbacks = self._closed_callbacks, []
        for callback in callbacks:
            callback(self._closed_reason)

    def _let_go(self, *, pad: bool) -> None:
        if self._may_send and (pcm := self._pacer.due(time.monotonic(), pad=pad)):
            self._send(pcm)

    def _keep_pace(self) -> None:
        """Be on the beat as long as there is something to let go."""
        if self._pacer.waiting and self._closed_reason is None:
            self._beat.join(self._on_beat)

    def _on_beat(self) -> bool:
        self._let_go(pad=True)
        return self._pacer.waiting and self._closed_reason is None

    def give_up(self, reason: str) -> None:
        """End the leg for a reason that lies with the other end, e.g. `rtp_timeout`."""
        if self._closed_reason is None:
            self._drop()
            self._close(reason)

    # --- Leg --------------------------------------------------------------------------------------------------------

    def on_key(self, callback: Callable[[str], None]) -> None:
        self._key_callbacks.append(callback)

    def on_closed(self, callback: Callable[[str], None]) -> None:
        if self._closed_reason is not None:
            callback(self._closed_reason)
        else:
            self._closed_callbacks.append(callback)

    async def answer(self) -> None:
        """The PBX has answered before it connected us; a subclass whose PBX waits for us says so."""
        if self._closed_reason is not None:
            raise LegClosed("the caller gave up before the call was answered")

    def read(self) -> bytes:
        heard = bytes(self._unread)
        self._unread.clear()
        return heard

    def write(self, pcm: bytes) -> int:
        if self._closed_reason is not None:
            return 0
        taken = self._pacer.write(pcm)
        self._let_go(pad=False)
        self._keep_pace()
        return taken

    def buffered(self) -> int:
        return self._pacer.buffered(time.monotonic())

    def flush(self) -> None:
        if self._closed_reason is None and self.buffered():
            self._pacer.flush(recalled=self._recall())

    async def transfer(self, uri: str, timeout_seconds: float) -> None:
        if self._closed_reason is not None:
            raise LegClosed("the caller is gone")
        raise TransferError(f"a {self.kind} leg cannot hand its caller over: bridge the calls instead")

    async def hang_up(self) -> None:
        if self._closed_reason is not None:
            return
        self._hanging_up = True
        self._say_goodbye()
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._gone.wait()
        except TimeoutError:
            self.give_up("bot_hung_up")
