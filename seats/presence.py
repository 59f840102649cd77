"""Who is at the desk: a seat is present while its page's heartbeat comes. Pure: time is passed in."""

from __future__ import annotations


class Presence:
    """Remembers when each seat was last heard of, in seconds of a clock that never goes back."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._heard: dict[str, float] = {}

    def heard(self, seat_id: str, now_seconds: float) -> None:
        self._heard[seat_id] = max(now_seconds, self._heard.get(seat_id, now_seconds))

    def left(self, seat_id: str) -> None:
        """The seat said goodbye (logout): gone at once."""
        self._heard.pop(seat_id, None)

    def present(self, now_seconds: float) -> frozenset[str]:
        return frozenset(seat for seat, heard in self._heard.items() if now_seconds - heard < self._timeout_seconds)

    def absent(self, holders: frozenset[str], now_seconds: float) -> frozenset[str]:
        """Of the seats that hold conversations, those that are gone.

        A seat never heard of (the core has just started) gets the same time to come back, counted from now.
        """
        for seat_id in holders:
            self._heard.setdefault(seat_id, now_seconds)
        return holders - self.present(now_seconds)
