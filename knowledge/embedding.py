"""Sentence vectors: e5 by ONNX or sentence-transformers, each text encoded once and kept on disk under its hash."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from base.logs import get_logger
from knowledge import embedding_onnx
from knowledge.errors import KnowledgeError

_log = get_logger(__name__)

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

MODEL_NAME: Final = "e5-small-zh"
TEXT_LIMIT_CHARACTERS: Final = 400
_BATCH: Final = 32
_COMMIT_EVERY: Final = 512
_READ_AT_ONCE: Final = 20_000
_REMEMBERED: Final = 1_024  # questions, about 2 KB each


class Encoder:
    """A sentence-transformers folder. Loading takes seconds, so it happens at the first use; calls are serialised.

    Where the folder holds a network that `embedding_onnx` knows it is run as an ONNX graph (made at the first use, the
    same vectors to the sixth decimal); any other model runs in torch.

    What the model wants before a question and before a text to be found is read from the folder's own configuration.

    `quantised`: weights of eight bits, for readers that are trained on such vectors. They are not for comparing with
    the vectors of a search index, which are exact. Such a model also tells what its middle layer holds (`layers`).

    Raises (at first use):
        KnowledgeError: the folder is missing or is no such model.
    """

    def __init__(self, directory: Path, *, threads: int = 1, quantised: bool = False) -> None:
        self.directory = directory
        self.name = f"{directory.name}:{TEXT_LIMIT_CHARACTERS}" + (":readers" if quantised else "")
        self._quantised = quantised
        self._threads = threads
        self._prefixes = prefixes_of(directory)
        self._run: Callable[[list[str]], Vectors] | None = None
        self._lock = threading.Lock()
        self._remembered = lru_cache(maxsize=_REMEMBERED)(lambda text: self._encode([text], None)[0])

    @property
    def available(self) -> bool:
        return (self.directory / "modules.json").is_file()

    def load(self) -> None:
        with self._lock:
            self._load()

    def _load(self) -> Callable[[list[str]], Vectors]:
        if self._run is None:
            if not self.available:
                raise KnowledgeError(f"no embedding model in {self.directory}: run `hotline setup`")
            if embedding_onnx.can_export(self.directory):
                self._run = self._graph()
            self._run = self._run or self._torch()
        return self._run

    def _graph(self) -> Callable[[list[str]], Vectors] | None:
        """None: the graph cannot be made here (a folder that is not writable); torch does it."""
        try:
            file = embedding_onnx.READERS_FILE if self._quantised else embedding_onnx.FILE
            if not (self.directory / file).is_file():
                export = embedding_onnx.export_for_readers if self._quantised else embedding_onnx.export
                export(self.directory)
            return embedding_onnx.OnnxModel(self.directory, threads=self._threads, file=file).encode
        except KnowledgeError as error:
            _log.warning("the embedding model runs in torch, which is slower", error=str(error))
            return None

    def _torch(self) -> Callable[[list[str]], Vectors]:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        torch.set_num_threads(self._threads)
        try:
            model = SentenceTransformer(str(self.directory), device="cpu", local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise KnowledgeError(f"the embedding model in {self.directory} cannot be loaded: {error}") from error

        def run(batch: list[str]) -> Vectors:
            vectors = model.encode(batch, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
            return np.asarray(vectors, dtype=np.float32)

        def both(batch: list[str]) -> Vectors:
            features = model.preprocess(batch)
            mask = features["attention_mask"]
            with torch.no_grad():
                states = model[0].auto_model(**features, output_hidden_states=True).hidden_states
                middle = states[embedding_onnx.middle_of(len(states) - 1)]
                mean = (middle * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            unit = torch.nn.functional.normalize(mean, dim=-1)
            return np.concatenate([run(batch), np.asarray(unit, dtype=np.float32)], axis=1)

        return both if self._quantised else run

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        prefixed = [f"{self._prefixes[1]}{text[:TEXT_LIMIT_CHARACTERS]}" for text in texts]
        return self._last(self._encode(prefixed, progress))

    def queries(self, texts: Sequence[str]) -> Vectors:
        """One question is remembered for a while: understanding, guards and search ask for the same words."""
        return self._last(self._queries(texts))

    def layers(self, texts: Sequence[str]) -> Vectors:
        """Rows of `queries`, each with the unit vector of the middle layer behind it: twice as long.

        Raises:
            ValueError: this is no model for readers.
        """
        if not self._quantised:
            raise ValueError("the exact model tells its last layer alone")
        return self._queries(texts)

    def _last(self, vectors: Vectors) -> Vectors:
        return vectors[:, : vectors.shape[1] // 2] if self._quantised else vectors

    def _queries(self, texts: Sequence[str]) -> Vectors:
        prefixed = [f"{self._prefixes[0]}{text[:TEXT_LIMIT_CHARACTERS]}" for text in texts]
        if len(prefixed) != 1:
            return self._encode(prefixed, None)
        vectors: Vectors = self._remembered(prefixed[0])[np.newaxis, :].copy()
        return vectors

    def _encode(self, texts: list[str], progress: Progress | None) -> Vectors:
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]))
        parts: list[Vectors] = []
        for start in range(0, len(order), _BATCH):
            batch = [texts[position] for position in order[start : start + _BATCH]]
            with self._lock:  # one batch at a time, so that a query never waits for a whole rebuild
                parts.append(self._load()(batch))
            if progress is not None:
                progress(min(start + _BATCH, len(order)), len(order))
        stacked = np.concatenate(parts).astype(np.float32)
        vectors = np.empty_like(stacked)
        vectors[order] = stacked
        return vectors


def prefixes_of(directory: Path) -> tuple[str, str]:
    """What stands before a question and before a passage: `prompts` of the folder's configuration, where it has any;
    a folder without prompts gets none."""
    try:
        written = json.loads((directory / "config_sentence_transformers.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "", ""
    prompts = written.get("prompts") or {}
    passage = next((prompts[name] for name in ("passage", "document", "corpus") if prompts.get(name)), "")
    return str(prompts.get("query") or ""), str(passage)


class VectorStore:
    """Vectors on disk as float16 in a small SQLite file: derived data, safe to delete, shared by processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30.0)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    @staticmethod
    def key(model: str, text: str) -> bytes:
        return sha256(f"{model}\n{text[:TEXT_LIMIT_CHARACTERS]}".encode()).digest()[:16]

    def known(self, model: str, texts: Sequence[str]) -> dict[int, npt.NDArray[np.float16]]:
        """Position in `texts` -> vector, for those that are held."""
        keys = [self.key(model, text) for text in texts]
        with closing(self._connect()) as connection:
            connection.execute("CREATE TEMP TABLE wanted (key BLOB PRIMARY KEY) WITHOUT ROWID")
            connection.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((key,) for key in keys))
            rows = connection.execute("SELECT key, vector FROM vectors JOIN wanted USING (key)")
            held = {key: np.frombuffer(blob, dtype="<f2") for key, blob in rows}
        return {position: held[key] for position, key in enumerate(keys) if key in held}

    def add(self, model: str, texts: Sequence[str], vectors: Vectors | npt.NDArray[np.float16]) -> None:
        rows = [
            (self.key(model, text), vector.astype("<f2").tobytes()) for text, vector in zip(texts, vectors, strict=True)
        ]
        with closing(self._connect()) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)


