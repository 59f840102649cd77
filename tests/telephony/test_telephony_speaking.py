"""The mouth of a call by itself: what the leg gets when the bot is silenced."""

from __future__ import annotations

import numpy as np
import pytest
from telephony_helpers import FakeSpeech

from telephony.audio import BYTES_A_SECOND, FRAME_BYTES
from telephony.metrics import PhoneMetrics
from telephony.prompts import PromptBook
from telephony.speaking import Speaker


class Sink:
    """Plays what it is given at the pace of `play`; keeps what the ear has got."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.asked = 0
        self._waiting = bytearray()

    def write(self, pcm: bytes) -> int:
        self._waiting += pcm
        return len(pcm)

    def buffered(self) -> int:
        self.asked += 1
        return len(self._waiting)

    def flush(self) -> None:
        self._waiting.clear()

    def play(self, size: int) -> None:
        self.heard += self._waiting[:size]
        del self._waiting[:size]


@pytest.mark.parametrize("way", ["stop", "pause"])
def test_a_bot_that_is_silenced_in_the_middle_of_a_sound_makes_no_click(way: str) -> None:
    sink, speech = Sink(), FakeSpeech()
    speaker = Speaker(sink, speech, PromptBook(speech), PhoneMetrics(), started=lambda _: None, finished=lambda: None)
    at = np.arange(BYTES_A_SECOND // 2)
    wave = (12_000 * np.sin(2 * np.pi * 200 * at / 8_000)).round().astype("<i2")
    speaker.play(wave.tobytes(), "很长的一句话")
    gone = bytearray()
    for _ in range(9):
        gone += speaker.pump()
        sink.play(FRAME_BYTES)
    sink.play(20)  # in the middle of a frame, at the top of the wave
    getattr(speaker, way)()
    for _ in range(3):
        gone += speaker.pump()
        sink.play(FRAME_BYTES)
    gone += speaker.pump()
    values = np.frombuffer(bytes(sink.heard), dtype="<i2").astype(np.int32)
    assert np.abs(values).max() > 11_000
    assert np.abs(np.diff(values)).max() < 2_500  # the wave itself moves by 1,900 a sample
    assert not values[-FRAME_BYTES // 4 :].any()
    assert bytes(gone) == bytes(sink.heard)  # the recording has what the ear got


@pytest.mark.parametrize(("often", "beats"), [(True, 1), (False, 4)])
def test_who_speaks_is_never_torn_and_who_is_silent_asks_nothing_of_the_leg(often: bool, beats: int) -> None:
    """`beats`: with every so many of 20 ms the speaker is called; a caller who waits is served with every fourth."""
    sink, speech, over = Sink(), FakeSpeech(), []
    speaker = Speaker(
        sink, speech, PromptBook(speech), PhoneMetrics(), started=lambda _: None, finished=lambda: over.append(True)
    )
    for _ in range(20):
        assert speaker.pump(often=often) == b""
    assert sink.asked == 0
    said = np.arange(1, BYTES_A_SECOND // 2 + 1, dtype="<i2").tobytes()
    speaker.play(said, "一秒钟的一句话")
    gone = bytearray()
    for beat in range(100):
        if beat % beats == 0:
            gone += speaker.pump(often=often)
        sink.play(FRAME_BYTES)
        assert len(sink.heard) == min(len(said), (beat + 1) * FRAME_BYTES)  # the leg never ran dry
    assert bytes(sink.heard) == said == bytes(gone)
    assert over == [True]
    assert sink.asked < 32
