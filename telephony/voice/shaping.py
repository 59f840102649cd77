"""From the vocoder's output to the telephone: trimmed, even in loudness, without clicks, at 8 kHz. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
import soxr

from telephony.voice.voice import PHONE_RATE_HZ, Samples

SHAPING_VERSION: Final = "2"
"""Counted up with every change of the sound: audio of an older version is then not used any more."""
_FRAME_SECONDS: Final = 0.01
_EDGE_SECONDS: Final = 0.03
_FADE_SECONDS: Final = 0.008
_TARGET_LEVEL: Final = 0.1
"""Root mean square of speech, -20 dBFS: about the -19 dBm0 to which ITU-T P.56 levels telephone speech."""
_PEAK_LIMIT: Final = 0.89
_SILENCE_BELOW: Final = 0.03


def for_telephone(samples: Samples, sample_rate_hz: int, pause_seconds: float) -> bytes:
    """PCM16 little endian, 8 kHz mono, with `pause_seconds` of silence behind it."""
    trimmed = trim(samples, sample_rate_hz)
    narrow = trimmed
    if sample_rate_hz != PHONE_RATE_HZ and len(trimmed):
        narrow = soxr.resample(trimmed, sample_rate_hz, PHONE_RATE_HZ, quality="VHQ").astype(np.float32)
    levelled = fade(level(narrow, PHONE_RATE_HZ), PHONE_RATE_HZ)
    silence = np.zeros(round(pause_seconds * PHONE_RATE_HZ), np.float32)
    whole = np.concatenate([levelled, silence])
    return np.clip(np.round(whole * 32767.0), -32768, 32767).astype("<i2").tobytes()


def _frames(samples: Samples, sample_rate_hz: int) -> Samples:
    size = int(sample_rate_hz * _FRAME_SECONDS)
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    levels: Samples = np.sqrt(np.mean(whole * whole, axis=1, dtype=np.float32))
    return levels


def trim(samples: Samples, sample_rate_hz: int) -> Samples:
    """Without the silence at both ends, but for 30 ms."""
    levels = _frames(samples, sample_rate_hz)
    if not len(levels) or not levels.max() > 0:
        return samples[:0]
    loud = np.flatnonzero(levels > _SILENCE_BELOW * levels.max())
    edge = round(_EDGE_SECONDS * sample_rate_hz)
    size = int(sample_rate_hz * _FRAME_SECONDS)
    return samples[max(0, int(loud[0]) * size - edge) : (int(loud[-1]) + 1) * size + edge]


def level(samples: Samples, sample_rate_hz: int) -> Samples:
    """Speech at the target level; peaks over the limit are bent softly, never cut."""
    levels = _frames(samples, sample_rate_hz)
    if not len(levels) or not levels.max() > 0:
        return samples
    speech = levels[levels > 0.1 * levels.max()]
    gained = samples * np.float32(_TARGET_LEVEL / float(np.sqrt(np.mean(speech**2))))
    knee = 0.7 * _PEAK_LIMIT
    over = np.abs(gained) > knee
    bent = np.sign(gained) * (knee + (_PEAK_LIMIT - knee) * np.tanh((np.abs(gained) - knee) / (_PEAK_LIMIT - knee)))
    shaped: Samples = np.where(over, bent, gained).astype(np.float32)
    return shaped


def fade(samples: Samples, sample_rate_hz: int) -> Samples:
    """Both ends rise from and fall to zero, so that pieces join without a click."""
    length = min(round(_FADE_SECONDS * sample_rate_hz), len(samples) // 2)
    if not length:
        return samples
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(length) / length)).astype(np.float32)
    faded = samples.copy()
    faded[:length] *= ramp
    faded[-length:] *= ramp[::-1]
    return faded
