"""The lawful channels (负面清单, 条例 article 11 (2)): what a court, an arbitration or another authority decides.

The hotline names the channel and how to reach it instead of filing an order. A question about how a procedure works is
no such matter.
"""

from __future__ import annotations

import re
from typing import Final

from bot import guard_classifier

_AWARD: Final = re.compile(
    r"(?:仲裁|裁决)(?![^。]{0,12}(?:没|未)(?:有)?(?:出|下|裁))(?=[^。]{0,30}(?:下来|出来|裁决|书|输|赢))[^。]{0,40}"
    r"(?:不服|不认|不接受|不公|不执行|不履行|拒不|不按|赖(?:着|账)|(?:没|不)(?:给|付|赔)(?!我?判))"
)
_CHANNELS: Final = (
    (
        "仲裁",  # an award that is not there yet: nothing for a court
        re.compile(
            r"仲裁[^。]{0,40}(?:裁决书?|结果)(?:到现在|至今|一直|迟迟|[老就也都还总])*(?:没|不|未)有?(?:给|下|出|发|送|见着|拿到|收到)(?!来后)"
        ),
    ),
    (
        "诉讼",  # an award is contested in court, and executed by it
        _AWARD,
    ),
    (
        "行政复议",
        re.compile(
            r"复议|(?:上一?级|上级|上头)(?![^,，。]{0,4}法院)[^,，。]{0,12}(?:再|重新?)(?:给我)?审|(?:不服|不认|不接受)[^。]{0,8}(?:行政处罚|处罚决定|罚款决定|行政决定|认定决定)|(?:处罚|罚款|认定|行政)(?:的)?决定(?:书)?[^,，。]{0,6}(?:不服|不认|申诉)|(?:罚(?:了)?(?:我|款)|处罚|认定)[^。]{0,10}(?:不服|不认可)|(?:不服|不认可)[^。]{0,6}(?:罚|认定)"
        ),
    ),
    (
        "政府信息公开",
        re.compile(
            r"信息公开|依申请公开|政务公开申请|(?:申请|要求|想|让(?:他们|政府|街道)?|请)(?:政府|你们|街道|村里|依法)?公开[^,，。]{0,20}(?:文件|批复|材料|信息|合同|方案|批文|预算|账|标准|资料|档案|名单|图|协议|依据)|(?:文件|批复|批文|材料|档案)[^,，。]{0,8}(?:不给|不肯|拒绝|没有)公开"
            r"|(?:政府|镇里|镇上|街道|规划|批的)[^。]{0,20}(?:方案|批文|批复|红头|文件|报告|图纸)[^。]{0,30}不(?:能|肯|让)?给?看"
        ),
    ),
    (
        "纪检监察",
        re.compile(
            r"(?:领导|干部|书记|村长|村主任|主任|局长|处长|科长|所长|镇长|乡长|区长|县长|会计|公务员|官员|当官的|民警|警察|校长|院长|支书|执法人员|工作人员|公职人员|党员|城管队长|队长)[^。]{0,24}(?:受贿|行贿|贪(?:污|了|腐|钱)|索贿|腐败|收(?:了|受|取)?[^,，。]{0,8}(?:钱|礼|好处|红包|回扣|贿)|要(?:了)?好处|吃拿卡要|拿回扣|拿(?:了)?[^,，。]{0,6}(?:好处|钱|回扣)|以权谋私|公款|挪用|侵吞|包庇|保护伞|优亲厚友|利益输送|勾结|违纪|送礼|吃空饷|买官|(?:装|揣|塞|捞|放|弄)(?:进|到|在|自己|了|个人)*[^,，。]{0,4}(?:兜|口袋|腰包)|往(?:他)?(?:自己|自个儿?|个人)?[^,，。]{0,3}(?:兜|口袋|腰包)[^,，。]{0,3}(?:揣|装|塞|放|捞)|房产来历)"
            r"|贪污|受贿|行贿|贪腐|腐败|纪委|监察委|公款吃喝|违纪违法|(?:给|把)[^,，。]{0,12}(?:名额|低保|指标|补贴|补助|救助款?|款)(?:都|全)?[^,，。]{0,6}(?:给了?|安排给|(?:打|转|划|发|拨)(?:到|给|进)了?)[^,，。]{0,6}(?:亲戚|自己|家人|老丈人|小舅子|小姨子|侄|他(?:家|儿子|媳妇|老婆|爸|妈|哥|弟))"
            r"|(?:镇上|乡里|村里|街道|局里|科里|所里|单位)[^。]{0,20}(?:送|塞)(?:了|他|点)*[^,，。]{0,4}(?:酒|烟|礼|钱|红包|购物卡)[^。]{0,8}(?:才|先|就|再)[^,，。]{0,4}(?:批|办|盖章|通过)"
        ),
    ),
    (
        "仲裁",
        re.compile(
            r"仲裁(?![^。]{0,60}(?:法院|起诉|判决|一审|官司))[^。]{0,50}(?:开庭|立上?了?案)|仲裁(?!委员会在哪|费|员证)[^。]{0,16}(?:不服|结果|裁决|开庭|没动静|催|执行|判|偏|不受理|申请了|已经|还没|拖|怎么还|要去|告)|(?:已经|正在|在|去|要|想|准备|打算)(?:打|走|做|申请|提|提起|去|过)*(?:劳动)?仲裁|仲裁(?:裁决|委)[^,，。]{0,10}(?:不|没|立案|受理)|仲裁(?:员|庭|委)[^。]{0,12}(?:偏|招呼|说说|说一声|催|公正|递|托|通融)"
        ),
    ),
    (
        "诉讼",
        re.compile(
            r"(?:法院|法官|法庭|开庭|一审|二审|再审|终审|判决|起诉|打官司|官司|诉讼|强制执行|执行局|立案庭|上诉|败诉|胜诉)"
        ),
    ),
    (
        "信访",
        re.compile(
            r"(?:已经|正在|一直|在|去|要去|再去|天天|多次|多年)?(?:上访|信访)(?!条例|办法|局在哪|局(?:的)?(?:地址|电话)|制度)"
        ),
    ),
)
_QUESTION: Final = re.compile(
    r"(?:怎么|如何|哪里|哪儿|去哪|需要(?:什么|哪些)|带什么|多少钱|费用|流程|材料|几天|期限|时效|条件|可以吗|能不能|是什么|有什么区别|电话是|地址)"
)
_OWN_CASE: Final = re.compile(
    r"(?:我|我们)[跟和][^,，。]{0,8}(?:仲裁|官司)|递(?:个|句)?话|打(?:个|声)招呼|通融|我(?:的|们的?)?(?:案子|官司|判决|起诉|上诉|申请)|帮(?:我|忙)[^,，。]{0,4}(?:跟|催|问|说)|(?:已经|都|也|刚|被|正在|一直)[^,，。]{0,8}(?:起诉|判|仲裁|复议|上访|信访|立案|开庭|受理|申请)|不服|不认|不同意|不接受|不满意|判(?:错|了|得)|催|不公|偏(?:向|袒)|没(?:人|动静|结果|答复|解决)|我(?:要|想|来)(?:申请|提|去)?(?:行政)?复议|想要复议|(?:要|想|来)?申请(?:政府)?信息公开|申请公开|[我要想][^,，。]{0,3}申请(?:政府|你们|街道|镇里|依法)公开"
)
_ENQUIRY_ONLY: Final = re.compile(
    r"法院(?:在哪|地址|电话|几点|上班)|法律援助|公证|离婚(?:起诉|诉讼)?(?:需要|要)(?:什么|哪些)|起诉(?:书|状)?(?:怎么写|需要|要)(?:什么|哪些)?"
)
_DENIED: Final = re.compile(  # "不是贪污受贿那种": what it is follows, or stood before
    r"(?:不是|并非|不算|谈不上|没说)(?:说|什么|啥|那种|告|举报|反映|有人)*(?:贪污|受贿|行贿|腐败|违纪|打官司|起诉|上访|信访|仲裁)[^,，。;；!！]{0,10}"
)
_HINTS: Final = (
    ("诉讼", re.compile(r"法|官司|诉|判|庭|执行")),
    ("仲裁", re.compile(r"裁")),
    ("行政复议", re.compile(r"复议|罚|不服|决定")),
    ("政府信息公开", re.compile(r"公开|信息|文件|批")),
    ("信访", re.compile(r"访")),
    ("纪检监察", re.compile(r"书记|支书|主任|局|领导|干部|官|村|公务|贪|贿|腐|权|好处|钱")),
)


