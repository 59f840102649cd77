"""Calls that we place: the core orders one, the trunk carries it, and once taken it is served like any other call.

The core learns of every one what came of it: how it ended before anybody answered (kept on disk until the core has it),
or, once it is answered, what every call tells. The same order again places nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from base.errors import HotlineError
from base.logs import get_logger
from base.masking import Masked
from telephony.core_messages import PlaceCall, Spoken
from telephony.errors import NotReached
from telephony.legs.leg import Leg
from telephony.prompts import PromptBook

log = get_logger("telephony.outgoing")

NO_LINE = "no_line"
CANCELLED = "cancelled"
_REMEMBERED: Final = 1_000


class NumberDialler(Protocol):
    """Places calls over the trunk: `telephony.legs.sip.SipEndpoint`."""

    async def dial_number(self, number: Masked, timeout_seconds: float, *, named: Callable[[str], None]) -> Leg:
        """
        Raises:
            NotReached: with what came of it.
        """
        ...


class OutgoingReports(Protocol):
    """What the core is told before a call is answered: `telephony.core_link.CoreLink`."""

    def call_rings(self, call_id: str, sip_call_id: str) -> None: ...

    def call_not_reached(self, call_id: str, result: str, *, sip_status: int | None, sip_call_id: str) -> None: ...


Serve = Callable[[Leg, PlaceCall], Coroutine[Any, Any, None]]  # to the end of the call


class OutgoingCalls:
    """All calls that this process places; never more than `limit` at once, whatever is ordered."""

    def __init__(
        self, dialler: NumberDialler, reports: OutgoingReports, prompts: PromptBook, serve: Serve, *, limit: int
    ) -> None:
        self._dialler = dialler
        self._reports = reports
        self._prompts = prompts
        self._serve = serve
        self._limit = limit
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._ringing: set[str] = set()
        self._placed: dict[str, None] = {}  # in their order, also those that are over

    def place(self, order: PlaceCall) -> None:
        """Begin; returns at once."""
        if order.call_id in self._placed:
            return
        self._placed[order.call_id] = None
        if len(self._placed) > _REMEMBERED:
            self._placed.pop(next(iter(self._placed)))
        if len(self._calls) >= self._limit:
            log.warning("a call was not placed: all lines for outgoing calls are taken", call_id=order.call_id)
            self._reports.call_not_reached(order.call_id, NO_LINE, sip_status=None, sip_call_id="")
            return
        task = asyncio.create_task(self._call(order))
        self._calls[order.call_id] = task
        task.add_done_callback(lambda done: self._done(order.call_id, done))

    def place_no_more(self) -> None:
        """Whatever is ordered from now on is refused, as if all lines were taken."""
        self._limit = 0

    async def finished(self) -> None:
        """When none is left."""
        while self._calls:
            await asyncio.wait(set(self._calls.values()))

    def cancel(self, call_id: str) -> None:
        """Stop ringing. A call that was answered meanwhile goes on."""
        if call_id in self._ringing:
            self._calls[call_id].cancel()

    def _done(self, call_id: str, task: asyncio.Task[None]) -> None:
        self._calls.pop(call_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an outgoing call failed", call_id=call_id, exc_info=error)

    async def _call(self, order: PlaceCall) -> None:
        number, call_id = Masked(order.number), order.call_id
        rendering = asyncio.create_task(self._render(order.say))
        self._ringing.add(call_id)
        try:
            leg = await self._dialler.dial_number(
                number, order.ring_seconds, named=lambda sip_call_id: self._reports.call_rings(call_id, sip_call_id)
            )
        except NotReached as error:
            log.info("call_not_reached", call_id=call_id, number=number, result=error.result, status=error.sip_status)
            self._reports.call_not_reached(
                call_id, error.result, sip_status=error.sip_status, sip_call_id=error.sip_call_id
            )
            return
        except asyncio.CancelledError:
            self._reports.call_not_reached(call_id, CANCELLED, sip_status=None, sip_call_id="")
            raise
        except Exception:
            self._reports.call_not_reached(call_id, "unreachable", sip_status=None, sip_call_id="")
            raise
        finally:
            self._ringing.discard(call_id)
            rendering.cancel()
            await asyncio.gather(rendering, return_exceptions=True)
        log.info("call_taken", call_id=call_id, number=number)
        await self._serve(leg, order)

    async def _render(self, say: list[Spoken]) -> None:
        """While it rings, so that whoever answers hears us at once."""
        for item in say:
            try:
                await self._prompts.learn(item.for_the_ear)
            except (HotlineError, OSError) as error:
                log.info("first words are not rendered yet", problem=type(error).__name__)

    async def close(self) -> None:
        """Those that ring stop ringing; those that were taken end with the phone's other calls."""
        for call_id in list(self._ringing):
            self._calls[call_id].cancel()
        await asyncio.gather(*self._calls.values(), return_exceptions=True)
