"""Somebody who calls, perhaps several times, until something has become of it."""

from __future__ import annotations

import random
from enum import StrEnum

from hotline.simulation.fate import Fate, draw, stream
from hotline.simulation.scenario import Scenario


class Outcome(StrEnum):
    """What became of a caller; everybody has exactly one in the end."""

    BOT = "bot"  # served by the bot alone
    SEAT = "seat"  # talked with a person
    HOT_TOPIC = "hot_topic"  # the answer before the queue was what they wanted to know
    CALLBACK = "callback"  # chose a call-back, or is called back after giving up or a lost call
    ABANDONED = "abandoned"  # gave up, and the number is not known
    REFUSED = "refused"  # heard the busy tone, and did not try again
    LOST = "lost"  # the call broke off with its node, and the number is not known


class Result(StrEnum):
    """What became of one attempt; each has exactly one."""

    SERVED = "served"
    HOT_TOPIC = "hot_topic"
    CALLBACK_CHOSEN = "callback_chosen"
    GAVE_UP = "gave_up"  # in the waiting room
    REFUSED = "refused"
    BROKEN = "broken"  # its node was lost


class Place(StrEnum):
    """Where a caller is at this moment."""

    AWAY = "away"
    WAITING = "waiting"
    BOT = "bot"
    SEAT_QUEUE = "seat_queue"
    SEAT = "seat"


class Caller:
    """`epoch` grows with each step: what was scheduled for an earlier one is void. Moments are seconds of the run.
    `fate` is that of the present attempt."""

    __slots__ = (
        "attempted_at", "attempts", "counted", "epoch", "fate", "key", "node", "place", "rng", "setup_seconds", "since",
    )  # fmt: skip
    fate: Fate

    def __init__(self, number: int, seed: int, now: float, *, counted: bool) -> None:
        self.key = str(number)
        self.rng: random.Random = stream(seed, number)
        self.counted = counted
        self.attempts = 0
        self.attempted_at = now
        self.setup_seconds = 0.0  # that the attempt needed to find a node
        self.node = -1
        self.place = Place.AWAY
        self.since = now
        self.epoch = 0

    def rings(self, scenario: Scenario, now: float) -> None:
        """A new attempt."""
        self.attempts += 1
        self.attempted_at, self.setup_seconds = now, 0.0
        self.fate = draw(scenario, self.rng)

    def step(self, place: Place, now: float) -> int:
        """The next step of the caller's way; the epoch that holds from now on."""
        self.place, self.since = place, now
        self.epoch += 1
        return self.epoch
