"""`hotline eval retrieval` and `hotline eval spoken`: the product's own search on a folder of questions with gold.

A folder holds `docs.jsonl` (`id`, `text`, for clauses also `title`, `article`) and `queries.jsonl` (`id`, `text`,
`gold`; an empty `gold` means that nothing there answers and the question should be refused).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from base import settings as base_settings
from base.settings import Settings
from knowledge import parameters
from knowledge.answering import features_of
from knowledge.asked_for import AskedFor
from knowledge.confusion import Confusions
from knowledge.corpus import Corpus, IndexKind
from knowledge.correction import Corrector
from knowledge.embedding import Encoder, Vectors, VectorStore, encode_missing, held_vectors
from knowledge.errors import KnowledgeError
from knowledge.heard import Hearing
from knowledge.parameters import Parameters
from knowledge.search import Query, Ranked, SearchIndex, Weights
from knowledge.service import encoder_of
from knowledge.snapshot import clause_corpus, clause_text
from knowledge.stretching import CANDIDATES
from knowledge.vocabulary import Vocabulary

SHORT_QUESTION_CHARACTERS: Final = 40
EMBED_ALL_UP_TO: Final = 12_000


@dataclass(frozen=True, slots=True)
class Candidate:
    id: str
    text: str
    title: str = ""
    article: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    text: str
    gold: frozenset[str]
    spoken: bool = False


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Raises KnowledgeError: the file is missing or a line is no JSON object."""
    if not path.is_file():
        raise KnowledgeError(f"there is no {path}")
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise KnowledgeError(f"{path.name}, line {number}: {error}") from error
            if not isinstance(row, dict):
                raise KnowledgeError(f"{path.name}, line {number}: is not an object")
            rows.append(row)
    return rows


def read_candidates(folder: Path) -> list[Candidate]:
    return [
        Candidate(
            str(row["id"]), str(row["text"]), *(str(row.get(key) or "") for key in ("title", "article", "category"))
        )
        for row in read_jsonl(folder / "docs.jsonl")
    ]


def read_questions(folder: Path) -> list[Question]:
    return [
        Question(str(row["id"]), str(row["text"]), frozenset(map(str, row["gold"])), row.get("style") == "spoken")
        for row in read_jsonl(folder / "queries.jsonl")
    ]


def kind_of(candidates: Sequence[Candidate]) -> IndexKind:
    """Clauses have articles; short texts are questions to be matched with questions; the rest are passages."""
    if any(candidate.article for candidate in candidates):
        return "clauses"
    return (
        "questions"
        if median(len(candidate.text) for candidate in candidates) < SHORT_QUESTION_CHARACTERS
        else "passages"
    )


def corpus_of(candidates: Sequence[Candidate]) -> Corpus:
    kind = kind_of(candidates)
    if kind != "clauses":
        return Corpus.of_texts(kind, [one.id for one in candidates], [one.text for one in candidates])
    titles = list(dict.fromkeys(one.title for one in candidates))
    place = {title: position for position, title in enumerate(titles)}
    own = {one.title for one in candidates if one.category.startswith("北京") or one.title.startswith("北京")}
    return clause_corpus(
        [one.id for one in candidates],
        [one.article for one in candidates],
        [one.text for one in candidates],
        [place[one.title] for one in candidates],
        titles,
        [title in own for title in titles],
    )


class Bench:
    """One set of candidates, indexed as the product does it. Vectors are kept by content under `var/cache/eval`."""

    def __init__(self, candidates: Sequence[Candidate], settings: Settings, *, use_vectors: bool = True) -> None:
        if not candidates:
            raise KnowledgeError("docs.jsonl holds no candidates")
        self.corpus = corpus_of(candidates)
        self.parameters: Parameters = parameters.load()
        self.vocabulary = Vocabulary.load()
        self._embedded = [
            clause_text(one.title, one.article, one.text) if self.corpus.kind == "clauses" else one.text
            for one in candidates
        ]
        self.encoder: Encoder | None = encoder_of(settings, threads=os.cpu_count() or 1) if use_vectors else None
        if self.encoder is not None and not self.encoder.available:
            print("no embedding model: words and sounds alone", file=sys.stderr)
            self.encoder = None
        self._store = VectorStore(settings.var / "cache" / "eval" / "vectors.db")
        self.index = SearchIndex(self.corpus)

    @cached_property
    def corrector(self) -> Corrector:
        """Of a large collection only the titles lend their words, as in the product."""
        small = len(self.corpus.ids) <= EMBED_ALL_UP_TO
        return Corrector(self.corpus.texts if small else self.corpus.titles, Confusions.load())

    @cached_property
    def _asked_for(self) -> AskedFor:
        assert self.encoder is not None
        return AskedFor.load(self.encoder, self._store.path.parent)

    def weights(self, *, spoken: bool) -> Weights:
        return self.parameters.of(self.corpus.kind, spoken=spoken)

    def queries(self, asked: Sequence[str | Hearing], *, spoken: bool) -> list[Query]:
        """Of texts, or of what a recogniser heard."""
        heard = [Hearing(one) if isinstance(one, str) else one for one in asked]
        texts = [self.corrector.likeliest(one.text, one.alternatives) if spoken else one.text for one in heard]
        vectors: list[Vectors | None] = [None] * len(texts)
        lasting = [0.0] * len(texts)
        if self.encoder is not None:
            found = self.encoder.queries(texts)
            vectors, lasting = list(found), [self._asked_for.lasting(vector) for vector in found]
        expand = self.vocabulary.expand if self.corpus.kind == "clauses" else (lambda _text: "")
        return [
            Query.of(text, spoken=spoken, vector=vector, expansion=expand(text), lasting=odds)
            for text, vector, odds in zip(texts, vectors, lasting, strict=True)
        ]

    def prepare(self, queries: Sequence[Query]) -> None:
        """Encode all candidates of a small set; of a large one those that words and sounds bring near a question."""
        if self.encoder is None:
            return
        if len(self.corpus.ids) <= EMBED_ALL_UP_TO:
            wanted = list(range(len(self.corpus.ids)))
        else:
            near: set[int] = set()
            for query in queries:
                bare = Query(query.text, query.spoken, query.characters, query.syllables, None, query.expansion)
                weights = self.weights(spoken=query.spoken)
                near.update(one.item for one in self.index.rank(bare, weights, weights.shortlist or CANDIDATES))
            wanted = sorted(near)
        encode_missing(self.encoder, self._store, [self._embedded[place] for place in wanted], _progress)
        vectors, present = held_vectors(self._store, self.encoder.name, self._embedded)
        self.index.set_vectors(vectors, present)

    def rank(self, queries: Sequence[Query], limit: int = 10) -> list[list[Ranked]]:
        return [self.index.rank(query, self.weights(spoken=query.spoken), limit) for query in queries]


