"""From an answer to a slot; what does not fit leaves the slot empty, so that it is asked once more."""

from __future__ import annotations

import re
from typing import Final

from bot import family_answers, reading, secrecy, splitting
from bot.entities import person, phone
from bot.entities import time as times
from bot.policy import contact_number, form
from bot.policy.prefill import contact, place_from, prefill
from bot.policy.talk import Talk
from bot.state import Matter

_FREE: Final = {"detail", "event_time", "subject", "appeal"}
_OF_CONTACT: Final = {"contact_name", "contact_phone"}
_BESIDES: Final = 2  # characters
_SHORT: Final = 8  # characters; "tell them you do not know who called" is longer, and no "I do not know"
_OF_SECRECY: Final = re.compile(r"知道|晓得|告诉|透露|泄|名|报复|瞒|密|身份")
_OWN: Final = re.compile(r"[我俺咱]|本人")  # beside who is complained of their number is told
_NAMELESS: Final = re.compile(r"匿名")


def take(talk: Talk, slot: str, words: str | None = None) -> None:
    """Fill a slot from an answer; what does not fit leaves it empty, so that it is asked once more."""
    state = talk.state
    text = talk.text if words is None else words
    about = [m for m in state.form if state.asking_about in (None, m.number)] or state.form
    own = slot != "subject" or bool(_OWN.search(text))
    match slot:
        case "place":
            _take_place(talk, about, text)
        case "contact_phone":
            if not contact_number.take(talk, text):
                form.give_up(talk, slot)
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
            prefill(talk, matter, piece, whole=text, place=slot != "place", own=own)
    if slot != "contact_phone" and own:
        contact(talk, text)
    if slot != "confidential" and state.confidential is None:
        # No name given is no wish yet to be kept secret: that is asked.
        words = _NAMELESS.sub("", text) if slot in _OF_CONTACT else text
        if slot not in _OF_CONTACT or slot not in state.refused or _OF_SECRECY.search(words):
            state.confidential = secrecy.volunteered(words)


def _pieces(talk: Talk, about: list[Matter], text: str) -> list[str]:
    """What of an answer belongs to each matter asked about; people answer for all their matters at once."""
    form_now = talk.state.form
    if len(form_now) < 2:
        return [text] * len(about)
    shares = splitting.distribute(text, [matter.text for matter in form_now])
    by_number = {matter.number: share for matter, share in zip(form_now, shares, strict=True)}
    return [by_number.get(matter.number, text) for matter in about]


def _take_words(talk: Talk, slot: str, about: list[Matter], text: str) -> None:
    if reading.dont_know(text) and len(reading.bare(text)) <= 14 and slot != "detail":
        text = reading.what_is_known(text)
        if not text:
            form.give_up(talk, slot)
            return
    if any(len(reading.content(text.replace(text[n.start : n.end], ""))) < _BESIDES for n in phone.find(text)):
        return  # a number, and nothing else: it is taken down, and the question asked once more
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
                found = times.find(piece, talk.now, asked=True, spoken=talk.turn.spoken)
                matter.happened((found.text if found else said)[:120], found.moments if found else ("", ""))
            case "subject":
                matter.subject = said[:200]
            case "appeal":
                matter.appeal = said[:300]
            case _:
                matter.detail = f"{matter.detail}。{said}" if matter.detail else said
                family_answers.keep(matter, talk.state.asking_key, piece, talk.state.question_text)
        matter.text = f"{matter.text}。{said}"
        matter.again = matter.again or reading.again(piece)


def _take_place(talk: Talk, about: list[Matter], text: str) -> None:
    pieces = [text] * len(about) if reading.same_place(text) else _pieces(talk, about, text)
    for matter, piece in zip(about, pieces, strict=True):
        unknown = reading.dont_know(piece) and not reading.what_is_known(piece)
        if unknown and not talk.findings.place(piece, asked=True, district=matter.place.district).street:
            form.give_up(talk, "place")
            continue
        if place_from(talk, matter, piece) or (piece != text and place_from(talk, matter, text)):
            continue
        if (reading.dont_know(piece) or reading.refuses(piece)) and not reading.locative(piece):
            form.give_up(talk, "place")
            continue
        found = talk.findings.place(piece, asked=True, district=matter.place.district)
        address = found.address or (reading.tidy(piece) if reading.locative(piece) else "")
        if address and address not in matter.place.text:
            matter.place.text = address if not matter.place.text else f"{matter.place.text}，{address}"[:80]


def _take_confidential(talk: Talk, text: str) -> None:
    text = reading.without_repeat(text) or text
    knows_nothing = len(reading.bare(text)) <= _SHORT and reading.dont_know(text) and not reading.what_is_known(text)
    wish = None if knows_nothing else secrecy.answered(text)
    if wish is not None:
        talk.state.confidential = wish
    elif talk.state.asked.get("confidential", 0) >= 2 or reading.dont_know(text):
        # What is not told is decided for the citizen's safety: a report is kept secret, and so is whoever answered
        # twice and never said that it may be known.
        report = any(matter.request_type == "举报" for matter in talk.state.form)
        talk.state.confidential = report or not reading.dont_know(text)
