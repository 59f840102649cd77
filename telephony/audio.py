"""Audio as the phone knows it: 8 kHz mono PCM16, frames of 20 ms, G.711, WAV files in any rate.

Inside the process audio is `bytes` of signed 16-bit little-endian samples; numbers are only needed where a model or a
codec looks at them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from telephony.errors import TelephonyError

RATE_HZ: Final = 8_000
FRAME_SECONDS: Final = 0.02
SAMPLE_BYTES: Final = 2
FRAME_SAMPLES: Final = 160
FRAME_BYTES: Final = FRAME_SAMPLES * SAMPLE_BYTES
BYTES_A_SECOND: Final = RATE_HZ * SAMPLE_BYTES

_FADE_SAMPLES: Final = 40

Pcm = npt.NDArray[np.int16]
Samples = npt.NDArray[np.float32]


def seconds_of(pcm: bytes | bytearray, rate_hz: int = RATE_HZ) -> float:
    """How long a piece of PCM16 lasts."""
    return len(pcm) / (rate_hz * SAMPLE_BYTES)


def silence(seconds: float) -> bytes:
    return bytes(int(seconds * RATE_HZ) * SAMPLE_BYTES)


def to_samples(pcm: bytes | bytearray) -> Samples:
    """PCM16 -> float32 in -1..1. An odd last byte is dropped."""
    usable = len(pcm) - len(pcm) % SAMPLE_BYTES
    return np.frombuffer(bytes(pcm[:usable]), dtype="<i2").astype(np.float32) / 32768.0


def to_pcm(samples: npt.NDArray[np.float32] | npt.NDArray[np.float64]) -> bytes:
    """float in -1..1 -> PCM16; louder values are clipped, never wrapped."""
    loud = np.clip(samples.astype(np.float64), -1.0, 32767 / 32768) * 32768.0
    return bytes(loud.round().astype("<i2").tobytes())


def faded_out(pcm: bytes) -> bytes:
    """One frame in which `pcm` fades within 5 ms, silence behind it; nothing for nothing."""
    if not pcm:
        return b""
    values = np.frombuffer(pcm[: 2 * _FADE_SAMPLES], dtype="<i2").astype(np.float32)
    frame = np.zeros(FRAME_SAMPLES, dtype="<i2")
    frame[: len(values)] = (values * np.linspace(1.0, 0.0, len(values), dtype=np.float32)).round()
    return frame.tobytes()


def level_dbfs(pcm: bytes) -> float:
    """Root mean square level against full scale; -120 for digital silence."""
    samples = to_samples(pcm)
    power = float(np.mean(samples * samples)) if samples.size else 0.0
    return 10.0 * np.log10(power) if power > 1e-12 else -120.0


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Band-limited conversion of the sampling rate (the anti-alias filter keeps images under -100 dB)."""
    if from_hz == to_hz:
        return samples
    converted: Samples = soxr.resample(samples, from_hz, to_hz, quality="HQ").astype(np.float32)
    return converted


def read_wav(path: Path) -> bytes:
    """Any WAV (PCM, float, A-law, mu-law; any rate, any channels) as 8 kHz mono PCM16.

    Raises:
        TelephonyError: the file is missing or is not audio.
    """
    try:
        data, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise TelephonyError(f"cannot read {path} as audio: {error}") from error
    return to_pcm(resample(data.mean(axis=1), int(rate), RATE_HZ))


# --- G.711 (ITU-T G.711, 1988) ----------------------------------------------------------------------------------------


def _alaw_decode_table() -> Pcm:
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    mantissa = (codes & 0x0F) << 4
    segment = (codes & 0x70) >> 4
    magnitude = np.where(segment == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(segment - 1, 0))
    return np.where(codes & 0x80, magnitude, -magnitude).astype(np.int16)


def _ulaw_decode_table() -> Pcm:
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((codes & 0x0F) << 3) + 0x84) << ((codes & 0x70) >> 4)) - 0x84
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)


def _encode_table(decode: Pcm) -> npt.NDArray[np.uint8]:
    """The nearest code for each of the 65,536 samples; made from the decoder, so both agree by construction."""
    order = np.argsort(decode, kind="stable")
    levels = decode[order].astype(np.int32)
    samples = np.arange(-32768, 32768, dtype=np.int32)
    right = np.clip(np.searchsorted(levels, samples), 1, len(levels) - 1)
    nearer_left = samples - levels[right - 1] <= levels[right] - samples
    return order[np.where(nearer_left, right - 1, right)].astype(np.uint8)


_ALAW_DECODE: Final = _alaw_decode_table()
_ULAW_DECODE: Final = _ulaw_decode_table()
_ALAW_ENCODE: Final = _encode_table(_ALAW_DECODE)
_ULAW_ENCODE: Final = _encode_table(_ULAW_DECODE)


def _decode(table: Pcm, payload: bytes) -> bytes:
    return table[np.frombuffer(payload, dtype=np.uint8)].astype("<i2").tobytes()


def _encode(table: npt.NDArray[np.uint8], pcm: bytes) -> bytes:
    usable = len(pcm) - len(pcm) % SAMPLE_BYTES
    samples = np.frombuffer(pcm[:usable], dtype="<i2").astype(np.int32)
    return table[samples + 32768].tobytes()


def alaw_to_pcm(payload: bytes) -> bytes:
    return _decode(_ALAW_DECODE, payload)


def pcm_to_alaw(pcm: bytes) -> bytes:
    return _encode(_ALAW_ENCODE, pcm)


def ulaw_to_pcm(payload: bytes) -> bytes:
    return _decode(_ULAW_DECODE, payload)


def pcm_to_ulaw(pcm: bytes) -> bytes:
    return _encode(_ULAW_ENCODE, pcm)


def tone(frequency_hz: float, seconds: float, level: float = 0.2) -> bytes:
    """A sine with 10 ms ramps: what a caller hears when there is no voice at all."""
    count = int(seconds * RATE_HZ)
    wave = level * np.sin(2 * np.pi * frequency_hz * np.arange(count) / RATE_HZ)
    ramp = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.01 * RATE_HZ))
    return to_pcm(wave * ramp)