def _progress(done: int, total: int) -> None:
    print(f"\rencoded {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def first_hit(corpus: Corpus, ranked: Sequence[Ranked], gold: frozenset[str]) -> int:
    """Rank of the first gold candidate, counted from 1; 0: not among them."""
    return next((place for place, one in enumerate(ranked, start=1) if corpus.ids[one.item] in gold), 0)


def figures(places: Sequence[int]) -> dict[str, float]:
    """Recall and mean reciprocal rank over ranks as `first_hit` gives them."""
    ranks = np.array(places, dtype=np.float64)
    found = ranks > 0
    reciprocal = np.where(found & (ranks <= 10), 1.0 / np.maximum(ranks, 1.0), 0.0)
    shares = {
        f"recall@{limit}": float(np.mean(found & (ranks <= limit))) if len(ranks) else 0.0 for limit in (1, 5, 10)
    }
    return {"n": len(places), **shares, "mrr@10": float(reciprocal.mean()) if len(ranks) else 0.0}


def refusals(
    bench: Bench, questions: Sequence[Question], queries: Sequence[Query], ranked: Sequence[Sequence[Ranked]]
) -> dict[str, float]:
    """Share of unanswerable questions that are refused and of answerable ones that are wrongly refused."""
    learned = bench.parameters
    if bench.corpus.kind == "clauses":
        known, at = learned.clause, learned.choose_at
    else:
        known, at = learned.entries, learned.choose_entry_at
    refused = [
        not best or known.probability(features_of(best, query)(0)) < at
        for query, best in zip(queries, ranked, strict=True)
    ]
    without = [no for no, question in zip(refused, questions, strict=True) if not question.gold]
    with_gold = [no for no, question in zip(refused, questions, strict=True) if question.gold]
    return {
        "unanswerable": len(without),
        "refused": float(np.mean(without)) if without else 0.0,
        "wrongly_refused": float(np.mean(with_gold)) if with_gold else 0.0,
    }


def evaluate_retrieval(folder: Path, settings: Settings) -> tuple[dict[str, float], dict[str, float]]:
    """Figures of ranking and of refusing for one folder."""
    bench = Bench(read_candidates(folder), settings)
    questions = read_questions(folder)
    queries: list[Query] = bench.queries([question.text for question in questions], spoken=False)
    bench.prepare(queries)
    ranked = bench.rank(queries)
    places = [
        first_hit(bench.corpus, best, question.gold)
        for best, question in zip(ranked, questions, strict=True)
        if question.gold
    ]
    return figures(places), refusals(bench, questions, queries, ranked)


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value if name == "n" else round(value, 4) for name, value in values.items()}


def retrieval_command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline eval retrieval", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="last line: one JSON object")
    options = parser.parse_args(argv)
    found, refused = evaluate_retrieval(options.folder, base_settings.load())
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:<{width}}  {value:.0f}" if name == "n" else f"{name:<{width}}  {value:.1%}")
    if refused["unanswerable"]:
        print(
            f"questions without an answer: {refused['unanswerable']:.0f}, refused {refused['refused']:.1%}; "
            f"answerable ones wrongly refused {refused['wrongly_refused']:.1%}"
        )
    if options.json:
        print(json.dumps(_rounded(found)))
    return 0


def spoken_command(argv: list[str]) -> int:
    from knowledge import spoken_evaluation

    return spoken_evaluation.command(argv)
