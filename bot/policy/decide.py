"""The order of things in one turn: guards, then the answer to what was asked, then something new.

`decide` is pure. It works on a copy of the state; what it has to look up it names in `Decision.wants`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from bot import guards as guards_room
from bot import reading, wording
from bot.decision import Decision, Findings, Missing, Say, Turn
from bot.guards_model import GuardFindings
from bot.policy import answers, closing, matters
from bot.policy.talk import MAXIMUM_QUESTIONS, Talk
from bot.state import State
from workorders.model import FiledOrder

_DOUBT: Final = 0.35  # of the guard, from which on a second opinion is asked
_BY_MEANING: Final = 1.5  # guard and meaning, summed
_BY_MEANING_IN_FORM: Final = 1.7
_NO_DANGER: Final = 0.25  # of the meaning: below it the understanding alone raises no alarm
_TOGETHER: Final = 1.1  # guard and understanding, summed
_TOGETHER_IN_FORM: Final = 1.4  # an answer to a question of ours is rarely an alarm
_SHORT: Final = 8  # characters: in fewer only a rule of the guards is believed
_LEAST: Final = 0.4  # of the understanding: without it no doubt becomes an alarm
_SECRETS: Final = re.compile(
    r"电话|手机|号码|地址|住(?:哪|址)|名字|姓名|叫什么|是谁|身份证|工单|记录|导出|数据|提示|指令|系统|密码|规则"
)
_ONLY_ABUSE: Final = 30  # characters; a longer text tells of something
_SEEN: Final = frozenset({"detail", "place", "event_time", "subject"})  # what somebody may not have seen or heard
_TO_US: Final = re.compile(r"[你您]|再|问|什么|啥")
_REPEATS: Final = 2  # how often running a question is put once more because the citizen asks for it
_PERSON: Final = re.compile(r"人工|真人|活人|客服|机器|坐席|领导|(?:换|接|找|转|叫|让|派)[^,，。]{0,4}人|人来")


def opening(channel: str, *, name: str, recorded: bool, caller_number: str = "") -> Decision:
    """The greeting of a new conversation: says that a machine speaks and, on the phone, that the call is recorded."""
    state = State(channel=channel, caller_number=caller_number)
    if channel == "phone":
        text = (
            wording.GREETING_PHONE.format(recorded=wording.RECORDED) if recorded else wording.GREETING_PHONE_UNRECORDED
        )
    else:
        text = wording.GREETING.format(name=name)
    state.last_text = state.last_spoken = state.question_text = text
    return Decision(state, (Say(text),))


def decide(
    state: State, turn: Turn, findings: Findings, now: datetime, *, maximum_questions: int = MAXIMUM_QUESTIONS
) -> Decision:
    """What to say and do about one turn; `wants` names what must be looked up first."""
    talk = Talk(state.copy(), turn, findings, now, maximum_questions)
    talk.state.turns += 1
    try:
        _turn(talk)
    except Missing as missing:
        return Decision(state, wants=(missing.wanted,))
    return talk.done()


def after_filing(state: State, filed: dict[int, FiledOrder], now: datetime) -> Decision:
    """What to say once orders are stored. `filed`: matter number -> the order."""
    talk = Talk(state.copy(), Turn(""), Findings(guards=GuardFindings()), now)
    told = []
    for number, order in sorted(filed.items()):
        matter = talk.state.matter(number)
        if matter is None:
            continue
        matter.stage, matter.result, matter.order_no = "done", "filed", order.order_no
        told.append((order.order_no, order.tracking_code, order.deadline_hours, matter.title))
    if told:
        talk.say(wording.filed(told))
    matters.reset_form(talk.state)
    talk.ask(None, wording.ASK_MORE)
    return talk.done()


def leave(state: State) -> tuple[str, bool]:
    """The outcome of a conversation that the citizen left, and whether somebody must call back."""
    return closing.abandoned(state)


def _turn(talk: Talk) -> None:
    state, guards = talk.state, talk.findings.guards
    if talk.turn.kind == "silence":
        _silence(talk)
        return
    state.silences = 0
    if talk.turn.call_back_to:
        closing.call_back_to(talk, talk.turn.call_back_to)
        return
    if guards.emergency:
        closing.emergency(talk, guards.emergency)
    elif line := _second_opinion(talk):
        closing.emergency(talk, line)
    elif guards.human or (talk.turn.kind == "dtmf" and talk.text.strip() == "0") or _wants_person(talk):
        closing.to_person(talk)
    elif guards.attack or _after_secrets(talk):
        _attack(talk)
    elif (guards.abuse and not guards.request) or _only_abuse(talk):
        _abuse(talk)
    elif not reading.normalise(talk.text):
        talk.again(wording.NOT_CAUGHT if talk.phone else wording.NOT_CAUGHT_WEB)
    elif _about_the_talk(talk):
        return
    elif state.asking is not None:
        answers.answer(talk)
    else:
        matters.open_turn(talk)


def _second_opinion(talk: Talk) -> str:
    """The line to tell where the guard alone is in doubt: the meaning of the sentence decides with it."""
    guards = talk.findings.guards
    if not guards.likely or guards.probability < _DOUBT or guards.human or reading.nothing_more(talk.text):
        return ""
    if len(reading.bare(talk.text)) < _SHORT:
        return ""
    understood = talk.findings.understand(talk.text).score("emergency")
    if understood < _LEAST:
        return ""
    danger = talk.findings.danger(talk.text)
    in_form = bool(talk.state.form)
    if guards.probability + danger.probability >= (_BY_MEANING_IN_FORM if in_form else _BY_MEANING):
        return danger.line if danger.probability > guards.probability else guards.likely
    together = _TOGETHER_IN_FORM if in_form else _TOGETHER
    if understood + guards.probability < together or 0.0 < danger.probability < _NO_DANGER:
        return ""
    return danger.line or guards.likely


def _wants_person(talk: Talk) -> bool:
    """Said in words that no rule knows: where they hint at it, the understanding decides."""
    if len(reading.bare(talk.text)) > 24 or guards_room.about_others(talk.text):
        return False
    hinted = bool(_PERSON.search(talk.text))
    if not hinted and talk.state.asking not in (None, "detail"):
        return False
    understood = talk.findings.understand(talk.text)
    return understood.intent == "human" and understood.confidence >= (0.6 if hinted else 0.8)


def _after_secrets(talk: Talk) -> bool:
    """Other people's data asked for in words that no rule knows."""
    if talk.state.asking not in (None, "detail") or not _SECRETS.search(talk.text):
        return False
    understood = talk.findings.understand(talk.text)
    return understood.intent == "prompt_attack" and understood.confidence >= 0.6


