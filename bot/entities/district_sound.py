"""The district that is heard in the answer to "where?", with the confusions of the telephone. Pure.

Its name with 区 or without; where two districts sound nearly as well, none is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from base.pinyin import syllables
from bot.entities.place_sound import SoundIndex, best_possible

# Shares of the best possible score, chosen on one drawing of `benchmarks.heard_places`. In another the districts of 520
# of 536 answers were right (without this ear 500), of 6 wrong (5), and no more were found where none was named.
_SURE: Final = 0.65
_SURE_OF_TWO_SYLLABLES: Final = 0.85
_MARGIN: Final = 0.08


@dataclass(frozen=True, slots=True)
class HeardDistrict:
    """`start` and `end`: which syllables of the answer."""

    district: str
    start: int
    end: int


class DistrictEar:
    """Built once, then pure."""

    def __init__(self, districts: Sequence[str]) -> None:
        self._rows = [
            (district, syllables(name)) for district in districts for name in (district, district.removesuffix("区"))
        ]
        self._index = SoundIndex([row for _, row in self._rows])

    def hear(self, sounds: Sequence[str]) -> HeardDistrict | None:
        if not sounds or not self._rows:
            return None
        scores, ends = self._index.scores(sounds)
        best: dict[str, tuple[float, HeardDistrict]] = {}
        for (district, row), score, end in zip(self._rows, scores.tolist(), ends.tolist(), strict=True):
            over = score / best_possible(row) - (_SURE if len(row) > 2 else _SURE_OF_TWO_SYLLABLES)
            if over >= 0.0 and (district not in best or over > best[district][0]):
                best[district] = over, HeardDistrict(district, max(0, end - len(row)), end)
        ranked = sorted(best.values(), key=lambda item: -item[0])
        if not ranked or (len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _MARGIN):
            return None
        return ranked[0][1]
