"""Bring the rooms up in the background, in the order in which they need each other, and keep them tidy afterwards."""

from __future__ import annotations

from base.logs import get_logger

log = get_logger("gateway.rooms")
_SWEEP_SECONDS = 5.0
_PROBE_SECONDS = 10.0
_PROBE_TEXT = "你好"
_CATALOGUE_TRIES = 3
