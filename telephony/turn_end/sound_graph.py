"""The end-of-turn model's graph, changed at load so that the silence before the turn costs little (decision 0048).

The model was made for windows of 8 s, and most turns are shorter: what is left is silence in front. All of its
positions look alike to the convolutions and differ by their place alone, so only one of eight is computed, and the
attention counts it eight times (log 8 is added before each softmax). Weights and everything else stay as published.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

FEATURES: Final = "input_features"
PLACES: Final = "places"
LOG_COUNTS: Final = "log_counts"
POSITIONS: Final = 400  # of the whole window: 20 ms each, two frames of the features
EVERY: Final = 8

_EMBEDDING: Final = "inner.encoder.embed_positions.weight"
_COLUMN: Final = "log_counts_column"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which positions are computed: `silent` that stand for the silence in front, then `sounding` one by one."""

    silent: int
    sounding: int
    places: npt.NDArray[np.int64]
    log_counts: npt.NDArray[np.float32]


def layout(sounding: int) -> Layout:
    """`sounding`: the last so many positions of the window hold sound; at most all of them."""
    sounding = min(sounding, POSITIONS)
    before = POSITIONS - sounding
    first = np.arange(0, before, EVERY)
    counts = np.minimum(EVERY, before - first)
    places = np.concatenate([first + counts // 2, np.arange(before, POSITIONS)])
    weights = np.concatenate([np.log(counts), np.zeros(sounding)])
    return Layout(len(first), sounding, places.astype(np.int64), weights.astype(np.float32))


def sparing(path: Path) -> bytes:
    """The published file, to be asked for any number of positions: inputs `FEATURES` (1, 80, 2 x positions), `PLACES`
    (positions: the place of each in the window) and `LOG_COUNTS` (positions: the logarithm of what each stands for).

    Raises:
        ValueError: it is another graph than the one that this knows how to change.
        Exception: `onnx` raises many kinds of its own for a file that is no model.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    (features,) = graph.input
    features.type.tensor_type.shape.dim[2].dim_param = "frames"
    lengths = [each for each in graph.initializer if _holds(numpy_helper.to_array(each), POSITIONS)]
    embedded = [node for node in graph.node if _EMBEDDING in node.input]
    softmaxes = [node for node in graph.node if node.op_type == "Softmax"]
    if not lengths or len(embedded) != 1 or len(softmaxes) < 2:
        raise ValueError("an end-of-turn model with another graph than the one that is known")
    for length in lengths:  # in reshapes: as many positions as there are
        length.CopyFrom(numpy_helper.from_array(np.array([-1], np.int64), length.name))
    embedded[0].input[list(embedded[0].input).index(_EMBEDDING)] = "placed"
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "second_axis"))
    graph.input.append(helper.make_tensor_value_info(PLACES, TensorProto.INT64, ["positions"]))
    graph.input.append(helper.make_tensor_value_info(LOG_COUNTS, TensorProto.FLOAT, ["positions"]))
    nodes = [
        helper.make_node("Gather", [_EMBEDDING, PLACES], ["placed"], axis=0),
        helper.make_node("Unsqueeze", [LOG_COUNTS, "second_axis"], [_COLUMN]),
    ]
    for node in graph.node:
        if node.op_type == "Softmax":
            axis = next((each.i for each in node.attribute if each.name == "axis"), -1)
            counted = f"{node.input[0]}_counted"
            counts = LOG_COUNTS if axis == -1 else _COLUMN  # the last softmax pools over positions in a column
            nodes.append(helper.make_node("Add", [node.input[0], counts], [counted]))
            node.input[0] = counted
        nodes.append(node)
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    serialized: bytes = model.SerializeToString()
    return serialized


def _holds(values: npt.NDArray[Any], number: int) -> bool:
    return values.dtype == np.int64 and values.size == 1 and int(values.ravel()[0]) == number
