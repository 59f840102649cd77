"""When calls come in: a Poisson process whose rate itself swings (gamma-modulated), along a day's profile. Pure.

A Poisson process is too smooth for a city: news, rain and a failed water main bring calls in waves. The rate is drawn
anew for each window of `burst_seconds`: the mean rate times a gamma variable of mean 1, whose variance is chosen so
that the number of calls in a window has `dispersion` times the variance of a Poisson number (1: no bursts at all).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """So long the mean rate is that many calls a second."""

    seconds: float
    calls_a_second: float


@dataclass(frozen=True, slots=True)
class Arrivals:
    """
    Attributes:
        dispersion: variance of the number of calls in a window, over its mean; 1 is Poisson.
        burst_seconds: how long a wave or a lull lasts.
    """

    phases: tuple[Phase, ...]
    dispersion: float = 1.0
    burst_seconds: float = 30.0

    @property
    def seconds(self) -> float:
        return sum(phase.seconds for phase in self.phases)

    def times(self, rng: random.Random) -> Iterator[float]:
        """Rising moments, seconds from the beginning."""
        began = 0.0
        for phase in self.phases:
            end = began + phase.seconds
            window = began
            while window < end:
                until = min(window + self.burst_seconds, end)
                yield from self._window(rng, window, until, phase.calls_a_second)
                window = until
            began = end

    def _window(self, rng: random.Random, begin: float, end: float, mean: float) -> Iterator[float]:
        rate = mean * self._wave(rng, mean * (end - begin))
        if rate <= 0.0:
            return
        at = begin + rng.expovariate(rate)
        while at < end:
            yield at
            at += rng.expovariate(rate)

    def _wave(self, rng: random.Random, expected: float) -> float:
        """Of mean 1. The variance of a mixed Poisson number of mean m is m + m² v: v gives the wanted dispersion."""
        variance = (self.dispersion - 1.0) / expected if expected else 0.0
        if variance <= 0.0 or not math.isfinite(variance):
            return 1.0
        return rng.gammavariate(1.0 / variance, variance)
