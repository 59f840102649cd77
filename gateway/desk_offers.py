"""Offers what waits to seats that are free, and tells citizens where they stand: the desk's own initiative.

Every core does it for the seats whose pages it has; the database decides where two want the same (seats/cases.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from base.clock import local
from base.logs import get_logger
from conversations.errors import UnknownConversation
from gateway.core import Core
from seats import queue, routing, waiting_time
from seats.cases import Case
from seats.routing import SeatLoad, Waiting
from seats.waiting_time import Told

if TYPE_CHECKING:
    from gateway.desk import Desk

log = get_logger("gateway.desk")


class Offers:
    """One a core process, beside its desk."""

    def __init__(self, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk
        self._pause = timedelta(seconds=core.settings.seats.offer_pause_seconds)
        self._alarmed: set[str] = set()

    async def step(self) -> None:
        """End what is over, offer what can be offered, tell who must be told. The desk has just read the queue."""
        desk, core = self._desk, self._core
        ended = await core.cases.expire(pause=self._pause)
        for conversation_id, seat_id in ended:
            known = await core.roster.missed(seat_id)
            log.info("an offer passed", conversation_id=conversation_id, seat_id=seat_id, state=known.state)
        waiting = [card for card in desk.queue if card["status"] == "waiting"]
        withdrawn = await core.cases.withdraw(
            still_waiting=[card["conversation_id"] for card in waiting],
            at_desk=[seat.seat_id for seat in desk.loads() if seat.state == "available"],
        )
        if ended or withdrawn:
            await desk.refresh()
            waiting = [card for card in desk.queue if card["status"] == "waiting"]
        loads = desk.loads()
        made = 0
        for conversation_id, seat_id in routing.offers([self._waiting(card) for card in waiting], loads):
            if await core.cases.offer(conversation_id, seat_id, seconds=core.settings.seats.offer_seconds):
                await core.roster.served(seat_id, answered=False)
                made += 1
                log.info("offered", conversation_id=conversation_id, seat_id=seat_id)
        if made or ended or withdrawn:
            desk.changed()
        await self._tell_waiting(waiting, loads)
        self._alarm(waiting)

    def _waiting(self, card: dict[str, Any]) -> Waiting:
        case = self._desk.cases.get(card["conversation_id"], Case(card["conversation_id"]))
        return Waiting(
            case.conversation_id,
            queue.kind_of(card),
            self._desk.needs(card),
            case.passed_over,
            case.offered_to is not None,
        )

    async def _tell_waiting(self, waiting: list[dict[str, Any]], loads: list[SeatLoad]) -> None:
        rules, now = self._core.settings.seats, self._core.clock.now()
        open_now = waiting_time.is_open(rules.first_hour, rules.last_hour, local(now).hour)
        handling = waiting_time.handling_seconds(self._desk.measured)
        for ahead, card in enumerate(waiting):
            if card.get("alarm"):
                continue  # in danger nobody is told to wait
            case = self._desk.cases.get(card["conversation_id"], Case(card["conversation_id"]))
            since = queue.since(card, now)
            before = case.told if case.told_of == since else None
            if not open_now:
                if before is None:
                    words = waiting_time.closed_words(rules.first_hour, rules.last_hour)
                    await self._tell(card, Told(ahead, None, now), words, offer="go_on")
                continue
            wait = self._expected(card, ahead, loads, handling)
            told = Told(ahead, wait, now)
            if not waiting_time.worth_telling(before, told):
                continue
            too_long = wait is None or 0 < rules.overflow_wait_seconds < wait
            offer = too_long and not (case.told_of == since and case.call_back_offered)
            words = waiting_time.words(told) + (waiting_time.OFFER_CALL_BACK if offer else "")
            await self._tell(card, told, words, offer="stay" if offer else None)

    def _expected(self, card: Mapping[str, Any], ahead: int, loads: list[SeatLoad], handling: float) -> float | None:
        kind = queue.kind_of(dict(card))
        able = routing.suitable(self._desk.needs(dict(card)), loads)
        return waiting_time.expected_seconds(
            ahead=ahead,
            free=sum(seat.free_slots(kind) for seat in able),
            slots=sum(seat.slots(kind) for seat in able),
            handling=handling,
        )

    async def _tell(self, card: dict[str, Any], told: Told, words: str, *, offer: Any) -> None:
        conversation_id, since = card["conversation_id"], queue.since(card, told.at)
        if not await self._core.cases.told(conversation_id, told, of=since, call_back_offered=offer is not None):
            return
        try:
            await self._core.conversations.tell_waiting(conversation_id, words, offer=offer)
        except UnknownConversation:  # erased in this very moment
            log.info("nobody to tell", conversation_id=conversation_id)

    def _alarm(self, waiting: list[dict[str, Any]]) -> None:
        """The longest wait is a line in the log and red on the wall once it is too long."""
        overdue = {card["conversation_id"] for card in waiting if card.get("overdue")}
        for conversation_id in overdue - self._alarmed:
            log.warning("a citizen waits too long", conversation_id=conversation_id)
        self._alarmed = overdue
