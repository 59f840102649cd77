"""A service point as an operator writes it, checked field by field, and as it is given out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)]
_PHONE: Final = re.compile(r"[0-9+() ,，、/;；转\-]{3,60}")


class PointRow(BaseModel):
    """One row of a points table. Longitude and latitude are still in the table's own system of coordinates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    name: _Name
    kind: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=40)]
    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]
    longitude: float = Field(allow_inf_nan=False)
    latitude: float = Field(allow_inf_nan=False)
    district: _Line = ""
    street: _Line = ""
    hours: _Line = ""
    phone: _Line = ""
    source: _Line = ""
    updated_on: str = ""
    sample: bool = False

    @field_validator("phone")
    @classmethod
    def _dialable(cls, value: str) -> str:
        if value and _PHONE.fullmatch(value) is None:
            raise ValueError("不是电话号码")
        return value

    @field_validator("updated_on", mode="before")
    @classmethod
    def _iso(cls, value: Any) -> str:
        if value in (None, ""):
            return ""
        return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()

    @property
    def outside_id(self) -> str:
        """The table's own number, else one made of what does not change about a place: kind, name and address."""
        if self.id:
            return self.id
        return "p-" + sha256(f"{self.kind}\n{self.name}\n{self.address}".encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """A point as it is stored. Longitude and latitude are degrees of WGS-84; `updated_on` is an ISO date or empty."""

    id: str
    name: str
    kind: str
    address: str
    longitude: float
    latitude: float
    district: str = ""
    street: str = ""
    hours: str = ""
    phone: str = ""
    source: str = ""
    updated_on: str = ""
    sample: bool = False


@dataclass(frozen=True, slots=True)
class NearPoint:
    """A point with its distance from where the citizen is; None where that place is not known well enough."""

    point: ServicePoint
    distance_m: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The object of the public API."""
        point = self.point
        return {
            "id": point.id,
            "name": point.name,
            "kind": point.kind,
            "address": point.address,
            "district": point.district,
            "street": point.street,
            "longitude": point.longitude,
            "latitude": point.latitude,
            "hours": point.hours,
            "phone": point.phone,
            "source": point.source,
            "updated_on": point.updated_on,
            "sample": point.sample,
            "distance_m": self.distance_m,
        }
