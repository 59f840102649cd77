"""What readers learn from is encoded once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from knowledge_helpers import MODEL
from needs import require

from knowledge import embedding_onnx
from knowledge.embedding import Encoder, Vectors
from knowledge.readers_encoder import ReadersEncoder

TEXTS = [f"第{number}号楼的路灯不亮了" for number in range(80)]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    require((MODEL / embedding_onnx.READERS_FILE).is_file(), "there is no readers' graph: run `hotline setup`")
    copy = tmp_path / "model"
    shutil.copytree(MODEL, copy)
    return copy


def test_many_texts_are_encoded_once_few_are_not_kept(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    encode = Encoder.layers

    def counted(self: Encoder, texts: list[str]) -> Vectors:
        ran.append(len(texts))
        return encode(self, texts)

    monkeypatch.setattr(Encoder, "layers", counted)
    encoder = ReadersEncoder(model, tmp_path / "kept.db")
    exact = encoder.layers(TEXTS[:3])
    assert not (tmp_path / "kept.db").exists()
    first = encoder.layers([*TEXTS, TEXTS[0]])
    again = ReadersEncoder(model, tmp_path / "kept.db").layers(["楼道的灯坏了", *TEXTS])
    assert ran == [3, 80, 1]
    assert np.array_equal(first[:80], again[1:]) and np.array_equal(first[0], first[80])
    assert np.abs(first[:3] - exact).max() < 0.02  # 16 bits, and eight-bit sums that depend on the batch


def test_a_graph_that_was_made_anew_has_vectors_of_its_own(model: Path, tmp_path: Path) -> None:
    encoder = ReadersEncoder(model, tmp_path / "kept.db")
    encoder.layers(TEXTS)
    before = encoder._graph_name()
    (model / embedding_onnx.READERS_FILE).touch()
    assert encoder._graph_name() != before
