"""A bounded queue that serves many callers in turn, so that one busy caller cannot starve the others."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Items wait under a key (a call, a connection); keys are served round robin, each key first in first out.

    Live items go first, then those whose work has begun (somebody hears the first part already), then background.
    Bounded by number and by weight (bytes).
    """

    def __init__(self, limit: int, weight_limit: int) -> None:
        self._lanes: tuple[OrderedDict[Hashable, deque[tuple[Item, int]]], ...] = tuple(
            OrderedDict() for _ in ("live", "begun", "background")
        )
        self._limit = limit
        self._weight_limit = weight_limit
        self._count = 0
        self._weight = 0

    def __len__(self) -> int:
        return self._count

    def put(
        self,
        key: Hashable,
        item: Item,
        *,
        weight: int = 0,
        background: bool = False,
        begun: bool = False,
        force: bool = False,
    ) -> bool:
        """False: full, the item was not taken; `force` takes it all the same (it was taken before)."""
        if not force and (self._count >= self._limit or (self._count and self._weight + weight > self._weight_limit)):
            return False
        lane = self._lanes[2 if background else 1 if begun else 0]
        lane.setdefault(key, deque()).append((item, weight))
        self._count += 1
        self._weight += weight
        return True

    def pop(self, *, live_only: bool = False) -> Item | None:
        """The next item in turn, or None where nothing (live) waits."""
        for lane in self._lanes[:1] if live_only else self._lanes:
            if lane:
                key, waiting = lane.popitem(last=False)
                item, weight = waiting.popleft()
                if waiting:
                    lane[key] = waiting
                self._count -= 1
                self._weight -= weight
                return item
        return None

    def remove(self, unwanted: Callable[[Item], bool]) -> list[Item]:
        """Take out every item that is not wanted any more, and return them."""
        removed: list[Item] = []
        for lane in self._lanes:
            for key in list(lane):
                kept: deque[tuple[Item, int]] = deque()
                for item, weight in lane[key]:
                    if unwanted(item):
                        removed.append(item)
                        self._count -= 1
                        self._weight -= weight
                    else:
                        kept.append((item, weight))
                if kept:
                    lane[key] = kept
                else:
                    del lane[key]
        return removed
