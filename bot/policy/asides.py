"""Side questions in the middle of a form: answered, then the form goes on where it was."""

from __future__ import annotations

import re
from typing import Final

from bot import answer_wording, order_wording, reading, secrecy, wording
from bot.decision import Unanswerable
from bot.entities import phone
from bot.entities import time as times
from bot.policy.talk import Talk

_WHETHER: Final = re.compile(r"(.)不\1")  # "will you or won't you" is no refusal
_PRIVACY: Final = re.compile(
    r"泄[露漏]|隐私|(?:告诉|让)(?:别人|他们|对方)|(?:信息|电话|号码)[^,，。]{0,6}(?:安全|外传|保密)|要(?:我的?)?(?:电话|手机号?|号码|名字|信息|地址)[^,，。]{0,4}(?:干|做|有|使|啥用|什么用)|为(?:什么|啥)[^,，。]{0,4}(?:要|留|问)[^,，。]{0,4}(?:电话|手机|号码|名字)|留(?:了)?(?:电话|手机|号码)[^,，。]{0,4}(?:干|做|有什么|有啥)"
)

_KEPT_FROM_THEM: Final = re.compile(
    r"(?:电话|号码|手机|信息|名字|我)[^,，。]{0,6}(?:不会|会不会|会|不能)(?:给|让|被|告诉)[^,，。]{0,8}(?:知道|看[到见]|拿到|查到|晓得)"
)


_WISH: Final = re.compile(r"[找要叫换转让给][^,，。]{0,6}(?:人工|真人|活人|人|客服)|不(?:想|跟|和)")
_ABOUT_US: Final = re.compile(
    r"(?:你们?|您|这|那头|对面)[^,，。]{0,6}(?:是)?(?:机器人?|电脑|录音|人工智能|AI|真人|活人|人工|人)[^,，。]{0,2}(?:还是|吗|么|吧|呢)"
    r"|还是(?:机器人?|录音|真人|活人|人工|人)(?:呀|啊|哪|呢|吗|么)?[?？。!！\s]*$",
    re.IGNORECASE,
)


def about_us(text: str) -> bool:
    """Whether it is asked who answers, a person or a machine; a wish for a person is none."""
    return bool(_ABOUT_US.search(text)) and not _WISH.search(text)


def stand(talk: Talk) -> None:
    """Put the standing question once more; it may have been filled meanwhile."""
    talk.say(talk.standing_question)


def side_question(talk: Talk, slot: str) -> bool:
    """A question to the hotline instead of an answer: answered, then the form goes on where it was."""
    text = reading.strip_wait(talk.text)
    about_privacy = slot != "confidential" and bool(_KEPT_FROM_THEM.search(text))
    if not (about_privacy or about_us(text) or (reading.question(text) and _is_aside(talk, slot, text))):
        return False
    if about_privacy and phone.find(text, spoken=talk.turn.spoken):
        return False  # "this is my number, but do not tell them": an answer with a wish
    return put(talk, text)


def put(talk: Talk, text: str) -> bool:
    """Answer a side question, and put ours once more; False where it was asked in these words just before."""
    if _said_twice(talk):
        return False
    talk.state.aside = reading.bare(talk.text)
    answer_aside(talk, text)
    stand(talk)
    return True


def _said_twice(talk: Talk) -> bool:
    """The words of the last side question once more: whoever repeats them means them as the answer."""
    return bool(talk.state.aside) and talk.state.aside == reading.bare(talk.text)


def _is_aside(talk: Talk, slot: str, text: str) -> bool:
    match slot:
        case "contact_phone":
            plain = _WHETHER.sub("", text)
            return not phone.find(text, spoken=talk.turn.spoken) and not reading.refuses(plain)
        case "place":
            found = talk.findings.place(text, asked=True)
            return not found.district and not found.candidates and (reading.asks_hotline(text) or not found.address)
        case "confidential":
            return secrecy.answered(text) is None or reading.asks_hotline(text)
        case "event_time":
            return times.find(text, talk.now, spoken=talk.turn.spoken) is None or reading.asks_hotline(text)
        case "confirm_order":
            return True
    return reading.asks_hotline(text)


def answer_aside(talk: Talk, text: str) -> None:
    if reading.asks_handling_time(text):
        assignment = next((m.assignment for m in talk.state.form if m.assignment), None)
        if assignment:
            takes = order_wording.term(int(assignment["deadline_hours"]), int(assignment.get("working_days", 0)))
            talk.say(wording.ASIDE_TIME.format(deadline=takes))
        else:
            talk.say(wording.ASIDE_TIME_UNKNOWN)
        return
    if about_us(text):
        talk.say(wording.ASIDE_MACHINE)
        return
    if _PRIVACY.search(text) or _KEPT_FROM_THEM.search(text):
        talk.say(wording.ASIDE_PRIVACY)
        return
    result = talk.findings.search(reading.tidy(text))
    if result.verdict == "answer" and result.hits:
        talk.say(answer_wording.aside(result.hits[0]))
        return
    talk.effects.append(Unanswerable(reading.tidy(text), "nothing_near"))
    talk.say(wording.ASIDE_LATER)
