"""Guards: what must be noticed in any state, in the same turn, before any model outside this process is asked.

Emergencies are found by rules and a small classifier together, on letters and on sounds: a rule that fires is believed
unless the sentence speaks of procedures or of the past; without a rule the classifier must be sure. A wish for a
person, abuse and attacks on the bot are found by rules, the lawful channels by those of `bot/lawful.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from bot import guard_classifier, guard_sounds, lawful, reading
from bot.guard_classifier import Classifier
from bot.guards_model import GuardFindings, likeliest

SURE: Final = 0.84  # without a rule
SURE_OF_PART: Final = 0.92  # of one sentence inside a longer story
WHOLE_WITH_PART: Final = 0.45  # and then of the whole story
SURE_DESPITE_VETO: Final = 0.97
BELIEVE_RULE: Final = 0.2
_VOTE_OF_RULE: Final = 3.0  # how many times likelier a rule makes its line
_DOUBT_OF_LINE: Final = 0.05  # no line is less probable
BY_CLASSIFIER: Final = "classifier"  # the kind of danger where no rule names one
SHORT: Final = 6  # in fewer characters only a rule is believed
LONGEST: Final = 400  # characters that the readers take in at once
_OVERLAP: Final = 60  # characters
_NEAR: Final = 24  # characters between other people's data and the wish to have them; a story has both by chance
_PART: Final = re.compile(r"[。!！?？;；\n]+")
_CLAUSE: Final = re.compile(r"[,，。!！?？;；\n]+")
_PAUSE: Final = re.compile(r"[,，。!！?？;；\n]+|(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])")

_FIRE: Final = re.compile(
    r"(?<!打不)着(?:起)?(?:大)?火了|起火|失火|(?:房子|屋里|楼|家|车|阳台|厨房|箱子?|棚|仓库|店|垃圾桶|柴火?|草|山|电瓶|东西|被子|床|窗帘)(?:上|里|都|也|全|就|给|好像|已经)*(?:烧|着)(?:起来|着)?了|烧(?:起来|着)了|火苗|火光|大火|(?:冒|往外冒|窜)(?:着|出|了)?(?:滚滚|大|黑|浓|白)*烟|浓烟|(?:全|都|满屋子?|到处)是烟|自燃|爆炸|炸了(?!毛|锅|鸡|串)|冒火|(?:掉|打|冒|迸)(?:着|出)?火(?:星|花)|(?:把|给)[^,，。]{1,6}(?:点|引|烧)着了"
)
_GAS: Final = re.compile(
    r"(?:煤气|燃气|天然气|液化气|瓦斯|臭鸡蛋)(?:罐|管道|管|灶|表)?[^,，。]{0,8}(?:味|漏|泄漏|泄露|呲呲|跑气)|(?:煤气|燃气|天然气|液化气)[^。!！?？\n]{0,4}[管罐灌瓶阀灶表][^。!！?？\n]{0,12}(?:呲呲|嘶嘶|滋滋|哧哧|咝咝)|漏(?:煤气|燃气|天然气)|漏气.{0,10}(?:味|响|呲|呼)|(?:呲呲|呼呼)[^,，。]{0,4}漏气|挖断[^。]{0,12}(?:燃气|煤气|天然气|呲)|(?:燃气|煤气|天然气)[^,，。]{0,6}(?:挖|碰|撞|弄)断|(?:煤气|燃气|气)(?:管)?(?:泄漏|泄露)|燃气报警器.{0,6}响"
)
_TRAPPED: Final = re.compile(
    r"(?:被困|困在|困住|关在|卡在|夹在|压在|埋在|锁在)[^,，。]{0,10}(?:电梯|轿厢|车里|车底|水里|井|下面|底下|里头|里面|屋里|楼里|废墟|土里|山上|阳台|栏杆|洞)|电梯[^,，。]{0,12}(?:困|关|出不(?:来|去)|打不开门|停在(?:半|中)|不动了)|(?:我|人|孩子|老人|他|她|们)(?:的)?(?:手|脚|头|胳膊|腿)?(?:被)?(?:困|卡)(?:在|住|进)"
)
_WATER: Final = re.compile(
    r"溺水|落水|(?:人|孩子|小孩|老人|他|她|车|们|谁)[^,，。]{0,6}(?:掉|滑|跳|冲|卷|摔)(?:进|到|下|入|落)*(?:了)?[^,，。]{0,6}(?:河|湖|水|井|冰|池塘|水库)(?:里|去|中|下)|(?:河|湖|水库|池塘|鱼塘|井|渠)[^。]{0,14}(?:滑|掉|摔|栽)(?:下|进)去|快淹(?:死|没)|在(?:水|河|湖)里(?:扑腾|挣扎|喊)"
)
_COLLAPSE: Final = re.compile(
    r"(?:楼|房|墙|桥|架|棚|顶|工地|地面|路面)[^,，。]{0,6}(?:塌|倒)了?[^。]{0,10}(?:压(?:着|住|了)?[^,，。]{0,3}人|埋|人[^,，。]{0,4}(?:在|被|压))|埋了(?:人|一|两|几)|压在(?:下|底)"
)
_INJURY: Final = re.compile(
    r"晕(?:倒|过去|了|死)|昏(?:倒|迷|过去|死)|没(?:有)?(?:了)?(?:呼吸|意识|知觉|心跳|脉搏)|(?:人|他|她)没(?:有)?气了|叫(?:他|她|也|都)?(?:怎么)?(?:也|都)?(?:叫)?不(?:醒|应|答应)|(?:叫|喊|推|拍)[^,，。]{0,6}(?:没反应|不醒|不应|不答应|不动)|(?:他|她|人|爷|奶|爸|妈|也|都)没(?:有)?反应|不省人事|(?:捅|摸|碰|抓|插)[^,，。]{0,6}(?:插座|插孔|电门|电线)[^。]{0,20}(?:黑|麻|焦|糊|不动|没声|倒)|抽(?:搐|过去|风|筋了?倒)|口吐白沫|(?:孩子|宝宝|娃|人|他|她|爸|妈|爷|奶|直|两眼|眼睛)(?:就|都|已经|开始|一直|在|直)*翻(?:着|起)?白眼|翻(?:着)?白眼[^。]{0,8}(?:抽|吐|叫不|不动|没反应)|大出血|(?:流|吐|淌|都是|满是|咳|呕)(?:了|着|好|很|一|不)?(?:好|很|一)?(?:多|地|少|头|脸|身)?(?:的)?血|血(?:止不住|流)|喘不(?:上|过)(?:来)?(?:气)?|呼吸困难|憋得|脸(?:色)?(?:都)?(?:发)?(?:紫|青|煞白)|嘴唇(?:都)?(?:发)?紫|心(?:脏病|梗|绞痛)(?:犯|发作|了)|脑(?:梗|出血|溢血)了|中风了|半(?:边|个)身子(?:动不了|麻)|(?:胸口|心口|心脏)(?:疼|痛|闷)|噎(?:着|住)|卡住(?:喉咙|嗓子)|触电|中毒(?!事件)|药(?:我)?(?:都|全|已经)*[^,，。]{0,3}(?:吃|吞|喝|咽)(?:下去|光|完)了?|(?:吃|吞|喝)(?:下|了)[^。]{0,6}(?:整瓶|一整瓶|半瓶|一把|大把)|(?:安眠药|农药|敌敌畏|百草枯)[^,，。]{0,6}(?:吃|吞|喝|咽|服)(?:下|了)|喝了?(?:农药|百草枯|洗衣液)|吞了(?:一|个|颗|块|枚|硬币|电池|纽扣|玻璃)|(?:孩子|小孩|宝宝|他|她)[^,，。]{0,6}喝了(?!奶|水|酒|点)|(?:吃|服)(?:了|下)(?:一|好多|很多|整)[^,，。]{0,4}(?:瓶|把|盒|片)?(?:安眠)?药|要生了|羊水|(?:躺|倒|趴|摔)(?:在)?(?:地|路|马路|那儿|那里)[^,，。]{0,6}(?:不动|动不了|起不来|没动)|(?:一动不动)|受(?:重)?伤|烫(?:伤|着(?!个?(?:大|小|卷|波浪|头|发|爆|羊毛|一头)))了?|(?:腿|胳膊|骨头|(?<![扶把拉])手)(?:好像|都|给|压|摔)?(?:断|折)了|摔(?:下来|下去|断)"
)
_VIOLENCE: Final = re.compile(
    r"(?:被|让)[^,，。梯]{0,8}(?:人|他|她|男|友|夫|老板|对象|家里|传销)[^,，。梯]{0,3}(?:关|锁|扣|囚)(?:在|起来|住)|救命(?!的|药|钱|稻草|之恩|恩人|设备|器|知识)|(?:拿|持|举|提|掏|带|挥|抄|动)(?:着|出|了|起)?(?:把|一把|大|菜|水果|砍|尖)*(?:刀|枪|斧|棍|钢管|铁棍|酒瓶|砍)|动刀|持刀|持枪|砍(?:人|我|他|她|伤|死)|捅(?:了|人|我|伤|死)|杀(?:人|我|了|死)|(?:在|正|又|快|要|往死里)(?:打|揍|殴打)(?:人|我|他|她|老婆|孩子|老人|媳妇|女|男|妈|爸)|打(?:起来|得头破|死人|伤人|架)|(?:被|让)(?:人|他|她|老公|邻居)?(?:打了|殴打|抢了|绑架|跟踪|劫持|围住|扣住|关起来)|抢(?:劫|了我|走了|我)|绑架|劫持|入室|(?:撬|砸|踹)(?:我|着|我家|家里|我们)*(?:的)?(?:门|锁)|(?:家里|屋里)(?:进|来|有)(?:了)?(?:贼|小偷|坏人)|闯(?:进|入)|掐(?:着|住)|强奸|猥亵|非法拘禁|同归于尽|不(?:给|听|还)[^,，。]{0,4}就(?:打|捅|砍|弄死|杀)|扬言.{0,6}(?:炸|烧|杀)|尾随|跟踪我|抢方向盘|(?<!没)(?<!没有)伤人(?!事)|(?:孩子|小孩|宝宝)[^,，。]{0,4}(?:被|让)[^,，。]{0,10}(?:领走|带走|抱走|拐走)"
)
_FRAUD: Final = re.compile(
    r"(?=.*(?:骗|冒充|诈|安全账户|涉嫌洗钱|刷单))(?=.*(?:刚|分钟|小时前|正在|还在|今早|现在))"
    r"(?=.*(?:转(?:账|走|出|过|了|给|完)|汇(?:了|过|出|款)|打(?:了|过)去?[^,，。]{0,4}(?:钱|万|千|块)|扣走|刷走|钱(?:都|全)?没了))"
)
_SUICIDE: Final = re.compile(
    r"(?:要|想|说|准备|闹着)(?:要|着)?(?:去)?(?:跳(?:楼|河|桥|下|江|湖|轨)|自杀|轻生|寻死|去死|死给)|跳楼(?!价|机|游戏|促销)|轻生|自杀|割腕|不想活|活(?:着)?(?:没|不下去)|遗书|(?:楼顶|天台|窗台|窗外|桥|塔吊|阳台|房顶|屋顶|广告牌|楼上|护栏|栏杆)[^,，。]{0,8}(?:坐|站|爬|趴|蹲|翻)(?:着|了)?(?:一|个|有|在|到|上|出|过)*[^,，。]{0,4}(?:人|姑娘|小伙|男|女|孩子|老人|外(?:面|头|边))|(?:坐|站|爬|翻)(?:在|到|上)(?:了)?(?:楼顶|天台|窗台|窗外|桥|栏杆|塔吊|阳台外)"
)
# A farewell that was sent, and then silence; not of those who owe money.
_FAREWELL: Final = re.compile(
    r"^(?!.*(?:中介|房东|商家|卖家|老板|公司|客服|快递|平台|店家))"
    r".*(?:发|留|写)[^。!！]{0,8}(?:话|微信|信息|消息|短信|信|字条|纸条|语音)[^。!！]{0,30}(?:谢谢|感谢|对不起|再见|保重|永别|下辈子|来世|留给我|照顾好)"
    r"[^。!！]{0,40}(?:不接|联系不上|关机|不回|打不通|空(?:的)?药瓶|敲[^,，。]{0,5}不|不应|没(?:人)?应)"
)
_LOST: Final = re.compile(
    r"(?:孩子|小孩|老人|奶奶|爷爷|我妈|我爸|女儿|儿子|闺女|孙子|孙女)(?:刚才|刚刚|突然|现在)?[^,，。]{0,8}(?:走丢了?|走失了|不见了|(?<=[子人孩奶爷女孙])丢了|找不(?:到|着)了?)(?!.{0,4}(?:手环|证|本))|(?:抢|拐|抱|领)(?:走|了)(?:我|一个|个)?(?:的)?(?:孩子|小孩|娃)|人贩子"
)
_ACCIDENT: Final = re.compile(
    r"车祸|追尾|(?:车|骑车的|行人|人)[^,，。]{0,8}(?:撞|刮|蹭|碰)(?:了|上|到|在|一块|翻|飞|倒)|(?:撞|刮|蹭|剐)(?:了|上|到)?(?:我|人家|别人|前|后|对方)*(?:的)?车|剐蹭|刮蹭|交通事故|(?:车|货车|轿车|三轮|摩托)[^,，。]{0,5}(?:翻了|侧翻)|撞(?:上|了|到)(?:护栏|隔离|树|墙|人)"
)
_UNHURT: Final = re.compile(
    r"(?:人|双方|大家|谁|司机|都|我|自己)(?:员|们)?(?:也|都|倒|倒是|全|没|自己|好在|没有|没什么|没啥|挺|是)*(?:没(?:有)?(?:事|受?伤|大碍|伤着|问题)|没伤|平安|好好的|挺好|无大碍|无伤亡|不要紧)|没(?:有)?(?:人)?(?:员)?(?:受|伤)(?:伤|着|亡|员|人)?|无人(?:员)?受伤|没伤(?:人|着|到)|没有伤员"
)
_PAST: Final = re.compile(
    r"去年|前年|(?:上|前)(?:个|一)?(?:月|周|礼拜|星期|年)|前(?:几|两|些|一?阵子?)天?|前天|大前天|前儿个?|头(?:几|两)天|上次|上回|那(?:次|回|天|年)|以前|曾经|过(?:一|好几|几|两)(?:次|回)|\d+年前|小时候|早就|(?:一|两|三|几|半)个?多?(?:月|年|星期|礼拜)(?:前|之前|了)|已经(?:出院|扑灭|灭了|报警处理|送医院|结案|解决)|出院|住院|后来|当时|事后"
)
_ONGOING: Final = re.compile(
    r"现在|正在|还在|此刻|这会儿|刚才|刚刚|又(?:在|来|打|开始)|越来越|马上|快(?:点|来|不行|要)|一直(?:在)?(?:冒|流|响|喊|漏)|还(?:没|困|流|冒|漏|烧|着|躺)"
)
_NOW_ONLY_ASKED: Final = re.compile(r"现在[^,，。]{0,4}(?:想|要|问|保险|赔|能不能|怎么|需要|该|可以|出院|好了|没事)")
_TOPIC: Final = re.compile(
    r"消防(?:验收|通道|检查|栓|证|设施|培训|演|宣传|车进|站|员(?:招|待)|审|手续|备案|安全证|器材|日|门|龙头|许可|设计|隐患|登高)|119(?:消防)?(?:宣传|活动|开放|日|是)|120(?:急救站|收费|的?费|多少|是)|110(?:是|和|跟)|122(?:是|和|的)|急救(?:站|点|知识|培训|课|证|中心的?(?:收费|待遇))|救护车(?:的?(?:收费|费用|多少钱|钱)|进不)|灭火器|演[习练]|培训|宣传|招聘|报名|报销|医保|保险|理赔|赔(?:偿|付|我|钱|不)|补贴|津贴|待遇|材料|手续|流程|资格|条件|标准|收费|费用|多少钱|怎么(?:办理|申请|报名|开|领|查|交|预防|投诉|举报)|如何(?:办理|申请|预防)|可以(?:办理|申请)|鉴定|认定|证明|年检|感谢|表扬|点赞|锦旗|建议|低保|救助金|困难补助|差点|差一点|险些|误诊|如果|假如|万一|容易(?:着火|起火|发生|引起|引发|掉|摔|出)|怕(?:着火|起火|出事|发生|引|有人|掉|摔|撞|砸|伤|被|孩子|老人|哪天)|担心|会不会(?:着火|爆炸|引|塌|掉)|隐患|谁负责|责任|合不合|有没有人管|预防|防火|防止"
)
_ASKS_FOR_AN_ORDER: Final = re.compile(r"(?:我)?(?:要|想|来)?(?:投诉|举报|反映|建议|表扬|咨询)(?!.{0,4}(?:快|救))")
_SMOKE_NUISANCE: Final = re.compile(
    r"烧烤|油烟|烟囱|尾气|排烟|抽烟|吸烟|炒菜|饭馆|餐馆|饭店的烟|烧(?:纸|香|秸秆|树叶|落叶|柴)|香炉|烟道|烟花|爆竹|鞭炮|工厂.{0,6}烟|厂(?:子|里)?.{0,8}冒|天天.{0,8}冒|每天.{0,8}冒|焚烧厂|蒸汽"
)
_NO_GAS_LEAK: Final = re.compile(
    r"没(?:有)?(?:什么|啥|闻到|闻见)?(?:煤气|燃气|异)?味|没漏|不漏|通(?:天然|燃)?气|打不着|开户|换表|充值|缴费|买气|气费|报警器(?:在哪|补贴|坏|怎么装|多少钱)|装.{0,4}报警器"
)
_STILL_FIRE: Final = re.compile(
    r"(?:火锅|火车|火腿|火葬|火化|发火|恼火|火大|火爆|上火|冒火药味)|气(?:炸|得冒烟)|嗓子冒烟|(?:肺|头)(?:都)?(?:要)?(?:气)?炸"
)

_FIGURES: Final = (
    (re.compile(r"(?:打|点|怎么打都|怎么点都|打也|点也)不着火?"), "点不燃"),
    (re.compile(r"(?:发|恼|窝|冒)火(?=[,，。]|死|得|了)|火(?:冒三丈|大得很)|(?:气|急)得冒烟"), "生气"),
    (re.compile(r"(?:气|急|烦|愁|累|冻|热|吵|饿|笑|吓|冷|困|渴|臭|熏|呛|堵|难受|折磨)死(?:我|人|了|个人)+"), "很难受"),
    (re.compile(r"(?:吓|气|急|累|愁)出(?:心脏)?病"), "很难受"),
    (re.compile(r"(?:肺|头|脑袋|锅)(?:都)?(?:快|要)*(?:气)?炸了?"), "很难受"),
    (re.compile(r"(?:冻|热|吓|累)(?:得)?(?:快|要)*晕(?:过去|倒)?了?"), "很难受"),
    (re.compile(r"跳楼(?:价|机|甩卖|促销)"), "低价"),
    (re.compile(r"黑灯瞎火"), "很黑"),
    (re.compile(r"要(?:了)?(?:我|人)(?:的)?(?:老)?命"), "很难受"),
)

# What might happen ("万一着了火怎么跑"); no danger of bot/guards.yml is told so. Up to the next pause, and no further
# than a word for now; a threat is none.
_HAPPENS: Final = (
    r"(?:着(?:起)?(?:了)?(?:大)?火|起火|失火|炸|爆|塌|倒(?:下|了)|砸(?:着|到|死|伤|下)|漏(?:气|电|了)"
    r"|出(?:了)?(?:点)?(?:什么)?(?:大)?(?:事|人命)|摔(?:着|了|坏|下|个)|撞(?:着|上|死|了)|咬(?:着|了|伤|死)|掉(?:下|进)|电着|触电|着了|烧(?:了|起来|着))"
)
_TILL_NOW: Final = r"(?:(?!现在|正在|已经|这会儿|刚才|刚刚|屋里|满)[^\s,，。;；、…!！?？])"
_SUPPOSED: Final = re.compile(
    rf"(?:(?:这|那|可)?(?<!我)(?:万一|真要是?|要真是?|要是真|哪天|保不齐|保不准|备不住){_TILL_NOW}{{0,8}}?{_HAPPENS}"
    rf"|(?:迟早|早晚)(?:得|要|会)出(?:大)?(?:事|人命)){_TILL_NOW}{{0,10}}"
)
_THREATENS: Final = re.compile(r"说|威胁|扬言|放话|嚷|吓唬|恐吓|喊|骂|发(?:短信|微信|消息)")
_THREAT_BEFORE: Final = 12  # characters
_RULES: Final = (
    ("119", "fire", _FIRE),
    ("119", "gas", _GAS),
    ("110", "suicide", _SUICIDE),
    ("110", "violence", _VIOLENCE),
    ("110", "fraud", _FRAUD),
    ("119", "water", _WATER),
    ("119", "trapped", _TRAPPED),
    ("119", "collapse", _COLLAPSE),
    ("120", "injury", _INJURY),
    ("110", "lost", _LOST),
    ("122", "accident", _ACCIDENT),
)

_HUMAN: Final = re.compile(
    r"(?:给|帮)(?:我)?(?:接|转|换|找)(?:个|一个|真|活|大活)*人(?=[,，。!！?？]|吧|行|啊|来?接|来?(?:跟我)?(?:说|讲)|$)|不(?:要|想要|用)(?:跟)?(?:你(?:这个)?)?机器(?:人)?(?:说|接|服务|回答|$|[,，。!！])|(?:换|找)(?:个|一个)?(?:别的|别|真的?|活的?)?人(?:来)?(?:接|说|讲|问|跟我|处理)|(?:转|接|找|要|换|叫|给我接|帮我接|帮我转|请转|我想找|我想要|让)(?:个|一个|位|一位|成|为|我|到|一下|你们|给|你们的|下|过|真正?的)*(?:人工|真人|活人|大活人|(?:客服|坐席|座席|接线员|话务员|服务人员|工作人员|值班员|值班人员|专员)(?![一二两三四五六七八九十几好多\d]+[回次遍趟])|人来(?:跟|和|接)|人(?:跟我|和我)(?:说|讲|谈))"
    r"|^(?:我要|要|请)?(?:人工|真人|客服|人工服务|人工客服|人工坐席|转接|转人工)(?:服务|客服)?(?:吧|啊|呢|谢谢|可以吗|行吗)?[。!！,，\s]*$"
    r"|(?:不(?:想|愿意?|要)?|别让我|谁要|懒得)(?:跟|和|同)(?:你(?:这个|个)?)?(?:机器人?|电脑|ai|AI|人机|智能)(?:.{0,2})(?:说|聊|讲|对话|沟通|谈|废话)|(?:有没有|有|能不能换|换)(?:个)?(?:真人|活人|人工|大活人)(?:吗|没有|接|来|啊|呀)?|(?:跟|和|同|找)(?:个)?(?:真人|活人|人工|大活人|你们的人|工作人员|接线员|客服)(?:说|讲|聊|谈|沟通|反映|来)(?![了过]|都?(?:没事|没关系|不要紧|无所谓|无妨|不碍事|可以(?!吗|么)|行(?!吗|么|不)))|我要(?:跟|和|找)(?:你们)?(?:领导|人)(?:说|讲|谈)(?:话)?|(?:^|(?<=[\s,，。!！]))我(?:就|只)?想(?:直接|当面|亲口)?(?:跟|和)人(?:说|讲|谈)(?=[\s,，。!！]|$)"
    r"|(?:给|帮|把)我?(?:接|转)(?:到|给|过去|一下)?(?:[他她]那[儿里边]|(?:个|一个)?(?:坐|值|当)班(?:儿)?的|人[公功]台?)"
    r"|(?:跟|找)[小老]?[\u4e00-\u9fff]{1,3}(?:说|讲|谈|聊)?[,，](?:麻烦|劳驾|请|您|你)*给(?:我)?(?:接|转)(?:一下|过去)"
)
_HUMAN_ABOUT: Final = re.compile(
    r"投诉.{0,12}(?:客服|人工)|(?:银行|公司|平台|商家|快递|燃气|供热|供电|移动|联通|电信|95\d+|他们|对方|那边)[^,，。]{0,8}(?:客服|人工)|(?:客服|人工)(?:态度|电话|不接|打不通|没人接|一直占线|推|说(?:让|他|要))|人工(?:智能|费|成本|湖|草|降雨|授精|流产)"
    r"|(?:回头|之后|过后|后面|完事儿?|到时候?|会不会|会)(?:会|能|还)?有(?:真人|活人|人工|人)[^,，。]{0,4}(?:给我|跟我)?(?:打|回|联系)"
)
_ABUSE: Final = re.compile(
    r"废物(?:点心)?|饭桶|白痴|傻[逼比叉屄b]|[傻煞沙]逼|智障|弱智|脑残|王八蛋|混蛋|他妈的|(?<=你们)他妈(?![妈在是])|(?<=你)他妈(?![妈在是])|(?<=都)他妈(?=是?[吃干])|你妈|妈的|操你|草你|艹|滚(?:蛋|开|犊子|吧|[,，。!！]|$)|去死|狗东西|畜生|贱人|贱货|臭婊|不要脸|神经病|蠢货|蠢猪|垃圾(?:玩意|东西|热线|政府|机器|客服)|(?:^|[,，。!！\s]|你们?|真|[帮群])(?:都?是|就是)?垃圾(?=[!！。]|$)|吃屎|放屁|死全家|sb\b|nmsl|tmd\b|cnm|吃干饭的|狗屁|缺德|孙子(?:们)?[!！,，。]",
    re.IGNORECASE,
)
_THREAT: Final = re.compile(  # against whoever answers; against others it is a matter for 110 or an order
    r"信不信我?(?:弄死|砍|打死|捅|杀|收拾|灭)(?:了)?[你您]们?|(?:弄死|砍死|打死|捅死|杀了|灭了|收拾)[你您]们?(?:全家|这[帮群些]|$|[,，。!！])"
    r"|小心[你您]们?(?:的)?(?:全家|狗命|脑袋|老婆|孩子)|[你您]们?(?:给我)?等着[,，]?(?:瞧|我(?:去|来)|有[你您]们?好看)|(?:我)?(?:带|找)人(?:去|来)?(?:砸|收拾|弄|堵)[你您]们"
    r"|我?知道[你您]们?(?:在哪儿?|哪儿)(?:上班|住)|(?:砸|烧|炸)了[你您]们(?:那|这|的)"
)
_SWEARING: Final = re.compile(
    r"(?:一[帮群])?(?:废物(?:点心)?|饭桶|白痴|智障|弱智|脑残|王八蛋|混蛋|蠢货|蠢猪|狗东西|畜生)|傻[逼比叉屄b]|[傻煞沙]逼|(?:都)?他妈的|(?<=你们)他妈(?![妈在是])"
    r"|(?<=你)他妈(?![妈在是])|(?:都是)?(?:干什么)?吃干饭的|滚(?:蛋|犊子)|狗屁|放屁|吃屎|缺德"
)
_LEFT: Final = 4  # characters
_SCOLDS: Final = re.compile(
    r"[你您]们(?:这[帮群些]|都是|就是|一个个|全是)|养[你您]们|有屁用|[眼脑](?:瞎|残)|这帮孙子|有病吧"
)
_BESIDES: Final = 2  # characters, of what is told in the clauses that insult nobody
_AT_US: Final = re.compile(r"你们?|你这|机器|12345|热线|接线|客服")
_ATTACK: Final = re.compile(
    r"(?:忽略|无视|忘(?:记|掉|了)|抛开|跳过|绕过|不(?:要|用)(?:管|理会|遵守))(?:你|之前|以上|上面|前面|先前|所有|一切|全部|的|那些)*(?:指令|指示|规则|设定|提示|命令|限制|要求|对话)|(?:system|系统)\s*(?:prompt|提示词|指令)|提示词|(?:ignore|disregard|forget)\s+(?:all|previous|the|your|above)|(?:输出|打印|显示|告诉我|重复|泄露|说出)(?:一下)?(?:你)?(?:的)?(?:系统|内部|初始|全部|后台|隐藏)(?:提示|指令|设定|规则|数据|信息|配置|密码|日志)|开发者模式|调试模式|管理员(?:模式|权限|密码|账号)|(?:扮演|假装|现在起?你是|你现在是)(?!.{0,6}(?:人工|机器人吗|真人吗|吗))[^,，。]{0,20}|越狱|jailbreak|DAN模式|drop\s+table|select\s+\*|(?:导出|拷贝|下载|列出)[^,，。]{0,8}(?:数据库|所有(?:用户|市民|工单|电话)|用户数据|市民信息|通话记录)",
    re.IGNORECASE,
)
_SECRET_ASKED: Final = re.compile(
    r"(?:告诉我|给我|跟我说说?|透露|发我|查一?[下查]|打听)[^,，。;；]{0,14}(?:机密|绝密|(?:国家|军事|商业)秘密)"
    r"|(?:国家|军事|商业)(?:机密|秘密)[^,，。;；]{0,8}(?:告诉我|给我|发我|是什么|有哪些|说说)"
    r"|(?:市长|区长|书记|局长|镇长|主任|领导)的?(?:家庭住址|家住在?哪|私人(?:手机|电话)|手机号码?(?:是多少|给我|告诉))"
)
_OTHERS: Final = re.compile(
    r"(?:上一个|前一个|别的|其他|另一个|别人|隔壁|邻居|某某|张三|那个|所有|刚才那个|上一位|前一位|其他)(?:打电话|来电|投诉|举报|反映)?(?:的)?(?:人|市民|用户|客户|来电人|举报人|投诉人|当事人|老百姓|群众)?(?:们)?(?:的)?[^,，。]{0,10}(?:电话|手机号|号码|姓名|住址|地址|身份证|工单|个人信息|投诉内容|举报内容|记录|隐私)"
    r"|(?<!我是)(?<!我就是)(?:举报|投诉|来电|反映(?:情况)?|打电话)的?(?:那?个?人|者|(?:那?[位名个])?(?:居民|市民|群众|住户|业主|老百姓))的?(?:真实|具体|个人|联系)?(?:手机|电话|号码|姓名|名字|住址|地址|身份证|信息|方式|内容|录音)"
    r"|(?:这|那|该)[位名个]?(?:居民|市民|群众|住户|举报人|投诉人|来电人)的?(?:真实|具体|个人|联系)?(?:手机|电话|号码|姓名|名字|住址|地址|身份证|信息|方式|内容|录音)"
)
_REVEAL: Final = re.compile(
    r"(?:告诉我|发给?我|[报转传]给我|调(?:一下|出来|给)|给我(?:看|查|发|说|念|报)|查一?下|我(?:要|想)(?:知道|看|查)|念(?:给我|一下)|透露|说一下|提供|报一下|是(?:谁|多少)|显示)"
)
_TELLS_DATA: Final = re.compile(r"(?:号码?)?(?:就?是|[:：])?\s*\d{5,}|[:：]")
_LEAKED: Final = re.compile(r"泄[露漏]|透露给|(?:告诉|给|发给|说给)了(?:我|他|她|对方|被|邻居|人家|别人)")
_WHO_REPORTED: Final = re.compile(
    r"(?:是)?(?:谁|哪个人|哪家)(?:投诉|举报|告|反映)(?:的|了)?(?:我|我们|我家)|(?:投诉|举报|告)(?:我|我们|我家|我们家|我们店)(?:的)?(?:那个|这个)?(?:人)?(?:是谁|的(?:电话|姓名|名字|地址|信息)|叫什么)"
)


def check(text: str, *, reader: Classifier | None = None) -> GuardFindings:
    """Everything the guards see in one turn, whatever was asked before it. Pure; a millisecond or two.

    `reader`: the classifier; else the one of this process.
    """
    text = reading.normalise(text)
    if not text:
        return GuardFindings()
    reader = reader or guard_classifier.default()
    windows = _windows(text)
    if len(windows) == 1:
        return _checked(text, reader)
    found = [_checked(window, reader) for window in windows]
    worst = max(range(len(found)), key=lambda at: (bool(found[at].emergency), found[at].by_rule, found[at].whole))
    abusive = any(finding.abuse for finding in found)
    return replace(
        found[worst],
        human=any(finding.human for finding in found),
        abuse=abusive,
        threat=any(finding.threat for finding in found),
        at_us=any(finding.at_us for finding in found),
        request=abusive and _holds_request(text),
        lawful=next((finding.lawful for finding in found if finding.lawful), ""),
        attack=any(finding.attack for finding in found),
        most_alarming=windows[worst],
    )


def _windows(text: str) -> list[str]:
    """A text in stretches of what the readers take in, cut at the ends of clauses, each beginning with the end of the
    one before it; so that a danger at the end of a long story is not overlooked."""
    if len(text) <= LONGEST:
        return [text]
    windows, start = [], 0
    while start < len(text):
        end = min(start + LONGEST, len(text))
        if end < len(text):
            ends = [found.end() for found in _CLAUSE.finditer(text, start + LONGEST // 2, end)]
            end = ends[-1] if ends else end
        windows.append(text[start:end])
        if end == len(text):
            break
        begins = [found.end() for found in _CLAUSE.finditer(text, end - _OVERLAP, end - 1)]
        start = begins[0] if begins else end - _OVERLAP
    return windows


def _checked(text: str, reader: Classifier) -> GuardFindings:
    found = emergency(text, reader)
    threat = bool(_THREAT.search(text))
    abusive = threat or bool(_ABUSE.search(text))
    return GuardFindings(
        emergency=found.line,
        danger=found.danger if found.line else "",
        lines=found.lines,
        probability=round(found.part, 3),
        whole=round(found.whole, 3),
        by_rule=bool(found.line) and found.danger != BY_CLASSIFIER,
        human=wants_person(text),
        abuse=abusive,
        threat=threat,
        at_us=threat or (abusive and bool(_AT_US.search(text))),
        request=abusive and _holds_request(text),
        lawful=lawful.channel(text),
        attack=attacks(text),
    )


@dataclass(frozen=True, slots=True)
class Weighed:
    """`line` is empty where the guard alone sees no danger. `danger`: its kind. `lines`: what speaks for each."""

    line: str
    danger: str
    lines: Mapping[str, float]
    whole: float
    part: float


def emergency(text: str, reader: Classifier) -> Weighed:
    """What the guard says without anybody else's opinion."""
    text = defused(guard_sounds.as_meant(text))
    parts = _parts(text)
    scores = reader.danger(parts)
    whole, lines_of_whole = scores[0]
    part, lines_of_part = max(scores, key=lambda score: score[0])
    lines = {line: max(lines_of_whole[line], lines_of_part[line]) + _DOUBT_OF_LINE for line in lines_of_whole}
    for words, (score, _) in zip(parts, scores, strict=True):
        found = _by_rule(words)
        if (
            found
            and (score >= BELIEVE_RULE or len(words) <= SHORT)
            and not _vetoed(words, found[1])
            and not _vetoed(text, found[1])
        ):
            return _weighed(found[1], _with_rule(lines, found[0]), whole, part)
    if len(reading.bare(text)) < SHORT:
        return Weighed("", "", lines, 0.0, 0.0)
    if found := _by_rule(text):
        lines = _with_rule(lines, found[0])
    harmless = _vetoed(text, "") or bool(_ASKS_FOR_AN_ORDER.search(text))
    if whole >= (SURE_DESPITE_VETO if harmless else SURE):
        return _weighed(BY_CLASSIFIER, lines, whole, part)
    if part >= SURE_OF_PART and whole >= WHOLE_WITH_PART and not harmless and len(parts) > 1:
        return _weighed(BY_CLASSIFIER, lines, whole, part)
    return Weighed("", "", lines, whole, part)


