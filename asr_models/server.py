"""The recogniser's process: `python -m asr_models.server N` serves `run/recogniser-N.sock` until SIGTERM.

Status 0: stopped on request; 1: the model or the socket cannot be used (one line on stderr says why).
The process lowers its own priority: voice on the phone must never wait for recognition.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast, get_args

from asr_models import audio, factory
from asr_models.open_streams import OpenStreams
from asr_models.recogniser import Expected, Outcome, Recogniser, RecogniserError, Recognition, Utterance
from base import alternatives, logs, settings, wire
from base.errors import HotlineError
from base.local_worker import Job, LocalWorker, Together
from base.priority import change_niceness

PAYLOAD_LIMIT_BYTES: Final = 60 * 16_000 * 2
_NICENESS: Final = 3  # only the phone goes before it: whoever waits for recognition is a caller too

Answer = wire.Header | HotlineError | None


def socket_path(configured: settings.Settings, number: int) -> Path:
    """Workers are numbered from 0 to `recogniser.workers` - 1."""
    return configured.run / f"recogniser-{number}.sock"


class Requests:
    """Computes the answers to recognition requests, see docs/internals.md."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._streams = OpenStreams(recogniser)

    def __call__(self, jobs: Sequence[Job]) -> list[Answer]:
        answers: list[Answer] = [None] * len(jobs)
        utterances: dict[int, Utterance] = {}
        for index, job in enumerate(jobs):
            try:
                if "stream" in job.header:
                    answers[index] = self._stream_part(job.header, job.payload)
                else:
                    utterances[index] = _utterance(job)
            except HotlineError as error:
                answers[index] = error
        if utterances:
            outcomes = self._recogniser.recognise_many(list(utterances.values()))
            for index, outcome in zip(utterances, outcomes, strict=True):
                answers[index] = _answer(outcome)
        return answers

    def _stream_part(self, header: wire.Header, pcm16: bytes) -> wire.Header:
        """Some seconds of an utterance that is being spoken; with `end` set it is "finish" or "drop"."""
        name, end = str(header["stream"]), header.get("end")
        if end == "drop":
            self._streams.drop(name)
            return {"text": ""}
        if header.get("begin") is True:
            self._streams.begin(name, _rate_hz(header))
        text = self._streams.feed(name, audio.from_pcm16(pcm16)) if pcm16 else ""
        return _told(self._streams.finish(name)) if end == "finish" else {"text": text}


def _utterance(job: Job) -> Utterance:
    expected = job.header.get("expected")
    if expected not in get_args(Expected):
        expected = "anything"
    return Utterance(audio.from_pcm16(job.payload), _rate_hz(job.header), lambda: job.wanted, cast(Expected, expected))


def _rate_hz(header: wire.Header) -> int:
    rate_hz = header.get("rate_hz")
    if not isinstance(rate_hz, int):
        raise RecogniserError("the request names no rate_hz")
    return rate_hz


def _answer(outcome: Outcome) -> Answer:
    return _told(outcome) if isinstance(outcome, Recognition) else outcome


def _told(recognition: Recognition) -> wire.Header:
    return {
        "text": recognition.text,
        "confidence": round(recognition.confidence, 4),
        "audio_seconds": round(recognition.audio_seconds, 3),
        "compute_seconds": round(recognition.compute_seconds, 3),
        "digit_confidences": [round(one, 3) for one in recognition.digit_confidences],
        "alternatives": alternatives.told(recognition.alternatives),
        "engine": recognition.engine,
    }


def recognition_of(answer: wire.Header) -> Recognition:
    """What a worker's answer tells."""
    return Recognition(
        text=str(answer["text"]),
        confidence=float(answer["confidence"]),
        audio_seconds=float(answer["audio_seconds"]),
        compute_seconds=float(answer["compute_seconds"]),
        engine=str(answer["engine"]),
        digit_confidences=tuple(map(float, answer.get("digit_confidences", ()))),
        alternatives=alternatives.read(answer.get("alternatives")),
    )


def worker(configured: settings.Settings, number: int, recogniser: Recogniser) -> LocalWorker:
    """The worker of this number, not yet serving."""
    chosen = configured.recogniser
    about = {
        "engine": recogniser.name,
        "streams": recogniser.streams,
        "model": chosen.model,
        "worker": number,
        "process_id": os.getpid(),
    }
    return LocalWorker(
        socket_path(configured, number),
        Together(Requests(recogniser), chosen.batch_size),
        about=about,
        queue_limit=chosen.queue_limit,
        payload_limit_bytes=PAYLOAD_LIMIT_BYTES,
        deadline_seconds=chosen.deadline_seconds,
    )


async def serve(configured: settings.Settings, number: int, recogniser: Recogniser) -> None:
    """Serve until SIGTERM."""
    served = worker(configured, number, recogniser)
    logs.get_logger(__name__).info(
        "recogniser_ready", engine=recogniser.name, model=configured.recogniser.model, worker=number
    )
    await served.serve()


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
