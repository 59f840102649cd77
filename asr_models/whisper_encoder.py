"""Whisper's encoder as an ONNX graph: half the cost of the converted model's own, the same error rate (decision 0043).

Two things make it cheap. What lies behind the speech in the window is nothing but silence, so only every eighth of its
positions is computed and counted eight times by the attention. And the products run in eight bits by onnxruntime, each
row of the activations scaled by its own largest value, as the converted model does it too: with one scale for a whole
matrix the silent positions, which hold far larger values than speech, would leave too few steps for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from asr_models.log_mel import BANDS, FRAMES_A_SECOND, RATE_HZ, log_mel
from asr_models.recogniser import RecogniserError, Samples
from base.onnx_graph import GraphWriter
from base.onnx_runtime import onnxruntime

Floats = npt.NDArray[np.float32]

_FRAMES_A_POSITION: Final = 2  # the second convolution halves the rate
_POSITIONS_A_SECOND: Final = FRAMES_A_SECOND // _FRAMES_A_POSITION
_STEP: Final = _POSITIONS_A_SECOND // 2
_SAMPLES_A_POSITION: Final = RATE_HZ // _POSITIONS_A_SECOND
_MARGIN: Final = _POSITIONS_A_SECOND
"""Positions of silence that are computed one by one: a second, as the decoder looks there for the end."""
_EVERY: Final = 8
"""One position of the silence behind them stands for so many. 4 and 2 are heard no better; with none at all the error
rate on telephone speech rises by two points, and by as much if the decoder sees each only once."""
_REACH: Final = 2  # positions that the convolutions look ahead
_LARGEST: Final = 127
_OPSET: Final = 18
_IR_VERSION: Final = 10
_OURS: Final = "com.microsoft"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which positions of a window are computed. `taken`: their numbers, the first `speech` one by one; `seen`: for
    each position of the window, which of those stands for it."""

    speech: int
    taken: npt.NDArray[np.int64]
    seen: npt.NDArray[np.int64]


