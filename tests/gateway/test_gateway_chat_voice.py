"""Hold-to-talk on the citizen's page: sound over the chat socket, heard by a real recogniser worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientWebSocketResponse
from gateway_helpers import Client, SmallConversations

from asr_models import server
from asr_models.recogniser import (
    Expected,
    Outcome,
    RecogniserError,
    RecogniserStream,
    Recognition,
    Samples,
    Utterance,
    one_after_another,
)
from base.clock import ManualClock
from base.settings import Settings
from gateway import chat_voice
from gateway.core import Core, Part

SECOND = (np.sin(np.arange(16_000) / 10) * 8_000).astype("<i2").tobytes()
FRAME_BYTES = 3_200


class Hears:
    """A recogniser that understands what it is told, and notes what it was given."""

    name = "hears"
    streams = False

    def __init__(self) -> None:
        self.text = "学院路路灯坏了"
        self.given: list[tuple[int, int]] = []  # samples, rate
        self.expected: list[Expected] = []
        self.failing = False

    def recognise(self, samples: Samples, sample_rate_hz: int) -> Recognition:
        if self.failing:
            raise RecogniserError("out of memory")
        self.given.append((len(samples), sample_rate_hz))
        return Recognition(self.text, 0.8, len(samples) / sample_rate_hz, 0.01, self.name)

    def recognise_many(self, utterances: Sequence[Utterance]) -> list[Outcome]:
        self.expected += [utterance.expected for utterance in utterances]
        return one_after_another(self, utterances)

    def stream(self, sample_rate_hz: int) -> RecogniserStream | None:
        return None


@pytest.fixture
def settings(settings: Settings) -> Settings:
    settings.recogniser.workers = 1
    settings.web.voice_seconds = 5
    settings.web.voices_a_minute = 3
    return settings


@pytest.fixture
async def hears(core: Core, settings: Settings) -> AsyncIterator[Hears]:
    recogniser = Hears()
    settings.run.mkdir(parents=True, exist_ok=True)
    worker = server.worker(settings, 0, recogniser)
    serving = asyncio.create_task(worker.serve())
    await worker.listening.wait()
    core.parts["recogniser"] = Part(ok=True, needed=False, extra={"workers": 1})
    yield recogniser
    worker.stop()
    await serving


async def opened(client: Client) -> tuple[ClientWebSocketResponse, dict[str, Any]]:
    socket = await client.ws_connect("/ws/chat")
    await socket.send_json({"type": "hello", "conversation_id": None})
    return socket, await socket.receive_json(timeout=60)


async def speak(socket: ClientWebSocketResponse, pcm16: bytes, message_id: str = "v1", end: str = "voice_end") -> None:
    await socket.send_json({"type": "voice_begin", "client_message_id": message_id})
    for start in range(0, len(pcm16), FRAME_BYTES):
        await socket.send_bytes(pcm16[start : start + FRAME_BYTES])
    await socket.send_json({"type": end, "client_message_id": message_id})


async def told(socket: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    message: dict[str, Any] = await socket.receive_json(timeout=60)
    assert message["type"] == kind, message
    return message


async def test_what_is_said_becomes_a_spoken_turn(client: Client, small: SmallConversations, hears: Hears) -> None:
    socket, welcome = await opened(client)
    assert welcome["voice"] == {"offered": True, "seconds": 5}
    await speak(socket, SECOND)
    heard = await told(socket, "heard")
    assert (heard["client_message_id"], heard["text"]) == ("v1", "学院路路灯坏了")
    reply = await told(socket, "reply")
    assert reply["in_reply_to"] == "v1" and reply["replies"][0]["text"] == "您说的是：学院路路灯坏了"
    (turn,) = small.said
    assert (turn.kind, turn.channel, turn.confidence, turn.client_message_id) == ("speech", "web", 0.8, "v1")
    assert turn.meta["engine"] == "hears" and hears.given == [(16_000, 16_000)]
    await socket.send_json({"type": "message", "text": "学院路", "client_message_id": "m2", "corrects": "v1"})
    await told(socket, "reply")
    assert (small.said[-1].kind, small.said[-1].meta["corrects"]) == ("text", "v1")
    await socket.close()


async def test_the_same_spoken_message_again_happens_once(
    client: Client, small: SmallConversations, hears: Hears
) -> None:
    """The line dropped before the answer: the page says all of it again."""
    socket, _ = await opened(client)
    for _ in range(2):
        await speak(socket, SECOND)
        await told(socket, "heard")
        assert (await told(socket, "reply"))["in_reply_to"] == "v1"
    assert len(small.said) == 1
    await socket.close()


async def test_a_number_that_was_asked_for_is_listened_for(
    client: Client, small: SmallConversations, hears: Hears, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = small.citizen_turn

    async def asks_for_a_number(*arguments: Any) -> Any:
        return replace(await take(*arguments), patience="number")

    monkeypatch.setattr(small, "citizen_turn", asks_for_a_number)
    socket, _ = await opened(client)
    for number in range(2):
        await speak(socket, SECOND, f"v{number}")
        await told(socket, "heard")
        await told(socket, "reply")
    assert hears.expected == ["anything", "digits"]
    await socket.close()


async def test_nothing_is_made_of_what_is_cancelled_too_short_or_not_understood(
    client: Client, small: SmallConversations, hears: Hears, clock: ManualClock
) -> None:
    socket, _ = await opened(client)
    await speak(socket, SECOND, "cancelled", "voice_cancel")
    await speak(socket, SECOND[:3_200], "tap")
    refused = await told(socket, "error")
    assert (refused["code"], refused["client_message_id"]) == ("voice_too_short", "tap")
    hears.text = " "
    await speak(socket, SECOND, "mumbled")
    refused = await told(socket, "error")
    assert (refused["code"], refused["client_message_id"]) == ("voice_not_heard", "mumbled")
    assert "打字" in refused["message"] and len(hears.given) == 1 and small.said == []
    await socket.close()


async def test_a_message_without_end_is_cut_off_and_the_socket_lives_on(
    client: Client, small: SmallConversations, hears: Hears
) -> None:
    socket, _ = await opened(client)
    await speak(socket, SECOND * 8, "endless")
    refused = await told(socket, "error")
    assert (refused["code"], refused["client_message_id"]) == ("voice_too_long", "endless")
    await speak(socket, SECOND[:7], "half a sample")
    assert (await told(socket, "error"))["code"] == "invalid_frame"
    await speak(socket, SECOND, "fine")
    await told(socket, "heard")
    await told(socket, "reply")
    await speak(socket, SECOND, "too many")
    assert (await told(socket, "error"))["code"] == "too_many_requests"
    await socket.send_json({"type": "message", "text": "打字", "client_message_id": "m"})
    assert (await told(socket, "reply"))["in_reply_to"] == "m"
    assert [turn.client_message_id for turn in small.said] == ["fine", "m"]
    await socket.close()


async def test_only_so_many_speak_at_once_and_whoever_never_ends_gives_way(
    client: Client, small: SmallConversations, hears: Hears, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_voice, "_AT_ONCE", 1)
    endless, _ = await opened(client)
    await endless.send_json({"type": "voice_begin", "client_message_id": "v1"})
    await endless.send_bytes(SECOND)
    await endless.send_json({"type": "ping"})
    await told(endless, "pong")
    socket, _ = await opened(client)
    await speak(socket, SECOND, "v2")
    assert (await told(socket, "error"))["code"] == "voice_busy"
    clock.advance(40)  # 5 s that a message may last, and what a slow line needs
    await speak(socket, SECOND, "v3")
    await told(socket, "heard")
    await endless.send_bytes(SECOND)
    assert (await told(endless, "error"))["code"] == "voice_too_long"
    for one in (socket, endless):
        await one.close()


async def test_sound_before_hello_is_an_error_and_before_its_beginning_nothing(client: Client, hears: Hears) -> None:
    socket = await client.ws_connect("/ws/chat")
    await socket.send_bytes(SECOND)
    assert (await told(socket, "error"))["code"] == "hello_first"
    await socket.send_json({"type": "voice_begin", "client_message_id": "v"})
    assert (await told(socket, "error"))["code"] == "hello_first"
    await socket.close()
    socket, _ = await opened(client)
    await socket.send_bytes(SECOND)
    await socket.send_json({"type": "voice_end", "client_message_id": "v"})
    await socket.send_json({"type": "ping"})
    await told(socket, "pong")
    await socket.close()


async def test_where_nobody_can_hear_it_is_said_and_typing_goes_on(
    client: Client, small: SmallConversations, core: Core, hears: Hears
) -> None:
    socket, _ = await opened(client)
    hears.failing = True
    await speak(socket, SECOND, "v1")
    refused = await told(socket, "error")
    assert refused["code"] == "voice_busy" and "打字" in refused["message"]
    core.parts["recogniser"] = Part(ok=False, needed=False, extra={"workers": 0})
    await speak(socket, SECOND, "v2")
    refused = await told(socket, "error")
    assert (refused["code"], refused["client_message_id"]) == ("voice_unavailable", "v2")
    core.settings.recogniser.engine = "none"
    other, welcome = await opened(client)
    assert welcome["voice"]["offered"] is False
    await socket.send_json({"type": "message", "text": "打字", "client_message_id": "m"})
    assert (await told(socket, "reply"))["in_reply_to"] == "m"
    await socket.close()
    await other.close()
