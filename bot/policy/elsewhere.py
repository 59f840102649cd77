"""A matter that lies in another city: whose hotline it is, and how to reach it from here."""

from __future__ import annotations

from typing import Final

from base.spelling import spell
from bot import wording
from bot.decision import Say
from bot.entities import elsewhere
from bot.entities.elsewhere import Elsewhere
from bot.policy.talk import Talk
from bot.state import Matter

_HOTLINE: Final = "12345"


def tell_unasked(talk: Talk, begun: list[Matter]) -> None:
    """Orders just begun whose first words place them elsewhere: dropped, and the hotline there is told."""
    orders = [matter for matter in _unplaced(begun) if matter.kind == "order"]
    where = None if talk.state.told_elsewhere else elsewhere.find(talk.text, asked=False)
    if where is not None and orders and not _ours_too(talk, talk.text):
        _tell(talk, orders, where)


def answered(talk: Talk, about: list[Matter]) -> bool:
    """The answer to "where?" is a place elsewhere. Whoever tells the matter all the same is taken down the next time:
    an order about a linked city goes to the hotline there (`workorders/data/dispatch.yml`, lane `neighbour`)."""
    where = None if talk.state.told_elsewhere else elsewhere.find(talk.text, asked=True)
    unplaced = _unplaced(about)
    if where is None or not unplaced or _ours_too(talk, talk.text):
        return False
    _tell(talk, unplaced, where)
    return True


def _unplaced(matters: list[Matter]) -> list[Matter]:
    return [matter for matter in matters if not (matter.place.district or matter.place.candidates)]


def _ours_too(talk: Talk, text: str) -> bool:
    """Whether a district of our own is named beside it, and not as where they work or live: the matter is here."""
    found = talk.findings.place(elsewhere.without(text))
    return bool(found.district) and not found.home


def _tell(talk: Talk, about: list[Matter], where: Elsewhere) -> None:
    talk.state.told_elsewhere = True
    for matter in about:
        matter.stage, matter.result = "dropped", "elsewhere"
    name = where.name or "当地"
    if where.code:
        shown, heard = f"{where.code}{_HOTLINE}", f"{spell(where.code)}，{spell(_HOTLINE, len(_HOTLINE))}"
        text, spoken = (
            wording.ELSEWHERE.format(place=name, how=wording.ELSEWHERE_NUMBER.format(number=number))
            for number in (shown, heard)
        )
        talk.say(Say(text, spoken, keep=True))
    else:
        talk.say(wording.ELSEWHERE.format(place=name, how=wording.ELSEWHERE_ANY))
