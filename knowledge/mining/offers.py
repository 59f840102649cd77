"""Questions to which the citizen was offered several standard ones: unanswered as long as none of them was chosen."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, func
from sqlalchemy.orm import aliased

from storage.tables import KnowledgeUse, Unanswered

REASON = "unsure"
_COMPARED_CHARACTERS = 500  # so much of a question is kept with a hit


def chosen() -> ColumnElement[bool]:
    """Of a row of `Unanswered`: it was offered choices, and the same conversation got its answer."""
    return and_(
        Unanswered.reason == REASON,
        exists(KnowledgeUse.id).where(
            KnowledgeUse.conversation_id == Unanswered.conversation_id,
            KnowledgeUse.event == "hit",
            KnowledgeUse.at >= Unanswered.at,
            KnowledgeUse.text == func.substr(Unanswered.text, 1, _COMPARED_CHARACTERS),
        ),
    )


def told_again() -> ColumnElement[bool]:
    """Of a row of `Unanswered`: it was offered choices, and a later row tells what the citizen said to them."""
    later = aliased(Unanswered)
    return and_(
        Unanswered.reason == REASON,
        exists(later.id).where(
            later.conversation_id == Unanswered.conversation_id,
            later.id > Unanswered.id,
            later.text == Unanswered.text,
        ),
    )