_PASSED_ON: Final = re.compile(r"推诿|推给|推来推去|互相推|踢皮球|皮球|扯皮|[^,，。]{1,6}推[^,，。]{1,8}部门|不作为")
_FOR_THEMSELVES: Final = re.compile(
    r"书记|支书|村?主任|领导|干部|[局所科处镇乡区县]长|贪|贿|腐|私|(?<!产)权(?!证)|好处|红包|送礼|[烟酒]|亲戚|自家|自己人|小舅子|侄|名额|克扣|挪用|吃拿|冒领|套取|入股|回扣"
)


def channel(text: str) -> str:
    """The lawful channel that a matter belongs to, or an empty string. A mere question about procedure is none."""
    if _ENQUIRY_ONLY.search(text):
        return ""
    text = _DENIED.sub("", text)
    for name, pattern in _CHANNELS:
        named = pattern.search(text)
        if named is None:
            continue
        if name != "纪检监察" and _QUESTION.search(_from_sentence(text, named.start())) and not _OWN_CASE.search(text):
            return ""
        return name
    return ""


def _from_sentence(text: str, place: int) -> str:
    """The sentence around a place, and what follows: what was asked or said before the channel was named (他说爱去哪儿
    告就去哪儿告) is no question about it."""
    return text[max(text.rfind(stop, 0, place) for stop in "。！!？?；;\n") + 1 :]


def likely(text: str) -> str:
    """The likeliest lawful channel of a sentence that is understood to be about one; empty where that would be the
    discipline inspection, and nothing is told that somebody did for themselves: bodies that pass a matter on to one
    another are complained of.
    """
    reader = guard_classifier.channels()
    row = reader.probabilities([text])[0]
    hinted = {name for name, hint in _HINTS if hint.search(text)}
    best = max(zip(reader.labels, row, strict=True), key=lambda pair: pair[1] + 0.2 * (pair[0] in hinted))[0]
    return "" if best == "纪检监察" and _PASSED_ON.search(text) and not _FOR_THEMSELVES.search(text) else best


def court_is_named(text: str) -> bool:
    """Whether nothing but the words for a court speaks for the channel of a lawsuit."""
    return channel(text) == "诉讼" and not _AWARD.search(text)


def enquiry_only(text: str, *, own_case: bool = False) -> bool:
    """A question about how a procedure works, without a case of one's own. `own_case`: there surely is one."""
    asked = not own_case and bool(_QUESTION.search(text)) and not _OWN_CASE.search(text)
    return asked or bool(_ENQUIRY_ONLY.search(text))
