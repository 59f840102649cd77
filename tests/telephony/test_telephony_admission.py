"""The capacity that a process believes in: scripted loads, and whole hours of overload in virtual time."""

from __future__ import annotations

import heapq
import itertools
import random
import statistics
from dataclasses import dataclass, field

import pytest

from asr_models.recogniser import Expected, RecogniserError, Recognition
from asr_models.urgency import Urgency
from telephony.admission import Admission, AdmissionRules
from telephony.hearing import Streaming
from telephony.load import Beats, Load, TimedRecogniser, WaitingTimes

RULES = AdmissionRules(maximum_calls=100, initial_calls=40, minimum_calls=8)
QUIET = Load(lag_seconds=0.3, idle_lag_seconds=0.3, answers=20, crowded=True)


def crowded(lag_seconds: float) -> Load:
    return Load(lag_seconds=lag_seconds, idle_lag_seconds=0.3, answers=20, crowded=True)


def watch(admission: Admission, load: Load, serving: int, start: int, seconds: int) -> None:
    for now in range(start, start + seconds):
        admission.observe(load, serving, float(now))


def test_a_load_that_hurts_nobody_lets_the_estimate_grow_to_the_hard_limit_only_while_it_is_used() -> None:
    admission = Admission(RULES, 0.0)
    watch(admission, QUIET, 20, 0, 600)
    assert admission.limit == 40, "half of the room is used: nothing was proven"
    now = 600
    while admission.limit < 100:
        watch(admission, QUIET, admission.limit, now, 10)
        now += 10
        assert now < 800
    watch(admission, QUIET, 100, now, 600)
    assert admission.limit == 100


def test_a_burst_shorter_than_two_seconds_changes_nothing() -> None:
    admission = Admission(RULES, 0.0)
    for minute in range(10):
        watch(admission, crowded(3.0), 40, 60 * minute, 2)
        watch(admission, QUIET, 39, 60 * minute + 2, 58)
        assert not admission.strained and admission.limit >= 40


def test_strain_closes_the_door_and_relief_opens_it_again() -> None:
    admission = Admission(RULES, 0.0)
    watch(admission, crowded(1.5), 40, 0, 4)
    assert admission.strained and admission.limit == 36
    assert not admission.admits(20), "while others suffer nobody is let in …"
    assert admission.admits(7), "… beyond the few that are always served"
    watch(admission, QUIET, 20, 4, 4)
    assert admission.strained, "relief must last"
    watch(admission, QUIET, 20, 8, 4)
    assert admission.admits(35) and not admission.admits(36)


def test_one_cut_is_awaited_before_the_next() -> None:
    admission = Admission(RULES, 0.0)
    watch(admission, crowded(1.5), 40, 0, 30)
    assert admission.limit == 36
    watch(admission, crowded(1.5), 38, 30, 20)
    assert admission.limit == 34


def test_a_sawtooth_between_the_two_limits_moves_nothing() -> None:
    admission = Admission(RULES, 0.0)
    for now in range(600):
        admission.observe(crowded(0.8 + 0.2 * (now % 20) / 20), 40, float(now))
    assert admission.limit == 40 and not admission.strained


def test_a_machine_that_is_slow_for_a_single_call_does_not_refuse_the_second() -> None:
    admission = Admission(RULES, 0.0)
    watch(admission, Load(lag_seconds=1.8, idle_lag_seconds=1.2, answers=20, crowded=True), 20, 0, 60)
    assert not admission.strained
    alone = Load(lag_seconds=3.0, idle_lag_seconds=0.3, answers=20, crowded=False)
    watch(admission, alone, 20, 60, 60)
    assert not admission.strained, "long, but nobody stood behind anybody: fewer calls would not help"


def test_a_few_calls_that_suffer_close_no_door() -> None:
    """What a handful of calls meets (a cold model, a backup at night) says nothing about what the machine can bear."""
    admission = Admission(RULES, 0.0)
    watch(admission, crowded(4.0), 8, 0, 600)
    assert admission.admits(30) and admission.limit == 40


def test_late_frames_close_the_door_too() -> None:
    admission = Admission(RULES, 0.0)
    watch(admission, Load(late_frames=0.2), 30, 0, 4)
    assert admission.strained and admission.limit == 27


def test_what_broke_is_tried_again_by_single_calls() -> None:
    admission = Admission(RULES, 0.0)
    watch(admission, crowded(1.5), 40, 0, 4)
    limits = []
    for now in range(4, 400):
        admission.observe(QUIET, admission.limit, float(now))
        limits.append(admission.limit)
    steps = {later - earlier for earlier, later in itertools.pairwise(limits)}
    assert steps == {0, 1} and 40 <= limits[-1] <= 50


def test_the_wait_counts_while_it_lasts() -> None:
    times = WaitingTimes(workers=1)
    for second in range(10):
        times.end(times.begin(second), second + 0.3)
    assert times.lag_seconds(10.0) == pytest.approx(0.3) and not times.crowded(10.0)
    assert times.idle_lag_seconds == pytest.approx(0.3)
    first, second = times.begin(10.0), times.begin(10.1)
    assert times.lag_seconds(14.0) == pytest.approx(4.0) and times.crowded(14.0)
    times.forget(first)
    times.end(second, 15.0, failed=True)
    assert times.answers(15.0) == 11 and times.idle_lag_seconds == pytest.approx(0.3)
    assert times.answers(60.0) == 0 and times.lag_seconds(60.0) == 0.0 and not times.crowded(60.0)


