"""How urgent a matter is and by when it must be answered (DB11/T 2021: 2, 24, 168 or 360 hours).

Sudden danger: 2 hours. Water, power, gas, heat: 24 hours. Ordinary: 7 days. Complex (several bodies and years of
history): 15 days. The rules here read the citizen's words and the category; how long each urgency may take is data
(`workorders/deadline_rules.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from workorders.deadline_rules import DeadlineRules, Term, default_rules, due
from workorders.duties import COMPANY
from workorders.model import CategorySuggestion, RequestType, Urgency

_UTILITY_CODES: Final = ("0101",)  # 水电气热 in our own catalogue; in a city's own it is told by the duty
# Of a leaf, of its second level (which of water, power, gas and heat does not matter), or of a supply that fails:
_SURE_OF_SUPPLY: Final = 0.5
_SURE_OF_HAZARD: Final = 0.5  # told in words that no rule knows
_CALM: Final[frozenset[str]] = frozenset({"建议", "表扬", "咨询"})

_CLAUSE: Final = re.compile(r"[,，。;；!！?？\n]+")
OPEN_MANHOLE: Final = (
    r"[井景警]盖[儿子]?.{0,8}(?:(?:弄|搬|拿|抬|顺|撬|掀|揭|冲|顶)(?:走|开|跑|飞)|丢|没了|没有|不见|缺|偷|掉|塌|翻|碎)|井[,，]?盖[儿子]?(?:没了|没有|不见|丢)"
    r"|(?:没|缺|丢|少)(?:了)?(?:一?个)?[井景警]盖|井(?:口)?(?:敞|开|露)着|井没盖"
)
_DANGERS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{OPEN_MANHOLE}|掉(?:进|到)井",
        r"(?:路面|道路|马路|地面|地|桥|路基|人行道|河堤|护坡|山体|楼|墙|围墙|房子|房屋|脚手架|挡土墙).{0,4}(?:塌陷|坍塌|塌方|塌了|垮了|滑坡|下沉很快|裂开|陷(?:下去|进去|了)|裂了?.{0,2}(?:大)?(?:缝|口子))(?!(?:以后|之后|的(?:坑|地方|路)))",
        r"(?:下面|底下|里头|下边)(?:是|都|全|已经)*(?:掏)?空(?:的|了)|悬空(?!寺)|窟窿.{0,8}(?:看见|看到|能见)",
        r"(?:树|树枝|大树|电线杆|灯杆|广告牌|牌子|招牌|外墙|墙皮|玻璃|空调外机|瓷砖).{0,8}(?:要|快|随时|马上|摇摇欲坠|眼看).{0,4}(?:倒|掉|砸|塌)",
        r"(?:树|枝|杆子?|牌子?|匾|墙|瓷砖|保温层|玻璃|窗户|窗扇|外机|雨棚|铁皮|架子?|塔吊|吊物|楼板|水泥[板块]|屋檐|灯箱)[^。]{0,20}?"
        r"(?:(?:要|快|眼[瞅看]着[^,，。]{0,3}|随时[^,，。]{0,3}|马上|说不定|风一吹[^,，。]{0,3})(?:被?(?:大?风)?[刮吹]|倒|掉|砸|塌|落|断|直?晃|摇)|搭(?:在|着)[^,，。]{0,8}(?:棚|顶|架|线)|悬(?:着|在)|吊(?:着(?!丝)|在半空)|(?:半|一)(?:个|边)角?[^,，。]{0,3}挂着|挂在半空"
        r"|摇摇欲坠|(?:压|斜|歪|靠|搭)(?:着|在|到|向)[^,，。]{0,4}(?:电线|高压线|线上))",
        r"(?:墙|墙皮|瓷砖|保温层|水泥|砖|玻璃|吊顶|天花板|灯箱?|牌子?|匾|树枝?|架子?|外机|窗户?|石头|冰[溜凌锥])[^。]{0,10}(?:差点儿?|险些|差一点)[^,，。]{0,4}(?:砸|落|掉|伤|碰)",
        r"树[^。]{0,20}(?:歪|斜|倒)[^。]{0,10}根[^,，。]{0,4}(?:翘|拔|露出|断)",
        r"(?:脚手架|塔吊|围墙|门楼|危房)[^,，。]{0,4}(?:歪|斜|倾斜|晃)[^,，。]{0,6}(?:了|着|得)",
        r"(?:外墙|外立面|楼体|瓷砖|保温层|水泥块|砖头)[^,，。]{0,6}(?:往下|不停|一块一块|一片一片)[^,，。]{0,4}(?:掉|砸|落)",
        r"(?:树|电线杆|灯杆|广告牌|围挡|塔吊).{0,6}(?:倒了|倒下|砸(?:到|着|了)|压住|拦腰)",
        r"(?:电线|电缆|高压线).{0,8}(?:掉(?:下来|地|在|到)|断了|裸露|耷拉|垂(?:下来|到)|漏电|冒火|打火)|漏电|电(?:到|着)人",
        r"(?:燃气|煤气|天然气|液化气).{0,8}(?:泄漏|漏气|泄露|有味|味(?:儿)?(?:很|特别|挺)?大)|闻(?:到|见).{0,4}(?:煤气|燃气|天然气)",
        r"(?:被困|困住|困在|关在).{0,6}(?:电梯|里|水|楼)|电梯.{0,6}(?:困|坠|掉下|急坠)",
        r"(?:路面?|地面|地基|路基|楼|院墙)[^,，。]{0,4}(?:往下|不断|一直在?|越来越)(?:往下)?(?:陷|沉|塌)",
        r"(?:滚|落)石|石头[^,，。]{0,4}(?:滚|落|掉)(?:下|到)",
        r"(?:化工|化学|农药|油)[^,，。]{0,4}(?:桶|罐|品|料)[^。]{0,10}(?:刺鼻|冒烟|漏|洒|翻)",
        r"(?:[几十两三四五六七八九\d]|好多|一班)[^,，。]{0,3}(?:孩子|学生|人|老人)[^,，。]{0,6}(?:上吐下泻|呕吐|拉肚子|食物中毒|晕倒)",
        r"(?:化学品|危险品|油罐|氨气|氯气|有毒).{0,8}(?:泄漏|泄露|倾倒|爆|挥发)",
        r"(?:大面积|集体|好多人|多人|几十人|很多孩子|一班).{0,8}(?:中毒|呕吐|拉肚子|腹泻|受伤|晕倒)",
        r"(?:聚集|围堵|堵(?:住)?(?:门|路)).{0,10}(?:几十|上百|很多|好多)人|(?:几十|上百|很多|好多)(?:号)?人.{0,8}(?:聚集|围堵|闹事|打起来|打群架)",
        r"爆炸|(?<![不没])着火(?!了?[^,，。]{0,6}(?:消防车|救护车|救火车)[^,，。]{0,4}(?:进|上)不)|(?<![不没])起火|(?<![屡没])冒烟|有人(?:要)?(?:跳楼|轻生|溺水|落水)|洪水|决口|泥石流|积水.{0,6}(?:齐?(?:腰|大腿|胸)|没过(?:膝|腰|车|轮胎)|淹(?:了|进)车)|(?:堤|坝|水库|闸).{0,6}(?:豁|决|漫|垮|冲开)|水(?:都|正|直)?往[^,，。]{1,6}(?:灌|涌)",
        r"(?:无人|没人|没有).{0,3}(?:围挡|护栏|遮挡|警示).{0,12}(?:深坑|基坑|大坑|坑|沟|井)|(?:深坑|基坑|深沟|大窟窿).{0,14}(?:没|无)(?:有)?(?:围|拦|盖|警示)",
    )
)
_NOT_NOW: Final = re.compile(
    r"(?:怕|担心|万一|如果|要是|会不会|容易|以防|防止|避免|曾经|以为|不是(?:说)?现在|[去前]年|以前|之前(?!.{0,3}(?:分钟|小时))).{0,10}$|(?<![这可])不是$"
)
_OVER: Final = re.compile(r"现在(?:人)?(?:也|都|全)?(?:已经)?(?:好了|没事了|没事儿了|恢复了|缓过来了)")
_COOKING: Final = re.compile(r"烟囱|火化|焚烧|锅炉|烧烤|油烟|饭馆|餐馆|饭店|厨房排|排烟|炒菜|小吃")
_NO_DANGER: Final = re.compile(r"没(?:有)?(?:什么)?(?:味|煤气味|燃气味|漏)|不(?:漏|危险)|烧烤|油烟|抽烟|炒菜")
_UTILITY: Final = re.compile(
    # Told without its name: by the tap, by all lamps at once, by what cannot be done, by a prepaid card.
    r"(?:水)?龙头[^,，。]{0,10}(?:干的?|没(?:有)?水|不出|不来|滴水(?:不|没)|一滴|黄|浑|黑|锈|臭)|"
    r"(?:家里|屋里|全楼|整栋楼?|全家|整个?(?:小区|单元))[^,，。]{0,6}(?:灯)?(?:全|都)[^,，。]{0,2}(?:灭|黑)了?|(?:全楼|整栋楼|家里|屋里)(?:一片|都|全)?(?:漆黑|黑了)|"
    r"(?:没法|不能|没办法)(?:洗脸|洗澡|做饭|洗衣|冲厕所)[^。]{0,12}(?:龙头|灶|一滴)|"
    r"(?:(?:买|充|交|缴)(?:完|好)?了?(?:电|水|气|燃气|煤气)(?:费|卡)?|(?:电|水|燃?气|煤气)[费卡](?:买|充|交|缴))[^。]{0,10}(?:插卡|刷卡|不上去|没到|进不去|没来|送不?上|用不了|还(?:是)?没)|"
    r"(?:水|电|煤气|燃气|天然气|暖气?|热水|灯)[^,，。]{0,4}[,，]?[^,，。]{0,3}(?:一会儿有[^。]{0,6}一会儿(?:又)?没|时有时无|断断续续|忽大忽小)|出(?:气|空气)不出水|光出气|闪断|"
    r"热力(?:公司|站)|供热(?:公司|单位|站)|没(?:有)?(?:一点儿?)?热乎气|"
    r"[停断]暖|热水(?!器)[^,，。]{0,6}(?:不热|冰?凉|不来|停了?)|点不着火|消[火防]栓[^,，。]{0,6}(?:断|撞|漏|喷)|"
    r"(?:(?<![下污雨])水|电(?!话|梯|视|脑|动|瓶)|燃?气|暖气?)(?:还是|一直|还|也|都|就是?)*(?:没|不)(?:给)?(?:送|恢复)|"
    r"停水|[没不](?:有)?来(?:水|气|暖)(?!电)|没(?:有)?水(?!表|平|果|质|管|泥|印)|断水|(?<![下污雨积])水(?:都|全)?断了|缺水|水压|爆管|(?:自来水|水|主)管(?:子|道|线)?.{0,4}(?:爆|裂|漏|断|破|喷|冻)|跑水|"
    r"自来水.{0,8}(?:黄|浑|脏|臭|味|小|断|停)|水表|停电|没(?:有)?电(?!话|梯|视|脑|动|子)|断电|缺电|跳闸|电压|电表|变压器|"
    r"停气|没(?:有)?(?:燃|煤|天然)?气(?!味)|断气了|(?:燃气|煤气|天然气|灶).{0,8}(?:打不着|点不着|不着|没气|停|坏|不通|充值|表)|打不着火|"
    r"(?:暖气|供暖|供热|采暖|地暖|锅炉).{0,10}(?:不热|凉|冰|停|漏|坏|没|不够|不达标|温度|不来|不行|冷)|没(?:有)?(?:来)?暖气|(?:室温|家里|屋里).{0,6}(?:1[0-7]|十[一二三四五六七]?)(?:多)?度|暖气片|不(?:供|来)暖"
)
_NEVER_SUPPLIED: Final = re.compile(r"(?:没有?|未|不给)(?:开)?(?:通|接|接入|铺)(?!知)")
_INSIDE_A_HOME: Final = re.compile(
    r"楼上.{0,10}(?:漏|渗|滴|泡)|(?:他|她|邻居|人)家.{0,8}(?:漏|渗)|楼上(?:邻居|那户|住户)"
)
_NO_SUPPLY: Final = re.compile(
    r"变压器[^。]{0,24}(?:嗡|响|吵|噪|辐射)|(?:锅炉|水泵)[^。]{0,8}(?:嗡|吵|噪)|"
    r"饮水机[^。]{0,8}没(?:有)?水|(?:打火机|发动机|车)[^。]{0,8}打不着火|"
    r"(?:污|下|排|雨|粪)水(?:总|主)?管(?:子|道|线)?|黑气|(?:倒|灌|分装|充装)[^,，。]{0,4}(?:液化气|煤气|燃气|气罐|钢瓶)"
)
# Things that have a current or a tank of their own; and rooms open to everybody, where no home lacks a supply.
_OWN_SUPPLY: Final = re.compile(
    r"(?:路灯|[楼过走]道灯?|楼梯间?灯?|感应灯|声控灯|充电[桩柜宝站]|换电柜|电(?:动|瓶)车|汽车|手机|电脑|遥控器?|门[禁锁铃]|对讲机?|手表|助听器|轮椅|电梯)[^,，。]{0,4}没(?:有)?电"
)
_OPEN_TO_ALL: Final = re.compile(
    r"(?:公(?:共)?厕所?|公园|广场|商场|超市|影院|电影院|地铁|车厢|公交车?|火车|候车|酒店|宾馆|饭[馆店]|餐馆|食堂|医院|网吧|银行|大厅|会所|游泳馆|健身房|澡堂|浴[池室])(?:[^,，。]{0,6}"
    r"(?:没(?:有)?(?:水|电|暖气?|空调)|停[水电暖]|(?:暖气?|空调|热水)[^,，。]{0,4}(?:不热|凉|坏))|[^。]{0,10}没(?:有)?水(?:喝|洗手))"
)
_NOT_A_HOME: Final = re.compile(  # their lamps, taps and heating are whoever runs them to mend
    r"路灯|(?:楼道|过道|车库|天桥|通道|隧道).{0,4}灯|公(?:共)?厕|公园|广场|商场|超市|影院|地铁|车厢|公交|酒店|宾馆|食堂|外卖|上菜|菜[^,，。]{0,4}凉"
)
_BILLING: Final = re.compile(
    r"退费|收费[^,，。]{0,3}(?:太|高|贵|不合理)|[水电气暖]费[^,，。]{0,4}(?:太?高|太?贵|不合理)|[水电气暖]费[^,，。]{0,8}[块元毛钱][^,，。]{0,4}(?:度|方|吨)|冒黑?烟|收费标准|多收|乱收|账单|发票|怎么收|费用|涨价|阶梯|报销|补贴|过户|改造.{0,6}(?:什么时候|何时)|增设|建议"
)
_LONG_STANDING: Final = re.compile(
    r"(?:[二三四五六七八九十两]|(?<!\d)[2-9]|(?<!\d)\d{2}(?!年\d)|十几|十来|几十|二十多|十多|好几|多)(?:多)?年(?:了|来|还|没|都|时间|之久|未|不|间)?|[二三四五六七八九]?十[一二三四五六七八九]?(?:多|来|几)?年|(?:19\d\d|20[01]\d)年|多年|常年|历史遗留|长年|"
    r"(?:19|20)\d\d年.{0,14}(?:到现在|至今|就|开始|以来|一直)|[0-9]{2}年.{0,8}(?:到现在|至今|就(?:入住|买|交|开始))"
)
_UNRESOLVED: Final = re.compile(
    r"办不(?:了|下来)|没(?:有)?(?:解决|办|结果|下文|人管|给|说法|落实|着落|兑现|到位)|未(?:解决|办|果|落实)|都?说?不归|权属不清|推(?:来推去|诿|脱)|皮球|来回推|没拿[到着]|拿不到|(?:房本|房产证|证)[^,，。]{0,4}没有|互相推|拖|落空|未取得|无一户|(?:始终|一直|至今|迟迟)[未没]|未能|(?:没|无)(?:有)?(?:房产证|房本|产权证)|正在协调|一个说法|悬而未决|扯皮|烂尾|得不到|遗留"
)
_BODIES: Final = (
    *("规划|规自", "住建|房管|建委", "税务", "国土|自然资源", "城管", "街道|镇政府|乡政府", "社区|居委会|村委会"),
    *("物业", "开发商|建设单位|房地产", "环保|生态环境", "水务", "交通局|交通委", "公安|派出所|交警", "民政"),
    *("人社|劳动局|社保局", "市场监管|工商", "教委|教育局", "法院", "区政府|区里", "供热公司|热力", "电力公司|供电"),
    *("村里", "乡里|镇里", "县里", "市里|市政", "产权单位|原单位", "国资委"),
    *("燃气公司", "自来水公司", "园林", "消防", "农业|农委"),
)
_SEVERAL: Final = re.compile(
    r"(?:几个|多个|好几个|各个|三个|四个|五个|两三个)(?:部门|单位|局|衙门)|部门(?:之间)?(?:互相|相互|来回)?(?:推|扯|踢)|互相推"
)


@dataclass(frozen=True, slots=True)
class Deadline:
    urgency: Urgency
    term: Term
    reason: str  # which rule, in the citizens' language, for the record

    @property
    def hours(self) -> int:
        return self.term.hours

    def due(self, filed_at: datetime) -> datetime:
        """The moment by which an answer must have been given.

        Raises:
            ValueError: `filed_at` is naive.
        """
        return due(filed_at, self.term).at


def assess(
    text: str, request_type: RequestType, category: CategorySuggestion | None = None, rules: DeadlineRules | None = None
) -> Deadline:
    """The urgency of a matter told in `text` (title, detail and answers together)."""
    urgency, kind = _urgency(text, request_type, category)
    term = (rules or default_rules()).of(urgency).term
    return Deadline(urgency, term, f"{kind}，{within(term)}反馈")


def judged(urgency: Urgency, rules: DeadlineRules | None = None) -> Deadline:
    """The deadline of an urgency that a person has decided on."""
    term = (rules or default_rules()).of(urgency).term
    return Deadline(urgency, term, f"紧急程度由人工判定，{within(term)}反馈")


def within(term: Term) -> str:
    """2小时内, 7日内, 5个工作日内."""
    if term.working_days:
        return f"{term.working_days}个工作日内"
    return f"{term.hours}小时内" if term.hours <= 24 or term.hours % 24 else f"{term.hours // 24}日内"


def _urgency(text: str, request_type: RequestType, category: CategorySuggestion | None) -> tuple[Urgency, str]:
    if request_type in _CALM:
        return "ordinary", "一般诉求"
    if sudden(text) or _hazard(text, category):
        return "sudden", "突发、可能危及人身财产安全"
    if not (_NEVER_SUPPLIED.search(text) and complex_matter(text)) and _utility(text, request_type, category):
        return "utility", "水、电、气、热类诉求"
    if complex_matter(text):
        return "complex", "涉及多个部门、时间跨度长的复杂诉求"
    return "ordinary", "一般诉求"


def pressing(text: str) -> bool:
    """Whether `text` tells of a danger or of a supply that fails: a matter for an order, whatever else is in it."""
    return sudden(text) or _utility(text, "求助", None)


def sudden(text: str) -> bool:
    """Whether `text` tells of a danger that exists now; what is only feared, denied or long past does not count."""
    if _OVER.search(text):
        return False
    for pattern in _DANGERS:
        for match in pattern.finditer(text):
            clause_start = max((m.end() for m in _CLAUSE.finditer(text, 0, match.start())), default=0)
            clause = _CLAUSE.split(text[clause_start:])[0]
            if _NOT_NOW.search(text[clause_start : match.start()]) or _NO_DANGER.search(clause):
                continue
            if match.group().endswith("冒烟") and _COOKING.search(text):
                continue
            return True
    return False


def _hazard(text: str, category: CategorySuggestion | None) -> bool:
    return category is not None and category.hazard_confidence >= _SURE_OF_HAZARD and not _OVER.search(text)


def _utility(text: str, request_type: RequestType, category: CategorySuggestion | None) -> bool:
    if _INSIDE_A_HOME.search(text):
        return False
    if _BILLING.search(text):
        return False
    supplied = _NO_SUPPLY.sub("", text)
    if _UTILITY.search(_OPEN_TO_ALL.sub("", _OWN_SUPPLY.sub("", supplied))):
        return True
    if _OPEN_TO_ALL.search(supplied) or _OWN_SUPPLY.search(supplied):
        return False
    if category is None:
        return False
    # Told by what fails with it, in words that stand in no rule. Who reports an offence tells of no supply of theirs.
    sure = 0.0 if request_type == "举报" or _NOT_A_HOME.search(text) else category.supply_confidence
    of_utility = category.code.startswith(_UTILITY_CODES) if category.of_sample else category.duty.startswith(COMPANY)
    if of_utility:
        sure = max(sure, category.confidence, category.level2_confidence)
    return sure >= _SURE_OF_SUPPLY


def complex_matter(text: str) -> bool:
    """Years of history, not solved, and two bodies or more (or "they pass it on to one another")."""
    if not (_LONG_STANDING.search(text) and _UNRESOLVED.search(text)):
        return False
    return bool(_SEVERAL.search(text)) or sum(bool(re.search(body, text)) for body in _BODIES) >= 2
