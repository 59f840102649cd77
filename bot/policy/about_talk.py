"""Moves about the talk itself, in any state: once more, slower, louder, one moment, are you there.

None of them answers what was asked: the question that stands goes on standing. What is asked is read by rule where it
is said in the usual words, else by the trained understanding, and that only of turns that sound like it.
"""

from __future__ import annotations

import re
from typing import Final

from bot import interruptions, manner, read_back, reading, secrecy, talk_requests, wording
from bot.decision import Turn
from bot.entities import phone, yes_no
from bot.entities import time as times
from bot.policy import closing
from bot.policy.talk import Talk
from bot.state import State
from bot.talk_requests import Request

HOLD_SECONDS: Final = 60.0
_SEEN: Final = frozenset({"detail", "place", "event_time", "subject"})  # what somebody may not have seen or heard
_TO_US: Final = re.compile(r"[你您]|再|问|什么|啥")
_REPEATS: Final = 2  # how often running something is said once more before we try another way
_WAITS: Final = 3  # running: whoever says the same a fourth time means something else
_SURE: Final = 0.6  # of the understanding
_PACE: Final[frozenset[Request]] = frozenset({"faster", "quieter"})
_UNDERSTOOD: Final[dict[str, Request]] = {
    "repeat": "repeat",
    "slower": "slower",
    "faster": "faster",
    "louder": "louder",
    "quieter": "quieter",
    "elder": "elder",
    "wait": "wait",
}


def notice(talk: Talk) -> None:
    """What any turn tells of the caller, whatever else it says: an age, bad hearing, the time an answer takes."""
    state, turn = talk.state, talk.turn
    if not talk.phone or state.manner.declined:
        return
    if talk_requests.told_age(talk.text) and not state.manner.elder:
        state.manner.become_elder()
        if talk_requests.hard_of_hearing(talk.text):
            state.manner.loud_enough()
    slow = turn.answered_after_seconds is not None and turn.answered_after_seconds >= manner.SLOW_ANSWER_SECONDS
    if slow and not state.held and turn.kind == "speech":
        state.manner.sign(manner.SLOW_ANSWER_WEIGHT)


def mind(state: State, turn: Turn) -> State:
    """Change the manner of a state as a caller asks whom somebody else answers; by rule alone."""
    asked = talk_requests.asked(turn.text)
    if state.channel == "phone" and asked:
        _change_manner(state, turn.text, asked)
    return state


def handle(talk: Talk) -> bool:
    """Deal with a turn that is about the talk; False where it is about something else."""
    state, text = talk.state, talk.text
    held, state.held = state.held, False
    if held and reading.back(text):
        talk.again(wording.HERE_AGAIN)
        return True
    if state.asking is not None and _unheard(talk) and not phone.find(text, spoken=talk.turn.spoken):
        talk.again(wording.HERE_AGAIN)
        return True
    if reading.presence(text) and (state.asking is not None or state.matters):
        talk.again(wording.HERE)
        return True
    asked = _asked(talk)
    if "wait" in asked and state.waits < _WAITS:
        _wait(talk)
        return True
    state.waits = 0
    if asked - {"wait"}:
        _otherwise(talk, asked)
    else:
        state.repeats = 0
        return False
    return True


def beside_seat(talk: Talk) -> bool:
    """The same while the caller waits for a seat: nothing is asked then, so only the words and the voice matter."""
    asked = _asked(talk)
    if not asked or "wait" in asked:
        return False
    _otherwise(talk, asked)
    return True


def _asked(talk: Talk) -> frozenset[Request]:
    text = talk.text
    if reading.wait(text):
        return frozenset({"wait"})
    if _answers_besides(talk):
        return frozenset()
    asked = talk_requests.asked(text)
    if asked == {"elder"} and _answers_in_old_age(talk):
        return frozenset()  # how we speak from now on is `notice`'s
    others = talk.state.asking == "appeal"  # "turn it down": what somebody else shall do
    if asked and asked <= _PACE and _of_others(talk, others=others):
        return frozenset()
    if not asked and not others and not reading.question(text) and talk_requests.may_be_about_talk(text):
        understood = talk.findings.understand(text)
        request = _UNDERSTOOD.get(understood.intent)
        if request is not None and understood.confidence >= _SURE and not _answers(talk, request):
            asked = frozenset({request})
    return frozenset() if "repeat" in asked and _not_seen(talk) else asked


def _unheard(talk: Talk) -> bool:
    """Something came between our question and its answer; who ends by asking for it may have told the matter, or a
    place, before."""
    if interruptions.interrupted(talk.text):
        return True
    if talk.state.asking in ("detail", "appeal") or not interruptions.ends_asking_the_question(talk.text):
        return False
    found = talk.findings.place(talk.text, asked=False, district="")
    return not (found.district or found.candidates)


