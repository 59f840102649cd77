"""What a citizen tells a person still fills the order: nothing is said, what is understood is taken in.

The seat sees it beside the form and decides. Only what was not known yet is filled, or what the citizen takes back; how
sure each field is depends on whether the words were typed or recognised.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot import reading
from bot.decision import Decision, Findings, Missing, Turn
from bot.policy import corrections, form, matters
from bot.policy.prefill import contact, place_from, prefill
from bot.policy.talk import Talk
from bot.state import Matter, State

_WORTH_READING: Final = 2  # characters that say something
_TELLS_MORE: Final = 6  # of a sentence that belongs into the story
_NOTHING_TOLD: Final = frozenset({"affirm", "deny", "goodbye", "thanks", "greet", "chitchat", "wait", "repeat"})
_TYPED: Final = 0.9
_SPOKEN: Final = 0.6  # where the recogniser does not say how sure it is
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "place": ("district", "street", "address"),
    "matter": ("request_type", "title", "detail", "district", "street", "address", "event_time", "appeal", "subject"),
}


def listen(state: State, turn: Turn, findings: Findings, now: datetime) -> Decision:
    """The state with what the turn tells; `wants` as in `decide`, no replies and no effects."""
    talk = Talk(state.copy(), turn, findings, now)
    try:
        filled = _take(talk)
    except Missing as missing:
        return Decision(state, wants=(missing.wanted,))
    sure = _sure(turn)
    for slot in filled:
        talk.state.sure.update(dict.fromkeys(_FIELDS.get(slot, (slot,)), sure))
    return Decision(talk.state)


def _take(talk: Talk) -> set[str]:
    text = talk.text
    if len(reading.content(text)) < _WORTH_READING:
        return set()
    if not talk.state.form:
        filled = contact(talk, text)
        if any(matter.kind == "order" for matter in matters.add(talk, text)):
            form.categorise(talk, talk.state.form[0])
            filled.add("matter")
        return filled
    matter = talk.state.form[0]
    filled = corrections.apply(talk, text, asked="") if reading.corrects(text) else set()
    if not filled:
        filled = prefill(talk, matter, text)
        if not matter.place.district and reading.locative(text) and place_from(talk, matter, text):
            filled.add("place")
        if _tells_more(talk, matter):
            said = reading.tidy(text)
            matter.detail = f"{matter.detail}。{said}" if matter.detail else said
            matter.text = f"{matter.text}。{said}"
            filled.add("detail")
    if filled:
        form.categorise(talk, matter)
    return filled


def _tells_more(talk: Talk, matter: Matter) -> bool:
    """A sentence of the story: not a number, not a courtesy, not what was told already."""
    said = reading.tidy(reading.without_contact(talk.text))
    if len(reading.content(said)) < _TELLS_MORE or reading.bare(said) in reading.bare(matter.text):
        return False
    understood = talk.findings.understand(talk.text)
    return understood.intent not in _NOTHING_TOLD or understood.confidence < 0.6


def _sure(turn: Turn) -> float:
    if not turn.spoken:
        return _TYPED
    heard = turn.heard.confidence
    return _SPOKEN if heard is None else round(min(max(heard, 0.0), 1.0), 3)
