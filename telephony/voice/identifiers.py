"""What names a thing and is read sign by sign: telephone numbers, web addresses, documents, plates, codes. Pure."""

from __future__ import annotations

import re
from typing import Final

from telephony.voice import numbers
from telephony.voice.quantities import UNIT
from telephony.voice.rule import LIGHT_BREAK, RANGE, Match, Rule, in_groups, rule, spelled

_SERVICE: Final = r"1(?:10|14|19|20|22|2[3-9]\d{2}|21(?:21|17)|00(?:01|10|50|86)|06\d{2}|01\d{3})|9[56]\d{3,4}"
_MEASURE: Final = numbers.MEASURE_WORDS
_QUANTITY_AFTER: Final = rf"(?!\d|\.\d|,\d|\s*(?:{_MEASURE}|平|余|多|%|‰|{UNIT}))"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_NAMES_A_CODE: Final = (
    "尾号|编号|单号|工号|学号|账号|卡号|证号|案号|批号|订单|房号|门牌号|密码|验证码|查询码|跟踪码|校验码|邮编|邮政编码|"
    "编码|代码|车牌|车号|微信|微信号|QQ|QQ号|分机|分机号|信箱"
)
_CODE_SIGNS: Final = {
    ".": "点", "@": "艾特", "-": "杠", "_": "下划线", "/": "斜杠", "?": "问号", "=": "等于", "%": "百分号", "#": "井号",
    "&": "和", "+": "加",
}  # fmt: skip
_GROUP_FROM: Final = 9
"""Codes of this length are read in groups of four."""


def _signs(text: str) -> str:
    """Letters and digits one by one, the signs between them by name."""
    said = []
    for character in text:
        if character.isdigit():
            said.append(spelled(character))
        elif character.isalpha():
            said.append(character.upper())
        else:
            said.append(_CODE_SIGNS.get(character, LIGHT_BREAK))
    return "".join(said)


def _web_address(match: Match) -> str:
    address = match["address"].rstrip("./?&#")
    return LIGHT_BREAK + re.sub(r"^WWW点", "三W点", _signs(address)) + LIGHT_BREAK


def _standard(match: Match) -> str:
    """GB/T 33358-2016: the number digit by digit, the year behind a break."""
    body = "".join(spelled(part) if part.isdigit() else "点" for part in re.findall(r"\d+|\.", match["number"]))
    prefix = "".join(spelled(sign) if sign.isdigit() else sign for sign in match["name"].replace("/", "").upper())
    year = LIGHT_BREAK + numbers.year(match["year"]) if match["year"] else ""
    return f"{prefix}{LIGHT_BREAK}{body}{year}"


def _plate(match: Match) -> str:
    return f"{match[1]}{match[2].upper()}{LIGHT_BREAK}{_signs(match[3])}"


def _identity_number(match: Match) -> str:
    """The citizen's number: six digits of the place, the birthday, the rest (GB 11643)."""
    text = match.group()
    return LIGHT_BREAK.join(_signs(part) for part in (text[:6], text[6:10], text[10:14], text[14:]))


def _code(match: Match) -> str:
    """Letters with digits: one short number is said as a number (G6, T3, A4), others digit by digit (G101, AB12C)."""
    text = match.group().replace("-", "")
    if len(text) >= _GROUP_FROM:
        letters = re.match(r"[A-Za-z]{1,3}(?=\d)", text)
        head = letters.group() if letters else ""
        rest = text[len(head) :]
        groups = [rest[start : start + 4] for start in range(0, len(rest), 4)]
        return LIGHT_BREAK.join(_signs(part) for part in ([head] if head else []) + groups)
    parts = re.findall(r"[A-Za-z]+|\d+", match.group())
    short = sum(part.isdigit() for part in parts) == 1 and len(max(parts, key=str.isdigit)) <= 2
    return "".join((numbers.cardinal if short else spelled)(part) if part.isdigit() else part.upper() for part in parts)


def _joined_by_dashes(match: Match) -> str:
    """3-2-501: three numbers are no range."""
    return "杠".join(numbers.cardinal(part) if len(part) < 3 else spelled(part) for part in match.group().split("-"))


def _not_rising(match: Match) -> str:
    """6512-3456: no range runs downwards, so it names something."""
    left, right = match[1], match[2]
    if len(left) >= 3 and int(left) > int(right):
        return in_groups(left, right)
    return match.group()


MASKED: Final[tuple[Rule, ...]] = (  # before the stars are taken for emphasis
    rule(r"(?<!\d)(\d{3,6})\*{3,}(\d{2,4}[Xx]?)(?!\d)",
         lambda m: f"{spelled(m[1])}{LIGHT_BREAK}中间隐藏{LIGHT_BREAK}{_signs(m[2])}"),
)  # fmt: skip

