"""What a unit has answered, as it may be told to whoever asks again: nobody's data, and not too much. Pure."""

from __future__ import annotations

import re
from typing import Final

from base.masking import mask_text
from bot.entities.person import SURNAME

PHONE_CHARACTERS: Final = 80  # about twenty seconds of speech: more is not kept in mind
CHAT_CHARACTERS: Final = 300  # two or three screens of a telephone
_SENTENCE: Final = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]*")
_PAUSE: Final = re.compile(r"[，,、：:]")
_DATE: Final = re.compile(r"(?<!\d)(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NAMED: Final = re.compile(
    rf"(?:{SURNAME})[\u4e00-\u9fff某*]{{0,2}}?(?:先生|女士|小姐|师傅|某某|某(?=[，,。、(（反称的等与和]))"
)
_SALUTATION: Final = re.compile(
    r"^\s*(?:尊敬的|市民|来电人|诉求人|朋友|有关人员|您好|你好|您|[,，:：!！。\s])*[,，:：!！。\s]"
)
_TITLE: Final = r"(?:先生|女士|小姐)?"
_SOMEBODY: Final = "有关人员"
_CUT: Final = "……"


def without_persons(note: str, contact_name: str | None) -> str:
    """The answer in its sentences; one that holds a number or an address of mail is left out, for it says whom to
    call, and persons lose their names. Empty: nothing is left that may be told."""
    name = contact_name or ""
    text = _DATE.sub(lambda found: f"{found[1]}年{int(found[2])}月{int(found[3])}日", note)
    if len(name) > 1:
        text = re.sub(re.escape(name) + _TITLE, "您", text)
    text = _NAMED.sub(_SOMEBODY, text)
    told = [sentence.strip() for sentence in _SENTENCE.findall(_SALUTATION.sub("", text))]
    return "".join(one for one in told if one and mask_text(one) == one)


def in_short(text: str, limit: int) -> str:
    """The first sentences within `limit` characters; of a first sentence that is longer, its beginning and ……."""
    kept = ""
    for sentence in _SENTENCE.findall(text):
        if len(kept) + len(sentence) > limit:
            break
        kept += sentence
    if kept:
        return kept.rstrip("；;")
    if len(text) <= limit:
        return text
    room = limit - len(_CUT)
    pauses = [pause.start() for pause in _PAUSE.finditer(text, room // 2, room)]
    return text[: pauses[-1] if pauses else room] + _CUT
