"""The answer to the question that stands: taken in, corrected, put off, or answered with a question."""

from __future__ import annotations

import re
from typing import Final

from bot import reading, splitting, wording
from bot.decision import Unanswerable
from bot.entities import order_no as order_numbers
from bot.entities import person, phone, yes_no
from bot.entities import time as times
from bot.policy import closing, consult, corrections, form, matters
from bot.policy.prefill import contact, place_from, prefill
from bot.policy.talk import Talk
from bot.state import Matter, Place

_FREE: Final = {"detail", "event_time", "subject", "appeal"}
_OWN_PHONE_NO: Final = re.compile(r"不(?:是|用|行|要|对|好)|换(?:一)?个")
_HEARD_ENOUGH: Final = 4
_WITHDRAWS: Final = re.compile(
    r"不(?:想)?(?:投诉|举报|反映|登记|提交|报|弄|办|提)了|别(?:登记|提交|报)了?|^(?:算了|不用了|不要了|取消)|算了吧|撤(?:销|回|掉)|取消(?:吧|登记|投诉)"
)
_PRIVACY: Final = re.compile(r"泄[露漏]|隐私|(?:告诉|让)(?:别人|他们|对方)|(?:信息|电话|号码)[^,，。]{0,6}(?:安全|外传|保密)|要(?:我的?)?(?:电话|名字|信息)(?:干|做|有)")


def answer(talk: Talk) -> None:
    """Take the turn as the answer to `state.asking`."""
    slot = talk.state.asking
    if slot == "confirm_question":
        if consult.answer_confirmation(talk):
            matters.proceed(talk)
        return
    if slot == "order_no":
        _order_number(talk)
        return
    if not talk.state.form:
        _tell_us(talk)
        return
    if slot == "confirm_order":
        _confirmation(talk)
        return
    if _not_an_answer(talk, slot or ""):
        return
    take(talk, slot or "")
    if talk.state.asking is not None:
        talk.state.asking = None
    matters.proceed(talk)


def _tell_us(talk: Talk) -> None:
    """`detail` was asked before any matter was known."""
    text = talk.text
    if reading.nothing_more(text) or reading.goodbye(text):
        closing.close(talk)
        return
    talk.state.asking = None
    matters.open_turn(talk)


def _not_an_answer(talk: Talk, slot: str) -> bool:
    """Corrections, further matters and side questions in the middle of the form; True when dealt with."""
    text = talk.text
    if reading.corrects(text) and slot != "detail":
        changed = corrections.apply(talk, text, asked=slot)
        if changed and slot not in changed:
            talk.say("好的，改过来了。")
            _stand(talk)
            return True
        if changed:
            talk.state.asking = None
            matters.proceed(talk)
            return True
    if reading.new_matter(text) and slot not in ("detail",) and _another_matter(talk, slot):
        return True
    if _side_question(talk, slot):
        return True
    return False


def _stand(talk: Talk) -> None:
    """Put the standing question once more; it may have been filled meanwhile."""
    talk.say(talk.state.question_text)


def _another_matter(talk: Talk, slot: str) -> bool:
    """"And another thing" in the middle of the form: noted, and taken down together."""
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
        take(talk, slot, pieces[0].text)
    talk.state.asking = None
    matters.proceed(talk)
    return True


def _side_question(talk: Talk, slot: str) -> bool:
    """A question to the hotline instead of an answer: answered, then the form goes on where it was."""
    text = reading.strip_wait(talk.text)
    if not reading.question(text) or not _is_aside(talk, slot, text):
        return False
    _answer_aside(talk, text)
    _stand(talk)
    return True


def _is_aside(talk: Talk, slot: str, text: str) -> bool:
    match slot:
        case "contact_phone":
            return not phone.find(text, spoken=talk.turn.spoken) and not reading.refuses(text)
        case "place":
            found = talk.findings.place(text, asked=True)
            return not found.district and not found.candidates and (reading.asks_hotline(text) or not found.address)
        case "confidential":
            return yes_no.confidential(text) is None or reading.asks_hotline(text)
        case "event_time":
            return times.find(text, talk.now) is None or reading.asks_hotline(text)
        case "confirm_order":
            return True
    return reading.asks_hotline(text)


def _answer_aside(talk: Talk, text: str) -> None:
    if reading.asks_handling_time(text):
        assignment = next((m.assignment for m in talk.state.form if m.assignment), None)
        if assignment:
            talk.say(wording.ASIDE_TIME.format(deadline=wording.hours(int(assignment["deadline_hours"]))))
        else:
            talk.say(wording.ASIDE_TIME_UNKNOWN)
        return
    if _PRIVACY.search(text):
        talk.say(wording.ASIDE_PRIVACY)
        return
    result = talk.findings.search(reading.tidy(text))
    if result.verdict == "answer" and result.hits:
        talk.say(wording.aside(result.hits[0]))
        return
    talk.effects.append(Unanswerable(reading.tidy(text), "nothing_near"))
    talk.say(wording.ASIDE_LATER)


