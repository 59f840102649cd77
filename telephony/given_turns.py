"""The turns of a call that the core was given and has not answered yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from opentelemetry.trace import Span, StatusCode

from base import tracing
from base.ids import new_id
from telephony.core_ports import Core

REPLY_SECONDS: Final = 30.0  # an answer that takes longer will not come
CORE_AWAY_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True)
class GivenTurn:
    """Given at `at`; the caller's last sound before it was at `spoke_until` (both on the call's clock, seconds)."""

    at: float
    spoke_until: float
    span: Span


class GivenTurns:
    """One call."""

    def __init__(self, core: Core, call_id: str, trace_id: str = "") -> None:
        """`trace_id`: of the call's trace, to which its turns belong."""
        self._core = core
        self._trace = tracing.under_trace(trace_id)
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
        span = tracing.begin("phone turn", self._trace, call_id=self._call_id, kind=kind)
        self._waiting[turn_id] = GivenTurn(now, now if spoke_until is None else spoke_until, span)
        facts, self._facts = self._facts, {}
        header = tracing.header(span)
        self._core.turn(
            self._call_id, turn_id, kind, text, confidence=confidence, unplayed=unplayed, meta={**meta, **facts},
            **({"traceparent": header} if header else {}),
        )  # fmt: skip
        return turn_id

    def answered(self, turn_id: str | None) -> GivenTurn | None:
        """The turn is not awaited any more; None if it was not (a repetition, or given up)."""
        given = self._waiting.pop(turn_id, None) if turn_id is not None else None
        if given is not None:
            given.span.end()
        return given

    def late(self, now: float) -> bool:
        """An answer is so late that it will not come; longer patience while the core is known to be away."""
        limit = REPLY_SECONDS if self._core.connected else CORE_AWAY_SECONDS
        return any(now - given.at > limit for given in self._waiting.values())

    def give_up(self) -> None:
        for given in self._waiting.values():
            given.span.set_status(StatusCode.ERROR, "no answer")
            given.span.end()
        self._waiting.clear()