def _weighed(danger: str, lines: Mapping[str, float], whole: float, part: float) -> Weighed:
    return Weighed(likeliest(lines), danger, lines, whole, part)


def _with_rule(lines: Mapping[str, float], line: str) -> dict[str, float]:
    return {**lines, line: lines[line] * _VOTE_OF_RULE}


def defused(text: str) -> str:
    """Turns of speech that only sound like danger, put in plain words before anything is weighed."""
    for pattern, plain in _FIGURES:
        text = pattern.sub(plain, text)
    return without_supposed(text)


def without_supposed(text: str) -> str:
    """The text without what is only feared or supposed to happen one day."""
    return _SUPPOSED.sub(lambda found: found.group() if _threat_before(text, found.start()) else "不安全", text)


def _threat_before(text: str, start: int) -> bool:
    return bool(_THREATENS.search(text[max(0, start - _THREAT_BEFORE) : start]))


def _parts(text: str) -> list[str]:
    """The whole, and in longer texts each sentence and each pair of clauses."""
    parts = [text]
    if len(text) > 18:
        clauses = [clause for clause in _CLAUSE.split(text) if len(clause.strip()) >= 2]
        pieces = [piece for piece in _PART.split(text) if len(piece.strip()) >= 4]
        pairs = [f"{first}，{second}" for first, second in pairwise(clauses)]
        said = [*pieces, *pairs, *(_around_pauses(text) if " " in text else ())]
        parts += [piece for piece in dict.fromkeys(said) if piece != text]
    return parts[:24]


