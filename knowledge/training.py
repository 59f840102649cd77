"""Learning the chances in `parameters.yml`: `python -m knowledge.training [KIT]` prints them.

Entries: every other wording is asked as a question while it is taken out of the index (leave one out), its entry being
the right answer; what must not be answered comes from `calibration.yml`. Two chances are learned of them: that the
first candidate is right, and that anything here answers. How they do is told of questions whose entry, with all its
wordings, was not learned from. Clauses: from a folder of questions with gold clauses (and questions without), as
`hotline eval retrieval` reads it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
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
from knowledge.parameters import FEATURES, Logistic, Parameters
from knowledge.search import Query, Ranked
from knowledge.service import encoder_of
from knowledge.snapshot import entry_book

CALIBRATION: Final = Path(__file__).with_name("calibration.yml")
FIRST_BY: Final = ("central", "whole_cosine", "whole_coverage", "margin", "lasting")
KNOWN_BY: Final = ("cosine", "central", "whole_cosine", "whole_coverage", "lasting")
"""The margin before the next candidate tells whether the first one is right; whether any is, it does not tell."""
_FOLDS: Final = 5
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A question with what was found for it.

    `place` of the first right candidate from 1, 0: none. `kind`: `answered`, `unanswered` or `foreign`. Samples of one
    `group` are learned from together or not at all.
    """

    kind: str
    group: str
    place: int
    feature_values: dict[str, float]

    @property
    def right(self) -> bool:
        return self.place == 1

    @property
    def answerable(self) -> bool:
        return self.kind == "answered"


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
                    found.append(_sample(query, ranked, [book.entries[one.item].id for one in ranked], {entry.id}))
        book = entry_book(self.entries, self.encoder, self.store)
        known = calibration()
        for row in known["answered"]:
            query = self.query(row["text"])
            ranked = book.index.rank(query, weights, 5)
            found.append(_sample(query, ranked, [book.entries[one.item].id for one in ranked], {row["entry"]}))
        for kind in ("unanswered", "foreign"):
            for text in known[kind]:
                query = self.query(text)
                found.append(_sample(query, book.index.rank(query, weights, 5), [], frozenset(), kind))
        return found


def replace_ask(entry: Entry, ask: tuple[str, ...]) -> Entry:
    return entry.model_copy(update={"ask": ask})


def _sample(
    query: Query, ranked: Sequence[Ranked], ids: Sequence[str], gold: Collection[str], kind: str = "answered"
) -> Sample:
    place = next((place for place, one in enumerate(ids, start=1) if one in gold), 0)
    return Sample(kind, min(gold) if gold else query.text, place, features_of(ranked, query)(0))


def fit(found: Sequence[Sample], wanted: Flags, names: Sequence[str]) -> dict[str, float]:
    """A calibrated chance of what is `wanted`, from some of the features; both answers weigh alike.

    No sign of nearness may speak against an answer: a feature that would get a negative weight is left out, else the
    entry's own wording, which no sample here asks, would look doubtful.
    """
    kept = list(names)
    while True:
        values = np.array([[sample.feature_values[name] for name in kept] for sample in found])
        scale = values.std(axis=0) + 1e-9
        model = LogisticRegression(C=1.0, max_iter=5000, class_weight="balanced")
        model.fit(values / scale, wanted)
        weights = model.coef_[0] / scale
        worst = int(np.argmin(model.coef_[0]))
        if model.coef_[0][worst] >= 0 or len(kept) == 1:
            return {"bias": float(model.intercept_[0]), **dict(zip(kept, map(float, weights), strict=True))}
        del kept[worst]


def chances(found: Sequence[Sample], learned: Mapping[str, float]) -> Floats:
    model = Logistic(learned["bias"], {name: weight for name, weight in learned.items() if name != "bias"})
    return np.array([model.probability(sample.feature_values) for sample in found])


