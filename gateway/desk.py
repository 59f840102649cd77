"""The live desk: watches all conversations, keeps the queue that seats see, and gives back what absent seats hold."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from base.errors import HotlineError
from base.logs import get_logger
from gateway.core import Core
from seats import queue
from seats.store import SeatIdentity

log = get_logger("gateway.desk")

_GATHER_SECONDS: Final = 0.1  # changes that come together are pushed together
_PULSE_SECONDS: Final = 2.0
_DRAFTS: Final = 500

Watcher = Callable[[], None]


class Desk:
    """One a core process. Sockets of seats register a function that is called whenever the queue has changed."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._changed = asyncio.Event()
        self._watchers: dict[Watcher, str] = {}
        self._drafts: OrderedDict[str, str] = OrderedDict()
        self.queue: list[dict[str, Any]] = []
        self.held: list[dict[str, Any]] = []
        self._pushed: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])

    def watch(self, watcher: Watcher, seat_id: str) -> None:
        self._watchers[watcher] = seat_id
        self.heard(seat_id)

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.pop(watcher, None)

    def heard(self, seat_id: str) -> None:
        self._core.presence.heard(seat_id, self._core.clock.monotonic())

    def mine(self, seat_id: str) -> list[dict[str, Any]]:
        return [card for card in self.held if card["seat_id"] == seat_id]

    def changed(self) -> None:
        """Something may have changed: look again, and push what is new."""
        self._changed.set()

    def keep_draft(self, conversation_id: str, text: str) -> None:
        """What a seat has typed but not sent: whoever opens the conversation next finds it."""
        self._drafts.pop(conversation_id, None)
        if text:
            self._drafts[conversation_id] = text
        while len(self._drafts) > _DRAFTS:
            self._drafts.popitem(last=False)

    def draft(self, conversation_id: str) -> str:
        return self._drafts.get(conversation_id, "")

    async def refresh(self) -> None:
        """Read the queue and the held conversations."""
        conversations = self._core.conversations
        waiting = queue.sort_cards(await conversations.waiting(), self._core.clock.now())
        held = await conversations.held()
        allowances = await self._core.allowances([card["conversation_id"] for card in (*waiting, *held)])
        for card in (*waiting, *held):
            if (allowance := allowances.get(card["conversation_id"])) is not None:
                card["allowance"] = allowance
        self.queue, self.held = waiting, held
        self._measure()

    def _measure(self) -> None:
        metrics, now = self._core.metrics, self._core.clock.now()
        metrics.queue_length.set(len(self.queue))
        metrics.queue_oldest_seconds.set(max((queue.waited_seconds(card, now) for card in self.queue), default=0.0))
        metrics.seats_present.set(len(self._core.presence.present(self._core.clock.monotonic())))

    async def claim(self, conversation_id: str, seat: SeatIdentity) -> str | None:
        """Take a waiting conversation. None when it worked, else the sentence that says why not."""
        held = await self._core.conversations.held(seat.id)
        if any(card["conversation_id"] == conversation_id for card in held):
            return None
        capacity = self._core.settings.seats.capacity
        if not queue.may_claim(len(held), capacity):
            return f"您手上已有{len(held)}个会话（上限{capacity}个），请先结束一个。"
        if not await self._core.conversations.claim(conversation_id, seat.id):
            return "这个会话已被其他坐席接起，或市民已经离开。"
        self.changed()
        return None

    async def give_back_of_absent(self) -> int:
        """Conversations of seats that are gone go back to the front of the queue; returns how many."""
        held = await self._core.conversations.held()
        holders = frozenset(str(card["seat_id"]) for card in held if card["seat_id"])
        gone = self._core.presence.absent(holders, self._core.clock.monotonic())
        count = 0
        for card in held:
            if card["seat_id"] not in gone:
                continue
            try:
                await self._core.conversations.give_back(card["conversation_id"], card["seat_id"])
                count += 1
            except HotlineError as error:  # finished or given back in this very moment
                log.info("nothing to give back", conversation_id=card["conversation_id"], reason=type(error).__name__)
        if count:
            log.warning("seats are away: conversations given back", conversations=count, seats=len(gone))
            self.changed()
        return count

    # -- background ------------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Count events, and notice changes of the queue; ends when the conversations room closes."""
        while not self._core.stopping:
            subscription = self._core.conversations.subscribe(None)
            self.changed()
            try:
                async for event in subscription:
                    if event.kind == "dropped":
                        log.warning("events came faster than they could be counted")
                        break
                    self._core.metrics.count_event(event)
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
            try:
                await self.refresh()
                if (self.queue, self.held) != self._pushed:
                    self._pushed = (self.queue, self.held)
                    for watcher in list(self._watchers):
                        watcher()
            except Exception as error:  # noqa: BLE001  (the database may be away: the queue is read again)
                log.error("the queue could not be read", error=type(error).__name__)
                await self._core.pause(1.0)
                self._changed.set()

    async def pulse(self) -> None:
        """Look after absent seats, and after changes that other processes made."""
        while True:
            try:
                await self.give_back_of_absent()
            except Exception as error:  # noqa: BLE001  (the same: try again)
                log.error("presence could not be checked", error=type(error).__name__)
            self.changed()
            if await self._core.pause(_PULSE_SECONDS):
                self.changed()
                return
