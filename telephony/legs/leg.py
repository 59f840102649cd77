"""A call leg: one way in which a caller's audio reaches us. One implementation a file, one contract test for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from base.masking import Masked


@dataclass(frozen=True, slots=True)
class CallerId:
    """Who is calling, as far as the network says. It is a hint for call-backs and never unlocks anything."""

    number: Masked
    leg_call_id: str  # the name that both ends of the leg know (a SIP Call-ID)


class AudioSink(Protocol):
    """Where audio to be heard goes: PCM16, 8 kHz, mono."""

    def write(self, pcm: bytes) -> int:
        """Queue audio; returns how many bytes were taken."""
        ...

    def buffered(self) -> int:
        """Bytes that were written but not yet sent."""
        ...

    def flush(self) -> None:
        """Forget what was written but not yet sent."""
        ...


class Leg(AudioSink, Protocol):
    """Audio is PCM16, 8 kHz, mono. All methods are called on the event loop; only the coroutines may wait.

    After the other end has gone, `read` returns nothing, `write` takes nothing and `flush` does nothing; none raises.
    """

    kind: str
    caller: CallerId

    def on_key(self, callback: Callable[[str], None]) -> None:
        """`callback(key)` for every report about a pressed key, as it comes (not debounced)."""
        ...

    def on_closed(self, callback: Callable[[str], None]) -> None:
        """`callback(reason)`, exactly once, when the leg is gone: `caller_hung_up`, `bot_hung_up`, `transferred`,
        `rtp_timeout` or `error`. Called at once where that has already happened."""
        ...

    async def answer(self) -> None:
        """Take the call; returns when audio can flow.

        Raises:
            LegClosed: the caller has given up.
        """
        ...

    def read(self) -> bytes:
        """Everything received since the last read."""
        ...

    async def transfer(self, uri: str, timeout_seconds: float) -> None:
        """Hand the caller to `uri`; on success the leg closes.

        Raises:
            TransferError: refused, unreachable or too late; the call goes on.
            LegClosed: the caller is gone.
        """
        ...

    async def hang_up(self) -> None:
        """End the call. Does nothing where it has ended."""
        ...
