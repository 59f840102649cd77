"""What a citizen says unasked is not asked again: numbers, names, places and times are taken from every turn."""

from __future__ import annotations

import re
from typing import Final

from bot import reading, secrecy
from bot.entities import company, person, whose_number
from bot.entities import elsewhere as another_city
from bot.entities import time as times
from bot.entities.place_aside import KIN
from bot.policy.talk import Talk
from bot.state import Matter, Place, State

_FOR_ANOTHER: Final = re.compile(
    rf"[替帮代]着?[我俺]?{KIN}|[他她]们?(?:那儿|那边|那楼|小区|单位|学校|村)|[我俺]{KIN}(?:家|那|他们|她们|小区|的房)"
)
_BY_WORK: Final = re.compile(  # "I live in A, but the card is of the one beside our office"
    r"(?:公司|单位|上班的?(?:地方|地儿|那儿|那边)|学校)的?(?:旁边|附近|边儿?上|隔壁|门口|楼下|对面|跟前)"
)
_DATE: Final = re.compile(r"[天日月年周号前]|礼拜|星期|小时|钟头|刚|昨|今|最近|一直|至今|现在|夜夜|晚晚")
_OUR_QUESTION: Final = re.compile(r"[您你](?:刚才|刚刚|刚)(?:问|说)")
_EVERY: Final = re.compile(r"每(?:天|晚|夜|日|周|月|年)|天天|夜夜|经常|总是|老是")
_BLAMES: Final = ("投诉", "举报", "求助")  # the types of request that have somebody opposite
_CLAUSE_END: Final = re.compile(r"[\s,，。;；!！?？]+")
_WANTS: Final = re.compile(
    r"(?:希望|要求|请求|恳请|想让|想要)(?!.{0,3}(?:投诉|举报|反映|咨询|表扬|建议))([^,，。!！?？]{3,40})|((?:能不能|赶紧|尽快|请)(?:派人|给|让|安排|把|帮)[^,，。!！?？]{2,30})"
)


def prefill(
    talk: Talk, matter: Matter | None, text: str, *, whole: str = "", place: bool = True, own: bool = True
) -> set[str]:
    """Take what `text` tells into the matter and the contact; returns the slots that were filled.

    Only empty slots are filled: what the citizen said on purpose is changed by a correction alone. `own`: the citizen
    speaks of themselves, so that a number or a name may be theirs.
    """
    state = talk.state
    filled = contact(talk, whole or text) if own else set()
    if matter is None or matter.kind != "order":
        return filled
    if place and not matter.place.district:
        found = talk.findings.place(text)
        if not found.district and whole and whole != text:
            found = talk.findings.place(whole)
        told = whole or text
        elsewhere = found.home and bool(
            _FOR_ANOTHER.search(told) or _BY_WORK.search(told) or another_city.find(told, asked=False)
        )
        if (found.district or found.candidates) and not elsewhere:
            matter.place = Place(
                text=found.address or matter.place.text,
                district=found.district,
                street=found.street,
                candidates=[[c.district, c.street] for c in found.candidates],
            )
            filled.add("place")
        elif found.address and not matter.place.text and not elsewhere:
            matter.place.text = found.address
    if not matter.event_time:
        moment = times.find(_OUR_QUESTION.sub("", text), talk.now, spoken=talk.turn.spoken)
        if moment is not None and (_DATE.search(moment.text) or moment.recurring):
            every = _EVERY.search(_clause_of(text, moment.text))
            prefix = every.group() if every and every.group() not in moment.text and moment.recurring else ""
            matter.happened(prefix + moment.text, moment.moments)
            filled.add("event_time")
    if not matter.subject and matter.request_type in _BLAMES and (name := company.find(text)):
        matter.subject = name
        filled.add("subject")
    if not matter.appeal:
        wish = _WANTS.search(text)
        if wish:
            matter.appeal = (wish[1] or wish[2]).strip()
    if state.confidential is None:
        state.confidential = secrecy.volunteered(whole or text)
    return filled


def _clause_of(text: str, words: str) -> str:
    """The clause that `words` stand in."""
    return next((clause for clause in _CLAUSE_END.split(text) if words in clause), text if words in text else "")


def contact(talk: Talk, text: str) -> set[str]:
    """Telephone number and name, from any turn."""
    state: State = talk.state
    filled: set[str] = set()
    if not state.contact_phone:
        finding = whose_number.told(text, spoken=talk.turn.spoken, asked=False)
        if finding is not None:
            state.contact_phone, state.contact_extension = finding.number, finding.extension
            filled.add("contact_phone")
    if not state.contact_name:
        who = person.find(text)
        if who is not None and not who.anonymous:
            state.contact_name = who.name
            filled.add("contact_name")
    return filled


def place_from(talk: Talk, matter: Matter, text: str) -> bool:
    """Read the answer to "where?" into a matter; False when no district or street was found in it."""
    known = matter.place
    found = talk.findings.place(text, asked=True, district=known.district)
    if known.candidates and not found.street:
        districts = [pair for pair in known.candidates if found.district and pair[0] == found.district]
        if not districts:
            short = reading.bare(text)
            districts = [pair for pair in known.candidates if pair[0].removesuffix("区") in short]
        if len(districts) == 1:
            matter.place = Place(known.text or found.address, districts[0][0], districts[0][1])
            return True
    if not (found.district or found.candidates):
        return False
    again = known.candidates == [[c.district, c.street] for c in found.candidates]
    if again and len({street for _, street in known.candidates}) > 1:  # of one sound, said once more: the likeliest
        district, street = known.candidates[0]
        matter.place = Place(known.text or found.address, district, street)
        talk.doubtful.add("place")
        return True
    matter.place = Place(
        text=found.address or known.text,
        district=found.district,
        street=found.street or (known.street if found.district == known.district else ""),
        candidates=[[c.district, c.street] for c in found.candidates],
    )
    return True
