"""What anybody may see of an order, and which orders at all. Pure; the one place where it is decided.

Shown: the number, the state of the handling, category, district and street, the unit, and when what happened. Never:
who it was, how to reach them, the address, what was complained of in their words, what the unit answered. Only of an
order that came through Open311 and whose citizen agreed to it (`attribute[publish]=yes`) also the description, without
numbers and the name that was given, and the coordinates to about a hundred metres. Orders that are to be kept secret
and reports of offences (举报) are not shown, nor is it told that they are there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from base.clock import CHINA
from gateway.open311.formats import Listed, Open311Error
from storage.tables import Order
from workorders.order import STATUS_TEXT
from workorders.view import names_of, without_person

Status = Literal["open", "closed"]
HIDDEN_TYPES: Final = ("举报",)
CLOSED: Final = ("closed",)
MOST: Final = 1_000
_SPAN: Final = timedelta(days=90)
_ABOUT_100_METRES: Final = 3  # decimals of a degree
_MOST_NAMED: Final = 200


@dataclass(frozen=True, slots=True)
class Query:
    """What GET requests asks for. `numbers` overrides everything else, as the specification says."""

    numbers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


def read_query(asked: dict[str, str], now: datetime) -> Query:
    """
    Raises:
        Open311Error: 400; a moment or a state is none, or the range is wider than 90 days.
    """
    if numbers := _named(asked.get("service_request_id", "")):
        return Query(numbers=numbers)
    statuses: list[Status] = []
    for name in _named(asked.get("status", "")):
        if name not in ("open", "closed"):
            raise Open311Error(400, "status must be open or closed")
        statuses.append(name)  # type: ignore[arg-type]
    since, until = (_moment(asked.get(name, ""), name) for name in ("start_date", "end_date"))
    if since is None:
        since = (now if until is None else until) - _SPAN
    if until is None:
        until = since + _SPAN
    if until < since or until - since > _SPAN:
        raise Open311Error(400, "the range from start_date to end_date must not span more than 90 days")
    return Query((), _named(asked.get("service_code", "")), tuple(statuses), since, until)


def _named(text: str) -> tuple[str, ...]:
    names = tuple(name for name in (part.strip()[:40] for part in text.split(",")) if name)
    if len(names) > _MOST_NAMED:
        raise Open311Error(400, f"at most {_MOST_NAMED} values, separated by commas")
    return names


def _moment(text: str, name: str) -> datetime | None:
    """ISO 8601; a moment without its zone is on the city's clock. `+` comes as a space where a client did not quote."""
    text = text.strip()[:40]
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text if text.count(" ") != 1 or "T" not in text else text.replace(" ", "+"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
        _ = moment - _SPAN, moment + _SPAN  # within what can be reckoned with
    except (ValueError, OverflowError):
        raise Open311Error(400, f"{name} must be a moment like 2026-01-05T08:00:00+08:00") from None
    return moment


def may_be_shown(order: Order) -> bool:
    return not order.confidential and order.request_type not in HIDDEN_TYPES and order.status != "draft"


def request_list(orders: Sequence[Order]) -> Listed:
    return Listed("service_requests", "request", [_request(order) for order in orders])


def _request(order: Order) -> dict[str, Any]:
    own = order.extra.get("open311") or {}
    open_to_all = bool(own.get("publish"))
    described = without_person(order.detail, *names_of(order)) if open_to_all else order.category_level3
    lat, long = (own.get("lat"), own.get("long")) if open_to_all else (None, None)
    return {
        "service_request_id": order.order_no,
        "status": "closed" if order.status in CLOSED else "open",
        "status_notes": STATUS_TEXT.get(order.status, ""),
        "service_name": order.category_level3 or order.request_type,
        "service_code": order.category_code or "",
        "description": described or "",
        "agency_responsible": order.unit or "",
        "service_notice": None,
        "requested_datetime": _iso(order.filed_at or order.created_at),
        "updated_datetime": _iso(order.updated_at),
        "expected_datetime": _iso(order.deadline_at),
        "address": "".join(filter(None, (order.district, order.street))),
        "address_id": None,
        "zipcode": None,
        "lat": None if lat is None else round(lat, _ABOUT_100_METRES),
        "long": None if long is None else round(long, _ABOUT_100_METRES),
        "media_url": None,
    }


def _iso(moment: datetime | None) -> str | None:
    """Seconds and an offset, as the specification's date format wants it."""
    return None if moment is None else moment.astimezone(CHINA).isoformat(timespec="seconds")
