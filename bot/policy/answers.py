"""The answer to the question that stands: taken in, corrected, put off, or answered with a question."""

from __future__ import annotations

import re
from typing import Final

from base.spelling import with_extension
from bot import order_wording, reading, secrecy, splitting, wording
from bot.entities import number_correction, phone, whose_number, yes_no
from bot.policy import asides, closing, consult, corrections, filling, form, matters, rating, service_points, status
from bot.policy.talk import Talk
from bot.state import Matter, Place

_ANOTHER_WAY: Final = 2  # answers running that told nothing: then help is offered
_GIVE_UP: Final = 3  # then a person
_OF_NUMBER: Final = re.compile(r"位|尾号|尾数|末尾|尾巴|那个?号|号码|电话|手机|是[\d零一二三四五六七八九幺]{3,}")
_NAMES_A_PLACE: Final = 4  # characters
_CHANGED: Final = "好的，改过来了。"
_NOBODY_ELSES: Final = ("confidential", "event_time", "contact_name")  # who answers these tells no number but their own
_YES_BUT: Final = re.compile(r"但|不过|只是|改")
_LABELS: Final = {
    "place": "地点",
    "event_time": "时间",
    "subject": "涉及的单位",
    "appeal": "您的要求",
    "contact_phone": "电话",
    "confidential": "个人信息",
}
_WITHDRAWS: Final = re.compile(
    r"不(?:想)?(?:投诉|举报|反映|登记|提交|报|弄|办|提)了|别(?:登记|提交|报)了?|^(?:算了|不用了|不要了|取消)|算了吧|撤(?:销|回|掉)|取消(?:吧|登记|投诉)"
)


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
        _confirmation(talk)
        return
    if _not_an_answer(talk, slot or ""):
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
    about = [matter for matter in state.form if state.asking_about in (None, matter.number)] or state.form
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
    if _something_else(talk, slot):
        return True
    if reading.new_matter(text) and slot not in ("detail",) and _another_matter(talk, slot):
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


def _something_else(talk: Talk, slot: str) -> bool:
    """Another number to call, or another place, told without a word of correction while something else is asked; True
    when the turn told nothing besides."""
    state, text, spoken = talk.state, talk.text, talk.turn.spoken
    own = slot in _NOBODY_ELSES
    told = whose_number.told(text, spoken=spoken, asked=own) if own or state.contact_phone else None
    new = told is not None and told.kind == "mobile" and told.number != state.contact_phone
    moved = (own or slot == "contact_phone") and _moves(talk, text)
    if not (new or moved or (own and _amends_number(talk, text))):
        return False
    changed = corrections.apply(talk, text, asked=slot)
    if not changed & {"contact_phone", "place"}:
        return False
    talk.say(_CHANGED)
    if slot in changed or not (own or moved):
        return False
    asides.stand(talk)
    return True


def _another_matter(talk: Talk, slot: str) -> bool:
    """ "And another thing" in the middle of the form: noted, and taken down together."""
    pieces = splitting.split(talk.text)
    rest = pieces[-1].text
    if len(reading.content(rest)) < 5:
        return False
    before = len(talk.state.matters)
    added = matters.add(talk, rest)
    for matter in added:
        if matter.kind == "order":
            known = next((m for m in talk.state.form if m.number <= before and m.place.district), None)
            if known and not matter.place.district and reading.same_place(talk.text):
                matter.place = Place(known.place.text, known.place.district, known.place.street)
    if not added:
        return False
    talk.say("好的，这件事也一起登记。" if any(m.kind == "order" for m in added) else "好的。")
    if len(pieces) > 1 and len(reading.content(pieces[0].text)) >= 2:
        filling.take(talk, slot, pieces[0].text)
    talk.state.asking = None
    matters.proceed(talk)
    return True


