"""回访 in the chat: contacted? solved? satisfied? and, where not, why: in two stages. Nobody has to answer.

Plain answers are read by rule, the others by a small classifier (`bot/visit_reader.py`). A short text that neither is
sure of is asked about once more; a longer one is no answer, and is taken as something new.
"""

from __future__ import annotations

import re
from typing import Any, Final

from bot import reading, visit_reader, wording
from bot.decision import VisitAnswered
from bot.entities import yes_no
from bot.policy import closing, rating
from bot.policy.talk import Talk
from bot.state import State
from workorders.visit_reasons import OTHER, default_reasons

RESPONDED, SOLVED, SATISFIED, REASON, DETAIL = (
    *("visit_responded", "visit_solved", "visit_satisfied"),
    *("visit_reason", "visit_reason_detail"),
)
SLOTS: Final = (RESPONDED, SOLVED, SATISFIED, REASON, DETAIL)
_KEY: Final = {RESPONDED: "responded", SOLVED: "solved", SATISFIED: "satisfied"}
# What somebody tells of a later question at once, in the question's own words.
_NOT_CONTACTED: Final = re.compile(r"[没未](?:有)?(?:人|谁)?.{0,4}联系|不联系")
_CONTACTED: Final = re.compile(r"联系(?:了|过|到|上|我)|打(?:了|过)电话")
_NOT_SOLVED: Final = re.compile(r"[没未](?:有)?(?:完全|彻底|真正|得到|给我?|都?能?)*解决|解决不了|部分解决|解决了?一")
_SOLVED: Final = re.compile(r"解决")
_NO: Final = frozenset({"没", "没呢", "没啊", "还没", "还没呢", "没有呢", "没有啊", "并没有", "没有过"})
_NEW: Final = re.compile(r"投诉|举报|反映|咨询|求助|请问|怎么|我[想要]|建议|[?？吗]$")  # comes with something else
_PLAIN: Final = 4  # characters of a plain yes or no
_SHORT: Final = 12  # characters: rather an answer that we do not understand than something new: asked once more


def begin(state: State, visit_id: str, order_no: str) -> State:
    """The state in which the first question stands in the conversation."""
    asked = state.copy()
    asked.visit = {"id": visit_id, "order_no": order_no}
    asked.asking, asked.question_text = RESPONDED, wording.visit_first(order_no)
    return asked


def stands(state: State) -> bool:
    return state.asking in SLOTS and bool(state.visit)


def reads(state: State, text: str) -> bool:
    """Whether the words answer the question that stands (or are so few that they can be nothing else)."""
    if state.asking in (REASON, DETAIL):
        return bool(reading.bare(text))
    if _value(state.asking or "", text) is not None or reading.refuses(text):
        return True
    again = bool(state.visit.get("unclear"))
    return len(reading.bare(text)) <= _SHORT and not again and not _NEW.search(text)


def drop(state: State) -> State:
    """Somebody came with something else: the questions stand no longer."""
    dropped = state.copy()
    dropped.asking, dropped.visit = None, {}
    return dropped


def take(talk: Talk) -> None:
    """The answer to the question that stands, and the next question or the end."""
    state, text = talk.state, talk.text
    slot, known = state.asking or "", dict(state.visit)
    if slot in (REASON, DETAIL):
        _reason(known, slot, text)
    elif (value := _value(slot, text)) is not None:
        known[_KEY[slot]] = value
        for later in SLOTS[SLOTS.index(slot) + 1 : 3]:  # "yes, and it works again": answered before it was asked
            if (more := _said(later, text)) is not None:
                known[_KEY[later]] = more
    elif reading.refuses(text) or known.get("unclear"):
        _finish(talk, known)
        return
    else:
        state.visit = {**known, "unclear": True}
        talk.again(wording.VISIT_AGAIN)
        return
    known.pop("unclear", None)
    state.visit = known
    following = _next(known)
    if following:
        talk.ask(following, _question(following, known))
    else:
        _finish(talk, known)


def _finish(talk: Talk, known: dict[str, Any]) -> None:
    answered = [known.get(name) for name in _KEY.values()]
    if any(value is not None for value in answered):
        names = (*_KEY.values(), "reason", "reason_detail", "note")
        said: dict[str, Any] = {name: known[name] for name in names if known.get(name) is not None}
        talk.effects.append(VisitAnswered(str(known["id"]), **said))
    talk.state.visit = {}
    closing.end(talk, wording.VISIT_REOPENED if known.get("solved") is False else wording.VISIT_THANKS)


def _next(known: dict[str, Any]) -> str:
    for slot, name in _KEY.items():
        if name not in known:
            return slot
    if known["satisfied"] is False:
        if "reason" not in known:
            return REASON
        if "reason_detail" not in known and default_reasons().get(known["reason"]):
            return DETAIL
    return ""


def _question(slot: str, known: dict[str, Any]) -> str:
    if slot == REASON:
        return wording.visit_choice(wording.VISIT_REASON, tuple(default_reasons()))
    if slot == DETAIL:
        return wording.visit_choice(wording.VISIT_REASON_DETAIL, default_reasons()[known["reason"]])
    return {RESPONDED: wording.VISIT_RESPONDED, SOLVED: wording.VISIT_SOLVED, SATISFIED: wording.VISIT_SATISFIED}[slot]


def _value(slot: str, text: str) -> bool | None:
    """Yes or no to one of the three questions; None where the text is neither."""
    words = reading.bare(text)
    if words in ("1", "一", "2", "二"):
        return words in ("1", "一")
    if words in _NO:
        return False
    if _NEW.search(text):
        return None
    if (said := _said(slot, text)) is not None:
        return said
    plain = yes_no.answer(text) if len(words) <= _PLAIN and slot != SATISFIED else None
    if plain is not None:
        return plain == "yes"
    if (read := visit_reader.read(_KEY[slot], text)) is not None:
        return read
    return _rated(text) if slot == SATISFIED else None


def _said(slot: str, text: str) -> bool | None:
    """What is told in words of the question itself."""
    if slot == RESPONDED:
        return False if _NOT_CONTACTED.search(text) else True if _CONTACTED.search(text) else None
    if slot == SOLVED:
        return False if _NOT_SOLVED.search(text) else True if _SOLVED.search(text) else None
    if slot == SATISFIED:
        about = re.search(r"[^,，。;；]*满意[^,，。;；]*", text)
        return _rated(about.group()) if about else None
    return None


def _rated(text: str) -> bool | None:
    """So-so is not satisfied: it is asked why."""
    if re.search(r"[谈说称算]不上", text):
        return False
    read = rating.read(text)
    return read == rating.RATINGS[0] if read else None


def _reason(known: dict[str, Any], slot: str, text: str) -> None:
    choices = tuple(default_reasons()) if slot == REASON else default_reasons()[known["reason"]]
    words = reading.bare(text)
    digit = re.match(r"^(?:选|第)?([1-9一二三四五六])(?:个|项|条)?$", words)
    chosen = ""
    if digit:
        position = "123456789".find(digit[1]) if digit[1].isdigit() else "一二三四五六".find(digit[1])
        chosen = choices[position] if 0 <= position < len(choices) else ""
    chosen = chosen or next((choice for choice in choices if choice in text or (words and words in choice)), "")
    known["reason" if slot == REASON else "reason_detail"] = chosen or OTHER
    if not chosen:  # in their own words
        known["note"] = "；".join(part for part in (known.get("note", ""), text.strip()[:500]) if part)
