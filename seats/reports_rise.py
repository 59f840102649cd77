"""What has risen against the usual: pure. The usual is the median of the same slots before, so that one bad day of the
past (a burst pipe, a holiday) does not become the measure; what is far from it is told by the median deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

ENOUGH: Final = 3  # slots before, to know what is usual
_DEVIATION: Final = 1.4826  # median absolute deviation of a normal distribution, as its standard deviation
_FAR: Final = 3.0
_LEAST: Final = 5.0  # a smaller difference is worth nobody's time


@dataclass(frozen=True, slots=True)
class Rise:
    """`usual` None: too little is known. `ratio` None: usually there is nothing. `unusual`: far above the usual."""

    count: int
    usual: float | None = None
    ratio: float | None = None
    unusual: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {"count": self.count, "usual": self.usual, "ratio": self.ratio, "unusual": self.unusual}


def rise(count: int, before: Sequence[int]) -> Rise:
    """`before`: the same slot of the weeks before, also zeros.

    The spread is never taken for less than the root of the usual: counts of independent events vary by as much.
    """
    if len(before) < ENOUGH:
        return Rise(count)
    usual = float(median(before))
    spread = max(_DEVIATION * median(abs(one - usual) for one in before), usual**0.5)
    far = count - usual >= max(_LEAST, _FAR * spread)
    return Rise(count, usual, count / usual if usual else None, far)
