"""Taking an order down: what is missing is asked, everything is read back, then it is filed."""

from __future__ import annotations

from dataclasses import asdict

from base.spelling import spell, with_extension
from bot import family_answers, intake, order_wording, reading, retelling, wording
from bot.decision import FileOrder, Merge, OrderKnown, Say
from bot.policy import closing, contact_number, kinds
from bot.policy.talk import Talk
from bot.state import Matter
from workorders import answers

_TITLE_CHARACTERS = 30
_POINT_CHARACTERS = 60  # of a story, from where it comes to the point
_ANSWER_CHARACTERS = 16
_ANSWERS_READ_BACK = 3
_TAKEN_UP_AGAIN = ("answered", "closed")  # after a return visit in vain a person decides: it is only added to


def go_on(talk: Talk) -> None:
    """Ask the next thing that is missing, or read the form back."""
    state = talk.state
    for matter in state.form:
        categorise(talk, matter)
    if all(matter.again and matter.place.district for matter in state.form) and ask_of_earlier(talk):
        return
    while True:
        step = intake.next_question(state.form, state, maximum=talk.maximum_questions)
        if step is None or (_looked_for(talk) and step[0].slot not in intake.FINDS_EARLIER):
            confirm(talk)
            return
        question, about = step
        if question.slot == contact_number.SLOT and contact_number.goes_on(talk):
            state.asked["number_rest"] = state.asked.get("number_rest", 0) + 1
            talk.ask(question.slot, contact_number.question(talk, question.text))
            return
        if state.asked.get(question.slot, 0) >= 2 and not question.key:
            if question.slot == contact_number.SLOT and contact_number.offers_own(talk):
                return
            give_up(talk, question.slot)
            continue
        break
    if question.key:
        state.extra_asked.append(question.key)
    else:
        state.asked[question.slot] = state.asked.get(question.slot, 0) + 1
    if question.key or state.asked[question.slot] == 1:
        state.questions += 1
    text = question.text
    if question.slot == "place" and about[0].place.candidates:
        text = _which_district(about[0]) or text
    elif question.slot == "place" and state.asked["place"] > 1:
        text = "请问是北京的哪个区、哪个街道或者乡镇？"
    elif question.slot == "place" and len(districts := {matter.place.district for matter in about}) == 1:
        text = text.replace("哪个区、", districts.pop() or "哪个区、")  # what is known is not asked again
    elif question.slot == contact_number.SLOT:
        text = contact_number.question(talk, text)
    if talk.elder:
        text = _one_thing(text)
    if len(state.form) > 1 and question.slot in ("detail", "place", "event_time", "subject", "appeal"):
        text = f"您反映的{_count(len(state.form))}件事我分开登记。{text}" if state.questions == 1 else text
    number = about[0].number if len(about) == 1 and len(state.form) > 1 else None
    talk.ask(question.slot, text, about=number, key=question.key)


def give_up(talk: Talk, slot: str) -> None:
    """A slot that two questions did not fill stays empty."""
    if slot not in talk.state.refused:
        talk.state.refused.append(slot)
    if slot == "place":
        for matter in talk.state.form:
            matter.place.candidates = []
    if slot == contact_number.SLOT:
        talk.state.number_begun, talk.state.numbers_heard = "", []


def categorise(talk: Talk, matter: Matter) -> None:
    """Category, responsible unit and deadline from all that is known of the matter so far."""
    suggestion, assignment = talk.findings.category(
        matter.request_type, order_detail(matter), matter.place.district, matter.place.street
    )
    matter.category = asdict(suggestion) if suggestion is not None else None
    matter.assignment = asdict(assignment) if assignment is not None else None
    if assignment is not None:
        matter.assignment = {**asdict(assignment), "copies": list(assignment.copies)}
    matter.title = title(matter)


