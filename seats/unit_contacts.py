"""The mobile number at which a responsible unit is told of its orders by short message. Each change is audited."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from base.clock import Clock, SystemClock
from base.errors import HotlineError
from base.masking import mask_number
from seats.audit import AuditLog
from storage.engine import Database
from storage.unit_tables import UnitContact
from workorders.text_messages import mobile

_LONGEST_NAME = 128


class UnitContactError(HotlineError):
    """The number or the unit cannot be; the message is for the person and holds no number."""


@dataclass(frozen=True, slots=True)
class Contact:
    """`number` is shown masked by whoever shows it."""

    unit: str
    number: str = field(repr=False)
    changed_at: datetime

    @property
    def masked(self) -> str:
        return mask_number(self.number)


class UnitContacts:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._audit = AuditLog(database, clock=self._clock)

    async def all(self) -> list[Contact]:
        """Every unit that has a number, by name."""
        async with self._database.read() as session:
            rows = (await session.execute(select(UnitContact).order_by(UnitContact.unit))).scalars()
            return [Contact(row.unit, row.number, row.changed_at) for row in rows]

    async def set(self, unit: str, number: str, *, actor: str, address: str = "") -> Contact | None:
        """Give a unit a number, or another one; an empty one takes it away, and None is returned.

        Raises:
            UnitContactError: the unit has no name, or the number takes no short messages.
        """
        unit, found = unit.strip(), mobile(number)
        if not 1 <= len(unit) <= _LONGEST_NAME:
            raise UnitContactError("请填写承办单位名称。")
        if number.strip() and not found:
            raise UnitContactError("请填写11位手机号码。")
        now = self._clock.now()
        async with self._database.write() as session:
            row = await session.get(UnitContact, unit, with_for_update=True)
            before = mask_number(row.number) if row is not None else ""
            if not found:
                if row is not None:
                    await session.delete(row)
            elif row is None:
                session.add(UnitContact(unit=unit, number=found, changed_by=actor[:80], changed_at=now))
            else:
                row.number, row.changed_by, row.changed_at = found, actor[:80], now
            after = mask_number(found) if found else ""
            if found or row is not None:
                detail = {"before": before, "after": after}
                await self._audit.add(
                    session, "unit.contact", actor=actor, subject=unit, address=address, detail=detail
                )
        return Contact(unit, found, now) if found else None
