"""How a conversation ends: exactly one outcome, whatever happened before."""

from __future__ import annotations

from base.spelling import spell
from bot import wording
from bot.decision import CallBack, Escalate, Say, Unanswerable
from bot.policy import alarm
from bot.policy.talk import Talk
from bot.state import State


def outcome_of(state: State) -> str:
    """The outcome of what was reached so far: an order weighs more than a lawful channel, that more than an answer."""
    matters = state.matters
    if any(matter.result in ("filed", "merged") for matter in matters):
        return "order_filed"
    if any(matter.kind == "lawful" and matter.stage == "done" for matter in matters):
        return "lawful_channel"
    if any(matter.result in ("answered", "told") for matter in matters):
        return "answered"
    return "closed"


def close(talk: Talk, *, farewell: str | None = None) -> None:
    """Say goodbye and set the outcome; what is still open is dropped by the citizen's own wish."""
    state = talk.state
    for matter in state.matters:
        if matter.stage == "open":
            matter.stage = "dropped"
    end(talk, farewell or (wording.GOODBYE if talk.phone else wording.GOODBYE_WEB))


def end(talk: Talk, farewell: Say | str) -> None:
    """The last words, the outcome, and the call is over."""
    _finish(talk)
    talk.say(farewell)
    talk.hang_up = True


def ask_to_rate(talk: Talk) -> None:
    """The matter is done and has its outcome; one question about the service is left, which nobody has to answer."""
    _finish(talk)
    talk.state.rating_asked = True
    talk.ask("satisfaction", wording.rate())


def _finish(talk: Talk) -> None:
    state = talk.state
    state.asking = None
    state.outcome = state.outcome or outcome_of(state)  # whoever rates the service keeps the outcome they have
    _note(state)


def emergency(talk: Talk, line: str) -> None:
    """The line is told at once, the call is transferred where it can be, an urgent record stands."""
    state, guards = talk.state, talk.findings.guards
    talk.say(alarm.told(line, guards.danger))
    if not talk.phone:
        talk.say(wording.EMERGENCY_WEB)
    elif line in talk.transferable:
        talk.say(wording.EMERGENCY_PHONE.format(line=line))
    else:
        talk.say(wording.EMERGENCY_PHONE_NO_LINE.format(line=line))
    state.asking = None
    state.outcome = "emergency"
    state.detail = {**state.detail, "emergency_line": line, "danger": guards.danger, "said": talk.text[:500]}
    talk.effects.append(Escalate(line, guards.danger or "emergency"))


def to_person(talk: Talk, *, reason: str = "asked", lead: str = "") -> None:
    """To a seat: the conversation waits in the queue with everything that was said. `lead` says why, kindly."""
    state = talk.state
    state.choosing = False
    if lead:
        talk.says.clear()
        talk.remark(lead)
    talk.say(wording.SEAT)
    state.asking = None
    state.outcome = "seat"
    state.detail = {**state.detail, "reason": reason}
    for matter in state.matters:
        if matter.kind == "consult" and matter.stage == "open":
            matter.stage, matter.result = "done", "unanswered"
            talk.effects.append(Unanswerable(matter.question or matter.text, "unsure"))
    talk.effects.append(Escalate("seat", reason))


def abandoned(state: State) -> tuple[str, bool]:
    """The outcome when the citizen went away in the middle, and whether somebody must call back."""
    if state.outcome is not None:
        return state.outcome, False
    if state.has_content:
        return "callback", True
    return outcome_of(state), False


def call_back(talk: Talk, reason: str, *, told: str = wording.CALLBACK) -> None:
    """What was said stays; somebody will be in touch. `told`: how the citizen hears of it."""
    talk.say(told)
    talk.state.asking = None
    talk.state.outcome = "callback"
    talk.effects.append(CallBack(reason))
    talk.hang_up = True


def call_back_to(talk: Talk, number: str) -> None:
    """The caller asked to be called back at this number instead of waiting, or because nothing can be heard."""
    state = talk.state
    state.contact_phone = number
    talk.say(
        wording.CALLBACK_PROMISED.format(tail=number[-4:]),
        wording.CALLBACK_PROMISED.format(tail=spell(number[-4:])),
    )
    state.asking = None
    state.outcome = "callback"
    state.detail = {**state.detail, "reason": "asked by key"}
    talk.effects.append(CallBack("asked by key"))
    talk.hang_up = True


def _note(state: State) -> None:
    lawful = next((matter.channel_name for matter in state.matters if matter.kind == "lawful"), "")
    if state.outcome == "lawful_channel" and lawful:
        state.detail = {**state.detail, "lawful_channel": lawful}
    if state.matters and "request_type" not in state.detail:
        first = state.matters[0]
        kind = "咨询" if first.kind in ("consult", "status") else first.request_type
        state.detail = {**state.detail, "request_type": kind}
