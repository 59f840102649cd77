"""To whom a waiting conversation is offered: pure.

In the order of the queue, each goes to a free seat that has what it needs: the one that holds least, then the one that
was served longest ago. Where nobody at the desk has a needed skill, anybody may take it: a citizen who waits for a
specialist who is not there waits in vain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from seats.presence import State
from seats.queue import Kind, may_claim


@dataclass(frozen=True, slots=True)
class SeatLoad:
    """A seat whose page is open. `capacity`: chats at once; `has_offer`: one is waiting for its answer."""

    seat_id: str
    state: State
    skills: frozenset[str] = frozenset()
    calls: int = 0
    chats: int = 0
    capacity: int = 1
    has_offer: bool = False
    here: bool = True  # its page is connected to this core, which can make it an offer
    served_at: datetime | None = None

    def free_for(self, kind: Kind) -> bool:
        """Whoever talks on the telephone is offered no chat besides; by hand they may take one."""
        open_to_offers = self.here and self.state == "available" and not self.has_offer and not self.calls
        return open_to_offers and may_claim(kind, calls=self.calls, chats=self.chats, capacity=self.capacity)

    def slots(self, kind: Kind = "chat") -> int:
        """How many are served at once here, for the expected wait; on a break none."""
        return 0 if self.state not in ("available", "wrap_up") else 1 if kind == "call" else self.capacity

    def free_slots(self, kind: Kind) -> int:
        """How many more it could take now."""
        if self.state != "available" or self.calls:
            return 0
        return 1 if kind == "call" else max(0, self.capacity - self.chats)


@dataclass(frozen=True, slots=True)
class Waiting:
    """`passed_over`: seats to whom it is not offered now, for they have just turned it down."""

    conversation_id: str
    kind: Kind
    needs: frozenset[str] = frozenset()
    passed_over: frozenset[str] = frozenset()
    offered: bool = False


def suitable(needs: frozenset[str], seats: Iterable[SeatLoad]) -> list[SeatLoad]:
    """The seats that have all that is needed; all seats where none of those at work has."""
    at_work = [seat for seat in seats if seat.slots()]
    able = [seat for seat in at_work if needs <= seat.skills]
    return able or at_work


def offers(waiting: Sequence[Waiting], seats: Sequence[SeatLoad]) -> list[tuple[str, str]]:
    """(conversation, seat): what is to be offered now; `waiting` is in the order of the queue."""
    now = {seat.seat_id: seat for seat in seats}
    made: list[tuple[str, str]] = []
    for one in waiting:
        if one.offered:
            continue
        able = [
            seat
            for seat in suitable(one.needs, now.values())
            if seat.free_for(one.kind) and seat.seat_id not in one.passed_over
        ]
        if not able:
            continue
        chosen = min(able, key=_turn)
        now[chosen.seat_id] = replace(chosen, has_offer=True)
        made.append((one.conversation_id, chosen.seat_id))
    return made


def _turn(seat: SeatLoad) -> tuple[int, bool, float, str]:
    at = seat.served_at.timestamp() if seat.served_at else 0.0
    return seat.calls + seat.chats, seat.served_at is not None, at, seat.seat_id
