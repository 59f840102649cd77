"""To whom an order may be given: what the rules of dispatch and the catalogue can name, and units that are set up here:
with an account, a number for short messages, a key of their own system or a receiver of events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import select

from storage.engine import Database
from storage.tables import Seat
from storage.unit_tables import UnitContact
from workorders.order import OrderStateError
from workorders.units import near


class UnknownUnit(OrderStateError):
    """No order can be given to a unit of this name; the message names those that come near."""


class UnitNames:
    """One instance a process."""

    def __init__(self, database: Database, known: Callable[[], frozenset[str]]) -> None:
        """`known`: the names that rules and settings hold now; it may read files, and runs in a thread."""
        self._database = database
        self._known = known

    async def all(self) -> frozenset[str]:
        return await asyncio.to_thread(self._known) | await self._set_up()

    async def check(self, *names: str) -> None:
        """
        Raises:
            UnknownUnit: one of them is no unit.
        """
        unknown = {*names} - await asyncio.to_thread(self._known)
        if not unknown or not (unknown := unknown - await self._set_up()):
            return
        name = next(name for name in names if name in unknown)
        meant = await asyncio.to_thread(near, name, await self.all())
        hint = f"您要找的可能是{'、'.join(meant)}。" if meant else "请从列表中选择。"
        raise UnknownUnit(f"没有名为“{name[:40]}”的承办单位。{hint}")

    async def _set_up(self) -> frozenset[str]:
        with_account = select(Seat.unit).where(Seat.role == "unit", Seat.enabled, Seat.unit.is_not(None))
        async with self._database.read() as session:
            found = (await session.execute(with_account.union(select(UnitContact.unit)))).scalars()
            return frozenset(name for name in found if name)
