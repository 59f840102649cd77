"""How one caller is talked to: as the core says with each answer, or as they ask while the core is away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SPEEDS: Final = (1.0, 0.85, 0.72)  # times the voice's own; what the core may ask for is nearest to one of them
LOUDER_DB: Final = 6.0
LOUDEST_DB: Final = 12.0


@dataclass(frozen=True, slots=True)
class Manner:
    """`patience_stretch`: pauses and silences of this caller may last so many times as long as usual."""

    speed: float = 1.0
    gain_db: float = 0.0
    elder: bool = False
    patience_stretch: float = 1.0

    def slower(self) -> Manner:
        speed = next((step for step in SPEEDS if step < self.speed), self.speed)
        return Manner(speed, self.gain_db, self.elder, max(self.patience_stretch, 1.2))

    def louder(self) -> Manner:
        return Manner(self.speed, min(LOUDEST_DB, self.gain_db + LOUDER_DB), self.elder, self.patience_stretch)

    @property
    def prompt_speed(self) -> float:
        """The speed of the phone's own sentences: the nearest of those that are kept rendered."""
        return min(SPEEDS, key=lambda step: abs(step - self.speed))
