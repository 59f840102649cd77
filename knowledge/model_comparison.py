"""`hotline kb compare-models QUESTIONS --model FOLDER …`: which embedding model or reranker finds the answers of one's
own knowledge base best.

QUESTIONS is JSON Lines: `{"text", "gold": [ids of entries]}` (the format of `hotline eval paraphrase`; questions
without gold are left out). Each model ranks all texts by its vectors alone, an entry by its best text; a reranker (a
sentence-transformers cross-encoder) orders anew what the configured model put first.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knowledge.embedding import Encoder, Vectors
from knowledge.entry import Entry
from knowledge.errors import KnowledgeError
from knowledge.evaluation import figures, read_jsonl
from knowledge.snapshot import entry_whole

RERANKED: Final = 20  # candidates that a reranker looks at
DEPTH: Final = 10
Ranking = npt.NDArray[np.int64]
Score = Callable[[str, Sequence[str]], Sequence[float]]
"""How well each of some texts answers a question; the higher the better."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`milliseconds_a_question`: encoding and ranking one; `megabytes`: the files of the folder."""

    name: str
    recall_at_1: float
    recall_at_5: float
    mrr_at_10: float
    milliseconds_a_question: float
    megabytes: float
    seconds_to_index: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "model": self.name,
            "recall@1": round(self.recall_at_1, 4),
            "recall@5": round(self.recall_at_5, 4),
            "mrr@10": round(self.mrr_at_10, 4),
            "ms_a_question": round(self.milliseconds_a_question, 1),
            "mb": round(self.megabytes, 1),
            "seconds_to_index": round(self.seconds_to_index, 1),
        }


def read_questions(path: Path, entries: Sequence[Entry]) -> list[tuple[str, frozenset[str]]]:
    """Raises KnowledgeError: no question there has an entry of this knowledge base as its answer."""
    known = {entry.id for entry in entries}
    asked = []
    for row in read_jsonl(path):
        gold = frozenset(map(str, row.get("gold") or ())) & known
        if gold and row.get("text"):
            asked.append((str(row["text"]), gold))
    if not asked:
        raise KnowledgeError(f"{path.name} holds no question whose gold is an entry of this knowledge base")
    return asked


class Ranker:
    """All texts of the entries by one embedding model."""

    def __init__(self, encoder: Encoder, entries: Sequence[Entry]) -> None:
        self.encoder = encoder
        self.texts = [text for entry in entries for text in (*entry.wordings, entry_whole(entry))]
        self._owners = np.repeat(np.arange(len(entries)), [len(entry.wordings) + 1 for entry in entries])
        self._first = np.flatnonzero(np.diff(self._owners, prepend=-1))
        self.vectors: Vectors = encoder.passages(self.texts, _progress)

    def rank(self, question: str, count: int) -> Ranking:
        """Numbers of the best entries, best first."""
        cosines = np.maximum.reduceat(self.vectors @ self.encoder.queries([question])[0], self._first)
        return np.argsort(-cosines, kind="stable")[:count]


def measure_embedding(
    folder: Path, entries: Sequence[Entry], asked: Sequence[tuple[str, frozenset[str]]]
) -> tuple[Measured, Ranker]:
    """Raises KnowledgeError: the folder holds no sentence-transformers model, or it cannot be loaded."""
    encoder = Encoder(folder)
    encoder.load()
    began = time.perf_counter()
    ranker = Ranker(encoder, entries)
    indexed = time.perf_counter() - began
    return _measured(folder, indexed, entries, asked, lambda text: ranker.rank(text, DEPTH)), ranker


def measure_reranker(
    folder: Path,
    entries: Sequence[Entry],
    asked: Sequence[tuple[str, frozenset[str]]],
    ranker: Ranker,
    score: Score | None = None,
) -> Measured:
    """The reranker behind an embedding model; `score` instead of the folder's model.

    Raises:
        KnowledgeError: the folder holds no cross-encoder, or it cannot be loaded.
    """
    rated = score or _cross_encoder(folder)

    def rank(question: str) -> Ranking:
        near = ranker.rank(question, RERANKED)
        scores = np.asarray(rated(question, [entry_whole(entries[place]) for place in near.tolist()]))
        return near[np.argsort(-scores, kind="stable")][:DEPTH]

    return _measured(folder, 0.0, entries, asked, rank, name=f"{folder.name} behind {ranker.encoder.directory.name}")


def _cross_encoder(folder: Path) -> Score:
    if not (folder / "config.json").is_file():
        raise KnowledgeError(f"{folder} holds no model (no config.json)")
    from sentence_transformers import CrossEncoder

    try:
        model = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise KnowledgeError(f"the reranker in {folder} cannot be loaded: {error}") from error

    def score(question: str, texts: Sequence[str]) -> Sequence[float]:
        return [float(value) for value in model.predict([(question, text) for text in texts], show_progress_bar=False)]

    return score


def _measured(
    folder: Path,
    indexed: float,
    entries: Sequence[Entry],
    asked: Sequence[tuple[str, frozenset[str]]],
    rank: Callable[[str], Ranking],
    *,
    name: str = "",
) -> Measured:
    ids = [entry.id for entry in entries]
    places = []
    began = time.perf_counter()
    for text, gold in asked:
        order = rank(text).tolist()
        places.append(next((at for at, number in enumerate(order, start=1) if ids[number] in gold), 0))
    spent = (time.perf_counter() - began) * 1000 / len(asked)
    found = figures(places)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return Measured(name or folder.name, found["recall@1"], found["recall@5"], found["mrr@10"], spent, size, indexed)


def table(rows: Sequence[Measured]) -> str:
    """Best first."""
    lines = [f"{'R@1':>6} {'R@5':>6} {'MRR@10':>7} {'ms/question':>12} {'MB':>8} {'index s':>8}  model"]
    lines += [
        f"{row.recall_at_1:6.1%} {row.recall_at_5:6.1%} {row.mrr_at_10:7.3f} {row.milliseconds_a_question:12.1f} "
        f"{row.megabytes:8.1f} {row.seconds_to_index:8.1f}  {row.name}"
        for row in sorted(rows, key=lambda row: -row.mrr_at_10)
    ]
    return "\n".join(lines)


def _progress(done: int, total: int) -> None:
    print(f"\rencoded {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
