"""What a caller in the waiting room says to the offer of a call-back, read by the phone itself. Pure.

A few seconds after a question only a few answers are likely, so little is needed to tell them apart; whatever else is
said leaves the caller waiting, and the keys always work.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Answer = Literal["call_back", "person", "yes", "no"]

_LONGEST_CHARACTERS: Final = 16  # a story is no answer to this question
_PUNCTUATION: Final = re.compile(r"[\s，。！？、,.!?…~～]+")
# A recogniser writes whatever sounds like 回电: 会点, 汇电, 回店.
_CALL_BACK: Final = re.compile(
    r"[回会汇惠][个一]{0,2}[电点店]|[回打拨][个一]{0,2}电话|[打拨](?:给我|过来|回来)|给我[打拨回]"
)
_REFUSED: Final = re.compile(
    r"不[用要需想]|不必|别[打回]|先?不了$|算了|(?:我|还是|接着|继续)(?:再)?等(?:着|一会儿?|一?等|吧)?$"
)
_WRONG: Final = re.compile(r"^(?:不[对是]|错|不太对)|换(?:一?个)?(?:号|电话)|号码?(?:不对|错)|别的(?:号|电话)")
_YES: Final = re.compile(
    r"[嗯哎欸]*(?:对|是|好|行|可以|要|确认|没错|没问题|就?是?[打回拨]?这个)"
    r"(?:对|是|好|行|可以|没错|没问题|就|[打回拨]|这个|号码?|电话|的|呀|啊|吧|了|嗯)*"
)
_PERSON: Final = re.compile(r"人工|真人|接线员|话务员")


def understood(text: str) -> Answer | None:
    """`给我回电吧`: call_back; `对`: yes; `不用了，我等着`: no; `不对，换个号码`: no; anything else: None."""
    words = _PUNCTUATION.sub("", text)
    if not words or len(words) > _LONGEST_CHARACTERS:
        return None
    if _REFUSED.search(words) or _WRONG.search(words):
        return "no"
    if _PERSON.search(words):
        return "person"
    if _CALL_BACK.search(words):
        return "call_back"
    return "yes" if _YES.fullmatch(words) else None
