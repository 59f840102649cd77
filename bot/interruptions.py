"""What reaches us and is not said to us: a mishap in the room, words to somebody else, a call meant for another number.

Read by rule, like `bot/reading.py`. Texts may have any length, so no pattern repeats what holds a repetition.
"""

from __future__ import annotations

import re
from typing import Final

from bot import reading

_INTERRUPTED: Final = re.compile(
    r"[您你]?(?:接着|继续)(?:说|讲|问)(?:吧|啊|呗)?[\s,，。!！]*$|(?:刚才|刚刚|咱们?)?(?:说|问|讲)到(?:哪|什么地方)"
    r"|[您你]刚(?:才|刚)?(?:问|说)(?:我)?(?:的)?(?:是)?(?:什么|啥)(?:来着)?"
    r"|[您你](?:再)?说[,，\s]*(?:刚才|刚刚)?(?:我)?没(?:大|太)?听[清见着]"
)
_ASKED_AGAIN: Final = re.compile(  # "what did you ask me?"
    r"(?:[您你])?刚(?:才|刚)?(?:问|说)(?:到|我)?(?:的)?(?:是)?(?:什么|啥|哪儿|哪)(?:来着|了|呀|啊)?$|(?:问|说|讲)到(?:哪儿?|什么地方)(?:了|来着)?$"
)
_BACK: Final = re.compile(  # not whoever else is back
    r"我回来(?:了|啦)|(?:[喊叫]我|接(?:了)?个?电话|开(?:了)?个?门|拿(?:了)?个?快递)[^,，。]{0,4}[\s,，]*回来(?:了|啦)"
)
_MEANWHILE: Final = re.compile(
    r"等(?:会儿?|等)|稍等|没事没事|没事儿?[啊了]|(?:敲|按)(?:着)?门|门铃|(?:来|是|送)送?(?:快递|外卖|餐|水)的|别(?:动|闹|碰|跑|爬|哭|叫|揪|摸|吵|玩)"
    r"|锅(?:里)?(?:都)?(?:糊|冒|开|烧|溢|潽)|水(?:都)?开了|火[^,，。]{0,3}(?:关|忘)|[关灭]了|糊了|来(?:电话|人|客)了|玩儿?去|写(?:你的?)?作业|一边儿?去|[下上过回]来|坐好|听话|等着|(?:不能|先别)[上下去爬摸吃拿喝]|宝宝|对不起"
    r"|(?:孩子|孙子|宝宝|狗|猫)[^,，。]{0,2}(?:闹|哭|捣乱|叫)|不好意思|打岔"
)
_NOT_TO_US: Final = re.compile(
    r"(?:发|打)错(?:了)?(?:窗口|对话框|地方|群|人)(?:了|啦)|不是(?:跟|和|对)[您你]说|(?:跟|和)(?:孩子|老伴儿?|家里人?|旁边的?人?)说(?:话)?呢"
)
_ANSWERS_BESIDE: Final = 8  # characters besides what came between: then something was told all the same
_CLAUSES: Final = re.compile(r"[,，。;；!！?？…]+")
_WRONG_NUMBER: Final = re.compile(r"[打拨]错了?(?:电话|号码?)?|[找发加]错了?(?:人|地方|群|客服|公众号)")
_NAMED: Final = re.compile(r"错了?(?:电话|号码|人|地方|群|客服|公众号)")
_TAKES_US_FOR: Final = re.compile(
    r"^(?:喂|哎|诶|[您你]好|请问|那个|[\s,，。!！?？])*(?:[您你]们?)?(?:这儿|这里|这边|那儿|那边)?是(?:不是)?(?:那个|个)?[^\s,，。!！?？]{0,6}"
    r"(?:搬家|快递|外卖|[饭酒]店|餐[厅馆]|宾馆|家政|装修|开锁|家电|空调维修|修空调|出租车?|打车|滴滴|美团|饿了么|淘宝|京东|拼多多|抖音|顺丰|中通|圆通"
    r"|旅行社|影楼|房产中介|租车|鲜花店|花店|蛋糕店|洗衣店|理发店|健身房|平台|网店|4S店|火锅店|送水|送气|银行|保险)"
    r"[^\s,，。!！?？]{0,5}(?:吗|么|吧|不|是吧|对吧|对不对|嘛)(?=[\s,，。!！?？])"
    r"|^(?:喂|[您你]好|[\s,，。!！?？])*[^\s,，。!！?？]{0,6}(?:客服|平台|公司|[饭酒]店|餐厅|快递)(?:中心|热线)?是(?:吧|吗|不是)(?=[\s,，。!！?？])"
)
_STILL_OURS: Final = re.compile(r"投诉|举报|反映|12345|热线|政府|市里|政策|补贴|不给|不退|骗|态度|没人管|怎么办理|规定")
_NEVER_MIND: Final = re.compile(r"没事|不用了?|对不起|不好意思|抱歉|打扰|挂了")
_BESIDE_WRONG: Final = re.compile(
    r"[你您](?:这儿|这里)?不是[^,，。]{1,10}[啊呀哪]|我?要?(?:找|打给)[^,，。]{1,10}(?=[,，。])|不用了?|对不起|不好意思|抱歉|不是|好像|可能|应该是"
    r"|打扰[您你]?|电话|号码?|谢谢|再见|挂了|没事儿?|[哦噢啊哎呀喂那是我吧了\s,，。!！~]"
)


