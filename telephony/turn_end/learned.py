"""Wait as long as the risk of cutting the caller off demands: decided from sound, text, and what was asked.

A logistic model turns the evidence into the probability `f` that the caller has finished. If they have not, the pause
is one of those within a turn, whose lengths are known (`pauses`). After `t` seconds of silence the probability that the
caller is only pausing has fallen to

    (1 - f) S(t) / ((1 - f) S(t) + f)        S(t): share of pauses longer than t

and the turn is over as soon as that is no more than `risk`. (The decision rule is that of Raux and Eskenazi, "A
finite-state turn-taking model for spoken dialog systems", NAACL 2009, with a constant cost of waiting.)

While the text is still being recognised there is no hurry: nothing can be answered before it is there. So silence up to
`text_within_seconds` is waited for it, unless the sound alone is sure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from telephony.turn_end.evidence import Evidence, Patience
from telephony.turn_end.pauses import until_share

_SURE: Final = 0.995  # no model is trusted beyond this


@dataclass(frozen=True, slots=True)
class Weights:
    """Logistic weights for one combination of evidence: log-odds of having finished.

    `states` are intercepts, `sound` and `text` multiply the log-odds of those opinions, `number_complete` and
    `number_partial` are added while a number is dictated.
    """

    states: Mapping[Patience, float]
    sound: float = 0.0
    text: float = 0.0
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
    """`risk`: accepted probability that the caller was only pausing when the turn is ended. The rest: seconds."""

    risk: float = 0.05
    shortest_seconds: float = 0.35
    longest_seconds: float = 1.8
    text_within_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.risk < 1:
            raise ValueError("risk must lie between 0 and 1")
        if not 0 < self.shortest_seconds <= self.longest_seconds:
            raise ValueError("0 < shortest_seconds <= longest_seconds must hold")


def log_odds(probability: float) -> float:
    """Clipped, so that no single opinion outweighs everything else."""
    inside = min(_SURE, max(1 - _SURE, probability))
    return math.log(inside / (1 - inside))


class Learned:
    """Sound only, text only, or both."""

    def __init__(self, weights: LearnedWeights, rules: LearnedRules, *, sound: bool, text: bool) -> None:
        """
        Raises:
            ValueError: neither sound nor text is to be used.
        """
        if not (sound or text):
            raise ValueError("a learned strategy needs sound, text or both")
        self.name = "combined" if sound and text else "sound" if sound else "text"
        self.wants_sound = sound
        self.wants_text = text
        self._weights = weights
        self._rules = rules

    def finished(self, evidence: Evidence) -> float:
        """The probability that the caller has finished."""
        sound = evidence.sound if self.wants_sound else None
        text = evidence.text if self.wants_text else None
        weights = (
            (self._weights.alone if text is None else self._weights.with_text)
            if sound is None
            else (self._weights.with_sound if text is None else self._weights.with_both)
        )
        total = weights.states[evidence.state]
        if sound is not None:
            total += weights.sound * log_odds(sound)
        if text is not None:
            total += weights.text * log_odds(text.finished)
            if evidence.state == "number":
                total += {
                    "none": 0.0, "partial": weights.number_partial, "complete": weights.number_complete
                }[text.number]  # fmt: skip
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def patience_seconds(self, evidence: Evidence) -> float:
        rules = self._rules
        finished = min(_SURE, max(1 - _SURE, self.finished(evidence)))
        share = rules.risk * finished / ((1 - rules.risk) * (1 - finished))
        seconds = min(rules.longest_seconds, max(rules.shortest_seconds, until_share(share)))
        if self.wants_text and evidence.text is None:
            seconds = max(seconds, rules.text_within_seconds)
        return seconds
