"""How well, and how steadily, danger is told from what is mistaken for it: `python -m benchmarks.danger [--repeats 3]`.

Cross-validation over the sentences of `bot/guards.yml`: neighbours in the file, often wordings of one case, fall into
one fold, and stories are drawn from the sentences of the other folds alone. Printed are recall at given shares of false
alarms and both at the limit in use (mean and spread over the repeats), and the weights that a logistic regression over
all held-out sentences gives to `bot.danger.joined` where all of them are free.
The harmless sentences of the file are chosen to be hard: in citizens' messages false alarms are rarer.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from base import settings as base_settings
from bot import fallback, guard_classifier, guards, training_data
from bot.danger import MeaningReader, SentenceEncoder, joined, log_odds
from bot.guard_classifier import Classifier, Data, Sentences
from bot.policy import alarm
from knowledge.embedding import Encoder
from knowledge.service import readers_encoder_of

_FOLDS: Final = 5
_NEIGHBOURS: Final = 4  # sentences of the file that stay together
_EVIDENCE: Final = ("whole", "part", "meaning", "understood", "rule")
_FALSE_ALARMS: Final = (0.025, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class Read:
    """What the readers said of a sentence that they had not learnt."""

    danger: bool
    whole: float
    part: float
    meaning: float
    understood: float
    by_rule: bool

    @property
    def probability(self) -> float:
        return joined(
            whole=self.whole,
            part=self.part,
            meaning=self.meaning,
            understood=self.understood,
            by_rule=self.by_rule,
        )

    @property
    def evidence(self) -> tuple[float, float, float, float, float]:
        return log_odds(self.whole), log_odds(self.part), self.meaning, log_odds(self.understood), float(self.by_rule)


class RememberingEncoder:
    """Most sentences are learnt in four of five folds: each is encoded once."""

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self.available = encoder.available
        self._encoder = encoder
        self._known: dict[str, Any] = {}

    def layers(self, texts: Sequence[str]) -> Any:
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, self._encoder.layers(new), strict=True))
        return np.asarray([self._known[text] for text in texts])


def without(sentences: Sentences, held_out: frozenset[str]) -> Sentences:
    return replace(
        sentences,
        dangers=tuple(pair for pair in sentences.dangers if pair[0] not in held_out),
        harmless=tuple(text for text in sentences.harmless if text not in held_out),
        other=tuple(text for text in sentences.other if text not in held_out),
    )


def held_out_once(sentences: Sentences, encoder: SentenceEncoder, seed: int) -> list[Read]:
    """Every sentence of the file, read by readers that learnt from the other folds."""
    rows = [(text, True) for text, _ in sentences.dangers] + [(text, False) for text in sentences.harmless]
    blocks = -(-len(rows) // _NEIGHBOURS)
    fold_of_block = np.random.default_rng(seed).permutation(np.arange(blocks) % _FOLDS)
    result = []
    for fold in range(_FOLDS):
        tested = [row for place, row in enumerate(rows) if fold_of_block[place // _NEIGHBOURS] == fold]
        held_out = frozenset(text for text, _ in tested)
        data = Data.drawn(without(sentences, held_out))
        words = Classifier(data.emergency)
        meaning = MeaningReader.learn(encoder, words, data.emergency)
        intents = fallback.fit([pair for pair in training_data.load() if pair[0] not in held_out], encoder=encoder)
        for text, danger in tested:
            result.append(read(text, danger, words=words, meaning=meaning, intents=intents, encoder=encoder))
    return result


def read(
    text: str,
    danger: bool,
    *,
    words: Classifier,
    meaning: MeaningReader,
    intents: fallback.Classifier,
    encoder: SentenceEncoder,
) -> Read:
    """
    Raises:
        ValueError: there are no sentence vectors.
    """
    found = guards.check(text, reader=words)
    score = meaning.read(text).score
    if score is None:
        raise ValueError("no sentence vectors: set up the embedding model first")
    understood = dict(intents.classify(text, encoder.layers([text])[0]))["emergency"]
    return Read(danger, found.whole, found.probability, score, understood, found.by_rule)


def weights(fitted: LogisticRegression) -> dict[str, float]:
    """Of a model of `Read.evidence`, by name."""
    named = dict(zip(_EVIDENCE, fitted.coef_[0], strict=True)) | {"before": fitted.intercept_[0]}
    return {name: round(float(value), 2) for name, value in named.items()}


def summary(repeats: list[list[Read]]) -> dict[str, Any]:
    """Shares of 0..1, as (mean, spread) over the repeats."""
    figures: dict[str, list[float]] = {}
    for reads in repeats:
        truth = np.array([read.danger for read in reads])
        probability = np.array([read.probability for read in reads])
        calm = np.sort(probability[~truth])[::-1]
        for share in _FALSE_ALARMS:
            recall = (probability[truth] > calm[int(share * len(calm))]).mean()
            figures.setdefault(f"recall at {share:.1%} false alarms", []).append(float(recall))
        for name, rows in (("recall", truth), ("false alarms", ~truth)):
            found = (probability[rows] >= alarm.DANGER).mean()
            figures.setdefault(f"{name} at the limit {alarm.DANGER}", []).append(float(found))
    every = [read for reads in repeats for read in reads]
    fitted = LogisticRegression(max_iter=1000).fit([read.evidence for read in every], [read.danger for read in every])
    return {
        **{name: (round(np.mean(values), 4), round(np.std(values), 4)) for name, values in figures.items()},
        "weights": weights(fitted),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    encoder = RememberingEncoder(readers_encoder_of(base_settings.load()))
    sentences = guard_classifier.Sentences.load()
    print(json.dumps(summary([held_out_once(sentences, encoder, seed) for seed in range(repeats)]), indent=1))


if __name__ == "__main__":
    main()
