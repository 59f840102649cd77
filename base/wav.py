"""The head of a WAV file of G.711 A-law, one byte a sample (RIFF, as Microsoft's mmreg.h has it)."""

from __future__ import annotations

import struct
from typing import Final

HEADER_BYTES: Final = 58
_RATE_HZ: Final = 8_000
_ALAW: Final = 6  # the format's number


def alaw_header(data_bytes: int, channels: int = 2) -> bytes:
    """Of a file with so many bytes of samples."""
    return struct.pack(
        "<4sI4s4sIHHIIHHH4sII4sI",
        b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE",
        b"fmt ", 18, _ALAW, channels, _RATE_HZ, _RATE_HZ * channels, channels, 8, 0,
        b"fact", 4, data_bytes // channels,
        b"data", data_bytes,
    )  # fmt: skip
