"""One SIP call as a `Leg`: audio is polled from the stack, keys and the end come as its events."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import baresip
from baresip.events import Event, StackEvent

from base.logs import get_logger
from base.masking import Masked
from telephony.errors import LegClosed, NotReached, TransferError
from telephony.legs.leg import CallerId

log = get_logger("telephony.sip")

_READ_BYTES: Final = 1_920  # 120 ms at a time: the stack clears a buffer of this size for every reading
_ANSWER_SECONDS: Final = 10.0
_STATUS: Final = re.compile(r"([3-6]\d\d)\b")
_BUSY: Final = (486, 600)
_NO_ANSWER: Final = (408, 480, 487)
_REFUSED: Final = (403, 433, 603, 607, 608)
_USER: Final = re.compile(r"^<?(?:sips?|tel):(?:\+?([^@;>]*)@|\+?([\d]+))", re.IGNORECASE)


class SipLeg:
    """One SIP call, seen as a `Leg`."""

    kind = "sip"

    def __init__(
        self,
        call: baresip.Call,
        number: Masked | None = None,
        named: Callable[[str], None] = lambda sip_call_id: None,
    ) -> None:
        """For a call that we place: `number` is whom we call, `named` is told its Call-ID as soon as it is known."""
        self._call: Any = call
        self._closed_reason: str | None = None
        self._status: int | None = None  # the final answer of a call that we placed
        self._hanging_up = False
        self._established = asyncio.Event()
        self._key_callbacks: list[Callable[[str], None]] = []
        self._closed_callbacks: list[Callable[[str], None]] = []
        self.caller = CallerId(number or Masked(caller_number(call.peer)), str(call.call_id or ""))
        self._named = named
        if call.call_id:
            named(str(call.call_id))
        call.on(self._on_event)

    def take_note(self, event: StackEvent) -> None:
        """An event of this call that came before the leg was made."""
        self._on_event(event)

    async def answered(self, timeout_seconds: float) -> None:
        """A call that we placed: wait for the other side. One that does not answer in time is hung up.

        Raises:
            NotReached: refused, or not answered in time.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._established.wait()
        except TimeoutError as error:
            await self.hang_up()
            message = f"not answered within {timeout_seconds:g} s"
            raise NotReached(message, "no_answer", sip_call_id=self.caller.leg_call_id) from error
        if self._closed_reason is not None:
            message = f"refused or unreachable (status {self._status})"
            raise NotReached(
                message, _result(self._status), sip_status=self._status, sip_call_id=self.caller.leg_call_id
            )

    def _on_event(self, event: Any) -> None:
        if not self.caller.leg_call_id and event.call_id:
            self.caller = replace(self.caller, leg_call_id=str(event.call_id))
            self._named(self.caller.leg_call_id)
        if event.event is Event.CALL_ESTABLISHED:
            self._established.set()
        elif event.event is Event.CALL_DTMF_START and event.text:
            for callback in list(self._key_callbacks):
                callback(str(event.text)[:1])
        elif event.event is Event.CALL_CLOSED:
            match = _STATUS.match(str(event.text or ""))
            self._status = int(match[1]) if match else None
            self._close(self._reason(str(event.text or "")))

    def _reason(self, text: str) -> str:
        if "transfer" in text.lower():
            return "transferred"
        if "rtp stream error" in text.lower():
            return "rtp_timeout"
        return "bot_hung_up" if self._hanging_up else "caller_hung_up"

    def _close(self, reason: str) -> None:
        if self._closed_reason is not None:
            return
        self._closed_reason = reason
        self._established.set()
        callbacks, self._closed_callbacks = self._closed_callbacks, []
        for callback in callbacks:
            callback(reason)

    def on_key(self, callback: Callable[[str], None]) -> None:
        self._key_callbacks.append(callback)

    def on_closed(self, callback: Callable[[str], None]) -> None:
        if self._closed_reason is not None:
            callback(self._closed_reason)
        else:
            self._closed_callbacks.append(callback)

    async def answer(self) -> None:
        if self._established.is_set() and self._closed_reason is None:
            return  # one that we placed, and they took
        try:
            await self._call.answer()
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._established.wait()
        except (baresip.BaresipError, TimeoutError) as error:
            raise LegClosed(f"the call could not be answered: {error}") from error
        if self._closed_reason is not None:
            raise LegClosed("the caller gave up before the call was answered")

    def read(self) -> bytes:
        heard = self._read_some()
        if len(heard) < _READ_BYTES:  # a frame or two, nearly always
            return heard
        pieces = [heard]
        while heard := self._read_some():
            pieces.append(heard)
        return b"".join(pieces)

    def _read_some(self) -> bytes:
        try:
            heard: bytes = self._call.audio.read(_READ_BYTES)
        except (baresip.AudioNotActive, baresip.AudioRestarted):
            return b""
        return heard

    def write(self, pcm: bytes) -> int:
        try:
            return int(self._call.audio.write(pcm))
        except (baresip.AudioNotActive, baresip.AudioRestarted):
            return 0

    def buffered(self) -> int:
        try:
            return int(self._call.audio.info().tx_buffered)
        except (baresip.AudioNotActive, baresip.AudioRestarted):
            return 0

    def flush(self) -> None:
        try:
            self._call.audio.flush_tx()
        except (baresip.AudioNotActive, baresip.AudioRestarted):
            return

    async def transfer(self, uri: str, timeout_seconds: float) -> None:
        try:
            await self._call.transfer(uri, timeout=timeout_seconds)
        except baresip.StaleHandleError as error:
            raise LegClosed("the caller hung up during the transfer") from error
        except (baresip.BaresipError, ValueError) as error:
            if self._closed_reason is not None:
                raise LegClosed("the caller hung up during the transfer") from error
            raise TransferError(f"the transfer was refused or not answered: {error}") from error

    async def hang_up(self) -> None:
        if self._closed_reason is not None:
            return
        self._hanging_up = True
        try:
            await self._call.hangup()
        except baresip.StaleHandleError:
            self._close("caller_hung_up")
        except baresip.BaresipError as error:
            log.warning("hang-up was not taken by the SIP stack", problem=str(error))
            self._close("error")


def caller_number(uri: str | None) -> str:
    """The user part of the caller's address, if it looks like a telephone number; else an empty string."""
    match = _USER.match(uri or "")
    user = (match.group(1) or match.group(2) or "") if match else ""
    digits = re.sub(r"[^\d]", "", user)
    return digits if 3 <= len(digits) <= 15 and len(digits) >= len(user) - 3 else ""


def _result(status: int | None) -> str:
    """What a final answer means for whoever wanted to talk to them."""
    if status in _BUSY:
        return "busy"
    if status in _NO_ANSWER:
        return "no_answer"
    return "refused" if status in _REFUSED else "unreachable"
