"""The recogniser interface: one implementation a file, one contract test for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from base.errors import HotlineError

Samples = npt.NDArray[np.float32]


class RecogniserError(HotlineError):
    """A model is missing, broken, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """`text` in simplified Chinese (empty: no speech); `confidence` 0..1; `compute_seconds` of CPU time."""

    text: str
    confidence: float
    audio_seconds: float
    compute_seconds: float
    engine: str


class Recogniser(Protocol):
    """Turns one utterance into text. Blocking: runs in a worker process, never on an event loop."""

    name: str

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        """`samples`: mono float32 in -1..1, at 8,000 or 16,000 Hz, 0.1 to 60 seconds.

        Raises:
            RecogniserError: the rate or shape is not usable.
        """
        ...

    def stream(self, sample_rate_hz: int) -> RecogniserStream | None:
        """A stream with partial results, or None where the engine only decodes whole utterances."""
        ...


class RecogniserStream(Protocol):
    def feed(self, samples: Samples) -> str:
        """Take some audio, return the partial text so far."""
        ...

    def finish(self) -> Recognition:
        """End of the utterance; the stream cannot be used afterwards."""
        ...