def _only_abuse(talk: Talk) -> bool:
    """Insults in words that no rule knows, and nothing to act on."""
    if talk.state.form or len(reading.bare(talk.text)) > _ONLY_ABUSE or reading.locative(talk.text):
        return False
    understood = talk.findings.understand(talk.text)
    return understood.intent == "abuse" and understood.confidence >= 0.7


def _about_the_talk(talk: Talk) -> bool:
    """Moves about the conversation itself: once more, slower, one moment, are you there."""
    state, text = talk.state, talk.text
    if reading.presence(text) and (state.asking is not None or state.matters):
        talk.again(wording.HERE)
    elif reading.wait(text):
        talk.again(wording.WAIT)
    elif reading.repeat(text) and not _not_seen(talk) and state.repeats < _REPEATS:
        state.repeats += 1
        if state.asking is not None:
            talk.again(wording.REPEAT_LEAD)
        else:
            talk.say(wording.REPEAT_LEAD)
            talk.say(Say(state.last_text or wording.ASK_MATTER, state.last_spoken))
    elif reading.slower(text) and state.last_text:
        talk.say(wording.SLOWER_LEAD)
        talk.say(Say(state.question_text or state.last_text, ""))
    else:
        state.repeats = 0
        return False
    return True


def _not_seen(talk: Talk) -> bool:
    """ "I did not see it" as the answer to what was asked, not about our words."""
    asked = talk.state.form and talk.state.asking in _SEEN
    return bool(asked) and reading.dont_know(talk.text) and not _TO_US.search(talk.text)


def _silence(talk: Talk) -> None:
    talk.state.silences += 1
    if talk.state.silences < 3:
        talk.again(wording.SILENCE)
    elif talk.state.has_content:
        closing.call_back(talk, "silence")
    else:
        closing.close(talk, farewell=wording.SILENCE_END)


def _attack(talk: Talk) -> None:
    talk.state.attacks += 1
    if talk.state.attacks >= 2 and not talk.state.form:
        closing.close(talk, farewell=wording.ATTACK_CLOSE)
    elif talk.state.asking is not None:
        talk.again(wording.ATTACK)
    else:
        talk.ask(None, wording.ATTACK)


def _abuse(talk: Talk) -> None:
    state = talk.state
    state.warnings += 1
    if state.warnings >= 2:
        if state.has_content:
            closing.call_back(talk, "abuse")
        else:
            closing.close(talk, farewell=wording.ABUSE_CLOSE)
    elif state.asking is not None and state.form:
        talk.again(wording.ABUSE_WARNING)
    else:
        talk.ask("detail", wording.ABUSE_WARNING)
