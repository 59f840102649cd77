"""PBXs that hand us their calls: Asterisk (chan_websocket, AudioSocket) and FreeSWITCH (mod_audio_stream)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import struct
import time
from typing import Any

from telephony_leg_peer import DECODERS, ENCODERS, RATES, Peer
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from telephony.audio import FRAME_SECONDS
from telephony.legs import audiosocket


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
