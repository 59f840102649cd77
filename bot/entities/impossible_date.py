"""Days and hours that no calendar has (2月30号, 13月, 25点): said wrong or heard wrong, so asked for again. Pure."""

from __future__ import annotations

import calendar
import re
from typing import Final

from bot.entities.time import number

_NUMBER: Final = r"(\d{1,2}|[零〇一二两三四五六七八九十]{1,3})"
_DAY: Final = re.compile(rf"(?<![个\d]){_NUMBER}\s*月(?:份)?\s*{_NUMBER}\s*(?:号|日)(?![楼院线门店房地机码单])")
_MONTH: Final = re.compile(r"(?<![个\d])(1[3-9]|[2-9]\d|十[三四五六七八九])\s*月(?:份)?")
_HOUR: Final = re.compile(
    r"(?<![\d.百])(2[5-9]|[3-9]\d|二十[五六七八九]|[三四五六七八九]十[一二三四五六七八九]?)\s*点"
    r"(?=$|[,，。;；!！?？\s]|钟|半|整|左右|\d|[开到])"
)
_LEAP_YEAR: Final = 2024  # 29 February exists in some year


def find(text: str) -> str:
    """The first impossible day or hour as it was said, or an empty string."""
    for said in _DAY.finditer(text):
        month, day = int(number(said[1]) or 0), int(number(said[2]) or 0)
        if not (1 <= month <= 12 and 1 <= day <= calendar.monthrange(_LEAP_YEAR, month)[1]):
            return said.group()
    found = _MONTH.search(text) or _HOUR.search(text)
    return found.group() if found else ""
