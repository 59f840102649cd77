"""Reading aloud: only what we said in a conversation, in the phone's voice, from its cache."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator

import numpy as np
import pytest
from gateway_helpers import Client, SmallConversations

from base.clock import ManualClock
from base.local_worker import LocalWorker
from gateway.core import Core
from telephony import renderer
from telephony.voice.voice import Samples, voice_name


class Hum:
    """A voice that hums: a tenth of a second for each character; counts what it was asked to say."""

    sample_rate_hz = 24_000

    def __init__(self, name: str) -> None:
        self.name = name
        self.said: list[str] = []

    def say(self, text: str, speed: float) -> Samples:
        self.said.append(text)
        return (np.sin(np.arange(2_400 * max(1, len(text))) / 20) / 4).astype(np.float32)


@pytest.fixture
async def hum(core: Core) -> AsyncIterator[Hum]:
    settings = core.settings
    settings.run.mkdir(parents=True, exist_ok=True)
    voice = Hum(voice_name(settings))
    worker = LocalWorker(
        renderer.socket_path(settings),
        renderer.handler(voice, renderer.audio_cache(settings)),
        about={},
        queue_limit=100,
        payload_limit_bytes=0,
        deadline_seconds=30.0,
    )
    serving = asyncio.create_task(worker.serve())
    await worker.listening.wait()
    yield voice
    worker.stop()
    await serving


async def conversation(client: Client) -> str:
    body = await (await client.post("/api/v1/chat", json={"text": "居住证怎么办"})).json()
    return str(body["conversation_id"])


async def test_what_we_said_is_heard_part_by_part_and_rendered_once(
    client: Client, small: SmallConversations, hum: Hum
) -> None:
    known = await conversation(client)
    small._store(known, "bot", "请到派出所办理居住证。需要带上身份证原件，还有照片。")
    path = f"/api/v1/chat/{known}/speech/4"
    first = await client.get(path)
    assert first.status == 200 and first.content_type == "audio/wav"
    parts = int(first.headers["X-Speech-Parts"])
    assert parts > 1 and first.headers["Cache-Control"].startswith("private")
    with wave.open(io.BytesIO(await first.read())) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8_000, 1, 2)
        assert sound.getnframes() > 800
    rest = [(await client.get(path, params={"part": number})).status for number in range(1, parts + 1)]
    assert rest == [200] * (parts - 1) + [404]
    said = len(hum.said)
    assert (await client.get(path)).status == 200 and len(hum.said) == said  # from the cache


async def test_nothing_else_is_said(client: Client, small: SmallConversations, hum: Hum, core: Core) -> None:
    known = await conversation(client)
    for seq in ("2", "0", "99", "-1", "x", "1e3", "９"):  # 2 is the citizen's own
        assert (await client.get(f"/api/v1/chat/{known}/speech/{seq}")).status == 404, seq
    assert (await client.get("/api/v1/chat/c_NOSUCH/speech/1")).status == 404
    assert (await client.get(f"/api/v1/chat/{known}/speech/1", params={"part": "-1"})).status == 400
    assert hum.said == []
    core.settings.voice.engine = "none"
    refused = await client.get(f"/api/v1/chat/{known}/speech/1")
    assert refused.status == 503 and (await refused.json())["error"]["code"] == "speech_unavailable"


async def test_one_conversation_hears_only_so_much_a_minute(
    client: Client, core: Core, hum: Hum, clock: ManualClock
) -> None:
    known = await conversation(client)
    path = f"/api/v1/chat/{known}/speech/1"
    seen = [(await client.get(path)).status for _ in range(61)]
    assert seen.count(200) == 60 and seen[-1] == 429
    clock.advance(2)
    assert (await client.get(path)).status == 200


async def test_a_voice_that_is_away_is_told_in_words(client: Client, core: Core) -> None:
    core.settings.voice.deadline_seconds = 0.2
    refused = await client.get(f"/api/v1/chat/{await conversation(client)}/speech/1")
    assert refused.status == 503 and "朗读" in (await refused.json())["error"]["message"]
