"""Years, dates, spans of them and clock times as they are said. Pure."""

from __future__ import annotations

from typing import Final

from telephony.voice import numbers
from telephony.voice.rule import RANGE, Match, Rule, rule

_YEAR: Final = r"(?:19|20)\d\d"
_MONTH: Final = r"0?[1-9]|1[0-2]"
_DAY: Final = r"3[01]|[12]\d|0?[1-9]"
_PART_OF_DAY: Final = r"上午|下午|早|晚|中午|凌晨|周|星期|（周|（星期|起|前截止|之前|截止"


def _plain(text: str) -> str:
    """Without leading zeros."""
    return numbers.cardinal(str(int(text)))


def _date(match: Match) -> str:
    return f"{numbers.year(match['year'])}年{_plain(match['month'])}月{_plain(match['day'])}日"


def _anniversary(match: Match) -> str:
    """3·15 is 三幺五, 12·9 is 一二九, 8·1 is 八一."""
    month, day = match[1], match[2]
    return numbers.digits(month + day, one="幺" if len(month) == 1 and len(day) == 2 else "一")


RULES: Final[tuple[Rule, ...]] = (
    rule(rf"(?<!\d)(?P<year>{_YEAR})(?P<sign>[-/.])(?P<month>{_MONTH})(?P=sign)(?P<day>{_DAY})(?!\d)", _date),
    rule(rf"(?<!\d)((?:1[5-9]|20)\d\d)年?{RANGE}((?:1[5-9]|20)\d\d)(?=年|学年)",
         lambda m: f"{numbers.year(m[1])}至{numbers.year(m[2])}"),
    rule(r"(?<![\d.])((?:1[0-9]|2[01])\d\d)(?=年|学年)", lambda m: numbers.year(m[1])),
    rule(r"(?<![\d.])((?:19|20)\d\d)(?=[版届级款]|财年|春|秋|冬|世)", lambda m: numbers.year(m[1])),
    rule(rf"(?<![\d.,-])({_YEAR})[-/.](0[1-9]|1[0-2])(?![\d.年-]|\s*(?:元|万|亿|米|吨|人|个))",
         lambda m: f"{numbers.year(m[1])}年{_plain(m[2])}月"),
    rule(rf"(?<![\d/.])({_MONTH})/({_DAY})(?=\s*(?:{_PART_OF_DAY}))", lambda m: f"{_plain(m[1])}月{_plain(m[2])}日"),
    rule(r"(?<!\d)([5-9]0|[01]0)(?=后(?![期天年月续边面门勤备来果]))", lambda m: numbers.digits(m[1])),
    rule(r"(?<!\d)0?(\d{1,2})(?=月(?!份额))", lambda m: numbers.cardinal(m[1])),
    rule(rf"(?<=月)\s*0?(\d{{1,2}}){RANGE}0?(\d{{1,2}})(?=[日号])",
         lambda m: f"{numbers.cardinal(m[1])}至{numbers.cardinal(m[2])}"),
    rule(r"(?<=月)\s*0?(\d{1,2})(?=[日号])", lambda m: numbers.cardinal(m[1])),
    rule(r"(?<![\d.])(1[0-2]|[1-9])·([12]\d|3[01]|[1-9])(?![\d.])", _anniversary),
    rule(r"(?<![\d:：])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：.])",
         lambda m: numbers.clock_time(m[1], m[2], m[3])),
)  # fmt: skip
