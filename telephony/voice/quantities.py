"""How much: shares, temperatures, money, units, ranges, fractions and plain numbers. Pure."""

from __future__ import annotations

import re
from typing import Final

from telephony.voice import numbers
from telephony.voice.rule import HAN, LIGHT_BREAK, NOT_INSIDE, NUMBER, RANGE, Match, Rule, rule

_UNITS: Final = {
    "km/h": "公里每小时", "m/s": "米每秒", "km²": "平方公里", "km2": "平方公里", "m²": "平方米", "m2": "平方米",
    "cm²": "平方厘米", "cm2": "平方厘米", "m³": "立方米", "m3": "立方米", "km": "公里", "cm": "厘米", "mm": "毫米",
    "m": "米",
    "kg": "公斤", "mg": "毫克", "μg": "微克", "ug": "微克", "g": "克", "t": "吨", "mL": "毫升", "ml": "毫升", "L": "升",
    "kWh": "千瓦时", "kW·h": "千瓦时", "kwh": "千瓦时", "KWH": "千瓦时", "kW": "千瓦", "kw": "千瓦", "KW": "千瓦",
    "MW": "兆瓦", "W": "瓦", "kV": "千伏", "V": "伏", "mA": "毫安", "A": "安",
    "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫", "dB（A）": "分贝", "dB": "分贝", "db": "分贝",
    "Mbps": "兆", "TB": "T B", "GB": "G B", "MB": "M B", "MPa": "兆帕", "kPa": "千帕",
    "h": "小时", "min": "分钟", "s": "秒",
    "°C": "摄氏度", "°F": "华氏度", "°": "度", "hm²": "公顷", "ha": "公顷", "ppm": "P P M", "mmHg": "毫米汞柱",
    "mmol": "毫摩尔", "kcal": "千卡", "kJ": "千焦",
}  # fmt: skip
_NOT_ALONE: Final = frozenset({"A"})
"""Letters that behind a number are rather part of a code (5A景区)."""
UNIT: Final = "|".join(re.escape(unit) for unit in sorted(_UNITS.keys() - _NOT_ALONE, key=len, reverse=True))
_ENDS: Final = r"(?![A-Za-z\d])"
_MEASURE: Final = numbers.MEASURE_WORDS
_PER: Final = (
    "小时|分钟|秒|天|日|周|月|年|学年|学期|季度|季|次|人|户|家|台|辆|间|套|平方米|平米|立方米|立方|吨|度|千瓦时|公里|千米|"
    "米|升|公斤|千克|斤|克|亩|公顷|个|件|张|份|课时|节|床|位|车|车位|泊位|单|趟"
)
_CURRENCIES: Final = {"$": "美元", "€": "欧元", "£": "英镑"}


def _share(sign: str) -> str:
    return "百分之" if sign == "%" else "千分之"


def _degrees(text: str) -> str:
    return numbers.number(text).replace("负", "零下")


def _amount(text: str) -> str:
    """Money: cents that are all zero are not said."""
    whole, _, fraction = text.partition(".")
    return numbers.counted(text if fraction.strip("0") else whole)


def _range(match: Match) -> str:
    say = numbers.counted if match.lastindex == 3 else numbers.number
    unit = _UNITS[match[3]] if match.lastindex == 3 else ""
    return f"{say(match[1])}至{say(match[2])}{unit}"


def _fraction(match: Match) -> str:
    return f"{numbers.cardinal(match[2])}分之{numbers.cardinal(match[1])}"


