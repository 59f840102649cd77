"""What kind of matter a citizen's words are, and which request type: by the words for it, by the readers of intents, by
what is told to be wrong."""

from __future__ import annotations

import re
from typing import Final

from bot import guards, intake, reading, secrecy, splitting
from bot.decision import Understood
from bot.policy.talk import Talk
from workorders import deadlines

REQUESTS: Final = ("complain", "report", "help", "suggest", "praise")
_TYPE_OF: Final = {
    "complain": "投诉",
    "report": "举报",
    "help": "求助",
    "suggest": "建议",
    "praise": "表扬",
    "consult": "咨询",
}
_STORY: Final = 12  # characters: fewer may be the mere name of what is asked about (居住证办理)
_SURE: Final = 0.85  # of the reader of intents: then no words that it may have overlooked are looked for
_LONG_STORY: Final = 40  # characters
_END_COUNTS: Final = 1 / 3  # its end beside the whole: many who tell what went wrong end by asking whose business it is
DENIED: Final = re.compile(
    r"(?:不是|不想|并不是|没想|不算|(?<!再)不(?=投诉|举报))(?:要|来|在|想)?(?:投诉|举报|表扬|建议|咨询|提(?:什么)?意见|告状)(?:啊|的|吧)?"
    r"|想问(?:一下)?[啊呢]?[,，]不是[,，]"
    r"|(?:没|没有|怕|怕被|担心|担心被)(?:谁|人|别人|邻居)?(?:来)?(?:投诉|举报)(?:我们?|咱们?|我家)?(?:的|吧)?"
)
_CUES: Final = (
    (
        "praise",
        re.compile(
            r"表扬|说(?:一|两|几)?句好话|(?:给|替)(?:他|她|他们|人家)?记(?:一笔|[个一]?功)|点个?赞|夸(?:一?夸|奖|人(?:来|的|[,，。])|[一几]?[个位]人?[,，])|(?:^|(?<=[\s,，。;；:：]))(?:我)?(?:想|要|先)?夸的[是呢](?!.*(?:投诉|举报|骗|结果|当初|才知道))|锦旗|感谢信|(?:想|要|得)(?:给|跟|和|向)[^,，。]{1,12}[说道](?:一?[声句个])?(?:谢|感谢)(?!.*(?:投诉|举报))|(?:要|想|得|特别|非常|特意|专门)(?:感谢|谢谢[那这他她人咱])(?!.*(?:投诉|举报))"
        ),
    ),
    ("report", re.compile(r"举报|检举|揭发")),
    ("complain", re.compile(r"投诉|告(?:他们|它)(?!诉)")),
    (
        "suggest",
        re.compile(
            r"(?:^|(?<=[\s,，。!！?？我俺咱想要来们啊呢]))(?:提|有)(?:一)?(?:个|条|点)?(?:小)?(?:建议|意见)|^(?:我)?建议|建议(?:你们|政府|咱们|在|把|增|加|开|设|能)"
        ),
    ),
    ("help", re.compile(r"^(?:我)?(?:想|要|来)?求助(?!热线|电话|平台|站|中心)")),
    ("consult", re.compile(r"^(?:我)?(?:想|要|来)?咨询|纯(?:粹)?(?:是|就是)?(?:想)?(?:问|打听|咨询)")),
)
# A question that expects no answer: whoever puts it complains.
_RHETORICAL: Final = re.compile(
    r"(?:^|(?<=[\s,，。!！?？]))[^\s,，。!！?？]{0,6}(?:不就(?:是|等于|成)|不是明摆着|难道)[^,，。!！?？]{0,20}(?:吗|嘛|么|呢)?[?？!！。]*"
    r"|(?:^|(?<=[\s,，。!！?？]))[^\s,，。!！?？]{0,4}(?:凭(?:什么|啥)|还有没有(?:王法|天理|人管)|还讲不讲(?:道?理))[^,，。!！?？]{0,16}[?？!！。]*"
)
# "怎么又停电了" asks nothing.
_HOW_COME: Final = re.compile(r"(?:怎么|咋)(?=(?:又|还不|还没|老是?|总是?|天天|一直)(?!能|会|要))")
_REMAINS: Final = 10  # characters of a story beside such a question
_WRONGDOING: Final = re.compile(
    r"扰民|捂着不|瞒(?:着|报)|糊弄|拖欠|欠(?:薪|工资|我们|钱)|不给(?:退|发|修|钱|办)|不退|骗|乱(?:收费|停|扔|倒|堆|涨)|违(?:法|建|规|停)|占(?:道|用|了)|无证|偷(?:排|倒|工)|坑人|宰客|态度(?:差|恶劣|不好)|骂(?:我|人)|推诿|不作为|强制|霸王|绕路|拒载|缺斤|假(?:货|酒|烟|药)|过期|跑路|噪音|吵得|太吵|半夜(?![^,，。]{0,8}(?:停|没[水电气]|断|坏|漏|爆|刮))|轰隆|嗡嗡|震得|熏|宰人|宰客|甩站|不停(?:车|站)|插队|插(?:了)?队|赖账|不认账|抢占|打桩|油烟|私(?:搭|拆|装)|偷|(?:滴|流|溅|漏)(?:到|在|进)我|堵(?:了|住|着)?[^,，。]{0,3}(?:盲道|通道|门口?|路口|出入口|楼道)|[吃喝]出(?!来)|找[他她它]们?[^,，。]{0,4}(?:不管|不理|不听|不认)"
)
# Offences of which anybody may tell; with a loss of the citizen's own beside it, it is a complaint.
_OFFENCE: Final = re.compile(
    r"(?:无|没有?|未)[^,，。]{0,6}(?:许可证?|执照|证照|资质|备案)|无[证照]|[偷逃漏]税|(?:私|违规|违法)[^,，。]{0,2}[搭建盖](?!议)|违建|外扩|隔断|隔成|开墙打洞|群租|承重墙"
    r"|赌[场博]|地沟油|偷排|(?:乱|偷)倒[^,，。]{0,4}(?:渣土|垃圾|废)|假冒|传销|非法|骗(?:取)?(?:补贴|补助|低保|医保)|电鱼|盗[采伐]"
)
_WE: Final = r"(?:你们|您们?|政府|(?:有关|相关)部门|上[边头面])[^,，。]{0,6}"
_SHALL_ACT: Final = re.compile(
    rf"(?:让|求|希望|盼着?|要求){_WE}(?:查一?查?[他她它这那]|查处|管管|管一管|处理|整治|治治|罚|派人|来人|给个说法|(?:协调|解决)(?!方案|办法))"
    r"|(?:^|(?<=[\s,，。;；!！?？]))(?:[您你]们?|政府)?能(?:不能)?(?:来|派(?:个)?人)?(?:管一?管|治一?治|查一?查)(?!得)[^\s,，。;；!！?？]{0,12}[吗么不吧][?？\s,，。]"
)
_WILL_DO_IT: Final = re.compile(  # "whose number is that? I call them myself": an answer is all that is wanted
    r"(?:(?:电话|号码)(?:是)?多少|归谁管|归哪|归你们还是|(?:找|打给?)哪(?:个|家)|哪儿(?:能)?办|怎么(?:打|联系))[^。!！]{0,14}"
    r"(?<![让叫是次能得要])我(?:们)?自己(?:去|来|再|会)?(?:打|拨|办|申请|投诉|申诉|联系|问)"
    r"(?:就行|就好|就成|吧|去|电话|一趟|他们)*(?=[\s,，。;；!]|$)"
)
_ASKS_A_RULE: Final = re.compile(  # at the end of a story: "...does the insurance pay for it?"
    r"(?:给报不给报|给不给报|报不报|能不能报|给报(?:销)?(?:吗|么|不)|能报(?:销)?(?:吗|么|不)|可以报(?:销)?(?:吗|么|不)|报得了吗|报销不报销)(?:销)?[啊呀呢吗哪]*"
    r"(?:[,，][^,，。;；?？]{0,12}|[?？][^。;；?？]{0,16})?[?？。!！\s]*$"
)
_BEGINS_ASKING: Final = re.compile(
    r"^(?:[^,，。]{0,4}[,，]){0,2}[^,，。]{0,4}(?:我)?(?:想|要|先|来)?(?:咨询|打听|请教)(?:您|你们?)?(?:一?[下个句]|点)"
)
_WHERE_TO_APPLY: Final = re.compile(  # 卡丢了上哪儿补去; 我替他补一张，行不行
    r"(?:我|[替给帮][^,，。]{1,3})[^,，。]{0,6}(?:补|办|领|换|交|迁|转|取|申请|报)[^,，。]{0,6}[,，]?(?:[行成]不[行成]|[行成]吗|可以吗|可不可以)|(?:[上去到在]哪(?:儿|里|个)?|怎么|咋|如何)[^,，。]{0,4}(?:补办?|办理?|领|换|挂失|[缴交]费?|开|申请|申领)(?!好|法|完)"
)
_BEGINNING_COUNTS: Final = 0.5
_AT_THE_END: Final = 16  # characters: "…where can that be done?"
_SURELY_NOTHING: Final = 0.9  # "how did the match end? our television is broken"
_MAY_ACT: Final = re.compile(rf"(?:请|麻烦){_WE}(?:查处|管管|管一管|整治|治治|派人|来人|给个说法)")
_SOMEBODY: Final = re.compile(r"邻居|楼上|楼下|隔壁|对门|住户|商户|[店馆]|超市|商场|物业|公司|单位|老板|车|工地|有人")
_OWN_LOSS: Final = re.compile(r"我|俺|咱|退|赔|吵|熏|臭|扰|影响")
_BROKEN: Final = re.compile(
    r"坏了|不亮|漏水|漏了|爆了|堵了|停水|停电|没水|没电|没气|不热|没暖气|打不着|断了|塌|大坑|没了|丢了|裂|积水|冒水|没人修|倒了|没地方|办不(?:了|下)|不来水|掉(?:了|下)|灭了|不通|歪|松(?:了|动)|翘(?:起|着)|破(?:了|损|的)|碎了|满(?:了|出来)|失灵|停运|用不了|不(?:能用|好使|走字|显示|制冷)|陷下去"
)


