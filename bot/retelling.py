"""A story retold for whoever works on it: what happened, without the talk around it. Nothing is added or reworded.

Dropped are clauses that only lead in ("我跟你们说"), tell of the caller's temper or ask for silence (a field of its
own), and oaths inside a clause; of a title also who calls for whom. The transcript keeps every word. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from bot import reading

_CLAUSES: Final = re.compile(r"[,，。;；!！?？\n]+|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_OF_THE_TALK: Final = re.compile(  # how old callers begin: of the line, of their ears and their age
    r"(?:哎|喂|那什么|同志|闺女|姑娘|劳驾|师傅)*[啊呀呐]?(?:(?:是)?(?:[一幺]二三四五|市里头?|市长热线|政府)[^,，。]{0,3}|(?:[你您])?(?:说话)?(?:大|慢)点儿?声?[^,，。]{0,3}"
    r"|我?(?:这)?耳(?:朵)?(?:背|聋|沉|不好使)[^,，。]{0,4}|听(?:得|不)[^,，。]{0,4}|能听[^,，。]{0,4}|(?:我)?(?:今年|都|过年|虚岁|周岁)*(?:[五六七八九]十[^,，。]{0,2}|[5-9]\d)(?:多)?(?:岁|了|啦|喽)[^,，。]{0,3}"
    r"|[你您](?:听我|别嫌|别挂|等我|记一下)[^,，。]{0,8}|我(?:先|就)?(?:跟[你您])?(?:慢慢儿?)?(?:跟[你您])?说(?:啊|说)?|我?(?:姓|叫)[^,，。]{1,4}|血压高|糖尿病|老伴儿?(?:走|没)[^,，。]{0,6}|老婆子[^,，。]{0,6}没了)[啊呀吧呢哈的了]*"
)
_BEGINS_ELSEWHERE: Final = 20  # characters before the point; fewer stay, they tell where
_WORTH_CUTTING: Final = 8  # characters of a clause that does not fit; fewer say nothing
_PIECES: Final = re.compile(r"[^,，。;；!！?？\n]+[,，。;；!！?？\n]*")
_OATHS: Final = re.compile(
    r"(?:你|他)(?:妈|娘)(?:的|了个[^,，。]{1,2})?(?!的|妈|家|身体|生病|住|今年|在|去)(?![\u4e00-\u9fff]{0,2}(?:药|病|腿|养老|退休|医保|社保|户口|身份证|房|卡|电话|手机|钱))"
    r"|(?<![我你他她俺爸姑舅干大奶妈])妈(?:的|了个巴子)(?![\u4e00-\u9fff]{0,2}(?:药|病|腿|养老|退休|医保|社保|户口|身份证|房|卡|电话|手机))"
    r"|(?<![体早做出课])操(?:你|他)?(?=[,，。!！\s]|$)|(?:我|卧)[靠槽]|尼玛|特么|狗日的|狗娘养的|王八蛋|傻[逼比叉]|混蛋|(?:的)?那?帮孙子|(?<=[死坏烦])老子"
)
_LEADS_IN: Final = re.compile(
    r"(?:那|那个|就是|我|俺)*(?:"
    r"(?:跟|给|和)(?:你|您)们?(?:说|讲|唠)(?:啊|吧|个事儿?|一?[下声])*|(?:有)?(?:一?个|点儿?|件)?(?:事儿?|情况|想法|建议|意见)(?:我)?(?:得|要|想)?(?:跟你们?|和您?)?(?:说说?|讲讲?|反映|提一?提?)?(?:一下|啊|呀)?"
    r"|是(?:这么|这样)(?:个|一?回)?事儿?(?:啊|呀)?|事情是这样的?|(?:想|要|来)?(?:打听|说|问|反映)(?:个|点儿?|一下)?(?:事儿?|情况|问题)"
    r"|听(?:得|我)(?:见|说)(?:吗|啊)?|(?:你|您)(?:听我说|大点儿?声|给评评理|们?说说?(?:这|看)?)"
    r"|(?:都|真)?(?:快|要)?(?:让|被|给)(?:他们?|它|这)?(?:逼疯|气死|烦死|折磨死|吵死|愁死)了?|(?:都)?(?:快|要)(?:疯|气死|烦死|愁死|崩溃)了|(?:真是?|实在)?(?:受不了|没法活|无语|服了|气人|太气人)(?:了)?"
    r"|(?:点|必须点)赞|(?:投诉|举报|求助|反映|咨询|表扬|曝光)|(?:亲眼)?看见的|谢谢|麻烦(?:你|您)们?了?|(?:你|您)们(?:倒是)?管不管|(?:你|您)们快?管管(?:吧)?"
    r")[啊呀吧呢哈的了]*"
)
_SECRECY: Final = re.compile(  # a field of its own
    r"(?:你|您)?(?:们)?可?(?:千万)?别(?:说|让|告诉|透露).{0,10}(?:我|知道|是谁)(?:[说讲报]的)?|(?:要|请|帮我|给我)(?:严格)?保密"
)
_ON_BEHALF: Final = re.compile(
    r"我?(?:是)?(?:给|替|帮)(?:我|俺|咱)?(?:邻居|老乡|同事|朋友|亲戚|妈|爸|老人|一个?街坊|他|她)[^,，。]{0,4}(?:打|问|反映|说)的?"
)


def cleaned(text: str) -> str:
    """`text` without oaths and without clauses that tell nothing of the matter; all of it where nothing would stay."""
    mild = _OATHS.sub("", text)
    kept = [piece for piece in _PIECES.findall(mild) if not _tells_nothing(piece)]
    said = re.sub(r"([,，、。！!])[,，、\s]+", r"\1", "".join(kept)).strip(" ,，、。!！")
    return said if len(reading.content(said)) >= 2 else text


def headline(text: str, limit: int) -> str:
    """The first clauses that tell of the matter, whole ones, in `limit` characters; a longer one is cut with `…`."""
    said = ""
    for clause in (piece.strip() for piece in _CLAUSES.split(reading.gist(cleaned(text)))):
        if _tells_nothing(clause) or _ON_BEHALF.fullmatch(reading.bare(clause)):
            continue
        joined = f"{said}，{clause}" if said else clause
        if said and len(joined) > limit:
            return said if len(said) + _WORTH_CUTTING > limit else joined[: limit - 1] + "…"
        said = joined
    said = said or text
    return said if len(said) <= limit else said[: limit - 1] + "…"


def to_the_point(text: str, matters: Callable[[str], bool], limit: int) -> str:
    """A long story from the first clause on that names what is wrong, in `limit` characters: whoever begins with how
    they came to live there has a title all the same. Whole clauses, in their order, none reworded.

    Args:
        matters: whether a clause names something wrong by itself.
    """
    clauses = [piece.strip() for piece in _CLAUSES.split(cleaned(text)) if piece.strip()]
    told = [clause for clause in clauses if not _tells_nothing(clause) and not _OF_THE_TALK.fullmatch(clause)]
    first = next((at for at, clause in enumerate(told) if matters(clause)), 0)
    if sum(len(clause) for clause in told[:first]) < _BEGINS_ELSEWHERE:
        first = 0
    kept: list[str] = []
    for clause in told[first:]:
        if kept and len("，".join((*kept, clause))) > limit:
            break
        kept.append(clause)
    return "，".join(kept) or text


def _tells_nothing(piece: str) -> bool:
    words = reading.bare(piece).strip("：:")
    return not words or bool(_LEADS_IN.fullmatch(words)) or bool(_SECRECY.fullmatch(words))
