"""When a message is tried again, and when it is given up. Pure: time and chance are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

# delivered: the receiver has it. failed: later it may. refused: it never will, for it found the message wrong.
Verdict = Literal["delivered", "failed", "refused"]
Status = Literal["waiting", "delivered", "dead"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt. `not_before_seconds`: the receiver asked us to wait so long."""

    verdict: Verdict
    error: str = ""
    not_before_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Next:
    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """Pauses double from `first_seconds` up to `longest_seconds`; after `attempts` in vain a message is dead."""

    first_seconds: float
    longest_seconds: float
    attempts: int

    def pause_seconds(self, failures: int, chance: float) -> float:
        """The pause after the `failures`-th failure (from 1); `chance` in [0, 1) spreads it over its upper half, so
        that what failed together does not come back together."""
        doubled = self.first_seconds * 2.0 ** min(failures - 1, 60)
        return min(doubled, self.longest_seconds) * (0.5 + 0.5 * chance)

    def after(self, attempt: Attempt, *, attempts: int, now: datetime, chance: float) -> Next:
        """What becomes of a message after its `attempts`-th attempt (from 1)."""
        if attempt.verdict == "delivered":
            return Next("delivered", now)
        if attempt.verdict == "refused" or attempts >= self.attempts:
            return Next("dead", now)
        asked = min(attempt.not_before_seconds, self.longest_seconds)
        return Next("waiting", now + timedelta(seconds=max(asked, self.pause_seconds(attempts, chance))))