WITH_SIGNS: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\d，])(\d{1,3}(?:，\d{3})+)(?=\s*(?:\.\d+)?\s*(?:元|万|亿|%|平方|立方|公里|户|人|个|件|名|辆))",
         lambda m: m[1].replace("，", ",")),
    rule(
        r"(?<![\d.])(\d+(?:\.\d+)?)\s*[xX×*]\s*(\d+(?:\.\d+)?)(?!\d|\.\d)",
        lambda m: f"{numbers.number(m[1])}乘{numbers.number(m[2])}",
    ),
    rule(r"(\d+)\^(\d+)", lambda m: f"{numbers.number(m[1])}的{numbers.number(m[2])}次方"),
    rule(r"±\s*(?=\d)", "正负"),
    rule(r"(?<![\d.])(\d+(?:\.\d+)?)\s*[:：]\s*(\d+(?:\.\d+)?)(?![\d.])",
         lambda m: f"{numbers.number(m[1])}比{numbers.number(m[2])}"),
    # Shares and temperatures.
    rule(r"(?<=[%‰])(?=\d)", LIGHT_BREAK),
    rule(rf"{NOT_INSIDE}(-?(?:{NUMBER}))\s*([%‰])?{RANGE}(-?(?:{NUMBER}))\s*([%‰])",
         lambda m: f"{_share(m[2] or m[4])}{numbers.number(m[1])}至{_share(m[4])}{numbers.number(m[3])}"),
    rule(rf"{NOT_INSIDE}(-?(?:{NUMBER}))\s*([%‰])", lambda m: _share(m[2]) + numbers.number(m[1])),
    rule(rf"{NOT_INSIDE}(-?(?:{NUMBER}))(?:\s*°C)?{RANGE}(-?(?:{NUMBER}))\s*°C",
         lambda m: f"{_degrees(m[1])}至{_degrees(m[2])}摄氏度"),
    rule(rf"{NOT_INSIDE}(-?(?:{NUMBER}))\s*°C", lambda m: _degrees(m[1]) + "摄氏度"),
    rule(r"(\d+)°(\d+)'(?:(\d+)\")?",
         lambda m: f"{numbers.number(m[1])}度{numbers.number(m[2])}分" + (f"{numbers.number(m[3])}秒" if m[3] else "")),
    # Money.
    rule(rf"¥\s*({NUMBER})\s*(万|亿)?元?", lambda m: f"{_amount(m[1])}{m[2] or ''}元"),
    rule(rf"([$€£])\s*({NUMBER})\s*(万|亿)?", lambda m: f"{_amount(m[2])}{m[3] or ''}{_CURRENCIES[m[1]]}"),
    rule(rf"{NOT_INSIDE}(\d[\d,]*\.0+)(?=元)", lambda m: _amount(m[1])),
    # Units written as letters.
    rule(rf"{NOT_INSIDE}({NUMBER}){RANGE}({NUMBER})\s*({UNIT}){_ENDS}(?!/)", _range),
    rule(rf"{NOT_INSIDE}({NUMBER})\s*({UNIT}){_ENDS}", lambda m: numbers.counted(m[1]) + _UNITS[m[2]]),
    rule(rf"正负({NUMBER})\s*({UNIT}){_ENDS}", lambda m: f"正负{numbers.counted(m[1])}{_UNITS[m[2]]}"),
    rule(rf"(?<=[\u4e00-\u9fff])/({UNIT}){_ENDS}", lambda m: "每" + _UNITS[m[1]]),
    rule(rf"(?<=每)({UNIT}){_ENDS}", lambda m: _UNITS[m[1]]),
    rule(rf"({NUMBER})([{HAN}]{{1,3}})\s*/\s*(?={_PER})", lambda m: f"{m[1]}{m[2]}每"),
    rule(rf"(?<=[元米吨斤度升克时])\s*/\s*(?={_PER})", "每"),
)  # fmt: skip

PLAIN: Final[tuple[Rule, ...]] = (
    rule(r"(?<![\d/])(\d{1,3})/(\d{1,4})(?![\d/])", _fraction),
    rule(
        # What names something has no five zeros at its end.
        rf"(?<![\d.,])(?![1-9]\d{{0,4}}0{{5,}}(?!\d))(\d{{7,}})(?!\d|[.,]\d|\s*(?:{_MEASURE}))",
        lambda m: numbers.grouped(m.group(), LIGHT_BREAK),
    ),
    rule(r"(?<!\d)2(?=[居室]|室\d厅)", "两"),
    rule(r"(?<!\d)2(?=年级|季度|代身|代证|栋\s*\d|套房|套住房)", "二"),
    rule(rf"{NOT_INSIDE}({NUMBER}){RANGE}({NUMBER})(?=\s*(?:{_MEASURE}))",
         lambda m: f"{numbers.counted(m[1])}至{numbers.counted(m[2])}"),
    rule(rf"{NOT_INSIDE}({NUMBER}){RANGE}({NUMBER})", _range),
    rule(rf"(?<![\w)）])-({NUMBER})", lambda m: "负" + numbers.number(m[1])),
    rule(rf"(?<!\d)({NUMBER})(?=\s*(?:{_MEASURE}))", lambda m: numbers.counted(m[1])),
    rule(rf"({NUMBER})", lambda m: numbers.number(m[1])),
    rule(r"²", "的平方"),
    rule(r"³", "的立方"),
)  # fmt: skip
