"""The life of a conversation: open, waiting for a seat, with a seat, ended; and what words after its end belong to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from bot import policy
from bot.decision import Decision, Escalate
from bot.state import State
from conversations.messages import CitizenTurn
from storage.tables import Conversation

_SAME_CONTACT: Final = timedelta(minutes=10)  # so long after the end words still belong to the same contact


def taken_up(row: Conversation, state: State, turn: CitizenTurn, text: str, now: datetime) -> State | None:
    """The state in which words after the end are taken; None where they begin a new contact.

    `text`: what the turn says, made readable. An answer to a return visit belongs to it however old it is.
    """
    visited = policy.visit_stands(state) and policy.reads_visit(state, text)
    if not visited and _new_contact(row, turn, now):
        return None
    if policy.visit_stands(state) and not visited:
        state = policy.drop_visit(state)
    stays = row.outcome == "emergency" or state.asking == "satisfaction" or visited
    state.outcome = row.outcome if stays else None
    return state


def _new_contact(row: Conversation, turn: CitizenTurn, now: datetime) -> bool:
    """On the phone everything said belongs to the same call."""
    if turn.channel == "phone":
        return False
    return row.ended_at is not None and now - row.ended_at > _SAME_CONTACT


def settle(row: Conversation, decision: Decision, now: datetime) -> None:
    """Write a decision's state into the row, with the status and the outcome that follow from it."""
    state = decision.state
    row.version += 1
    row.state = state.as_dict()
    row.asking = state.asking
    row.updated_at = now
    if row.channel == "phone":
        row.heard_at = now
    if state.detail:
        row.outcome_detail = {**row.outcome_detail, **state.detail}
    leaves_queue = row.status == "waiting" and state.outcome not in ("seat", "emergency")
    if row.status in ("waiting", "with_seat") and not leaves_queue:
        if any(isinstance(effect, Escalate) and effect.target != "seat" for effect in decision.effects):
            row.outcome = "emergency"
        return
    row.waiting_since = None
    if state.outcome is None:
        row.status, row.outcome, row.ended_at = "open", None, None
        return
    row.outcome = state.outcome
    wants_seat = any(isinstance(effect, Escalate) and effect.target == "seat" for effect in decision.effects)
    if state.outcome == "seat" and (wants_seat or row.status != "ended"):  # whoever rates a seat's service has had it
        row.status, row.waiting_since, row.ended_at = "waiting", now, None
    elif state.outcome == "emergency" and row.channel == "phone":
        row.status, row.waiting_since, row.ended_at = "waiting", now, None  # the desk is alarmed
    elif row.status != "ended":
        row.status, row.ended_at = "ended", now
