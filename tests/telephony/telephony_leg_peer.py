"""The other end of a call leg: a PBX or a telephone with its caller, speaking its real wire protocol over real sockets.

What a peer heard is kept with the moment at which a telephone would have played it.
"""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod

from telephony.audio import FRAME_SECONDS, alaw_to_pcm, pcm_to_alaw, pcm_to_ulaw, ulaw_to_pcm

HOST = "127.0.0.1"
NUMBER = "13900001234"
SECRET = "a-secret-of-the-tests"
RTP_TIMEOUT_SECONDS = 5

ENCODERS = {"alaw": pcm_to_alaw, "ulaw": pcm_to_ulaw}
DECODERS = {"alaw": alaw_to_pcm, "ulaw": ulaw_to_pcm}
RATES = {"alaw": 8_000, "ulaw": 8_000, "slin": 8_000, "slin16": 16_000}


class Peer(ABC):
    """The far end of one call: a PBX (or a telephone) and its caller. Audio is PCM16 in `rate_hz`."""

    rate_hz = 8_000
    piece_bytes = 1  # what a piece of its audio may be a multiple of

    def __init__(self) -> None:
        self.heard: list[tuple[float, bytes]] = []  # (when it was played, PCM16)
        self.closed = asyncio.Event()

    @abstractmethod
    async def send_audio(self, pcm: bytes) -> None:
        """One piece of the caller's audio, at once."""

    @abstractmethod
    async def press(self, key: str) -> None: ...

    @abstractmethod
    async def hang_up(self) -> None: ...

    @abstractmethod
    async def cut(self) -> None:
        """The connection breaks without a word."""

    @abstractmethod
    async def garbage(self) -> None:
        """Send what no proper peer would send and a call must survive."""

    async def release(self) -> None:
        """The call is over: free what the peer itself holds."""
        self.closed.set()

    async def speak(self, pcm: bytes, *, sizes: random.Random | None = None) -> None:
        """At the speed of speech, in frames of 20 ms or (`sizes`) in pieces of any size, odd ones too."""
        began, at = time.monotonic(), 0
        while at < len(pcm):
            size = sizes.randint(1, 999) * self.piece_bytes if sizes else int(self.rate_hz * FRAME_SECONDS) * 2
            await self.send_audio(pcm[at : at + size])
            at += size
            await asyncio.sleep(max(0.0, began + at / (2 * self.rate_hz) - time.monotonic()))

    def all_heard(self, since: float = 0.0) -> bytes:
        return b"".join(pcm for moment, pcm in self.heard if moment >= since)