def classify(talk: Talk, text: str) -> tuple[str, str]:
    """(kind, request type) of a piece of text; an empty kind where it holds no matter."""
    words = _told(DENIED.sub("", guards.without_abuse(text)))
    found = _classify(talk, words)
    if not found[0] and (rest := guards.besides_abuse(text)) and rest != words:
        return _classify(talk, _told(DENIED.sub("", rest)))
    return found


def _classify(talk: Talk, words: str) -> tuple[str, str]:
    understood = talk.findings.understand(words)
    cue = by_words(words)
    problem = bool(_WRONGDOING.search(words) or _BROKEN.search(words)) or _pressing(words)
    problem = problem and not (reading.question(words) and _WHERE_TO_APPLY.search(words))
    if understood.score("order_status") >= _SURE and cue in ("", "咨询", "求助"):
        return "status", "咨询"
    if reading.asks_progress(words) and (cue in ("", "咨询") or understood.intent == "order_status"):
        has_matter = problem and not re.search(r"工单|单号|单子|进度|进展|查询", words)
        return ("order", "求助") if has_matter else ("status", "咨询")
    if understood.intent == "order_status" and understood.confidence >= 0.5 and not problem:
        return "status", "咨询"
    if _WILL_DO_IT.search(words) or _asks_a_rule(words, cue):
        return "consult", "咨询"
    if cue == "表扬" and understood.score("out_of_scope") >= _SURE:
        cue = ""  # "write me the thanks of my thesis"
    if cue and cue != "咨询":
        return "order", cue
    if cue == "咨询":
        return "consult", "咨询"
    if not reading.question(words) and secrecy.volunteered(words):  # nobody fears to be known for a question
        return "order", "举报" if understood.intent == "report" else "投诉"
    asks, requests = understood.score("consult"), understood.score(*REQUESTS)
    if len(reading.bare(words)) >= _LONG_STORY:  # what is wanted often comes at its end
        end = talk.findings.understand(splitting.end_of(words))
        asks += _END_COUNTS * (end.score("consult") - asks)
        requests += _END_COUNTS * (end.score(*REQUESTS) - requests)
    return _by_model(words, understood, asks=asks, requests=requests, problem=problem)