def test_late_beats_are_a_share_of_the_last_seconds() -> None:
    beats = Beats()
    for beat in range(500):
        beats.beat(beat * 0.02, 0.05 if beat % 10 == 0 else 0.001)
    assert beats.late_frames(10.0) == pytest.approx(0.1)
    assert beats.late_frames(60.0) == 0.0, "nothing is known any more"


async def test_a_timed_recogniser_notes_answers_failures_and_withdrawals() -> None:
    class Flaky:
        def stream(self, rate_hz: int, *, call_id: str = "") -> Streaming | None:
            return None

        async def recognise(
            self,
            pcm16: bytes,
            rate_hz: int,
            *,
            call_id: str = "",
            deadline_seconds: float | None = None,
            urgency: Urgency | None = None,
            expected: Expected = "anything",
        ) -> Recognition:
            if not pcm16:
                raise RecogniserError("no worker")
            return Recognition("好", 0.9, 1.0, 0.1, "fake")

    times, now = WaitingTimes(workers=1), [0.0]
    recogniser = TimedRecogniser(Flaky(), times, lambda: now[0])
    assert (await recogniser.recognise(b"x", 8000)).text == "好"
    assert not times.crowded(0.0)
    with pytest.raises(RecogniserError):
        await recogniser.recognise(b"", 8000)
    assert times.crowded(0.0) and times.answers(0.0) == 2


# --- whole hours: a recogniser with a queue, callers without end ------------------------------------------------------

UTTERANCES_A_SECOND = 6 / 90  # of one call


@dataclass
class Hour:
    served: list[int] = field(default_factory=list)  # calls at once, each second
    limits: list[int] = field(default_factory=list)
    lags: list[tuple[float, float]] = field(default_factory=list)  # (when, seconds), of every utterance
    episodes: int = 0  # times that the door was closed

    def lag(self, share: float, *, after: float = 300.0) -> float:
        waits = sorted(seconds for at, seconds in self.lags if at > after)
        return waits[int(share * len(waits))]


def overloaded_hour(
    service_seconds: float, workers: int = 1, *, seed: int = 1, dead: tuple[float, float] | None = None
) -> Hour:
    """More callers than can be served, for an hour; calls of 90 s on average. `dead`: when the recogniser is."""
    chance, hour = random.Random(seed), Hour()
    admission, times = Admission(RULES, 0.0), WaitingTimes(workers)
    free = [0.0] * workers
    ends: list[float] = []
    answers: list[tuple[float, int, bool]] = []
    strained = False

    def settle(until: float) -> None:
        while answers and answers[0][0] <= until:
            at, ticket, failed = heapq.heappop(answers)
            times.end(ticket, at, failed=failed)

    for second in range(3_600):
        ends = [end for end in ends if end > second]
        while admission.admits(len(ends)):
            ends.append(second + chance.expovariate(1 / 90))
        spoken = sum(chance.random() < UTTERANCES_A_SECOND for _ in ends)
        for at in sorted(second + chance.random() for _ in range(spoken)):
            settle(at)
            ticket = times.begin(at)
            worker = min(range(workers), key=free.__getitem__)
            end = max(at, free[worker]) + service_seconds
            failed = end - at > 8.0 or (dead is not None and dead[0] <= at < dead[1])
            if not failed:
                free[worker] = end
            heapq.heappush(answers, (at + 8.0 if failed else end, ticket, failed))
            hour.lags.append((at, 8.0 if failed else end - at))
        now = float(second + 1)
        settle(now)
        load = Load(times.lag_seconds(now), times.idle_lag_seconds, times.answers(now), times.crowded(now))
        admission.observe(load, len(ends), now)
        hour.episodes += admission.strained and not strained
        strained = admission.strained
        hour.served.append(len(ends))
        hour.limits.append(admission.limit)
    return hour


@pytest.mark.parametrize(
    ("service_seconds", "workers", "fewest", "most"), [(0.25, 1, 24, 38), (0.125, 1, 70, 100), (0.5, 2, 18, 32)]
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_hour_of_overload_fills_the_machine_and_hurts_nobody(
    service_seconds: float, workers: int, fewest: int, most: int, seed: int
) -> None:
    hour = overloaded_hour(service_seconds, workers, seed=seed)
    settled = hour.served[300:]
    assert fewest <= statistics.mean(settled) <= most
    assert hour.lag(0.95) <= 1.0, "calls in progress do not suffer"
    assert hour.lag(0.99) <= 2.0
    assert statistics.pstdev(hour.limits[300:]) <= 0.25 * statistics.mean(settled), "it does not swing"
    assert hour.episodes <= 30


def test_more_than_the_machine_can_bear_at_the_start_is_worked_off() -> None:
    """Forty calls were believed in, twelve can be borne."""
    hour = overloaded_hour(0.5)
    assert max(hour.served[:60]) == 40 and statistics.mean(hour.served[600:]) < 13
    assert hour.lag(0.95, after=600.0) <= 1.1


def test_a_recogniser_that_dies_for_five_minutes_and_comes_back() -> None:
    hour = overloaded_hour(0.25, dead=(1_000.0, 1_300.0))
    assert max(hour.served[1_200:1_300]) <= 12, "hardly anybody new while nothing is heard"
    assert min(hour.served[1_150:1_300]) >= 7, "the few that are always served are"
    assert statistics.mean(hour.served[2_400:]) >= 22, "the old number is found again"
    assert hour.lag(0.95, after=1_400.0) <= 1.0
