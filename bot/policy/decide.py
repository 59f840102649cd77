"""The order of things in one turn: guards, then the answer to what was asked, then something new.

`decide` is pure. It works on a copy of the state; what it has to look up it names in `Decision.wants`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from bot import guards as guards_room
from bot import interruptions, order_wording, reading, reminders, wording
from bot.decision import Decision, Findings, Missing, Say, Turn
from bot.entities import yes_no
from bot.guards_model import GuardFindings
from bot.intelligible import unintelligible
from bot.policy import (
    about_talk,
    alarm,
    answers,
    asides,
    choices,
    closing,
    filling,
    going_on,
    matters,
    owed,
    rating,
    supplement,
    visit,
)
from bot.policy.talk import MAXIMUM_QUESTIONS, Talk
from bot.state import State
from workorders.model import FiledOrder

_SECRETS: Final = re.compile(
    r"电话|手机|号码|地址|住(?:哪|址)|名字|姓名|叫什么|是谁|身份证|工单|记录|导出|数据|提示|指令|系统|密码|规则"
)
_ONLY_ABUSE: Final = 30  # characters; a longer text tells of something
_TELLING: Final = 4  # characters of a rough answer
_SHORT_WISH: Final = 24  # characters of "a person, please"; whoever says more in a form must be understood for sure
_LONGEST_WISH: Final = 60
_SILENCES: Final = 2  # an open call in which nothing was said gets one offer, then it is closed
_UNINTELLIGIBLE: Final = 2  # running: then a person
_SOMEBODY: Final = re.compile(r"(?:找|派|来|叫|换|让)(?:个|一个)?(?:别的)?人(?:来|去)?(?:说|讲|处理|问|管|跟|谈)")
_OURS: Final = re.compile(r"人工|真人|客服|坐席|接线|机器|转接|跟我|和我")
_ANSWERED_IN_CLAUSES: Final = frozenset({"place", "event_time", "subject", "appeal"})
_ABOUT_NUMBERS: Final = frozenset({"contact_phone", "contact_name", "order_no"})  # there it is a slip in a number
_TO_BE_HEARD: Final = frozenset({"confirm_order", "confirm_question", "confidential", going_on.SLOT})
_PERSON: Final = re.compile(
    r"人工|真人|活人|客服|机器|坐席|领导|(?:换|接|找|转|叫|让|派)[^,，。]{0,4}人|人来|给我叫[他她]"
    r"|接线员|话务员|接电话|换[他她]来|值班|(?:有没有|来)个人|[让叫][你您]们|[你您]们(?:那儿?|这儿?|那里|那边)?的?(?:姑娘|小姐|闺女|小伙|同志|大姐|师傅)"
)


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
    shown = tuple(Say(reminder) for reminder in reminders.of(state)) if channel == "phone" else None
    return Decision(state, (Say(text),), reminders=shown)


def decide(
    state: State,
    turn: Turn,
    findings: Findings,
    now: datetime,
    *,
    maximum_questions: int = MAXIMUM_QUESTIONS,
    ask_rating: bool = False,
    transferable: frozenset[str] = frozenset(),
) -> Decision:
    """What to say and do about one turn; `wants` names what must be looked up first.

    `ask_rating`: a caller who was served is asked how satisfied they are. `transferable`: the emergency lines that a
    call can be put through to.
    """
    talk = Talk(state.copy(), turn, findings, now, maximum_questions, ask_rating, transferable)
    talk.state.turns += 1
    try:
        _turn(talk)
    except Missing as missing:
        return Decision(state, wants=(missing.wanted,))
    owed.settle(talk)
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
        takes = order_wording.term(order.deadline_hours, order.working_days)
        title = wording.GO_ON_MATTER if matter.unread else matter.title
        told.append((order.order_no, order.tracking_code, takes, title))
    if told:
        talk.say(order_wording.filed(told))
    if told and talk.state.form and talk.state.asking:  # filed by itself, while others are still being taken down
        talk.say(talk.standing_question)
        return talk.done()
    matters.reset_form(talk.state)
    talk.ask(None, wording.ASK_MORE)
    return talk.done()


def beside_seat(state: State, turn: Turn, findings: Findings, now: datetime) -> Decision | None:
    """What the bot itself says to a caller who waits for a seat: only what concerns the talk ("once more, louder").

    None: it says nothing of its own. `wants` as in `decide`.
    """
    talk = Talk(state.copy(), turn, findings, now)
    talk.state.turns += 1
    about_talk.notice(talk)
    try:
        return talk.done() if about_talk.beside_seat(talk) else None
    except Missing as missing:
        return Decision(state, wants=(missing.wanted,))


def with_manner_asked(state: State, turn: Turn) -> State:
    """A copy of the state in the manner that the turn asks for, where nothing is to be said about it."""
    return about_talk.mind(state.copy(), turn)


def leave(state: State) -> tuple[str, bool]:
    """The outcome of a conversation that the citizen left, and whether somebody must call back."""
    return closing.abandoned(state)


def _turn(talk: Talk) -> None:
    state, guards, turn = talk.state, talk.findings.guards, talk.turn
    owed.remember(talk)
    if turn.kind == "silence":
        _silence(talk)
        return
    state.silences = 0
    if turn.call_back_to:
        closing.call_back_to(talk, turn.call_back_to)
        return
    about_talk.notice(talk)
    foreign = turn.spoken and unintelligible(talk.text, turn.heard)
    if not foreign and reading.normalise(talk.text):
        state.unintelligible = 0
    danger = alarm.raised(talk.text, talk.findings, in_talk=bool(state.form), asked=state.asking)
    if danger.doubtful and not state.cautioned:
        state.cautioned = True
        talk.remark(wording.EMERGENCY_CAUTION)
    if danger.line:
        closing.emergency(talk, danger.line)
    elif (
        (guards.human and not _sends_for_somebody(talk))
        or (turn.kind == "dtmf" and talk.text.strip() == "0")
        or _wants_person(talk)
    ):
        closing.to_person(talk)
    elif foreign or (turn.heard.unrecognised and not reading.normalise(talk.text)):
        _nothing_understood(talk)
    elif not guards.attack and asides.secrecy_first(talk):
        return
    elif guards.attack or _after_secrets(talk):
        _attack(talk)
    elif guards.threat and guards.request and not state.warnings:
        state.warnings += 1
        state.detail = {**state.detail, "threat": True}
        talk.remark(wording.THREAT_WARNING)  # and what they want is taken down
        _said(talk)
    elif (guards.abuse and not guards.request and not _of_others(talk)) or _only_abuse(talk):
        if not _answered_rudely(talk):
            _abuse(talk)
    else:
        _said(talk)


def _said(talk: Talk) -> None:
    """Words that are neither an alarm nor an attack nor mere insults."""
    state = talk.state
    if not reading.normalise(talk.text):
        _nothing_typed(talk)
    elif state.asking == "satisfaction":
        _after_service(talk)
    elif visit.stands(state):
        visit.take(talk)
    elif about_talk.handle(talk):
        return
    elif state.asking == going_on.SLOT and not _yes_to_nothing(talk):
        going_on.take(talk)
    elif supplement.take(talk):
        return
    elif _wrong_number(talk):
        closing.close(talk, farewell=wording.WRONG_NUMBER)
    elif talk.state.asking in (None, "detail") and not state.form and interruptions.taken_for_another(talk.text):
        talk.ask(None, wording.TAKEN_FOR_ANOTHER)
    elif _yes_to_nothing(talk):
        talk.again(wording.UNHEARD_BEFORE)
    elif state.choosing and _chosen(talk):
        return
    elif state.asking is not None:
        answers.answer(talk)
    else:
        matters.open_turn(talk)


def _chosen(talk: Talk) -> bool:
    """One of the kinds of matter was chosen; False where something else was said, which is then read as usual."""
    kind = choices.take(talk)
    if kind == "person":
        choices.to_person(talk)
    elif kind:
        matters.begin(talk, kind)
    return bool(kind)


def _wants_person(talk: Talk) -> bool:
    """Said in words that no rule knows: where they hint at it, the understanding decides."""
    length = len(reading.bare(talk.text))
    if length > _LONGEST_WISH or guards_room.about_others(talk.text) or talk.state.asking == "appeal":
        return False  # "find somebody to mend the door" is what they want of others
    if asides.about_us(talk.text):
        return False  # "is that a machine?" wants to know it
    hinted = bool(_PERSON.search(talk.text))
    if not hinted and (talk.state.asking not in (None, "detail") or length > _SHORT_WISH):
        return False
    if length > _SHORT_WISH and not talk.state.form:
        return False  # a story, of which every part is read anyway
    understood = talk.findings.understand(talk.text)
    least = 0.9 if length > _SHORT_WISH else 0.6 if hinted else 0.8
    return understood.intent == "human" and understood.confidence >= least


def _sends_for_somebody(talk: Talk) -> bool:
    """ "Find somebody who speaks with him", as the answer to what is wanted: that is wanted of others."""
    return talk.state.asking == "appeal" and bool(_SOMEBODY.search(talk.text)) and not _OURS.search(talk.text)


def _after_secrets(talk: Talk) -> bool:
    """Other people's data asked for in words that no rule knows."""
    if talk.state.asking not in (None, "detail"):
        return False
    understood = talk.findings.understand(talk.text)
    least = 0.6 if _SECRETS.search(talk.text) else 0.8
    return understood.intent == "prompt_attack" and understood.confidence >= least


