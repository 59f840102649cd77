"""Fitting the weights of the learned strategies to the pauses of the choosing part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.endpointing_replay import Pause, Replay
from telephony.turn_end.evidence import Patience
from telephony.turn_end.learned import LearnedWeights, Weights, log_odds
from telephony.turn_end.opinions import text_evidence
from telephony.turn_end.sentence_model import SentenceModel

STATES: Final[tuple[Patience, ...]] = ("yes_no", "normal", "number", "story")
_STRENGTH: Final = 1.0


def fit(replays: Sequence[Replay], sentences: SentenceModel) -> LearnedWeights:
    """A small logistic regression for each thing that can have been asked and each combination of evidence."""
    heard: dict[Patience, list[Pause]] = {state: [] for state in STATES}
    for replay in replays:
        heard[replay.turn.state] += [pause for pause in replay.pauses if pause.opinion is not None]

    def weights(*, sound: bool, text: bool) -> Weights:
        fitted = {state: _fit(heard[state], state, sentences, sound=sound, text=text) for state in STATES}
        number = fitted["number"]
        return Weights(
            bias={state: each["bias"] for state, each in fitted.items()},
            sound={state: each.get("sound", 0.0) for state, each in fitted.items()} if sound else {},
            text={state: each["text"] for state, each in fitted.items()} if text else {},
            number_complete=number.get("complete", 0.0),
            number_partial=number.get("partial", 0.0),
        )

    return LearnedWeights(
        alone=weights(sound=False, text=False),
        with_sound=weights(sound=True, text=False),
        with_text=weights(sound=False, text=True),
        with_both=weights(sound=True, text=True),
    )


def _fit(
    pauses: Sequence[Pause], state: Patience, sentences: SentenceModel, *, sound: bool, text: bool
) -> dict[str, float]:
    """The sound of short answers is not used: they are our own voice here, which the sound model has never heard."""
    names = (
        ["bias"]
        + ["sound"] * (sound and state != "yes_no")
        + ["text"] * text
        + ["complete", "partial"] * (text and state == "number")
    )
    rows = []
    for pause in pauses:
        assert pause.opinion is not None
        text_says = text_evidence(pause.opinion.text, sentences)
        values = {
            "bias": 1.0,
            "sound": log_odds(pause.opinion.sound),
            "text": log_odds(text_says.finished),
            "complete": float(text_says.number == "complete"),
            "partial": float(text_says.number == "partial"),
        }
        rows.append([values[name] for name in names])
    ends = [math.isinf(pause.seconds) for pause in pauses]
    model = LogisticRegression(C=_STRENGTH, fit_intercept=False, max_iter=1000).fit(np.array(rows), ends)
    return {name: round(float(value), 2) for name, value in zip(names, model.coef_[0], strict=True)}


def as_code(weights: LearnedWeights) -> str:
    """For `telephony/turn_end/weights.py`."""
    lines = ["WEIGHTS: Final = LearnedWeights("]
    for name in ("alone", "with_sound", "with_text", "with_both"):
        each: Weights = getattr(weights, name)
        lines.append(f"    {name}=Weights(")
        lines.append(f"        bias={dict(each.bias)},")
        if each.sound:
            lines.append(f"        sound={dict(each.sound)},")
        if each.text:
            lines.append(f"        text={dict(each.text)},")
            lines.append(f"        number_complete={each.number_complete},")
            lines.append(f"        number_partial={each.number_partial},")
        lines.append("    ),")
    return "\n".join([*lines, ")"])
