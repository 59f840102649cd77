"""Calls from Asterisk's AudioSocket (all versions since 18): TCP, messages of type, length and payload.

The protocol names a call by a UUID and knows no password, so the UUID is both: 15 digits of the caller's number and 15
hexadecimal digits of a signature over number, minute and a shared secret, which the dialplan makes with SHA1(). See
`signed_uuid` and `deploy/asterisk/`. https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from base.ids import new_id
from base.logs import get_logger
from base.masking import Masked
from telephony.audio import FRAME_BYTES, RATE_HZ
from telephony.legs.caller_number import telephone_number
from telephony.legs.leg import CallerId
from telephony.legs.media_format import Converter, linear
from telephony.legs.paced_leg import PacedLeg
from telephony.legs.pacing import Beat

log = get_logger("telephony.audiosocket")

HANGUP, IDENTITY, KEY, AUDIO, ERROR = 0x00, 0x01, 0x03, 0x10, 0xFF
# The type of an audio message tells its rate.
RATES_HZ: Final = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
UNSENT_BYTES: Final = 128 * 1024
_HEADER: Final = struct.Struct(">BH")
_NO_DIGIT: Final = "f"  # fills the front of a number that has fewer than 15 digits


def message(kind: int, payload: bytes = b"") -> bytes:
    return _HEADER.pack(kind, len(payload)) + payload


class Messages:
    """Bytes as they come -> (type, payload). Pure."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        self._data += data
        at = 0
        while len(self._data) - at >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._data, at)
            end = at + _HEADER.size + length
            if end > len(self._data):
                break
            yield kind, bytes(self._data[at + _HEADER.size : end])
            at = end
        del self._data[:at]


# --- who calls --------------------------------------------------------------------------------------------------------


def _signature(digits: str, minute: str, secret: str) -> str:
    # SHA-1 because it is what every Asterisk's dialplan can compute; the secret on both ends rules out its extension.
    return hashlib.sha1(f"{secret}:{digits}:{minute}:{secret}".encode(), usedforsecurity=False).hexdigest()[:15]


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M")


def signed_uuid(number: str, secret: str, moment: datetime) -> UUID:
    """`NNNNNNNN-NNNN-8NNN-8SSS-SSSSSSSSSSSS` (RFC 9562, version 8): N the number, right-aligned after `f`s; S the first
    15 digits of SHA1(`secret:NNNNNNNNNNNNNNN:YYYYmmddHHMM:secret`), the time in UTC."""
    digits = number.rjust(15, _NO_DIGIT)[-15:]
    sign = _signature(digits, _minute(moment), secret)
    return UUID(f"{digits[:12]}8{digits[12:]}8{sign}")


def caller_of(identity: UUID, secret: str, moment: datetime) -> str | None:
    """The caller's number (empty: unknown) or None where the signature is wrong or older than a minute or two."""
    text = identity.hex
    digits, sign = text[:12] + text[13:16], text[17:]
    minutes = (_minute(moment + timedelta(minutes=offset)) for offset in (0, -1, 1))  # clocks differ a little
    if not any(hmac.compare_digest(sign, _signature(digits, minute, secret)) for minute in minutes):
        return None
    return telephone_number(digits.lstrip(_NO_DIGIT))


# --- the leg ----------------------------------------------------------------------------------------------------------

Admit = Callable[["AudioSocketLeg", UUID], bool]
"""(leg, identity) -> taken or not. Who takes it has the leg from then on."""


class AudioSocketLeg(PacedLeg, asyncio.Protocol):
    """One connection; a leg from its first message on, the UUID. The dialplan has answered the caller before."""

    kind = "audiosocket"

    def __init__(self, beat: Beat, admit: Admit) -> None:
        # What we do not send does not reach the telephone network, where no RTP at all looks like a dead call; and
        # Asterisk gives up after 2 s in which neither side sends anything.
        super().__init__(CallerId(Masked(""), ""), beat, fill=True)
        self._admit = admit
        self._messages = Messages()
        self._transport: asyncio.Transport | None = None
        self._kind = AUDIO
        self._converter = Converter(linear(RATE_HZ))
        self.started = False

    def identify(self, number: str, identity: UUID) -> None:
        # Named after the signature, for the number is no name to be written down. Who redials within the minute comes
        # with the same UUID, and that is another call.
        self.caller = CallerId(Masked(number), new_id(identity.hex[17:]))

    # --- asyncio ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for kind, payload in self._messages.feed(data):
            if self._transport is None or self._transport.is_closing():
                return
            self._take(kind, payload)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        # Closing the socket is how the protocol says good-bye, and with our last audio unread that is a reset.
        gone = error is None or isinstance(error, ConnectionResetError | BrokenPipeError)
        self._close("caller_hung_up" if gone else "error")

    # --- from Asterisk ----------------------------------------------------------------------------------------------

    def _take(self, kind: int, payload: bytes) -> None:
        if not self.started:
            self._begin(kind, payload)
        elif kind in RATES_HZ:
            if kind != self._kind:
                self._kind, self._converter = kind, Converter(linear(RATES_HZ[kind]))
            self._heard(self._converter.from_wire(payload))
        elif kind == KEY:
            self._pressed(payload[:1].decode("ascii", "replace"))
        elif kind == HANGUP:
            self._end()
        elif kind == ERROR:
            log.warning("asterisk reports an error", code=payload[:4].hex())
            self.give_up("error")

    def _begin(self, kind: int, payload: bytes) -> None:
        if kind == IDENTITY and len(payload) == 16 and self._admit(self, UUID(bytes=payload)):
            self.started = True
        else:
            self._say_goodbye()

    # --- to Asterisk ------------------------------------------------------------------------------------------------

    async def answer(self) -> None:
        await super().answer()
        self._keep_pace()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and self._transport.get_write_buffer_size() <= UNSENT_BYTES:
            self._transport.write(data)

    def _send(self, pcm: bytes) -> None:
        # One frame a message: Asterisk makes one RTP packet of each.
        for at in range(0, len(pcm), FRAME_BYTES):
            self._write(message(self._kind, self._converter.to_wire(pcm[at : at + FRAME_BYTES])))

    def _recall(self) -> bool:
        return False  # the protocol cannot; no more than one frame is ever under way

    def _say_goodbye(self) -> None:
        self._write(message(HANGUP))
        self._end()

    def _end(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()
