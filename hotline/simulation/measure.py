"""`hotline simulate measure`: numbers of a scenario from what really happened.

Out of the database come how long the bot and people talk and how many callers want a person; out of the result of
`python -m benchmarks.phone` what a call costs and how many one node carries. Written are numbers only: no caller, no
word. What cannot be measured there stays what the scenario says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import yaml
from sqlalchemy import select

from hotline.simulation.distributions import describe, quantiles_of
from hotline.simulation.errors import SimulationError
from hotline.simulation.scenario import Number
from storage.engine import Database
from storage.tables import Conversation

FEWEST_CALLS: Final = 20
_LONGEST_SECONDS: Final = 4 * 3600.0  # a call that seems longer was ended by a sweeper


@dataclass(frozen=True, slots=True)
class Call:
    """Of one contact by telephone that is over."""

    began_at: datetime
    to_people_at: datetime | None  # the moment from which a person was waited for, or had the call
    claimed_at: datetime | None
    ended_at: datetime


async def calls_of(database: Database, since: datetime | None) -> list[Call]:
    query = select(
        Conversation.created_at, Conversation.waiting_since, Conversation.claimed_at, Conversation.ended_at
    ).where(Conversation.channel == "phone", Conversation.ended_at.is_not(None))
    if since is not None:
        query = query.where(Conversation.created_at >= since)
    async with database.read() as session:
        rows = (await session.execute(query)).all()
    return [
        Call(began, waiting or claimed, claimed, ended)
        for began, waiting, claimed, ended in rows
        if ended is not None and 0.0 < (ended - began).total_seconds() <= _LONGEST_SECONDS
    ]


def of_calls(calls: Sequence[Call], name: str) -> list[Number]:
    """
    Args:
        name: of the database, for the source of each number.

    Raises:
        SimulationError: too few calls to say anything.
    """
    if len(calls) < FEWEST_CALLS:
        raise SimulationError(f"{name}: only {len(calls)} calls are over; at least {FEWEST_CALLS} say something")
    first, last = min(call.began_at for call in calls), max(call.began_at for call in calls)
    source = f"{len(calls)} calls of {name}, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    with_bot = [((call.to_people_at or call.ended_at) - call.began_at).total_seconds() for call in calls]
    with_people = [
        (call.ended_at - call.claimed_at).total_seconds()
        for call in calls
        if call.claimed_at is not None and call.ended_at > call.claimed_at
    ]
    wanted = sum(call.to_people_at is not None for call in calls)
    numbers = [
        _number("bot_service", describe(quantiles_of([max(0.0, seconds) for seconds in with_bot])), source),
        _number("seat_share", round(wanted / len(calls), 4), source),
    ]
    if len(with_people) >= FEWEST_CALLS:
        talk = describe(quantiles_of(with_people))
        numbers.append(_number("seat_talk", talk, f"{source}: {len(with_people)} with people, until the seat was done"))
    return numbers


def of_benchmark(path: Path, lag_limit_seconds: float) -> list[Number]:
    """Of `python -m benchmarks.phone`.

    Raises:
        SimulationError: no result of that benchmark.
    """
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        levels = sorted(result["levels"], key=lambda level: int(level["calls_at_once"]))
        largest = levels[-1]
        cost = float(largest["cpu_seconds_a_call"]) / float(largest["seconds_a_call"])
        source = f"{path.name} of {result['conditions']['revision']}, {largest['calls_at_once']} calls at once"
        numbers = [
            _number("cpu_a_bot_second", round(cost, 4), source),
            _number("memory_a_node_gib", round(sum(largest["memory_mib"].values()) / 1024.0, 2), source),
            _number("cores_a_node", int(result["conditions"]["cores"]), source),
        ]
        points = [(float(level["calls_at_once"]), float(level["lag_p95"])) for level in levels if level["lag_p95"]]
    except (OSError, ValueError, KeyError, IndexError, ZeroDivisionError) as error:
        raise SimulationError(f"{path}: no result of benchmarks.phone ({error!r})") from error
    carried = _calls_at_lag(points, lag_limit_seconds)
    if carried is not None:
        numbers.append(_number("carries_calls", round(carried, 1), f"{path.name}: lag p95 of {lag_limit_seconds} s"))
    return numbers


def _calls_at_lag(points: list[tuple[float, float]], lag_seconds: float) -> float | None:
    """Between the two levels around that lag, in a straight line; None where all are on one side of it."""
    for (low_calls, low_lag), (high_calls, high_lag) in pairwise(points):
        if low_lag <= lag_seconds <= high_lag and high_lag > low_lag:
            return low_calls + (high_calls - low_calls) * (lag_seconds - low_lag) / (high_lag - low_lag)
    return None


def as_yaml(numbers: Sequence[Number]) -> str:
    rows = {number.name: {"value": number.value, "known": number.known, "source": number.source} for number in numbers}
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)


def _number(name: str, value: Any, source: str) -> Number:
    return Number(name, value, "measured", source)
