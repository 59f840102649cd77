"""The embedding model as an ONNX graph: the same vectors as torch, three times as fast for one short question.

The graph is made once from a sentence-transformers folder and kept beside its weights. Only BERT-shaped networks with
mean pooling are exported (that is what `knowledge.embedding_conversion` writes); any other folder is run by torch.
A second graph with weights of eight bits tells what its middle layer holds, too (`export_for_readers`).
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from knowledge.errors import KnowledgeError

FILE: Final = "hotline.onnx"
READERS_FILE: Final = "hotline-readers.onnx"
_MIDDLE: Final = 2 / 3  # of the way up: the layer that readers see beside the last
_LONGEST_TOKENS: Final = 512
_OPSET: Final = 17


def can_export(directory: Path) -> bool:
    """Whether the folder holds a network that `export` knows: BERT, mean pooling, normalised."""
    try:
        shape = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        pooling = json.loads((directory / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
        modules = json.loads((directory / "modules.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    mean = pooling.get("pooling_mode") == "mean" or pooling.get("pooling_mode_mean_tokens") is True
    normalised = bool(modules) and str(modules[-1].get("type", "")).endswith("Normalize")
    return bool(shape.get("model_type") == "bert" and shape.get("hidden_act", "gelu") == "gelu" and mean and normalised)


def export(directory: Path) -> Path:
    """Write the graph into the folder, whole or not at all; takes a few seconds. Needs torch.

    Raises:
        KnowledgeError: the folder is not writable, or its weights do not fit.
    """
    with _whole(directory / FILE) as fresh:
        _write_graph(directory, fresh, ("vectors",))
    return directory / FILE


def export_for_readers(directory: Path) -> Path:
    """The same graph with weights of eight bits and a second output, the unit mean of the layer two thirds up: a
    question in two fifths of the time, its vector at a cosine of 0.996 and more from the exact one; takes ten seconds.

    Raises:
        KnowledgeError: the folder is not writable, or its weights do not fit.
    """
    from base import onnx_runtime

    quantised = onnx_runtime.quantization()
    root = logging.getLogger()
    level = root.level
    with _whole(directory / READERS_FILE) as fresh, tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        exact = Path(folder) / FILE
        _write_graph(directory, exact, ("vectors", "middle"))
        try:
            root.setLevel(logging.ERROR)  # it advises, at the root logger, to optimise the graph first: no gain
            eight_bits = quantised.QuantType.QInt8
            quantised.quantize_dynamic(str(exact), str(fresh), weight_type=eight_bits, per_channel=True)
        finally:
            root.setLevel(level)
    return directory / READERS_FILE


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Where to write what becomes `target` once it is complete."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield fresh
        fresh.replace(target)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise KnowledgeError(f"the model in {target.parent} cannot be exported: {error}") from error
    finally:
        fresh.unlink(missing_ok=True)


def _write_graph(directory: Path, target: Path, outputs: tuple[str, ...]) -> None:
    import torch
    from safetensors.torch import load_file

    shape = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    ids = torch.tensor([[0, 5, 6, 7, 2], [0, 5, 2, 1, 1]])
    axes = {0: "texts", 1: "tokens"}
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    network = _network(load_file(str(directory / "model.safetensors")), shape, middle="middle" in outputs)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (ids, mask), str(target), input_names=["ids", "mask"], output_names=list(outputs),
            dynamic_axes={"ids": axes, "mask": axes, **{name: {0: "texts"} for name in outputs}},
            opset_version=_OPSET, dynamo=False,
        )  # fmt: skip


def middle_of(layers: int) -> int:
    """How many layers of a network lie below what readers see of its middle."""
    return round(layers * _MIDDLE)


def _network(weights: dict[str, Any], shape: dict[str, Any], *, middle: bool) -> Any:
    """BERT's forward pass with mean pooling, written out so that both batch and length stay free in the graph."""
    import torch
    from torch.nn import functional

    heads, hidden = int(shape["num_attention_heads"]), int(shape["hidden_size"])
    epsilon = float(shape["layer_norm_eps"])
    layers = int(shape["num_hidden_layers"])
    weights = {name.removeprefix("bert."): value for name, value in weights.items()}

    class Network(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.ParameterDict(
                {name.replace(".", "/"): torch.nn.Parameter(value, False) for name, value in weights.items()}
            )

        def part(self, name: str) -> Any:
            return self.w[name.replace(".", "/")]

        def linear(self, name: str, x: Any) -> Any:
            return functional.linear(x, self.part(f"{name}.weight"), self.part(f"{name}.bias"))

        def norm(self, name: str, x: Any) -> Any:
            return functional.layer_norm(x, (hidden,), self.part(f"{name}.weight"), self.part(f"{name}.bias"), epsilon)

        def forward(self, ids: Any, mask: Any) -> Any:
            positions = torch.cumsum(torch.ones_like(ids), dim=1) - 1
            x = functional.embedding(ids, self.part("embeddings.word_embeddings.weight"))
            x = x + functional.embedding(positions, self.part("embeddings.position_embeddings.weight"))
            x = self.norm("embeddings.LayerNorm", x + self.part("embeddings.token_type_embeddings.weight")[0])
            hidden_away = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10000.0
            counted = mask[:, :, None].to(x.dtype)
            outputs: list[Any] = []
            for number in range(layers):
                layer = f"encoder.layer.{number}"
                query, key, value = (
                    self.linear(f"{layer}.attention.self.{name}", x)
                    .reshape(x.shape[0], -1, heads, hidden // heads)
                    .transpose(1, 2)
                    for name in ("query", "key", "value")
                )
                scores = query @ key.transpose(2, 3) * (hidden // heads) ** -0.5 + hidden_away
                seen = (torch.softmax(scores, dim=-1) @ value).transpose(1, 2).reshape(x.shape[0], -1, hidden)
                x = self.norm(
                    f"{layer}.attention.output.LayerNorm", self.linear(f"{layer}.attention.output.dense", seen) + x
                )
                wide = functional.gelu(self.linear(f"{layer}.intermediate.dense", x))
                x = self.norm(f"{layer}.output.LayerNorm", self.linear(f"{layer}.output.dense", wide) + x)
                if number + 1 == layers or (middle and number + 1 == middle_of(layers)):
                    mean = (x * counted).sum(1) / counted.sum(1)
                    outputs.insert(0, functional.normalize(mean, dim=-1))
            return tuple(outputs)

    return Network().eval()


class OnnxModel:
    """Tokeniser and graph; not safe for use by two threads at once.

    Raises:
        KnowledgeError: the folder holds no usable graph or tokeniser.
    """

    def __init__(self, directory: Path, *, threads: int, file: str = FILE) -> None:
        from tokenizers import Tokenizer

        from base.onnx_runtime import onnxruntime

        try:
            self._tokeniser = Tokenizer.from_file(str(directory / "tokenizer.json"))
            self._tokeniser.enable_truncation(_LONGEST_TOKENS)
            # The mask hides the padding, so whatever piece has the number 0 may stand there.
            self._tokeniser.enable_padding(pad_id=0)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            self._session = onnxruntime.InferenceSession(
                str(directory / file), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise KnowledgeError(f"the embedding model in {directory} cannot be loaded: {error}") from error

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors of one batch; of the readers' graph those of its middle layer behind them, in the same row."""
        encoded = self._tokeniser.encode_batch(list(texts))
        ids = np.array([one.ids for one in encoded], dtype=np.int64)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        return np.concatenate(self._session.run(None, {"ids": ids, "mask": mask}), axis=1).astype(
            np.float32, copy=False
        )
