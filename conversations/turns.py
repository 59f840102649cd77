"""One turn from end to end: read, decide, store. Called with the conversation's lock held."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from base.errors import HotlineError
from base.logs import get_logger
from base.masking import mask_text
from base.settings import Settings
from bot import guards, policy, reading, wording
from bot.decision import (
    CallBack,
    Decision,
    Escalate,
    FileOrder,
    Findings,
    Merge,
    Say,
    Supplement,
    Turn,
    Unanswerable,
    VisitAnswered,
)
from bot.intelligible import Heard
from bot.state import State
from conversations import alarm, cards, drafts, seat_offer, store, uses, waits
from conversations.errors import Conflict, UnknownConversation
from conversations.lookups import Lookups
from conversations.messages import (
    CitizenTurn,
    ConversationEvent,
    Manner,
    Patience,
    Reply,
    Silence,
    Transfer,
    TurnResult,
)
from storage.engine import Database
from storage.tables import Conversation, Unanswered
from storage.tables import Turn as TurnRow
from workorders.model import FiledOrder
from workorders.service import OrderService
from workorders.visits import Answers, answered_in_chat

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
        seen = _seen(turn, text, spoken)
        findings = Findings(guards.check(text, spoken=spoken, state=state))
        if status == "ended":
            visited = policy.visit_stands(state) and policy.reads_visit(state, text)
            if not visited and self._is_new_contact(row, turn, now):
                return Taken(elsewhere=True)
            if policy.visit_stands(state) and not visited:
                state = policy.drop_visit(state)
            stays = row.outcome == "emergency" or state.asking == "satisfaction" or visited
            state.outcome = row.outcome if stays else None
        notes: dict[str, Any] = {}
        if status in ("ended", "waiting") and row.outcome == "emergency":
            line = findings.guards.emergency or str(row.outcome_detail.get("emergency_line", "110"))
            decision = Decision(state, (Say(wording.EMERGENCY_AFTER.format(line=line)),))
        elif "transfer_failed" in turn.meta and status in ("waiting", "with_seat"):
            decision = _nobody_came(state, status)
        elif status == "waiting" and seat_offer.stands(state) and not findings.guards.emergency:
            number = row.caller_number
            decision = await self._answer_to_offer(state, seen, findings, now, notes, caller_number=number)
        elif status in ("waiting", "with_seat"):
            decision = await self._beside_seat(state, status, seen, findings, now, notes)
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
            dialogue = self._settings.dialogue

            def decide(known: Findings) -> Decision:
                return policy.decide(
                    state,
                    turn,
                    known,
                    now,
                    maximum_questions=dialogue.maximum_intake_questions,
                    ask_rating=dialogue.ask_rating,
                    transferable=frozenset(self._settings.telephony.emergency_sip_uris),
                )

            decision = await self._looked_up(decide, findings, turn, notes)
            if decision is not None:
                return decision
            _log.error("the policy asked for more than it may", lookups=_MAXIMUM_LOOKUPS)
        except Exception as error:  # noqa: BLE001 - a defect must not leave a citizen without an answer
            _log.error("the policy failed", error=type(error).__name__, exc_info=error)
        notes["trouble"] = True
        state = state.copy()
        state.turns += 1
        question = (Say(state.question_text),) if state.asking and state.question_text else ()
        return Decision(state, (Say(wording.TROUBLE), *question))

    async def _looked_up(
        self,
        decide: Callable[[Findings], Decision | None],
        findings: Findings,
        turn: Turn,
        notes: dict[str, Any],
    ) -> Decision | None:
        """Decide, look up what was wanted, decide again; None where there is no decision."""
        for _ in range(_MAXIMUM_LOOKUPS):
            decision = decide(findings)
            if decision is None or not decision.wants:
                return decision
            for wanted in decision.wants:
                found = await self._lookups.find(wanted, spoken=turn.spoken, notes=notes)
                findings = findings.add(wanted, found)
        return None

    async def _beside_seat(
        self, state: State, status: str, turn: Turn, findings: Findings, now: datetime, notes: dict[str, Any]
    ) -> Decision:
        """A person holds the conversation or will: the words go to that person; the guards still listen.

        Who waits may ask to hear our words again, slower or louder; who talks with a seat keeps the manner of voice.
        """
        before = state
        state = policy.with_manner_asked(state, turn)
        state.turns += 1
        line = await alarm.line_to_tell(turn.text, findings.guards, self._lookups, notes=notes)
        if line:
            told = policy.alarm_told(line, findings.guards.danger)
            state.detail = {**state.detail, "emergency_line": line, "danger": findings.guards.danger}
            return Decision(state, (Say(told),), (Escalate(line, findings.guards.danger or "emergency"),))
        if status == "with_seat":
            return await self.listened(state, turn, findings, now, notes)
        asked = await self._looked_up(lambda known: policy.beside_seat(before, turn, known, now), findings, turn, notes)
        wants_person = findings.guards.human or (turn.kind == "dtmf" and turn.text == "0")
        told = wording.SEAT_SOON if wants_person else wording.SEAT_WAITING
        if asked is None:
            state = (await self.listened(state, turn, findings, now, notes)).state
        return asked or Decision(state, (Say(told),))

    async def listened(
        self, state: State, turn: Turn, findings: Findings, now: datetime, notes: dict[str, Any]
    ) -> Decision:
        """What the words tell is taken into the order that the seat sees. Whatever fails there costs only that."""
        try:
            taken = await self._looked_up(lambda known: policy.listen(state, turn, known, now), findings, turn, notes)
        except Exception as error:  # noqa: BLE001 - the words themselves reach the seat all the same
            _log.error("words to a seat were not taken in", error=type(error).__name__, exc_info=error)
            taken = None
        return taken or Decision(state)

    async def _answer_to_offer(
        self,
        state: State,
        turn: Turn,
        findings: Findings,
        now: datetime,
        notes: dict[str, Any],
        *,
        caller_number: str | None,
    ) -> Decision:
        """The caller was told that nobody came: wait on, a call-back, or on with the bot."""
        person = bool(findings.guards.human) or turn.kind == "silence" or (turn.kind == "dtmf" and turn.text == "0")
        about = await self._looked_up(lambda known: policy.beside_seat(state, turn, known, now), findings, turn, notes)
        if about is not None:
            return about  # "say it again": the offer stands
        choice = seat_offer.choose(turn.text, state, caller_number, wants_person=person)
        kept = seat_offer.taken(state)
        kept.turns += 1
        if choice == "wait":
            on = () if seat_offer.stays(state) else (Escalate("seat", "waits on"),)
            return Decision(kept, (Say(wording.SEAT_WAIT_ON),), on)
        if choice == "number_missing":
            standing = seat_offer.make(kept, "stay" if seat_offer.stays(state) else "go_on")
            return Decision(standing, (Say(wording.SEAT_CALLBACK_NUMBER),))
        if choice == "go_on" and seat_offer.stays(state):
            return await self._beside_seat(state, "waiting", turn, findings, now, notes)
        if choice == "call_back":
            kept.outcome = "callback"
            kept.contact_phone = seat_offer.number(turn.text, state, caller_number)
            return Decision(kept, (Say(wording.SEAT_CALLBACK),), (CallBack("no seat in time"),), hang_up=True)
        on_with_bot = seat_offer.taken(state)
        on_with_bot.outcome = None
        return await self._decide(on_with_bot, turn, findings, now, notes)

    def _is_new_contact(self, row: Conversation, turn: CitizenTurn, now: datetime) -> bool:
        """Words after the end: soon after it they still belong to the same contact (on the phone: to the same call)."""
        if turn.channel == "phone":
            return False
        return row.ended_at is not None and now - row.ended_at > _REOPEN

    async def _merge(self, decision: Decision, conversation_id: str) -> Decision:
        """Add to earlier orders first: an order that cannot take it is filed anew, linked to the earlier one."""
        if (added := await self._supplement(decision, conversation_id)) is not None:
            return added
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
            return replace(decision, effects=tuple(effects))
        return replace(decision, replies=(Say("好的，正在为您登记。"),), effects=tuple(effects), hang_up=False)

    async def _supplement(self, decision: Decision, conversation_id: str) -> Decision | None:
        """Words for an order that was shown; None where there are none. One that takes no more is said to be so."""
        words = [effect for effect in decision.effects if isinstance(effect, Supplement)]
        for effect in words:
            try:
                await self._orders.change(
                    effect.order_no,
                    "supplement",
                    actor=f"citizen:{conversation_id}",
                    note=effect.text,
                    event_id=f"{conversation_id}:turn:{decision.state.turns}",
                )
            except HotlineError as error:
                _log.warning("an order could not be supplemented", reason=str(error))
                refused = Say(wording.NOT_SUPPLEMENTED)
                return replace(decision, replies=(refused, *decision.replies[1:]), effects=())
        return replace(decision, effects=()) if words else None

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
            decision = replace(after, effects=decision.effects)
            state, replies = after.state, list(after.replies)
        transfer = await self._effects(session, row, state, decision, now)
        session.add_all(uses.of_turn(row, state, decision, now))
        old, known = (row.status, row.outcome), cards.prefilled(State.from_dict(row.state), row)
        rated_before = str(row.state.get("rating") or "")
        _settle(row, state, decision, now)
        await waits.follow(session, row, old[0], now)
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
            manner=manner_of(state, decision.speed),
            silence=silence_of(decision),
            rating=state.rating if state.rating != rated_before else "",
        )
        said.meta = {**said.meta, "result": _remember(result)}
        await session.flush()
        events.extend(ConversationEvent("turn", row.id, turn=store.stored(stored)) for stored in turns)
        if row.status != old[0]:
            events.append(ConversationEvent("status", row.id, status=cast(Any, row.status)))
        if row.status in ("waiting", "with_seat") and row.status == old[0] and cards.prefilled(state, row) != known:
            events.append(ConversationEvent("prefilled", row.id))
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
                        text=mask_text(effect.text)[:1_000],
                        reason=effect.reason,
                        offered=list(effect.offered),
                        channel=row.channel,
                        at=now,
                    )
                )
            elif isinstance(effect, VisitAnswered):
                said = Answers(**{key: value for key, value in asdict(effect).items() if key != "visit_id"})
                await answered_in_chat(session, effect.visit_id, said, by=f"citizen:{row.id}", now=now)
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
        replies = tuple(store.reply(turn) for turn in turns)
        if before.meta.get("journalled"):  # while the database was away: what was promised then is said again
            say = wording.journalled(str(before.meta.get("receipt", "")))
            replies = (Reply(say.text, say.spoken, origin="system"),)
        transfer = kept.get("transfer")
        return TurnResult(
            conversation_id=row.id,
            replies=replies,
            asking=kept.get("asking"),
            outcome=kept.get("outcome"),
            orders=tuple(kept.get("orders", ())),
            status=kept.get("status", "open"),
            patience=kept.get("patience", "normal"),
            transfer=Transfer(**transfer) if transfer else None,
            hang_up=bool(kept.get("hang_up")),
            seq=turns[-1].seq if turns else before.seq,
            manner=Manner(**kept.get("manner", {})),
            silence=_silence(kept.get("reminders"), float(kept.get("hold_seconds", 0.0))),
        )


def _nobody_came(state: State, status: str) -> Decision:
    """The phone brought the caller back: nobody answered, or the seat's voice has gone."""
    if status == "with_seat":
        return Decision(state.copy(), (Say(wording.SEAT_VOICE_LOST),))
    offered = seat_offer.make(state)
    offered.said = [{"text": wording.SEAT_NOT_ANSWERING, "spoken": ""}]
    return Decision(offered, (Say(wording.SEAT_NOT_ANSWERING),))


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
        row.status, row.waiting_since, row.ended_at = "waiting", row.waiting_since or now, None  # the desk is alarmed
    elif row.status != "ended":
        row.status, row.ended_at = "ended", now


