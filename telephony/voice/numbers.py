"""Numbers as they are said in Mandarin. Pure."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_LARGEST_DIGITS: Final = 16

MEASURE_WORDS: Final = (
    "个|名|位|人|件|条|次|种|项|份|张|本|天|周|年|岁|小时|分钟|秒|元|块|毛|角|万|千|亿|百|倍|家|户|辆|台|间|套|栋|座|"
    "所|处|款|类|成|点|者|斤|公斤|公里|里|米|吨|克|升|平方|立方|度电|度以|站|场|届|批|封|遍|趟|口|只|头|棵|步|句|课|门|根|"
    "支|顿|片|块|圈|排|群|道|笔|季|代|把|封|期间|亩|公顷|厘米|毫米|千米|千克|毫升|兆|千瓦"
)


def digits(text: str, *, one: str = "一") -> str:
    """Each digit for itself; `one` is 幺 in numbers that identify (telephone, room, order), 一 in years."""
    return "".join(one if character == "1" else _DIGITS[int(character)] for character in text)


def _group(value: int, *, first: bool) -> str:
    """0..9999, without the name of its group. `first`: nothing was said before it."""
    if value == 2 and first:
        return "二"
    said = ""
    gap = False
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if digit == 0:
            gap = bool(said)
            continue
        if gap or (not said and not first and place < 3):
            said += "零"
        gap = False
        if digit == 1 and place == 1 and first and not said:
            said += "十"
        elif digit == 2 and place == 3 and first:
            said += "两千"
        else:
            said += _DIGITS[digit] + _PLACES[place]
    return said


def cardinal(text: str) -> str:
    """A whole number: `1205` -> 一千二百零五. Leading zeros or more than 16 digits are read digit by digit."""
    if not text.strip("0"):
        return digits(text)
    if text[0] == "0" or len(text) > _LARGEST_DIGITS:
        return digits(text)
    above, below = divmod(int(text), 10**8)
    if not above:
        return _below_one_hundred_million(below, first=True)
    rest = _below_one_hundred_million(below, first=False) if below else ""
    gap = "零" if rest and below < 10**7 and not rest.startswith("零") else ""
    return _two(cardinal(str(above))) + "亿" + gap + rest


def _below_one_hundred_million(value: int, *, first: bool) -> str:
    above, below = divmod(value, 10**4)
    if not above:
        return _group(below, first=first)
    rest = _group(below, first=False) if below else ""
    return _two(_group(above, first=first)) + "万" + rest


def _two(said: str) -> str:
    return "两" if said == "二" else said


def number(text: str) -> str:
    """A number with or without thousands separators, decimals and sign: `-3,500.50` -> 负三千五百点五零."""
    sign = "负" if text.startswith("-") else ""
    whole, _, fraction = text.lstrip("+-").replace(",", "").partition(".")
    return sign + cardinal(whole or "0") + ("点" + digits(fraction) if fraction else "")


def counted(text: str) -> str:
    """As `number`, for use before a measure word: 2 is 两."""
    return "两" if text == "2" else number(text)


def year(text: str) -> str:
    """Four digits, read one by one."""
    return digits(text)


def clock_time(hour: str, minute: str, second: str | None = None) -> str:
    """`8:05` -> 八点零五分; `9:00` -> 九点."""
    said = ("两" if int(hour) == 2 else cardinal(str(int(hour)))) + "点"
    if int(minute) or (second and int(second)):
        said += ("零" if int(minute) < 10 and int(minute) else "") + cardinal(str(int(minute))) + "分"
    if second and int(second):
        said += ("零" if int(second) < 10 else "") + cardinal(str(int(second))) + "秒"
    return said


def grouped(text: str, mark: str) -> str:
    """A long identifying number digit by digit in the groups in which people say it: 11 digits 3-4-4, others fours."""
    if len(text) == 11:
        parts = [text[:3], text[3:7], text[7:]]
    elif len(text) in (7, 8):
        parts = [text[:-4], text[-4:]]
    else:
        parts = [text[start : start + 4] for start in range(0, len(text), 4)]
        if len(parts) > 1 and len(parts[-1]) == 1:
            parts[-2:] = [parts[-2] + parts[-1]]
    return mark.join(digits(part, one="幺") for part in parts)
