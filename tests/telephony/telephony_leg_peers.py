"""The other ends of all call legs, speaking their real wire protocols over real sockets.

A `Line` is one way in which calls reach us, with our listening end; `call()` gives our leg and the peer of one call.
What a peer heard is kept with the moment at which a telephone would have played it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import re
import socket
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from base.sections.telephony import TelephonySettings
from telephony.audio import FRAME_SECONDS, alaw_to_pcm, pcm_to_alaw, pcm_to_ulaw, ulaw_to_pcm
from telephony.caller import free_port as free_sip_port
from telephony.legs import audiosocket
from telephony.legs.leg import Leg
from telephony.legs.listeners import PbxListeners
from telephony.legs.sip import SipEndpoint
from telephony.metrics import PhoneMetrics

HOST = "127.0.0.1"
NUMBER = "13900001234"
SECRET = "a-secret-of-the-tests"
RTP_TIMEOUT_SECONDS = 5

ENCODERS = {"alaw": pcm_to_alaw, "ulaw": pcm_to_ulaw}
DECODERS = {"alaw": alaw_to_pcm, "ulaw": ulaw_to_pcm}
RATES = {"alaw": 8_000, "ulaw": 8_000, "slin": 8_000, "slin16": 16_000}


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Peer(ABC):
    """The far end of one call: a PBX (or a telephone) and its caller. Audio is PCM16 in `rate_hz`."""

    rate_hz = 8_000
    piece_bytes = 1  # what a piece of its audio may be a multiple of

    def __init__(self) -> None:
        self.heard: list[tuple[float, bytes]] = []  # (when it was played, PCM16)
        self.closed = asyncio.Event()

    @abstractmethod
    async def send_audio(self, pcm: bytes) -> None:
        """One piece of the caller's audio, at once."""

    @abstractmethod
    async def press(self, key: str) -> None: ...

    @abstractmethod
    async def hang_up(self) -> None: ...

    @abstractmethod
    async def cut(self) -> None:
        """The connection breaks without a word."""

    @abstractmethod
    async def garbage(self) -> None:
        """Send what no proper peer would send and a call must survive."""

    async def release(self) -> None:
        """The call is over: free what the peer itself holds."""
        self.closed.set()

    async def speak(self, pcm: bytes, *, sizes: random.Random | None = None) -> None:
        """At the speed of speech, in frames of 20 ms or (`sizes`) in pieces of any size, odd ones too."""
        began, at = time.monotonic(), 0
        while at < len(pcm):
            size = sizes.randint(1, 999) * self.piece_bytes if sizes else int(self.rate_hz * FRAME_SECONDS) * 2
            await self.send_audio(pcm[at : at + size])
            at += size
            await asyncio.sleep(max(0.0, began + at / (2 * self.rate_hz) - time.monotonic()))

    def all_heard(self, since: float = 0.0) -> bytes:
        return b"".join(pcm for moment, pcm in self.heard if moment >= since)


# --- Asterisk, chan_websocket -----------------------------------------------------------------------------------------


