"""Does somebody interrupt the bot? Pure: voice probabilities in, verdicts out.

Silence first, judgement later: after `pause_after_seconds` of sure voice the playback *pauses*, so that the bot falls
silent at once. If the voice goes on for `stop_after_seconds` it is an interruption and the playback *stops*. If it ends
before ("嗯", a cough), the playback *resumes* from the same place.

A line on which such pauses keep coming to nothing is a noisy one: each doubles the voice that the next pause needs, up
to `stop_after_seconds`; a real interruption, or `forget_after_seconds` without any, restores the quickness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Verdict = Literal["pause", "resume", "stop"]

_TOLERATED: Final = 2  # pauses in vain before the line counts as noisy
_MOST_IN_VAIN: Final = 6


@dataclass(frozen=True, slots=True)
class BargeInRules:
    """Thresholds are probabilities of voice, everything else is seconds.

    `gap_seconds`: so much silence ends a sound; shorter gaps are within it: who interrupts pauses for breath like
    anybody ("等一下，我想问…"), and the bot must not speak into it (their median is 0.45 s, see `turn_end.pauses`).
    """

    pause_threshold: float = 0.5
    voice_threshold: float = 0.5
    pause_after_seconds: float = 0.03
    stop_after_seconds: float = 0.9
    gap_seconds: float = 0.4
    forget_after_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.voice_threshold <= self.pause_threshold < 1:
            raise ValueError("0 < voice_threshold <= pause_threshold < 1 must hold")
        if not 0 < self.pause_after_seconds <= self.stop_after_seconds:
            raise ValueError("0 < pause_after_seconds <= stop_after_seconds must hold")
        if self.gap_seconds <= 0 or self.forget_after_seconds <= 0:
            raise ValueError("durations must be positive")


class BargeIn:
    """One playback after the other. Feed it only while the bot may be interrupted; `reset` when a playback begins."""

    def __init__(self, rules: BargeInRules) -> None:
        self._rules = rules
        self._in_vain = 0
        self._quiet_seconds = 0.0
        self._paused = False
        self._sure_seconds = 0.0
        self._voice_seconds = 0.0
        self._gap_seconds = 0.0
        self._sound_seconds = 0.0

    def reset(self) -> None:
        self._paused = False
        self._sure_seconds = 0.0
        self._voice_seconds = 0.0
        self._gap_seconds = 0.0
        self._sound_seconds = 0.0

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def sound_seconds(self) -> float:
        """How long ago the present sound began; with the verdict `resume`, the one that has just ended."""
        return self._sound_seconds

    @property
    def gap_seconds(self) -> float:
        """How long ago the last voice was."""
        return self._gap_seconds

    def feed(self, probability: float, seconds: float, *, speaking: bool) -> Verdict | None:
        """Take the next stretch of audio; `speaking`: the endpointer also takes it for speech, not for a click."""
        rules = self._rules
        self._quiet_seconds += seconds
        if self._quiet_seconds >= rules.forget_after_seconds:
            self._in_vain = 0
        self._sound_seconds += seconds
        if probability >= rules.voice_threshold:
            if self._voice_seconds == 0.0:
                self._sound_seconds = seconds
            self._voice_seconds += seconds
            self._gap_seconds = 0.0
        else:
            self._gap_seconds += seconds
        self._sure_seconds = self._sure_seconds + seconds if probability >= rules.pause_threshold else 0.0
        if self._gap_seconds + 1e-9 >= rules.gap_seconds:
            self._voice_seconds = 0.0
            return self._resume()
        if speaking and self._voice_seconds + 1e-9 >= rules.stop_after_seconds:
            self.reset()
            self._in_vain = 0
            return "stop"
        if self._paused and self._sound_seconds >= 2 * rules.stop_after_seconds:
            return self._resume()  # neither speech nor silence: no reason to stay silent
        if not self._paused and self._sure_seconds + 1e-9 >= self._needed_seconds:
            self._paused = True
            self._quiet_seconds = 0.0
            return "pause"
        return None

    def _resume(self) -> Verdict | None:
        if not self._paused:
            return None
        self._paused = False
        self._in_vain = min(_MOST_IN_VAIN, self._in_vain + 1)
        return "resume"

    @property
    def _needed_seconds(self) -> float:
        doublings = max(0, self._in_vain - _TOLERATED)
        return min(self._rules.stop_after_seconds, self._rules.pause_after_seconds * float(1 << doublings))
