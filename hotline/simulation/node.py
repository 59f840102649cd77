"""One node: a phone process with the program's own admission and waiting room, on a machine that slows down under load.

What is decided here is decided by `telephony.admission` and `telephony.waiting_room`; the simulation only plays the
machine, whose lag grows with what it serves.
"""

from __future__ import annotations

from typing import Final

from hotline.simulation.caller import Caller
from hotline.simulation.scenario import Scenario
from telephony.admission import Admission, AdmissionRules
from telephony.load import Load
from telephony.waiting_room import WaitingRoom

_CROWDED_CALLS: Final = 2  # more than the recogniser's workers: utterances stand behind others
_ANSWERS: Final = 10  # recognitions in the window of a node that is in use


class Node:
    """`is_up`: it works; `in_service`: the dispatcher believes so."""

    def __init__(self, number: int, scenario: Scenario, now: float) -> None:
        self.number = number
        self._scenario = scenario
        self._rules = AdmissionRules(
            maximum_calls=scenario.maximum_calls,
            initial_calls=scenario.initial_calls,
            minimum_calls=scenario.minimum_calls,
            lag_limit_seconds=scenario.lag_limit_seconds,
        )
        self.is_up = True
        self.in_service = True
        self.restart(now)

    def restart(self, now: float) -> None:
        """Empty, and with what a new process believes."""
        self.admission = Admission(self._rules, now)
        self.room = WaitingRoom(self._scenario.waiting_places)
        self.serving: dict[str, Caller] = {}
        self.waiting: dict[str, Caller] = {}
        self.with_seats = 0  # of those served: they talk with a person, or wait for one
        self.placed = 0  # calls to citizens, served beside the others

    @property
    def calls(self) -> int:
        return len(self.serving) + self.placed

    @property
    def serves_at_once(self) -> bool:
        return not self.waiting and self.admission.admits(self.calls)

    @property
    def has_room(self) -> bool:
        return not self.room.full or self.serves_at_once

    def serve(self, caller: Caller) -> None:
        self.serving[caller.key] = caller

    def wait(self, caller: Caller) -> None:
        self.room.enter(caller.key)
        self.waiting[caller.key] = caller

    def leave_room(self, caller: Caller) -> None:
        self.room.leave(caller.key)
        del self.waiting[caller.key]

    def next_called_up(self) -> Caller | None:
        """Whoever may be served now, taken out of the waiting room and served."""
        if not self.waiting or not self.admission.admits(self.calls):
            return None
        key = self.room.next()
        if key is None:
            return None
        caller = self.waiting[key]
        self.leave_room(caller)
        self.serve(caller)
        return caller

    @property
    def lag_seconds(self) -> float:
        """As long as callers wait for words now (95th percentile)."""
        bot = self.calls - self.with_seats
        load = bot + self._scenario.seat_call_load * self.with_seats
        return self._scenario.lag_seconds(load / self._scenario.carries_calls)

    def observe(self, now: float) -> None:
        """Once a second: admission looks at how the machine feels."""
        calls = self.calls
        load = Load(lag_seconds=self.lag_seconds, answers=_ANSWERS if calls else 0, crowded=calls > _CROWDED_CALLS)
        self.admission.observe(load, calls, now)
