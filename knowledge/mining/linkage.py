"""Average linkage over a sparse table of chances: two groups become one while their mean chance suffices. Pure."""

from __future__ import annotations

import heapq
from typing import Any


def joined(table: Any, at: float) -> list[list[int]]:
    """The groups of the rows of a symmetric sparse table; every row is in exactly one.

    A pair that the table does not hold has no chance: a text that is near to one member and far from the others stays
    outside, where a chain of near neighbours would have drawn it in.

    Args:
        at: the least mean chance between the members of two groups that are joined, 0..1.
    """
    if not 0.0 < at <= 1.0:
        raise ValueError("the least mean chance must lie in (0, 1]")
    rows = table.tocsr()
    count = rows.shape[0]
    members: dict[int, list[int]] = {row: [row] for row in range(count)}
    sums: dict[int, dict[int, float]] = {}
    heap: list[tuple[float, int, int]] = []
    for row in range(count):
        start, end = rows.indptr[row], rows.indptr[row + 1]
        others = zip(rows.indices[start:end].tolist(), rows.data[start:end].tolist(), strict=True)
        sums[row] = {other: chance for other, chance in others if other != row}
        heap += [(-chance, row, other) for other, chance in sums[row].items() if other > row and chance >= at]
    heapq.heapify(heap)
    following = count
    while heap:
        _, one, other = heapq.heappop(heap)
        if one not in members or other not in members:
            continue  # one of them has been joined to something else meanwhile
        mine, theirs = sums.pop(one), sums.pop(other)
        members[following] = members.pop(one) + members.pop(other)
        total = {
            near: mine.get(near, 0.0) + theirs.get(near, 0.0) for near in mine.keys() | theirs.keys() if near in members
        }
        sums[following] = total
        for near, chance in total.items():
            sums[near].pop(one, None)
            sums[near].pop(other, None)
            sums[near][following] = chance
            mean = chance / (len(members[near]) * len(members[following]))
            if mean >= at:
                heapq.heappush(heap, (-mean, near, following))
        following += 1
    return [sorted(group) for group in members.values()]
