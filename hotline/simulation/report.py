"""What one run says, in figures that a person asks for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hotline.simulation.caller import Outcome, Result
from hotline.simulation.scenario import Scenario, plain
from hotline.simulation.tally import Minute, Tally


@dataclass(frozen=True, slots=True)
class Report:
    """Rates are 0..1; of callers who first rang in the hour that is looked at, unless said otherwise.

    Attributes:
        connected: of their attempts, those that heard the bot, or the answer before the queue that was all they wanted
            to know, within the promised time.
        gave_up, refused: of their attempts.
        wait_…: from ringing to the greeting, of attempts that were served.
        seat_in_time: of those who wanted a person, those who had one within the promised time.
        abandoned_seat: of the same, those who had none (they are called back).
        callbacks_…: of the whole run; `done_minutes` after the end of the hour (the last attempt that was made).
        cores_busy_…: CPU seconds a second of all nodes, mean of the hour and its busiest minute.
    """

    callers: int
    attempts_a_caller: float
    connected: float
    gave_up: float
    refused: float
    wait_p50_seconds: float
    wait_p95_seconds: float
    wait_p99_seconds: float
    outcomes: dict[str, float]
    seat_wanted: int
    seat_in_time: float
    abandoned_seat: float
    seat_wait_p50_seconds: float
    seat_wait_p90_seconds: float
    callbacks_promised_most_open: int
    callbacks_made: int
    callbacks_reached: int
    callbacks_given_up: int
    callbacks_open: int
    callbacks_done_minutes: float
    most_calls_at_once: int
    strained: float
    nodes: int
    seats: int
    cores: int
    cores_busy_mean: float
    cores_busy_peak: float
    memory_gib: float
    enough_nodes: bool
    enough_seats: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def make(tally: Tally) -> Report:
    scenario = tally.scenario
    attempts = max(1, tally.counted_attempts)
    waits = sorted(tally.waits_seconds)
    seat_waits = sorted(tally.seat_waits_seconds)
    within = sum(wait <= scenario.seat_within_seconds for wait in seat_waits)
    seat_in_time = within / tally.seat_wanted if tally.seat_wanted else 1.0
    connected = tally.connected / attempts
    hour_end = scenario.warm_up_seconds + scenario.hour_seconds
    hour = minutes_of_hour(scenario, tally.minutes)
    busy = [minute.cpu_seconds / 60.0 for minute in hour] or [0.0]
    return Report(
        callers=tally.counted_arrived,
        attempts_a_caller=attempts / max(1, tally.counted_arrived),
        connected=connected,
        gave_up=tally.counted_results[Result.GAVE_UP] / attempts,
        refused=tally.counted_results[Result.REFUSED] / attempts,
        wait_p50_seconds=percentile(waits, 0.5),
        wait_p95_seconds=percentile(waits, 0.95),
        wait_p99_seconds=percentile(waits, 0.99),
        outcomes={str(outcome): tally.counted_outcomes[outcome] / max(1, tally.counted_arrived) for outcome in Outcome},
        seat_wanted=tally.seat_wanted,
        seat_in_time=seat_in_time,
        abandoned_seat=1.0 - tally.seat_answered / tally.seat_wanted if tally.seat_wanted else 0.0,
        seat_wait_p50_seconds=percentile(seat_waits, 0.5),
        seat_wait_p90_seconds=percentile(seat_waits, 0.9),
        callbacks_promised_most_open=tally.callbacks_most_open,
        callbacks_made=tally.callbacks_made,
        callbacks_reached=tally.callbacks_reached,
        callbacks_given_up=tally.callbacks_given_up,
        callbacks_open=tally.callbacks_open,
        callbacks_done_minutes=max(0.0, tally.callbacks_done_at - hour_end) / 60.0,
        most_calls_at_once=max((minute.serving for minute in tally.minutes), default=0),
        strained=tally.strained_node_seconds / max(1, tally.node_seconds),
        nodes=scenario.nodes,
        seats=scenario.seats,
        cores=scenario.nodes * scenario.cores_a_node,
        cores_busy_mean=sum(busy) / len(busy),
        cores_busy_peak=max(busy),
        memory_gib=scenario.nodes * scenario.memory_a_node_gib,
        enough_nodes=connected >= scenario.connected_share,
        enough_seats=seat_in_time >= scenario.seat_share_within,
    )


def minutes_of_hour(scenario: Scenario, minutes: list[Minute]) -> list[Minute]:
    """The whole minutes of the hour that is looked at."""
    begin = round(scenario.warm_up_seconds / 60.0)
    return minutes[begin : begin + round(scenario.hour_seconds / 60.0)]


def as_json(tally: Tally, report: Report, *, seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "report": report.as_dict(),
        "minutes": [asdict(minute) for minute in tally.minutes],
        "whole_run": {
            "callers": tally.arrived,
            "attempts": tally.attempts,
            "outcomes": {str(outcome): count for outcome, count in tally.outcomes.items()},
            "results": {str(result): count for result, count in tally.results.items()},
        },
        "scenario": plain(tally.scenario),
    }


def percentile(ordered: list[float], share: float) -> float:
    """Nearest rank; 0 without values."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
