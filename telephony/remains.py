"""What calls leave behind: objects that know one another, which only the collector of cycles frees.

Its full rounds come by the number of objects made, not by their size. The phone keeps most of its objects out of those
rounds (`gc.freeze`) and makes few new ones, so that rounds would lie hundreds of calls apart, each of which holds
more than a megabyte of audio and of the SIP stack's buffers. A round over what living calls hold takes a millisecond
or two, far less than a beat.
"""

from __future__ import annotations

import gc
from typing import Final

LEAST_CALLS: Final = 10  # ended since the last round: fewer hold too little to be worth one


class Remains:
    """Of one process. Tell it of every call that has `ended`, and let it `clear` every few seconds."""

    def __init__(self) -> None:
        self._calls = 0

    def ended(self) -> None:
        self._calls += 1

    def clear(self) -> int:
        """Free what ended calls have left, if there were enough of them; returns the objects that were freed."""
        if self._calls < LEAST_CALLS:
            return 0
        self._calls = 0
        return gc.collect()
