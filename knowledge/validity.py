"""When an entry may be said, and how: an expired one never, a coming rule only announced as such. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from base.clock import CHINA
from knowledge.entry import Entry, When

_ALREADY: Final = "目前还没有施行"


def expired(entry: Entry, now: datetime) -> bool:
    ends = entry.ends()
    return ends is not None and now >= ends


def coming(entry: Entry, now: datetime) -> bool:
    """Published, but its rule does not hold yet."""
    begins = entry.begins()
    return begins is not None and now < begins and not expired(entry, now)


def in_force(entry: Entry, now: datetime) -> bool:
    return not expired(entry, now) and not coming(entry, now)


def date_in_words(when: When) -> str:
    """2026年3月1日, with the time of day where it is no whole day."""
    if when is None:
        return ""
    day: date = when.astimezone(CHINA) if isinstance(when, datetime) else when
    words = f"{day.year}年{day.month}月{day.day}日"
    if isinstance(day, datetime):
        words += f"{day.hour}点" + (f"{day.minute}分" if day.minute else "")
    return words


def said(entry: Entry, now: datetime, successor: Entry | None = None) -> tuple[str, str]:
    """The answer for the eye and for the ear at this moment.

    A coming rule is led in with the day from which it holds. `successor` is what will take this entry's place: it is
    announced after the answer that still holds.
    """
    answer, spoken = entry.answer, entry.spoken
    if coming(entry, now):
        lead = f"以下规定自{date_in_words(entry.effective_from)}起施行，{_ALREADY}："
        return lead + answer, lead + spoken
    if successor is not None and coming(successor, now):
        day = date_in_words(successor.effective_from)
        return (
            f"{answer}\n另外，自{day}起施行新的规定：{successor.answer}",
            f"{_sentence(spoken)}另外，自{day}起施行新的规定：{successor.spoken}",
        )
    return answer, spoken


def _sentence(text: str) -> str:
    return text if text.endswith(("。", "！", "？", "；")) else text + "。"