def _asks_a_rule(words: str, cue: str) -> bool:
    """Whether a story ends in the question what the insurance pays, and nobody is to be looked into."""
    return bool(_ASKS_A_RULE.search(words)) and cue in ("", "咨询") and not _SHALL_ACT.search(words)


def _told(words: str) -> str:
    """A story without the question at its end that asks nothing ("这不就是乱收费吗")."""
    words = _HOW_COME.sub("", words)
    rest = _RHETORICAL.sub("", words).strip(" ,，")
    return rest if len(reading.bare(rest)) >= _REMAINS else words


def _pressing(words: str) -> bool:
    """Whether the words tell that a supply fails or of a danger, however it is called ("龙头干的，没法洗脸")."""
    return not reading.question(words) and deadlines.pressing(words)


def by_words(text: str) -> str:
    """The request type that the citizen names, or an empty string."""
    words = DENIED.sub("", text)
    return next((_TYPE_OF[name] for name, cue in _CUES if cue.search(words)), "")


def _by_model(words: str, understood: Understood, *, asks: float, requests: float, problem: bool) -> tuple[str, str]:
    """`asks`, `requests`: how probable it is that something is asked, that something is to be done."""
    if asks < _SURE and len(reading.bare(words)) >= _STORY and reading.asks_nothing(words):
        requests, asks = requests + asks, 0.0  # who tells and asks nothing wants something done about it
    if _SHALL_ACT.search(words) or (asks < _SURE and _MAY_ACT.search(words)):
        requests, asks = requests + asks, 0.0  # "is that allowed? do look into it": an answer is not all they want
    if problem:
        requests += 0.25
    if reading.question(words) and not problem:
        asks += 0.2
    if _BEGINS_ASKING.search(words) and not reading.asks_nothing(words):
        asks += _BEGINNING_COUNTS
    if reading.question(words) and _WHERE_TO_APPLY.search(words[-_AT_THE_END:]):
        asks += _BEGINNING_COUNTS
    nothing = understood.score("none", "out_of_scope", "unlawful", "chitchat", "greet", "abuse", "prompt_attack")
    if max(requests, asks) < 0.3 and not problem:
        return "", ""
    if nothing > max(requests, asks) and (not problem or understood.score("out_of_scope") >= _SURELY_NOTHING):
        return "", ""
    if asks > requests:
        return "consult", "咨询"
    ranking = [(name, value) for name, value in understood.ranking if name in REQUESTS]
    best = max(ranking, key=lambda item: item[1])[0] if ranking else understood.intent
    if best not in REQUESTS:
        best = "complain" if _WRONGDOING.search(words) else "help"
    if best in ("complain", "help") and _OFFENCE.search(words) and not _OWN_LOSS.search(words):
        return "order", "举报"
    if best == "help" and _SOMEBODY.search(words) and _WRONGDOING.search(words):
        best = "help" if intake.default().about_facility(words) else "complain"
    blames = best == "complain" and understood.score("complain") >= _SURE
    fails = intake.default().about_facility(words) and not _WRONGDOING.search(words)
    if best in ("complain", "help") and fails and not blames:
        return "order", "求助"
    scores = dict(ranking)
    unsure = best != "report" or scores["report"] < 0.5
    if (
        unsure
        and best in ("complain", "help", "report")
        and abs(scores.get("complain", 0.0) - scores.get("help", 0.0)) < 0.25
    ):
        best = "complain" if _WRONGDOING.search(words) else "help" if _BROKEN.search(words) else best
    return "order", _TYPE_OF[best]


def stands_alone(piece: str) -> bool:
    """Whether a piece names something wrong by itself, rather than more of what was said before."""
    return bool(_WRONGDOING.search(piece) or _BROKEN.search(piece) or any(cue.search(piece) for _, cue in _CUES))
