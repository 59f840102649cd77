"""Characters whose reading only the neighbours decide: 为, 得, 地, 还, 只, 长, surnames. Pure.

Fixed phrases stand in `phrases.py`; here are the rules for characters that a dictionary of phrases cannot settle.
"""

from __future__ import annotations

import re
from typing import Final

_NUMERAL: Final = "一二三四五六七八九十百千万两几零半"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FOR_WHOM: Final = _words(
    """
    您 你 我 他 她 它 您们 你们 我们 他们 她们 它们 咱 咱们 大家 自己 人民 居民 市民 群众 百姓 老百姓 老人 老年人 孩子
    儿童 学生 家长 企业 个人 职工 员工 工人 劳动者 用户 业主 患者 病人 残疾人 家人 父母 母亲 父亲 亲属 客户 消费者
    乘客 游客 考生 国家 社会 子女 妻子 丈夫 单位 本人 申请人 当事人 其 此 了 什么 啥 何 的
    方便 便于 保障 确保 保证 保护 加强 进一步 维护 促进 规范 防止 避免 解决 做好 提高 鼓励 推动 落实
    """
)
_FOR_AFTER: Final = _words(
    """
    会 能 能够 可 可以 将 应当 应 应该 须 必须 要 需要 想 愿意 不 也 都 只 只能 专门 免费 及时 尽快 正在 已 已经
    请 来 去 并 或 就 是 再 优先 主动 积极 一直 是否 人员 公司 单位 部门 中心 窗口 我 您 你 他 我们 他们 您好
    """
)
_MUST_AFTER: Final = frozenset(
    {""}  # at the beginning
    | _words(
        "您 你 我 他 她 就 也 还 都 总 又 只 可 咱 必须 可能 一般 至少 恐怕 大概 肯定 这事 事 还是 每次 今天 明天 那"
    )
)
_ADVERBS_END: Final = frozenset("速真细心极格法面时步致续常确效快慢复断动意理平情次开正底密当")
_NOUNS_WITH_GROUND: Final = "址区方铁面点下上块板震质图理势皮段带税产契库砖沟灾线"
_TITLES: Final = "先生|女士|小姐|某|师傅|大爷|大妈|阿姨|同志"
_SURNAMES: Final = {
    "曾": ("zeng", 1), "单": ("shan", 4), "仇": ("qiu", 2), "解": ("xie", 4), "任": ("ren", 2), "查": ("zha", 1),
    "朴": ("piao", 2), "盖": ("ge", 3), "华": ("hua", 4), "区": ("ou", 1), "翟": ("zhai", 2), "覃": ("qin", 2),
    "燕": ("yan", 1), "葛": ("ge", 3), "尉": ("wei", 4), "缪": ("miao", 4), "冼": ("xian", 3), "乐": ("yue", 4),
}  # fmt: skip

_CONTEXTS: Final[tuple[tuple[re.Pattern[str], str, int], ...]] = tuple(
    (re.compile(pattern), base, tone)
    for pattern, base, tone in (
        (
            rf"(?<![增成生涨部市区县镇乡村校院会家站厂处科局司行队班组社团首省州])长(?=[约达宽]|[{_NUMERAL}])",
            "chang",
            2,
        ),
        (r"还(?=了(?!解)|清(?![楚理洁晰])|钱|完(?![成全善整])|上(?=[了的])|债|书(?!面))", "huan", 2),
        (r"行(?=宫)", "xing", 2),
        (r"(?<=中)间", "jian", 1),
        (r"结(?=果子|了果)", "jie", 1),
        (r"(?<=[视作定改成分列变划评认称设转升降确选任命折处判])为(?![什何此了])", "wei", 2),
        (r"为(?=准|主|限|宜|止|期|由)", "wei", 2),
        (r"还(?=$)|还(?=我.{0,3}公道)", "huan", 2),
        (
            r"(?<![不获取所懂记值觉晓赢求])得(?=[太很不好多少快慢高低远近乱差挺满]|厉害|严重|干净|清楚|特别|非常|比较)",
            "de",
            5,
        ),
        (r"调(?=[高低亮暗大小快慢得到好])", "tiao", 2),
        (rf"(?<=[{_NUMERAL}每])只(?![要能有是会好])", "zhi", 1),
        (r"(?<=[这那哪])只(?=[狗猫鸟鸡鸭羊兔鼠手脚眼箱鞋])", "zhi", 1),
        (r"数(?=一下|一遍|清楚|了一)", "shu", 3),
        (r"(?<=[睡找够用犯摸见顾管打])不着", "bu", 4),
        (r"(?<=[睡找够用犯摸见顾管打][不得])着", "zhao", 2),
        (r"(?<=[树墙杆牌人塔架])倒(?=[了在下塌])", "dao", 3),
        (r"(?<=[很太真特挺])冲", "chong", 4),
        (r"(?<![吞谈])吐(?=[在了得血])", "tu", 4),
        (r"教(?=孩子|学生|我|您|你|他|她|老人|大家|会了|书|了)", "jiao", 1),
        (r"切(?=[好菜肉开片碎成])", "qie", 1),
        (r"背(?=书包|着|不动|起|上(?=[了楼]))", "bei", 1),
        (r"削(?=苹果|皮|水果|铅笔)", "xiao", 1),
        (r"撒(?=农药|药|盐|化肥|种|了|在)", "sa", 3),
        (r"(?<=[猪羊牛马鸡])圈", "juan", 4),
    )
)
_SURNAME: Final = re.compile(rf"(?<=姓)([{''.join(_SURNAMES)}])|([{''.join(_SURNAMES)}])(?=(?:{_TITLES}))")
_DOUBLED_ADVERB: Final = re.compile(rf"(.)\1地(?![{_NOUNS_WITH_GROUND}])")


def correct(text: str, words: list[str], bases: list[str], tones: list[int]) -> None:
    """Put right, in place, what the neighbours decide. One base and one tone for each character of `text`."""
    for pattern, base, tone in _CONTEXTS:
        for match in pattern.finditer(text):
            bases[match.start()], tones[match.start()] = base, tone
    for match in _SURNAME.finditer(text):
        name = match.group()
        inside = match.start() > 0 and not match[1]
        if not (name in "区任" and inside):  # 大兴区先生… is a district, 主任女士 a post
            bases[match.start()], tones[match.start()] = _SURNAMES[name]
    for match in _DOUBLED_ADVERB.finditer(text):
        bases[match.end() - 1], tones[match.end() - 1] = "de", 5
    position = 0
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        after = words[index + 1] if index + 1 < len(words) else ""
        if word == "得" and after:
            bases[position], tones[position] = ("dei", 3) if _is_duty(before) else ("de", 5)
        elif word == "地" and after and len(before) >= 2 and (before[-2] == before[-1] or before[-1] in _ADVERBS_END):
            bases[position], tones[position] = "de", 5
        elif word == "为":
            bases[position], tones[position] = "wei", (4 if _is_for(before, after) else 2)
        position += len(word)


def _is_duty(before: str) -> bool:
    """得 after a pronoun or adverb is a duty (děi), after a verb a particle."""
    return before in _MUST_AFTER or before.endswith("们")


def _is_for(before: str, after: str) -> bool:
    """为 is "for" before those who gain and aims, at the beginning and after modal verbs; else "is" or "as"."""
    if after and after[0] in _NUMERAL:
        return False
    return after in _FOR_WHOM or before in _FOR_AFTER or not before
