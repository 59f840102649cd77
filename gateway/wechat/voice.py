"""A voice message as words: decoded (AMR, Speex, or whatever else the decoder knows), then recognised."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from asr_models.recogniser import RecogniserError, Recognition
from base.errors import HotlineError
from base.logs import get_logger
from gateway.wechat import speex
from storage.sealed_files import BrokenFile, FileSafe

_log = get_logger(__name__)
_RATE_HZ: Final = 16_000
_LONGEST_SECONDS: Final = 60  # WeChat's own limit
_LEAST_BYTES: Final = _RATE_HZ // 10 * 2  # a tenth of a second
_DEADLINE_SECONDS: Final = 30.0


class UnreadableVoice(HotlineError):
    """No sound that we can decode."""


class UnknownSound(UnreadableVoice):
    """Sound perhaps, but of a kind that the decoder does not know: saying it again would not help."""


class Recogniser(Protocol):
    """`asr_models/client.py`."""

    async def recognise(self, pcm16: bytes, rate_hz: int, *, deadline_seconds: float | None = None) -> Recognition: ...


class VoiceReader:
    """`recogniser` makes the client when the first voice comes."""

    def __init__(self, recogniser: Callable[[], Recogniser], files: FileSafe) -> None:
        self._make = recogniser
        self._files = files
        self._recogniser: Recogniser | None = None

    async def words(self, path: Path) -> tuple[str, float | None]:
        """What is said in a file, with the recogniser's confidence; empty where nothing can be understood.

        Raises:
            UnknownSound: it is nothing that the decoder knows.
        """
        try:
            pcm16 = await asyncio.to_thread(self._decoded, path)
            if self._recogniser is None:
                self._recogniser = self._make()
            found = await self._recogniser.recognise(pcm16, _RATE_HZ, deadline_seconds=_DEADLINE_SECONDS)
        except UnknownSound:
            _log.warning("a voice message is of a kind that cannot be decoded")
            raise
        except (UnreadableVoice, RecogniserError) as error:
            _log.warning("a voice message could not be read", reason=type(error).__name__)
            return "", None
        return found.text.strip(), found.confidence

    def _decoded(self, path: Path) -> bytes:
        try:
            return decode(self._files.read(path))
        except (OSError, BrokenFile) as error:
            raise UnreadableVoice("the voice message is not there") from error


def decode(encoded: bytes) -> bytes:
    """PCM16 little endian, mono, 16 kHz, of at most a minute. Blocks.

    Raises:
        UnknownSound: it is nothing that the decoder knows (SILK, no sound at all).
        UnreadableVoice: it is too short.
    """
    import av

    pcm16 = bytearray()
    try:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE_HZ)
        for frame in _sound(encoded):
            for part in resampler.resample(frame):
                pcm16 += _samples(part)
            if len(pcm16) >= _LONGEST_SECONDS * _RATE_HZ * 2:
                break
        else:
            for part in resampler.resample(None):
                pcm16 += _samples(part)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise UnknownSound("the voice message cannot be decoded") from error
    if len(pcm16) < _LEAST_BYTES:
        raise UnreadableVoice("the voice message is too short")
    return bytes(pcm16[: _LONGEST_SECONDS * _RATE_HZ * 2])


def _sound(encoded: bytes) -> Iterator[Any]:
    import av

    bare = speex.frames(encoded)
    if bare is not None:
        yield from speex.decoded(bare)
        return
    with av.open(io.BytesIO(encoded), mode="r") as container:
        yield from container.decode(audio=0)


def _samples(frame: Any) -> bytes:
    samples: bytes = frame.to_ndarray().tobytes()
    return samples
