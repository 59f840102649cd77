"""Weights of the learned strategies, fitted by `python -m benchmarks.endpointing --fit` on its choosing part."""

from __future__ import annotations

from typing import Final

from telephony.turn_end.learned import LearnedWeights, Weights

WEIGHTS: Final = LearnedWeights(
    alone=Weights(bias={"yes_no": 1.69, "normal": 0.82, "number": 0.08, "story": -0.86}),
    with_sound=Weights(
        bias={"yes_no": 1.65, "normal": -0.7, "number": -0.23, "story": -1.0},
        sound={"yes_no": 0.06, "normal": 0.52, "number": 0.24, "story": 0.06},
    ),
    with_text=Weights(
        bias={"yes_no": 1.92, "normal": 1.06, "number": -0.8, "story": -1.95},
        text={"yes_no": 0.3, "normal": 0.41, "number": 2.02, "story": 0.97},
        number_complete=1.82,
        number_partial=-1.14,
    ),
    with_both=Weights(
        bias={"yes_no": 1.89, "normal": -0.55, "number": -0.98, "story": -2.04},
        sound={"yes_no": 0.03, "normal": 0.58, "number": 0.15, "story": 0.04},
        text={"yes_no": 0.29, "normal": 0.51, "number": 1.95, "story": 0.96},
        number_complete=1.85,
        number_partial=-1.2,
    ),
)
