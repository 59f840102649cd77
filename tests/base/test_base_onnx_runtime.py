"""Nothing is sent to the maker of onnxruntime, and nothing kept to be sent."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("asr_models", "base", "bot", "conversations", "gateway", "hotline", "knowledge", "telephony", "benchmarks")
_MODEL = """
from base.onnx_runtime import onnxruntime
import numpy, onnx
from onnx import TensorProto, helper
shape = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", [shape("x")], [shape("y")])
model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
print(session.run(None, {"x": numpy.float32([-2.0])})[0][0])
"""


def test_onnxruntime_keeps_no_events_and_no_name_of_this_machine(tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    own |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    told = subprocess.run(
        [sys.executable, "-c", _MODEL], cwd=ROOT, env=own, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.stdout.split() == ["2.0"], told.stderr
    assert list(tmp_path.rglob("*")) == []


def test_no_room_takes_another_way_to_it() -> None:
    direct = re.compile(r"^\s*(import onnxruntime|from onnxruntime)", re.MULTILINE)
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts]
    found = {str(path.relative_to(ROOT)) for path in files if direct.search(path.read_text("utf-8"))}
    assert found == {"base/onnx_runtime.py"}
