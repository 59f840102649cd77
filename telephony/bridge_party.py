"""Who is brought into one call, and how: browsers with a ticket, telephones that we dial; and a scribe for each side.

Opens the bridge when the first one comes or the caller is to hear music, tells the core of every coming and going, and
ends whatever it began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol

from asr_models.recogniser import Recognition
from base.ids import new_id
from base.logs import get_logger
from telephony.bridge import BOT, CALLER, TALKERS, Bridge, CallerEar
from telephony.bridge_transcript import Scribe
from telephony.call_services import CallServices
from telephony.core_messages import LegControl, LegOrder
from telephony.errors import TransferError
from telephony.legs.leg import Leg
from telephony.mixer import Role

log = get_logger("telephony.bridge")

_SIDES: Final = {Role.SEAT: "seat", Role.THIRD: "third"}


class Owner(Protocol):
    """The part of the call that decides what follows."""

    def talk_began(self) -> None:
        """Somebody is there whom the caller can talk to."""
        ...

    def talk_ended(self) -> None:
        """The last of them has gone."""
        ...


class Party:
    """One call."""

    def __init__(
        self,
        caller: Leg,
        ear: CallerEar,
        services: CallServices,
        call_id: str,
        owner: Owner,
        own: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """`own(work)` runs work that ends with the call."""
        self._caller = caller
        self._ear = ear
        self._services = services
        self._call_id = call_id
        self._owner = owner
        self._own = own
        self._bridge: Bridge | None = None
        self._scribes: dict[str, Scribe] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._fetching = 0

    # --- the bridge -------------------------------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        return self._bridge is not None

    @property
    def talking(self) -> bool:
        """Somebody is there whom the caller can talk to."""
        return self._bridge is not None and self._bridge.talking

    @property
    def fetching(self) -> bool:
        """Somebody is being dialled or expected."""
        return self._fetching > 0

    @property
    def empty(self) -> bool:
        return self._bridge is None or not self._bridge.legs

    def pump(self, heard: bytes) -> bytes | None:
        """20 ms through the mixer; returns what the caller hears, None where there is no bridge."""
        if self._bridge is None:
            return None
        if (scribe := self._scribes.get(CALLER)) is not None:
            scribe.feed(heard)
        return self._bridge.pump(heard)

    def hold_caller(self, held: bool) -> None:
        """Music for the caller, or the people again."""
        if held or self._bridge is not None:
            self._opened().change(CALLER, held=held)

    def _opened(self) -> Bridge:
        if self._bridge is None:
            self._bridge = Bridge(self._caller, self._ear, self._services.metrics, left=self._left, spoke=self._spoke)
        return self._bridge

    def end_bridge(self) -> None:
        """Everybody is sent away; from this moment on the caller hears our voice directly."""
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            bridge.stop()
            self._close_later(bridge.close())
        for name in list(self._scribes):
            self._dismiss(name)

    def drop_all(self) -> None:
        """Everybody but the caller goes; announcements are still heard."""
        if self._bridge is not None:
            for leg_id in list(self._bridge.legs):
                self._bridge.drop(leg_id)

    def _close_later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """The call is over: nothing of this is left."""
        self.end_bridge()
        await asyncio.gather(*self._closing, return_exceptions=True)

    # --- who comes --------------------------------------------------------------------------------------------------

    def order(self, message: LegOrder) -> None:
        """The core wants somebody in this call."""
        self._own(self._fetch(message))

    async def _fetch(self, order: LegOrder) -> None:
        role = Role(order.role)
        try:
            if order.via == "sip":
                await self.call_up(order.sip_uri, role, order.leg_id)
            else:
                await self._expect_browser(order.leg_id, role)
        except TransferError as error:
            log.info("nobody came into the call", call_id=self._call_id, role=role.value, problem=str(error))

    async def call_up(self, uri: str, role: Role, leg_id: str = "", *, if_alone: bool = False) -> None:
        """Dial an address and take it into the call; `if_alone`: unless somebody else has come meanwhile.

        Raises:
            TransferError: not on the list, refused, or not answered in time; the core was told.
        """
        leg_id = leg_id or new_id("l")
        dialler = self._services.dialler
        self._report(leg_id, "ringing", role, via="sip")
        self._fetching += 1
        try:
            if dialler is None:
                raise TransferError("this phone cannot place calls")
            leg = await dialler.dial(uri, self._services.seat_answer_seconds)
        except TransferError:
            self._report(leg_id, "failed", role, via="sip")
            self._services.metrics.bridged.labels(role.value, "failed").inc()
            raise
        finally:
            self._fetching -= 1
        if if_alone and self.talking:
            self._report(leg_id, "failed", role, via="sip", problem="answered_elsewhere")
            await leg.hang_up()
            return
        self._join(leg_id, leg, role)

    async def _expect_browser(self, leg_id: str, role: Role) -> None:
        services, browsers = self._services, self._services.browsers
        if browsers is None or not browsers.open:
            self._report(leg_id, "failed", role, via="browser", problem="unavailable")
            return
        ticket = browsers.expect(services.seat_answer_seconds)
        self._fetching += 1
        self._report(
            leg_id, "expected", role, via="browser",
            ticket=ticket.secret, port=browsers.port, url=browsers.url, tls=browsers.tls,
        )  # fmt: skip
        try:
            await asyncio.wait([ticket.leg], timeout=services.seat_answer_seconds + 1.0)
        except asyncio.CancelledError:
            if ticket.leg.done() and not ticket.leg.cancelled():
                ticket.leg.result().give_up("error")  # it came in the moment in which the call ended
            raise
        finally:
            self._fetching -= 1
            browsers.forget(ticket)
        if ticket.leg.done() and not ticket.leg.cancelled():
            self._join(leg_id, ticket.leg.result(), role)
        else:
            self._report(leg_id, "failed", role, via="browser", problem="not_connected")
            services.metrics.bridged.labels(role.value, "failed").inc()

    def _join(self, leg_id: str, leg: Leg, role: Role) -> None:
        was_talking = self.talking
        bridge = self._opened()
        self._services.metrics.bridged.labels(role.value, "joined").inc()
        self._report(leg_id, "joined", role, via=leg.kind)
        bridge.join(leg_id, leg, role)
        log.info("joined the call", call_id=self._call_id, role=role.value, leg=leg.kind)
        if leg_id in bridge.legs and role in TALKERS:
            self._engage(leg_id, role)
            if not was_talking:
                self._engage(CALLER, Role.CALLER)
                self._owner.talk_began()

    def _left(self, leg_id: str, reason: str) -> None:
        self._dismiss(leg_id)
        self._services.core.leg(self._call_id, leg_id, "left", reason=reason)
        log.info("left the call", call_id=self._call_id, reason=reason)
        self._if_nobody_is_left()

    def _if_nobody_is_left(self) -> None:
        if not self.talking and CALLER in self._scribes:
            self._dismiss(CALLER)
        elif self.talking or not self.open:
            return
        self._owner.talk_ended()

    def _report(self, leg_id: str, state: str, role: Role, **fields: Any) -> None:
        self._services.core.leg(self._call_id, leg_id, state, role=role.value, **fields)

    def control(self, message: LegControl) -> None:
        """The core wants one side changed or gone."""
        bridge = self._bridge
        if bridge is None or message.leg_id == BOT:
            return
        if message.drop:
            bridge.drop(message.leg_id)
            return
        role = Role(message.role) if message.role is not None and message.leg_id != CALLER else None
        was_talking = bridge.talking
        if not bridge.change(
            message.leg_id, role=role, muted=message.muted, held=message.held, gain_db=message.gain_db
        ):
            return
        now = bridge.legs[message.leg_id].role if message.leg_id in bridge.legs else Role.CALLER
        self._report(message.leg_id, "changed", now, **bridge.state(message.leg_id))
        if role is not None:
            self._role_changed(message.leg_id, role, was_talking)

    def _role_changed(self, leg_id: str, role: Role, was_talking: bool) -> None:
        if role in TALKERS and leg_id not in self._scribes:
            self._engage(leg_id, role)
        elif role not in TALKERS:
            self._dismiss(leg_id)
        if self.talking and not was_talking:
            self._engage(CALLER, Role.CALLER)
            self._owner.talk_began()
        elif was_talking and not self.talking:
            self._if_nobody_is_left()

    # --- writing down -----------------------------------------------------------------------------------------------

    def _engage(self, name: str, role: Role) -> None:
        services = self._services
        if services.listener is None or services.ticker is None or name in self._scribes:
            return
        side = _SIDES.get(role, "citizen")
        scribe = Scribe(services.listener, services.metrics, f"{self._call_id}:{name}", partial(self._written, side))
        self._scribes[name] = scribe
        services.ticker.add(scribe)

    def _dismiss(self, name: str) -> None:
        scribe = self._scribes.pop(name, None)
        if scribe is not None and self._services.ticker is not None:
            self._services.ticker.remove(scribe)
            self._close_later(scribe.close())

    def _spoke(self, leg_id: str, pcm: bytes) -> None:
        if (scribe := self._scribes.get(leg_id)) is not None:
            scribe.feed(pcm)

    def _written(self, side: str, recognition: Recognition) -> None:
        self._services.core.heard(
            self._call_id,
            side,
            recognition.text.strip(),
            confidence=recognition.confidence,
            seconds=round(recognition.audio_seconds, 2),
        )
