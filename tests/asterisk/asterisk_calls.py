"""What the tests with a real Asterisk share: telephones that call it, and comparing what comes back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from asterisk_server import Asterisk
from telephony_likeness import likeness, wave
from telephony_sip_peer import SipPeer

USERS: Final = {"asterisk_websocket": "12345", "audiosocket": "123459"}  # the link that an extension leads to
LINKS: Final = tuple(USERS)
LOUD: Final = 300  # of 32,767: above everything but speech


@dataclass
class Speech:
    """Recorded Mandarin."""

    text: str
    path: Path
    pcm: bytes
    long: bytes  # this and others of the kind, ten seconds at least, nothing twice


@dataclass
class Ports:
    """Where our side of the links listens."""

    websocket: int
    audiosocket: int


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


async def until_hung_up(peer: SipPeer, seconds: float) -> None:
    """The caller says nothing and waits for the other end to hang up."""
    waiting = asyncio.create_task(peer.speak(silence(seconds)))
    try:
        async with asyncio.timeout(seconds):
            await peer.closed.wait()
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await peer.release()


def silence(seconds: float) -> bytes:
    return bytes(int(seconds * 8_000) * 2)


def sounds(peer: SipPeer, begin: float = 0.0, end: float = float("inf")) -> list[float]:
    """The moments between two others at which a frame of sound was heard."""
    return [at for at, pcm in peer.heard if begin < at < end and np.abs(wave(pcm)).max() > LOUD]


@dataclass
class Comparison:
    alike: float
    level_db: float
    delay_seconds: float


async def say(peer: SipPeer, speech: bytes) -> float:
    """Say something to a line that gives back what it hears; returns when it began."""
    await peer.speak(silence(0.5))
    began = time.monotonic()
    await peer.speak(speech)
    await peer.speak(silence(0.6))
    return began


def compare(peer: SipPeer, speech: bytes, began: float) -> Comparison:
    """What came back of it. The delay counts from the first packet out to the first packet in. Call this when nobody
    is speaking: it computes for a while."""
    heard = [(at, pcm) for at, pcm in peer.heard if at > began - 0.2]
    result = likeness(speech, b"".join(pcm for _, pcm in heard), finer=1)
    return Comparison(result.alike, result.level_db, heard[min(result.start // 160, len(heard) - 1)][0] - began)
