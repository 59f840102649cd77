"""What happened to an order and must be told where it was spoken of: in the conversation in which it was filed (an
extended deadline with its reason; that it is worked on by itself again), and in those chats in which a citizen asked
again about the same matter (extended, answered, closed: that it is so, not what is said in it).

What has been told is known by the turn itself (one for each event), so it is told once by however many cores.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, String, cast, exists, func, literal, select

from base.clock import Clock, local
from base.logs import get_logger
from bot import order_wording
from conversations import store
from conversations.locks import KeyedLocks
from conversations.messages import ConversationEvent
from conversations.subscriptions import Hub
from storage.engine import Database
from storage.tables import Conversation, Order, OrderEvent, Turn

_log = get_logger(__name__)
_TOLD: Final = "order-event:"
_CITIZEN: Final = "citizen:"  # how the actor of a supplement begins; the conversation's id follows
_LOOK_BACK: Final = timedelta(days=2)  # after a longer outage the tracking view still shows it
_BATCH: Final = 100
_EXTENDED: Final = ("extend", "follow_extend")
_BECAME: Final[dict[str, Literal["extended", "answered", "closed"]]] = {
    "extend": "extended",
    "follow_extend": "extended",
    "answer": "answered",
    "follow": "answered",
    "close": "closed",
    "withdraw": "closed",
}


class OrderNews:
    def __init__(self, database: Database, *, locks: KeyedLocks, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._locks = locks
        self._hub = hub
        self._clock = clock

    async def sweep(self) -> int:
        """Tell what has not been told yet; returns how much."""
        since = self._clock.now() - _LOOK_BACK
        async with self._database.read() as session:
            own = list((await session.execute(_where_filed(since))).all())
            again = list((await session.execute(_where_asked_again(since))).all())
        for event, order in own:
            await self._tell(event, order.conversation_id or "", _in_full(event, order))
        for event, order, conversation_id in again:
            await self._tell(event, conversation_id, _in_short(event, order))
        return len(own) + len(again)

    async def _tell(self, event: OrderEvent, conversation_id: str, text: str) -> None:
        message_id = f"{_TOLD}{event.id}"
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None or await store.turn_with_id(session, row.id, message_id, "system") is not None:
                return
            seq = await store.last_seq(session, row.id) + 1
            turn = store.add_turn(session, row.id, seq, "system", text, self._clock.now(), client_message_id=message_id)
            row.version += 1
            await session.flush()
        self._hub.publish(ConversationEvent("turn", conversation_id, turn=store.stored(turn)))
        _log.info("news of an order were told", conversation_id=conversation_id, news=event.event)


def _where_filed(since: datetime) -> Select[OrderEvent, Order]:
    released = (OrderEvent.event == "unmerge") & OrderEvent.actor.startswith("system:")
    return (
        select(OrderEvent, Order)
        .join(Order, Order.order_no == OrderEvent.order_no)
        .where(OrderEvent.event.in_(_EXTENDED) | released, OrderEvent.at >= since)
        .where(Order.conversation_id.is_not(None), ~_told_in(Order.conversation_id))
        .order_by(OrderEvent.id)
        .limit(_BATCH)
    )


def _where_asked_again(since: datetime) -> Select[OrderEvent, Order, str]:
    """Chats only: whoever asked again by telephone gave the number that the short messages go to."""
    news = select(OrderEvent.order_no).where(OrderEvent.event.in_(tuple(_BECAME)), OrderEvent.at >= since)
    asked = (
        select(
            OrderEvent.order_no,
            func.substr(OrderEvent.actor, len(_CITIZEN) + 1).label("conversation_id"),
            func.min(OrderEvent.id).label("first_id"),
        )
        .where(OrderEvent.event == "supplement", OrderEvent.actor.startswith(_CITIZEN), OrderEvent.order_no.in_(news))
        .group_by(OrderEvent.order_no, OrderEvent.actor)
        .subquery()
    )
    return (
        select(OrderEvent, Order, Conversation.id)
        .join(Order, Order.order_no == OrderEvent.order_no)
        .join(asked, (asked.c.order_no == OrderEvent.order_no) & (asked.c.first_id < OrderEvent.id))
        .join(Conversation, Conversation.id == asked.c.conversation_id)
        .where(OrderEvent.event.in_(tuple(_BECAME)), OrderEvent.at >= since)
        .where(Conversation.channel != "phone", Conversation.id != func.coalesce(Order.conversation_id, ""))
        .where(~_told_in(Conversation.id))
        .order_by(OrderEvent.id)
        .limit(_BATCH)
    )


def _told_in(conversation_id: Any) -> ColumnElement[bool]:
    return exists().where(
        Turn.conversation_id == conversation_id,
        Turn.client_message_id == literal(_TOLD) + cast(OrderEvent.id, String),
    )


def _deadline(order: Order) -> str:
    return f"{local(order.deadline_at):%m月%d日%H点%M分}" if order.deadline_at else ""


def _in_full(event: OrderEvent, order: Order) -> str:
    if event.event == "unmerge":
        return order_wording.order_alone_again(order.order_no, order.unit or "")
    return order_wording.order_extended(order.order_no, _deadline(order), event.note)


def _in_short(event: OrderEvent, order: Order) -> str:
    return order_wording.order_asked_again(order.order_no, _BECAME[event.event], _deadline(order))
