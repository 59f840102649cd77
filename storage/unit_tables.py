"""Tables of responsible units: how they are told of their orders."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.sealed import Sealed
from storage.tables import Base


class UnitContact(Base):
    """The mobile number to which a unit is told of its orders (`workorders/unit_notices.py`)."""

    __tablename__ = "unit_contacts"

    unit: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[str] = mapped_column(Sealed("unit_contacts.number"))
    changed_by: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[datetime]
