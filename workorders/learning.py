"""`hotline orders learn`: what filed, corrected and objected orders teach, measured on orders that were held out.

A fifth of the orders, whole groups of repeats at a time, is held out. Before and after are measured on it with models
that have seen none of it. Installed is what is better, and then from all orders.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from base.masking import mask_text
from storage.engine import Database
from storage.tables import Order, OrderEvent
from workorders.catalogue import Catalogue
from workorders.dispatch import assign, office
from workorders.duties import STREET, Duties
from workorders.learned import Example, Learned, Source, learned
from workorders.model import OrderDraft, OrderStatus

_ANSWERED: tuple[OrderStatus, ...] = ("answered", "visited", "closed")
_READ_CHARACTERS = 1_000
_HELD_OUT_OF = 5
LEAST_HELD_OUT = 20
_PAGE = 1_000
_DECIDED = ("overrule", "dispatch", "withdraw", "merge")  # after these no objection stands any more


@dataclass(frozen=True, slots=True)
class Case:
    """One order as an example, and what is needed to propose a unit for it."""

    example: Example
    draft: OrderDraft
    unit: str  # who answered for it in the end; empty: not known


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts on the held-out orders. `leaf`, `leaf3` and `field` of `coded` ones; `unit` of those in `placed`."""

    coded: int
    leaf: int
    leaf3: int
    field: int
    placed: int
    unit: int

    def lines(self) -> dict[str, float]:
        return {
            "leaf": _rate(self.leaf, self.coded),
            "leaf among three": _rate(self.leaf3, self.coded),
            "first level": _rate(self.field, self.coded),
            "unit": _rate(self.unit, self.placed),
        }


def better(before: Figures, after: Figures) -> bool:
    """Enough was measured, neither leaves nor units got worse, and one of them got better."""
    enough = max(after.coded, after.placed) >= LEAST_HELD_OUT
    worse = after.leaf < before.leaf or after.unit < before.unit
    return enough and not worse and (after.leaf > before.leaf or after.unit > before.unit)


def _rate(count: int, of: int) -> float:
    return count / of if of else 0.0


async def cases(database: Database, duties: Duties) -> list[Case]:
    """What the orders of the database teach, by number."""
    found: list[Case] = []
    last = ""
    async with database.snapshot() as session:
        while True:
            query = select(Order).where(Order.order_no > last).order_by(Order.order_no).limit(_PAGE)
            orders = list((await session.execute(query)).scalars())
            if not orders:
                return found
            events: dict[str, list[OrderEvent]] = defaultdict(list)
            numbers = [order.order_no for order in orders]
            past = select(OrderEvent).where(OrderEvent.order_no.in_(numbers)).order_by(OrderEvent.id)
            for event in (await session.execute(past)).scalars():
                events[event.order_no].append(event)
            read = (case_of(order, events[order.order_no], duties) for order in orders)
            found += [case for case in read if case is not None]
            last = numbers[-1]
            session.expunge_all()


def case_of(order: Order, events: Sequence[OrderEvent], duties: Duties) -> Case | None:
    """What one order teaches; None where nobody has yet said anything about it that could be learned."""
    corrected = any(event.event == "classify" for event in events)
    upheld = _upheld(events)
    confirmed = order.status in _ANSWERED and not upheld and not any(event.event == "withdraw" for event in events)
    if not (corrected or upheld or confirmed):
        return None
    source: Source = "corrected" if corrected else "upheld" if upheld else "confirmed"
    unit = (order.unit or "") if upheld or confirmed else ""
    duty = duty_of(unit, order.district or "", order.street or "", duties) if unit else ""
    # An objection tells that the unit was wrong; of the leaf it tells nothing.
    code = (order.category_code or "") if corrected or confirmed else ""
    if not code and not duty:
        return None
    text = _text(order)
    example = Example(order.order_no, order.duplicate_of or order.order_no, text, code, duty, source)
    draft = OrderDraft(
        order.request_type,  # type: ignore[arg-type]
        "",
        text,
        order.channel,
        district=order.district or "",
        street=order.street or "",
    )
    return Case(example, draft, unit if duty else "")


def _upheld(events: Sequence[OrderEvent]) -> bool:
    """A unit objected, and a dispatcher gave the order to another one. No other event says so, whatever its data."""
    objected = False
    for event in events:
        if objected and event.event == "dispatch" and event.actor.startswith("seat:") and event.data.get("from_unit"):
            return True
        objected = event.event == "object" or (objected and event.event not in _DECIDED)
    return False


def _text(order: Order) -> str:
    text = order.detail if order.title in order.detail else f"{order.title} {order.detail}"
    text = text[:_READ_CHARACTERS]
    if order.contact_name and len(order.contact_name) > 1:
        text = text.replace(order.contact_name, "")
    return mask_text(text)


def duty_of(unit: str, district: str, street: str, duties: Duties) -> str:
    """The duty that leads to this unit at this place; empty where the rules know none."""
    if district and street and unit == office(district, street):
        return STREET
    known = {duty for entry in duties.table.values() for duty in entry.values()}
    for kind in ("企", "市"):
        if f"{kind}:{unit}" in known:
            return f"{kind}:{unit}"
    local = f"区:{unit.removeprefix(district)}" if district and unit.startswith(district) else ""
    return local if local in known else ""


def is_held_out(example: Example) -> bool:
    """The same for all repeats of a matter, at every run."""
    return hashlib.sha256(example.group.encode()).digest()[0] % _HELD_OUT_OF == 0


def measure(catalogue: Catalogue, held_out: Iterable[Case], duties: Duties | None = None) -> Figures:
    """`duties`: the city's own rules of dispatch; None: ours."""
    coded = leaf = leaf3 = field = placed = unit = 0
    for case in held_out:
        found = catalogue.suggest(case.draft.detail)
        known = catalogue.find(case.example.code)
        if known is not None:
            coded += 1
            leaf += bool(found) and found[0].code == known.code
            leaf3 += any(one.code == known.code for one in found)
            field += bool(found) and found[0].level1 == known.level1
        if case.unit:
            placed += 1
            unit += assign(replace(case.draft, category=found[0] if found else None), duties).unit == case.unit
    return Figures(coded, leaf, leaf3, field, placed, unit)


def compare(
    found: Sequence[Case],
    installed: Sequence[Example],
    build: Callable[[Learned], Catalogue],
    duties: Duties | None = None,
) -> tuple[Figures, Figures]:
    """Before and after, on the held-out orders.

    Args:
        installed: what the catalogue in use has learned before; the held-out orders among it are left out.
        build: the catalogue that has learned some examples.
    """
    held_out = [case for case in found if is_held_out(case.example)]
    kept = [case.example for case in found if not is_held_out(case.example)]
    earlier = [example for example in installed if not is_held_out(example)]
    before = measure(build(learned(earlier)), held_out, duties)
    after = measure(build(learned(kept)), held_out, duties)
    return before, after
