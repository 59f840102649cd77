"""How a unit was told that a deadline is near or missed: by short message, by webhook, or by its page alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.follow_up_tables import TextMessage
from storage.order_tables import DeadlineAlert, OutboxMessage

_EVENT_OF: Final = {"reminder": "remind", "breach": "breach"}
_STATE: Final = {"sent": "sent", "delivered": "sent", "waiting": "waiting"}  # everything else has failed
Way = dict[str, str]


async def ways(session: AsyncSession, alerts: Sequence[DeadlineAlert]) -> dict[int, list[Way]]:
    """For each alert's id `{by: sms or webhook, state: sent, waiting or failed}`, as many as there were messages; none:
    the unit's page shows it and nothing else did. Messages carry the moment of the event that they tell of."""
    numbers = {alert.order_no for alert in alerts}
    events = tuple(_EVENT_OF.values())
    texts = select(TextMessage.order_no, TextMessage.kind, TextMessage.created_at, TextMessage.status).where(
        TextMessage.order_no.in_(numbers), TextMessage.kind.in_(events)
    )
    pushed = select(OutboxMessage.order_no, OutboxMessage.event, OutboxMessage.created_at, OutboxMessage.status).where(
        OutboxMessage.order_no.in_(numbers), OutboxMessage.event.in_(events)
    )
    found: dict[tuple[str, str, datetime], list[Way]] = defaultdict(list)
    for by, query in (("sms", texts), ("webhook", pushed)):
        for row in (await session.execute(query)).all():
            order_no, event, at, status = _row(row)
            found[order_no, event, at].append({"by": by, "state": _STATE.get(status, "failed")})
    return {alert.id: found.get((alert.order_no, _EVENT_OF[alert.kind], alert.at), []) for alert in alerts}


def _row(row: Any) -> tuple[str, str, datetime, str]:
    return row[0], row[1], row[2], row[3]
