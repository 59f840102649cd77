"""From the form of a POST to the draft of an order. Pure; whatever is wrong is told in the specification's words."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from base.clock import local
from bot.entities import time as times
from bot.entities.place_finding import PlaceFinding
from gateway.body import clean_text
from gateway.open311.formats import Open311Error
from gateway.open311.services import ATTRIBUTES, YES
from workorders import event_moments
from workorders.catalogue_file import Leaf
from workorders.model import OrderDraft

_ATTRIBUTE: Final = re.compile(r"attribute\[([^\[\]]{1,64})\](?:\[\])?")
_SHORT_CHARACTERS: Final = 200
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{4,24}")
_NO_REPEAT: Final = ("api_key", "device_id")


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent, cleaned; empty where it was not."""

    fields: dict[str, str] = field(repr=False)
    attributes: dict[str, str] = field(repr=False)
    lat: float | None = None
    long: float | None = None

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


def read_form(pairs: Iterable[tuple[str, str]], *, limit_characters: int) -> Form:
    """
    Raises:
        Open311Error: 400; a value is too long, an attribute is none of ours, or the place is missing or none.
    """
    fields: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for name, value in pairs:
        cleaned = clean_text(value)
        if len(cleaned) > limit_characters:
            raise Open311Error(400, f"{name[:64]} is too long: at most {limit_characters} characters")
        if (found := _ATTRIBUTE.fullmatch(name)) is not None:
            _check_attribute(found[1], cleaned)
            attributes[found[1]] = cleaned
        elif cleaned:  # an empty argument is one that was not given
            fields[name] = cleaned
    if (phone := fields.get("phone")) is not None and _PHONE.fullmatch(phone) is None:
        raise Open311Error(400, "phone is no telephone number")
    lat, long = _degrees(fields, "lat", 90), _degrees(fields, "long", 180)
    if (lat is None) != (long is None):
        raise Open311Error(400, "lat and long are needed both, or neither")
    if "address_id" in fields and lat is None and "address_string" not in fields:
        raise Open311Error(400, "address_id is not known here: lat and long, or address_string, are needed")
    if lat is None and "address_string" not in fields:
        raise Open311Error(400, "a location is needed: lat and long, or address_string")
    return Form(fields, attributes, lat, long)


def _check_attribute(code: str, value: str) -> None:
    if code not in ATTRIBUTES:
        raise Open311Error(400, f"attribute[{code}] is not in the service definition")
    values = ATTRIBUTES[code][2]
    if value and values and value not in values:
        raise Open311Error(400, f"attribute[{code}] must be one of {', '.join(values)}")


def _degrees(fields: dict[str, str], name: str, most: float) -> float | None:
    if name not in fields:
        return None
    try:
        value = float(fields[name])
    except ValueError:
        value = math.nan
    if not -most <= value <= most:
        raise Open311Error(400, f"{name} must be degrees (WGS84) between {-most:g} and {most:g}")
    return value


def token_of(channel: str, pairs: Iterable[tuple[str, str]], now: datetime) -> str:
    """The same form, sent again on the same day by the same keeper (its answer was lost), is the same request."""
    kept = sorted((name, value) for name, value in pairs if name not in _NO_REPEAT)
    return hashlib.sha256(repr((channel, f"{local(now):%Y-%m-%d}", kept)).encode()).hexdigest()[:40]


def draft_of(form: Form, leaf: Leaf, place: PlaceFinding, *, channel: str, version: str, now: datetime) -> OrderDraft:
    attributes, address = form.attributes, form.get("address_string")
    if form.lat is not None and form.long is not None:
        degrees = f"（北纬{form.lat:.5f}，东经{form.long:.5f}）"
        address = f"{address}{degrees}" if address else degrees
    detail = form.get("description") or f"{leaf.level2}：{leaf.level3}"
    more = {"附件网址": form.get("media_url"), "联系邮箱": form.get("email")}
    detail += "".join(f"\n（{name}：{value[:_SHORT_CHARACTERS]}）" for name, value in more.items() if value)
    event_time = attributes.get("event_time", "")[:_SHORT_CHARACTERS]
    published = {"publish": attributes.get("publish") == YES, "lat": form.lat, "long": form.long}
    return OrderDraft(
        request_type=attributes.get("request_type") or "投诉",  # type: ignore[arg-type]
        title="",
        detail=detail,
        channel=channel,
        district=place.district,
        street=place.street,
        address=address,
        event_time=event_time,
        subject=attributes.get("subject", "")[:_SHORT_CHARACTERS],
        appeal=attributes.get("appeal", ""),
        contact_name=f"{form.get('last_name')}{form.get('first_name')}"[:64],
        contact_phone=re.sub(r"[ ()-]", "", form.get("phone")),
        confidential=attributes.get("confidential") == YES,
        category=leaf.chosen(version),
        extra={"open311": published, **event_moments.kept(*times.moments(event_time, now))},
    )