def _call_back_to(turn: CitizenTurn) -> str:
    """The number, where the phone says that these digits are one to call back."""
    wanted = turn.kind == "dtmf" and turn.meta.get("purpose") in _CALL_BACK_PURPOSES
    return turn.text[:32] if wanted and turn.text.isdigit() else ""


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


def _seen(turn: CitizenTurn, text: str, spoken: bool) -> Turn:
    """The turn as the policy sees it; what the phone measured is taken only where it is a number."""
    meta = turn.meta
    return Turn(
        text,
        turn.kind,
        spoken,
        heard=Heard(
            turn.confidence if turn.kind == "speech" else None,
            _number(meta.get("voiced_seconds")) or 0.0,
            int(_number(meta.get("unrecognised")) or 0),
        ),
        unplayed=turn.unplayed,
        answered_after_seconds=_number(meta.get("answered_after_seconds")),
        call_back_to=_call_back_to(turn),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


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
        "manner": asdict(result.manner),
        "reminders": result.silence.reminders,
        "hold_seconds": result.silence.hold_seconds,
    }


def _patience(asking: str | None) -> Patience:
    match asking:
        case "confirm_order" | "confirm_question" | "confidential" | "satisfaction":
            return "yes_no"
        case "contact_phone" | "order_no":
            return "number"
        case "detail" | "appeal" | "place":
            return "story"
    return "normal"


__all__ = ["Reply", "Taken", "TurnTaker"]
