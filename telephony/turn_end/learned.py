"""Wait as long as it pays: decided from sound, text, and what was asked.

A logistic model turns the evidence into the probability `f` that the caller has finished. If they have not, the pause
is one of those within a turn, whose lengths are known (`pauses`; `S(t)`: the share that lasts longer than `t`). To end
the turn after `t` seconds of silence then costs

    f t + cost (1 - f) S(t)

on average: waiting for somebody who has finished, cutting off somebody who has not. `cost` is what a cut-off is worth,
in seconds of waiting; the strategy takes the `t` that is cheapest. (The idea of weighing the two is that of Raux and
Eskenazi, "A finite-state turn-taking model for spoken dialog systems", NAACL 2009.)

While the text is still being recognised there is no hurry: nothing can be answered before it is there. So silence up to
`text_within_seconds` is waited for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from telephony.turn_end.evidence import Evidence, Patience
from telephony.turn_end.pauses import lasting_longer

_SURE: Final = 0.995  # no model is trusted beyond this
_DEARER: Final[Mapping[Patience, float]] = {"number": 2.0}
"""Cut-offs that cost more than others: a number that was cut must be dictated again."""
_TEXT_WITHIN_SECONDS: Final[Mapping[Patience, float]] = {"number": 2.0}
"""Where the text decides nearly everything it is waited for as long as half a number is, if the recogniser is slow."""
_WORTH_ASKING: Final = 0.2  # weight of the sound's log-odds
_PATIENT: Final[frozenset[Patience]] = frozenset({"number", "story"})
_STATES: Final[tuple[Patience, ...]] = ("yes_no", "normal", "number", "story")
_STEP_SECONDS: Final = 0.02
_TABLE: Final = 400

PerState = Mapping[Patience, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """Logistic weights for one combination of evidence: log-odds of having finished, for each thing that can have been
    asked.

    `bias` is the intercept; `sound` and `text` multiply the log-odds of those opinions; `number_complete` and
    `number_partial` are added while a number is dictated.
    """

    bias: PerState
    sound: PerState = field(default_factory=dict)
    text: PerState = field(default_factory=dict)
    number_complete: float = 0.0
    number_partial: float = 0.0


@dataclass(frozen=True, slots=True)
class LearnedWeights:
    """One set for each combination that can occur."""

    alone: Weights
    with_sound: Weights
    with_text: Weights
    with_both: Weights


@dataclass(frozen=True, slots=True)
class LearnedRules:
    """Seconds, all of them: `cut_off_cost_seconds` is the waiting that one cut-off is worth; nobody is waited for
    longer than `longest_seconds`, or `longest_patient_seconds` where a number is dictated or a story told."""

    cut_off_cost_seconds: float = 8.0
    shortest_seconds: float = 0.3
    longest_seconds: float = 1.4
    longest_patient_seconds: float = 2.0
    text_within_seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.cut_off_cost_seconds <= 0:
            raise ValueError("cut_off_cost_seconds must be positive")
        if not 0 < self.shortest_seconds <= self.longest_seconds <= self.longest_patient_seconds:
            raise ValueError("0 < shortest_seconds <= longest_seconds <= longest_patient_seconds must hold")


def log_odds(probability: float) -> float:
    """Clipped, so that no single opinion outweighs everything else."""
    inside = min(_SURE, max(1 - _SURE, probability))
    return math.log(inside / (1 - inside))


class Learned:
    """Sound only, text only, or both."""

    def __init__(self, weights: LearnedWeights, rules: LearnedRules, *, sound: bool, text: bool) -> None:
        self.name = {(True, True): "combined", (True, False): "sound", (False, True): "text"}.get(
            (sound, text), "state"
        )
        self.wants_text = text
        self._sound = sound
        self._weights = weights
        self._rules = rules
        self._waits = {state: _cheapest_waits(rules, state) for state in _STATES}

    def wants_sound(self, state: Patience) -> bool:
        """Not where its opinion counts for nearly nothing: a question costs some 10 ms of one core."""
        return self._sound and self._weights.with_sound.sound[state] >= _WORTH_ASKING

    def finished(self, evidence: Evidence) -> float:
        """The probability that the caller has finished."""
        sound = evidence.sound if self._sound else None
        text = evidence.text if self.wants_text else None
        if sound is None:
            weights = self._weights.alone if text is None else self._weights.with_text
        else:
            weights = self._weights.with_sound if text is None else self._weights.with_both
        state = evidence.state
        total = weights.bias[state]
        if sound is not None:
            total += weights.sound[state] * log_odds(sound)
        if text is not None:
            total += weights.text[state] * log_odds(text.finished)
            if state == "number" and text.number != "none":
                total += weights.number_complete if text.number == "complete" else weights.number_partial
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def patience_seconds(self, evidence: Evidence) -> float:
        seconds = self._waits[evidence.state][round(self.finished(evidence) * _TABLE)]
        if self.wants_text and evidence.text is None:
            return max(seconds, self._rules.text_within_seconds, _TEXT_WITHIN_SECONDS.get(evidence.state, 0.0))
        return seconds


def _cheapest_waits(rules: LearnedRules, state: Patience) -> list[float]:
    """The cheapest wait for each probability of having finished, in steps of 1 / `_TABLE`."""
    cost = _DEARER.get(state, 1.0) * rules.cut_off_cost_seconds
    longest = rules.longest_patient_seconds if state in _PATIENT else rules.longest_seconds
    steps = int((longest - rules.shortest_seconds) / _STEP_SECONDS) + 1
    waits = [
        (at, lasting_longer(at)) for at in (rules.shortest_seconds + step * _STEP_SECONDS for step in range(steps))
    ]
    return [
        min(waits, key=lambda wait: finished * wait[0] + cost * (1 - finished) * wait[1])[0]
        for finished in (step / _TABLE for step in range(_TABLE + 1))
    ]
