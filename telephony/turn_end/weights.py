"""Weights of the learned strategies, fitted by `python -m benchmarks.endpointing --fit` on its choosing part."""

from __future__ import annotations

from typing import Final

from telephony.turn_end.learned import LearnedWeights, Weights

WEIGHTS: Final = LearnedWeights(
    alone=Weights({"yes_no": 1.5, "normal": 0.6, "number": 0.0, "story": -0.9}),
    with_sound=Weights({"yes_no": 1.5, "normal": 0.0, "number": 0.0, "story": -0.9}, sound=0.6),
    with_text=Weights({"yes_no": 1.5, "normal": 0.6, "number": 0.0, "story": -0.9}, text=0.5),
    with_both=Weights({"yes_no": 1.5, "normal": 0.0, "number": 0.0, "story": -0.9}, sound=0.6, text=0.4),
)
