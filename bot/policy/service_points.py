"""A consultation that asks for a place to go to: the nearest is told; an unknown or ambiguous place is asked for."""

from __future__ import annotations

from typing import Final

from bot import answer_wording, reading
from bot.decision import Unanswerable
from bot.entities import point_question, yes_no
from bot.policy.talk import Talk
from bot.state import Matter, State

_SEARCH: Final = "points"  # `Matter.search` of a consultation that waits for the citizen's place
_ASKED_AT_MOST: Final = 2


def asks(talk: Talk, text: str) -> bool:
    """Whether the text asks for service points."""
    return point_question.may_ask(text) and talk.findings.points(text, _known_place(talk.state), False) is not None


def handle(talk: Talk, matter: Matter) -> bool:
    """Answer a question for service points, or ask for the place; False: the consultation is something else."""
    if not point_question.may_ask(matter.question):
        return False
    place = matter.place.text or _known_place(talk.state)
    found = talk.findings.points(matter.question, place, matter.offered >= _ASKED_AT_MOST)
    if found is None:
        return False
    if found.points:
        talk.say(answer_wording.points(found))
        _close(talk, matter, "answered")
    elif found.verdict == "none" or matter.offered >= _ASKED_AT_MOST:
        talk.effects.append(Unanswerable(matter.question, "nothing_near"))
        talk.say(answer_wording.no_points(found))
        _close(talk, matter, "unanswered")
    else:
        matter.offered += 1
        matter.search = _SEARCH
        matter.candidates = [{"id": "", "question": choice} for choice in found.choices]
        talk.ask("place", answer_wording.ask_place_of(found), about=matter.number)
    return True


def waiting(state: State) -> Matter | None:
    """The consultation that waits for an answer to "where are you?"."""
    matter = state.matter(state.asking_about)
    return matter if matter is not None and matter.stage == "open" and matter.search == _SEARCH else None


def take_place(talk: Talk, matter: Matter) -> None:
    """The answer to "where are you?": a place; or the citizen does not know, has had enough, or asks something else."""
    text, state = talk.text, talk.state
    state.asking = None
    if reading.nothing_more(text) or reading.goodbye(text) or yes_no.answer(text) == "no":
        matter.stage = "dropped"
        return
    if point_question.may_ask(text) and talk.findings.points(text, "", False) is not None:
        matter.question, matter.text = reading.tidy(text), f"{matter.text}，{text}"
        return
    if reading.dont_know(text) or reading.refuses(text):
        matter.offered = _ASKED_AT_MOST  # what is known must do
        return
    said = reading.tidy(text)
    if (number := reading.ordinal(text)) is not None and number <= len(matter.candidates):
        said = str(matter.candidates[number - 1]["question"])
    district = matter.place.district
    now = talk.findings.place(said, asked=True, district=district)
    named_before = matter.place.text if district and not now.district else ""
    matter.place.text = f"{named_before}{said}"
    matter.place.district = now.district or district
    matter.text = f"{matter.text}，{text}"


def _known_place(state: State) -> str:
    """The place that was told before in this conversation, the latest first."""
    for matter in reversed(state.matters):
        if matter.place.district or matter.place.text:
            return f"{matter.place.district}{matter.place.street}{matter.place.text}"
    return ""


def _close(talk: Talk, matter: Matter, result: str) -> None:
    matter.stage, matter.result, matter.search = "done", result, ""
    matter.candidates = []
    talk.state.unclear = 0
