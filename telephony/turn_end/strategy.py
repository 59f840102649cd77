"""A way of deciding that the caller's turn is over: evidence in, seconds of silence out. Pure."""

from __future__ import annotations

from typing import Protocol

from telephony.turn_end.evidence import Evidence, Patience


class TurnEnd(Protocol):
    """One strategy a file; `wants_text`: the text is worth waiting for."""

    name: str
    wants_text: bool

    def wants_sound(self, state: Patience) -> bool:
        """Is the sound model worth its cost after this kind of question?"""
        ...

    def patience_seconds(self, evidence: Evidence) -> float:
        """How long the silence must last, counted from its beginning, before the turn is over.

        Asked anew whenever evidence arrives; a value that has passed already ends the turn at once.
        """
        ...
