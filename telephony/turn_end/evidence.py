"""What is known about a pause: has the caller finished, or are they only catching their breath?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Patience = Literal["yes_no", "normal", "number", "story"]
"""What was asked, as far as it matters for waiting: a yes or no, a number that is dictated, a story, anything else."""

NumberProgress = Literal["none", "partial", "complete"]
"""How far a dictated number has come in the recognised text; `none`: no row of digits there."""


@dataclass(frozen=True, slots=True)
class TextEvidence:
    """From the text recognised at the pause: `finished` is the probability that the words are a whole sentence."""

    finished: float
    number: NumberProgress = "none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """`sound` is the sound model's probability that the turn is complete. None: not known (yet, or at all)."""

    state: Patience
    sound: float | None = None
    text: TextEvidence | None = None