def out_of_fold(found: Sequence[Sample], wanted: Flags, names: Sequence[str]) -> Floats:
    """The chance of each sample, learned without its group."""
    groups = {group: number for number, group in enumerate(dict.fromkeys(sample.group for sample in found))}
    fold_of = np.random.default_rng(0).permutation(len(groups)) % _FOLDS
    fold = np.array([fold_of[groups[sample.group]] for sample in found])
    result = np.zeros(len(found))
    for number in range(_FOLDS):
        rest = [sample for sample, its in zip(found, fold, strict=True) if its != number]
        learned = fit(rest, wanted[fold != number], names)
        result[fold == number] = chances([s for s, its in zip(found, fold, strict=True) if its == number], learned)
    return result


def report_entries(found: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """What both chances of entries are, and how they do on what they were not learned from."""
    right = np.array([sample.right for sample in found])
    answerable = np.array([sample.answerable for sample in found])
    foreign = np.array([sample.kind == "foreign" for sample in found])
    within = np.array([1 <= sample.place <= 3 for sample in found])
    known, first = out_of_fold(found, answerable, KNOWN_BY), out_of_fold(found, right, FIRST_BY)
    kept = known >= np.quantile(known[answerable], 0.1)
    print(f"{len(found)} samples; the first candidate is right for {right[answerable].mean():.1%} of the answerable")
    print(f"90% of the answerable kept: {1 - kept[foreign].mean():.1%} of the foreign refused")
    for refused in (0.98, 0.97, 0.96, 0.95, 0.94):
        choose_at = float(np.quantile(known[foreign], refused))
        for answer_at in (0.4, 0.45, 0.5, 0.55, 0.6):
            told = known >= choose_at
            sure = told & (first >= answer_at)
            close = (sure & right) | (told & ~sure & within)
            others = ~answerable & ~foreign
            print(
                f"  choose {choose_at:.2f} answer {answer_at:.2f}: at once {(sure & right)[answerable].mean():.1%}, "
                f"within three {close[answerable].mean():.1%}, wrong as sure {(sure & ~right)[answerable].mean():.1%}, "
                f"refused {1 - told[answerable].mean():.1%}; foreign refused {1 - told[foreign].mean():.1%}, as sure "
                f"{sure[foreign].mean():.1%}; unanswered refused {1 - told[others].mean():.1%}, as sure "
                f"{sure[others].mean():.1%}"
            )
    return {"entry": fit(found, right, FIRST_BY), "entries": fit(found, answerable, KNOWN_BY)}


def report_clauses(found: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """What the chance of clauses is, and how it behaves on the samples at several thresholds."""
    right = np.array([sample.right for sample in found])
    asked = np.array([sample.answerable for sample in found])
    learned = fit(found, right, FEATURES)
    likely = chances(found, learned)
    print(f"{len(found)} samples; the first candidate is right for {right[asked].mean():.1%} of the answerable")
    for threshold in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        over = likely >= threshold
        print(
            f"  at {threshold:.1f}: answerable above {over[asked].mean():.1%}, of these right "
            f"{right[asked & over].mean():.1%}; unanswerable above {over[~asked].mean():.1%}"
        )
    return {"clause": learned}


def clause_samples(folder: Path, settings: Settings) -> list[Sample]:
    """The questions of a kit of clauses, with what the product finds for them."""
    bench = Bench(read_candidates(folder), settings)
    questions = read_questions(folder)
    queries = bench.queries([question.text for question in questions], spoken=False)
    bench.prepare(queries)
    return [
        _sample(
            query,
            ranked,
            [bench.corpus.ids[one.item] for one in ranked],
            question.gold,
            "answered" if question.gold else "unanswered",
        )
        for question, query, ranked in zip(questions, queries, bench.rank(queries), strict=True)
    ]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kit", type=Path, nargs="?", help="a folder of questions on clauses")
    options = parser.parse_args(argv)
    settings = base_settings.load()
    learned = report_entries(Workshop(settings).entry_samples())
    if options.kit is not None:
        learned |= report_clauses(clause_samples(options.kit, settings))
    rounded = {name: {key: round(value, 3) for key, value in row.items()} for name, row in learned.items()}
    print(yaml.safe_dump(rounded, sort_keys=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
