"""Callers who wait until they can be served: who is next, where each stands, how long it will take. Pure.

First come, first served; a caller who is busy choosing a call-back is passed over until done. Nobody's place ever gets
worse.
"""

from __future__ import annotations

import math
from typing import Final

FIRST_SERVICE_SECONDS: Final = 90.0  # how long a call is taken to last before any has been seen
_WEIGHT: Final = 0.05  # of the newest call in the mean
_SOON_SECONDS: Final = 50.0
_LONG_MINUTES: Final = 30
_COUNTED_EXACTLY: Final = 20  # so many ahead; more are told in tens, then in hundreds


class ServiceTimes:
    """How long calls are served."""

    def __init__(self) -> None:
        self.mean_seconds = FIRST_SERVICE_SECONDS

    def ended(self, seconds: float) -> None:
        self.mean_seconds += _WEIGHT * (seconds - self.mean_seconds)

    def wait_seconds(self, ahead: int, serving: int, limit: int) -> float:
        """Until somebody with so many `ahead` is served: so many calls must end first, and `serving` are at it."""
        to_end = ahead + 1 + max(0, serving - limit)
        return to_end * self.mean_seconds / max(1, serving)


class WaitingRoom:
    """Who waits, in the order of coming."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._waiting: dict[str, bool] = {}  # call id -> may be called up

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._waiting

    @property
    def full(self) -> bool:
        return len(self._waiting) >= self._places

    def enter(self, call_id: str) -> None:
        """
        Raises:
            ValueError: there is no room, or the call is in it already.
        """
        if self.full or call_id in self._waiting:
            raise ValueError("no place for this call in the waiting room")
        self._waiting[call_id] = True

    def leave(self, call_id: str) -> None:
        """Does nothing where the call is not in the room."""
        self._waiting.pop(call_id, None)

    def set_busy(self, call_id: str, busy: bool) -> None:
        """`busy`: in the middle of choosing a call-back, not to be called up at this moment."""
        if call_id in self._waiting:
            self._waiting[call_id] = not busy

    def next(self) -> str | None:
        """Whose turn it is."""
        return next((call_id for call_id, ready in self._waiting.items() if ready), None)

    def ahead_of(self, call_id: str) -> int:
        return list(self._waiting).index(call_id)


def _place(ahead: int) -> str:
    if ahead == 0:
        return "您是下一位，"
    if ahead < _COUNTED_EXACTLY:
        return f"您前面还有{ahead}位，"
    step = 10 if ahead < 10 * _COUNTED_EXACTLY else 100
    return f"您前面还有{ahead - ahead % step}多位，" if ahead % step else f"您前面还有{ahead}位，"


def standing(ahead: int, wait_seconds: float, *, again: bool) -> tuple[str, str]:
    """Where a caller stands and how long it will take, as two pieces of one sentence: there are few different ones, so
    their audio is soon at hand. `again`: an update of what was told before."""
    place = _place(ahead)
    minutes = math.ceil(wait_seconds / 60)
    if wait_seconds < _SOON_SECONDS:
        return place, "预计不到1分钟。"
    if minutes > _LONG_MINUTES:
        return place, f"预计要等{_LONG_MINUTES}分钟以上。"
    return place, f"大约{'还要' if again else '需要'}等{minutes}分钟。"
