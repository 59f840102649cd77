"""The scribe of one side, in virtual time: what it writes down, when it waits, and what it does not break."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
from telephony_virtual_time import VirtualClock, run_virtual

from asr_models.recogniser import Expected, RecogniserError, Recognition
from asr_models.urgency import Urgency
from telephony.audio import BYTES_A_SECOND, RATE_HZ, seconds_of
from telephony.bridge_transcript import Scribe
from telephony.hearing import Listener
from telephony.metrics import PhoneMetrics
from telephony.ticker import Ticker
from telephony.voice_activity import VoiceStream


class LoudIsVoice:
    def probabilities_of_many(self, batch: Sequence[tuple[VoiceStream, Sequence[bytes]]]) -> list[list[float]]:
        return [
            [0.95 if np.abs(np.frombuffer(window, "<i2")).mean() > 400 else 0.02 for window in windows]
            for _, windows in batch
        ]


class Reader:
    """A recogniser that tells how long each utterance was; the first `fail_first` requests fail."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, float, str]] = []  # (when, seconds of audio, name)
        self.urgent: list[bool] = []
        self.fail_first = 0
        self.seconds = 0.3

    async def recognise(
        self,
        pcm16: bytes,
        rate_hz: int,
        *,
        call_id: str = "",
        deadline_seconds: float | None = None,
        urgency: Urgency | None = None,
        expected: Expected = "anything",
    ) -> Recognition:
        self.urgent.append(urgency is None or urgency.urgent)
        self.asked.append((asyncio.get_running_loop().time(), seconds_of(pcm16), call_id))
        await asyncio.sleep(self.seconds)
        if len(self.asked) <= self.fail_first:
            raise RecogniserError("no worker")
        return Recognition(f"第{len(self.asked)}句", 0.9, len(pcm16) / BYTES_A_SECOND, 0.1, "fake")

    def stream(self, rate_hz: int, *, call_id: str = "") -> None:
        """This one takes whole utterances."""


def sound(seconds: float) -> bytes:
    return np.full(int(seconds * RATE_HZ), 2_000, "<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * int(seconds * RATE_HZ))


class Side:
    """A scribe on a ticker, fed 20 ms a beat."""

    def __init__(self, reader: Reader) -> None:
        self.listener = Listener(reader, 2)
        self.metrics = PhoneMetrics()
        self.written: list[str] = []
        self.scribe = Scribe(self.listener, self.metrics, "call-1:seat", self._write)
        self.ticker = Ticker(LoudIsVoice(), VirtualClock(), self.metrics, threads=False)

    def _write(self, recognition: Recognition) -> None:
        self.written.append(recognition.text)

    async def hear(self, *pieces: bytes) -> None:
        pcm = b"".join(pieces)
        for start in range(0, len(pcm), 320):
            self.scribe.feed(pcm[start : start + 320])
            await asyncio.sleep(0.02)

    async def __aenter__(self) -> Side:
        self.ticker.add(self.scribe)
        self._beat = asyncio.create_task(self.ticker.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.ticker.remove(self.scribe)
        await self.scribe.close()
        self._beat.cancel()
        await asyncio.gather(self._beat, return_exceptions=True)


def test_each_utterance_is_read_once_with_its_beginning() -> None:
    async def scenario() -> None:
        reader = Reader()
        async with Side(reader) as side:
            await side.hear(silence(1.0), sound(2.0), silence(0.3), sound(1.0), silence(2.0), sound(0.8), silence(2.0))
        assert side.written == ["第1句", "第2句"]
        (_, first, name), (_, second, _) = reader.asked
        assert 4.0 < first < 4.5 and 1.6 < second < 2.2, "with what came just before, and the pause that ended it"
        assert name == "call-1:seat"

    run_virtual(scenario())


def test_callers_of_the_bot_come_first() -> None:
    async def scenario() -> None:
        reader = Reader()
        async with Side(reader) as side:
            await side.hear(sound(1.0), silence(2.0))
        assert reader.urgent == [False], "the recognisers' background lane"

    run_virtual(scenario())


def test_a_long_speech_comes_in_pieces_and_a_failure_is_tried_again_once() -> None:
    async def scenario() -> None:
        reader = Reader()
        reader.fail_first = 3  # both tries of the first piece, one of the second
        async with Side(reader) as side:
            await side.hear(sound(40.0), silence(1.5))
        assert max(seconds for _, seconds, _ in reader.asked) < 16.0
        assert side.written == ["第4句", "第5句"]

    run_virtual(scenario())


def test_what_was_being_said_at_the_end_is_still_read() -> None:
    async def scenario() -> None:
        reader = Reader()
        async with Side(reader) as side:
            await side.hear(sound(1.0))
        assert side.written == ["第1句"]

    run_virtual(scenario())


def test_a_recogniser_that_hangs_does_not_keep_the_call_from_ending() -> None:
    async def scenario() -> None:
        reader = Reader()
        reader.seconds = 3_600.0
        loop = asyncio.get_running_loop()
        async with Side(reader) as side:
            await side.hear(sound(1.0), silence(1.0))
            left = loop.time()
        assert loop.time() - left < 4.0 and side.written == []

    run_virtual(scenario())
