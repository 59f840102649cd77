"""Whether a citizen wants to be kept secret from those complained of: read from what hundreds of people say of it.

Two readers, words and sounds: one of answers to that question, one of what is told unasked. They learn from
`secrecy.yml` and, as examples of what says nothing of the kind, from sentences of the language understanding; trained
when first used (three seconds together), so no model file can be out of step with the data.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

import yaml

from base.errors import ConfigurationError
from base.text_model import TextFeatures, TextModel
from bot import reading, training_data
from bot.entities import yes_no

PATH: Final = Path(__file__).with_name("secrecy.yml")
Part = Literal["asked", "unasked"]
_KEEP, _OPEN, _NEITHER = "keep", "open", "neither"
_SOUND_WEIGHT: Final = 0.7
_PENALTY: Final = 0.3
_MATTERS: Final = ("complain", "help", "consult", "report")
_SHORT: Final = 20  # characters of what may be said in answer to a question
_EVERY: Final[dict[Part, int]] = {"asked": 12, "unasked": 2}  # of so many sentences about a matter one is learnt from
_SURE_ASKED: Final = 0.7  # else the first word of the answer decides between yes and no
_SURE_AGAINST_IT: Final = 0.9  # a reason ("they all know me") is more easily misread than a plain yes or "no need"
_SURE_UNASKED: Final = 0.5  # what is not taken is asked; what is taken wrongly is not
_CLEAR_UNASKED: Final = 0.5  # that much likelier than the opposite
_SURE_IN_CLAUSES: Final = 0.8
_REMEMBERED: Final = 1024  # texts
_STORY: Final = 25  # characters, from which on a wish is looked for in single clauses, too
_CLAUSE: Final = re.compile(r"[,，。;；!！?？\s]+")
_NUMBER: Final = re.compile(r"[0-9零一二三四五六七八九十幺两][0-9零一二三四五六七八九十幺两,，、 -]{4,}")
# Without any of these nobody wishes to be kept secret or waives it (94 % of those who wish it have one).
_ABOUT_IT: Final = re.compile(
    r"密|匿|名|知道|晓得|透露|公开|泄|露|漏|告诉|瞒|报复|隐|身份|信息|(?<![个件样])(?<!那)是我(?!们|得|想|要)|我说的|提我|写我|得罪|怕|敢|保护|联系我|打给我|找我"
    r"|电话给|号给|查[得不]到我|认识我|看(?:得|不)?[见到]|[别莫甭](?:跟|和|让|给|对|把|说|提)|[不甭]用说|转给|转到"
)
_KEEP_LOOSELY: Final = re.compile(r"保(?:着|个|下|一下|点儿?)+密")
NAMED: Final = re.compile(rf"保密|匿名|公开|实名|{_KEEP_LOOSELY.pattern}")
_NO_ALARM: Final = re.compile(  # "and do not call me the fire brigade"
    r"(?:[别甭莫]|不用|用不着)(?:再)?(?:给我|替我)?(?:叫|转|派|打|喊|报)(?:到|给|什么)?(?:消防|110|119|120|122|警|救护车|急救|派出所)[队车察]?"
)
_BY_NAME: Final = re.compile(r"匿名|实名")  # said of oneself; others keep their accounts secret
_DENIED: Final = re.compile(
    r"(?<!不)(?:不是要|不是|不用|不消|不要|不需要|不必|无须|毋须|不想|不能|不愿意|不同意|没必要|用不着|犯不着|无需|甭|别|不|没啥可?|有啥可?)(?:给我|替我|再|特意|对外)?(保密|匿名|公开|实名)"
)
_NO_SUCH_THING: Final = re.compile(r"没(?:有|啥|什么)*(?:可)?秘密|保(?:什么|啥|个屁的?|个?(?:鬼|毛)的?|哪门子)密")
_TAKEN_BACK: Final = re.compile(
    r"(?:保密|匿名)(?:那(?:个|项|条)?|这(?:个|项|条)?)?(?:的)?(?:去掉|取消|删掉?|撤(?:了|掉)?|划掉|免了|不要了|不用了|不必了|就?算了)"
    r"|(?:保密|匿名)[,，、\s]*(?:不要|不用|不必)+(?:了|的|吧)?(?=[\s,，。!！]|$)"
    r"|(?:保密|匿名)[^,，。]{0,6}改(?:成|为)?(?:公开|不(?:用|要)?(?:保密|匿名)?)"
)
_AFTER_ALL: Final = re.compile(r"(?:还是|得|写|要)(?:给我)?(?:保密|匿名)")
# 不行 and 不好 are none of these: they may mean "you must not tell".
_NO_NEED: Final = re.compile(r"不(?:用|消|需要|必|要)|没必要|无[需须]|用不着|甭")
_NO_NEED_AT_ALL: Final = re.compile(rf"(?:{_NO_NEED.pattern})了?")
_NOT_WHAT_WAS_SAID: Final = re.compile(r"不是|不对|(?<!没)错")  # "no, you misheard": it denies what we said
_OWN_IGNORANCE: Final = re.compile(
    r"[我俺咱](?:们)?(?:可|也|都|真|实在)?不(?:知道|晓得|清楚)"
)  # whoever says it wishes nothing
_SECOND_THOUGHT: Final = re.compile(
    r"(?:[哎唉诶欸啊哦噢嗯呀][,，]?(?:不对|不{1,3}(?=[,，])|等等|等会儿?|慢着)|(?<=[,，。\s])(?:不对|不不+|等等|等会儿?|慢着|算了))[,，。\s]+"
)
_PLAIN: Final = 4  # characters in which yes is yes


def load(path: Path = PATH) -> dict[Part, dict[str, list[str]]]:
    """Asked or not -> what is wished (keep, open, neither) -> sentences.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        parts: tuple[Part, ...] = ("asked", "unasked")
        return {
            part: {wish: [str(text) for text in data[part][wish]] for wish in (_KEEP, _OPEN, _NEITHER)}
            for part in parts
        }
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path.name}: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=1)
def default() -> dict[Part, TextModel]:
    told = [text for text, intent in training_data.load() if intent in _MATTERS]
    said = load()
    examples: dict[Part, list[tuple[str, str]]] = {
        part: [(text, wish) for wish, texts in wishes.items() for text in texts] for part, wishes in said.items()
    }
    short = [text for text in told if len(text) <= _SHORT]
    examples["asked"] += [(text, _NEITHER) for text in short[:: _EVERY["asked"]]]
    examples["unasked"] += [(text, _NEITHER) for text in told[:: _EVERY["unasked"]]]
    # Whoever is asked may answer as fully as those who were not.
    examples["asked"] += [(text, wish) for wish in (_KEEP, _OPEN) for text in said["unasked"][wish]]
    return {
        part: TextModel(TextFeatures(sound_weight=_SOUND_WEIGHT), alpha=_PENALTY).fit(
            [_plainly(text) for text, _ in rows], [wish for _, wish in rows]
        )
        for part, rows in examples.items()
    }


