"""What an event changes in the row of an order: status, unit, deadline, category, words. No session, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from base.logs import get_logger
from storage.tables import Order, OrderEvent
from workorders import correction, deadline_rules
from workorders.deadline_rules import Term
from workorders.model import OrderStatus
from workorders.order import OrderStateError, advance

_log = get_logger(__name__)


def move(
    order: Order, event: str, actor: str, now: datetime, *, note: str = "", values: dict[str, Any] | None = None
) -> None:
    """Let `event` happen to a row that is locked.

    Raises:
        OrderStateError: it may not happen now, not by this actor, or lacks something.
    """
    status: OrderStatus = order.status  # type: ignore[assignment]
    data = values or {}
    order.status = advance(status, event, actor=actor, note=note)
    if event == "dispatch" and data.get("unit"):
        order.unit = clip(str(data["unit"]), 128)
        order.dispatch_mode = clip(str(data.get("mode") or order.dispatch_mode or "直派"), 16)
    if event in ("dispatch", "copy") and "copies" in data:
        order.copies = [str(copy) for copy in data["copies"] or []]
    if event == "dispatch" and "deadline_hours" in data:
        order.deadline_hours, order.deadline_working_days = _hours(data["deadline_hours"]), 0
        order.deadline_at = due_at(now, Term(order.deadline_hours))
    if event == "extend":
        added, days = _hours(data.get("deadline_hours")), order.deadline_working_days
        extended = deadline_rules.extended(order.deadline_at or now, added, days)
        order.deadline_hours += added
        order.deadline_working_days += -(-added // 24) if days else 0
        order.deadline_at = _told(extended)
    if event == "follow_extend":
        order.deadline_at = datetime.fromisoformat(data["deadline_at"])
    if event == "unmerge":
        order.duplicate_of = None
    if event == "classify":
        _classify(order, data)
    if event == "correct":
        correction.apply(order, data)
    if event == "reopen" or renews(event, data):
        _renew_deadline(order, now)
    order.version += 1
    order.updated_at = now


def _classify(order: Order, data: dict[str, Any]) -> None:
    """A person has chosen the leaf. Who has the order, and its deadline, stay as they are."""
    if not data.get("code"):
        raise OrderStateError("请选择事项类别。")
    order.category_code, order.category_confidence = clip(str(data["code"]), 16), 1.0
    order.category_level1, order.category_level2, order.category_level3 = (
        clip(str(data.get(level) or ""), 64) for level in ("level1", "level2", "level3")
    )
    order.catalogue_version = clip(str(data.get("catalogue_version") or ""), 64)


def _renew_deadline(order: Order, now: datetime) -> None:
    """The term of the order's urgency, from now; what it was extended by before is past."""
    term = deadline_rules.default_rules().of(order.urgency).term
    order.deadline_hours, order.deadline_working_days = term.hours, term.working_days
    order.deadline_at = due_at(now, term)


def due_at(start: datetime, term: Term) -> datetime:
    return _told(deadline_rules.due(start, term))


def _told(due: deadline_rules.Due) -> datetime:
    if not due.known:
        _log.warning("holidays of that year are not in workorders/data/holidays.yml: counted by the week", due=due.at)
    return due.at


def check_extension(order: Order, events: list[OrderEvent], values: dict[str, Any], now: datetime) -> None:
    """
    Raises:
        OrderStateError: the rule of the order's urgency does not allow it.
    """
    since = _renewed_last(events)
    refused = deadline_rules.extension_refused(
        deadline_rules.default_rules().of(order.urgency),
        hours=_hours(values.get("deadline_hours")),
        earlier=sum(row.event == "extend" and row.id > since for row in events),
        deadline_at=order.deadline_at,
        now=now,
    )
    if refused:
        raise OrderStateError(refused)


def check_renewal(event: str, events: list[OrderEvent], values: dict[str, Any], note: str) -> None:
    """Whether the deadline may run anew with this `correct` or `dispatch`.

    Raises:
        OrderStateError: nobody says why, and the urgency is the one that the deadline was counted by.
    """
    since = _renewed_last(events)
    happened = [(event, values), *((row.event, row.data) for row in events if row.id > since)]
    changed = any(name == "correct" and "urgency" in data.get("fields", ()) for name, data in happened)
    if not changed and not note.strip():
        raise OrderStateError("紧急程度没有改变；重新计算期限，请填写说明。")


def renews(event: str, values: Mapping[str, Any]) -> bool:
    """Whether the deadline runs anew with a `correct` or a `dispatch`."""
    return event in ("correct", "dispatch") and values.get("renew_deadline") is True


def _renewed_last(events: list[OrderEvent]) -> int:
    return max((row.id for row in events if row.event == "reopen" or renews(row.event, row.data)), default=0)


def _hours(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 24 * 90:
        raise OrderStateError("期限应为1到2160之间的整数小时。")
    return value


def clip(value: str, limit: int) -> str | None:
    return value[:limit] or None
