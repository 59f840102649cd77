"""Calls over SIP: the embedded endpoint (libre/baresip). One runtime a process; a dead runtime means a new process.

G.711 A-law and mu-law only; DTMF as RFC 4733 or SIP INFO; more calls than the limit get 486, an offer without our
codecs 488. Who may call is decided by `access.py`, who may be called by `dial_out.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import baresip
from baresip.events import Event, StackEvent

from base.logs import get_logger
from base.masking import Masked, mask_text
from base.sections.telephony import TelephonySettings
from base.threads import timer_slack
from telephony.errors import NotReached, TelephonyError
from telephony.legs import access
from telephony.legs.dial_out import DialOut, Target, Trunk
from telephony.legs.sip_leg import SipLeg
from telephony.legs.sip_stack import TRANSPORTS, account, configuration

log = get_logger("telephony.sip")

_TIMER_SLACK_SECONDS: Final = 0.002  # the stack's three threads a call wake up together: a third less of their cost
_LEGS_A_CALL: Final = 2  # so many legs the stack allows for each call that may come in: itself, and one that we dialled
_NEWS: Final = (Event.CALL_RINGING, Event.CALL_PROGRESS, Event.CALL_ESTABLISHED, Event.CALL_CLOSED)


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
        # A call that we place may ring, or be answered, before anybody can listen to its events.
        self._news: dict[int, list[StackEvent]] = {}
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
        transports = TRANSPORTS if access.may_filter_connections() else TRANSPORTS[:1]
        if len(transports) < len(TRANSPORTS):
            log.warning("no SIP over TCP: only with CAP_NET_ADMIN does this kernel keep others from connecting")
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
                        transports=transports,
                    )
                )
            self._runtime.subscribe(self._note)
            for transport in transports:
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
        if self._dialling and event.event in _NEWS:
            self._news.setdefault(event.call, []).append(event)

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
            for news in self._news.pop(call.handle, []):
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
        agent = self._agents.get(target.transport)
        if agent is None:
            raise NotReached(f"calls over {target.transport.upper()} are not possible here", "unreachable")
        placing = asyncio.ensure_future(agent.dial(target.uri))
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
