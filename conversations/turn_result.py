"""The answer to a turn: made of what was decided and stored, and again of what was kept when the turn is repeated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, cast

from bot import wording
from bot.decision import Decision
from bot.state import State
from conversations import cards, store
from conversations.messages import Manner, Patience, Reply, Silence, Transfer, TurnResult
from storage.tables import Conversation, Turn
from workorders.model import FiledOrder

KEPT = "result"  # in the details of the stored turn


def of(
    row: Conversation,
    decision: Decision,
    replies: Sequence[Turn],
    *,
    seq: int,
    filed: Iterable[FiledOrder],
    transfer: Transfer | None,
    rated_before: str,
) -> TurnResult:
    """`row` holds the state after the turn; `replies` are stored; `seq`: of the last turn of the conversation."""
    state = decision.state
    return TurnResult(
        conversation_id=row.id,
        replies=tuple(store.reply(stored) for stored in replies),
        asking=row.asking,
        outcome=cast(Any, row.outcome) if row.status != "open" else None,
        orders=tuple(cards.order_numbers(state)),
        tracking_codes={order.order_no: order.tracking_code for order in filed if order.tracking_code},
        status=cast(Any, row.status),
        patience=_patience(row.asking),
        transfer=transfer,
        hang_up=decision.hang_up,
        seq=seq,
        manner=manner_of(state, decision.speed),
        silence=silence_of(decision),
        rating=state.rating if state.rating != rated_before else "",
    )


def kept(result: TurnResult) -> dict[str, Any]:
    """What a repeated message must get back besides the replies; the tracking code stands in the reply alone."""
    return {
        "asking": result.asking,
        "outcome": result.outcome,
        "orders": list(result.orders),
        "status": result.status,
        "patience": result.patience,
        "transfer": {"target": result.transfer.target, "reason": result.transfer.reason} if result.transfer else None,
        "hang_up": result.hang_up,
        "manner": asdict(result.manner),
        "reminders": result.silence.reminders,
        "hold_seconds": result.silence.hold_seconds,
    }


def again(before: Turn, replies: Sequence[Turn]) -> TurnResult:
    """The answer to the stored turn `before`, once more."""
    known = before.meta.get(KEPT, {})
    said = tuple(store.reply(turn) for turn in replies)
    if before.meta.get("journalled"):  # while the database was away: what was promised then is said again
        say = wording.journalled(str(before.meta.get("receipt", "")))
        said = (Reply(say.text, say.spoken, origin="system"),)
    transfer = known.get("transfer")
    return TurnResult(
        conversation_id=before.conversation_id,
        replies=said,
        asking=known.get("asking"),
        outcome=known.get("outcome"),
        orders=tuple(known.get("orders", ())),
        status=known.get("status", "open"),
        patience=known.get("patience", "normal"),
        transfer=Transfer(**transfer) if transfer else None,
        hang_up=bool(known.get("hang_up")),
        seq=replies[-1].seq if replies else before.seq,
        manner=Manner(**known.get("manner", {})),
        silence=_silence(known.get("reminders"), float(known.get("hold_seconds", 0.0))),
    )


def manner_of(state: State, speed: float | None = None) -> Manner:
    """How the phone is to talk to this caller; `speed` of one reply where it differs."""
    chosen = state.manner
    return Manner(chosen.speed if speed is None else speed, chosen.gain_db, chosen.elder, chosen.stretch)


def silence_of(decision: Decision) -> Silence:
    """What follows a decision if the caller says nothing."""
    reminders = decision.reminders
    return _silence(None if reminders is None else [say.for_the_ear for say in reminders], decision.hold_seconds)


def _silence(reminders: Sequence[str] | None, hold_seconds: float) -> Silence:
    return Silence(None if reminders is None else tuple(reminders), hold_seconds)


def _patience(asking: str | None) -> Patience:
    """How long the phone lets the caller pause in the answer to this question."""
    match asking:
        case "confirm_order" | "confirm_question" | "confidential" | "satisfaction":
            return "yes_no"
        case "contact_phone" | "order_no":
            return "number"
        case "detail" | "appeal" | "place":
            return "story"
    return "normal"
