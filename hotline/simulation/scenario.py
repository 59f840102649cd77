"""What is simulated: every number of it, and for each one where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_type_hints

import yaml

from hotline.simulation.arrivals import Arrivals, Phase
from hotline.simulation.distributions import Distribution, describe, parse
from hotline.simulation.errors import SimulationError

RECORD_HOUR: Final = Path(__file__).parent / "data" / "record_hour.yml"
Routing = Literal["blind", "not_full", "free_first"]
Known = Literal["measured", "stated", "setting", "assumed"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A node that is gone from that moment on, for so long. `node` counts from 0."""

    node: int
    at_seconds: float
    down_seconds: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """What each number means, and where its default comes from, is written in `data/record_hour.yml`."""

    calls_an_hour: float
    hour_seconds: float
    warm_up_seconds: float
    after_seconds: float
    after_share: float
    dispersion: float
    burst_seconds: float
    retry_probability: float
    retry_delay: Distribution
    attempts_at_most: int
    waiting_patience: Distribution
    callback_share: float
    callback_choice: Distribution
    number_known_share: float
    hot_topic_share: float
    hot_topic: Distribution
    bot_service: Distribution
    seat_share: float
    seat_talk: Distribution
    seat_wrap_up: Distribution
    seat_patience: Distribution
    seat_offer_seconds: float
    seat_callback_share: float
    nodes: int
    cores_a_node: int
    memory_a_node_gib: float
    carries_calls: float
    lag_points: tuple[tuple[float, float], ...]
    seat_call_load: float
    maximum_calls: int
    initial_calls: int
    minimum_calls: int
    lag_limit_seconds: float
    waiting_places: int
    routing: Routing
    route_attempts: int
    answer_seconds: float
    refusal_seconds: float
    dead_node_seconds: float
    detection_seconds: float
    lost_retry_share: float
    lost_retry: Distribution
    failures: tuple[Failure, ...]
    seats: int
    callbacks_by_seats: bool
    callbacks_by_bot: bool
    callbacks_below_share: float
    callbacks_at_once: int
    callback_service: Distribution
    callback_reached_share: float
    callback_attempts: int
    callback_spacing_seconds: float
    drain_seconds: float
    cpu_a_bot_second: float
    cpu_a_seat_second: float
    cpu_a_waiting_second: float
    connected_within_seconds: float
    connected_share: float
    seat_within_seconds: float
    seat_share_within: float

    @property
    def arrivals(self) -> Arrivals:
        rate = self.calls_an_hour / 3600.0
        phases = (
            Phase(self.warm_up_seconds, rate),
            Phase(self.hour_seconds, rate),
            Phase(self.after_seconds, rate * self.after_share),
        )
        return Arrivals(phases, self.dispersion, self.burst_seconds)

    def lag_seconds(self, load: float) -> float:
        """95th percentile of the wait for words at such a share of `carries_calls`; beyond the last point it stays."""
        (before_load, before_lag), *later = self.lag_points
        for at, lag in later:
            if load < at:
                return before_lag + (lag - before_lag) * (load - before_load) / (at - before_load)
            before_load, before_lag = at, lag
        return before_lag

    def with_size(self, *, nodes: int | None = None, seats: int | None = None) -> Scenario:
        return replace(self, nodes=self.nodes if nodes is None else nodes, seats=self.seats if seats is None else seats)


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a scenario, and how it is known."""

    name: str
    value: Any
    known: Known
    source: str


def read(path: Path = RECORD_HOUR, *, base: Mapping[str, Number] | None = None) -> dict[str, Number]:
    """The numbers of a scenario file, on top of those of another.

    Raises:
        SimulationError: the file cannot be read, or names what no scenario has.
    """
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SimulationError(f"{path}: cannot be read ({error})") from error
    if not isinstance(rows, dict):
        raise SimulationError(f"{path}: not a table of numbers")
    numbers = dict(base or {})
    names = {field.name for field in fields(Scenario)}
    for name, row in rows.items():
        if name not in names:
            raise SimulationError(f"{path}: a scenario has no {name!r}")
        if not isinstance(row, dict) or set(row) != {"value", "known", "source"} or row["known"] not in get_args(Known):
            raise SimulationError(f"{path}: {name} needs value, known ({', '.join(get_args(Known))}) and source")
        numbers[name] = Number(name, row["value"], row["known"], str(row["source"]))
    return numbers


def override(numbers: Mapping[str, Number], name: str, text: str) -> dict[str, Number]:
    """One number changed by hand (`--set name=value`, a value as in YAML)."""
    if name not in numbers:
        raise SimulationError(f"a scenario has no {name!r}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SimulationError(f"{name}: {text!r} is no value ({error})") from error
    return {**numbers, name: Number(name, value, "assumed", "set by hand")}


def build(numbers: Mapping[str, Number]) -> Scenario:
    """
    Raises:
        SimulationError: a number is missing, of another kind than it must be, or makes no sense.
    """
    kinds = get_type_hints(Scenario)
    missing = kinds.keys() - numbers.keys()
    if missing:
        raise SimulationError(f"the scenario lacks {', '.join(sorted(missing))}")
    scenario = Scenario(**{name: _value(name, kind, numbers[name].value) for name, kind in kinds.items()})
    _check(scenario)
    return scenario


def default() -> Scenario:
    return build(read())


def plain(scenario: Scenario) -> dict[str, Any]:
    """As JSON, to be kept with a result."""

    def value(name: str) -> Any:
        kept = getattr(scenario, name)
        if name == "failures":
            return [{"node": f.node, "at_seconds": f.at_seconds, "down_seconds": f.down_seconds} for f in kept]
        return kept if isinstance(kept, bool | int | float | str | tuple) else describe(kept)

    return {field.name: value(field.name) for field in fields(scenario)}


def _value(name: str, kind: Any, value: Any) -> Any:
    try:
        if kind is Distribution:
            return parse(value)
        if name == "failures":
            return tuple(Failure(int(f["node"]), float(f["at_seconds"]), float(f["down_seconds"])) for f in value)
        if name == "lag_points":
            return tuple((float(load), float(lag)) for load, lag in value)
        if kind is bool:
            if not isinstance(value, bool):
                raise ValueError("true or false")
            return value
        if name == "routing":
            if value not in get_args(Routing):
                raise ValueError(f"one of {', '.join(get_args(Routing))}")
            return value
        if kind is int and float(value) != int(value):
            raise ValueError("a whole number")
        return kind(value)
    except (TypeError, ValueError, KeyError) as error:
        raise SimulationError(f"{name}: {value!r} does not fit ({error})") from error


def _check(scenario: Scenario) -> None:
    for field in fields(scenario):
        value = getattr(scenario, field.name)
        share = field.name.endswith(("_share", "_probability", "_share_within"))
        if share and not 0.0 <= value <= 1.0:
            raise SimulationError(f"{field.name}: {value} is no share (0 to 1)")
        if isinstance(value, int | float) and value < 0:
            raise SimulationError(f"{field.name}: {value} is below zero")
    for name in ("nodes", "carries_calls", "maximum_calls", "route_attempts", "attempts_at_most", "burst_seconds"):
        if getattr(scenario, name) <= 0:
            raise SimulationError(f"{name} must be above zero")
    if scenario.dispersion < 1.0:
        raise SimulationError("dispersion: calls that come more evenly than a Poisson process are not simulated")
    loads = [load for load, _ in scenario.lag_points]
    if not loads or loads != sorted(set(loads)):
        raise SimulationError("lag_points: pairs of a rising load and its lag")
    for failure in scenario.failures:
        if not 0 <= failure.node < scenario.nodes:
            raise SimulationError(f"failures: there is no node {failure.node} of {scenario.nodes}")
