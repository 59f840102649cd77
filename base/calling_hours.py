"""When the hotline may ring somebody up, and when to try again: pure rules, for call-backs and return visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from base.clock import local


@dataclass(frozen=True, slots=True)
class CallingRules:
    """From `first_hour` o'clock until `last_hour` o'clock of the city, every day; so many `attempts` that reach nobody,
    `spacing` apart. Who has taken a task has it for `held_at_most`; then everybody may take it again."""

    first_hour: int = 9
    last_hour: int = 20
    attempts: int = 3
    spacing: timedelta = timedelta(hours=1)
    held_at_most: timedelta = timedelta(hours=4)

    def allowed(self, moment: datetime) -> bool:
        return self.first_hour <= local(moment).hour < self.last_hour

    def earliest(self, moment: datetime) -> datetime:
        """`moment`, or the next one at which somebody may be rung up."""
        if self.allowed(moment):
            return moment
        here = local(moment)
        day = here.date() + timedelta(days=0 if here.hour < self.first_hour else 1)
        return datetime.combine(day, time(self.first_hour), here.tzinfo).astimezone(moment.tzinfo)

    def again(self, attempts: int, moment: datetime) -> datetime | None:
        """When to try next after so many attempts in vain, the last at `moment`; None: not any more."""
        return None if attempts >= self.attempts else self.earliest(moment + self.spacing)
