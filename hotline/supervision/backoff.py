"""When to start a process again after it ended: pure, in seconds that the caller measures."""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 15.0
STEADY_SECONDS = 60.0
"""A process that ran this long was well: its earlier failures are forgotten."""
QUICK_TRIES = 6
REST_SECONDS = 300.0
"""After that many failures in a row the process is only tried once in this time."""


@dataclass(frozen=True, slots=True)
class Restart:
    """What follows an end: wait `delay_seconds`, then start again; `exhausted` means the quick tries are used up."""

    delay_seconds: float
    exhausted: bool


@dataclass(frozen=True, slots=True)
class History:
    """How often a process failed in a row."""

    failures: int = 0

    def after_end(self, ran_seconds: float) -> tuple[History, Restart]:
        failures = 1 if ran_seconds >= STEADY_SECONDS else self.failures + 1
        exhausted = failures >= QUICK_TRIES
        delay = REST_SECONDS if exhausted else min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** (failures - 1))
        return replace(self, failures=failures), Restart(delay, exhausted)
