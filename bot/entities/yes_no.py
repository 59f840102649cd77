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
    r"(?<!不)(?<!甭)(?<!不用)(?<!不要)(?<!不需要)(?<!不必)(?<!不想)(?<!别)(?<!无需)(?<!没必要)(?<!用不着)(?<!啥)(?<!什么)(?<!啥好)(?<!么好)(?<!啥可)(?<!么可)保(?:着|点儿?|个|一?下)*密"
    r"(?!协议|局|单位|工作|项目|费|法|柜|条例|啥|什么|干[嘛吗啥]|不保密)|匿(?:名(?!给|信|电话|寄)|去|掉)|(?<!不用)(?<!隐)瞒[着住]点?|嘴严|守口如瓶|(?:不要|[别甭莫]|不准)外(?:泄|传)"
    r"|(?<![特分区级性])[别甭莫](?:让|叫|给|跟|和|对|告诉)(?!我?[讲说提])[^,，。]{0,8}(?:知道|晓得|看(?:[见到]|我)|认出|讲|说(?!话)|提|透|听[见到])"
    r"|(?<![特分区级性])[别甭莫](?:跟|和|给|对)?(?:透露|泄露|暴露|公开|外传|往外(?:说|传)|告诉)|[别甭莫](?:直接)?(?:说|提|写)(?:出去)?(?:是)?(?:我|俺|咱)"
    r"|[别甭莫]把(?:我|俺)[^,，。]{0,4}(?:说|供|抖|露|透|卖|捅)"
    r"|(?:不想|不愿意?|不希望|不敢|不便|不方便|(?<!能)不能|不要|勿)(?:(?:让|叫|被|给|跟)[^,，。]{0,8}(?:知道|晓得|认出|看[见到]|听说)|告诉|透露|暴露|公开)"
    r"|(?:不希望|不想|不愿意?)[^,，。我]{1,6}(?:知道|晓得)|(?:名字|姓名|电话|号码|信息)[^,，。]{0,3}不(?:要|能|许)?给|(?:隐去|隐掉|隐藏|隐瞒|抹[掉去]|遮住)[^,，。]{0,4}(?:我|信息|名字|姓名|电话|身份|门牌)|把我的?[^,，。]{0,6}(?:隐|抹|遮)"
    r"|怕[^,，。]{0,8}?(?:家|们)?(?:打击)?(?:报复|穿小鞋|找(?:上门|我|后账|麻烦)|认出|打击|知道是我)"
    r"|不(?:可以|能|要|准|许)把?(?:我的?)?(?:电话|名字|信息|号码)[^,，。]{0,3}给"
    r"|(?:怕|怎么能|怎么敢|哪能|哪敢)(?:让|叫|被)[^,，。]{0,6}(?:知道|晓得|认出|看[见到])|(?:可以|能)[^,，。]{0,2}不(?:告诉|提|说)(?:我|他|她|对方)"
    r"|(?:我的?)?(?:名字|电话|信息|身份)[^,，。]{0,6}(?:[别甭莫]|不要|不能)(?:给|让|写|露|告诉|外传|透|公开)"
)
# In an answer alone: who may learn of it, and what the citizen has to fear if others do.
_KEPT_FROM_THEM: Final = re.compile(
    r"(?:不想|不愿意?|不希望|不敢|(?<!能)不能|不要|千万别)(?:让|叫|被|给)|不公开|谁也[别甭莫]|不能(?:说|讲|提)(?:是|出|$|[,，。])|猜不到|认不出|^最好(?!不)"
    r"|只(?:给|让|许|能|有|准)[^,，。]{0,10}(?:看|知道|晓得)(?!我)|(?:你们|工作人员)[^,，。]{0,4}知道(?:就行|就好|就可以|可以)"
)
_FEARS: Final = re.compile(
    r"(?<!不)(?:不敢|害怕|得罪|惹(?:麻烦|不起|事|祸)|撕破脸|低头不见抬头见|穿小鞋|报复)"
    r"|(?:知道|晓得)(?:了|是我)?[^。]{0,6}(?:非|就|肯定|准|会|得|该|要)[^。]{0,8}(?:找|没法|完|开|辞|麻烦|报复|收拾|骂|打|赶|撵|轰|难办|难做|不好)"
    r"|(?:一|同一?)个(?:厂|单位|公司|楼|院|小区|村|班|学校|部门)|邻里关系|我(?:还)?租[他她]们?(?:家)?的?房|还(?:在|得|要|指着)[^,，。]{0,10}(?:上班|班上|上学|读书|念书|干活|干呢|住|租|打交道|见面|相处|混)"
)
_TOLD_TO_US: Final = re.compile(
    r"(?:^|[,，。;；])(?!我|俺|咱|请)[^,，。;；]{0,8}(?:说|声称|要求|规定|强调|嘱咐)(?!我)[^,，。;；]{0,8}$|(?:让|叫|要求|威胁|警告|吓唬)(?:[我俺咱]|员工|工人|家长|学生|业主|大家)们?[^,，。]{0,4}$"
)
_NEED_NOT: Final = re.compile(
    r"(?:不|甭|不用|不要|不需要|不必|没必要|没那必要|用不着|犯不着|无需|不要求|不想)(?:给我|替我|再|跟他们|特别|特意|刻意|专门)?(?:保密)|没(?:啥|什么|有什么)(?:可|好|要|需要)?(?:保密|瞒|怕)|有(?:啥|什么)(?:可|好)?保密"
    r"|(?:不|没)(?:在意|所谓)|无所谓|都行|随便|都可以|不用|不需要|不必|没事儿?|没关系|不怕|(?<![别甭莫不要能])公开|实名|用不着|不介意|不在乎|(?<!别)(?<!不)怕什么|爱谁谁|甭(?!让|叫|给|跟|和|对|告诉|透|说|提|把)|免了|该怎么办怎么办|没(?:那|这)?个?(?:什么|啥)?必要|有(?:什么|啥)(?:好|可)怕|不[太大](?:用|需要)"
    r"|(?:早就?|都|已经|本来就)(?:知道|认识|晓得)(?:是)?我|知道(?:了|是我)?(?:就知道|又(?:怎|能|如何)|也(?:没|不|行|好|无)|就算)"
    r"|(?<![怕能敢别甭莫要被])让[他她]们?知道(?!了?(?:会|就|肯定|准|非|得|该))"
    r"|(?<!不)(?:可以|能|直接|尽管)(?:跟|和|对)(?:他|她|对方|物业|老板)们?(?:讲|说|提)|就说是我|(?<![别甭莫不])(?:直接|可以|你们)(?:就|也|直接)?(?:说|告诉)[^,，。]{0,4}(?:是我|他|她|对方)|告诉(?:他|她|对方)们?(?:也|就|都)?(?:行|没事|可以|好)"
    r"|(?:让|叫|请)(?:他|她|对方|物业|商家|老板|店家?|公司|单位)们?(?:可以|就|直接|来|自己|主动|跟我|给我|和我)+(?:联系|找|打|说|谈)|[让叫请][^,，。]{1,6}(?:打我|联系我|找我谈)|(?<!不)(?:可以|能)(?:把|给)[^,，。]{0,8}(?:他|她|对方)"
    r"|不(?:避讳|忌讳|碍事|打紧|妨事)|真名|(?:该|爱)(?:咋|怎么)[^,，。]{0,3}(?:办|着|来)|实话实说|随(?:你|您|他|她|意)|(?:本来|早)就?有我|(?<!不)(?:可以|能)(?:公布|透露|披露)|藏着掖着|遮遮掩掩"
    r"|光明正大|正大光明|行得正|身正|怕(?:啥|谁|个)|(?:正常|照常|按正常)[^,，。]{0,4}(?:处理|走|办|来)"
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
    if _FEARS.search(text):
        return True
    plain = answer(text)
    return None if plain is None else plain == "yes"


def wishes_secrecy(text: str) -> bool | None:
    """The same in words that nobody asked for: only what names secrecy counts, and not what others told the citizen."""
    if _NEED_NOT_NAMED.search(text):
        return False
    keep = [found for found in _KEEP_SECRET.finditer(text) if not _TOLD_TO_US.search(text[: found.start()])]
    return True if keep else None
