"""How long people pause within a turn. Pure.

Campione and Véronis, "A large-scale multilingual study of silent pause duration" (Speech Prosody 2002; about 6,000
pauses, five languages): the lengths fall into log-normal categories, brief (under 200 ms), medium (200-1,000 ms) and
long (over 1,000 ms, in spontaneous speech only). Brief pauses never matter here. The medium category is placed so that
95 % of it lies within its limits; the long one has a median of 1.35 s. Its share is an assumption: with it
silence alone needs about 1.0 s to cut off 5 % of the callers of `benchmarks.endpointing`, near the 1.1 s published of
Chinese callers. An operator's own calls should replace it.
"""

from __future__ import annotations

import math
from typing import Final

MEDIUM_MEDIAN_SECONDS: Final = math.sqrt(0.2 * 1.0)
MEDIUM_SIGMA: Final = math.log(1.0 / MEDIUM_MEDIAN_SECONDS) / 1.96
LONG_MEDIAN_SECONDS: Final = 1.35
LONG_SIGMA: Final = 0.2
LONG_SHARE: Final = 0.05


def _above(seconds: float, median_seconds: float, sigma: float) -> float:
    return 0.5 * math.erfc(math.log(seconds / median_seconds) / (sigma * math.sqrt(2)))


def lasting_longer(seconds: float) -> float:
    """The share of pauses within a turn (medium and long ones) that last longer than `seconds`."""
    if seconds <= 0:
        return 1.0
    return (1 - LONG_SHARE) * _above(seconds, MEDIUM_MEDIAN_SECONDS, MEDIUM_SIGMA) + LONG_SHARE * _above(
        seconds, LONG_MEDIAN_SECONDS, LONG_SIGMA
    )
