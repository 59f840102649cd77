"""Plain agreement and refusal, by rule: the commonest answers must not depend on a model."""

from __future__ import annotations

import re
from typing import Final, Literal

Answer = Literal["yes", "no"]

_LEAD: Final = re.compile(r"^(?:嗯+|呃+|啊+[?？]?|哦+|噢+|哎+|诶+|那个|这个|那|就|我|我说|[\s,，.。、!！~])+")
_NO: Final = re.compile(
    r"不是|不对|不用|甭|用不着|犯不着|免了|不要|不需要|不必|不想|不行|不可以|没必要|不太对|不同意|不确认|不正确|不准确|不满意|没有|没解决|"
    r"错了|搞错|弄错|别了|算了|不$|^不了$|^不[,，。 ]|^否|^no$|^不好"
)
_YES: Final = re.compile(
    r"^(?:对|是|好|行|可以|要|嗯|没错|没问题|确认|正确|同意|需要|有|成|中|得|妥|没毛病|就这样|就这么|ok|yes|当然|必须|肯定|满意|是的|准确|差不多)",
    re.IGNORECASE,
)
_MURMUR: Final = re.compile(r"^(?:嗯+|啊+|哦+|噢+|唔+|诶+|哎+)[\s,，.。!！~]*$")


def answer(text: str) -> Answer | None:
    """Yes, no, or None where `text` is neither (a correction, a question, something else)."""
    text = text.strip()
    if _MURMUR.match(text):
        return "yes"
    rest = _LEAD.sub("", text)
    if (
        re.search(r"(?:对不对|是不是|行不行|可不可以|能不能|好不好|要不要|吗|呢)[啊呀吧呢]?[?？]?$", rest)
        or "?" in rest
        or "？" in rest
    ):
        return None
    refused = _NO.search(rest)
    agreed = _YES.search(rest)
    if refused and (not agreed or refused.start() <= 1 or refused.start() < agreed.start()):
        if re.match(r"没有(?:问题|错|毛病|别的|其他)", rest):
            return "yes" if not re.match(r"没有(?:别的|其他)", rest) else None
        return "no" if refused.start() <= 4 else None
    return "yes" if agreed else None
