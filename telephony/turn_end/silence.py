"""Silence alone: so many seconds for each thing that can have been asked. Needs no model; what is left without one."""

from __future__ import annotations

from collections.abc import Mapping

from telephony.turn_end.evidence import Evidence, Patience


class FixedSilence:
    name = "silence"
    wants_text = False

    def __init__(self, seconds: Mapping[Patience, float]) -> None:
        """
        Raises:
            ValueError: a state is missing or not positive.
        """
        for state in ("yes_no", "normal", "number", "story"):
            if seconds.get(state, 0.0) <= 0:
                raise ValueError(f"the patience for {state} must be positive")
        self._seconds = dict(seconds)

    def wants_sound(self, state: Patience) -> bool:
        return False

    def patience_seconds(self, evidence: Evidence) -> float:
        return self._seconds[evidence.state]
