"""Numbers as Chinese says and writes them: 三万五, 两千三百零五, 3.5万, 12,000, 七八千, 一万来.

Only the number is read here; whether it counts yuan, months or households tells what stands around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

DIGITS: Final = {
    **dict(zip("一二三四五六七八九", range(1, 10), strict=True)),
    **dict(zip("壹贰叁肆伍陆柒捌玖", range(1, 10), strict=True)),
    "两": 2,
    **{str(digit): digit for digit in range(10)},
}
_UNITS: Final = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_DIGIT: Final = "一二两三四五六七八九壹贰叁肆伍陆柒捌玖"
_WRITTEN: Final = r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?"
_TOKEN: Final = re.compile(
    rf"(?<![0-9.A-Za-z])(?:{_WRITTEN}|[零〇{_DIGIT}十百千万亿])"
    rf"(?:[零〇{_DIGIT}十百千万亿]|(?<=[万千百亿])[0-9]+|点(?=[零〇{_DIGIT}]))*"
)
_BELOW: Final = re.compile(  # a number below ten thousand
    rf"(?:(?P<thousands>[{_DIGIT}0-9])千)?[零〇]?(?:(?P<hundreds>[{_DIGIT}0-9])百)?[零〇]?"
    rf"(?:(?P<tens>[{_DIGIT}0-9])?(?P<ten>十))?[零〇]?(?P<ones>[{_DIGIT}0-9])?"
)
_POINT: Final = re.compile(rf"([{_DIGIT}零〇十]+)点([零〇{_DIGIT}]+)(?=[万千百亿]|$)")
_PAIR: Final = re.compile(rf"([{_DIGIT}])([{_DIGIT}])(?=[十百千万亿]|$)")
_LOOSE: Final = {  # said of what lies about there
    "百八十": (80, 100), "千八百": (800, 1_000), "万八千": (8_000, 10_000),
    "百把": (100, 100), "千把": (1_000, 1_000), "万把": (10_000, 10_000), "百十": (100, 110),
}  # fmt: skip
_LOOSELY: Final = re.compile(rf"(?<![0-9{_DIGIT}十百千万亿几数])(?:{'|'.join(_LOOSE)})(?![十百千万亿])")
_AND_MORE: Final = re.compile(r"([多来余])([万千百亿]?)")
_UNKNOWN_BEFORE: Final = re.compile(r"[几数上]$|(?<![改换变说写报算])成$")
_TO: Final = re.compile(r"\s*(?:到|至|[-－—~～])\s*")
_ABOUT_BEFORE: Final = re.compile(
    r"(?:大概齐?|大约|(?<![合节条])约|差不多|(?<![最附])近|(?<![很尽赶])快|接近|估计|起码|至少|最少|不到|不足|超过|得有)[有是要能]?\s*$"
)
_ABOUT_BEHIND: Final = re.compile(r"左右|上下|以[上下内]|出头|不到")
_ONE_OF: Final = re.compile(r"[个月年天日次人户平斤小直共起点些家定样下路分]")  # 三万|一年, 三万|一直
_COMES: Final = tuple("自到回了")  # 五千来自公司
_LOOK_BACK: Final = 8  # characters
_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")  # ３, ٣, ३
_LONGEST: Final = 24  # characters; what is longer counts nothing that anybody could owe


@dataclass(frozen=True, slots=True)
class Numeral:
    """`low` to `high`, the same where one number was told; `about`: said to be roughly so. `text` is what was said,
    without the words that make it rough."""

    text: str
    start: int
    end: int
    low: Decimal
    high: Decimal
    about: bool = False

    @property
    def large(self) -> bool:
        """Whether it is told in hundreds or more, as sums are and the numbers of houses are not."""
        return any(unit in self.text for unit in "百千万亿")


def plain(text: str) -> str:
    """Digits of every script as 0 to 9, each in its place."""
    return _OTHER_DIGIT.sub(lambda digit: str(int(digit.group())), text.replace("．", "."))


def find(text: str) -> list[Numeral]:
    """Every number of `text`, in its order; of one that cannot be told (几百, 二零二四) nothing."""
    text = plain(text)
    found: list[Numeral] = []
    position = 0
    while position < len(text):
        loose = _LOOSELY.match(text, position)
        token = None if loose else _TOKEN.match(text, position)
        read = _loose(loose) if loose else _read(text, token) if token else None
        if read is None:
            position = token.end() if token else position + 1
            continue
        found.append(_rough(text, read))
        position = max(read.end, position + 1)
    return _joined(text, found)


def _loose(match: re.Match[str]) -> Numeral:
    low, high = _LOOSE[match.group()]
    return Numeral(match.group(), match.start(), match.end(), Decimal(low), Decimal(high), about=True)


def _read(text: str, token: re.Match[str]) -> Numeral | None:
    words, start = token.group(), token.start()
    if len(words) > _LONGEST:
        return None
    if len(words) > 1 and words.endswith("一") and _ONE_OF.match(text, token.end()):
        words = words[:-1]
    end = start + len(words)
    if words[0] in "百千万亿" or _UNKNOWN_BEFORE.search(text[max(0, start - 2) : start]) or text[end : end + 1] == "几":
        return None
    lower, higher = _bounds(words)
    if lower is None or higher is None:
        return None
    return Numeral(text[start:end], start, end, lower, higher, about=lower != higher)


def _bounds(words: str) -> tuple[Decimal | None, Decimal | None]:
    pair = _PAIR.search(words)
    if pair and words[pair.end() :].count("零") == 0:
        first, second = DIGITS[pair[1]], DIGITS[pair[2]]
        if second == first + 1 or (first, second) == (3, 5):  # 七八千, 三五百
            either = (words[: pair.start()] + digit + words[pair.end() :] for digit in (pair[1], pair[2]))
            lower, higher = (value(one) for one in either)
            return lower, higher
    exactly = value(words)
    return exactly, exactly


def value(words: str) -> Decimal | None:
    """What one number means, None where it is none: 三万五 is 35000, 二零二四 is a row of digits."""
    words = _POINT.sub(_pointed, words.replace(",", ""))
    head, much, tail = words.rpartition("亿")
    if much:
        return _with_tail(value(head), tail, _UNITS["亿"])
    head, much, tail = words.rpartition("万")
    if much:
        return _with_tail(_below(head), tail, _UNITS["万"])
    return _below(words)


def _with_tail(head: Decimal | None, tail: str, unit: int) -> Decimal | None:
    if head is None:
        return None
    if not tail:
        return head * unit
    if tail in DIGITS:
        return head * unit + Decimal(DIGITS[tail]) * (unit // 10)  # 三万五
    rest = value(tail.lstrip("零〇"))
    return None if rest is None or rest >= unit else head * unit + rest


def _below(words: str) -> Decimal | None:
    """A number below ten thousand, or one written in digits."""
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", words):
        return Decimal(words)
    if decimal := re.fullmatch(r"([0-9]+\.[0-9]+|[0-9]{2,})([十百千])", words):
        return Decimal(decimal[1]) * _UNITS[decimal[2]]
    if (mixed := re.fullmatch(r"([0-9])千([0-9]{1,3})", words)) and len(mixed[2]) == 3:
        return Decimal(mixed[1] + mixed[2])
    match = _BELOW.fullmatch(words)
    if not words or match is None:
        return None
    total = sum(DIGITS[match[name]] * unit for name, unit in (("thousands", 1_000), ("hundreds", 100)) if match[name])
    if match["ten"]:
        total += DIGITS[match["tens"] or "一"] * 10
    if match["ones"]:
        spoken = words[:-1][-1:]  # what the last digit follows: 两千三, 一百二
        short = _UNITS[spoken] // 10 if spoken in ("百", "千") else 1
        total += DIGITS[match["ones"]] * short
    return Decimal(total)


def _pointed(match: re.Match[str]) -> str:
    whole = _below(match[1])
    digits = "".join(str(DIGITS.get(digit, 0)) for digit in match[2])
    return match.group() if whole is None else f"{whole}.{digits}"


def _rough(text: str, one: Numeral) -> Numeral:
    end, low, high, about, words = one.end, one.low, one.high, one.about, one.text
    if (more := _AND_MORE.match(text, end)) and not (more[1] == "来" and text[more.end() : more.end() + 1] in _COMES):
        end, about = more.end(), True
        if more[2]:
            low, high, words = low * _UNITS[more[2]], high * _UNITS[more[2]], words + more[2]
    about = (
        about
        or bool(_ABOUT_BEFORE.search(text[max(0, one.start - _LOOK_BACK) : one.start]))
        or bool(_ABOUT_BEHIND.match(text, end))
    )
    return Numeral(words, one.start, end, low, high, about)


def _joined(text: str, found: list[Numeral]) -> list[Numeral]:
    """两万到三万 as one: from the first to the second. 三到五万 leaves the first one's 万 out."""
    joined: list[Numeral] = []
    for one in found:
        first = joined[-1] if joined else None
        if first is not None and first.high == first.low and _TO.fullmatch(text[first.end : one.start]):
            unit = _UNITS.get(one.text[-1], 1)
            scale = unit if unit > 10 and not first.large and first.low < 100 else 1
            low = first.low * scale
            if low < one.high:
                joined[-1] = Numeral(text[first.start : one.end], first.start, one.end, low, one.high, about=True)
                continue
        joined.append(one)
    return joined
