"""What follows the last words of an answer: nothing, the end of the call, or somebody else for the caller.

The call stays ours while people talk (`bridge_party`); only an address for which the settings say so gets it handed
over (REFER). A caller who waits hears music; when nobody has come in time the bot has the caller again, and the core is
told so that it can offer what there is to offer.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from base.logs import get_logger
from telephony.bridge import CallerEar
from telephony.bridge_party import Party
from telephony.call_services import CallServices
from telephony.core_messages import LegControl, LegOrder, TransferOrder
from telephony.errors import LegClosed, TransferError
from telephony.given_turns import GivenTurns
from telephony.hearing import Hearing
from telephony.legs.leg import Leg
from telephony.mixer import Role
from telephony.prompts import Prompt
from telephony.speaking import Speaker
from telephony.turn_taking import Line, TurnTaking

REFER_SECONDS: Final = 45.0
COMFORT_GAP_SECONDS: Final = 5.0
SEAT_BACK_SECONDS: Final = 0.5  # a seat whose line broke: this long nothing happens, then the caller hears music

log = get_logger("telephony.handover")


class CallSide(Protocol):
    """What the call does for its hand-over."""

    def give(
        self, kind: str, text: str, *, confidence: float | None = None, meta: dict[str, Any] | None = None
    ) -> None: ...


class HandOver:
    """One call. An order waits until the answer has been heard; `transferring`: a REFER is on its way."""

    def __init__(
        self,
        call: CallSide,
        leg: Leg,
        ear: CallerEar,
        speaker: Speaker,
        turns: TurnTaking,
        hearing: Hearing,
        given: GivenTurns,
        services: CallServices,
        *,
        call_id: str,
        end: Callable[[str], None],
        own: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """`end(reason)` ends the call, `own(work)` runs work that ends with it."""
        self._call = call
        self._leg = leg
        self._speaker = speaker
        self._turns = turns
        self._hearing = hearing
        self._given = given
        self._services = services
        self._call_id = call_id
        self._now = services.clock.monotonic
        self._end = end
        self._order: TransferOrder | None = None
        self._end_reason: str | None = None
        self._party = Party(leg, ear, services, call_id, self, own)
        self._held = False  # a seat holds the conversation at the desk
        self._alone_since: float | None = None  # that seat's voice has gone
        self._waiting_since: float | None = None  # the caller has been hearing music
        self._patient = False  # the caller was told that nobody came, and chose to wait
        self.transferring = False

    # --- orders -----------------------------------------------------------------------------------------------------

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
        self._party.drop_all()

    def caller_goes_on(self) -> None:
        """Somebody who speaks is not hung up on."""
        if self._end_reason == "bot_hung_up":
            self._end_reason = None

    def transfer_after_words(self, order: TransferOrder) -> None:
        """Without an address the call stays: a seat will come, an emergency line was named to the caller."""
        if order.sip_uri:
            self._order, self._end_reason = order, None
        elif order.target == "seat":
            self.on_line("waiting_for_seat")

    def due(self) -> TransferOrder | None:
        """The words have been heard: end the call if that was ordered, or return the transfer to be carried out."""
        order, reason = self._order, self._end_reason
        self._order = self._end_reason = None
        if reason is not None:
            self._end(reason)
        return order

    async def transfer(self, order: TransferOrder) -> None:
        """Bring the caller to somebody; where that fails the call goes on."""
        log.info("transfer", call_id=self._call_id, target=order.target, method=order.method)
        dialler = self._services.dialler
        if dialler is not None and not dialler.may_call(order.sip_uri):
            log.error("a transfer to an address outside the settings was refused", target=order.target)
            self._not_connected(order.target)
        elif order.method == "refer":
            await self._refer(order)
        elif order.target == "seat":
            self.on_line("waiting_for_seat")
            await self._bring(order, Role.SEAT)
        else:
            await self._bring(order, Role.THIRD)  # who is in danger is listened to meanwhile, not put on hold

    async def _bring(self, order: TransferOrder, role: Role) -> None:
        try:
            await self._party.call_up(order.sip_uri, role, if_alone=role is Role.SEAT)
        except TransferError as error:
            log.warning("transfer_failed", call_id=self._call_id, target=order.target, problem=str(error))
            if not self.talking:
                self._not_connected(order.target)

    async def _refer(self, order: TransferOrder) -> None:
        self.transferring = True
        self._disregard_caller()
        line, self._turns.line = self._turns.line, "waiting_for_seat"
        try:
            await self._leg.transfer(order.sip_uri, REFER_SECONDS)
        except TransferError as error:
            log.warning("transfer_failed", call_id=self._call_id, target=order.target, problem=str(error))
            self.transferring = False
            self._turns.line = line
            self._disregard_caller()
            self._not_connected(order.target)
        except LegClosed:
            self._end("caller_hung_up")
        else:
            self._end("transferred")

    # --- waiting ----------------------------------------------------------------------------------------------------

    def on_line(self, line: Line) -> None:
        """Who has the caller now: the bot, nobody yet, or a seat (who types, until their voice joins)."""
        self._held = line == "with_seat"
        if line == "waiting_for_seat" and self._turns.line != line:
            self._waiting_since = None
        self._alone_since = None
        if not self.talking:
            self._turns.line = line

    def expect_seat(self) -> None:
        """The seat who had us call is on the way: music until their voice is there."""
        self.on_line("with_seat")
        self._alone_since = self._now()

    def tick(self) -> None:
        """A few times a second."""
        if self.talking:
            self._waiting_since = None
            return
        now = self._now()
        alone = self._alone_since is not None and now - self._alone_since >= SEAT_BACK_SECONDS
        if self.transferring or not (self._turns.line == "waiting_for_seat" or alone):
            self._waiting_since = None
            if self._party.open and self._party.empty:
                self._party.end_bridge()
        elif self._waiting_since is None:
            if not (self._speaker.busy or self._given or self._turns.caller_speaking or self.ordered):
                self._waiting_since = now
                self._party.hold_caller(True)
        elif (
            now - self._waiting_since >= self._services.seat_answer_seconds
            and not self._patient
            and not self._party.fetching
            and not self._given
        ):
            self._not_connected("seat", round(now - self._waiting_since))

    @property
    def soon_told(self) -> bool:
        """The caller will be told in a moment that nobody came: no sentence of comfort before that."""
        since = self._waiting_since
        left = self._services.seat_answer_seconds - (self._now() - since) if since is not None else 0.0
        return not self._patient and left < COMFORT_GAP_SECONDS

    def _not_connected(self, target: str, waited_seconds: int = 0) -> None:
        """Nobody answered: the bot has the caller again. For an emergency line the phone speaks at once."""
        self._patient = True
        self._waiting_since = self._alone_since = None
        self._party.hold_caller(False)
        if not self._held:
            self._turns.line = "bot"
        if target == "seat":
            self._call.give("silence", "", meta={"transfer_failed": target, "waited_seconds": waited_seconds})
        else:
            self._speaker.prompt(Prompt.EMERGENCY_TRANSFER_FAILED)
            self._given.note(transfer_failed=target)

    # --- people -----------------------------------------------------------------------------------------------------

    @property
    def talking(self) -> bool:
        """The caller talks to people; the bot listens only for the transcript."""
        return self._party.talking

    def pump(self, heard: bytes) -> bytes | None:
        """What the caller hears of the bridge; None without one."""
        return self._party.pump(heard)

    def on_leg_order(self, message: LegOrder) -> None:
        self._party.order(message)

    def on_leg_control(self, message: LegControl) -> None:
        self._party.control(message)

    def talk_began(self) -> None:
        self._disregard_caller()
        self._alone_since = None
        self._party.hold_caller(False)
        self._turns.line = "with_seat"

    def talk_ended(self) -> None:
        """The seat at the desk may come back; somebody who was dialled will not."""
        if self.ordered:
            return
        self._disregard_caller()
        self._party.hold_caller(False)  # whoever put the caller on hold is not there to end it
        self._patient = False
        if self._held:
            self._alone_since = self._now()
        else:
            self._turns.line = "bot"

    def _disregard_caller(self) -> None:
        """What is said in this moment is no turn of the bot's conversation."""
        self._turns.disregard(self._now())
        self._hearing.forget()

    async def close(self) -> None:
        """The call is over."""
        await self._party.close()
