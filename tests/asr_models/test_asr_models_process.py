"""Real worker processes with the real model: killed in the middle of a decode, stopped, started without a model."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from asr_models import server
from asr_models.client import RecogniserClient
from asr_models.recogniser import Samples
from base.settings import ROOT, Settings

pytestmark = pytest.mark.processes


@asynccontextmanager
async def process(settings: Settings, number: int = 0) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {**os.environ, "HOTLINE_DATA__DIRECTORY": str(settings.var)}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "asr_models.server", str(number), cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def ready(settings: Settings, client: RecogniserClient, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            if len(await client.status()) >= count:
                return
            await asyncio.sleep(0.1)


async def computing(client: RecogniserClient) -> int:
    """The process id of the worker that decodes just now."""
    async with asyncio.timeout(20):
        while True:
            for status in await client.status():
                if status["computing"]:
                    return int(status["process_id"])
            await asyncio.sleep(0.01)


def pcm16(samples: Samples) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


@pytest.fixture
def with_model(settings: Settings, whisper_directory: Path) -> Settings:
    settings.models.symlink_to(whisper_directory.parent)
    settings.recogniser.deadline_seconds = 60.0
    return settings


async def test_killed_in_the_middle_of_a_decode_the_utterance_is_not_lost(
    with_model: Settings, long_speech: Samples
) -> None:
    with_model.recogniser.workers = 2
    client = RecogniserClient(with_model)
    async with process(with_model, 0) as first, process(with_model, 1) as second:
        await ready(with_model, client, 2)
        task = asyncio.create_task(client.recognise(pcm16(long_speech), 8_000))
        victim = await computing(client)
        assert victim in (first.pid, second.pid)
        os.kill(victim, signal.SIGKILL)
        result = await task
        assert len(result.text) > 40
        assert [status["process_id"] for status in await client.status()] != [victim]
        assert len(await client.status()) == 1
    await client.close()


async def test_the_only_worker_killed_and_started_again(with_model: Settings, long_speech: Samples) -> None:
    client = RecogniserClient(with_model)
    async with process(with_model) as first:
        await ready(with_model, client, 1)
        task = asyncio.create_task(client.recognise(pcm16(long_speech), 8_000))
        await computing(client)
        first.kill()
        await first.wait()
        assert server.socket_path(with_model, 0).exists(), "a killed worker leaves its socket behind"
        async with process(with_model):
            assert len((await task).text) > 40
            assert not task.cancelled()
    await client.close()


async def test_sigterm_ends_it_at_once_and_cleanly(with_model: Settings) -> None:
    client = RecogniserClient(with_model)
    async with process(with_model) as child:
        await ready(with_model, client, 1)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) > 0, "the phone goes first"
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 10) == 0
        assert not server.socket_path(with_model, 0).exists()
    await client.close()


async def test_without_a_model_one_line_says_what_to_do(settings: Settings) -> None:
    async with process(settings) as child:
        output, _ = await asyncio.wait_for(child.communicate(), 60)
    assert child.returncode == 1
    assert b"hotline models fetch" in output
    assert b"Traceback" not in output


async def test_noise_of_many_calls_at_once_is_answered_for_each(with_model: Settings) -> None:
    client = RecogniserClient(with_model)
    async with process(with_model):
        await ready(with_model, client, 1)
        silence = pcm16(np.zeros(8_000, np.float32))
        results = await asyncio.gather(*(client.recognise(silence, 8_000, call_id=f"c{n}") for n in range(100)))
        assert [result.text for result in results] == [""] * 100
    await client.close()
