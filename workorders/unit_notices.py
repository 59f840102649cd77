"""Short messages to responsible units: of which events, to whom, in which words. Pure.

A message lies open on somebody's telephone: it names the order, how urgent it is, until when, and of an order that is
not to be kept secret its street and category. Nothing of the citizen, and no word that anybody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from base.clock import local
from storage.tables import Order

Kind = Literal["dispatched", "reopened", "overruled", "renewed", "remind", "breach"]
KIND_OF: Final[Mapping[str, Kind]] = {
    "dispatch": "dispatched",
    "copy": "dispatched",
    "reopen": "reopened",
    "overrule": "overruled",
    "correct": "renewed",  # only where the deadline runs anew with it
    "remind": "remind",
    "breach": "breach",
}
_TO_BOTH: Final = ("dispatch", "copy", "reopen", "correct")  # 双派: whoever has the copy acts as well
_BOTH: Final = "双派"
_URGENT: Final = "sudden"


def told(event: str, order: Order, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The units that are told: who has the order, and of a danger also those who have to act with it. Of new copies
    only those hear who had none."""
    leads = (order.unit,) if order.unit and event != "copy" else ()
    beside = order.copies if order.dispatch_mode == _BOTH and event in _TO_BOTH else ()
    if event == "copy":
        beside = [unit for unit in beside if unit in data.get("new_copies", ())]
    return tuple(dict.fromkeys((*leads, *(unit for unit in beside if unit != order.unit))))


def text_of(kind: Kind, order: Order, unit: str) -> str:
    """What `unit` reads."""
    number = f"{'紧急' if order.urgency == _URGENT else ''}工单{order.order_no}{_about(order)}"
    until = f"{local(order.deadline_at):%m月%d日%H点%M分}" if order.deadline_at else ""
    by_then = f"，请在{until}前答复" if until else ""
    if kind == "remind":
        return f"【12345】{number}将于{until}到期，还没有答复，请尽快办理。"
    if kind == "breach":
        return f"【12345】{number}已超过办理期限（{until}），请立即办理并答复。"
    if kind == "renewed":
        return f"【12345】{number}的办理期限已改{by_then}，登录工单办理页面查看。"
    if unit != order.unit:
        return f"【12345】{number}已同时派给贵单位和{order.unit}，请立即协同处置，登录工单办理页面查看。"
    happened = {
        "dispatched": "已派给贵单位",
        "reopened": "已退回贵单位重新办理",
        "overruled": "的派单异议未被采纳，仍由贵单位办理",
    }
    return f"【12345】{number}{happened[kind]}{by_then}，登录工单办理页面查看。"


def _about(order: Order) -> str:
    if order.confidential:
        return "（市民要求保密）"
    place = order.street or order.district or ""
    known = "，".join(part for part in (place, order.category_level1 or "") if part)
    return f"（{known}）" if known else ""
