"""The life of a work order as a state machine: which event may happen when, by whom, and what it needs.

Rules: 北京市接诉即办工作条例, articles 12 (units may object, a reviewer decides), 14-15 (the first unit leads, an
extension is explained, feedback within time) and 23 (return visit when the deadline ends).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from base.errors import HotlineError
from workorders.model import OrderStatus

ActorKind = Literal["citizen", "bot", "seat", "unit", "system"]
STATUSES: Final[tuple[str, ...]] = get_args(OrderStatus)

STATUS_TEXT: Final[dict[str, str]] = {
    "draft": "草稿",
    "filed": "已受理",
    "dispatched": "已派单",
    "accepted": "办理中",
    "objected": "派单复核中",
    "merged": "已并案办理",
    "answered": "已答复",
    "visited": "已回访",
    "closed": "已办结",
}
URGENCY_TEXT: Final[dict[str, str]] = {
    "sudden": "突发紧急",
    "utility": "水电气热",
    "ordinary": "一般",
    "complex": "疑难复杂",
}
EVENT_TEXT: Final[dict[str, str]] = {
    "file": "诉求已受理",
    "dispatch": "已派至承办单位",
    "accept": "承办单位已接单",
    "object": "承办单位提出派单异议",
    "uphold": "派单异议已采纳",
    "overrule": "派单异议未采纳",
    "answer": "承办单位已答复",
    "extend": "办理期限已延长",
    "visit": "已回访",
    "close": "已办结",
    "withdraw": "诉求已撤回",
    "reopen": "已重新办理",
    "supplement": "补充了情况",
    "note": "内部备注",
    "attach": "补充了附件",
    "merge": "已与同一事项的工单并案办理",
    "unmerge": "已恢复单独办理",
    "follow": "并案的工单已答复",
    "follow_extend": "并案的工单办理期限已延长",
    "classify": "已调整事项类别",
    "correct": "已更正工单内容",
    "copy": "已调整抄送单位",
    "remind": "办理期限将至",
    "breach": "已超过办理期限",
}


class OrderStateError(HotlineError):
    """The event may not happen now, not by this actor, or lacks what it needs; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`target` None leaves the status as it is. `public` events are shown to the citizen."""

    sources: frozenset[OrderStatus]
    target: OrderStatus | None
    actors: frozenset[ActorKind]
    needs_note: bool = False
    public: bool = True


def _rule(
    sources: tuple[OrderStatus, ...],
    target: OrderStatus | None,
    actors: tuple[ActorKind, ...],
    *,
    needs_note: bool = False,
    public: bool = True,
) -> Rule:
    return Rule(frozenset(sources), target, frozenset(actors), needs_note, public)


_LIVE: Final[tuple[OrderStatus, ...]] = (
    *("draft", "filed", "dispatched", "accepted", "objected", "merged", "answered", "visited"),
)

_FILED: Final = _LIVE[1:]
RUNNING: Final[tuple[OrderStatus, ...]] = ("filed", "dispatched", "accepted", "objected")  # the deadline runs

RULES: Final[dict[str, Rule]] = {
    "file": _rule(("draft",), "filed", ("bot", "seat", "system")),
    "dispatch": _rule(("filed", "dispatched", "objected"), "dispatched", ("seat", "system")),
    "accept": _rule(("dispatched",), "accepted", ("unit", "seat")),
    "object": _rule(("dispatched", "accepted"), "objected", ("unit",), needs_note=True, public=False),
    # A reviewer decides: another unit gets the order (a `dispatch` follows in the same step), or it stays where it is.
    "uphold": _rule(("objected",), "filed", ("seat",), needs_note=True, public=False),
    "overrule": _rule(("objected",), "dispatched", ("seat",), needs_note=True, public=False),
    "answer": _rule(("accepted",), "answered", ("unit", "seat"), needs_note=True),
    "extend": _rule(("dispatched", "accepted"), None, ("unit", "seat"), needs_note=True),
    "visit": _rule(("answered",), "visited", ("seat", "bot", "system")),
    "close": _rule(("answered", "visited"), "closed", ("seat", "system")),
    "withdraw": _rule(
        ("draft", "filed", "dispatched", "accepted", "objected", "merged"), "closed", ("seat",), needs_note=True
    ),
    "reopen": _rule(("answered", "visited", "closed"), "dispatched", ("seat", "system"), needs_note=True),
    # A repeat is not worked on twice: it waits for the order that it was merged into, and may be taken out again.
    "merge": _rule(("filed", "dispatched", "accepted", "objected"), "merged", ("seat", "system"), needs_note=True),
    "unmerge": _rule(("merged",), "filed", ("seat", "system"), needs_note=True),
    "follow": _rule(("merged",), "answered", ("system",), needs_note=True),
    "follow_extend": _rule(("merged",), None, ("system",), needs_note=True),
    "classify": _rule((*_LIVE, "closed"), None, ("seat",), public=False),
    "correct": _rule(_FILED, None, ("seat",), public=False),
    # Who has accepted an order keeps it; whoever else ought to know of it can still be told.
    "copy": _rule(RUNNING, None, ("seat", "system"), public=False),
    "remind": _rule(RUNNING, None, ("system",), public=False),
    "breach": _rule(RUNNING, None, ("system",), public=False),
    "supplement": _rule(_LIVE, None, ("citizen", "bot", "seat"), needs_note=True),
    "attach": _rule((*_LIVE, "closed"), None, ("citizen", "bot", "seat", "unit"), public=False),
    "note": _rule((*_LIVE, "closed"), None, ("seat", "unit", "system"), needs_note=True, public=False),
}


BY_ITSELF: Final = ("file", "attach")  # follow from what was done (an order filed, a file taken), never from a button


def actor_kind(actor: str) -> ActorKind:
    """`seat:ab12` -> `seat`; the part before the colon names the kind, the rest the person or process.

    Raises:
        ValueError: the kind is none of ours.
    """
    kind = actor.partition(":")[0]
    for known in get_args(ActorKind):
        if kind == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"unknown kind of actor: {kind!r}")


def advance(status: OrderStatus, event: str, *, actor: str, note: str = "") -> OrderStatus:
    """The status after `event`.

    Raises:
        OrderStateError: unknown event, wrong time, wrong actor, or a reason is missing.
    """
    if event not in RULES:
        raise OrderStateError(f"没有“{event}”这种操作。")
    rule = RULES[event]
    if actor_kind(actor) not in rule.actors:
        raise OrderStateError(f"当前身份不能进行“{EVENT_TEXT[event]}”操作。")
    if status not in rule.sources:
        raise OrderStateError(f"工单目前是“{STATUS_TEXT[status]}”，不能进行“{EVENT_TEXT[event]}”操作。")
    if rule.needs_note and not note.strip():
        raise OrderStateError(f"进行“{EVENT_TEXT[event]}”操作需要填写说明。")
    return rule.target or status


def possible(status: OrderStatus, kind: ActorKind) -> tuple[str, ...]:
    """The events that this kind of actor may cause now: the buttons of the desk."""
    return tuple(
        event
        for event, rule in RULES.items()
        if status in rule.sources and kind in rule.actors and event not in BY_ITSELF
    )
