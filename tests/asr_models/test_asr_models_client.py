"""The client over several workers: spreading, retrying, deadlines."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import pytest

from asr_models import server
from asr_models.client import RecogniserClient
from asr_models.recogniser import (
    Outcome,
    RecogniserError,
    RecogniserStream,
    Recognition,
    Samples,
    Utterance,
    one_after_another,
)
from base.local_worker import LocalWorker
from base.settings import Settings

SECOND = bytes(16_000)


class Scripted:
    """A recogniser that says what it is told and waits while it is held."""

    name = "scripted"
    streams = False

    def __init__(self, text: str) -> None:
        self.text = text
        self.calls = 0
        self.entered = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        self.calls += 1
        self.entered.set()
        assert self.open.wait(10)
        if sample_rate_hz == 16_000:
            raise RecogniserError("audio that nobody understands")
        return Recognition(self.text, 0.75, len(samples) / sample_rate_hz, 0.01, self.name)

    def recognise_many(self, utterances: Sequence[Utterance]) -> list[Outcome]:
        return one_after_another(self, utterances)

    def stream(self, sample_rate_hz: int) -> RecogniserStream | None:
        return None

    async def called(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, 10)


@asynccontextmanager
async def worker(settings: Settings, number: int, recogniser: Scripted) -> AsyncIterator[LocalWorker]:
    served = server.worker(settings, number, recogniser)
    task = asyncio.create_task(served.serve())
    await served.listening.wait()
    try:
        yield served
    finally:
        served.stop()
        recogniser.open.set()
        await task


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    settings.recogniser.workers = 2
    settings.recogniser.deadline_seconds = 5.0
    yield settings


async def test_the_answer_comes_back_whole(settings: Settings) -> None:
    client = RecogniserClient(settings)
    async with worker(settings, 0, Scripted("路灯不亮")):
        result = await client.recognise(SECOND, 8_000)
    assert result == Recognition("路灯不亮", 0.75, 1.0, 0.01, "scripted")
    await client.close()


async def test_work_goes_to_the_worker_that_is_free(settings: Settings) -> None:
    client = RecogniserClient(settings)
    slow, quick = Scripted("慢"), Scripted("快")
    async with worker(settings, 0, slow), worker(settings, 1, quick):
        slow.open.clear()
        quick.open.clear()
        first = [asyncio.create_task(client.recognise(SECOND, 8_000)) for _ in range(4)]
        await asyncio.gather(slow.called(), quick.called())
        quick.open.set()
        done, _ = await asyncio.wait(first, timeout=1.0)
        assert {task.result().text for task in done} == {"快"}
        assert len(done) == 2, "half of them wait for the other worker"
        assert (await client.recognise(SECOND, 8_000)).text == "快"
        slow.open.set()
        assert sorted(result.text for result in await asyncio.gather(*first)) == ["快", "快", "慢", "慢"]
        assert {status["worker"] for status in await client.status()} == {0, 1}
    await client.close()


async def test_a_worker_that_ends_hands_its_audio_to_another(settings: Settings) -> None:
    client = RecogniserClient(settings)
    held, other = Scripted("没有人听到"), Scripted("听到了")
    settings.recogniser.workers = 1
    only_first = RecogniserClient(settings)
    settings.recogniser.workers = 2
    async with worker(settings, 0, held) as ending:
        held.open.clear()
        in_hand = asyncio.create_task(only_first.recognise(SECOND, 8_000))
        await held.called()
        waiting = asyncio.create_task(client.recognise(SECOND, 8_000))
        await asyncio.sleep(0.1)
        async with worker(settings, 1, other):
            ending.stop()
            held.open.set()
            assert (await waiting).text == "听到了"
            assert (await in_hand).text == "没有人听到", "what is being decoded is finished"
    await client.close()
    await only_first.close()


async def test_no_worker_at_all_is_an_error_within_the_deadline(settings: Settings) -> None:
    client = RecogniserClient(settings)
    started = asyncio.get_running_loop().time()
    with pytest.raises(RecogniserError, match=r"within 0\.3 s .+no worker answers"):
        await client.recognise(SECOND, 8_000, deadline_seconds=0.3)
    assert asyncio.get_running_loop().time() - started < 2.0
    assert await client.status() == []
    await client.close()


async def test_a_worker_that_comes_in_time_is_waited_for(settings: Settings) -> None:
    client = RecogniserClient(settings)
    waiting = asyncio.create_task(client.recognise(SECOND, 8_000))
    await asyncio.sleep(0.3)
    async with worker(settings, 1, Scripted("晚到")):
        assert (await waiting).text == "晚到"
    await client.close()


async def test_the_deadline_holds_while_the_model_works(settings: Settings) -> None:
    client = RecogniserClient(settings)
    held = Scripted("太晚")
    async with worker(settings, 0, held) as served:
        held.open.clear()
        with pytest.raises(RecogniserError, match=r"within 0\.2 s"):
            await client.recognise(SECOND, 8_000, deadline_seconds=0.2)
        held.open.set()
        assert (await client.recognise(SECOND, 8_000)).text == "太晚"
        assert served.counters.requests == 2
    await client.close()


async def test_unusable_audio_is_told_and_not_tried_elsewhere(settings: Settings) -> None:
    client = RecogniserClient(settings)
    first, second = Scripted("一"), Scripted("二")
    async with worker(settings, 0, first), worker(settings, 1, second):
        with pytest.raises(RecogniserError, match="nobody understands"):
            await client.recognise(SECOND, 16_000)
        with pytest.raises(RecogniserError, match="no 16-bit samples"):
            await client.recognise(b"odd", 8_000)
        with pytest.raises(RecogniserError, match="over the limit"):
            await client.recognise(bytes(2_000_000), 8_000)
    assert first.calls + second.calls == 1
    await client.close()


async def test_switched_off_is_told_at_once(settings: Settings) -> None:
    settings.recogniser.engine = "none"
    with pytest.raises(RecogniserError, match="switched off"):
        await RecogniserClient(settings).recognise(SECOND, 8_000)
