"""When does somebody begin to speak, and when have they finished? Pure: voice probabilities in, events out.

The caller of `feed` gives the probability that a stretch of audio holds a voice and how long that stretch is. There is
no clock, no audio and no model in here, so a test feeds numbers.

* Speech **began** when voiced stretches add up to `minimum_speech_seconds` without a gap of `gap_seconds`.
* A **short pause** is reported once per pause, early, so that recognition may start on a guess; if the speaker goes on,
  **resumed** says that the guess was wrong.
* Speech **ended** when the pause has lasted `patience_seconds` (which whoever feeds it may change at any moment, as
  evidence comes in: see `turn_end`), or when the turn reaches `maximum_turn_seconds`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndpointingRules:
    """Thresholds are probabilities, everything else is seconds."""

    speech_threshold: float = 0.5
    silence_threshold: float = 0.35
    minimum_speech_seconds: float = 0.2
    short_pause_seconds: float = 0.2
    gap_seconds: float = 0.1
    maximum_turn_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not 0 < self.silence_threshold <= self.speech_threshold < 1:
            raise ValueError("0 < silence_threshold <= speech_threshold < 1 must hold")
        if min(self.minimum_speech_seconds, self.short_pause_seconds, self.gap_seconds) <= 0:
            raise ValueError("durations must be positive")


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """`ago_seconds`: how long before now the first voiced stretch began."""

    ago_seconds: float


@dataclass(frozen=True, slots=True)
class ShortPause:
    """The speaker has paused; perhaps that was all."""


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The speaker went on after a short pause."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """`voiced_seconds` of voice within `total_seconds`, whose last `trailing_seconds` are silence.

    `forced`: the turn was cut because it reached the maximum, the speaker may still be speaking.
    """

    voiced_seconds: float
    total_seconds: float
    trailing_seconds: float
    forced: bool = False


EndpointEvent = SpeechBegan | ShortPause | SpeechResumed | SpeechEnded


class Endpointer:
    """One speaker. `patience_seconds` may be changed at any time, also in the middle of a pause."""

    def __init__(self, rules: EndpointingRules, patience_seconds: float) -> None:
        if patience_seconds <= 0:
            raise ValueError("patience_seconds must be positive")
        self.rules = rules
        self.patience_seconds = patience_seconds
        self._begin_again()

    def _begin_again(self) -> None:
        self._speaking = False
        self._voiced = False  # hysteresis: the last decision
        self._voiced_seconds = 0.0
        self._pause_seconds = 0.0
        self._total_seconds = 0.0
        self._pause_reported = False

    @property
    def speaking(self) -> bool:
        """Speech has begun and not ended (a pause within it counts as speaking)."""
        return self._speaking

    @property
    def voiced_seconds(self) -> float:
        """Voice heard in the present speech, without its pauses; 0 when nobody speaks."""
        return self._voiced_seconds if self._speaking else 0.0

    @property
    def pausing(self) -> bool:
        return self._speaking and self._pause_seconds > 0

    @property
    def pause_seconds(self) -> float:
        """How long the present pause within speech has lasted; 0 when there is none."""
        return self._pause_seconds if self._speaking else 0.0

    def reset(self) -> None:
        """Forget the present speech, as if nothing had been said."""
        self._begin_again()

    def feed(self, probability: float, seconds: float) -> list[EndpointEvent]:
        """Take the next stretch of audio.

        Raises:
            ValueError: the probability is not within 0..1 or the stretch has no length.
        """
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"probability must be within 0..1, not {probability}")
        if seconds <= 0:
            raise ValueError(f"seconds must be positive, not {seconds}")
        threshold = self.rules.silence_threshold if self._voiced else self.rules.speech_threshold
        self._voiced = probability >= threshold
        return self._during_speech(seconds) if self._speaking else self._before_speech(seconds)

    def _before_speech(self, seconds: float) -> list[EndpointEvent]:
        if not self._voiced:
            self._pause_seconds += seconds
            self._total_seconds += seconds
            if self._pause_seconds >= self.rules.gap_seconds:
                self._begin_again()
            return []
        self._pause_seconds = 0.0
        self._voiced_seconds += seconds
        self._total_seconds += seconds
        if self._voiced_seconds + 1e-9 < self.rules.minimum_speech_seconds:
            return []
        self._speaking = True
        return [SpeechBegan(self._total_seconds)]

    def _during_speech(self, seconds: float) -> list[EndpointEvent]:
        events: list[EndpointEvent] = []
        self._total_seconds += seconds
        if self._voiced:
            self._voiced_seconds += seconds
            self._pause_seconds = 0.0
            if self._pause_reported:
                self._pause_reported = False
                events.append(SpeechResumed())
        else:
            self._pause_seconds += seconds
            if self._pause_seconds + 1e-9 >= self.patience_seconds:
                return [*events, self._end(forced=False)]
            if not self._pause_reported and self._pause_seconds + 1e-9 >= self.rules.short_pause_seconds:
                self._pause_reported = True
                events.append(ShortPause())
        if self._total_seconds >= self.rules.maximum_turn_seconds:
            events.append(self._end(forced=True))
        return events

    def _end(self, *, forced: bool) -> SpeechEnded:
        ended = SpeechEnded(self._voiced_seconds, self._total_seconds, self._pause_seconds, forced)
        voiced = self._voiced
        self._begin_again()
        self._voiced = voiced
        return ended
