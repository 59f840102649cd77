"""Toneless syllables of Chinese text: the telephone confuses characters that sound alike, so names match by sound.

A syllable is pinyin without tone (`guang`, `lv` for 绿). Digits are read out as a person would (`17` -> shi qi),
Latin words are kept as one token with an `@` in front. Everything else (punctuation, blanks) is dropped.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from pypinyin import Style, lazy_pinyin

_DIGIT_NAMES: Final = "零一二三四五六七八九"
_NUMBER: Final = re.compile(r"\d+")
_SEGMENT: Final = re.compile(r"[\u4e00-\u9fff]+|[a-z]+")
_INITIALS: Final = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_MERGED_INITIALS: Final = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "f": "h"}
_NASAL: Final = re.compile(r"([aeiu])ng$")


def _number_name(digits: str) -> str:
    """Up to 999 as a number, longer ones digit by digit (house numbers and telephone numbers are read so)."""
    if len(digits) > 3 or digits.startswith("0"):
        return "".join(_DIGIT_NAMES[int(digit)] for digit in digits)
    value = int(digits)
    if value < 10:
        return _DIGIT_NAMES[value]
    if value < 20:
        return "十" + (_DIGIT_NAMES[value % 10] if value % 10 else "")
    if value < 100:
        return _DIGIT_NAMES[value // 10] + "十" + (_DIGIT_NAMES[value % 10] if value % 10 else "")
    rest = value % 100
    middle = "零" if 0 < rest < 10 else "一" if 10 <= rest < 20 else ""
    return _DIGIT_NAMES[value // 100] + "百" + middle + (_number_name(str(rest)) if rest else "")


def spell_numbers(text: str) -> str:
    """NFKC, lower case, Arabic numbers written as they are read."""
    text = unicodedata.normalize("NFKC", text).lower()
    return _NUMBER.sub(lambda match: _number_name(match.group()), text)


@lru_cache(maxsize=8192)
def syllables(text: str) -> tuple[str, ...]:
    """The syllables of `text`, in order."""
    result: list[str] = []
    for segment in _SEGMENT.findall(spell_numbers(text)):
        if segment[0] >= "\u4e00":
            result.extend(lazy_pinyin(segment, style=Style.NORMAL, v_to_u=False))
        else:
            result.append("@" + segment)
    return tuple(result)


def toneless(spelled: str) -> str:
    """`guāng` -> `guang`, `lǜ` -> `lv`."""
    plain = unicodedata.normalize("NFD", spelled.replace("ü", "v"))
    letters = "".join(character for character in plain if not unicodedata.combining(character) or character == "\u0308")
    return letters.replace("u\u0308", "v")


@lru_cache(maxsize=2048)
def split(syllable: str) -> tuple[str, str]:
    """`guang` -> (`g`, `uang`); a syllable without initial gives an empty first part."""
    for initial in _INITIALS:
        if syllable.startswith(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


@lru_cache(maxsize=2048)
def merged(syllable: str) -> str:
    """The syllable after the mergers that speakers and telephone lines make: zh=z, ch=c, sh=s, n=l, f=h, -ng=-n."""
    if syllable.startswith("@"):
        return syllable
    initial, final = split(syllable)
    return _MERGED_INITIALS.get(initial, initial) + _NASAL.sub(r"\1n", final)
