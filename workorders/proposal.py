"""What the rules would do with a filed order as it stands now: a proposal to a person. Nothing of the order changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, get_args

from workorders.deadline_rules import default_rules
from workorders.dispatch import CENTRE
from workorders.model import Assignment, CategorySuggestion, OrderDraft, Urgency
from workorders.order import RUNNING
from workorders.service import OrderService
from workorders.view import OrderView

_DECIDES_THE_UNIT: Final = frozenset(
    {"request_type", "title", "detail", "district", "street", "event_time", "subject", "appeal", "urgency"}
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """`new_unit`: unit, mode or copies would be others; `new_deadline`: the time would be another."""

    assignment: Assignment
    new_unit: bool = False
    new_deadline: bool = False


def proposed(
    orders: OrderService,
    view: OrderView,
    category: CategorySuggestion | None,
    *,
    corrected: Collection[str] = (),
    district: str = "",
    street: str = "",
) -> Proposal:
    """
    Args:
        category: of the order; None: not known.
        corrected: the fields that a person has just corrected.
        district, street: where it is, if that is about to be corrected.
    """
    draft = draft_of(view, category, district=district, street=street)
    by_words = orders.assign(draft)
    urgency = _urgency(view, by_words.urgency)
    found = by_words if by_words.urgency == urgency else orders.assign(draft, urgency)
    running = view.status in RUNNING
    now = (view.unit, view.fields["dispatch_mode"], {*view.fields["copies"]})
    other_unit = found.unit != CENTRE and (found.unit, found.mode, {*found.copies}) != now
    other_urgency = "urgency" in corrected or urgency != view.fields["urgency"]
    other_term = (found.deadline_hours, found.working_days) != (
        view.deadline_hours,
        view.fields["deadline_working_days"],
    )
    return Proposal(
        found,
        new_unit=running and other_unit and not _DECIDES_THE_UNIT.isdisjoint(corrected),
        new_deadline=running and other_urgency and other_term,
    )


def draft_of(
    view: OrderView, category: CategorySuggestion | None, *, district: str = "", street: str = ""
) -> OrderDraft:
    """A filed order as it would be filed now, without its contact."""
    fields = view.fields
    place = (district, street) if district else (fields["district"] or "", fields["street"] or "")
    return OrderDraft(
        view.request_type,  # type: ignore[arg-type]
        view.title,
        fields["detail"],
        fields["channel"],
        district=place[0],
        street=place[1],
        address=fields["address"] or "",
        event_time=fields["event_time"] or "",
        subject=fields["subject"] or "",
        appeal=fields["appeal"] or "",
        category=category,
    )


def _urgency(view: OrderView, by_words: Urgency) -> Urgency:
    """A person's own judgement stands; else the words can make a matter more pressing, and never less."""
    present: Urgency = next(name for name in get_args(Urgency) if name == view.fields["urgency"])
    judged = any("urgency" in event["changes"].get("fields", ()) for event in view.events)
    rules = default_rules()
    return present if judged or rules.of(by_words).term.hours >= rules.of(present).term.hours else by_words