def _around_pauses(text: str) -> list[str]:
    """Two pieces each, as they stand, of a text with blanks instead of stops."""
    ends = [0, *(found.end() for found in _PAUSE.finditer(text)), len(text)]
    return [text[begin:end].strip() for begin, end in zip(ends, ends[2:], strict=False)]


def _by_rule(text: str) -> tuple[str, str] | None:
    hits = [(line, danger) for line, danger, pattern in _RULES if pattern.search(text)]
    if not hits:
        return None
    names = {danger for _, danger in hits}
    if "accident" in names:
        if _UNHURT.search(text):
            return ("119", "trapped") if "trapped" in names else ("122", "accident")
        if ("injury" in names and not re.search(r"车[^,，。]{0,6}(?:动不了|断)", text)) or re.search(
            r"血|伤|躺|晕|昏|(?:人|他|她|腿|骑车的|老太太|老大爷)[^,，。车]{0,6}动不了|起不来|腿[^,，。]{0,4}断|不动弹|一动不动|没气|压着|飞",
            text,
        ):
            return "120", "injury"
        if "trapped" in names:
            return "119", "trapped"
        if "fire" in names:
            return "119", "fire"
        return "122", "accident"
    if "injury" in names and _UNHURT.search(text):
        hits = [hit for hit in hits if hit[1] != "injury"]
        if not hits:
            return None
    if "suicide" in names and "injury" in names and re.search(r"割|吃了|喝了|吞|流血|没反应|叫不", text):
        return "120", "injury"
    if "gas" in names and "injury" in names and re.search(r"中毒|晕|昏|躺|叫不", text) and "fire" not in names:
        return "120", "injury"
    return hits[0]


