"""The ways in which calls reach us, each with our listening end; `call()` gives our leg and the peer of one call."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from telephony_leg_peer import HOST, NUMBER, RATES, RTP_TIMEOUT_SECONDS, SECRET, Peer
from telephony_pbx_peers import AsteriskPeer, AudioSocketPeer, FreeSwitchPeer
from telephony_sip_peer import SipPeer
from websockets.asyncio.client import connect

from base.sections.telephony import TelephonySettings
from telephony.caller import free_port
from telephony.legs import audiosocket
from telephony.legs.leg import Leg
from telephony.legs.listeners import PbxListeners
from telephony.legs.sip import SipEndpoint
from telephony.metrics import PhoneMetrics


@dataclass
class Line(ABC):
    """`media` names the format on the wire; a peer's audio is always handled as PCM16."""

    media: str
    metrics: PhoneMetrics = field(default_factory=PhoneMetrics)
    calls: asyncio.Queue[Leg] = field(default_factory=asyncio.Queue)
    peers: list[Peer] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # numbers of callers for whom there was no room
    room: bool = True
    port: int = 0
    _end: Any = None

    def settings(self) -> TelephonySettings:
        return TelephonySettings(
            sip_port=free_port(HOST),
            pbx_secret=SECRET,
            rtp_timeout_seconds=RTP_TIMEOUT_SECONDS,
            rtp_ports=(25_000, 26_999),
        )

    async def open(self) -> None:
        settings = self.settings()
        self._end = PbxListeners(
            settings,
            self.calls.put_nowait,
            self.metrics,
            has_room=lambda: self.room,
            on_refused=lambda caller: self.refused.append(caller.reveal()),
        )
        await self._end.start()
        self.port = self._end.ports[0]

    async def close(self) -> None:
        for peer in self.peers:
            if not peer.closed.is_set():
                await peer.cut()
        await self._end.close()

    @abstractmethod
    async def dial(self) -> Peer: ...

    async def call(self, *, answered: bool = True) -> tuple[Leg, Any]:
        peer = await self.dial()
        self.peers.append(peer)
        async with asyncio.timeout(5):
            leg = await self.calls.get()
        if answered:
            await leg.answer()
        return leg, peer


def bearer(secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def basic(secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"hotline:{secret}".encode()).decode()}


@dataclass
class AsteriskLine(Line):
    as_json: bool = True

    def settings(self) -> TelephonySettings:
        return super().settings().model_copy(update={"asterisk_websocket_port": 0})

    async def dial(self) -> Peer:
        url = f"ws://{HOST}:{self.port}/media?caller=%2B{NUMBER}&call_id=1a2b%4010.0.0.1"
        socket_ = await connect(url, additional_headers=basic(), subprotocols=["media"], compression=None)  # type: ignore[list-item]
        peer = AsteriskPeer(socket_, self.media, as_json=self.as_json)
        await peer.start()
        return peer


@dataclass
class AudioSocketLine(Line):
    def settings(self) -> TelephonySettings:
        return super().settings().model_copy(update={"audiosocket_port": 0})

    async def dial(self) -> Peer:
        reader, writer = await asyncio.open_connection(HOST, self.port)
        kind = next(kind for kind, rate_hz in audiosocket.RATES_HZ.items() if rate_hz == RATES[self.media])
        peer = AudioSocketPeer(reader, writer, kind)
        identity = audiosocket.signed_uuid(NUMBER, SECRET, datetime.now(UTC))
        await peer.send(audiosocket.message(audiosocket.IDENTITY, identity.bytes))
        return peer


@dataclass
class FreeSwitchLine(Line):
    playback: str = "raw"

    def settings(self) -> TelephonySettings:
        return super().settings().model_copy(update={"freeswitch_port": 0})

    async def dial(self) -> Peer:
        rate_hz = RATES[self.media]
        url = f"ws://{HOST}:{self.port}/?rate={rate_hz}&playback={self.playback}"
        socket_ = await connect(url, additional_headers=bearer())  # the module offers compression by default
        peer = FreeSwitchPeer(socket_, rate_hz)
        await socket_.send(json.dumps({"caller": NUMBER, "call_id": "f00d-1"}))
        return peer


@dataclass
class SipLine(Line):
    async def open(self) -> None:
        settings = self.settings()
        self.port = settings.sip_port
        self._end = SipEndpoint(settings, self.calls.put_nowait)
        await self._end.start()

    async def close(self) -> None:
        for peer in self.peers:
            await peer.release()
        await self._end.close()

    async def dial(self) -> Peer:
        peer = SipPeer(self.port, self.media)
        await peer.open()
        return peer


LINES: dict[str, Any] = {
    "sip-alaw": lambda: SipLine("alaw"),
    "sip-ulaw": lambda: SipLine("ulaw"),
    "asterisk-alaw": lambda: AsteriskLine("alaw"),
    "asterisk-ulaw-plain": lambda: AsteriskLine("ulaw", as_json=False),
    "asterisk-slin": lambda: AsteriskLine("slin"),
    "asterisk-slin16": lambda: AsteriskLine("slin16"),
    "audiosocket": lambda: AudioSocketLine("slin"),
    "audiosocket-16k": lambda: AudioSocketLine("slin16"),
    "freeswitch-8k": lambda: FreeSwitchLine("slin"),
    "freeswitch-16k": lambda: FreeSwitchLine("slin16"),
    "freeswitch-json": lambda: FreeSwitchLine("slin", playback="json"),
}
KINDS = ("sip-alaw", "asterisk-alaw", "audiosocket", "freeswitch-8k")  # one of each, where the format does not matter
PBX_KINDS = KINDS[1:]
WIDE = ("asterisk-slin16", "audiosocket-16k", "freeswitch-16k")


def make_line(name: str) -> Line:
    line = LINES[name]()
    assert isinstance(line, Line)
    return line


@contextlib.asynccontextmanager
async def opened(name: str) -> AsyncIterator[Any]:
    line = make_line(name)
    await line.open()
    try:
        yield line
    finally:
        await line.close()
