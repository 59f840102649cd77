"""When it happened, in moments beside the citizen's wording: kept in an order's `extra`, shown as people write it.

Orders without them (none could be told, or they are older than this) keep the wording alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from base.clock import local

START: Final = "event_start"
END: Final = "event_end"
# Counted back in weeks, months or years, or said to be about so: the day is not to be taken at its word.
_ROUGH: Final = re.compile(
    r"[几多]|十来|来钟|左右|大概|大约|差不多|将近|前后|快(?=[一二两三四五六七八九十半\d])"
    r"|(?:月|年|周|星期|礼拜)半?(?:了|之前|以前|前|以来)"
)


def kept(start: str, end: str) -> dict[str, str]:
    """The part of `extra` that holds them; ISO text, aware. Nothing unless both are known."""
    return {START: start, END: end} if start and end else {}


def told(extra: Mapping[str, Any]) -> dict[str, str | None]:
    """As other systems get them: `event_start` and `event_end`, None where they are not known."""
    return {name: extra.get(name) or None for name in (START, END)}


def spelled(wording: str | None, start: str | None, end: str | None, *, year: int | None = None) -> str:
    """`11月29日18时至23时`, on the city's wall clock; empty where it is not known. `year`: the one not to be named."""
    try:
        first, last = datetime.fromisoformat(start or ""), datetime.fromisoformat(end or "")
    except ValueError:
        return ""
    if first.tzinfo is None or last.tzinfo is None:
        return ""
    first, last = local(first), local(last)
    about = "约" if _ROUGH.search(wording or "") else ""
    named = not first.year == (last - timedelta(minutes=1)).year == year
    return about + _span(first, last, named)


def _span(first: datetime, last: datetime, year: bool) -> str:
    begins = _day(first, year)
    if first == last:
        return begins + _hour(first)
    final = last - timedelta(days=1) if _midnight(last) else last
    if _midnight(first) and (_midnight(last) or final.date() > first.date()):
        return begins if final.date() == first.date() else f"{begins}至{_until(final, first, year)}"
    if final.date() == first.date():
        return f"{begins}{_hour(first)}至{'24时' if _midnight(last) else _hour(last)}"
    return f"{begins}{_hour(first)}至{_day(last, year and last.year != first.year)}{_hour(last)}"


def _midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute) == (0, 0)


def _day(moment: datetime, year: bool) -> str:
    return f"{f'{moment.year}年' if year else ''}{moment.month}月{moment.day}日"


def _until(last: datetime, first: datetime, year: bool) -> str:
    same = (last.year, last.month) == (first.year, first.month)
    return f"{last.day}日" if same else _day(last, year and last.year != first.year)


def _hour(moment: datetime) -> str:
    return f"{moment.hour}时{f'{moment.minute}分' if moment.minute else ''}"
