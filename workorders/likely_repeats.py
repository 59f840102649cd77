"""Open orders that are likely about the same matter at the same place, whoever told them: pure rules.

They fill the dispatchers' list (`workorders/repeat_review.py`) and merge nothing by themselves: many citizens tell of
the same dark street lamp, but the same trouble in two houses is two matters, and a person decides. Each order is
compared with the oldest of its group, so that no chain of half-alike orders arises.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final

from workorders import duplicates

_NEAR: Final = 0.5  # of the shorter address
_NAMING_PAIRS: Final = 2  # a single pair that is shared (望京) names an area, not a place
_TROUBLES: Final = frozenset({"求助", "投诉", "举报"})  # the same trouble is told as any of them
_VAGUE: Final = re.compile(r"我们?家|我们|这边|小区|门口|楼[上下]|附近|旁边|路边|对面")
_HOUSE: Final = re.compile(r"(\d+|[零〇一二两三四五六七八九十百]+)(?=号|栋|幢|座|弄)")
_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is compared of an open order; what is not known is empty. Keep it out of logs: it holds personal data.

    `duplicate_of`: the earlier order of the same citizen that filing has linked it with. `leads`: others are merged
    into it already, so it cannot be merged itself.
    """

    order_no: str
    request_type: str
    created_at: datetime
    detail: str
    district: str = ""
    street: str = ""
    address: str = ""
    category_code: str = ""
    category: str = ""
    duplicate_of: str = ""
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """`why`: what it has in common with the main order of its group, in words without personal data."""

    order_no: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`main`: the oldest order, or the one that others are merged into already. `newest`: when the last was filed."""

    main: str
    repeats: tuple[Repeat, ...]
    newest: datetime


def pair(first: str, second: str) -> frozenset[str]:
    """Two orders, whichever comes first."""
    return frozenset((first, second))


def groups(candidates: Iterable[Candidate], apart: Collection[frozenset[str]] = frozenset()) -> list[Group]:
    """Groups of two orders and more, the one with the newest order first.

    Args:
        apart: `pair`s that a person has found not to be the same.
    """
    led = _Leads()
    joined: dict[str, str] = {}
    repeats: dict[str, list[Repeat]] = {}
    newest: dict[str, datetime] = {}
    for one in sorted(candidates, key=lambda order: (not order.leads, order.created_at, order.order_no)):
        read = _read(one)
        main = ""
        why: tuple[str, ...] = ()
        linked = joined.get(one.duplicate_of, one.duplicate_of)
        if not one.leads and linked in repeats and pair(linked, one.order_no) not in apart:
            main, why = linked, ("登记时已识别为同一市民的同一诉求",)
        elif not one.leads and one.district:
            main, why = _lead_of(read, led.near(one.district, one.street), apart)
        if main:
            joined[one.order_no] = main
            repeats[main].append(Repeat(one.order_no, why))
            newest[main] = max(newest[main], one.created_at)
        else:
            led.add(read)
            repeats[one.order_no], newest[one.order_no] = [], one.created_at
    found = [Group(main, tuple(rows), newest[main]) for main, rows in repeats.items() if rows]
    return sorted(found, key=lambda group: (group.newest, group.main), reverse=True)


@dataclass(frozen=True, slots=True)
class _Read:
    order: Candidate
    place: frozenset[str]
    houses: frozenset[int]
    words: frozenset[str]


class _Leads:
    """The oldest order of each group, by where it is: one of another street is never the same place."""

    def __init__(self) -> None:
        self._count = 0
        self._districts: dict[str, list[tuple[int, _Read]]] = {}
        self._streets: dict[tuple[str, str], list[tuple[int, _Read]]] = {}

    def add(self, read: _Read) -> None:
        order, self._count = read.order, self._count + 1
        for leads in (
            self._districts.setdefault(order.district, []),
            self._streets.setdefault((order.district, order.street), []),
        ):
            leads.append((self._count, read))

    def near(self, district: str, street: str) -> Iterator[_Read]:
        """In the order in which they were added."""
        if street:
            there, anywhere = self._streets.get((district, street), []), self._streets.get((district, ""), [])
            leads = heapq.merge(there, anywhere, key=itemgetter(0)) if anywhere else iter(there)
        else:
            leads = iter(self._districts.get(district, []))
        return (read for _, read in leads)


def _read(order: Candidate) -> _Read:
    address = _HOUSE.sub(lambda house: str(_value(house[1])), _VAGUE.sub("", order.address))
    houses = frozenset(_value(house[1]) for house in _HOUSE.finditer(order.address))
    return _Read(order, duplicates.pairs(address), houses, duplicates.pairs(order.detail))


def _value(said: str) -> int:
    """`15`, `十五`, `一五` -> 15."""
    if said.isdecimal():
        return int(said)
    total = last = 0
    for character in said:
        if character in "十百":
            total, last = total + (last or 1) * (10 if character == "十" else 100), 0
        else:
            last = last * 10 + _DIGITS[character]
    return total + last


def _lead_of(read: _Read, leads: Iterable[_Read], apart: Collection[frozenset[str]]) -> tuple[str, tuple[str, ...]]:
    for lead in leads:
        why = _alike(lead, read)
        if why and pair(lead.order.order_no, read.order.order_no) not in apart:
            return lead.order.order_no, why
    return "", ()


def _alike(one: _Read, two: _Read) -> tuple[str, ...]:
    """Why two orders of one district are thought to be alike; empty: they are not.

    Where the addresses agree, the leaf of the catalogue or the words must; where an address is missing, the street
    and the words must, and the leaf may not differ.
    """
    first, second = one.order, two.order
    if first.request_type != second.request_type and not {first.request_type, second.request_type} <= _TROUBLES:
        return ()
    if not duplicates.same_place((first.district, first.street), (second.district, second.street)):
        return ()
    same_street = bool(first.street) and first.street == second.street
    near = _near(one, two)
    if near is False or not (near or same_street):
        return ()
    known = bool(first.category_code and second.category_code)
    same_leaf = known and (first.category_code, first.category) == (second.category_code, second.category)
    likeness = duplicates.overlap(one.words, two.words)
    same_words = likeness >= duplicates.SIMILAR_ENOUGH
    if not (same_leaf or same_words) if near else not same_words or (known and not same_leaf):
        return ()
    why = [f"同一街道（{first.street}）" if same_street else f"同一区（{first.district}）"]
    if near:
        why.append("地址相近")
    if same_leaf:
        why.append(f"同一事项类别（{first.category or first.category_code}）")
    if same_words:
        why.append(f"内容相似（{likeness:.0%}）")
    return tuple(why)


def _near(one: _Read, two: _Read) -> bool | None:
    """Whether two addresses are the same place; None: they do not tell."""
    if not one.place or not two.place:
        return None
    if one.houses and two.houses and not one.houses & two.houses:
        return False
    if duplicates.overlap(one.place, two.place) < _NEAR:
        return False
    return True if len(one.place & two.place) >= _NAMING_PAIRS else None
