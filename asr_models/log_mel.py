"""The picture of sound that Whisper was trained on: 80 bands of the mel scale, logarithmic, 100 frames a second. Pure.

Only frames that hold audio are computed; the silence behind them up to the window's end has a known value.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import fft

from asr_models.recogniser import Samples

RATE_HZ: Final = 16_000
FRAMES_A_SECOND: Final = 100
BANDS: Final = 80
_HOP: Final = RATE_HZ // FRAMES_A_SECOND
_SIZE: Final = 400
_FLOOR: Final = 1e-10
_RANGE: Final = 8.0  # powers of ten below the loudest point: quieter is cut off


def log_mel(samples: Samples, frames: int) -> Samples:
    """(80, frames), scaled as Whisper expects it; `samples` at 16 kHz, shorter than the frames or cut off there."""
    used = samples[: frames * _HOP].astype(np.float32, copy=False)
    reach = _SIZE // 2
    padded = np.concatenate([used[reach:0:-1], used, np.zeros(_SIZE, np.float32)])
    count = min(frames, (len(used) + reach) // _HOP + 1)
    cut = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP][:count]
    spectrum = fft.rfft(cut * _window(), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    picture = np.full((BANDS, frames), np.log10(_FLOOR), np.float32)
    picture[:, : len(cut)] = np.log10(np.maximum(_filters() @ power.T, _FLOOR))
    np.maximum(picture, picture.max() - _RANGE, out=picture)
    return (picture + np.float32(4.0)) / np.float32(4.0)


@lru_cache(maxsize=1)
def _window() -> Samples:
    return np.hanning(_SIZE + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=1)
def _filters() -> Samples:
    """Triangles on Slaney's mel scale (linear below 1 kHz, logarithmic above), each of the same area."""
    edges = _hertz(np.linspace(0.0, _mel(RATE_HZ / 2), BANDS + 2))
    bins = np.linspace(0.0, RATE_HZ / 2, _SIZE // 2 + 1)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))[:, None]
    filters: Samples = triangles.astype(np.float32)
    return filters


_LINEAR_HZ: Final = 200.0 / 3.0
_KNEE_HZ: Final = 1_000.0
_STEP: Final = float(np.log(6.4) / 27.0)


def _mel(hertz: float) -> float:
    return float(_KNEE_HZ / _LINEAR_HZ + np.log(hertz / _KNEE_HZ) / _STEP)  # above the knee only


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    knee = _KNEE_HZ / _LINEAR_HZ
    return np.where(mel < knee, mel * _LINEAR_HZ, _KNEE_HZ * np.exp(_STEP * (mel - knee)))
