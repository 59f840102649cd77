"""The vocoder (Multi-band MelGAN: Yang et al., SLT 2021) written anew for onnxruntime, with the file's weights.

TensorFlow spells a dilated convolution as cutting into batches, convolving and joining, and the file keeps that detour
with its hundreds of transpositions; it computes the last filter at the full rate, on samples most of which are zero,
and rounds its input to eight bits. The same network written node by node costs 30 % less, and without that rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from base.onnx_graph import GraphWriter
from telephony.voice.voice import VoiceError

Numbers = npt.NDArray[np.float32]

INPUT: Final = "mels"
_BANDS: Final = 80
_STACKS: Final = 4  # behind each upsampling; their dilations are powers of three
_DILATION: Final = 3
_OPSET: Final = 13
_IR_VERSION: Final = 8
_TIME_AXIS: Final = 3  # everything is (1, channels, 1, time): so onnxruntime has its fastest convolutions


def rebuilt(path: Path) -> bytes:
    """The network of the file, as ONNX: `mels` (1, frames, 80) in, samples (1, 1, 1, time) out.

    Raises:
        VoiceError: the file cannot be read, or it is not this network.
    """
    try:
        read = _Weights(onnx.load(str(path)))
        written: bytes = _Graph(read).model().SerializeToString()
        return written
    except VoiceError:
        raise
    except Exception as error:
        # A damaged or a foreign file: onnx and the look-ups raise what they like.
        raise VoiceError(f"{path.name} is not the vocoder that is known here: {error!r}") from error


def synthesis(rise: Numbers, filters: Numbers) -> Numbers:
    """The filters that make one signal of several bands, for the low rate: (rate, bands, 1, taps).

    `rise` (bands, bands, 1, rate) puts zeros between the samples of each band, `filters` (1, bands, 1, odd) smooths
    the result. Of their products only every `rate`-th is not zero: output `r` of the convolution here is sample
    `rate * t + r` of theirs.

    Raises:
        VoiceError: `rise` does more than that.
    """
    bands, _, _, rate = rise.shape
    gains = np.diagonal(rise[:, :, 0, 0])
    alone = np.zeros_like(rise)
    alone[np.arange(bands), np.arange(bands), 0, 0] = gains
    if not np.array_equal(rise, alone):
        raise VoiceError("the vocoder's bands are joined in an unknown way")
    taps = filters.shape[_TIME_AXIS]
    middle = taps // 2
    reach = (middle + rate - 1) // rate
    low = np.zeros((rate, bands, 1, 2 * reach + 1), np.float32)
    for place in range(rate):
        for step in range(-reach, reach + 1):
            tap = rate * step - place + middle
            if 0 <= tap < taps:
                low[place, :, 0, step + reach] = filters[0, :, 0, tap] * gains
    return low


class _Weights:
    """The file's convolutions in the order of their work."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self._arrays = {one.name: one for one in graph.initializer}
        self._sums = {node.output[0]: node for node in graph.node if node.op_type == "Add"}
        self._nodes = [node for node in graph.node if node.op_type in ("Conv", "ConvTranspose")]
        slopes = {node.attribute[0].f for node in graph.node if node.op_type == "LeakyRelu"}
        (self.slope,) = slopes
        self._next: Iterator[onnx.NodeProto] = iter(self._nodes)

    def upsamplings(self) -> int:
        """All convolutions: the first, those of each upsampling, the last, the two that join the bands."""
        count, rest = divmod(len(self._nodes) - 4, 1 + 3 * _STACKS)
        if rest or count < 1:
            raise VoiceError(f"a vocoder with {len(self._nodes)} convolutions is not known here")
        return count

    def take(self, kind: str, size: int | None = None) -> tuple[Numbers, Numbers | None]:
        """Weights and offsets of the next one. `size`: of its kernel."""
        node = next(self._next)
        weights = numpy_helper.to_array(self._arrays[node.input[1]])
        if node.op_type != kind or (size is not None and weights.shape[_TIME_AXIS] != size):
            raise VoiceError(f"the vocoder has a {node.op_type} {weights.shape} where a {kind} was expected")
        return weights, self._offsets(node)

    def _offsets(self, node: onnx.NodeProto) -> Numbers | None:
        added = self._sums.get(f"{node.output[0].rsplit('/', 1)[0]}/BiasAdd")
        if added is None:
            return None
        (name,) = (name for name in added.input if name in self._arrays)
        return np.asarray(numpy_helper.to_array(self._arrays[name]).reshape(-1), np.float32)


