"""The embedding model for readers that learn: what it tells of many texts is kept on disk.

Several readers learn from the same sentences, and each learns anew when a sentence was added: a text is encoded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from knowledge import embedding_onnx
from knowledge.embedding import Encoder, Vectors, VectorStore, held_vectors, keep_missing

_MANY: Final = 64  # fewer texts are a turn's, or a probe's


class ReadersEncoder(Encoder):
    """`layers` of many texts at once are kept in `kept`, 16 bits a number (about 1.5 KB a text); the file is derived
    data, safe to delete, shared by processes."""

    def __init__(self, directory: Path, kept: Path, *, threads: int = 1) -> None:
        super().__init__(directory, threads=threads, quantised=True)
        self._kept = kept

    def layers(self, texts: Sequence[str]) -> Vectors:
        if len(texts) < _MANY:
            return super().layers(texts)
        self.load()
        store, model = VectorStore(self._kept), self._graph_name()
        keep_missing(super().layers, model, store, texts)
        return held_vectors(store, model, texts)[0].astype(np.float32)

    def _graph_name(self) -> str:
        """Of the graph as it lies there: one that was made anew has vectors of its own."""
        graph = self.directory / embedding_onnx.READERS_FILE
        made = (graph if graph.is_file() else self.directory / "modules.json").stat()
        return f"{self.name}:{made.st_size}:{made.st_mtime_ns}"
