"""Side questions in the middle of a form: answered, then the form goes on where it was."""

from __future__ import annotations

import re
from typing import Final

from bot import answer_wording, order_wording, reading, secrecy, wording
from bot.decision import Unanswerable
from bot.entities import phone
from bot.entities import time as times
from bot.policy import consult, kinds
from bot.policy.talk import Talk

_CLAUSES: Final = re.compile(r"[^,，。;；!！?？]+[?？]?")
_WHETHER: Final = re.compile(r"(?<!不)(.)不\1")  # "will you or won't you" is no refusal
_PRIVACY: Final = re.compile(
    r"泄[露漏]|隐私|(?:告诉|让)(?:别人|他们|对方)|(?:信息|电话|号码)[^,，。]{0,6}(?:安全|外传|保密)|要(?:我的?)?(?:电话|手机号?|号码|名字|信息|地址)[^,，。]{0,4}(?:干|做|有|使|啥用|什么用)|为(?:什么|啥)[^,，。]{0,4}(?:要|留|问)[^,，。]{0,4}(?:电话|手机|号码|名字)|留(?:了)?(?:电话|手机|号码)[^,，。]{0,4}(?:干|做|有什么|有啥)"
)

_KEPT_FROM_THEM: Final = re.compile(
    r"(?:电话|号码|手机|信息|名字|我)[^,，。]{0,6}(?:不会|会不会|会|不能)(?:给|让|被|告诉)[^,，。]{0,8}(?:知道|看[到见]|拿到|查到|晓得)"
)
_SECRECY_FIRST: Final = re.compile(
    r"(?:你们?|您|这(?:个|边|里|儿)?|热线|接线|打(?:了|完|这个?|个)?电话|举报|投诉|反映|留言|说了)(?P<between>[^,，。?？]{0,12})"
    r"(?:保密|匿名|不记名|泄露|(?:告诉|透露|说给|漏给|传给?)[^,，。?？]{0,4}(?:别人|人家|人|他|对方|单位|外)"
    r"|(?:电话|号码?|信息|名字)给[^,，。?？]{0,3}(?:人|他|对方|单位|老板))"
)
_LITTLE_WORDS: Final = re.compile(
    r"会不会|能不能|可不可以|可以|是不是|是否|不会|不能|能够?|会|给我|把我|的|名字?|信息|电话|替|帮|为|话|吗|么|呢|啊"
)
_LONG_FIRST: Final = 50  # characters; a longer text tells of something
_MORE: Final = 4  # characters beside the question
_SUPPOSES: Final = re.compile(r"要是|如果|假如|万一|想(?:要)?(?:举报|投诉|反映)")
_TELLS_OF_IT: Final = 0.6  # of the understanding: the matter itself is told with the question


_WISH: Final = re.compile(r"[找要叫换转让给][^,，。]{0,6}(?:人工|真人|活人|人|客服)|不(?:想|跟|和)")
_ABOUT_US: Final = re.compile(
    r"(?:你们?|您|这|那头|对面)[^,，。]{0,6}(?:是)?(?:机器人?|电脑|录音|人工智能|AI|真人|活人|人工|人)[^,，。]{0,2}(?:还是|吗|么|吧|呢)"
    r"|还是(?:机器人?|录音|真人|活人|人工|人)(?:呀|啊|哪|呢|吗|么)?[?？。!！\s]*$",
    re.IGNORECASE,
)


def about_us(text: str) -> bool:
    """Whether it is asked who answers, a person or a machine; a wish for a person is none."""
    return bool(_ABOUT_US.search(text)) and not _WISH.search(text)


def secrecy_first(talk: Talk) -> bool:
    """Before anything is told: "do you keep my name to yourselves?", and nothing else. The matter is asked for then."""
    text, state = talk.text, talk.state
    if state.form or state.asking not in (None, "detail") or len(reading.bare(text)) > _LONG_FIRST:
        return False
    asks_us = _SECRECY_FIRST.search(text) or _KEPT_FROM_THEM.search(text)
    if not asks_us or not reading.question(text) or reading.locative(text):
        return False
    rest = _LITTLE_WORDS.sub("", _SECRECY_FIRST.sub(lambda found: found["between"], text))
    tells = len(reading.content(rest)) >= _MORE and not _SUPPOSES.search(rest)
    if tells and talk.findings.understand(rest).score(*kinds.REQUESTS) >= _TELLS_OF_IT:
        return False
    matter = state.new_matter("consult", text, "咨询")
    matter.question = reading.tidy(text)
    found = talk.findings.search(matter.question)
    if found.verdict == "answer" and found.hits:
        consult.tell(talk, matter, found.hits[0])
    else:
        matter.stage, matter.result = "done", "answered"
        talk.say(wording.ASIDE_PRIVACY)
    talk.ask("detail", wording.ASK_ORDER)
    return True


def stand(talk: Talk) -> None:
    """Put the standing question once more; it may have been filled meanwhile."""
    talk.say(talk.standing_question)


def side_question(talk: Talk, slot: str) -> bool:
    """A question to the hotline instead of an answer: answered, then the form goes on where it was."""
    text = reading.strip_wait(talk.text)
    text = reading.without_repeat(text) if slot == "confidential" else text
    about_privacy = slot != "confidential" and bool(_KEPT_FROM_THEM.search(text))
    if not (about_privacy or about_us(text) or (reading.question(text) and _is_aside(talk, slot, text))):
        return False
    if about_privacy and phone.find(text, spoken=talk.turn.spoken):
        return False  # "this is my number, but do not tell them": an answer with a wish
    return put(talk, text)


def put(talk: Talk, text: str) -> bool:
    """Answer a side question, and put ours once more; False where it was asked in these words just before."""
    if said_twice(talk):
        return False
    talk.state.aside = reading.bare(talk.text)
    answer_aside(talk, text)
    stand(talk)
    return True


def said_twice(talk: Talk) -> bool:
    """The words of the last side question or correction once more: whoever repeats them means them as the answer."""
    return bool(talk.state.aside) and talk.state.aside == reading.bare(talk.text)


def _is_aside(talk: Talk, slot: str, text: str) -> bool:
    match slot:
        case "contact_phone":
            plain = _WHETHER.sub("", _not_asked(text))
            return not phone.find(text, spoken=talk.turn.spoken) and not reading.refuses(plain)
        case "place":
            found = talk.findings.place(text, asked=True)
            if reading.asks_hotline(text) and not found.street:
                return True
            return not found.district and not found.candidates and (reading.asks_hotline(text) or not found.address)
        case "confidential":
            return secrecy.answered(text) is None or reading.asks_hotline(text)
        case "event_time":
            return times.find(text, talk.now, spoken=talk.turn.spoken) is None or reading.asks_hotline(text)
        case "confirm_order":
            return True
    return reading.asks_hotline(text)


def _not_asked(text: str) -> str:
    """The clauses that ask nothing: "must I leave it? won't you do it if I don't leave it?" refuses nothing."""
    return "，".join(clause for clause in _CLAUSES.findall(text) if not reading.question(clause))


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
