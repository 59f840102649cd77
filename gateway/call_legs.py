"""Who is in which call, as this core knows it from its phones: the caller, seats, third parties, who listens in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from gateway.audio_commands import Page
from gateway.phone_messages import LegNews

CALLER: Final = "caller"  # the leg of whoever called
_PERSON_LINE: Final = "人工电话"
_EMERGENCY_LINE: Final = "紧急线路"
_GONE: Final = ("left", "failed")


class CallOnPhone(Protocol):
    """The call's end of the phone link."""

    call_id: str
    conversation_id: str | None

    async def send(self, message: dict[str, Any]) -> None: ...


@dataclass(slots=True)
class SeatLeg:
    """Somebody in a call besides the caller. `seat_id` None: a telephone that nobody at the desk asked for."""

    leg_id: str
    conversation_id: str
    role: str
    via: str
    name: str
    seat_id: str | None = None
    page: Page | None = None
    state: str = "asked"
    muted: bool = False
    held: bool = False

    @property
    def gone(self) -> bool:
        return self.state in _GONE

    def take(self, news: LegNews) -> None:
        """Take over what the phone tells."""
        self.state = news.state if news.state != "changed" else self.state
        self.role, self.muted, self.held = news.role or self.role, news.muted, news.held

    def shown(self) -> dict[str, Any]:
        """As pages are told of it."""
        return {
            "leg_id": self.leg_id,
            "role": self.role,
            "via": self.via,
            "name": self.name,
            "seat_id": self.seat_id,
            "state": self.state,
            "muted": self.muted,
            "held": self.held,
        }


class CallLegs:
    """One a core process."""

    def __init__(self) -> None:
        self._calls: dict[str, CallOnPhone] = {}
        self._legs: dict[str, SeatLeg] = {}
        self._callers: dict[str, dict[str, bool]] = {}  # conversation -> how the caller's side stands
        self._invited: set[tuple[str, str]] = set()

    def attach(self, call: CallOnPhone) -> None:
        """A call is on the phone link and has its conversation."""
        if call.conversation_id is not None:
            self._calls[call.conversation_id] = call

    def detach(self, call: CallOnPhone) -> None:
        """It is over, or its phone is gone."""
        conversation_id = call.conversation_id
        if conversation_id is None or self._calls.get(conversation_id) is not call:
            return
        del self._calls[conversation_id]
        self._callers.pop(conversation_id, None)
        self._legs = {key: leg for key, leg in self._legs.items() if leg.conversation_id != conversation_id}
        self.end_invitations(conversation_id)

    def call(self, conversation_id: str) -> CallOnPhone | None:
        """The conversation's call, where a phone of this core has it."""
        return self._calls.get(conversation_id)

    # --- invitations ------------------------------------------------------------------------------------------------

    def invite(self, conversation_id: str, seat_id: str) -> None:
        self._invited.add((conversation_id, seat_id))

    def invited(self, conversation_id: str, seat_id: str) -> bool:
        return (conversation_id, seat_id) in self._invited

    def end_invitations(self, conversation_id: str) -> None:
        self._invited = {pair for pair in self._invited if pair[0] != conversation_id}

    # --- legs -------------------------------------------------------------------------------------------------------

    def add(self, leg: SeatLeg) -> None:
        self._legs[leg.leg_id] = leg

    def drop(self, leg: SeatLeg) -> None:
        self._legs.pop(leg.leg_id, None)

    def of(self, conversation_id: str) -> list[SeatLeg]:
        return [leg for leg in self._legs.values() if leg.conversation_id == conversation_id]

    def own(self, conversation_id: str, seat_id: str) -> SeatLeg | None:
        """The leg of this seat, while it is in the call or on its way."""
        return next((leg for leg in self.of(conversation_id) if leg.seat_id == seat_id and not leg.gone), None)

    def knows(self, conversation_id: str, leg_id: str) -> bool:
        return leg_id == CALLER or any(leg.leg_id == leg_id for leg in self.of(conversation_id))

    def note_caller(self, conversation_id: str, news: LegNews) -> None:
        self._callers[conversation_id] = {"muted": news.muted, "held": news.held}

    def in_news(self, conversation_id: str, news: LegNews) -> SeatLeg | None:
        """The leg that the phone tells about, a new one where the phone itself brought somebody in; None for one that
        we have dropped ourselves."""
        leg = self._legs.get(news.leg_id)
        if leg is None and news.state not in _GONE:
            name = _PERSON_LINE if news.role == "seat" else _EMERGENCY_LINE
            leg = SeatLeg(news.leg_id, conversation_id, news.role, news.via, name)
            self.add(leg)
        return leg

    def message(self, conversation_id: str) -> dict[str, Any]:
        """What a page is told of a call."""
        return {
            "type": "legs",
            "conversation_id": conversation_id,
            "on_phone": conversation_id in self._calls,
            "caller": self._callers.get(conversation_id, {"muted": False, "held": False}),
            "legs": [leg.shown() for leg in self.of(conversation_id)],
        }
