"""The recogniser's process: `python -m asr_models.server N` serves `run/recogniser-N.sock` until SIGTERM.

Status 0: stopped on request; 1: the model or the socket cannot be used (one line on stderr says why).
The process lowers its own priority: voice on the phone must never wait for recognition.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from asr_models import audio, factory
from asr_models.recogniser import Recogniser, RecogniserError
from base import logs, settings, wire
from base.errors import HotlineError
from base.local_worker import Handler, LocalWorker
from base.priority import change_niceness

PAYLOAD_LIMIT_BYTES: Final = 60 * 16_000 * 2
_NICENESS: Final = 10


def socket_path(configured: settings.Settings, number: int) -> Path:
    """Workers are numbered from 0 to `recogniser.workers` - 1."""
    return configured.run / f"recogniser-{number}.sock"


def handler(recogniser: Recogniser) -> Handler:
    """The answer to one recognition request, see docs/internals.md."""

    def recognise(header: wire.Header, payload: bytes) -> Iterator[tuple[wire.Header, bytes]]:
        rate_hz = header.get("rate_hz")
        if not isinstance(rate_hz, int):
            raise RecogniserError("the request names no rate_hz")
        result = recogniser.recognise(audio.from_pcm16(payload), rate_hz)
        yield (
            {
                "text": result.text,
                "confidence": round(result.confidence, 4),
                "audio_seconds": round(result.audio_seconds, 3),
                "compute_seconds": round(result.compute_seconds, 3),
                "engine": result.engine,
            },
            b"",
        )

    return recognise


async def serve(configured: settings.Settings, number: int, recogniser: Recogniser) -> None:
    """Serve until SIGTERM."""
    chosen = configured.recogniser
    worker = LocalWorker(
        socket_path(configured, number),
        handler(recogniser),
        about={"engine": recogniser.name, "model": chosen.model, "worker": number, "process_id": os.getpid()},
        queue_limit=chosen.queue_limit,
        payload_limit_bytes=PAYLOAD_LIMIT_BYTES,
        deadline_seconds=chosen.deadline_seconds,
    )
    logs.get_logger(__name__).info("recogniser_ready", engine=recogniser.name, model=chosen.model, worker=number)
    await worker.serve()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m asr_models.server", description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=0, help="this worker's number, from 0")
    number = parser.parse_args(arguments).number
    # One thread a worker: more workers, not more threads, use more cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        configured = settings.load()
        logs.configure(f"recogniser-{number}", configured.service.log_level, configured.service.log_style)
        change_niceness(_NICENESS)
        asyncio.run(serve(configured, number, factory.load(configured)))
    except HotlineError as error:
        print(f"recogniser-{number}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
