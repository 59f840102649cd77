"""The formats in which a PBX may send a telephone's audio, and the way from and to our own (PCM16, 8 kHz)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from telephony.audio import FRAME_SECONDS, RATE_HZ, alaw_to_pcm, pcm_to_alaw, pcm_to_ulaw, ulaw_to_pcm
from telephony.resampling import Resampler


@dataclass(frozen=True, slots=True)
class MediaFormat:
    rate_hz: int
    sample_bytes: int
    to_pcm: Callable[[bytes], bytes] | None = None
    from_pcm: Callable[[bytes], bytes] | None = None

    @property
    def frame_bytes(self) -> int:
        """20 ms of it."""
        return round(self.rate_hz * FRAME_SECONDS) * self.sample_bytes


def linear(rate_hz: int) -> MediaFormat:
    return MediaFormat(rate_hz, 2)


# By Asterisk's names.
FORMATS: Final[dict[str, MediaFormat]] = {
    "alaw": MediaFormat(RATE_HZ, 1, alaw_to_pcm, pcm_to_alaw),
    "ulaw": MediaFormat(RATE_HZ, 1, ulaw_to_pcm, pcm_to_ulaw),
    "slin": linear(8_000),
    "slin12": linear(12_000),
    "slin16": linear(16_000),
    "slin24": linear(24_000),
    "slin32": linear(32_000),
    "slin44": linear(44_100),
    "slin48": linear(48_000),
}


class Converter:
    """Both directions of one call's audio in one format; it keeps the resamplers' past."""

    def __init__(self, media: MediaFormat) -> None:
        self.media = media
        self._in = Resampler(media.rate_hz, RATE_HZ)
        self._out = Resampler(RATE_HZ, media.rate_hz)

    def from_wire(self, data: bytes) -> bytes:
        return self._in.convert(self.media.to_pcm(data) if self.media.to_pcm else data)

    def to_wire(self, pcm: bytes) -> bytes:
        converted = self._out.convert(pcm)
        return self.media.from_pcm(converted) if self.media.from_pcm else converted
