"""Calls over SIP: the embedded endpoint (libre/baresip). One runtime a process; a dead runtime means a new process.

G.711 A-law and mu-law only; DTMF as RFC 4733 or SIP INFO; more calls than the limit get 486, an offer without our
codecs 488. Who may call is decided by `access.py`, who may be called by `dial_out.py`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Literal

import baresip
from baresip.events import Event, StackEvent

from base.logs import get_logger
from base.masking import Masked, mask_text
from base.sections.telephony import TelephonySettings
from base.threads import timer_slack
from telephony.errors import LegClosed, NotReached, TelephonyError, TransferError
from telephony.legs import access
from telephony.legs.dial_out import DialOut, Target, Trunk
from telephony.legs.leg import CallerId

log = get_logger("telephony.sip")

TRANSPORTS: Final[tuple[Literal["udp", "tcp"], ...]] = ("udp", "tcp")
_READ_BYTES: Final = 32_000  # two seconds: more than the stack ever holds
_ANSWER_SECONDS: Final = 10.0
_TIMER_SLACK_SECONDS: Final = 0.002  # the stack's three threads a call wake up together: a third less of their cost
_LEGS_A_CALL: Final = 2  # so many legs the stack allows for each call that may come in: itself, and one that we dialled
_STATUS: Final = re.compile(r"([3-6]\d\d)\b")
_BUSY: Final = (486, 600)
_NO_ANSWER: Final = (408, 480, 487)
_REFUSED: Final = (403, 433, 603, 607, 608)
_USER = re.compile(r"^<?(?:sips?|tel):(?:\+?([^@;>]*)@|\+?([\d]+))", re.IGNORECASE)


def caller_number(uri: str | None) -> str:
    """The user part of the caller's address, if it looks like a telephone number; else an empty string."""
    match = _USER.match(uri or "")
    user = (match.group(1) or match.group(2) or "") if match else ""
    digits = re.sub(r"[^\d]", "", user)
    return digits if 3 <= len(digits) <= 15 and len(digits) >= len(user) - 3 else ""


def account(settings: TelephonySettings, transport: Literal["udp", "tcp"]) -> baresip.Account:
    """Our address for one transport: the stack gives a request only to an account of the same transport."""
    return baresip.Account(
        user=settings.sip_user,
        domain=f"{settings.sip_host}:{settings.sip_port}",
        password="",
        reg_interval=0,
        transport=transport,
        audio_codecs=("pcma", "pcmu"),
        # Without these the stack sends a needless re-INVITE, and takes calls for one user only.
        extra_params=("catchall=yes", "video_codecs=none"),
    )


def configuration(
    *,
    host: str,
    port: int,
    maximum_calls: int | None,
    rtp_timeout_seconds: int,
    jitter_buffer_ms: tuple[int, int],
    rtp_ports: tuple[int, int],
) -> baresip.Config:
    """The stack's configuration, shared by the endpoint and by the test caller."""
    low, high = jitter_buffer_ms
    return baresip.Config(
        net_interface=host,
        max_concurrent_calls=maximum_calls,
        rtp_timeout=rtp_timeout_seconds,
        native_log_level="error",
        extra_config_text="\n".join(
            (
                f"sip_listen {host}:{port}",
                "sip_transports udp,tcp",
                "call_hold_other_calls no",
                "audio_jitter_buffer_type fixed",
                f"audio_jitter_buffer_ms {low}-{high}",
                f"rtp_ports {rtp_ports[0]}-{rtp_ports[1]}",
            )
        ),
    )


def _result(status: int | None) -> str:
    """What a final answer means for whoever wanted to talk to them."""
    if status in _BUSY:
        return "busy"
    if status in _NO_ANSWER:
        return "no_answer"
    return "refused" if status in _REFUSED else "unreachable"


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
        try:
            return bytes(self._call.audio.read(_READ_BYTES))
        except (baresip.AudioNotActive, baresip.AudioRestarted):
            return b""

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


