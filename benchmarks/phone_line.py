"""The wire of a cheap caller: SIP over UDP as far as a call needs it (RFC 3261), RTP with G.711 (RFC 3550, 3551).

Written for load: one SIP socket for all calls, one RTP socket a call, no threads, no codec at work. Arrival times are
the kernel's, so a busy generator does not make the other side look late.
"""

from __future__ import annotations

import re
import secrets
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Final

from telephony.audio import alaw_to_pcm, ulaw_to_pcm

HOST: Final = "127.0.0.1"
FRAME_BYTES: Final = 160  # 20 ms of G.711
_SO_TIMESTAMPNS: Final = 35
_RETRANSMIT_SECONDS: Final = 0.5  # T1 of RFC 3261
_RETRANSMISSIONS: Final = 6
_LEVEL_STEP: Final = 128
_TELEPHONE_EVENT: Final = 101  # payload type, as in the offer
_KEYS: Final = "0123456789*#"


def _levels(payload_type: int) -> bytes:
    """For each code its magnitude in steps of 128 (0..255), so that `max(payload.translate(...))` is its peak."""
    decode = alaw_to_pcm if payload_type == 8 else ulaw_to_pcm
    values = struct.unpack("<256h", decode(bytes(range(256))))
    return bytes(min(255, abs(value) // _LEVEL_STEP) for value in values)


LEVELS: Final = {8: _levels(8), 0: _levels(0)}  # by RTP payload type: A-law, mu-law
CODEC_NAMES: Final = {8: "PCMA", 0: "PCMU"}


@dataclass(slots=True)
class Arrivals:
    """Every RTP packet of one call: kernel time of arrival (seconds, wall clock), RTP time stamp, peak; the payloads
    where they are wanted."""

    times: list[float] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    peaks: bytearray = field(default_factory=bytearray)
    audio: bytearray = field(default_factory=bytearray)


class RtpLine:
    """Both directions of one call's audio; `open` it before anything else."""

    def __init__(self, payload_type: int, *, keep_audio: bool = False) -> None:
        self.payload_type = payload_type
        self.arrivals = Arrivals()
        self._keep_audio = keep_audio
        self._levels = LEVELS[payload_type]
        self._socket: socket.socket
        self.port = 0
        self._source = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._stamp = secrets.randbits(31)
        self.refused = 0

    def open(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.port = int(self._socket.getsockname()[1])

    def connect(self, port: int) -> None:
        self._socket.connect((HOST, port))

    def send(self, payload: bytes) -> None:
        """One frame of 20 ms."""
        header = struct.pack(">BBHII", 0x80, self.payload_type, self._sequence, self._stamp, self._source)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._stamp = (self._stamp + FRAME_BYTES) & 0xFFFFFFFF
        try:
            self._socket.send(header + payload)
        except OSError:  # the other side has closed its port, or its queue is full
            self.refused += 1

    def press(self, key: str) -> None:
        """A key of 100 ms as RFC 4733 sends it: one event, its end said three times."""
        volume, units = 10, 800
        for number, end in enumerate((False, True, True, True)):
            marker = 0x80 if number == 0 else 0
            kind = marker | _TELEPHONE_EVENT
            header = struct.pack(">BBHII", 0x80, kind, self._sequence, self._stamp, self._source)
            self._sequence = (self._sequence + 1) & 0xFFFF
            event = struct.pack(">BBH", _KEYS.index(key), volume | (0x80 if end else 0), units if end else units // 5)
            try:
                self._socket.send(header + event)
            except OSError:
                self.refused += 1

    def receive(self, *, everything: bool) -> float | None:
        """Take the next packet, or all that have come; the time of the last loud one, if any was loud.

        Most of the time exactly one has come, and asking in vain costs as much as asking for one.
        """
        last_loud = None
        while (loud := self._take_one()) is not None:
            last_loud = loud or last_loud
            if not everything:
                break
        return last_loud

    def _take_one(self) -> float | None:
        """None: nothing has come. 0: a packet that is not loud."""
        try:
            packet, ancillary, _, _ = self._socket.recvmsg(1500, 32)
        except OSError:  # nothing more, or the port at the other side is closed
            return None
        if len(packet) <= 12 or packet[1] & 0x7F != self.payload_type:
            return 0.0
        payload = packet[12:]
        seconds, nanoseconds = struct.unpack_from("@ll", ancillary[0][2])
        at = seconds + nanoseconds * 1e-9
        peak = max(payload.translate(self._levels))
        arrivals = self.arrivals
        arrivals.times.append(at)
        arrivals.stamps.append(int.from_bytes(packet[4:8], "big"))
        arrivals.peaks.append(peak)
        if self._keep_audio:
            arrivals.audio += payload
        return at if peak >= LOUD_PEAK else 0.0

    def close(self) -> None:
        self._socket.close()


LOUD_PEAK: Final = 4  # peak of 512 of 32,768 (-36 dB): a voice, not line noise


@dataclass(slots=True, eq=False)
class Dialog:
    """One call's signalling. `status`: the final answer to the INVITE, 0 before it; `given_up`: the caller did not wait
    for it and hangs up should it come."""

    call_id: str
    line: RtpLine
    caller: str
    tag: str = field(default_factory=lambda: secrets.token_hex(4))
    branch: str = ""
    to: str = ""
    target: str = ""
    status: int = 0
    invited_at: float = 0.0
    answered_at: float | None = None
    given_up: bool = False
    ended_by: str = ""  # bot or caller
    sequence: int = 1
    tries: int = 0
    farewell_at: float | None = None
    farewell_done: bool = False


class SipPort:
    """All calls' signalling over one socket. Call `work` every few milliseconds."""

    def __init__(self, server_port: int) -> None:
        self._server = (HOST, server_port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._port = int(self._socket.getsockname()[1])
        self._dialogs: dict[str, Dialog] = {}

    def close(self) -> None:
        self._socket.close()

    def invite(self, dialog: Dialog) -> None:
        self._dialogs[dialog.call_id] = dialog
        dialog.branch = f"z9hG4bK{secrets.token_hex(6)}"
        dialog.to = f"<sip:12345@{HOST}:{self._server[1]}>"
        dialog.target = f"sip:12345@{HOST}:{self._server[1]}"
        dialog.invited_at = time.time()
        self._invite_again(dialog)

    def _invite_again(self, dialog: Dialog) -> None:
        dialog.tries += 1
        self._send(self._request(dialog, "INVITE", dialog.branch, self._offer(dialog)))

    def hang_up(self, dialog: Dialog) -> None:
        if dialog.farewell_at is None and not dialog.ended_by:
            dialog.ended_by = "caller"
            dialog.sequence += 1
            dialog.branch = f"z9hG4bK{secrets.token_hex(6)}"
            dialog.farewell_at = time.time()
            self._send(self._request(dialog, "BYE", dialog.branch))

    def work(self) -> None:
        while True:
            try:
                data = self._socket.recv(65_536)
            except OSError:
                break
            self._take(data.decode("utf-8", "replace"))

    def retransmit(self) -> None:
        """Requests without an answer are sent again (a few times a second is enough)."""
        now = time.time()
        for dialog in self._dialogs.values():
            waiting = dialog.status == 0 and dialog.tries < _RETRANSMISSIONS
            if waiting and now - dialog.invited_at > _RETRANSMIT_SECONDS * (2**dialog.tries - 1):
                self._invite_again(dialog)
            if dialog.farewell_at is not None and not dialog.farewell_done and now - dialog.farewell_at > 1.0:
                dialog.farewell_at = now
                self._send(self._request(dialog, "BYE", dialog.branch))

    def _take(self, text: str) -> None:
        head, _, body = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        dialog = self._dialogs.get(fields.get("call-id", fields.get("i", "")))
        if dialog is None:
            return
        if lines[0].startswith("SIP/2.0"):
            self._answered(dialog, int(lines[0].split()[1]), fields, body)
        else:
            self._asked(dialog, lines)

    def _answered(self, dialog: Dialog, status: int, fields: dict[str, str], body: str) -> None:
        method = fields.get("cseq", "").split()[-1]
        if method == "BYE" and status >= 200:
            dialog.farewell_done = True
        if method != "INVITE" or status < 200:
            if method == "INVITE":
                dialog.tries = _RETRANSMISSIONS  # it has arrived: no need to send it again
            return
        dialog.to = fields.get("to", fields.get("t", dialog.to))
        contact = re.search(r"<([^>]+)>", fields.get("contact", fields.get("m", "")))
        if contact:
            dialog.target = contact.group(1)
        branch = dialog.branch if status >= 300 else f"z9hG4bK{secrets.token_hex(6)}"
        self._send(self._request(dialog, "ACK", branch, sequence=1))
        if dialog.status:
            return  # the same answer again, whose ACK was lost
        dialog.status = status
        if status < 300 and dialog.given_up:
            self.hang_up(dialog)
        elif status < 300:
            found = re.search(r"^m=audio (\d+)", body, re.MULTILINE)
            dialog.line.connect(int(found.group(1)) if found else 9)
            dialog.answered_at = time.time()
        else:
            dialog.ended_by = "bot"

    def _asked(self, dialog: Dialog, lines: list[str]) -> None:
        method = lines[0].split()[0]
        if method == "ACK":
            return
        if method == "BYE" and not dialog.ended_by:
            dialog.ended_by = "bot"
        kept = [line for line in lines[1:] if re.match(r"(via|v|from|f|to|t|call-id|i|cseq)\s*:", line, re.IGNORECASE)]
        status = "200 OK" if method in ("BYE", "OPTIONS", "NOTIFY", "INFO") else "405 Method Not Allowed"
        self._send("\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0"]) + "\r\n\r\n")

    def _request(self, dialog: Dialog, method: str, branch: str, body: str = "", *, sequence: int | None = None) -> str:
        own = f"sip:{dialog.caller}@{HOST}:{self._port}"
        lines = [
            f"{method} {dialog.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self._port};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: <{own}>;tag={dialog.tag}",
            f"To: {dialog.to}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {sequence or dialog.sequence} {method}",
            f"Contact: <{own}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join(lines) + "\r\n\r\n" + body

    def _offer(self, dialog: Dialog) -> str:
        kind = dialog.line.payload_type
        return (
            f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {dialog.line.port} RTP/AVP {kind} 101\r\na=rtpmap:{kind} {CODEC_NAMES[kind]}/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        )

    def _send(self, text: str) -> None:
        self._socket.sendto(text.encode(), self._server)