def _only_abuse(talk: Talk) -> bool:
    """Insults in words that no rule knows, and nothing to act on."""
    if talk.state.form or len(reading.bare(talk.text)) > _ONLY_ABUSE or reading.locative(talk.text):
        return False
    understood = talk.findings.understand(talk.text)
    least = 0.4 if talk.findings.guards.abuse else 0.7  # a rule found an insult: is there anything besides?
    return understood.intent == "abuse" and understood.confidence >= least


def _answered_rudely(talk: Talk) -> bool:
    """An answer to a question of the form, and insults beside it: it is taken, and better words are asked for once."""
    state = talk.state
    if not state.form or state.asking not in _ANSWERED_IN_CLAUSES:
        return False
    told = guards_room.besides_abuse(talk.text)
    if not told:
        return False
    state.warnings += 1
    if state.warnings == 1:
        talk.remark(wording.ABUSE_ASIDE)
    filling.take(talk, state.asking, told)
    state.asking = None
    matters.proceed(talk)
    return True


def _of_others(talk: Talk) -> bool:
    """Rough words in the answer to a question of the form, about whom the matter is about: they are the answer."""
    answered = talk.state.asking in ("subject", "detail", "appeal", "place", "event_time") and bool(talk.state.form)
    return answered and not talk.findings.guards.at_us and len(reading.bare(talk.text)) >= _TELLING


