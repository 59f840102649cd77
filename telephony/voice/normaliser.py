"""Written Chinese to what is said aloud: numbers, dates, money, telephone numbers, letters, signs. Pure.

The result holds Chinese characters, capital Latin letters (each to be spelled), the marks ，。、？！； and
`LIGHT_BREAK`, nothing else. Rules run in order, each turns what it knows into characters that no later rule touches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from telephony.voice import numbers

NORMALISER_VERSION: Final = "1"
LIGHT_BREAK: Final = "·"

_Match = re.Match[str]
_Rule = tuple[re.Pattern[str], Callable[[_Match], str]]

_WIDE: Final = {
    ord(wide): chr(ord(wide) - 0xFEE0) for wide in map(chr, range(0xFF01, 0xFF5F)) if wide not in "，！？；：（）"
}
_SIGNS: Final = str.maketrans(
    {
        "〜": "~", "–": "-", "−": "-", "‐": "-", "‑": "-", "㎡": "m²", "㎥": "m³", "㎞": "km", "㎝": "cm",
        "㎜": "mm", "㎏": "kg", "℃": "°C", "º": "°", "\u00a0": " ", "\u3000": " ", "￥": "¥", "【": "（", "】": "）",
        "{": "（", "}": "）", "〈": "《", "〉": "》", "(": "（", ")": "）", "〇": "零", "Ⅰ": "一", "Ⅱ": "二", "Ⅲ": "三",
        "Ⅳ": "四", "Ⅴ": "五", "Ⅵ": "六", "½": "二分之一", "¼": "四分之一", "￼": "",
    }
)  # fmt: skip

_UNITS: Final = {
    "km/h": "公里每小时", "m/s": "米每秒", "km²": "平方公里", "km2": "平方公里", "m²": "平方米", "m2": "平方米",
    "cm²": "平方厘米", "cm2": "平方厘米", "m³": "立方米", "m3": "立方米", "km": "公里", "cm": "厘米", "mm": "毫米",
    "m": "米",
    "kg": "公斤", "mg": "毫克", "μg": "微克", "ug": "微克", "g": "克", "t": "吨", "mL": "毫升", "ml": "毫升", "L": "升",
    "kWh": "千瓦时", "kwh": "千瓦时", "KWH": "千瓦时", "kW": "千瓦", "kw": "千瓦", "KW": "千瓦",
    "MW": "兆瓦", "W": "瓦",
    "kV": "千伏", "V": "伏", "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫", "dB": "分贝", "db": "分贝",
    "Mbps": "兆", "GB": "G B", "MB": "M B", "MPa": "兆帕", "kPa": "千帕", "h": "小时", "min": "分钟", "s": "秒",
    "°C": "摄氏度", "°F": "华氏度", "°": "度", "hm²": "公顷", "ha": "公顷", "ppm": "P P M",
}  # fmt: skip
_UNIT: Final = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NOT_BEFORE: Final = r"(?<![\d.A-Za-z])"
_RANGE: Final = r"\s*(?:-{1,2}|—{1,2}|~|至|到)\s*"
_MEASURE: Final = numbers.MEASURE_WORDS
_SERVICE: Final = r"1(?:10|14|19|20|22|2[3-9]\d{2}|00\d{2,3}|01\d{2,3})|9[56]\d{3,4}"
_QUANTITY_AFTER: Final = rf"(?!\d|\.\d|,\d|\s*(?:{_MEASURE}|平|㎡|余|多|%|‰|{_UNIT}))"
_HAN_NUMBER: Final = "零一二三四五六七八九十百千万亿两"


def _say_range(left: str, right: str, unit: str = "") -> str:
    say = numbers.counted if unit else numbers.number
    return f"{say(left)}至{say(right)}{unit}"


def _spell(text: str) -> str:
    """Letters and digits of a code or an address, one by one."""
    said = []
    for character in text:
        if character.isdigit():
            said.append(numbers.digits(character, one="幺"))
        elif character.isalpha():
            said.append(character.upper())
        else:
            said.append({".": "点", "@": "艾特", "-": "杠", "_": "下划线", "/": "斜杠"}.get(character, LIGHT_BREAK))
    return "".join(said)


def _web_address(match: _Match) -> str:
    address = match["address"].rstrip("./")
    return LIGHT_BREAK + _spell(re.sub(r"(?i)^www\.", "三W点", address)) + LIGHT_BREAK


def _date(match: _Match) -> str:
    return (
        f"{numbers.year(match['year'])}年{numbers.cardinal(str(int(match['month'])))}月"
        f"{numbers.cardinal(str(int(match['day'])))}日"
    )


def _code(match: _Match) -> str:
    """Letters with digits: one short number is said as a number (G6, T3, A4), others digit by digit (G101, AB12C)."""
    parts = re.findall(r"[A-Za-z]+|\d+", match.group())
    short = sum(part.isdigit() for part in parts) == 1 and len(max(parts, key=str.isdigit)) <= 2
    return "".join((numbers.cardinal if short else _digits)(part) if part.isdigit() else part.upper() for part in parts)


def _long_number(match: _Match) -> str:
    return numbers.grouped(match.group(), LIGHT_BREAK)


def _degrees(text: str) -> str:
    return numbers.number(text).replace("负", "零下")


def _digits(text: str) -> str:
    """Digit by digit as in telephone numbers, with 幺."""
    return numbers.digits(text, one="幺")


def _in_groups(*parts: str) -> str:
    return LIGHT_BREAK.join(_digits(part) for part in parts)


def _rule(pattern: str, say: Callable[[_Match], str], flags: int = 0) -> _Rule:
    return re.compile(pattern, flags), say


_RULES: Final[tuple[_Rule, ...]] = (
    # Masked numbers, before their stars are taken for emphasis.
    _rule(r"(?<!\d)(\d{3})\*{3,}(\d{3,4})(?!\d)",
          lambda m: f"{_digits(m[1])}{LIGHT_BREAK}中间隐藏{LIGHT_BREAK}{_digits(m[2])}"),
    # Layout: headings, list marks, emphasis, links; a line is a sentence.
    _rule(r"\[([^\]]+)\]\((?:https?://)[^)]*\)", lambda m: m[1]),
    _rule(r"(?m)^[ \t]*(?:#{1,6}[ \t]+|[-*>•][ \t]+)", lambda m: ""),
    _rule(r"(?m)^[ \t]*(\d{1,2})[.)）][ \t]*(?=\D)", lambda m: numbers.cardinal(m[1]) + "，"),
    _rule(r"\*\*|__|`", lambda m: ""),
    _rule(r"[①-⑳]", lambda m: numbers.cardinal(str(ord(m.group()) - ord("①") + 1)) + "，"),
    _rule(r"https?://(?P<address>[\w.-]+(?:/[\w./?=&%#-]*)?)", _web_address, re.ASCII),
    _rule(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", lambda m: LIGHT_BREAK + _spell(m.group()) + LIGHT_BREAK, re.ASCII),
    _rule(r"(?<![\w.])(?P<address>(?:[A-Za-z0-9-]+\.)+(?:com|cn|org|net|gov)(?:\.cn)?)(?![\w.])",
          _web_address, re.ASCII),
    # Documents: 国办发〔2020〕53号, 第十二条.
    _rule(r"[〔\[（](\d{4})[〕\]）]\s*第?(\d+)\s*号",
          lambda m: f"{numbers.year(m[1])}{LIGHT_BREAK}{numbers.cardinal(m[2])}号"),
    _rule(rf"第\s*(\d+){_RANGE}第?(\d+)", lambda m: f"第{numbers.cardinal(m[1])}至{numbers.cardinal(m[2])}"),
    _rule(r"第\s*(\d+(?:\.\d+)?)", lambda m: "第" + numbers.number(m[1])),
    # Dates and times.
    _rule(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<sign>[-/.])(?P<month>0?[1-9]|1[0-2])(?P=sign)(?P<day>3[01]|[12]\d|0?[1-9])(?!\d)",
          _date),
    _rule(rf"(?<!\d)((?:1[5-9]|20)\d\d)年?{_RANGE}((?:1[5-9]|20)\d\d)(?=年|学年)",
          lambda m: f"{numbers.year(m[1])}至{numbers.year(m[2])}"),
    _rule(r"(?<![\d.])((?:1[0-9]|2[01])\d\d)(?=年|学年)", lambda m: numbers.year(m[1])),
    _rule(r"(?<!\d)0?(\d{1,2})(?=月(?!份额))", lambda m: numbers.cardinal(m[1])),
    _rule(r"(?<=月)\s*0?(\d{1,2})(?=[日号])", lambda m: numbers.cardinal(m[1])),
    _rule(r"(?<![\d:：])([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?![\d:：])",
          lambda m: numbers.clock_time(m[1], m[2], m[3])),
    _rule(r"(?<!\d)(\d+)[xX×](\d+)(?!\d)", lambda m: f"{numbers.number(m[1])}乘{numbers.number(m[2])}"),
    _rule(r"±\s*(?=\d)", lambda m: "正负"),
    _rule(r"(?<!\d)(\d+)\s*[:：]\s*(\d+)(?!\d)", lambda m: f"{numbers.number(m[1])}比{numbers.number(m[2])}"),
    # Telephone numbers and services, digit by digit.
    _rule(r"(?<!\d)(?:\+?86[-\s]?)?(1[3-9]\d)[-\s]?(\d{4})[-\s]?(\d{4})(?!\d)",
          lambda m: _in_groups(*m.groups())),
    _rule(r"(?<!\d)(?:（(0\d{2,3})）|(0\d{2,3})[-\s])\s*(\d{3,4})[-\s]?(\d{4})(?!\d)",
          lambda m: _in_groups(m[1] or m[2], m[3], m[4])),
    _rule(r"(?<!\d)([48]00)-?(\d{3,4})-?(\d{3,4})(?!\d)",
          lambda m: _in_groups(*m.groups())),
    _rule(rf"(?<=[转拨打])\s*(\d{{2,6}}){_QUANTITY_AFTER}", lambda m: _digits(m[1])),
    _rule(rf"(?<![\d.,/:~—-])({_SERVICE}){_QUANTITY_AFTER}(?!\s*[-~/]\s*\d)", lambda m: _digits(m[1])),
    # Rooms and bus lines.
    _rule(r"(?<!\d)(\d{3,4})(?=室|房间|号房|号楼|路(?:公交|车|公共汽车|末班|首班))",
          lambda m: _digits(m[1])),
    # Percentages, temperatures, money.
    _rule(rf"{_NOT_BEFORE}(-?(?:{_NUMBER}))\s*([%‰])?{_RANGE}(-?(?:{_NUMBER}))\s*([%‰])",
          lambda m: f"{_share(m[2] or m[4])}{numbers.number(m[1])}至{_share(m[4])}{numbers.number(m[3])}"),
    _rule(rf"{_NOT_BEFORE}(-?(?:{_NUMBER}))\s*([%‰])", lambda m: _share(m[2]) + numbers.number(m[1])),
    _rule(rf"{_NOT_BEFORE}(-?(?:{_NUMBER}))(?:\s*°C)?{_RANGE}(-?(?:{_NUMBER}))\s*°C",
          lambda m: f"{_degrees(m[1])}至{_degrees(m[2])}摄氏度"),
    _rule(rf"{_NOT_BEFORE}(-?(?:{_NUMBER}))\s*°C", lambda m: _degrees(m[1]) + "摄氏度"),
    _rule(rf"¥\s*({_NUMBER})\s*(万|亿)?元?", lambda m: f"{numbers.counted(m[1])}{m[2] or ''}元"),
    _rule(rf"\$\s*({_NUMBER})\s*(万|亿)?", lambda m: f"{numbers.counted(m[1])}{m[2] or ''}美元"),
    # Units written as letters, then codes of letters and digits.
    _rule(rf"{_NOT_BEFORE}({_NUMBER}){_RANGE}({_NUMBER})\s*({_UNIT})(?![A-Za-z\d])",
          lambda m: _say_range(m[1], m[2], _UNITS[m[3]])),
    _rule(rf"{_NOT_BEFORE}({_NUMBER})\s*({_UNIT})(?![A-Za-z\d])", lambda m: numbers.counted(m[1]) + _UNITS[m[2]]),
    _rule(rf"正负({_NUMBER})\s*({_UNIT})(?![A-Za-z\d])", lambda m: f"正负{numbers.counted(m[1])}{_UNITS[m[2]]}"),
    _rule(rf"(?<=[/每])({_UNIT})(?![A-Za-z\d])", lambda m: _UNITS[m[1]]),
    _rule(r"(?i)PM\s*2\.5", lambda m: "PM二点五"),
    _rule(r"(?i)PM\s*10(?!\d)", lambda m: "PM十"),
    _rule(r"(?<![A-Za-z\d])(?=[\d-]*[A-Za-z])(?=[A-Za-z-]*\d)[A-Za-z\d]+(?:-[A-Za-z\d]+)*(?![A-Za-z\d.])", _code),
    # What is left: fractions, ranges, long numbers, plain numbers.
    _rule(r"(?<![\d/])(\d{1,3})/(\d{1,4})(?![\d/])", lambda m: f"{numbers.cardinal(m[2])}分之{numbers.cardinal(m[1])}"),
    _rule(rf"(?<![\d.,])(\d{{7,}})(?!\d|[.,]\d|\s*(?:{_MEASURE}))", _long_number),
    _rule(rf"{_NOT_BEFORE}({_NUMBER}){_RANGE}({_NUMBER})(?=\s*(?:{_MEASURE}))",
          lambda m: f"{numbers.counted(m[1])}至{numbers.counted(m[2])}"),
    _rule(rf"{_NOT_BEFORE}({_NUMBER}){_RANGE}({_NUMBER})", lambda m: _say_range(m[1], m[2])),
    _rule(rf"(?<![\w)）])-({_NUMBER})", lambda m: "负" + numbers.number(m[1])),
    _rule(rf"({_NUMBER})(?=\s*(?:{_MEASURE}))", lambda m: numbers.counted(m[1])),
    _rule(rf"({_NUMBER})", lambda m: numbers.number(m[1])),
    # Signs.
    _rule(r"和/或", lambda m: "或者"),
    _rule(r"(?<=[元米吨斤度升])\s*/\s*(?=[\u4e00-\u9fff])", lambda m: "每"),
    _rule(r"(?<=[\u4e00-\u9fff])\s*/\s*(?=[\u4e00-\u9fff])", lambda m: "或"),
    _rule(rf"(?<=[年月日号时点分秒元{_HAN_NUMBER}天])\s*(?:-|—|~)\s*(?=[{_HAN_NUMBER}上下早晚中周星])", lambda m: "至"),
    _rule(r"(?<=[\u4e00-\u9fff])\s*~\s*(?=[\u4e00-\u9fff])", lambda m: "至"),
    _rule(r"#(?=楼|号)", lambda m: "号"),
    _rule(r"#", lambda m: "井号"),
    _rule(r"\*(?=键|号)|(?<=[按])\*", lambda m: "星"),
    _rule(r"井号(?=号)", lambda m: "井"),
    _rule(r"&", lambda m: "和"),
    _rule(r"\+", lambda m: "加"),
    _rule(r"[×]", lambda m: "乘"),
    _rule(r"÷", lambda m: "除以"),
    _rule(r"≥|>=", lambda m: "大于等于"),
    _rule(r"≤|<=", lambda m: "小于等于"),
    _rule(r"(?<=[\u4e00-\u9fff])\s*=\s*", lambda m: "等于"),
    _rule(r"(?<=[\u4e00-\u9fffA-Z])\s*>\s*(?=[\u4e00-\u9fff])", lambda m: "大于"),
    _rule(r"(?<=[\u4e00-\u9fffA-Z])\s*<\s*(?=[\u4e00-\u9fff])", lambda m: "小于"),
    _rule(r"@", lambda m: "艾特"),
    _rule(r"[A-Za-z]+", lambda m: m.group().upper()),
    # Quotation and book marks set the words off a little; brackets are an aside.
    _rule(r"[《》「」『』“”‘’\"']", lambda m: LIGHT_BREAK),
    _rule(r"[（）\[\]〔〕]|——+|-{2,}|…+|\.{3,}", lambda m: "，"),
    _rule(r"[:：]", lambda m: "，"),
    _rule(r",", lambda m: "，"),
    _rule(r"[;]", lambda m: "；"),
    _rule(r"!", lambda m: "！"),
    _rule(r"\?", lambda m: "？"),
    _rule(r"[\r\n]+", lambda m: "。"),
    _rule(r"\.(?=\s|$)", lambda m: "。"),
    _rule(r"[^\u3400-\u4dbf\u4e00-\u9fffA-Z，。、？！；·]", lambda m: ""),
    _rule(r"[，。、？！；·]{2,}", lambda m: max(m.group(), key="·、，；。！？".index)),
    _rule(r"^[，。、？！；·]+|·+$", lambda m: ""),
)  # fmt: skip


def _share(sign: str) -> str:
    return "百分之" if sign == "%" else "千分之"


def normalise(text: str) -> str:
    """What is said for this text; empty where nothing in it can be said."""
    text = text.translate(_WIDE).translate(_SIGNS)
    for pattern, say in _RULES:
        text = pattern.sub(say, text)
    return text
