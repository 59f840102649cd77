"""Which conversations of a week are judged: as many of each seat, each of its conversations equally likely. Pure.

The draw is a hash of the week and the conversation: whoever repeats it gets the same, nobody can choose, and nothing
has to be stored. A conversation that is erased makes room for the next one and moves no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def sample(conversations: Iterable[tuple[str, str]], week: str, *, each: int) -> dict[str, list[str]]:
    """Of (seat, conversation), for each seat `each` conversations, or all where it has fewer, in the order drawn."""
    of_seat: dict[str, list[str]] = {}
    for seat_id, conversation_id in conversations:
        of_seat.setdefault(seat_id, []).append(conversation_id)
    return {seat_id: sorted(ids, key=lambda known: _lot(week, known))[:each] for seat_id, ids in of_seat.items()}


def _lot(week: str, conversation_id: str) -> bytes:
    return hashlib.sha256(f"{week}\n{conversation_id}".encode()).digest()
