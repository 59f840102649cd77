"""What a unit may do to an order of its own, through whichever door, and what it may tell with that besides a note."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

ACTS: Final = ("accept", "object", "answer", "extend", "note")
_NAME_CHARACTERS: Final = 128


def _name(value: Any) -> str | None:
    return value.strip()[:_NAME_CHARACTERS] if isinstance(value, str) else None


def _as_told(value: Any) -> Any:
    return value  # the rule of the event checks it


_TOLD: Final[dict[str, dict[str, Callable[[Any], Any]]]] = {
    "object": {"suggested_unit": _name},
    "extend": {"deadline_hours": _as_told},
}


def told(event: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the `data` that a unit sent with an act. Nothing else: an event's data says to whom it is told,
    what the citizen answered and what an order teaches, and none of that is a unit's to say."""
    known = _TOLD.get(event, {})
    return {key: read(data[key]) for key, read in known.items() if key in data and read(data[key]) is not None}
