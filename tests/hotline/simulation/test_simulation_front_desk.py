"""The simulation against the phone's own front desk: the same callers, call by call, in virtual time."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter
from dataclasses import replace

from hotline.simulation.caller import Result
from hotline.simulation.distributions import Exponential, Lognormal
from hotline.simulation.fate import Fate, draw, stream
from hotline.simulation.scenario import Scenario, default
from hotline.simulation.world import World, arrival_stream
from telephony.admission import AdmissionRules
from telephony.front_desk import FrontDesk
from telephony.load import Beats, WaitingTimes
from telephony.metrics import PhoneMetrics

CALLS, PLACES, SEED = 8, 6, 3


class Moment:
    """A clock that is set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def scenario() -> Scenario:
    """One busy node; nobody wants a person; the waiting room overflows now and then."""
    service = Lognormal(20.0, 50.0)
    return replace(
        default(), calls_an_hour=3600.0 * 1.15 * CALLS / service.mean_seconds, hour_seconds=3600.0, warm_up_seconds=0.0,
        after_seconds=0.0, dispersion=4.0, nodes=1, seats=0, seat_share=0.0, maximum_calls=CALLS, initial_calls=CALLS,
        minimum_calls=CALLS, waiting_places=PLACES, carries_calls=1e6, bot_service=service,
        waiting_patience=Exponential(30.0), callback_share=0.0, hot_topic_share=0.0, retry_probability=0.5,
        retry_delay=Exponential(20.0), attempts_at_most=4, answer_seconds=0.0, callbacks_by_bot=False,
        drain_seconds=0.0,
    )  # fmt: skip


class Hour:
    """Callers with the simulation's fates at a real front desk."""

    def __init__(self, chosen: Scenario) -> None:
        self.scenario = chosen
        self.clock = Moment()
        rules = AdmissionRules(CALLS, initial_calls=CALLS, minimum_calls=CALLS)
        self.desk = FrontDesk(
            rules, places=PLACES, waits=WaitingTimes(2), beats=Beats(), metrics=PhoneMetrics(), clock=self.clock,  # type: ignore[arg-type]
        )  # fmt: skip
        self.events: list[tuple[float, int, str, str]] = []
        self.waiting: dict[str, tuple[float, asyncio.Future[None]]] = {}
        self.fates: dict[str, Fate] = {}
        self.streams: dict[str, random.Random] = {}
        self.attempts: Counter[str] = Counter()
        self.results: Counter[Result] = Counter()
        self.waits: list[float] = []

    def at(self, seconds: float, what: str, caller: str) -> None:
        heapq.heappush(self.events, (seconds, len(self.events) + self.attempts.total() * 1_000_000, what, caller))

    async def run(self) -> None:
        for number, moment in enumerate(self.scenario.arrivals.times(arrival_stream(SEED))):
            self.streams[str(number)] = stream(SEED, number)
            self.at(moment, "rings", str(number))
        while self.events:
            self.clock.seconds, _, what, caller = heapq.heappop(self.events)
            if what == "rings":
                self.rings(caller)
            elif what == "ends":
                self.desk.left(caller)
            elif caller in self.waiting:  # gives up, unless served meanwhile
                del self.waiting[caller]
                self.desk.left(caller)
                self.not_served(caller, Result.GAVE_UP)
            for called_up in [name for name, (_, turn) in self.waiting.items() if turn.done()]:
                since, _ = self.waiting.pop(called_up)
                self.served(called_up, self.clock.seconds - since)

    def rings(self, caller: str) -> None:
        self.attempts[caller] += 1
        fate = self.fates[caller] = draw(self.scenario, self.streams[caller])
        arrival = self.desk.arrive(caller)
        if arrival == "served":
            self.served(caller, 0.0)
        elif arrival == "refused":
            self.not_served(caller, Result.REFUSED)
        else:
            turn = self.desk.turn_of(caller)
            assert turn is not None
            self.waiting[caller] = self.clock.seconds, turn
            self.at(self.clock.seconds + fate.waits_seconds, "gives up", caller)

    def served(self, caller: str, wait_seconds: float) -> None:
        self.results[Result.SERVED] += 1
        self.waits.append(wait_seconds)
        self.at(self.clock.seconds + self.fates[caller].bot_seconds, "ends", caller)

    def not_served(self, caller: str, result: Result) -> None:
        self.results[result] += 1
        fate = self.fates[caller]
        if self.attempts[caller] < self.scenario.attempts_at_most and fate.tries_again:
            self.at(self.clock.seconds + fate.again_after_seconds, "rings", caller)


async def test_every_call_is_served_refused_and_given_up_as_at_the_real_front_desk() -> None:
    chosen = scenario()
    hour = Hour(chosen)
    await hour.run()
    simulated = World(chosen, SEED).run()
    assert hour.attempts.total() == simulated.attempts > 1_200
    assert hour.results == simulated.results
    assert min(hour.results.values()) > 30, "each of them happens"
    real, told = sorted(hour.waits), sorted(simulated.waits_seconds)
    assert len(real) == len(told) and all(abs(a - b) < 1e-6 for a, b in zip(real, told, strict=True))
