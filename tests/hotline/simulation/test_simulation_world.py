"""The simulation against what must hold in any world: everybody counted once, and Erlang where the world is simple."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.simulation import erlang, report
from hotline.simulation.arrivals import Arrivals, Phase
from hotline.simulation.caller import Outcome, Result
from hotline.simulation.distributions import Exponential, Fixed
from hotline.simulation.scenario import Failure, Routing, Scenario, default
from hotline.simulation.world import World

WITHOUT_END = Fixed(1e9)


def small(**changes: object) -> Scenario:
    """Some thousand calls on few nodes: hundredths of a second."""
    quick = {"calls_an_hour": 3_000, "hour_seconds": 600, "warm_up_seconds": 60, "after_seconds": 120, "nodes": 3}
    return replace(default(), **{**quick, "seats": 20, "drain_seconds": 600, **changes})  # type: ignore[arg-type]


def simple(servers: int, erlangs: float, *, places: int, hours: float) -> Scenario:
    """M/M/c: one node that is never strained, nobody gives up, tries again or wants a person."""
    service_seconds = 60.0
    return replace(
        default(), calls_an_hour=3600.0 * erlangs / service_seconds, hour_seconds=3600.0 * hours, warm_up_seconds=1800,
        after_seconds=0, dispersion=1.0, bot_service=Exponential(service_seconds), seat_share=0.0, hot_topic_share=0.0,
        callback_share=0.0, retry_probability=0.0, waiting_patience=WITHOUT_END, nodes=1, carries_calls=1e6,
        maximum_calls=servers, initial_calls=servers, minimum_calls=servers, waiting_places=places,
        number_known_share=0.0, answer_seconds=0.0, drain_seconds=0,
    )  # fmt: skip


def test_waits_agree_with_erlang_c() -> None:
    servers, erlangs = 10, 8.0
    waits = [World(simple(servers, erlangs, places=100_000, hours=20), seed).run().waits_seconds for seed in range(3)]
    means = [statistics.mean(run) for run in waits]
    everybody = [wait for run in waits for wait in run]
    waited = sum(wait > 0.0 for wait in everybody) / len(everybody)
    assert waited == pytest.approx(erlang.waiting(servers, erlangs), rel=0.05)
    assert statistics.mean(means) == pytest.approx(erlang.mean_wait_seconds(servers, erlangs, 60.0), rel=0.1)
    within = sum(wait <= 15.0 for wait in everybody) / len(everybody)
    assert within == pytest.approx(erlang.served_within(servers, erlangs, 60.0, 15.0), rel=0.02)


def test_refusals_agree_with_erlang_b() -> None:
    runs = [World(simple(12, 10.0, places=0, hours=12), seed).run() for seed in range(3)]
    refused = sum(run.counted_results[Result.REFUSED] for run in runs) / sum(run.counted_attempts for run in runs)
    assert refused == pytest.approx(erlang.blocking(12, 10.0), rel=0.05)


def test_erlang_s_formulas_on_published_values() -> None:
    """Any table of Erlang B: 10 lines carry 4.46 erlangs at 1 % loss, 100 lines 84.1."""
    assert erlang.blocking(10, 4.46) == pytest.approx(0.01, rel=0.01)
    assert erlang.blocking(100, 84.1) == pytest.approx(0.01, rel=0.01)
    assert erlang.waiting(1, 0.7) == pytest.approx(0.7)  # M/M/1: whoever comes waits while the one server is busy
    assert erlang.mean_wait_seconds(1, 0.7, 10.0) == pytest.approx(0.7 * 10.0 / 0.3)
    assert erlang.waiting(5, 5.0) == 1.0 and erlang.served_within(5, 6.0, 60.0, 15.0) == 0.0
    assert erlang.servers_for(10.0, 60.0, within_seconds=15.0, share=0.9) == 14  # 13: 0.87


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    calls=st.integers(100, 20_000),
    nodes=st.integers(1, 4),
    seats=st.integers(0, 30),
    places=st.integers(0, 60),
    routing=st.sampled_from(["blind", "not_full", "free_first"]),
    shares=st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7),
    failures=st.lists(
        st.tuples(st.integers(0, 3), st.floats(0.0, 400.0), st.floats(0.5, 300.0)), max_size=2, unique_by=lambda f: f[0]
    ),
)
def test_everybody_has_exactly_one_outcome_and_every_attempt_one_result(
    seed: int, calls: int, nodes: int, seats: int, places: int, routing: Routing, shares: list[float],
    failures: list[tuple[int, float, float]],
) -> None:  # fmt: skip
    retry, callback, hot, seat, known, reached, lost = shares
    scenario = small(
        calls_an_hour=calls, nodes=nodes, seats=seats, waiting_places=places, routing=routing, retry_probability=retry,
        callback_share=callback, hot_topic_share=hot, seat_share=seat, number_known_share=known, lost_retry_share=lost,
        callback_reached_share=reached, hour_seconds=240, warm_up_seconds=30, after_seconds=60,
        failures=tuple(Failure(node, at, down) for node, at, down in failures if node < nodes),
    )  # fmt: skip
    world = World(scenario, seed)
    tally = world.run()
    assert sum(tally.outcomes.values()) == tally.arrived
    assert sum(tally.results.values()) == tally.attempts >= tally.arrived
    assert sum(tally.counted_outcomes.values()) == tally.counted_arrived <= tally.arrived
    assert tally.callbacks_reached + tally.callbacks_given_up + tally.callbacks_open == tally.outcomes[Outcome.CALLBACK]
    assert world.seats_are_whole and world.nodes_are_empty
    made = report.make(tally)
    assert 0.0 <= made.connected <= 1.0 and 0.0 <= made.seat_in_time <= 1.0


def test_the_same_seed_gives_the_same_run() -> None:
    first, again, other = (report.make(World(small(), seed).run()) for seed in (3, 3, 4))
    assert first == again != other


def test_bursts_have_the_dispersion_that_was_asked_for() -> None:
    import random

    def dispersion(wanted: float) -> float:
        arrivals = Arrivals((Phase(30.0 * 4_000, 2.0),), wanted, 30.0)
        counts = [0] * 4_000
        for at in arrivals.times(random.Random(5)):
            counts[int(at // 30.0)] += 1
        assert statistics.mean(counts) == pytest.approx(60.0, rel=0.05)
        return statistics.variance(counts) / statistics.mean(counts)

    assert dispersion(1.0) == pytest.approx(1.0, rel=0.15)
    assert dispersion(10.0) == pytest.approx(10.0, rel=0.15)


def test_a_lost_node_costs_its_own_calls_and_little_else() -> None:
    whole = report.make(World(small(nodes=6), 1).run())
    hurt = report.make(World(small(nodes=6, failures=(Failure(2, 300.0, 600.0),)), 1).run())
    assert hurt.attempts_a_caller > whole.attempts_a_caller  # whoever was cut off rings again
    assert hurt.connected > 0.9


def test_more_nodes_connect_more_and_a_surge_without_them_becomes_call_backs() -> None:
    shares = [report.make(World(small(nodes=nodes), 1).run()).connected for nodes in (1, 2, 4)]
    assert shares[0] < shares[1] < shares[2]
    tally = World(small(nodes=1, seats=0), 1).run()
    assert tally.callbacks_most_open > 100 and tally.callbacks_made > 0
