"""Which days are worked in China: the week, the holidays and the days worked instead (`data/holidays.yml`). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from base.errors import ConfigurationError

PATH: Final = Path(__file__).parent / "data" / "holidays.yml"
_SATURDAY: Final = 5
_LONGEST_HOLIDAY_DAYS: Final = 20


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """`years`: those whose holidays are known."""

    years: frozenset[int]
    holidays: frozenset[date]
    worked: frozenset[date]

    @classmethod
    def load(cls, path: Path = PATH) -> WorkCalendar:
        """
        Raises:
            ConfigurationError: the file is missing or malformed; the message names the entry.
        """
        try:
            years: dict[int, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))["years"]
            holidays: set[date] = set()
            worked: set[date] = set()
            for year, entry in years.items():
                for name, days in entry["holidays"].items():
                    holidays.update(_span(year, name, days))
                worked.update(_worked(year, entry["worked"]))
            if both := holidays & worked:
                raise ValueError(f"{min(both)} is a holiday and a day worked")
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigurationError(f"calendar of working days {path.name} cannot be read: {error}") from error
        return cls(frozenset(years), frozenset(holidays), frozenset(worked))

    def is_working(self, day: date) -> bool:
        if day in self.worked:
            return True
        return day not in self.holidays and day.weekday() < _SATURDAY

    def knows(self, day: date) -> bool:
        """Whether the holidays of that year are in the data; else only the week is known."""
        return day.year in self.years

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, which itself does not count.

        Raises:
            ValueError: `count` is less than 1.
        """
        if count < 1:
            raise ValueError(f"working days are counted from 1, not {count}")
        while count:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day


@lru_cache(maxsize=1)
def default_calendar() -> WorkCalendar:
    return WorkCalendar.load()


def _span(year: int, name: str, days: list[date]) -> Iterator[date]:
    first, last = (days[0], days[-1]) if 1 <= len(days) <= 2 else (date.max, date.min)
    if not timedelta(0) <= last - first < timedelta(days=_LONGEST_HOLIDAY_DAYS):
        raise ValueError(f"{year} {name}: one day, or the first and the last day, are expected")
    if year not in (first.year, last.year):
        raise ValueError(f"{year} {name}: {first} is of another year")
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _worked(year: int, days: list[date]) -> list[date]:
    for day in days:
        if day.weekday() < _SATURDAY or abs(day.year - year) > 1:
            raise ValueError(f"{year}: {day} is no Saturday or Sunday of that year")
    return days
