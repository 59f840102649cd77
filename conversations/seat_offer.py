"""Nobody took the caller in time: what is offered then, and how the answer is understood. Pure.

Three ways are open: wait on, be called back, or go on with the bot. Only the first two are asked for in few words; all
else that is said is a matter, and the bot takes it. Compared by sound, for the telephone confuses 回电 and 回店.
"""

from __future__ import annotations

from typing import Final, Literal

from base.pinyin import merged, syllables
from bot.entities import phone
from bot.state import State

Choice = Literal["wait", "call_back", "number_missing", "go_on"]
# "go_on": all other words are for the bot, and the queue is left. "stay": they are for the seat who will come.
Offer = Literal["go_on", "stay"]

_MARK: Final = "seat_offered"
_LONGEST_CHOICE: Final = 14  # syllables: a longer sentence tells a matter, whatever words it contains
_WAIT: Final = ("继续等", "接着等", "再等", "等一下", "等一会", "等着", "我等", "可以等", "不挂", "转人工", "找人工")
_CALL_BACK: Final = ("回电", "回个电", "回我电", "打回来", "打给我", "给我打", "回拨", "你们打", "联系我")


def _sound(text: str) -> str:
    return " ".join(merged(syllable) for syllable in syllables(text))


_WAIT_SOUNDS: Final = tuple(_sound(words) for words in _WAIT)
_CALL_BACK_SOUNDS: Final = tuple(_sound(words) for words in _CALL_BACK)


def make(state: State, offer: Offer = "go_on") -> State:
    """The state after the offer was made."""
    offered = state.copy()
    offered.detail = {**offered.detail, _MARK: offer}
    return offered


def stays(state: State) -> bool:
    """Whoever says something else waits on; the offer stands."""
    return state.detail.get(_MARK) == "stay"


def stands(state: State) -> bool:
    """The caller has been asked and has not answered yet."""
    return bool(state.detail.get(_MARK))


def taken(state: State) -> State:
    """The state after the answer."""
    answered = state.copy()
    answered.detail = {key: value for key, value in answered.detail.items() if key != _MARK}
    return answered


def choose(text: str, state: State, caller_number: str | None, *, wants_person: bool) -> Choice:
    """What the caller has chosen. `wants_person`: the guards heard a wish for a person, which is to wait on."""
    sound = f" {_sound(text)} "
    short = len(sound.split()) <= _LONGEST_CHOICE
    if short and any(f" {words} " in sound for words in _CALL_BACK_SOUNDS):
        known = number(text, state, caller_number)
        return "call_back" if known else "number_missing"
    if wants_person or (short and any(f" {words} " in sound for words in _WAIT_SOUNDS)):
        return "wait"
    return "go_on"


def number(text: str, state: State, caller_number: str | None) -> str:
    """Where to call back: the number said now, the one given before, or the caller's own; empty: none is known."""
    said = phone.find(text)
    return said[-1].number if said else state.contact_phone or caller_number or ""
