"""Numerals that a recogniser writes as other characters of the same sound, repaired where the words around them leave
no doubt: 山点半 is 三点半, 三月五好 is 三月五号. Pure; never used on typed text."""

from __future__ import annotations

import re
from typing import Final

_NUMERAL: Final = "零一二三四五六七八九十两"
_SOUNDS: Final = {
    **dict.fromkeys("衣医依伊", "一"),
    **dict.fromkeys("儿耳而尔", "二"),
    **dict.fromkeys("山伞散删", "三"),
    **dict.fromkeys("似死寺", "四"),
    **dict.fromkeys("吾舞武午务无", "五"),
    **dict.fromkeys("留流刘溜柳", "六"),
    **dict.fromkeys("期起其气齐妻", "七"),
    **dict.fromkeys("巴吧爸", "八"),
    **dict.fromkeys("酒久旧", "九"),
    **dict.fromkeys("石时食实", "十"),
    **dict.fromkeys("俩", "两"),
}
_SOUND: Final = f"[{''.join(_SOUNDS)}]"
_PART: Final = "早上|上午|中午|下午|傍晚|晚上|凌晨|夜里"
_HOUR: Final = re.compile(
    rf"(?:(?<={_PART.replace('|', ')|(?<=')})|^|(?<=[，,。 ]))({_SOUND})(?=点(?:半|钟|[{_NUMERAL}]|$|[，,。 的]))"
)
_HALF: Final = re.compile(rf"(?<=[{_NUMERAL}]点)[办伴拌](?![事公理法])")
_DAY_NUMERAL: Final = re.compile(rf"(?<=月)({_SOUND})(?=[号日])")
_DAY_TENS: Final = re.compile(rf"(?<=月[二三]十)({_SOUND})(?=[号日])|(?<=月十)({_SOUND})(?=[号日])")
_DAY_WORD: Final = re.compile(rf"((?:^|[^{_NUMERAL}])[{_NUMERAL}]{{1,3}}月[{_NUMERAL}]{{1,3}})[好浩耗](?![几多久不])")
_MONTH: Final = re.compile(rf"(?<=年)({_SOUND})(?=月[{_NUMERAL}{''.join(_SOUNDS)}]{{1,3}}[号日好])")


def repaired(text: str) -> str:
    """The same number of characters: offsets stay those of `text`."""
    for pattern in (_HOUR, _MONTH, _DAY_NUMERAL, _DAY_TENS):
        text = pattern.sub(lambda match: _SOUNDS[match.group()], text)
    text = _HALF.sub("半", text)
    return _DAY_WORD.sub(r"\1号", text)
