"""The answer to the question for a telephone number: whole, in pieces, not heard whole, or the number that calls.

A number that was not heard whole is asked for once more; two readings that lost different digits make one number
together. After two questions the number that the caller calls from is offered, where the line tells it.
"""

from __future__ import annotations

import re
from typing import Final

from bot import order_wording, reading, wording
from bot.entities import dictation, person, phone, whose_number, yes_no
from bot.policy.talk import Talk

SLOT: Final = "contact_phone"
QUESTIONS: Final = 2
_KEPT_DIGITS: Final = 24
_RESTS: Final = 3  # how often a number that was begun is asked to be gone on with
_HEARD_ENOUGH: Final = 4
_OWN_PHONE_NO: Final = re.compile(r"不(?:是|用|行|要|对|好)|换(?:一)?个")
_FETCHES: Final = re.compile(
    r"(?:等|稍)[^,，。]{0,6}(?:问|找|看|查|翻|拿)|(?:我|让我)(?:先|去|得)*(?:问|找|看|查|翻|拿)(?:一?下|问|找|看|查|翻|手机|本)"
)
_CITY_NUMBER: Final = re.compile(r"[2-9]\d{7}")  # a land line of this city without its area code
_SURE: Final = 0.8
"""Of the least sure digit; below it the number is read back at once. Of 96 dictated numbers (synthetic, by telephone)
all 24 above it were right, and 21 of 27 below."""


def take(talk: Talk, text: str) -> bool:
    """Take what the answer tells of number and name; False: the question is given up."""
    state = talk.state
    who = person.find(text)
    if who is not None and not who.anonymous and not state.contact_name:
        state.contact_name = who.name
    if (finding := whose_number.told(text, spoken=talk.turn.spoken, asked=True)) is not None:
        _known(talk, finding.number, doubtful=_unsure(talk))
        state.contact_extension = finding.extension
        return True
    row = phone.digits_said(text, spoken=talk.turn.spoken)
    if not talk.turn.spoken and _CITY_NUMBER.fullmatch(row):
        _known(talk, row, doubtful=False)  # typed as an answer to this question, no word has to say what it is
        return True
    if len(row) < _HEARD_ENOUGH and _own_number(talk, text):
        return True
    told_digits = len(row) >= _HEARD_ENOUGH or (bool(state.number_begun) and bool(row)) or dictation.is_beginning(row)
    if not told_digits and _FETCHES.search(text) and state.asked.get(SLOT, 0) < QUESTIONS:
        return True  # asked once more, when it has been found
    if reading.refuses(text) or (reading.dont_know(text) and not told_digits):
        return False
    if told_digits:
        _digits(talk, row)
        offered = state.asked.get(SLOT, 0) > QUESTIONS
        if offered and not (state.contact_phone or state.number_begun or state.own_number_declined):
            # They want to be called, and said no word against the number that was offered: read back, and in the end.
            _known(talk, state.caller_number, doubtful=True)
        return True
    return state.asked.get(SLOT, 0) < QUESTIONS and (yes_no.answer(text) != "no" or reading.corrects(text))


def question(talk: Talk, usual: str) -> str:
    """What to ask, `usual` where the line and what was told before change nothing."""
    state = talk.state
    if not talk.phone:
        return usual
    if state.number_begun:
        return wording.NUMBER_REST
    if state.numbers_heard:
        return wording.NUMBER_AGAIN
    if state.caller_number and not state.own_number_declined and state.asked[SLOT] == 1:
        return wording.OWN_NUMBER
    return usual


def goes_on(talk: Talk) -> bool:
    """Whether a number that was begun is to be gone on with; such a question is none of the two."""
    state = talk.state
    return talk.phone and bool(state.number_begun) and state.asked.get("number_rest", 0) < _RESTS


def offers_own(talk: Talk) -> bool:
    """Whether the number of the line is offered now, because the one that was dictated could not be made out."""
    state = talk.state
    tried = bool(state.numbers_heard or state.number_begun)
    if not (talk.phone and state.caller_number and tried) or state.asked.get(SLOT, 0) > QUESTIONS:
        return False
    state.number_begun = ""
    state.asked[SLOT] = QUESTIONS + 1
    state.own_number_declined = False
    talk.ask(SLOT, wording.OWN_NUMBER_INSTEAD)
    return True


def _own_number(talk: Talk, text: str) -> bool:
    """Whether the number of the line was offered and this is a yes to it, or a wish for another one."""
    state = talk.state
    if not (talk.phone and state.caller_number) or state.own_number_declined:
        return False
    another = bool(_OWN_PHONE_NO.search(text))
    if not another and (yes_no.answer(text) == "yes" or reading.this_number(text)):
        _known(talk, state.caller_number, doubtful=False)
        return True
    refused_all = reading.refuses(text) and reading.bare(text) not in ("不用", "不用这个", "不要这个")
    if another and state.asked.get(SLOT, 0) < QUESTIONS and not refused_all:
        state.own_number_declined = True  # another number than the one that rings: asked for next
        return True
    return False


def _digits(talk: Talk, row: str) -> None:
    """Digits that are no whole number by themselves."""
    state = talk.state
    begun = state.number_begun
    state.number_unclear = (begun + row)[:_KEPT_DIGITS]
    if begun and (number := dictation.joined((begun, row))) is not None:
        _known(talk, number, doubtful=True)
        return
    if not talk.turn.spoken:
        state.number_begun = row if dictation.is_beginning(row) else ""
        talk.say(order_wording.heard_digits(row))
        return
    if dictation.is_beginning(begun + row):
        state.number_begun = begun + row
    elif dictation.is_beginning(row) and len(row) > len(begun):
        state.number_begun = row  # told from the front again, and further
    else:
        state.number_begun = ""
    if state.number_begun:
        talk.say(order_wording.number_begun(state.number_begun))
        return
    if begun and dictation.is_beginning(row):
        begun = ""  # told from the front once more, and lost at the same place
    if _CITY_NUMBER.fullmatch(row):
        _known(talk, row, doubtful=True)
        return
    state.numbers_heard = [*state.numbers_heard, begun + row]
    if (number := dictation.joined(state.numbers_heard)) is not None:
        _known(talk, number, doubtful=True)
    elif state.asked.get(SLOT, 0) < QUESTIONS:
        talk.say(order_wording.number_incomplete(begun + row))


def _known(talk: Talk, number: str, *, doubtful: bool) -> None:
    state = talk.state
    state.contact_phone, state.contact_extension = number, ""
    state.number_begun, state.numbers_heard, state.number_unclear = "", [], ""
    if doubtful:
        talk.doubtful.add(SLOT)


def _unsure(talk: Talk) -> bool:
    least = talk.turn.least_sure_digit
    return least is not None and least < _SURE
