"""Hours, days, weeks and months on the wall clock of the city, as reports count them: pure.

A slot is named by the text of its beginning: `2026-01-05 09` (an hour), `2026-01-05` (a day, or the Monday of a week),
`2026-01` (a month). The city has one offset from UTC all year (UTC+8, no summer time since 1991).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, get_args

from base.clock import CHINA, local

Slot = Literal["hour", "day", "week", "month"]
SLOTS: Final[tuple[str, ...]] = get_args(Slot)
LONGEST_DAYS: Final = {"hour": 31, "day": 366, "week": 3 * 366, "month": 10 * 366}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole slots, from the beginning of `first_day` up to the end of `last_day`, days of the city.

    Raises:
        ValueError: the days are the wrong way round, or too many for this slot; the message is for a person.
    """

    slot: Slot
    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise ValueError("结束日期早于开始日期。")
        if (self.last_day - self.first_day).days >= LONGEST_DAYS[self.slot]:
            raise ValueError("时间太长，请缩短，或改按更大的时段统计。")

    @classmethod
    def whole(cls, slot: Slot, first_day: date, last_day: date) -> Span:
        """The span of whole slots that holds these days: a week that is cut in half could be held against nothing.

        Raises:
            ValueError: as the class.
        """
        if slot == "week":
            first_day -= timedelta(days=first_day.weekday())
            last_day += timedelta(days=6 - last_day.weekday())
        elif slot == "month":
            first_day = first_day.replace(day=1)
            last_day = (last_day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return cls(slot, first_day, last_day)

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first_day, time(), tzinfo=CHINA)

    @property
    def ends(self) -> datetime:
        return datetime.combine(self.last_day + timedelta(days=1), time(), tzinfo=CHINA)

    def slots(self) -> list[str]:
        """Every slot of the span, also those in which nothing happened, in order."""
        return list(dict.fromkeys(slot_of(self.slot, moment) for moment in self._steps()))

    def _steps(self) -> Iterator[datetime]:
        step = timedelta(hours=1) if self.slot == "hour" else timedelta(days=1)
        moment = self.begins
        while moment < self.ends:
            yield moment
            moment += step


def slot_of(slot: Slot, moment: datetime) -> str:
    return fold(slot, f"{local(moment):%Y-%m-%d %H}")


def fold(slot: Slot, hour_or_day: str) -> str:
    """The slot in which an hour (`2026-01-05 09`) or a day lies."""
    if slot == "hour":
        return hour_or_day
    day = hour_or_day[:10]
    if slot == "day":
        return day
    if slot == "month":
        return day[:7]
    known = date.fromisoformat(day)
    return (known - timedelta(days=known.weekday())).isoformat()


def before(slot: Slot, name: str, number: int) -> list[str]:
    """The slots that `name` is held against, the nearest first: the same hour or day of the weeks before, the weeks
    before, the months before."""
    if slot == "month":
        year, month = int(name[:4]), int(name[5:7])
        months = [year * 12 + month - 1 - back for back in range(1, number + 1)]
        return [f"{index // 12:04d}-{index % 12 + 1:02d}" for index in months]
    day, hour = date.fromisoformat(name[:10]), name[10:]
    return [(day - timedelta(weeks=back)).isoformat() + hour for back in range(1, number + 1)]
