"""The seats: who is free, who waits for a person, who wraps up."""

from __future__ import annotations

from collections import deque

from hotline.simulation.caller import Caller, Place


class SeatRoom:
    """First come, first served. A queue entry is void once its caller has gone on (`epoch`)."""

    def __init__(self, seats: int) -> None:
        self.seats = seats
        self.free = seats
        self.waiting = 0
        self._queue: deque[tuple[Caller, int]] = deque()

    def enter(self, caller: Caller) -> None:
        """`caller` is in the seat queue from now on (`Caller.step` has been taken)."""
        self._queue.append((caller, caller.epoch))
        self.waiting += 1

    def left(self) -> None:
        """Somebody who waited does not wait any more."""
        self.waiting -= 1

    def take(self) -> Caller | None:
        """A free seat takes the next caller; None where no seat is free or nobody waits."""
        while self.free and self._queue:
            caller, epoch = self._queue.popleft()
            if caller.place is Place.SEAT_QUEUE and caller.epoch == epoch:
                self.free -= 1
                self.waiting -= 1
                return caller
        return None

    def take_task(self) -> bool:
        """A free seat takes something else, if nobody waits for a person."""
        if not self.free or self.waiting:
            return False
        self.free -= 1
        return True

    def give_back(self) -> None:
        self.free += 1
