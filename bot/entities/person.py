"""Who is speaking: the name, surname or form of address that a citizen gives.

Only what was said is returned: 王女士 stays 王女士, no given name is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

# Surnames: the most frequent ones (Ministry of Public Security, national name reports), the rarer ones as they occur.
_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚"
    "沈钟姜崔谭陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫阎雷龙黎史陶贺毛段郝顾龚邵万覃武钱戴严莫孔向常"
    "汤康易乔赖文庞樊殷施安齐伍颜倪耿宁卞岳季辛管卜祝柳骆左尚温芦关包纪舒屈项裴詹古游柯景甘焦时欧单牛聂翟"
    "葛佟鲍凌冉靳路盛鲁祁霍习冀苗褚柴阮娄解宗封卓桂谷房臧靖仇滕晏计巩栾苟边连楚冷蒲沙车米党梅兰曲商佘麻池"
)
_COMPOUND: Final = "欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|端木|夏侯|呼延"
SURNAME: Final = f"(?:{_COMPOUND}|[{_SURNAMES}])"
_TITLE: Final = (
    "先生|女士|小姐|阿姨|大爷|大妈|大娘|奶奶|爷爷|叔叔|大叔|大姐|大哥|师傅|老师|同志|某某|某|同学|经理|老板|医生|大夫"
)
_SAID_NAME: Final = re.compile(
    rf"(?:我(?:的)?(?:名字)?(?:是)?叫(?:做)?|名字(?:是|叫)?|姓名(?:是|叫|[:：])?|本人(?:叫|是)?)[\s,，:：]*({SURNAME}[\u4e00-\u9fff]{{1,2}})"
)
_WITH_TITLE: Final = re.compile(rf"(?:老|小)?({SURNAME})[\u4e00-\u9fff]{{0,2}}?({_TITLE})")
_SAID_SURNAME: Final = re.compile(rf"(?:免贵)?(?:我)?(?:是)?姓[\s,，]*({SURNAME}|[\u4e00-\u9fff])(?![名字氏])")
_OLD: Final = re.compile(rf"(?:叫我|我是)?(老|小)({SURNAME})(?:就行|就好|吧|$)")
_CHARACTER_GLOSS: Final = re.compile(r"[\u4e00-\u9fff]{1,4}的(?=[\u4e00-\u9fff])")
_ANONYMOUS: Final = re.compile(
    r"匿名|不(?:想|愿意?|方便|便)?(?:留|说|透露|提供|讲|告诉)(?:真?(?:姓|名)|名字|姓名)?|保密姓名|不留名|算了.{0,4}名字"
)
_NOT_A_GIVEN_NAME: Final = re.compile(r"^(?:先生|女士|小姐|什么|就行|就好|的|吧|啊|呢|了|是|某某|某)")
_BARE_NAME: Final = re.compile(rf"{SURNAME}[\u4e00-\u9fff]{{1,2}}")
_NOISE: Final = re.compile(
    r"^(?:嗯+|呃+|啊+|哦+|那个|这个|你好|您好|好的?|行|我|是|就是|[\s,，.。、!！])+|[\s,，.。!！吧啊呢呀哈]+$"
)
_COMMON_WORDS: Final = frozenset(
    [
        "不用",
        "不要",
        "不留",
        "不方便",
        "不知道",
        "没有",
        "可以",
        "方便",
        "安全",
        "常常",
        "时候",
        "路边",
        "方面",
        "向您",
        "石头",
        "白天",
        "古城",
        "文明",
        "高兴",
        "金额",
        "何必",
        "毛病",
        "解决",
        "任何",
        "万一",
        "安静",
        "严重",
        "管理",
        "单位",
        "关于",
        "计划",
        "包括",
        "连着",
        "商量",
        "麻烦",
        "冷静",
        "路上",
        "关门",
        "温度",
        "房子",
        "车子",
        "边上",
        "易懂",
        "左边",
        "沙子",
        "米饭",
        "江边",
        "燃气公司",
        "时间",
        "应该",
        "于是",
        "关于",
        "金融",
        "施工",
        "安排",
        "党员",
        "车主",
        "房东",
        "水管",
        "管子",
    ]
)


@dataclass(frozen=True, slots=True)
class PersonFinding:
    """`name` is what goes on the order (`李娟`, `王女士`, `王某`); `anonymous` when the citizen declines to say."""

    name: str
    surname: str = ""
    title: str = ""
    anonymous: bool = False
    kind: Literal["name", "title", "surname", "anonymous"] = "name"


def find(text: str, *, asked: bool = False) -> PersonFinding | None:
    """The speaker's name in `text`; None where no name is said.

    `asked`: the name was just asked for, so that a bare `李娟` counts and `不方便说` means anonymous.
    """
    if (asked or "名" in text) and _ANONYMOUS.search(text):
        return PersonFinding("匿名", anonymous=True, kind="anonymous")
    said = _SAID_NAME.search(text)
    if said and not _NOT_A_GIVEN_NAME.match(said[1][1:]):
        return _full_name(said[1])
    titled = [match for match in _WITH_TITLE.finditer(text) if asked or _speaks_of_self(text, match.start())]
    if titled:
        return _titled(titled[-1])
    surname = _SAID_SURNAME.search(text)
    if surname and (asked or _speaks_of_self(text, surname.start()) or surname[0].startswith(("我", "免贵"))):
        return PersonFinding(surname[1] + "某", surname=surname[1], kind="surname")
    if not asked:
        return None
    old = _OLD.search(text)
    if old:
        return PersonFinding(old[1] + old[2], surname=old[2], title=old[1], kind="title")
    bare = re.split(r"[,，。;；]", _NOISE.sub("", text))[0]
    if _BARE_NAME.fullmatch(bare) and bare not in _COMMON_WORDS:
        return _full_name(bare)
    return None


def _titled(match: re.Match[str]) -> PersonFinding:
    surname, title = match[1], match[2]
    name = match.group().lstrip("老小") if title not in ("某", "某某") else surname + "某"
    return PersonFinding(name, surname=surname, title=title, kind="title")


def _full_name(name: str) -> PersonFinding:
    compound = re.match(_COMPOUND, name)
    return PersonFinding(name, surname=compound.group() if compound else name[0])


def _speaks_of_self(text: str, start: int) -> bool:
    """Whether the words before a name are the speaker's own: 我是王女士, 您叫我王大爷."""
    return bool(re.search(r"(?:我是|我叫|叫我|写|本人|免贵|我)[\s,，]*$", text[:start]))