def order_detail(matter: Matter) -> str:
    """What happened, in the citizen's own words."""
    opening = retelling.cleaned(reading.without_contact(reading.tidy(matter.opening)))
    detail = retelling.cleaned(reading.without_contact(reading.tidy(matter.detail)))
    if not detail or detail in opening:
        return opening
    return f"{opening}。{detail}" if opening and opening not in detail else detail


def title(matter: Matter) -> str:
    """`劲松街道：…` with the first words of what happened."""
    words = reading.gist(reading.without_contact(reading.tidy(matter.detail or matter.opening)))
    content = reading.gist(reading.without_contact(reading.tidy(matter.opening)))
    if len(reading.content(content)) >= 6 or not words:
        words = content
    words = retelling.headline(retelling.to_the_point(words, kinds.stands_alone, _POINT_CHARACTERS), _TITLE_CHARACTERS)
    place = matter.place.street or matter.place.district
    return words if not place or place in words else f"{place}：{words}"


def confirm(talk: Talk, *, changed: bool = False) -> None:
    """Read the form back and ask whether it is right; an earlier order on the same matter is asked about first."""
    state = talk.state
    for matter in state.form:
        categorise(talk, matter)
    if ask_of_earlier(talk):
        return
    if _looked_for(talk):
        closing.to_person(talk, reason="earlier order not found", lead=wording.NOT_FOUND)
        return
    state.asked["confirm_order"] = state.asked.get("confirm_order", 0) + 1
    talk.ask("confirm_order", read_back(talk, changed=changed))


def _looked_for(talk: Talk) -> bool:
    """Whether the only thing wanted is to know how far an earlier request has got."""
    form = talk.state.form
    return len(form) == 1 and form[0].looked_for


def ask_of_earlier(talk: Talk) -> bool:
    """Whether an earlier order of the same citizen, place and matter was found, and is asked about now. Of several
    matters each is asked about by itself, one after another."""
    state = talk.state
    if not state.contact_phone and not state.citizen:
        return False
    for matter in state.form:
        known = None if matter.duplicate_declined else _earlier(talk, matter)
        if known is None:
            matter.duplicate_of = None  # one that was found before the place or the number was corrected
            continue
        matter.duplicate_of, matter.duplicate_status = known.order_no, known.status
        others = [one for one in state.matters if one in state.form or one.result == "merged"]
        about = matter.title if len(others) > 1 and not matter.unread else ""
        talk.ask("confirm_order", order_wording.duplicate(known, phone=talk.phone, about=about), about=matter.number)
        return True
    return False


def _earlier(talk: Talk, matter: Matter) -> OrderKnown | None:
    state, place = talk.state, matter.place
    own = talk.phone and state.caller_number == state.contact_phone
    return talk.findings.duplicate(
        state.contact_phone, place.district, place.street, order_detail(matter), matter.again, own, state.citizen
    )


def read_back(talk: Talk, *, changed: bool = False) -> Say:
    """Everything that was taken down in this call; of what an earlier one told, only that it is there."""
    state = talk.state
    if any(matter.unread for matter in state.form):
        return Say(wording.GO_ON_FILE)
    parts: list[tuple[str, str]] = []
    several = len(state.form) > 1
    for position, matter in enumerate(state.form, 1):
        label = f"第{_ordinal(position)}件，{matter.request_type}" if several else matter.request_type
        heard = _short(reading.gist(order_detail(matter)), 30 if several else 60)
        parts.append((label, heard))
        if not several:
            parts += _answers_not_heard(matter, heard)
        if place := place_text(matter):
            parts.append(("地点", place))
        if matter.event_time:
            parts.append(("时间", _short(matter.event_time, 24)))
        if matter.subject and not several:
            parts.append(("涉及", _short(matter.subject, 24)))
        if matter.appeal and not several:
            parts.append(("您的要求", _short(matter.appeal, 24)))
    if state.contact_unread:
        parts.append(("联系方式", wording.GO_ON_CONTACT))
    else:
        if state.contact_name:
            parts.append(("联系人", state.contact_name))
        unclear = f"{state.number_unclear}（不完整）" if state.number_unclear else "不留"
        parts.append(("电话", with_extension(state.contact_phone, state.contact_extension) or unclear))
    if state.confidential:
        parts.append(("个人信息", "保密"))
    return order_wording.summary(parts, again=changed)


