"""How many messages WeChat still lets us send to a citizen. Pure: the present is passed in.

The citizen's own message allows a few within two days, a menu click, a scan or a subscription fewer within a minute.
WeChat counts too and has the last word (its refusals empty the allowance); ours is what a seat is shown beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Grant:
    """What one act of the citizen allows."""

    messages: int
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Allowance:
    left: int = 0
    until: datetime | None = None

    def now(self, now: datetime) -> int:
        """Messages that may be sent now."""
        return self.left if self.until is not None and now < self.until else 0

    def granted(self, grant: Grant, now: datetime) -> Allowance:
        """After an act of the citizen: the new grant, unless what stands is better (more messages, or as many for
        longer)."""
        stands = self.until if self.until is not None else now
        if (self.now(now), stands) > (grant.messages, now + grant.lasts):
            return self
        return Allowance(grant.messages, now + grant.lasts)

    def used(self) -> Allowance:
        return replace(self, left=max(0, self.left - 1))

    def given_back(self, most: int) -> Allowance:
        """A message that did not leave; never more than `most`, for the citizen may have written meanwhile."""
        return replace(self, left=max(self.left, min(self.left + 1, most)))
