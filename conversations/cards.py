"""What a seat sees of a conversation: a card in the queue, and the prefilled order. Pure functions of the row."""

from __future__ import annotations

from typing import Any

from base.clock import local
from bot import family_answers, retelling
from bot.policy import form, kinds
from bot.state import Matter, State
from storage.tables import Conversation
from workorders import answers, event_moments

_SUMMARY_CHARACTERS = 60
_UNCLEAR_NUMBER = 0.2  # digits that make no number, for a seat to ask about


def card(row: Conversation) -> dict[str, Any]:
    """One line of the live queue. `categories`, `elderly` and `not_understood` are what the desk chooses a seat by."""
    state = State.from_dict(row.state)
    codes = [str(matter.category.get("code") or "") for matter in state.matters if matter.category]
    return {
        "conversation_id": row.id,
        "channel": row.channel,
        "status": row.status,
        "waiting_since": row.waiting_since.isoformat() if row.waiting_since else None,
        "reason": row.outcome_detail.get("reason", ""),
        "summary": summary(state),
        "priority": row.priority,
        "seat_id": row.seat_id,
        "alarm": row.outcome == "emergency",
        "claimed_at": row.claimed_at.isoformat() if row.claimed_at else None,
        "elderly": state.manner.elder,
        "not_understood": state.unintelligible > 0,
        "categories": [code for code in codes if code],
    }


def snapshot(row: Conversation) -> dict[str, Any]:
    """State, prefilled order and outcome of one conversation."""
    state = State.from_dict(row.state)
    return {
        "conversation_id": row.id,
        "channel": row.channel,
        "status": row.status,
        "outcome": row.outcome,
        "outcome_detail": {key: value for key, value in row.outcome_detail.items() if key != "said"},
        "disposition": row.disposition,
        "asking": row.asking,
        "order": prefilled(state, row),
        "matters": [_matter(matter) for matter in state.matters],
        "orders": order_numbers(state),
        "caller_number": row.caller_number,
        "seat_id": row.seat_id,
    }


def prefilled(state: State, row: Conversation) -> dict[str, Any]:
    """Every field of an order with what is known: `{"value", "confidence"}`, confidence 0..1 (0: not known)."""
    matter = next(iter(state.form), None) or next((m for m in reversed(state.matters)), None)
    fields: dict[str, tuple[Any, float]] = {}
    if matter is not None:
        category = matter.category or {}
        fields = {
            "request_type": (matter.request_type, 0.8),
            "title": (matter.title, 0.6),
            "detail": (form.order_detail(matter), 0.9),
            "district": (matter.place.district, 0.9),
            "street": (matter.place.street, 0.85),
            "address": (matter.place.text, 0.8),
            "event_time": (matter.event_time, 0.8),
            "event_moments": (_moments(matter, local(row.created_at).year), 0.8),
            "subject": (matter.subject, 0.8),
            "appeal": (matter.appeal, 0.7),
            "category_level1": (category.get("level1", ""), float(category.get("confidence") or 0.0)),
            "category_level2": (category.get("level2", ""), float(category.get("confidence") or 0.0)),
            "category_level3": (category.get("level3", ""), float(category.get("confidence") or 0.0)),
        }
    fields["contact_name"] = (state.contact_name, 0.8)
    number = state.contact_phone or row.caller_number or ""
    sure = 0.95 if state.contact_phone else 0.5 if number else _UNCLEAR_NUMBER
    fields["contact_phone"] = (number or state.number_unclear, sure)
    fields["confidential"] = (bool(state.confidential), 0.9 if state.confidential is not None else 0.0)
    return {
        name: {
            "value": value,
            "confidence": round(confidence * state.sure.get(name, 1.0), 3) if value not in ("", None) else 0.0,
        }
        for name, (value, confidence) in fields.items()
    }


def order_numbers(state: State) -> list[str]:
    return [matter.order_no for matter in state.matters if matter.result in ("filed", "merged") and matter.order_no]


def summary(state: State) -> str:
    """What it is about, in the citizen's words."""
    told = [form.order_detail(matter) for matter in state.matters]
    text = "；".join(retelling.to_the_point(words, kinds.stands_alone, _SUMMARY_CHARACTERS) for words in told)
    return text if len(text) <= _SUMMARY_CHARACTERS else text[: _SUMMARY_CHARACTERS - 1] + "…"


def note_for_call_back(state: State) -> str:
    """What was already taken down of an order that was not filed."""
    lines = []
    for matter in state.matters:
        if matter.stage == "done":
            continue
        parts = [matter.request_type, form.order_detail(matter), form.place_text(matter), _when(matter)]
        lines.append("；".join(part for part in parts if part))
    return "\n".join(lines)


def _moments(matter: Matter, year: int | None = None) -> str:
    return event_moments.spelled(matter.event_time, matter.event_start, matter.event_end, year=year)


def _when(matter: Matter) -> str:
    """As the citizen said it, with the day that it means: "yesterday" is read on another one."""
    moments = _moments(matter)
    return f"{matter.event_time}（{moments}）" if moments else matter.event_time


def _matter(matter: Matter) -> dict[str, Any]:
    return {
        "number": matter.number,
        "kind": matter.kind,
        "request_type": matter.request_type,
        "stage": matter.stage,
        "result": matter.result,
        "text": form.order_detail(matter),
        "answers": answers.shown(answers.kept(family_answers.of(matter))) if matter.kind == "order" else [],
        "order_no": matter.order_no if matter.result in ("filed", "merged") else None,
        "question": matter.question,
        "candidates": [candidate.get("question", "") for candidate in matter.candidates],
    }
