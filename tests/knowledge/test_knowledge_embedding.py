from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from knowledge_helpers import MODEL
from needs import require

from knowledge import embedding_onnx
from knowledge.embedding import Encoder, prefixes_of
from knowledge.errors import KnowledgeError

TEXTS = ["居住证怎么办理？", "楼上半夜装修，太吵了", "养犬人应当为犬只办理登记。" * 20]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    require((MODEL / "modules.json").is_file(), "there is no embedding model: run `hotline setup`")
    copy = tmp_path / "model"
    shutil.copytree(MODEL, copy)
    (copy / embedding_onnx.FILE).unlink(missing_ok=True)
    return copy


def test_the_graph_gives_the_vectors_of_torch(model: Path) -> None:
    encoder = Encoder(model)
    graph = encoder.queries(TEXTS)
    assert (model / embedding_onnx.FILE).is_file()
    torch = encoder._torch()([f"query: {text}" for text in TEXTS])
    assert np.abs(graph - torch).max() < 1e-5


def test_readers_see_the_middle_layer_beside_the_last(model: Path) -> None:
    (model / embedding_onnx.READERS_FILE).unlink(missing_ok=True)
    encoder = Encoder(model, quantised=True)
    both = encoder.layers(TEXTS)
    assert (model / embedding_onnx.READERS_FILE).is_file()
    assert both.shape == (len(TEXTS), 768)
    assert encoder.queries(TEXTS) == pytest.approx(both[:, :384])
    torch = encoder._torch()([f"query: {text}" for text in TEXTS])
    for part in (slice(0, 384), slice(384, 768)):  # weights of eight bits: nearly the same direction
        assert (both[:, part] * torch[:, part]).sum(axis=1).min() > 0.97


def test_the_exact_model_tells_its_last_layer_alone(model: Path) -> None:
    with pytest.raises(ValueError, match="last layer"):
        Encoder(model).layers(TEXTS)


def test_a_network_of_another_kind_is_left_to_torch(model: Path) -> None:
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    (model / "config.json").write_text(json.dumps({**config, "model_type": "qwen2"}), encoding="utf-8")
    assert not embedding_onnx.can_export(model)


def test_a_damaged_graph_is_told_and_torch_takes_over(model: Path) -> None:
    (model / embedding_onnx.FILE).write_bytes(b"nothing")
    with pytest.raises(KnowledgeError):
        embedding_onnx.OnnxModel(model, threads=1)
    assert Encoder(model).queries(TEXTS[:1]).shape == (1, 384)


def test_the_words_before_a_text_are_those_of_the_models_own_folder(model: Path, tmp_path: Path) -> None:
    assert prefixes_of(model) == ("query: ", "passage: ")
    assert prefixes_of(tmp_path) == ("", "")
