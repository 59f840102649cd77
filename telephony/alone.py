"""The phone by itself while the core is away: "once more", "slower", "louder", "one moment" still work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from telephony.line_requests import asked
from telephony.prompts import Prompt
from telephony.silence import Reminders
from telephony.speaking import Speaker

HOLD_SECONDS: Final = 60.0


class AnswersAlone:
    """One call. What it changes lasts until the core says otherwise."""

    def __init__(self, speaker: Speaker, reminders: Reminders) -> None:
        self._speaker = speaker
        self._reminders = reminders
        self._last: tuple[str, ...] = ()

    @property
    def holding(self) -> bool:
        """The caller has asked us to wait: an "嗯" now is meant for somebody else."""
        return self._reminders.hold_seconds > 0

    def remember(self, texts: Sequence[str]) -> None:
        """What was said last; nothing said leaves what was said before."""
        if texts:
            self._last = tuple(texts)

    def take(self, text: str) -> bool:
        """Do what is asked about the talk; False where the turn is about something else."""
        request = asked(text)
        speaker = self._speaker
        match request:
            case "wait":
                speaker.prompt(Prompt.WAITING)
                self._reminders.hold(HOLD_SECONDS)
                return True
            case "slower":
                speaker.manner = speaker.manner.slower()
                speaker.prompt(Prompt.SLOWER)
            case "louder":
                speaker.manner = speaker.manner.louder()
                speaker.prompt(Prompt.LOUDER)
            case "repeat":
                speaker.manner = speaker.manner.slower()
            case None:
                return False
        self._reminders.hold(0.0)
        if not self._last:
            speaker.prompt(Prompt.CORE_AWAY)
        speaker.say(self._last)
        return True
