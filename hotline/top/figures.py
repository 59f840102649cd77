"""What a node tells under `/metrics` and `/readyz`, as the few figures that are watched. Pure.

Two looks at the same node give rates; a counter that became smaller belongs to a process that began anew, and counts
from zero then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one node. `problem` is set where it could not be asked; then everything else is empty.

    Attributes:
        at_seconds: of a monotonic clock.
        not_ready: names of parts that are not ready, needed ones first.
        chats: contacts without an outcome that are no calls; like queue, emergencies and call-backs they are the same
            on every node of one database.
        late_frames: share of the 20 ms beats, 0..1.
    """

    address: str
    at_seconds: float
    problem: str = ""
    ready: bool = False
    not_ready: tuple[str, ...] = ()
    version: str = ""
    serving: int = 0
    capacity: int = 0
    waiting: int = 0
    level: int = 0
    chats: int = 0
    queue: int = 0
    queue_oldest_seconds: float = 0.0
    emergencies: int = 0
    callbacks: int = 0
    seats: int = 0
    lag_seconds: float = 0.0
    late_frames: float = 0.0
    outbox_waiting: int = 0
    outbox_dead: int = 0
    disk_free_share: float | None = None
    cpu_seconds: dict[str, float] = field(default_factory=dict)  # by process
    memory_bytes: dict[str, float] = field(default_factory=dict)
    arrivals: float = 0.0  # these three: counted since the process began
    failures: float = 0.0
    server_errors: float = 0.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Between two looks. `cores` by process: CPU seconds a second."""

    cores: dict[str, float] = field(default_factory=dict)
    arrivals_a_second: float = 0.0
    failures_a_minute: float = 0.0
    errors_a_minute: float = 0.0


def read(address: str, at_seconds: float, metrics: str, readiness: str) -> Look:
    """
    Args:
        metrics: in Prometheus' text format.
        readiness: the body of `/readyz`, with whatever status it came.

    Raises:
        ValueError: one of them is not what it should be.
    """
    values = _Values(metrics)
    state = _state(readiness)
    parts: dict[str, Any] = state.get("parts", {})
    not_ready = sorted((not part.get("needed", True), name) for name, part in parts.items() if not part.get("ok"))
    size = values.sum("hotline_disk_size_bytes")
    return Look(
        address=address,
        at_seconds=at_seconds,
        ready=bool(state.get("ready")),
        not_ready=tuple(name for _, name in not_ready),
        version=next((labels["version"] for labels, _ in values.of("hotline_build_info")), ""),
        serving=round(values.sum("hotline_phone_serving")),
        capacity=round(values.sum("hotline_phone_capacity_calls")),
        waiting=round(values.sum("hotline_phone_waiting")),
        level=round(values.max("hotline_phone_level")),
        chats=round(sum(value for labels, value in values.of("hotline_contacts_open") if labels["channel"] != "phone")),
        queue=round(values.sum("hotline_queue_length")),
        queue_oldest_seconds=values.max("hotline_queue_oldest_seconds"),
        emergencies=round(values.sum("hotline_emergencies_waiting")),
        callbacks=round(values.sum("hotline_callbacks_open")),
        seats=round(values.sum("hotline_seats_present")),
        lag_seconds=values.max("hotline_phone_recogniser_lag_seconds"),
        late_frames=values.max("hotline_phone_late_frames_ratio"),
        outbox_waiting=round(
            values.sum("hotline_outbox_messages") - values.sum("hotline_outbox_messages", status="dead")
        ),
        outbox_dead=round(values.sum("hotline_outbox_messages", status="dead")),
        disk_free_share=values.sum("hotline_disk_free_bytes") / size if size else None,
        cpu_seconds={labels["process"]: value for labels, value in values.of("hotline_process_cpu_seconds_total")},
        memory_bytes={labels["process"]: value for labels, value in values.of("hotline_process_resident_memory_bytes")},
        arrivals=values.sum("hotline_phone_arrivals_total"),
        failures=values.sum("hotline_turn_failures_total"),
        server_errors=sum(
            value
            for labels, value in values.of("hotline_http_requests_total")
            if labels["status"].startswith("5") and labels["route"] != "/readyz"
        ),
    )


def away(address: str, at_seconds: float, problem: str) -> Look:
    """A node that did not answer."""
    return Look(address=address, at_seconds=at_seconds, problem=problem)


def between(before: Look | None, now: Look) -> Rates | None:
    """None where there is nothing to compare with."""
    if before is None or before.problem or now.problem or now.at_seconds <= before.at_seconds:
        return None
    seconds = now.at_seconds - before.at_seconds
    return Rates(
        cores={
            name: _grown(before.cpu_seconds.get(name, 0.0), value) / seconds for name, value in now.cpu_seconds.items()
        },
        arrivals_a_second=_grown(before.arrivals, now.arrivals) / seconds,
        failures_a_minute=60.0 * _grown(before.failures, now.failures) / seconds,
        errors_a_minute=60.0 * _grown(before.server_errors, now.server_errors) / seconds,
    )


def _grown(before: float, now: float) -> float:
    return now - before if now >= before else now


class _Values:
    def __init__(self, text: str) -> None:
        self._samples: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))

    def of(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        yield from self._samples.get(name, ())

    def sum(self, name: str, **labels: str) -> float:
        return sum(value for known, value in self.of(name) if labels.items() <= known.items())

    def max(self, name: str) -> float:
        return max((value for _, value in self.of(name)), default=0.0)


def _state(body: str) -> dict[str, Any]:
    state = json.loads(body)
    if not isinstance(state, dict):
        raise ValueError("the state of readiness is a JSON object")
    return state
