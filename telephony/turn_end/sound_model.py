"""Does this sound like somebody who has finished? A learned end-of-turn model over the last 8 seconds of audio.

Smart Turn v3.2 (pipecat-ai, BSD-2-Clause): the encoder of Whisper tiny with a small head, trained on 23 languages,
Chinese among them. Input: log-mel features as Whisper's (80 bands, 10 ms apart) of audio that ends with the short
pause, padded with silence in front; output: the probability that the turn is complete. About 27 ms of one core for a
whole window; of the silence in front only an eighth is computed (`sound_graph`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soxr

from telephony.audio import RATE_HZ, SAMPLE_BYTES, to_samples
from telephony.errors import TelephonyError
from telephony.turn_end import sound_graph

MODEL_NAME: Final = "smart-turn-v3.2"
MODEL_FILE: Final = "smart-turn-v3.2-cpu.onnx"
WINDOW_SECONDS: Final = 8.0

_MODEL_RATE_HZ: Final = 16_000
_WINDOW_SAMPLES: Final = int(WINDOW_SECONDS * _MODEL_RATE_HZ)
_FFT: Final = 400
_HOP: Final = 160
_BANDS: Final = 80
_POSITION_SAMPLES: Final = 2 * _HOP  # the second convolution takes every other frame
_REACH: Final = 4  # positions: so far before the sound the features and the convolutions see it

Floats = npt.NDArray[np.float32]


class SoundModel:
    """`finished` computes and blocks: call it in a thread. One thread of ONNX, safe to share between threads."""

    def __init__(self, directory: Path) -> None:
        """
        Raises:
            TelephonyError: the model is not there or cannot be loaded.
        """
        from base.onnx_runtime import onnxruntime

        path = directory / MODEL_FILE
        if not path.is_file():
            raise TelephonyError(f"no end-of-turn model at {path}; run `hotline models fetch {MODEL_NAME}`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            graph = sound_graph.sparing(path)
            self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnx and onnxruntime raise bare exceptions of their own for a damaged file
            raise TelephonyError(f"the end-of-turn model {path} cannot be loaded: {error}") from error

    def finished(self, pcm: bytes) -> float:
        """The probability that the speaker has finished; `pcm` (8 kHz) ends 0.1 to 0.3 s after the last sound."""
        narrow = to_samples(pcm[-int(WINDOW_SECONDS * RATE_HZ) * SAMPLE_BYTES :])
        wide = soxr.resample(narrow, RATE_HZ, _MODEL_RATE_HZ, quality="HQ").astype(np.float32)[-_WINDOW_SAMPLES:]
        layout = sound_graph.layout(-(-len(wide) // _POSITION_SAMPLES) + _REACH)
        seen = features(wide, (layout.silent + layout.sounding) * _POSITION_SAMPLES)
        inputs = {
            sound_graph.FEATURES: seen[None],
            sound_graph.PLACES: layout.places,
            sound_graph.LOG_COUNTS: layout.log_counts,
        }
        output = self._session.run(None, inputs)
        return min(1.0, max(0.0, float(np.asarray(output[0]).ravel()[0])))


def features(samples: Floats, window_samples: int = _WINDOW_SAMPLES) -> Floats:
    """Log-mel features, 80 x a frame for every 160 of `window_samples`, of 16 kHz samples: the last 8 s, silence in
    front where there is less.

    The waveform is brought to mean 0 and variance 1 first, as the model was trained: those of a window of 8 s, also
    where less of the silence in front is asked for.
    """
    window = np.zeros(window_samples, np.float32)
    kept = samples[-_WINDOW_SAMPLES:]
    if len(kept):
        window[-len(kept) :] = kept
    mean = np.float32(kept.sum(dtype=np.float64) / _WINDOW_SAMPLES)
    square = np.float32(np.square(kept, dtype=np.float64).sum() / _WINDOW_SAMPLES)
    window = (window - mean) / np.sqrt(max(np.float32(0.0), square - mean * mean) + np.float32(1e-7))
    padded = np.pad(window, _FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[:window_samples:_HOP][: window_samples // _HOP]
    power = np.abs(np.fft.rfft(frames * _HANN, axis=1)) ** 2
    logarithm = np.log10(np.maximum(1e-10, power @ _MEL)).T
    clipped = np.maximum(logarithm, logarithm.max() - 8.0)
    result: Floats = np.ascontiguousarray((clipped + 4.0) / 4.0, dtype=np.float32)
    return result


def _mel_of(hertz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Slaney's scale: linear up to 1,000 Hz, logarithmic above."""
    high = 15.0 + np.log(np.maximum(hertz, 1e-9) / 1000.0) * 27.0 / np.log(6.4)
    return np.where(hertz < 1000.0, 3.0 * hertz / 200.0, high)


def _hertz_of(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < 15.0, 200.0 * mel / 3.0, 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0)))


def _filters() -> Floats:
    """Triangles between neighbouring points of the mel scale, each of equal area; bins x bands."""
    low, high = _mel_of(np.array([0.0, _MODEL_RATE_HZ / 2]))
    points = _hertz_of(np.linspace(low, high, _BANDS + 2))
    bins = np.linspace(0.0, _MODEL_RATE_HZ / 2, _FFT // 2 + 1)[:, None]
    rising = (bins - points[:-2]) / (points[1:-1] - points[:-2])
    falling = (points[2:] - bins) / (points[2:] - points[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (points[2:] - points[:-2]))
    return np.asarray(triangles, np.float32)


_MEL: Final = _filters()
_HANN: Final = np.hanning(_FFT + 1)[:-1].astype(np.float32)