def _vetoed(text: str, danger: str) -> bool:
    """Whether the sentence speaks of a procedure, of fear, or of what is over."""
    if (
        danger == "fire"
        and (_SMOKE_NUISANCE.search(text) or _STILL_FIRE.search(text))
        and not re.search(r"着火|起火|失火|火苗|烧(?:起来|着)|爆炸|炸了|自燃|火星|火花", text)
    ):
        return True
    if (
        danger == "gas"
        and _NO_GAS_LEAK.search(text)
        and not re.search(r"漏气|泄[漏露]|(?:很|好|挺|太|特别)(?:大|重|浓|冲)", text)
    ):
        return True
    ongoing = bool(_ONGOING.search(_NOW_ONLY_ASKED.sub("", text)))
    if _TOPIC.search(text) and not (ongoing and danger):
        return True
    return bool(_PAST.search(text)) and not ongoing


def abusive(text: str) -> bool:
    """Whether the words insult."""
    return bool(_ABUSE.search(text))


def without_abuse(text: str) -> str:
    """What is told besides the swearing; all of it where hardly anything would be left."""
    rest = _SWEARING.sub("", text).strip(" ,，。!！")
    return rest if len(reading.content(rest)) >= _LEFT else text


def besides_abuse(text: str) -> str:
    """The clauses of an insulting text that insult nobody; empty where there are none of weight."""
    if not abusive(text):
        return ""
    clauses = [clause.strip() for clause in _CLAUSE.split(text)]
    rest = "，".join(
        clause for clause in clauses if clause and not _ABUSE.search(clause) and not _SCOLDS.search(clause)
    )
    return rest if len(reading.content(rest)) >= _BESIDES else ""


