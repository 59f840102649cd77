"""The shift leader: the wall, reports, review sheets; and the desk's macros and hints."""

from __future__ import annotations

from typing import Final

from gateway.api_description.words import Schema

PATHS: Final[dict[str, dict[str, Schema]]] = {
    "/ws/leader": {"get": {"summary": "班长大屏（WebSocket）", "responses": {"101": {"description": "switching"}}}},
}
