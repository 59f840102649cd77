"""From the state of a dialogue to the draft of an order. Pure."""

from __future__ import annotations

from typing import Any, cast

from bot.policy import form
from bot.state import Matter, State
from workorders.model import Assignment, CategorySuggestion, OrderDraft, RequestType


def draft_of(state: State, matter: Matter, *, conversation_id: str, channel: str) -> OrderDraft:
    """Everything known about one matter of the conversation."""
    category = CategorySuggestion(**matter.category) if matter.category else None
    return OrderDraft(
        request_type=cast(RequestType, matter.request_type),
        title=matter.title or form.title(matter),
        detail=form.order_detail(matter) or matter.text,
        channel=channel,
        district=matter.place.district,
        street=matter.place.street,
        address=matter.place.text,
        event_time=matter.event_time,
        subject=matter.subject,
        appeal=matter.appeal,
        contact_name=state.contact_name,
        contact_phone=state.contact_phone,
        confidential=bool(state.confidential),
        conversation_id=conversation_id,
        matter=matter.number,
        category=category,
        assignment=_assignment(matter.assignment),
        extra=_extra(state, matter),
    )


def _extra(state: State, matter: Matter) -> dict[str, Any]:
    extra: dict[str, Any] = {"again": True} if matter.again else {}
    if state.contact_phone and state.contact_extension:
        extra["contact_extension"] = state.contact_extension
    return extra


def _assignment(stored: dict[str, Any] | None) -> Assignment | None:
    if not stored:
        return None
    return Assignment(**{**stored, "copies": tuple(stored.get("copies", ()))})
