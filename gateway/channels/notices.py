"""What becomes of an order is told to whoever filed it through a channel: once for each event, with its text."""

from __future__ import annotations

from typing import Any, Final

from base.clock import Clock, local
from base.sections.channels import ChannelSettings
from gateway.channels.account import FAMILY
from gateway.wechat import contacts, outbox
from gateway.wechat.notices import KEY, unwritten
from storage.engine import Database
from storage.tables import Order, OrderEvent
from workorders.order import EVENT_TEXT, STATUS_TEXT

_EXPLAINED: Final = ("answer", "reopen")  # their note is for the citizen


class ChannelNotices:
    def __init__(self, database: Database, settings: ChannelSettings, *, clock: Clock) -> None:
        self._database = database
        self._events = tuple(settings.notices)
        self._clock = clock

    async def sweep(self) -> int:
        """Write what has not been written yet; returns how many."""
        if not self._events:
            return 0
        async with self._database.read() as session:
            found = await unwritten(session, FAMILY, self._events, now=self._clock.now())
        for event, order, contact_id in found:
            now = self._clock.now()
            async with self._database.write() as session:
                contact = await contacts.locked(session, contact_id)
                key, body = f"{KEY}{event.id}", notice(event, order)
                await outbox.put(
                    session,
                    contact,
                    key,
                    "system",
                    body,
                    now=now,
                    next_at=now,
                    kind="notice",
                    conversation_id=order.conversation_id,
                )
        return len(found)


def notice(event: OrderEvent, order: Order) -> dict[str, Any]:
    """The text, and the same as fields. Nothing of what the citizen said; of a confidential order no word of the unit's
    answer either."""
    note = event.note if event.event in _EXPLAINED and not order.confidential else ""
    text = f"您的工单{order.order_no}：{EVENT_TEXT[event.event]}"
    text += f"（{order.unit}）" if event.event in ("dispatch", "accept") and order.unit else ""
    if event.event == "dispatch" and order.deadline_at is not None:
        text += f"，预计{local(order.deadline_at):%m月%d日%H点%M分}前答复"
    text += f"：{note}" if note else "。"
    shown = {
        "order_no": order.order_no,
        "event": event.event,
        "event_text": EVENT_TEXT[event.event],
        "status": order.status,
        "status_text": STATUS_TEXT.get(order.status, order.status),
        "unit": order.unit or "",
        "note": note,
        "deadline_at": order.deadline_at.isoformat() if order.deadline_at else None,
        "at": event.at.isoformat(),
    }
    return {"text": text, "order": shown}
