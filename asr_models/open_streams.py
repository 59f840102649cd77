"""The utterances that a worker recognises while they are being spoken: bounded in number, given up when nobody feeds
them any more. Pure but for the engine."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from asr_models.recogniser import Recogniser, RecogniserError, RecogniserStream, Recognition, Samples

LIMIT: Final = 256
IDLE_SECONDS: Final = 30.0


@dataclass(slots=True)
class _Open:
    stream: RecogniserStream
    fed_at: float


class OpenStreams:
    """Names are chosen by the clients and unique among them."""

    def __init__(self, recogniser: Recogniser, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._recogniser = recogniser
        self._clock = clock
        self._open: OrderedDict[str, _Open] = OrderedDict()  # the one that was fed longest ago comes first

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, name: str, sample_rate_hz: int) -> None:
        """
        Raises:
            RecogniserError: the engine has no streams, too many are open, or the name is taken.
        """
        self._give_up_idle_ones()
        if name in self._open:
            raise RecogniserError("this utterance was begun already")
        if len(self._open) >= LIMIT:
            raise RecogniserError(f"{LIMIT} utterances are being spoken already")
        stream = self._recogniser.stream(sample_rate_hz)
        if stream is None:
            raise RecogniserError(f"{self._recogniser.name} recognises whole utterances only")
        self._open[name] = _Open(stream, self._clock())

    def feed(self, name: str, samples: Samples) -> str:
        """The text so far.

        Raises:
            RecogniserError: there is no such utterance (any more): this worker was started after it began.
        """
        entry = self._entry(name)
        entry.fed_at = self._clock()
        self._open.move_to_end(name)
        return entry.stream.feed(samples)

    def finish(self, name: str) -> Recognition:
        """
        Raises:
            RecogniserError: there is no such utterance (any more).
        """
        entry = self._entry(name)
        del self._open[name]
        return entry.stream.finish()

    def drop(self, name: str) -> None:
        """Nobody wants it any more; one that is not there is no error."""
        self._open.pop(name, None)

    def _entry(self, name: str) -> _Open:
        if name not in self._open:
            raise RecogniserError("no such utterance is being spoken")
        return self._open[name]

    def _give_up_idle_ones(self) -> None:
        now = self._clock()
        while self._open and now - next(iter(self._open.values())).fed_at > IDLE_SECONDS:
            self._open.popitem(last=False)