class WhisperEncoder:
    """Not for several threads at once."""

    def __init__(self, variables: Mapping[str, Floats], heads: int, *, threads: int = 1) -> None:
        """`variables`: those of the converted model below `encoder/`, without that prefix.

        Raises:
            RecogniserError: one is missing or does not fit.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        try:
            graph = _Graph(variables, heads).model().SerializeToString()
            self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            # onnxruntime raises bare exceptions of many kinds for a graph whose parts do not fit.
            raise RecogniserError(f"the encoder of the Whisper model cannot be built: {error!r}") from error

    def encode(self, samples: Samples, frames: int) -> Floats:
        """(1, frames / 2, width) of a window; `samples` at 16 kHz, cut off at its end."""
        picture = log_mel(samples, frames)
        layout = _layout(len(samples), frames // _FRAMES_A_POSITION)
        needed = (layout.speech + _REACH + 1) * _FRAMES_A_POSITION
        weights = np.zeros(len(layout.taken), np.float32)
        if silent := len(layout.taken) - layout.speech:
            weights[layout.speech :] = np.log((frames // _FRAMES_A_POSITION - layout.speech) / silent)
        (computed,) = self._session.run(
            None,
            {
                "picture": np.ascontiguousarray(picture[None, :, :needed]),
                # Silence looks alike everywhere: the convolutions are computed for the first of it only.
                "from_position": np.minimum(layout.taken, min(layout.speech + 1, frames // _FRAMES_A_POSITION - 1)),
                "position": layout.taken,
                "weight": np.tile(weights, (1, 1, len(weights), 1)),
            },
        )
        return np.ascontiguousarray(computed[:, layout.seen])


def _layout(samples: int, positions: int) -> _Layout:
    """In whole half seconds, so that the shapes, and with them the work, are few."""
    wanted = -(-samples // _SAMPLES_A_POSITION) + _MARGIN
    speech = min(positions, -(-wanted // _STEP) * _STEP)
    first_silent = min(speech + _EVERY // 2, positions - 1)
    silent = np.arange(first_silent if speech < positions else positions, positions, _EVERY)
    taken = np.concatenate([np.arange(speech), silent]).astype(np.int64)
    behind = np.minimum(np.arange(positions - speech) // _EVERY, len(silent) - 1)
    return _Layout(speech, taken, np.concatenate([np.arange(speech), speech + behind]).astype(np.int64))


class _Graph(GraphWriter):
    """Pre-norm transformer behind two convolutions (Radford et al., 2022, section 2.2), written node by node."""

    def __init__(self, variables: Mapping[str, Floats], heads: int) -> None:
        super().__init__()
        self._variables = variables
        self._heads = heads

    def model(self) -> onnx.ModelProto:
        last_axis = self.constant(np.array([-1], np.int64))
        x = self._convolution("picture", "conv1", stride=1)
        x = self._convolution(x, "conv2", stride=_FRAMES_A_POSITION)
        x = self.node("Gather", [self.node("Transpose", [x], perm=[0, 2, 1]), "from_position"], axis=1)
        encodings = self.constant(self._variables["position_encodings/encodings"])
        x = self.node("Add", [x, self.node("Gather", [encodings, "position"], axis=0)])
        layer = 0
        while f"layer_{layer}/ffn/linear_0/weight" in self._variables:
            x = self._layer(x, f"layer_{layer}/", last_axis)
            layer += 1
        self.node("Identity", [self._norm(x, "layer_norm/")], output="encoded")
        graph = helper.make_graph(
            self.nodes,
            "encoder",
            [
                helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, BANDS, "frames"]),
                helper.make_tensor_value_info("from_position", TensorProto.INT64, ["taken"]),
                helper.make_tensor_value_info("position", TensorProto.INT64, ["taken"]),
                helper.make_tensor_value_info("weight", TensorProto.FLOAT, [1, 1, "taken", "taken"]),
            ],
            [helper.make_tensor_value_info("encoded", TensorProto.FLOAT, [1, "taken", None])],
            self.constants,
        )
        imports = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_OURS, 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=_IR_VERSION)

    def _layer(self, x: str, name: str, last_axis: str) -> str:
        heard = self._product(
            self._norm(x, f"{name}self_attention/layer_norm/"), f"{name}self_attention/linear_0/", last_axis
        )
        query, key, value = self.nodes_of("Split", [heard], 3, axis=-1, num_outputs=3)
        attention = self.node(
            "MultiHeadAttention", [query, key, value, "", "", "weight"], domain=_OURS, num_heads=self._heads
        )
        x = self.node("Add", [x, self._product(attention, f"{name}self_attention/linear_1/", last_axis)])
        inner = self._product(self._norm(x, f"{name}ffn/layer_norm/"), f"{name}ffn/linear_0/", last_axis)
        inner = self.node("Gelu", [inner], domain=_OURS)
        return self.node("Add", [x, self._product(inner, f"{name}ffn/linear_1/", last_axis)])

    def _product(self, x: str, name: str, last_axis: str) -> str:
        """With the weights in eight bits a column, the activations in eight bits a row."""
        weights = self._variables[f"{name}weight"].T
        scale = np.maximum(np.abs(weights).max(axis=0), np.finfo(np.float32).tiny) / np.float32(_LARGEST)
        small = np.clip(np.round(weights / scale), -_LARGEST, _LARGEST).astype(np.int8)
        largest = self.node("ReduceMax", [self.node("Abs", [x]), last_axis], keepdims=1)
        product = self.node(
            "DynamicQuantizeMatMul",
            [self.node("Div", [x, largest]), self.constant(small), self.constant(scale.astype(np.float32))],
            domain=_OURS,
        )
        return self.node("Add", [self.node("Mul", [product, largest]), self.constant(self._variables[f"{name}bias"])])

    def _norm(self, x: str, name: str) -> str:
        gain, offset = (self.constant(self._variables[f"{name}{part}"]) for part in ("gamma", "beta"))
        return self.node("LayerNormalization", [x, gain, offset], axis=-1, epsilon=1e-5)

    def _convolution(self, x: str, name: str, *, stride: int) -> str:
        weight, bias = (self.constant(self._variables[f"{name}/{part}"]) for part in ("weight", "bias"))
        x = self.node("Conv", [x, weight, bias], kernel_shape=[3], pads=[1, 1], strides=[stride])
        return self.node("Gelu", [x], domain=_OURS)
