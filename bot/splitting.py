"""Several matters in one breath: where one ends and the next begins.

An enumeration ("一个是…再一个是…", "1.…2.…") is believed; a mere connecting word ("另外…") only proposes a cut, and
whoever calls decides whether both sides are matters of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot import reading

_EDGE: Final = r"(?:^|(?<=[\s,，。;；:：!！?？、啊呢吧哈嘛]))\s*"
_NUMBERS_THINGS: Final = (  # 3 单元 is no third matter
    r"单元|楼(?![道上下里门梯])|门(?![口禁卡])|路(?![灯口面边上])|户(?!口)|天(?![桥然气])|年(?!级)|公(?=里)"
    r"|[号层幢栋室个点月日周块元万千百次米人名位岁]"
)
_ENUMERATION: Final = re.compile(
    _EDGE + rf"(?:\(?[1-5][.、．)）:：](?!\d)|[1-5]\s+(?!{_NUMBERS_THINGS})(?=[\u4e00-\u9fff])|[①②③④⑤]"
    r"|第[一二三四五](?:个|件|点|条|件事|个事|样|桩|档子?)?(?:儿)?"
    r"(?:[,，、:：]|是|就是|\s?(?=[\u4e00-\u9fff]))|[一二三四五](?:[、.．]|是(?!不)|来(?:[,，是]|(?=.*二来)|(?<=[二三四五]来)))"
    r"|(?:我)?(?:先(?:说说?|讲讲?))?(?:一|头一|二一|另一|再一|还有一|又一)(?:个|件|桩|档|样)(?:子)?(?:事|问题)?(?:儿)?(?:呢|就是|是|[,，、])"
    r"|(?:夸|告|骂|表扬|投诉|反映|举报|建议|咨询|求助|提问)[:：]"
    r"|(?:一|另一)个(?:要|想)(?=夸|骂|表扬|投诉|反映|举报|咨询|问|建议)"
    r"|(?:先|再|后|最后|另外|同时)(?:说说?|来)?(?:要|想)?(?:表扬|反映|投诉|举报|咨询|建议|问)(?:一下|个事|一个|一件事?)?[:：]"
    r"|(?:首先|其次|其一|其二|再次|最后)(?:呢|是|[,，、])?|再(?:就是|者)(?:呢|是|[,，、])?|(?:前一|后一)(?:个|件)(?:是|[,，、]))\s*"
)
# "First the praise, then the complaint": a sign of two matters where both sides are named.
_BEGINS: Final = r"(?:先|再|后|然后|接着|末了|回头)(?:得|要|想)?(?:我)?(?:再|来)?"
_PAUSES: Final = r"(?:[,，:：]|啊[,，]|呢[,，])+"
_TWO_SIDED: Final = re.compile(
    _EDGE + r"(?:"
    rf"{_BEGINS}(?:提|夸|表扬|点赞|谢|感谢|骂|投诉|反映|举报|问|唠叨|埋怨)(?:一?[个句点件条声]|一下|[两几]句)?"
    rf"(?:个|点儿?)?(?:意见|建议|问题|毛病|不满|正事儿?|人|事儿?)?{_PAUSES}"
    rf"|{_BEGINS}(?:说|讲)(?:一?[个句点件条]|[两几]句|点儿?)?(?:个)?"
    rf"(?:不?(?:好|中|顺)听的?(?:话)?|不?好的|坏的|好(?:事|话)儿?|坏事儿?|闹心的?|糟心的?|高兴的?|表扬|意见|建议|问题|毛病|不满|正事儿?){_PAUSES}"
    r"|(?:夸|表扬|点赞|感谢|骂|投诉|反映|举报|建议|说|提|求|问)的(?:是|呢)+[,，]?(?:是)?"
    r"|(?:好听|不好听|高兴|闹心|糟心|愁)的(?:是|呢)+[,，]?(?:是)?|(?:意见|建议)呢[,，]?(?:是)?"
    r")\s*"
)
_NAMES_KIND: Final = re.compile(r"夸|表扬|点赞|感谢|谢|投诉|举报|建议|意见|问")
_PRAISES: Final = re.compile(r"夸|表扬|点赞|感谢|谢|(?<!不)好(?:听|的|事|话)|高兴")
_SIDE: Final = 4  # characters
_TOLD_BEFORE: Final = 6  # characters of a matter before the first that is counted
_NEVER_MIND: Final = re.compile(r"(?:就|还是)?(?:先)?(?:算了|不说了|不提了|不讲了|不反映了|甭提了|想不起来|没想起来)")
_SETTLED: Final = re.compile(  # "the third, the lamp… it was mended yesterday, so leave it"
    r"(?:[修弄装办]|解决|处理)(?:上|好|完|了)+[^。;；]{0,6}(?:不说|不提|不讲|不反映|算)了"
)
_COUNTS: Final = re.compile(r"第?[一二三四五]?个|[….]+")
_ABOUT_TELLING: Final = re.compile(
    r"省得[^,，。]*|(?:一块儿?|一起|一并|一次|一趟|一口气|挨个儿?|分开|一样一样|一件一件)[^,，。]{0,4}[说讲反问记写登][^,，。]*|(?:听|让)我[^,，。]{0,4}[说讲][^,，。]*|[您你]?(?:记|听|拿笔)(?:一下|好|着)"
)
_GLUED: Final = re.compile(  # 两个问题 1门口堵车 2路灯不亮
    _EDGE
    + rf"[1-5](?!{_NUMBERS_THINGS}|台(?!阶)|[条口期间辆盏遍]|家(?![里中])|小时|分钟|排(?![水污气])"
    + r"|只(?![要有])|座(?![椅位])|手(?!机))"
    r"(?=[\u4e00-\u9fff])\s*"
)
_FROM_ONE: Final = re.compile(r"^\s*1(?=[\u4e00-\u9fff])")  # 1门口堵车 2路灯不亮
_CONNECTOR: Final = re.compile(
    _EDGE + r"(?:还有(?!些|[几两俩仨\d]|没|不|的|点|(?:一?个)?人)"
    r"(?:就是|一点(?:就是|呢)?|一个(?:事|问题)?|个事|件事|一件事|呢)?"
    r"|另外(?:就是|还有|再|一个(?:事|问题)?|一件事|呢)?|再(?:一个|有|就是)(?:就是)?|顺便(?:再)?"
    r"|对了|同时(?:也)?|然后(?:还有|就是还有)"
    r"|(?:完了|末了|最后|回头|(?<=[。！!；;]))(?:我)?(?:再|还想?|也想)(?:问|打听|咨询)(?:您|你们?)?一?[句下](?:事儿?)?"
    r"|(?:完了|末了|最后|回头)?(?:我)?(?:再|还想?|也想)(?=(?:反映|投诉|表扬)一[下个件])"
    r"|(?:打听|问|说|夸|表扬|讲|反映)?完(?:了|以后|之后)[,，]?(?:我)?(?:还|再)(?:得|要|想)*(?:再)?(?:跟[您你]们?)?"
    r"(?:说(?:说|道|叨)?|讲讲?|唠叨|投诉|反映|举报|表扬|夸|提|问|求|麻烦)(?:一?[个下句件条]|[您你]们?)?(?:事儿?|情况|问题|意见|建议)?[,，:：]?"
    r"|除此之外|此外)"
    r"(?:儿|呢|啊|吧)?[,，、]?\s*(?:就是[,，、]?)?(?:那个|嗯)?[,，、]?\s*"
)
_SEVERAL: Final = (
    r"(?:有|(?<![^\s,，。])|麻烦[您你]们?|攒了?|凑了?|存了?|说|反映|问|投诉|讲|报|这儿|这里|这边|我(?=.{1,2}[个件桩])|我们[村家楼院里](?=[两俩三仨])|的(?=.个?(?:问题|事儿?|情况)[^,，。]{0,3}(?:一块|一起|一并|一道)))(?:一下)?(?:这么)?(?:两|俩|三|仨|几|2|3|好几)(?:个|件|桩|样|档子?)?(?:不同的|方面的?)?"
    r"(?:事情|事(?!情)儿?|问题|情况|诉求|[A-Za-z]{3,10})(?![都没全])(?:儿|啊|呢|吧|[想要](?:反映|说|报|投诉|咨询|问))?(?:一块儿?|一起|一并|一道)?(?:[跟和向][您你]们?)?(?:说说?|讲讲?|唠唠?|念叨|反映|汇报)?了?(?:啊|吧|呢|哈)?[,，。:：、\s]*"
)
_PREAMBLE: Final = re.compile(rf"^(?:.{{0,14}})?{_SEVERAL}")
_ANNOUNCES: Final = re.compile(
    rf"{_SEVERAL}$|(?:一件|一个|一条)[^,，。]{{1,6}}的?[,，、\s]*(?:另?一件|另?一个|另?一条)[^,，。]{{1,6}}的?[,，。:：\s]*$"
)  # however long the introduction before it is
_ANNOUNCED: Final = re.compile(
    r"(?:那?我)?(?:想|要|得)?(?:先|再|还|后|然后|接着|顺便)?(?:想|要)?(?:夸|表扬|告|投诉|反映|说|问|讲|骂|提|举报|建议|咨询)"
    r"(?:一?[个件下句条]|[两几][个件句条]|点儿?)?(?:人|事儿?|事情|情况|问题|意见|建议|状)?"
)
_SEVERAL_LEAST: Final = 2
_HOW_MANY: Final = {"两": 2, "俩": 2, "2": 2, "三": 3, "仨": 3, "3": 3}
_ONE_EACH: Final = re.compile(  # "one at the office, one at home": still an announcement
    r"^一[个件样桩][^,，。;；一]{1,6}[,，、]?一[个件样桩][^,，。;；]{1,6}[,，。:：\s]+"
)
_HALVES: Final = (re.compile(r"[;；]+"), re.compile(r"[。！!;；\n]+"))
_ASKS_LEAVE: Final = re.compile(r"[成行好中](?:吧|吗|不[成行好中])?|可以吗|[啊吧哈呢\s,，、。?？!！~]")
_POLITE: Final = re.compile(
    r"^(?:好了?|谢+|多谢|非常感谢|感谢|麻烦|辛苦|你们?|您们?|了|就这些|就这样|没了|再见|请尽快处理|尽快|处理|解决|希望|请|一下|给|帮忙|哈|啊|吧|呢|呀|[,，。!！~\s])+$"
)
_SEPARATOR: Final = re.compile(r"[。!！;；\n]+")
_STORY_END: Final = 30  # characters
_THING: Final = 4  # characters, of the last thing in a list
_CLAUSE: Final = re.compile(r"[,，。!！;；\n]+")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of what was said. `sure`: it stands in an enumeration."""

    text: str
    sure: bool