def _silence(talk: Talk) -> None:
    """The caller said nothing through all reminders. Whoever told something is not simply hung up on."""
    state = talk.state
    state.silences += 1
    if state.asking == "satisfaction":
        closing.end(talk, wording.GOODBYE)
    elif state.has_content or matters.told_something(state):
        if state.contact_phone or (state.caller_number and not state.own_number_declined):
            closing.call_back(talk, "silence", told=wording.SILENCE_CALLBACK)
        else:
            closing.to_person(talk, reason="silence", lead=wording.SILENCE_PERSON)
    elif state.matters:
        closing.end(talk, wording.SILENCE_DONE)
    elif state.silences < _SILENCES:
        talk.ask("detail", wording.SILENCE_OFFER)
    else:
        closing.close(talk, farewell=wording.SILENCE_END)


def _nothing_understood(talk: Talk) -> None:
    """No words, or words of no Mandarin that we know: once more, then a person; never a third time."""
    state = talk.state
    state.unintelligible += 1
    if state.unintelligible >= _UNINTELLIGIBLE or talk.turn.heard.unrecognised > _UNINTELLIGIBLE:
        closing.to_person(talk, reason="not understood", lead=wording.FOREIGN)
    else:
        talk.again(wording.NOT_UNDERSTOOD)


def _nothing_typed(talk: Talk) -> None:
    talk.again(wording.NOT_CAUGHT if talk.phone else wording.NOT_CAUGHT_WEB)


def _after_service(talk: Talk) -> None:
    """The answer to "how satisfied are you", or something new after all."""
    if rating.take(talk):
        return
    reached, talk.state.outcome = talk.state.outcome, None
    if matters.add(talk, talk.text):
        matters.proceed(talk)
    else:
        talk.state.outcome = reached
        closing.end(talk, wording.GOODBYE)


def _wrong_number(talk: Talk) -> bool:
    asking = talk.state.asking
    if asking in _ABOUT_NUMBERS:
        return False
    return interruptions.wrong_number(talk.text, certain=not talk.phone or asking == "confirm_order")


def _yes_to_nothing(talk: Talk) -> bool:
    """A yes or no to a question of which the caller has not heard a word: it is no answer."""
    state, unplayed = talk.state, reading.bare(talk.turn.unplayed)
    question = reading.bare(state.question_spoken or state.question_text)
    if state.asking not in _TO_BE_HEARD or not question or not unplayed.endswith(question):
        return False
    return yes_no.answer(talk.text) is not None


def _attack(talk: Talk) -> None:
    talk.state.attacks += 1
    refusal = wording.SECRET if guards_room.asks_secret(talk.text) else wording.ATTACK
    if talk.state.attacks >= 2 and not talk.state.form:
        closing.close(talk, farewell=wording.ATTACK_CLOSE)
    elif talk.state.asking is not None:
        talk.again(refusal)
    else:
        talk.ask(None, refusal)


def _abuse(talk: Talk) -> None:
    state = talk.state
    state.warnings += 1
    warning = wording.THREAT_WARNING if talk.findings.guards.threat else wording.ABUSE_WARNING
    state.detail = {**state.detail, "abuse": state.warnings}
    if state.warnings >= 2:
        if state.has_content:
            closing.to_person(talk, reason="abuse", lead=wording.ABUSE_PERSON)
        else:
            closing.close(talk, farewell=wording.ABUSE_CLOSE)
    elif state.asking is not None and state.form:
        talk.again(warning)
    else:
        talk.ask("detail", warning)
