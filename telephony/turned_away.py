"""Calls for which there is no room, where no other node will try them: whom to call back."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Final, Literal

from base.masking import Masked

AGAIN_SECONDS: Final = 600.0  # whoever dials on in the meantime has a call-back already
_DIALLED: Final = re.compile(r"[0-9]{5,15}")
Kept = Literal["noted", "repeated", "beyond", "unknown"]


class TurnedAway:
    """Bounded, whatever is dialled in under whatever numbers: `a_minute` call-backs on average, and as many at once."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._left = float(a_minute)
        self._at: float | None = None
        self._noted: OrderedDict[str, float] = OrderedDict()  # number -> until when it is remembered

    def meet(self, caller: Masked, now: float) -> Kept:
        """A call was refused at `now` (seconds of a monotonic clock); `noted`: the caller is to be called back."""
        number = caller.reveal()
        if not _DIALLED.fullmatch(number):
            return "unknown"
        self._forget(now)
        if number in self._noted:
            return "repeated"
        if self._left < 1.0:
            return "beyond"
        self._left -= 1.0
        self._noted[number] = now + AGAIN_SECONDS
        return "noted"

    def _forget(self, now: float) -> None:
        passed = 0.0 if self._at is None else now - self._at
        self._at = now
        self._left = min(float(self._a_minute), self._left + passed * self._a_minute / 60.0)
        while self._noted and next(iter(self._noted.values())) <= now:
            self._noted.popitem(last=False)
