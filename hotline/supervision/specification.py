"""What the supervisor must know about a process before it starts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProcessSpecification:
    """One process.

    `niceness` is added to the supervisor's own. An `essential` process that cannot be kept running ends everything;
    any other is tried again now and then while the rest goes on. `stop_seconds` is the time between the request to
    stop and force. Processes of a higher `stop_rank` are stopped first. One that `drains` is told (SIGUSR1) to take
    nothing new some time before it is stopped; one that is `awaited` then ends by itself when nothing is left.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    niceness: int = 0
    essential: bool = False
    stop_seconds: float = 8.0
    stop_rank: int = 0
    drains: bool = False
    awaited: bool = False
