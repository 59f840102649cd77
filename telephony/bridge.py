"""One call with more than two sides: the caller, our announcements, seats, third parties, leaders; mixed by us.

Holds the legs it was given and ends them: whoever joins is counted, and gone when the bridge has closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from base.logs import get_logger
from telephony import hold_music
from telephony.audio import BYTES_A_SECOND, FRAME_BYTES
from telephony.legs.leg import AudioSink, Leg
from telephony.metrics import PhoneMetrics
from telephony.mixer import Inlet, Mixer, Role

log = get_logger("telephony.bridge")

CALLER: Final = "caller"
BOT: Final = "bot"
TALKERS: Final = frozenset({Role.SEAT, Role.THIRD})
_CUSHION: Final = bytes(2 * FRAME_BYTES)  # written ahead to a leg that has run dry: bridges a late tick
_LONGEST_BYTES: Final = int(0.2 * BYTES_A_SECOND)  # a leg that takes its audio too slowly loses some


class CallerEar:
    """Where what we say goes: straight to the caller's leg, or into the mixer while there is a bridge."""

    def __init__(self, leg: AudioSink) -> None:
        self._leg = leg
        self._inlet: Inlet | None = None

    def into(self, inlet: Inlet | None) -> None:
        """From now on into the mixer, or (None) to the leg again; what the mixer had not used goes with it."""
        if self._inlet is not None and inlet is None:
            self._leg.write(self._inlet.drain())
        self._inlet = inlet

    def write(self, pcm: bytes) -> int:
        if self._inlet is None:
            return self._leg.write(pcm)
        self._inlet.feed(pcm)
        return len(pcm)

    def buffered(self) -> int:
        return self._leg.buffered() if self._inlet is None else len(self._inlet)

    def flush(self) -> None:
        if self._inlet is None:
            self._leg.flush()
        else:
            self._inlet.drain()


@dataclass(slots=True)
class Joined:
    """A leg in the bridge."""

    leg: Leg
    role: Role


class Bridge:
    """`pump` once every 20 ms; `close` at the end."""

    def __init__(
        self,
        caller: Leg,
        ear: CallerEar,
        metrics: PhoneMetrics,
        *,
        left: Callable[[str, str], None],
        spoke: Callable[[str, bytes], None],
    ) -> None:
        """
        Args:
            left: `left(leg_id, reason)` when a leg has gone by itself or was dropped.
            spoke: `spoke(leg_id, pcm)` with what each seat and third party has sent since the last beat.
        """
        self._caller = caller
        self._ear = ear
        self._metrics = metrics
        self._left = left
        self._spoke = spoke
        self._mixer = Mixer(hold_music.loop())
        self._legs: dict[str, Joined] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False
        self._mixer.join(CALLER, Role.CALLER)
        self._mixer.join(BOT, Role.BOT)
        ear.into(self._mixer.inlet(BOT))
        metrics.bridges.inc()

    @property
    def legs(self) -> dict[str, Joined]:
        """Everybody but the caller and our own voice, by leg id."""
        return self._legs

    @property
    def talking(self) -> bool:
        """Somebody is there whom the caller can talk to."""
        return any(joined.role in TALKERS for joined in self._legs.values())

    # --- who is there -----------------------------------------------------------------------------------------------

    def join(self, leg_id: str, leg: Leg, role: Role) -> None:
        """Take a leg that has been answered; it is ours from now on.

        Raises:
            ValueError: the id is taken.
        """
        self._mixer.join(leg_id, role)
        self._legs[leg_id] = Joined(leg, role)
        self._metrics.legs.labels(leg.kind).inc()
        leg.on_closed(lambda reason: self._gone(leg_id, reason))

    def _gone(self, leg_id: str, reason: str) -> None:
        joined = self._legs.pop(leg_id, None)
        if joined is None:
            return
        self._mixer.leave(leg_id)
        self._metrics.legs.labels(joined.leg.kind).dec()
        if not self._closed:
            self._left(leg_id, reason)

    def drop(self, leg_id: str) -> None:
        """End one leg. An unknown one is a no-op."""
        if (joined := self._legs.get(leg_id)) is not None:
            ending = asyncio.create_task(joined.leg.hang_up())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    def change(
        self,
        leg_id: str,
        *,
        role: Role | None = None,
        muted: bool | None = None,
        held: bool | None = None,
        gain_db: float | None = None,
    ) -> bool:
        """For `caller` or a leg; False where it is not there."""
        if leg_id not in self._mixer or leg_id == BOT:
            return False
        self._mixer.change(leg_id, role=role, muted=muted, held=held, gain_db=gain_db)
        if role is not None and leg_id in self._legs:
            self._legs[leg_id].role = role
        return True

    def state(self, leg_id: str) -> dict[str, bool]:
        return {"muted": self._mixer.muted(leg_id), "held": self._mixer.held(leg_id)}

    # --- audio ------------------------------------------------------------------------------------------------------

    def pump(self, heard: bytes) -> bytes:
        """20 ms of everybody; `heard` is what the caller has sent. Returns what the caller hears."""
        self._mixer.inlet(CALLER).feed(heard)
        for leg_id, joined in list(self._legs.items()):
            pcm = joined.leg.read()
            self._mixer.inlet(leg_id).feed(pcm)
            if pcm and joined.role in TALKERS and not self._mixer.muted(leg_id):
                self._spoke(leg_id, pcm)
        with self._metrics.mix_seconds.time():
            frames = self._mixer.mix()
        for leg_id, joined in list(self._legs.items()):
            if leg_id in frames:
                _write(joined.leg, frames[leg_id])
        _write(self._caller, frames[CALLER])
        return frames[CALLER]

    def stop(self) -> None:
        """From this moment on the caller hears our voice directly, and nobody is told of who leaves."""
        if not self._closed:
            self._closed = True
            self._ear.into(None)
            self._metrics.bridges.dec()

    async def close(self) -> None:
        """Everybody but the caller is hung up on."""
        self.stop()
        await asyncio.gather(*(joined.leg.hang_up() for joined in list(self._legs.values())), return_exceptions=True)
        for leg_id in list(self._legs):  # a leg whose end did not report itself
            self._gone(leg_id, "error")
        await asyncio.gather(*self._ending, return_exceptions=True)


def _write(leg: Leg, frame: bytes) -> None:
    waiting = leg.buffered()
    if waiting == 0:
        leg.write(_CUSHION)
    if waiting < _LONGEST_BYTES:
        leg.write(frame)
