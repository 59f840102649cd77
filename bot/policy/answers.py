"""The answer to the question that stands: taken in, corrected, put off, or answered with a question."""

from __future__ import annotations

import re
from typing import Final

from base.spelling import with_extension
from bot import order_wording, reading, secrecy, wording
from bot.entities import impossible_date, phone, whose_number
from bot.policy import (
    agreement,
    asides,
    closing,
    consult,
    contact_number,
    corrections,
    elsewhere,
    filling,
    form,
    matters,
    rating,
    service_points,
    status,
)
from bot.policy.talk import Talk
from bot.state import Matter

_ANOTHER_WAY: Final = 2  # answers running that told nothing: then help is offered
_GIVE_UP: Final = 3  # then a person
_CHANGED: Final = "好的，改过来了。"
_NOBODY_ELSES: Final = ("confidential", "event_time", "contact_name")  # who answers these tells no number but their own
# "Thinking of it, keep me secret after all": no refusal of the number that was asked for.
_CHANGED_THEIR_MIND: Final = re.compile(
    r"琢磨|寻思|想了(?:一?想|又想)|又想|改(?:个)?主意|还是(?:得|要|给|替|帮|把)[^,，。]{0,6}保|等等|等一下"
)
_LEAVES_NONE: Final = re.compile(r"[不别甭](?:想|用|要|愿意?)?(?:留|写|填|说|给号|给电话)(?!我)")
_LABELS: Final = {
    "place": "地点",
    "event_time": "时间",
    "subject": "涉及的单位",
    "appeal": "您的要求",
    "contact_phone": "电话",
    "confidential": "个人信息",
}


def answer(talk: Talk) -> None:
    """Take the turn as the answer to `state.asking`."""
    slot = talk.state.asking
    if slot == "confirm_question":
        if consult.answer_confirmation(talk):
            matters.proceed(talk)
        return
    if slot == "place" and (asker := service_points.waiting(talk.state)) is not None:
        service_points.take_place(talk, asker)
        matters.proceed(talk)
        return
    if slot == "order_no":
        if status.order_number(talk):
            matters.proceed(talk)
        return
    if not talk.state.form:
        _tell_us(talk)
        return
    if slot == "confirm_order":
        agreement.take(talk)
        return
    if slot == "place" and elsewhere.answered(talk, _about(talk)):
        talk.state.asking = None
        matters.proceed(talk)
        return
    if _not_an_answer(talk, slot or ""):
        return
    if slot == "event_time" and _no_such_day(talk):
        return
    known, number = _known(talk, slot or ""), talk.state.contact_phone
    filling.take(talk, slot or "")
    value = _known(talk, slot or "")
    if value == known and slot not in talk.state.refused:
        if talk.state.contact_phone != number:  # told before it was asked for: said so, and then asked on
            talk.say(order_wording.noted(_LABELS["contact_phone"], talk.state.contact_phone))
            asides.stand(talk)
        else:
            _not_filled(talk)
        return
    talk.state.unclear = 0
    before = len(talk.says)
    talk.state.asking = None
    matters.proceed(talk)
    read_back = (talk.elder and not talk.state.number_begun) or slot in talk.doubtful
    if read_back and slot in _LABELS and value != known and not any(m.unread for m in talk.state.form):
        _read_back(talk, slot, value, before)


def _read_back(talk: Talk, slot: str, value: str, place: int) -> None:
    """Older callers, and whoever was not heard well, hear what was taken down before the next question; at the end they
    hear all of it anyway."""
    if talk.state.asking not in (None, "confirm_order"):
        talk.says.insert(place, order_wording.noted(_LABELS[slot], value))


def _known(talk: Talk, slot: str) -> str:
    """What is known of the slot that is being asked, as it is read back."""
    state = talk.state
    about = _about(talk)
    match slot:
        case "contact_phone":
            return with_extension(state.contact_phone, state.contact_extension) or state.number_begun
        case "contact_name":
            return state.contact_name
        case "confidential":
            return "" if state.confidential is None else "需要保密" if state.confidential else "不用保密"
        case "place":
            return "，".join(filter(None, (form.place_text(matter) for matter in about)))
        case _:
            return "，".join(filter(None, (str(getattr(matter, slot or "detail", "")) for matter in about)))


def _about(talk: Talk) -> list[Matter]:
    """The matters that the standing question is about."""
    state = talk.state
    return [matter for matter in state.form if state.asking_about in (None, matter.number)] or state.form


