"""What a citizen adds to an order that exists. It is added before the turn is stored: an order that takes no more
changes what is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from base.errors import HotlineError
from base.logs import get_logger
from bot import wording
from bot.decision import Decision, FileOrder, Merge, Say, Supplement
from workorders.service import OrderService

_log = get_logger(__name__)
_LONGEST_NOTE: Final = 2_000  # characters
_ACTOR: Final = "system:conversation"
_REOPENED: Final = "答复以后市民再次反映，问题没有解决或者又出现，请重新办理。"


async def added(decision: Decision, conversation_id: str, orders: OrderService) -> Decision:
    """The decision after its words were added to earlier orders; done again it adds nothing twice."""
    words = [effect for effect in decision.effects if isinstance(effect, Supplement)]
    if words:
        return await _with_code(decision, words, conversation_id, orders)
    if any(isinstance(effect, Merge) for effect in decision.effects):
        return await _same_matter(decision, conversation_id, orders)
    return decision


async def _with_code(
    decision: Decision, words: list[Supplement], conversation_id: str, orders: OrderService
) -> Decision:
    """Words for an order that was shown with its tracking code. One that takes no more is said to be so."""
    for effect in words:
        event_id = f"{conversation_id}:turn:{decision.state.turns}"
        if not await _add(orders, effect.order_no, effect.text, conversation_id, event_id):
            refused = Say(wording.NOT_SUPPLEMENTED)
            return replace(decision, replies=(refused, *decision.replies[1:]), effects=())
    return replace(decision, effects=())


async def _same_matter(decision: Decision, conversation_id: str, orders: OrderService) -> Decision:
    """The same matter again. An order that cannot take it is filed anew, linked to the earlier one."""
    effects: list[Any] = []
    refused = False
    for effect in decision.effects:
        if not isinstance(effect, Merge):
            effects.append(effect)
            continue
        matter = decision.state.matter(effect.number)
        note = f"市民再次反映：{matter.text if matter is not None else ''}"
        event_id = f"{conversation_id}:{effect.number}"
        if effect.reopen:
            await _reopen(orders, effect.order_no, f"{event_id}:reopen")
        if not await _add(orders, effect.order_no, note[:_LONGEST_NOTE], conversation_id, event_id):
            effects.append(FileOrder(effect.number))
            refused = True
            if matter is not None:
                matter.stage, matter.result, matter.order_no = "open", "", None
    if not refused:
        return replace(decision, effects=tuple(effects))
    return replace(decision, replies=(Say(wording.FILING),), effects=tuple(effects), hang_up=False)


async def _reopen(orders: OrderService, order_no: str, event_id: str) -> None:
    """An order that was answered or closed goes back to its unit. One that cannot, because somebody was quicker, is
    told by what is added to it next."""
    try:
        await orders.change(order_no, "reopen", actor=_ACTOR, note=_REOPENED, event_id=event_id)
    except HotlineError as error:
        _log.warning("an order could not be reopened", reason=str(error))


async def _add(orders: OrderService, order_no: str, note: str, conversation_id: str, event_id: str) -> bool:
    """False where the order does not take it. The same `event_id` again changes nothing."""
    actor = f"citizen:{conversation_id}"
    try:
        await orders.change(order_no, "supplement", actor=actor, note=note, event_id=event_id)
    except HotlineError as error:
        _log.warning("an order could not be supplemented", reason=str(error))
        return False
    return True
