"""Values of the work-order room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

RequestType = Literal["咨询", "求助", "投诉", "举报", "建议", "表扬"]
Urgency = Literal["sudden", "utility", "ordinary", "complex"]
OrderStatus = Literal["draft", "filed", "dispatched", "accepted", "objected", "merged", "answered", "visited", "closed"]


@dataclass(frozen=True, slots=True)
class CategorySuggestion:
    code: str
    level1: str
    level2: str
    level3: str
    confidence: float
    duty: str = ""  # who answers for it, as in `workorders/duties.py`; empty: by the code
    duty_confidence: float = 0.0  # of the body, over all its matters
    version: str = ""  # of the catalogue that it was taken from
    level2_confidence: float = 0.0  # of all the leaves of its second level together
    supply_confidence: float = 0.0  # that the text tells of water, power, gas or heat that fails, whatever the leaf
    hazard_confidence: float = 0.0  # that it tells of something that may hurt somebody any moment
    of_sample: bool = True  # a leaf of our own catalogue: what our rules say of its code holds


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who gets an order and by when (seed 003: 2, 24, 168 or 360 hours)."""

    unit: str
    mode: Literal["直派", "区级协调", "双派"]
    copies: tuple[str, ...]
    urgency: Urgency
    deadline_hours: int
    reason: str  # why this unit and this deadline, in words
    lane: str = ""  # neighbour, consumer, minors, enterprise; empty: the ordinary way
    working_days: int = 0  # where the deadline is counted in them; `deadline_hours` is what they come to at least


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """Everything known about one matter; what is not known is empty."""

    request_type: RequestType
    title: str
    detail: str
    channel: str
    district: str = ""
    street: str = ""
    address: str = ""
    event_time: str = ""
    subject: str = ""
    appeal: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    confidential: bool = False
    conversation_id: str | None = None
    matter: int = 1
    category: CategorySuggestion | None = None
    assignment: Assignment | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FiledOrder:
    """`tracking_code` is told once and stored only as a hash. `existing` is true when the key was filed before."""

    order_no: str
    tracking_code: str
    deadline_hours: int
    unit: str
    existing: bool = False
    working_days: int = 0  # the deadline is counted in them
