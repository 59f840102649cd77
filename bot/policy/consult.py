"""Consultations: the standard question is restated, an unsure match is asked about, "no" is data for the editors."""

from __future__ import annotations

import re
from typing import Final

from bot import answer_wording, reading, wording
from bot.decision import Unanswerable
from bot.entities import yes_no
from bot.policy import closing, service_points
from bot.policy.talk import Talk
from bot.state import Matter, State
from knowledge.follow_up import Context
from knowledge.model import Hit, SearchResult
from workorders.duplicates import shared_pairs

_OFFERED_AT_ONCE = 3
_TAKEN_UP = 2  # pairs of characters of an offered question that are said beside the yes
_OFFERED_TO_ELDERS = 2
_THIS_ONE: Final = re.compile(r"(?:对|嗯|是)?(?:就?是|就|我?问的?就是)(?:这个|这条|这件事?|它)(?:的|吧|啊|了)?")


def answer_open(talk: Talk) -> bool:
    """Answer every open consultation; True when one of them needs the citizen's choice first."""
    state = talk.state
    while (matter := state.open_consultation) is not None:
        if service_points.handle(talk, matter):
            if matter.stage == "open":
                return True
            continue
        result = _search(talk, matter)
        hits = [hit for hit in result.hits if hit.id not in _turned_down(matter)]
        if result.verdict == "answer" and hits and not matter.offered:
            tell(talk, matter, hits[0])
        elif result.verdict != "unknown" and hits and matter.offered < 2:
            _offer(talk, matter, hits)
            return True
        elif state.form:
            _leave_open_question(talk, matter)
        else:
            _offer_person(talk, matter)
            return True
    return False


def tell(talk: Talk, matter: Matter, hit: Hit) -> None:
    """Say an answer with its source; the matter counts as answered."""
    quoted = hit.quoted_spoken if talk.phone else hit.quoted
    talk.say(answer_wording.answer(hit, talk.findings.plain_words(quoted) if quoted else ""))
    matter.stage, matter.result, matter.search = "done", "answered", ""
    matter.candidates = [{"id": hit.id, "question": hit.question, "told": True}]
    talk.state.unclear = 0


def _search(talk: Talk, matter: Matter) -> SearchResult:
    """What answers an open consultation: of a question that goes on from the last answer, what was found from there (it
    knows what was told already, and what the question finds as it stands), until it is put in other words."""
    on = matter.goes_on
    if not on or on["whole"] != matter.question:
        return talk.findings.search(matter.question)
    return talk.findings.search(on["text"], Context(on["item"], on["standard"], on["asked"]))


def follow_up(talk: Talk, text: str) -> dict[str, str]:
    """The question that `text` asks when it goes on from the last answer (要带什么？ 那孩子呢？), for `Matter.goes_on`:
    `text`, completed (`whole`), and the answer before it (`item`, `standard`, `asked`). Empty when it stands for itself
    or nothing answers the whole question."""
    after = _last_told(talk.state)
    if after is None:
        return {}
    alone = reading.tidy(text)
    result = talk.findings.search(alone, after)
    if result.verdict == "unknown" or not result.completed:
        return {}
    return {
        "text": alone,
        "whole": result.completed,
        "item": after.item,
        "standard": after.standard,
        "asked": after.asked,
    }


def _last_told(state: State) -> Context | None:
    """The last answered question, unless something else than questions came after it."""
    matter = state.last_answered
    if matter is None or any(later.kind != "consult" for later in state.matters[state.matters.index(matter) :]):
        return None
    told = next((candidate for candidate in matter.candidates if candidate.get("told")), None)
    return None if told is None else Context(str(told["id"]), str(told["question"]), matter.question)


def turned_down(talk: Talk) -> bool:
    """After an answer: "that is not what I meant" brings the next candidate; True when it was that."""
    state, text = talk.state, talk.text
    matter = state.last_answered
    if matter is None or state.matters[-1] is not matter:
        return False
    plain_no = yes_no.answer(text) == "no" and len(reading.bare(text)) <= 4 and not reading.nothing_more(text)
    if not (reading.not_this(text) or plain_no):
        return False
    talk.effects.append(Unanswerable(matter.question, "turned_down", tuple(c["question"] for c in matter.candidates)))
    matter.stage, matter.result = "open", ""
    matter.offered += 1
    rest = _rephrased(text)
    if rest:
        matter.question = rest
        matter.text = f"{matter.text}，{rest}"
    answer_open(talk)
    return True


