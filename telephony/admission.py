"""How many calls can be served at once, learned from how the process feels with those that it has. Pure.

The estimate starts at what the machine is known to carry, is cut when the calls in progress begin to suffer, and grows
again by small steps while it is used and nobody suffers; near the number at which it broke last, the steps are single
calls. Three things keep it from swinging: strain must last before it counts, relief must last longer and be clear
(there is a gap between the two limits), and after a cut its effect is awaited before the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from telephony.load import LAG_WINDOW_SECONDS, Load

STRAIN_SECONDS: Final = 2.0  # so long before it counts
RELIEF_SECONDS: Final = 5.0
RELIEF_SHARE: Final = 0.75  # of the limits: below it is relief, between the two nothing changes
IDLE_FACTOR: Final = 2.0  # a slow machine: nobody suffers from the others while the lag is below so many idle ones
CUT: Final = 0.9
CUT_AGAIN_SECONDS: Final = LAG_WINDOW_SECONDS + 5.0  # the effect of a cut shows only then
GROW_SECONDS: Final = 10.0
GROW_SHARE: Final = 0.125
CAREFUL_SECONDS: Final = 30.0  # between single steps near the number that broke
CAREFUL_SHARE: Final = 0.8
REMEMBERED_SECONDS: Final = 600.0  # how long that number is believed
_FEWEST_ANSWERS: Final = 5  # recognitions in the window without which nothing is proven


@dataclass(frozen=True, slots=True)
class AdmissionRules:
    """
    Attributes:
        maximum_calls: served at once whatever is measured: no more.
        initial_calls: believed before anything has been measured.
        minimum_calls: served at once whatever is measured: no fewer.
        lag_limit_seconds: 95th percentile of the wait for words from which on calls suffer; more on a machine that
            needs longer for a single call.
        late_frames_limit: share of late 20 ms beats from which on calls suffer.
    """

    maximum_calls: int
    initial_calls: int = 40
    minimum_calls: int = 8
    lag_limit_seconds: float = 1.0
    late_frames_limit: float = 0.05


class Admission:
    """One phone process. Call `observe` about once a second."""

    def __init__(self, rules: AdmissionRules, now: float) -> None:
        self._rules = rules
        self._floor = min(rules.minimum_calls, rules.maximum_calls)
        self.limit = max(self._floor, min(rules.initial_calls, rules.maximum_calls))
        self.strained = False
        self._now = now
        self._suffers_since: float | None = None
        self._well_since: float | None = None
        self._last_change = now
        self._broke_at = 0  # calls at the last cut; 0: none is remembered
        self._broke_since = float("-inf")

    def admits(self, serving: int) -> bool:
        """One more call can be served beside these."""
        if serving < self._floor:
            return True
        return not self.strained and serving < self.limit

    def observe(self, load: Load, serving: int, now: float) -> None:
        """How the process feels while it serves so many calls."""
        self._now = now
        late = self._rules.late_frames_limit
        lag = max(self._rules.lag_limit_seconds, IDLE_FACTOR * load.idle_lag_seconds)
        hurts = (load.crowded and load.lag_seconds > lag) or load.late_frames > late
        suffers = hurts and serving > self._floor  # so few are served in any case: they prove nothing about many
        well = (not load.crowded or load.lag_seconds <= RELIEF_SHARE * lag) and load.late_frames <= RELIEF_SHARE * late
        self._suffers_since = self._since(self._suffers_since, suffers)
        self._well_since = self._since(self._well_since, well)
        if self._lasts(self._suffers_since, STRAIN_SECONDS):
            if not self.strained or now - self._last_change >= CUT_AGAIN_SECONDS:
                self._cut(serving)
            self.strained = True
        elif self._lasts(self._well_since, RELIEF_SECONDS):
            self.strained = False
        if well and not self.strained:
            self._grow(load, serving)

    def _since(self, since: float | None, holds: bool) -> float | None:
        return (self._now if since is None else since) if holds else None

    def _lasts(self, since: float | None, seconds: float) -> bool:
        return since is not None and self._now - since >= seconds

    def _cut(self, serving: int) -> None:
        self._broke_at, self._broke_since = serving, self._now
        self.limit = max(self._floor, min(self.limit, int(CUT * serving)))
        self._last_change = self._now

    def _grow(self, load: Load, serving: int) -> None:
        if self._now - self._broke_since > REMEMBERED_SECONDS:
            self._broke_at = 0
        tried = serving >= self.limit and load.answers >= _FEWEST_ANSWERS
        ceiling = self._rules.maximum_calls if tried else min(self._rules.initial_calls, self._rules.maximum_calls)
        near = self._broke_at > 0 and self.limit >= CAREFUL_SHARE * self._broke_at
        if near and not tried:
            return  # what broke is not believed again before it has been tried
        due = CAREFUL_SECONDS if near else GROW_SECONDS
        if self.limit >= ceiling or not self._lasts(self._well_since, due) or self._now - self._last_change < due:
            return
        step = 1 if near else max(2, int(GROW_SHARE * self.limit))
        self.limit = min(ceiling, self.limit + step)
        self._last_change = self._now