def _not_filled(talk: Talk) -> None:
    """The answer told nothing of what was asked: once more in other words, then with help, then a person."""
    state = talk.state
    state.unclear += 1
    if state.unclear >= _GIVE_UP:
        closing.to_person(talk, reason="not understood", lead=wording.PERSON_IS_BETTER)
        return
    if state.unclear >= _ANOTHER_WAY:
        talk.remark(wording.FORM_HELP)
    state.asking = None
    matters.proceed(talk)


def _no_such_day(talk: Talk) -> bool:
    """2月30号: said to be none, and asked once more; who says it again is taken at their word."""
    wrong = impossible_date.find(talk.text)
    if not wrong or asides.said_twice(talk):
        return False
    talk.state.aside = reading.bare(talk.text)
    talk.remark(wording.NO_SUCH_DAY.format(said=wrong))
    asides.stand(talk)
    return True


def _tell_us(talk: Talk) -> None:
    """`detail` was asked before any matter was known."""
    text = talk.text
    if reading.nothing_more(text) or reading.goodbye(text):
        if matters.told_something(talk.state):
            closing.to_person(talk, reason="not understood")
        else:
            rating.close(talk)
        return
    talk.state.asking = None
    matters.open_turn(talk)


def _not_an_answer(talk: Talk, slot: str) -> bool:
    """Corrections, further matters and side questions in the middle of the form; True when dealt with."""
    text = talk.text
    itself = slot == "detail" or _corrects_itself(talk, slot) or asides.said_twice(talk)
    if reading.corrects(text) and not itself:
        talk.state.aside = reading.bare(text)
        changed = corrections.apply(talk, text, asked=slot)
        if changed and slot not in changed:
            talk.say(_CHANGED)
            asides.stand(talk)
            return True
        if changed:
            talk.state.asking = None
            matters.proceed(talk)
            return True
    if _another_wish(talk, slot) or _something_else(talk, slot):
        return True
    if reading.new_matter(text) and slot not in ("detail",) and matters.another(talk, slot):
        return True
    return asides.side_question(talk, slot)


def _corrects_itself(talk: Talk, slot: str) -> bool:
    """The first answer to a question, with a slip of the tongue in it: nothing that was known is wrong."""
    if slot == "contact_phone":
        return not talk.state.contact_phone and bool(phone.find(talk.text, spoken=talk.turn.spoken))
    if slot == "place":
        told = talk.findings.place(talk.text, asked=True, district="")
        return bool(told.district) and not any(matter.place.district for matter in talk.state.form)
    return slot == "confidential" and bool(secrecy.NAMED.search(talk.text)) and secrecy.answered(talk.text) is not None


def _another_wish(talk: Talk, slot: str) -> bool:
    """ "I said there was no need, but do keep it secret", while something else is asked: no answer to that."""
    state, text = talk.state, talk.text
    before = state.confidential
    if slot == "confidential" or not secrecy.NAMED.search(text):
        return False
    if before is None and (slot != contact_number.SLOT or not _CHANGED_THEIR_MIND.search(text)):
        return False
    if phone.find(text, spoken=talk.turn.spoken) or not corrections.of_secrecy(talk, text):
        return False
    if state.confidential == before or (slot == contact_number.SLOT and _LEAVES_NONE.search(text)):
        return False
    talk.say(_CHANGED if before is not None else wording.KEPT_SECRET)
    asides.stand(talk)
    return True


def _something_else(talk: Talk, slot: str) -> bool:
    """Another number to call, or another place, told without a word of correction while something else is asked; True
    when the turn told nothing besides."""
    state, text, spoken = talk.state, talk.text, talk.turn.spoken
    own = slot in _NOBODY_ELSES
    told = whose_number.told(text, spoken=spoken, asked=own) if own or state.contact_phone else None
    new = told is not None and told.kind == "mobile" and told.number != state.contact_phone
    moved = (own or slot == "contact_phone") and _moves(talk, text)
    if not (new or moved or (own and agreement.amends_number(talk, text))):
        return False
    changed = corrections.apply(talk, text, asked=slot)
    if not changed & {"contact_phone", "place"}:
        return False
    talk.say(_CHANGED)
    if slot in changed or not (own or moved):
        return False
    asides.stand(talk)
    return True


def _moves(talk: Talk, text: str) -> bool:
    """Another street than the one known, told while something is asked that has no place in its answer."""
    told = talk.findings.place(text, asked=False, district="")
    return bool(told.street) and not told.home and agreement.names_another_place(talk, text)
