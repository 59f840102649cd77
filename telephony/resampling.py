"""A live stream in another sampling rate: a polyphase filter that keeps its past, so frames of any size join up.

Block resamplers (soxr's streams) hold audio back for 60 to 100 ms; a conversation must not wait. This one delays by
half its filter: 2.1 ms between 16 and 8 kHz.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import Final

import numpy as np
import numpy.typing as npt

from telephony.audio import SAMPLE_BYTES

# Of the lower rate: flat up to 0.425 (3.4 kHz of 8 kHz, the telephone band), gone from 0.575 on. What folds back falls
# between 3.4 and 4 kHz, where a telephone passes nothing.
_CUT_OFF: Final = 0.5
_TRANSITION: Final = 0.15
_STOP_BAND_DB: Final = 80.0

Taps = npt.NDArray[np.float32]


@lru_cache(maxsize=32)
def _phases(up: int, down: int) -> Taps:
    """A Kaiser-windowed sinc as `up` filters of equal length, each reversed so that it can be laid over the past."""
    lower = 1.0 / max(up, down)  # the lower rate, as a part of the rate at which the filter runs
    width = _TRANSITION * lower * 2 * np.pi
    length = int(np.ceil((_STOP_BAND_DB - 8.0) / (2.285 * width) / up)) * up
    beta = 0.1102 * (_STOP_BAND_DB - 8.7)
    at = np.arange(length) - (length - 1) / 2
    prototype = np.sinc(2 * _CUT_OFF * lower * at) * np.kaiser(length, beta)
    prototype *= up / prototype.sum()
    return np.ascontiguousarray(prototype.reshape(-1, up).T[:, ::-1].astype(np.float32))


class Resampler:
    """PCM16 mono in, PCM16 mono out. An odd byte at the end of a piece waits for the next one."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """
        Raises:
            ValueError: a rate is not between 4 and 192 kHz.
        """
        if not (4_000 <= from_hz <= 192_000 and 4_000 <= to_hz <= 192_000):
            raise ValueError(f"cannot convert {from_hz} Hz to {to_hz} Hz")
        common = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // common, from_hz // common
        self._filters = _phases(self._up, self._down) if from_hz != to_hz else None
        self._odd = b""
        taps = self._filters.shape[1] if self._filters is not None else 1
        self._past = np.zeros(taps - 1, dtype=np.float32)
        self._next = 0  # the next output sample, counted in steps of 1/up from the first sample after the past

    def convert(self, pcm: bytes) -> bytes:
        data = self._odd + pcm
        usable = len(data) - len(data) % SAMPLE_BYTES
        data, self._odd = data[:usable], data[usable:]
        if self._filters is None or not data:
            return data
        fresh = np.frombuffer(data, dtype="<i2").astype(np.float32)
        line = np.concatenate((self._past, fresh))
        steps = np.arange(self._next, len(fresh) * self._up, self._down)
        self._next = self._next + len(steps) * self._down - len(fresh) * self._up
        self._past = line[len(fresh) :]
        if not len(steps):
            return b""
        windows = np.lib.stride_tricks.sliding_window_view(line, self._filters.shape[1])
        if self._up == 1:
            samples = windows[steps] @ self._filters[0]
        else:
            samples = np.einsum("ij,ij->i", windows[steps // self._up], self._filters[steps % self._up])
        return bytes(np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes())
