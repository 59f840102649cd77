"""What a caller may ask about the talk itself: once more, slower, louder, one moment. The quick path, by rule.

Wordings that no rule knows are left to the trained understanding (`bot/policy/about_talk.py`). Every function is pure.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from base.pinyin import syllables
from bot import reading

Request = Literal["repeat", "slower", "faster", "louder", "quieter", "elder", "wait"]

_LONGEST: Final = 20  # characters; whoever says more tells of something as well
_SLOWER: Final = re.compile(
    r"(?<!不)(?:太|那么|这么|有点儿?)快|(?:放|再|说|讲|念|读|报)(?:得|的)?慢|慢(?:一)?(?:点儿?|些)|慢着点|慢慢(?:地|的)?(?:说|讲|念)|别(?:说|讲)?(?:得)?(?:那么|这么)?快|一个(?:一个)?字(?:一个字)?(?:地|的)?(?:说|念|讲)|跟不上"
)
_FASTER: Final = re.compile(
    r"(?:太|那么|这么|有点儿?)慢|(?:说|讲|念)(?:得)?快(?:一)?(?:点儿?|些)|快(?:一)?点儿?(?:说|讲|念)|(?:不用|别|甭|没必要|不需要)(?:说|讲)?(?:得)?(?:这么|那么)?慢|正常(?:地)?(?:说|讲|语速|速度)|恢复(?:正常)?(?:语速|速度)"
)
_LOUDER: Final = re.compile(
    r"大(?:一)?(?:点儿?|些)?声|声(?:音|儿)?(?:再|能|可以|放|开|调)*(?:大|高|响)(?:一)?(?:点儿?|些)|(?:声|声音|声儿|音量|嗓门)(?:实在|也)?(?:太|有点儿?|好|真|这么|那么)(?:小|低|轻)|声音小|音量(?:调|开|放|再)?(?:大|高)|大嗓门|使点劲"
)
_QUIETER: Final = re.compile(
    r"小(?:一)?(?:点儿?|些)?声|声(?:音|儿)?(?:再|能|可以|放|调)*(?:小|低|轻)(?:一)?(?:点儿?|些)|(?:声|声音|声儿|音量|嗓门)(?:也)?(?:太|有点儿?|这么|那么)(?:大|高|响|吵)|吵耳朵|震耳朵"
)
_CANNOT_HEAR: Final = re.compile(
    r"听不(?:太|大|怎么)?(?:见|到|着|清)|没(?:有)?(?:听|声)(?:见|到|着|清|音|儿)|声音?断|信号不好"
)
_NO_SOUND: Final = re.compile(r"听不(?:太|大|怎么)?(?:见|到|着)|没(?:有)?声")
_SELF: Final = r"(?:我|俺|咱)(?!爸|妈|爷|奶|们|家|老|父|母|姥|公|婆|岳|邻|姐|哥|姑|舅|叔|姨|单位|小区)"
_HARD_OF_HEARING: Final = re.compile(
    r"(?<![他她])(?:耳朵)(?:有点儿?|也|都|不太|不大|真)*(?:背|聋|不好|不行|不灵|沉)|耳背|听力(?:也|都|有点儿?)?(?:不好|不行|差|下降|衰退)"
)
_OLD: Final = re.compile(
    rf"{_SELF}(?:今年|都|已经|快|也|是|有|个)*(?:[六七八九]十[一二三四五六七八九]?|[6-9]\d)(?:多|来)?(?:岁|周岁|的人|了(?!块|元|万|平|户|米|人|个|天|年|次))"
    rf"|(?:^|[,，。、]|{_SELF})(?:今年)?(?:年纪|岁数|年龄)(?:也|都|太|有点儿?|比较|实在|真是?)*大|{_SELF}(?:也)?(?:是)?上了?(?:年纪|岁数)|{_SELF}(?:一个|是个|就是个)?(?:老头子?|老太太|老太婆|老人家|老人)(?:了|[,，。]|$)"
    rf"|七老八十|老眼昏花|老糊涂|{_SELF}(?:脑子|反应)(?:也|都)?(?:不好使|转不过来|慢)"
)
_POLITE: Final = re.compile(
    r"麻烦|劳驾|拜托|请|能不能|可不可以|可以|能|行不行|好不好|行吗|好吗|可以吗|您|你|们|我|给|跟|把|再|说话|说|讲|念|读|报|的|得|话|吗|嘛|么|呢|啊|呀|吧|哎|唉|喂|哦|嗯|呃|好|行|了|还|都|也|就|是|有点儿?|实在|真|太|一点儿?|一下|语速|速度|音量|声音|声儿?|记|不|下来|住|听|清楚?|懂|见|到|谁|得了|那个|这个|机器人?|姑娘|小伙子|同志|师傅|谢谢|耳朵|背|年纪|岁数|大|人|老|因为|所以"
)
_LEFT_OVER: Final = 4  # characters that say something else: then it was no mere request about the talk
_LEFT_OVER_UNHEARD: Final = 1  # "cannot hear" may be what the matter is about: the neighbours drown the television
_SAYS_ABOUT: Final = frozenset(
    ["shuo", "jiang", "sheng", "kuai", "man", "bian", "qing", "dong", "ting", "nian", "chong"]
)


def asked(text: str) -> frozenset[Request]:
    """What a short turn asks about the talk; empty where it says something else, or nothing that a rule knows."""
    words = reading.normalise(text)
    if len(reading.bare(words)) > _LONGEST:
        return frozenset()
    found: set[Request] = set()
    rest = words
    patterns: tuple[tuple[Request, re.Pattern[str]], ...] = (
        ("elder", _HARD_OF_HEARING),
        ("elder", _OLD),
        ("faster", _FASTER),
        ("slower", _SLOWER),
        ("louder", _LOUDER),
        ("quieter", _QUIETER),
        ("louder", _NO_SOUND),
        ("repeat", _CANNOT_HEAR),
    )
    for request, pattern in patterns:
        if pattern.search(rest):
            found.add(request)
            rest = pattern.sub("", rest)
    if reading.repeat(words):
        found.add("repeat")
        rest = reading.without_repeat(rest)
    allowed = _LEFT_OVER_UNHEARD if _CANNOT_HEAR.search(words) and not reading.says_again(words) else _LEFT_OVER
    if not found or len(_POLITE.sub("", reading.bare(rest))) > allowed:
        return frozenset()
    return frozenset(found)


def told_age(text: str) -> bool:
    """Whether callers tell, in a text of any length, that they are old or hard of hearing themselves."""
    words = reading.normalise(text)
    return bool(_HARD_OF_HEARING.search(words) or _OLD.search(words))


def says_more_than_age(text: str) -> bool:
    """Whether words of weight stand beside the age."""
    rest = reading.bare(_OLD.sub("", reading.normalise(text)))
    return bool(_POLITE.sub("", rest.replace("明白", "")))


def hard_of_hearing(text: str) -> bool:
    return bool(_HARD_OF_HEARING.search(reading.normalise(text)))


def may_be_about_talk(text: str) -> bool:
    """Whether a short turn sounds as if it could be about speaking and hearing: only then a model is asked."""
    words = reading.bare(text)
    return 0 < len(words) <= _LONGEST and any(syllable in _SAYS_ABOUT for syllable in syllables(words))
