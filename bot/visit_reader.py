"""Yes or no to a question of a return visit, in words that no rule foresees: a small classifier a question.

It learns from `visit_wordings.yml` and, as examples of what is no answer, from the sentences of the language
understanding; trained when first used (a tenth of a second), so no model file can be out of step with the data.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml

from base.errors import ConfigurationError
from base.text_model import TextModel
from bot import training_data

PATH: Final = Path(__file__).with_name("visit_wordings.yml")
_OTHER: Final = "other"
_OTHERS: Final = 150  # sentences, so that no class outweighs the others by far
_SHORT: Final = 20  # characters: a longer text is told from an answer without having been learnt
_MATTERS: Final = ("complain", "help", "consult", "report")
_LEAST: Final = 0.8  # less likely than this is not read: the question is asked once more with its choices


def load(path: Path = PATH) -> dict[str, dict[str, list[str]]]:
    """Question -> answer (yes, no) -> wordings.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {
            str(question): {answer: [str(text) for text in answers[answer]] for answer in ("yes", "no")}
            for question, answers in data.items()
        }
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=1)
def default() -> dict[str, TextModel]:
    """Question -> its trained model."""
    told = [text for text, intent in training_data.load() if intent in _MATTERS and len(text) <= _SHORT]
    others = told[:: max(1, len(told) // _OTHERS)]
    models = {}
    for question, answers in load().items():
        rows = [(text, answer) for answer, texts in answers.items() for text in texts]
        rows += [(text, _OTHER) for text in others]
        models[question] = TextModel(alpha=0.3).fit([text for text, _ in rows], [label for _, label in rows])
    return models


def read(question: str, text: str) -> bool | None:
    """The answer to `responded`, `solved` or `satisfied`; None where it is none, or not sure."""
    model = default()[question]
    (row,) = model.probabilities([text])
    best = int(row.argmax())
    if row[best] < _LEAST or model.classes[best] == _OTHER:
        return None
    return model.classes[best] == "yes"
