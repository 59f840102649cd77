"""Restarting: quick at first, slower with each failure, forgiven after a steady minute."""

from __future__ import annotations

from hotline.supervision.backoff import (
    LONGEST_DELAY_SECONDS,
    QUICK_TRIES,
    REST_SECONDS,
    STEADY_SECONDS,
    History,
)


def test_delays_grow_until_the_quick_tries_are_used_up() -> None:
    history, delays = History(), []
    for _ in range(QUICK_TRIES - 1):
        history, restart = history.after_end(ran_seconds=1.0)
        assert not restart.exhausted
        delays.append(restart.delay_seconds)
    assert delays == sorted(delays)
    assert delays[0] < 1.0
    assert delays[-1] <= LONGEST_DELAY_SECONDS
    history, restart = history.after_end(ran_seconds=1.0)
    assert restart.exhausted
    assert restart.delay_seconds == REST_SECONDS


def test_a_steady_run_is_forgiven() -> None:
    history = History()
    for _ in range(QUICK_TRIES + 3):
        history, _ = history.after_end(ran_seconds=0.1)
    history, restart = history.after_end(ran_seconds=STEADY_SECONDS)
    assert history.failures == 1
    assert not restart.exhausted
