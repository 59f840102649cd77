"""What every call leg promises, kept by each of them against a peer that speaks its real protocol."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from telephony_leg_peer import HOST, NUMBER, RTP_TIMEOUT_SECONDS
from telephony_likeness import likeness, wave
from telephony_lines import KINDS, LINES, PBX_KINDS, WIDE, opened

from telephony.audio import BYTES_A_SECOND, FRAME_BYTES, FRAME_SECONDS, RATE_HZ
from telephony.errors import LegClosed, TransferError
from telephony.legs.leg import Leg

pytestmark = pytest.mark.long


@pytest.fixture(params=LINES)
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    async with opened(request.param) as opened_line:
        yield opened_line


@pytest.fixture(params=KINDS)
async def any_line(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    async with opened(request.param) as opened_line:
        yield opened_line


@pytest.fixture(params=PBX_KINDS)
async def pbx_line(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    async with opened(request.param) as opened_line:
        yield opened_line


@pytest.fixture(params=WIDE)
async def wide_line(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    async with opened(request.param) as opened_line:
        yield opened_line


def sweep(seconds: float, rate_hz: int = RATE_HZ, level: float = 0.25) -> bytes:
    """300 to 3,000 Hz: every moment is unlike every other, so its place and its shape can be found again."""
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    phase = 2 * np.pi * (300 * at + (3_000 - 300) / (2 * seconds) * at * at)
    return bytes((level * 32_767 * np.sin(phase)).astype("<i2").tobytes())


def tone(hz: float, seconds: float, rate_hz: int) -> bytes:
    at = np.arange(int(seconds * rate_hz)) / rate_hz
    return bytes((8_000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes())


async def listen(leg: Leg, seconds: float) -> bytes:
    heard, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        heard += leg.read()
        await asyncio.sleep(FRAME_SECONDS)
    return heard


async def say(leg: Leg, pcm: bytes, sizes: random.Random | None = None) -> None:
    """As a call does: a little ahead of what is being heard."""
    at = 0
    while at < len(pcm):
        room = int(0.16 * BYTES_A_SECOND) - leg.buffered()
        if room > 0:
            size = sizes.randint(1, 999) if sizes else FRAME_BYTES
            at += leg.write(pcm[at : at + min(size, room)])
        else:
            await asyncio.sleep(FRAME_SECONDS / 2)
    await until(lambda: leg.buffered() == 0)
    await asyncio.sleep(0.15)


def on_closed(leg: Leg) -> list[str]:
    reasons: list[str] = []
    leg.on_closed(reasons.append)
    return reasons


async def until(condition: Any, seconds: float = 3.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.01)


# --- a call -----------------------------------------------------------------------------------------------------------


async def test_the_caller_is_named_and_answered(line: Any) -> None:
    leg, peer = await line.call(answered=False)
    assert leg.caller.number.reveal() == NUMBER and NUMBER not in repr(leg.caller)
    assert leg.caller.leg_call_id
    await leg.answer()
    await until(lambda: peer.answered)


async def test_both_hear_each_other(line: Any) -> None:
    leg, peer = await line.call()
    await peer.speak(bytes(peer.rate_hz // 10))  # an AudioSocket tells its rate by its first audio
    heard, _, _ = await asyncio.gather(listen(leg, 1.2), peer.speak(sweep(0.6, peer.rate_hz)), say(leg, sweep(0.6)))
    caller = likeness(sweep(0.6), heard)
    bot = likeness(sweep(0.6, peer.rate_hz), peer.all_heard(), peer.rate_hz)
    assert caller.alike > 0.99 and abs(caller.level_db) < 0.5
    assert bot.alike > 0.99 and abs(bot.level_db) < 0.5


async def test_pieces_of_any_size_join_up(any_line: Any) -> None:
    await pieces_of_any_size_join_up(any_line)


async def test_pieces_of_any_size_join_up_in_wide_band(wide_line: Any) -> None:
    await pieces_of_any_size_join_up(wide_line)


async def pieces_of_any_size_join_up(line: Any) -> None:
    leg, peer = await line.call()
    await peer.speak(bytes(peer.rate_hz // 10))
    odd = None if leg.kind == "sip" else random.Random(7)  # a telephone sends whole frames
    heard, _, _ = await asyncio.gather(
        listen(leg, 1.2), peer.speak(sweep(0.6, peer.rate_hz), sizes=odd), say(leg, sweep(0.6), random.Random(8))
    )
    assert likeness(sweep(0.6), heard).alike > 0.98
    assert likeness(sweep(0.6, peer.rate_hz), peer.all_heard(), peer.rate_hz).alike > 0.98


async def test_buffered_tells_what_was_not_heard_yet(any_line: Any) -> None:
    leg, peer = await any_line.call()
    speaking = asyncio.create_task(peer.speak(bytes(4 * BYTES_A_SECOND)))
    await asyncio.sleep(0.2)
    assert leg.buffered() == 0
    began = time.monotonic()
    assert leg.write(sweep(1.0)) == BYTES_A_SECOND
    for _ in range(8):
        await asyncio.sleep(0.1)
        expected = BYTES_A_SECOND * (1.0 - (time.monotonic() - began))
        assert abs(leg.buffered() - expected) < 0.1 * BYTES_A_SECOND
    await until(lambda: leg.buffered() == 0, 0.5)
    assert leg.write(bytes(10 * BYTES_A_SECOND)) <= 2.1 * BYTES_A_SECOND, "the queue is bounded"
    leg.flush()
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)


async def test_a_flush_is_heard_at_once_the_tenth_time_too(any_line: Any) -> None:
    leg, peer = await any_line.call()
    speaking = asyncio.create_task(peer.speak(bytes(10 * BYTES_A_SECOND)))
    for _ in range(10):
        leg.write(sweep(1.5))
        await asyncio.sleep(0.25)
        leg.flush()
        flushed = time.monotonic()
        await until(lambda: leg.buffered() <= 0.06 * BYTES_A_SECOND, 0.1)
        await asyncio.sleep(0.25)
        loud = [moment for moment, pcm in peer.heard if moment < flushed and np.abs(wave(pcm)).max() > 1_000]
        late = [moment for moment, pcm in peer.heard if moment > flushed + 0.1 and np.abs(wave(pcm)).max() > 1_000]
        assert loud and flushed - max(loud) < 0.1, "it was speaking"
        assert not late, f"still heard {max(late) - flushed:.2f} s after the flush"
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)


async def test_keys_are_reported(any_line: Any) -> None:
    leg, peer = await any_line.call()
    keys: list[str] = []
    leg.on_key(keys.append)
    await peer.speak(bytes(BYTES_A_SECOND // 5))
    for key in "0#":
        await peer.press(key)
        await peer.speak(bytes(BYTES_A_SECOND // 5))
    assert keys == ["0", "#"]


# --- the end ----------------------------------------------------------------------------------------------------------


async def closed_for_good(leg: Leg, reasons: list[str], reason: str) -> None:
    await until(lambda: reasons)
    assert reasons == [reason]
    assert leg.read() == b"" and leg.write(sweep(0.1)) == 0 and leg.buffered() == 0
    leg.flush()
    await leg.hang_up()
    assert on_closed(leg) == [reason], "whoever asks later hears it at once"
    with pytest.raises(LegClosed):
        await leg.answer()
    with pytest.raises(LegClosed):
        await leg.transfer("sip:110@127.0.0.1", 1.0)
    await asyncio.sleep(0.1)
    assert reasons == [reason], "once"


async def test_the_caller_hangs_up(any_line: Any) -> None:
    leg, peer = await any_line.call()
    reasons = on_closed(leg)
    leg.write(sweep(1.0))
    await peer.speak(bytes(BYTES_A_SECOND // 5))
    await peer.hang_up()
    await closed_for_good(leg, reasons, "caller_hung_up")


async def test_the_caller_hangs_up_before_the_answer(pbx_line: Any) -> None:
    leg, peer = await pbx_line.call(answered=False)
    await peer.hang_up()
    await asyncio.sleep(0.1)
    with pytest.raises(LegClosed):
        await leg.answer()


async def test_the_bot_hangs_up(any_line: Any) -> None:
    leg, peer = await any_line.call()
    reasons = on_closed(leg)
    await peer.speak(bytes(BYTES_A_SECOND // 5))
    began = time.monotonic()
    await leg.hang_up()
    assert time.monotonic() - began < 0.5
    async with asyncio.timeout(1):
        await peer.closed.wait()
    await closed_for_good(leg, reasons, "bot_hung_up")


async def test_a_broken_connection_is_an_error(pbx_line: Any) -> None:
    leg, peer = await pbx_line.call()
    reasons = on_closed(leg)
    await peer.cut()
    # AudioSocket has no good-bye but the end of the connection.
    await closed_for_good(leg, reasons, "caller_hung_up" if leg.kind == "audiosocket" else "error")


async def test_a_transfer_that_is_not_possible_leaves_the_call_up(any_line: Any) -> None:
    leg, peer = await any_line.call()
    reasons = on_closed(leg)
    await peer.speak(bytes(BYTES_A_SECOND // 5))
    with pytest.raises(TransferError):
        await leg.transfer(f"sip:110@{HOST}:9", 2.0)
    heard, _ = await asyncio.gather(listen(leg, 1.4), peer.speak(sweep(1.0, peer.rate_hz)))
    assert not reasons and likeness(sweep(1.0), heard).alike > 0.98


async def test_a_silent_peer_is_given_up(any_line: Any) -> None:
    leg, peer = await any_line.call()
    reasons = on_closed(leg)
    await peer.speak(bytes(BYTES_A_SECOND // 5))
    began = time.monotonic()
    while not reasons and time.monotonic() < began + RTP_TIMEOUT_SECONDS + 3:
        leg.write(sweep(0.1))  # what we send does not count
        await asyncio.sleep(0.1)
    assert abs(time.monotonic() - began - RTP_TIMEOUT_SECONDS) < 1.5
    await closed_for_good(leg, reasons, "rtp_timeout")


# --- trouble ----------------------------------------------------------------------------------------------------------


async def test_garbage_harms_nobody(any_line: Any) -> None:
    leg, peer = await any_line.call()
    reasons = on_closed(leg)
    await peer.speak(bytes(BYTES_A_SECOND // 5))
    await peer.garbage()
    heard, _ = await asyncio.gather(listen(leg, 1.6), peer.speak(sweep(1.0, peer.rate_hz)))
    assert not reasons and likeness(sweep(1.0), heard).alike > 0.95
    other, other_peer = await any_line.call()
    heard, _ = await asyncio.gather(listen(other, 1.6), other_peer.speak(sweep(1.0, peer.rate_hz)))
    assert likeness(sweep(1.0), heard).alike > 0.99


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def sockets_in(state: str, port: int) -> int:
    """Sockets of ours on this port in a TCP state (`08` is CLOSE-WAIT, `01` established)."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(row[3] == state and int(row[1].split(":")[1], 16) == port for row in rows)