def farewell_sent(text: str) -> bool:
    """Whether somebody sent a farewell and cannot be reached since: told as a mere question, no reader sees it.

    Of 27,500 harmless sentences that we learn from none says so, nor any of 4,700 harmless openings of our kits."""
    return bool(_FAREWELL.search(text))


def wants_person(text: str) -> bool:
    """Whether the citizen asks for a human; not when they complain about somebody else's hotline."""
    return bool(_HUMAN.search(text)) and not _HUMAN_ABOUT.search(text)


def about_others(text: str) -> bool:
    """Whether the text speaks of somebody else's customer service."""
    return bool(_HUMAN_ABOUT.search(text))


def asks_secret(text: str) -> bool:
    """Whether a secret of the state or of a firm is asked for, or where somebody in office lives."""
    return bool(_SECRET_ASKED.search(text))


def attacks(text: str) -> bool:
    """Attempts to get other people's data or to bend the bot's rules."""
    if asks_secret(text) or _ATTACK.search(text) or _WHO_REPORTED.search(text):
        return True
    for others in _OTHERS.finditer(text):
        beside = text[max(0, others.start() - _NEAR) : others.end() + _NEAR]
        told = _TELLS_DATA.match(text, others.end()) or _LEAKED.search(beside)
        if _REVEAL.search(beside) and not told and not re.search(r"我(?:的|自己的)(?:工单|投诉|诉求)", text):
            return True
    return False


def _holds_request(text: str) -> bool:
    """Whether an abusive text also tells of something to act on."""
    rest = _ABUSE.sub("", text)
    words = re.sub(
        r"你们?|这帮|这群|一群|都是|就是|全是|的|了|吧|啊|没事|骂|什么|东西|玩意儿?|热线|政府|机器人?|客服|管(?:不管|事)?|就",
        "",
        reading.bare(rest),
    )
    return len(words) >= 8