ADDRESSES: Final[tuple[Rule, ...]] = (
    rule(r"(?i)https?://(?P<address>[\w.-]+(?:/[\w./?=&%#-]*)?)", _web_address, re.ASCII),
    rule(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", lambda m: LIGHT_BREAK + _signs(m.group()) + LIGHT_BREAK, re.ASCII),
    rule(r"(?i)(?<![\w.])(?P<address>(?:[a-z0-9-]+\.)+(?:com|cn|org|net|gov)(?:\.cn)?(?:/[\w./?=&%#-]*)?)(?![\w.])",
         _web_address, re.ASCII),
)  # fmt: skip

DOCUMENTS: Final[tuple[Rule, ...]] = (
    rule(r"[〔\[（](\d{4})[〕\]）]\s*第?(\d+)\s*号",
         lambda m: f"{numbers.year(m[1])}{LIGHT_BREAK}{numbers.cardinal(m[2])}号"),
    rule(r"(?i)(?<![A-Z\d])(?P<name>(?:GB|DB\d{2,4}|JGJ|CJJ|GA|HJ|YY|WS|CJ|JG|JT|QB|SB|NY|DL|YD|MZ|CECS|ISO|IEC)(?:/[TZ])?)\s*"
         r"(?P<number>\d{2,6}(?:\.\d+)?)(?:\s*[-—]+\s*(?P<year>(?:19|20)\d\d))?(?![\d.])", _standard),
    rule(rf"第\s*(\d+){RANGE}第?(\d+)", lambda m: f"第{numbers.cardinal(m[1])}至{numbers.cardinal(m[2])}"),
    rule(r"第\s*(\d{3,4})(?=中学|小学|医院)", lambda m: "第" + spelled(m[1])),
    rule(r"第\s*(\d+(?:\.\d+)?)", lambda m: "第" + numbers.number(m[1])),
)  # fmt: skip

NUMBERS: Final[tuple[Rule, ...]] = (
    rule(rf"([{_PROVINCES}])([A-Za-z]{{1,2}})[· ]?((?=[A-Za-z\d]*\d)[A-Za-z\d]{{4,6}})(?![A-Za-z\d])", _plate),
    rule(r"(?<![\dA-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])",
         _identity_number),
    # Telephone numbers and services, digit by digit.
    rule(r"(?<!\d)(?:\+86[-\s]?|86[-\s])?(1[3-9]\d)[-\s]?(\d{4})[-\s]?(\d{4})(?!\d)", lambda m: in_groups(*m.groups())),
    rule(rf"(?<!\d)(0\d{{2,3}})[-\s]({_SERVICE})(?!\d)", lambda m: in_groups(*m.groups())),
    rule(r"(?<!\d)(?:（(0\d{2,3})）|(0\d{2,3})[-\s])\s*(\d{3,4})[-\s]?(\d{4})(?!\d)",
         lambda m: in_groups(m[1] or m[2], m[3], m[4])),
    rule(r"(?<!\d)([48]00)[-\s]?(\d{3,4})[-\s]?(\d{3,4})(?!\d)", lambda m: in_groups(*m.groups())),
    rule(r"(?<![\d.,])(\d{4})-(\d{4})(?![\d.,-]|\s*(?:[元年人个]|\d))", _not_rising),
    rule(rf"(?<=[转拨打])\s*(\d{{2,6}}){_QUANTITY_AFTER}", lambda m: spelled(m[1])),
    rule(rf"(?<![\d.,/~—-])(?<!\d[:：])({_SERVICE}){_QUANTITY_AFTER}(?!\s*[-~/]\s*\d)", lambda m: spelled(m[1])),
    rule(rf"((?:{_NAMES_A_CODE})[是为:：\s“]*)(\d{{3,6}})(?!\d|\.\d)", lambda m: m[1] + spelled(m[2])),
    rule(r"(?<![\d.-])\d{1,4}(?:-\d{1,4}){2,}(?![\d.-])", _joined_by_dashes),
    # Rooms, bus lines, places that have a number for a name.
    rule(r"(?<!\d)(\d{3,4})(?=室|房间|号房|号楼|路|中学)", lambda m: spelled(m[1])),
    rule(r"(单元|号楼|[栋座幢])\s*(\d{3,4})(?!\d|\.\d|,\d)", lambda m: m[1] + spelled(m[2])),
    rule(r"(?<!\d)(30[1-9]|26[13])(?=医院)", lambda m: spelled(m[1])),
    rule(r"(?<!\d)(798|751|618|315|996|985|211)(?=艺术区|园区|大促|购物节|活动|晚会|消费者|工作制|高校|院校|工程)",
         lambda m: spelled(m[1])),
    rule(r"(?<![\d.])\d{1,4}(?:\.\d{1,4}){2,}(?![\d.])",
         lambda m: "点".join(numbers.digits(part) for part in m.group().split("."))),
    rule(r"(?<=\d)#(?!键)(?=[\s，。、；\d单楼号栋院]|$)", "号"),
)  # fmt: skip

CODES: Final[tuple[Rule, ...]] = (
    rule(r"(?i)PM\s*2\.5", "PM二点五"),
    rule(r"(?i)PM\s*10(?!\d)", "PM十"),
    rule(r"(?<![A-Za-z\d])[vV](\d+(?:\.\d+)+)", lambda m: "V" + "点".join(map(numbers.digits, m[1].split(".")))),
    rule(r"(?<![A-Za-z\d])(?=[\d-]*[A-Za-z])(?=[A-Za-z-]*\d)[A-Za-z\d]+(?:-[A-Za-z\d]+)*(?![A-Za-z\d.])", _code),
)  # fmt: skip
