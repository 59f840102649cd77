"""An earlier order: its number and tracking code, else another way to it; what may not be told is said to be so.

Who has no number is asked once what the matter was and where. Place, matter and telephone number then find the order
(`form.ask_of_earlier`), which is urged on; where they find none a person looks for it, and nothing is filed anew. Who
cannot tell that either is told of a person, and gets one on asking again. It is the same on every channel.
"""

from __future__ import annotations

import re
from typing import Final

from bot import order_wording, reading, wording
from bot.entities import order_no as order_numbers
from bot.entities import phone, receipt_no
from bot.policy import asides, closing, form
from bot.policy.prefill import place_from, prefill
from bot.policy.talk import Talk
from bot.state import Matter

_HEARD_ENOUGH: Final = 4  # digits
_BY_MATTER: Final = "order_matter"  # in `State.asked`: what was asked instead of the number
_TELLS: Final = 4  # characters of an answer to it
_HAS_NONE: Final = re.compile(r"没有?|找不|[丢扔撕删]")
_OF_PROGRESS: Final = re.compile(
    r"(?:我)?(?:前几天|前两天|上次|上周|之前|昨天)?(?:反映|投诉|打|报)过(?:一个|个)?(?:事儿?|问题|电话)?|查一?下|查询"
    r"|进度|进展|工单|单号|办到哪(?:儿|里)?了?|结果|处理|怎么样了"
)


def begin(talk: Talk, matter: Matter) -> bool:
    """The first question about an earlier order; not for a number that the citizen has said not to have.

    True, here and below: nothing is left to be asked about it, the talk goes on to what is next.
    """
    if digits := receipt_no.find(matter.text, spoken=talk.turn.spoken):
        form.tell_receipt(talk, matter, digits)
        return True
    if matter.order_no is None and ("order_no" in talk.state.refused or reading.lacks_order_no(matter.text)):
        return _without_number(talk, matter, "")
    form.ask_order_no(talk, matter)
    return False


def order_number(talk: Talk) -> bool:
    """The answer to the question for the number, for its tracking code, or for what stands in for them."""
    state, text = talk.state, talk.text
    matter = state.matter(state.asking_about)
    if matter is None:
        return True
    spoken = talk.turn.spoken
    digits = phone.digits_said(text, spoken=spoken)
    if matter.order_no is None:
        if (receipt := receipt_no.find(text, spoken=spoken)) is not None:
            form.tell_receipt(talk, matter, receipt)
            return True
        number = order_numbers.find(text, spoken=spoken) or (digits if len(digits) in (12, 13, 14) else None)
        if number is not None:
            return _by_number(talk, matter, number)
    elif len(digits) >= 6:
        return _by_code(talk, matter, digits)
    no_number = reading.dont_know(text) or reading.refuses(text) or reading.lacks_order_no(text)
    if len(digits) < _HEARD_ENOUGH and not no_number and reading.question(text) and asides.put(talk, text):
        return False
    no_number = no_number or bool(_HAS_NONE.search(text))
    if matter.order_no is None and (no_number or _BY_MATTER in state.asked or _tells_matter(text)):
        return _without_number(talk, matter, reading.what_is_known(text) if no_number else text)
    asked_before = state.asked.get("order_no", 0)
    state.asked["order_no"] = asked_before + 1
    if not no_number and asked_before < 1:
        talk.say(order_wording.heard_digits(digits) if len(digits) >= _HEARD_ENOUGH else wording.NOT_CAUGHT)
        asides.stand(talk)
        return False
    if matter.order_no is None:  # asked twice, and none was said, in whatever words
        return _without_number(talk, matter, text)
    return _told(talk, matter, wording.NO_CODE)


def _by_number(talk: Talk, matter: Matter, number: str) -> bool:
    """A number was said; one that no order has may have been misheard, and is asked for once more."""
    matter.order_no = number
    if talk.findings.order(number, "").found:
        form.ask_order_no(talk, matter)
        return False
    if talk.state.asked.get("order_no", 0) >= 1:
        return _told(talk, matter, wording.NO_ORDER)
    talk.state.asked["order_no"] = 1
    matter.order_no = None
    talk.ask("order_no", f"{wording.NO_ORDER}请再说一遍工单编号，没有的话请说没有。", about=matter.number)
    return False


def _by_code(talk: Talk, matter: Matter, code: str) -> bool:
    known = talk.findings.order(matter.order_no or "", code)
    if not known.found:
        return _told(talk, matter, wording.NO_ORDER)
    talk.say(order_wording.order_status(known, phone=talk.phone))
    if not talk.phone and known.status != "closed":  # a closed one takes nothing more
        talk.say(wording.SUPPLEMENT_OFFER)
    matter.stage, matter.result, matter.verified = "done", "told", True
    return True


def _without_number(talk: Talk, matter: Matter, told: str) -> bool:
    """The earlier order by its matter and place, else by a person. `told`: what this turn says of it."""
    state = talk.state
    if "order_no" not in state.refused:
        state.refused.append("order_no")
    answers = state.asking == "order_no" and _BY_MATTER in state.asked and len(reading.content(told)) >= _TELLS
    if answers or _tells_matter(told):
        return _reported_before(talk, matter, told)
    if _tells_matter(matter.text):
        place_from(talk, matter, told)  # beside the matter told before, this turn may tell where
        return _reported_before(talk, matter, matter.text)
    if _BY_MATTER not in state.asked:
        state.asked[_BY_MATTER] = 1
        talk.ask("order_no", wording.WHICH_ORDER, about=matter.number)
        return False
    if any(one.kind == "status" and one.result == "told" and not one.verified for one in state.matters):
        closing.to_person(talk, reason="no order number", lead=wording.STATUS_BY_PERSON)
        return False
    return _told(talk, matter, wording.NO_NUMBER)


def _reported_before(talk: Talk, matter: Matter, told: str) -> bool:
    """Looked for as a matter that was reported before."""
    matter.kind, matter.again, matter.looked_for, matter.request_type = "order", True, True, "求助"
    if told != matter.text:
        matter.opening, matter.text = told, f"{matter.text}。{told}"
    prefill(talk, matter, told)
    talk.say(wording.REPORTED_BEFORE)
    return True


def _told(talk: Talk, matter: Matter, what: str) -> bool:
    """The plain truth about an order that cannot be shown."""
    matter.stage, matter.result = "done", "told"
    talk.say(what if "人工" in what else f"{what}{wording.STATUS_PERSON}")
    return True


def _tells_matter(text: str) -> bool:
    """Whether "how far has it got" also tells what it is about, and where."""
    return len(_OF_PROGRESS.sub("", reading.content(text))) >= 8 and reading.locative(text)
