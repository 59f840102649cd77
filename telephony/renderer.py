"""The renderer's process: `python -m telephony.renderer` serves `run/renderer.sock` until SIGTERM.

Text comes in, speech goes out piece by piece, and every piece is kept in the cache. Between two pieces of one caller
the others have their turn; pre-rendering waits while anybody listens.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from base import logs, settings, wire
from base.errors import HotlineError
from base.local_worker import Handler, LocalWorker
from base.priority import change_niceness
from telephony.voice import cache, sentences, shaping
from telephony.voice.normaliser import normalise
from telephony.voice.voice import Voice, VoiceError, load

PAYLOAD_LIMIT_BYTES: Final = 4 * 1024 * 1024
_PIECES_LIMIT: Final = 400
_QUEUE_LIMIT: Final = 500
_NICENESS: Final = 3
_SPEEDS: Final = (0.5, 2.0)


def socket_path(configured: settings.Settings) -> Path:
    return configured.run / "renderer.sock"


def audio_cache(configured: settings.Settings) -> cache.AudioCache:
    return cache.AudioCache(configured.var / "audio", configured.voice.cache_limit_bytes)


def render(voice: Voice, text: str, speed: float) -> bytes:
    """One piece of text as PCM16 8 kHz; empty where nothing in it can be said."""
    said = normalise(text)
    samples = voice.say(said, speed) if said else None
    if samples is None or not len(samples):
        return b""
    return shaping.for_telephone(samples, voice.sample_rate_hz, sentences.pause_after_seconds(text))


def handler(voice: Voice, kept: cache.AudioCache) -> Handler:
    """The answers to one rendering request, see docs/internals.md.

    Beyond the contract: `pieces` (the text already cut), `discard` (only into the cache, no audio back).
    """

    def answer(header: wire.Header, _payload: bytes) -> Iterator[tuple[wire.Header, bytes]]:
        pieces, speed = _checked(header, voice)
        for index, piece in enumerate(pieces):
            name = cache.key(piece, voice.name, speed)
            audio = kept.read(name)
            if audio is None:
                audio = render(voice, piece, speed)
                kept.write(name, audio)
            last = index == len(pieces) - 1
            yield {"sentence": piece, "last": last}, b"" if header.get("discard") else audio
        if not pieces:
            yield {"sentence": "", "last": True}, b""

    return answer


def _checked(header: wire.Header, voice: Voice) -> tuple[list[str], float]:
    text, pieces, speed = header.get("text", ""), header.get("pieces"), header.get("speed", 1.0)
    if header.get("voice", voice.name) != voice.name:
        raise VoiceError(f"this renderer speaks with {voice.name}, not with {header.get('voice')}")
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not _SPEEDS[0] <= speed <= _SPEEDS[1]:
        raise VoiceError(f"a speed of {speed!r}: {_SPEEDS[0]} to {_SPEEDS[1]} can be spoken")
    if pieces is None and isinstance(text, str):
        pieces = sentences.split(text)
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise VoiceError("the request has no text")
    if len(pieces) > _PIECES_LIMIT:
        raise VoiceError(f"a text of {len(pieces)} pieces is over the limit of {_PIECES_LIMIT}")
    return pieces, float(speed)


async def serve(configured: settings.Settings, voice: Voice) -> None:
    """Serve until SIGTERM."""
    worker = LocalWorker(
        socket_path(configured),
        handler(voice, audio_cache(configured)),
        about={"voice": voice.name, "process_id": os.getpid()},
        queue_limit=_QUEUE_LIMIT,
        payload_limit_bytes=0,
        deadline_seconds=configured.voice.deadline_seconds,
    )
    logs.get_logger(__name__).info("renderer_ready", voice=voice.name)
    await worker.serve()


def main(arguments: list[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m telephony.renderer", description=__doc__).parse_args(arguments)
    try:
        configured = settings.load()
        logs.configure("renderer", configured.service.log_level, configured.service.log_style)
        change_niceness(_NICENESS)
        asyncio.run(serve(configured, load(configured)))
    except HotlineError as error:
        print(f"renderer: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
