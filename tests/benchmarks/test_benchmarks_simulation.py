"""The traffic by which simulation and phone are compared: heavy enough that 10 % mean something."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import mean

from benchmarks.simulation import RELEASE_SECONDS, RUNS, TOLERANCE, UntilFree, apart, scenario, simulated_once
from hotline.simulation.fate import draw, stream

CHOSEN = scenario(16, 14, 240.0, 1.5)


def test_a_place_is_taken_a_little_longer_and_the_callers_stay_the_same() -> None:
    longer = replace(CHOSEN, bot_service=UntilFree(CHOSEN.bot_service, random.Random(1)))
    for number in range(50):
        first, second = draw(CHOSEN, stream(3, number)), draw(longer, stream(3, number))
        assert RELEASE_SECONDS[0] <= second.bot_seconds - first.bot_seconds <= RELEASE_SECONDS[1]
        assert replace(second, bot_seconds=first.bot_seconds) == first


def test_hundredths_of_a_second_move_no_figure_out_of_the_tolerance() -> None:
    runs = [simulated_once(CHOSEN, 1, number) for number in range(RUNS)]
    for figure in runs[0]:
        middle = mean(run[figure] for run in runs)
        assert max(apart(middle, run[figure]) for run in runs) < TOLERANCE, figure


def test_every_share_rests_on_a_hundred_calls() -> None:
    run = simulated_once(CHOSEN, 1, 0)
    assert min(run["attempts"] * run[share] for share in ("served", "connected in time", "gave up", "refused")) >= 100
