"""Places in a story that are not where it happened: where the citizen lives, where a company is registered. Pure.

"我住丰台大红门，可我说的是朝阳常营那个停车场": the parking place is in 常营. Such a place is set aside only where
one in another district is named too; alone it is the best there is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_BREAK: Final = re.compile(r"[,，。;；!！?？\n]")
KIN: Final = (
    r"(?:爸妈|爹妈|妈|爸|爹|娘|姥姥|姥爷|奶奶|爷爷|大爷|大妈|公公|婆婆|岳父|岳母|丈人|闺女|女儿|儿子"
    r"|孙子|亲戚|朋友|邻居|同事|姐姐?|哥哥?|弟弟?|妹妹?)"
)
_IS_IN: Final = r"(?:是)?(?:在)?[^,，。;；]{0,6}$"
_OWN_HOME: Final = re.compile(
    r"(?:[我俺咱](?:们)?(?:自己|自个儿?|本人|现在|平时|人)?(?:是|都)?(?:家)?(?:(?:在)?住|家在|人在)|(?:[我俺](?:的)?)?(?:户口|户籍|老家)"
    rf"|总部|总公司|注册地?){_IS_IN}"
)
_HOME_OF_KIN: Final = re.compile(rf"{KIN}(?:他们|她们)?(?:家)?(?:那儿)?(?:是)?(?:住|在){_IS_IN}")
_HAPPENED, _NEAR, _AWAY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Spot:
    """A stretch of the text that names a place, and the districts in which that can be."""

    start: int
    end: int
    districts: frozenset[str]


def without_asides(text: str, spots: Sequence[Spot]) -> str:
    """The text with the places blanked that lie in other districts than where it happened; offsets stay.

    Where that is told by no place of its own, the home of somebody near (for whom the citizen calls) goes before the
    citizen's own.
    """
    ranks = {spot: _rank(text, spot.start) for spot in spots}
    best = min(ranks.values(), default=_HAPPENED)
    where = frozenset(district for spot in spots if ranks[spot] == best for district in spot.districts)
    for spot in spots:
        if ranks[spot] > best and not (spot.districts & where):
            text = text[: spot.start] + "，" * (spot.end - spot.start) + text[spot.end :]
    return text


def only_home(text: str, spots: Sequence[Spot]) -> bool:
    """Whether every place that is named is where the citizen lives."""
    return bool(spots) and all(_rank(text, spot.start) == _AWAY for spot in spots)


def _rank(text: str, start: int) -> int:
    clause = _BREAK.split(text[:start])[-1]
    return _AWAY if _OWN_HOME.search(clause) else _NEAR if _HOME_OF_KIN.search(clause) else _HAPPENED
