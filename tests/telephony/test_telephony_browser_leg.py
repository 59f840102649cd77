"""A seat's browser at the phone's door: tickets, audio both ways at both rates, and ends of every kind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from base.sections.telephony import TelephonySettings
from base.settings import Settings
from telephony.audio import FRAME_BYTES, RATE_HZ, to_samples, tone
from telephony.caller import free_port
from telephony.legs import browser
from telephony.legs.browser import BrowserLeg, BrowserListener, Ticket


def settings(port: int | None) -> Settings:
    return Settings(telephony=TelephonySettings(seat_audio_port=port, seat_audio_url="wss://h.example/node-1/"))


@pytest.fixture
async def listener() -> AsyncIterator[BrowserListener]:
    listener = BrowserListener(settings(free_port("127.0.0.1")))
    await listener.start()
    yield listener
    await listener.close()


def address(listener: BrowserListener, ticket: Ticket, query: str = "&rate=16000", path: str = browser.PATH) -> str:
    return f"ws://127.0.0.1:{listener.port}{path}?ticket={ticket.secret}{query}"


async def joined(listener: BrowserListener, rate_hz: int = 16_000) -> tuple[ClientConnection, BrowserLeg]:
    ticket = listener.expect(5.0)
    page = await connect(address(listener, ticket, f"&rate={rate_hz}"), compression=None)
    return page, await asyncio.wait_for(ticket.leg, 2)


async def refused(url: str) -> int:
    with pytest.raises(InvalidStatus) as refusal:
        await connect(url)
    return refusal.value.response.status_code


async def test_a_ticket_is_good_once_and_for_seconds(listener: BrowserListener) -> None:
    ticket = listener.expect(5.0)
    assert await refused(address(listener, ticket, path="/other")) == 403
    assert await refused(address(listener, ticket)) == 403, "a ticket that was shown at the wrong door is spent"
    late = listener.expect(0.0)
    assert await refused(address(listener, late)) == 403
    withdrawn = listener.expect(5.0)
    listener.forget(withdrawn)
    assert await refused(address(listener, withdrawn)) == 403 and withdrawn.leg.cancelled()
    odd = listener.expect(5.0)
    assert await refused(address(listener, odd, "&rate=44100")) == 400
    assert await refused(f"ws://127.0.0.1:{listener.port}{browser.PATH}") == 403
    page, leg = await joined(listener)
    assert len({listener.expect(5.0).secret for _ in range(100)}) == 100
    await page.close()
    assert leg.kind == "browser"


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
async def test_audio_goes_both_ways(listener: BrowserListener, rate_hz: int) -> None:
    page, leg = await joined(listener, rate_hz)
    frame = np.frombuffer(tone(700.0, 1.0, 0.3), "<i2")
    sent = np.repeat(frame, rate_hz // RATE_HZ).astype("<i2").tobytes()  # good enough for a tone
    step = rate_hz // 50 * 2
    for start in range(0, len(sent), step):
        await page.send(sent[start : start + step])
    await page.send(b"\x01")  # half a sample harms nobody
    await page.send("words are for the other socket")
    await asyncio.sleep(0.2)
    heard = to_samples(leg.read())
    assert abs(len(heard) - RATE_HZ) < 200
    assert 0.15 < float(np.sqrt(np.mean(heard**2))) < 0.25
    assert leg.read() == b""

    out = bytearray()
    for start in range(0, 10 * FRAME_BYTES, FRAME_BYTES):
        leg.write(tone(700.0, 0.2, 0.3)[start : start + FRAME_BYTES])
        await asyncio.sleep(0.02)
    async with asyncio.timeout(2):
        while len(out) < 10 * step:
            message = await page.recv()
            assert isinstance(message, bytes)
            out += message
    assert len(out) == 10 * step
    await page.close()


async def test_the_page_goes(listener: BrowserListener) -> None:
    page, leg = await joined(listener)
    reasons: list[str] = []
    leg.on_closed(reasons.append)
    await page.close()
    await asyncio.sleep(0.1)
    assert reasons == ["caller_hung_up"]
    assert leg.write(bytes(FRAME_BYTES)) == 0 and leg.read() == b""
    leg.flush()
    await leg.hang_up()
    leg.on_closed(reasons.append)
    assert reasons == ["caller_hung_up"] * 2

    broken, other = await joined(listener)
    other.on_closed(reasons.append)
    broken.transport.abort()
    await asyncio.sleep(0.1)
    assert reasons[-1] == "error"


async def test_we_go(listener: BrowserListener) -> None:
    page, leg = await joined(listener)
    reasons: list[str] = []
    leg.on_closed(reasons.append)
    await asyncio.wait_for(leg.hang_up(), 2)
    assert reasons == ["bot_hung_up"]
    with pytest.raises(ConnectionClosed):
        await page.recv()


async def test_a_page_that_falls_silent_is_gone(listener: BrowserListener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "SILENCE_SECONDS", 0.5)
    page, leg = await joined(listener)
    reasons: list[str] = []
    leg.on_closed(reasons.append)
    for _ in range(5):
        await page.send(bytes(640))
        await asyncio.sleep(0.25)
    assert reasons == []
    await asyncio.sleep(1.8)
    assert reasons == ["rtp_timeout"]


async def test_closing_ends_everything(listener: BrowserListener) -> None:
    page, leg = await joined(listener)
    waiting = listener.expect(5.0)
    await listener.close()
    assert waiting.leg.cancelled() and not listener.open
    with pytest.raises(ConnectionClosed):
        await page.recv()
    assert leg.write(b"\0\0") == 0


async def test_a_port_that_is_taken_costs_no_calls() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        listener = BrowserListener(settings(other.getsockname()[1]))
        await listener.start()
        assert not listener.open
        await listener.close()
    off = BrowserListener(settings(None))
    await off.start()
    assert not off.open and off.url == "wss://h.example/node-1"
    await off.close()
