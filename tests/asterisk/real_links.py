"""The links alone, through a real Asterisk: SIP and RTP in, `chan_websocket` or AudioSocket out to us and back again.

`make test-asterisk`; not part of `make test`, for it needs root and a Debian mirror. Prints what it measures.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asterisk_calls import LINKS, Ports, Speech, answered, compare, place, say, show, silence, sounds, until_hung_up
from asterisk_server import ROOT, SECRET, Asterisk, cpu_seconds
from telephony_sip_helpers import eventually

CALLS_AT_ONCE = 24
ROOM = 60


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


@pytest.fixture(scope="module")
def echo(asterisk: Asterisk, ports: Ports, speech: Speech) -> Iterator[EchoService]:
    service = EchoService(ports.websocket, ports.audiosocket, speech)
    try:
        yield service
    finally:
        service.close()


@pytest.mark.parametrize("media", ["alaw", "ulaw"])
@pytest.mark.parametrize("link", LINKS)
async def test_audio_both_ways(asterisk: Asterisk, echo: EchoService, speech: Speech, link: str, media: str) -> None:
    since = len(echo.rows)
    began = time.monotonic()
    peer = await answered(await place(asterisk, link, media))
    answer_seconds = time.monotonic() - began
    result = compare(peer, speech.pcm, await say(peer, speech.pcm))
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
        assert sounds(peer, flushed_at - 1, flushed_at), "the speech was heard before"
        delays.append(max(sounds(peer)) - flushed_at)
    await peer.press("#")
    await until_hung_up(peer, 3)
    hang_up_seconds = peer.closed_at - echo.of("key", since)[-1]["at"]
    show(link=link, flush_to_last_sound=f"{[round(delay * 1000) for delay in delays]} ms",
         hang_up_to_bye=f"{hang_up_seconds * 1000:.0f} ms")  # fmt: skip
    assert [row["key"] for row in echo.of("key", since)] == ["0", "1", "1", "1", "1", "1", "#"]
    assert max(delays) < 0.15
    eventually(lambda: echo.of("closed", since), 3, "the end of the call")
    assert [row["reason"] for row in echo.of("closed", since)] == ["bot_hung_up"]


@pytest.mark.parametrize("link", LINKS)
async def test_a_caller_whose_telephone_sends_nothing_in_pauses(
    asterisk: Asterisk, echo: EchoService, speech: Speech, link: str
) -> None:
    peer = await answered(await place(asterisk, link))
    await peer.speak(silence(0.3))
    paused_at = time.monotonic()
    await asyncio.sleep(4)
    packets = sum(paused_at + 0.5 < at < paused_at + 3.5 for at, _ in peer.heard)
    result = compare(peer, speech.pcm, await say(peer, speech.pcm))
    await peer.hang_up()
    assert packets > 120, "150 if the machine is idle: the line never goes dead for the caller"
    assert result.alike > 0.98


@pytest.mark.parametrize("link", LINKS)
async def test_many_calls_at_once(asterisk: Asterisk, echo: EchoService, speech: Speech, link: str) -> None:
    since = len(echo.rows)
    peers = []
    for number in range(CALLS_AT_ONCE):
        peers.append(await place(asterisk, link, ("alaw", "ulaw")[number % 2]))
        await asyncio.sleep(0.05)
    await asyncio.gather(*(answered(peer) for peer in peers))
    ours, theirs, began = cpu_seconds(echo.process.pid), asterisk.cpu_seconds(), time.monotonic()
    beginnings = await asyncio.gather(*(say(peer, speech.long) for peer in peers))
    seconds = time.monotonic() - began
    ours, theirs = cpu_seconds(echo.process.pid) - ours, asterisk.cpu_seconds() - theirs
    arrivals = [[at for at, _ in peer.heard if began + 1 < at < began + seconds - 1] for peer in peers]
    gaps = np.concatenate([np.diff(moments) for moments in arrivals]) * 1000
    for peer in peers:
        await peer.hang_up()
    results = [compare(peer, speech.long, at) for peer, at in zip(peers, beginnings, strict=True)]
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
