"""WeChat's better voices: Speex frames without a container, each behind one byte that tells its length.

The media server calls it `audio/x-speex-with-header-byte; rate=16000`, a name that speech services use for the same
framing: wide band, 16,000 samples a second, 20 ms a frame, nothing at the beginning. The decoder wants to be told in
Speex's own header (The Speex Codec Manual, table 7.1) what Ogg would have told it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

from workorders.media_types import HEAD_BYTES, media_type

RATE_HZ: Final = 16_000
_LEAST_FRAMES: Final = 5  # a tenth of a second; fewer bytes fit into this framing by chance
_FRAME_BYTES: Final = range(1, 107)  # wide band: from silence to quality 10
_WIDE_BAND: Final = 1
_FRAME_SAMPLES: Final = 320
_HEADER: Final = struct.pack(
    "<8s20s13i",
    b"Speex   ",
    b"1.2",
    1,  # version of this header
    80,  # its bytes
    RATE_HZ,
    _WIDE_BAND,
    4,  # version of the bit stream
    1,  # channel
    -1,  # bit rate: unknown
    _FRAME_SAMPLES,
    0,  # not said to vary
    1,  # frame a packet
    0,
    0,
    0,
)


def frames(encoded: bytes) -> list[bytes] | None:
    """The frames of a whole voice, without a last one that was cut off; None where the bytes are framed otherwise."""
    if media_type(encoded[:HEAD_BYTES]):
        return None
    found: list[bytes] = []
    at = 0
    while at < len(encoded):
        size = encoded[at]
        if size not in _FRAME_BYTES:
            return None
        frame = encoded[at + 1 : at + 1 + size]
        if len(frame) == size:
            found.append(frame)
        at += 1 + size
    return found if len(found) >= _LEAST_FRAMES else None


def decoded(voice: Sequence[bytes]) -> Iterator[Any]:
    """The sound of each frame, as `av.AudioFrame`.

    Raises:
        av.FFmpegError: a frame is no Speex.
    """
    import av

    decoder: Any = av.CodecContext.create("speex", "r")
    decoder.extradata = _HEADER
    decoder.sample_rate = RATE_HZ
    decoder.layout = "mono"
    for frame in voice:
        yield from decoder.decode(av.Packet(frame))
