"""Learning the numbers in `parameters.yml` from the project's own data: `python -m knowledge.training [LAWS]`.

Every other wording of an entry is asked as a question while it is taken out of the index (leave one out); the entry
is the right answer. With a folder of laws, the clauses that an entry cites are the right clauses for its wordings.
What must not be answered comes from `calibration.yml`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
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
from knowledge.embedding import VectorStore, encode_missing
from knowledge.entry import Entry, read_folder
from knowledge.errors import KnowledgeError, RowProblem
from knowledge.importers.documents import parse_folder
from knowledge.parameters import FEATURES, Parameters
from knowledge.search import Query, Ranked
from knowledge.service import encoder_of
from knowledge.snapshot import LawBook, clause_text, entry_book, law_book, short_title
from knowledge.store import Document, StoredClause
from knowledge.vocabulary import Vocabulary

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
        self.vocabulary = Vocabulary.load()

    def query(self, text: str, *, spoken: bool = False, legal: bool = False) -> Query:
        vector = self.encoder.queries([text])[0]
        return Query.of(text, spoken=spoken, vector=vector, expansion=self.vocabulary.expand(text) if legal else "")

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
                    ranked = book.index.rank(self.query(entry.ask[place]), weights, 5)
                    right = book.entries[ranked[0].item].id == entry.id
                    found.append(_sample(entry.ask[place], ranked, right, asked_for=True))
        book = entry_book(self.entries, self.encoder, self.store)
        known = calibration()
        for text, wanted in [
            *((row["text"], row["entry"]) for row in known["answered"]),
            *((text, "") for text in (*known["unanswered"], *known["foreign"])),
        ]:
            ranked = book.index.rank(self.query(text), weights, 5)
            found.append(_sample(text, ranked, book.entries[ranked[0].item].id == wanted, asked_for=bool(wanted)))
        return found

    def laws(self, folder: Path) -> LawBook:
        """A law book of a folder; vectors only of what words bring near the entries' wordings."""
        documents: list[Document] = []
        clauses: list[StoredClause] = []
        seen: set[str] = set()
        for document in parse_folder(folder, city="北京"):
            if isinstance(document, RowProblem) or document.id in seen:
                continue
            seen.add(document.id)
            documents.append(document)
            clauses += [
                StoredClause(f"{document.id}-{number}", document.id, clause.article, clause.text)
                for number, clause in enumerate(document.clauses, start=1)
            ]
        bare = law_book(documents, clauses, None, None, "training")
        weights = self.parameters.of("clauses", spoken=False)
        near: set[int] = set()
        for text, _ in [*self.legal_questions(), *((text, frozenset()) for text in self._unanswered())]:
            expansion = self.vocabulary.expand(text)
            near.update(
                one.item for one in bare.index.rank(Query.of(text, expansion=expansion), weights, weights.shortlist)
            )
        titles = {document.id: document.title for document in documents}
        texts = [
            clause_text(titles[clauses[place].document_id], clauses[place].article, clauses[place].text)
            for place in sorted(near)
        ]
        encode_missing(self.encoder, self.store, texts, _progress)
        return law_book(documents, clauses, self.encoder, self.store, "training")

    def legal_questions(self) -> list[tuple[str, frozenset[tuple[str, str]]]]:
        """(wording, the clauses its entry cites as short title and article), for entries that cite laws."""
        found: list[tuple[str, frozenset[tuple[str, str]]]] = []
        for entry in self.entries:
            cited = frozenset((short_title(source.title), source.clause) for source in entry.sources if source.clause)
            if cited:
                found += [(text, cited) for text in entry.wordings[1:3]]
        return found

    @staticmethod
    def _unanswered() -> list[str]:
        known = calibration()
        return [*known["unanswered"], *known["foreign"]]


def replace_ask(entry: Entry, ask: tuple[str, ...]) -> Entry:
    return entry.model_copy(update={"ask": ask})


def _sample(text: str, ranked: Sequence[Ranked], right: bool, *, asked_for: bool) -> Sample:
    return Sample(text, tuple(ranked), right, asked_for, features_of(ranked)(0))


def _progress(done: int, total: int) -> None:
    print(f"\rencoded {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def fit(found: Sequence[Sample]) -> tuple[dict[str, float], LogisticRegression]:
    """A calibrated chance that the first candidate is right; every kind of question weighs alike."""
    values = np.array([[sample.feature_values[name] for name in FEATURES] for sample in found])
    right = np.array([sample.right for sample in found])
    scale = values.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, max_iter=5000, class_weight="balanced")
    model.fit(values / scale, right)
    weights = model.coef_[0] / scale
    learned = {"bias": float(model.intercept_[0]), **dict(zip(FEATURES, map(float, weights), strict=True))}
    return learned, model


def report(name: str, found: Sequence[Sample], learned: dict[str, float], answer_at: float, choose_at: float) -> None:
    """How the learned chance would behave on the samples."""

    def chance(sample: Sample) -> float:
        total = learned["bias"] + sum(learned[key] * sample.feature_values[key] for key in FEATURES)
        return float(1 / (1 + np.exp(-total)))

    chances = np.array([chance(sample) for sample in found])
    right = np.array([sample.right for sample in found])
    asked = np.array([sample.asked_for for sample in found])
    print(
        f"{name}: {len(found)} samples; first right {right[asked].mean():.1%} of the answerable; "
        f"answered {np.mean(chances[asked] >= answer_at):.1%} of them, of those right "
        f"{right[asked & (chances >= answer_at)].mean():.1%}; refused {np.mean(chances[asked] < choose_at):.1%}; "
        f"unanswerable: refused {np.mean(chances[~asked] < choose_at):.1%}, "
        f"answered {np.mean(chances[~asked] >= answer_at):.1%}"
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("laws", type=Path, nargs="?", help="a folder of laws, to learn the clauses' numbers too")
    options = parser.parse_args(argv)
    workshop = Workshop(base_settings.load())
    found = workshop.entry_samples()
    learned, _ = fit(found)
    print(json.dumps({"entry": {key: round(value, 3) for key, value in learned.items()}}, ensure_ascii=False))
    report("entries", found, learned, workshop.parameters.answer_at, workshop.parameters.choose_at)
    if options.laws is None:
        return 0
    book = workshop.laws(options.laws)
    weights = workshop.parameters.of("clauses", spoken=False)
    clause_found: list[Sample] = []
    for text, cited in [*workshop.legal_questions(), *((text, frozenset()) for text in Workshop._unanswered())]:
        ranked = book.index.rank(workshop.query(text, legal=True), weights, 5)
        best = book.clauses[ranked[0].item]
        title = short_title(book.documents[int(book.index.corpus.groups[ranked[0].item])].title)
        clause_found.append(_sample(text, ranked, (title, best.article) in cited, asked_for=bool(cited)))
    learned, _ = fit(clause_found)
    print(json.dumps({"clause": {key: round(value, 3) for key, value in learned.items()}}, ensure_ascii=False))
    report("clauses", clause_found, learned, workshop.parameters.answer_at, workshop.parameters.choose_at)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
