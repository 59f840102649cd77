"""Short messages (SMS) to citizens and responsible units: written with the event they tell of, sent after it is stored.

A message may hold a tracking code, which nobody else is ever told: text and number are forgotten as soon as the
message has left or is given up. At least once: a process that dies between sending and noting it sends it again. The
number of a unit is looked up when its message is sent: a unit that has none by then is told nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock, local
from base.errors import HotlineError
from base.ids import new_id
from base.logs import get_logger
from base.masking import Masked
from storage.engine import Database
from storage.follow_up_tables import TextMessage
from storage.tables import Order, OrderEvent
from storage.unit_tables import UnitContact
from workorders import unit_notices
from workorders.view import told_outside

_log = get_logger(__name__)
_MOBILE: Final = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_LONGEST_WAIT: Final = timedelta(hours=1)
_LEASE: Final = timedelta(minutes=2)  # longer than an attempt may take: another core does not send it meanwhile
_REASON_CHARACTERS: Final = 200  # three parts of a long message
_UNIT: Final = "unit"  # in a row's detail: the unit whose number it goes to
_ENDS: Final = ("。！？!?；;", "，,、")  # where words may be cut, the better places first
Kind = Literal["filed", "answered", "extended", "changed"]


class TextMessageError(HotlineError):
    """The gateway did not take a message; the reason holds neither number nor text."""


@dataclass(frozen=True, slots=True)
class Message:
    """`number` and `text` are personal: they are shown to the gateway and to nobody else."""

    id: str
    number: str = field(repr=False)
    text: str = field(repr=False)


class MessageGateway(Protocol):
    """Whoever can send a short message: one implementation a file (`workorders/message_gateways.py`)."""

    async def send(self, message: Message) -> None:
        """Take the message; the same `id` again is the same message.

        Raises:
            TextMessageError: it was not taken; it will be tried again.
        """
        ...

    async def close(self) -> None: ...


def mobile(number: str | None) -> str:
    """The mobile number that can take a short message; empty where it is none."""
    match = _MOBILE.fullmatch(re.sub(r"[\s-]", "", number or ""))
    return match[1] if match else ""


def text_of(kind: Kind, order: Order, *, code: str = "", reason: str = "") -> str:
    """In plain words, and nothing of what the citizen said: a telephone may lie open on a table."""
    until = f"{local(order.deadline_at):%m月%d日%H点}" if order.deadline_at else ""
    if kind == "filed":
        tracked = f"，查询码{code}" if code else ""
        deadline = f"，预计{until}前答复" if until else ""
        return f"【12345】您的诉求已受理，工单编号{order.order_no}{tracked}{deadline}。请勿把查询码告诉他人。"
    if kind == "answered":
        return f"【12345】您的工单{order.order_no}承办单位已经答复，可凭工单编号和查询码查看。"
    if kind == "changed":  # why was written for the desk
        return f"【12345】您的工单{order.order_no}办理期限已重新计算，改为{until}。"
    because = shortened((told_outside(reason, order) or "").strip().rstrip("。.；;"), _REASON_CHARACTERS)
    because = f"，原因：{because}" if because else ""
    return f"【12345】您的工单{order.order_no}办理期限延长到{until}{because}。"


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters and the hint where the rest is; cut where a sentence or at least a clause ends."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    at = next((found for marks in _ENDS if (found := max(head.rfind(mark) for mark in marks)) > limit // 4), limit)
    return f"{head[:at]}（全文可凭工单编号和查询码查看）"


class TextMessages:
    """Given to `OrderService`: puts messages beside the events; `send_due` lets them go."""

    def __init__(
        self,
        database: Database,
        gateway: MessageGateway | None,
        *,
        attempts: int = 8,
        first_retry: timedelta = timedelta(seconds=30),
        clock: Clock | None = None,
    ) -> None:
        """`gateway` None: nothing is written, nothing is sent."""
        self._database = database
        self._gateway = gateway
        self._attempts = attempts
        self._first_retry = first_retry
        self._clock = clock or SystemClock()

    def put(
        self,
        session: AsyncSession,
        order: Order,
        kind: Kind,
        key: str,
        *,
        now: datetime,
        code: str = "",
        note: str = "",
    ) -> None:
        """One message about a locked or new order, in the transaction of what it tells. `key`: once for each."""
        number = mobile(order.contact_phone)
        if self._gateway is None or not number:
            return
        session.add(
            TextMessage(
                id=f"{order.order_no}:{key}"[:40],
                order_no=order.order_no,
                kind=kind,
                number=number,
                text=text_of(kind, order, code=code, reason=note),
                status="waiting",
                attempts=0,
                next_at=now,
                created_at=now,
                detail={},
            )
        )

    def tell_units(self, session: AsyncSession, order: Order, event: OrderEvent) -> None:
        """What the units concerned are to hear of an event, in the transaction of the event."""
        kind = unit_notices.KIND_OF.get(event.event)
        if self._gateway is None or kind is None:
            return
        if kind == "renewed" and event.data.get("renew_deadline") is not True:
            return
        for unit in unit_notices.told(event.event, order, event.data):
            session.add(
                TextMessage(
                    id=new_id("text_"),
                    order_no=order.order_no,
                    kind=kind,
                    number="",
                    text=unit_notices.text_of(kind, order, unit),
                    status="waiting",
                    attempts=0,
                    next_at=event.at,
                    created_at=event.at,
                    detail={_UNIT: unit},
                )
            )

    async def send_due(self) -> int:
        """Send what is due, the oldest first; returns how many left."""
        if self._gateway is None:
            return 0
        sent = 0
        while (found := await self._claim()) is not None:
            sent += bool(found.number) and await self._send(self._gateway, found)
        return sent

    async def close(self) -> None:
        if self._gateway is not None:
            await self._gateway.close()

    async def _claim(self) -> Message | None:
        """The next message, leased to this process: another core passes it over. One to a unit that has no number is
        forgotten, and returned without a number."""
        now = self._clock.now()
        due = select(TextMessage).where(TextMessage.status == "waiting", TextMessage.next_at <= now)
        query = due.order_by(TextMessage.next_at).limit(1)
        async with self._database.read() as session:  # mostly there is none: no write lock for nothing
            if (await session.execute(query)).first() is None:
                return None
        async with self._database.write() as session:
            row = (await session.execute(query.with_for_update(skip_locked=True))).scalar_one_or_none()
            if row is None:
                return None
            number = row.number
            if _UNIT in row.detail:
                contact = await session.get(UnitContact, row.detail[_UNIT])
                number = contact.number if contact is not None else ""
            if not number:
                await session.delete(row)
                return Message(row.id, "", "")
            row.attempts += 1
            row.next_at = now + _LEASE
            return Message(row.id, number, row.text)

    async def _send(self, gateway: MessageGateway, message: Message) -> bool:
        problem = ""
        try:
            await gateway.send(message)
        except TextMessageError as error:
            problem = str(error)
        now = self._clock.now()
        async with self._database.write() as session:
            row = await session.get_one(TextMessage, message.id, with_for_update=True)
            if row.status != "waiting":
                return False
            if problem and row.attempts < self._attempts:
                row.next_at = now + min(self._first_retry * 2 ** (row.attempts - 1), _LONGEST_WAIT)
                row.detail = {**row.detail, "problem": problem[:200]}
            else:
                row.status, row.finished_at = ("failed" if problem else "sent"), now
                row.number, row.text = str(Masked(message.number)), ""
                row.detail = {**row.detail, "problem": problem[:200]}
            status, attempts = row.status, row.attempts
        _log.info(
            "a short message", kind=row.kind, status=status, attempts=attempts, number=str(Masked(message.number))
        )
        return status == "sent"