def answer_confirmation(talk: Talk) -> bool:
    """The answer to "is this your question?"; True when the talk can go on to what is open."""
    state, text = talk.state, talk.text
    matter = state.matter(state.asking_about)
    if matter is None or matter.stage != "open":
        state.asking = None
        return True
    said = "yes" if _THIS_ONE.fullmatch(reading.bare(text)) else yes_no.answer(text)
    number = reading.ordinal(text)
    if matter.search == "person":
        return _person_offered(talk, matter, said)
    hits = {hit.id: hit for hit in _search(talk, matter).hits}
    offered = [hits[c["id"]] for c in matter.candidates if not c.get("down") and c["id"] in hits][:_OFFERED_AT_ONCE]
    if number is not None and 1 <= number <= len(offered) and len(offered) > 1:
        tell(talk, matter, offered[number - 1])
        return True
    if said == "yes" and len(offered) > 1 and (meant := _meant(text, offered)) is not None:
        tell(talk, matter, meant)
        return True
    if said == "yes" and len(offered) > 1 and matter.which < 1:
        matter.which += 1  # a yes to a list names none of it: the first is not taken silently
        talk.again(wording.WHICH_ONE if len(offered) == 2 else wording.WHICH_OF_THREE)
        return False
    if said == "yes" and offered:
        if len(offered) > 1:
            talk.remark(wording.TAKES_FIRST)
        tell(talk, matter, offered[0])
        return True
    if said == "no" or reading.not_this(text):
        rest = _rephrased(text)
        talk.effects.append(Unanswerable(matter.question, "turned_down", tuple(hit.question for hit in offered)))
        for candidate in matter.candidates:
            candidate["down"] = True
        if rest:
            matter.question, matter.text, matter.candidates = rest, f"{matter.text}，{rest}", []
        matter.offered += 1
        return True
    named = [
        hit for hit in offered if len(reading.bare(text)) >= 2 and reading.bare(text) in reading.bare(hit.question)
    ]
    if len(named) == 1:
        tell(talk, matter, named[0])
        return True
    if reading.nothing_more(text) or reading.goodbye(text):
        matter.stage = "dropped"
        return True
    state.unclear += 1
    if state.unclear >= 3 or reading.tidy(text) == matter.question:  # the same words would find the same once more
        _offer_person(talk, matter)
        return False
    matter.question, matter.candidates = reading.tidy(text), []  # the question put in other words
    matter.text = f"{matter.text}，{text}"
    return True


def _meant(text: str, offered: list[Hit]) -> Hit | None:
    """Which of the offered questions "yes, how to draw the benefit" takes up; None where it names none, or several."""
    shared = [len(shared_pairs(reading.content(text), hit.question)) for hit in offered]
    most = max(shared)
    return offered[shared.index(most)] if most >= _TAKEN_UP and shared.count(most) == 1 else None


def offer_likely(talk: Talk, heard: str) -> bool:
    """The standard questions nearest to words that were not understood, to choose from; False where none is near."""
    result = talk.findings.search(reading.tidy(heard))
    if result.verdict == "unknown" or not result.hits:
        return False
    matter = talk.state.new_matter("consult", heard, "咨询")
    matter.question = reading.tidy(heard)
    _offer(talk, matter, list(result.hits))
    return True


def _offer(talk: Talk, matter: Matter, hits: list[Hit]) -> None:
    """Name the nearest standard questions. The question counts as unanswered until one of them is chosen: most who do
    not find theirs among them just leave (`knowledge.mining.offers`)."""
    at_once = _OFFERED_TO_ELDERS if talk.elder else _OFFERED_AT_ONCE
    shown = hits[: at_once if matter.offered == 0 else 1]
    matter.which = 0
    down = [candidate for candidate in matter.candidates if candidate.get("down")]
    matter.candidates = [*down, *({"id": hit.id, "question": hit.question} for hit in shown)]
    matter.search = "choice"
    if matter.offered == 0:
        talk.effects.append(Unanswerable(matter.question, "unsure", tuple(hit.question for hit in shown)))
    talk.ask("confirm_question", answer_wording.choose([hit.question for hit in shown]), about=matter.number)


def _offer_person(talk: Talk, matter: Matter) -> None:
    talk.effects.append(Unanswerable(matter.question, "nothing_near"))
    matter.search = "person"
    talk.ask("confirm_question", answer_wording.unknown(reading.tidy(matter.question)[:60]), about=matter.number)


def _person_offered(talk: Talk, matter: Matter, said: str | None) -> bool:
    if said == "yes":
        closing.to_person(talk, reason="unanswered question")
        return False
    if said == "no" or reading.nothing_more(talk.text):
        matter.stage, matter.result = "done", "unanswered"
        return True
    matter.search, matter.question = "", reading.tidy(talk.text)
    matter.offered = 0
    talk.state.unclear += 1
    if talk.state.unclear >= 3:
        closing.to_person(talk, reason="unanswered question")
        return False
    return True


def _leave_open_question(talk: Talk, matter: Matter) -> None:
    """A form is waiting: the question is recorded and said to be unanswered, the form goes on."""
    talk.effects.append(Unanswerable(matter.question, "nothing_near"))
    matter.stage, matter.result = "done", "unanswered"
    talk.say(f"您问的“{reading.tidy(matter.question)[:40]}”，我没有查到准确的答案，先记下来。")


def _turned_down(matter: Matter) -> set[str]:
    return {candidate["id"] for candidate in matter.candidates if candidate.get("down") or candidate.get("told")}


def _rephrased(text: str) -> str:
    """What follows "no, I meant …"; empty when nothing of weight does."""
    rest = text
    for mark in ("我问的是", "我是问", "我是想问", "我想问的是", "我想问", "我要问的是", "我说的是", "是问"):
        head, found, tail = rest.rpartition(mark)
        if found and not head.rstrip().endswith("不"):
            rest = tail
            return reading.tidy(rest) if len(reading.content(rest)) >= 4 else ""
    return ""
