"""From the state of a dialogue to the draft of an order. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, cast

from bot import family_answers, retelling
from bot.policy import form
from bot.state import Matter, State
from workorders import answers, duplicates, event_moments
from workorders.dispatch import assign_emergency
from workorders.model import Assignment, CategorySuggestion, OrderDraft, RequestType

DANGER_RECORD: Final = "danger_order"  # in a state's detail: the number of the order that a danger became
DANGER_PLACE: Final = "danger_place"  # the same: district, street and address that its words name
_DANGER_TITLE: Final = 24  # characters


def draft_of(state: State, matter: Matter, *, conversation_id: str, channel: str) -> OrderDraft:
    """Everything known about one matter of the conversation."""
    category = CategorySuggestion(**matter.category) if matter.category else None
    return OrderDraft(
        request_type=cast(RequestType, matter.request_type),
        title=matter.title or form.title(matter),
        detail=_detail(state, matter),
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


def of_danger(state: State, line: str, *, caller_number: str, conversation_id: str) -> OrderDraft:
    """The record of a danger: its words, and what was told before. Where they name no place, that of the order which
    was being taken down stands in, and is said to be unsure."""
    detail = state.detail
    said = str(detail.get("said") or detail.get("danger") or "紧急情况")
    district, street, address = (*detail.get(DANGER_PLACE, ()), "", "", "")[:3]
    before = "；".join(filter(None, (form.order_detail(matter) for matter in state.matters)))
    notes = [said, f"此前反映：{before}" if before and before not in said else ""]
    known = next((matter.place for matter in state.form if matter.place.known), None)
    if not district and known is not None:
        district, street, address = known.district, known.street, known.text
        notes.append("地点为此前所说，请核实")
    draft = OrderDraft(
        request_type="求助",
        title=f"紧急（已请拨打{line}）：{retelling.headline(said, _DANGER_TITLE)}",
        detail="。".join(note for note in notes if note),
        channel=state.channel,
        district=district,
        street=street,
        address=address,
        contact_name=state.contact_name,
        contact_phone=state.contact_phone or caller_number,
        confidential=bool(state.confidential),
        conversation_id=conversation_id,
        matter=len(state.matters) + 1,
        extra={"emergency_line": line},
    )
    return replace(draft, assignment=assign_emergency(draft, line))


def _detail(state: State, matter: Matter) -> str:
    """What happened; and that digits were told which make no number, where to find them. The digits themselves stay
    in the conversation: the story of an order is read by units that may not see a confidential number."""
    told = form.order_detail(matter) or matter.text
    incomplete = bool(state.number_unclear) and not state.contact_phone
    return f"{told}。（市民留的号码不完整，见对话记录）" if incomplete else told


def _extra(state: State, matter: Matter) -> dict[str, Any]:
    extra: dict[str, Any] = {"again": True} if matter.again else {}
    if state.contact_phone and state.contact_extension:
        extra["contact_extension"] = state.contact_extension
    moments = event_moments.kept(matter.event_start, matter.event_end)
    return {**extra, **moments, **answers.kept(family_answers.of(matter))}


def answers_about(detail: str, state: State) -> dict[str, Any]:
    """The part of `extra` that holds the answers of the matter that a story, perhaps a person's own wording of it, is
    about; nothing where none is like it."""
    likeness = [(duplicates.similarity(detail, form.order_detail(matter)), matter) for matter in state.matters]
    near = [(like, matter) for like, matter in likeness if like >= duplicates.SIMILAR_ENOUGH]
    return answers.kept(family_answers.of(max(near, key=lambda one: one[0])[1])) if near else {}


def _assignment(stored: dict[str, Any] | None) -> Assignment | None:
    if not stored:
        return None
    return Assignment(**{**stored, "copies": tuple(stored.get("copies", ()))})
