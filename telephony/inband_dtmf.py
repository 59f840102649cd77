"""Keys heard in the audio itself, from lines that send no telephone events (ITU-T Q.23, Q.24).

Windows of 26 ms every 5 ms; in each the power at the eight tones and a little beside them, in one matrix product for
100 ms at a time. A window belongs to a key when two tones, one of each group, hold nearly all of its energy, are about
equally strong and sit on their frequencies, and a key is pressed when several windows in a row belong to it. Voices put
their energy into many harmonics: hardly ever are two such tones nearly all of it for so long. So a few windows are
looked at first, which no key can pass between.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from telephony.audio import RATE_HZ, SAMPLE_BYTES

LOW_HZ: Final = (697.0, 770.0, 852.0, 941.0)
HIGH_HZ: Final = (1209.0, 1336.0, 1477.0, 1633.0)
KEYS: Final = ("123A", "456B", "789C", "*0#D")  # row: low tone, column: high tone

WINDOW_SAMPLES: Final = 208
HOP_SAMPLES: Final = 40
CHUNK_SAMPLES: Final = 800
LEAST_WINDOWS: Final = 4  # Q.24: a tone of 40 ms (five windows fit into it) must be taken, one of 20 ms must not
_PROBED: Final = np.array([*range(0, CHUNK_SAMPLES // HOP_SAMPLES, LEAST_WINDOWS), CHUNK_SAMPLES // HOP_SAMPLES - 1])
"""Of as many windows in a row as a key needs, one of these is one; and the last, with which a key may begin."""
PAUSE_WINDOWS: Final = 8  # Q.24: 40 ms part two presses, an interruption of 10 ms does not
LEAST_LEVEL_DBFS: Final = -42.0  # of the weaker tone; full scale is a sine that fills the 16 bits
LEAST_SHARE: Final = 0.9  # of a window's energy that the two tones hold
HIGH_OVER_LOW_DB: Final = (-9.0, 7.0)  # "twist"
BESIDE: Final = 0.025  # where beside a tone its power is looked at: decides how far off a frequency may be
LOW_OFF: Final = 0.0225  # Q.24: 1.8 % off its frequency must be taken, 3.5 % must not …
HIGH_OFF: Final = 0.0195  # … where the estimate, made for narrow deviations, has reached its end

_LEAST_ON_SHARE: Final = 0.35
"""The same at the tones' own frequencies: 0.39 of a key's window at least, however far off its tones may be."""
_FLAT: Final = 1e-3  # less curvature than this is no peak
_Floats = npt.NDArray[np.float32]


def _bank() -> _Floats:
    """Columns: cosine and sine of each tone at (below, on, above), windowed; a sine of amplitude a gives power a²."""
    window = np.hanning(WINDOW_SAMPLES + 1)[:-1]
    time = np.arange(WINDOW_SAMPLES) / RATE_HZ
    columns = []
    for tone in (*LOW_HZ, *HIGH_HZ):
        for factor in (1.0 - BESIDE, 1.0, 1.0 + BESIDE):
            angle = 2.0 * np.pi * tone * factor * time
            columns += [window * np.cos(angle), window * np.sin(angle)]
    bank: _Floats = (np.stack(columns, axis=1) * (2.0 / window.sum())).astype(np.float32)
    return bank


_BANK: Final = _bank()
_ON_BANK: Final = np.ascontiguousarray(_BANK.reshape(WINDOW_SAMPLES, 8, 3, 2)[:, :, 1].reshape(WINDOW_SAMPLES, 16))
_SQUARED_WINDOW: Final = (np.hanning(WINDOW_SAMPLES + 1)[:-1] ** 2).astype(np.float32)
_ENERGY_SCALE: Final = 2.0 / float(_SQUARED_WINDOW.sum())  # a lone sine of amplitude a has energy a²
_QUIETEST: Final = 10.0 ** (LEAST_LEVEL_DBFS / 10.0)


class InbandKeys:
    """One call. Feed it the caller's audio, PCM16 at 8 kHz."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._key = -1
        self._on = 0  # windows that held the key
        self._off = 0  # windows since the last one that did
        self._told = False

    def feed(self, pcm: bytes) -> list[str]:
        """The keys whose tones have lasted long enough, in order; each press once. At most 150 ms late."""
        self._kept += pcm
        needed = CHUNK_SAMPLES + WINDOW_SAMPLES - HOP_SAMPLES
        pressed: list[str] = []
        while len(self._kept) >= needed * SAMPLE_BYTES:
            samples = np.frombuffer(bytes(self._kept[: needed * SAMPLE_BYTES]), dtype="<i2").astype(np.float32)
            samples /= 32768.0
            del self._kept[: CHUNK_SAMPLES * SAMPLE_BYTES]
            pressed += self._chunk(samples)
        return pressed

    def _chunk(self, samples: _Floats) -> list[str]:
        if float(np.dot(samples, samples)) < _QUIETEST * HOP_SAMPLES:
            self._quiet(CHUNK_SAMPLES // HOP_SAMPLES)
            return []
        if self._key < 0 and not _perhaps(samples):
            return []
        keys = decide(samples)
        if self._key < 0 and not (keys >= 0).any():
            return []
        return [pressed for key in keys.tolist() if (pressed := self._step(key)) is not None]

    def _step(self, key: int) -> str | None:
        """One window."""
        if key < 0:
            self._quiet(1)
            return None
        if key != self._key:
            self._key, self._on, self._told = key, 0, False
        self._off = 0
        self._on += 1
        if self._told or self._on < LEAST_WINDOWS:
            return None
        self._told = True
        return KEYS[key // 4][key % 4]

    def _quiet(self, windows: int) -> None:
        self._off += windows
        if self._off >= PAUSE_WINDOWS or not self._told:
            self._key, self._on, self._off = -1, 0, 0


def _perhaps(samples: _Floats) -> bool:
    """Whether there may be a key: in one of the windows that none passes between, much of the energy is near two tones.
    A fraction of the cost of `decide`, and true for few of the stretches in which somebody speaks."""
    windows = _windows(samples)[_PROBED]
    parts = (windows @ _ON_BANK) ** 2
    power = parts[:, 0::2] + parts[:, 1::2]
    strongest = power[:, :4].max(axis=1) + power[:, 4:].max(axis=1)
    return bool((strongest >= _LEAST_ON_SHARE * _energy(windows)).any())


def _windows(samples: _Floats) -> _Floats:
    return np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[::HOP_SAMPLES]


def _energy(windows: _Floats) -> _Floats:
    return (windows**2) @ _SQUARED_WINDOW * _ENERGY_SCALE


def decide(samples: _Floats) -> npt.NDArray[np.int64]:
    """For each window its key (row * 4 + column; -1: none)."""
    windows = _windows(samples)
    parts = (windows @ _BANK) ** 2
    power = (parts[:, 0::2] + parts[:, 1::2]).reshape(len(windows), 8, 3)
    energy = _energy(windows)
    on = power[:, :, 1]
    rows = np.arange(len(windows))
    low, high = on[:, :4].argmax(axis=1), on[:, 4:].argmax(axis=1)
    low_power, high_power = _peak(power[rows, low]), _peak(power[rows, 4 + high])
    both = low_power + high_power
    twist = high_power / np.maximum(low_power, 1e-12)
    good = (
        (np.minimum(low_power, high_power) >= _QUIETEST)
        & (both >= LEAST_SHARE * energy)
        & (twist >= 10.0 ** (HIGH_OVER_LOW_DB[0] / 10.0))
        & (twist <= 10.0 ** (HIGH_OVER_LOW_DB[1] / 10.0))
        & (np.abs(_deviation(power[rows, low])) <= LOW_OFF)
        & (np.abs(_deviation(power[rows, 4 + high])) <= HIGH_OFF)
    )
    return np.where(good, low * 4 + high, -1)


def _curve(three: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    """The parabola through the logarithms of the three powers: middle, slope, curvature (positive: no peak)."""
    logs: _Floats = np.log(np.maximum(three, np.float32(1e-12)))
    below, on, above = logs[:, 0], logs[:, 1], logs[:, 2]
    return on, (above - below) / np.float32(2.0), below - np.float32(2.0) * on + above


def _deviation(three: _Floats) -> _Floats:
    """How far the tone is off its frequency, as a share of it; infinite where there is no peak."""
    _, slope, curvature = _curve(three)
    return np.where(curvature < -_FLAT, -BESIDE * slope / np.minimum(curvature, -_FLAT), np.inf).astype(np.float32)


def _peak(three: _Floats) -> _Floats:
    """The power at the peak between the three."""
    middle, slope, curvature = _curve(three)
    above = np.where(curvature < -_FLAT, slope**2 / np.maximum(-2.0 * curvature, _FLAT), 0.0)
    return np.exp(middle + np.minimum(above, 2.0)).astype(np.float32)
