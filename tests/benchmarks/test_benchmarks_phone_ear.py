"""What a caller is said to have heard, from packets that are made up."""

from __future__ import annotations

import pytest

from benchmarks.phone_ear import first_sound_after, late_packets, silence_delay, speaking_at, stretches
from benchmarks.phone_line import Arrivals

LOUD, QUIET = 100, 0


def packets(*parts: tuple[float, int]) -> Arrivals:
    """Each part: seconds and peak; packets of 20 ms, the first one at moment 0."""
    arrivals = Arrivals()
    for seconds, peak in parts:
        for _ in range(round(seconds / 0.02)):
            number = len(arrivals.times)
            arrivals.times.append(number * 0.02)
            arrivals.stamps.append((4_294_967_000 + number * 160) % 2**32)
            arrivals.peaks.append(peak)
    return arrivals


def test_stretches_are_parted_by_pauses_only() -> None:
    heard = stretches(packets((1.0, QUIET), (1.0, LOUD), (0.2, QUIET), (1.0, LOUD), (0.6, QUIET), (0.4, LOUD)))
    assert [(round(one.begin, 2), round(one.end, 2)) for one in heard] == [(1.0, 3.18), (3.8, 4.18)]
    assert speaking_at(heard, 2.1) and not speaking_at(heard, 3.5)
    following = first_sound_after(heard, 3.3)
    assert following is not None and following.begin == pytest.approx(3.8)
    assert first_sound_after(heard, 5.0) is None


def test_how_long_the_bot_speaks_into_the_caller() -> None:
    heard = stretches(packets((3.0, LOUD), (5.0, QUIET)))
    assert silence_delay(heard, began_at=2.8, stopped_speaking_at=6.0) == pytest.approx(0.18, abs=0.01)
    assert silence_delay(heard, began_at=4.0, stopped_speaking_at=6.0) == 0.0
    stubborn = stretches(packets((9.0, LOUD)))
    assert silence_delay(stubborn, began_at=2.8, stopped_speaking_at=6.0) is None


def test_late_packets_are_those_behind_their_neighbours() -> None:
    arrivals = packets((10.0, QUIET))
    assert late_packets(arrivals) == (0, 500)
    for number in (100, 300, 301):
        arrivals.times[number] += 0.03
    assert late_packets(arrivals) == (3, 500)
    for number in range(3):
        arrivals.times[number] -= 0.025  # a call that begins a frame early is not late for the rest of its life
    assert late_packets(arrivals) == (3, 500)


def test_a_clock_that_drifts_is_not_late() -> None:
    arrivals = packets((60.0, QUIET))
    arrivals.times = [at * 1.001 for at in arrivals.times]
    assert late_packets(arrivals)[0] == 0
