"""Amounts of money in yuan, from Chinese speech and writing.

What is told is kept and nothing is worked out: "一个月六千五，拖了四个月" is 6500 a month, not 26000. A number is taken
for money by a word for it (元, 块, 毛, ￥); without one only where money is what is spoken of, and only where nothing
tells that it counts something else: persons, days, houses, a telephone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.entities import numerals
from bot.entities.numerals import DIGITS, Numeral

_DIGIT: Final = "一二两三四五六七八九"
# 三块地, 一块儿, 三元桥 are no money.
_YUAN: Final = re.compile(
    r"\s*(?:块钱|元钱|元(?![旦月宵素件老桥里西街路村])|人民币|圆整"
    rf"|块(?=$|[\s,，。.;；、!！?？)）零半了的多左上以不没未给吧啊呢吗呀嘛每就都还也才到至/{_DIGIT}0-9]))"
)
_SMALL: Final = re.compile(
    rf"零?(?P<jiao>[{_DIGIT}0-9])[毛角](?:钱|(?P<fen>[{_DIGIT}0-9])分?(?!钟))?|零(?P<cents>[{_DIGIT}0-9])分"
    rf"|(?P<short>[{_DIGIT}0-9])(?![{_DIGIT}0-9零十百千万个户人年月天次张件斤平辆台条只米里分])|(?P<half>半)"
)
_DIMES: Final = re.compile(rf"毛(?:钱)?|角钱|[毛角](?=[{_DIGIT}0-9]分)")
_BEFORE: Final = re.compile(r"(?:[￥¥]|RMB|人民币)\s*$", re.IGNORECASE)
_NOTHING: Final = re.compile(r"(?:块钱?|元钱?|毛钱?|分钱?)(?:[都也]|也都)?(?:没|不|未|拿不)")  # 一分钱都没给
_NO_MONEY_BEFORE: Final = re.compile(
    r"(?:分之|第|[号楼栋幢座]|单元|门|室|电话|手机|尾号|号码|编号|工号|单号|邮编|车牌|卡号|身份证|热线|分机|转|拨打?|打)[是为]?[:：]?\s*$"
)
_COUNTED: Final = re.compile(
    r"\s*(?:户|人|个|名|位|平|米|公里|里地|度|天|年|月|号|日|点|栋|幢|座|楼|套|辆|次|岁|斤|吨|只|条|家|口|层|单元|室|门"
    r"|%|％|‰|股|分|小时|钟头|瓦|兆|升|毫|字|步|棵|株|亩|公顷|顷|头|张|件|台|遍|趟|倍|折|克|公斤|千米|厘米|平方|立方|秒|周"
    r"|星期|礼拜|季|集|页|班|路|站|中|小|街|巷|弄|院|胡同|村|队|期|届|本|桶|箱|瓶|顿|份|所|道|根|伏|块|毛|角|级|式|环|代|℃)"
)
_OF_MONEY: Final = re.compile(
    r"欠|工资|工钱|薪|钱|款|费|价|押金|定金|订金|赔|退|付|交了|花了|收了|扣|贷|金额|租|提成|奖金|补助|补贴|报销|罚|押|涨|充了|充值"
)
_LINES: Final = re.compile(r"12[0-9]{3}|1[01][0-9]|20[12][0-9]|96[0-9]{3}|95[0-9]{3}")  # 12345, 110, a year
_WRITTEN: Final = re.compile(r"[0-9]{3,6}(?:\.[0-9]{1,2})?")
_CLAUSE: Final = re.compile(r"[,，。;；!！?？\n]")
_SPAN: Final = r"(月|天|年|小时|季度|季|周|星期|人|户|平方米|平米|平|斤|次|度|吨|辆|间)"
_RATE_BEFORE: Final = re.compile(
    rf"(?:每个?|(?<![上下这那头后第两三四五六七八九十几半0-9])一个?){_SPAN}(?:的)?(?:工资|房租|租金|物业费|费用|生活费)?"
    r"(?:才|只|就|给|是|要|收|交|扣|发|开|挣|拿|得|涨到?|合|应该|大概|大约|差不多|[,，])*\s*$"
)
_WAGE_BEFORE: Final = re.compile(
    r"(?P<span>[月年日时])(?:薪|工资|租金|租|供)(?:是|为|才|给|只|就|大概|大约|差不多|有)*\s*$"
)
_RATE_BEHIND: Final = re.compile(rf"\s*(?:[/／]|每个?|一个?){_SPAN}(?!多|半|没|都|不)")
_PART_OR_ORDER: Final = re.compile(r"(?:分之|第)\s*$")
_ROW: Final = tuple("0123456789-")
_CENTS: Final = re.compile(rf"([{_DIGIT}0-9])分")
_ROUGHLY: Final = re.compile(r"[多来余]|左右|上下|以[上下内]|出头|不到")
_TOGETHER: Final = re.compile(r"块[了的吧啊呢就都还也才到]")  # 一块就去
_LOOK_BACK: Final = 24  # characters
_SPANS: Final = {"日": "天", "时": "小时", "平米": "平方米", "平": "平方米", "季": "季度", "星期": "周"}


@dataclass(frozen=True, slots=True)
class Money:
    """Yuan: `low` to `high`, the same where one sum was told. `about`: roughly. `per`: 月, 天, 年, 平方米, ...: what
    it is paid for each time; empty: a sum by itself."""

    text: str
    start: int
    end: int
    low: Decimal
    high: Decimal
    about: bool = False
    per: str = ""


def find(text: str, *, asked: bool = False) -> list[Money]:
    """The amounts that `text` names. `asked`: it answers a question for one, so that a bare sum is money."""
    text = numerals.plain(text)
    found: list[Money] = []
    position = 0
    for numeral in numerals.find(text):
        if numeral.start < position:
            continue  # the dimes of the one before
        one = _money(text, numeral, asked)
        if one is not None:
            found.append(one)
            position = one.end
    return found


def spoken_of(text: str) -> bool:
    """Whether money is what the words are about."""
    return bool(_OF_MONEY.search(text) or re.search(r"[元块￥¥]", text))


def _money(text: str, numeral: Numeral, asked: bool) -> Money | None:
    before = text[max(0, numeral.start - _LOOK_BACK) : numeral.start]
    if _PART_OR_ORDER.search(before):
        return None
    if numeral.low == 1 and _NOTHING.match(text, numeral.end):
        return None
    low, high, end = numeral.low, numeral.high, numeral.end
    if yuan := _YUAN.match(text, end):
        if low == 1 and _TOGETHER.match(text, numeral.end):
            return None
        end, small = yuan.end(), Decimal(0)
        if low == high and (rest := _SMALL.match(text, end)):
            end, small = rest.end(), _small(rest)
        low, high = low + small, high + small
    elif dimes := _DIMES.match(text, end):
        end, low, high = dimes.end(), low / 10, high / 10
        if cents := _CENTS.match(text, end):
            end, low, high = cents.end(), low + _hundredth(cents[1]), high + _hundredth(cents[1])
    elif not _BEFORE.search(before) and not _bare(text, numeral, asked):
        return None
    about = numeral.about or bool(_ROUGHLY.match(text, end))
    per, end = _per(text, numeral.start, end)
    return Money(text[numeral.start : end], numeral.start, end, low, high, about, per)


def _small(rest: re.Match[str]) -> Decimal:
    if rest["half"]:
        return Decimal("0.5")
    if rest["cents"]:
        return _hundredth(rest["cents"])
    jiao = DIGITS[rest["jiao"] or rest["short"]]
    return Decimal(jiao) / 10 + (_hundredth(rest["fen"]) if rest["fen"] else 0)


def _hundredth(digit: str) -> Decimal:
    return Decimal(DIGITS[digit]) / 100


def _bare(text: str, numeral: Numeral, asked: bool) -> bool:
    """Whether a number without a word for money is one all the same."""
    words = numeral.text.replace(",", "")
    if _COUNTED.match(text, numeral.end) and not _RATE_BEHIND.match(text, numeral.end):
        return False
    before = text[max(0, numeral.start - _LOOK_BACK) : numeral.start]
    if _NO_MONEY_BEFORE.search(before) or text[numeral.end : numeral.end + 1] in _ROW:
        return False
    written = bool(_WRITTEN.fullmatch(words)) and not _LINES.fullmatch(words) and not before.endswith("-")
    if asked:
        return numeral.large or written
    clause = _CLAUSE.split(before)[-1] + _CLAUSE.split(text[numeral.end : numeral.end + _LOOK_BACK])[0]
    return (numeral.large or written) and bool(_OF_MONEY.search(clause))


def _per(text: str, start: int, end: int) -> tuple[str, int]:
    if behind := _RATE_BEHIND.match(text, end):
        return _SPANS.get(behind[1], behind[1]), behind.end()
    before = text[max(0, start - _LOOK_BACK) : start]
    if wage := _WAGE_BEFORE.search(before):
        return _SPANS.get(wage["span"], wage["span"]), end
    if rate := _RATE_BEFORE.search(before):
        return _SPANS.get(rate[1], rate[1]), end
    return "", end
