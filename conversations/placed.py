"""Calls that we place: what whoever answers hears first, and what the conversation knows already. Pure.

Somebody else may have answered: nothing of what was said before is told until they have spoken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from bot import policy, wording
from bot.decision import Decision, Say
from bot.state import State
from conversations.store import CALLS_BACK

PLACED: Final = "placed"  # in the outcome's detail: what we called for
_ASKED_AGAIN: Final = frozenset(
    {"detail", "place", "event_time", "subject", "appeal", "contact_name", "contact_phone", "confidential"}
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A call of ours. `seat_id`: who wanted it; None: the bot talks. `about`: the conversation whose caller is called
    back. `order_no`: of a return visit."""

    purpose: Literal["callback", "visit"]
    subject_id: str
    seat_id: str | None = None
    about: str | None = None
    order_no: str = ""

    @property
    def detail(self) -> dict[str, Any]:
        """What the conversation's row notes of it."""
        return {PLACED: self.purpose, **({CALLS_BACK: self.subject_id} if self.purpose == "callback" else {})}


def opening(placed: Placed, earlier: State | None, *, number: str, name: str, recorded: bool) -> Decision:
    """The first words of the call, and the state in which it begins."""
    state = _what_is_known(earlier)
    state.caller_number = number
    told = wording.RECORDED if recorded else ""
    if placed.seat_id is not None:
        words = wording.CALLED_FOR_SEAT.format(name=name, recorded=told)
    elif placed.purpose == "visit":
        state = policy.begin_visit(state, placed.subject_id, placed.order_no)
        words = wording.CALLED_FOR_VISIT.format(name=name, recorded=told) + state.question_text
    else:
        words = wording.CALLED_BACK.format(name=name, recorded=told) + _question(state, earlier)
    state.last_text = state.last_spoken = words
    return Decision(state, (Say(words),))


def _what_is_known(earlier: State | None) -> State:
    """A new contact of the same citizen about the same matters; what was said to them before does not count."""
    state = State(channel="phone")
    if earlier is None:
        return state
    before = earlier.copy()
    state.matters, state.manner = before.matters, before.manner
    state.contact_name, state.contact_phone = before.contact_name, before.contact_phone
    state.contact_extension = before.contact_extension
    state.confidential = before.confidential
    return state


def _question(state: State, earlier: State | None) -> str:
    """The question that was open when they went away; where it repeats what they told us, only whether to go on."""
    if earlier is None or not state.form or not earlier.asking:
        state.question_text = wording.CALLED_BACK_ASK
        return wording.CALLED_BACK_ASK
    state.asked, state.refused = dict(earlier.asked), list(earlier.refused)
    state.questions, state.extra_asked = earlier.questions, list(earlier.extra_asked)
    state.asking, state.asking_about = earlier.asking, earlier.asking_about
    state.asking_key = earlier.asking_key
    if earlier.asking in _ASKED_AGAIN and len(state.form) == 1:  # of several the question names which
        state.question_text, state.question_spoken = earlier.question_text, earlier.question_spoken
    elif earlier.asking == "confirm_order":
        state.question_text, state.question_spoken = wording.CALLED_BACK_FILE, ""
    else:
        state.asking, state.asking_about = None, None
        state.question_text, state.question_spoken = wording.CALLED_BACK_ASK, ""
    return state.question_text