def _answers_besides(talk: Talk) -> bool:
    """Who hears badly and leaves no number for that very reason, or asks "what?" and answers in the same breath."""
    if talk.state.asking in ("confirm_order", "confirm_question"):
        last = interruptions.last_clause(talk.text)
        if not last or not read_back.read(last).surely or talk_requests.asked(last):
            return False
        if talk.phone and (asked := talk_requests.asked(talk.text)):
            _change_manner(talk.state, talk.text, asked)  # "what? louder. Oh, yes, yes"
        return True
    if talk.state.asking == "contact_phone":
        return talk_requests.hard_of_hearing(talk.text) and reading.refuses(talk.text)
    if talk.state.asking != "confidential":
        return False
    rest = reading.without_repeat(talk.text)
    told = bool(secrecy.NAMED.search(rest)) or talk.state.repeats > 0  # whoever says it again means the rest of it
    return rest != talk.text and told and secrecy.answered(rest) is not None


def _answers_in_old_age(talk: Talk) -> bool:
    """ "No need, I am nearly seventy, whom should I fear": an age beside an answer asks for nothing."""
    text = talk.text
    if talk_requests.hard_of_hearing(text):
        return False
    match talk.state.asking:
        case "confidential":
            return secrecy.answered(text) is not None
        case "confirm_order" | "confirm_question":
            return yes_no.answer(text) is not None
        case None:
            return False
        case _:
            return reading.dont_know(text) or talk_requests.says_more_than_age(text)


def _of_others(talk: Talk, *, others: bool) -> bool:
    """Faster or quieter shall be somebody else: it answers what was asked. Who says it again and again means that."""
    repeats = talk.state.repeats
    return repeats > 1 or (not _TO_US.search(talk.text) and (others or repeats > 0))


def _answers(talk: Talk, request: Request) -> bool:
    """A place, a time that was asked for (快一个月了), or what was taken for a wish about our pace a moment ago."""
    state, text = talk.state, talk.text
    told_when = state.asking == "event_time" and times.find(text, talk.now, asked=True, spoken=talk.turn.spoken)
    return bool(told_when) or reading.locative(text) or (request in _PACE and state.repeats > 0)


def _not_seen(talk: Talk) -> bool:
    """ "I did not see it" as the answer to what was asked, not about our words."""
    asked = talk.state.form and talk.state.asking in _SEEN
    return bool(asked) and reading.dont_know(talk.text) and not _TO_US.search(talk.text)


def _wait(talk: Talk) -> None:
    """The caller needs a moment: on the phone they are left in peace, on a page the question stands below."""
    talk.state.waits += 1
    if not talk.phone:
        talk.again(wording.WAIT)
        return
    talk.remark(wording.WAIT)
    talk.state.held = True
    talk.hold_seconds = HOLD_SECONDS


def _otherwise(talk: Talk, asked: frozenset[Request]) -> None:
    """Say the last words again, in the manner that was asked for."""
    state = talk.state
    if _PACE & asked:
        state.repeats += 1
        _change_manner(state, talk.text, asked)
        talk.again(wording.manner_lead(asked))
        return
    changed = talk.phone and _change_manner(state, talk.text, asked)
    if "repeat" in asked or not changed:
        state.repeats += 1
    if state.repeats > _REPEATS + 1:
        closing.to_person(talk, reason="could not follow", lead=wording.PERSON_IS_BETTER)
        return
    if state.repeats > _REPEATS:
        if not state.manner.declined:
            state.manner.become_elder()
        talk.remark(wording.ANOTHER_WAY if talk.phone else wording.ANOTHER_WAY_WEB)
    else:
        talk.remark(wording.manner_lead(asked))
    once_slower = "repeat" in asked and not {"slower", "elder"} & asked
    talk.slower_steps = max(0, state.repeats - 1) + once_slower
    talk.say_last()


def _change_manner(state: State, text: str, asked: frozenset[Request]) -> bool:
    """Whether anything could be changed that was asked for."""
    chosen = state.manner
    before = (chosen.speed, chosen.gain_db, chosen.elder)
    if "faster" in asked:
        chosen.faster()
    elif "elder" in asked:
        chosen.become_elder()
        if talk_requests.hard_of_hearing(text):
            chosen.loud_enough()
    elif "slower" in asked:
        chosen.slower()
    if "quieter" in asked:
        chosen.quieter()
    elif "louder" in asked and not talk_requests.hard_of_hearing(text):
        chosen.louder()
    changed = (chosen.speed, chosen.gain_db, chosen.elder) != before
    if not _PACE & asked:
        chosen.sign(manner.REQUEST_WEIGHT)
    return changed
