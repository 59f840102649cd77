"""Where calls arrive: served at once, asked to wait, or refused; whoever waits is called up when there is room."""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from base.clock import Clock
from base.logs import get_logger
from telephony.admission import Admission, AdmissionRules
from telephony.load import Beats, Load, WaitingTimes
from telephony.metrics import PhoneMetrics
from telephony.waiting_room import ServiceTimes, WaitingRoom

log = get_logger("telephony.front_desk")

OBSERVE_SECONDS: Final = 1.0
Arrival = Literal["served", "waiting", "refused"]
Departure = Literal["served", "person", "call_back", "informed", "abandoned"]


class FrontDesk:
    """All calls of the process; every waiting call leaves the waiting room in exactly one `Departure`."""

    def __init__(
        self,
        rules: AdmissionRules,
        *,
        places: int,
        waits: WaitingTimes,
        beats: Beats,
        metrics: PhoneMetrics,
        clock: Clock,
    ) -> None:
        self._admission = Admission(rules, clock.monotonic())
        self._room = WaitingRoom(places)
        self._times = ServiceTimes()
        self._waits = waits
        self._beats = beats
        self._metrics = metrics
        self._clock = clock
        self._serving: dict[str, float] = {}  # call id -> since when
        self._turns: dict[str, asyncio.Future[None]] = {}
        self._show()

    # --- arriving and leaving ---------------------------------------------------------------------------------------

    def arrive(self, call_id: str) -> Arrival:
        """A call rings."""
        arrival: Arrival
        if self.serves_at_once:
            arrival = "served"
            self._serve(call_id)
        elif self._room.full:
            arrival = "refused"
        else:
            arrival = "waiting"
            self._room.enter(call_id)
            self._turns[call_id] = asyncio.get_running_loop().create_future()
        self._metrics.arrivals.labels(arrival).inc()
        self._show()
        return arrival

    def placed(self, call_id: str) -> None:
        """Somebody whom we called has answered: served at once, and counted like everybody."""
        self._serve(call_id)
        self._show()

    @property
    def serves_at_once(self) -> bool:
        """A call that rings now would not wait. Nobody overtakes those who do."""
        return not len(self._room) and self._admission.admits(len(self._serving))

    @property
    def has_room(self) -> bool:
        """A call that rings now would not be refused."""
        return not self._room.full or self.serves_at_once

    def turn_of(self, call_id: str) -> asyncio.Future[None] | None:
        """Done when the call is called up; None for a call that does not wait."""
        return self._turns.get(call_id)

    def standing(self, call_id: str) -> tuple[int, float]:
        """How many are ahead, and the seconds until the call will be called up."""
        ahead = self._room.ahead_of(call_id)
        return ahead, self._times.wait_seconds(ahead, len(self._serving), self._admission.limit)

    def set_busy(self, call_id: str, busy: bool) -> None:
        """`busy`: choosing a call-back, not to be called up at this moment."""
        self._room.set_busy(call_id, busy)
        self._call_up()

    def leave_room(self, call_id: str, departure: Departure) -> None:
        """The call does not wait any more; as `person` it is served from now on. Later calls change nothing."""
        if call_id not in self._room:
            return
        self._room.leave(call_id)
        self._metrics.waiting_ended.labels(departure).inc()
        turn = self._turns.pop(call_id)
        if departure in ("served", "person"):
            self._serve(call_id)
            if not turn.done():
                turn.set_result(None)
        self._show()

    def left(self, call_id: str) -> None:
        """The call is over, wherever it was."""
        self.leave_room(call_id, "abandoned")
        since = self._serving.pop(call_id, None)
        if since is not None:
            self._times.ended(self._clock.monotonic() - since)
        self._call_up()

    def _serve(self, call_id: str) -> None:
        self._serving[call_id] = self._clock.monotonic()

    def _call_up(self) -> None:
        while self._admission.admits(len(self._serving)) and (call_id := self._room.next()) is not None:
            self.leave_room(call_id, "served")
        self._show()

    # --- watching ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Watch the load until cancelled."""
        while True:
            await asyncio.sleep(OBSERVE_SECONDS)
            self.observe()

    def observe(self) -> None:
        now = self._clock.monotonic()
        load = Load(
            lag_seconds=self._waits.lag_seconds(now),
            idle_lag_seconds=self._waits.idle_lag_seconds,
            answers=self._waits.answers(now),
            crowded=self._waits.crowded(now),
            late_frames=self._beats.late_frames(now),
        )
        before = self._admission.limit, self._admission.strained
        self._admission.observe(load, len(self._serving), now)
        after = self._admission.limit, self._admission.strained
        if after != before:
            log.info(
                "capacity",
                calls=after[0],
                strained=after[1],
                serving=len(self._serving),
                waiting=len(self._room),
                lag_seconds=round(load.lag_seconds, 2),
                late_frames=round(load.late_frames, 3),
            )
        self._metrics.recogniser_lag_seconds.set(load.lag_seconds)
        self._metrics.late_frames.set(load.late_frames)
        self._call_up()

    def _show(self) -> None:
        self._metrics.serving.set(len(self._serving))
        self._metrics.waiting.set(len(self._room))
        self._metrics.capacity.set(self._admission.limit)
        self._metrics.level.set(0 if self.serves_at_once else 2 if self._room.full else 1)
