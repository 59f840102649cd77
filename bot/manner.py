"""How the phone talks to one caller: how fast, how loud, and whether in elder mode. Kept for the whole conversation.

Elder mode means slower and shorter sentences, each answer read back, fewer things at once and more patience. It is
switched on by request or by signs: a caller who asks for it again and again, or who needs long to answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SPEEDS: Final = (1.0, 0.85, 0.72)  # times the voice's own speed; the phone has its own sentences in these too
GAINS_DB: Final = (0.0, 6.0, 10.0)
ELDER_STRETCH: Final = 1.5  # of every patience
SLOW_STRETCH: Final = 1.2
SLOW_ANSWER_SECONDS: Final = 4.0  # between our last word and the caller's first
_SIGNS_OF_AGE: Final = 4
REQUEST_WEIGHT: Final = 2  # "once more", "slower", "I cannot hear you"
SLOW_ANSWER_WEIGHT: Final = 1


@dataclass
class Manner:
    """`declined`: the caller switched elder mode off, so signs do not switch it on again; `signs` adds up weights."""

    speed: float = 1.0
    gain_db: float = 0.0
    elder: bool = False
    declined: bool = False
    signs: int = 0

    @property
    def stretch(self) -> float:
        """How many times as long as usual this caller's pauses may last."""
        return ELDER_STRETCH if self.elder else SLOW_STRETCH if self.speed < 1.0 else 1.0

    def slower(self) -> bool:
        """One step; False where it cannot go slower."""
        before, self.speed = self.speed, slower_than(self.speed)
        return self.speed < before

    def faster(self) -> None:
        """The caller finds us too slow: one step, and out of elder mode."""
        self.speed = min((speed for speed in SPEEDS if speed > self.speed), default=SPEEDS[0])
        self.elder, self.declined, self.signs = False, True, 0

    def louder(self) -> bool:
        before, self.gain_db = self.gain_db, min((g for g in GAINS_DB if g > self.gain_db), default=GAINS_DB[-1])
        return self.gain_db > before

    def loud_enough(self) -> None:
        """At least one step louder than usual."""
        self.gain_db = max(self.gain_db, GAINS_DB[1])

    def quieter(self) -> None:
        self.gain_db = max((gain for gain in GAINS_DB if gain < self.gain_db), default=GAINS_DB[0])

    def become_elder(self) -> None:
        self.elder, self.declined = True, False
        self.speed = min(self.speed, SPEEDS[1])

    def sign(self, weight: int) -> None:
        """Something that older callers do; enough of it switches elder mode on."""
        self.signs += weight
        if self.signs >= _SIGNS_OF_AGE and not self.elder and not self.declined:
            self.become_elder()


def slower_than(speed: float, steps: int = 1) -> float:
    """`steps` below a speed, the slowest at the end."""
    below = [candidate for candidate in SPEEDS if candidate < speed]
    return below[min(steps, len(below)) - 1] if below and steps > 0 else speed
