"""Stretches of a text that name districts and streets, and which street of several they mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.entities.gazetteer import Street
from bot.entities.place_finding import PlaceCandidate, PlaceFinding
from bot.entities.sounded_text import HANZI

_NAME_GOES_ON: Final = re.compile(r"[东南西北]?[里路桥村园苑家胡]")
_ROAD: Final = re.compile(r"[东南西北内外中]{0,2}(?:大街|路|街(?!道)|胡同|桥|站)")
_CLAUSE_END: Final = re.compile(r"[,，。;；!！?？\s]")
_CORNER: Final = re.compile(
    r"(?:路|街)(?:和|跟|与|、)[^,，。]{2,6}(?:路|街)(?:的|那个?|这个?)*(?:路口|口|交叉|交汇|十字)"
)
_NEAR: Final = 2  # characters between a street and its district
_STREET_UNKNOWN: Final = re.compile(
    r"(?:街道|镇|乡)(?:我|是)?(?:真|实在|可)?(?:不(?:太|大)?(?:知道|清楚|造|记得)|记不[住清]|[说弄]不[准清])"
    r"|(?:不(?:太|大)?(?:知道|清楚)|记不[住清]|[说弄]不[准清])[^,，。;；]{0,3}(?:哪个|什么)(?:街道|镇|乡)"
    r"|(?:哪个|什么)(?:街道|镇|乡)[^,，。;；]{0,6}(?:不(?:太|大)?(?:知道|清楚|造)|记不[住清]|[说弄]不[准清])"
)
_EITHER: Final = re.compile(
    r"[^,，。;；]*还是[^,，。;；]{2,10}[,，]?(?:哎呀)?(?:我)?(?:真|也|可)?(?:不清楚|说不[好准]|想不起|不知道|[弄拿]不准|记不清|忘了)"
    r"|可能[^,，。;；]{2,8}[,，]?也可能[^,，。;；]*"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of the text that names a district or some streets."""

    start: int
    end: int
    streets: tuple[Street, ...] = ()
    district: str = ""
    suffixed: bool = False
    confidence: float = 1.0
    road: bool = False


def overlap(mention: Mention, others: Sequence[Mention]) -> bool:
    return any(mention.start < other.end and other.start < mention.end for other in others)


def is_street(text: str, mention: Mention, streets: Sequence[Mention]) -> bool:
    """Whether a mention names the street, and is no part of the address behind it (训练场在南邵, 高米店南地铁站)."""
    if mention.suffixed:
        return True
    if any(other.suffixed for other in streets):
        return not HANZI.match(text, mention.end) and not HANZI.match(text[: mention.start][-1:])
    return not _NAME_GOES_ON.match(text, mention.end)


def is_road(text: str, end: int) -> bool:
    """Whether a name that ends here is borne by a road, a bridge or a station: 东直门内大街."""
    return bool(_ROAD.match(text, end))


def at_corner(text: str, end: int) -> bool:
    """Whether a road's name that ends here names a corner with another road, which may be another street's."""
    clause = _CLAUSE_END.split(text[:end])[-1] + _CLAUSE_END.split(text[end:])[0]
    return bool(_CORNER.search(clause))


def without_guesses(text: str, streets: Sequence[Mention], *, asked: bool) -> list[Mention]:
    """Without the streets that the citizen only guesses at ("百泉还是儒林我不清楚"), and where an answer says that the
    street is not known, without those that are named short: landmarks then ("离梨园不远，哪个镇真不知道")."""
    guessed = either.span() if (either := _EITHER.search(text)) else (0, 0)
    unknown = asked and bool(_STREET_UNKNOWN.search(text))
    return [m for m in streets if m.suffixed or not (unknown or guessed[0] <= m.start < guessed[1])]


def beside(start: int, end: int, districts: Sequence[Mention]) -> str:
    """The district that is named right before or behind a stretch of the text, empty where none is."""
    near = (m.district for m in districts if 0 <= start - m.end <= _NEAR or 0 <= m.start - end <= _NEAR)
    return next(near, "")


def resolve(mentions: Sequence[Mention], named: str, known: str) -> PlaceFinding:
    district = named or known
    # "良乡，拱辰街道": a name with its 街道 is a street, one without it may be the town around that street.
    for mention in sorted(mentions, key=lambda mention: (not mention.suffixed, mention.road)):
        streets = [street for street in mention.streets if not district or street.district == district]
        if len(streets) == 1:
            street = streets[0]
            return PlaceFinding(street.district, street.name, "", (), mention.confidence)
        if streets:
            candidates = tuple(PlaceCandidate(s.district, s.name, round(1 / len(streets), 3)) for s in streets)
            same = {street.district for street in streets}
            return PlaceFinding(same.pop() if len(same) == 1 else "", "", "", candidates, 0.5)
    if mentions and district and not named and mentions[0].suffixed and len(mentions[0].streets) == 1:
        street = mentions[0].streets[0]  # the citizen now names a street of another district in full: that is news
        return PlaceFinding(street.district, street.name, "", (), 0.8)
    if mentions and named and mentions[0].suffixed:
        candidates = tuple(PlaceCandidate(s.district, s.name, 0.4) for s in mentions[0].streets)
        return PlaceFinding(named, "", "", candidates, 0.4)
    return PlaceFinding(named, "", "", (), 0.9 if named else 0.0)
