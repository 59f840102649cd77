"""The fewest nodes and seats with which a scenario keeps its promises."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from hotline.simulation import erlang, report
from hotline.simulation.errors import SimulationError
from hotline.simulation.report import Report
from hotline.simulation.scenario import Scenario
from hotline.simulation.world import World

_FINENESS: Final = 0.01  # of the number searched for
_WIDEST: Final = 16.0  # times the first guess: no number beyond it is tried


@dataclass(frozen=True, slots=True)
class Found:
    """`runs`: simulations that it took."""

    nodes: int
    seats: int
    runs: int


def search(scenario: Scenario, seed: int, progress: Callable[[str], None]) -> Found:
    """Nodes first, with seats for everybody; then seats with those nodes.

    Raises:
        SimulationError: not even many times the expected number is enough (too few attempts on the way to a node, or a
            promise that no size can keep).
    """
    hour = replace(scenario, after_seconds=0.0, drain_seconds=0.0)
    runs = 0

    def run(nodes: int, seats: int) -> Report:
        nonlocal runs
        runs += 1
        made = report.make(World(_of_size(hour, nodes, seats), seed).run())
        progress(
            f"{nodes} nodes, {seats} seats: connected {made.connected:.1%}, "
            f"a person in time {made.seat_in_time:.1%}, {made.cores_busy_peak:.0f} cores busy"
        )
        return made

    rate = scenario.calls_an_hour / 3600.0
    plenty = _seats_guess(scenario, rate, generous=1.5)
    line_seconds = scenario.bot_service.mean_seconds + scenario.seat_share * scenario.seat_talk.mean_seconds
    node_guess = max(1, math.ceil(rate * line_seconds / scenario.carries_calls))
    nodes = _fewest(node_guess, lambda number: run(number, plenty).enough_nodes, "nodes")
    if not scenario.seat_share:
        return Found(nodes, 0, runs)
    seats = _fewest(_seats_guess(scenario, rate), lambda number: run(nodes, number).enough_seats, "seats")
    limit = _WIDEST * nodes
    while not (made := run(nodes, seats)).enough_nodes or not made.enough_seats:
        # Calls that wait for a person hold places on the nodes, which plenty of seats had kept free.
        if not made.enough_nodes:
            nodes += max(1, math.floor(_FINENESS * nodes))
        else:
            seats += max(1, math.floor(_FINENESS * seats))
        if nodes > limit:
            raise SimulationError(f"{nodes} nodes with {seats} seats are not enough")
    return Found(nodes, seats, runs)


def _of_size(scenario: Scenario, nodes: int, seats: int) -> Scenario:
    """Failures of nodes that a smaller system does not have happen to its last ones."""
    failures = tuple(replace(failure, node=min(failure.node, nodes - 1)) for failure in scenario.failures)
    return replace(scenario, nodes=nodes, seats=seats, failures=failures)


def _seats_guess(scenario: Scenario, rate: float, *, generous: float = 1.0) -> int:
    """What Erlang's C formula says of a steady stream."""
    seconds = scenario.seat_talk.mean_seconds + scenario.seat_wrap_up.mean_seconds
    erlangs = rate * scenario.seat_share * seconds
    if not erlangs:
        return 0
    fewest = erlang.servers_for(
        erlangs, seconds, within_seconds=scenario.seat_within_seconds, share=min(0.999, scenario.seat_share_within)
    )
    return math.ceil(generous * fewest)


def _fewest(guess: int, enough: Callable[[int], bool], what: str) -> int:
    """The smallest number, to a hundredth of itself, that is enough; more is taken to be never worse."""
    good, bad = guess, 0
    while not enough(good):
        if good >= _WIDEST * guess:
            raise SimulationError(f"{good} {what} are not enough: this promise cannot be kept by {what} alone")
        bad, good = good, good + max(1, math.ceil(0.25 * good))
    if not bad:
        while good > 1:
            smaller = max(1, math.floor(0.8 * good))
            if smaller == good or not enough(smaller):
                bad = smaller if smaller < good else 0
                break
            good = smaller
    while good - bad > max(1, math.floor(_FINENESS * good)):
        middle = (good + bad) // 2
        if enough(middle):
            good = middle
        else:
            bad = middle
    return good
