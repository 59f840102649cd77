"""What is counted while the simulation runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hotline.simulation.caller import Caller, Outcome, Result
from hotline.simulation.scenario import Scenario


@dataclass(slots=True)
class Minute:
    """One minute of the run. `connected`: of the attempts that began in it, those connected within the promised time.
    The rest is as it stood at the minute's end; `lag_seconds` is the mean over the nodes that were up."""

    attempts: int = 0
    connected: int = 0
    serving: int = 0
    waiting: int = 0
    seat_queue: int = 0
    seats_busy: int = 0
    callbacks_open: int = 0
    lag_seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def connected_share(self) -> float:
        return self.connected / self.attempts if self.attempts else 1.0


@dataclass(slots=True)
class Tally:
    """`counted_…`: only callers who first rang in the hour that is looked at; everything else is the whole run."""

    scenario: Scenario
    arrived: int = 0
    attempts: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    results: Counter[Result] = field(default_factory=Counter)
    counted_arrived: int = 0
    counted_attempts: int = 0
    counted_outcomes: Counter[Outcome] = field(default_factory=Counter)
    counted_results: Counter[Result] = field(default_factory=Counter)
    connected: int = 0  # counted attempts, within the promised time
    waits_seconds: list[float] = field(default_factory=list)  # of counted attempts that were served
    seat_wanted: int = 0
    seat_waits_seconds: list[float] = field(default_factory=list)
    seat_answered: int = 0
    callbacks_made: int = 0
    callbacks_reached: int = 0
    callbacks_given_up: int = 0
    callbacks_open: int = 0
    callbacks_most_open: int = 0
    callbacks_done_at: float = 0.0
    strained_node_seconds: int = 0
    node_seconds: int = 0
    minutes: list[Minute] = field(default_factory=list)

    def minute(self, at: float) -> Minute:
        index = int(at // 60.0)
        while len(self.minutes) <= index:
            self.minutes.append(Minute())
        return self.minutes[index]

    def arrival(self, caller: Caller) -> None:
        self.arrived += 1
        self.counted_arrived += caller.counted

    def attempt(self, caller: Caller) -> None:
        self.attempts += 1
        self.counted_attempts += caller.counted
        self.minute(caller.attempted_at).attempts += 1

    def result(self, caller: Caller, result: Result) -> None:
        """What became of the present attempt."""
        self.results[result] += 1
        if caller.counted:
            self.counted_results[result] += 1

    def outcome(self, caller: Caller, outcome: Outcome) -> None:
        self.outcomes[outcome] += 1
        if caller.counted:
            self.counted_outcomes[outcome] += 1

    def connects(self, caller: Caller, wait_seconds: float, *, served: bool) -> None:
        """The caller hears the bot (`served`), or the answer before the queue that is all they wanted."""
        in_time = wait_seconds <= self.scenario.connected_within_seconds
        if in_time:
            self.minute(caller.attempted_at).connected += 1
        if caller.counted:
            self.connected += in_time
            if served:
                self.waits_seconds.append(wait_seconds)