def take(talk: Talk, slot: str, words: str | None = None) -> None:
    """Fill a slot from an answer; what does not fit leaves it empty, so that it is asked once more."""
    state = talk.state
    text = talk.text if words is None else words
    about = [m for m in state.form if state.asking_about in (None, m.number)] or state.form
    match slot:
        case "place":
            _take_place(talk, about, text)
        case "contact_phone":
            _take_phone(talk, text)
        case "contact_name":
            who = person.find(text, asked=True)
            if who is not None and not who.anonymous:
                state.contact_name = who.name
            else:
                form.give_up(talk, "contact_name")
        case "confidential":
            _take_confidential(talk, text)
        case _:
            _take_words(talk, slot, about, text)
    if slot in _FREE or slot == "place":
        for matter, piece in zip(about, _pieces(talk, about, text), strict=True):
            prefill(talk, matter, piece, whole=text, place=slot != "place")
    if slot not in ("contact_phone",):
        contact(talk, text)


def _pieces(talk: Talk, about: list[Matter], text: str) -> list[str]:
    """What of an answer belongs to each matter asked about; people answer for all their matters at once."""
    form_now = talk.state.form
    if len(form_now) < 2:
        return [text] * len(about)
    shares = splitting.distribute(text, [matter.text for matter in form_now])
    by_number = {matter.number: share for matter, share in zip(form_now, shares, strict=True)}
    return [by_number.get(matter.number, text) for matter in about]


def _take_words(talk: Talk, slot: str, about: list[Matter], text: str) -> None:
    state = talk.state
    if reading.dont_know(text) and len(reading.bare(text)) <= 14 and slot != "detail":
        form.give_up(talk, slot)
        return
    if slot == "detail" and reading.no_more_detail(text):
        form.give_up(talk, slot)
        return
    if slot != "detail" and reading.refuses(text) and len(reading.bare(text)) <= 8:
        form.give_up(talk, slot)
        return
    for matter, piece in zip(about, _pieces(talk, about, text), strict=True):
        said = reading.tidy(piece)
        if not said:
            continue
        match slot:
            case "event_time":
                found = times.find(piece, talk.now, asked=True)
                matter.event_time = (found.text if found else said)[:120]
            case "subject":
                matter.subject = said[:200]
            case "appeal":
                matter.appeal = said[:300]
            case _:
                matter.detail = f"{matter.detail}。{said}" if matter.detail else said
        matter.text = f"{matter.text}。{said}"
        matter.again = matter.again or reading.again(piece)
    if not any(getattr(matter, slot, "") for matter in about):
        state.unclear += 1


def _take_place(talk: Talk, about: list[Matter], text: str) -> None:
    pieces = [text] * len(about) if reading.same_place(text) else _pieces(talk, about, text)
    for matter, piece in zip(about, pieces, strict=True):
        if place_from(talk, matter, piece) or (piece != text and place_from(talk, matter, text)):
            continue
        if (reading.dont_know(piece) or reading.refuses(piece)) and not reading.locative(piece):
            form.give_up(talk, "place")
            continue
        found = talk.findings.place(piece, asked=True, district=matter.place.district)
        address = found.address or (reading.tidy(piece) if reading.locative(piece) else "")
        if address and address not in matter.place.text:
            matter.place.text = address if not matter.place.text else f"{matter.place.text}，{address}"[:80]


def _take_phone(talk: Talk, text: str) -> None:
    state = talk.state
    found = [entry for entry in phone.find(text, spoken=talk.turn.spoken) if entry.kind != "service"]
    who = person.find(text)
    if who is not None and not who.anonymous and not state.contact_name:
        state.contact_name = who.name
    if found:
        state.contact_phone = found[-1].number
        return
    if talk.phone and state.caller_number and not _OWN_PHONE_NO.search(text):
        if yes_no.answer(text) == "yes" or reading.this_number(text):
            state.contact_phone = state.caller_number
            return
    if talk.phone and state.caller_number and _OWN_PHONE_NO.search(text) and state.asked.get("contact_phone", 0) < 2:
        if not reading.refuses(text) or reading.bare(text) in ("不用", "不用这个", "不要这个"):
            state.caller_number = ""
            return
    digits = phone.digits_said(text, spoken=talk.turn.spoken)
    if reading.refuses(text) or (reading.dont_know(text) and len(digits) < _HEARD_ENOUGH):
        form.give_up(talk, "contact_phone")
        return
    if len(digits) >= _HEARD_ENOUGH:
        talk.say(wording.heard_digits(digits))
        return
    if state.asked.get("contact_phone", 0) >= 2 or yes_no.answer(text) == "no":
        form.give_up(talk, "contact_phone")


def _take_confidential(talk: Talk, text: str) -> None:
    wish = yes_no.confidential(text)
    if wish is not None:
        talk.state.confidential = wish
    elif talk.state.asked.get("confidential", 0) >= 2 or reading.dont_know(text):
        # What is not told is decided for the citizen's safety: a report is kept secret.
        talk.state.confidential = any(matter.request_type == "举报" for matter in talk.state.form)