def answered(text: str) -> bool | None:
    """Whether the citizen wants it, as an answer to that question; None where the text does not tell."""
    *_, last = [None, *_SECOND_THOUGHT.finditer(text)]
    if last is not None and last.start() > 0 and (wish := answered(text[last.end() :])) is not None:
        return wish  # "yes, oh no, they must know whose child it is, so no"
    if len(reading.bare(text)) <= _PLAIN and not NAMED.search(text) and (plain := yes_no.answer(text)) is not None:
        return plain == "yes"
    wish = _read("asked", text)
    if wish is None:
        last_words = [clause for clause in _CLAUSE.split(text) if clause][-1:]
        return False if last_words and _NO_NEED_AT_ALL.fullmatch(last_words[0]) else None
    said = _at_once(text)
    if said is None or said == wish:
        return wish
    unmistakable = said or bool(_NO_NEED.match(text.strip()))
    sure = _read("asked", text, least=_SURE_AGAINST_IT if unmistakable else _SURE_ASKED) is not None
    return wish if sure else said


def _at_once(text: str) -> bool | None:
    """The plain yes or no that an answer begins with ("不需要，谢谢")."""
    first = next((clause for clause in _CLAUSE.split(text.strip()) if clause), "")
    if len(reading.bare(first)) > _PLAIN or first == text.strip() or re.match(r"[?？]", text[len(first) :]):
        return None
    named = NAMED.search(_plainly(first))
    if named is not None:
        return named.group() in ("保密", "匿名")
    plain = None if _NOT_WHAT_WAS_SAID.search(first) else yes_no.answer(first)
    return None if plain is None else plain == "yes"


def volunteered(text: str) -> bool | None:
    """The same in words that nobody asked for; None where they say nothing of it."""
    text = _NO_ALARM.sub("", _OWN_IGNORANCE.sub("", text))
    if not _ABOUT_IT.search(text):
        return None
    wish = _read("unasked", text, least=_SURE_UNASKED, clear=_CLEAR_UNASKED)
    named = [clause for clause in _CLAUSE.split(text) if NAMED.search(clause)]
    own = wish is not None or bool(named and _BY_NAME.search(named[-1]))
    if own and len(named) > 1 and (last := answered(named[-1])) is not None:
        return last  # "last time without my name; this time with it"
    if wish is None and len(text) >= _STORY:
        return _in_clauses(text)
    return wish


def _in_clauses(text: str) -> bool | None:
    """A wish in one or two clauses of a story, whose other words would drown it; None where none is sure."""
    clauses = [clause for clause in _CLAUSE.split(text) if clause]
    parts = clauses + [f"{first}，{second}" for first, second in pairwise(clauses)]
    for part in parts:
        if len(part) > _PLAIN and _ABOUT_IT.search(part):
            wish = _read("unasked", part, least=_SURE_IN_CLAUSES, clear=_CLEAR_UNASKED)
            if wish is not None:
                return wish
    return None


def _read(part: Part, text: str, *, least: float = 0.0, clear: float = 0.0) -> bool | None:
    taken_back = _TAKEN_BACK.search(text)
    if taken_back and not _AFTER_ALL.search(text, taken_back.end()):
        return False
    model, row = default()[part], _shares(part, _plainly(text))
    best = row.index(max(row))
    wish = model.classes[best]
    opposite = model.classes.index(_OPEN if wish == _KEEP else _KEEP)
    if wish == _NEITHER or row[best] < least or row[best] - row[opposite] < clear:
        return None
    return wish == _KEEP


@lru_cache(_REMEMBERED)
def _shares(part: Part, words: str) -> tuple[float, ...]:
    """The probabilities of the reader's classes; a turn asks for the same words several times."""
    (row,) = default()[part].probabilities([words])
    return tuple(float(share) for share in row)


def _plainly(text: str) -> str:
    """Without numbers, and what is denied put by its opposite: a reader of words does not see how far "not" reaches."""
    words = _KEEP_LOOSELY.sub("保密", _NUMBER.sub("", reading.normalise(text)))
    words = _NO_SUCH_THING.sub("公开", words)
    return _DENIED.sub(lambda found: "公开" if found[1] in ("保密", "匿名") else "保密", words)