def polite_only(text: str) -> bool:
    """Thanks, goodbye and "please hurry": nothing to act on."""
    return not reading.bare(text) or bool(_POLITE.match(text.strip()))


def split(text: str) -> list[Segment]:
    """The pieces of `text` that may be matters of their own; one piece, unchanged, where there is no sign of more."""
    if sides := _two_sides(text):
        return [Segment(side, True) for side in sides]
    marks = list(_ENUMERATION.finditer(text))
    several = announced(text)
    if (several or _FROM_ONE.match(text)) and len(marks) < 2:
        marks = _counted(text) or marks
    if len(marks) >= 2 or (several and len(marks) == 1):
        pieces = _cut(text, marks)
        head = text[: marks[0].start()]
        told_before = len(reading.content(_ABOUT_TELLING.sub("", head))) >= _TOLD_BEFORE
        if len(marks) == 1 or (not several and not _ANNOUNCES.search(head) and told_before):
            pieces = [_PREAMBLE.sub("", head), *pieces]
        kept = [piece for piece in (piece.strip(" ,，。;；、") for piece in pieces) if piece and not polite_only(piece)]
        kept = [piece for piece in kept if not _dropped(piece)] or kept
        if len(kept) >= 2:
            return [Segment(piece, True) for piece in kept]
        if kept:
            return [Segment(_join(kept, text), False)]
    cuts = [cut for cut in _CONNECTOR.finditer(text) if not _ends_list(text, cut)]
    if cuts:
        pieces = [text[: cuts[0].start()], *_cut(text, cuts)]
        pieces[0] = _PREAMBLE.sub("", pieces[0])
        kept = [piece for piece in (piece.strip(" ,，。;；、") for piece in pieces) if piece and not polite_only(piece)]
        if len(kept) >= 2:
            return [Segment(piece, several and len(kept) == 2) for piece in kept]
    return [Segment(piece, True) for piece in _by_stops(text)] or [Segment(text, False)]