async def test_a_hundred_calls_leave_nothing_behind(any_line: Any) -> None:
    before = 0
    for batch in range(6):
        pairs = [await any_line.call() for _ in range(20)]
        await asyncio.gather(*(peer.speak(bytes(BYTES_A_SECOND // 10)) for _, peer in pairs))
        for number, (leg, peer) in enumerate(pairs):
            reasons = on_closed(leg)
            if (number + batch) % 2:
                await peer.hang_up()
            else:
                await leg.hang_up()
                async with asyncio.timeout(2):
                    await peer.closed.wait()
            await peer.release()
            await until(lambda reasons=reasons: reasons)
        await asyncio.sleep(0.3)
        if batch == 0:
            before = descriptors()  # what the first calls have opened for good (a pipe, a timer) is no leak
    assert sockets_in("08", any_line.port) == 0 and sockets_in("01", any_line.port) == 0
    assert descriptors() <= before + 2


# --- 16 kHz -----------------------------------------------------------------------------------------------------------


def spectrum_db(pcm: bytes, rate_hz: int, low_hz: float, high_hz: float) -> float:
    """The strongest line between two frequencies, against the strongest of all."""
    samples = wave(pcm)[int(0.2 * rate_hz) : int(0.8 * rate_hz)]
    lines = np.abs(np.fft.rfft(samples * np.blackman(len(samples))))
    hz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    return float(20 * np.log10(lines[(hz >= low_hz) & (hz <= high_hz)].max() / lines.max() + 1e-12))


async def test_what_a_telephone_cannot_carry_does_not_fold_back(wide_line: Any) -> None:
    leg, peer = await wide_line.call()
    both = (wave(tone(1_000, 1.0, 16_000)) + wave(tone(5_500, 1.0, 16_000))).astype("<i2").tobytes()
    heard, _ = await asyncio.gather(listen(leg, 1.3), peer.speak(both))
    assert spectrum_db(heard, 8_000, 2_300, 2_700) < -70, "5.5 kHz would fold to 2.5 kHz"
    assert spectrum_db(heard, 8_000, 900, 1_100) > -0.1


async def test_the_bots_voice_has_no_mirror_image(wide_line: Any) -> None:
    leg, peer = await wide_line.call()
    await peer.speak(bytes(3_200))
    await asyncio.gather(say(leg, tone(1_000, 1.0, 8_000)), peer.speak(bytes(2 * 16_000)))
    assert spectrum_db(peer.all_heard(), 16_000, 4_600, 8_000) < -70, "1 kHz would be mirrored at 7 kHz"
    assert spectrum_db(peer.all_heard(), 16_000, 900, 1_100) > -0.1
