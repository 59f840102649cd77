"""A SIP telephone that calls us."""

from __future__ import annotations

import asyncio
import random
import re
import struct
import time
from typing import Any

from telephony_leg_peer import DECODERS, ENCODERS, HOST, NUMBER, Peer

from telephony.audio import FRAME_SECONDS


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
