"""The text messages of Asterisk's `chan_websocket`, in both of its formats. Pure.

Plain text (all versions): `MEDIA_START connection_id:… channel:… format:ulaw optimal_frame_size:160`. JSON (from 20.18,
22.8 and 23.2 on): `{"event": "MEDIA_START", …}` in, `{"command": "FLUSH_MEDIA"}` out. We answer in the format that
Asterisk began with. https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is empty where the message could not be understood."""

    name: str
    fields: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)  # of the channel; JSON only
    is_json: bool = False


def _words(table: object) -> dict[str, str]:
    if not isinstance(table, dict):
        return {}
    return {str(key): str(value) for key, value in table.items() if isinstance(value, str | int)}


def parse(text: str) -> Event:
    """One message of Asterisk's."""
    if text.lstrip().startswith("{"):
        try:
            message = json.loads(text)
        except ValueError:
            return Event("", is_json=True)
        return Event(
            str(message.get("event") or ""), _words(message), _words(message.get("channel_variables")), is_json=True
        )
    name, *rest = text.split()[:50] or [""]
    return Event(name, dict(word.split(":", 1) for word in rest if ":" in word))


def command(name: str, *, as_json: bool) -> str:
    """One message to Asterisk, e.g. `FLUSH_MEDIA`."""
    return json.dumps({"command": name}) if as_json else name
