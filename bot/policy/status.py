"""The number of an earlier order and its tracking code; what may not be told is said to be so."""

from __future__ import annotations

import re
from typing import Final

from bot import reading, wording
from bot.entities import order_no as order_numbers
from bot.entities import phone, receipt_no
from bot.policy import asides, form, matters
from bot.policy.prefill import prefill
from bot.policy.talk import Talk
from bot.state import Matter

_HEARD_ENOUGH: Final = 4


def order_number(talk: Talk) -> None:
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
    if matter.order_no is None and (receipt := receipt_no.find(text, spoken=spoken)) is not None:
        form.tell_receipt(talk, matter, receipt)
        state.asking = None
        matters.proceed(talk)
        return
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
            talk.say(wording.order_status(known.status_text, known.unit, known.deadline, known.extended_because))
            if not talk.phone:
                talk.say(wording.SUPPLEMENT_OFFER)
            matter.stage, matter.result, matter.verified = "done", "told", True
            state.asking = None
            matters.proceed(talk)
        else:
            _told(talk, matter, wording.NO_ORDER)
        return
    if reading.question(text) and not reading.refuses(text) and not reading.dont_know(text) and len(digits) < 4:
        asides.answer_aside(talk, text)
        asides.stand(talk)
        return
    asked_before = state.asked.get("order_no", 0)
    state.asked["order_no"] = asked_before + 1
    gives_up = reading.dont_know(text) or reading.refuses(text) or bool(re.search(r"没有?|找不|丢", text))
    if not gives_up and asked_before < 1:
        lead = wording.heard_digits(digits) if len(digits) >= _HEARD_ENOUGH else wording.NOT_CAUGHT
        talk.say(lead)
        asides.stand(talk)
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
    words = re.sub(
        r"(?:我)?(?:前几天|前两天|上次|上周|之前|昨天)?(?:反映|投诉|打|报)过(?:一个|个)?(?:事儿?|问题|电话)?|查一?下|查询|进度|进展|工单|单号|办到哪(?:儿|里)?了?|结果|处理|怎么样了",
        "",
        words,
    )
    return len(words) >= 8 and reading.locative(matter.text)
