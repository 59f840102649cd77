"""What follows the last words of an answer: nothing, the end of the call, or the caller handed to somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from base.logs import get_logger
from telephony.core_messages import TransferOrder
from telephony.errors import LegClosed, TransferError
from telephony.given_turns import GivenTurns
from telephony.hearing import Hearing
from telephony.legs.leg import Leg
from telephony.prompts import Prompt
from telephony.speaking import Speaker
from telephony.turn_taking import TurnTaking

TRANSFER_SECONDS: Final = 45.0

log = get_logger("telephony.handover")


class HandOver:
    """One call. An order waits until the answer has been heard; `transferring`: it is being carried out."""

    def __init__(
        self,
        leg: Leg,
        speaker: Speaker,
        turns: TurnTaking,
        hearing: Hearing,
        given: GivenTurns,
        *,
        call_id: str,
        now: Callable[[], float],
        end: Callable[[str], None],
    ) -> None:
        """`end(reason)` ends the call."""
        self._leg = leg
        self._speaker = speaker
        self._turns = turns
        self._hearing = hearing
        self._given = given
        self._call_id = call_id
        self._now = now
        self._end = end
        self._order: TransferOrder | None = None
        self._end_reason: str | None = None
        self.transferring = False

    @property
    def ordered(self) -> bool:
        """Something is to happen when the present words have been heard."""
        return self._order is not None or self._end_reason is not None

    @property
    def interruptible(self) -> bool:
        """A caller who speaks may cut the words short: not those before a transfer or before an end by failure."""
        return self._order is None and self._end_reason in (None, "bot_hung_up")

    def hang_up_after_words(self, reason: str) -> None:
        self._order, self._end_reason = None, reason

    def caller_goes_on(self) -> None:
        """Somebody who speaks is not hung up on."""
        if self._end_reason == "bot_hung_up":
            self._end_reason = None

    def transfer_after_words(self, order: TransferOrder) -> None:
        """Without an address the call stays: a seat will type, an emergency line was named to the caller."""
        if order.sip_uri:
            self._order, self._end_reason = order, None
        elif order.target == "seat":
            self._turns.line = "waiting_for_seat"

    def due(self) -> TransferOrder | None:
        """The words have been heard: end the call if that was ordered, or return the transfer to be carried out."""
        order, reason = self._order, self._end_reason
        self._order = self._end_reason = None
        if reason is not None:
            self._end(reason)
        return order

    async def transfer(self, order: TransferOrder) -> None:
        """Hand the caller on; where that fails the call goes on and the core hears of it with the next turn."""
        log.info("transfer", call_id=self._call_id, target=order.target)
        self.transferring = True
        self._disregard_caller()
        line, self._turns.line = self._turns.line, "waiting_for_seat"
        try:
            await self._leg.transfer(order.sip_uri, TRANSFER_SECONDS)
        except TransferError as error:
            log.warning("transfer_failed", call_id=self._call_id, target=order.target, problem=str(error))
            failed = Prompt.TRANSFER_FAILED if order.target == "seat" else Prompt.EMERGENCY_TRANSFER_FAILED
            self._disregard_caller()
            self._speaker.prompt(failed)
            self.transferring = False
            self._given.note(transfer_failed=order.target)
            self._turns.line = line
        except LegClosed:
            self._end("caller_hung_up")
        else:
            self._end("transferred")

    def _disregard_caller(self) -> None:
        """What is said into a line that is being transferred is no turn."""
        self._turns.disregard(self._now())
        self._hearing.forget()
