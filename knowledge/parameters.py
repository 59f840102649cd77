"""The learned numbers of retrieval as one value, read from `parameters.yml` beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import exp
from pathlib import Path
from typing import Any, Final

import yaml

from knowledge.corpus import IndexKind
from knowledge.errors import KnowledgeError
from knowledge.search import Weights

PATH: Final = Path(__file__).with_name("parameters.yml")
FEATURES: Final = ("cosine", "central", "coverage", "whole_cosine", "whole_coverage", "margin", "lasting")


@dataclass(frozen=True, slots=True)
class Logistic:
    """A calibrated chance: the logistic function of weighted features. Features it has no weight for count nothing."""

    bias: float
    coefficients: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        total = self.bias + sum(weight * features[name] for name, weight in self.coefficients.items())
        return 1.0 / (1.0 + exp(-max(min(total, 60.0), -60.0)))


@dataclass(frozen=True, slots=True)
class Parameters:
    """`entry` and `clause` are the chance that a candidate answers, `entries` that any entry does.

    The thresholds are probabilities. An entry: below `choose_entry_at` of `entries` the bot says that it does not know,
    from `answer_entry_at` of `entry` on it answers, between them the citizen chooses. A clause: `choose_at` and
    `answer_at`, both of `clause`.
    """

    weights: Mapping[tuple[IndexKind, bool], Weights]
    entry: Logistic
    entries: Logistic
    clause: Logistic
    answer_entry_at: float
    choose_entry_at: float
    answer_at: float
    choose_at: float
    follow_up: Logistic  # that a question goes on from the last answer
    completed_from: float  # log-odds that it leaves something out, below which it counts as whole
    beside_from: float  # chance from which on the completed question is offered beside the question as it stands
    joined_from: float  # chance from which on it is taken as completed

    def of(self, kind: IndexKind, *, spoken: bool) -> Weights:
        return self.weights[(kind, spoken)]


def parse(data: Mapping[str, Any]) -> Parameters:
    """Raises KnowledgeError: a number is missing or unknown."""
    try:
        weights = {
            (kind, mode == "spoken"): Weights(
                shortlist=int(values.get("shortlist", 0)),
                **{name: float(value) for name, value in values.items() if name != "shortlist"},
            )
            for kind, modes in data["weights"].items()
            for mode, values in modes.items()
        }
        verdict, after = data["verdict"], data["follow_up"]
        return Parameters(
            weights,
            _logistic(verdict["entry"]),
            _logistic(verdict["entries"]),
            _logistic(verdict["clause"]),
            float(verdict["answer_entry_at"]),
            float(verdict["choose_entry_at"]),
            float(verdict["answer_at"]),
            float(verdict["choose_at"]),
            _logistic(after["joined"]),
            float(after["completed_from"]),
            float(after["beside_from"]),
            float(after["joined_from"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KnowledgeError(f"parameters.yml: {error!r}") from error


def _logistic(values: Mapping[str, Any]) -> Logistic:
    weights = {feature: float(value) for feature, value in values.items() if feature != "bias"}
    return Logistic(float(values["bias"]), weights)


@lru_cache(maxsize=1)
def load() -> Parameters:
    return parse(yaml.safe_load(PATH.read_text(encoding="utf-8")))
