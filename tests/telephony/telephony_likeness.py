"""Is what arrived what was sent? By shape and piece by piece: one slip of a jitter buffer is a slip, not a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float64]

PIECE_SECONDS = 0.1
SLIP_SECONDS = 0.3  # how far a piece may lie from where the whole says it should


@dataclass(frozen=True)
class Likeness:
    alike: float  # correlation that four of five pieces reach
    level_db: float  # of what arrived against what was sent
    start: int  # the sample of what arrived at which it begins


def wave(pcm: bytes) -> Wave:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64)


def _finer(samples: Wave, times: int) -> Wave:
    """So many times as many samples of the same wave."""
    return np.asarray(np.fft.irfft(np.fft.rfft(samples), times * len(samples)) * times) if times > 1 else samples


def _best(piece: Wave, line: Wave) -> int:
    """Where in the line the piece fits best, whatever the loudness there."""
    places = max(1, len(line) - len(piece))
    size = 1 << (len(piece) + len(line)).bit_length()
    fit = np.fft.irfft(np.fft.rfft(line, size) * np.conj(np.fft.rfft(piece, size)), size)[:places]
    energy = np.concatenate((np.zeros(1), np.cumsum(line * line)))
    around = energy[len(piece) : len(piece) + places] - energy[:places]
    return int(np.argmax(fit / np.sqrt(around + 0.01 * (piece @ piece))))


def likeness(sent: bytes, got: bytes, rate_hz: int = 8_000, *, finer: int = 8) -> Likeness:
    """`finer`: look between the samples too, for a filter on the way may delay by a part of one; 1 where there is none
    (it costs seconds on long speech)."""
    a, b = wave(sent), wave(got)
    assert len(b) >= 0.8 * len(a), f"only {len(b)} of {len(a)} samples arrived"
    margin = np.zeros(len(a))
    a, b = _finer(a, finer), np.concatenate((_finer(margin, finer), _finer(b, finer), _finer(margin, finer)))
    place = _best(a, b)
    length, slip = (int(seconds * rate_hz) * finer for seconds in (PIECE_SECONDS, SLIP_SECONDS))
    loudness = np.sqrt(a @ a / len(a))
    fits, energy_in, energy_out = [], 0.0, 0.0
    for at in range(0, len(a) - length + 1, length):
        piece = a[at : at + length]
        if np.sqrt(piece @ piece / length) < 0.3 * loudness:
            continue  # a pause looks like every other pause
        low = max(0, place + at - slip)
        near = b[low : place + at + length + slip]
        start = _best(piece, near)
        found = near[start : start + length]
        if len(found) < length:
            found = np.pad(found, (0, length - len(found)))
        fits.append(float(piece @ found / np.sqrt((piece @ piece) * (found @ found) + 1e-9)))
        energy_in, energy_out = energy_in + float(piece @ piece), energy_out + float(found @ found)
    level_db = float(10 * np.log10((energy_out + 1e-9) / energy_in))
    return Likeness(float(np.quantile(fits, 0.2)), level_db, (place - finer * len(margin)) // finer)
