"""Samples for the recognisers: checking, band-limited resampling, cutting long recordings at quiet points. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr

from asr_models.recogniser import RecogniserError, Samples

MODEL_RATE_HZ: Final = 16_000
_RATES_HZ: Final = (8_000, 16_000)
_SHORTEST_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 60.0
_LEVEL_FRAME_SECONDS: Final = 0.02


def from_pcm16(pcm16: bytes) -> Samples:
    """16-bit little-endian mono to float32 in -1..1.

    Raises:
        RecogniserError: an odd number of bytes.
    """
    if len(pcm16) % 2:
        raise RecogniserError(f"{len(pcm16)} bytes are no 16-bit samples")
    return np.frombuffer(pcm16, dtype="<i2").astype(np.float32) / np.float32(32768.0)


def check_rate(sample_rate_hz: int) -> None:
    """
    Raises:
        RecogniserError: not 8,000 or 16,000 Hz.
    """
    if sample_rate_hz not in _RATES_HZ:
        raise RecogniserError(f"audio at {sample_rate_hz} Hz: only 8000 and 16000 Hz can be recognised")


def check(samples: Samples, sample_rate_hz: int) -> None:
    """
    Raises:
        RecogniserError: not mono float samples at 8,000 or 16,000 Hz of 0.1 to 60 seconds.
    """
    check_rate(sample_rate_hz)
    if samples.ndim != 1:
        raise RecogniserError(f"audio with {samples.ndim} dimensions: one channel is needed")
    seconds = len(samples) / sample_rate_hz
    if not _SHORTEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        raise RecogniserError(f"audio of {seconds:.2f} s: {_SHORTEST_SECONDS} to {_LONGEST_SECONDS:.0f} s are needed")
    if not np.isfinite(samples).all():
        raise RecogniserError("audio with samples that are no numbers")


def to_model_rate(samples: Samples, sample_rate_hz: int) -> Samples:
    """At 16 kHz, band-limited: nothing appears above the telephone's own 4 kHz."""
    if sample_rate_hz == MODEL_RATE_HZ:
        return samples.astype(np.float32, copy=False)
    resampled: Samples = soxr.resample(samples, sample_rate_hz, MODEL_RATE_HZ, quality="HQ").astype(np.float32)
    return resampled


class StreamResampler:
    """As `to_model_rate`, chunk by chunk without seams."""

    def __init__(self, sample_rate_hz: int) -> None:
        check_rate(sample_rate_hz)
        same = sample_rate_hz == MODEL_RATE_HZ
        self._stream = None if same else soxr.ResampleStream(sample_rate_hz, MODEL_RATE_HZ, 1, dtype="float32")
        self._sample_rate_hz = sample_rate_hz

    def __call__(self, samples: Samples) -> Samples:
        wide = samples.astype(np.float32, copy=False)
        return wide if self._stream is None else np.asarray(self._stream.resample_chunk(wide), np.float32)

    def flush(self, silence_seconds: float) -> Samples:
        """What the filter still holds, followed by silence; nothing can be fed afterwards."""
        silence = np.zeros(round(silence_seconds * self._sample_rate_hz), np.float32)
        if self._stream is None:
            return silence
        return np.asarray(self._stream.resample_chunk(silence, last=True), np.float32)


def frame_levels(samples: Samples, sample_rate_hz: int) -> Samples:
    """Root mean square of every 20 ms."""
    frame = int(sample_rate_hz * _LEVEL_FRAME_SECONDS)
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame)
    levels: Samples = np.sqrt(np.mean(whole * whole, axis=1, dtype=np.float32))
    return levels


def loud_seconds(samples: Samples, sample_rate_hz: int, *, floor: float = 0.002) -> float:
    """How long the audio stands out of its own background: an upper bound for the speech in it.

    A frame counts where it is over `floor` (-54 dBFS: below is line noise) and over a tenth of the loud frames' level.
    """
    levels = frame_levels(samples, sample_rate_hz)
    if not len(levels):
        return 0.0
    threshold = max(floor, 0.1 * float(np.percentile(levels, 95)))
    return float(np.count_nonzero(levels > threshold)) * _LEVEL_FRAME_SECONDS


def cut_at_quiet_points(samples: Samples, sample_rate_hz: int, longest_seconds: float) -> list[Samples]:
    """Pieces of at most `longest_seconds`, each cut in the middle of the quietest 0.3 s of its second half."""
    pieces: list[Samples] = []
    rest = samples
    longest = int(longest_seconds * sample_rate_hz)
    frame = int(sample_rate_hz * _LEVEL_FRAME_SECONDS)
    window = round(0.3 / _LEVEL_FRAME_SECONDS)
    while len(rest) > longest:
        earliest = max(longest // 2, len(rest) - longest) if len(rest) < 2 * longest else longest // 2
        energy = frame_levels(rest[earliest:longest], sample_rate_hz) ** 2
        cut = longest
        if len(energy) >= window:
            smooth = np.convolve(energy, np.ones(window) / window, mode="valid")
            cut = earliest + (int(np.argmin(smooth)) + window // 2) * frame
        pieces.append(rest[:cut])
        rest = rest[cut:]
    pieces.append(rest)
    return pieces
