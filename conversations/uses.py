"""Which answers a turn gave and which it turned down: rows that every count of hits is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from base.masking import mask_text
from bot.decision import Decision, Unanswerable
from bot.state import Matter, State
from storage.tables import Conversation, KnowledgeUse


def of_turn(row: Conversation, state: State, decision: Decision, now: datetime) -> list[KnowledgeUse]:
    """`row` still holds the state before the turn."""
    before = State.from_dict(row.state)
    found: list[KnowledgeUse] = []
    if any(isinstance(effect, Unanswerable) and effect.reason == "turned_down" for effect in decision.effects):
        last = before.last_answered
        if last is not None and (told := _told(last)) and not _same(state.matter(last.number), told):
            found.append(_use(row, last, told, "turned_down", now))
    for matter in state.matters:
        told = _told(matter)
        if told and not _same(before.matter(matter.number), told):
            found.append(_use(row, matter, told, "hit", now))
    return found


def _told(matter: Matter) -> str:
    """The id of what was answered, empty where nothing was."""
    if matter.kind != "consult" or matter.result != "answered":
        return ""
    return next((str(candidate["id"]) for candidate in matter.candidates if candidate.get("told")), "")


def _same(matter: Matter | None, told: str) -> bool:
    return matter is not None and _told(matter) == told


def _use(row: Conversation, matter: Matter, told: str, event: str, now: datetime) -> KnowledgeUse:
    values: dict[str, Any] = {"item_id": told[:80], "event": event, "conversation_id": row.id, "channel": row.channel}
    kind = "topic" if told.startswith("t_") else "clause" if told.startswith("doc-") else "entry"
    return KnowledgeUse(**values, kind=kind, text=mask_text(matter.question or matter.text)[:500], at=now)