def _confirmation(talk: Talk) -> None:
    state, text = talk.state, talk.text
    said = yes_no.answer(text)
    matter = state.matter(state.asking_about)
    if matter is not None and matter.duplicate_of and not matter.duplicate_declined:
        _same_matter(talk, matter, said)
        return
    if corrections.takes_number_back(talk, text):
        form.confirm(talk, changed=True)
        return
    corrects = reading.corrects(text) or bool(phone.find(text, spoken=talk.turn.spoken) or phone.extension(text))
    corrects = corrects or _names_another_place(talk, text) or _amends_number(talk, text)
    if corrects and corrections.apply(talk, text, asked="confirm_order"):
        form.confirm(talk, changed=True)
        return
    if said != "no" and not reading.asks_hotline(text) and _wishes_otherwise(talk, text, said):
        form.confirm(talk, changed=True)
        return
    if _WITHDRAWS.search(reading.bare(text)) and len(reading.bare(text)) <= 14:
        form.withdraw(talk)
        matters.proceed(talk)
        return
    if said == "yes" and _YES_BUT.search(text) and reading.corrects(text):
        said = "no"  # what is to be changed was not understood: taken down as it was said, or asked for
    if said == "yes" or (reading.nothing_more(text) and not reading.corrects(text)):
        form.file_all(talk)
        return
    if reading.new_matter(text) and _another_matter(talk, "confirm_order"):
        return
    if asides.side_question(talk, "confirm_order"):
        return
    if said == "no":
        rest = corrections.apply(talk, text, asked="confirm_order", loose=True)
        if rest:
            form.confirm(talk, changed=True)
            return
        talk.ask("confirm_order", "请问哪里不对？请您说一下正确的。")
        state.unclear += 1
        if state.unclear >= 3:
            talk.says.clear()
            closing.to_person(talk, reason="order not agreed")
        return
    if reading.thanks_only(text):
        form.file_all(talk)
        return
    state.unclear += 1
    if state.unclear >= 3:
        closing.to_person(talk, reason="order not agreed")
    elif corrections.apply(talk, text, asked="confirm_order", loose=True):
        form.confirm(talk, changed=True)
    elif len(reading.content(text)) >= 6 and not reading.question(text):
        filling.take(talk, "detail")
        form.confirm(talk, changed=True)
    else:
        talk.again("请您听一下登记的内容对不对。" if talk.phone else "请您看一下登记的内容对不对。")


def _wishes_otherwise(talk: Talk, text: str, said: str | None) -> bool:
    """A wish about secrecy instead of yes or no, or another one than was read back beside a yes."""
    before = talk.state.confidential
    return corrections.of_secrecy(talk, text) and (said is None or talk.state.confidential != before)


def _amends_number(talk: Talk, text: str) -> bool:
    """ "中间四位是零零幺二": digits of the number that was read back, told anew."""
    known = talk.state.contact_phone
    if not known or not _OF_NUMBER.search(text):
        return False
    return number_correction.amend(known, text, spoken=talk.turn.spoken) not in (None, known)


def _moves(talk: Talk, text: str) -> bool:
    """Another street than the one known, told while something is asked that has no place in its answer."""
    told = talk.findings.place(text, asked=False, district="")
    return bool(told.street) and not told.home and _names_another_place(talk, text)


def _names_another_place(talk: Talk, text: str) -> bool:
    """ "是展览路街道吧": a street or district that is not the one that was read back, without a word of correction."""
    if len(talk.state.form) != 1 or len(reading.bare(text)) < _NAMES_A_PLACE:
        return False
    place, told = talk.state.form[0].place, talk.findings.place(text, asked=False, district="")
    return bool((told.street and told.street != place.street) or (told.district and told.district != place.district))


def _same_matter(talk: Talk, matter: Matter, said: str | None) -> None:
    if said == "yes" or reading.again(talk.text) or re.search(r"同一件|就是那", talk.text):
        form.merge(talk, matter)
        matters.proceed(talk)
    elif said == "no" or re.search(r"另(?:外)?一|不同|新的", talk.text):
        matter.duplicate_declined, matter.duplicate_of = True, None
        form.go_on(talk)
    elif corrections.apply(talk, talk.text, asked="confirm_order"):
        form.confirm(talk, changed=True)
    elif not asides.side_question(talk, "confirm_order"):
        talk.again("请您说一下，是不是同一件事。")
