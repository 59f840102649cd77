"""The body of a message: an event and the order as it was right after it. Frozen when the event is stored."""

from __future__ import annotations

import json
from typing import Any, Final

from storage.tables import Order, OrderEvent
from workorders import answers, event_moments
from workorders.correction import HELD_BACK
from workorders.order import EVENT_TEXT, STATUS_TEXT, actor_kind
from workorders.view import IN_THE_HOUSE, to_dial, told_outside

# What an event's data may hold that is about the handling, not about a person.
_OPEN_DATA: Final = (
    *("unit", "mode", "copies", "from_unit", "from_copies", "deadline_hours", "deadline_at", "main", "event_id"),
    *("code", "catalogue_version", "fields"),
)
_OF_VISITS: Final = ("responded", "solved", "satisfied")  # what the citizen said, where the event is one of asking

_SAID: Final = ("title", "detail", "address", "event_time", "subject", "appeal")


def body(message_id: str, order: Order, event: OrderEvent, *, personal: bool) -> str:
    """JSON text. Without `personal` nothing that a citizen said, and no word that anybody wrote, is in it. Of a
    confidential order never more is told than its unit may read (`workorders/view.py`)."""
    note = ""
    data: dict[str, Any] = {key: event.data[key] for key in _open(event.event) if key in event.data}
    if personal:
        note = "" if event.event in IN_THE_HOUSE else told_outside(event.note, order) or ""
        more = {} if order.confidential else {key: value for key, value in event.data.items() if key not in HELD_BACK}
        data |= more
    return json.dumps(
        {
            "id": message_id,
            "event": event.event,
            "event_text": EVENT_TEXT[event.event],
            "at": event.at.isoformat(),
            "actor": actor_kind(event.actor),
            "note": note,
            "data": data,
            "order": {**_handling(order), **(_matter(order) if personal else {})},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _open(event: str) -> tuple[str, ...]:
    return (*_OPEN_DATA, *_OF_VISITS) if event == "visit" else _OPEN_DATA


def _handling(order: Order) -> dict[str, Any]:
    return {
        "order_no": order.order_no,
        "version": order.version,
        "status": order.status,
        "status_text": STATUS_TEXT.get(order.status, order.status),
        "request_type": order.request_type,
        "category": {
            "code": order.category_code,
            "level1": order.category_level1,
            "level2": order.category_level2,
            "level3": order.category_level3,
            "catalogue_version": order.catalogue_version,
        },
        "district": order.district,
        "street": order.street,
        "urgency": order.urgency,
        "filed_at": order.filed_at.isoformat() if order.filed_at else None,
        "deadline_at": order.deadline_at.isoformat() if order.deadline_at else None,
        "unit": order.unit,
        "dispatch_mode": order.dispatch_mode,
        "copies": list(order.copies),
        "main_order_no": order.duplicate_of,
        "confidential": order.confidential,
    }


def _matter(order: Order) -> dict[str, Any]:
    return {
        **{name: told_outside(getattr(order, name), order) for name in _SAID},
        **event_moments.told(order.extra),
        "answers": answers.told(order.extra, lambda words: told_outside(words, order)),
        "contact_name": None if order.confidential else order.contact_name,
        "contact_phone": None if order.confidential else to_dial(order.contact_phone, order.extra),
    }
