"""What happened to an order and must be told: an extended deadline appears, with its reason, in the conversation in
which the order was filed.

What has been told is known by the turn itself (one for each event), so it is told once by however many cores.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import String, cast, exists, literal, select

from base.clock import Clock, local
from base.logs import get_logger
from bot import wording
from conversations import store
from conversations.locks import KeyedLocks
from conversations.messages import ConversationEvent
from conversations.subscriptions import Hub
from storage.engine import Database
from storage.tables import Order, OrderEvent, Turn

_log = get_logger(__name__)
_TOLD: Final = "order-event:"
_LOOK_BACK: Final = timedelta(days=2)  # after a longer outage the tracking view still shows it
_BATCH: Final = 100


class OrderNews:
    def __init__(self, database: Database, *, locks: KeyedLocks, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._locks = locks
        self._hub = hub
        self._clock = clock

    async def sweep(self) -> int:
        """Tell what has not been told yet; returns how much."""
        told = exists().where(
            Turn.conversation_id == Order.conversation_id,
            Turn.client_message_id == literal(_TOLD) + cast(OrderEvent.id, String),
        )
        query = (
            select(OrderEvent, Order)
            .join(Order, Order.order_no == OrderEvent.order_no)
            .where(OrderEvent.event == "extend", OrderEvent.at >= self._clock.now() - _LOOK_BACK)
            .where(Order.conversation_id.is_not(None), ~told)
            .order_by(OrderEvent.id)
            .limit(_BATCH)
        )
        async with self._database.read() as session:
            news = list((await session.execute(query)).all())
        for event, order in news:
            await self._tell(event, order)
        return len(news)

    async def _tell(self, event: OrderEvent, order: Order) -> None:
        conversation_id, message_id = order.conversation_id or "", f"{_TOLD}{event.id}"
        deadline = f"{local(order.deadline_at):%m月%d日%H点%M分}" if order.deadline_at else ""
        text = wording.order_extended(order.order_no, deadline, event.note)
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None or await store.turn_with_id(session, row.id, message_id, "system") is not None:
                return
            seq = await store.last_seq(session, row.id) + 1
            turn = store.add_turn(session, row.id, seq, "system", text, self._clock.now(), client_message_id=message_id)
            row.version += 1
            await session.flush()
        self._hub.publish(ConversationEvent("turn", conversation_id, turn=store.stored(turn)))
        _log.info("an extended deadline was told", conversation_id=conversation_id)
