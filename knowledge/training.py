"""Learning the chances in `parameters.yml`: `python -m knowledge.training [KIT]` prints them.

Entries: every other wording is asked as a question while it is taken out of the index (leave one out), its entry being
the right answer; what must not be answered comes from `calibration.yml`. Clauses: from a folder of questions with
gold clauses (and questions without), as `hotline eval retrieval` reads it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression

from base import settings as base_settings
from base.settings import Settings
from knowledge import parameters, samples
from knowledge.answering import features_of
from knowledge.asked_for import AskedFor
from knowledge.embedding import Vectors, VectorStore
from knowledge.entry import Entry, read_folder
from knowledge.errors import KnowledgeError
from knowledge.evaluation import Bench, read_candidates, read_questions
from knowledge.parameters import FEATURES, Parameters
from knowledge.search import Query, Ranked
from knowledge.service import encoder_of
from knowledge.snapshot import entry_book

CALIBRATION: Final = Path(__file__).with_name("calibration.yml")


@dataclass(frozen=True, slots=True)
class Sample:
    """A question with what was found for it; `right` tells whether the first candidate answers it."""

    text: str
    ranked: tuple[Ranked, ...]
    right: bool
    asked_for: bool  # something here does answer it
    feature_values: dict[str, float]


def calibration() -> dict[str, Any]:
    """The project's own questions by kind: `answered`, `unanswered`, `foreign`."""
    loaded: dict[str, Any] = yaml.safe_load(CALIBRATION.read_text(encoding="utf-8"))
    return loaded


class Workshop:
    """Encoder, vectors and data of one training run."""

    def __init__(self, settings: Settings) -> None:
        self.encoder = encoder_of(settings, threads=os.cpu_count() or 1)
        if not self.encoder.available:
            raise KnowledgeError("training needs the embedding model: run `hotline setup`")
        self.store = VectorStore(settings.var / "cache" / "eval" / "vectors.db")
        self.entries = read_folder(samples.FOLDER)
        self.parameters: Parameters = parameters.load()
        self._questions: dict[str, Vectors] = {}
        self._asked_for = AskedFor.load(self.encoder, settings.var / "index")

    def query(self, text: str) -> Query:
        if text not in self._questions:
            everything = list(dict.fromkeys([text, *self._all_questions()]))
            self._questions = dict(zip(everything, self.encoder.queries(everything), strict=True))
        vector = self._questions[text]
        return Query.of(text, vector=vector, lasting=self._asked_for.lasting(vector))

    def _all_questions(self) -> list[str]:
        known = calibration()
        asked = [row["text"] for row in known["answered"]] + known["unanswered"] + known["foreign"]
        return [*asked, *(text for entry in self.entries for text in entry.ask)]

    def entry_samples(self) -> list[Sample]:
        """Each other wording, left out and asked; then the calibration questions against the whole book."""
        found: list[Sample] = []
        weights = self.parameters.of("entries", spoken=False)
        deepest = max(len(entry.ask) for entry in self.entries)
        for place in range(deepest):
            left = [
                replace_ask(entry, tuple(ask for number, ask in enumerate(entry.ask) if number != place))
                for entry in self.entries
            ]
            book = entry_book(left, self.encoder, self.store)
            for entry in self.entries:
                if place < len(entry.ask):
                    query = self.query(entry.ask[place])
                    ranked = book.index.rank(query, weights, 5)
                    right = book.entries[ranked[0].item].id == entry.id
                    found.append(_sample(query, ranked, right, asked_for=True))
        book = entry_book(self.entries, self.encoder, self.store)
        known = calibration()
        for text, wanted in [
            *((row["text"], row["entry"]) for row in known["answered"]),
            *((text, "") for text in (*known["unanswered"], *known["foreign"])),
        ]:
            query = self.query(text)
            ranked = book.index.rank(query, weights, 5)
            found.append(_sample(query, ranked, book.entries[ranked[0].item].id == wanted, asked_for=bool(wanted)))
        return found


def replace_ask(entry: Entry, ask: tuple[str, ...]) -> Entry:
    return entry.model_copy(update={"ask": ask})


def _sample(query: Query, ranked: Sequence[Ranked], right: bool, *, asked_for: bool) -> Sample:
    return Sample(query.text, tuple(ranked), right, asked_for, features_of(ranked, query)(0))


def fit(found: Sequence[Sample]) -> dict[str, float]:
    """A calibrated chance that the first candidate is right; right and wrong weigh alike.

    No sign of nearness may speak against an answer: a feature that would get a negative weight is left out, else the
    entry's own wording, which no sample here asks, would look doubtful.
    """
    right = np.array([sample.right for sample in found])
    names = list(FEATURES)
    while True:
        values = np.array([[sample.feature_values[name] for name in names] for sample in found])
        scale = values.std(axis=0) + 1e-9
        model = LogisticRegression(C=1.0, max_iter=5000, class_weight="balanced")
        model.fit(values / scale, right)
        weights = model.coef_[0] / scale
        worst = int(np.argmin(model.coef_[0]))
        if model.coef_[0][worst] >= 0 or len(names) == 1:
            return {"bias": float(model.intercept_[0]), **dict(zip(names, map(float, weights), strict=True))}
        del names[worst]


def report(name: str, found: Sequence[Sample], learned: dict[str, float]) -> None:
    """How the learned chance behaves on the samples at several thresholds."""
    values = np.array([[sample.feature_values[key] for key in learned if key != "bias"] for sample in found])
    coefficients = np.array([value for key, value in learned.items() if key != "bias"])
    chances = 1 / (1 + np.exp(-(learned["bias"] + values @ coefficients)))
    right = np.array([sample.right for sample in found])
    asked = np.array([sample.asked_for for sample in found])
    print(f"{name}: {len(found)} samples; the first candidate is right for {right[asked].mean():.1%} of the answerable")
    for threshold in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        over = chances >= threshold
        print(
            f"  at {threshold:.1f}: answerable above {over[asked].mean():.1%}, of these right "
            f"{right[asked & over].mean():.1%}; unanswerable above {over[~asked].mean():.1%}"
        )


def clause_samples(folder: Path, settings: Settings) -> list[Sample]:
    """The questions of a kit of clauses, with what the product finds for them."""
    bench = Bench(read_candidates(folder), settings)
    questions = read_questions(folder)
    queries = bench.queries([question.text for question in questions], spoken=False)
    bench.prepare(queries)
    return [
        _sample(query, ranked, bench.corpus.ids[ranked[0].item] in question.gold, asked_for=bool(question.gold))
        for question, query, ranked in zip(questions, queries, bench.rank(queries), strict=True)
    ]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kit", type=Path, nargs="?", help="a folder of questions on clauses")
    options = parser.parse_args(argv)
    settings = base_settings.load()
    sets = {"entry": Workshop(settings).entry_samples()}
    if options.kit is not None:
        sets["clause"] = clause_samples(options.kit, settings)
    for name, found in sets.items():
        learned = fit(found)
        report(name, found, learned)
        print(yaml.safe_dump({name: {key: round(value, 3) for key, value in learned.items()}}, sort_keys=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
