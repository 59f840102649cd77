"""What Whisper's decoder takes at once, and what it made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from asr_models import audio, whisper_guards
from asr_models.recogniser import Expected, Samples
from base.alternatives import Alternative

SHORT_SECONDS: Final = 0.75
"""Less speech than this is an answer, not a sentence: told so, the decoder halves its errors on single words (CER of
60 synthetic ones 0.47 -> 0.28). Longer speech is heard better without any prompt."""
TOKENS_A_SECOND: Final = 12
TOKEN_LIMIT: Final = 448


@dataclass(slots=True)
class Piece:
    """A part of an utterance that the decoder takes at once. `seconds`: CPU spent on it so far."""

    samples: Samples
    loud_seconds: float
    frames: int
    expected: Expected = "anything"
    encoded: Any = None
    text: str = ""
    confidence: float = 0.0
    digit_confidences: tuple[float, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    compute_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        return len(self.samples) / audio.MODEL_RATE_HZ

    @property
    def short(self) -> bool:
        return self.loud_seconds < SHORT_SECONDS


@dataclass(frozen=True, slots=True)
class Decoded:
    """`digit_confidences`: of a number that was heard whole. `alternatives`: texts of a free reading only."""

    tokens: list[int]
    evidence: whisper_guards.Evidence
    digit_confidences: tuple[float, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
