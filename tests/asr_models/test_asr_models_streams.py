"""Utterances recognised while they are spoken: the streams of a worker, the client's end, real worker processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from asr_models import server
from asr_models.client import RecogniserClient
from asr_models.open_streams import IDLE_SECONDS, LIMIT, OpenStreams
from asr_models.recogniser import (
    Outcome,
    RecogniserError,
    RecogniserStream,
    Recognition,
    Samples,
    Utterance,
    one_after_another,
)
from asr_models.utterance_stream import UtteranceStream
from base.local_worker import LocalWorker
from base.settings import ROOT, Settings

PART = bytes(3_200)  # 0.2 s


class Counting:
    """Its text is how much it heard: seconds of the stream, or "whole" and the seconds."""

    name = "counting"
    streams = True

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        seconds = len(samples) / sample_rate_hz
        return Recognition(f"whole {seconds:.1f}", 0.5, seconds, 0.0, self.name)

    def recognise_many(self, utterances: Sequence[Utterance]) -> list[Outcome]:
        return one_after_another(self, utterances)

    def stream(self, sample_rate_hz: int) -> RecogniserStream | None:
        return CountingStream(sample_rate_hz)


class CountingStream(RecogniserStream):
    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._samples = 0

    def feed(self, samples: Samples) -> str:
        self._samples += len(samples)
        return f"{self._samples / self._rate_hz:.1f}"

    def finish(self) -> Recognition:
        seconds = self._samples / self._rate_hz
        return Recognition(f"{seconds:.1f}", 0.9, seconds, 0.0, "counting")


def test_streams_are_bounded_and_given_up_when_nobody_feeds_them() -> None:
    now = 0.0
    streams = OpenStreams(Counting(), clock=lambda: now)
    for number in range(LIMIT):
        streams.begin(f"s{number}", 8_000)
    with pytest.raises(RecogniserError, match=f"{LIMIT} utterances"):
        streams.begin("more", 8_000)
    now = IDLE_SECONDS
    streams.feed("s0", np.zeros(800, np.float32))
    now = IDLE_SECONDS + 1
    streams.begin("more", 8_000)
    assert len(streams) == 2
    assert streams.finish("s0").text == "0.1"
    with pytest.raises(RecogniserError, match="no such utterance"):
        streams.feed("s1", np.zeros(800, np.float32))
    with pytest.raises(RecogniserError, match="begun already"):
        streams.begin("more", 8_000)
    streams.drop("more")
    streams.drop("more")
    assert len(streams) == 0


@asynccontextmanager
async def worker(settings: Settings, number: int = 0) -> AsyncIterator[LocalWorker]:
    served = server.worker(settings, number, Counting())
    task = asyncio.create_task(served.serve())
    await served.listening.wait()
    try:
        yield served
    finally:
        served.stop()
        await task


async def opened(client: RecogniserClient) -> UtteranceStream:
    await client.status()
    stream = client.stream(8_000, call_id="c")
    assert stream is not None
    return stream


async def heard(stream: UtteranceStream, text: str) -> None:
    async with asyncio.timeout(10):
        while await stream.so_far() != text:  # noqa: ASYNC110 - the worker lives in another task or process
            await asyncio.sleep(0.01)


async def test_the_text_grows_while_the_caller_speaks_and_is_there_at_the_end(settings: Settings) -> None:
    client = RecogniserClient(settings)
    assert client.stream(8_000) is None, "nobody has said that their engine streams"
    async with worker(settings) as served:
        stream = await opened(client)
        stream.feed(PART)
        await heard(stream, "0.2")
        for _ in range(5):
            stream.feed(PART)
        assert await stream.so_far() == "1.2"
        stream.feed(PART[:800])
        result = await stream.finish()
        assert (result.text, result.engine) == ("1.2", "counting")
        assert result.audio_seconds == pytest.approx(1.25)
        assert served.counters.failed == 0
    await client.close()


async def test_the_last_word_counts_however_short_the_utterance(settings: Settings) -> None:
    client = RecogniserClient(settings)
    async with worker(settings):
        stream = await opened(client)
        stream.feed(PART[:1_600])
        assert (await stream.finish()).text == "0.1"
    await client.close()


async def test_a_worker_that_comes_anew_gets_the_whole_utterance(settings: Settings) -> None:
    client = RecogniserClient(settings)
    async with worker(settings):
        stream = await opened(client)
        stream.feed(PART)
        await heard(stream, "0.2")
    stream.feed(PART)
    async with worker(settings):
        stream.feed(PART)
        assert (await stream.finish()).text == "whole 0.6"
    await client.close()


async def test_a_cancelled_utterance_is_forgotten_by_the_worker(settings: Settings) -> None:
    client = RecogniserClient(settings)
    async with worker(settings) as served:
        for begun in (True, False):
            stream = await opened(client)
            if begun:
                stream.feed(PART)
                await heard(stream, "0.2")
            await stream.cancel()
        assert served.counters.failed == 0
        assert (await (await opened(client)).finish()).text == "0.0"
    await client.close()


# --- real processes with a real streaming engine ----------------------------------------------------------------------


@pytest.fixture
def with_vosk(settings: Settings, vosk_directory: Path) -> Settings:
    settings.models.symlink_to(vosk_directory.parent)
    settings.recogniser.engine, settings.recogniser.model = "vosk", vosk_directory.name
    settings.recogniser.workers = 2
    settings.recogniser.deadline_seconds = 60.0
    return settings


@asynccontextmanager
async def process(settings: Settings, number: int) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **os.environ,
        "HOTLINE_DATA__DIRECTORY": str(settings.var),
        "HOTLINE_RECOGNISER__ENGINE": settings.recogniser.engine,
        "HOTLINE_RECOGNISER__MODEL": settings.recogniser.model,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "asr_models.server", str(number), cwd=ROOT, env=environment
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def ready(client: RecogniserClient, count: int) -> None:
    async with asyncio.timeout(60):
        while len(await client.status()) < count:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


def parts_of(samples: Samples) -> list[bytes]:
    pcm16 = (samples * 32767).astype("<i2").tobytes()
    return [pcm16[start : start + len(PART)] for start in range(0, len(pcm16), len(PART))]


@pytest.mark.processes
async def test_killed_in_mid_utterance_the_caller_notices_nothing(with_vosk: Settings, long_speech: Samples) -> None:
    parts = parts_of(long_speech[: 8 * 8_000])
    client = RecogniserClient(with_vosk)
    async with process(with_vosk, 0) as first:
        await ready(client, 1)
        expected = (await client.recognise(b"".join(parts), 8_000)).text
        assert expected
        stream = await opened(client)
        for part in parts[:20]:
            stream.feed(part)
        assert await stream.so_far()
        async with process(with_vosk, 1):
            await ready(client, 2)
            os.kill(first.pid, signal.SIGKILL)
            for part in parts[20:]:
                stream.feed(part)
            result = await stream.finish()
            assert result.text == expected
            assert result.audio_seconds == pytest.approx(8.0)
            assert [status["worker"] for status in await client.status()] == [1]
    await client.close()


@pytest.mark.processes
async def test_a_streaming_engine_has_the_text_at_the_end_of_the_turn(
    with_vosk: Settings, long_speech: Samples
) -> None:
    with_vosk.recogniser.workers = 1
    client = RecogniserClient(with_vosk)
    async with process(with_vosk, 0):
        await ready(client, 1)
        stream = await opened(client)
        partials = set()
        for part in parts_of(long_speech[: 6 * 8_000]):
            stream.feed(part)
            partials.add(await stream.so_far())
        result = await stream.finish()
        assert len(partials) > 3, "the text grows"
        assert result.engine == "vosk"
        assert result.text
        assert result.audio_seconds == pytest.approx(6.0)
    await client.close()