def taken_for_another(text: str) -> bool:
    """ "Is that the removal firm? I move house tomorrow": somebody else's business is told to us.

    Whoever names a public service (the water works), or complains, may have come to the right place.
    """
    words = reading.normalise(text)
    return bool(_TAKES_US_FOR.search(words)) and not _STILL_OURS.search(words)


def wrong_number(text: str, *, certain: bool) -> bool:
    """Whether somebody else was meant to be reached, and nothing else is said.

    Args:
        certain: 打错了 alone may be about our words (on a page, or when an order is read back): what was dialled, or
            whom it was meant for, must be named.
    """
    words = reading.normalise(text)
    rest, found = _WRONG_NUMBER.subn("", words)
    if not found or (certain and not _NAMED.search(words) and not (found > 1 and _NEVER_MIND.search(rest))):
        return False
    return not _BESIDE_WRONG.sub("", rest)


def asks_to_go_on(text: str) -> bool:
    """Whether the citizen comes back to us ("what did you ask just now?"), whatever was said before."""
    words = reading.normalise(text)
    return bool(_INTERRUPTED.search(words) or _BACK.search(words))


def last_clause(text: str) -> str:
    """What is said last, behind others; empty where nothing stands before it."""
    clauses = [clause for clause in _CLAUSES.split(text) if clause.strip()]
    return clauses[-1].strip() if len(clauses) > 1 else ""


def ends_asking_the_question(text: str) -> bool:
    """ "… you were saying? what did you ask me?": whoever ends so has answered nothing, however much came before."""
    return bool(_ASKED_AGAIN.search(reading.bare(last_clause(text))))


def interrupted(text: str) -> bool:
    """Something else came between (a pot boils over, somebody knocks), and the talk may go on: no answer yet.

    Either a moment was asked for, or words of the household, and hardly any besides, stand before the wish to go on; or
    it is said that somebody else was meant.
    """
    words = reading.normalise(text)
    aside = _NOT_TO_US.search(words)
    if aside and len(reading.content(words[aside.end() :])) < _ANSWERS_BESIDE:
        return True
    goes_on = _INTERRUPTED.search(words)
    if not goes_on:
        return False
    if reading.strip_wait(bare := reading.bare(words)) != bare:
        return True
    clauses = _CLAUSES.split(words[: goes_on.start()])
    besides = sum(len(reading.content(clause)) for clause in clauses if not _MEANWHILE.search(clause))
    return besides < _ANSWERS_BESIDE and any(_MEANWHILE.search(clause) for clause in clauses)
