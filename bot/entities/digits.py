"""Rows of digits in typed and dictated text: the ground on which telephone and order numbers are found."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

DIGITS: Final = {
    **{str(digit): str(digit) for digit in range(10)},
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    "〇": "0",
    "○": "0",
    "洞": "0",
    "幺": "1",
    "两": "2",
    "拐": "7",
    "勾": "9",
    **dict(zip("壹贰叁肆伍陆柒捌玖", "123456789", strict=True)),
}
_SURNAMES: Final = "伍陆"  # digits only within a row
# What a recogniser writes for a dictated digit; believed only between digits that are sure.
_MISHEARD: Final = {
    **dict.fromkeys("要腰妖夭邀药吆", "1"),
    **dict.fromkeys("灵铃领凌玲另林令", "0"),
    **dict.fromkeys("儿耳而尔", "2"),
    **dict.fromkeys("山伞散", "3"),
    **dict.fromkeys("是似死事市式寺", "4"),
    **dict.fromkeys("无吾舞武午务", "5"),
    **dict.fromkeys("留流刘溜", "6"),
    **dict.fromkeys("期起其气齐", "7"),
    **dict.fromkeys("把吧巴爸", "8"),
    **dict.fromkeys("就酒久旧", "9"),
    **dict.fromkeys("钩沟", "9"),  # how it is said by radio
}
_REPEAT: Final = re.compile(r"(?:(?<!第)([一两二三四五六七八]|[1-8])个|([俩仨双])个?)([零〇洞一二三四五六七八九幺]|\d)")
COUNTS: Final = {
    **{str(n): n for n in range(1, 9)},
    **dict(zip("一二三四五六七八", range(1, 9), strict=True)),
    "两": 2,
    "俩": 2,
    "双": 2,
    "仨": 3,
}
# What tells which part of the number comes next: 后四位是, 末尾四个数, 尾号, 中间的, 开头三位.
_PART: Final = (
    r"(?:最|再|完了)?(?:末了|末尾|结尾|尾巴|中间|当中|开头|后|末|尾|前|头)(?:面|边|头|尾)?(?:儿)?(?:的|那|这)?"
    r"(?:几|[一二两三四五六七八\d])?(?:位|个)?(?:数字|数|号码|号)?(?:是|为|呢)?"
)
_FILLER: Final = re.compile(
    r"(?:[\s,，、。.．·;；\-－—–_()（）/…]+"
    r"|(?:嗯|呃|啊|哦|哎|诶|哈|那个|这个|那|再来|又|然后|接着|完了|再|是|有|就是|还有|连着|连续|全是|都是|号码|座机"
    rf"|{_PART}|杠|转))"
)
# 后四位, 停一下
_COUNTS: Final = re.compile(r".[位个]|(?<![零〇一二三四五六七八九幺\d])一[下会遍点些直样般共起定眼句声趟]")
_TENS: Final = re.compile(  # "…二八,四十六": the last two digits
    r"(?<=[\d零一二三四五六七八九幺][,，、 ])([二三四五六七八九])十([一二三四五六七八九])(?=[\s,，。、!！]|$)"
)
_NOUGHTS: Final = re.compile(r"[零鸭]蛋([两俩三仨四])个")  # 零蛋四个: 四个零
_LETTERS_FOR_DIGITS: Final = re.compile(
    r"(?<=\d)[OoIl]+(?![A-Za-z])|(?<=\d[ -])[Oo]{2,4}(?=[ -]?\d)|(?<![A-Za-z\d])[Il](?=[3-9]\d)"
)
_LIKE_DIGITS: Final = str.maketrans("OoIl", "0011")


@dataclass(frozen=True, slots=True)
class DigitGroup:
    digits: str
    start: int
    end: int
    joined: bool  # only fillers stand between this group and the one before


def groups_of(text: str, *, spoken: bool) -> list[DigitGroup]:
    """Rows of digits, each knowing whether the row before belongs to it."""
    groups: list[DigitGroup] = []
    position = 0
    gap_start = 0
    digits, start = "", 0

    def close(end: int) -> None:
        nonlocal digits, gap_start
        if digits:
            groups.append(DigitGroup(digits, start, end, bool(groups) and _only_filler(text[gap_start:start])))
            digits, gap_start = "", end

    while position < len(text):
        repeat = _REPEAT.match(text, position)
        if repeat:
            piece, width = DIGITS[repeat[3]] * COUNTS[repeat[1] or repeat[2]], repeat.end() - position
        elif text[position] in DIGITS and not _in_a_word(text, position, bool(digits)):
            piece, width = DIGITS[text[position]], 1
        elif spoken and text[position] in _MISHEARD and _is_digit(text, position, bool(digits), bool(groups)):
            piece, width = _MISHEARD[text[position]], 1
        else:
            close(position)
            position += 1
            continue
        if not digits:
            start = position
        digits += piece
        position += width
    close(len(text))
    return groups


def _in_a_word(text: str, position: int, in_row: bool) -> bool:
    """Whether the numeral counts something, or is a capital one in somebody's name: 姓陆139…, …1234陆女士."""
    if text[position] not in _SURNAMES:
        return bool(_COUNTS.match(text, position))
    before, behind = text[position - 1 : position], text[position + 1 : position + 2]
    if in_row:
        return bool(behind) and behind not in DIGITS and not _FILLER.match(behind)
    return behind not in DIGITS or bool(before and before not in DIGITS and not _FILLER.match(before))


def _is_digit(text: str, position: int, in_row: bool, rows_before: bool) -> bool:
    """A misspelt digit: inside a row; at a row's end where the text ends too; at a row's beginning where more digits
    follow, if it can hardly be another word there (要三八…) or rows of digits were said before (…一三，吧零零零)."""

    def digit(at: int) -> bool:
        return at < len(text) and text[at] in DIGITS

    def maybe(at: int) -> bool:
        return digit(at) or (at < len(text) and text[at] in _MISHEARD)

    if in_row:
        return digit(position + 1) or position + 1 == len(text) or (maybe(position + 1) and digit(position + 2))
    if text[position] in "要腰妖夭邀药吆":
        return digit(position + 1) and maybe(position + 2)
    after_gap = position > 0 and bool(_FILLER.fullmatch(text[position - 1]))
    return rows_before and after_gap and digit(position + 1) and digit(position + 2)


def _only_filler(gap: str) -> bool:
    if len(gap) > 14:
        return False
    position = 0
    while position < len(gap):
        match = _FILLER.match(gap, position)
        if not match or match.end() == position:
            return False
        position = match.end()
    return True


def fold(text: str) -> str:
    """Full-width digits and punctuation folded character by character, so that offsets stay those of the text; the
    letter O among digits is meant for a zero."""
    text = "".join(
        folded if len(folded := unicodedata.normalize("NFKC", character)) == 1 else character for character in text
    )
    text = _TENS.sub(r"\1\2、", text)
    text = _NOUGHTS.sub(lambda found: f"{found[1]}个零、", text)
    return _LETTERS_FOR_DIGITS.sub(lambda letters: letters.group().translate(_LIKE_DIGITS), text)
