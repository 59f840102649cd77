"""What happened to an order and must be told where it was spoken of: in the conversation in which it was filed (an
extended deadline with its reason; one that runs anew; that it is worked on by itself again), and in those chats in
which a citizen asked again about the same matter (extended, answered, closed: that it is so, not what is said in it).

What has been told is known by the turn itself (one for each event), so it is told once by however many cores. The
conversation of a caller is over: the reason of an extension goes to them by short message, and where none reaches them
a person calls. Who left no number at all is noted on the order.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Row, Select, String, cast, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, local
from base.logs import get_logger
from bot import order_wording
from conversations import store
from conversations.locks import KeyedLocks
from conversations.messages import ConversationEvent
from conversations.subscriptions import Hub
from seats.reasons import EXTENSION
from storage.engine import Database
from storage.follow_up_tables import TextMessage
from storage.tables import Conversation, Order, OrderEvent, Turn
from workorders.service import SYSTEM, OrderService
from workorders.transitions import renews
from workorders.view import told_outside

_log = get_logger(__name__)
_TOLD: Final = "order-event:"
_CITIZEN: Final = "citizen:"  # how the actor of a supplement begins; the conversation's id follows
_LOOK_BACK: Final = timedelta(days=2)  # after a longer outage the tracking view still shows it
_BATCH: Final = 100
_EXTENDED: Final = ("extend", "follow_extend", "correct")  # of corrections those with a new deadline: they are public
_GIVEN: Final = "dispatch"  # of these, too, those with a new deadline; only the sealed data says which
_BY_MESSAGE: Final = ("extended", "changed")
_CALLED_WITHIN: Final = timedelta(days=1)
_FAILED: Final = "failed"
_NOBODY: Final = "市民没有留下可以联系的电话，延期的原因无法主动告知。"
_BECAME: Final[dict[str, Literal["extended", "answered", "closed"]]] = {
    "extend": "extended",
    "follow_extend": "extended",
    "answer": "answered",
    "follow": "answered",
    "close": "closed",
    "withdraw": "closed",
}


class OrderNews:
    def __init__(self, database: Database, *, orders: OrderService, locks: KeyedLocks, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._orders = orders
        self._locks = locks
        self._hub = hub
        self._clock = clock
        self._plain: set[int] = set()  # dispatches of the last days without a new deadline: none is opened twice

    async def sweep(self) -> int:
        """Tell what has not been told yet; returns how much."""
        since = self._clock.now() - _LOOK_BACK
        async with self._database.read() as session:
            own = [*(await session.execute(_where_filed(since))).all(), *await self._given_anew(session, since)]
            again = list((await session.execute(_where_asked_again(since))).all())
            failed = list((await session.execute(_not_sent(since))).scalars())
        for event, order in own:
            await self._note_if_nobody(event, order)
            await self._tell(event, order.conversation_id or "", _in_full(event, order), order=order)
        for event, order, conversation_id in again:
            await self._tell(event, conversation_id, _in_short(event, order))
        for message_id in failed:
            await self._call_instead(message_id)
        return len(own) + len(again)

    async def _given_anew(self, session: AsyncSession, since: datetime) -> list[Row[OrderEvent, Order]]:
        """Dispatches with which the deadline runs anew, not told yet."""
        found = set((await session.execute(_dispatches(since))).scalars())
        self._plain &= found
        unread = sorted(found - self._plain)[:_BATCH]
        rows = list((await session.execute(_with_orders().where(OrderEvent.id.in_(unread)))).all()) if unread else []
        self._plain |= {event.id for event, _ in rows if not renews(event.event, event.data)}
        return [row for row in rows if row[0].id not in self._plain]

    async def _tell(self, event: OrderEvent, conversation_id: str, text: str, *, order: Order | None = None) -> None:
        """`order`: it was filed in this conversation."""
        message_id = f"{_TOLD}{event.id}"
        async with self._locks.hold(conversation_id), self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None or await store.turn_with_id(session, row.id, message_id, "system") is not None:
                return
            seq = await store.last_seq(session, row.id) + 1
            turn = store.add_turn(session, row.id, seq, "system", text, self._clock.now(), client_message_id=message_id)
            row.version += 1
            if order is not None and _for_a_caller(event, row) and not await _by_message(session, event):
                await self._promise(session, row, order, text)
            await session.flush()
        self._hub.publish(ConversationEvent("turn", conversation_id, turn=store.stored(turn)))
        _log.info("news of an order were told", conversation_id=conversation_id, news=event.event)

    async def _promise(self, session: AsyncSession, row: Conversation, order: Order, text: str) -> None:
        """A person calls and tells it."""
        if not (number := order.contact_phone or row.caller_number):
            return
        extension = order.extra.get("contact_extension")
        note = f"请电话告知市民：{text}" + (f"（总机接通后转{extension}）" if extension else "")
        now = self._clock.now()
        due_at = now + _CALLED_WITHIN
        await store.promise_call_back(session, row, reason=EXTENSION, number=number, note=note, due_at=due_at, now=now)

    async def _call_instead(self, message_id: str) -> None:
        """A message about an extension was given up: a person calls."""
        async with self._database.write() as session:
            query = select(TextMessage).where(TextMessage.id == message_id).with_for_update()
            message = (await session.execute(query)).scalar_one_or_none()
            if message is None or message.status != _FAILED:
                return
            message.status = "called"
            order = await session.get_one(Order, message.order_no)
            row = await store.load(session, order.conversation_id or "", for_update=True)
            happened = select(OrderEvent).where(
                OrderEvent.order_no == order.order_no,
                OrderEvent.event.in_((*_EXTENDED, _GIVEN)),
                OrderEvent.public,
                OrderEvent.at == message.created_at,
            )
            event = next(filter(_is_of_a_deadline, (await session.execute(happened)).scalars()), None)
            if row is not None and event is not None:
                await self._promise(session, row, order, _in_full(event, order))

    async def _note_if_nobody(self, event: OrderEvent, order: Order) -> None:
        """Before it counts as told: noted twice it is noted once."""
        if not _is_of_a_deadline(event) or order.contact_phone:
            return
        async with self._database.read() as session:
            row = await store.load(session, order.conversation_id or "")
        if row is not None and _for_a_caller(event, row) and not row.caller_number:
            await self._orders.change(order.order_no, "note", actor=SYSTEM, note=_NOBODY, event_id=f"{_TOLD}{event.id}")


def _for_a_caller(event: OrderEvent, row: Conversation) -> bool:
    return _is_of_a_deadline(event) and row.channel == "phone"


def _is_of_a_deadline(event: OrderEvent) -> bool:
    return event.event in _EXTENDED or renews(event.event, event.data)


async def _by_message(session: AsyncSession, event: OrderEvent) -> bool:
    """Whether a short message tells it: it was written with the event. One that is given up is seen to by itself."""
    written = select(TextMessage.id).where(
        TextMessage.order_no == event.order_no,
        TextMessage.kind.in_(_BY_MESSAGE),
        TextMessage.created_at == event.at,
    )
    return (await session.execute(written)).first() is not None


def _not_sent(since: datetime) -> Select[str]:
    return (
        select(TextMessage.id)
        .join(Order, Order.order_no == TextMessage.order_no)
        .join(Conversation, Conversation.id == Order.conversation_id)
        .where(TextMessage.kind.in_(_BY_MESSAGE), TextMessage.status == _FAILED, TextMessage.finished_at >= since)
        .where(Conversation.channel == "phone")
        .order_by(TextMessage.finished_at)
        .limit(_BATCH)
    )


def _with_orders() -> Select[OrderEvent, Order]:
    return select(OrderEvent, Order).join(Order, Order.order_no == OrderEvent.order_no).order_by(OrderEvent.id)


def _dispatches(since: datetime) -> Select[int]:
    """By people: nobody else lets a deadline run anew."""
    return (
        select(OrderEvent.id)
        .join(Order, Order.order_no == OrderEvent.order_no)
        .where(OrderEvent.event == _GIVEN, OrderEvent.actor.startswith("seat:"), OrderEvent.at >= since)
        .where(Order.conversation_id.is_not(None), ~_told_in(Order.conversation_id))
    )


def _where_filed(since: datetime) -> Select[OrderEvent, Order]:
    released = (OrderEvent.event == "unmerge") & OrderEvent.actor.startswith("system:")
    return (
        _with_orders()
        .where((OrderEvent.event.in_(_EXTENDED) & OrderEvent.public) | released, OrderEvent.at >= since)
        .where(Order.conversation_id.is_not(None), ~_told_in(Order.conversation_id))
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
    if event.event in ("correct", _GIVEN):
        return order_wording.order_deadline_changed(order.order_no, _deadline(order))
    return order_wording.order_extended(order.order_no, _deadline(order), told_outside(event.note, order) or "")


def _in_short(event: OrderEvent, order: Order) -> str:
    return order_wording.order_asked_again(order.order_no, _BECAME[event.event], _deadline(order))
