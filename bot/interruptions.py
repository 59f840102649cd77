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
_BESIDE_WRONG: Final = re.compile(
    r"[你您](?:这儿|这里)?不是[^,，。]{1,10}[啊呀哪]|我?要?(?:找|打给)[^,，。]{1,10}(?=[,，。])|不用了?|对不起|不好意思|抱歉|不是|好像|可能|应该是"
    r"|打扰[您你]?|电话|号码?|谢谢|再见|挂了|没事|[哦噢啊哎呀喂那是我吧了\s,，。!！~]"
)


def wrong_number(text: str, *, certain: bool) -> bool:
    """Whether somebody else was meant to be reached, and nothing else is said.

    Args:
        certain: 打错了 alone may be about our words (on a page, or when an order is read back): what was dialled, or
            whom it was meant for, must be named.
    """
    words = reading.normalise(text)
    rest, found = _WRONG_NUMBER.subn("", words)
    if not found or (certain and not _NAMED.search(words)):
        return False
    return not _BESIDE_WRONG.sub("", rest)


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
