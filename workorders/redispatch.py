"""What goes with a unit that a person has chosen: the way of dispatch and who gets a copy, by the rules of `dispatch`.

A street's order has its district's copy (条例 article 12), sudden danger has police and local authority whoever leads.
What functional bodies had a copy before, or were given one by a person, keep it; in another district it is their
counterpart there. Pure, but for the list of streets, which is read once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, get_args

from storage.tables import Order
from workorders.dispatch import CENTRE, COMPANIES, Mode, office
from workorders.duties import Duties
from workorders.order import OrderStateError
from workorders.units import districts_and_streets
from workorders.view import OrderView

MODES: Final[tuple[str, ...]] = get_args(Mode)
_CITY_POLICE: Final = "市公安局"


@dataclass(frozen=True, slots=True)
class Way:
    mode: Mode
    copies: tuple[str, ...]


def way_to(
    unit: str,
    *,
    district: str = "",
    street: str = "",
    both: bool = False,
    copies: Iterable[str] = (),
    companies: Collection[str] = COMPANIES,
) -> Way:
    """
    Args:
        district, street: where the matter is, as far as it is known; a unit of another district overrules them.
        both: police and local authority at once (双派).
        copies: who has a copy now.
        companies: those whose district gets a copy, for water, power, gas and heat.
    """
    own = district_of(unit)
    if district not in districts_and_streets():
        district, street = "", ""
    if own and own != district:
        district, street = own, ""
    government = _government(district)
    if both:
        mode: Mode = "双派"
        others = _both(unit, district, street)
    else:
        mode = "区级协调" if unit == government else "直派"
        others = (government,) if government and (unit in _offices() or unit in companies) else ()
    kept = [_counterpart(copy, district) for copy in copies if not _by_place(copy)]
    return Way(mode, tuple(name for name in dict.fromkeys((*others, *kept)) if name != unit))


def completed(order: Order, values: Mapping[str, Any], duties: Duties) -> dict[str, Any]:
    """The data of a dispatch (or of new copies) with what was left open: `mode` and `copies`.

    Raises:
        OrderStateError: there is no such mode, or `copies` are no list of names.
    """
    unit = str(values.get("unit") or "").strip() or order.unit or ""
    mode, told = values.get("mode") or "", values.get("copies")
    if mode and mode not in MODES:
        raise OrderStateError(f"派单方式应为{'、'.join(MODES)}之一。")
    if told is not None and not (isinstance(told, list | tuple) and all(isinstance(name, str) for name in told)):
        raise OrderStateError("抄送单位不正确。")
    way = way_to(
        unit,
        district=order.district or "",
        street=order.street or "",
        both=mode == "双派" or (not mode and _both_have_it(order.urgency, order.dispatch_mode)),
        copies=[str(name) for name in order.copies],
        companies={*COMPANIES, *duties.companies},
    )
    named = way.copies if told is None else tuple(dict.fromkeys(name.strip() for name in told))
    copies = [name for name in named if name and name != unit]
    return {**values, "unit": unit, "mode": mode or way.mode, "copies": copies}


def way_of(unit: str, order: OrderView, duties: Duties, *, district: str = "", street: str = "") -> Way:
    """The way to a unit for an order as it is shown, where nobody says more; `district`, `street`: its place, if that
    is about to be corrected."""
    fields = order.fields
    return way_to(
        unit,
        district=district or fields["district"] or "",
        street=street if district else fields["street"] or "",
        both=_both_have_it(fields["urgency"], fields["dispatch_mode"]),
        copies=[str(name) for name in fields["copies"]],
        companies={*COMPANIES, *duties.companies},
    )


def after_correction(order: Order, values: Mapping[str, Any], duties: Duties) -> tuple[str, dict[str, Any]]:
    """The event, and its data, that gives a corrected order to a unit. Who has accepted it keeps it: then others are
    given copies.

    Raises:
        OrderStateError: it is another unit's already, which has accepted it; or its unit objects to having it.
    """
    if order.status == "objected":
        raise OrderStateError("承办单位对派单有异议，请在“派单异议”中处理。")
    if order.status == "accepted":
        return "copy", only_copies(order, values, duties)
    given = {key: values[key] for key in ("unit", "mode", "copies") if key in values}
    return "dispatch", completed(order, given, duties)


def only_copies(order: Order, values: Mapping[str, Any], duties: Duties) -> dict[str, Any]:
    """The data of a `copy`: the unit keeps the order, whoever else is to know of it gets one.

    Raises:
        OrderStateError: `values` name another unit, or are not those of a dispatch.
    """
    full = completed(order, values, duties)
    if full["unit"] != order.unit:
        raise OrderStateError(f"{order.unit}已经签收，只能增加抄送单位；要改派，请先由其提出派单异议。")
    return {"copies": full["copies"]}


def district_of(unit: str) -> str:
    """The district whose body or street a unit is; empty for a body of the city, a company or an unknown name."""
    if unit in _offices():
        return _offices()[unit]
    return next((name for name in districts_and_streets() if unit.startswith(name)), "")


def _both_have_it(urgency: str, mode: str | None) -> bool:
    return urgency == "sudden" or mode == "双派"


def _both(unit: str, district: str, street: str) -> tuple[str, ...]:
    if not district:
        return _CITY_POLICE, CENTRE  # the dispatch desk finds out where it is
    police, government = _police(district), _government(district)
    local = () if unit in _offices() or unit == government else (office(district, street) if street else government,)
    return police, *local, government


def _by_place(copy: str) -> bool:
    """Whether who leads and where it is decide alone that this body has a copy."""
    district = district_of(copy)
    return copy in _offices() or copy in (
        CENTRE,
        _CITY_POLICE,
        *filter(None, (_government(district), _police(district))),
    )


def _counterpart(body: str, district: str) -> str:
    own = district_of(body)
    return body if not own or not district else district + body.removeprefix(own)


def _government(district: str) -> str:
    return f"{district}人民政府" if district else ""


def _police(district: str) -> str:
    return f"{district}公安分局" if district else ""


@lru_cache(maxsize=1)
def _offices() -> dict[str, str]:
    """The authorities of streets, townships and areas, with their districts."""
    return {
        office(district, street): district
        for district, streets in districts_and_streets().items()
        for street in streets
    }
