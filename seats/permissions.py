"""What a role may do: one table, asked by every API that is not open to everybody.

`desk.work` opens citizens' conversations, orders, call-backs and recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Role = Literal["seat", "leader", "editor", "reviewer", "analyst", "admin"]
ROLES: Final[tuple[str, ...]] = get_args(Role)
Permission = Literal[
    "desk.work",
    "knowledge.read",
    "knowledge.edit",
    "knowledge.review",
    "knowledge.publish",
    "knowledge.import",
    "topics.publish",
    "statistics.read",
]
PERMISSIONS: Final[tuple[str, ...]] = get_args(Permission)

_TABLE: Final[Mapping[str, frozenset[str]]] = {
    "seat": frozenset({"desk.work"}),
    "leader": frozenset({"desk.work", "knowledge.read", "statistics.read"}),
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
