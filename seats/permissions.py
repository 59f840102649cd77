"""What a role may do: one table, asked by every API that is not open to everybody.

`desk.work` opens citizens' conversations, orders, call-backs and recordings. `desk.lead` is the shift leader's: the
wall, any conversation, listening in, reassigning; `replies.share` keeps replies and macros for all, `quality.review`
judges conversations. `orders.dispatch` decides on objections (退单) and likely repeats (并案), `visits.work` makes
return visits (回访), `unit.work` handles the orders of the one unit that the account is bound to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Role = Literal[
    "seat", "leader", "dispatcher", "visitor", "unit", "editor", "reviewer", "analyst", "admin"
]  # fmt: skip
ROLES: Final[tuple[str, ...]] = get_args(Role)
Permission = Literal[
    "desk.work",
    "desk.lead",
    "replies.share",
    "quality.review",
    "orders.dispatch",
    "visits.work",
    "unit.work",
    "knowledge.read",
    "knowledge.edit",
    "knowledge.review",
    "knowledge.publish",
    "knowledge.import",
    "topics.publish",
    "statistics.read",
    "accounts.manage",
    "audit.read",
]
PERMISSIONS: Final[tuple[str, ...]] = get_args(Permission)

_TABLE: Final[Mapping[str, frozenset[str]]] = {
    "seat": frozenset({"desk.work"}),
    "leader": frozenset(
        {
            *("desk.work", "desk.lead", "replies.share", "quality.review", "orders.dispatch", "visits.work"),
            *("knowledge.read", "statistics.read"),
        }
    ),
    "dispatcher": frozenset({"orders.dispatch"}),
    "visitor": frozenset({"visits.work"}),
    "unit": frozenset({"unit.work"}),
    "editor": frozenset({"knowledge.read", "knowledge.edit", "knowledge.import", "topics.publish", "statistics.read"}),
    "reviewer": frozenset({"knowledge.read", "knowledge.review", "knowledge.publish", "statistics.read"}),
    "analyst": frozenset({"knowledge.read", "statistics.read"}),
    "admin": frozenset(PERMISSIONS),
}


def permissions_of(role: str) -> frozenset[str]:
    """An unknown role may nothing."""
    return _TABLE.get(role, frozenset())


def may(role: str, permission: Permission) -> bool:
    return permission in permissions_of(role)