class _Graph(GraphWriter):
    def __init__(self, weights: _Weights) -> None:
        super().__init__()
        self._weights = weights

    def model(self) -> onnx.ModelProto:
        upsamplings = self._weights.upsamplings()
        x = self.node("Transpose", [INPUT], perm=[0, 2, 1])
        x = self.node("Unsqueeze", [x, self.constant(np.array([2], np.int64))])
        x = self._convolved(x, *self._weights.take("Conv"))
        for _ in range(upsamplings):
            x = self._upsampled(self._bent(x))
            for stack in range(_STACKS):
                x = self._residual(x, _DILATION**stack)
        x = self.node("Tanh", [self._convolved(self._bent(x), *self._weights.take("Conv"))])
        self._joined(x)
        graph = helper.make_graph(
            self.nodes,
            "vocoder",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, "frames", _BANDS])],
            [helper.make_tensor_value_info("samples", TensorProto.FLOAT, [1, 1, 1, "time"])],
            self.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)

    def _residual(self, x: str, dilation: int) -> str:
        direct = self._convolved(x, *self._weights.take("Conv", 1))
        inner = self._convolved(self._bent(x), *self._weights.take("Conv", 3), dilation=dilation)
        return self.node("Add", [direct, self._convolved(self._bent(inner), *self._weights.take("Conv", 1))])

    def _convolved(self, x: str, weights: Numbers, offsets: Numbers | None, *, dilation: int = 1) -> str:
        """The edges are mirrored, as in training."""
        size = weights.shape[_TIME_AXIS]
        if edge := dilation * (size // 2):
            around = self.constant(np.array([0, 0, 0, edge, 0, 0, 0, edge], np.int64))
            x = self.node("Pad", [x, around], mode="reflect")
        return self.node(
            "Conv", [x, *self._constants_of(weights, offsets)], kernel_shape=[1, size], dilations=[1, dilation]
        )

    def _upsampled(self, x: str) -> str:
        """As long as TensorFlow's "same" makes it: twice as many taps as steps, the shorter half cut off in front."""
        weights, offsets = self._weights.take("ConvTranspose")
        size = weights.shape[2]
        step = size // 2
        return self.node(
            "ConvTranspose",
            [x, *self._constants_of(weights.transpose(0, 1, 3, 2), offsets)],
            kernel_shape=[1, size],
            strides=[1, step],
            pads=[0, step // 2, 0, step - step // 2],
        )

    def _joined(self, x: str) -> None:
        low = synthesis(self._weights.take("ConvTranspose")[0], self._weights.take("Conv")[0])
        taps = low.shape[_TIME_AXIS]
        x = self.node("Conv", [x, self.constant(low)], kernel_shape=[1, taps], pads=[0, taps // 2, 0, taps // 2])
        x = self.node("Transpose", [x], perm=[0, 2, 3, 1])
        self.node("Reshape", [x, self.constant(np.array([1, 1, 1, -1], np.int64))], output="samples")

    def _bent(self, x: str) -> str:
        return self.node("LeakyRelu", [x], alpha=self._weights.slope)

    def _constants_of(self, weights: Numbers, offsets: Numbers | None) -> Sequence[str]:
        return [self.constant(values) for values in (weights, offsets) if values is not None]
