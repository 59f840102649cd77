"""A SIP call's audio as it is polled from the stack."""

from __future__ import annotations

from typing import Any

import baresip

from telephony.legs.sip_leg import SipLeg


class StackAudio:
    """Holds received audio; `gone_after`: so many readings later the call has none any more."""

    def __init__(self, waiting: bytes, gone_after: int = 1_000) -> None:
        self._waiting = waiting
        self._left = gone_after

    def read(self, max_bytes: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise baresip.AudioNotActive("no audio is active on this call")
        piece, self._waiting = self._waiting[:max_bytes], self._waiting[max_bytes:]
        return piece


class StackCall:
    peer = "sip:13900001234@127.0.0.1"
    call_id = "a@b"

    def __init__(self, audio: StackAudio) -> None:
        self.audio = audio

    def on(self, _callback: Any) -> None: ...


def heard(audio: StackAudio) -> list[bytes]:
    leg = SipLeg(StackCall(audio))
    return [leg.read(), leg.read()]


def test_everything_that_has_come_is_read_at_once_however_much_it_is() -> None:
    for size in (0, 320, 640, 1_920, 1_921, 3_840, 32_000):
        spoken = bytes(index % 251 for index in range(size))
        assert heard(StackAudio(spoken)) == [spoken, b""]


def test_what_was_read_before_the_call_lost_its_audio_is_not_lost() -> None:
    spoken = bytes(range(200)) * 20
    first, second = heard(StackAudio(spoken, gone_after=1))
    assert first and spoken.startswith(first) and second == b""
