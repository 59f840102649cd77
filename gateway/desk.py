"""The live desk: watches all conversations, keeps the queue that seats see, and gives back what absent seats hold.

What is offered to whom, and what citizens are told of the queue, is in `gateway/desk_offers.py`; what seats have typed
and not sent, in `gateway/unsent.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from base.errors import HotlineError
from base.logs import get_logger
from cluster.bus import Message
from gateway.core import Core
from gateway.desk_offers import Offers
from gateway.unsent import Unsent
from seats import queue, skills
from seats.cases import Case
from seats.presence import AtDesk
from seats.roster import Enlisted
from seats.routing import SeatLoad
from seats.store import SeatIdentity

log = get_logger("gateway.desk")

_GATHER_SECONDS: Final = 0.1  # changes that come together are pushed together
_PULSE_SECONDS: Final = 2.0
_MEASURED_FOR_SECONDS: Final = 30.0

QUEUE: Final = "queue"  # what nodes tell each other by this says that the queue, an offer or a seat has changed

Watcher = Callable[[], None]


class Desk:
    """One a core process. Sockets of seats register a function that is called whenever the queue has changed."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._changed = asyncio.Event()
        self._refreshed = asyncio.Event()
        self._watchers: dict[Watcher, str] = {}
        self._skills = skills.default()
        self._measured_at = -_MEASURED_FOR_SECONDS
        self.measured: list[float] = []
        self.queue: list[dict[str, Any]] = []
        self.held: list[dict[str, Any]] = []
        self.cases: dict[str, Case] = {}
        self.roster: dict[str, Enlisted] = {}
        self.offers = Offers(core, self)
        self.unsent = Unsent(core)
        self._pushed: Any = None
        self._news_of_ours = False  # for other nodes
        core.node.bus.join(QUEUE, self._noticed_elsewhere)

    def watch(self, watcher: Watcher, seat_id: str) -> None:
        self._watchers[watcher] = seat_id
        self.heard(seat_id)

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.pop(watcher, None)

    def heard(self, seat_id: str) -> None:
        self._core.presence.heard(seat_id, self._core.clock.monotonic())

    def mine(self, seat_id: str) -> list[dict[str, Any]]:
        return [card for card in self.held if card["seat_id"] == seat_id]

    def state(self, seat_id: str) -> dict[str, Any]:
        """Of one seat, for its own page."""
        known = self.roster.get(seat_id)
        at_desk = known.at_desk.at(self._core.clock.now()) if known else AtDesk("offline", self._core.clock.now())
        until = at_desk.until.isoformat() if at_desk.until else None
        return {"state": at_desk.state, "reason": at_desk.reason, "since": at_desk.since.isoformat(), "until": until}

    def offer(self, seat_id: str) -> dict[str, Any] | None:
        """What is offered to this seat now, with the seconds that are left."""
        for card in self.queue:
            case = self.cases.get(card["conversation_id"])
            if case is not None and case.offered_to == seat_id and case.offered_until is not None:
                left = (case.offered_until - self._core.clock.now()).total_seconds()
                return {**card, "seconds_left": max(0.0, left)}
        return None

    def changed(self) -> None:
        """Something was changed here: look again, push what is new, and let the other nodes look."""
        self._news_of_ours = True
        self._changed.set()

    def noticed(self) -> None:
        """Something may have changed: look again, and push what is new."""
        self._changed.set()

    def _noticed_elsewhere(self, _: Message) -> None:
        self.noticed()

    # -- the queue ---------------------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Read the queue, the held conversations, and what the desk keeps of them."""
        conversations, core = self._core.conversations, self._core
        waiting, held = await conversations.waiting(), await conversations.held()
        ids = [card["conversation_id"] for card in (*waiting, *held)]
        self.cases, allowances = await core.cases.of(ids), await core.allowances(ids)
        for card in (*waiting, *held):
            if (allowance := allowances.get(card["conversation_id"])) is not None:
                card["allowance"] = allowance  # of WeChat: how many messages may still be sent, and until when
        self.roster = await core.roster.all()
        if core.clock.monotonic() - self._measured_at >= _MEASURED_FOR_SECONDS:
            self.measured, self._measured_at = await core.cases.measured(), core.clock.monotonic()
        self.queue = queue.sort_cards([self._waiting_card(card) for card in waiting], core.clock.now())
        self.held = [self._held_card(card) for card in held]
        self._measure()

    def _shown(self) -> Any:
        """All that pages show; what changes and nobody sees is left out."""
        offers = {(case.offered_to, case.offered_until) for case in self.cases.values() if case.offered_to}
        seats = {seat_id: known.at_desk for seat_id, known in self.roster.items()}
        return self.queue, self.held, offers, seats

    def _waiting_card(self, card: dict[str, Any]) -> dict[str, Any]:
        case = self.cases.get(card["conversation_id"], Case(card["conversation_id"]))
        waited = queue.waited_seconds(card, self._core.clock.now())
        return {
            **card,
            "priority": queue.priority_of(card, turned_down=case.turned_down),
            "why": queue.why(card, turned_down=case.turned_down),
            "needs": self._skills.names(self.needs(card)),
            "overdue": card["status"] == "waiting" and waited >= self._core.settings.seats.waiting_alarm_seconds,
            "offered": case.offered_to is not None,
            "tags": list(case.tags),
        }

    def _held_card(self, card: dict[str, Any]) -> dict[str, Any]:
        case = self.cases.get(card["conversation_id"], Case(card["conversation_id"]))
        until = case.snoozed_until
        snoozed = until is not None and until > self._core.clock.now()
        shown = until.isoformat() if until is not None and snoozed else None
        return {**card, "tags": list(case.tags), "snoozed_until": shown}

    def needs(self, card: dict[str, Any]) -> frozenset[str]:
        """The skills that a seat should have for this conversation."""
        return self._skills.needs(
            channel=str(card.get("channel")),
            categories=card.get("categories", ()),
            not_understood=bool(card.get("not_understood")),
        )

    def present(self) -> frozenset[str]:
        """Seats with a living page, at this core or at another."""
        core = self._core
        since = core.clock.now() - timedelta(seconds=core.settings.seats.heartbeat_seconds)
        recorded = {seat for seat, known in self.roster.items() if known.heard_at and known.heard_at > since}
        return core.presence.present(core.clock.monotonic()) | recorded | core.seats_elsewhere

    def loads(self) -> list[SeatLoad]:
        """Every seat that is at its desk, with what it holds; what was put aside does not count."""
        here, now = frozenset(self._watchers.values()), self._core.clock.now()
        offered = {case.offered_to for case in self.cases.values()}
        loads = []
        for seat_id in self.present() | here:
            known = self.roster.get(seat_id)
            if known is None:
                continue
            cards = [card for card in self.mine(seat_id) if not card["snoozed_until"]]
            calls = sum(queue.kind_of(card) == "call" for card in cards)
            loads.append(
                SeatLoad(
                    seat_id,
                    known.at_desk.at(now).state,
                    known.skills,
                    calls,
                    len(cards) - calls,
                    self._capacity(known),
                    seat_id in offered,
                    seat_id in here,
                    known.served_at,
                )
            )
        return loads

    def capacity_of(self, seat_id: str) -> int:
        """Chats at once."""
        return self._capacity(self.roster.get(seat_id))

    def _capacity(self, known: Enlisted | None) -> int:
        return known.chats if known is not None and known.chats else self._core.settings.seats.capacity

    def _measure(self) -> None:
        metrics, now = self._core.metrics, self._core.clock.now()
        metrics.queue_length.set(len(self.queue))
        metrics.queue_oldest_seconds.set(max((queue.waited_seconds(card, now) for card in self.queue), default=0.0))
        metrics.seats_present.set(len(self._core.presence.present(self._core.clock.monotonic())))

    # -- what seats do -----------------------------------------------------------------------------------------------

    async def claim(self, conversation_id: str, seat: SeatIdentity) -> str | None:
        """Take a waiting conversation, offered or by hand. None when it worked, else the sentence that says why not."""
        held = await self._core.conversations.held(seat.id)
        if any(card["conversation_id"] == conversation_id for card in held):
            return None
        known = next((card for card in self.queue if card["conversation_id"] == conversation_id), None)
        calls = sum(queue.kind_of(card) == "call" for card in held)
        chats, capacity = len(held) - calls, self._capacity(self.roster.get(seat.id))
        kind = queue.kind_of(known) if known is not None else "chat"
        if not queue.may_claim(kind, calls=calls, chats=chats, capacity=capacity):
            if kind == "call":
                return "您正在接一通电话，请先结束它。"
            return f"您手上已有{chats}个会话（上限{capacity}个），请先结束一个。"
        if not await self._core.conversations.claim(conversation_id, seat.id):
            return "这个会话已被其他坐席接起，或市民已经离开。"
        await self._core.cases.taken(conversation_id)
        await self._core.roster.served(seat.id, answered=True)
        self.changed()
        return None

    async def turn_down(self, conversation_id: str, seat_id: str) -> None:
        """The seat does not take what it was offered."""
        pause = timedelta(seconds=self._core.settings.seats.offer_pause_seconds)
        if await self._core.cases.turn_down(conversation_id, seat_id, pause=pause):
            await self._core.roster.served(seat_id, answered=True)
            log.info("an offer was turned down", conversation_id=conversation_id, seat_id=seat_id)
        self.changed()

    async def finish(self, conversation_id: str, seat_id: str, disposition: str, *, code: str) -> None:
        """The seat is done. Raises as `ConversationService.finish`."""
        held = await self._core.conversations.held(seat_id)
        await self._core.conversations.finish(conversation_id, seat_id, disposition)
        own = next((card for card in held if card["conversation_id"] == conversation_id), None)
        await self._over(conversation_id, seat_id, own, others=len(held) - (own is not None), code=code)

    async def _over(
        self, conversation_id: str, seat_id: str, card: dict[str, Any] | None, *, others: int, code: str | None
    ) -> None:
        """A conversation with a seat has ended. `code` None: by the citizen; the seat may still say what it was."""
        claimed = card.get("claimed_at") if card else None
        seconds = (self._core.clock.now() - datetime.fromisoformat(claimed)).total_seconds() if claimed else None
        self.unsent.drop_draft(conversation_id)
        if code is not None:
            self.unsent.drop_form(conversation_id)
        await self._core.cases.finished(conversation_id, code=code, seconds=seconds)
        await self._core.roster.finished(seat_id, holds_others=others > 0)
        self._measured_at = -_MEASURED_FOR_SECONDS
        self.changed()

    async def _left_by_citizen(self, conversation_id: str) -> None:
        card = next((card for card in self.held if card["conversation_id"] == conversation_id), None)
        if card is None or not card["seat_id"]:
            return
        try:
            others = len(self.mine(card["seat_id"])) - 1
            await self._over(conversation_id, card["seat_id"], card, others=others, code=None)
        except SQLAlchemyError as error:  # only the figures of the wait lack it
            log.error("the end of a conversation was not noted", error=type(error).__name__)

    async def give_back_of_absent(self) -> int:
        """Conversations of seats that are gone go back to the front of the queue; returns how many."""
        core = self._core
        held, self.roster = await core.conversations.held(), await core.roster.all()
        holders = frozenset(str(card["seat_id"]) for card in held if card["seat_id"])
        at_desk = frozenset(seat for seat, known in self.roster.items() if known.at_desk.state != "offline")
        gone = core.presence.absent(holders | at_desk, core.clock.monotonic()) - self.present()
        await core.roster.left(gone & at_desk)
        # A page that was silent for too long and is heard again (its machine slept) never closed its socket.
        here = core.presence.present(core.clock.monotonic()) & frozenset(self._watchers.values())
        for seat_id in here - at_desk:
            await core.roster.came(seat_id)
        count = 0
        for card in held:
            if card["seat_id"] not in gone:
                continue
            try:
                await core.conversations.give_back(card["conversation_id"], card["seat_id"])
                count += 1
            except HotlineError as error:  # finished or given back in this very moment
                log.info("nothing to give back", conversation_id=card["conversation_id"], reason=type(error).__name__)
        if count:
            log.warning("seats are away: conversations given back", conversations=count, seats=len(gone))
            self.changed()
        return count

    async def _exchange_presence(self) -> None:
        """Tell other nodes which seats are here, and hear which are anywhere."""
        core = self._core
        silence = core.presence.silence(core.clock.monotonic())
        within = core.settings.seats.heartbeat_seconds
        there = await core.seats_anywhere.exchange(silence, within_seconds=within)
        core.seats_elsewhere = frozenset() if core.node.alone else there

    # -- background ------------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Count events, and notice changes of the queue; ends when the conversations room closes."""
        while not self._core.stopping:
            subscription = self._core.conversations.subscribe(None)
            self.noticed()
            try:
                async for event in subscription:
                    if event.kind == "dropped":
                        log.warning("events came faster than they could be counted")
                        break
                    if event.elsewhere or event.kind == "stands":  # counted where it happened
                        self.noticed()
                        continue
                    self._core.metrics.count_event(event)
                    if event.kind == "status" and event.status == "ended":
                        await self._left_by_citizen(event.conversation_id)
                    if event.kind in ("status", "outcome"):
                        self.changed()
                else:
                    return
            finally:
                subscription.close()

    async def push(self) -> None:
        """Tell the seats of every change, at most ten times a second."""
        while not self._core.stopping:
            await self._changed.wait()
            if await self._core.pause(_GATHER_SECONDS):
                return
            self._changed.clear()
            if self._news_of_ours:
                self._news_of_ours = False
                self._core.node.bus.publish(QUEUE, {})
            try:
                await self.refresh()
                self._refreshed.set()
                if (now := self._shown()) != self._pushed:
                    self._pushed = now
                    for watcher in list(self._watchers):
                        watcher()
            except Exception as error:  # noqa: BLE001  (the database may be away: the queue is read again)
                log.error("the queue could not be read", error=type(error).__name__)
                await self._core.pause(1.0)
                self.noticed()

    async def offer_on(self) -> None:
        """Offer and tell, whenever the queue was read again."""
        while not self._core.stopping:
            await self._refreshed.wait()
            self._refreshed.clear()
            try:
                await self.offers.step()
            except Exception as error:  # (the database may be away: the next pulse tries again)
                log.error("offers could not be made", error=type(error).__name__, exc_info=error)

    async def pulse(self) -> None:
        """Look after absent seats, and after changes that other processes made."""
        while True:
            try:
                await self._exchange_presence()
                await self.give_back_of_absent()
            except Exception as error:  # noqa: BLE001  (the same: try again)
                log.error("presence could not be checked", error=type(error).__name__)
            self.noticed()
            if await self._core.pause(_PULSE_SECONDS):
                self.noticed()
                self._refreshed.set()
                return


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
