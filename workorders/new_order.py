"""A draft as a row: what an order is when it is filed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from storage.tables import Order
from workorders.deadline_rules import Term
from workorders.model import Assignment, OrderDraft
from workorders.transitions import clip, due_at

_TITLE_CHARACTERS: Final = 40


def make_title(draft: OrderDraft) -> str:
    """A title from what was said and nothing else: the draft's own, or the first sentence of the detail."""
    if draft.title.strip():
        return draft.title.strip()[:200]
    detail = " ".join(draft.detail.split())
    for mark in "。！？；\n":
        detail = detail.partition(mark)[0]
    if len(detail) > _TITLE_CHARACTERS:
        detail = detail[: _TITLE_CHARACTERS - 1] + "…"
    place = draft.street or draft.district
    prefix = "" if not place or place in detail else f"{place}："
    return (prefix + detail)[:200] or draft.request_type


def new_row(draft: OrderDraft, assignment: Assignment, *, number: str, key: str, now: datetime, actor: str) -> Order:
    category = draft.category
    return Order(
        order_no=number,
        idempotency_key=key,
        conversation_id=draft.conversation_id,
        matter=draft.matter,
        version=0,
        status="filed",
        channel=draft.channel[:16],
        request_type=draft.request_type,
        title=draft.title,
        detail=draft.detail,
        district=clip(draft.district, 32),
        street=clip(draft.street, 64),
        address=draft.address or None,
        event_time=clip(draft.event_time, 200),
        subject=draft.subject or None,
        appeal=draft.appeal or None,
        contact_name=clip(draft.contact_name, 64),
        contact_phone=clip(draft.contact_phone, 32),
        confidential=draft.confidential,
        category_level1=category.level1 if category else None,
        category_level2=category.level2 if category else None,
        category_level3=category.level3 if category else None,
        category_confidence=category.confidence if category else None,
        category_code=clip(category.code, 16) if category else None,
        catalogue_version=clip(category.version, 64) if category else None,
        urgency=assignment.urgency,
        deadline_hours=assignment.deadline_hours,
        deadline_working_days=assignment.working_days,
        deadline_at=due_at(now, Term(assignment.deadline_hours, assignment.working_days)),
        unit=clip(assignment.unit, 128),
        dispatch_mode=assignment.mode,
        copies=list(assignment.copies),
        extra=dict(draft.extra),
        created_by=actor[:40],
        created_at=now,
        filed_at=now,
        updated_at=now,
    )
