"""Twice not understood: another way is tried. The citizen chooses among a few concrete things instead of explaining."""

from __future__ import annotations

import re
from typing import Final

from bot import reading, wording
from bot.entities import yes_no
from bot.policy import closing, consult
from bot.policy.talk import Talk

SUBSTANCE: Final = 8  # characters that say something
_NONE: Final = re.compile(r"都不是|都不对|没有一个|不是这些|其他|其它|别的")
_KINDS: Final = (
    (
        "consult",
        re.compile(r"^(?:我)?(?:要|想|是|选)*(?:第?[一1]|1)(?:个|号|项)?$|咨询|政策|问(?:一?下|问|个|政策|事)|查政策"),
    ),
    (
        "order",
        re.compile(
            r"^(?:我)?(?:要|想|是|选)*(?:第?[二2两]|2)(?:个|号|项)?$|反映|投诉|举报|求助|报修|登记|建议|表扬|问题"
        ),
    ),
    ("status", re.compile(r"^(?:我)?(?:要|想|是|选)*(?:第?[三3]|3)(?:个|号|项)?$|进度|进展|工单|结果|办到哪")),
)


def offer(talk: Talk) -> None:
    """From what was heard so far: the nearest standard questions, else the kinds of matter."""
    state = talk.state
    heard = state.unheard or talk.text
    if len(reading.content(heard)) >= SUBSTANCE // 2 and consult.offer_likely(talk, heard):
        return
    state.choosing = True
    talk.ask("detail", wording.kinds(elder=talk.elder))


def take(talk: Talk) -> str:
    """The kind that was chosen: consult, order, status; `person` for none of them; empty for something else."""
    words = reading.bare(talk.text)
    talk.state.choosing = False
    if len(words) > 12:
        return ""  # tells it anew, and is understood or not
    if _NONE.search(words) or yes_no.answer(talk.text) == "no":
        return "person"
    return next((kind for kind, cue in _KINDS if cue.search(words)), "")


def to_person(talk: Talk) -> None:
    closing.to_person(talk, reason="not understood", lead=wording.PERSON_IS_BETTER)
