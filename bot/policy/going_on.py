"""Going on where an earlier call broke off: offered to whoever rings from the same number, in words that tell nothing.

A number is no proof of who calls: nothing that was said before is ever read out, not even after a yes. What was taken
down then is filled in unheard (`Matter.unread`, `State.contact_unread`), and only what is still missing is asked, in
words that would do for any matter.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any, Final

from bot import reading, reminders, wording
from bot.decision import Decision, Say
from bot.entities import yes_no
from bot.policy import form, matters
from bot.policy.prefill import prefill
from bot.policy.talk import Talk
from bot.state import Place, State

SLOT: Final = "go_on"
_GO_ON: Final = re.compile(
    r"(?:接着|继续|接上|往下)(?:上次|上回|刚才|之前|原来)?的?|(?:上次|上回|刚才|之前|还是)那(?:件|个)?事?"
)
_ANOTHER: Final = re.compile(r"(?:别|其他|其它|另外|另)的?一?(?:件|个)?的?事|新的?(?:事|问题)")
_PLAIN: Final = 10  # characters of a bare answer
_MORE: Final = 4  # characters that tell something beside it
_ASKED_AT_MOST: Final = 2


def unfinished(state: State) -> dict[str, Any]:
    """What can be gone on with of a call that broke off; empty where nothing was being taken down."""
    if not state.form:
        return state.earlier  # it broke off before they had answered the offer
    about = [asdict(matter) for matter in state.form]
    return {
        "matters": about,
        "contact_name": state.contact_name,
        "contact_phone": state.contact_phone,
        "confidential": state.confidential,
        "refused": list(state.refused),
        "manner": asdict(state.manner),
    }


def offered(greeting: Decision, earlier: dict[str, Any], conversation_id: str) -> Decision:
    """The greeting with the offer after it. `conversation_id`: of the call that broke off."""
    state = greeting.state.copy()
    state.earlier = {"conversation_id": conversation_id, **earlier}
    state.asking, state.question_text = SLOT, wording.GO_ON
    state.asked[SLOT] = 1
    state.last_text = state.last_spoken = "".join([*(say.for_the_ear for say in greeting.replies), wording.GO_ON])
    replies = (*greeting.replies, Say(wording.GO_ON))
    return replace(greeting, state=state, replies=replies, reminders=tuple(map(Say, reminders.of(state))))


def take(talk: Talk) -> None:
    """The answer to the offer: on with it, something else, or words that are neither."""
    state, text = talk.state, talk.text
    answer = _answer(text)
    if answer == "yes":
        _take_up(talk)
    elif answer == "no":
        _let_be(state)
        talk.ask("detail", wording.GO_ON_NOT)
    elif matters.add(talk, text):
        _let_be(state)
        matters.proceed(talk)
    elif state.asked[SLOT] < _ASKED_AT_MOST and not (reading.goodbye(text) or reading.nothing_more(text)):
        state.asked[SLOT] += 1
        talk.again(wording.NOT_CAUGHT)
    else:
        _let_be(state)
        matters.open_turn(talk)


def _answer(text: str) -> yes_no.Answer | None:
    if _ANOTHER.search(text):
        return "no" if len(reading.bare(text)) <= _PLAIN else None
    said = yes_no.answer(text)
    if said == "no":
        return "no" if len(reading.bare(text)) <= _PLAIN else None
    return "yes" if said == "yes" or _GO_ON.search(text) else None


def _take_up(talk: Talk) -> None:
    """The draft is theirs now; what they told beside the yes is of it too."""
    state, known = talk.state, State.from_dict(talk.state.earlier)
    state.matters, state.manner = known.matters, known.manner
    state.contact_name, state.contact_phone = known.contact_name, known.contact_phone
    state.confidential, state.refused = known.confidential, known.refused
    for matter in state.form:
        if matter.place.candidates:  # the question which of them it is would name them
            matter.place = Place()
        matter.unread = True
    state.contact_unread = bool(state.contact_name or state.contact_phone)
    state.detail = {**state.detail, "went_on": state.earlier["conversation_id"]}
    _let_be(state)
    more = _GO_ON.sub("", talk.text)
    if len(reading.content(more)) >= _MORE:
        prefill(talk, state.form[0], more)
    talk.remark(wording.GO_ON_YES)
    form.go_on(talk)


def _let_be(state: State) -> None:
    state.earlier = {}
    state.asking = None
    state.asked.pop(SLOT, None)
