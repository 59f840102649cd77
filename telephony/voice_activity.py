"""Is that a voice? Silero's detector over all calls in one run of the ONNX model, at 8 kHz, without torch.

The model looks at 256 new samples (32 ms) and the 32 before them, and carries a state of 2 x 128 numbers a call.
Thirty calls cost under a millisecond together.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from telephony.audio import RATE_HZ, SAMPLE_BYTES
from telephony.errors import TelephonyError

WINDOW_SAMPLES: Final = 256
WINDOW_SECONDS: Final = WINDOW_SAMPLES / RATE_HZ
WINDOW_BYTES: Final = WINDOW_SAMPLES * SAMPLE_BYTES
_CONTEXT_SAMPLES: Final = 32
_STATE_SIZE: Final = 128
_FULL_SCALE: Final = np.float32(1.0 / 32_768.0)

Floats = npt.NDArray[np.float32]


@dataclass(slots=True)
class VoiceStream:
    """What the detector remembers of one call: both states and the last samples, in one row."""

    memory: Floats = field(default_factory=lambda: np.zeros(2 * _STATE_SIZE + _CONTEXT_SAMPLES, dtype=np.float32))
    _rest: bytes = b""

    def windows(self, pcm: bytes) -> list[bytes]:
        """Take audio in pieces of any size, give it back in whole windows of 32 ms."""
        audio = self._rest + pcm if self._rest else pcm
        whole = len(audio) - len(audio) % WINDOW_BYTES
        self._rest = audio[whole:]
        return [audio[start : start + WINDOW_BYTES] for start in range(0, whole, WINDOW_BYTES)]


class VoiceActivity:
    """The model. `probabilities` computes and blocks: call it in a thread."""

    def __init__(self, model: Path | None = None) -> None:
        """Load the model (the one within the `silero-vad` package by default).

        Raises:
            TelephonyError: there is no such file.
        """
        from base.onnx_runtime import onnxruntime

        path = model or _packaged_model()
        if not path.is_file():
            raise TelephonyError(f"no voice detector at {path}; install the package silero-vad")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._rate = np.array(RATE_HZ, dtype=np.int64)

    def probabilities(self, batch: Sequence[tuple[VoiceStream, bytes]]) -> list[float]:
        """The probability of voice for each (stream, window of 256 samples PCM16), one window a stream at most.

        Raises:
            ValueError: a window has the wrong length.
        """
        if not batch:
            return []
        if any(len(window) != WINDOW_BYTES for _, window in batch):
            raise ValueError(f"each window must have {WINDOW_BYTES} bytes")
        count = len(batch)
        # One copy for all calls instead of several for each: at eighty calls numpy's overhead would cost a third more.
        memory = np.stack([stream.memory for stream, _ in batch])
        audio = np.empty((count, _CONTEXT_SAMPLES + WINDOW_SAMPLES), dtype=np.float32)
        audio[:, :_CONTEXT_SAMPLES] = memory[:, -_CONTEXT_SAMPLES:]
        fresh = np.frombuffer(b"".join([window for _, window in batch]), dtype="<i2").reshape(count, WINDOW_SAMPLES)
        np.multiply(fresh, _FULL_SCALE, out=audio[:, _CONTEXT_SAMPLES:])
        states = memory[:, : 2 * _STATE_SIZE].reshape(count, 2, _STATE_SIZE).transpose(1, 0, 2)
        output, new_states = self._session.run(
            None, {"input": audio, "state": np.ascontiguousarray(states), "sr": self._rate}
        )
        memory[:, : 2 * _STATE_SIZE] = new_states.transpose(1, 0, 2).reshape(count, 2 * _STATE_SIZE)
        memory[:, -_CONTEXT_SAMPLES:] = audio[:, -_CONTEXT_SAMPLES:]
        for (stream, _), row in zip(batch, memory, strict=True):
            stream.memory = row
        probabilities: list[float] = np.clip(output[:, 0], 0.0, 1.0).tolist()
        return probabilities

    def probabilities_of_many(self, batch: Sequence[tuple[VoiceStream, Sequence[bytes]]]) -> list[list[float]]:
        """Like `probabilities`, for several windows a stream: as many runs as the longest stream has windows."""
        results: list[list[float]] = [[] for _ in batch]
        for round_number in range(max((len(windows) for _, windows in batch), default=0)):
            members = [index for index, (_, windows) in enumerate(batch) if len(windows) > round_number]
            values = self.probabilities([(batch[index][0], batch[index][1][round_number]) for index in members])
            for index, value in zip(members, values, strict=True):
                results[index].append(value)
        return results


def _packaged_model() -> Path:
    spec = importlib.util.find_spec("silero_vad")  # finds the folder without importing the package (and torch)
    if spec is None or not spec.submodule_search_locations:
        raise TelephonyError("the package silero-vad is not installed: run `make run` again to complete the set-up")
    return Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.onnx"
