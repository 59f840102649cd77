"""Repeats of a matter (并案): one order is worked on, those merged into it follow what becomes of it.

Who asked about the same matter hears what its first citizen hears: of an extension, of the answer, and, where the order
that they wait for is withdrawn, that theirs is worked on by itself again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Order
from workorders import numbers
from workorders.order import OrderStateError

_MAY_LEAD: Final = ("filed", "dispatched", "accepted", "objected")
FOLLOWED: Final[dict[str, str]] = {"answer": "follow", "extend": "follow_extend"}  # what happens to the followers
RELEASES: Final = "withdraw"  # one citizen's withdrawal withdraws nobody else's request
RELEASED_NOTE: Final = "并案的主工单已撤回，恢复单独办理。"


async def lock_both(session: AsyncSession, order_no: str, values: dict[str, Any]) -> None:
    """Lock an order and the main that is asked for, the smaller number first: two that are merged into each other at
    once would otherwise wait for each other until the database ends one of them."""
    both = select(Order.order_no).where(Order.order_no.in_((order_no, _asked(values))))
    await session.execute(both.order_by(Order.order_no).with_for_update())


async def main_of(session: AsyncSession, order: Order, values: dict[str, Any]) -> Order:
    """The order that `order` is to be merged into: an open one, itself not merged, so that no chain arises.

    Raises:
        OrderStateError: there is none that may take it.
    """
    found = select(Order).where(Order.order_no == _asked(values)).with_for_update()
    main = (await session.execute(found)).scalar_one_or_none()
    if main is None or main.order_no == order.order_no or main.status not in _MAY_LEAD:
        raise OrderStateError("主工单不存在，或已答复、已并案，不能并入。")
    if await followers(session, order):
        raise OrderStateError("已有工单并入这个工单，请先将它们恢复单独办理。")
    return main


async def followers(session: AsyncSession, main: Order) -> Sequence[Order]:
    """The orders that are merged into `main` now, locked."""
    merged = select(Order).where(Order.duplicate_of == main.order_no, Order.status == "merged")
    return (await session.execute(merged.order_by(Order.order_no).with_for_update())).scalars().all()


def _asked(values: dict[str, Any]) -> str:
    return numbers.normalise(str(values.get("main") or ""))
