"""What a citizen answers when the order is read back: that it is right, that it is not, or what is to be changed.

People agree in hundreds of ways ("啊？哎，对", "妥了报吧", "这回对了"), and whoever is not understood here has answered
all questions in vain. A reader of words and sounds, learnt from `read_back.yml`; trained when first used, in less than
a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, get_args

import yaml

from base.errors import ConfigurationError
from base.text_model import TextFeatures, TextModel
from bot import reading
from bot.entities import yes_no

PATH: Final = Path(__file__).with_name("read_back.yml")
Meaning = Literal["agree", "change", "other"]  # `other`: a bare no, a question, "once more", no order after all
_LIKELY: Final = 0.7
_CHANGES: Final = 0.55
_SURE: Final = 0.85
_PENALTY: Final = 0.3
_SOUND_WEIGHT: Final = 0.7
_LONGEST: Final = 120  # characters that are read: an old caller may agree at the end of a story


@dataclass(frozen=True, slots=True)
class Answer:
    """`agrees`: the order is right as it was read. `surely`: no words of it need to be looked at as a correction.
    `changes`: something is told that is to be otherwise, maybe after a yes."""

    agrees: bool
    surely: bool
    changes: bool


def load(path: Path = PATH) -> dict[Meaning, list[str]]:
    """What is meant -> answers.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {meaning: [str(text) for text in data[meaning]] for meaning in get_args(Meaning)}
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=1)
def default() -> TextModel:
    rows = [(text, meaning) for meaning, texts in load().items() for text in texts]
    model = TextModel(TextFeatures(sound_weight=_SOUND_WEIGHT), alpha=_PENALTY)
    return model.fit([_plainly(text) for text, _ in rows], [meaning for _, meaning in rows])


def read(text: str) -> Answer:
    """By rule where a bare yes or no is said, else as the reader of such answers understands it."""
    said = yes_no.answer(text)
    if said is not None and len(reading.bare(text)) <= 3:
        return Answer(said == "yes", said == "yes", False)
    model = default()
    (row,) = model.probabilities([_plainly(text)])
    chances = {meaning: float(share) for meaning, share in zip(model.classes, row, strict=True)}
    agrees = chances["agree"] >= _LIKELY or (said == "yes" and chances["change"] < _CHANGES)
    return Answer(agrees, chances["agree"] >= _SURE, chances["change"] >= _CHANGES)


def _plainly(text: str) -> str:
    return reading.normalise(text)[-_LONGEST:]
