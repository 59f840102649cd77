"""The turns of a call that the core was given and has not answered yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from base.ids import new_id
from telephony.core_link import Core

REPLY_SECONDS: Final = 30.0  # an answer that takes longer will not come
CORE_AWAY_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True)
class GivenTurn:
    """Given at `at`; the caller's last sound before it was at `spoke_until` (both on the call's clock, seconds)."""

    at: float
    spoke_until: float


class GivenTurns:
    """One call."""

    def __init__(self, core: Core, call_id: str) -> None:
        self._core = core
        self._call_id = call_id
        self._waiting: dict[str, GivenTurn] = {}
        self._facts: dict[str, Any] = {}

    def __bool__(self) -> bool:
        """An answer is awaited."""
        return bool(self._waiting)

    def note(self, **facts: Any) -> None:
        """Something that the core is told with the next turn."""
        self._facts.update(facts)

    def give(
        self,
        kind: str,
        text: str,
        *,
        now: float,
        spoke_until: float | None,
        confidence: float | None,
        unplayed: str,
        meta: dict[str, Any],
    ) -> str:
        """Hand a turn to the core; returns its id."""
        turn_id = new_id("t")
        self._waiting[turn_id] = GivenTurn(now, now if spoke_until is None else spoke_until)
        facts, self._facts = self._facts, {}
        self._core.turn(
            self._call_id, turn_id, kind, text, confidence=confidence, unplayed=unplayed, meta={**meta, **facts}
        )
        return turn_id

    def answered(self, turn_id: str | None) -> GivenTurn | None:
        """The turn is not awaited any more; None if it was not (a repetition, or given up)."""
        return self._waiting.pop(turn_id, None) if turn_id is not None else None

    def late(self, now: float) -> bool:
        """An answer is so late that it will not come; longer patience while the core is known to be away."""
        limit = REPLY_SECONDS if self._core.connected else CORE_AWAY_SECONDS
        return any(now - given.at > limit for given in self._waiting.values())

    def give_up(self) -> None:
        self._waiting.clear()
