"""Plain agreement and refusal, by rule: the commonest answers must not depend on a model.

`answer` reads an answer to a yes-no question; `confidential` reads one to "shall your identity be kept secret?", where
无所谓 means no and 别让人知道 means yes.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Answer = Literal["yes", "no"]

_LEAD: Final = re.compile(r"^(?:嗯+|呃+|啊+|哦+|噢+|哎+|诶+|那个|这个|那|就|我|我说|[\s,，.。、!！~])+")
_NO: Final = re.compile(
    r"不是|不对|不用|甭|用不着|犯不着|免了|不要|不需要|不必|不想|不行|不可以|没必要|不太对|不同意|不确认|不正确|不准确|不满意|没有|没解决|"
    r"错了|搞错|弄错|别了|算了|不$|^不[,，。 ]|^否|^no$|^不好"
)
_YES: Final = re.compile(
    r"^(?:对|是|好|行|可以|要|嗯|没错|没问题|确认|正确|同意|需要|有|成|中|得|妥|没毛病|就这样|就这么|ok|yes|当然|必须|肯定|满意|是的|准确|差不多)",
    re.IGNORECASE,
)
_MURMUR: Final = re.compile(r"^(?:嗯+|啊+|哦+|噢+|唔+|诶+|哎+)[\s,，.。!！~]*$")
# A wish in words that name secrecy, or who must not learn of it, wherever it is said. Southern speakers say 莫 for 别.
_KEEP_SECRET: Final = re.compile(
    r"(?<!不)(?<!甭)(?<!不用)(?<!不要)(?<!不需要)(?<!不必)(?<!不想)(?<!别)(?<!无需)(?<!没必要)(?<!用不着)保(?:着|点儿?|个)*密"
    r"(?!协议|局|单位|工作|项目|费|法|柜|条例)|匿名"
    r"|(?<![特分区级性])[别甭莫](?:让|叫|给|跟|和|对|告诉)(?!我?[讲说提])[^,，。]{0,8}(?:知道|晓得|看[见到]|认出|讲|说(?!话)|提|透|听[见到])"
    r"|(?<![特分区级性])[别甭莫](?:跟|和|给|对)?(?:透露|泄露|公开|往外(?:说|传)|告诉)|[别甭莫](?:说|提|写)(?:出去)?(?:是)?(?:我|俺|咱)"
    r"|[别甭莫]把(?:我|俺)[^,，。]{0,4}(?:说|供|抖|露|透|卖|捅)"
    r"|(?:不想|不愿意?|(?<!能)不能|不要)(?:(?:让|叫|被|给|跟)[^,，。]{0,8}(?:知道|晓得|认出|看[见到]|听说)|告诉|透露|暴露|公开)"
    r"|怕[^,，。]{0,8}?(?:家|们)?(?:打击)?(?:报复|穿小鞋|找(?:上门|我|后账|麻烦)|认出|打击|知道是我)"
    r"|(?:我的?)?(?:名字|电话|信息|身份)[^,，。]{0,6}(?:[别甭莫]|不要|不能)(?:给|让|写|露|告诉|外传|透|公开)"
)
_KEPT_FROM_THEM: Final = re.compile(r"(?:不想|不愿意?|(?<!能)不能|不要|千万别)(?:让|叫|被|给)")  # in an answer alone
_TOLD_TO_US: Final = re.compile(
    r"(?:让|叫|要求|威胁|警告|吓唬)(?:[我俺咱]|员工|工人|家长|学生|业主|大家)们?[^,，。]{0,4}$"
)
_NEED_NOT: Final = re.compile(
    r"(?:不|甭|不用|不要|不需要|不必|没必要|没那必要|用不着|犯不着|无需|不要求|不想)(?:给我|替我|再|跟他们)?(?:保密)|没(?:啥|什么|有什么)(?:可|好|要|需要)?(?:保密|瞒|怕)"
    r"|(?:不|没)(?:在意|所谓)|无所谓|都行|随便|都可以|不用|不需要|不必|没事儿?|没关系|不怕|(?<![别甭莫不要能])公开|实名|用不着|不介意|不在乎|(?<!别)(?<!不)怕什么|爱谁谁|甭(?!让|叫|给|跟|和|对|告诉|透|说|提|把)|免了|该怎么办怎么办|没必要"
)
_NEED_NOT_NAMED: Final = re.compile(
    r"(?:不用|不要|不需要|不必|无需|没必要|用不着|甭)(?:给我|替我)?保密|实名(?!制|登记|认证)|可以公开|不怕(?:他|她|人|对方)[^,，。]{0,4}知道"
)


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


def confidential(text: str) -> bool | None:
    """Whether the citizen wants to be kept secret, as an answer to that question; None where the text does not tell."""
    need_not = _NEED_NOT.search(text)
    keep = _KEEP_SECRET.search(text) or _KEPT_FROM_THEM.search(text)
    if keep and not (need_not and need_not.start() <= keep.start() and ("密" in need_not.group())):
        return True
    if need_not:
        return False
    plain = answer(text)
    return None if plain is None else plain == "yes"


def wishes_secrecy(text: str) -> bool | None:
    """The same in words that nobody asked for: only what names secrecy counts, and not what others told the citizen."""
    if _NEED_NOT_NAMED.search(text):
        return False
    keep = [found for found in _KEEP_SECRET.finditer(text) if not _TOLD_TO_US.search(text[: found.start()])]
    return True if keep else None
