"""How long something lasts: distributions that can be written in a scenario file. Seconds everywhere. Pure.

`{kind: fixed, seconds}`, `{kind: exponential, mean_seconds}`, `{kind: lognormal, median_seconds, p95_seconds}`,
`{kind: quantiles, seconds: [...]}` (equally spaced from the least to the greatest, as `hotline simulate measure` writes
them; values between two of them are as likely as each other).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hotline.simulation.errors import SimulationError

_Z95: Final = 1.6448536269514722  # of the standard normal distribution


class Distribution(Protocol):
    @property
    def mean_seconds(self) -> float: ...

    def sample(self, rng: random.Random) -> float:
        """Seconds, not negative."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    seconds: float

    @property
    def mean_seconds(self) -> float:
        return self.seconds

    def sample(self, rng: random.Random) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Exponential:
    mean_seconds: float

    def sample(self, rng: random.Random) -> float:
        return rng.expovariate(1.0 / self.mean_seconds)


@dataclass(frozen=True, slots=True)
class Lognormal:
    median_seconds: float
    p95_seconds: float

    @property
    def _sigma(self) -> float:
        return math.log(self.p95_seconds / self.median_seconds) / _Z95

    @property
    def mean_seconds(self) -> float:
        return self.median_seconds * math.exp(self._sigma**2 / 2.0)

    def sample(self, rng: random.Random) -> float:
        return self.median_seconds * math.exp(self._sigma * rng.gauss(0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Quantiles:
    seconds: tuple[float, ...]

    @property
    def mean_seconds(self) -> float:
        """Of the piecewise linear distribution, not of the observations behind it."""
        ends = (self.seconds[0] + self.seconds[-1]) / 2.0
        return (sum(self.seconds[1:-1]) + ends) / (len(self.seconds) - 1)

    def sample(self, rng: random.Random) -> float:
        position = rng.random() * (len(self.seconds) - 1)
        below = int(position)
        low, high = self.seconds[below], self.seconds[below + 1]
        return low + (high - low) * (position - below)


def quantiles_of(observed: list[float], points: int = 41) -> Quantiles:
    """The observations in so many numbers.

    Raises:
        SimulationError: fewer than two observations.
    """
    if len(observed) < 2:
        raise SimulationError("a distribution needs at least two observations")
    ordered = sorted(observed)
    return Quantiles(tuple(round(_between(ordered, step / (points - 1)), 3) for step in range(points)))


def _between(ordered: list[float], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = min(int(position), len(ordered) - 2)
    return ordered[below] + (ordered[below + 1] - ordered[below]) * (position - below)


def parse(described: dict[str, Any]) -> Distribution:
    """
    Raises:
        SimulationError: no such kind, a missing or unknown key, or seconds that cannot be.
    """
    known = dict(described)
    kind = known.pop("kind", None)
    try:
        match kind:
            case "fixed":
                made: Distribution = Fixed(**_floats(known))
            case "exponential":
                made = Exponential(**_floats(known))
            case "lognormal":
                made = Lognormal(**_floats(known))
            case "quantiles":
                made = Quantiles(tuple(float(value) for value in known.pop("seconds")))
                if known or len(made.seconds) < 2 or list(made.seconds) != sorted(made.seconds):
                    raise ValueError("`seconds` is a rising list of at least two")
            case _:
                raise ValueError("unknown kind")
        if not (made.mean_seconds >= 0.0 and math.isfinite(made.mean_seconds)) or made.sample(random.Random(0)) < 0.0:
            raise ValueError("seconds below zero")
    except (TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        raise SimulationError(f"no distribution: {described!r} ({error})") from error
    return made


def describe(distribution: Distribution) -> dict[str, Any]:
    """The inverse of `parse`."""
    match distribution:
        case Fixed(seconds):
            return {"kind": "fixed", "seconds": seconds}
        case Exponential(mean_seconds):
            return {"kind": "exponential", "mean_seconds": mean_seconds}
        case Lognormal(median_seconds, p95_seconds):
            return {"kind": "lognormal", "median_seconds": median_seconds, "p95_seconds": p95_seconds}
        case Quantiles(values):
            return {"kind": "quantiles", "seconds": list(values)}
    raise SimulationError(f"{distribution!r} has no description")


def _floats(values: dict[str, Any]) -> dict[str, float]:
    return {key: float(value) for key, value in values.items()}
