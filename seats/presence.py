"""Who is at the desk and who can be offered something. Pure: time is passed in.

A seat is present while its page's heartbeat comes. Its state says what it may be offered: `available`; `wrap_up`, for
the paperwork after a conversation, ends by itself; `break` with a reason until the seat ends it; `offline` has no page.
A seat that lets two offers pass without an answer is sent on a break: somebody else must not wait for an empty chair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

State = Literal["available", "wrap_up", "break", "offline"]
STATES: Final[tuple[str, ...]] = get_args(State)
CHOSEN: Final = ("available", "wrap_up", "break")  # by the seat itself
NOT_ANSWERING: Final = "未应答"
MISSED_BEFORE_BREAK: Final = 2


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

    def silence(self, now_seconds: float) -> dict[str, float]:
        """Seconds since each seat that is present was last heard of."""
        return {seat: now_seconds - self._heard[seat] for seat in self.present(now_seconds)}

    def absent(self, holders: frozenset[str], now_seconds: float) -> frozenset[str]:
        """Of the seats that hold conversations, those that are gone.

        A seat never heard of (the core has just started) gets the same time to come back, counted from now.
        """
        for seat_id in holders:
            self._heard.setdefault(seat_id, now_seconds)
        return holders - self.present(now_seconds)


@dataclass(frozen=True, slots=True)
class AtDesk:
    """The state of one seat. `until`: a wrap-up ends then; `missed`: offers running that were not answered."""

    state: State
    since: datetime
    reason: str = ""
    until: datetime | None = None
    missed: int = 0

    def at(self, now: datetime) -> AtDesk:
        """The state now: a wrap-up whose time is over has ended."""
        if self.state == "wrap_up" and self.until is not None and self.until <= now:
            return AtDesk("available", self.until, missed=self.missed)
        return self


def came(known: AtDesk | None, now: datetime) -> AtDesk:
    """The page was opened: a break or a wrap-up goes on, as after a reload or a restart."""
    if known is None or known.state == "offline":
        return AtDesk("available", now)
    return known.at(now)


def chosen(state: State, now: datetime, *, reason: str = "", wrap_up: timedelta) -> AtDesk:
    return AtDesk(state, now, reason if state == "break" else "", now + wrap_up if state == "wrap_up" else None)


def finished(known: AtDesk, now: datetime, *, holds_others: bool, wrap_up: timedelta) -> AtDesk:
    """A conversation has ended: time for the paperwork, unless others go on."""
    if holds_others or known.state != "available" or wrap_up <= timedelta(0):
        return known
    return AtDesk("wrap_up", now, until=now + wrap_up)


def missed_one(known: AtDesk, now: datetime) -> AtDesk:
    if known.missed + 1 < MISSED_BEFORE_BREAK:
        return replace(known, missed=known.missed + 1)
    return AtDesk("break", now, NOT_ANSWERING)