class AsteriskPeer(Peer):
    """As `chan_websocket` of Asterisk 22.10 behaves: its own 20 ms clock, a queue of at most 1,000 frames with XOFF at
    900 and XON below 800, incomplete frames dropped, FLUSH_MEDIA forgets the queue, HANGUP closes."""

    def __init__(self, socket_: ClientConnection, media: str, *, as_json: bool) -> None:
        super().__init__()
        self.media = media
        self.rate_hz = RATES[media]
        self.piece_bytes = 2 if media in ENCODERS else 1  # a G.711 byte is made of a whole sample
        self.frame_bytes = int(self.rate_hz * FRAME_SECONDS) * (1 if media in ENCODERS else 2)
        self.answered = False
        self.commands: list[str] = []
        self.dropped_bytes = 0
        self._socket = socket_
        self._json = as_json
        self._queue: list[bytes] = []
        self._full = False
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._play())]

    async def event(self, name: str, **fields: Any) -> None:
        if self._json:
            await self._socket.send(json.dumps({"event": name, "channel_id": "17.1", **fields}))
        else:
            await self._socket.send(" ".join([name, *(f"{key}:{value}" for key, value in fields.items())]))

    async def start(self) -> None:
        await self.event(
            "MEDIA_START",
            connection_id="hotline",
            channel="WebSocket/hotline/0x1",
            format=self.media,
            optimal_frame_size=self.frame_bytes,
            ptime=20,
            **({"channel_variables": {"MEDIA_WEBSOCKET_CONNECTION_ID": "hotline"}} if self._json else {}),
        )

    async def _receive(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self._socket:
                if isinstance(message, bytes):
                    await self._media_in(message)
                else:
                    await self._obey(json.loads(message)["command"] if self._json else message.split(" ")[0])
        self.closed.set()

    async def _media_in(self, data: bytes) -> None:
        whole = len(data) - len(data) % self.frame_bytes
        self.dropped_bytes += len(data) - whole
        self._queue += [data[at : at + self.frame_bytes] for at in range(0, whole, self.frame_bytes)]
        if len(self._queue) >= 900 and not self._full:
            self._full = True
            await self.event("MEDIA_XOFF")

    async def _obey(self, command: str) -> None:
        assert len(command) < 128
        self.commands.append(command)
        if command == "ANSWER":
            self.answered = True
        elif command == "FLUSH_MEDIA":
            self._queue.clear()
        elif command == "HANGUP":
            await self._socket.close()

    async def _play(self) -> None:
        due = time.monotonic()
        with contextlib.suppress(ConnectionClosed):
            while not self.closed.is_set():
                if self._full and len(self._queue) < 800:
                    self._full = False
                    await self.event("MEDIA_XON")
                if self._queue:
                    frame = self._queue.pop(0)
                    decode = DECODERS.get(self.media)
                    self.heard.append((time.monotonic(), decode(frame) if decode else frame))
                due += FRAME_SECONDS
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def send_audio(self, pcm: bytes) -> None:
        encode = ENCODERS.get(self.media)
        await self._socket.send(encode(pcm) if encode else pcm)

    async def press(self, key: str) -> None:
        await self.event("DTMF_END", digit=key)

    async def hang_up(self) -> None:
        await self._socket.close()
        await asyncio.gather(*self._tasks)

    async def cut(self) -> None:
        self._socket.transport.abort()
        await asyncio.gather(*self._tasks)

    async def garbage(self) -> None:
        for text in (
            "",
            " ",
            "NO_SUCH_EVENT x:y",
            "{",
            "[1,2]",
            '{"event": 7}',
            '{"event": "DTMF_END"}',
            "DTMF_END",
            "\0",
        ):
            await self._socket.send(text)
        await self._socket.send(b"")
        await self._socket.ping()


# --- AudioSocket ------------------------------------------------------------------------------------------------------


class AudioSocketPeer(Peer):
    """As Asterisk's `AudioSocket()` behaves: what arrives is played at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: int) -> None:
        super().__init__()
        self.kind = kind
        self.rate_hz = audiosocket.RATES_HZ[kind]
        self.answered = True  # by the dialplan
        self._reader, self._writer = reader, writer
        self._task = asyncio.create_task(self._receive())

    async def _receive(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                kind, length = struct.unpack(">BH", await self._reader.readexactly(3))
                payload = await self._reader.readexactly(length)
                if kind == audiosocket.HANGUP:
                    break
                assert kind in audiosocket.RATES_HZ and length > 0, "Asterisk would close on anything else"
                self.heard.append((time.monotonic(), payload))
        self._writer.close()
        self.closed.set()

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def send_audio(self, pcm: bytes) -> None:
        await self.send(audiosocket.message(self.kind, pcm))

    async def press(self, key: str) -> None:
        await self.send(audiosocket.message(audiosocket.KEY, key.encode()))

    async def hang_up(self) -> None:
        self._writer.close()  # app_audiosocket closes without a message
        await self._task

    async def cut(self) -> None:
        transport = self._writer.transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset instead of a farewell
        transport.abort()
        await self._task

    async def garbage(self) -> None:
        await self.send(audiosocket.message(0x42, b"what is this"))
        await self.send(audiosocket.message(audiosocket.KEY))
        await self.send(audiosocket.message(audiosocket.KEY, b"\xff"))
        await self.send(audiosocket.message(self.kind))
        await self.send(audiosocket.message(audiosocket.IDENTITY, bytes(16)))


# --- FreeSWITCH -------------------------------------------------------------------------------------------------------


class FreeSwitchPeer(Peer):
    """As mod_audio_stream's description says: audio up as L16, metadata first; plays raw or base64 audio in order."""

    def __init__(self, socket_: ClientConnection, rate_hz: int) -> None:
        super().__init__()
        self.rate_hz = rate_hz
        self.answered = True  # by the dialplan
        self.messages: list[dict[str, Any]] = []
        self._socket = socket_
        self._heard_until = 0.0
        self._task = asyncio.create_task(self._receive())

    async def _receive(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self._socket:
                if isinstance(message, bytes):
                    self._played(message)
                    continue
                table = json.loads(message)
                if table["type"] == "streamAudio":
                    assert table["data"]["audioDataType"] == "raw" and table["data"]["sampleRate"] == self.rate_hz
                    self._played(base64.b64decode(table["data"]["audioData"]))
                else:
                    self.messages.append(table)
                    if table["type"] == "hangup":
                        await self._socket.close()
        self.closed.set()

    def _played(self, pcm: bytes) -> None:
        at = max(time.monotonic(), self._heard_until)
        self.heard.append((at, pcm))
        self._heard_until = at + len(pcm) / 2 / self.rate_hz

    async def send_audio(self, pcm: bytes) -> None:
        await self._socket.send(pcm)

    async def press(self, key: str) -> None:
        await self._socket.send(json.dumps({"event": "dtmf", "digit": key}))

    async def hang_up(self) -> None:
        await self._socket.close()
        await self._task

    async def cut(self) -> None:
        self._socket.transport.abort()
        await self._task

    async def garbage(self) -> None:
        for text in ("", "{", "[]", "null", '{"event": "dtmf"}', '{"event": ["dtmf"]}', '{"no": "event"}'):
            await self._socket.send(text)
        await self._socket.send(b"")
        await self._socket.ping()


# --- SIP --------------------------------------------------------------------------------------------------------------


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.put_nowait(data)


class SipPeer(Peer):
    """A telephone: INVITE, ACK, BYE, G.711 over RTP, RFC 4733 keys; refuses to be transferred."""

    PAYLOADS = ((8, "PCMA", "alaw"), (0, "PCMU", "ulaw"))

    def __init__(self, port: int, media: str, user: str = "12345") -> None:
        super().__init__()
        self.answered = False
        self.closed_at = 0.0
        self.refused = ""  # the status with which the call was turned down
        self._user = user
        self.media = media
        self.call_id = random.randbytes(8).hex()
        self._server = (HOST, port)
        self._tag, self._to = random.randbytes(4).hex(), ""
        self._sip, self._rtp = _Datagrams(), _Datagrams()
        self._there: tuple[str, int] | None = None
        self._sequence, self._clock = random.randrange(1 << 15), random.randrange(1 << 31)
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self._sip, local_addr=(HOST, 0))
        await loop.create_datagram_endpoint(lambda: self._rtp, local_addr=(HOST, 0))
        payload, name = next((number, name) for number, name, media in self.PAYLOADS if media == self.media)
        port = self._rtp.transport.get_extra_info("sockname")[1]
        self._payload = payload
        self._request(
            "INVITE",
            1,
            f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {payload} 101\r\n"
            f"a=rtpmap:{payload} {name}/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n",
        )
        self._tasks = [asyncio.create_task(self._signalling()), asyncio.create_task(self._listen())]

    def _head(self, first: str, extra: list[str], body: str = "") -> bytes:
        kind = ["Content-Type: application/sdp"] if body else []
        return ("\r\n".join([first, *extra, *kind, f"Content-Length: {len(body)}"]) + "\r\n\r\n" + body).encode()

    def _request(self, method: str, number: int, body: str = "") -> None:
        here = f"{HOST}:{self._sip.transport.get_extra_info('sockname')[1]}"
        extra = [
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{random.randbytes(6).hex()};rport",
            "Max-Forwards: 70",
            f"From: <sip:{NUMBER}@{here}>;tag={self._tag}",
            f"To: <sip:{self._user}@{HOST}:{self._server[1]}>{self._to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{NUMBER}@{here}>",
        ]
        first = f"{method} sip:{self._user}@{HOST}:{self._server[1]} SIP/2.0"
        self._sip.transport.sendto(self._head(first, extra, body), self._server)

    def _reply(self, status: str, request: str) -> None:
        copied = re.findall(r"(?im)^((?:Via|From|To|Call-ID|CSeq):.*?)\r$", request)
        self._sip.transport.sendto(self._head(f"SIP/2.0 {status}", copied), self._server)

    async def _signalling(self) -> None:
        while True:
            text = (await self._sip.received.get()).decode("utf-8", "replace")
            if text.startswith("SIP/2.0 200") and "INVITE" in text:
                tag = re.search(r"(?im)^To:.*?(;tag=[^\s;]+)", text)
                port = re.search(r"(?m)^m=audio (\d+)", text)
                assert tag and port
                self._to, self._there = tag[1], (HOST, int(port[1]))
                self._request("ACK", 1)
                self.answered = True
            elif re.match(r"SIP/2\.0 [3-6]", text) and "INVITE" in text:
                self.refused = text[8:11]
                self.closed.set()
            elif text.startswith("BYE"):
                self._reply("200 OK", text)
                self.closed_at = time.monotonic()
                self.closed.set()
            elif text.startswith("REFER"):
                self._reply("603 Decline", text)

    async def _listen(self) -> None:
        while True:
            packet = await self._rtp.received.get()
            if len(packet) > 12 and packet[1] & 0x7F == self._payload:
                self.heard.append((time.monotonic(), DECODERS[self.media](packet[12:])))

    def _packet(self, payload: int, data: bytes, *, marker: bool = False) -> None:
        assert self._there is not None
        self._sequence = (self._sequence + 1) & 0xFFFF
        head = struct.pack(">BBHII", 0x80, payload | (0x80 if marker else 0), self._sequence, self._clock, 0x1234)
        self._rtp.transport.sendto(head + data, self._there)

    async def send_audio(self, pcm: bytes) -> None:
        self._packet(self._payload, ENCODERS[self.media](pcm))
        self._clock = (self._clock + len(pcm) // 2) & 0xFFFFFFFF

    async def press(self, key: str) -> None:
        event = "0123456789*#".index(key)
        for step in range(1, 8):
            end = step >= 5
            self._packet(101, struct.pack(">BBH", event, 0x8A if end else 0x0A, min(step, 5) * 160), marker=step == 1)
            await asyncio.sleep(FRAME_SECONDS)
        self._clock = (self._clock + 1_120) & 0xFFFFFFFF

    async def release(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._sip.transport.close()
        self._rtp.transport.close()

    async def hang_up(self) -> None:
        self._request("BYE", 2)
        await asyncio.sleep(0.05)
        await self.release()

    async def cut(self) -> None:
        await self.release()

    async def garbage(self) -> None:
        assert self._there is not None
        for _ in range(30):
            self._rtp.transport.sendto(random.randbytes(random.randint(1, 400)), self._there)
        for data in (b"\r\n\r\n", b"INVITE\r\n", random.randbytes(300)):
            self._sip.transport.sendto(data, self._server)


# --- lines ------------------------------------------------------------------------------------------------------------


@dataclass
class Line(ABC):
    """`media` names the format on the wire; a peer's audio is always handled as PCM16."""

    media: str
    metrics: PhoneMetrics = field(default_factory=PhoneMetrics)
    calls: asyncio.Queue[Leg] = field(default_factory=asyncio.Queue)
    peers: list[Peer] = field(default_factory=list)
    room: bool = True
    port: int = 0
    _end: Any = None

    def settings(self) -> TelephonySettings:
        return TelephonySettings(
            sip_port=free_sip_port(HOST),
            pbx_secret=SECRET,
            rtp_timeout_seconds=RTP_TIMEOUT_SECONDS,
            rtp_ports=(25_000, 26_999),
        )

    async def open(self) -> None:
        settings = self.settings()
        self._end = PbxListeners(settings, self.calls.put_nowait, self.metrics, has_room=lambda: self.room)
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