class SipEndpoint:
    """The phone's SIP address: takes calls and hands each to `on_call` as a leg that has not been answered yet; places
    calls to the addresses that the settings allow."""

    def __init__(
        self, settings: TelephonySettings, on_call: Callable[[SipLeg], None], *, maximum_calls: int | None = None
    ) -> None:
        """`maximum_calls`: of those that call us; more get 486. By default `telephony.maximum_calls`."""
        self._settings = settings
        self._maximum_calls = maximum_calls or settings.maximum_calls
        self._on_call = on_call
        self._runtime = baresip.Runtime()
        self._agents: dict[str, Any] = {}
        self._incoming_calls = 0
        self._dial_out = DialOut.of(settings)
        self._trunk = Trunk.of(settings)
        # A call that we place may be answered before anybody can listen to its events.
        self._news: dict[int, StackEvent] = {}
        self._dialling = 0
        self._endings: set[asyncio.Task[None]] = set()
        self.dead = asyncio.Event()

    async def start(self) -> None:
        """Listen.

        Raises:
            TelephonyError: the address or port cannot be used.
            ConfigurationError: the access list is wrong or cannot be enforced.
        """
        networks = access.parse_networks(self._settings.allowed_peers)
        logging.getLogger("baresip").setLevel(logging.WARNING)  # its INFO lines carry callers' addresses
        self._runtime.on_dead = self.dead.set
        try:
            with timer_slack(_TIMER_SLACK_SECONDS):
                await self._runtime.start(
                    configuration(
                        host=self._settings.sip_host,
                        port=self._settings.sip_port,
                        maximum_calls=_LEGS_A_CALL * self._maximum_calls,
                        rtp_timeout_seconds=self._settings.rtp_timeout_seconds,
                        jitter_buffer_ms=self._settings.jitter_buffer_ms,
                        rtp_ports=self._settings.rtp_ports,
                    )
                )
            self._runtime.subscribe(self._note)
            for transport in TRANSPORTS:
                agent = await baresip.UserAgent.create(
                    self._runtime, account(self._settings, transport), transfer_policy="reject"
                )
                agent.on_incoming(self._incoming)
                self._agents[transport] = agent
        except (baresip.BaresipError, ValueError) as error:
            raise TelephonyError(
                f"the SIP endpoint cannot start on {self._settings.sip_host}:{self._settings.sip_port}: {error}"
            ) from error
        access.protect_port(self._settings.sip_port, self._settings.sip_host, networks)

    def _incoming(self, call: baresip.Call) -> None:
        leg = SipLeg(call)
        if self._incoming_calls >= self._maximum_calls:
            self._end_later(leg)  # 486 to a call that nobody answered
            return
        self._incoming_calls += 1
        leg.on_closed(self._one_less)
        self._on_call(leg)

    def _one_less(self, _reason: str) -> None:
        self._incoming_calls -= 1

    # --- calls that we place ----------------------------------------------------------------------------------------

    def may_call(self, uri: str) -> bool:
        """Is this address on the list of those that may be called, or handed a caller?"""
        return self._dial_out.allowed(uri) is not None

    def _note(self, event: StackEvent) -> None:
        if self._dialling and event.event in (Event.CALL_ESTABLISHED, Event.CALL_CLOSED):
            self._news[event.call] = event

    async def dial(self, uri: str, timeout_seconds: float) -> SipLeg:
        """Call an address; returns when it has answered. Cancelling hangs up.

        Raises:
            NotReached: not on the list, refused, unreachable, or not answered in time.
        """
        target = self._dial_out.allowed(uri)
        if target is None:
            log.warning("an address that is not on the list was not called")
            raise NotReached("this address is not on the list of those that may be called", "not_allowed")
        return await self._call(target, timeout_seconds)

    async def dial_number(
        self, number: Masked, timeout_seconds: float, *, named: Callable[[str], None] = lambda sip_call_id: None
    ) -> SipLeg:
        """Call a citizen's telephone over the trunk; returns when it was taken. Cancelling hangs up. `named` is told
        the Call-ID as soon as it is known.

        Raises:
            NotReached: no trunk, not a number that may be called, refused, unreachable, or not taken in time.
        """
        target = self._trunk.target(number.reveal()) if self._trunk is not None else None
        if target is None:
            log.warning("a number that may not be called was not called", number=number)
            raise NotReached("there is no trunk, or this number may not be called over it", "not_allowed")
        return await self._call(target, timeout_seconds, named=named, number=number)

    async def _call(
        self,
        target: Target,
        timeout_seconds: float,
        *,
        named: Callable[[str], None] = lambda sip_call_id: None,
        number: Masked | None = None,
    ) -> SipLeg:
        self._dialling += 1
        leg: SipLeg | None = None
        try:
            call = await self._place(target)
            leg = SipLeg(call, number, named)
            if (news := self._news.pop(call.handle, None)) is not None:
                leg.take_note(news)
            await leg.answered(timeout_seconds)
        except (baresip.BaresipError, ValueError) as error:
            raise NotReached(f"the call could not be placed: {mask_text(str(error))}", "unreachable") from error
        except NotReached:
            raise
        except BaseException:
            if leg is not None:
                await leg.hang_up()
            raise
        finally:
            self._dialling -= 1
            if not self._dialling:
                self._news.clear()
        return leg

    async def _place(self, target: Target) -> Any:
        """Send the INVITE. One that was on its way when nobody wanted it any more is hung up."""
        placing = asyncio.ensure_future(self._agents[target.transport].dial(target.uri))
        try:
            return await asyncio.shield(placing)
        except asyncio.CancelledError:
            placing.add_done_callback(self._not_wanted)
            raise

    def _not_wanted(self, placing: asyncio.Future[Any]) -> None:
        if not placing.cancelled() and placing.exception() is None:
            self._end_later(SipLeg(placing.result()))

    def _end_later(self, leg: SipLeg) -> None:
        ending = asyncio.create_task(leg.hang_up())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def close(self) -> None:
        await asyncio.gather(*self._endings, return_exceptions=True)
        try:
            await self._runtime.close()
        except baresip.BaresipError as error:
            log.warning("the SIP stack did not close cleanly", problem=str(error))