def _confirmation(talk: Talk) -> None:
    state, text = talk.state, talk.text
    said = yes_no.answer(text)
    matter = state.matter(state.asking_about)
    if matter is not None and matter.duplicate_of and not matter.duplicate_declined:
        _same_matter(talk, matter, said)
        return
    if reading.corrects(text) or (said != "yes" and phone.find(text, spoken=talk.turn.spoken)):
        if corrections.apply(talk, text, asked="confirm_order"):
            form.confirm(talk, changed=True)
            return
    if _WITHDRAWS.search(reading.bare(text)) and len(reading.bare(text)) <= 14:
        form.withdraw(talk)
        matters.proceed(talk)
        return
    if said == "yes" or (reading.nothing_more(text) and not reading.corrects(text)):
        form.file_all(talk)
        return
    if reading.new_matter(text) and _another_matter(talk, "confirm_order"):
        return
    if _side_question(talk, "confirm_order"):
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
        take(talk, "detail")
        form.confirm(talk, changed=True)
    else:
        talk.again("请您听一下登记的内容对不对。" if talk.phone else "请您看一下登记的内容对不对。")


def _same_matter(talk: Talk, matter: Matter, said: str | None) -> None:
    if said == "yes" or reading.again(talk.text) or re.search(r"同一件|就是那", talk.text):
        form.merge(talk, matter)
        matters.proceed(talk)
    elif said == "no" or re.search(r"另(?:外)?一|不同|新的", talk.text):
        matter.duplicate_declined, matter.duplicate_of = True, None
        form.confirm(talk)
    elif corrections.apply(talk, talk.text, asked="confirm_order"):
        form.confirm(talk, changed=True)
    elif not _side_question(talk, "confirm_order"):
        talk.again("请您说一下，是不是同一件事。")


def _order_number(talk: Talk) -> None:
    """The number of an earlier order, then its tracking code."""
    state, text = talk.state, talk.text
    matter = state.matter(state.asking_about)
    if matter is None:
        state.asking = None
        matters.proceed(talk)
        return
    spoken = talk.turn.spoken
    number = order_numbers.find(text, spoken=spoken)
    digits = phone.digits_said(text, spoken=spoken)
    if matter.order_no is None and number is None and len(digits) in (12, 13, 14):
        number = digits
    if matter.order_no is None and number is not None:
        matter.order_no = number
        known = talk.findings.order(number, "")
        if not known.found:
            _told(talk, matter, wording.NO_ORDER, reset=state.asked.get("order_no", 0) < 1)
            return
        form.ask_order_no(talk, matter)
        return
    if matter.order_no is not None and len(digits) >= 6:
        known = talk.findings.order(matter.order_no, digits)
        if known.found:
            talk.say(wording.order_status(known.status_text, known.unit, known.deadline))
            matter.stage, matter.result = "done", "told"
            state.asking = None
            matters.proceed(talk)
        else:
            _told(talk, matter, wording.NO_ORDER)
        return
    if reading.question(text) and not reading.refuses(text) and not reading.dont_know(text) and len(digits) < 4:
        _answer_aside(talk, text)
        _stand(talk)
        return
    asked_before = state.asked.get("order_no", 0)
    state.asked["order_no"] = asked_before + 1
    gives_up = reading.dont_know(text) or reading.refuses(text) or bool(re.search(r"没有?|找不|丢", text))
    if not gives_up and asked_before < 1:
        lead = wording.heard_digits(digits) if len(digits) >= _HEARD_ENOUGH else wording.NOT_CAUGHT
        talk.say(lead)
        _stand(talk)
        return
    if matter.order_no is None and _worth_an_order(matter):
        matter.kind, matter.again, matter.request_type = "order", True, "求助"
        prefill(talk, matter, matter.text)
        talk.say("没有编号也没关系，我把您反映的情况重新核对登记，查到是同一件事就一起催办。")
        matters.proceed(talk)
        return
    _told(talk, matter, wording.NO_NUMBER)


def _told(talk: Talk, matter: Matter, what: str, *, reset: bool = False) -> None:
    """The plain truth about an order that cannot be shown; once more for a number that was misheard."""
    state = talk.state
    if reset:
        state.asked["order_no"] = 1
        matter.order_no = None
        talk.ask("order_no", f"{what}请再说一遍工单编号，没有的话请说没有。", about=matter.number)
        return
    matter.stage, matter.result = "done", "told"
    talk.say(what if "人工" in what else f"{what}{wording.STATUS_PERSON}")
    state.asking = None
    matters.proceed(talk)


def _worth_an_order(matter: Matter) -> bool:
    """Whether "how far has it got" also tells what it is about."""
    words = reading.content(matter.text)
    words = re.sub(r"(?:我)?(?:前几天|前两天|上次|上周|之前|昨天)?(?:反映|投诉|打|报)过(?:一个|个)?(?:事儿?|问题|电话)?|查一?下|查询|进度|进展|工单|单号|办到哪(?:儿|里)?了?|结果|处理|怎么样了", "", words)
    return len(words) >= 8 and reading.locative(matter.text)
