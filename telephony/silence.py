"""What a silent caller hears: the core's reminders for what it has just asked, else the phone's own words for it.

The core sends the reminders with the question, so that they are there when it is away at the moment they are needed.
"""

from __future__ import annotations

from typing import Final

from telephony.core_messages import SilenceOrder
from telephony.prompts import Prompt
from telephony.speaking import Speaker
from telephony.turn_taking import Patience

PROMPTS: Final = 2  # of our own, where the core has said nothing about silence
FIRST_OF_OURS: Final[dict[Patience, Prompt]] = {
    "normal": Prompt.SILENCE_FIRST,
    "story": Prompt.SILENCE_FIRST,
    "yes_no": Prompt.SILENCE_YES_NO,
    "number": Prompt.SILENCE_NUMBER,
}


class Reminders:
    """One call."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._texts: tuple[str, ...] | None = None
        self._patience: Patience = "normal"
        self.hold_seconds = 0.0

    @property
    def count(self) -> int:
        """So many reminders before the core is told."""
        return PROMPTS if self._texts is None else len(self._texts)

    def expect(self, order: SilenceOrder | None, patience: Patience) -> None:
        """An answer has come; what it says about a silence after it."""
        self._texts = None if order is None else tuple(order.reminders)
        self.hold_seconds = 0.0 if order is None else order.hold_seconds
        self._patience = patience

    def hold(self, seconds: float) -> None:
        """The caller asked us to wait, and the core is away."""
        self.hold_seconds = seconds

    def say(self, number: int, *, held: bool) -> None:
        """The reminder of this number, from 1. `held`: the caller asked us to wait: are they back?"""
        if held:
            self.hold_seconds = 0.0  # whatever is said now is an answer
            self._speaker.prompt(Prompt.ARE_YOU_BACK)
            return
        own = FIRST_OF_OURS[self._patience] if number == 1 else Prompt.SILENCE_SECOND
        if self._texts is not None and number <= len(self._texts):
            self._speaker.remind(self._texts[number - 1], otherwise=own)
        else:
            self._speaker.prompt(own)
