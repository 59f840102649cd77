"""Keys over a real line, three ways: SIP INFO, tones in the audio, and RTP events (these in `test_telephony_sip`)."""

from __future__ import annotations

import asyncio
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from telephony_sip_helpers import HOST, PhoneProcess, RawCaller, eventually, running_phone
from test_telephony_inband_dtmf import tones

from telephony.audio import FRAME_SAMPLES, pcm_to_alaw
from telephony.phone import call_id_of

pytestmark = pytest.mark.processes


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[PhoneProcess]:
    with running_phone(tmp_path / "var", helpers=False) as process:
        yield process


class OldTelephone(RawCaller):
    """Offers A-law and nothing else: no telephone events."""

    async def call(self) -> None:
        self.request("INVITE", 1, body=self.offer("8 PCMA/8000"))
        status, text = await asyncio.to_thread(self.final_answer)
        assert status == 200
        self.to_tag = next(line.split(">")[-1] for line in text.splitlines() if line.startswith("To:"))
        match = re.search(r"m=audio (\d+)", text)
        assert match is not None
        self.audio_port = int(match[1])
        self.request("ACK", 1, self.to_tag)

    async def speak(self, pcm: bytes) -> None:
        """RTP, 20 ms a packet."""
        payload, source = pcm_to_alaw(pcm), os.urandom(4)
        for number, start in enumerate(range(0, len(payload) - FRAME_SAMPLES, FRAME_SAMPLES)):
            header = struct.pack(">BBHI", 0x80, 8, number, start) + source
            self.media.sendto(header + payload[start : start + FRAME_SAMPLES], (HOST, self.audio_port))
            await asyncio.sleep(0.019)

    def info(self, sequence: int, key: str) -> None:
        body = f"Signal={key}\r\nDuration=160\r\n"
        lines = [
            f"INFO sip:12345@{HOST}:{self._server[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self._port};branch=z9hG4bK{os.urandom(6).hex()};rport",
            "Max-Forwards: 70",
            f"From: <sip:13900001234@{HOST}:{self._port}>;tag={self._tag}",
            f"To: <sip:12345@{HOST}:{self._server[1]}>{self.to_tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {sequence} INFO",
            "Content-Type: application/dtmf-relay",
            f"Content-Length: {len(body)}",
        ]
        self.send(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


async def test_keys_as_tones_and_by_info_reach_the_core(phone: PhoneProcess) -> None:
    caller = OldTelephone(phone.sip_port)
    await caller.call()
    await asyncio.sleep(1.5)
    await caller.speak(tones("0", on_seconds=0.12))

    def turns() -> list[tuple[str, str]]:
        return [(turn["kind"], turn["text"]) for turn in phone.core.of("turn", call_id_of(caller.call_id))]

    await asyncio.to_thread(eventually, lambda: len(turns()) == 1, 5.0, "the key that was heard")
    caller.info(3, "7")
    await asyncio.to_thread(eventually, lambda: len(turns()) == 2, 5.0, "the key that was told")
    assert turns() == [("dtmf", "0"), ("dtmf", "7")]
    caller.request("BYE", 4, caller.to_tag)
    await asyncio.to_thread(eventually, lambda: phone.core.of("call_ended", call_id_of(caller.call_id)), 5.0, "the end")
    caller.close()
