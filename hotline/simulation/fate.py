"""What a caller would do, drawn before it is known what happens to them. Pure.

Every attempt of every caller has its draws from a stream of its own, in one order: two runs that differ in nodes or
seats have the same callers with the same patience, and a benchmark can place the very calls that were simulated.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final, Literal

from hotline.simulation.scenario import Scenario

WaitingEnd = Literal["gives_up", "chooses_callback", "knows_enough"]
_STRIDE: Final = 1_000_003  # a prime: streams of different seeds do not meet


def stream(seed: int, number: int) -> random.Random:
    """Of one caller."""
    return random.Random(seed * _STRIDE + number)


@dataclass(frozen=True, slots=True)
class Fate:
    """Of one attempt; seconds.

    Attributes:
        waits_seconds, waiting_end: how the wait for the bot would end, unless the caller is served before.
        bot_seconds: with the bot, up to the end of the call or the wish for a person.
        seat_waits_seconds: how long a person would be waited for.
        tries_again: after being refused or giving up.
        rings_again: after a call that broke off.
    """

    waits_seconds: float
    waiting_end: WaitingEnd
    bot_seconds: float
    wants_person: bool
    seat_waits_seconds: float
    talk_seconds: float
    number_known: bool
    tries_again: bool
    again_after_seconds: float
    rings_again: bool
    rings_again_after_seconds: float


def draw(scenario: Scenario, rng: random.Random) -> Fate:
    waits, waiting_end = _wait(scenario, rng)
    return Fate(
        waits_seconds=waits,
        waiting_end=waiting_end,
        bot_seconds=scenario.bot_service.sample(rng),
        wants_person=rng.random() < scenario.seat_share,
        seat_waits_seconds=_seat_wait(scenario, rng),
        talk_seconds=scenario.seat_talk.sample(rng),
        number_known=rng.random() < scenario.number_known_share,
        tries_again=rng.random() < scenario.retry_probability,
        again_after_seconds=scenario.retry_delay.sample(rng),
        rings_again=rng.random() < scenario.lost_retry_share,
        rings_again_after_seconds=scenario.lost_retry.sample(rng),
    )


def _wait(scenario: Scenario, rng: random.Random) -> tuple[float, WaitingEnd]:
    """Whichever comes first of giving up, having chosen the call-back, having heard enough."""
    patience = scenario.waiting_patience.sample(rng)
    wants, choice = rng.random() < scenario.callback_share, scenario.callback_choice.sample(rng)
    topic, heard = rng.random() < scenario.hot_topic_share, scenario.hot_topic.sample(rng)
    ends: list[tuple[float, WaitingEnd]] = [(patience, "gives_up")]
    if wants:
        ends.append((choice, "chooses_callback"))
    if topic:
        ends.append((heard, "knows_enough"))
    return min(ends)


def _seat_wait(scenario: Scenario, rng: random.Random) -> float:
    """Until patience ends, or the call-back is accepted that is offered after a while."""
    patience, accepts = scenario.seat_patience.sample(rng), rng.random() < scenario.seat_callback_share
    return min(patience, scenario.seat_offer_seconds) if accepts else patience
