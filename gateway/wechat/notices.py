"""What becomes of an order is told to whoever filed it in an Official Account, by the templates that are set.

Notices need no allowance: they reach citizens who wrote last a month ago. One for each event of an order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import String, cast, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, local
from base.sections.channels import WechatNoticeSettings, WechatSettings
from gateway.wechat import contacts, outbox
from storage.engine import Database
from storage.messenger_tables import MessengerContact, MessengerConversation, MessengerOutbox
from storage.tables import Order, OrderEvent
from workorders.order import EVENT_TEXT, STATUS_TEXT

_LOOK_BACK: Final = timedelta(days=2)
_BATCH: Final = 100
KEY: Final = "notice:"
# Characters that WeChat takes for each kind of keyword; longer ones are refused (47003).
_LIMITS: Final = {"thing": 20, "character_string": 32, "phrase": 5, "name": 10, "letter": 32, "number": 32}
_OTHERS: Final = 200


class Notices:
    def __init__(self, database: Database, settings: WechatSettings, *, public_url: str, clock: Clock) -> None:
        self._database = database
        self._templates = dict(settings.notices)
        self._public_url = public_url.rstrip("/")
        self._clock = clock

    async def sweep(self) -> int:
        """Write what has not been written yet; returns how many."""
        if not self._templates:
            return 0
        async with self._database.read() as session:
            found = await unwritten(session, "wechat", tuple(self._templates), now=self._clock.now())
        for event, order, contact_id in found:
            await self._write(event, order, contact_id)
        return len(found)

    async def _write(self, event: OrderEvent, order: Order, contact_id: str) -> None:
        now, template = self._clock.now(), self._templates[event.event]  # type: ignore[index]
        body = {
            "template_id": template.template_id,
            "data": keywords(template, event, order),
            "url": f"{self._public_url}/",
        }
        async with self._database.write() as session:
            contact = await contacts.locked(session, contact_id)
            key = f"{KEY}{event.id}"
            await outbox.put(session, contact, key, "system", body, now=now, next_at=now, kind="notice")


async def unwritten(
    session: AsyncSession, channel: str, events: Sequence[str], *, now: datetime
) -> list[tuple[OrderEvent, Order, str]]:
    """Events of orders that were filed by the contacts of a channel and have no notice yet, with the contact's id."""
    written = exists().where(MessengerOutbox.key == literal(KEY) + cast(OrderEvent.id, String))
    query = (
        select(OrderEvent, Order, MessengerContact.id)
        .join(Order, Order.order_no == OrderEvent.order_no)
        .join(MessengerConversation, MessengerConversation.conversation_id == Order.conversation_id)
        .join(MessengerContact, MessengerContact.id == MessengerConversation.contact_id)
        .where(MessengerContact.channel == channel, MessengerContact.reachable)
        .where(OrderEvent.event.in_(events), OrderEvent.public)
        .where(OrderEvent.at >= now - _LOOK_BACK, ~written)
        .order_by(OrderEvent.id)
        .limit(_BATCH)
    )
    return [(row[0], row[1], row[2]) for row in (await session.execute(query)).all()]


def keywords(template: WechatNoticeSettings, event: OrderEvent, order: Order) -> dict[str, str]:
    """The template's keywords with their values, cut to what WeChat takes. Nothing of what the citizen said."""
    values: dict[str, Any] = {
        "order_no": order.order_no,
        "status": EVENT_TEXT.get(event.event, STATUS_TEXT.get(order.status, "")),
        "note": "" if order.confidential else event.note,
        "unit": order.unit or "",
        "deadline": f"{local(order.deadline_at):%Y-%m-%d %H:%M}" if order.deadline_at else "",
        "time": f"{local(event.at):%Y-%m-%d %H:%M}",
    }
    return {name: fitted(name, str(values.get(wanted, "")) or "无") for name, wanted in template.fields.items()}


def fitted(keyword: str, value: str) -> str:
    limit = _LIMITS.get(re.sub(r"\d+$", "", keyword), _OTHERS)
    return value if len(value) <= limit else value[: limit - 1] + "…"
