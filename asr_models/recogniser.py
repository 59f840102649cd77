"""The recogniser interface: one implementation a file, one contract test for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from base.alternatives import Alternative
from base.errors import HotlineError

Samples = npt.NDArray[np.float32]


class RecogniserError(HotlineError):
    """A model is missing, broken, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """`text` in simplified Chinese (empty: no speech); `confidence` 0..1; `compute_seconds` of CPU time.

    `digit_confidences`: 0..1 for each digit of a number that was asked for and heard whole, where the engine can tell.
    `alternatives`: the next likely texts of a whole utterance, the likeliest first, where the engine has any.
    """

    text: str
    confidence: float
    audio_seconds: float
    compute_seconds: float
    engine: str
    digit_confidences: tuple[float, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


Expected = Literal["anything", "digits", "yes_no"]
"""What an utterance answers: a number that is told digit by digit, a question to be answered with yes or no."""


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Utterance:
    """`samples`: mono float32 in -1..1, at 8,000 or 16,000 Hz, 0.1 to 60 seconds. `wanted` tells at any moment whether
    somebody still waits for the text. `expected`: what was asked for; an engine that can makes use of it."""

    samples: Samples
    sample_rate_hz: int
    wanted: Callable[[], bool] = _always
    expected: Expected = "anything"


Outcome = Recognition | RecogniserError | None
"""Of one utterance among several: its text, what was wrong with it, or None where it was not wanted any more."""


class Recogniser(Protocol):
    """Turns utterances into text. Blocking: runs in a worker process, never on an event loop.

    `streams`: it also recognises while the speaker speaks, so that the end is near at hand when they stop.
    """

    name: str
    streams: bool

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        """`samples`: mono float32 in -1..1, at 8,000 or 16,000 Hz, 0.1 to 60 seconds.

        Raises:
            RecogniserError: the rate or shape is not usable.
        """
        ...

    def recognise_many(self, utterances: Sequence[Utterance]) -> list[Outcome]:
        """Several at once, in their order; an engine may share work between them."""
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


def one_after_another(recogniser: Recogniser, utterances: Sequence[Utterance]) -> list[Outcome]:
    """`recognise_many` of an engine that shares nothing between utterances."""
    outcomes: list[Outcome] = []
    for utterance in utterances:
        try:
            wanted = utterance.wanted()
            outcomes.append(recogniser.recognise(utterance.samples, utterance.sample_rate_hz) if wanted else None)
        except RecogniserError as error:
            outcomes.append(error)
    return outcomes
