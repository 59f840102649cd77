"""To whom an order may be given: what the rules of dispatch and the catalogue can name, and units with an account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import select

from storage.engine import Database
from storage.tables import Seat
from workorders.order import OrderStateError
from workorders.units import near


class UnknownUnit(OrderStateError):
    """No order can be given to a unit of this name; the message names those that come near."""


class UnitNames:
    """One instance a process."""

    def __init__(self, database: Database, of_the_rules: Callable[[], frozenset[str]]) -> None:
        """`of_the_rules`: the names that the rules of dispatch know now; it may read files, and runs in a thread."""
        self._database = database
        self._of_the_rules = of_the_rules

    async def all(self) -> frozenset[str]:
        return await asyncio.to_thread(self._of_the_rules) | await self._with_an_account()

    async def check(self, *names: str) -> None:
        """
        Raises:
            UnknownUnit: one of them is no unit.
        """
        unknown = {*names} - await asyncio.to_thread(self._of_the_rules)
        if not unknown or not (unknown := unknown - await self._with_an_account()):
            return
        name = next(name for name in names if name in unknown)
        meant = await asyncio.to_thread(near, name, await self.all())
        hint = f"您要找的可能是{'、'.join(meant)}。" if meant else "请从列表中选择。"
        raise UnknownUnit(f"没有名为“{name[:40]}”的承办单位。{hint}")

    async def _with_an_account(self) -> frozenset[str]:
        query = select(Seat.unit).where(Seat.role == "unit", Seat.enabled, Seat.unit.is_not(None)).distinct()
        async with self._database.read() as session:
            return frozenset(name for name in (await session.execute(query)).scalars() if name)
