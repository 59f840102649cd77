"""Weights of the learned strategies, fitted by `python -m benchmarks.endpointing --fit` on its choosing part.

By hand: the text's weight where a number was asked is that of an ordinary answer, for the choosing part holds numbers
alone ("我不记得了" is an answer too; of digits their count tells, see `opinions.text_evidence`).
And half a number: a full stop in the text must not make it a whole one, so it is waited for 1.7 s and more.
"""

from __future__ import annotations

from typing import Final

from telephony.turn_end.learned import LearnedWeights, Weights

WEIGHTS: Final = LearnedWeights(
    alone=Weights(bias={"yes_no": 1.91, "normal": 0.54, "number": 0.14, "story": -0.53}),
    with_sound=Weights(
        bias={"yes_no": 1.91, "normal": -1.05, "number": -0.02, "story": -1.14},
        sound={"yes_no": 0.0, "normal": 0.58, "number": 0.15, "story": 0.27},
    ),
    with_text=Weights(
        bias={"yes_no": 1.91, "normal": 1.11, "number": -1.4, "story": -0.74},
        text={"yes_no": 0.0, "normal": 0.65, "number": 0.65, "story": 0.58},
        number_complete=4.31,
        number_partial=-1.0,
    ),
    with_both=Weights(
        bias={"yes_no": 1.91, "normal": -0.45, "number": -1.39, "story": -1.28},
        sound={"yes_no": 0.0, "normal": 0.52, "number": 0.0, "story": 0.24},
        text={"yes_no": 0.0, "normal": 0.49, "number": 0.65, "story": 0.54},
        number_complete=4.43,
        number_partial=-1.0,
    ),
)
