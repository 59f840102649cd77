"""Errors of the simulation."""

from __future__ import annotations

from base.errors import HotlineError


class SimulationError(HotlineError):
    """A scenario that cannot be simulated, or a target that no number of nodes or seats reaches."""
