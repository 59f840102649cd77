"""Small models and programs that speak the real interfaces of sherpa-onnx and piper: they hum."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE_HZ = 16_000
_SAMPLES_A_TOKEN = 1_600
CHARACTERS = (
    "您好请问这里是市民服务热线一二三四五六七八九零幺诶必西第意艾弗记吃爱杰开勒姆恩欧批秋阿尔丝替优威达不溜克斯外贼"
)


def vits(folder: Path, *, speakers: int = 1) -> Path:
    """A VITS model with the inputs, outputs and metadata that sherpa-onnx expects: a tone, 0.1 s a token."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "one": np.array(1.0, np.float32),
        "zero": np.array(0.0, np.float32),
        "samples": np.array(float(_SAMPLES_A_TOKEN), np.float32),
        "step": np.array(2 * np.pi * 220 / RATE_HZ, np.float32),
        "loud": np.array(0.3, np.float32),
        "shape": np.array([1, 1, -1], np.int64),
        "scalar": np.array([], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["x_length"], ["length"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["length"], ["tokens"], keepdims=0),
        helper.make_node("ReduceSum", ["length_scale"], ["scale"], keepdims=0),
        helper.make_node("Mul", ["tokens", "samples"], ["plain"]),
        helper.make_node("Mul", ["plain", "scale"], ["total"]),
        helper.make_node("Range", ["zero", "total", "one"], ["time"]),
        helper.make_node("Mul", ["time", "step"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["tone"]),
        helper.make_node("Mul", ["tone", "loud"], ["quiet"]),
        helper.make_node("Reshape", ["quiet", "shape"], ["y"]),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.INT64, [1, None]),
        helper.make_tensor_value_info("x_length", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("noise_scale", TensorProto.FLOAT, [1]),
        helper.make_tensor_value_info("length_scale", TensorProto.FLOAT, [1]),
        helper.make_tensor_value_info("noise_scale_w", TensorProto.FLOAT, [1]),
    ]
    if speakers > 1:
        inputs.append(helper.make_tensor_value_info("sid", TensorProto.INT64, [1]))
    graph = helper.make_graph(
        nodes,
        "hum",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, None])],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    about = {
        "model_type": "vits",
        "comment": "hum",
        "language": "Chinese",
        "add_blank": 0,
        "n_speakers": speakers,
        "sample_rate": RATE_HZ,
        "punctuation": "， 。 、 ？ ！ ；",
    }
    for key, value in about.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, str(value)
    onnx.save(model, folder / "model.onnx")
    marks = "，。、？！；"
    symbols = ["_", *marks, *(f"s{number}" for number in range(len(CHARACTERS)))]
    (folder / "tokens.txt").write_text("".join(f"{symbol} {number}\n" for number, symbol in enumerate(symbols)))
    (folder / "lexicon.txt").write_text(
        "".join(f"{character} s{number}\n" for number, character in enumerate(CHARACTERS))
    )
    return folder


_PIPER = '''#!{python}
"""Takes the options of piper's program and hums."""
import argparse, sys, wave, math, struct, time, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--speaker", type=int, default=0)
parser.add_argument("--length_scale", type=float, default=1.0)
parser.add_argument("--output_file", required=True)
options = parser.parse_args()
text = sys.stdin.readline().strip()
if "坏" in text:
    sys.exit(3)
if "慢" in text:
    time.sleep(60)
if "无" in text:
    sys.exit(0)
count = int(len(text) * 1600 * options.length_scale)
with wave.open(options.output_file, "wb") as audio:
    audio.setnchannels(1); audio.setsampwidth(2); audio.setframerate(16000)
    audio.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(n / 10))) for n in range(count)))
'''


def piper(folder: Path) -> tuple[Path, Path]:
    """A program with piper's options, and a voice for it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "piper"
    program.write_text(_PIPER.replace("{python}", sys.executable), encoding="utf-8")
    program.chmod(0o755)
    voice = folder / "zh_CN-hum.onnx"
    voice.write_bytes(b"a model that only the program reads")
    about = {"audio": {"sample_rate": RATE_HZ}, "num_speakers": 1, "espeak": {"voice": "cmn"}}
    (folder / "zh_CN-hum.onnx.json").write_text(json.dumps(about))
    return program, voice