def _by_stops(text: str) -> list[str]:
    """As many matters as are announced, where stops part the rest into just so many; empty where they do not."""
    preamble = _PREAMBLE.match(text)
    number = re.search(r"[两俩三仨23](?=(?:个|件|桩|样|档))", preamble.group()) if preamble else None
    if preamble is None or number is None:
        return []
    rest = _ONE_EACH.sub("", text[preamble.end() :].lstrip(" ,，。:："))
    for stop in _HALVES:
        pieces = [piece.strip(" ,，、") for piece in stop.split(rest)]
        pieces = [piece for piece in pieces if piece and not polite_only(piece) and not _ABOUT_TELLING.fullmatch(piece)]
        if len(pieces) == _HOW_MANY[number.group()] and all(len(reading.content(piece)) >= _SIDE for piece in pieces):
            return pieces
    return []


def _dropped(piece: str) -> bool:
    """ "The third… never mind": a matter that was counted and is not told."""
    if _SETTLED.search(piece):
        return True
    found = _NEVER_MIND.search(piece)
    return found is not None and len(reading.content(_COUNTS.sub("", piece[: found.start()]))) < _SIDE


def _two_sides(text: str) -> list[str]:
    """The praise and the rest of it, where the citizen names both sides ("先说好听的…再说不好听的…"); else empty."""
    marks = list(_TWO_SIDED.finditer(text))
    praises = [bool(_PRAISES.search(mark.group())) for mark in marks]
    if len(marks) < 2 or all(praises) or not any(praises):
        return []
    head = _ABOUT_TELLING.sub("", _PREAMBLE.sub("", text[: marks[0].start()]))
    if len(reading.content(head)) >= _TOLD_BEFORE:
        return []  # it may belong to both sides: nothing is cut
    sides: dict[bool, list[str]] = {}
    for mark, praise, piece in zip(marks, praises, _cut(text, marks), strict=True):
        told = piece.strip(" ,，。;；、")
        if len(reading.content(told)) >= _SIDE:
            named = (
                mark.group().strip()
                if _NAMES_KIND.search(mark.group()) and not mark.group().rstrip().endswith((":", "："))
                else ""
            )
            sides.setdefault(praise, []).append(named + told)
    return ["，".join(told) for told in sides.values()] if len(sides) == 2 else []


