"""Several people on one call: everybody hears the others, nobody hears himself. Pure; 8 kHz mono, 20 ms a step.

Who hears whom is a matrix of gains over the participants of one bridge; a step is one product of that matrix with the
frames of all of them, a limiter, and music for those who are on hold. A change of the matrix (mute, hold, another role)
is blended over one frame, so it makes no click.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt

from telephony.audio import FRAME_BYTES, FRAME_SAMPLES, Pcm

Frame = npt.NDArray[np.float32]

LIVE_PRIMED_FRAMES: Final = 2  # a line that starts (again) waits for so much, so that its jitter does not tear it
CAP_FRAMES: Final = 8  # more than this is waiting: that side's clock is faster than ours
_HARD_CAP_FRAMES: Final = 25
_CEILING: Final = 0.95 * 32768.0
_KNEE: Final = 0.9 * 32768.0
_RELEASE_A_FRAME: Final = 0.1  # share of the way back to full gain that a frame goes after a loud passage
_DECAY_SAMPLES: Final = 40  # 5 ms: how a sound that breaks off fades
_DUCKED: Final = 0.2  # music under an announcement
_RAMP: Final = np.linspace(0.0, 1.0, FRAME_SAMPLES, endpoint=False, dtype=np.float32)
_DECAY: Final = np.linspace(1.0, 0.0, _DECAY_SAMPLES, dtype=np.float32)


class Role(Enum):
    """What a participant may hear and who may hear them."""

    CALLER = "caller"
    SEAT = "seat"
    THIRD = "third"  # 三方通话
    LISTENER = "listener"  # a leader who listens in: is heard by nobody
    WHISPERER = "whisperer"  # a leader who advises: is heard by seats alone
    BOT = "bot"  # announcements: hears nothing


_SPOKEN: Final = frozenset({Role.CALLER, Role.SEAT, Role.THIRD, Role.BOT})
_HEARS: Final[dict[Role, frozenset[Role]]] = {
    Role.CALLER: _SPOKEN,
    Role.SEAT: _SPOKEN | {Role.WHISPERER},
    Role.THIRD: _SPOKEN,
    Role.LISTENER: _SPOKEN,
    Role.WHISPERER: _SPOKEN,
    Role.BOT: frozenset(),
}


class Inlet:
    """What one side has sent and the mixer has not used: bounded, torn neither by jitter nor by a faster clock."""

    def __init__(self, primed_frames: int, cap_frames: int) -> None:
        self._queue = bytearray()
        self._primed_bytes = primed_frames * FRAME_BYTES
        self._cap_bytes = cap_frames * FRAME_BYTES
        self._flowing = False
        self._last = np.float32(0.0)
        self.skipped_frames = 0

    def __len__(self) -> int:
        """Bytes waiting."""
        return len(self._queue)

    def feed(self, pcm: bytes) -> None:
        self._queue += pcm
        surplus = len(self._queue) - _HARD_CAP_FRAMES * FRAME_BYTES
        if surplus > 0:
            del self._queue[: surplus + surplus % 2]
            self.skipped_frames += -(-surplus // FRAME_BYTES)

    def drain(self) -> bytes:
        """Give back what is waiting, and forget it."""
        waiting, self._queue = bytes(self._queue), bytearray()
        return waiting

    def take(self) -> Frame:
        """The next 20 ms; silence where there is nothing, entered and left without a jump."""
        starting = not self._flowing
        if starting and (not self._queue or len(self._queue) < self._primed_bytes):
            return np.zeros(FRAME_SAMPLES, np.float32)
        self._flowing = len(self._queue) >= FRAME_BYTES
        if len(self._queue) > self._cap_bytes:
            first, second = self._cut(), self._cut()
            frame = first + (second - first) * _RAMP  # two become one: the side's delay shrinks by 20 ms
            self.skipped_frames += 1
        elif self._flowing:
            frame = self._cut()
        else:
            frame = self._run_dry()
        if starting:
            frame[:_DECAY_SAMPLES] *= _DECAY[::-1]
        self._last = frame[-1]
        return frame

    def _cut(self) -> Frame:
        frame = np.frombuffer(bytes(self._queue[:FRAME_BYTES]), dtype="<i2").astype(np.float32)
        del self._queue[:FRAME_BYTES]
        return frame

    def _run_dry(self) -> Frame:
        frame = np.zeros(FRAME_SAMPLES, np.float32)
        usable = len(self._queue) - len(self._queue) % 2
        count = usable // 2
        frame[:count] = np.frombuffer(bytes(self._queue[:usable]), dtype="<i2")
        self._queue.clear()
        last = frame[count - 1] if count else self._last
        tail = frame[count : count + _DECAY_SAMPLES]
        tail[:] = last * _DECAY[: len(tail)]
        return frame


@dataclass(slots=True)
class _Member:
    role: Role
    inlet: Inlet
    gain: float = 1.0
    muted: bool = False
    held: bool = False
    limiter: float = 1.0
    row: dict[str, float] = field(default_factory=dict)  # the gains of the last frame, by speaker; "" is the music


class Mixer:
    """One bridge. `feed` what each side sent, then `mix` once every 20 ms."""

    def __init__(self, music: Pcm) -> None:
        """`music`: a loop for those on hold."""
        self._music = music.astype(np.float32)
        self._position = 0
        self._members: dict[str, _Member] = {}

    def join(self, name: str, role: Role) -> None:
        """Our own announcements come from a queue, not from a clock: they begin at once and are never cut short.

        Raises:
            ValueError: the name is taken or empty.
        """
        if not name or name in self._members:
            raise ValueError(f"a participant needs a name of its own, not {name!r}")
        ours = role is Role.BOT
        inlet = Inlet(1 if ours else LIVE_PRIMED_FRAMES, _HARD_CAP_FRAMES if ours else CAP_FRAMES)
        self._members[name] = _Member(role, inlet)

    def leave(self, name: str) -> None:
        """Leaving twice is a no-op."""
        self._members.pop(name, None)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def inlet(self, name: str) -> Inlet:
        return self._members[name].inlet

    def role(self, name: str) -> Role:
        return self._members[name].role

    def change(
        self,
        name: str,
        *,
        role: Role | None = None,
        muted: bool | None = None,
        held: bool | None = None,
        gain_db: float | None = None,
    ) -> None:
        """What is given changes; takes effect with the next frame, over 20 ms."""
        member = self._members[name]
        member.role = member.role if role is None else role
        member.muted = member.muted if muted is None else muted
        member.held = member.held if held is None else held
        member.gain = member.gain if gain_db is None else float(10.0 ** (min(20.0, max(-60.0, gain_db)) / 20.0))

    def held(self, name: str) -> bool:
        return self._members[name].held

    def muted(self, name: str) -> bool:
        return self._members[name].muted

    def mix(self) -> dict[str, bytes]:
        """20 ms for each participant that hears (PCM16), taking 20 ms of what each has sent."""
        speakers = list(self._members)
        frames = np.stack([self._members[name].inlet.take() for name in speakers] + [self._music_frame()])
        announcing = any(
            member.role is Role.BOT and frames[index].any() for index, member in enumerate(self._members.values())
        )
        columns = [*speakers, ""]
        hearers = [name for name in speakers if self._members[name].role is not Role.BOT]
        before = np.zeros((len(hearers), len(columns)), np.float32)
        after = np.zeros_like(before)
        for line, name in enumerate(hearers):
            row = self._row(name, announcing)
            known = self._members[name].row
            for column, speaker in enumerate(columns):
                after[line, column] = row.get(speaker, 0.0)
                before[line, column] = known.get(speaker, 0.0)
            self._members[name].row = row
        mixed = after @ frames
        if (before != after).any():
            mixed += ((before - after) @ frames) * (1.0 - _RAMP)
        return self._limited(hearers, mixed)

    def _row(self, hearer: str, announcing: bool) -> dict[str, float]:
        """The gains with which `hearer` hears each other participant and the music."""
        member = self._members[hearer]
        row: dict[str, float] = {}
        for name, other in self._members.items():
            if name == hearer or other.muted or other.held or other.role not in _HEARS[member.role]:
                continue
            if not member.held or other.role is Role.BOT:
                row[name] = other.gain
        if member.held:
            row[""] = _DUCKED if announcing else 1.0
        return row

    def _music_frame(self) -> Frame:
        if not any(member.held for member in self._members.values()):
            return np.zeros(FRAME_SAMPLES, np.float32)
        start, self._position = self._position, (self._position + FRAME_SAMPLES) % len(self._music)
        return np.take(self._music, range(start, start + FRAME_SAMPLES), mode="wrap")

    def _limited(self, hearers: list[str], mixed: npt.NDArray[np.float32]) -> dict[str, bytes]:
        """Loud sums are turned down, at once where they begin and slowly up again; what still stands out is rounded."""
        result: dict[str, bytes] = {}
        peaks = np.abs(mixed).max(axis=1)
        for line, name in enumerate(hearers):
            member, frame = self._members[name], mixed[line]
            wanted = min(1.0, _CEILING / max(1.0, float(peaks[line])))
            gain = min(wanted, member.limiter + (1.0 - member.limiter) * _RELEASE_A_FRAME)
            if gain < 0.9999 or member.limiter < 0.9999:
                frame = frame * (member.limiter + (gain - member.limiter) * np.minimum(1.0, 4.0 * _RAMP))
            member.limiter = gain
            loud = np.abs(frame)
            if loud.max() > _KNEE:
                room = 32767.0 - _KNEE
                rounded = _KNEE + room * np.tanh((loud - _KNEE) / room)
                frame = np.where(loud > _KNEE, np.sign(frame) * rounded, frame)
            result[name] = frame.round().astype("<i2").tobytes()
        return result
