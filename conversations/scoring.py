"""Scores of played dialogues, as the kit's page describes them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from base import confusion_table
from conversations.simulated import Played

SLOTS: Final = (
    "request_type",
    "lawful_channel",
    "district",
    "street",
    "contact_phone",
    "confidential",
    "deadline_hours",
    "category_level1",
)
NONE: Final = "none"


@dataclass
class Result:
    """A played case with what was stored. `orders`: one dict per new separate order."""

    played: Played
    orders: list[dict[str, Any]] = field(default_factory=list)
    merged: list[dict[str, Any]] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)

    @property
    def expect(self) -> dict[str, Any]:
        return self.played.case.expect

    @property
    def strict(self) -> bool:
        return bool(self.played.outcome == self.expect["outcome"])

    @property
    def right(self) -> bool:
        return self.strict or self.played.outcome in (self.expect.get("outcome_also") or ())

    @property
    def otherwise(self) -> bool:
        """One of the further outcomes was reached: slots and orders are not scored."""
        return self.right and not self.strict

    @property
    def expects_emergency(self) -> bool:
        return bool(self.expect["outcome"] == "emergency")

    @property
    def may_be_emergency(self) -> bool:
        return self.expects_emergency or "emergency" in (self.expect.get("outcome_also") or ())

    def emergency_in_time(self) -> bool:
        if self.played.outcome != "emergency":
            return False
        if self.played.told_at:
            return self.played.turns == self.played.told_at
        return self.played.turns <= int(self.expect.get("max_turns") or 99)

    def slot(self, name: str) -> bool | None:
        """Right, wrong, or None where it is not scored."""
        wanted = self.expect.get(name)
        if wanted is None or self.otherwise:
            return None
        given = self.given(name)
        return bool(given) and all(bool(value == wanted) for value in given)

    def given(self, name: str) -> list[Any]:
        """What is compared for a slot: of each order, or where none is needed of the conversation; empty: no order."""
        if name == "lawful_channel":
            return [self.detail.get(name)]
        if held := self.orders or self.merged:
            return [order.get(name) for order in held]
        if name == "request_type" and self.expect["outcome"] != "order_filed":
            return [self.detail.get(name)]
        return []

    def orders_right(self) -> bool | None:
        wanted = self.expect.get("orders")
        if wanted is None or self.otherwise:
            return None
        return len(self.orders) == int(wanted)

    def in_turns(self) -> bool:
        return self.played.outcome != "none" and self.played.turns <= int(self.expect.get("max_turns") or 99)

    def failures(self) -> list[str]:
        found = []
        if not self.right:
            found.append(f"outcome {self.played.outcome}, expected {self.expect['outcome']}")
        if self.expects_emergency and not self.emergency_in_time():
            found.append("emergency not in time")
        line = self.expect.get("emergency_line")
        if line and self.played.outcome == "emergency" and str(self.detail.get("emergency_line")) != line:
            found.append(f"line {self.detail.get('emergency_line')}, expected {line}")
        if not self.may_be_emergency and self.played.outcome == "emergency":
            found.append("false alarm")
        for name in SLOTS:
            if self.slot(name) is False:
                values = [order.get(name) for order in self.orders or self.merged]
                found.append(f"{name} {values or self.detail.get(name)}, expected {self.expect[name]}")
        if self.orders_right() is False:
            found.append(f"{len(self.orders)} orders, expected {self.expect['orders']}")
        if not self.in_turns():
            found.append(f"{self.played.turns} turns, at most {self.expect.get('max_turns')}")
        found += [f"leak: {leak}" for leak in self.leaks]
        if self.played.empty_replies:
            found.append("empty reply")
        return found


def share(values: Iterable[bool]) -> float:
    """The share of true values, 1.0 for none at all (nothing was wrong)."""
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else 1.0


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """The object of the command's last line; all rates 0..1."""
    urgent = [result for result in results if result.expects_emergency]
    calm = [result for result in results if not result.may_be_emergency]
    slots: dict[str, float] = {}
    every: list[bool] = []
    for name in SLOTS:
        values = [value for result in results if (value := result.slot(name)) is not None]
        if values:
            slots[name] = share(values)
            every += values
    slots["all"] = share(every)
    counted = [value for result in results if (value := result.orders_right()) is not None]
    with_line = [result for result in urgent if result.expect.get("emergency_line")]
    return {
        "n": len(results),
        "outcome": share(result.right for result in results),
        "outcome_strict": share(result.strict for result in results),
        "emergency_recall": share(result.emergency_in_time() for result in urgent),
        "emergency_line": share(
            str(result.detail.get("emergency_line")) == result.expect["emergency_line"] for result in with_line
        ),
        "false_alarm": round(sum(r.played.outcome == "emergency" for r in calm) / len(calm), 4) if calm else 0.0,
        "slots": slots,
        "orders": share(counted),
        "within_turns": share(result.in_turns() for result in results),
        "mean_turns": round(sum(r.played.turns for r in results) / len(results), 2) if results else 0.0,
        "leaks": sum(bool(result.leaks) for result in results),
        "confusion": confusion(results),
        "failures": [result.played.case.id for result in results if result.failures()],
    }


def confusion(results: Sequence[Result]) -> dict[str, confusion_table.Counts]:
    """Expected -> given -> how often: of outcomes (an `outcome_also` counts as another one), and where they are scored
    of request types and first levels, by order; `none` where nothing was given."""
    tables = {"outcome": confusion_table.count((str(r.expect["outcome"]), r.played.outcome) for r in results)}
    for name in ("request_type", "category_level1"):
        tables[name] = confusion_table.count(
            (str(result.expect[name]), str(value or NONE))
            for result in results
            if result.slot(name) is not None
            for value in result.given(name) or [NONE]
        )
    return tables


def groups(results: Sequence[Result]) -> list[tuple[str, int, float, float, float, float, int]]:
    """(group, cases, outcome, strict, slots, median turns, 90th percentile) for each group."""
    table: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        table[result.played.case.group].append(result)
    rows = []
    for name, held in table.items():
        slots = [value for result in held for slot in SLOTS if (value := result.slot(slot)) is not None]
        turns = sorted(result.played.turns for result in held)
        rows.append(
            (
                name,
                len(held),
                share(r.right for r in held),
                share(r.strict for r in held),
                share(slots),
                float(median(turns)),
                turns[min(len(turns) - 1, int(0.9 * len(turns)))],
            )
        )
    return rows
