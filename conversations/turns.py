"""One turn from end to end: read, decide, store. Called with the conversation's lock held."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from base.errors import HotlineError
from base.logs import get_logger
from base.settings import Settings
from bot import guards, policy, reading, wording
from bot.decision import CallBack, Decision, Escalate, FileOrder, Findings, Merge, Say, Turn, Unanswerable
from bot.state import State
from conversations import cards, drafts, store
from conversations.errors import Conflict, UnknownConversation
from conversations.lookups import Lookups
from conversations.messages import CitizenTurn, ConversationEvent, Patience, Reply, Transfer, TurnResult
from storage.engine import Database
from storage.tables import Conversation, Unanswered
from storage.tables import Turn as TurnRow
from workorders.model import FiledOrder
from workorders.service import OrderService

_log = get_logger(__name__)
_MAXIMUM_LOOKUPS = 40
_REOPEN = timedelta(minutes=10)
_CALL_BACK_WITHIN = timedelta(hours=2)
_EMERGENCY_PRIORITY = 100
_ACTOR = "bot:policy"
_CALL_BACK_PURPOSES = ("callback_number", "overload_callback")  # `docs/internals.md`, the phone link


@dataclass
class Taken:
    """What came of a turn. `elsewhere`: the conversation had ended, the turn belongs to a new one."""

    result: TurnResult | None = None
    events: list[ConversationEvent] = field(default_factory=list)
    elsewhere: bool = False


class TurnTaker:
    def __init__(
        self, database: Database, settings: Settings, *, lookups: Lookups, orders: OrderService, clock: Clock
    ) -> None:
        self._database = database
        self._settings = settings
        self._lookups = lookups
        self._orders = orders
        self._clock = clock

    async def take(self, conversation_id: str, turn: CitizenTurn) -> Taken:
        """Take one turn.

        Raises:
            UnknownConversation: there is none with this id.
            Conflict: somebody else changed the conversation meanwhile; try again.
        """
        started = time.monotonic()
        async with self._database.read() as session:
            row = await store.load(session, conversation_id)
            if row is None:
                raise UnknownConversation
            if turn.client_message_id is not None:
                before = await store.turn_with_id(session, conversation_id, turn.client_message_id, "citizen")
                if before is not None:
                    return Taken(await self._as_before(session, row, before))
        version, state, status = row.version, State.from_dict(row.state), row.status
        now = self._clock.now()
        text = reading.normalise(turn.text)
        spoken = turn.kind in ("speech", "barge_in") or (turn.channel == "phone" and turn.kind == "text")
        seen = Turn(text, turn.kind, spoken, call_back_to=_call_back_to(turn))
        findings = Findings(guards.check(text, spoken=spoken, state=state))
        if status == "ended":
            if self._is_new_contact(row, turn, now):
                return Taken(elsewhere=True)
            state.outcome = None if row.outcome != "emergency" else row.outcome
        notes: dict[str, Any] = {}
        if status == "ended" and row.outcome == "emergency":
            line = findings.guards.emergency or str(row.outcome_detail.get("emergency_line", "110"))
            decision = Decision(state, (Say(wording.EMERGENCY_AFTER.format(line=line)),))
        elif status in ("waiting", "with_seat"):
            decision = self._beside_seat(state, status, findings)
        else:
            decision = await self._decide(state, seen, findings, now, notes)
        notes["seconds"] = round(time.monotonic() - started, 4)
        decision = await self._merge(decision, conversation_id)
        try:
            return await self._write(conversation_id, version, turn, text, decision, notes, now)
        except (SQLAlchemyError, HotlineError):
            raise
        except Exception as error:  # noqa: BLE001 - filing failed: what was said is kept, somebody will call back
            _log.error("a decision could not be carried out", error=type(error).__name__, exc_info=error)
            notes["trouble"] = True
            kept = state.copy()
            kept.turns += 1
            apology = Decision(kept, (Say(wording.NOT_FILED),), (CallBack("filing failed"),))
            return await self._write(conversation_id, version, turn, text, apology, notes, now)

    async def _write(
        self,
        conversation_id: str,
        version: int,
        turn: CitizenTurn,
        text: str,
        decision: Decision,
        notes: dict[str, Any],
        now: datetime,
    ) -> Taken:
        async with self._database.write() as session:
            row = await store.load(session, conversation_id, for_update=True)
            if row is None:
                raise UnknownConversation
            if row.version != version:
                raise Conflict("the conversation was changed meanwhile")
            return await self._store(session, row, turn, text, decision, notes, now)

    # -- deciding ------------------------------------------------------------------------------------------------

    async def _decide(
        self, state: State, turn: Turn, findings: Findings, now: datetime, notes: dict[str, Any]
    ) -> Decision:
        try:
            for _ in range(_MAXIMUM_LOOKUPS):
                decision = policy.decide(
                    state, turn, findings, now, maximum_questions=self._settings.dialogue.maximum_intake_questions
                )
                if not decision.wants:
                    return decision
                for wanted in decision.wants:
                    found = await self._lookups.find(wanted, spoken=turn.spoken, notes=notes)
                    findings = findings.add(wanted, found)
            _log.error("the policy asked for more than it may", lookups=_MAXIMUM_LOOKUPS)
        except Exception as error:  # noqa: BLE001 - a defect must not leave a citizen without an answer
            _log.error("the policy failed", error=type(error).__name__, exc_info=error)
        notes["trouble"] = True
        state = state.copy()
        state.turns += 1
        question = (Say(state.question_text),) if state.asking and state.question_text else ()
        return Decision(state, (Say(wording.TROUBLE), *question))

    def _beside_seat(self, state: State, status: str, findings: Findings) -> Decision:
        """A person holds the conversation or will: the words go to that person; the guards still listen."""
        state = state.copy()
        state.turns += 1
        line = findings.guards.emergency
        if line:
            told = wording.EMERGENCY_GAS if findings.guards.danger == "gas" else wording.EMERGENCY[line]
            state.detail = {**state.detail, "emergency_line": line, "danger": findings.guards.danger}
            return Decision(state, (Say(told),), (Escalate(line, findings.guards.danger),))
        if status == "with_seat":
            return Decision(state)
        return Decision(state, (Say(wording.SEAT_WAITING),))

    def _is_new_contact(self, row: Conversation, turn: CitizenTurn, now: datetime) -> bool:
        """Words after the end: soon after it they still belong to the same contact (on the phone: to the same call)."""
        if turn.channel == "phone":
            return False
        return row.ended_at is not None and now - row.ended_at > _REOPEN

    async def _merge(self, decision: Decision, conversation_id: str) -> Decision:
        """Add to earlier orders first: an order that cannot take it is filed anew, linked to the earlier one."""
        if not any(isinstance(effect, Merge) for effect in decision.effects):
            return decision
        effects: list[Any] = []
        failed = False
        for effect in decision.effects:
            if not isinstance(effect, Merge):
                effects.append(effect)
                continue
            matter = decision.state.matter(effect.number)
            words = matter.text if matter is not None else ""
            try:
                await self._orders.change(
                    effect.order_no,
                    "supplement",
                    actor=f"citizen:{conversation_id}",
                    note=f"市民再次反映：{words}"[:2_000],
                    event_id=f"{conversation_id}:{effect.number}",
                )
            except HotlineError as error:
                _log.warning("an order could not be supplemented", reason=str(error))
                effects.append(FileOrder(effect.number))
                failed = True
                if matter is not None:
                    matter.stage, matter.result, matter.order_no = "open", "", None
        if not failed:
            return Decision(decision.state, decision.replies, tuple(effects), hang_up=decision.hang_up)
        return Decision(decision.state, (Say("好的，正在为您登记。"),), tuple(effects))

    # -- storing -------------------------------------------------------------------------------------------------

    async def _store(
        self,
        session: AsyncSession,
        row: Conversation,
        turn: CitizenTurn,
        text: str,
        decision: Decision,
        notes: dict[str, Any],
        now: datetime,
    ) -> Taken:
        events: list[ConversationEvent] = []
        state, replies = decision.state, list(decision.replies)
        seq = await store.last_seq(session, row.id) + 1
        said = store.add_turn(
            session,
            row.id,
            seq,
            "citizen",
            reading.printable(turn.text),
            now,
            kind=turn.kind,
            client_message_id=turn.client_message_id,
            meta=_meta(turn, notes),
        )
        filed = await self._file(session, state, decision, row, now)
        if filed:
            after = policy.after_filing(state, filed, now)
            state = after.state
            replies = list(after.replies)
        transfer = await self._effects(session, row, state, decision, now)
        old = (row.status, row.outcome)
        _settle(row, state, decision, now)
        turns = [said]
        for position, reply in enumerate(replies, seq + 1):
            turns.append(
                store.add_turn(
                    session,
                    row.id,
                    position,
                    "bot",
                    reply.text,
                    now,
                    spoken=reply.spoken or None,
                    in_reply_to=seq,
                    meta={"citations": [citation.as_dict() for citation in reply.citations]} if reply.citations else {},
                )
            )
        result = TurnResult(
            conversation_id=row.id,
            replies=tuple(store.reply(stored) for stored in turns[1:]),
            asking=row.asking,
            outcome=cast(Any, row.outcome) if row.status != "open" else None,
            orders=tuple(cards.order_numbers(state)),
            tracking_codes={order.order_no: order.tracking_code for order in filed.values() if order.tracking_code},
            status=cast(Any, row.status),
            patience=_patience(row.asking),
            transfer=transfer,
            hang_up=decision.hang_up,
            seq=turns[-1].seq,
        )
        said.meta = {**said.meta, "result": _remember(result)}
        await session.flush()
        events.extend(ConversationEvent("turn", row.id, turn=store.stored(stored)) for stored in turns)
        if row.status != old[0]:
            events.append(ConversationEvent("status", row.id, status=cast(Any, row.status)))
        if row.outcome != old[1] and row.outcome is not None:
            events.append(ConversationEvent("outcome", row.id, outcome=cast(Any, row.outcome)))
        return Taken(result, events)

    async def _file(
        self, session: AsyncSession, state: State, decision: Decision, row: Conversation, now: datetime
    ) -> dict[int, FiledOrder]:
        filed: dict[int, FiledOrder] = {}
        for effect in decision.effects:
            matter = state.matter(effect.number) if isinstance(effect, FileOrder) else None
            if matter is None:
                continue
            draft = drafts.draft_of(state, matter, conversation_id=row.id, channel=row.channel)
            key = f"{row.id}:{matter.number}"
            filed[matter.number] = await self._orders.file(session, draft, key=key, now=now, actor=_ACTOR)
        return filed

    async def _effects(
        self, session: AsyncSession, row: Conversation, state: State, decision: Decision, now: datetime
    ) -> Transfer | None:
        transfer: Transfer | None = None
        number = state.contact_phone or row.caller_number
        for effect in decision.effects:
            if isinstance(effect, Unanswerable):
                session.add(
                    Unanswered(
                        conversation_id=row.id,
                        text=effect.text[:1_000],
                        reason=effect.reason,
                        offered=list(effect.offered),
                        at=now,
                    )
                )
            elif isinstance(effect, CallBack):
                await store.promise_call_back(
                    session,
                    row,
                    reason=effect.reason,
                    number=number,
                    note=cards.note_for_call_back(state),
                    due_at=now + _CALL_BACK_WITHIN,
                    now=now,
                )
            elif isinstance(effect, Escalate):
                transfer = Transfer(effect.target, effect.reason)
                if effect.target != "seat":
                    row.priority = _EMERGENCY_PRIORITY
                    await store.promise_call_back(
                        session,
                        row,
                        reason=f"emergency {effect.target}",
                        number=number,
                        note=f"紧急：已告知拨打{effect.target}。{cards.summary(state)}",
                        due_at=now,
                        now=now,
                    )
        return transfer

    async def _as_before(self, session: AsyncSession, row: Conversation, before: TurnRow) -> TurnResult:
        """The same message again: the stored replies, and nothing else happens."""
        kept = before.meta.get("result", {})
        turns = await store.replies_to(session, row.id, before.seq)
        transfer = kept.get("transfer")
        return TurnResult(
            conversation_id=row.id,
            replies=tuple(store.reply(turn) for turn in turns),
            asking=kept.get("asking"),
            outcome=kept.get("outcome"),
            orders=tuple(kept.get("orders", ())),
            status=kept.get("status", "open"),
            patience=kept.get("patience", "normal"),
            transfer=Transfer(**transfer) if transfer else None,
            hang_up=bool(kept.get("hang_up")),
            seq=turns[-1].seq if turns else before.seq,
        )


def _settle(row: Conversation, state: State, decision: Decision, now: datetime) -> None:
    """Status and outcome of the row after a decision."""
    row.version += 1
    row.state = state.as_dict()
    row.asking = state.asking
    row.updated_at = now
    if row.channel == "phone":
        row.heard_at = now
    if state.detail:
        row.outcome_detail = {**row.outcome_detail, **state.detail}
    if row.status in ("waiting", "with_seat"):
        if any(isinstance(effect, Escalate) for effect in decision.effects):
            row.outcome = "emergency"
        return
    if state.outcome is None:
        row.status, row.outcome, row.ended_at = "open", None, None
        return
    row.outcome = state.outcome
    if state.outcome == "seat":
        row.status, row.waiting_since, row.ended_at = "waiting", now, None
    elif row.status != "ended":
        row.status, row.ended_at = "ended", now


def _call_back_to(turn: CitizenTurn) -> str:
    """The number, where the phone says that these digits are one to call back."""
    wanted = turn.kind == "dtmf" and turn.meta.get("purpose") in _CALL_BACK_PURPOSES
    return turn.text[:32] if wanted and turn.text.isdigit() else ""


def _meta(turn: CitizenTurn, notes: dict[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = {**turn.meta, **notes}
    if turn.confidence is not None:
        meta["recogniser_confidence"] = turn.confidence
    if turn.unplayed:
        meta["unplayed"] = turn.unplayed
    return meta


def _remember(result: TurnResult) -> dict[str, Any]:
    """What a repeated message must get back besides the replies; the tracking code stands in the reply alone."""
    return {
        "asking": result.asking,
        "outcome": result.outcome,
        "orders": list(result.orders),
        "status": result.status,
        "patience": result.patience,
        "transfer": {"target": result.transfer.target, "reason": result.transfer.reason} if result.transfer else None,
        "hang_up": result.hang_up,
    }


def _patience(asking: str | None) -> Patience:
    match asking:
        case "confirm_order" | "confirm_question" | "confidential":
            return "yes_no"
        case "contact_phone" | "order_no":
            return "number"
        case "detail" | "appeal" | "place":
            return "story"
    return "normal"


__all__ = ["Reply", "Taken", "TurnTaker"]
