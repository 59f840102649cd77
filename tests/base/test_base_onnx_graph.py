"""A network written node by node."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from base.onnx_graph import GraphWriter
from base.onnx_runtime import onnxruntime


def test_nodes_and_constants_make_a_network_that_runs() -> None:
    graph = GraphWriter()
    left, right = graph.nodes_of("Split", ["x"], 2, axis=0, num_outputs=2)
    doubled = graph.node("Mul", [left, graph.constant(np.array([2, 2], np.float32))])
    graph.node("Add", [doubled, right], output="y")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "test",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    (y,) = session.run(["y"], {"x": np.array([1, 2, 3, 4], np.float32)})
    assert y.tolist() == [5, 8]
