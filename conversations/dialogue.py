"""What follows a turn: the policy asked again and again, with what it wanted looked up in between. Stores nothing.

Which part of the policy is asked depends on who has the conversation: the bot, a seat, or nobody yet. Whatever fails in
it, a decision comes out: a citizen is never left without an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from base.logs import get_logger
from base.settings import Settings
from bot import policy, wording
from bot.decision import CallBack, Decision, Escalate, Findings, Say, Supplement, Wanted
from bot.state import State
from conversations import alarm, seat_offer
from conversations.drafts import DANGER_PLACE, DANGER_RECORD
from conversations.lookups import Lookups
from conversations.turn_input import TurnInput

_log = get_logger(__name__)
_MAXIMUM_LOOKUPS: Final = 40  # rounds in one turn
_PERSON_KEY: Final = "0"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a conversation stands when a turn comes in: `status` and `outcome` of `conversations/messages.py`.

    `emergency_line`: the number that its citizen was told, empty where none was.
    """

    status: str
    outcome: str | None
    emergency_line: str
    caller_number: str | None


class Dialogue:
    """One instance a process; keeps nothing between turns."""

    def __init__(self, settings: Settings, lookups: Lookups) -> None:
        self._settings = settings
        self._lookups = lookups

    async def decide(self, state: State, standing: Standing, given: TurnInput) -> Decision:
        """The decision for this turn, whoever has the conversation."""
        status = standing.status
        if status in ("ended", "waiting") and standing.outcome == "emergency":
            line = given.guards.emergency or standing.emergency_line or "110"
            record = str(state.detail.get(DANGER_RECORD, ""))
            told = (Supplement(record, given.turn.text),) if record and given.turn.text.strip() else ()
            return Decision(state, (Say(wording.EMERGENCY_AFTER.format(line=line)),), told)
        if given.nobody_came and status in ("waiting", "with_seat"):
            return _nobody_came(state, status)
        if status == "waiting" and seat_offer.stands(state) and not given.guards.emergency:
            return await self._answer_to_offer(state, given, caller_number=standing.caller_number)
        if status in ("waiting", "with_seat"):
            return await self._with_place(await self._beside_seat(state, status, given), given)
        return await self._with_place(await self._with_bot(state, given), given)

    async def listen(self, state: State, given: TurnInput) -> Decision:
        """What the words tell is taken into the order that the seat sees. Whatever fails there costs only that."""
        try:
            taken = await self._looked_up(lambda known: policy.listen(state, given.turn, known, given.now), given)
        except Exception as error:  # noqa: BLE001 - the words themselves reach the seat all the same
            _log.error("words to a seat were not taken in", error=type(error).__name__, exc_info=error)
            taken = None
        return taken or Decision(state)

    async def _with_bot(self, state: State, given: TurnInput) -> Decision:
        rules = self._settings.dialogue

        def decide(known: Findings) -> Decision:
            return policy.decide(
                state,
                given.turn,
                known,
                given.now,
                maximum_questions=rules.maximum_intake_questions,
                ask_rating=rules.ask_rating,
                transferable=frozenset(self._settings.telephony.emergency_sip_uris),
            )

        try:
            decision = await self._looked_up(decide, given)
            if decision is not None:
                return decision
            _log.error("the policy asked for more than it may", lookups=_MAXIMUM_LOOKUPS)
        except Exception as error:  # noqa: BLE001 - a defect must not leave a citizen without an answer
            _log.error("the policy failed", error=type(error).__name__, exc_info=error)
        given.notes["trouble"] = True
        state = state.copy()
        state.turns += 1
        question = (Say(state.question_text),) if state.asking and state.question_text else ()
        return Decision(state, (Say(wording.TROUBLE), *question))

    async def _with_place(self, decision: Decision, given: TurnInput) -> Decision:
        """The decision on a danger with the place that its words name, for the record. Looked up behind the decision:
        whom to call is told whatever happens to this."""
        danger = any(isinstance(effect, Escalate) and effect.target != "seat" for effect in decision.effects)
        if not danger:
            return decision
        wanted = Wanted("place", (given.turn.text, False, ""))
        try:
            place = await self._lookups.find(wanted, spoken=given.turn.spoken, notes=given.notes)
        except Exception as error:  # noqa: BLE001 - the record is made without it
            _log.error("the place of a danger was not read", error=type(error).__name__, exc_info=error)
            return decision
        if place.district:
            decision.state.detail = {
                **decision.state.detail,
                DANGER_PLACE: [place.district, place.street, place.address],
            }
        return decision

    async def _beside_seat(self, state: State, status: str, given: TurnInput) -> Decision:
        """A person holds the conversation or will: the words go to that person; the guards still listen.

        Who waits may ask to hear our words again, slower or louder; who talks with a seat keeps the manner of voice.
        """
        before, turn, guards = state, given.turn, given.guards
        state = policy.with_manner_asked(state, turn)
        state.turns += 1
        line = await alarm.line_to_tell(turn.text, guards, self._lookups, notes=given.notes)
        if line:
            told = policy.alarm_told(line, guards.danger)
            state.detail = {**state.detail, "emergency_line": line, "danger": guards.danger, "said": turn.text[:500]}
            return Decision(state, (Say(told),), (Escalate(line, guards.danger or "emergency"),))
        if status == "with_seat":
            return await self.listen(state, given)
        about_our_words = await self._about_our_words(before, given)
        if about_our_words is not None:
            return about_our_words
        listened = await self.listen(state, given)
        return Decision(listened.state, (Say(wording.SEAT_SOON if _wants_person(given) else wording.SEAT_WAITING),))

    async def _answer_to_offer(self, state: State, given: TurnInput, *, caller_number: str | None) -> Decision:
        """The caller was told that nobody came: wait on, a call-back, or on with the bot."""
        about_our_words = await self._about_our_words(state, given)
        if about_our_words is not None:
            return about_our_words  # "say it again": the offer stands
        text, stays = given.turn.text, seat_offer.stays(state)
        wants_person = _wants_person(given) or given.turn.kind == "silence"
        choice = seat_offer.choose(text, state, caller_number, wants_person=wants_person)
        kept = seat_offer.taken(state)
        kept.turns += 1
        if choice == "wait":
            return Decision(kept, (Say(wording.SEAT_WAIT_ON),), () if stays else (Escalate("seat", "waits on"),))
        if choice == "number_missing":
            standing = seat_offer.make(kept, "stay" if stays else "go_on")
            return Decision(standing, (Say(wording.SEAT_CALLBACK_NUMBER),))
        if choice == "call_back":
            kept.outcome = "callback"
            kept.contact_phone = seat_offer.number(text, state, caller_number)
            return Decision(kept, (Say(wording.SEAT_CALLBACK),), (CallBack("no seat in time"),), hang_up=True)
        if stays:
            return await self._beside_seat(state, "waiting", given)
        on_with_bot = seat_offer.taken(state)
        on_with_bot.outcome = None
        return await self._with_bot(on_with_bot, given)

    async def _about_our_words(self, state: State, given: TurnInput) -> Decision | None:
        """Whoever waits wants to hear our words again, slower or louder; None where they want something else."""
        return await self._looked_up(lambda known: policy.beside_seat(state, given.turn, known, given.now), given)

    async def _looked_up(self, decide: Callable[[Findings], Decision | None], given: TurnInput) -> Decision | None:
        """Decide, look up what was wanted, decide again; None where there is no decision."""
        findings = Findings(given.guards)
        for _ in range(_MAXIMUM_LOOKUPS):
            decision = decide(findings)
            if decision is None or not decision.wants:
                return decision
            for wanted in decision.wants:
                others = given.alternatives_to(wanted)
                found = await self._lookups.find(
                    wanted, spoken=given.turn.spoken, notes=given.notes, alternatives=others
                )
                findings = findings.add(wanted, found)
        return None


def _wants_person(given: TurnInput) -> bool:
    return bool(given.guards.human) or (given.turn.kind == "dtmf" and given.turn.text == _PERSON_KEY)


def _nobody_came(state: State, status: str) -> Decision:
    """The phone brought the caller back: nobody answered, or the seat's voice has gone."""
    if status == "with_seat":
        return Decision(state.copy(), (Say(wording.SEAT_VOICE_LOST),))
    offered = seat_offer.make(state)
    offered.said = [{"text": wording.SEAT_NOT_ANSWERING, "spoken": ""}]
    return Decision(offered, (Say(wording.SEAT_NOT_ANSWERING),))