def held_vectors(
    store: VectorStore, model: str, texts: Sequence[str]
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.bool_]]:
    """The vectors held for `texts`, as they are stored (16 bits), and which texts have one (rows of the others are
    zero)."""
    vectors = np.zeros((len(texts), 1), dtype=np.float16)
    present = np.zeros(len(texts), dtype=bool)
    for start in range(0, len(texts), _READ_AT_ONCE):
        known = store.known(model, texts[start : start + _READ_AT_ONCE])
        if known and vectors.shape[1] == 1:
            vectors = np.zeros((len(texts), len(next(iter(known.values())))), dtype=np.float16)
        for position, vector in known.items():
            vectors[start + position] = vector
            present[start + position] = True
    return vectors, present


def encode_missing(encoder: Encoder, store: VectorStore, texts: Sequence[str], progress: Progress | None = None) -> int:
    """Encode what the store does not hold yet, kept every few hundred texts; returns how many were encoded."""
    return keep_missing(encoder.passages, encoder.name, store, texts, progress)


def keep_missing(
    encode: Callable[[Sequence[str]], Vectors],
    model: str,
    store: VectorStore,
    texts: Sequence[str],
    progress: Progress | None = None,
) -> int:
    """The same with what `encode` makes of texts, kept under the name `model`."""
    lacking: dict[str, None] = {}
    for start in range(0, len(texts), _READ_AT_ONCE):
        some = texts[start : start + _READ_AT_ONCE]
        known = store.known(model, some)
        lacking.update((text, None) for position, text in enumerate(some) if position not in known)
    missing = list(lacking)
    missing.sort(key=len)
    for start in range(0, len(missing), _COMMIT_EVERY):
        batch = missing[start : start + _COMMIT_EVERY]
        store.add(model, batch, encode(batch))
        if progress is not None:
            progress(start + len(batch), len(missing))
    return len(missing)