def _counted(text: str) -> list[re.Match[str]]:
    """Where numerals count the matters, 1, 2 and so on, also those glued to the next word; empty where they do not."""
    marks = {mark.start(): mark for pattern in (_GLUED, _ENUMERATION) for mark in pattern.finditer(text)}
    found = [marks[start] for start in sorted(marks)]
    numbers = [number.group() if (number := re.search(r"[1-5]", mark.group())) else "" for mark in found]
    return found if len(found) >= 2 and numbers == [str(place) for place in range(1, len(found) + 1)] else []


def _ends_list(text: str, cut: re.Match[str]) -> bool:
    """Whether "还有" names the last of several things (砖头、塑料，还有黑泥。) instead of beginning another matter."""
    before = _CLAUSE.split(text[: cut.start()].rstrip(" ,，、"))[-1]
    after = _CLAUSE.split(text[cut.end() :])[0]
    return cut.group().strip().startswith("还有") and "、" in before and len(reading.bare(after)) <= _THING


def sentences(text: str) -> list[str]:
    """Whole sentences, for text without any connecting word."""
    return [piece.strip() for piece in _SEPARATOR.split(text) if piece.strip() and not polite_only(piece)]


def end_of(text: str) -> str:
    """The last clauses of a story, so many that they say something by themselves."""
    clauses = re.split(r"(?<=[,，。;；!！?？])", text)
    end = ""
    while clauses and len(reading.bare(end)) < _STORY_END:
        end = clauses.pop() + end
    return end


def announced(text: str) -> bool:
    """Whether the citizen says that there are several matters."""
    return bool(_PREAMBLE.match(text))


def only_announces(text: str) -> bool:
    """Whether the citizen says what is coming ("I praise one and complain of one, all right?"), and no more."""
    rest, announced_ones = _ANNOUNCED.subn("", reading.tidy(text))
    return announced_ones >= _SEVERAL_LEAST and not _ASKS_LEAVE.sub("", rest)


def _cut(text: str, marks: list[re.Match[str]]) -> list[str]:
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]


def _join(kept: list[str], text: str) -> str:
    return kept[0] if len(kept) == 1 else text


def distribute(answer: str, matters: list[str]) -> list[str]:
    """One answer about several matters, cut up: what of `answer` belongs to each of `matters` (their words so far).

    An enumeration with as many parts as there are matters goes in order; else each clause goes to the matter that it
    shares most characters with; a clause that fits none goes to all. A matter that gets nothing gets the whole answer.
    """
    if len(matters) < 2:
        return [answer] * len(matters)
    parts = [segment.text for segment in split(answer)]
    if len(parts) == len(matters):
        order = _best_order(parts, matters)
        return [parts[index] for index in order]
    clauses = [clause.strip() for clause in _CLAUSE.split(answer) if clause.strip()]
    pairs = [_pairs(matter) for matter in matters]
    shares: list[list[str]] = [[] for _ in matters]
    owner: int | None = None
    for clause in clauses:
        scores = [len(_pairs(clause) & own) for own in pairs]
        best = max(scores)
        if best > 0 and scores.count(best) == 1:
            owner = scores.index(best)
            shares[owner].append(clause)
        elif owner is not None:
            shares[owner].append(clause)
        else:
            for share in shares:
                share.append(clause)
    if any(not share for share in shares):
        return [answer] * len(matters)
    return ["，".join(share) for share in shares]


def _best_order(parts: list[str], matters: list[str]) -> list[int]:
    """For each matter the part about it: by shared characters where these are clear, else in the order said."""
    straight = list(range(len(matters)))
    if len(matters) != 2:
        return straight
    table = [[len(_pairs(part) & _pairs(matter)) for part in parts] for matter in matters]
    return [1, 0] if table[0][1] + table[1][0] > table[0][0] + table[1][1] else straight


def _pairs(text: str) -> set[str]:
    letters = re.sub(r"[^\u4e00-\u9fffA-Za-z0-9]", "", text)
    return {letters[index : index + 2] for index in range(len(letters) - 1)}