def _answers_not_heard(matter: Matter, heard: str) -> list[tuple[str, str]]:
    """What was read from answers whose words the story that is read back leaves out."""
    labels = family_answers.labels(matter)
    told = [
        (labels.get(name, ""), answers.spelled(one), one["words"]) for name, one in family_answers.of(matter).items()
    ]
    short = [(label, value) for label, value, words in told if label and value and words not in heard]
    return [pair for pair in short if len(pair[1]) <= _ANSWER_CHARACTERS][:_ANSWERS_READ_BACK]


def place_text(matter: Matter) -> str:
    place = matter.place
    official = place.district + place.street
    rest = place.text if place.text and place.text not in official else ""
    return official + rest


def file_all(talk: Talk) -> None:
    """The citizen agreed: file each matter. What is said about it is said once it is stored (`after_filing`)."""
    state = talk.state
    for matter in state.form:
        talk.effects.append(FileOrder(matter.number))
    state.asking = None
    talk.say(wording.FILING)


def withdraw(talk: Talk) -> None:
    """The citizen does not want an order after all."""
    for matter in talk.state.form:
        matter.stage, matter.result = "dropped", "withdrawn"
    talk.state.asking = None
    talk.say("好的，这件事不登记了。")


def merge(talk: Talk, matter: Matter) -> None:
    """The same matter again: told to be so, added to the earlier order, which is taken up again if it was over."""
    number = matter.duplicate_of or ""
    reopen = matter.duplicate_status in _TAKEN_UP_AGAIN
    matter.stage, matter.result, matter.order_no = "done", "merged", number
    talk.effects.append(Merge(matter.number, number, reopen))
    words = wording.REOPENED if reopen else wording.MERGED
    talk.say(
        words.format(number=f"（尾号{number[-4:]}）"),
        words.format(number=f"，尾号{spell(number[-4:])}，"),
    )


def told_of_earlier(talk: Talk, matter: Matter) -> None:
    """The citizen only wanted to know what became of it: that was told, and nothing is filed."""
    matter.stage, matter.result = "done", "told"
    talk.say(wording.ONLY_ASKED)


def ask_order_no(talk: Talk, matter: Matter) -> None:
    """An earlier request: its number, then its tracking code."""
    if matter.order_no:
        talk.state.asked["tracking"] = 1
        talk.ask("order_no", wording.TRACKING, about=matter.number)
    else:
        talk.ask("order_no", wording.ORDER_NO, about=matter.number)


def tell_receipt(talk: Talk, matter: Matter, digits: str) -> None:
    """Words that were noted while the database was away: whether somebody has been in touch, and nothing of them."""
    known = talk.findings.receipt(digits)
    matter.stage, matter.result = "done", "told"
    talk.say((wording.RECEIPT_DONE if known.done else wording.RECEIPT_WAITING) if known.found else wording.NO_RECEIPT)


def _one_thing(question: str) -> str:
    """The first of two things asked in one breath."""
    first, also, _ = question.partition("也请")
    return first.rstrip("，,") + ("" if first.rstrip("，,").endswith(("？", "。")) else "。") if also else question


def _which_district(matter: Matter) -> str:
    pairs = matter.place.candidates
    districts = list(dict.fromkeys(pair[0] for pair in pairs))
    names = list(dict.fromkeys(pair[1] for pair in pairs))
    if len(districts) > 1 and len(names) == 1:
        return order_wording.two_districts(names[0], districts)
    if len(names) > 1:
        return f"请问是{'，还是'.join(names[:3])}？"
    return ""


def _ordinal(number: int) -> str:
    return "零一二三四五六七八九十"[number] if number <= 10 else str(number)


def _count(number: int) -> str:
    return "零一两三四五六七八九十"[number] if number <= 10 else str(number)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
