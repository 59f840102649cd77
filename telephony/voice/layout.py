"""Layout and marks: headings, list numbers, emphasis, tags; and what the signs between words are called. Pure."""

from __future__ import annotations

import re
from typing import Final

from telephony.voice import numbers
from telephony.voice.rule import HAN, HAN_NUMBER, LIGHT_BREAK, Match, Rule, rule
from telephony.voice.signs import LIST_NUMERALS

_ROMAN_VALUES: Final = {"I": 1, "V": 5, "X": 10}
_TIME_OR_PLACE: Final = "上下早晚中周星次本当凌"
_WORDS: Final = {
    "WIFI": "无线网络", "EMAIL": "电子邮箱", "TEL": "电话", "FAX": "传真", "VS": "对", "QQ": "QQ", "ADD": "地址",
}  # fmt: skip


def _list_numeral(match: Match) -> str:
    return "，" + numbers.cardinal(str(LIST_NUMERALS[match.group()])) + "，"


def _roman(match: Match) -> str:
    total = 0
    values = [_ROMAN_VALUES[letter] for letter in match.group()]
    for value, after in zip(values, [*values[1:], 0], strict=True):
        total += value if value >= after else -value
    return numbers.cardinal(str(total))


def _latin(match: Match) -> str:
    """A word of letters is spelled, but for a few that have a name."""
    letters = match.group().upper()
    return _WORDS.get(letters, letters)


BEFORE: Final[tuple[Rule, ...]] = (
    rule(r"</?[A-Za-z][^<>\n]{0,80}>", ""),
    rule(r"\[([^\]]+)\]\((?:https?://)[^)]*\)|\[([^\]]+)\]（(?:https?://)[^）]*）", lambda m: m[1] or m[2]),
    rule(rf"(?m)^[ ]*(?:#{{1,6}}[ ]+|[-*>][ ]+|·[ ]*|[-*](?=[{HAN}])(?!.[键号]))(?=\D)", ""),
    rule(r"(?m)(?:^|(?<=[；;。！？]))[ ]*(\d{1,2})[.．)）、][ ]*(?=[^\d\s])", lambda m: numbers.cardinal(m[1]) + "，"),
    rule("|".join(map(re.escape, LIST_NUMERALS)), _list_numeral),
    rule(r"\*\*|__|`", ""),
    rule(r"(?<![A-Za-z\d])(?:X{0,2}(?:IX|IV|V?I{1,3}|V)|X{1,2})(?=[类级型期])|(?<![A-Z])I{1,3}(?=度)", _roman),
    rule(rf"(?<=[{HAN_NUMBER}])[○O](?=[{HAN_NUMBER}○O年])", "零"),
    rule(r"第（([一二三四五六七八九十百]+|\d+)）", lambda m: f"第{m[1]}"),
    rule(r"(?i)wi-fi", "WIFI"),
    rule(r"(?i)e-mail", "EMAIL"),
    rule(r"(?i)(?<![a-z])no\.?\s*(?=\d)", "第"),
)  # fmt: skip

AFTER: Final[tuple[Rule, ...]] = (
    rule(r"和/或", "或者"),
    rule(rf"(?<=[{HAN}A-Z])\s*/\s*(?=[{HAN}])", "或"),
    rule(rf"(?<=[年月日号时点分秒元幺{HAN_NUMBER}天])\s*(?:-|—|~)\s*(?=[幺{HAN_NUMBER}{_TIME_OR_PLACE}])", "至"),
    rule(rf"(?<=[{HAN}])\s*~\s*(?=[{HAN}])", "至"),
    rule(rf"(?<=[{HAN}A-Z])\s*→\s*(?=[{HAN}A-Z])", "到"),
    rule(r"#(?=楼|号)", "号"),
    rule(r"#", "井号"),
    rule(r"\*(?=键|号)|(?<=[按])\*", "星"),
    rule(r"井号(?=号)", "井"),
    rule(r"&", "和"),
    rule(r"\+", "加"),
    rule(r"×", "乘"),
    rule(r"÷", "除以"),
    rule(r"≥|>=|≧", "大于等于"),
    rule(r"≤|<=|≦", "小于等于"),
    rule(r"≈", "约等于"),
    rule(r"≠", "不等于"),
    rule(rf"(?<=[{HAN}])\s*=\s*", "等于"),
    rule(rf"(?<=[{HAN}A-Z])\s*>\s*(?=[{HAN}])|>\s*(?=[{HAN_NUMBER}])", "大于"),
    rule(rf"(?<=[{HAN}A-Z])\s*<\s*(?=[{HAN}])|<\s*(?=[{HAN_NUMBER}])", "小于"),
    rule(r"@", "艾特"),
    rule(r"%", "百分号"),
    rule(r"[A-Za-z]+", _latin),
    # Quotation and book marks set the words off a little; brackets are an aside.
    rule(r"[《》「」『』“”‘’\"']", LIGHT_BREAK),
    rule(r"[（）\[\]〔〕]|——+|-{2,}|…+|\.{3,}", "，"),
    rule(r"[:：,]", "，"),
    rule(r";", "；"),
    rule(r"!", "！"),
    rule(r"\?", "？"),
    rule(r"[\r\n]+", "。"),
    rule(r"\.(?=\s|$)", "。"),
    rule(rf"(?<=[幺{HAN_NUMBER}])[^{HAN}A-Z，。、？！；·]+(?=[幺{HAN_NUMBER}])", LIGHT_BREAK),
    rule(rf"[^{HAN}A-Z，。、？！；·]", ""),
    rule(r"[，。、？！；·]{2,}", lambda m: max(m.group(), key="·、，；。！？".index)),
    rule(r"^[，。、？！；·]+|·+$", ""),
)  # fmt: skip
