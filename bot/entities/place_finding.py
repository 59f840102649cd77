"""What was found of a place in a citizen's words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlaceCandidate:
    district: str
    street: str
    score: float  # 0..1


@dataclass(frozen=True, slots=True)
class PlaceFinding:
    """Empty strings for what is not known. `candidates` has two or more where the text leaves a choice.

    `confidence` 0..1 says how sure district and street are; 0 where neither was found.
    """

    district: str = ""
    street: str = ""
    address: str = ""
    candidates: tuple[PlaceCandidate, ...] = ()
    confidence: float = 0.0
    home: bool = False  # it was said to be where the citizen lives, and no other place was named

    @property
    def found(self) -> bool:
        return bool(self.district or self.street or self.address or self.candidates)
